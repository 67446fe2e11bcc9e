//! How alike the references and estimates are at each lag, exactly, in bounded memory.
//!
//! A block of one signal against the same stretch of the other and a little more is correlated by
//! FFT; the products are summed up over the blocks, and only the sum is transformed back.

use std::ops::Range;

use rayon::prelude::*;

use super::signals::{Signals, read};
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex64, RealFft, fast_length};

/// Blocks whose spectra are in memory at once. Fixed: sums must not depend on the machine.
const BATCH: usize = 16;

/// Cross-correlations c[lag] = Σₜ x[t]·y[t + lag] for lags from 0 to `lags` − 1, where x is a
/// channel of a reference and y one of any reference or estimate.
pub(super) struct Correlations {
    /// Number of lags.
    pub lags: usize,
    /// Channels of all references.
    pub references: usize,
    /// Row x × (references + estimates) + y; estimates come after the references.
    rows: Vec<Vec<f64>>,
    signals: usize,
}

impl Correlations {
    /// Correlates the stretch `within` of all signals; zero is assumed around it.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn new(
        signals: &Signals<'_>,
        within: &Range<usize>,
        lags: usize,
        reporter: &Reporter,
    ) -> Result<Self> {
        let num_references = signals.references.len();
        let num_signals = num_references + signals.estimates.len();
        let longest = within.len() + lags - 1;
        let fft = RealFft::new(fast_length((16 * lags).max(256).min(longest)));
        let bins = fft.bins();
        // Block and lags fit into the transform, so that nothing wraps around.
        let block_frames = fft.n_fft() - (lags - 1);
        let starts: Vec<usize> = within.clone().step_by(block_frames).collect();
        let mut sums = vec![vec![Complex64::default(); bins]; num_references * num_signals];
        for (batch, starts) in starts.chunks(BATCH).enumerate() {
            reporter.step(
                "Correlating",
                (batch * BATCH * block_frames) as u64,
                within.len() as u64,
            )?;
            let blocks: Vec<Spectra> = starts
                .par_iter()
                .map(|start| Spectra::new(signals, within, *start, block_frames, &fft))
                .collect();
            sums.par_iter_mut().enumerate().for_each(|(row, sum)| {
                let (x, y) = (row / num_signals, row % num_signals);
                for block in &blocks {
                    let x = &block.short[x * bins..(x + 1) * bins];
                    let y = &block.long[y * bins..(y + 1) * bins];
                    for ((sum, x), y) in sum.iter_mut().zip(x).zip(y) {
                        *sum += x.conj() * y;
                    }
                }
            });
        }
        let scale = 1.0 / fft.n_fft() as f64;
        let rows = sums
            .into_par_iter()
            .map(|mut sum| {
                let mut out = vec![0.0; fft.n_fft()];
                fft.inverse(&mut sum, &mut out, &mut Vec::new());
                out[..lags].iter().map(|value| value * scale).collect()
            })
            .collect();
        Ok(Self {
            lags,
            references: num_references,
            rows,
            signals: num_signals,
        })
    }

    /// Reference channel `x` against reference channel `y`, `lags` values.
    pub fn of_references(&self, x: usize, y: usize) -> &[f64] {
        &self.rows[x * self.signals + y]
    }

    /// Reference channel `x` against estimate channel `y`, `lags` values.
    pub fn with_estimate(&self, x: usize, y: usize) -> &[f64] {
        &self.rows[x * self.signals + self.references + y]
    }
}

/// One block of all signals.
struct Spectra {
    /// Of the references, the block alone: `references × bins`.
    short: Vec<Complex64>,
    /// Of references and estimates, the block and what follows up to the last lag.
    long: Vec<Complex64>,
}

impl Spectra {
    fn new(
        signals: &Signals<'_>,
        within: &Range<usize>,
        start: usize,
        block_frames: usize,
        fft: &RealFft,
    ) -> Self {
        let mut samples = vec![0.0; fft.n_fft()];
        let mut scratch = Vec::new();
        let mut spectra = |channels: &[&[f32]], within: &Range<usize>| {
            let mut out = vec![Complex64::default(); channels.len() * fft.bins()];
            for (channel, out) in channels.iter().zip(out.chunks_exact_mut(fft.bins())) {
                read(channel, within, start as isize, &mut samples);
                fft.forward(&mut samples, out, &mut scratch);
            }
            out
        };
        let block = start..within.end.min(start + block_frames);
        let short = spectra(&signals.references, &block);
        let mut long = spectra(&signals.references, within);
        long.extend(spectra(&signals.estimates, within));
        Self { short, long }
    }
}
