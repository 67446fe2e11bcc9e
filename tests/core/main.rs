//! The core, tested from outside: what the library promises, and the program on the command line.

// A test fails by panicking, and nobody reads a test crate's documentation pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// Tables of cases say their types once; channels are compared by number.
#![allow(clippy::type_complexity, clippy::needless_range_loop)]

mod common;

mod architecture;
mod audio_files;
mod batch;
mod batch_board;
mod batch_common;
#[cfg(target_os = "linux")]
mod batch_disk;
mod batch_errors;
mod batch_interrupted;
mod batch_parts;
mod batch_queue;
mod batch_recipe;
mod batch_resume;
mod batch_shards;
mod cards;
mod cli;
mod cli_errors;
mod cli_programs;
mod damaged_files;
mod encode;
mod encode_safety;
mod export;
mod hpss;
mod mel;
mod onnx;
mod onnx_spectra;
mod pipeline;
mod resample;
mod segments;
mod separators;
mod shelf;
mod sources;
mod stft;
mod stft_edges;
#[cfg(feature = "train")]
mod train_device;
