//! A folder of songs as a set to learn from: what is in it, and which song is for what.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rayon::prelude::*;

use super::find::{Found, find, holds_audio};
use super::group::{Group, begins_with, stem_of};
use super::measure::measure;
use super::{Layout, MUSDB_PARTS, Problem, ProblemKind, Song, Split, same_name};
use crate::audio::sanitise_file_name;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// What to take of a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MultitrackSpec {
    /// Songs to leave out: names or beginnings of names, in any case of letters, for example
    /// "Music Delta". None by default.
    pub exclude: Vec<String>,
    /// At most this many songs, by split and name, after exclusion; `None` is all.
    pub n_songs: Option<usize>,
    /// Stems of several parts. A part that no group takes is a stem of its own. None by default.
    pub groups: Vec<Group>,
    /// The stems that every song should have. Empty: MUSDB18's four, or in other folders whatever
    /// any song has.
    pub expected: Vec<String>,
    /// The part of the songs for validation, 0–1; only of songs whose folder does not say what
    /// they are for. 0 by default: then these songs have no split.
    pub valid_fraction: f64,
    /// The part of the songs for the final test, 0–1, likewise.
    pub test_fraction: f64,
    /// Which songs these are. The same seed and names give the same split.
    pub seed: u64,
}

impl MultitrackSpec {
    /// Checks the groups, the number and the fractions.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        for group in &self.groups {
            group.validate()?;
        }
        if self.exclude.iter().any(|name| name.trim().is_empty()) {
            return Err(Error::setting(
                "exclude",
                "an empty name leaves out all songs",
            ));
        }
        if self.n_songs == Some(0) {
            return Err(Error::setting("songs", "must be 1 or more"));
        }
        for (name, fraction) in [("valid", self.valid_fraction), ("test", self.test_fraction)] {
            if !(0.0..1.0).contains(&fraction) {
                return Err(Error::setting(name, "must be a fraction from 0 to below 1"));
            }
        }
        if self.valid_fraction + self.test_fraction >= 1.0 {
            return Err(Error::setting(
                "valid",
                "with test leaves no songs to learn from",
            ));
        }
        Ok(())
    }
}

/// A folder of songs.
#[derive(Debug, Clone, PartialEq)]
pub struct MultitrackSet {
    /// The folder.
    pub folder: PathBuf,
    /// How it is laid out.
    pub layout: Layout,
    /// The songs, by the split that their folder gives, then name.
    pub songs: Vec<Song>,
    /// Names of the songs that were excluded.
    pub excluded: Vec<String>,
    /// What is odd about the folder and about no single song of it.
    pub notes: Vec<String>,
}

impl MultitrackSet {
    /// Looks at the names in a folder and the headers of its files. Broken files are told in
    /// [`Song::problems`] and do not keep others from being used.
    ///
    /// # Errors
    /// [`Error::Setting`] if the spec is wrong or no songs are there or left; [`Error::Io`] if the
    /// folder cannot be read.
    pub fn open(folder: &Path, spec: &MultitrackSpec) -> Result<Self> {
        Self::open_with(folder, spec, &Reporter::silent())
    }

