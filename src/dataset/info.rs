//! What a folder of examples holds: counts, hours, balance, statistics, a checksum, and leaks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::examples::{EXAMPLES_FILE, ExampleSet, ExampleTarget, stored_example_spec};
use super::excerpt_spec::{EXCERPTS_FILE, ExcerptManifest, ExcerptMode};
use super::features::{FEATURES_FILE, FeatureManifest, is_audio, relative};
use super::file_digest::{digest, hex};
use super::leaks::{Leak, content_leaks, extracted_songs, folders, song_leaks, split_of};
use super::masks::ClassBalance;
use super::multitrack::Split;
use super::npy::read_npy;
use super::statistics::Statistics;
use crate::audio::{files_below, probe};
use crate::error::{Error, Result};
use crate::progress::Reporter;

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
    /// `dataset pairs --out`: inputs and answers of a network.
    Examples,
    /// `dataset render`: a folder of audio per instrument.
    Renders,
}

/// A folder below: a split, an instrument or a stem.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FolderInfo {
    /// Arrays or recordings.
    pub files: u64,
    /// What a network sees at once: slices, recordings, rows of X, or inputs.
    pub examples: u64,
    /// Hours of sound.
    pub hours: f64,
}

/// What a folder of examples holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetInfo {
    /// What wrote it.
    pub kind: DatasetKind,
    /// What lies in it, by folder: "guitar"; with splits also what is beside or in them,
    /// "train/guitar" or "guitar/train". Of features by instrument only.
    pub folders: BTreeMap<String, FolderInfo>,
    /// Whether there are splits, that must not share songs.
    pub has_splits: bool,
    /// Examples of each split: "train", "valid" and "test", whatever their folders are called
    /// ("training", "validation", "val", "dev") and however deep they lie.
    pub splits: BTreeMap<&'static str, u64>,
    /// Hours of sound in all.
    pub hours: f64,
    /// High and low labels, if there are labels; of activity, high is active.
    pub balance: Option<ClassBalance>,
    /// Of the values that networks are given (X, inputs, or features with what fills their ends).
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
    let examples = match kind {
        DatasetKind::Examples => stored_set(folder, reporter)?,
        _ => None,
    };
    let middle = middle_of(excerpts.as_ref(), examples.as_ref());
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
        splits: BTreeMap::new(),
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
        if let Some(place) = place_of(name, kind).filter(|_| facts.is_data) {
            if let Some(split) = split_of(name) {
                *info.splits.entry(split.name()).or_default() += facts.examples;
            }
            let folder = info.folders.entry(place).or_default();
            folder.files += 1;
            folder.examples += facts.examples;
            folder.hours += facts.seconds / 3600.0;
        }
    }
    info.checksum = hex(&hash.finalize());
    add_hours(&mut info, folder, excerpts.as_ref(), examples.as_ref())?;
    if let Some(set) = &examples {
        tell_missing(&mut info, folder, set);
    }
    info.has_splits = !info.splits.is_empty();
    if info.has_splits {
        let data = || {
            let named = files.iter().zip(&facts);
            named
                .filter(|(_, facts)| facts.is_data)
                .map(|((name, _), facts)| (name.as_str(), facts))
        };
        let songs = extracted_songs(folder);
        let listed = listed_songs(excerpts.as_ref(), examples.as_ref());
        let names = data().map(|(name, _)| name);
        info.leaks = song_leaks(names, listed.as_deref(), &songs);
        let telling = data().filter(|(_, facts)| kind != DatasetKind::Examples || facts.varies());
        info.leaks
            .extend(content_leaks(telling.map(|(name, f)| (name, f.digest))));
    }
    info.hours = info.folders.values().map(|folder| folder.hours).sum();
    Ok(info)
}

/// The folder that a file is counted in: all up to its split, and one more if the split is the
/// first; without a split the first. `None` for files beside the folders.
fn place_of(name: &str, kind: DatasetKind) -> Option<String> {
    let folders: Vec<&str> = folders(name).collect();
    let is_split = |folder: &&str| Split::of_folder(folder).is_some();
    let most = match folders.iter().position(is_split) {
        // Their lists tell lengths by instrument, which is the first folder.
        _ if kind == DatasetKind::Features => 1,
        Some(0) => 2,
        Some(place) => place + 1,
        None => 1,
    };
    let place = folders[..most.min(folders.len())].join("/");
    (!place.is_empty()).then_some(place)
}

