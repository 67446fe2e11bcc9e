//! Mel pictures back to magnitudes: which bins could have made these bands?
//!
//! There are fewer bands than bins, so many answers fit. Both ways begin at the smallest one,
//! x = Aᵀ(AAᵀ)⁻¹b, made non-negative, as librosa's `mel_to_stft` does. A bin lies in at most two
//! triangles, so AAᵀ has three diagonals and one column costs no more than a few passes over its
//! bins.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MelBank, MelSpec};
use crate::error::Result;

/// How exactly the bands are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum MelInversion {
    /// Non-negative least squares, min ‖Ax − b‖ with x ≥ 0, by coordinate descent.
    #[default]
    Nnls,
    /// The smallest solution with its negative values set to zero: no repetition, some leakage.
    Fast,
}

impl std::str::FromStr for MelInversion {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "nnls" => Ok(Self::Nnls),
            "fast" => Ok(Self::Fast),
            _ => Err("choose nnls or fast".into()),
        }
    }
}

/// Passes of the coordinate descent at most.
const MAX_SWEEPS: usize = 400;
/// It ends when a pass moves the bands by less than this share of their norm.
const SETTLED: f32 = 3e-6;

/// What one bin gives to the (at most two) bands it lies in.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    bands: [u32; 2],
    weights: [f32; 2],
    /// 1/Σw²; 0 where no band reaches.
    inverse_norm: f32,
}

/// A planned inversion.
#[derive(Debug, Clone)]
pub struct MelInverse {
    bins: Vec<Bin>,
    /// AAᵀ after elimination: pivots, and the factors below them.
    pivots: Vec<f64>,
    factors: Vec<f64>,
    above: Vec<f64>,
    power: f32,
    how: MelInversion,
}

impl MelInverse {
    /// Plans for spectra of `n_fft / 2 + 1` bins at `sample_rate_hz`.
    ///
    /// # Errors
    /// As [`MelBank::new`].
    pub fn new(
        spec: &MelSpec,
        n_fft: usize,
        sample_rate_hz: u32,
        how: MelInversion,
    ) -> Result<Self> {
        let matrix = MelBank::new(spec, n_fft, sample_rate_hz)?.matrix();
        let count = matrix.len();
        let mut bins = vec![Bin::default(); n_fft / 2 + 1];
        let mut diagonal = vec![0.0_f64; count];
        let mut above = vec![0.0_f64; count];
        for (bin, entry) in bins.iter_mut().enumerate() {
            let inside = (0..count).filter(|band| matrix[*band][bin] != 0.0);
            for (slot, band) in inside.take(2).enumerate() {
                entry.bands[slot] = band as u32;
                entry.weights[slot] = matrix[band][bin];
            }
            let [a, b] = entry.weights.map(f64::from);
            diagonal[entry.bands[0] as usize] += a * a;
            if b != 0.0 {
                diagonal[entry.bands[1] as usize] += b * b;
                above[entry.bands[0] as usize] += a * b;
            }
            let norm = a * a + b * b;
            entry.inverse_norm = if norm > 0.0 { (1.0 / norm) as f32 } else { 0.0 };
        }
        // Narrow bands may be empty or share their only bin; a trifle keeps them solvable.
        let most = diagonal.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let mut pivots = Vec::with_capacity(count);
        let mut factors = vec![0.0; count];
        for (band, value) in diagonal.iter().enumerate() {
            let mut pivot = value * (1.0 + 1e-9) + most * 1e-12;
            if band > 0 {
                factors[band] = above[band - 1] / pivots[band - 1];
                pivot -= factors[band] * above[band - 1];
            }
            pivots.push(pivot.max(most * 1e-12));
        }
        Ok(Self {
            bins,
            pivots,
            factors,
            above,
            power: spec.power,
            how,
        })
    }

    /// Magnitudes (`columns × bins`, never negative) of mel values (`columns × bands`, in the
    /// specification's power; negative ones count as zero).
    pub fn invert(&self, mel: &[f32]) -> Vec<f32> {
        let bands = self.pivots.len();
        let mut out = vec![0.0; mel.len() / bands * self.bins.len()];
        out.par_chunks_mut(self.bins.len())
            .zip(mel.par_chunks_exact(bands))
            .for_each(|(out, mel)| self.column(mel, out));
        out
    }

    fn column(&self, mel: &[f32], out: &mut [f32]) {
        let target: Vec<f32> = mel.iter().map(|b| b.max(0.0)).collect();
        self.smallest(&target, out);
        if self.how == MelInversion::Nnls {
            self.descend(&target, out);
        }
        if self.power == 2.0 {
            out.iter_mut().for_each(|x| *x = x.sqrt());
        } else if self.power != 1.0 {
            out.iter_mut().for_each(|x| *x = x.powf(1.0 / self.power));
        }
    }

    /// Aᵀ(AAᵀ)⁻¹b, negative values set to zero.
    fn smallest(&self, target: &[f32], out: &mut [f32]) {
        let mut z: Vec<f64> = target.iter().map(|b| f64::from(*b)).collect();
        for band in 1..z.len() {
            z[band] -= self.factors[band] * z[band - 1];
        }
        for band in (0..z.len()).rev() {
            let next = z.get(band + 1).map_or(0.0, |next| self.above[band] * next);
            z[band] = (z[band] - next) / self.pivots[band];
        }
        for (bin, out) in self.bins.iter().zip(out) {
            let [a, b] = bin.bands.map(|band| z[band as usize]);
            let x = f64::from(bin.weights[0]) * a + f64::from(bin.weights[1]) * b;
            *out = x.max(0.0) as f32;
        }
    }

    /// Each bin in turn takes the value that is best while the others rest, up and down the column.
    fn descend(&self, target: &[f32], x: &mut [f32]) {
        let mut rest = target.to_vec();
        for (bin, x) in self.bins.iter().zip(x.iter()) {
            rest[bin.bands[0] as usize] -= bin.weights[0] * x;
            rest[bin.bands[1] as usize] -= bin.weights[1] * x;
        }
        let norm: f32 = target.iter().map(|b| b * b).sum();
        for sweep in 0..MAX_SWEEPS {
            let mut moved = 0.0;
            let mut visit = |bin: &Bin, x: &mut f32| {
                let [a, b] = bin.bands.map(|band| band as usize);
                let [wa, wb] = bin.weights;
                let step = (wa * rest[a] + wb * rest[b]) * bin.inverse_norm;
                let new = (*x + step).max(0.0);
                let step = new - *x;
                *x = new;
                rest[a] -= wa * step;
                rest[b] -= wb * step;
                moved += step * step * (wa * wa + wb * wb);
            };
            if sweep % 2 == 0 {
                self.bins
                    .iter()
                    .zip(x.iter_mut())
                    .for_each(|(bin, x)| visit(bin, x));
            } else {
                let pairs = self.bins.iter().zip(x.iter_mut()).rev();
                pairs.for_each(|(bin, x)| visit(bin, x));
            }
            if moved <= SETTLED * SETTLED * norm {
                break;
            }
        }
    }
}
