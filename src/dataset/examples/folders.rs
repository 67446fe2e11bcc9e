//! Pieces of equal names in several folders: instruments, and pairs of speech.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::roles::{Roles, same_name};
use super::sources::{Findings, Found};
use super::spec::{ExampleSource, ExampleSpec};
use crate::audio::{count_frames, files_below, probe};
use crate::dataset::features::is_audio;
use crate::dataset::leaks::extracted_songs;
use crate::dataset::multitrack::{Part, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Files by instrument, of one piece.
type Files = BTreeMap<String, PathBuf>;

/// # Errors
/// [`Error::Setting`] if a folder that is wanted is not there; [`Error::Io`]; [`Error::Cancelled`].
pub(super) fn find(folder: &Path, spec: &ExampleSpec, reporter: &Reporter) -> Result<Findings> {
    let mut problems = Vec::new();
    let pieces = pieces(folder, &mut problems)?;
    let names: BTreeSet<&str> = pieces
        .values()
        .flat_map(|files| files.keys().map(String::as_str))
        .collect();
    if names.is_empty() {
        let expected = match spec.source {
            ExampleSource::Speech => "mixture/NAME.wav and clean/NAME.wav",
            _ => "INSTRUMENT/PIECE.wav, the same pieces for every instrument",
        };
        let problem = format!(
            "holds no recordings as expected ({expected}): {}",
            folder.display()
        );
        return Err(Error::setting("examples folder", problem));
    }
    let roles = Roles::new(&resolved(spec, &names, folder)?)?;
    let chosen = choose(pieces, spec, &mut problems);
    let extracted = extracted_songs(folder);
    let (done, total) = (AtomicU64::new(0), chosen.len() as u64);
    let measured: Vec<std::result::Result<Found, String>> = chosen
        .par_iter()
        .map(|((split, name), files)| {
            reporter.step(
                "Reading headers",
                done.fetch_add(1, Ordering::Relaxed),
                total,
            )?;
            let voices = if is_whole(folder, spec, name) {
                voices(files, &roles.voices)
            } else {
                Err("its pair was never finished".to_owned())
            };
            Ok(voices
                .map(|voices| Found {
                    name: name.clone(),
                    group: group_of(name, &extracted).to_owned(),
                    split: *split,
                    voices,
                    sha256: String::new(),
                })
                .map_err(|reason| format!("{name}: {reason}; left out")))
        })
        .collect::<Result<_>>()?;
    let mut songs = Vec::new();
    for found in measured {
        match found {
            Ok(song) => songs.push(song),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Findings {
        songs,
        roles,
        problems,
    })
}

/// All recordings below a folder by split and piece.
fn pieces(folder: &Path, problems: &mut Vec<String>) -> Result<BTreeMap<(Split, String), Files>> {
    let mut pieces: BTreeMap<(Split, String), Files> = BTreeMap::new();
    for path in files_below(folder)?
        .into_iter()
        .filter(|path| is_audio(path))
    {
        let relative = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .with_extension("");
        let mut names: Vec<String> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        let folders = names.len().saturating_sub(1);
        let at = names[..folders]
            .iter()
            .position(|n| Split::of_folder(n).is_some());
        let split = at
            .map(|at| names.remove(at))
            .and_then(|n| Split::of_folder(&n));
        if names.len() < 2 {
            problems.push(format!(
                "lies outside the instruments' folders and was left out: {}",
                path.display()
            ));
            continue;
        }
        let instrument = names.remove(0);
        let piece = (split.unwrap_or(Split::None), names.join("/"));
        let files = pieces.entry(piece).or_default();
        match files.entry(instrument) {
            Entry::Occupied(_) => problems.push(format!(
                "another recording has the same name but for its ending; left out: {}",
                path.display()
            )),
            Entry::Vacant(place) => {
                place.insert(path);
            }
        }
    }
    Ok(pieces)
}

/// The song that a piece is of: its own name, unless it is known to be a section that `dataset
/// multitrack --extract` cut.
fn group_of<'a>(piece: &'a str, extracted: &'a BTreeMap<String, String>) -> &'a str {
    let section = piece.rsplit_once('_').and_then(|(song, number)| {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        extracted.get(song).filter(|_| is_number)
    });
    section.map_or(piece, String::as_str)
}

/// The spec with the names of folders that are there.
fn resolved(spec: &ExampleSpec, names: &BTreeSet<&str>, folder: &Path) -> Result<ExampleSpec> {
    let is_speech = spec.source == ExampleSource::Speech;
    let find = |setting: &str, name: &str| -> Result<String> {
        if is_speech && same_name(name, "rest") {
            return Ok(name.to_owned());
        }
        let exact = names.iter().find(|known| same_name(known, name));
        let begins = |known: &&&str| known.to_lowercase().starts_with(&name.to_lowercase());
        let near: Vec<&&str> = names.iter().filter(begins).collect();
        match (exact, near.as_slice()) {
            (Some(known), _) => Ok((*known).to_owned()),
            (None, [only]) if !is_speech => Ok((**only).to_owned()),
            _ => {
                let known: Vec<&str> = names.iter().copied().collect();
                let problem = format!(
                    "no folder {name:?}, and not just one that begins so; there are {}: {}",
                    known.join(", "),
                    folder.display()
                );
                Err(Error::setting(setting, problem))
            }
        }
    };
    let targets = spec.targets.iter().map(|name| find("targets", name));
    let targets: Vec<String> = targets.collect::<Result<_>>()?;
    let origin = if spec.origin.is_empty() && !is_speech {
        let is_free = |name: &&&str| !targets.iter().any(|target| same_name(target, name));
        names.iter().find(is_free).map_or_else(
            || {
                Err(Error::setting(
                    "origin",
                    "every folder is a target; name one",
                ))
            },
            |name| Ok((*name).to_owned()),
        )?
    } else if spec.origin.is_empty() {
        find("origin", "degraded")?
    } else {
        find("origin", &spec.origin)?
    };
    Ok(ExampleSpec {
        origin,
        targets,
        ..spec.clone()
    })
}

/// Leaves out what the spec excludes, and what is more than it wants.
fn choose(
    pieces: BTreeMap<(Split, String), Files>,
    spec: &ExampleSpec,
    problems: &mut Vec<String>,
) -> Vec<((Split, String), Files)> {
    let begins = |name: &str, with: &str| name.to_lowercase().starts_with(&with.to_lowercase());
    for with in &spec.exclude {
        if !pieces.keys().any(|(_, name)| begins(name, with)) {
            problems.push(format!(
                "no piece is called {with:?}; nothing was excluded by it"
            ));
        }
    }
    pieces
        .into_iter()
        .filter(|((_, name), _)| !spec.exclude.iter().any(|with| begins(name, with)))
        .take(spec.n_songs.unwrap_or(usize::MAX))
        .collect()
}

/// Whether a pair of speech was finished: its record is written last. Folders that somebody else
/// filled have no records.
fn is_whole(folder: &Path, spec: &ExampleSpec, name: &str) -> bool {
    let records = folder.join("pairs");
    spec.source != ExampleSource::Speech
        || !records.is_dir()
        || records.join(format!("{name}.json")).is_file()
}

/// A piece's recordings of all voices, or why they cannot be had.
fn voices(files: &Files, names: &[String]) -> std::result::Result<Vec<Vec<Part>>, String> {
    let voice = |name: &String| -> std::result::Result<Vec<Part>, String> {
        let path = files.get(name).ok_or_else(|| format!("no {name} of it"))?;
        let part = measure(path, name).map_err(|error| error.to_string())?;
        Ok(vec![part])
    };
    names.iter().map(voice).collect()
}

/// What a recording is, by its header; its frames are counted where that does not tell.
fn measure(path: &Path, voice: &str) -> Result<Part> {
    let info = probe(path, None)?;
    let frames = match info.frames {
        Some(frames) => frames,
        None => count_frames(path, None)?,
    };
    if info.sample_rate == 0 || frames == 0 {
        return Err(Error::Malformed {
            problem: "no sound in it".to_owned(),
            path: path.into(),
        });
    }
    Ok(Part {
        name: voice.to_owned(),
        stem: voice.to_owned(),
        path: path.into(),
        track: None,
        frames,
        sample_rate_hz: info.sample_rate,
        channels: info.channels,
    })
}
