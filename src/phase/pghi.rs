//! Phase gradient heap integration: phases from magnitudes alone, without iterations.
//!
//! Průša, Balazs, Søndergaard, "A noniterative method for reconstruction of phase from STFT
//! magnitude", IEEE TASLP 2017. For a Gaussian window g(n) = exp(−πn²/γ), hop a and M = n_fft, with
//! the phase φ counted from the window's centre and L = ln |X|:
//!
//! * from column to column: ∂φ/∂t = (aM/γ)·∂L/∂k + 2πak/M,
//! * from bin to bin:       ∂φ/∂k = −(γ/aM)·∂L/∂t.
//!
//! Both are integrated by the trapezoid rule along the path that a heap finds: from the loudest
//! cell to its neighbours, the loudest first. Cells more than 120 dB
//! below the loudest get random phases, as in the paper. For other windows γ is
//! that of the closest Gaussian.

use std::collections::BinaryHeap;
use std::f64::consts::{PI, TAU};

use rayon::prelude::*;

use super::Block;
use super::random::{column_rng, next_phase};
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex32, StftSpec, Symmetry, window};

/// Cells this far below the loudest get random phases.
const TOLERANCE: f32 = 1e-6;
/// Cells between two looks at the cancel token.
const CHECK_EVERY: usize = 1 << 16;

/// The constants of one STFT.
#[derive(Debug, Clone, Copy)]
pub struct Pghi {
    bins: usize,
    n_fft: usize,
    hop_length: usize,
    /// aM/γ.
    slope: f64,
    /// The window's centre in samples from the column's start.
    centre: f64,
}

impl Pghi {
    /// Works out the constants.
    pub fn new(spec: &StftSpec) -> Self {
        let shape = window(spec.window, spec.symmetry, spec.win_length);
        let gamma = closest_gaussian(&shape);
        let middle = match spec.symmetry {
            Symmetry::Periodic => spec.win_length as f64 / 2.0,
            Symmetry::Symmetric => (spec.win_length as f64 - 1.0) / 2.0,
        };
        Self {
            bins: spec.bins(),
            n_fft: spec.n_fft,
            hop_length: spec.hop_length,
            slope: (spec.hop_length * spec.n_fft) as f64 / gamma,
            centre: ((spec.n_fft - spec.win_length) / 2) as f64 + middle,
        }
    }

