//! Mel filter banks, Slaney's and HTK's, as librosa and torchaudio make them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which definition of the mel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum MelFormula {
    /// Linear below 1 kHz, logarithmic above (Slaney, Auditory Toolbox, 1998). librosa's default.
    #[default]
    Slaney,
    /// 2595·log₁₀(1 + f/700) (O'Shaughnessy 1987; HTK).
    Htk,
}

/// How each triangle is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum MelNorm {
    /// Peak one.
    None,
    /// Area one over hertz: 2 / (upper − lower edge). librosa's default.
    #[default]
    Slaney,
    /// Divided by its p-norm, p > 0; infinity divides by the largest weight.
    P(f32),
}

/// Every convention of a mel bank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MelSpec {
    /// Bands, 1 or more.
    pub bands: usize,
    /// Lower edge of the first band in hertz, 0 or more.
    #[serde(default)]
    pub fmin_hz: f64,
    /// Upper edge of the last band in hertz; `None` is half the sample rate.
    #[serde(default)]
    pub fmax_hz: Option<f64>,
    /// The formula.
    #[serde(default)]
    pub formula: MelFormula,
    /// The scaling.
    #[serde(default)]
    pub norm: MelNorm,
    /// What is summed: 1 for magnitudes, 2 for power. Default 2.
    #[serde(default = "two")]
    pub power: f32,
}

fn two() -> f32 {
    2.0
}

/// librosa's: 128 bands of power from 0 Hz to half the rate.
impl Default for MelSpec {
    fn default() -> Self {
        Self {
            bands: 128,
            fmin_hz: 0.0,
            fmax_hz: None,
            formula: MelFormula::default(),
            norm: MelNorm::default(),
            power: two(),
        }
    }
}

const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
const SLANEY_BREAK_HZ: f64 = 1000.0;

fn slaney_log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

/// Mels of a frequency in hertz.
pub fn mel_from_hz(hz: f64, formula: MelFormula) -> f64 {
    match formula {
        MelFormula::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        MelFormula::Slaney if hz < SLANEY_BREAK_HZ => hz / SLANEY_HZ_PER_MEL,
        MelFormula::Slaney => {
            SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + (hz / SLANEY_BREAK_HZ).ln() / slaney_log_step()
        }
    }
}

/// The frequency in hertz of a number of mels.
pub fn hz_from_mel(mel: f64, formula: MelFormula) -> f64 {
    let break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL;
    match formula {
        MelFormula::Htk => 700.0 * (10.0_f64.powf(mel / 2595.0) - 1.0),
        MelFormula::Slaney if mel < break_mel => mel * SLANEY_HZ_PER_MEL,
        MelFormula::Slaney => SLANEY_BREAK_HZ * (slaney_log_step() * (mel - break_mel)).exp(),
    }
}

/// One triangle: weights for bins `first..first + weights.len()`.
#[derive(Debug, Clone, PartialEq)]
struct Band {
    first: usize,
    weights: Vec<f32>,
}

/// A planned bank of triangular filters.
#[derive(Debug, Clone, PartialEq)]
pub struct MelBank {
    bands: Vec<Band>,
    bins: usize,
    power: f32,
}

impl MelBank {
    /// Plans the bank for spectra of `n_fft / 2 + 1` bins at `sample_rate_hz`.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field out of range.
    pub fn new(spec: &MelSpec, n_fft: usize, sample_rate_hz: u32) -> Result<Self> {
        let rate = f64::from(sample_rate_hz);
        let fmax = spec.fmax_hz.unwrap_or(rate / 2.0);
        if spec.bands == 0 {
            return Err(Error::setting("mel.bands", "must be 1 or more"));
        }
        if !(spec.fmin_hz >= 0.0 && spec.fmin_hz < fmax) {
            return Err(Error::setting(
                "mel.fmin_hz",
                format!("{} is not within 0 to fmax_hz ({fmax})", spec.fmin_hz),
            ));
        }
        if !(spec.power > 0.0 && spec.power.is_finite()) {
            return Err(Error::setting("mel.power", "must be above 0"));
        }
        let low = mel_from_hz(spec.fmin_hz, spec.formula);
        let high = mel_from_hz(fmax, spec.formula);
        let edges: Vec<f64> = (0..spec.bands + 2)
            .map(|i| {
                let mel = low + (high - low) * i as f64 / (spec.bands + 1) as f64;
                hz_from_mel(mel, spec.formula)
            })
            .collect();
        let bins = n_fft / 2 + 1;
        let bands = edges
            .windows(3)
            .map(|e| band(e, spec.norm, bins, rate / n_fft as f64))
            .collect();
        Ok(Self {
            bands,
            bins,
            power: spec.power,
        })
    }

    /// Number of bands.
    pub fn num_bands(&self) -> usize {
        self.bands.len()
    }

    /// The weights as a dense matrix, `[bands][bins]`.
    pub fn matrix(&self) -> Vec<Vec<f32>> {
        self.bands
            .iter()
            .map(|band| {
                let mut row = vec![0.0; self.bins];
                row[band.first..band.first + band.weights.len()].copy_from_slice(&band.weights);
                row
            })
            .collect()
    }

    /// Mel values of one column of magnitudes (`bins` of them), raised to the bank's power.
    pub fn apply(&self, magnitudes: &[f32], out: &mut [f32]) {
        for (band, out) in self.bands.iter().zip(out) {
            let magnitudes = &magnitudes[band.first..];
            *out = band
                .weights
                .iter()
                .zip(magnitudes)
                .map(|(w, m)| {
                    w * if self.power == 2.0 {
                        m * m
                    } else {
                        m.powf(self.power)
                    }
                })
                .sum();
        }
    }
}

fn band(edges: &[f64], norm: MelNorm, bins: usize, hz_per_bin: f64) -> Band {
    let (lower, centre, upper) = (edges[0], edges[1], edges[2]);
    let weight = |bin: usize| {
        let hz = bin as f64 * hz_per_bin;
        let rising = (hz - lower) / (centre - lower);
        let falling = (upper - hz) / (upper - centre);
        rising.min(falling).max(0.0)
    };
    let first = (0..bins).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
    let weights: Vec<f64> = (first..bins).map(weight).take_while(|w| *w > 0.0).collect();
    let scale = match norm {
        MelNorm::None => 1.0,
        MelNorm::Slaney => 2.0 / (upper - lower),
        MelNorm::P(p) => {
            let size = if p.is_infinite() {
                weights.iter().copied().fold(0.0, f64::max)
            } else {
                let p = f64::from(p);
                weights.iter().map(|w| w.powf(p)).sum::<f64>().powf(1.0 / p)
            };
            if size > 0.0 { 1.0 / size } else { 1.0 }
        }
    };
    Band {
        first,
        weights: weights.into_iter().map(|w| (w * scale) as f32).collect(),
    }
}
