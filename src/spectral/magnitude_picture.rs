//! What a network or a file keeps of magnitudes, and the magnitudes that can be had back from it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MagnitudeScale, MelBank, MelInverse, MelInversion, MelSpec, StftSpec};
use crate::error::{Error, Result};

/// What stands in the bins that a picture leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum DroppedBins {
    /// Nothing: the sound ends there.
    #[default]
    Zero,
    /// The input's own magnitudes.
    Input,
}

impl std::str::FromStr for DroppedBins {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "zero" => Ok(Self::Zero),
            "input" => Ok(Self::Input),
            _ => Err("choose zero or input".into()),
        }
    }
}

/// The steps from magnitudes to a picture. The default keeps magnitudes as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct MagnitudePicture {
    /// Mel bands instead of bins.
    pub mel: Option<MelSpec>,
    /// How the way back from mel bands is found.
    pub mel_inversion: MelInversion,
    /// The scale of the picture's values.
    pub scale: MagnitudeScale,
    /// Bins kept, from DC upwards; all of them unless given. Not with mel bands.
    pub bins_kept: Option<usize>,
    /// What stands in the bins that are not kept.
    pub dropped: DroppedBins,
}

impl MagnitudePicture {
    /// Whether the picture is the magnitudes themselves.
    pub fn is_plain(&self) -> bool {
        self.mel.is_none() && self.bins_kept.is_none() && self.scale == MagnitudeScale::Linear
    }

    /// Plans both directions for an STFT at a sample rate.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field out of range.
    pub fn plan(&self, stft: &StftSpec, sample_rate_hz: u32) -> Result<PicturePlan> {
        let bins = stft.bins();
        let kept = self.bins_kept.unwrap_or(bins);
        if kept == 0 || kept > bins {
            return Err(Error::setting(
                "bins kept",
                format!("{kept} is not within 1 to {bins}"),
            ));
        }
        if self.bins_kept.is_some() && self.mel.is_some() {
            return Err(Error::setting(
                "bins kept",
                "go with pictures of bins, not of mel bands; leave one of the two away",
            ));
        }
        let mel = match &self.mel {
            None => None,
            Some(spec) => Some((
                MelBank::new(spec, stft.n_fft, sample_rate_hz)?,
                MelInverse::new(spec, stft.n_fft, sample_rate_hz, self.mel_inversion)?,
            )),
        };
        Ok(PicturePlan {
            bins,
            kept,
            mel,
            scale: self.scale,
            dropped: self.dropped,
        })
    }
}

/// Both directions, planned.
pub struct PicturePlan {
    bins: usize,
    kept: usize,
    mel: Option<(MelBank, MelInverse)>,
    scale: MagnitudeScale,
    dropped: DroppedBins,
}

impl PicturePlan {
    /// Values per column of the picture.
    pub fn height(&self) -> usize {
        self.mel
            .as_ref()
            .map_or(self.kept, |(bank, _)| bank.num_bands())
    }

    /// The picture (`columns × height`) of magnitudes (`columns × bins`).
    pub fn forward(&self, magnitudes: &[f32]) -> Vec<f32> {
        let height = self.height();
        let mut out = vec![0.0; magnitudes.len() / self.bins * height];
        out.par_chunks_mut(height)
            .zip(magnitudes.par_chunks_exact(self.bins))
            .for_each(|(out, column)| {
                match &self.mel {
                    Some((bank, _)) => bank.apply(column, out),
                    None => out.copy_from_slice(&column[..height]),
                }
                out.iter_mut()
                    .for_each(|value| *value = self.scale.forward(*value));
            });
        out
    }

    /// Magnitudes (`columns × bins`) that the picture stands for; `input` are those it was made
    /// of, for the bins that are not in it.
    pub fn inverse(&self, picture: &[f32], input: &[f32]) -> Vec<f32> {
        let height = self.height();
        let values: Vec<f32> = picture.par_iter().map(|v| self.scale.inverse(*v)).collect();
        if let Some((_, inverse)) = &self.mel {
            return inverse.invert(&values);
        }
        let mut out = vec![0.0; values.len() / height * self.bins];
        let columns = out
            .par_chunks_mut(self.bins)
            .zip(values.par_chunks_exact(height));
        columns.enumerate().for_each(|(column, (out, values))| {
            out[..height].copy_from_slice(values);
            if self.dropped == DroppedBins::Input {
                let input = &input[column * self.bins..(column + 1) * self.bins];
                out[height..].copy_from_slice(&input[height..]);
            }
        });
        out
    }
}
