//! Griffin-Lim, plain and fast: to the signal and back, the magnitudes put right each time.
//!
//! With target magnitudes M and phases c, one iteration is x = iSTFT(M·c), R = STFT(x),
//! c = R − α/(1+α)·R_previous, c = c/|c|. α = 0 is the method of 1984; α = 0.99 is the usual
//! value of 2013. R_previous is zero at first. Plain Griffin-Lim never gets worse.

use rayon::prelude::*;

use crate::spectral::{Complex32, Stft};

/// Values per task; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 14;
/// Magnitudes below this have no phase: their squares vanish in an f32.
const TINY: f32 = 1e-18;

/// The state of a run, which can go on as long as one likes.
pub struct GriffinLim<'a> {
    stft: &'a Stft,
    magnitudes: &'a [Vec<f32>],
    /// M·c, `[channels][columns × bins]`.
    columns: Vec<Vec<Complex32>>,
    /// R of the iteration before; empty channels without momentum.
    previous: Vec<Vec<Complex32>>,
    /// R, kept between iterations for its memory alone.
    rebuilt: Vec<Complex32>,
    /// α/(1+α).
    share: f32,
    /// Values at the start of each channel that keep their phases.
    held: usize,
    frames: usize,
    energy: f64,
}

impl<'a> GriffinLim<'a> {
    /// Begins with the phases of `start`, both `[channels][columns × bins]`, for a signal of
    /// `frames` samples. `momentum` is α, 0 or more; the first `held_columns` columns keep their
    /// phases.
    pub fn new(
        stft: &'a Stft,
        magnitudes: &'a [Vec<f32>],
        frames: usize,
        start: Vec<Vec<Complex32>>,
        momentum: f32,
        held_columns: usize,
    ) -> Self {
        let columns: Vec<Vec<Complex32>> = magnitudes
            .iter()
            .zip(&start)
            .map(|(m, start)| with_phases_of(m, start))
            .collect();
        let previous = if momentum > 0.0 {
            columns
                .iter()
                .map(|c| vec![Complex32::default(); c.len()])
                .collect()
        } else {
            Vec::new()
        };
        Self {
            stft,
            magnitudes,
            previous,
            rebuilt: Vec::new(),
            share: momentum / (1.0 + momentum),
            held: held_columns * stft.spec().bins(),
            frames,
            energy: magnitudes
                .iter()
                .map(|m| sum_of(m.len(), |i| square(m[i])))
                .sum(),
            columns,
        }
    }

    /// One iteration. Answers Σ(|R| − M)² and ΣM² of the signal *before* its phases were changed.
    pub fn step(&mut self) -> (f64, f64) {
        let mut error = 0.0;
        for channel in 0..self.columns.len() {
            self.rebuild(channel);
            let m = &self.magnitudes[channel];
            let columns = &mut self.columns[channel];
            let held = self.held.min(columns.len());
            error += error_of(&self.rebuilt[..held], &m[..held]);
            let (columns, rebuilt, m) = (&mut columns[held..], &self.rebuilt[held..], &m[held..]);
            let share = self.share;
            let errors: Vec<f64> = match self.previous.get_mut(channel) {
                None => columns
                    .par_chunks_mut(CHUNK)
                    .zip(rebuilt.par_chunks(CHUNK))
                    .zip(m.par_chunks(CHUNK))
                    .map(|((columns, rebuilt), m)| {
                        let mut error = 0.0;
                        for ((column, r), m) in columns.iter_mut().zip(rebuilt).zip(m) {
                            let norm = norm(*r);
                            error += square(norm - m);
                            *column = *r * (m / (norm + TINY));
                        }
                        error
                    })
                    .collect(),
                Some(previous) => columns
                    .par_chunks_mut(CHUNK)
                    .zip(rebuilt.par_chunks(CHUNK))
                    .zip(m.par_chunks(CHUNK))
                    .zip(previous[held..].par_chunks_mut(CHUNK))
                    .map(|(((columns, rebuilt), m), previous)| {
                        let mut error = 0.0;
                        let values = columns.iter_mut().zip(rebuilt).zip(m).zip(previous);
                        for (((column, r), m), previous) in values {
                            error += square(norm(*r) - m);
                            let c = *r - *previous * share;
                            *previous = *r;
                            *column = c * (m / (norm(c) + TINY));
                        }
                        error
                    })
                    .collect(),
            };
            error += errors.into_iter().sum::<f64>();
        }
        (error, self.energy)
    }

    /// Σ(|R| − M)² and ΣM² as it stands.
    pub fn error(&mut self) -> (f64, f64) {
        let mut error = 0.0;
        for channel in 0..self.columns.len() {
            self.rebuild(channel);
            error += error_of(&self.rebuilt, &self.magnitudes[channel]);
        }
        (error, self.energy)
    }

    /// M·c, `[channels][columns × bins]`.
    pub fn columns(&self) -> &[Vec<Complex32>] {
        &self.columns
    }

    /// M·c, `[channels][columns × bins]`.
    pub fn into_columns(self) -> Vec<Vec<Complex32>> {
        self.columns
    }

    /// R of a channel.
    fn rebuild(&mut self, channel: usize) {
        let columns = &self.columns[channel];
        self.rebuilt.resize(columns.len(), Complex32::default());
        let signal = self.stft.inverse_channel(columns, self.frames);
        self.stft.forward_columns(&signal, 0, &mut self.rebuilt);
    }
}

/// These magnitudes with the phases of `x`; phase zero where `x` is zero.
pub(super) fn with_phases_of(magnitudes: &[f32], x: &[Complex32]) -> Vec<Complex32> {
    magnitudes
        .par_iter()
        .zip(x)
        .map(|(m, x)| {
            let norm = norm(*x);
            if norm > TINY {
                *x * (m / norm)
            } else {
                Complex32::new(*m, 0.0)
            }
        })
        .collect()
}

/// Without the care for overflow of `Complex32::norm`, which costs more than the rest of a step.
fn norm(x: Complex32) -> f32 {
    (x.re * x.re + x.im * x.im).sqrt()
}

fn square(x: f32) -> f64 {
    f64::from(x) * f64::from(x)
}

/// Σ(|R| − M)².
fn error_of(rebuilt: &[Complex32], m: &[f32]) -> f64 {
    sum_of(m.len(), |i| square(norm(rebuilt[i]) - m[i]))
}

/// A sum over `0..len` in a fixed order.
fn sum_of(len: usize, value: impl Fn(usize) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = (0..len.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            (chunk * CHUNK..len.min((chunk + 1) * CHUNK))
                .map(&value)
                .sum()
        })
        .collect();
    parts.into_iter().sum()
}
