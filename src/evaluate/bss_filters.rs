//! The filters that bring references as close to an estimate as filters can.
//!
//! Least squares: with the references delayed by 0 to L − 1 frames as columns of a matrix S, the
//! filters are the x of SᵀS·x = Sᵀe (Vincent, Gribonval, Févotte, "Performance measurement in blind
//! audio source separation", 2006; with several channels as museval 0.4.1). SᵀS consists of
//! correlations alone.
//!
//! References that depend on each other, such as two equal channels, have no unique filters. Where
//! the system is not positive definite as far as rounding can tell, its diagonal grows by the least
//! of [`LOADINGS`] that helps. What the filters give together hardly changes by that: a stem with
//! two equal channels agrees with museval to 0.001 dB. Where signals have next to no energy in some
//! band (steep low-passes in floating point), filters are so large that the edges of windows
//! outweigh the music: ISR and SIR are −75 to −120 dB by museval's solver. Here they are nearer to
//! what is heard, but mean little too; SDR is what it should be in both.

use std::ops::Range;

use rayon::prelude::*;

use super::cholesky::{BLOCK, Cholesky, Matrix};
use super::correlations::Correlations;
use super::signals::Signals;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Parts of itself by which the diagonal grows, tried one after the other.
const LOADINGS: [f64; 5] = [0.0, 1e-10, 1e-9, 1e-8, 1e-6];

/// Filters of every estimate.
pub(super) struct Filters {
    /// Taps per filter.
    pub length: usize,
    /// For each estimate channel: filters of the channels of its own reference, one after the
    /// other, `channels × length`.
    pub own: Vec<Vec<f64>>,
    /// For each estimate channel: filters of all reference channels, `references × length`.
    pub all: Vec<Vec<f64>>,
}

impl Filters {
    /// Finds the filters for the stretch `within`.
    ///
    /// # Errors
    /// [`Error::Setting`] if no system could be solved, which takes signals out of all range;
    /// [`Error::Cancelled`].
    pub fn new(
        signals: &Signals<'_>,
        within: &Range<usize>,
        length: usize,
        reporter: &Reporter,
    ) -> Result<Self> {
        let correlations = Correlations::new(signals, within, length, reporter)?;
        let everything = 0..signals.references.len();
        let all = project(&correlations, &everything, &everything, reporter)?;
        let mut own = Vec::with_capacity(all.len());
        for source in 0..signals.sources() {
            let channels = source * signals.channels..(source + 1) * signals.channels;
            own.extend(project(&correlations, &channels, &channels, reporter)?);
        }
        Ok(Self { length, own, all })
    }
}

/// Filters of some reference channels for some estimate channels: a vector per estimate channel.
fn project(
    correlations: &Correlations,
    references: &Range<usize>,
    estimates: &Range<usize>,
    reporter: &Reporter,
) -> Result<Vec<Vec<f64>>> {
    let unknowns = references.len() * correlations.lags;
    for loading in LOADINGS {
        let matrix = normal_matrix(correlations, references, loading);
        let size = matrix.size;
        let Some(factors) = Cholesky::factor(matrix, reporter)? else {
            continue;
        };
        let solution = |estimate: usize| {
            let mut b: Vec<f64> = references
                .clone()
                .flat_map(|x| correlations.with_estimate(x, estimate))
                .copied()
                .collect();
            b.resize(size, 0.0);
            factors.solve(&mut b);
            b.truncate(unknowns);
            b
        };
        return Ok(estimates.clone().into_par_iter().map(solution).collect());
    }
    let problem = "no filters can be found for signals so large or so small; bring them to a \
                   usual level";
    Err(Error::setting("references", problem))
}

/// SᵀS of some reference channels, with a loaded diagonal; rows that fill up the last block are
/// those of the unit matrix.
fn normal_matrix(correlations: &Correlations, channels: &Range<usize>, loading: f64) -> Matrix {
    let lags = correlations.lags;
    let unknowns = channels.len() * lags;
    let size = unknowns.next_multiple_of(BLOCK);
    let mut values = vec![0.0; size * size];
    values
        .par_chunks_exact_mut(size)
        .enumerate()
        .for_each(|(i, row)| {
            if i >= unknowns {
                row[i] = 1.0;
                return;
            }
            // Row i: channel x delayed by `delay`. Only the lower triangle is needed.
            let (x, delay) = (channels.start + i / lags, i % lags);
            for (y, out) in (channels.start..=x).zip(row.chunks_exact_mut(lags)) {
                // Against y delayed by less or as much, and by more.
                let (less, more) = out.split_at_mut(delay + 1);
                let forward = &correlations.of_references(x, y)[..=delay];
                less.iter_mut()
                    .zip(forward.iter().rev())
                    .for_each(|(out, value)| *out = *value);
                let backward = &correlations.of_references(y, x)[1..lags - delay];
                more.copy_from_slice(backward);
            }
            row[i] += loading * row[i] + f64::EPSILON;
        });
    Matrix { size, values }
}
