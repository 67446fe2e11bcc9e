//! BSS Eval.
//!
//! Order: closed forms → the definition, solved directly, over odd sizes → silence → bad input.
//! `bss_values.rs` compares with museval and mir_eval.

use std::sync::{Arc, Mutex};

use stemloom::audio::Planar;
use stemloom::evaluate::{BssKind, BssSpec, FrameScores, MOST_UNKNOWNS, bss_eval, silent_sources};
use stemloom::progress::{CancelToken, Event, Reporter};

use crate::bss_definition::{assert_db, defined};
use crate::common::{Rng, failure, noise, planar_noise, setting_name};

const RATE: u32 = 1000;
/// 20·log₁₀ 2: a signal against its half.
const HALF_DB: f64 = 6.020_599_913;

fn spec(filter_length: usize) -> BssSpec {
    BssSpec {
        filter_length,
        ..BssSpec::default()
    }
}

fn eval(references: &[Planar], estimates: &[Planar], spec: &BssSpec) -> Vec<FrameScores> {
    bss_eval(references, estimates, RATE, spec, &Reporter::silent()).expect("scores")
}

fn energy(x: &[f32]) -> f64 {
    x.iter().map(|x| f64::from(*x).powi(2)).sum()
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

fn times(planar: &Planar, gain: f32) -> Planar {
    let channel = |x: &Vec<f32>| x.iter().map(|x| gain * x).collect();
    planar.iter().map(channel).collect()
}

/// Noise from frame `from` to `to` of `frames`.
fn burst(seed: u64, frames: usize, from: usize, to: usize) -> Vec<f32> {
    let mut out = vec![0.0; frames];
    out[from..to].copy_from_slice(&noise(seed, to - from));
    out
}

// ---------------------------------------------------------------------------------------------
// Closed forms

#[test]
fn a_perfect_estimate_has_nothing_wrong() {
    let references = [planar_noise(1, 2, 2500), planar_noise(2, 2, 2500)];
    for scores in eval(&references, &references, &spec(16)) {
        assert_eq!(scores.sdr, [f64::INFINITY; 2]);
        for score in [&scores.isr, &scores.sir, &scores.sar]
            .into_iter()
            .flatten()
        {
            assert!(*score > 100.0, "{score} dB");
        }
    }
}

#[test]
fn a_wrong_gain_is_distortion_that_a_filter_mends() {
    let references = [planar_noise(1, 2, 1000), planar_noise(2, 2, 1000)];
    let estimates = references.each_ref().map(|r| times(r, 0.5));
    for scores in eval(&references, &estimates, &spec(16)) {
        assert_db(scores.sdr[0], HALF_DB, 1e-6, "SDR");
        assert_db(scores.isr[0], HALF_DB, 1e-6, "ISR");
        assert!(scores.sir[0] > 100.0 && scores.sar[0] > 100.0);
    }
    let any_filter = BssSpec {
        filter_length: 16,
        ..BssSpec::sources()
    };
    for scores in eval(&references, &estimates, &any_filter) {
        assert!(scores.sdr[0] > 100.0 && scores.isr[0].is_nan());
    }
}

#[test]
fn what_never_sounds_together_adds_up_by_hand() {
    const FRAMES: usize = 1000;
    // Further apart than filters reach: all parts are orthogonal at every delay.
    let (s, other) = (burst(1, FRAMES, 0, 200), burst(2, FRAMES, 400, 600));
    let artefact = burst(3, FRAMES, 800, 900);
    let estimate: Vec<f32> = (0..FRAMES)
        .map(|i| s[i] + 0.25 * other[i] + 0.125 * artefact[i])
        .collect();
    let leak = energy(&other) / 16.0;
    let noise = energy(&artefact) / 64.0;
    let references = [vec![s.clone()], vec![other.clone()]];
    let scores = eval(&references, &[vec![estimate], vec![other]], &spec(32));
    assert_db(
        scores[0].sdr[0],
        db(energy(&s) / (leak + noise)),
        1e-5,
        "SDR",
    );
    assert_db(scores[0].sir[0], db(energy(&s) / leak), 1e-5, "SIR");
    assert_db(
        scores[0].sar[0],
        db((energy(&s) + leak) / noise),
        1e-5,
        "SAR",
    );
    assert!(scores[0].isr[0] > 100.0);
}

#[test]
fn a_delay_is_wrong_for_images_and_right_for_sources() {
    const FRAMES: usize = 900;
    let s = burst(1, FRAMES, 0, 880);
    let mut late = vec![0.0; FRAMES];
    late[5..].copy_from_slice(&s[..FRAMES - 5]);
    let difference: Vec<f32> = s.iter().zip(&late).map(|(s, e)| s - e).collect();
    let (references, estimates) = ([vec![s.clone()]], [vec![late]]);
    let images = &eval(&references, &estimates, &spec(6))[0];
    let expected = db(energy(&s) / energy(&difference));
    assert_db(images.sdr[0], expected, 1e-4, "SDR of the image");
    let sources = |filter_length| {
        let spec = BssSpec {
            filter_length,
            ..BssSpec::sources()
        };
        eval(&references, &estimates, &spec)[0].sdr[0]
    };
    assert!(sources(6) > 100.0);
    // Delays of 0 to 4 frames do not reach.
    assert!(sources(5) < 0.0);
}

#[test]
fn equal_channels_and_silent_channels_are_no_trouble() {
    let voice = noise(1, 2000);
    let centre = vec![voice.clone(), voice.clone()];
    let left = vec![noise(2, 2000), vec![0.0; 2000]];
    let references = [centre, left];
    let estimates = references.each_ref().map(|r| times(r, 0.5));
    for scores in eval(&references, &estimates, &spec(24)) {
        for window in 0..2 {
            assert_db(scores.sdr[window], HALF_DB, 1e-6, "SDR");
            assert_db(scores.isr[window], HALF_DB, 1e-4, "ISR");
            assert!(scores.sir[window] > 100.0 && scores.sar[window] > 100.0);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// The definition

#[test]
fn scores_are_those_of_the_definition() {
    let mut rng = Rng::new(7);
    for case in 0..24_u64 {
        let sources = 1 + rng.below(3);
        let channels = 1 + rng.below(3);
        let frames = 150 + rng.below(300);
        let spec = BssSpec {
            win_secs: 0.08 + 0.001 * rng.below(90) as f64,
            hop_secs: 0.02 + 0.001 * rng.below(90) as f64,
            filter_length: 1 + rng.below(7),
            kind: [BssKind::Images, BssKind::Sources][rng.below(2)],
            framewise_filters: rng.below(3) == 0,
        };
        let references: Vec<Planar> = (0..sources as u64)
            .map(|s| planar_noise(100 * case + s, channels, frames))
            .collect();
        // Everything leaks into everything, differently in each channel.
        let estimates: Vec<Planar> = (0..sources as u64)
            .map(|s| {
                let mut out = planar_noise(100 * case + 50 + s, channels, frames);
                for channel in &mut out {
                    channel.iter_mut().for_each(|x| *x *= 0.2);
                    for reference in references.iter().flatten() {
                        let gain = rng.sample();
                        for (x, r) in channel.iter_mut().zip(reference) {
                            *x += gain * r;
                        }
                    }
                }
                out
            })
            .collect();
        let ours = eval(&references, &estimates, &spec);
        let theirs = defined(&references, &estimates, RATE, &spec);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let what = format!("case {case}, {spec:?}");
            assert_eq!(ours.sdr.len(), theirs.len(), "{what}");
            for (window, theirs) in theirs.iter().enumerate() {
                assert_db(ours.sdr[window], theirs[0], 1e-6, &what);
                assert_db(ours.isr[window], theirs[1], 1e-6, &what);
                assert_db(ours.sir[window], theirs[2], 1e-6, &what);
                assert_db(ours.sar[window], theirs[3], 1e-6, &what);
            }
        }
    }
}

#[test]
fn long_windows_are_filtered_in_blocks() {
    // Three blocks of filtering and many of correlating; wrong seams would be artefacts.
    const FRAMES: usize = 40_000;
    let references = [planar_noise(1, 1, FRAMES), planar_noise(2, 1, FRAMES)];
    let leaks: Planar = vec![
        (0..FRAMES)
            .map(|i| references[0][0][i] + 0.25 * references[1][0][i])
            .collect(),
    ];
    let estimates = [leaks, references[1].clone()];
    let one_window = BssSpec {
        win_secs: f64::INFINITY,
        ..spec(20)
    };
    let scores = eval(&references, &estimates, &one_window);
    let expected = db(energy(&references[0][0]) / (energy(&references[1][0]) / 16.0));
    assert_eq!(scores[0].sdr.len(), 1);
    assert_db(scores[0].sdr[0], expected, 1e-4, "SDR");
    // The sources are independent but for chance: 20 delays of 40,000 frames.
    assert_db(scores[0].sir[0], expected, 0.1, "SIR");
    // All of it is made of the two references.
    assert!(scores[0].sar[0] > 100.0, "SAR {}", scores[0].sar[0]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let references = [planar_noise(1, 2, 9000), planar_noise(2, 2, 9000)];
    let estimates = [planar_noise(3, 2, 9000), planar_noise(4, 2, 9000)];
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
            .install(|| eval(&references, &estimates, &spec(40)))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn estimates_are_cut_and_padded_to_their_references() {
    let references = [planar_noise(1, 1, 2100)];
    let mut short = planar_noise(2, 1, 1700);
    let scores = eval(&references, std::slice::from_ref(&short), &spec(8));
    short[0].resize(2100, 0.0);
    assert_eq!(
        scores,
        eval(&references, std::slice::from_ref(&short), &spec(8))
    );
    short[0].resize(3000, 1.0);
    assert_eq!(
        scores,
        eval(&references, std::slice::from_ref(&short), &spec(8))
    );
}

// ---------------------------------------------------------------------------------------------
// Silence

#[test]
fn where_one_is_silent_none_has_a_score() {
    let references = [planar_noise(1, 2, 4300), planar_noise(2, 2, 4300)];
    let mut estimates = [planar_noise(3, 2, 4300), planar_noise(4, 2, 4300)];
    // The second window is silent; of the fourth, one frame is not.
    for channel in &mut estimates[1] {
        channel[1000..2000].fill(0.0);
        channel[3000..3999].fill(0.0);
    }
    for scores in eval(&references, &estimates, &spec(8)) {
        for score in [&scores.sdr, &scores.isr, &scores.sir, &scores.sar] {
            let silent: Vec<bool> = score.iter().map(|x| x.is_nan()).collect();
            assert_eq!(silent, [false, true, false, false]);
        }
    }
}

#[test]
fn a_source_of_silence_is_named_and_leaves_no_scores() {
    let sound = planar_noise(1, 2, 2000);
    let opposite = vec![sound[0].clone(), sound[0].iter().map(|x| -x).collect()];
    let silence = vec![vec![0.0; 2000]; 2];
    assert_eq!(
        silent_sources(&[sound.clone(), silence.clone(), opposite.clone()]),
        [1, 2]
    );
    for silent in [silence, opposite] {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        let reporter = Reporter::new(CancelToken::new(), move |event| {
            if let Event::Warning(text) = event {
                sink.lock().unwrap().push(text);
            }
        });
        let references = [sound.clone(), silent];
        let estimates = [sound.clone(), sound.clone()];
        let scores = bss_eval(&references, &estimates, RATE, &spec(8), &reporter).unwrap();
        assert_eq!(scores.len(), 2);
        for scores in scores {
            assert!(scores.sdr.len() == 2 && scores.sdr.iter().all(|x| x.is_nan()));
        }
        let heard = heard.lock().unwrap();
        assert!(
            heard.len() == 1 && heard[0].contains("reference of source 2"),
            "{heard:?}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn what_does_not_fit_is_named() {
    let good = [planar_noise(1, 2, 500), planar_noise(2, 2, 500)];
    let fails = |references: &[Planar], estimates: &[Planar]| {
        let result = bss_eval(references, estimates, RATE, &spec(8), &Reporter::silent());
        setting_name(failure(result))
    };
    let nothing: [Planar; 0] = [];
    assert_eq!(fails(&nothing, &nothing), "references");
    assert_eq!(fails(&[vec![]], &[vec![]]), "references");
    assert_eq!(fails(&[vec![vec![]]], &[vec![vec![]]]), "references");
    assert_eq!(fails(&good, &good[..1]), "estimates");
    let mono = [good[0].clone(), planar_noise(3, 1, 500)];
    assert_eq!(fails(&good, &mono), "estimates");
    assert_eq!(fails(&mono, &good), "references");
    let short = [good[0].clone(), planar_noise(3, 2, 499)];
    assert_eq!(fails(&short, &good), "references");
    let mut ragged = good.clone();
    ragged[1][1].pop();
    assert_eq!(fails(&good, &ragged), "estimates");
    for bad in [f32::NAN, f32::INFINITY] {
        let mut broken = good.clone();
        broken[1][0][77] = bad;
        assert_eq!(fails(&broken, &good), "references");
        let result = bss_eval(&good, &broken, RATE, &spec(8), &Reporter::silent());
        let message = failure(result).to_string();
        assert!(
            message.contains("estimates: source 2") && message.contains("frame 77"),
            "{message}"
        );
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let sound = [planar_noise(1, 2, 500)];
    let fails = |spec: BssSpec| {
        let result = bss_eval(&sound, &sound, RATE, &spec, &Reporter::silent());
        setting_name(failure(result))
    };
    for secs in [0.0, -1.0, f64::NAN] {
        let (mut win, mut hop) = (spec(8), spec(8));
        win.win_secs = secs;
        hop.hop_secs = secs;
        assert_eq!((fails(win), fails(hop)), ("window".into(), "hop".into()));
    }
    assert_eq!(fails(spec(0)), "filter length");
    assert_eq!(fails(spec(MOST_UNKNOWNS / 2 + 1)), "filter length");
    let no_rate = bss_eval(&sound, &sound, 0, &spec(8), &Reporter::silent());
    assert_eq!(setting_name(failure(no_rate)), "sample rate");
}

#[test]
fn it_stops_when_told() {
    let token = CancelToken::new();
    token.cancel();
    let sound = [planar_noise(1, 2, 500)];
    let result = bss_eval(
        &sound,
        &sound,
        RATE,
        &spec(8),
        &Reporter::new(token, |_| {}),
    );
    assert!(failure(result).is_cancelled());
}
