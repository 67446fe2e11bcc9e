//! Which songs a folder holds for examples, and the recordings of each.
//!
//! What cannot be used is listed with the reason and left out; the order of files in their folders
//! plays no part.

use std::path::Path;

use super::folders;
use super::roles::{MIXTURE, Roles, same_name};
use super::spec::{ExampleSource, ExampleSpec};
use crate::audio::resampled_frames;
use crate::dataset::multitrack::{
    Mixture, MultitrackSet, MultitrackSpec, Part, Problem, ProblemKind, Song, Split,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// A song with all the recordings that are wanted of it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: String,
    /// The song that it is of: others of the same song have the same split.
    pub(super) group: String,
    pub(super) split: Split,
    /// The recordings of each voice, which are summed; empty where the song has no such voice.
    pub(super) voices: Vec<Vec<Part>>,
    /// What it is known by, once it is known that it can be used.
    pub(super) sha256: String,
}

impl Found {
    /// Its length at a rate: that of its longest recording.
    pub(super) fn frames_at(&self, sample_rate_hz: u32) -> u64 {
        let parts = self.voices.iter().flatten();
        parts
            .map(|part| resampled_frames(part.frames, part.sample_rate_hz.max(1), sample_rate_hz))
            .max()
            .unwrap_or(0)
    }
}

/// What was found.
pub(super) struct Findings {
    /// By name.
    pub(super) songs: Vec<Found>,
    /// The voices of every song; further ones follow the roles' own if songs are to be remixed.
    pub(super) roles: Roles,
    pub(super) problems: Vec<String>,
}

/// # Errors
/// [`Error::Setting`] if nothing can be used; [`Error::Io`]; [`Error::Cancelled`].
pub(super) fn find(folder: &Path, spec: &ExampleSpec, reporter: &Reporter) -> Result<Findings> {
    let mut found = match spec.source {
        ExampleSource::Stems => stems(folder, spec)?,
        ExampleSource::Instruments | ExampleSource::Speech => {
            folders::find(folder, spec, reporter)?
        }
    };
    reporter.check()?;
    if found.songs.is_empty() {
        let problem = format!(
            "none of the songs can be used for {}{}: {}",
            found.roles.voices.join(", "),
            found
                .problems
                .first()
                .map_or_else(String::new, |problem| format!(" (the first: {problem})")),
            folder.display()
        );
        return Err(Error::setting("examples folder", problem));
    }
    found.songs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The songs of a folder in parts.
fn stems(folder: &Path, spec: &ExampleSpec) -> Result<Findings> {
    let mut roles = Roles::new(spec)?;
    let wanted = roles.voices.clone();
    let is_part = |name: &&String| !same_name(name, MIXTURE);
    // Splits are given later, to those songs alone that can be used.
    let set = MultitrackSet::open(
        folder,
        &MultitrackSpec {
            expected: wanted.iter().filter(is_part).cloned().collect(),
            valid_fraction: 0.0,
            test_fraction: 0.0,
            ..spec.multitrack()?
        },
    )?;
    let mut problems = set.notes.clone();
    if spec.remix > 0.0 {
        add_other_stems(&set, &mut roles);
    }
    let mut songs = Vec::new();
    for song in &set.songs {
        let parts = roles.voices.iter().enumerate().map(|(place, name)| {
            match parts_of(song, name, wanted.len() > 1) {
                // A stem for remixes alone may be lacking.
                Err(_) if place >= wanted.len() => Ok(Vec::new()),
                parts => parts,
            }
        });
        let parts: Vec<std::result::Result<Vec<Part>, String>> = parts.collect();
        // A stem that is lacking is why the mixture is, and not the other way round.
        let of_stem = parts.iter().enumerate().find_map(|(place, parts)| {
            let reason = parts.as_ref().err().cloned();
            reason.filter(|_| Some(place) != roles.mixture)
        });
        let voices: std::result::Result<Vec<Vec<Part>>, String> = match of_stem {
            Some(reason) => Err(reason),
            None => parts.into_iter().collect(),
        };
        match voices {
            Ok(voices) => songs.push(Found {
                name: song.name.clone(),
                group: song.name.clone(),
                split: song.split,
                voices,
                sha256: String::new(),
            }),
            Err(reason) => problems.push(format!("{}: {reason}; left out", song.name)),
        }
    }
    Ok(Findings {
        songs,
        roles,
        problems,
    })
}

/// Remixes are made of all stems, not only of those that are asked for.
fn add_other_stems(set: &MultitrackSet, roles: &mut Roles) {
    let mut names: Vec<&str> = set.songs.iter().flat_map(Song::stems).collect();
    names.sort_unstable();
    for name in names {
        if !roles.voices.iter().any(|known| same_name(known, name)) {
            roles.voices.push(name.to_owned());
        }
    }
}

/// The recordings of a voice of a song, or why there are none.
fn parts_of(song: &Song, voice: &str, has_others: bool) -> std::result::Result<Vec<Part>, String> {
    let reason = || {
        let is_reason = |problem: &&Problem| problem.kind == ProblemKind::Unreadable;
        let problem = song.problems.iter().find(is_reason);
        problem.map_or_else(String::new, |problem| format!(" ({})", problem.text))
    };
    if same_name(voice, MIXTURE) {
        return match &song.mixture {
            Some(Mixture::File(part)) => Ok(vec![part.clone()]),
            Some(Mixture::Sum) if has_others && song.stems().len() == 1 => {
                Err("one stem is all there is, and no mixture".to_owned())
            }
            Some(Mixture::Sum) => Ok(song.parts.clone()),
            None => Err(format!("the mixture cannot be read{}", reason())),
        };
    }
    if !song.has_stem(voice) {
        let there = song.stems().join(", ");
        return Err(format!(
            "no {voice} that can be read{}; it has {there}",
            reason()
        ));
    }
    let of_voice = |part: &&Part| same_name(&part.stem, voice);
    Ok(song.parts.iter().filter(of_voice).cloned().collect())
}
