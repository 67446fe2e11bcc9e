//! Real transforms of double precision and any length, for convolutions and correlations.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::Complex64;

/// A planned real FFT of double precision. Clones share the plan; neither direction scales.
#[derive(Clone)]
pub struct RealFft {
    n_fft: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl RealFft {
    /// Plans transforms of `n_fft` samples, at least 1; [`fast_length`] gives good ones.
    pub fn new(n_fft: usize) -> Self {
        let n_fft = n_fft.max(1);
        let mut planner = RealFftPlanner::<f64>::new();
        Self {
            n_fft,
            forward: planner.plan_fft_forward(n_fft),
            inverse: planner.plan_fft_inverse(n_fft),
        }
    }

    /// Samples per transform.
    pub fn n_fft(&self) -> usize {
        self.n_fft
    }

    /// Frequencies per transform, `n_fft / 2 + 1`.
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// `n_fft` samples to `bins` frequencies, unscaled. The input is scratch afterwards; `scratch`
    /// is any vector, best the same at every call. Panics if a slice is too short.
    pub fn forward(
        &self,
        input: &mut [f64],
        spectrum: &mut [Complex64],
        scratch: &mut Vec<Complex64>,
    ) {
        scratch.resize(self.forward.get_scratch_len(), Complex64::default());
        let input = &mut input[..self.n_fft];
        // The lengths are the plan's own, so this cannot fail.
        self.forward
            .process_with_scratch(input, &mut spectrum[..self.n_fft / 2 + 1], scratch)
            .ok();
    }

    /// `bins` frequencies to `n_fft` samples times `n_fft`: unscaled. The spectrum is scratch
    /// afterwards; whatever imaginary part its ends had does not count. Panics if a slice is too
    /// short.
    pub fn inverse(
        &self,
        spectrum: &mut [Complex64],
        output: &mut [f64],
        scratch: &mut Vec<Complex64>,
    ) {
        scratch.resize(self.inverse.get_scratch_len(), Complex64::default());
        let output = &mut output[..self.n_fft];
        // Fails only for imaginary ends, and then it has done its work all the same.
        self.inverse
            .process_with_scratch(&mut spectrum[..self.n_fft / 2 + 1], output, scratch)
            .ok();
    }
}

/// The smallest even length of at least `least` whose only prime factors are 2, 3 and 5.
pub fn fast_length(least: usize) -> usize {
    let mut best = least.max(2).next_power_of_two();
    let mut fives = 1;
    while fives < best {
        let mut threes = fives;
        while threes < best {
            // The power of two, at least 2, that lifts this product to `least`.
            let two = least.div_ceil(threes).max(2).next_power_of_two();
            best = best.min(threes * two);
            threes *= 3;
        }
        fives *= 5;
    }
    best
}
