//! Instruments: what makes sound of one note.
//!
//! ```text
//! NSynth folder ──┐
//! folder of samples ─► Bank ─► voice ─┐
//! SF2 program ────────────────────────┴► samples of one note ─► render
//! ```
//!
//! A note depends on nothing but its tone: no note changes what another one sounds like.

mod bank;
mod choice;
mod named;
mod names;
mod nsynth;
mod repitch;
mod samples;
mod soundfont;
mod voice;

pub use bank::{Missing, SampleBank};
pub use choice::InstrumentChoice;
pub use named::NamedChoice;
pub use names::pitch_from_name;
pub use nsynth::open_nsynth;
pub use samples::open_samples;
pub use soundfont::SoundFontProgram;

use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;

/// One note, as an instrument is asked for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// MIDI pitch, 0–127; 60 is middle C.
    pub pitch: u8,
    /// How hard it is struck, 1–127.
    pub velocity: u8,
    /// Frames until the key is let go, 1 or more.
    pub hold_frames: usize,
    /// Frames wanted in all: the held part and its release.
    pub frames: usize,
    /// Whether samples are scaled to the velocity: (velocity / the sample's velocity)². Without it
    /// velocity only chooses the sample. SF2 programs follow velocity by themselves in any case.
    pub velocity_gain: bool,
}

/// Something that plays notes.
pub trait Instrument: Send + Sync {
    /// Its name, fit for a folder.
    fn name(&self) -> String;
    /// Frames per second of what it plays.
    fn sample_rate_hz(&self) -> u32;
    /// Channels of what it plays, 1 or 2.
    fn channels(&self) -> usize;
    /// The sound of one note, `[channels][tone.frames or less]`, from its onset on, without the envelope of
    /// its release, which the renderer gives; `None` if it has no such note. The same tone always
    /// gives the same samples.
    ///
    /// # Errors
    /// Whatever keeps a sample from being read; [`crate::Error::Cancelled`].
    fn play(&self, tone: &Tone, reporter: &Reporter) -> Result<Option<Planar>>;
}
