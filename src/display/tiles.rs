//! Spectrogram pictures in two layers: measured decibels here, colours by [`colour_tile`].
//!
//! A [`MagTile`] is 256 columns of dB as bytes (0 is silence, 1–255 is −120 to 0 dB). At level k a
//! column is the loudest of 2ᵏ STFT columns, so a click stays visible at every zoom. Levels 0–3
//! are made from samples on demand, a few milliseconds each; the rest comes from an [`Overview`]
//! of the whole song that is made once.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Colormap, FreqAxis};
use crate::audio::Clip;
use crate::spectral::{Complex32, Stft, StftSpec};

/// Columns of a tile.
pub const TILE_COLUMNS: usize = 256;
/// Transform length of pictures in the window.
pub const N_FFT: usize = 2048;
/// Samples between columns of pictures in the window.
pub const HOP_LENGTH: usize = 512;
const BINS: usize = N_FFT / 2 + 1;
/// The level at which the overview starts.
const OVERVIEW_LEVEL: u32 = 4;
const FLOOR_DB: f32 = -120.0;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileKey {
    /// The clip's number in the session.
    pub clip: u64,
    /// Each column is 2^level STFT columns.
    pub level: u32,
    /// Tiles from the start.
    pub index: usize,
}

/// Measured values of a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct MagTile {
    /// `TILE_COLUMNS × 1025` bytes, column after column.
    pub db: Vec<u8>,
}

/// The byte of a squared magnitude: a full-scale sine is 0 dB.
fn byte_from_power(power: f32) -> u8 {
    // A sine of amplitude 1 peaks at Σw/2 = n_fft/4 under a Hann window.
    const FULL_SCALE: f32 = (4.0 / N_FFT as f32) * (4.0 / N_FFT as f32);
    let level = power * FULL_SCALE;
    if level <= 1e-12 {
        return 0;
    }
    let db = 10.0 * level.log10();
    (1.0 + (db - FLOOR_DB) / -FLOOR_DB * 254.0).clamp(0.0, 255.0) as u8
}

/// The decibels of a byte, minus infinity for 0.
pub(super) fn db_from_byte(byte: u8) -> f32 {
    if byte == 0 {
        f32::NEG_INFINITY
    } else {
        FLOOR_DB + (f32::from(byte) - 1.0) / 254.0 * -FLOOR_DB
    }
}

fn stft() -> Option<Stft> {
    Stft::new(&StftSpec {
        center: false,
        ..StftSpec::new(N_FFT, HOP_LENGTH)
    })
    .ok()
}

/// The mean of a clip's channels over frames `start..start + len`, zeros beyond its ends.
fn mixed(clip: &Clip, start: isize, len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    let from = start.clamp(0, clip.frames() as isize) as usize;
    let to = (start + len as isize).clamp(0, clip.frames() as isize) as usize;
    let scale = 1.0 / clip.num_channels().max(1) as f32;
    let offset = (from as isize - start) as usize;
    for channel in clip.channels() {
        for (out, x) in out[offset.min(len)..].iter_mut().zip(&channel[from..to]) {
            *out += x * scale;
        }
    }
    out
}

/// Columns of a clip, each the loudest of `per_column` STFT columns, as bytes.
fn columns(stft: &Stft, clip: &Clip, first: usize, count: usize, per_column: usize) -> Vec<u8> {
    let mut spectra = vec![Complex32::default(); per_column * BINS];
    let mut out = vec![0; count * BINS];
    for (i, out) in out.chunks_exact_mut(BINS).enumerate() {
        let start = (first + i) * per_column * HOP_LENGTH;
        if start > clip.frames() {
            break;
        }
        let samples = mixed(
            clip,
            start as isize - N_FFT as isize / 2,
            N_FFT + (per_column - 1) * HOP_LENGTH,
        );
        stft.forward_columns(&samples, 0, &mut spectra);
        for spectrum in spectra.chunks_exact(BINS) {
            for (out, x) in out.iter_mut().zip(spectrum) {
                *out = (*out).max(byte_from_power(x.norm_sqr()));
            }
        }
    }
    out
}

/// A tile of level 0–3, from the clip's samples.
pub fn tile_from_clip(clip: &Clip, level: u32, index: usize) -> Option<MagTile> {
    let stft = stft()?;
    let db = columns(&stft, clip, index * TILE_COLUMNS, TILE_COLUMNS, 1 << level);
    Some(MagTile { db })
}

/// The whole song at level 4 and above.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// `levels[k]` is level 4 + k, `columns × 1025` bytes.
    levels: Vec<Vec<u8>>,
}

