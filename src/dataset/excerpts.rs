//! Short excerpts of songs with their masks, as arrays of many songs.
//!
//! ```text
//! song ─► read once, at the rate ─► scratch: samples of every excerpt (mixture and stem)
//! excerpt i of all songs ─► spectra ─► SPLIT/X_iii.npy, SPLIT/y_iii.npy     (one row per song)
//! ```
//!
//! The tool that these follow stores complex spectra; here they are magnitudes, as networks need.
//! Excerpts are cut first and then transformed, so their ends are padded with zeros, as there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::excerpt_spec::{EXCERPTS_FILE, ExcerptManifest, ExcerptMode, ExcerptSong, ExcerptSpec};
use super::manifest::write_toml;
use super::masks::binary_mask;
use super::multitrack::{Mixture, MultitrackSet, Song, Split, Take};
use super::npy::write_npy;
use crate::apply::Region;
use crate::error::{Error, Result};
use crate::progress::Reporter;
use crate::spectral::Stft;

/// Stands beside excerpts that are not finished.
const UNFINISHED: &str = "excerpts.unfinished";
/// Folders of the splits.
const SPLITS: [&str; 3] = ["train", "valid", "test"];

/// Writes the excerpts of all songs of a set, each song wholly in the folder of its split (`train`
/// if it has none), and `excerpts.toml`; `tell` hears of songs that had to be left out and why.
///
/// A song is left out if it has no such stem or no mixture, is too short for all of its excerpts,
/// or cannot be read. The rest is the mixture less the stem.
///
/// # Errors
/// [`Error::Setting`] if the spec is wrong or no song is left; [`Error::Exists`] if excerpts are
/// there; [`Error::Io`]; [`Error::Cancelled`]. No file is left half written.
pub fn write_excerpts(
    set: &MultitrackSet,
    spec: &ExcerptSpec,
    tell: &mut dyn FnMut(&Song, &Error),
    reporter: &Reporter,
) -> Result<ExcerptManifest> {
    spec.validate()?;
    let file = spec.out.join(EXCERPTS_FILE);
    if file.exists() && !spec.overwrite {
        return Err(Error::Exists { path: file });
    }
    let unfinished = spec.out.join(UNFINISHED);
    let ours = file.exists() || unfinished.exists();
    let older = shards_in(&spec.out)?;
    if let Some(path) = older.first().filter(|_| !ours) {
        // Nobody knows whose they are.
        return Err(Error::Exists { path: path.clone() });
    }
    let mut scratch = Scratch::new(spec)?;
    let mut manifest = ExcerptManifest::of(spec);
    let total = set.songs.len() as u64;
    for (done, song) in set.songs.iter().enumerate() {
        reporter.step("Reading songs", done as u64, total)?;
        match read_song(song, spec, reporter) {
            Ok(samples) => {
                let place = scratch.push(&samples)?;
                let split = folder_of(song.split);
                let songs = manifest.splits.entry(split.to_owned()).or_default();
                songs.push(ExcerptSong {
                    row: songs.len(),
                    name: song.name.clone(),
                });
                scratch.rows.entry(split).or_default().push(place);
            }
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                tell(song, &error);
                manifest
                    .left_out
                    .insert(song.name.clone(), error.to_string());
            }
        }
    }
    if scratch.rows.is_empty() {
        return Err(Error::setting("songs", "none of them has such excerpts"));
    }
    // From here to the end the folder is marked: a run that is cut short never looks whole, and the
    // next one may replace what it left.
    std::fs::create_dir_all(&spec.out).map_err(Error::io("create the folder", &spec.out))?;
    std::fs::write(&unfinished, "").map_err(Error::io("write", &unfinished))?;
    remove(&file)?;
    for path in older {
        remove(&path)?;
    }
    let stft = Stft::new(&spec.stft())?;
    let rows = scratch.rows.clone();
    let all = (rows.len() * spec.iterations) as u64;
    let mut done = 0;
    for (split, places) in &rows {
        let folder = spec.out.join(split);
        for number in 0..spec.iterations {
            reporter.step("Writing excerpts", done, all)?;
            let (x, y) = shard(&mut scratch, places, number, spec, &stft)?;
            let bins = spec.n_fft / 2 + 1;
            let songs = places.len();
            let place = |kind: &str| folder.join(format!("{kind}_{number:03}.npy"));
            write_npy(&place("X"), &[songs, bins, spec.width], &x, true)?;
            let shape = [songs, bins, spec.label_width];
            write_npy(&place("y"), &shape, &y, true)?;
            done += 1;
        }
    }
    write_toml(&manifest, &file)?;
    remove(&unfinished)?;
    reporter.step("Writing excerpts", all, all)?;
    Ok(manifest)
}

