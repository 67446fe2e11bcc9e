//! The core, tested from outside: what the library promises, and the program on the command line.

// A test fails by panicking, and nobody reads a test crate's documentation pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// Tables of cases say their types once; channels are compared by number.
#![allow(clippy::type_complexity, clippy::needless_range_loop)]

mod common;

mod activity;
mod architecture;
mod audio_files;
mod augment;
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
mod bss;
mod bss_definition;
mod bss_values;
mod cards;
mod cli;
mod cli_codec;
mod cli_codecs;
mod cli_compose;
mod cli_difference;
mod cli_errors;
mod cli_listen;
mod cli_programs;
mod cli_reconstruct;
mod codec;
mod codec_damage;
mod codec_files;
mod codec_sound;
mod codec_trip;
mod compose;
mod damaged_files;
mod dataset_splits;
mod difference;
mod difference_panels;
mod encode;
mod encode_safety;
mod evaluate_cli;
mod evaluate_sums;
mod evaluate_tables;
mod evaluate_tracks;
mod every_column;
mod examples;
mod examples_chance;
mod examples_errors;
mod examples_store;
mod examples_stream;
mod excerpts;
mod export;
mod features;
mod griffin_lim;
mod hpss;
mod listen;
mod listen_abx;
mod listen_difference;
mod listen_ranking;
mod magnitude_picture;
mod masks;
mod measures;
mod mel;
mod mel_inverse;
mod midi;
mod midi_damage;
mod multitrack;
mod multitrack_read;
mod museval_json;
mod npy;
mod onnx;
mod onnx_spectra;
mod oracle;
mod pairs_cli;
mod pairs_info;
mod phase;
mod phase_blocks;
mod phase_limits;
mod phase_pghi;
mod pipeline;
mod real_fft;
mod render;
mod render_many;
mod render_parts;
mod render_soundfont;
mod resample;
mod segments;
mod separators;
mod shelf;
mod sources;
mod speech_mix;
mod stft;
mod stft_edges;
#[cfg(feature = "train")]
mod train_checks;
#[cfg(feature = "train")]
mod train_cli;
#[cfg(feature = "train")]
mod train_common;
#[cfg(feature = "train")]
mod train_conv;
#[cfg(feature = "train")]
mod train_device;
#[cfg(feature = "train")]
mod train_export;
#[cfg(feature = "train")]
mod train_fed;
#[cfg(feature = "train")]
mod train_logs;
#[cfg(feature = "train")]
mod train_lr_find;
#[cfg(feature = "train")]
mod train_network;
#[cfg(feature = "train")]
mod train_onnx;
#[cfg(feature = "train")]
mod train_plan;
#[cfg(feature = "train")]
mod train_recipe;
#[cfg(feature = "train")]
mod train_resume;
#[cfg(feature = "train")]
mod train_run;
#[cfg(feature = "train")]
mod train_safety;
#[cfg(feature = "train")]
mod train_shards;
mod transfer;
mod transfer_cli;
mod transfer_levels;
