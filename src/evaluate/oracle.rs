//! The best that masks can do: estimates made with knowledge of the true stems.
//!
//! The recipe of the SiSEC 2018 oracles (Stöter, Liutkus and Ito, "The 2018 signal separation
//! evaluation campaign"): STFT 2048/1024, periodic Hann window, the phase of the mixture, every
//! channel for itself (the multichannel filter takes them together). Work goes block by block, so
//! that memory grows with nothing but the signals.

use std::ops::Range;
use std::str::FromStr;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::wiener::SpatialModel;
use crate::audio::Planar;
use crate::error::{Error, Result};
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft, StftSpec};

const N_FFT: usize = 2048;
const HOP_LENGTH: usize = 1024;
/// Columns of a block.
const BLOCK_COLUMNS: usize = 256;
/// Blocks that are worked on side by side.
const BLOCKS: usize = 8;
/// A value belongs to a stem from this share of the mixture's magnitude on.
const BINARY_SHARE: f32 = 0.5;

/// An oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OracleKind {
    /// Ideal binary mask (Wang 2005): 1 where |stem| is at least half of |mixture|, else 0.
    Ibm,
    /// Ideal ratio mask of magnitudes: |stem| / Σ|stems|.
    Irm1,
    /// Ideal ratio mask of powers: |stem|² / Σ|stems|².
    Irm2,
    /// Multichannel Wiener filter of the local Gaussian model: Duong, Vincent and Gribonval,
    /// "Under-determined reverberant audio source separation using a full-rank spatial covariance
    /// model", 2010; covariances that do not change with time, and powers, from the true stems.
    Mwf,
}

impl OracleKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ibm, Self::Irm1, Self::Irm2, Self::Mwf];

    /// Its name as typed and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ibm => "ibm",
            Self::Irm1 => "irm1",
            Self::Irm2 => "irm2",
            Self::Mwf => "mwf",
        }
    }
}

impl FromStr for OracleKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::setting("oracle", format!("{text:?} is none of {names}"))
        })
    }
}

/// The oracle's estimates of `sources` (`[sources][channels][frames]`, the true stems) in `mixture`
/// (`[channels][frames]`), shaped like `sources`.
///
/// # Errors
/// [`Error::Setting`] unless there is a source and all have the mixture's shape;
/// [`Error::Cancelled`].
pub fn oracle(
    kind: OracleKind,
    mixture: &Planar,
    sources: &[Planar],
    reporter: &Reporter,
) -> Result<Vec<Planar>> {
    check_shapes(mixture, sources)?;
    let stft = Stft::new(&StftSpec::new(N_FFT, HOP_LENGTH))?;
    let frames = mixture.first().map_or(0, Vec::len);
    let mut out = vec![vec![Vec::with_capacity(frames); mixture.len()]; sources.len()];
    // Two channels at a time share a spatial model; further ones come in pairs of their own.
    for first in (0..mixture.len()).step_by(2) {
        let channels = first..(first + 2).min(mixture.len());
        let model = match kind {
            OracleKind::Mwf => Some(learn(&stft, sources, &channels, frames, reporter)?),
            _ => None,
        };
        let total = blocks(frames);
        for group in (0..total).step_by(BLOCKS) {
            reporter.step("Oracle", group as u64, total as u64)?;
            let estimated: Vec<Vec<Planar>> = (group..(group + BLOCKS).min(total))
                .into_par_iter()
                .map(|block| {
                    let x = spectra(&stft, mixture, &channels, block);
                    let y: Vec<Spectra> = sources
                        .iter()
                        .map(|source| spectra(&stft, source, &channels, block))
                        .collect();
                    let estimates = match &model {
                        Some(model) => model.filter(&x, &y, stft.spec().bins()),
                        None => masked(kind, &x, &y),
                    };
                    let length = block_frames(block, frames);
                    let back = |spectra: Spectra| -> Planar {
                        let channels = spectra.iter();
                        channels.map(|c| stft.inverse_channel(c, length)).collect()
                    };
                    estimates.into_iter().map(back).collect()
                })
                .collect();
            for block in estimated {
                for (out, stem) in out.iter_mut().zip(block) {
                    for (channel, samples) in channels.clone().zip(stem) {
                        out[channel].extend(samples);
                    }
                }
            }
        }
    }
    Ok(out)
}

