//! The core, tested from outside: what the library promises, and the program on the command line.

// A test fails by panicking, and nobody reads a test crate's documentation pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

mod architecture;
mod audio_files;
mod cards;
mod cli;
mod encode;
mod mel;
mod onnx;
mod onnx_spectra;
mod pipeline;
mod resample;
mod segments;
mod separators;
mod stft;
