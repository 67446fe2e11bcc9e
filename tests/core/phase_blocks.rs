//! Songs that are reconstructed block by block, and the figures that sum a result up.

use stemloom::apply::{ReconstructOptions, Reconstructed, mixed_to_mono, reconstruct};
use stemloom::audio::{Clip, Planar};
use stemloom::phase::{
    Figures, FiguresSum, PhaseMethod, PhaseSpec, PhaseStart, Waveforms, convergence_db,
};
use stemloom::progress::Reporter;
use stemloom::spectral::{Complex32, Padding, StftSpec};

use crate::common::{Rng, failure, max_abs_diff, noise, planar_noise, setting_name, sine, snr_db};
use crate::stft::plan;

const RATE_HZ: u32 = 8000;
/// Ten seconds are 1251 columns of 64 samples.
const FRAMES: usize = 80_000;
const N_FFT: usize = 256;
const HOP: usize = 64;
/// Columns that two blocks share: eight transforms.
const SHARED: usize = 32;
const BLOCK: usize = 300;

/// Tones and noise that stay as they are, so that no place is harder than another.
fn steady(seed: u64) -> Vec<f32> {
    let mut x = noise(seed, FRAMES);
    x.iter_mut().for_each(|x| *x *= 0.1);
    for hz in [330.0, 555.0, 1270.0] {
        let tone = sine(hz, RATE_HZ, FRAMES, 0.25);
        x.iter_mut().zip(tone).for_each(|(x, tone)| *x += tone);
    }
    x
}

fn options(phase: PhaseSpec, block_columns: Option<usize>) -> ReconstructOptions {
    ReconstructOptions {
        stft: StftSpec::new(N_FFT, HOP),
        phase,
        block_columns,
        ..ReconstructOptions::default()
    }
}

fn done(song: &Clip, options: &ReconstructOptions) -> Reconstructed {
    reconstruct(song, options, None, |_| {}, &Reporter::silent()).expect("a good song")
}

fn clip(channels: Planar) -> Clip {
    Clip::new(RATE_HZ, channels)
}

// ---------------------------------------------------------------------------------------------
// Blocks

#[test]
fn phases_without_iterations_do_not_depend_on_blocks() {
    let song = clip(vec![steady(1), steady(2)]);
    for method in [PhaseMethod::Input, PhaseMethod::Zero, PhaseMethod::Random] {
        let whole = done(&song, &options(PhaseSpec::new(method), None)).clip;
        for columns in [1, 200, 333] {
            let parts = done(&song, &options(PhaseSpec::new(method), Some(columns))).clip;
            for channel in 0..2 {
                let (whole, parts) = (whole.channel(channel), parts.channel(channel));
                let peak = whole.iter().fold(1.0_f32, |peak, y| peak.max(y.abs()));
                let difference = max_abs_diff(whole, parts);
                assert!(
                    difference < 1e-6 * peak,
                    "{method}, {columns} columns: {difference}"
                );
            }
        }
    }
}

/// First columns of the blocks after the first one.
fn later_blocks() -> Vec<usize> {
    let columns = 1 + FRAMES / HOP;
    let mut starts = Vec::new();
    let mut last = BLOCK;
    while last + SHARED < columns {
        starts.push(last - SHARED);
        last += BLOCK - SHARED;
    }
    starts
}

#[test]
fn joints_are_no_worse_than_the_rest() {
    let x = steady(3);
    let song = clip(vec![x.clone()]);
    let stft = plan(&StftSpec::new(N_FFT, HOP));
    let bins = stft.spec().bins();
    let target = stft.forward(&[&x]).magnitudes().remove(0);
    let iterative = |method| PhaseSpec {
        iterations: 30,
        ..PhaseSpec::new(method)
    };
    for spec in [
        iterative(PhaseMethod::GriffinLim),
        iterative(PhaseMethod::FastGriffinLim),
        iterative(PhaseMethod::PghiGriffinLim),
        PhaseSpec::new(PhaseMethod::Pghi),
    ] {
        let whole = done(&song, &options(spec, None));
        let mut blocks = 0;
        let parts = reconstruct(
            &song,
            &options(spec, Some(BLOCK)),
            None,
            |convergence| blocks = blocks.max(convergence.block + 1),
            &Reporter::silent(),
        )
        .expect("a good song");
        let starts = later_blocks();
        assert!(starts.len() >= 3);
        if spec.method.is_iterative() {
            assert_eq!(blocks, starts.len() + 1);
            assert_eq!(parts.convergence_db.len(), 31);
        }
        let (ours, usual) = (
            parts.figures.spectral_convergence_db,
            whole.figures.spectral_convergence_db,
        );
        assert!(
            (ours - usual).abs() < 1.0,
            "{}: {ours} dB, unblocked {usual} dB",
            spec.title()
        );

        // The error of nine columns, which is one transform to both sides.
        let rebuilt = stft
            .forward(&[parts.clip.channel(0)])
            .magnitudes()
            .remove(0);
        let error = |middle: usize| -> f64 {
            let cells = (middle - 4) * bins..(middle + 5) * bins;
            cells
                .map(|i| f64::from(rebuilt[i] - target[i]).powi(2))
                .sum()
        };
        let mut elsewhere: Vec<f64> = (8..1240).step_by(9).map(error).collect();
        elsewhere.sort_by(f64::total_cmp);
        let median = elsewhere[elsewhere.len() / 2];
        for start in starts {
            let joint = error(start + SHARED / 2);
            assert!(
                joint < 3.0 * median,
                "{}: {joint} at column {start}, {median} elsewhere",
                spec.title()
            );
        }
    }
}

