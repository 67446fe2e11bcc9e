//! Phase gradient heap integration: its constants, what it must do exactly, how good it is.

use std::f32::consts::{PI, TAU};

use stemloom::phase::{Pghi, PhaseMethod, PhaseSpec, closest_gaussian};
use stemloom::spectral::{Complex32, Stft, StftSpec, Symmetry, WindowKind, window};

use crate::common::{noise, sine, snr_db};
use crate::phase::{convergence, found};
use crate::stft::plan;

const RATE_HZ: u32 = 8000;

/// 512/64, the overlap of 87.5 % that the paper uses.
fn fine(window: WindowKind) -> Stft {
    plan(&StftSpec {
        window,
        ..StftSpec::new(512, 64)
    })
}

fn magnitudes_of(stft: &Stft, x: &[f32]) -> Vec<f32> {
    stft.forward(&[x]).magnitudes().remove(0)
}

fn integrated(stft: &Stft, magnitudes: &[f32], frames: usize) -> Vec<f32> {
    let spec = PhaseSpec::new(PhaseMethod::Pghi);
    found(stft, &[magnitudes.to_vec()], frames, &spec, None)
        .samples
        .remove(0)
}

fn sines() -> Vec<f32> {
    let frames = RATE_HZ as usize;
    let parts =
        [(440.0, 0.3), (1250.0, 0.2), (2710.0, 0.1)].map(|(hz, a)| sine(hz, RATE_HZ, frames, a));
    (0..frames)
        .map(|n| parts.iter().map(|part| part[n]).sum())
        .collect()
}

/// From 300 Hz to 2800 Hz in a second.
fn chirp() -> Vec<f32> {
    (0..RATE_HZ)
        .map(|n| {
            let t = f64::from(n) / f64::from(RATE_HZ);
            let turns = 300.0 * t + 0.5 * 2500.0 * t * t;
            (0.5 * (std::f64::consts::TAU * turns).sin()) as f32
        })
        .collect()
}

/// The constants of the published method, times N².
#[test]
fn windows_have_their_closest_gaussians() {
    for n in [512, 2048] {
        let gamma = |kind| closest_gaussian(&window(kind, Symmetry::Periodic, n)) / (n * n) as f64;
        let cases = [
            (WindowKind::Hann, 0.25645),
            (WindowKind::Hamming, 0.29794),
            (WindowKind::Blackman, 0.17954),
            // 2πσ² with σ = N/8.
            (WindowKind::Gaussian, std::f64::consts::TAU / 64.0),
        ];
        for (kind, want) in cases {
            let got = gamma(kind);
            assert!(
                (got / want - 1.0).abs() < 2e-3,
                "{kind:?}: {got} for {want}"
            );
        }
    }
    // The window's level does not matter.
    let hann = window(WindowKind::Hann, Symmetry::Periodic, 512);
    let loud: Vec<f32> = hann.iter().map(|w| 8.0 * w).collect();
    assert!((closest_gaussian(&hann) / closest_gaussian(&loud) - 1.0).abs() < 1e-6);
}

/// A tone's loudest bin turns by its own frequency, wherever that lies between two bins.
#[test]
fn a_tones_phase_follows_its_frequency() {
    let stft = fine(WindowKind::Gaussian);
    for hz in [1000.0, 1003.0, 1007.8] {
        let x = sine(hz, RATE_HZ, 4000, 0.5);
        let m = magnitudes_of(&stft, &x);
        let block = stemloom::phase::Block {
            frames: x.len(),
            ..stemloom::phase::Block::default()
        };
        let columns = Pghi::new(stft.spec())
            .solve(&[m], 0, &block, &stemloom::progress::Reporter::silent())
            .expect("nobody cancels")
            .remove(0);
        let bins = stft.spec().bins();
        let bin = (hz * 512.0 / f64::from(RATE_HZ)).round() as usize;
        let want = (hz * 64.0 / f64::from(RATE_HZ)).fract() as f32 * TAU;
        for column in 10..50 {
            let (a, b): (Complex32, Complex32) = (
                columns[column * bins + bin],
                columns[(column + 1) * bins + bin],
            );
            let turned = (b * a.conj()).arg();
            let off = (turned - want + PI).rem_euclid(TAU) - PI;
            assert!(off.abs() < 0.02, "{hz} Hz, column {column}: {off} rad off");
        }
    }
}

