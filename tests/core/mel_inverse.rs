//! Mel bands back to bins.
//!
//! Order: definition by hand → stored reference values (librosa) → seeded sweep → bad input.

use stemloom::spectral::{
    MelBank, MelFormula, MelInverse, MelInversion, MelNorm, MelSpec, StftSpec,
};

use crate::common::{
    Rng, array, entries, failure, max_abs_diff, noise, number, setting_name, text, whole,
};
use crate::stft::plan;

const BOTH: [MelInversion; 2] = [MelInversion::Nnls, MelInversion::Fast];

fn spec(bands: usize, power: f32) -> MelSpec {
    MelSpec {
        bands,
        power,
        ..MelSpec::default()
    }
}

fn inverse(spec: &MelSpec, n_fft: usize, rate_hz: u32, how: MelInversion) -> MelInverse {
    MelInverse::new(spec, n_fft, rate_hz, how).expect("a good specification")
}

/// ‖A·x − b‖ / ‖b‖ over all columns, x in the bank's power.
fn residual(matrix: &[Vec<f32>], x: &[f32], mel: &[f32]) -> f64 {
    let (mut error, mut energy) = (0.0, 0.0);
    for (x, mel) in x.chunks(matrix[0].len()).zip(mel.chunks(matrix.len())) {
        for (row, b) in matrix.iter().zip(mel) {
            let sum: f64 = row
                .iter()
                .zip(x)
                .map(|(w, x)| f64::from(*w) * f64::from(*x))
                .sum();
            error += (sum - f64::from(*b)).powi(2);
            energy += f64::from(*b).powi(2);
        }
    }
    (error / energy).sqrt()
}

// ---------------------------------------------------------------------------------------------
// By hand

/// One triangle w over nine bins: the smallest x with w·x = b is b·w/‖w‖², and ‖w‖² is 3.4.
#[test]
fn one_band_is_spread_by_its_own_weights() {
    let one = MelSpec {
        fmax_hz: Some(1000.0),
        norm: MelNorm::None,
        ..spec(1, 1.0)
    };
    let mut want = vec![0.0; 41];
    for (bin, weight) in want[1..10].iter_mut().enumerate() {
        *weight = 1.0 - 0.2 * (bin as f32 - 4.0).abs();
    }
    for how in BOTH {
        let x = inverse(&one, 80, 8000, how).invert(&[3.4]);
        assert!(max_abs_diff(&x, &want) < 1e-5, "{how:?}: {x:?}");
        let squares = MelSpec {
            power: 2.0,
            ..one.clone()
        };
        let roots: Vec<f32> = want.iter().map(|x| x.sqrt()).collect();
        let x = inverse(&squares, 80, 8000, how).invert(&[3.4]);
        assert!(max_abs_diff(&x, &roots) < 1e-5, "{how:?}: {x:?}");
    }
}

/// min ‖Ax − b‖, x ≥ 0 by small steps against the gradient, as many as it takes.
fn slow_minimum(matrix: &[Vec<f32>], b: &[f32]) -> f64 {
    let bins = matrix[0].len();
    let weight: f64 = matrix.iter().flatten().map(|w| f64::from(*w).powi(2)).sum();
    let mut x = vec![0.0_f64; bins];
    let mut rest: Vec<f64> = b.iter().map(|b| f64::from(*b)).collect();
    for _ in 0..20_000 {
        for (bin, x) in x.iter_mut().enumerate() {
            let slope: f64 = matrix
                .iter()
                .zip(&rest)
                .map(|(row, r)| f64::from(row[bin]) * r)
                .sum();
            *x = (*x + slope / weight).max(0.0);
        }
        for (r, (row, b)) in rest.iter_mut().zip(matrix.iter().zip(b)) {
            let sum: f64 = row.iter().zip(&x).map(|(w, x)| f64::from(*w) * x).sum();
            *r = f64::from(*b) - sum;
        }
    }
    rest.iter().map(|r| r * r).sum::<f64>().sqrt()
}

/// Targets that no non-negative x meets.
#[test]
fn nnls_is_the_least_of_all() {
    let spec = MelSpec {
        norm: MelNorm::None,
        formula: MelFormula::Htk,
        ..spec(6, 1.0)
    };
    let matrix = MelBank::new(&spec, 48, 8000).expect("a bank").matrix();
    let mut rng = Rng::new(1);
    for case in 0..5 {
        let mut b: Vec<f32> = (0..6).map(|_| rng.sample().max(0.0) * 3.0).collect();
        b[case] += 1.0;
        let x = inverse(&spec, 48, 8000, MelInversion::Nnls).invert(&b);
        let norm = b.iter().map(|b| f64::from(*b).powi(2)).sum::<f64>().sqrt();
        let least = slow_minimum(&matrix, &b) / norm;
        let ours = residual(&matrix, &x, &b);
        assert!(ours < least + 2e-3, "case {case}: {ours}, least {least}");
    }
}

// ---------------------------------------------------------------------------------------------
// Stored

