//! What is panned to the middle, and what is not.
//!
//! The panning similarity of Avendano and Jot, "Frequency domain techniques for stereo to
//! multichannel upmix", 2002: ψ = 2·Re⟨L, R⟩ / (⟨L, L⟩ + ⟨R, R⟩), averaged over a few columns. It is
//! 1 for equal channels, 0 for one side only, negative out of phase. The centre is
//! max(ψ, 0)^focus · (L + R)/2; the sides are the rest, so both add up to the song exactly.

use rayon::prelude::*;

use super::{Segment, SegmentSpec, Separator};
use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft, StftSpec};

const STEP_COLUMNS: usize = 256;

/// The method's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Centre {
    /// Transform length in samples. Default 4096.
    pub n_fft: usize,
    /// Samples between columns. Default 1024.
    pub hop_length: usize,
    /// Exponent: higher keeps a narrower middle, 0.1–20. Default 2.
    pub focus: f32,
    /// Columns averaged before and after each. Default 1.
    pub smoothing_columns: usize,
}

impl Default for Centre {
    fn default() -> Self {
        Self {
            n_fft: 4096,
            hop_length: 1024,
            focus: 2.0,
            smoothing_columns: 1,
        }
    }
}

impl Centre {
    fn stft(&self) -> Result<Stft> {
        Stft::new(&StftSpec::new(self.n_fft, self.hop_length))
    }

    /// The centre's spectrogram of a left and a right one.
    fn centre(&self, left: &[Complex32], right: &[Complex32], bins: usize) -> Vec<Complex32> {
        let columns = left.len() / bins;
        let reach = self.smoothing_columns;
        let mut out = vec![Complex32::default(); left.len()];
        out.par_chunks_exact_mut(bins)
            .enumerate()
            .for_each(|(column, out)| {
                let around = column.saturating_sub(reach)..(column + reach + 1).min(columns);
                for (bin, out) in out.iter_mut().enumerate() {
                    let (mut cross, mut power) = (0.0, 0.0);
                    for i in around.clone().map(|c| c * bins + bin) {
                        cross += left[i].re * right[i].re + left[i].im * right[i].im;
                        power += left[i].norm_sqr() + right[i].norm_sqr();
                    }
                    let psi = if power > 0.0 {
                        (2.0 * cross / power).max(0.0)
                    } else {
                        0.0
                    };
                    let i = column * bins + bin;
                    *out = (left[i] + right[i]) * (0.5 * psi.powf(self.focus));
                }
            });
        out
    }
}

impl Separator for Centre {
    fn stems(&self) -> Vec<String> {
        vec!["centre".into(), "sides".into()]
    }

    fn prepare(&mut self, _sample_rate_hz: u32) -> Result<SegmentSpec> {
        self.stft()?;
        let reach = self.n_fft.div_ceil(self.hop_length) + self.smoothing_columns + 1;
        Ok(SegmentSpec::bordered(
            STEP_COLUMNS * self.hop_length,
            reach * self.hop_length,
        ))
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        let stft = self.stft()?;
        let bins = stft.spec().bins();
        segments
            .iter()
            .map(|segment| {
                reporter.check()?;
                let frames = segment.samples.first().map_or(0, Vec::len);
                let [left, right, ..] = segment.samples.as_slice() else {
                    // A mono song is all middle.
                    return Ok(vec![segment.samples.clone(), zeros_like(&segment.samples)]);
                };
                let spectrogram = stft.forward(&[left, right]);
                let middle = self.centre(&spectrogram.channels[0], &spectrogram.channels[1], bins);
                let middle = stft.inverse_channel(&middle, frames);
                // The middle of a surround song is that of its front pair.
                let mut centre = zeros_like(&segment.samples);
                let mut sides = segment.samples.clone();
                for (centre, sides) in centre.iter_mut().zip(&mut sides).take(2) {
                    centre.copy_from_slice(&middle);
                    sides.iter_mut().zip(&middle).for_each(|(x, c)| *x -= c);
                }
                Ok(vec![centre, sides])
            })
            .collect()
    }
}

fn zeros_like(samples: &Planar) -> Planar {
    samples
        .iter()
        .map(|channel| vec![0.0; channel.len()])
        .collect()
}
