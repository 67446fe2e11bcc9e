//! What is in two splits of a folder of examples, and should be in one.
//!
//! A split is a folder at any depth: `train/guitar/x.wav` and `guitar/train/x.wav` are both to learn
//! from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::file_digest::hex;
use super::multitrack::Split;

/// The same in two splits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// "song", by name, or "content", by checksum.
    pub kind: &'static str,
    /// The song's name or the checksum.
    pub what: String,
    /// The splits ("train", "valid", "test") or files that it is in.
    pub places: Vec<String>,
}

/// The folders of a path below the folder of examples.
pub(super) fn folders(name: &str) -> impl Iterator<Item = &str> {
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').filter(|folder| !folder.is_empty())
}

/// The split that a path is in: of the first folder that is called like one.
pub(super) fn split_of(name: &str) -> Option<Split> {
    folders(name).find_map(Split::of_folder)
}

/// Songs whose names are in two splits: as `listed` (song, split), else by the names of arrays and
/// recordings. `songs`: what files are called whose names are not their songs' ([`extracted_songs`]).
pub(super) fn song_leaks<'a>(
    data: impl Iterator<Item = &'a str>,
    listed: Option<&[(&str, &str)]>,
    songs: &BTreeMap<String, String>,
) -> Vec<Leak> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |song: &str, split: &str| {
        let song = song.to_lowercase();
        places.entry(song).or_default().insert(split.to_owned());
    };
    if let Some(listed) = listed {
        listed.iter().for_each(|(song, split)| add(song, split));
    } else {
        for name in data {
            if let Some(split) = split_of(name) {
                add(song_of(name, songs), split.name());
            }
        }
    }
    leaks("song", places)
}

/// The song that a file is of.
fn song_of<'a>(name: &'a str, songs: &'a BTreeMap<String, String>) -> &'a str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let section = stem.rsplit_once('_').filter(|(_, number)| {
        number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    match section {
        Some((song, _)) if songs.contains_key(song) => songs[song].as_str(),
        Some((song, _)) if ending == "npy" => song,
        // Recordings may end in numbers of their own.
        _ => stem,
    }
}

/// Songs by the names of their files, as `dataset multitrack --extract` notes them in
/// `made/FILE_NAME.json`: two songs of one name have files of different names.
pub(super) fn extracted_songs(folder: &Path) -> BTreeMap<String, String> {
    let mut songs = BTreeMap::new();
    let records = std::fs::read_dir(folder.join("made"));
    for record in records.into_iter().flatten().flatten() {
        let path = record.path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let record: Value = serde_json::from_str(&text).unwrap_or_default();
        let name = path.file_stem().map(|name| name.to_string_lossy());
        // Other records are made of other things.
        if let (Some(name), Some(song)) = (name, record.pointer("/0/0").and_then(Value::as_str)) {
            songs.insert(name.into_owned(), song.to_owned());
        }
    }
    songs
}

/// Files of the same bytes in two splits.
pub(super) fn content_leaks<'a>(data: impl Iterator<Item = (&'a str, [u8; 32])>) -> Vec<Leak> {
    let mut splits: BTreeMap<[u8; 32], BTreeSet<Split>> = BTreeMap::new();
    let mut places: BTreeMap<[u8; 32], BTreeSet<String>> = BTreeMap::new();
    for (name, digest) in data {
        if let Some(split) = split_of(name) {
            splits.entry(digest).or_default().insert(split);
            places.entry(digest).or_default().insert(name.to_owned());
        }
    }
    places.retain(|digest, _| splits.get(digest).is_some_and(|splits| splits.len() > 1));
    let places = places
        .into_iter()
        .map(|(digest, places)| (hex(&digest), places))
        .collect();
    leaks("content", places)
}

fn leaks(kind: &'static str, places: BTreeMap<String, BTreeSet<String>>) -> Vec<Leak> {
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(what, places)| Leak {
            kind,
            what,
            places: places.into_iter().collect(),
        })
        .collect()
}
