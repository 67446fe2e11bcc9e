//! Pictures for networks from folders of audio: `OUT/INSTRUMENT/PIECE_NNN.npy`.
//!
//! Every sub-folder is an instrument, as `dataset render` writes them. One piece per processor; what
//! is there and whole is kept, and one broken file does not stop the rest.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::feature_kind::{FeatureKind, FeatureMaker};
use super::feature_slices::{Counts, add_all, none_of, piece_name, remove_beyond};
use super::made::is_newer;
use super::manifest::{read_toml, write_toml};
use super::npy::{npy_shape, write_npy};
use crate::apply::mixed_to_mono;
use crate::audio::{
    Clip, SUPPORTED_EXTENSIONS, decode, files_below, probe, resample, resampled_frames,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;
use crate::spectral::{MagnitudePicture, StftSpec};

/// The file that tells of a folder of features.
pub const FEATURES_FILE: &str = "features.toml";

/// What features are made, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureOptions {
    /// The destination; every instrument has a folder in it.
    pub out: PathBuf,
    /// What is made.
    pub kind: FeatureKind,
    /// Whether slices that are there are made anew.
    pub overwrite: bool,
}

/// A recording of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureInput {
    /// The file.
    pub path: PathBuf,
    /// The folder that it is in or below.
    pub instrument: String,
    /// Its path below that folder, without ending.
    pub piece: PathBuf,
}

/// What became of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct FeatureFile {
    /// Slices that were written.
    pub written: usize,
    /// Slices that were there already.
    pub kept: usize,
    /// Length in seconds.
    pub seconds: f64,
}

/// What there is of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct InstrumentCount {
    /// Recordings.
    pub pieces: u64,
    /// Slices of all of them.
    pub slices: u64,
    /// Their length together in seconds.
    pub seconds: f64,
}

/// What `features.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureManifest {
    /// The version of the program that made them.
    pub version: String,
    /// What they are.
    pub kind: FeatureKind,
    /// The sample rate that they are made at, in hertz.
    pub sample_rate_hz: u32,
    /// What a slice's indices and values are, for a person.
    pub layout: String,
    /// All slices together.
    pub slices: u64,
    /// What there is of each instrument.
    pub instruments: BTreeMap<String, InstrumentCount>,
    /// The pieces that this and earlier runs made slices of, by instrument, with `/` between the
    /// folders of a name: with another kind these slices go.
    #[serde(default)]
    pub pieces: BTreeMap<String, BTreeSet<String>>,
    /// How spectra are made.
    pub stft: StftSpec,
    /// How pictures are made of them.
    pub picture: MagnitudePicture,
}

impl FeatureManifest {
    /// Reads a folder's `features.toml`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Document`].
    pub fn read(folder: &Path) -> Result<Self> {
        read_toml("list of features", &folder.join(FEATURES_FILE))
    }

    fn of(kind: FeatureKind) -> Self {
        let options = kind.preset().options();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            kind,
            sample_rate_hz: kind.sample_rate_hz(),
            layout: kind.layout().to_owned(),
            slices: 0,
            instruments: BTreeMap::new(),
            pieces: BTreeMap::new(),
            stft: options.stft,
            picture: options.picture,
        }
    }
}

/// The recordings in the sub-folders of a folder, by instrument and name.
///
/// # Errors
/// [`Error::Setting`] if there are none; [`Error::Io`].
pub fn find_features(folder: &Path) -> Result<Vec<FeatureInput>> {
    let mut found = Vec::new();
    for path in files_below(folder)? {
        let Ok(relative) = path.strip_prefix(folder) else {
            continue;
        };
        let mut parts = relative.components();
        let first = parts.next();
        let piece = parts.as_path().with_extension("");
        // A file of the folder itself has no instrument.
        let Some(first) = first.filter(|_| !piece.as_os_str().is_empty()) else {
            continue;
        };
        if is_audio(&path) {
            found.push(FeatureInput {
                instrument: first.as_os_str().to_string_lossy().into_owned(),
                piece,
                path,
            });
        }
    }
    if found.is_empty() {
        let problem = format!(
            "holds no sub-folder with audio files; make one per instrument: {}",
            folder.display()
        );
        return Err(Error::setting("features folder", problem));
    }
    Ok(found)
}

