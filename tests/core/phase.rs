//! Phase methods on whole signals: where phases begin, what is refused. Griffin-Lim is in
//! `griffin_lim.rs`, PGHI in `phase_pghi.rs`, blocks in `phase_blocks.rs`.

use stemloom::phase::{
    Block, MAX_ITERATIONS, PhaseMethod, PhaseSpec, PhaseStart, Reconstruction, random_phases,
    reconstruct, solve, sweep,
};
use stemloom::progress::Reporter;
use stemloom::spectral::{Complex32, Padding, Spectrogram, Stft, StftSpec};

use crate::common::{failure, planar_noise, setting_name, snr_db};
use crate::stft::plan;

/// A whole signal of these magnitudes.
pub fn found(
    stft: &Stft,
    magnitudes: &[Vec<f32>],
    frames: usize,
    spec: &PhaseSpec,
    input: Option<&Spectrogram>,
) -> Reconstruction {
    reconstruct(stft, magnitudes, frames, spec, input, &Reporter::silent())
        .expect("a good specification")
}

/// ‖|STFT(y)| − M‖ / ‖M‖ of one channel.
pub fn convergence(stft: &Stft, magnitudes: &[f32], samples: &[f32]) -> f64 {
    let rebuilt = stft.forward(&[samples]).magnitudes().remove(0);
    let square = |x: f32| f64::from(x).powi(2);
    let error: f64 = rebuilt
        .iter()
        .zip(magnitudes)
        .map(|(r, m)| square(r - m))
        .sum();
    let energy: f64 = magnitudes.iter().map(|m| square(*m)).sum();
    (error / energy).sqrt()
}

