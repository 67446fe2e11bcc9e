//! What a folder of examples holds: counts, hours, balance, statistics, a checksum, and leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::excerpt_spec::{EXCERPTS_FILE, ExcerptManifest, ExcerptMode};
use super::features::{FEATURES_FILE, FeatureManifest, files_below, is_audio};
use super::masks::ClassBalance;
use super::npy::read_npy;
use super::statistics::Statistics;
use crate::audio::probe;
use crate::error::{Error, Result};
use crate::progress::Reporter;

const CHUNK_BYTES: usize = 1 << 20;
/// Folders that keep songs apart.
const SPLITS: [&str; 3] = ["train", "valid", "test"];

/// What wrote a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetKind {
    /// `dataset features`.
    Features,
    /// `dataset excerpts`.
    Excerpts,
    /// `dataset multitrack --extract`: pairs of mixture and stem.
    Pairs,
    /// `dataset render`: a folder of audio per instrument.
    Renders,
}

/// A folder below: a split, an instrument or a stem.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FolderInfo {
    /// Arrays or recordings.
    pub files: u64,
    /// What a network sees at once: slices, recordings, or rows of X.
    pub examples: u64,
    /// Hours of sound.
    pub hours: f64,
}

/// The same in two splits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// "song", by name, or "content", by checksum.
    pub kind: &'static str,
    /// The song's name or the checksum.
    pub what: String,
    /// The splits or files that it is in.
    pub places: Vec<String>,
}

/// What a folder of examples holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetInfo {
    /// What wrote it.
    pub kind: DatasetKind,
    /// Its sub-folders by name.
    pub folders: BTreeMap<String, FolderInfo>,
    /// Whether these are splits, that must not share songs.
    pub has_splits: bool,
    /// Hours of sound in all.
    pub hours: f64,
    /// High and low labels, if there are labels.
    pub balance: Option<ClassBalance>,
    /// Of the values that networks are given (X, or features with what fills their ends).
    pub statistics: Option<Statistics>,
    /// SHA-256 over the path of each file below the folder (with `/`), a zero byte, and the SHA-256
    /// of its bytes (32 bytes), in the order of the paths.
    pub checksum: String,
    /// What is in two splits.
    pub leaks: Vec<Leak>,
    /// Files that cannot be read, and why.
    pub broken: Vec<String>,
}

/// Looks through a folder of examples and reads every file in it; hidden files are passed over.
///
/// # Errors
/// [`Error::Setting`] if it is none that this program writes; [`Error::Io`]; [`Error::Document`];
/// [`Error::Cancelled`].
pub fn dataset_info(folder: &Path, reporter: &Reporter) -> Result<DatasetInfo> {
    let mut files: Vec<(String, PathBuf)> = files_below(folder)?
        .into_iter()
        .map(|path| (relative(folder, &path), path))
        .collect();
    files.sort();
    let kind = kind_of(folder, &files)?;
    let excerpts = match kind {
        DatasetKind::Excerpts => Some(ExcerptManifest::read(folder)?),
        _ => None,
    };
    let is_labelled = excerpts
        .as_ref()
        .is_some_and(|manifest| manifest.mode == ExcerptMode::Svs);
    // Half way between the two labels.
    let middle = excerpts
        .as_ref()
        .filter(|_| is_labelled)
        .map(|excerpts| 0.5 * (excerpts.label_low + excerpts.label_high));
    let done = AtomicU64::new(0);
    let facts: Vec<Facts> = files
        .par_iter()
        .map(|(name, path)| {
            let done = done.fetch_add(1, Ordering::Relaxed);
            reporter.step("Reading", done, files.len() as u64)?;
            look(name, path, kind, middle)
        })
        .collect::<Result<_>>()?;

    let mut info = DatasetInfo {
        kind,
        folders: BTreeMap::new(),
        has_splits: false,
        hours: 0.0,
        balance: None,
        statistics: None,
        checksum: String::new(),
        leaks: Vec::new(),
        broken: Vec::new(),
    };
    let mut hash = Sha256::new();
    // In the order of the names, so that sums do not depend on threads.
    for ((name, _), facts) in files.iter().zip(&facts) {
        hash.update(name.as_bytes());
        hash.update([0_u8]);
        hash.update(facts.digest);
        if let Some(problem) = &facts.broken {
            info.broken.push(problem.clone());
        }
        if let Some(labels) = facts.labels {
            info.balance = Some(info.balance.unwrap_or_default().plus(labels));
        }
        if let Some(values) = facts.values {
            info.statistics = Some(info.statistics.unwrap_or_default().plus(values));
        }
        if let Some((first, _)) = name.split_once('/').filter(|_| facts.is_data) {
            let folder = info.folders.entry(first.to_owned()).or_default();
            folder.files += 1;
            folder.examples += facts.examples;
            folder.hours += facts.seconds / 3600.0;
        }
    }
    info.checksum = hex(&hash.finalize());
    add_hours(&mut info, folder, excerpts.as_ref())?;
    info.has_splits = info
        .folders
        .keys()
        .any(|name| SPLITS.contains(&name.as_str()));
    if info.has_splits {
        info.leaks = song_leaks(&files, excerpts.as_ref());
        info.leaks.extend(content_leaks(&files, &facts));
    }
    info.hours = info.folders.values().map(|folder| folder.hours).sum();
    Ok(info)
}

