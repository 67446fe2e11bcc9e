//! Where estimates come from: files, separators, oracles, or the mixture itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::estimates::EstimateFiles;
use super::open_song::OpenSong;
use super::oracle::{OracleKind, oracle};
use super::read_tracks::{is_silent, read_file};
use super::sounds::{Sound, from_sounds};
use super::stem_names::{ACCOMPANIMENT, Renames};
use crate::apply::{MemorySink, SeparateOptions, Separator, separate};
use crate::audio::{Clip, Planar};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// One way to come by estimates.
pub struct Method {
    /// What it is called in tables.
    pub name: String,
    /// Where its estimates come from.
    pub source: MethodSource,
}

/// Where estimates come from.
pub enum MethodSource {
    /// Files that are there.
    Files(EstimateFiles),
    /// A separator that is run on the mixture.
    Separator {
        /// The separator.
        separator: Box<dyn Separator>,
        /// What its results depend on besides the mixture: settings, a model's file.
        settings: String,
    },
    /// Sounds that are in memory, of one song.
    Sounds(Vec<Sound>),
    /// Masks made with knowledge of the truth: the ceiling.
    Oracle(OracleKind),
    /// The untouched mixture as the estimate of every stem: the floor.
    Floor,
}

/// Estimates of one song.
pub struct Estimates {
    /// By stem in small letters, `[channels][frames]` of the song's stretch each.
    pub(super) stems: BTreeMap<String, Planar>,
    /// What should be there and is not, or cannot be used.
    pub problems: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl Estimates {
    /// The stems, in the order of their names.
    pub fn stems(&self) -> impl Iterator<Item = (&str, &Planar)> {
        self.stems
            .iter()
            .map(|(name, planar)| (name.as_str(), planar))
    }
}

impl Method {
    /// Its files for a song, for fingerprints.
    pub(super) fn files(&self, song: &str) -> Vec<&PathBuf> {
        match &self.source {
            MethodSource::Files(files) => files
                .get(song)
                .into_iter()
                .flat_map(BTreeMap::values)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What its results depend on besides files.
    pub(super) fn settings(&self) -> String {
        match &self.source {
            MethodSource::Files(_) => "files".into(),
            MethodSource::Separator { settings, .. } => format!("separator {settings}"),
            MethodSource::Sounds(_) => "sounds".into(),
            MethodSource::Oracle(kind) => format!("oracle {}", kind.name()),
            MethodSource::Floor => "floor".into(),
        }
    }

    /// Its estimates of a song; the accompaniment is summed up where only its parts are there.
    ///
    /// # Errors
    /// [`Error::Song`] if there is none at all; what keeps a mixture from being read or separated;
    /// [`Error::Cancelled`].
    pub fn estimate(
        &mut self,
        song: &mut OpenSong<'_>,
        renames: &Renames,
        reporter: &Reporter,
    ) -> Result<Estimates> {
        let mut estimates = match &mut self.source {
            MethodSource::Files(files) => from_files(files, song, reporter)?,
            MethodSource::Separator { separator, .. } => {
                from_separator(separator.as_mut(), song, renames, reporter)?
            }
            MethodSource::Sounds(sounds) => from_sounds(sounds, song, renames, reporter)?,
            MethodSource::Oracle(kind) => from_oracle(*kind, song, reporter)?,
            MethodSource::Floor => {
                let mixture = song.mixture(reporter)?.clone();
                let stems = song
                    .stems
                    .iter()
                    .map(|name| (name.clone(), mixture.clone()));
                found(stems.collect())
            }
        };
        song.complete(&mut estimates.stems);
        let problems = &mut estimates.problems;
        estimates.stems.retain(|name, planar| {
            if song.silent.contains(name) || song.lost.contains(name) {
                return false;
            }
            let is_silent = is_silent(planar);
            if is_silent {
                problems.push(format!("{name} is left out: the estimate is silent"));
            }
            !is_silent
        });
        if estimates.stems.is_empty() {
            // Notes tell of stems by other names, which a rename would mend.
            let mut reasons = estimates.problems;
            reasons.append(&mut estimates.notes);
            if reasons.is_empty() {
                reasons.push("none of its stems is one of the song's".into());
            }
            let reason = reasons.join("; ");
            return Err(Error::Song {
                problem: format!(
                    "{} has no estimate to measure ({reason}; a stem by another name is told by a rename)",
                    self.name
                ),
                path: song.song.name.clone().into(),
            });
        }
        Ok(estimates)
    }
}

fn found(stems: BTreeMap<String, Planar>) -> Estimates {
    Estimates {
        stems,
        problems: Vec::new(),
        notes: Vec::new(),
    }
}

fn from_files(
    files: &EstimateFiles,
    song: &OpenSong<'_>,
    reporter: &Reporter,
) -> Result<Estimates> {
    let mut estimates = found(BTreeMap::new());
    let none = BTreeMap::new();
    let own = files.get(&song.song.file_name).unwrap_or(&none);
    for (stem, path) in own {
        let read = match read_file(path, None, &song.stretch, reporter) {
            Ok(read) => read,
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => {
                let problem = format!("{stem} is left out: {error}");
                estimates.problems.push(problem);
                continue;
            }
        };
        let notes = read.notes.iter();
        let notes = notes.map(|note| format!("{note}: {}", path.display()));
        estimates.notes.extend(notes);
        estimates.stems.insert(stem.clone(), read.planar);
    }
    // A stem that the method has of other songs ought to be here; one that it never has is none.
    for stem in &song.stems {
        let is_usual = files.values().any(|stems| stems.contains_key(stem));
        let is_summed = stem == ACCOMPANIMENT;
        if !own.contains_key(stem) && is_usual && !is_summed {
            estimates.problems.push(format!("no file for {stem}"));
        } else if !own.contains_key(stem) && !is_summed {
            estimates
                .notes
                .push(format!("has no {stem}, which is not measured"));
        }
    }
    Ok(estimates)
}

fn from_separator(
    separator: &mut dyn Separator,
    song: &mut OpenSong<'_>,
    renames: &Renames,
    reporter: &Reporter,
) -> Result<Estimates> {
    let clip = Clip::new(song.sample_rate_hz(), song.mixture(reporter)?.clone());
    let mut sink = MemorySink::new();
    let mut source = clip.reader(0..clip.frames());
    let options = SeparateOptions::default();
    separate(&mut source, separator, &options, &mut sink, reporter)?;
    let mut estimates = found(BTreeMap::new());
    let known = song.known_stems();
    for (name, clip) in sink.finish()? {
        let Some(stem) = renames.known_stem(&name, &known) else {
            let note = format!("its stem {name:?} is none of the song's and is not measured");
            estimates.notes.push(note);
            continue;
        };
        let planar: Planar = clip.channels().into_iter().map(<[f32]>::to_vec).collect();
        if planar.iter().flatten().all(|x| x.is_finite()) {
            estimates.stems.insert(stem, planar);
        } else {
            let problem = format!("{stem} is left out: the model gave samples that are no numbers");
            estimates.problems.push(problem);
        }
    }
    Ok(estimates)
}

fn from_oracle(
    kind: OracleKind,
    song: &mut OpenSong<'_>,
    reporter: &Reporter,
) -> Result<Estimates> {
    if let Some(lost) = song.lost_part() {
        return Err(Error::Song {
            problem: format!("an oracle needs all true stems, and {lost} cannot be read"),
            path: song.song.name.clone().into(),
        });
    }
    let (mixture, sources, names) = song.mixture_and_sources(reporter)?;
    let stems = oracle(kind, mixture, sources, reporter)?;
    Ok(found(names.into_iter().zip(stems).collect()))
}