/// Each block goes on from the song's phases, so a good earlier result stays good.
#[test]
fn an_earlier_result_is_continued_in_blocks() {
    let song = clip(vec![steady(4)]);
    let plain = PhaseSpec {
        iterations: 10,
        ..PhaseSpec::new(PhaseMethod::GriffinLim)
    };
    let first = done(&song, &options(plain, None));
    let next = PhaseSpec {
        start: PhaseStart::Input,
        ..plain
    };
    for columns in [None, Some(BLOCK)] {
        let options = options(next, columns);
        let rest = reconstruct(
            &song,
            &options,
            Some(&first.clip),
            |_| {},
            &Reporter::silent(),
        )
        .unwrap();
        let (before, after) = (
            first.figures.spectral_convergence_db,
            rest.figures.spectral_convergence_db,
        );
        assert!(
            after < before - 0.2,
            "{columns:?}: {after} dB after {before} dB"
        );
        // In one piece it is one iteration further at once, and never worse from there.
        if columns.is_none() {
            assert!(rest.convergence_db[0] <= before + 1e-3);
            assert!(rest.convergence_db.is_sorted_by(|a, b| *b <= a + 1e-4));
        }
    }
}

#[test]
fn every_length_comes_back() {
    let stfts = [
        StftSpec::new(64, 16),
        StftSpec {
            padding: Padding::Reflect,
            ..StftSpec::new(64, 24)
        },
        StftSpec {
            center: false,
            ..StftSpec::new(64, 16)
        },
        StftSpec {
            pad_length: Some(24),
            padding: Padding::Reflect,
            ..StftSpec::new(64, 16)
        },
    ];
    let methods = [
        PhaseMethod::Random,
        PhaseMethod::GriffinLim,
        PhaseMethod::FastGriffinLim,
        PhaseMethod::Pghi,
    ];
    // Blocks are 96 columns here: the longer ones are two blocks, nearly two, and a little more.
    for frames in [
        1, 2, 15, 16, 17, 63, 64, 65, 1535, 2047, 2048, 2049, 2063, 3333,
    ] {
        let song = clip(planar_noise(frames as u64, 2, frames));
        for stft in &stfts {
            for method in methods {
                let options = ReconstructOptions {
                    stft: stft.clone(),
                    phase: PhaseSpec {
                        iterations: 2,
                        ..PhaseSpec::new(method)
                    },
                    block_columns: Some(1),
                    ..ReconstructOptions::default()
                };
                let clip = done(&song, &options).clip;
                let shape = (clip.num_channels(), clip.frames(), clip.sample_rate_hz());
                assert_eq!(shape, (2, frames, RATE_HZ), "{method}, {stft:?}");
                for channel in 0..2 {
                    assert!(
                        clip.channel(channel).iter().all(|y| y.is_finite()),
                        "{method}"
                    );
                }
            }
        }
    }
}

#[test]
fn rate_and_channels_are_as_asked_for() {
    let song = clip(vec![sine(440.0, RATE_HZ, 8001, 0.5), vec![0.0; 8001]]);
    let options = ReconstructOptions {
        sample_rate_hz: Some(16_000),
        mono: true,
        ..options(PhaseSpec::new(PhaseMethod::Input), None)
    };
    let result = done(&song, &options);
    let original = &result.original;
    assert_eq!(
        (original.num_channels(), original.sample_rate_hz()),
        (1, 16_000)
    );
    assert_eq!(result.clip.frames(), original.frames());
    assert!(result.figures.snr_db > 90.0, "{:?}", result.figures);
    let mono = mixed_to_mono(&song).expect("it is short");
    assert!(max_abs_diff(mono.channel(0), &sine(440.0, RATE_HZ, 8001, 0.25)) < 1e-6);
}

/// An earlier result goes the song's way first, and may be a sample off after it.
#[test]
fn an_earlier_result_is_brought_to_rate_and_channels() {
    let song = clip(planar_noise(6, 2, 4000));
    let spec = PhaseSpec::new(PhaseMethod::Input);
    let options = ReconstructOptions {
        mono: true,
        sample_rate_hz: Some(4000),
        ..options(spec, None)
    };
    let mono = mixed_to_mono(&song).expect("it is short");
    for earlier in [&song, &mono, &done(&song, &options).clip] {
        let again = reconstruct(&song, &options, Some(earlier), |_| {}, &Reporter::silent())
            .expect("the same song");
        assert!(again.figures.snr_db > 90.0, "{:?}", again.figures);
    }
    let short = Clip::new(4000, vec![noise(6, 1999)]);
    reconstruct(&song, &options, Some(&short), |_| {}, &Reporter::silent()).expect("one less");
}

