//! The short-time Fourier transform and its inverse; edges are in `stft_edges.rs`.
//!
//! Order: definition by hand → stored reference values (librosa) → seeded sweep.

use std::f64::consts::TAU;

use serde_json::Value;
use stemloom::spectral::{
    Complex32, Normalisation, Padding, Stft, StftSpec, Symmetry, WindowKind, window,
};

use crate::common::{Rng, array, entries, max_abs_diff, noise, planar_noise, snr_db, text, whole};

pub fn plan(spec: &StftSpec) -> Stft {
    Stft::new(spec).expect("a good specification")
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn windows_have_their_textbook_values() {
    let half_root = std::f32::consts::FRAC_1_SQRT_2;
    let cases: [(WindowKind, Symmetry, &[f32]); 7] = [
        (WindowKind::Hann, Symmetry::Periodic, &[0.0, 0.5, 1.0, 0.5]),
        (
            WindowKind::Hann,
            Symmetry::Symmetric,
            &[0.0, 0.5, 1.0, 0.5, 0.0],
        ),
        (
            WindowKind::SqrtHann,
            Symmetry::Periodic,
            &[0.0, half_root, 1.0, half_root],
        ),
        (
            WindowKind::Hamming,
            Symmetry::Periodic,
            &[0.08, 0.54, 1.0, 0.54],
        ),
        (
            WindowKind::Blackman,
            Symmetry::Periodic,
            &[0.0, 0.34, 1.0, 0.34],
        ),
        (
            WindowKind::Rectangular,
            Symmetry::Periodic,
            &[1.0, 1.0, 1.0],
        ),
        (WindowKind::Hann, Symmetry::Symmetric, &[1.0]),
    ];
    for (kind, symmetry, values) in cases {
        let difference = max_abs_diff(&window(kind, symmetry, values.len()), values);
        assert!(difference < 1e-7, "{kind:?} {symmetry:?}: {difference}");
    }
}

/// The signal with its padding, by the definition: mirrored about the end sample, or zeros.
fn padded(x: &[f32], index: isize, spec: &StftSpec) -> f64 {
    let last = x.len() as isize - 1;
    let inside = match (spec.center, spec.padding) {
        (true, Padding::Reflect) if index < 0 => -index,
        (true, Padding::Reflect) if index > last => 2 * last - index,
        _ => index,
    };
    usize::try_from(inside)
        .ok()
        .and_then(|i| x.get(i))
        .map_or(0.0, |x| f64::from(*x))
}

#[test]
fn forward_is_the_direct_sum() {
    const N_FFT: usize = 8;
    let x = noise(1, 20);
    for (center, padding) in [
        (true, Padding::Constant),
        (true, Padding::Reflect),
        (false, Padding::Constant),
    ] {
        let spec = StftSpec {
            center,
            padding,
            ..StftSpec::new(N_FFT, 3)
        };
        let spectrogram = plan(&spec).forward(&[&x]);
        let pad = if center { 4 } else { 0 };
        assert_eq!(
            (spectrogram.columns, spectrogram.bins),
            (if center { 7 } else { 5 }, 5)
        );
        for column in 0..spectrogram.columns {
            for bin in 0..spectrogram.bins {
                let (mut re, mut im) = (0.0, 0.0);
                for n in 0..N_FFT {
                    let hann = 0.5 - 0.5 * (TAU * n as f64 / N_FFT as f64).cos();
                    let value = hann * padded(&x, (column * 3 + n) as isize - pad, &spec);
                    let angle = -TAU * (bin * n) as f64 / N_FFT as f64;
                    re += value * angle.cos();
                    im += value * angle.sin();
                }
                let got = spectrogram.column(0, column)[bin];
                let error = (f64::from(got.re) - re)
                    .abs()
                    .max((f64::from(got.im) - im).abs());
                assert!(
                    error < 1e-6,
                    "{padding:?} column {column} bin {bin}: {got} for {re} {im}"
                );
            }
        }
    }
}

#[test]
fn scaling_is_what_it_says_and_is_undone() {
    let tone: Vec<f32> = (0..2000)
        .map(|n| (TAU * 32.0 * f64::from(n) / 512.0).cos() as f32)
        .collect();
    let plain = StftSpec {
        center: false,
        ..StftSpec::new(512, 128)
    };
    let peak_of = |normalisation| {
        let spec = StftSpec {
            normalisation,
            ..plain.clone()
        };
        plan(&spec).forward(&[&tone]).column(0, 1)[32].norm()
    };
    // Half of Σ window, which is 256 for a Hann window of 512.
    assert!((peak_of(Normalisation::None) - 128.0).abs() < 1e-3);
    assert!((peak_of(Normalisation::SqrtNFft) - 128.0 / 512.0_f32.sqrt()).abs() < 1e-4);
    assert!((peak_of(Normalisation::WindowSum) - 0.5).abs() < 1e-5);
    for normalisation in [Normalisation::SqrtNFft, Normalisation::WindowSum] {
        let stft = plan(&StftSpec {
            normalisation,
            ..StftSpec::new(512, 128)
        });
        let back = stft.inverse(&stft.forward(&[&tone]), tone.len());
        assert!(snr_db(&tone, &back[0]) > 120.0, "{normalisation:?}");
    }
    assert_eq!(plain.hz_from_bin(32, 44_100), 2756.25);
}

// ---------------------------------------------------------------------------------------------
// Stored

fn spec_of(entry: &Value) -> StftSpec {
    let (window, symmetry) = match text(&entry["window"]) {
        "hann" => (WindowKind::Hann, Symmetry::Periodic),
        "hann_symmetric" => (WindowKind::Hann, Symmetry::Symmetric),
        "sqrt_hann" => (WindowKind::SqrtHann, Symmetry::Periodic),
        "hamming" => (WindowKind::Hamming, Symmetry::Periodic),
        "blackman" => (WindowKind::Blackman, Symmetry::Periodic),
        "boxcar" => (WindowKind::Rectangular, Symmetry::Periodic),
        other => panic!("unknown window {other}"),
    };
    StftSpec {
        n_fft: whole(&entry["n_fft"]),
        win_length: whole(&entry["win_length"]),
        hop_length: whole(&entry["hop"]),
        window,
        symmetry,
        center: entry["center"] == true,
        pad_length: None,
        padding: if entry["pad_mode"] == "reflect" {
            Padding::Reflect
        } else {
            Padding::Constant
        },
        normalisation: Normalisation::None,
    }
}

/// Every stored table, with 1e-5 absolute (the tables peak between 17 and 41).
#[test]
fn forward_equals_the_stored_tables() {
    let signal = array("signal");
    for entry in entries("stft") {
        let name = text(&entry["name"]);
        let x = &signal[..whole(&entry["samples"])];
        let got = plan(&spec_of(entry)).forward(&[x]);
        let (bins, columns) = (whole(&entry["bins"]), whole(&entry["frames"]));
        assert_eq!((got.bins, got.columns), (bins, columns), "{name}");
        let want = array(text(&entry["array"]));
        for column in 0..columns {
            for (bin, value) in got.column(0, column).iter().enumerate() {
                let at = 2 * (bin * columns + column);
                let error = (value - Complex32::new(want[at], want[at + 1])).norm();
                assert!(
                    error < 1e-5,
                    "{name} column {column} bin {bin}: off by {error}"
                );
            }
        }
    }
}

#[test]
fn inverse_gives_the_stored_signal_back() {
    let signal = array("signal");
    let mut seen = 0;
    for entry in entries("stft")
        .iter()
        .filter(|entry| entry["istft_array"] == "signal")
    {
        let x = &signal[..whole(&entry["samples"])];
        let stft = plan(&spec_of(entry));
        let back = stft.inverse(&stft.forward(&[x]), x.len());
        let error = max_abs_diff(x, &back[0]);
        assert!(error < 5e-6, "{}: off by {error}", entry["name"]);
        seen += 1;
    }
    assert!(seen >= 10, "only {seen} inverses are stored");
}

/// A table that no signal has: only the least-squares inverse gives the stored samples.
#[test]
fn inverse_of_a_masked_table_equals_the_stored_samples() {
    let signal = array("signal");
    let mut seen = 0;
    for entry in entries("stft")
        .iter()
        .filter(|entry| entry["istft_masked_array"].is_string())
    {
        let x = &signal[..whole(&entry["samples"])];
        let stft = plan(&spec_of(entry));
        let mut table = stft.forward(&[x]);
        let bins = table.bins;
        for (i, value) in table.channels[0].iter_mut().enumerate() {
            if (i / bins + i % bins).is_multiple_of(3) {
                *value = Complex32::default();
            }
        }
        let error = max_abs_diff(
            &array(text(&entry["istft_masked_array"])),
            &stft.inverse(&table, x.len())[0],
        );
        assert!(error < 5e-6, "{}: off by {error}", entry["name"]);
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} masked inverses are stored");
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn there_and_back_over_seeded_sizes() {
    const N_FFTS: [usize; 10] = [16, 24, 62, 100, 250, 256, 400, 512, 1000, 2048];
    const WINDOWS: [WindowKind; 3] = [WindowKind::Hann, WindowKind::Hamming, WindowKind::SqrtHann];
    let mut rng = Rng::new(5);
    for round in 0..80 {
        let n_fft = N_FFTS[round % N_FFTS.len()];
        let least_hop = (n_fft / 16).max(1);
        let spec = StftSpec {
            window: WINDOWS[rng.below(WINDOWS.len())],
            padding: if rng.below(2) == 0 {
                Padding::Reflect
            } else {
                Padding::Constant
            },
            ..StftSpec::new(n_fft, least_hop + rng.below(n_fft / 4 - least_hop + 1))
        };
        let frames = 1 + rng.below(9000);
        let x = rng.noise(frames);
        let stft = plan(&spec);
        let back = stft.inverse(&stft.forward(&[&x]), x.len()).remove(0);
        let everywhere = snr_db(&x, &back);
        assert!(
            everywhere > 90.0,
            "{spec:?}, {} frames: {everywhere:.1} dB",
            x.len()
        );
        if x.len() > 3 * n_fft {
            let inside = n_fft..x.len() - n_fft;
            let away_from_the_ends = snr_db(&x[inside.clone()], &back[inside]);
            assert!(
                away_from_the_ends > 120.0,
                "{spec:?}, {} frames: {away_from_the_ends:.1} dB",
                x.len()
            );
        }
    }
}

/// Channels and columns may be taken together or one by one: the values are the same bits.
#[test]
fn parts_equal_the_whole() {
    let planar = planar_noise(6, 2, 5000);
    let stft = plan(&StftSpec::new(64, 16));
    let both = stft.forward(&planar);
    assert_eq!(both.columns, 313);
    for (channel, x) in planar.iter().enumerate() {
        assert!(
            stft.forward(&[x]).channels[0] == both.channels[channel],
            "channel {channel}"
        );
    }
    let mut some = vec![Complex32::default(); 40 * both.bins];
    stft.forward_columns(&planar[0], 150, &mut some);
    assert!(some[..] == both.channels[0][150 * both.bins..190 * both.bins]);
    // Columns beyond the end read the padding: zeros here.
    stft.forward_columns(&planar[0], 400, &mut some);
    assert!(some.iter().all(|value| value.norm() == 0.0));
}
