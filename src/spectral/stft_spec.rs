//! Every convention of an STFT.

use serde::{Deserialize, Serialize};

use super::{Symmetry, WindowKind};
use crate::error::{Error, Result};

/// What stands beyond the ends of the signal when columns are centred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// The signal mirrored about its end sample (torch's and Demucs' default).
    Reflect,
    /// Zeros (librosa's default since 0.10).
    #[default]
    Constant,
}

/// Scaling of the forward transform; the inverse undoes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// None (librosa, most networks).
    #[default]
    None,
    /// Divided by √n_fft (`torch.stft(normalized=True)`, Demucs).
    SqrtNFft,
    /// Divided by Σ window: a full-scale sine peaks at one half.
    WindowSum,
    /// Divided by Σ window / 2: a full-scale sine peaks at one (the pix2pix timbre system).
    FullScale,
}

/// Every convention of an STFT. The defaults are librosa's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StftSpec {
    /// Transform length in samples, 2 or more, even.
    pub n_fft: usize,
    /// Window length in samples, 1–`n_fft`; a shorter window sits in the middle of the transform.
    pub win_length: usize,
    /// Samples between columns, 1–`n_fft`.
    pub hop_length: usize,
    /// The window's formula.
    #[serde(default)]
    pub window: WindowKind,
    /// The window's period.
    #[serde(default)]
    pub symmetry: Symmetry,
    /// Whether the signal is padded on both sides, by n_fft/2 unless `pad_length` says otherwise:
    /// then column t is centred on sample t·hop.
    #[serde(default = "yes")]
    pub center: bool,
    /// Samples of padding on each side instead of n_fft/2, 0–`n_fft`; the vocoders of the MelGAN
    /// family take (n_fft − hop)/2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad_length: Option<usize>,
    /// What the padding is.
    #[serde(default)]
    pub padding: Padding,
    /// Scaling of the forward transform.
    #[serde(default)]
    pub normalisation: Normalisation,
}

fn yes() -> bool {
    true
}

impl StftSpec {
    /// Librosa's conventions: periodic Hann window of `n_fft`, centred, zeros beyond the ends.
    pub fn new(n_fft: usize, hop_length: usize) -> Self {
        Self {
            n_fft,
            win_length: n_fft,
            hop_length,
            window: WindowKind::Hann,
            symmetry: Symmetry::Periodic,
            center: true,
            pad_length: None,
            padding: Padding::Constant,
            normalisation: Normalisation::None,
        }
    }

    /// Frequencies per column.
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Samples of padding before the first sample.
    pub fn pad(&self) -> usize {
        if self.center {
            self.pad_length.unwrap_or(self.n_fft / 2)
        } else {
            0
        }
    }

    /// Columns for `frames` samples. Zero samples have none; a padded signal shorter than `n_fft`
    /// has one (its end is zeros).
    pub fn columns(&self, frames: usize) -> usize {
        if frames == 0 {
            0
        } else {
            1 + (frames + 2 * self.pad()).saturating_sub(self.n_fft) / self.hop_length
        }
    }

    /// The frequency of a bin in hertz.
    pub fn hz_from_bin(&self, bin: usize, sample_rate_hz: u32) -> f64 {
        bin as f64 * f64::from(sample_rate_hz) / self.n_fft as f64
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub fn validate(&self) -> Result<()> {
        let fail = |name: &str, problem: String| Err(Error::setting(name, problem));
        if self.n_fft < 2 || !self.n_fft.is_multiple_of(2) || self.n_fft > 1 << 20 {
            return fail(
                "n_fft",
                format!("{} is not an even number from 2 to 1048576", self.n_fft),
            );
        }
        if self.win_length == 0 || self.win_length > self.n_fft {
            return fail(
                "win_length",
                format!(
                    "{} is not within 1 to n_fft ({})",
                    self.win_length, self.n_fft
                ),
            );
        }
        if self.hop_length == 0 || self.hop_length > self.n_fft {
            return fail(
                "hop_length",
                format!(
                    "{} is not within 1 to n_fft ({})",
                    self.hop_length, self.n_fft
                ),
            );
        }
        if let Some(pad) = self.pad_length.filter(|pad| *pad > self.n_fft) {
            return fail(
                "pad_length",
                format!("{pad} is not within 0 to n_fft ({})", self.n_fft),
            );
        }
        Ok(())
    }
}
