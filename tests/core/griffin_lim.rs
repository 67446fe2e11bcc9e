//! Griffin-Lim and its fast form; how phases begin is in `phase.rs`.
//!
//! Order: definition by hand → stored reference values (librosa) → seeded sweep.

use std::f64::consts::TAU;

use stemloom::phase::{GriffinLim, PhaseMethod, PhaseSpec, PhaseStart};
use stemloom::spectral::{Complex32, Complex64, Padding, Spectrogram, StftSpec, WindowKind};

use crate::common::{Rng, array, entries, noise, number, numbers, planar_noise, text, whole};
use crate::phase::{convergence, found, griffin_lim};
use crate::stft::plan;

/// Columns with these magnitudes and seeded phases.
fn random_start(magnitudes: &[f32], seed: u64) -> Vec<Complex32> {
    let mut rng = Rng::new(seed);
    magnitudes
        .iter()
        .map(|m| Complex32::from_polar(*m, rng.sample() * std::f32::consts::PI))
        .collect()
}

// ---------------------------------------------------------------------------------------------
// By hand: the direct sums for n_fft 8, hop 3, 13 samples

const N_FFT: usize = 8;
const HOP: usize = 3;
const FRAMES: usize = 13;
const BINS: usize = 5;
const COLUMNS: usize = 5;

fn hann(n: usize) -> f64 {
    0.5 - 0.5 * (TAU * n as f64 / N_FFT as f64).cos()
}

fn turn(bin: usize, n: usize) -> Complex64 {
    Complex64::from_polar(1.0, TAU * (bin * n) as f64 / N_FFT as f64)
}

/// The sample that column and offset meet.
fn sample_at(column: usize, n: usize) -> Option<usize> {
    (column * HOP + n)
        .checked_sub(N_FFT / 2)
        .filter(|at| *at < FRAMES)
}

fn direct_forward(x: &[f64]) -> Vec<Complex64> {
    let cell = |i: usize| {
        let (column, bin) = (i / BINS, i % BINS);
        let values = (0..N_FFT).map(|n| {
            let x = sample_at(column, n).map_or(0.0, |at| x[at]);
            turn(bin, n).conj() * (hann(n) * x)
        });
        values.sum::<Complex64>()
    };
    (0..COLUMNS * BINS).map(cell).collect()
}

fn direct_inverse(columns: &[Complex64]) -> Vec<f64> {
    let (mut sum, mut norm) = (vec![0.0; FRAMES], vec![0.0; FRAMES]);
    for (column, bins) in columns.chunks(BINS).enumerate() {
        for n in 0..N_FFT {
            let Some(at) = sample_at(column, n) else {
                continue;
            };
            let inner = |bin: usize| 2.0 * (bins[bin] * turn(bin, n)).re;
            let ends = bins[0].re + bins[BINS - 1].re * if n % 2 == 0 { 1.0 } else { -1.0 };
            let value = (ends + (1..BINS - 1).map(inner).sum::<f64>()) / N_FFT as f64;
            sum[at] += hann(n) * value;
            norm[at] += hann(n) * hann(n);
        }
    }
    sum.iter()
        .zip(&norm)
        .map(|(sum, norm)| sum / norm)
        .collect()
}

#[test]
fn steps_are_the_direct_sums() {
    let stft = plan(&StftSpec::new(N_FFT, HOP));
    let mut rng = Rng::new(1);
    // No signal has these magnitudes.
    let m: Vec<f32> = (0..COLUMNS * BINS).map(|_| 1.5 + rng.sample()).collect();
    let start = random_start(&m, 2);
    for momentum in [0.0_f32, 0.99] {
        let share = f64::from(momentum) / (1.0 + f64::from(momentum));
        let magnitudes = [m.clone()];
        let mut lim = GriffinLim::new(&stft, &magnitudes, FRAMES, vec![start.clone()], momentum, 0);
        let mut columns: Vec<Complex64> = start
            .iter()
            .map(|c| Complex64::new(f64::from(c.re), f64::from(c.im)))
            .collect();
        let mut previous = vec![Complex64::default(); columns.len()];
        for step in 1..=3 {
            let rebuilt = direct_forward(&direct_inverse(&columns));
            let mut error = 0.0;
            for i in 0..columns.len() {
                let m = f64::from(m[i]);
                error += (rebuilt[i].norm() - m).powi(2);
                let c = rebuilt[i] - previous[i] * share;
                columns[i] = c * (m / c.norm());
            }
            previous = rebuilt;
            let (got, _) = lim.step();
            assert!(
                (got / error - 1.0).abs() < 1e-4,
                "{momentum}, {step}: {got} for {error}"
            );
            for (got, want) in lim.columns()[0].iter().zip(&columns) {
                let (re, im) = (f64::from(got.re) - want.re, f64::from(got.im) - want.im);
                assert!(re.hypot(im) < 2e-3, "{momentum}, {step}: {got} for {want}");
            }
        }
    }
}

/// Nothing is divided by a column that came back as nothing.
#[test]
fn columns_beyond_the_signal_stay_finite() {
    let stft = plan(&StftSpec::new(64, 16));
    let m = vec![vec![100.0; 30 * 33]];
    for momentum in [0.0, 0.99] {
        let mut lim = GriffinLim::new(&stft, &m, 40, vec![random_start(&m[0], 3)], momentum, 0);
        for _ in 0..4 {
            lim.step();
        }
        let finite = |c: &Complex32| c.re.is_finite() && c.im.is_finite();
        assert!(lim.columns()[0].iter().all(finite));
    }
}