    /// As [`Self::open`]. `reporter` hears after every song how many were looked into.
    ///
    /// # Errors
    /// As [`Self::open`]; [`Error::Cancelled`], between two songs.
    pub fn open_with(folder: &Path, spec: &MultitrackSpec, reporter: &Reporter) -> Result<Self> {
        spec.validate()?;
        reporter.check()?;
        let (layout, found, mut notes) = find(folder)?;
        if found.is_empty() {
            let cure = if holds_audio(folder) {
                "it looks like one song's folder, with its parts in it; name the folder that it \
                 is in"
            } else {
                "name a folder with a sub-folder per song and a file per part, or MUSDB18"
            };
            let problem = format!("holds no songs; {cure}: {}", folder.display());
            return Err(Error::setting("multitrack folder", problem));
        }
        let is_excluded = |song: &Found| {
            spec.exclude
                .iter()
                .any(|name| begins_with(&song.name, name))
        };
        let (out, mut found): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_excluded);
        let excluded: Vec<String> = out.into_iter().map(|song| song.name).collect();
        for name in &spec.exclude {
            if !excluded.iter().any(|song| begins_with(song, name)) {
                notes.push(format!(
                    "no song is called {name:?}; nothing was excluded by it"
                ));
            }
        }
        if found.is_empty() {
            let problem = format!("leaves out all {} songs", excluded.len());
            return Err(Error::setting("exclude", problem));
        }
        found.truncate(spec.n_songs.unwrap_or(usize::MAX));
        let wants_split = spec.valid_fraction > 0.0 || spec.test_fraction > 0.0;
        if wants_split && !assign_splits(&mut found, spec) {
            notes.push("every song has a split already; fractions change nothing".to_owned());
        }
        let (total, looked) = (found.len() as u64, AtomicU64::new(0));
        let mut songs: Vec<Song> = found
            .into_par_iter()
            .map(|found| -> Result<Song> {
                reporter.check()?;
                let is_summed = layout != Layout::Folder && found.mixture.is_none();
                let mut song = measure(found, &spec.groups);
                if is_summed {
                    let text = "no mixture; the sum of the parts is used";
                    song.problems.push(Problem::new(ProblemKind::Missing, text));
                }
                let done = looked.fetch_add(1, Ordering::Relaxed) + 1;
                reporter.step("Looking at the songs", done, total)?;
                Ok(song)
            })
            .collect::<Result<_>>()?;
        tell_missing(&mut songs, layout, spec);
        name_files(&mut songs);
        Ok(Self {
            folder: folder.to_path_buf(),
            layout,
            songs,
            excluded,
            notes,
        })
    }

    /// The songs of a split.
    pub fn of(&self, split: Split) -> impl Iterator<Item = &Song> {
        self.songs.iter().filter(move |song| song.split == split)
    }

    /// Length of a split's songs in seconds.
    pub fn seconds_of(&self, split: Split) -> f64 {
        self.of(split).map(|song| song.seconds).sum()
    }
}

/// Draws whole songs for validation and test; answers whether there were any to draw from.
/// A fraction above 0 gives at least one song, as long as one is left to learn from.
fn assign_splits(songs: &mut [Found], spec: &MultitrackSpec) -> bool {
    let mut order: Vec<usize> = (0..songs.len())
        .filter(|i| songs[*i].split == Split::None)
        .collect();
    let total = order.len();
    let mut rng = ChaCha8Rng::seed_from_u64(spec.seed);
    // Fisher and Yates' shuffle of songs that are in the order of their names.
    for last in (1..total).rev() {
        let place = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, place as usize);
    }
    let share = |fraction: f64, left: usize| {
        let wanted = (fraction * total as f64).round() as usize;
        let least = usize::from(fraction > 0.0);
        wanted.max(least).min(left.saturating_sub(1))
    };
    let valid = share(spec.valid_fraction, total);
    let test = share(spec.test_fraction, total - valid);
    for (place, song) in order.into_iter().enumerate() {
        songs[song].split = if place < valid {
            Split::Valid
        } else if place < valid + test {
            Split::Test
        } else {
            Split::Train
        };
    }
    total > 0
}

/// Tells of every song which of the expected stems it lacks.
fn tell_missing(songs: &mut [Song], layout: Layout, spec: &MultitrackSpec) {
    let mut expected: Vec<String> = Vec::new();
    let names: Vec<String> = if !spec.expected.is_empty() {
        spec.expected.clone()
    } else if layout != Layout::Folder {
        let stem = |part: &&str| stem_of(part, &spec.groups);
        MUSDB_PARTS.iter().map(stem).collect()
    } else {
        let stems = |song: &Song| -> Vec<String> {
            let read = song.parts.iter().map(|part| part.stem.clone());
            read.chain(song.lost_stems.iter().cloned()).collect()
        };
        songs.iter().flat_map(stems).collect()
    };
    for name in names {
        if !expected.iter().any(|known| same_name(known, &name)) {
            expected.push(name);
        }
    }
    for song in songs {
        // What cannot be read is told as such.
        let missing = expected
            .iter()
            .filter(|stem| !song.has_stem(stem) && !song.is_lost(stem));
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        if !missing.is_empty() {
            let text = format!("missing: {}", missing.join(", "));
            song.problems.push(Problem::new(ProblemKind::Missing, text));
        }
    }
}

/// Gives every song a file name of its own: `train/A` and `test/A` may both be there.
fn name_files(songs: &mut [Song]) {
    let mut taken = HashSet::new();
    for song in songs {
        song.file_name = free_name(&song.name, &mut taken);
    }
}

/// A file name of its own, whatever the case of letters: `A`, then `A (2)`.
pub(in crate::dataset) fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let plain = sanitise_file_name(name);
    let mut name = plain.clone();
    let mut number = 1;
    while !taken.insert(name.to_lowercase()) {
        number += 1;
        name = format!("{plain} ({number})");
    }
    name
}
