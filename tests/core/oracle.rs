//! Oracles: masks made with knowledge of the truth.
//!
//! Order: definitions by hand → stems that do not overlap → shapes → bad input.

use std::slice::from_ref;

use stemloom::audio::Planar;
use stemloom::evaluate::{OracleKind, oracle};
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{failure, planar_noise, setting_name, sine, snr_db};

const RATE_HZ: u32 = 16_000;

fn sum(sources: &[Planar]) -> Planar {
    let mut out = sources[0].clone();
    for source in &sources[1..] {
        for (out, source) in out.iter_mut().zip(source) {
            for (out, x) in out.iter_mut().zip(source) {
                *out += x;
            }
        }
    }
    out
}

fn estimates(kind: OracleKind, mixture: &Planar, sources: &[Planar]) -> Vec<Planar> {
    oracle(kind, mixture, sources, &Reporter::silent()).expect("an oracle")
}

/// Away from the ends, where a tone begins and is broad.
fn inner_snr_db(reference: &Planar, estimate: &Planar) -> f64 {
    let inner = |planar: &Planar| {
        let cut = |channel: &Vec<f32>| channel[4096..channel.len() - 4096].to_vec();
        planar.iter().flat_map(cut).collect::<Vec<f32>>()
    };
    snr_db(&inner(reference), &inner(estimate))
}

#[test]
fn one_source_and_halves_come_back_as_defined() {
    // The mixture is the only source: every oracle gives it back.
    for (channels, frames) in [(1, 5000), (2, 3000), (3, 2500)] {
        let source = planar_noise(1, channels, frames);
        for kind in OracleKind::ALL {
            let out = estimates(kind, &source, from_ref(&source));
            let snr = snr_db(&source.concat(), &out[0].concat());
            assert!(snr > 80.0, "{kind:?} of {channels}: {snr:.1} dB");
        }
    }
    // A source that is a quarter of another's amplitude: shares 1/5 and 1/17, and 0 of a mixture
    // of which it is less than half.
    let loud = planar_noise(2, 1, 6000);
    let quiet: Planar = vec![loud[0].iter().map(|x| x / 4.0).collect()];
    let sources = [loud.clone(), quiet];
    let mixture = sum(&sources);
    for (kind, share) in [
        (OracleKind::Ibm, 0.0),
        (OracleKind::Irm1, 0.2),
        (OracleKind::Irm2, 1.0 / 17.0),
        (OracleKind::Mwf, 1.0 / 17.0),
    ] {
        let out = estimates(kind, &mixture, &sources);
        for (x, y) in mixture[0].iter().zip(&out[1][0]) {
            assert!((x * share - y).abs() < 1e-5, "{kind:?}: {x} {y}");
        }
    }
}

#[test]
fn stems_that_do_not_overlap_are_nearly_perfect() {
    let frames = 300_000;
    // Longer than a block, so that a seam would show.
    let tone = |hz: f64, left: f64, right: f64| -> Planar {
        vec![
            sine(hz, RATE_HZ, frames, left),
            sine(hz, RATE_HZ, frames, right),
        ]
    };
    let sources = [
        tone(440.0, 0.3, 0.1),
        tone(2_000.0, 0.2, 0.2),
        tone(5_500.0, 0.05, 0.4),
    ];
    let mixture = sum(&sources);
    for kind in OracleKind::ALL {
        let out = estimates(kind, &mixture, &sources);
        for (source, out) in sources.iter().zip(&out) {
            let snr = inner_snr_db(source, out);
            assert!(snr > 40.0, "{kind:?}: {snr:.1} dB");
        }
    }
}

#[test]
fn places_in_the_stereo_field_help_the_multichannel_filter() {
    // Two noises over each other, panned hard: only the filter that takes both channels together
    // tells them apart, as does every mask that works on each channel.
    let (a, b) = (planar_noise(3, 1, 20_000), planar_noise(4, 1, 20_000));
    let scaled = |x: &[f32], gain: f32| x.iter().map(|x| x * gain).collect::<Vec<f32>>();
    let sources = [
        vec![scaled(&a[0], 1.0), scaled(&a[0], 0.5)],
        vec![scaled(&b[0], 0.5), scaled(&b[0], 1.0)],
    ];
    let mixture = sum(&sources);
    let of = |kind| inner_snr_db(&sources[0], &estimates(kind, &mixture, &sources)[0]);
    let (masked, filtered) = (of(OracleKind::Irm2), of(OracleKind::Mwf));
    assert!(
        filtered > 30.0 && filtered > masked + 15.0,
        "{masked} {filtered}"
    );
}

#[test]
fn every_length_and_silence_keep_their_shape() {
    for frames in [1, 2, 1023, 1024, 1025, 2049, 262_144, 262_145] {
        let sources = [planar_noise(5, 2, frames), vec![vec![0.0; frames]; 2]];
        let mixture = sum(&sources);
        for kind in [OracleKind::Irm1, OracleKind::Mwf] {
            let out = estimates(kind, &mixture, &sources);
            for (out, source) in out.iter().zip(&sources) {
                assert_eq!(out.len(), 2);
                assert!(out.iter().all(|channel| channel.len() == frames));
                assert!(out.iter().flatten().all(|x| x.is_finite()));
                let is_silent = source[0].iter().all(|x| *x == 0.0);
                assert!(!is_silent || out.iter().flatten().all(|x| *x == 0.0));
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let mixture = planar_noise(6, 2, 100);
    let refused = |mixture: &Planar, sources: &[Planar]| {
        let reporter = Reporter::silent();
        let error = failure(oracle(OracleKind::Ibm, mixture, sources, &reporter));
        assert_eq!(setting_name(error), "oracle");
    };
    refused(&mixture, &[]);
    refused(&Vec::new(), &[Vec::new()]);
    refused(&mixture, &[planar_noise(7, 1, 100)]);
    refused(&mixture, &[mixture.clone(), planar_noise(7, 2, 99)]);
    refused(&vec![vec![0.0; 3], vec![0.0; 4]], from_ref(&mixture));
    assert!("irm3".parse::<OracleKind>().is_err());

    let cancel = CancelToken::new();
    cancel.cancel();
    let reporter = Reporter::new(cancel, |_| {});
    let error = failure(oracle(
        OracleKind::Mwf,
        &mixture,
        from_ref(&mixture),
        &reporter,
    ));
    assert!(error.is_cancelled());
}
