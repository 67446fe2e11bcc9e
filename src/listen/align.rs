//! How far one take runs behind another, to the sample.
//!
//! The shift is where the normalised cross-correlation is largest:
//! r(k) = Σ a[n]·b[n + k] / √(Σ a[n]² · Σ b[n + k]²), the sums over a stretch of `a`. It is the
//! largest r, not the largest |r|: a take of reversed polarity is not turned round, so that its
//! difference shows the reversal instead of hiding it.

use rayon::prelude::*;

use crate::spectral::{Complex32, Stft, StftSpec, WindowKind};

/// Frames of `a` that are compared, six seconds at 44.1 kHz: the cost does not grow with the song.
const STRETCH_FRAMES: usize = 1 << 18;
/// The longest transform that [`Stft`] plans.
const MOST_FFT: usize = 1 << 20;
/// The longest shift that can be searched for, in frames: what the longest transform has room for
/// beside the stretch.
pub const MOST_LAG_FRAMES: usize = (MOST_FFT - STRETCH_FRAMES) / 2;
/// Below this correlation the takes have nothing in common that could be aligned.
const LEAST_CORRELATION: f64 = 0.3;
/// Correlations that differ by less are equal but for the rounding of the transform.
const TIE: f64 = 1e-5;
/// Where `b` has less than this part of its energy, the correlation is rounding noise.
const LEAST_ENERGY: f64 = 1e-8;

/// How many frames `b` runs behind `a`: a[n] belongs to b[n + lag]. Positive if `b` is late.
///
/// Searches −`max_lag` to `max_lag` ([`MOST_LAG_FRAMES`] at most, which are 393,216), on the 2¹⁸
/// frames where the two sound loudest together; beyond its ends `b` is silence. Of equally good
/// shifts the smallest is taken. 0 if one is silent, or if no shift reaches a correlation of 0.3.
pub fn lag_frames(a: &[f32], b: &[f32], max_lag: usize) -> isize {
    lag_frames_of_pairs(&[(a, b)], max_lag)
}

/// As [`lag_frames`], of several channels that shift together: `pairs` has one (a, b) per channel.
pub fn lag_frames_of_pairs(pairs: &[(&[f32], &[f32])], max_lag: usize) -> isize {
    let a_frames = pairs.iter().map(|(a, _)| a.len()).max().unwrap_or(0);
    let b_frames = pairs.iter().map(|(_, b)| b.len()).max().unwrap_or(0);
    if a_frames == 0 || b_frames == 0 {
        return 0;
    }
    let frames = a_frames.min(STRETCH_FRAMES);
    let max_lag = max_lag.min(a_frames.max(b_frames)).min(MOST_LAG_FRAMES);
    let start = loudest_start(pairs, a_frames, frames, max_lag);
    best_lag(&correlations(pairs, start, frames, max_lag), max_lag)
}

/// Reads `out.len()` samples from `start` on, which may lie before the first sample or beyond the
/// last one: there `out` is zero.
pub fn read_at(samples: &[f32], start: isize, out: &mut [f32]) {
    out.fill(0.0);
    let before = start.saturating_neg().max(0) as usize;
    let from = start.max(0) as usize;
    if let (Some(out), Some(samples)) = (out.get_mut(before..), samples.get(from..)) {
        let frames = out.len().min(samples.len());
        out[..frames].copy_from_slice(&samples[..frames]);
    }
}

/// Where the stretch begins on which both sound: the largest product of their energies.
fn loudest_start(
    pairs: &[(&[f32], &[f32])],
    a_frames: usize,
    frames: usize,
    max_lag: usize,
) -> usize {
    let last = a_frames - frames;
    let mut starts: Vec<usize> = (0..last).step_by((frames / 2).max(1)).collect();
    starts.push(last);
    let products: Vec<f64> = starts
        .par_iter()
        .map(|&start| {
            let of_a = pairs.iter().map(|(a, _)| energy(a, start, start + frames));
            let of_b = pairs
                .iter()
                .map(|(_, b)| energy(b, start.saturating_sub(max_lag), start + frames + max_lag));
            of_a.sum::<f64>() * of_b.sum::<f64>()
        })
        .collect();
    let mut best = (0.0, 0);
    for (start, product) in starts.into_iter().zip(products) {
        if product > best.0 {
            best = (product, start);
        }
    }
    best.1
}