/// A port of the method to another language reached −33 to −35 dB on these.
#[test]
fn tones_and_chirps_come_back_well() {
    for (name, x) in [("sines", sines()), ("chirp", chirp())] {
        for kind in [WindowKind::Gaussian, WindowKind::Hann] {
            let stft = fine(kind);
            let m = magnitudes_of(&stft, &x);
            let db = |samples: &[f32]| 20.0 * convergence(&stft, &m, samples).log10();
            let ours = db(&integrated(&stft, &m, x.len()));
            assert!(ours < -30.0, "{name}, {kind:?}: {ours} dB");
            let spec = PhaseSpec {
                iterations: 10,
                ..PhaseSpec::new(PhaseMethod::GriffinLim)
            };
            let theirs =
                db(&found(&stft, std::slice::from_ref(&m), x.len(), &spec, None).samples[0]);
            assert!(
                ours < theirs - 10.0,
                "{name}, {kind:?}: {ours} dB, Griffin-Lim {theirs} dB"
            );
            // It is a good place to begin at.
            let both = PhaseSpec {
                method: PhaseMethod::PghiGriffinLim,
                ..spec
            };
            let steps = found(&stft, std::slice::from_ref(&m), x.len(), &both, None).convergence;
            assert!(
                (20.0 * steps[0].log10() - ours).abs() < 0.1,
                "{name}, {kind:?}"
            );
            assert!(steps[10] <= steps[0]);
        }
    }
}

#[test]
fn the_same_magnitudes_have_the_same_phases() {
    let stft = fine(WindowKind::Hann);
    let m = magnitudes_of(&stft, &noise(1, 6000));
    assert_eq!(integrated(&stft, &m, 6000), integrated(&stft, &m, 6000));
}

#[test]
fn the_level_does_not_change_the_phases() {
    let stft = fine(WindowKind::Hann);
    let x = chirp();
    let m = magnitudes_of(&stft, &x);
    let usual = integrated(&stft, &m, x.len());
    // About 1e-6 and 1e6; powers of two keep the order of the cells.
    for gain in [0.5_f32.powi(20), 2.0_f32.powi(20)] {
        let scaled: Vec<f32> = m.iter().map(|m| m * gain).collect();
        let back: Vec<f32> = integrated(&stft, &scaled, x.len())
            .iter()
            .map(|y| y / gain)
            .collect();
        let snr = snr_db(&usual, &back);
        assert!(snr > 60.0, "gain {gain}: {snr} dB");
    }
}

#[test]
fn odd_magnitudes_are_no_harm() {
    let stft = plan(&StftSpec::new(64, 8));
    let bins = stft.spec().bins();
    // Silence.
    assert_eq!(
        integrated(&stft, &vec![0.0; 20 * bins], 150),
        vec![0.0; 150]
    );
    // One column, one bin: a tone burst of that magnitude.
    for (columns, frames) in [(1, 5), (20, 150)] {
        let mut m = vec![0.0; columns * bins];
        m[columns / 2 * bins + 9] = 10.0;
        let y = integrated(&stft, &m, frames);
        assert!(y.iter().all(|y| y.is_finite()) && y.iter().any(|y| y.abs() > 0.01));
    }
    // All bins alike, the smallest and very large ones.
    for level in [1.0, 1e-30, 1e12] {
        let y = integrated(&stft, &vec![level; 20 * bins], 150);
        assert!(y.iter().all(|y| y.is_finite()), "{level}");
    }
    // Transforms of two samples, windows of one.
    for win_length in [1, 2] {
        let stft = plan(&StftSpec {
            win_length,
            ..StftSpec::new(2, 1)
        });
        let m = magnitudes_of(&stft, &noise(2, 9));
        assert!(integrated(&stft, &m, 9).iter().all(|y| y.is_finite()));
    }
}

/// Two islands of sound with silence between them, both found.
#[test]
fn islands_begin_anew() {
    let stft = fine(WindowKind::Gaussian);
    let mut x = sine(440.0, RATE_HZ, 8000, 0.5);
    x[3000..5000].fill(0.0);
    let fade =
        |n: usize, x: &mut f32| *x *= (std::f64::consts::PI * n as f64 / 3000.0).sin() as f32;
    x[..3000]
        .iter_mut()
        .enumerate()
        .for_each(|(n, x)| fade(n, x));
    x[5000..]
        .iter_mut()
        .enumerate()
        .for_each(|(n, x)| fade(n, x));
    let m = magnitudes_of(&stft, &x);
    let y = integrated(&stft, &m, x.len());
    let db = 20.0 * convergence(&stft, &m, &y).log10();
    assert!(db < -30.0, "{db} dB");
    let energy = |y: &[f32]| y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>();
    for range in [0..3000, 5000..8000] {
        let ratio = energy(&y[range.clone()]) / energy(&x[range]);
        assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    }
    assert!(energy(&y[3600..4400]) < 1e-6 * energy(&y));
}