#[test]
fn bands_are_met_as_well_as_by_librosa() {
    for entry in entries("mel_inverse") {
        let (n_fft, rate_hz) = (whole(&entry["n_fft"]), whole(&entry["sample_rate"]) as u32);
        let spec = MelSpec {
            fmax_hz: entry["fmax"].as_f64(),
            ..spec(whole(&entry["n_mels"]), number(&entry["power"]) as f32)
        };
        let mel = array(text(&entry["array"]));
        let signal = array(text(&entry["signal"]));
        let stft = plan(&StftSpec::new(n_fft, whole(&entry["hop"])));
        let truth = stft.forward(&[signal]).magnitudes().remove(0);
        let bank = MelBank::new(&spec, n_fft, rate_hz).expect("a bank");
        let figures = |how| {
            let found = inverse(&spec, n_fft, rate_hz, how).invert(&mel);
            assert_eq!(found.len(), truth.len());
            assert!(found.iter().all(|x| *x >= 0.0), "{how:?}");
            let powers: Vec<f32> = found.iter().map(|x| x.powf(spec.power)).collect();
            let square = |x: f32| f64::from(x).powi(2);
            let error: f64 = found.iter().zip(&truth).map(|(x, t)| square(x - t)).sum();
            let energy: f64 = truth.iter().map(|t| square(*t)).sum();
            (
                residual(&bank.matrix(), &powers, &mel),
                (error / energy).sqrt(),
            )
        };
        let (theirs, far) = (number(&entry["residual"]), number(&entry["convergence"]));
        let nnls = figures(MelInversion::Nnls);
        assert!(
            nnls.0 < theirs + 1e-4 && nnls.0 < 0.1 * theirs,
            "{nnls:?} for {theirs}"
        );
        assert!(nnls.1 < 1.05 * far, "{nnls:?} for {far}");
        let fast = figures(MelInversion::Fast);
        assert!(
            fast.0 < 1.2 * theirs + 1e-4 && fast.1 < 1.1 * far,
            "{fast:?} for {theirs}, {far}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

/// Columns of bands that real magnitudes have.
fn mel_of(bank: &MelBank, columns: usize, seed: u64) -> Vec<f32> {
    let bins = bank.matrix()[0].len();
    let mut mel = vec![0.0; columns * bank.num_bands()];
    for (column, mel) in mel.chunks_mut(bank.num_bands()).enumerate() {
        let magnitudes: Vec<f32> = noise(seed + column as u64, bins)
            .iter()
            .map(|x| x.abs())
            .collect();
        bank.apply(&magnitudes, mel);
    }
    mel
}

#[test]
fn bands_of_magnitudes_are_met() {
    for (bands, n_fft, power) in [
        (20, 512, 1.0),
        (40, 1024, 2.0),
        (80, 2048, 1.0),
        (128, 400, 2.0),
    ] {
        let spec = spec(bands, power);
        let bank = MelBank::new(&spec, n_fft, 16_000).expect("a bank");
        let mel = mel_of(&bank, 4, n_fft as u64);
        for (how, most) in [(MelInversion::Nnls, 0.01), (MelInversion::Fast, 0.3)] {
            let x = inverse(&spec, n_fft, 16_000, how).invert(&mel);
            let powers: Vec<f32> = x.iter().map(|x| x.powf(power)).collect();
            let got = residual(&bank.matrix(), &powers, &mel);
            assert!(got < most, "{bands} bands of {n_fft}, {how:?}: {got}");
        }
    }
}

#[test]
fn columns_and_levels_do_not_matter() {
    let spec = spec(64, 2.0);
    let bank = MelBank::new(&spec, 512, 22_050).expect("a bank");
    let mel = mel_of(&bank, 5, 3);
    for how in BOTH {
        let inverse = inverse(&spec, 512, 22_050, how);
        let all = inverse.invert(&mel);
        for (column, mel) in mel.chunks(64).enumerate() {
            assert_eq!(inverse.invert(mel), all[column * 257..(column + 1) * 257]);
        }
        // A fourth of the power is half the magnitude, to the last digit.
        let quiet: Vec<f32> = mel.iter().map(|b| b / 4.0).collect();
        let half: Vec<f32> = all.iter().map(|x| x / 2.0).collect();
        assert_eq!(inverse.invert(&quiet), half);
        assert_eq!(inverse.invert(&[]), Vec::<f32>::new());
        assert_eq!(inverse.invert(&[0.0; 64]), vec![0.0_f32; 257]);
    }
}

/// Pictures that no sound has: floors in empty bands, negative values, single spikes.
#[test]
fn impossible_bands_give_finite_magnitudes() {
    for (bands, n_fft) in [(128, 256), (512, 512), (3, 64), (1, 2)] {
        let spec = spec(bands, 1.0);
        for how in BOTH {
            let inverse = inverse(&spec, n_fft, 16_000, how);
            let mut rng = Rng::new(bands as u64);
            let random: Vec<f32> = (0..bands).map(|_| 100.0 * rng.sample()).collect();
            let mut spike = vec![1e-5; bands];
            spike[bands / 2] = 1e6;
            for mel in [random, spike, vec![1e-5; bands], vec![-1.0; bands]] {
                let x = inverse.invert(&mel);
                assert_eq!(x.len(), n_fft / 2 + 1);
                let good = |x: &f32| x.is_finite() && *x >= 0.0;
                assert!(x.iter().all(good), "{bands} bands of {n_fft}, {how:?}");
            }
            assert!(inverse.invert(&vec![-1.0; bands]).iter().all(|x| *x == 0.0));
        }
    }
}

#[test]
fn words_and_wrong_banks_are_told() {
    assert_eq!("nnls".parse::<MelInversion>(), Ok(MelInversion::Nnls));
    assert_eq!("fast".parse::<MelInversion>(), Ok(MelInversion::Fast));
    assert!("slow".parse::<MelInversion>().unwrap_err().contains("nnls"));
    let wrong = MelInverse::new(&spec(0, 1.0), 512, 16_000, MelInversion::Nnls);
    assert_eq!(setting_name(failure(wrong)), "mel.bands");
}
