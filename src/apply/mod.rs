//! From a song to its stems. [`separate`](separate()) is the whole way on one screen.
//!
//! ```text
//! Source ─► resample ─► Segmenter ─► Separator ─► OverlapAdd ─► resample ─► StemSink
//!    └──────────────── the mixture, for the residual ─────────────────────────┘
//! ```
//!
//! Everything streams: memory does not grow with the song. A [`Separator`] sees one segment at a
//! time; it may be a network ([`network`]) or one of the weight-free methods ([`builtin`]).
//!
//! Networks that make another sound of a song go through [`transfer`](transfer()), those that tell
//! when something is to be heard through [`detect`].

mod activity;
pub mod builtin;
mod card_picture;
mod centre;
mod clip_file;
mod every_column;
mod export;
mod finite;
mod front;
mod hpss;
mod intake;
mod joiner;
mod mask;
mod median;
mod naming;
pub mod network;
mod network_use;
mod open;
mod output;
mod phase_blocks;
mod phase_join;
mod picture_codec;
mod picture_files;
mod picture_preset;
mod picture_run;
mod picture_trip;
mod post;
mod reconstruct;
mod repet_sim;
mod segments;
mod separate;
mod song_name;
mod transfer;
mod transfer_level;
mod transfer_predict;
mod transfer_style;

pub use activity::{
    ActiveRegion, Activity, DetectOptions, Detected, active_regions, detect, write_activity,
};
pub use builtin::{BUILTIN_IDS, BuiltinSpec, ParamSpec, Params, builtin_spec};
pub use clip_file::ClipFile;
pub use export::{ExportOptions, FileSink, PeakRule, StemFile, export_clips, peak_warnings};
pub use hpss::Hpss;
pub use median::{LANES, MedianNetwork};
pub use network::Network;
pub use network_use::NetworkUse;
pub use open::{is_weight_free, model_name, open_network, open_network_for, open_weight_free};
pub use output::stem_names;
pub use phase_blocks::Convergence;
pub use picture_codec::{EncodeOptions, Foreign, decode_pixels, encode_clip};
pub use picture_files::{is_picture, load_picture, open_picture, save_picture};
pub use picture_preset::PicturePreset;
pub use picture_trip::{PictureFiles, RoundTrip, round_trips};
pub use post::PostProcess;
pub use reconstruct::{ReconstructOptions, Reconstructed, mixed_to_mono, reconstruct};
pub use repet_sim::{RepetSim, RepetSimSeparator};
pub use segments::{Fade, OverlapAdd, Segment, SegmentSpec, Segmenter};
pub use separate::{
    MemorySink, Region, SeparateOptions, Separation, StemSink, StemSummary, cut_region, separate,
};
pub use song_name::{SongName, song_name};
pub use transfer::{TransferOptions, Transferred, transfer};
pub use transfer_level::LevelRule;

use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;

/// One way of splitting a piece of music.
pub trait Separator: Send {
    /// Names of what comes out, in order.
    fn stems(&self) -> Vec<String>;

    /// Name of a further stem made of what is left of the mixture.
    fn residual(&self) -> Option<String> {
        None
    }

    /// The rate it works at in hertz; `None` means the song's own.
    fn sample_rate_hz(&self) -> Option<u32> {
        None
    }

    /// The device that really runs it.
    fn device(&self) -> String {
        "cpu".into()
    }

    /// Called once, before the first segment: how to cut a stream at `sample_rate_hz`.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if a parameter does not suit this rate.
    fn prepare(&mut self, sample_rate_hz: u32) -> Result<SegmentSpec>;

    /// Estimates of each segment, `[segments][stems][channels][frames]`, with the segment's own
    /// channels (all of the song's) and frames.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`], or the network's own failure.
    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>>;
}
