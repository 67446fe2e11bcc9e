//! Which file is the estimate of which stem of which song, by names alone.
//!
//! ```text
//! DIR/[SPLIT/]SONG/STEM.wav              DIR/[METHOD/]SONG/[METHOD/]STEM.wav
//! DIR/[METHOD/]SONG (STEM).wav           DIR/SONG/ANYTHING (STEM).wav
//! DIR/STEM.wav                           (of the only song)
//! ```
//!
//! Case of letters does not matter. Folders that name neither song nor split are methods' names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use super::stem_names::{Renames, stems_of};
use super::tracks::{TrackSet, is_audio, is_mixture};
use crate::audio::{files_below, sanitise_file_name};
use crate::dataset::{Song, Split};
use crate::error::{Error, Result};

/// Folders that say nothing.
const PLAIN_FOLDERS: [&str; 2] = ["stems", "estimates"];

/// A method's files: by the song's `file_name`, then by stem.
pub type EstimateFiles = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FoundEstimates {
    /// The methods by name.
    pub methods: BTreeMap<String, EstimateFiles>,
    /// Audio files that are no stem of any song, and why, for a person.
    pub unmatched: Vec<String>,
}

/// Looks for estimates of the songs below a folder. `name` is the method's; without one it is the
/// folder's own, or that of the folders between it and the files.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read; [`Error::Setting`] if no file fits any song.
pub fn find_estimates(
    folder: &Path,
    name: Option<&str>,
    set: &TrackSet,
    renames: &Renames,
) -> Result<FoundEstimates> {
    let all = set.songs.iter().chain(&set.others);
    let known: Vec<Known> = all.map(Known::of).collect();
    let mut found = FoundEstimates::default();
    let files = files_below(folder)?;
    for path in files.iter().filter(|path| is_audio(path)) {
        let place = path.strip_prefix(folder).unwrap_or(path);
        match read_name(place, &known, renames) {
            Ok(Some(fit)) if fit.song >= set.songs.len() => {}
            Ok(Some(fit)) => {
                let method = method_name(folder, name, &fit.folders);
                let stems = found.methods.entry(method).or_default();
                let stems = stems.entry(known[fit.song].file_name.clone()).or_default();
                match stems.entry(fit.stem) {
                    Entry::Occupied(there) => found.unmatched.push(format!(
                        "another file is the {} of {:?} already: {}",
                        there.key(),
                        set.songs[fit.song].name,
                        path.display()
                    )),
                    Entry::Vacant(place) => {
                        place.insert(path.clone());
                    }
                }
            }
            Ok(None) => {}
            Err(problem) => found
                .unmatched
                .push(format!("{problem}: {}", path.display())),
        }
    }
    if found.methods.is_empty() {
        let problem = format!(
            "no file in it is named after a song and a stem of the references, as SONG/STEM.wav or \
             SONG (STEM).wav ({} audio files seen; --rename NAME=STEM helps with stems): {}",
            found.unmatched.len(),
            folder.display()
        );
        return Err(Error::setting("estimates", problem));
    }
    Ok(found)
}

/// What a song is called in names of files.
struct Known {
    file_name: String,
    split: Split,
    /// In small letters.
    keys: Vec<String>,
    stems: Vec<String>,
}

impl Known {
    fn of(song: &Song) -> Self {
        let name = song.name.to_lowercase();
        let mut keys = vec![
            // What a file SONG.stem.mp4 leaves of its name.
            format!("{name}.stem"),
            sanitise_file_name(&name),
            song.file_name.to_lowercase(),
            name,
        ];
        keys.dedup();
        Self {
            file_name: song.file_name.clone(),
            split: song.split,
            keys,
            stems: stems_of(song),
        }
    }

    fn has_key(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key == name)
    }

    /// What follows the song's name, if a name begins so; and the length of that beginning.
    fn rest<'a>(&self, name: &'a str) -> Option<(usize, &'a str)> {
        let rests = self.keys.iter().filter_map(|key| {
            let rest = name.strip_prefix(key.as_str())?;
            let is_end = !rest.starts_with(char::is_alphanumeric);
            (is_end && !rest.is_empty()).then_some((key.len(), rest))
        });
        rests.max_by_key(|(length, _)| *length)
    }
}