/// Makes the slices of all recordings and `features.toml`; `tell` hears of every recording, in no
/// certain order, from several threads. With `overwrite`, slices of another kind are removed first,
/// those of recordings that are no longer there too; other files are left alone.
///
/// # Errors
/// [`Error::Setting`] if features of another kind are there and `overwrite` is not given;
/// [`Error::Cancelled`]; [`Error::Io`] of the manifest. What goes wrong with a recording is told and
/// does not stop the others.
pub fn write_features(
    inputs: &[FeatureInput],
    options: &FeatureOptions,
    tell: &(dyn Fn(&FeatureInput, &Result<FeatureFile>) + Sync),
    reporter: &Reporter,
) -> Result<FeatureManifest> {
    let mut manifest = FeatureManifest::of(options.kind);
    let file = options.out.join(FEATURES_FILE);
    let mut is_known = false;
    for input in inputs {
        let pieces = manifest.pieces.entry(input.instrument.clone());
        pieces.or_default().insert(piece_name(input));
    }
    // With --overwrite a manifest that cannot be read is no hindrance.
    let is_there = file.exists();
    let there = match is_there.then(|| FeatureManifest::read(&options.out)) {
        Some(Err(error)) if !options.overwrite => return Err(error),
        there => there.and_then(Result::ok),
    };
    // All pieces that there are or were slices of.
    let mut pieces = manifest.pieces.clone();
    if let Some(mut there) = there {
        is_known = (there.kind, &there.stft, &there.picture)
            == (manifest.kind, &manifest.stft, &manifest.picture);
        if !is_known && !options.overwrite {
            let problem = format!(
                "features of kind {} are there; choose another folder or --overwrite: {}",
                there.kind.name(),
                options.out.display()
            );
            return Err(Error::setting("kind", problem));
        }
        add_all(&mut pieces, &there.pieces);
        if is_known {
            manifest.pieces.clone_from(&pieces);
            if there.pieces != pieces {
                // Before the first of them: what an interrupted run left is known for what it is.
                there.pieces.clone_from(&pieces);
                write_toml(&there, &file)?;
            }
            // Instruments that this run does not make stay known.
            let again: HashSet<&str> = inputs.iter().map(|i| i.instrument.as_str()).collect();
            manifest.instruments = there.instruments;
            manifest
                .instruments
                .retain(|name, _| !again.contains(name.as_str()));
            manifest.slices = manifest
                .instruments
                .values()
                .map(|count| count.slices)
                .sum();
        }
    }
    let maker = FeatureMaker::new(options.kind)?;
    if !is_known {
        if is_there {
            // Of another kind, and to be replaced: until all are gone, the old list stays.
            remove_beyond(&options.out, &none_of(&pieces))?;
        }
        // Said before the first slice: what an interrupted run left is known for what it is.
        write_toml(&manifest, &file)?;
    }
    let mut places = HashSet::new();
    let work: Vec<(&FeatureInput, bool)> = inputs
        .iter()
        .map(|input| (input, places.insert((&input.instrument, &input.piece))))
        .collect();
    let done = AtomicU64::new(0);
    let results: Vec<Option<FeatureFile>> = work
        .par_iter()
        .map(|&(input, is_first)| {
            reporter.check()?;
            let made = if is_first {
                one(input, &maker, options, reporter)
            } else {
                let problem = format!(
                    "another recording has the same name but for its ending; rename one: {}",
                    input.path.display()
                );
                Err(Error::setting("name", problem))
            };
            if matches!(made, Err(Error::Cancelled)) {
                return Err(Error::Cancelled);
            }
            tell(input, &made);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            reporter.step("Making features", done, work.len() as u64)?;
            Ok(made.ok())
        })
        .collect::<Result<_>>()?;
    let mut counts = Counts::new();
    for (input, made) in inputs.iter().zip(results) {
        if let Some(made) = made {
            let of_instrument = counts.entry(input.instrument.clone()).or_default();
            of_instrument.insert(piece_name(input), made.written + made.kept);
            let slices = (made.written + made.kept) as u64;
            manifest.slices += slices;
            let count = manifest
                .instruments
                .entry(input.instrument.clone())
                .or_default();
            count.pieces += 1;
            count.slices += slices;
            count.seconds += made.seconds;
        }
    }
    // What longer recordings of those names left behind.
    remove_beyond(&options.out, &counts)?;
    write_toml(&manifest, &file)?;
    Ok(manifest)
}

