//! The short-time Fourier transform and its inverse. The only user of the FFT crate.
//!
//! Forward: X[t, k] = Σₙ w[n]·x[t·hop + n − pad]·e^(−2πikn/n_fft), pad = n_fft/2 when centred.
//! Inverse: overlap-add of windowed inverse transforms, divided by the overlap-added squared
//! window: the least-squares estimate of Griffin and Lim, "Signal estimation from modified
//! short-time Fourier transform", 1984.
//!
//! Both are parallel over channels and blocks of columns. An output block of the inverse
//! transforms the few columns it shares with its neighbour again, so that no two threads write
//! to one sample and the sum never depends on the number of threads.

use std::sync::Arc;

use rayon::prelude::*;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use super::{Complex32, Spectrogram, Symmetry, WindowKind, window};
use crate::error::{Error, Result};

/// Columns that one task transforms: large enough to hide the shared columns of the inverse.
const BLOCK_COLUMNS: usize = 128;

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

/// A planned transform: window, FFT plans and the overlap-added squared window.
#[derive(Clone)]
pub struct Stft {
    spec: StftSpec,
    /// `n_fft` samples, zero outside `win_length`, forward scaling not included.
    window: Arc<[f32]>,
    /// Σₘ w²[n + m·hop] for n in 0..hop: the divisor wherever every column is present.
    full_norm: Arc<[f32]>,
    scale: f32,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl Stft {
    /// Plans the transform.
    ///
    /// # Errors
    /// [`Error::Setting`] if the specification is out of range.
    pub fn new(spec: &StftSpec) -> Result<Self> {
        spec.validate()?;
        let mut padded = vec![0.0; spec.n_fft];
        let start = (spec.n_fft - spec.win_length) / 2;
        padded[start..start + spec.win_length].copy_from_slice(&window(
            spec.window,
            spec.symmetry,
            spec.win_length,
        ));
        let mut full_norm = vec![0.0_f32; spec.hop_length];
        for (n, w) in padded.iter().enumerate() {
            full_norm[n % spec.hop_length] += w * w;
        }
        let scale = match spec.normalisation {
            Normalisation::None => 1.0,
            Normalisation::SqrtNFft => 1.0 / (spec.n_fft as f32).sqrt(),
            Normalisation::WindowSum => 1.0 / padded.iter().sum::<f32>(),
            Normalisation::FullScale => 2.0 / padded.iter().sum::<f32>(),
        };
        let mut planner = RealFftPlanner::<f32>::new();
        Ok(Self {
            spec: spec.clone(),
            window: padded.into(),
            full_norm: full_norm.into(),
            scale,
            forward: planner.plan_fft_forward(spec.n_fft),
            inverse: planner.plan_fft_inverse(spec.n_fft),
        })
    }

    /// The conventions planned for.
    pub fn spec(&self) -> &StftSpec {
        &self.spec
    }

    /// The magnitude at which a full-scale sine peaks.
    pub fn full_scale(&self) -> f32 {
        0.5 * self.scale * self.window.iter().sum::<f32>()
    }

    /// All channels, each any length (all the same), to a spectrogram.
    pub fn forward<C: AsRef<[f32]> + Sync>(&self, channels: &[C]) -> Spectrogram {
        let frames = channels.first().map_or(0, |c| c.as_ref().len());
        let columns = self.spec.columns(frames);
        let mut out = Spectrogram::zeros(channels.len(), columns, self.spec.bins());
        out.channels
            .par_iter_mut()
            .zip(channels)
            .for_each(|(out, x)| self.forward_columns(x.as_ref(), 0, out));
        out
    }

    /// Columns `first..` of one channel into `out` (`columns × bins`); columns beyond the end of
    /// the signal read its padding. For pictures, which need a few columns of a long song.
    pub fn forward_columns(&self, x: &[f32], first: usize, out: &mut [Complex32]) {
        let bins = self.spec.bins();
        out.par_chunks_mut(BLOCK_COLUMNS * bins)
            .enumerate()
            .for_each_init(
                || {
                    (
                        self.forward.make_input_vec(),
                        self.forward.make_scratch_vec(),
                    )
                },
                |(input, scratch), (block, out)| {
                    for (i, column) in out.chunks_exact_mut(bins).enumerate() {
                        self.gather(x, first + block * BLOCK_COLUMNS + i, input);
                        // The lengths are the plan's own, so this cannot fail.
                        self.forward
                            .process_with_scratch(input, column, scratch)
                            .ok();
                        if self.scale != 1.0 {
                            column.iter_mut().for_each(|value| *value *= self.scale);
                        }
                    }
                },
            );
    }

    /// One windowed column of the padded signal.
    fn gather(&self, x: &[f32], column: usize, input: &mut [f32]) {
        let start = (column * self.spec.hop_length) as isize - self.spec.pad() as isize;
        let inside = start >= 0 && start as usize + input.len() <= x.len();
        if inside {
            let x = &x[start as usize..start as usize + input.len()];
            for ((input, x), w) in input.iter_mut().zip(x).zip(self.window.iter()) {
                *input = x * w;
            }
        } else {
            for (i, (input, w)) in input.iter_mut().zip(self.window.iter()).enumerate() {
                *input = w * self.sample(x, start + i as isize);
            }
        }
    }

    /// The padded signal at any index.
    fn sample(&self, x: &[f32], index: isize) -> f32 {
        if let Some(value) = usize::try_from(index).ok().and_then(|i| x.get(i)) {
            return *value;
        }
        match (self.spec.center, self.spec.padding) {
            (true, Padding::Reflect) if x.len() > 1 => {
                // Mirrored as often as needed, as numpy.pad does.
                let period = 2 * (x.len() as isize - 1);
                let i = index.rem_euclid(period);
                x[i.min(period - i) as usize]
            }
            (true, Padding::Reflect) => x.first().copied().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// Back to `frames` samples per channel; samples that no column covers are zero.
    pub fn inverse(&self, spectrogram: &Spectrogram, frames: usize) -> Vec<Vec<f32>> {
        spectrogram
            .channels
            .par_iter()
            .map(|channel| self.inverse_channel(channel, frames))
            .collect()
    }

    /// One channel (`columns × bins`) back to `frames` samples.
    pub fn inverse_channel(&self, columns: &[Complex32], frames: usize) -> Vec<f32> {
        let mut out = vec![0.0; frames];
        let block = BLOCK_COLUMNS * self.spec.hop_length;
        out.par_chunks_mut(block).enumerate().for_each_init(
            || {
                (
                    self.inverse.make_input_vec(),
                    self.inverse.make_output_vec(),
                    self.inverse.make_scratch_vec(),
                )
            },
            |(input, output, scratch), (i, out)| {
                self.inverse_block(columns, i * block, out, (input, output, scratch));
            },
        );
        out
    }

    /// Samples `start..` of the output, by every column that reaches them.
    fn inverse_block(
        &self,
        columns: &[Complex32],
        start: usize,
        out: &mut [f32],
        (input, output, scratch): (&mut [Complex32], &mut [f32], &mut [Complex32]),
    ) {
        let StftSpec {
            n_fft, hop_length, ..
        } = self.spec;
        let bins = self.spec.bins();
        let num_columns = columns.len() / bins;
        // In padded time, where column t starts at t·hop.
        let from = start + self.spec.pad();
        let to = from + out.len();
        let first = (from + 1).saturating_sub(n_fft).div_ceil(hop_length);
        let last = to.div_ceil(hop_length).min(num_columns);
        let gain = 1.0 / (n_fft as f32 * self.scale);
        for t in first..last {
            input.copy_from_slice(&columns[t * bins..(t + 1) * bins]);
            // A real signal has real ends; whatever a model left there is not part of it.
            input[0].im = 0.0;
            input[bins - 1].im = 0.0;
            self.inverse
                .process_with_scratch(input, output, scratch)
                .ok();
            let column_start = t * hop_length;
            let a = column_start.max(from);
            let b = (column_start + n_fft).min(to);
            let samples = &output[a - column_start..b - column_start];
            let weights = &self.window[a - column_start..b - column_start];
            for ((out, y), w) in out[a - from..b - from].iter_mut().zip(samples).zip(weights) {
                *out += y * w * gain;
            }
        }
        for (i, value) in out.iter_mut().enumerate() {
            let norm = self.norm_at(from + i, num_columns);
            // The same threshold as librosa's: the smallest normal number.
            if norm > f32::MIN_POSITIVE {
                *value /= norm;
            }
        }
    }

    /// The overlap-added squared window at a sample of padded time.
    fn norm_at(&self, n: usize, num_columns: usize) -> f32 {
        let StftSpec {
            n_fft, hop_length, ..
        } = self.spec;
        let last = n / hop_length;
        let complete = n + 1 >= n_fft && last < num_columns;
        if complete {
            return self.full_norm[n % hop_length];
        }
        let first = (n + 1).saturating_sub(n_fft).div_ceil(hop_length);
        (first..num_columns.min(last + 1))
            .map(|t| {
                let w = self.window[n - t * hop_length];
                w * w
            })
            .sum()
    }
}
