//! The window, driven by its accessible labels; playback without a sound card.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod batch;
mod commands;
mod evaluate;
mod evaluate_jobs;
mod flows;
mod graphs;
mod listen;
mod listen_blind;
mod playback;
mod reconstruct;
mod session;
mod snapshots;
mod train_data;
#[cfg(feature = "train")]
mod train_learn;
mod train_make;
#[cfg(feature = "train")]
mod train_rates;
#[cfg(feature = "train")]
mod train_run;
mod transfer;
mod window;