fn folder_of(split: Split) -> &'static str {
    match split {
        Split::Train | Split::None => "train",
        Split::Valid => "valid",
        Split::Test => "test",
    }
}

/// Where excerpts of a song begin, in frames at the spec's rate.
fn starts(song: &Song, spec: &ExcerptSpec) -> Result<Vec<u64>> {
    let length = spec.excerpt_samples() as u64;
    let first = (spec.start_secs * f64::from(spec.sample_rate_hz)).round() as u64;
    let total = song.frames_at(spec.sample_rate_hz);
    let count = spec.iterations as u64;
    let needed = if spec.spread { length } else { length * count };
    let Some(rest) = total.checked_sub(first).filter(|rest| *rest >= needed) else {
        let problem = format!(
            "too short: {:.2} s, and excerpts need {:.2} s{}",
            song.seconds,
            (first.saturating_add(needed)) as f64 / f64::from(spec.sample_rate_hz),
            if spec.spread {
                ""
            } else {
                "; fewer iterations or --spread need less"
            }
        );
        return Err(song_error(song, problem));
    };
    let room = u128::from(rest - length);
    let last = u128::from(count.saturating_sub(1).max(1));
    Ok((0..count)
        .map(|i| {
            if spec.spread {
                first + (u128::from(i) * room / last) as u64
            } else {
                first + i * length
            }
        })
        .collect())
}

/// The samples of all excerpts of a song: mixture and stem of each in turn.
fn read_song(song: &Song, spec: &ExcerptSpec, reporter: &Reporter) -> Result<Vec<f32>> {
    let stem = &spec.stem;
    if !song.has_stem(stem) {
        let problem = format!(
            "no {stem:?} that can be read; it has {}",
            song.stems().join(", ")
        );
        return Err(song_error(song, problem));
    }
    if song.mixture == Some(Mixture::Sum) && song.stems().len() == 1 {
        let problem = format!("{stem} is all there is, and no mixture");
        return Err(song_error(song, problem));
    }
    let starts = starts(song, spec)?;
    let length = spec.excerpt_samples();
    let from = starts.first().copied().unwrap_or(0);
    let frames = starts.last().map_or(0, |last| *last - from) as usize + length;
    let rate = f64::from(spec.sample_rate_hz);
    let region = Region {
        start_secs: from as f64 / rate,
        duration_secs: Some(frames as f64 / rate),
    };
    let inner = Reporter::new(reporter.cancel_token().clone(), |_| {});
    let read = |take| song.read(take, Some(region), Some(spec.sample_rate_hz), true, &inner);
    let (mixture, stem) = (read(Take::Mixture)?, read(Take::Stem(stem))?);
    let mut samples = Vec::with_capacity(2 * length * starts.len());
    for start in starts {
        let start = (start - from) as usize;
        for clip in [&mixture, &stem] {
            let there = clip.channel(0).get(start..start + length);
            // Rounding of the region's length can cost a sample at its end.
            let there = there.unwrap_or_else(|| clip.channel(0).get(start..).unwrap_or(&[]));
            samples.extend_from_slice(there);
            samples.resize(samples.len() + length - there.len(), 0.0);
        }
    }
    Ok(samples)
}

fn song_error(song: &Song, problem: String) -> Error {
    Error::Song {
        problem,
        path: song.name.clone().into(),
    }
}

/// Samples of all songs' excerpts, in a file without a name: read once, in another order than
/// written.
struct Scratch {
    file: File,
    folder: std::path::PathBuf,
    bytes: u64,
    /// Bytes of one excerpt's mixture and stem.
    pair_bytes: usize,
    /// Where songs begin in the file, by split and row.
    rows: BTreeMap<&'static str, Vec<u64>>,
}

