//! The songs that estimates are measured against: a folder of songs in parts, or one song's folder.

use std::path::{Path, PathBuf};

use super::scores::same_name;
use crate::audio::{SUPPORTED_EXTENSIONS, count_frames, probe, sanitise_file_name};
use crate::dataset::{
    Mixture, MultitrackSet, MultitrackSpec, Part, Problem, ProblemKind, Song, Split,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Names of a mixture that lies beside the stems of one song.
const MIXTURE_NAMES: [&str; 3] = ["mixture", "mix", "full mix"];

/// Which songs of a folder are measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrackSpec {
    /// Only songs for this purpose, for example [`Split::Test`]; `None` takes all.
    pub split: Option<Split>,
    /// Songs to leave out: names or beginnings of names, in any case of letters.
    pub exclude: Vec<String>,
    /// At most this many, in the order of their names; `None` takes all.
    pub n_songs: Option<usize>,
}

/// Songs with their true stems.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackSet {
    /// The songs to be measured, by split and name.
    pub songs: Vec<Song>,
    /// The other songs of the folder: their names are known, and nothing is asked of them.
    pub others: Vec<Song>,
    /// What a person should know of the folder.
    pub notes: Vec<String>,
}

impl TrackSet {
    /// Looks at a folder of songs (MUSDB18, MUSDB18-HQ, a sub-folder per song), or at a folder in
    /// which the stems of one song lie: two audio files or more, of which one is no mixture.
    ///
    /// # Errors
    /// [`Error::Setting`] if no song is there or left; [`Error::Io`] if the folder cannot be read.
    pub fn open(folder: &Path, spec: &TrackSpec) -> Result<Self> {
        Self::open_with(folder, spec, &Reporter::silent())
    }

    /// As [`Self::open`]. `reporter` hears after every song how many were looked into.
    ///
    /// # Errors
    /// As [`Self::open`]; [`Error::Cancelled`], between two songs.
    pub fn open_with(folder: &Path, spec: &TrackSpec, reporter: &Reporter) -> Result<Self> {
        if spec.n_songs == Some(0) {
            return Err(Error::setting("songs", "must be 1 or more"));
        }
        let files = audio_files(folder)?;
        if files.len() >= 2 && files.iter().any(|file| !is_mixture(file)) {
            return Self::one_song(folder, &files, spec);
        }
        let set = MultitrackSet::open_with(folder, &MultitrackSpec::default(), reporter)?;
        let mut notes = set.notes;
        for name in &spec.exclude {
            if !set.songs.iter().any(|song| begins_with(&song.name, name)) {
                notes.push(format!(
                    "no song is called {name:?}; nothing was excluded by it"
                ));
            }
        }
        let (mut songs, mut others): (Vec<Song>, Vec<Song>) =
            set.songs.into_iter().partition(|song| {
                let is_excluded = spec
                    .exclude
                    .iter()
                    .any(|name| begins_with(&song.name, name));
                !is_excluded && spec.split.is_none_or(|split| song.split == split)
            });
        if songs.is_empty() {
            let split = spec.split.map_or("", Split::name);
            let problem = format!(
                "leave out all {} songs ({split}); choose others, or a folder with sub-folders train and \
                 test: {}",
                others.len(),
                folder.display()
            );
            return Err(Error::setting("split and exclude", problem));
        }
        let most = spec.n_songs.unwrap_or(usize::MAX).min(songs.len());
        others.extend(songs.drain(most..));
        Ok(Self {
            songs,
            others,
            notes,
        })
    }

    fn one_song(folder: &Path, files: &[PathBuf], spec: &TrackSpec) -> Result<Self> {
        if spec.split.is_some() || !spec.exclude.is_empty() {
            let problem = format!(
                "the stems of one song lie in this folder; leave --split and --exclude out: {}",
                folder.display()
            );
            return Err(Error::setting("references", problem));
        }
        let name = own_name(folder);
        let note = format!("taken for one song, {name:?}: its stems lie in the folder itself");
        Ok(Self {
            songs: vec![song_of(name, files)],
            others: Vec::new(),
            notes: vec![note],
        })
    }
}

/// Whether a name begins with another, in any case of letters.
fn begins_with(name: &str, beginning: &str) -> bool {
    name.to_lowercase().starts_with(&beginning.to_lowercase())
}

/// A folder's own name, also of `.` and `..`.
pub(super) fn own_name(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.into());
    real.file_name()
        .map_or_else(|| "song".into(), |name| name.to_string_lossy().into_owned())
}

/// Whether a file's name is that of a mixture.
pub(super) fn is_mixture(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    MIXTURE_NAMES.iter().any(|name| same_name(name, &stem))
}

/// Whether a file's ending is one of audio.
pub(super) fn is_audio(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| SUPPORTED_EXTENSIONS.contains(&ending.as_str()))
}

/// The audio files right in a folder, by name. Files of MUSDB18 are songs and no stems.
fn audio_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let entry = entry.map_err(Error::io("read the folder", folder))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_song = name.ends_with(".stem.mp4");
        if is_audio(&path) && path.is_file() && !is_song && !name.starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// One song of files that are its stems.
fn song_of(name: String, files: &[PathBuf]) -> Song {
    let mut song = Song {
        file_name: sanitise_file_name(&name),
        name,
        split: Split::None,
        parts: Vec::new(),
        mixture: None,
        lost_stems: Vec::new(),
        seconds: 0.0,
        sample_rate_hz: 0,
        channels: 0,
        problems: Vec::new(),
    };
    let mut told = |kind, text: String| song.problems.push(Problem { kind, text });
    for path in files {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let part = match part_of(path, &stem) {
            Ok(part) => part,
            Err(error) => {
                told(ProblemKind::Unreadable, error.to_string());
                if !is_mixture(path) {
                    song.lost_stems.push(stem.into_owned());
                }
                continue;
            }
        };
        let is_taken = song.parts.iter().any(|other| same_name(&other.name, &stem));
        if is_taken || is_mixture(path) && song.mixture.is_some() {
            let text = format!("another file is {stem:?} already: {}", path.display());
            told(ProblemKind::LeftOut, text);
        } else if is_mixture(path) {
            song.mixture = Some(Mixture::File(part));
        } else {
            song.parts.push(part);
        }
    }
    let highest_hz = song.parts.iter().map(|part| part.sample_rate_hz).max();
    let own = match &song.mixture {
        Some(Mixture::File(part)) => Some(part.clone()),
        _ => None,
    };
    song.sample_rate_hz = own
        .as_ref()
        .map_or(highest_hz.unwrap_or(0), |part| part.sample_rate_hz);
    let recordings = song.parts.iter().chain(&own);
    song.channels = recordings.clone().map(|p| p.channels).max().unwrap_or(0);
    song.seconds = recordings.map(Part::seconds).fold(0.0, f64::max);
    if song.mixture.is_none() && song.lost_stems.is_empty() && !song.parts.is_empty() {
        song.mixture = Some(Mixture::Sum);
    }
    song
}

fn part_of(path: &Path, stem: &str) -> Result<Part> {
    let info = probe(path, None)?;
    let frames = match info.frames {
        Some(frames) => frames,
        None => count_frames(path, None)?,
    };
    if info.sample_rate == 0 {
        return Err(Error::Malformed {
            problem: "the header gives no sample rate".into(),
            path: path.into(),
        });
    }
    Ok(Part {
        name: stem.to_owned(),
        stem: stem.to_owned(),
        path: path.into(),
        track: None,
        frames,
        sample_rate_hz: info.sample_rate,
        channels: info.channels,
    })
}