struct Fit {
    song: usize,
    stem: String,
    /// Folders that are neither song nor split.
    folders: Vec<String>,
}

/// What a file is, by its place below the folder; `None` for mixtures.
fn read_name(
    place: &Path,
    known: &[Known],
    renames: &Renames,
) -> std::result::Result<Option<Fit>, String> {
    if is_mixture(place) {
        return Ok(None);
    }
    let file = place.file_stem().unwrap_or_default().to_string_lossy();
    let file = file.to_lowercase();
    let parent = place.parent().unwrap_or(Path::new(""));
    let folders: Vec<String> = parent
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let (song, in_folder) = song_of(&folders, &file, known)
        .ok_or_else(|| "is named after none of the songs".to_owned())?;
    let of_song = &known[song];
    let stem = stem_words(of_song, &file)
        .into_iter()
        .find_map(|word| renames.known_stem(word, &of_song.stems))
        .ok_or_else(|| {
            format!(
                "is named after none of the stems ({})",
                of_song.stems.join(", ")
            )
        })?;
    let is_spoken_for = |place: usize, name: &str| {
        let name = name.to_lowercase();
        in_folder == Some(place)
            || Split::ALL.iter().any(|split| split.name() == name)
            || PLAIN_FOLDERS.contains(&name.as_str())
    };
    let rest = folders.iter().enumerate();
    let rest = rest.filter(|(place, name)| !is_spoken_for(*place, name));
    Ok(Some(Fit {
        song,
        stem,
        folders: rest.map(|(_, name)| name.clone()).collect(),
    }))
}

/// The song of a file, and which of the folders is named after it, if any.
fn song_of(folders: &[String], file: &str, known: &[Known]) -> Option<(usize, Option<usize>)> {
    let lowered: Vec<String> = folders.iter().map(|name| name.to_lowercase()).collect();
    // Songs of one name in two splits are told apart by a folder of the split.
    let best = |songs: Vec<usize>| {
        let in_split = |song: &&usize| lowered.iter().any(|f| f == known[**song].split.name());
        songs.iter().find(in_split).or(songs.first()).copied()
    };
    for (place, name) in lowered.iter().enumerate().rev() {
        let songs: Vec<usize> = (0..known.len())
            .filter(|song| known[*song].has_key(name))
            .collect();
        if let Some(song) = best(songs) {
            return Some((song, Some(place)));
        }
    }
    let begins = (0..known.len()).filter_map(|song| Some((song, known[song].rest(file)?.0)));
    let begins: Vec<(usize, usize)> = begins.collect();
    let longest = begins.iter().map(|(_, length)| *length).max();
    let songs: Vec<usize> = begins
        .into_iter()
        .filter(|(_, length)| Some(*length) == longest)
        .map(|(song, _)| song)
        .collect();
    best(songs)
        .or((known.len() == 1 && folders.len() <= 1).then_some(0))
        .map(|song| (song, None))
}

/// The words in a file's name that may be its stem, the likeliest first.
fn stem_words<'a>(song: &Known, file: &'a str) -> Vec<&'a str> {
    let mut words = vec![file];
    let in_brackets = file
        .rfind('(')
        .and_then(|open| Some((open, open + file[open..].find(')')?)));
    if let Some((open, close)) = in_brackets {
        words.push(file[open + 1..close].trim());
    }
    if let Some((_, rest)) = song.rest(file) {
        words.push(rest.trim_matches([' ', '_', '-', '(', ')', '[', ']', '.']));
    }
    words
}

fn method_name(folder: &Path, name: Option<&str>, folders: &[String]) -> String {
    let own = folders.join("/");
    match (name, own.is_empty()) {
        (Some(name), true) => name.to_owned(),
        (Some(name), false) => format!("{name}/{own}"),
        (None, true) => super::tracks::own_name(folder),
        (None, false) => own,
    }
}