/// The slices of one recording.
fn one(
    input: &FeatureInput,
    maker: &FeatureMaker,
    options: &FeatureOptions,
    reporter: &Reporter,
) -> Result<FeatureFile> {
    let rate = options.kind.sample_rate_hz();
    let info = probe(&input.path, None)?;
    if let Some(frames) = info.frames.filter(|frames| *frames > 0) {
        let there = resampled_frames(frames, info.sample_rate.max(1), rate) as usize;
        let slices = maker.slices(there);
        let is_kept = |number| {
            let path = place(input, options, number);
            is_newer(&path, &input.path) && is_whole(&path, maker, there)
        };
        if !options.overwrite && slices > 0 && (0..slices).all(is_kept) {
            return Ok(FeatureFile {
                written: 0,
                kept: slices,
                seconds: frames as f64 / f64::from(info.sample_rate.max(1)),
            });
        }
    }
    // Silent about its steps: pieces go side by side.
    let inner = Reporter::new(reporter.cancel_token().clone(), |_| {});
    let (clip, info) = decode(&input.path, None, &inner)?;
    let name = input.path.display();
    for warning in info.warnings {
        reporter.warn(format!("{warning}: {name}"));
    }
    let mut clip = mixed_to_mono(&clip)?;
    if clip
        .channels()
        .iter()
        .any(|x| !x.iter().all(|x| x.is_finite()))
    {
        reporter.warn(format!(
            "samples that are no numbers were replaced by silence: {name}"
        ));
        let clean = |x: &f32| if x.is_finite() { *x } else { 0.0 };
        clip = Clip::new(
            clip.sample_rate_hz(),
            vec![clip.channel(0).iter().map(clean).collect()],
        );
    }
    let clip = resample(&clip, rate, &inner)?;
    if clip.frames() == 0 {
        return Err(Error::Malformed {
            problem: "no sound in it".to_owned(),
            path: input.path.clone(),
        });
    }
    let mut made = FeatureFile {
        seconds: clip.seconds(),
        ..FeatureFile::default()
    };
    for number in 0..maker.slices(clip.frames()) {
        reporter.check()?;
        let path = place(input, options, number);
        let is_kept = is_newer(&path, &input.path) && is_whole(&path, maker, clip.frames());
        if !options.overwrite && is_kept {
            made.kept += 1;
            continue;
        }
        let (shape, values) = maker.slice(clip.channel(0), number);
        write_npy(&path, &shape, &values, true)?;
        made.written += 1;
    }
    Ok(made)
}

fn place(input: &FeatureInput, options: &FeatureOptions, number: usize) -> PathBuf {
    let mut name = input.piece.clone().into_os_string();
    name.push(format!("_{number:03}.npy"));
    options.out.join(&input.instrument).join(name)
}

/// Whether a slice is there, of the right shape and length.
fn is_whole(path: &Path, maker: &FeatureMaker, frames: usize) -> bool {
    npy_shape(path).is_ok_and(|shape| shape == maker.shape(frames))
}

/// A path below the folder, the same text on every system.
pub(super) fn relative(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    let names: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.join("/")
}

/// Whether a file's ending is one of audio.
pub(super) fn is_audio(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| SUPPORTED_EXTENSIONS.contains(&ending.as_str()))
}