impl Scratch {
    fn new(spec: &ExcerptSpec) -> Result<Self> {
        let folder = crate::paths::cache_dir();
        std::fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        let file =
            tempfile::tempfile_in(&folder).map_err(Error::io("create a file in", &folder))?;
        Ok(Self {
            file,
            folder,
            bytes: 0,
            pair_bytes: 8 * spec.excerpt_samples(),
            rows: BTreeMap::new(),
        })
    }

    /// Appends a song; answers where it begins.
    fn push(&mut self, samples: &[f32]) -> Result<u64> {
        let place = self.bytes;
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        self.file
            .write_all(bytes)
            .map_err(Error::io("write scratch audio", &self.folder))?;
        self.bytes += bytes.len() as u64;
        Ok(place)
    }

    /// Mixture and stem of an excerpt, one after the other.
    fn pair(&mut self, place: u64, number: usize) -> Result<Vec<f32>> {
        let mut samples = vec![0.0_f32; self.pair_bytes / 4];
        let start = place + (number * self.pair_bytes) as u64;
        self.file
            .seek(SeekFrom::Start(start))
            .and_then(|_| self.file.read_exact(bytemuck::cast_slice_mut(&mut samples)))
            .map_err(Error::io("read scratch audio", &self.folder))?;
        Ok(samples)
    }
}

/// One excerpt of each song: `[songs][bins][width]` and `[songs][bins][label width]`.
fn shard(
    scratch: &mut Scratch,
    places: &[u64],
    number: usize,
    spec: &ExcerptSpec,
    stft: &Stft,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let pairs: Vec<Vec<f32>> = places
        .iter()
        .map(|place| scratch.pair(*place, number))
        .collect::<Result<_>>()?;
    let rows: Vec<(Vec<f32>, Vec<f32>)> = pairs
        .par_iter()
        .map(|pair| row(pair, spec, stft))
        .collect::<Result<_>>()?;
    let (x, y): (Vec<Vec<f32>>, Vec<Vec<f32>>) = rows.into_iter().unzip();
    Ok((x.concat(), y.concat()))
}

fn row(pair: &[f32], spec: &ExcerptSpec, stft: &Stft) -> Result<(Vec<f32>, Vec<f32>)> {
    let (mixture, stem) = pair.split_at(pair.len() / 2);
    let rest: Vec<f32> = mixture.iter().zip(stem).map(|(m, s)| m - s).collect();
    let magnitudes = |samples: &[f32]| stft.forward(&[samples]).magnitudes().concat();
    let all = 0..spec.width;
    // The middle column, or all of them.
    let first = (spec.width - spec.label_width) / 2;
    let labelled = first..first + spec.label_width;
    let bins = spec.n_fft / 2 + 1;
    Ok(match spec.mode {
        ExcerptMode::Svs => {
            let mask = binary_mask(&magnitudes(stem), &magnitudes(&rest), spec.polarity)?;
            let labels = spec.labels.of(&mask)?;
            (
                by_bin(&magnitudes(mixture), bins, all),
                by_bin(&labels, bins, labelled),
            )
        }
        ExcerptMode::Dae => {
            let stem = magnitudes(stem);
            (by_bin(&stem, bins, all), by_bin(&stem, bins, labelled))
        }
        ExcerptMode::Vad => (
            by_bin(&magnitudes(mixture), bins, all),
            by_bin(&magnitudes(&rest), bins, labelled),
        ),
    })
}

/// `[columns][bins]` to `[bins][columns of the range]`.
fn by_bin(values: &[f32], bins: usize, columns: std::ops::Range<usize>) -> Vec<f32> {
    (0..bins)
        .flat_map(|bin| {
            columns
                .clone()
                .map(move |column| values.get(column * bins + bin).copied().unwrap_or(0.0))
        })
        .collect()
}

/// Shards in the folders of the splits.
fn shards_in(out: &Path) -> Result<Vec<PathBuf>> {
    let mut shards = Vec::new();
    for split in SPLITS {
        let folder = out.join(split);
        let Ok(items) = std::fs::read_dir(&folder) else {
            continue;
        };
        for item in items {
            let path = item.map_err(Error::io("read the folder", &folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_shard = name.starts_with("X_") || name.starts_with("y_");
            if is_shard && name.ends_with(".npy") {
                shards.push(path);
            }
        }
    }
    shards.sort();
    Ok(shards)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