/// What one file is.
struct Facts {
    digest: [u8; 32],
    /// Whether it is an array or a recording.
    is_data: bool,
    examples: u64,
    seconds: f64,
    values: Option<Statistics>,
    labels: Option<ClassBalance>,
    broken: Option<String>,
}

fn look(name: &str, path: &Path, kind: DatasetKind, middle: Option<f32>) -> Result<Facts> {
    let mut facts = Facts {
        digest: digest(path)?,
        is_data: true,
        examples: 0,
        seconds: 0.0,
        values: None,
        labels: None,
        broken: None,
    };
    let file = name.rsplit('/').next().unwrap_or(name);
    let is_excerpts = kind == DatasetKind::Excerpts;
    if file.ends_with(".npy") {
        match read_npy(path) {
            Ok(array) if is_excerpts && file.starts_with("y_") => {
                // Spectra as targets are no labels.
                facts.labels = middle.map(|middle| ClassBalance::of(&array.values, middle));
            }
            Ok(array) => {
                let rows = array.shape.first().map_or(0, |rows| *rows as u64);
                facts.examples = if is_excerpts { rows } else { 1 };
                facts.values = Some(Statistics::of(&array.values));
            }
            Err(error) => facts.broken = Some(error.to_string()),
        }
    } else if is_audio(path) {
        match probe(path, None) {
            Ok(info) => {
                facts.examples = 1;
                facts.seconds = info.seconds.unwrap_or(0.0);
            }
            Err(error) => facts.broken = Some(error.to_string()),
        }
    } else {
        facts.is_data = false;
    }
    Ok(facts)
}

fn kind_of(folder: &Path, files: &[(String, PathBuf)]) -> Result<DatasetKind> {
    let has_audio = files
        .iter()
        .any(|(name, path)| name.contains('/') && is_audio(path));
    if folder.join(EXCERPTS_FILE).is_file() {
        Ok(DatasetKind::Excerpts)
    } else if folder.join(FEATURES_FILE).is_file() {
        Ok(DatasetKind::Features)
    } else if has_audio && folder.join("mixture").is_dir() {
        Ok(DatasetKind::Pairs)
    } else if has_audio {
        Ok(DatasetKind::Renders)
    } else {
        let problem = format!(
            "neither {EXCERPTS_FILE} nor {FEATURES_FILE} nor folders of audio are in it: {}",
            folder.display()
        );
        Err(Error::setting("dataset", problem))
    }
}

/// Lengths of arrays are told by the manifests.
fn add_hours(
    info: &mut DatasetInfo,
    folder: &Path,
    excerpts: Option<&ExcerptManifest>,
) -> Result<()> {
    if let Some(excerpts) = excerpts {
        let secs = excerpts.excerpt_samples as f64 / f64::from(excerpts.sample_rate_hz.max(1));
        for folder in info.folders.values_mut() {
            folder.hours = folder.examples as f64 * secs / 3600.0;
        }
    }
    if info.kind == DatasetKind::Features {
        for (name, count) in FeatureManifest::read(folder)?.instruments {
            if let Some(folder) = info.folders.get_mut(&name) {
                folder.hours = count.seconds / 3600.0;
            }
        }
    }
    Ok(())
}

/// Songs whose names are in two splits: by the manifest, else by the names of files.
fn song_leaks(files: &[(String, PathBuf)], excerpts: Option<&ExcerptManifest>) -> Vec<Leak> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |song: &str, split: &str| {
        let song = song.to_lowercase();
        places.entry(song).or_default().insert(split.to_owned());
    };
    if let Some(excerpts) = excerpts {
        for (split, songs) in &excerpts.splits {
            songs.iter().for_each(|song| add(&song.name, split));
        }
    } else {
        for (name, path) in files {
            let Some((split, _)) = name.split_once('/') else {
                continue;
            };
            let is_array = path.extension().is_some_and(|ending| ending == "npy");
            if SPLITS.contains(&split) && (is_array || is_audio(path)) {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                // Recordings may end in numbers of their own.
                let song = if is_array { song_of(&stem) } else { &stem };
                add(song, split);
            }
        }
    }
    leaks("song", places)
}

/// A file's name without the number of its section.
fn song_of(stem: &str) -> &str {
    match stem.rsplit_once('_') {
        Some((song, number))
            if number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            song
        }
        _ => stem,
    }
}

/// Files of the same bytes in two splits.
fn content_leaks(files: &[(String, PathBuf)], facts: &[Facts]) -> Vec<Leak> {
    let mut splits: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((name, _), facts) in files.iter().zip(facts).filter(|(_, facts)| facts.is_data) {
        let Some((split, _)) = name.split_once('/') else {
            continue;
        };
        if SPLITS.contains(&split) {
            let digest = hex(&facts.digest);
            splits.entry(digest.clone()).or_default().insert(split);
            places.entry(digest).or_default().insert(name.clone());
        }
    }
    places.retain(|digest, _| splits.get(digest).is_some_and(|splits| splits.len() > 1));
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

/// A path below the folder, the same text on every system.
fn relative(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    let names: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.join("/")
}

/// SHA-256 of a file, read piece by piece.
fn digest(path: &Path) -> Result<[u8; 32]> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk).map_err(Error::io("read", path))?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&chunk[..read]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