// ---------------------------------------------------------------------------------------------
// Stored

#[test]
fn convergence_is_librosas() {
    for entry in entries("griffin_lim") {
        let stft = plan(&StftSpec::new(whole(&entry["n_fft"]), whole(&entry["hop"])));
        let bins = stft.spec().bins();
        let magnitudes = vec![array(text(&entry["magnitudes"]))];
        let start: Vec<Complex32> = array(text(&entry["start"]))
            .iter()
            .zip(&magnitudes[0])
            .map(|(angle, m)| Complex32::from_polar(*m, *angle))
            .collect();
        let input = Spectrogram {
            columns: start.len() / bins,
            bins,
            channels: vec![start],
        };
        let momentum = number(&entry["momentum"]) as f32;
        let counts = numbers(&entry["iterations"]);
        let spec = PhaseSpec {
            method: PhaseMethod::FastGriffinLim,
            start: PhaseStart::Input,
            iterations: counts.iter().fold(0.0_f64, |most, count| most.max(*count)) as usize,
            momentum: Some(momentum),
            ..PhaseSpec::default()
        };
        let samples = whole(&entry["samples"]);
        let ours = found(&stft, &magnitudes, samples, &spec, Some(&input));
        for (count, theirs) in counts.iter().zip(numbers(&entry["convergence"])) {
            let value = ours.convergence[*count as usize];
            assert!(
                (value - theirs).abs() < 1e-4 && (momentum > 0.0 || value < theirs + 1e-6),
                "momentum {momentum}, {count} iterations: {value} for {theirs}"
            );
        }
        let last = convergence(&stft, &magnitudes[0], &ours.samples[0]);
        assert!((last - ours.convergence[spec.iterations]).abs() < 1e-6);
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn plain_griffin_lim_never_gets_worse() {
    let cases = [
        (64, 16, 1000, WindowKind::Hann, true, Padding::Constant),
        (64, 16, 1001, WindowKind::Hann, true, Padding::Reflect),
        (60, 17, 777, WindowKind::Hamming, true, Padding::Constant),
        (60, 17, 777, WindowKind::Hamming, true, Padding::Reflect),
        (62, 31, 333, WindowKind::Hamming, false, Padding::Constant),
        (64, 24, 501, WindowKind::Hamming, false, Padding::Constant),
        (64, 64, 300, WindowKind::Hamming, true, Padding::Constant),
    ];
    for (seed, case) in cases.into_iter().enumerate() {
        let (n_fft, hop, frames, window, center, padding) = case;
        let stft = plan(&StftSpec {
            window,
            center,
            padding,
            ..StftSpec::new(n_fft, hop)
        });
        for channels in [1, 2] {
            let mut magnitudes = stft
                .forward(&planar_noise(seed as u64, channels, frames))
                .magnitudes();
            // Changed, so that no signal has them.
            let mut rng = Rng::new(seed as u64);
            let change = |m: &mut f32| *m *= 1.0 + 0.5 * rng.sample();
            magnitudes.iter_mut().flatten().for_each(change);
            let done = found(&stft, &magnitudes, frames, &griffin_lim(25), None);
            assert_eq!(
                (done.samples.len(), done.samples[0].len()),
                (channels, frames)
            );
            assert_eq!(done.convergence.len(), 26);
            for (i, pair) in done.convergence.windows(2).enumerate() {
                assert!(
                    pair[1] <= pair[0] + 1e-6,
                    "{case:?}, iteration {i}: {pair:?}"
                );
            }
            assert!(done.convergence[25] < 0.8 * done.convergence[0], "{case:?}");
        }
    }
}

#[test]
fn a_run_goes_on_where_it_stopped() {
    let stft = plan(&StftSpec::new(128, 32));
    let frames = 2000;
    let magnitudes = stft.forward(&planar_noise(7, 2, frames)).magnitudes();
    let start: Vec<Vec<Complex32>> = magnitudes
        .iter()
        .enumerate()
        .map(|(i, m)| random_start(m, i as u64))
        .collect();
    for momentum in [0.0, 0.99] {
        let begin = || GriffinLim::new(&stft, &magnitudes, frames, start.clone(), momentum, 0);
        let (mut once, mut twice) = (begin(), begin());
        (0..12).for_each(|_| {
            once.step();
        });
        (0..5).for_each(|_| {
            twice.step();
        });
        // Looking at it changes nothing.
        let five = twice.error();
        assert_eq!(five, twice.error());
        (0..7).for_each(|_| {
            twice.step();
        });
        assert_eq!(once.columns(), twice.columns());
        assert!(twice.error().0 < five.0);
    }
}

/// The STFT of a result has the phases of one more iteration.
#[test]
fn an_earlier_result_is_continued() {
    let stft = plan(&StftSpec::new(128, 32));
    let frames = 3001;
    let magnitudes = stft.forward(&[noise(8, frames)]).magnitudes();
    let long = found(&stft, &magnitudes, frames, &griffin_lim(20), None).convergence;
    let earlier = found(&stft, &magnitudes, frames, &griffin_lim(9), None);
    let spec = PhaseSpec {
        start: PhaseStart::Input,
        ..griffin_lim(10)
    };
    let input = stft.forward(&earlier.samples);
    let rest = found(&stft, &magnitudes, frames, &spec, Some(&input)).convergence;
    for (i, value) in rest.iter().enumerate() {
        let want = long[9 + 1 + i];
        assert!(
            (value - want).abs() < 2e-5,
            "iteration {i}: {value} for {want}"
        );
    }
}