#[test]
fn wrong_songs_are_refused() {
    let song = clip(vec![noise(5, 1000)]);
    let spec = PhaseSpec::new(PhaseMethod::Input);
    let name = |song: &Clip, earlier: Option<&Clip>| {
        let options = options(spec, None);
        setting_name(failure(reconstruct(
            song,
            &options,
            earlier,
            |_| {},
            &Reporter::silent(),
        )))
    };
    assert_eq!(name(&clip(vec![]), None), "input");
    assert_eq!(name(&clip(vec![vec![]]), None), "input");
    assert_eq!(name(&song, Some(&clip(vec![noise(5, 998)]))), "continue");
    assert_eq!(
        name(&song, Some(&clip(planar_noise(5, 2, 1000)))),
        "continue"
    );
}

// ---------------------------------------------------------------------------------------------
// Figures, by hand

fn waveforms(x: &[f32], y: &[f32]) -> Waveforms {
    let mut sums = Waveforms::default();
    sums.add(x, y);
    sums
}

#[test]
fn waveform_figures_are_those_of_the_definition() {
    let x = noise(11, 5000);
    let half: Vec<f32> = x.iter().map(|x| 0.5 * x).collect();
    let level = waveforms(&x, &half);
    assert!((level.snr_db() - 6.0206).abs() < 1e-3 && level.si_sdr_db() > 100.0);
    // Orthogonal to x, a tenth of its size.
    let x: Vec<f32> = (0..1000)
        .map(|n| if n % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let y: Vec<f32> = x.iter().map(|x| 0.5 * (x + 0.1)).collect();
    assert!((waveforms(&x, &y).si_sdr_db() - 20.0).abs() < 1e-3);
    // x − y is 0.5 x − 0.05: its square is 0.2525.
    let want = -10.0 * 0.2525_f64.log10();
    assert!((waveforms(&x, &y).snr_db() - want).abs() < 1e-3);
    // In parts as in one go, and the helper of the tests says the same.
    let mut parts = waveforms(&x[..300], &y[..300]);
    parts.add(&x[300..], &y[300..]);
    assert!((parts.snr_db() - snr_db(&x, &y)).abs() < 1e-9);
    // The ends of the range.
    assert_eq!(waveforms(&x, &x).snr_db(), 200.0);
    assert_eq!(waveforms(&x, &[0.0; 1000]).snr_db(), 0.0);
    assert_eq!(waveforms(&[0.0; 4], &[1.0; 4]).snr_db(), -100.0);
}

#[test]
fn spectral_figures_are_those_of_the_definition() {
    let column = |values: [f32; 2]| values.map(|re| Complex32::new(0.0, re));
    let mut sum = FiguresSum::default();
    sum.add(&[3.0, 4.0], &column([3.0, 4.0]), &column([3.0, 0.0]), 1.0);
    let silent = Waveforms::default();
    let figures = Figures::new(&sum, &silent);
    // 16 of 25; and the floor, 100 dB below 1, is 112.04 dB below 4.
    assert!((figures.spectral_convergence_db - 10.0 * 0.64_f64.log10()).abs() < 1e-6);
    let distance = (112.0412_f64.powi(2) / 2.0).sqrt();
    assert!((figures.log_spectral_distance_db - distance).abs() < 1e-3);
    // A second column, as it should be: half the distance.
    let mut other = FiguresSum::default();
    other.add(&[0.0, 5.0], &column([0.0, 5.0]), &column([0.0, -5.0]), 1.0);
    sum.merge(&other);
    let figures = Figures::new(&sum, &silent);
    assert!((figures.spectral_convergence_db - 10.0 * 0.32_f64.log10()).abs() < 1e-6);
    assert!((figures.log_spectral_distance_db - distance / 2.0).abs() < 1e-3);
    assert_eq!(
        Figures::new(&other, &silent).spectral_convergence_db,
        -200.0
    );
    assert_eq!(convergence_db(0.0, 0.0), -200.0);
    assert_eq!(convergence_db(1.0, 0.0), 100.0);
}

/// What a result tells is what one finds by looking at its samples.
#[test]
fn a_results_figures_are_those_of_its_samples() {
    let mut rng = Rng::new(12);
    let x: Vec<f32> = (0..5000).map(|_| 0.3 * rng.sample()).collect();
    let spec = PhaseSpec {
        iterations: 5,
        ..PhaseSpec::new(PhaseMethod::GriffinLim)
    };
    let result = done(&clip(vec![x.clone()]), &options(spec, None));
    let y = result.clip.channel(0);
    assert!((result.figures.snr_db - snr_db(&x, y)).abs() < 1e-6);
    let stft = plan(&StftSpec::new(N_FFT, HOP));
    let target = stft.forward(&[&x]).magnitudes().remove(0);
    let db = 20.0 * crate::phase::convergence(&stft, &target, y).log10();
    assert!((result.figures.spectral_convergence_db - db).abs() < 1e-3);
    assert!((result.convergence_db[5] - db).abs() < 1e-3);
    assert!(result.figures.log_spectral_distance_db > 0.1);
}
