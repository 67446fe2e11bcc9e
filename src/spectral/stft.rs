//! The short-time Fourier transform and its inverse.
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

use super::{Complex32, Normalisation, Padding, Spectrogram, StftSpec, window};
use crate::error::Result;

/// Columns that one task transforms: large enough to hide the shared columns of the inverse.
const BLOCK_COLUMNS: usize = 128;

/// A planned transform: window, FFT plans and the overlap-added squared window.
#[derive(Clone)]
pub struct Stft {
    spec: StftSpec,
    /// `n_fft` samples, zero outside `win_length`, forward scaling not included.
    window: Arc<[f32]>,
    /// Σₘ w²[n + m·hop] for n in 0..hop: the divisor wherever every column is present.
    full_norm: Arc<[f32]>,
    /// The smallest divisor.
    least_norm: f32,
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
            // The same threshold as librosa's: the smallest normal number.
            least_norm: f32::MIN_POSITIVE,
            scale,
            forward: planner.plan_fft_forward(spec.n_fft),
            inverse: planner.plan_fft_inverse(spec.n_fft),
        })
    }

    /// The same transform for spectra that no signal has: where windows hardly reach (hops of more
    /// than half a window, the ends of uncentred signals), what little there is is not blown up.
    pub fn robust(mut self) -> Self {
        // 30 dB below the best covered sample; nothing changes where windows overlap by half.
        self.least_norm = 1e-3 * self.full_norm.iter().copied().fold(0.0, f32::max);
        self
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
            if norm > f32::MIN_POSITIVE {
                *value /= norm.max(self.least_norm);
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