/// Plain Griffin-Lim.
pub fn griffin_lim(iterations: usize) -> PhaseSpec {
    PhaseSpec {
        iterations,
        ..PhaseSpec::new(PhaseMethod::GriffinLim)
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn the_inputs_phase_gives_the_input_back() {
    for (frames, padding) in [
        (1, Padding::Reflect),
        (777, Padding::Constant),
        (5000, Padding::Reflect),
    ] {
        let stft = plan(&StftSpec {
            padding,
            ..StftSpec::new(256, 64)
        });
        let x = planar_noise(frames as u64, 2, frames);
        let input = stft.forward(&x);
        let spec = PhaseSpec::new(PhaseMethod::Input);
        let done = found(&stft, &input.magnitudes(), frames, &spec, Some(&input));
        assert!(done.convergence.is_empty());
        for channel in 0..2 {
            let snr = snr_db(&x[channel], &done.samples[channel]);
            assert!(snr > 100.0, "{frames} samples: {snr} dB");
        }
    }
}

fn solved(
    magnitudes: &[Vec<f32>],
    stft: &Stft,
    spec: &PhaseSpec,
    block: &Block,
) -> Vec<Vec<Complex32>> {
    solve(
        stft,
        magnitudes,
        spec,
        None,
        block,
        &Reporter::silent(),
        |_, _, _| {},
    )
    .expect("a good specification")
}

#[test]
fn zero_and_random_phases_keep_the_magnitudes() {
    let stft = plan(&StftSpec::new(64, 16));
    let frames = 40 * 16;
    let magnitudes = stft.forward(&planar_noise(9, 2, frames)).magnitudes();
    let block = Block {
        frames,
        ..Block::default()
    };
    let zero = solved(
        &magnitudes,
        &stft,
        &PhaseSpec::new(PhaseMethod::Zero),
        &block,
    );
    let random = solved(
        &magnitudes,
        &stft,
        &PhaseSpec::new(PhaseMethod::Random),
        &block,
    );
    let (mut cosines, mut cells) = (0.0, 0);
    for channel in 0..2 {
        let columns = zero[channel]
            .iter()
            .zip(&random[channel])
            .zip(&magnitudes[channel]);
        for ((zero, random), m) in columns {
            assert_eq!((zero.re, zero.im), (*m, 0.0));
            assert!((random.norm() - m).abs() <= 1e-5 * m);
            if *m > 1e-3 {
                cosines += f64::from(random.re / m);
                cells += 1;
            }
        }
    }
    // Uniform phases: the mean cosine is 0 ± 0.707/√cells.
    assert!(
        (cosines / f64::from(cells)).abs() < 0.08,
        "{cosines} of {cells}"
    );
    // The middle stays in the middle.
    for (left, right) in random[0].iter().zip(&random[1]) {
        let turned = left * right.conj();
        assert!(turned.norm() < 1e-6 || turned.arg().abs() < 1e-3);
    }
}

#[test]
fn random_phases_belong_to_their_place() {
    let bins = 33;
    let m = vec![1.0; 50 * bins];
    let all = random_phases(&m, bins, 0, 5);
    assert_eq!(all, random_phases(&m, bins, 0, 5));
    assert_ne!(all, random_phases(&m, bins, 0, 6));
    for first in [1, 7, 49] {
        let part = random_phases(&m[first * bins..], bins, first, 5);
        assert_eq!(part, all[first * bins..], "from column {first}");
    }
    // No column is another one's copy.
    assert_ne!(all[..bins], all[bins..2 * bins]);
}

#[test]
fn silence_and_nothing_come_back_as_such() {
    let stft = plan(&StftSpec::new(64, 16));
    for method in PhaseMethod::ALL {
        let spec = PhaseSpec {
            iterations: 3,
            ..PhaseSpec::new(method)
        };
        for frames in [0, 1, 100] {
            let input = stft.forward(&[vec![0.0_f32; frames]]);
            let done = found(&stft, &input.magnitudes(), frames, &spec, Some(&input));
            assert_eq!(done.samples, [vec![0.0_f32; frames]], "{method}");
        }
        let none = found(&stft, &[], 100, &spec, Some(&Spectrogram::zeros(0, 0, 33)));
        assert!(none.samples.is_empty());
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for method in PhaseMethod::ALL {
        assert_eq!(method.name().parse::<PhaseMethod>(), Ok(method));
        assert_eq!(serde_json::to_value(method).unwrap(), method.name());
    }
    for start in PhaseStart::ALL {
        assert_eq!(start.name().parse::<PhaseStart>(), Ok(start));
    }
    assert!(
        "magic"
            .parse::<PhaseMethod>()
            .unwrap_err()
            .contains("griffin-lim")
    );
}

#[test]
fn a_sweep_has_each_combination_once() {
    let methods = [
        PhaseMethod::FastGriffinLim,
        PhaseMethod::Pghi,
        PhaseMethod::GriffinLim,
    ];
    let base = PhaseSpec {
        momentum: Some(0.5),
        seed: 3,
        ..PhaseSpec::default()
    };
    let specs = sweep(&base, &methods, &[4, 8, 4]);
    let titles: Vec<String> = specs.iter().map(PhaseSpec::title).collect();
    let want = [
        "fast-griffin-lim 4",
        "fast-griffin-lim 8",
        "pghi",
        "griffin-lim 4",
        "griffin-lim 8",
    ];
    assert_eq!(titles, want);
    for spec in specs {
        let momentum = (spec.method == PhaseMethod::FastGriffinLim).then_some(0.5);
        assert_eq!((spec.momentum, spec.seed), (momentum, 3));
        assert_eq!(spec.validate().unwrap(), None);
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_settings_are_named() {
    let fast = |momentum: f32| PhaseSpec {
        momentum: Some(momentum),
        ..PhaseSpec::new(PhaseMethod::FastGriffinLim)
    };
    assert!(
        fast(1.5)
            .validate()
            .unwrap()
            .expect("a remark")
            .contains("diverge")
    );
    assert_eq!(fast(1.0).validate().unwrap(), None);
    let plain = PhaseSpec {
        momentum: Some(0.5),
        ..griffin_lim(1)
    };
    for spec in [fast(-0.1), fast(3.0), fast(f32::NAN), plain] {
        assert_eq!(setting_name(failure(spec.validate())), "momentum");
    }
    let many = griffin_lim(MAX_ITERATIONS + 1);
    assert_eq!(setting_name(failure(many.validate())), "iterations");

    let stft = plan(&StftSpec::new(64, 16));
    let name = |magnitudes: &[Vec<f32>], method, input: Option<&Spectrogram>| {
        let spec = PhaseSpec::new(method);
        let done = reconstruct(&stft, magnitudes, 100, &spec, input, &Reporter::silent());
        setting_name(failure(done))
    };
    let good = vec![1.0; 7 * 33];
    assert_eq!(
        name(&[vec![1.0; 100]], PhaseMethod::Zero, None),
        "magnitudes"
    );
    let uneven = [good.clone(), vec![1.0; 33]];
    assert_eq!(name(&uneven, PhaseMethod::Zero, None), "magnitudes");
    assert_eq!(
        name(std::slice::from_ref(&good), PhaseMethod::Input, None),
        "phase"
    );
    let other = Spectrogram::zeros(1, 6, 33);
    assert_eq!(name(&[good], PhaseMethod::Input, Some(&other)), "input");
}
