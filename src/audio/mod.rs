//! Audio in, audio out: clips, files, rates, levels.
//!
//! ```text
//! file ─► Decoder ─► blocks ─► Resampler ─► blocks ─► AudioWriter ─► file
//!             └► Clip (planar, in memory or mapped from disk) ─► ClipReader ─┘
//! ```
//!
//! A **sample** is one number, a **frame** one sample per channel. Full scale is ±1.0; nothing is
//! ever clipped before a file of whole numbers forces it.

mod clip;
mod decode;
mod demux;
mod encode;
mod files;
mod flac;
mod levels;
mod mp4;
mod resample;
mod wav;
mod wav_read;

pub use clip::{Clip, ClipReader, ClipWriter};
pub use decode::{
    AudioInfo, Decoder, SUPPORTED_EXTENSIONS, TrackInfo, count_frames, decode, probe,
};
pub use encode::{AudioFormat, AudioWriter, Written};
pub use files::{
    files_below, free_space_bytes, make_readable, part_prefix, sanitise_file_name, sync_folder,
    write_whole,
};
pub use levels::{apply_gain, peak, residual_db, rms};
pub use resample::{Resampler, resample, resampled_frames};

use crate::error::Result;

/// Samples as `[channels][frames]`, all channels equally long.
pub type Planar = Vec<Vec<f32>>;

/// Title and artist, as far as a file tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Tags {
    /// The song's title.
    pub title: Option<String>,
    /// Who plays it.
    pub artist: Option<String>,
}

/// A stream of blocks: a file being decoded, or a clip being read.
pub trait Source: Send {
    /// Frames per second.
    fn sample_rate_hz(&self) -> u32;
    /// Channels, 1–8.
    fn channels(&self) -> usize;
    /// Frames to come in all, as far as the container tells.
    fn frames_hint(&self) -> Option<u64>;
    /// The next block, `[channels][frames]`, any length; `None` at the end.
    ///
    /// # Errors
    /// Whatever stops the reading for good; damage that can be passed over is a warning instead.
    fn next_block(&mut self) -> Result<Option<Planar>>;
    /// What was met on the way that the person should know.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}
