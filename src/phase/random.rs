//! Random phases that belong to a place: the same seed, column and bin give the same phase,
//! however a signal is cut into blocks and on however many threads.
//!
//! All channels get the same phases, so that what is in the middle stays in the middle.

use std::f32::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rayon::prelude::*;

use crate::spectral::Complex32;

/// Columns of these magnitudes (`columns × bins`, the first of them column `first_column` of the
/// signal) with uniformly random phases.
pub fn random_phases(
    magnitudes: &[f32],
    bins: usize,
    first_column: usize,
    seed: u64,
) -> Vec<Complex32> {
    let mut out = vec![Complex32::default(); magnitudes.len()];
    out.par_chunks_mut(bins)
        .zip(magnitudes.par_chunks(bins))
        .enumerate()
        .for_each(|(column, (out, magnitudes))| {
            let mut rng = column_rng(seed, first_column + column);
            for (out, m) in out.iter_mut().zip(magnitudes) {
                *out = Complex32::from_polar(*m, next_phase(&mut rng));
            }
        });
    out
}

/// The generator of one column.
pub(super) fn column_rng(seed: u64, column: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(column as u64);
    rng
}

/// A phase in radians, −π to π.
pub(super) fn next_phase(rng: &mut ChaCha8Rng) -> f32 {
    // The upper 24 bits are exact in an f32.
    let unit = (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
    (unit - 0.5) * TAU
}