/// Examples that were stored.
fn stored_set(folder: &Path, reporter: &Reporter) -> Result<Option<ExampleSet>> {
    let spec = stored_example_spec(folder)?;
    spec.map(|spec| ExampleSet::open(folder, &spec, None, reporter))
        .transpose()
}

/// Half way between the two labels, if there are labels.
fn middle_of(excerpts: Option<&ExcerptManifest>, examples: Option<&ExampleSet>) -> Option<f32> {
    let svs = excerpts.filter(|excerpts| excerpts.mode == ExcerptMode::Svs);
    if let Some(excerpts) = svs {
        return Some(0.5 * (excerpts.label_low + excerpts.label_high));
    }
    match examples?.spec().target {
        ExampleTarget::Labels { low, high, .. } => Some(0.5 * (low + high)),
        ExampleTarget::Activity { .. } => Some(0.5),
        ExampleTarget::Picture => None,
    }
}

/// Songs and their splits, where a list tells.
fn listed_songs<'a>(
    excerpts: Option<&'a ExcerptManifest>,
    examples: Option<&'a ExampleSet>,
) -> Option<Vec<(&'a str, &'a str)>> {
    let mut listed = Vec::new();
    for (split, songs) in excerpts.into_iter().flat_map(|excerpts| &excerpts.splits) {
        listed.extend(
            songs
                .iter()
                .map(|song| (song.name.as_str(), split.as_str())),
        );
    }
    for song in examples.into_iter().flat_map(ExampleSet::songs) {
        listed.push((song.name.as_str(), song.split.name()));
    }
    (excerpts.is_some() || examples.is_some()).then_some(listed)
}

/// Stored examples whose files are not all there, or more than are listed.
fn tell_missing(info: &mut DatasetInfo, folder: &Path, set: &ExampleSet) {
    for split in Split::ALL {
        let there = info
            .folders
            .get(split.name())
            .map_or(0, |found| found.files);
        let listed = 2 * set.len(split) as u64;
        if there != listed {
            info.broken.push(format!(
                "{there} arrays where {listed} are listed; store the examples again: {}",
                folder.join(split.name()).display()
            ));
        }
    }
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

impl Facts {
    /// Whether it is an input that is more than silence: silence and answers may well be the same
    /// in two splits.
    fn varies(&self) -> bool {
        self.values.is_some_and(|values| values.min < values.max)
    }
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
    let is_answer = match kind {
        DatasetKind::Excerpts => file.starts_with("y_"),
        DatasetKind::Examples => file.ends_with(".target.npy"),
        _ => false,
    };
    if file.ends_with(".npy") {
        match read_npy(path) {
            Ok(array) if is_answer => {
                // Spectra and pictures as targets are no labels.
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
    if folder.join(EXAMPLES_FILE).is_file() {
        Ok(DatasetKind::Examples)
    } else if folder.join(EXCERPTS_FILE).is_file() {
        Ok(DatasetKind::Excerpts)
    } else if folder.join(FEATURES_FILE).is_file() {
        Ok(DatasetKind::Features)
    } else if has_audio && files.iter().any(|(name, _)| is_mixture(name)) {
        Ok(DatasetKind::Pairs)
    } else if has_audio {
        Ok(DatasetKind::Renders)
    } else {
        let problem = format!(
            "none of {EXAMPLES_FILE}, {EXCERPTS_FILE}, {FEATURES_FILE} and folders of audio is in \
             it: {}",
            folder.display()
        );
        Err(Error::setting("dataset", problem))
    }
}

/// Whether a file lies in `mixture`, or in `mixture` of a split.
fn is_mixture(name: &str) -> bool {
    let mut folders = folders(name).skip_while(|folder| Split::of_folder(folder).is_some());
    folders.next() == Some("mixture")
}

/// Lengths of arrays are told by the manifests.
fn add_hours(
    info: &mut DatasetInfo,
    folder: &Path,
    excerpts: Option<&ExcerptManifest>,
    examples: Option<&ExampleSet>,
) -> Result<()> {
    if let Some(spec) = examples.map(ExampleSet::spec) {
        let frames = spec.stft.hop_length * spec.columns;
        let secs = frames as f64 / f64::from(spec.sample_rate_hz);
        for folder in info.folders.values_mut() {
            folder.hours = folder.examples as f64 * secs / 3600.0;
        }
    }
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