    /// Columns with these magnitudes, `[channels][columns × bins]`, phases integrated from the
    /// block's held columns on. `seed` is for the quiet cells.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn solve(
        &self,
        magnitudes: &[Vec<f32>],
        seed: u64,
        block: &Block,
        reporter: &Reporter,
    ) -> Result<Vec<Vec<Complex32>>> {
        magnitudes
            .par_iter()
            .enumerate()
            .map(|(channel, m)| {
                let held = block.known.get(channel).map_or(&[][..], |known| {
                    &known[..(block.held * self.bins).min(known.len()).min(m.len())]
                });
                self.channel(m, held, (seed, block.first_column), reporter)
            })
            .collect()
    }

    fn channel(
        &self,
        m: &[f32],
        held: &[Complex32],
        (seed, first_column): (u64, usize),
        reporter: &Reporter,
    ) -> Result<Vec<Complex32>> {
        let bins = self.bins;
        let columns = m.len() / bins;
        let loudest = m.par_iter().copied().reduce(|| 0.0, f32::max);
        let floor = loudest * TOLERANCE;
        // A hundredth of what is integrated: silence is no infinitely deep valley.
        let deep = (floor * 0.01).max(f32::MIN_POSITIVE);
        let log: Vec<f32> = m.par_iter().map(|m| m.max(deep).ln()).collect();
        let mut phases = vec![f32::NAN; m.len()];
        let mut heap = BinaryHeap::new();
        for (i, x) in held.iter().enumerate() {
            // From the column's start to the window's centre.
            phases[i] = wrapped(f64::from(x.arg()) + self.turn(i % bins));
            if m[i] > floor {
                heap.push((m[i].to_bits(), i as u32));
            }
        }
        // Positive floats sort like their bits.
        let mut order: Vec<u32> = (held.len()..m.len())
            .filter(|i| m[*i] > floor)
            .map(|i| i as u32)
            .collect();
        order.par_sort_unstable_by_key(|i| std::cmp::Reverse((m[*i as usize].to_bits(), *i)));
        let mut next_island = order.into_iter();
        let mut done = 0_usize;
        loop {
            let Some((_, cell)) = heap.pop() else {
                // A new island begins at its loudest cell, with phase zero.
                let Some(start) = next_island.find(|i| phases[*i as usize].is_nan()) else {
                    break;
                };
                phases[start as usize] = 0.0;
                heap.push((m[start as usize].to_bits(), start));
                continue;
            };
            done += 1;
            if done.is_multiple_of(CHECK_EVERY) {
                reporter.check()?;
            }
            let i = cell as usize;
            let (column, bin) = (i / bins, i % bins);
            let mut reach = |to: usize, step: f64| {
                if phases[to].is_nan() && m[to] > floor {
                    phases[to] = wrapped(f64::from(phases[i]) + step);
                    heap.push((m[to].to_bits(), to as u32));
                }
            };
            if column + 1 < columns {
                reach(i + bins, self.along_time(&log, i, i + bins, bin));
            }
            if column > 0 {
                reach(i - bins, -self.along_time(&log, i - bins, i, bin));
            }
            if bin + 1 < bins {
                reach(i + 1, self.along_frequency(&log, i, i + 1));
            }
            if bin > 0 {
                reach(i - 1, -self.along_frequency(&log, i - 1, i));
            }
        }
        let mut out = vec![Complex32::default(); m.len()];
        out.par_chunks_mut(bins)
            .enumerate()
            .for_each(|(column, out)| {
                let mut rng = column_rng(seed, first_column + column);
                for (bin, out) in out.iter_mut().enumerate() {
                    let random = next_phase(&mut rng);
                    let i = column * bins + bin;
                    let phase = if phases[i].is_nan() {
                        random
                    } else {
                        wrapped(f64::from(phases[i]) - self.turn(bin))
                    };
                    *out = Complex32::from_polar(m[i], phase);
                }
            });
        Ok(out)
    }

    /// The phase between two neighbouring columns of one bin.
    fn along_time(&self, log: &[f32], from: usize, to: usize, bin: usize) -> f64 {
        let slope = |i: usize| {
            let up = if bin + 1 < self.bins { i + 1 } else { i };
            let down = if bin > 0 { i - 1 } else { i };
            f64::from(log[up] - log[down]) / (up - down).max(1) as f64
        };
        // 2πak/M, the whole turns left out.
        let advance = (self.hop_length * bin % self.n_fft) as f64 * TAU / self.n_fft as f64;
        self.slope * 0.5 * (slope(from) + slope(to)) + advance
    }

    /// The phase between two neighbouring bins of one column.
    fn along_frequency(&self, log: &[f32], from: usize, to: usize) -> f64 {
        let slope = |i: usize| {
            let later = if i + self.bins < log.len() {
                i + self.bins
            } else {
                i
            };
            let earlier = i.checked_sub(self.bins).unwrap_or(i);
            let columns = ((later - earlier) / self.bins).max(1);
            f64::from(log[later] - log[earlier]) / columns as f64
        };
        -0.5 * (slope(from) + slope(to)) / self.slope
    }

    /// What a bin turns between the column's start and the window's centre, in radians.
    fn turn(&self, bin: usize) -> f64 {
        TAU * bin as f64 * self.centre / self.n_fft as f64
    }
}

/// A phase within −π to π.
fn wrapped(phase: f64) -> f32 {
    (phase - TAU * (phase / TAU).round()) as f32
}

/// γ of the Gaussian exp(−πn²/γ) that is closest to a window of peak one in least squares, over all
/// time; the paper's 0.25645·N² for a Hann window, within 0.1 %.
pub fn closest_gaussian(window: &[f32]) -> f64 {
    let n = window.len() as f64;
    let weight: f64 = window.iter().map(|w| f64::from(*w)).sum();
    let centre = window
        .iter()
        .enumerate()
        .map(|(i, w)| i as f64 * f64::from(*w))
        .sum::<f64>()
        / weight.max(f64::MIN_POSITIVE);
    let peak = window.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    // What is left of −Σ(w − g)² without Σw².
    let closeness = |gamma: f64| {
        let dot: f64 = window
            .iter()
            .enumerate()
            .map(|(i, w)| f64::from(*w) * (-PI * (i as f64 - centre).powi(2) / gamma).exp())
            .sum();
        // The Gaussian's energy over all time is √(γ/2).
        2.0 * dot / f64::from(peak) - (gamma / 2.0).sqrt()
    };
    // Golden section over ln γ, which has one maximum.
    let (mut low, mut high) = ((n * n * 1e-3).ln(), (n * n * 1e2).ln());
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if closeness(a.exp()) > closeness(b.exp()) {
            high = b;
        } else {
            low = a;
        }
    }
    (0.5 * (low + high)).exp()
}