/// Channels of one signal in one block, `[channels][columns × bins]`.
pub(super) type Spectra = Vec<Vec<Complex32>>;

fn check_shapes(mixture: &Planar, sources: &[Planar]) -> Result<()> {
    let shape = |planar: &Planar| planar.iter().map(Vec::len).collect::<Vec<usize>>();
    let wanted = shape(mixture);
    let is_even = wanted.iter().all(|frames| Some(frames) == wanted.first());
    if sources.is_empty() || wanted.is_empty() || !is_even {
        let problem = "needs a mixture with channels of one length, and one stem or more";
        return Err(Error::setting("oracle", problem));
    }
    match sources.iter().position(|source| shape(source) != wanted) {
        Some(place) => Err(Error::setting(
            "oracle",
            format!("stem {place} has other channels or another length than the mixture"),
        )),
        None => Ok(()),
    }
}

/// Blocks of a signal.
fn blocks(frames: usize) -> usize {
    frames.div_ceil(BLOCK_COLUMNS * HOP_LENGTH)
}

/// Frames of a block; the last may be shorter.
fn block_frames(block: usize, frames: usize) -> usize {
    let length = BLOCK_COLUMNS * HOP_LENGTH;
    length.min(frames - block * length)
}

/// The columns that reach a block's samples. With a hop of half a window the column at a block's
/// first sample and the one at its end suffice: one column is shared with the neighbour.
fn spectra(stft: &Stft, signal: &Planar, channels: &Range<usize>, block: usize) -> Spectra {
    let columns = BLOCK_COLUMNS + 1;
    signal[channels.clone()]
        .iter()
        .map(|samples| {
            let mut out = vec![Complex32::default(); columns * stft.spec().bins()];
            stft.forward_columns(samples, block * BLOCK_COLUMNS, &mut out);
            out
        })
        .collect()
}

/// The spatial model of all sources over the whole signal.
fn learn(
    stft: &Stft,
    sources: &[Planar],
    channels: &Range<usize>,
    frames: usize,
    reporter: &Reporter,
) -> Result<SpatialModel> {
    let bins = stft.spec().bins();
    let columns = stft.spec().columns(frames);
    let total = blocks(frames);
    let mut model = SpatialModel::new(sources.len(), bins, channels.len());
    for block in 0..total {
        reporter.step("Learning", block as u64, total as u64)?;
        // The column shared with the next block counts there; those beyond the song count nowhere.
        let most = BLOCK_COLUMNS + usize::from(block + 1 == total);
        let left = columns.saturating_sub(block * BLOCK_COLUMNS);
        let length = left.min(most) * bins;
        let y: Vec<Spectra> = sources
            .par_iter()
            .map(|source| {
                let mut spectra = spectra(stft, source, channels, block);
                spectra.iter_mut().for_each(|c| c.truncate(length));
                spectra
            })
            .collect();
        model.add(&y);
    }
    model.finish();
    Ok(model)
}

/// Masks of every channel for itself.
fn masked(kind: OracleKind, x: &Spectra, y: &[Spectra]) -> Vec<Spectra> {
    let power = |value: Complex32| match kind {
        OracleKind::Irm2 => value.norm_sqr(),
        _ => value.norm(),
    };
    let mut out: Vec<Spectra> = vec![vec![Vec::new(); x.len()]; y.len()];
    for (channel, mixture) in x.iter().enumerate() {
        let totals: Vec<f32> = (0..mixture.len())
            .map(|i| y.iter().map(|source| power(source[channel][i])).sum())
            .collect();
        for (source, out) in y.iter().zip(&mut out) {
            let values = source[channel].iter().zip(mixture).zip(&totals);
            out[channel] = values
                .map(|((own, mixture), total)| {
                    let mask = match kind {
                        // 0 ≥ 0 in silence: whatever the mask, nothing is let through.
                        OracleKind::Ibm => {
                            let is_own = own.norm() >= BINARY_SHARE * mixture.norm();
                            f32::from(u8::from(is_own))
                        }
                        _ if *total > 0.0 => power(*own) / total,
                        _ => 0.0,
                    };
                    mixture * mask
                })
                .collect();
        }
    }
    out
}
