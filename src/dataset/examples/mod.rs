//! Examples for networks, made of recordings as they are wanted or stored beforehand.
//!
//! ```text
//! folder ─► find songs ─► splits ─► ExampleSet ─► order(epoch) ─► ExampleStream ─► batches
//!                                      │  └► make(split, epoch, index)
//!                                      └► store_examples ─► .npy files ─► ExampleSet
//! recording ─► cache at the rate ─► stretch ─► remix, augment ─► picture, labels or activity
//! ```
//!
//! An example depends on the spec, its split, epoch and number alone: not on threads, on the order in
//! which examples are made, or on that of files in folders. Splits never share a song.

mod cache;
mod fingerprint;
mod folders;
mod front;
mod live;
mod open;
mod order;
mod places;
mod presets;
mod roles;
mod sources;
mod spec;
mod spec_check;
mod splits;
mod store;
mod stored;
mod stream;
mod stretches;
mod temporary;

use std::path::Path;

use serde::Serialize;

pub use presets::{EXAMPLE_PRESETS, example_preset, example_preset_about};
pub use spec::{ExampleShapes, ExampleSource, ExampleSpec, ExampleTarget, PictureChannels};
pub use store::{Stored, store_examples};
pub use stored::{EXAMPLES_FILE, stored_example_spec};
pub use stream::{ExampleBatch, ExampleStream};
pub use temporary::ExampleCache;

use super::multitrack::Split;
use crate::error::Result;
use crate::progress::Reporter;
use live::{Live, Which};
use order::{Dice, Numbering};
use stored::StoredSet;

/// What a network is given and what it is to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// `[channels][height][columns]`, as [`ExampleShapes::input`].
    pub input: Vec<f32>,
    /// `[channels][height][columns]`, as [`ExampleShapes::target`].
    pub target: Vec<f32>,
    /// The song, a place in [`ExampleSet::songs`]. Of a remix: the song that it was to be.
    pub song: usize,
    /// Where in the song it begins, in seconds.
    pub start_secs: f64,
}

/// A song or piece of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleSong {
    /// Its name.
    pub name: String,
    /// What it is for; never [`Split::None`].
    pub split: Split,
    /// Length in seconds at the spec's rate: of its longest recording.
    pub seconds: f64,
    /// Examples of it in an epoch.
    pub examples: usize,
    /// SHA-256 in hexadecimal digits over its name, its recordings' names, sizes and headers, and
    /// 64 KiB each of their beginnings, middles and ends. Neither folders nor times play a part.
    pub sha256: String,
}

enum Kind {
    Live(Box<Live>),
    Stored(StoredSet),
}

/// A folder as examples. Memory does not grow with the set; threads may share it.
pub struct ExampleSet {
    spec: ExampleSpec,
    shapes: ExampleShapes,
    songs: Vec<ExampleSong>,
    problems: Vec<String>,
    numbering: Numbering,
    dice: Dice,
    checksum: String,
    kind: Kind,
}

impl ExampleSet {
    /// The way that checksums of recordings are made; those of different versions cannot be compared.
    /// Version 1 looked at the beginnings of files only.
    pub const CHECKSUM_VERSION: u32 = 2;

    /// Opens a folder of recordings, or of examples that [`store_examples`] wrote.
    ///
    /// Recordings are only looked into; each is brought to the spec's rate when the first example
    /// wants it, and kept in `cache` (a temporary folder if `None`, which is removed with the set).
    /// Songs that lack a recording, cannot be read or end before their examples begin are left out
    /// and listed in [`Self::problems`]. A single song is for training, and validation is empty.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if the spec is wrong, nothing in the folder can be
    /// used, or stored examples were made by another spec; [`Error::Io`](crate::Error::Io);
    /// [`Error::Document`](crate::Error::Document); [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn open(
        folder: &Path,
        spec: &ExampleSpec,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Self> {
        spec.validate()?;
        if folder.join(EXAMPLES_FILE).is_file() {
            Self::open_stored(folder, spec)
        } else {
            Self::open_live(folder, spec, cache, reporter)
        }
    }

    /// What examples these are.
    pub fn spec(&self) -> &ExampleSpec {
        &self.spec
    }

    /// The shape of each example.
    pub fn shapes(&self) -> ExampleShapes {
        self.shapes
    }

    /// All songs that have examples, by name.
    pub fn songs(&self) -> &[ExampleSong] {
        &self.songs
    }

    /// What was left out and why, for a person.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Examples of a split in an epoch; 0 of [`Split::None`].
    pub fn len(&self, split: Split) -> usize {
        self.numbering.len(split)
    }

    /// Whether a split has no examples.
    pub fn is_empty(&self, split: Split) -> bool {
        self.len(split) == 0
    }

    /// Makes or reads example `index` of a split, 0 to [`Self::len`] − 1. The same spec, split, epoch
    /// and index give the same values. Examples for validation and test, and stored ones, are the
    /// same in every epoch; only those to learn from are augmented and remixed.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if there is no such example; otherwise as
    /// [`Decoder::open`](crate::audio::Decoder::open), [`Error::Io`](crate::Error::Io) also if the
    /// cache cannot be written, and [`Error::Cancelled`](crate::Error::Cancelled) if the reporter
    /// that the set was opened with is.
    pub fn make(&self, split: Split, epoch: u64, index: usize) -> Result<Example> {
        match &self.kind {
            Kind::Live(live) => live.example(
                &self.numbering,
                Which {
                    split,
                    epoch,
                    index,
                },
            ),
            Kind::Stored(stored) => stored.read(&self.numbering, self.shapes, split, index),
        }
    }

    /// The numbers of a split's examples in the order of an epoch: shuffled by seed and epoch for
    /// training, else 0, 1, 2 …
    pub fn order(&self, split: Split, epoch: u64) -> Vec<u32> {
        self.numbering.order(self.dice, split, epoch)
    }

    /// SHA-256 in hexadecimal digits over the spec and the songs with their splits: which examples
    /// these are. Stored examples have that of the set that they were made of.
    pub fn checksum(&self) -> String {
        self.checksum.clone()
    }

    /// The song that an example is of, and where in it it begins, in seconds.
    fn place(&self, split: Split, index: usize) -> Result<(usize, f64)> {
        match &self.kind {
            Kind::Live(live) => {
                let which = Which {
                    split,
                    epoch: 0,
                    index,
                };
                let place = live.place(&self.numbering, which)?;
                Ok((place.song, live.secs(place)))
            }
            Kind::Stored(stored) => stored.place(&self.numbering, split, index),
        }
    }
}
