//! A song goes in, its stems come out; this page is the way through.
//!
//! ```text
//! audio ─► spectral ─► model ─► apply ─► audio        (a song to its stems)
//!                                  └► display, playback  (seen and heard)
//! batch                                                (many songs, nothing lost)
//! dataset ─► train ─► model                            (recordings to a network on the shelf)
//!    └─────► evaluate                                  (stems against the truth)
//! session, cli, gui                                    (people)
//! ```
//!
//! Start at [`apply::separate`](apply::separate()): it is the whole pipeline on one screen.
//!
//! Borders, held by `tests/core/architecture.rs`: a module uses only those above it in this list;
//! symphonia, rubato, the FLAC encoder, ort and cpal each live in one file; the FFT only in
//! `spectral`, egui only in `gui`, burn only in `train`. Progress and cancelling are a
//! [`progress::Reporter`] passed in: nothing below `cli` and `gui` knows who waits. Long audio
//! streams block by block, so memory does not grow with the song.
//!
//! Where this differs from what one might expect:
//! * WAV is read and written by our own small files (`audio/wav*.rs`): no kept crate handles
//!   RF64, INFO tags and headers that were never completed; `hound` checks them in the tests.
//! * A separator takes all the song's channels and adapts them itself, so that a mono mask can
//!   still be applied to each channel.

pub mod error;
pub mod memory;
pub mod paths;
pub mod progress;

/// From a song to its stems.
pub mod apply;
/// Files in, files out, clips, rates, levels.
pub mod audio;
/// Many songs overnight.
pub mod batch;
/// The command line.
pub mod cli;
/// From scores and recordings to examples.
pub mod dataset;
/// Pictures as plain arrays.
pub mod display;
/// Scores one can trust.
pub mod evaluate;
/// The window.
#[cfg(feature = "gui")]
pub mod gui;
/// Judging takes by ear.
pub mod listen;
/// Networks: cards, the shelf, ONNX Runtime.
pub mod model;
/// From magnitudes to sound.
pub mod phase;
/// Sound out.
#[cfg(feature = "gui")]
pub mod playback;
/// What is open: songs, lanes, takes; plain data with undo.
pub mod session;
/// Time ⇄ frequency.
pub mod spectral;
/// Where networks learn.
#[cfg(feature = "train")]
pub mod train;

pub use error::{Error, Result};