impl Overview {
    /// Measures a song; `go_on` is asked now and then and stops it by `false`.
    pub fn new(clip: &Clip, go_on: impl Fn() -> bool) -> Option<Self> {
        let stft = stft()?;
        let total = (clip.frames() / HOP_LENGTH + 1).div_ceil(1 << OVERVIEW_LEVEL);
        let mut base = Vec::with_capacity(total * BINS);
        let mut first = 0;
        while first < total {
            if !go_on() {
                return None;
            }
            let count = 64.min(total - first);
            base.extend(columns(&stft, clip, first, count, 1 << OVERVIEW_LEVEL));
            first += count;
        }
        let mut levels = vec![base];
        while levels[levels.len() - 1].len() > TILE_COLUMNS * BINS {
            let halved = levels[levels.len() - 1]
                .chunks(2 * BINS)
                .flat_map(|pair| {
                    (0..BINS).map(|bin| pair[bin].max(*pair.get(BINS + bin).unwrap_or(&0)))
                })
                .collect();
            levels.push(halved);
        }
        Some(Self { levels })
    }

    /// A tile of level 4 or more.
    pub fn tile(&self, level: u32, index: usize) -> Option<MagTile> {
        let at = level.checked_sub(OVERVIEW_LEVEL)? as usize;
        let data = self.levels.get(at.min(self.levels.len().checked_sub(1)?))?;
        let size = TILE_COLUMNS * BINS;
        let from = (index * size).min(data.len());
        let mut db = data[from..(from + size).min(data.len())].to_vec();
        db.resize(size, 0);
        Some(MagTile { db })
    }

    /// The coarsest level there is.
    pub fn max_level(&self) -> u32 {
        OVERVIEW_LEVEL + self.levels.len().saturating_sub(1) as u32
    }
}

/// Measured tiles, least recently used thrown out first.
#[derive(Debug)]
pub struct TileStore {
    tiles: HashMap<TileKey, (Arc<MagTile>, u64)>,
    capacity: usize,
    clock: u64,
}

impl TileStore {
    /// Keeps at most `capacity` tiles (262 kB each).
    pub fn new(capacity: usize) -> Self {
        Self {
            tiles: HashMap::new(),
            capacity,
            clock: 0,
        }
    }

    /// The tile, if it is here.
    pub fn get(&mut self, key: &TileKey) -> Option<Arc<MagTile>> {
        self.clock += 1;
        let (tile, used) = self.tiles.get_mut(key)?;
        *used = self.clock;
        Some(Arc::clone(tile))
    }

    /// Keeps a tile.
    pub fn put(&mut self, key: TileKey, tile: Arc<MagTile>) {
        self.clock += 1;
        self.tiles.insert(key, (tile, self.clock));
        if self.tiles.len() > self.capacity {
            let oldest = self
                .tiles
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.tiles.remove(&oldest);
            }
        }
    }

    /// Forgets a clip's tiles.
    pub fn forget(&mut self, clip: u64) {
        self.tiles.retain(|key, _| key.clip != clip);
    }
}

/// A tile as RGB, `rows` high and 256 wide, top row first; what is below `floor_db` is the map's
/// background, `ceiling_db` and louder its last colour.
pub fn colour_tile(
    tile: &MagTile,
    axis: &FreqAxis,
    sample_rate_hz: u32,
    rows: usize,
    colormap: Colormap,
    (floor_db, ceiling_db): (f32, f32),
) -> Vec<[u8; 3]> {
    let table = colormap.table();
    let colours: Vec<[u8; 3]> = (0..=255_u8)
        .map(|byte| {
            let x = (db_from_byte(byte) - floor_db) / (ceiling_db - floor_db).max(1.0);
            if x <= 0.0 {
                table[0]
            } else {
                table[(1.0 + x.min(1.0) * 254.0) as usize]
            }
        })
        .collect();
    loudest_bytes(tile, axis, sample_rate_hz, rows)
        .into_iter()
        .map(|loudest| colours[usize::from(loudest)])
        .collect()
}

/// The loudest byte under each pixel of a tile, `rows × TILE_COLUMNS`, top row first.
pub(super) fn loudest_bytes(
    tile: &MagTile,
    axis: &FreqAxis,
    sample_rate_hz: u32,
    rows: usize,
) -> Vec<u8> {
    let bins = axis.bins_of_rows(rows, BINS, sample_rate_hz);
    let mut out = vec![0; rows * TILE_COLUMNS];
    for (column, db) in tile.db.chunks_exact(BINS).take(TILE_COLUMNS).enumerate() {
        for (row, (first, last)) in bins.iter().enumerate() {
            let last = (*last).min(BINS);
            out[row * TILE_COLUMNS + column] = db[(*first).min(last - 1)..last]
                .iter()
                .copied()
                .max()
                .unwrap_or(0);
        }
    }
    out
}

/// The spectrum around a frame in dB (a full-scale sine is 0), 1025 bins.
pub fn spectrum_at(clip: &Clip, frame: usize) -> Vec<f32> {
    let Some(stft) = stft() else {
        return Vec::new();
    };
    let samples = mixed(clip, frame as isize - N_FFT as isize / 2, N_FFT);
    let mut out = vec![Complex32::default(); BINS];
    stft.forward_columns(&samples, 0, &mut out);
    out.iter()
        .map(|x| crate::spectral::db_from_amplitude(x.norm() * 4.0 / N_FFT as f32, FLOOR_DB))
        .collect()
}