/// Σ x² of samples `from..to`, cut to what is there.
fn energy(samples: &[f32], from: usize, to: usize) -> f64 {
    let to = to.min(samples.len());
    let samples = &samples[from.min(to)..to];
    samples.iter().map(|x| f64::from(*x).powi(2)).sum()
}

/// r(k) for k from −`max_lag` to `max_lag`; empty if one of the two is silent.
fn correlations(
    pairs: &[(&[f32], &[f32])],
    start: usize,
    frames: usize,
    max_lag: usize,
) -> Vec<f64> {
    let searched = frames + 2 * max_lag;
    // Long enough that the circular correlation wraps round at none of the shifts.
    let n_fft = searched.next_power_of_two().max(2);
    let spec = StftSpec {
        window: WindowKind::Rectangular,
        center: false,
        ..StftSpec::new(n_fft, n_fft)
    };
    let Ok(stft) = Stft::new(&spec) else {
        return Vec::new();
    };
    let mut template = vec![0.0; frames];
    let mut search = vec![0.0; searched];
    let mut of_a = vec![Complex32::default(); spec.bins()];
    let mut of_b = of_a.clone();
    let mut cross = of_a.clone();
    let mut a_energy = 0.0;
    let mut b_squares = vec![0.0_f64; searched];
    for (a, b) in pairs {
        read_at(a, start as isize, &mut template);
        read_at(b, start as isize - max_lag as isize, &mut search);
        stft.forward_columns(&template, 0, &mut of_a);
        stft.forward_columns(&search, 0, &mut of_b);
        for ((cross, a), b) in cross.iter_mut().zip(&of_a).zip(&of_b) {
            *cross += a.conj() * b;
        }
        a_energy += energy(&template, 0, frames);
        for (square, x) in b_squares.iter_mut().zip(&search) {
            *square += f64::from(*x).powi(2);
        }
    }
    let b_energy: f64 = b_squares.iter().sum();
    if !(a_energy > 0.0 && b_energy > 0.0) {
        return Vec::new();
    }
    let products = stft.inverse_channel(&cross, 2 * max_lag + 1);
    let mut under: f64 = b_squares[..frames].iter().sum();
    let mut out = Vec::with_capacity(products.len());
    for (k, product) in products.into_iter().enumerate() {
        out.push(if under > LEAST_ENERGY * b_energy {
            f64::from(product) / (a_energy * under).sqrt()
        } else {
            0.0
        });
        if let Some(next) = b_squares.get(k + frames) {
            under += next - b_squares[k];
        }
    }
    out
}

/// The smallest of the shifts at which the correlation has its largest peak.
fn best_lag(correlations: &[f64], max_lag: usize) -> isize {
    let largest = correlations.iter().copied().fold(0.0, f64::max);
    if largest < LEAST_CORRELATION {
        return 0;
    }
    let at = |lag: isize| {
        let place = usize::try_from(max_lag as isize + lag).ok();
        place.and_then(|place| correlations.get(place).copied())
    };
    // A low tone falls off so slowly beside its peak that only a peak can be as good as the best.
    let is_best = |lag: &isize| {
        at(*lag).is_some_and(|r| {
            let over = |other: Option<f64>| other.is_none_or(|other| r >= other);
            r >= largest - TIE && over(at(lag - 1)) && over(at(lag + 1))
        })
    };
    (0..=max_lag as isize)
        .flat_map(|distance| [-distance, distance])
        .find(is_best)
        .unwrap_or(0)
}
