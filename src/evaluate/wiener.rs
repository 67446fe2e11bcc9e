//! The multichannel Wiener filter with known stems.
//!
//! Local Gaussian model (Duong, Vincent and Gribonval 2010): source j is Gaussian with covariance
//! P_j(t, f)·R_j(f). R_j is the mean over time of y·yᴴ / P, P the mean power of the channels, made
//! to have the number of channels as its trace; then P_j(t, f) = tr(R_j⁻¹·y·yᴴ) / channels. The
//! estimate is P_j·R_j·(Σ P·R)⁻¹·x. One pass; one or two channels.

use rayon::prelude::*;

use super::oracle::Spectra;
use crate::spectral::{Complex32, Complex64};

/// Added to the diagonal of a covariance of trace 2. A stem panned to one place has a covariance
/// of rank one; this keeps what rounding left in the other direction from being taken for sound.
const REGULAR: f64 = 1e-10;

/// A 2 × 2 Hermitian matrix [a, b; b*, d]; of one channel only `a` counts.
#[derive(Debug, Clone, Copy, Default)]
struct Hermitian {
    a: f64,
    b: Complex64,
    d: f64,
}

impl Hermitian {
    fn determinant(&self) -> f64 {
        self.a * self.d - self.b.norm_sqr()
    }
}

/// The spatial covariances of all sources.
pub(super) struct SpatialModel {
    bins: usize,
    channels: usize,
    /// `[sources][bins]`.
    spread: Vec<Vec<Hermitian>>,
}

impl SpatialModel {
    /// A model that has seen nothing, of 1 or 2 channels.
    pub(super) fn new(sources: usize, bins: usize, channels: usize) -> Self {
        Self {
            bins,
            channels,
            spread: vec![vec![Hermitian::default(); bins]; sources],
        }
    }

    /// Adds columns of all sources.
    pub(super) fn add(&mut self, y: &[Spectra]) {
        let (bins, channels) = (self.bins, self.channels);
        self.spread.par_iter_mut().zip(y).for_each(|(spread, y)| {
            for (i, left) in y[0].iter().enumerate() {
                let left = wide(*left);
                let right = y.get(1).map_or(Complex64::default(), |r| wide(r[i]));
                let power = (left.norm_sqr() + right.norm_sqr()) / channels as f64;
                if power > 0.0 {
                    let of_bin = &mut spread[i % bins];
                    of_bin.a += left.norm_sqr() / power;
                    of_bin.d += right.norm_sqr() / power;
                    of_bin.b += left * right.conj() / power;
                }
            }
        });
    }

    /// Brings every covariance to its trace. Where a source never sounds it is the identity.
    pub(super) fn finish(&mut self) {
        let channels = self.channels as f64;
        for spread in self.spread.iter_mut().flatten() {
            let trace = spread.a + spread.d;
            *spread = if trace > 0.0 {
                let gain = channels / trace;
                Hermitian {
                    a: spread.a * gain + REGULAR,
                    b: spread.b * gain,
                    d: spread.d * gain + REGULAR,
                }
            } else {
                Hermitian {
                    a: 1.0,
                    b: Complex64::default(),
                    d: 1.0,
                }
            };
        }
    }

    /// What the filter makes of the mixture `x`, given the true stems `y`.
    pub(super) fn filter(&self, x: &Spectra, y: &[Spectra], bins: usize) -> Vec<Spectra> {
        let length = x.first().map_or(0, Vec::len);
        let mut out = vec![vec![vec![Complex32::default(); length]; x.len()]; y.len()];
        let mut powers = vec![0.0; y.len()];
        for i in 0..length {
            let bin = i % bins;
            if x.len() == 1 {
                for (power, y) in powers.iter_mut().zip(y) {
                    *power = f64::from(y[0][i].norm_sqr());
                }
                let total: f64 = powers.iter().sum();
                for (out, power) in out.iter_mut().zip(&powers) {
                    let gain = if total > 0.0 { power / total } else { 0.0 };
                    out[0][i] = x[0][i] * gain as f32;
                }
                continue;
            }
            let mut mixed = Hermitian::default();
            for ((power, y), spread) in powers.iter_mut().zip(y).zip(&self.spread) {
                let spread = &spread[bin];
                let (left, right) = (wide(y[0][i]), wide(y[1][i]));
                // tr(R⁻¹·y·yᴴ) / 2 = yᴴ·R⁻¹·y / 2
                let across = 2.0 * (left.conj() * spread.b * right).re;
                let form = spread.d * left.norm_sqr() + spread.a * right.norm_sqr() - across;
                *power = (form / (2.0 * spread.determinant())).max(0.0);
                mixed.a += *power * spread.a;
                mixed.d += *power * spread.d;
                mixed.b += spread.b * *power;
            }
            let determinant = mixed.determinant();
            if determinant <= 0.0 || !determinant.is_finite() {
                continue;
            }
            let (left, right) = (wide(x[0][i]), wide(x[1][i]));
            let u = (left * mixed.d - mixed.b * right) / determinant;
            let w = (right * mixed.a - mixed.b.conj() * left) / determinant;
            for ((out, power), spread) in out.iter_mut().zip(&powers).zip(&self.spread) {
                let spread = &spread[bin];
                out[0][i] = narrow((u * spread.a + spread.b * w) * *power);
                out[1][i] = narrow((spread.b.conj() * u + w * spread.d) * *power);
            }
        }
        out
    }
}

fn wide(value: Complex32) -> Complex64 {
    Complex64::new(f64::from(value.re), f64::from(value.im))
}

fn narrow(value: Complex64) -> Complex32 {
    Complex32::new(value.re as f32, value.im as f32)
}
