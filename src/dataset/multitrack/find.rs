//! What songs a folder holds, by the names of its files alone.

use std::path::{Path, PathBuf};

use super::{Layout, Problem, ProblemKind, Split, musdb, same_name};
use crate::audio::SUPPORTED_EXTENSIONS;
use crate::error::{Error, Result};

/// Names that a mixture has, in any case of letters; an earlier one wins.
const MIXTURE_NAMES: [&str; 9] = [
    "mixture", "mix", "full mix", "full_mix", "fullmix", "full", "song", "master", "original",
];

/// A recording that seems to be there.
#[derive(Debug, Clone)]
pub(super) struct FoundFile {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) track: Option<usize>,
}

/// A song that seems to be there.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) split: Split,
    /// Without the mixture.
    pub(super) files: Vec<FoundFile>,
    pub(super) mixture: Option<FoundFile>,
    pub(super) problems: Vec<Problem>,
}

/// The songs below a folder, by split and name, and what was met besides.
pub(super) fn find(folder: &Path) -> Result<(Layout, Vec<Found>, Vec<String>)> {
    let mut songs = Vec::new();
    let mut notes = Vec::new();
    let mut is_musdb18 = false;
    let mut has_splits = false;
    for (path, name) in entries(folder)? {
        if let Some(split) = Split::of_folder(&name).filter(|_| holds_songs(&path)) {
            has_splits = true;
            for (path, name) in entries(&path)? {
                is_musdb18 |= add(&path, &name, split, &mut songs, &mut notes);
            }
        } else {
            is_musdb18 |= add(&path, &name, Split::None, &mut songs, &mut notes);
        }
    }
    let layout = if is_musdb18 {
        Layout::Musdb18
    } else if has_splits && songs.iter().any(musdb::is_hq) {
        Layout::Musdb18Hq
    } else {
        Layout::Folder
    };
    if layout == Layout::Musdb18Hq {
        songs.iter_mut().for_each(musdb::keep_standard_parts);
    }
    if layout != Layout::Folder {
        for song in &mut songs {
            song.split = musdb::standard_split(song);
        }
    }
    songs.sort_by(|a, b| a.split.cmp(&b.split).then_with(|| a.name.cmp(&b.name)));
    Ok((layout, songs, notes))
}

/// Takes one entry of a folder of songs; answers whether it is a MUSDB18 file.
fn add(
    path: &Path,
    name: &str,
    split: Split,
    songs: &mut Vec<Found>,
    notes: &mut Vec<String>,
) -> bool {
    if path.is_dir() {
        match song_folder(path, name, split) {
            Ok(Some(song)) => songs.push(song),
            Ok(None) => notes.push(format!("holds no audio files: {}", path.display())),
            Err(error) => songs.push(Found {
                name: name.to_owned(),
                split,
                files: Vec::new(),
                mixture: None,
                problems: vec![Problem::new(ProblemKind::Unreadable, error.to_string())],
            }),
        }
        return false;
    }
    if let Some(song) = musdb::song_of(name) {
        songs.push(musdb::in_stem_file(song, path, split));
        return true;
    }
    if is_audio(path) {
        notes.push(format!(
            "lies outside the folders of songs and was left out: {}",
            path.display()
        ));
    }
    false
}

/// A folder with a file per part.
fn song_folder(folder: &Path, name: &str, split: Split) -> Result<Option<Found>> {
    let mut files: Vec<FoundFile> = Vec::new();
    let mut problems = Vec::new();
    let mut candidates: Vec<(usize, FoundFile)> = Vec::new();
    for (path, _) in entries(folder)? {
        if path.is_dir() || !is_audio(&path) {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default();
        let file = FoundFile {
            name: stem.to_string_lossy().into_owned(),
            path: path.clone(),
            track: None,
        };
        let rank = MIXTURE_NAMES
            .iter()
            .position(|known| same_name(known, &file.name));
        if let Some(rank) = rank {
            candidates.push((rank, file));
        } else if files.iter().any(|other| same_name(&other.name, &file.name)) {
            problems.push(Problem::new(
                ProblemKind::LeftOut,
                format!(
                    "another file is {:?} already: {}",
                    file.name,
                    path.display()
                ),
            ));
        } else {
            files.push(file);
        }
    }
    // A stable sort: of two files with one name the first by path is taken.
    candidates.sort_by_key(|(rank, _)| *rank);
    let mut candidates = candidates.into_iter().map(|(_, file)| file);
    let mixture = candidates.next();
    problems.extend(candidates.map(|file| {
        Problem::new(
            ProblemKind::LeftOut,
            format!(
                "another file is the mixture already: {}",
                file.path.display()
            ),
        )
    }));
    if files.is_empty() && mixture.is_none() {
        return Ok(None);
    }
    Ok(Some(Found {
        name: name.to_owned(),
        split,
        files,
        mixture,
        problems,
    }))
}

/// Whether audio files lie in a folder itself: then it may be one song's.
pub(super) fn holds_audio(folder: &Path) -> bool {
    let is_file = |(path, _): &(PathBuf, String)| !path.is_dir() && is_audio(path);
    entries(folder).is_ok_and(|entries| entries.iter().any(is_file))
}

/// Whether a folder holds songs rather than parts: a song may be called "Test".
fn holds_songs(folder: &Path) -> bool {
    let is_song =
        |(path, name): &(PathBuf, String)| path.is_dir() || musdb::song_of(name).is_some();
    entries(folder).is_ok_and(|entries| entries.iter().any(is_song))
}

fn is_audio(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| SUPPORTED_EXTENSIONS.contains(&ending.as_str()))
}

/// What is in a folder, by name; hidden things are not.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    if !folder.is_dir() && folder.exists() {
        // Only a folder has entries; a file among folders is somebody else's.
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let entry = entry.map_err(Error::io("read the folder", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((entry.path(), name));
        }
    }
    found.sort();
    Ok(found)
}
