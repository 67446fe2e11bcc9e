//! The real FFT of double precision: by definition, there and back, and lengths that are fast.

use stemloom::spectral::{Complex64, RealFft, fast_length};

use crate::common::noise;

#[test]
fn it_is_the_transform_and_back_is_the_signal() {
    let mut scratch = Vec::new();
    for n_fft in [2, 3, 7, 8, 30, 97] {
        let fft = RealFft::new(n_fft);
        assert_eq!((fft.n_fft(), fft.bins()), (n_fft, n_fft / 2 + 1));
        let x: Vec<f64> = noise(1, n_fft).into_iter().map(f64::from).collect();
        let mut spectrum = vec![Complex64::default(); fft.bins()];
        fft.forward(&mut x.clone(), &mut spectrum, &mut scratch);
        for (k, value) in spectrum.iter().enumerate() {
            let turn = -std::f64::consts::TAU * k as f64 / n_fft as f64;
            let term = |(n, x): (usize, &f64)| Complex64::from_polar(1.0, turn * n as f64) * *x;
            let expected: Complex64 = x.iter().enumerate().map(term).sum();
            assert!(
                (value - expected).norm() < 1e-12 * n_fft as f64,
                "n_fft {n_fft}, bin {k}"
            );
        }
        let mut back = vec![0.0; n_fft];
        fft.inverse(&mut spectrum, &mut back, &mut scratch);
        for (x, back) in x.iter().zip(&back) {
            assert!((back / n_fft as f64 - x).abs() < 1e-13, "n_fft {n_fft}");
        }
    }
}

#[test]
fn fast_lengths_are_the_smallest_of_small_factors() {
    let is_fast = |mut n: usize| {
        let is_even = n.is_multiple_of(2);
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        is_even && n == 1
    };
    for least in 0..3000 {
        let expected = (least.max(2)..).find(|n| is_fast(*n));
        assert_eq!(Some(fast_length(least)), expected, "at least {least}");
    }
}
