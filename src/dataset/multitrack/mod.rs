//! Songs that come as separate parts: what a folder holds, and reading it as training pairs.
//!
//! ```text
//! folder ─► find (MUSDB18, MUSDB18-HQ, sub-folders) ─► exclude, limit, split ─► measure ─► Song
//! Song ─► read (mixture or stem, resampled, in length) ─► sections ─► extract ─► pairs of files
//! ```
//!
//! A **part** is one recording; a **stem** is what one or more parts are summed to.

mod extract;
mod find;
mod group;
mod measure;
mod musdb;
mod read;
mod sections;
mod set;

use std::path::PathBuf;

use serde::Serialize;

pub use extract::{ExtractSpec, Extracted, extract};
pub use group::Group;
pub use musdb::{MUSDB_PARTS, MUSDB_VALIDATION, musdb_track};
pub use read::Take;
pub use sections::sections;
pub(in crate::dataset) use set::free_name;
pub use set::{MultitrackSet, MultitrackSpec};

use crate::audio::resampled_frames;

/// What a song is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To watch the learning.
    Valid,
    /// To measure the end result; never seen before.
    Test,
    /// Nobody said.
    None,
}

impl Split {
    /// All of them, in the order shown.
    pub const ALL: [Self; 4] = [Self::Train, Self::Valid, Self::Test, Self::None];

    /// What a person reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
            Self::None => "none",
        }
    }

    /// The split that a folder of this name is for, in any case of letters.
    pub(in crate::dataset) fn of_folder(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "valid" | "validation" | "val" | "dev" => Some(Self::Valid),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// How a folder is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// MUSDB18: files `SONG.stem.mp4` with five audio tracks each.
    Musdb18,
    /// MUSDB18-HQ: `train` and `test` with a folder per song, `mixture.wav` in each.
    #[serde(rename = "musdb18-hq")]
    Musdb18Hq,
    /// A folder per song, a file per part.
    Folder,
}

impl Layout {
    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Musdb18 => "MUSDB18",
            Self::Musdb18Hq => "MUSDB18-HQ",
            Self::Folder => "a folder per song",
        }
    }
}

/// One recording of a song: a file, or one audio track of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its own name: the file's without its ending, or the track's.
    pub name: String,
    /// The stem that it belongs to: its group's name, or its own.
    pub stem: String,
    /// The file.
    pub path: PathBuf,
    /// Which audio track of it, from 0; `None` is the file's own choice.
    pub track: Option<usize>,
    /// Frames, by the header where that tells, else counted.
    pub frames: u64,
    /// Frames per second.
    pub sample_rate_hz: u32,
    /// Channels, 1–8.
    pub channels: usize,
}

impl Part {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate_hz.max(1))
    }
}

/// Where a song's mixture comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mixture {
    /// From a recording of its own.
    File(Part),
    /// It is the sum of all parts.
    Sum,
}

/// What kind of thing is odd about a song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A file could not be read. Everything else here is only told.
    Unreadable,
    /// A stem or the mixture is not there.
    Missing,
    /// Parts differ in length, rate or channels.
    Unequal,
    /// A file was left out, because another has its place or none is for it.
    LeftOut,
}

/// What is odd about a song.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its kind.
    pub kind: ProblemKind,
    /// For a person.
    pub text: String,
}

impl Problem {
    fn new(kind: ProblemKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// A song and its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Song {
    /// Its name: of its folder, or of its file.
    pub name: String,
    /// A name for files made of it, that no other song of the set has, whatever the case of letters.
    pub file_name: String,
    /// What it is for.
    pub split: Split,
    /// The parts that can be read, by name; the mixture is not among them.
    pub parts: Vec<Part>,
    /// Where the mixture comes from; `None` if a file that it needs cannot be read.
    pub mixture: Option<Mixture>,
    /// Stems of which at least one part cannot be read: none of them can be had whole.
    pub lost_stems: Vec<String>,
    /// Length in seconds: of its longest recording. Shorter ones are silent from their end on.
    pub seconds: f64,
    /// The rate it is read at unless another is wanted, in hertz: the mixture's, or the highest
    /// of its parts.
    pub sample_rate_hz: u32,
    /// The channels that it is read in: the most that a recording of it has. A recording with one
    /// channel is the same in all; further channels that one lacks are silent.
    pub channels: usize,
    /// What is odd about it.
    pub problems: Vec<Problem>,
}

impl Song {
    /// The stems that can be read whole, each once, in the order of the parts.
    pub fn stems(&self) -> Vec<&str> {
        let mut stems: Vec<&str> = Vec::new();
        for part in &self.parts {
            let is_known = stems.iter().any(|name| same_name(name, &part.stem));
            if !is_known && !self.is_lost(&part.stem) {
                stems.push(&part.stem);
            }
        }
        stems
    }

    /// Whether this stem can be read whole.
    pub fn has_stem(&self, stem: &str) -> bool {
        self.stems().iter().any(|name| same_name(name, stem))
    }

    /// Its length in frames at a rate: that of its longest recording.
    pub fn frames_at(&self, sample_rate_hz: u32) -> u64 {
        self.recordings()
            .map(|part| resampled_frames(part.frames, part.sample_rate_hz.max(1), sample_rate_hz))
            .max()
            .unwrap_or(0)
    }

    /// Whether a file of it could not be read.
    pub fn has_unreadable(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::Unreadable)
    }

    /// The parts, and the mixture if it has a file.
    fn recordings(&self) -> impl Iterator<Item = &Part> {
        let mixture = match &self.mixture {
            Some(Mixture::File(part)) => Some(part),
            _ => None,
        };
        self.parts.iter().chain(mixture)
    }

    fn is_lost(&self, stem: &str) -> bool {
        self.lost_stems.iter().any(|lost| same_name(lost, stem))
    }
}

/// Whether two names are the same but for the case of letters.
fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
