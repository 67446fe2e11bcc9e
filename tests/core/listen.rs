//! How loud takes are, and the gains that make them equally loud.
//!
//! Order: the standard's own reference tones → what it leaves open → gains by hand, then measured.
//! Differences are in `listen_difference.rs`, blind tests in `listen_abx.rs` and
//! `listen_ranking.rs`.

use stemloom::audio::{Clip, apply_gain};
use stemloom::listen::{Loudness, MatchTarget, match_gains, measure};
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{Rng, failure, noise, planar_noise, setting_name, sine};

fn loudness(clip: &Clip) -> Loudness {
    measure(clip, 0..clip.frames(), &Reporter::silent()).expect("it can be measured")
}

fn lufs(rate_hz: u32, channels: Vec<Vec<f32>>) -> f64 {
    let loudness = loudness(&Clip::new(rate_hz, channels));
    loudness.integrated_lufs.expect("not silent")
}

pub fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not within {within} of {b}");
}

fn amplitude(db: f64) -> f64 {
    10.0_f64.powf(db / 20.0)
}

/// A reporter whose computation has been given up already.
pub fn cancelled() -> Reporter {
    let token = CancelToken::new();
    token.cancel();
    Reporter::new(token, |_| {})
}

// ---------------------------------------------------------------------------------------------
// Loudness

/// ITU-R BS.1770: a full-scale sine of 997 Hz in the left, right or centre channel is −3.01 LUFS.
/// EBU Tech 3341, case 1: a stereo sine of −23 dBFS is −23 LUFS.
#[test]
fn the_standards_tones_measure_what_they_should() {
    let frames = 3 * 48_000;
    let tone = |db: f64| sine(997.0, 48_000, frames, amplitude(db));
    let silence = || vec![0.0; frames];
    close(lufs(48_000, vec![tone(0.0), silence()]), -3.01, 0.02);
    close(lufs(48_000, vec![silence(), tone(0.0)]), -3.01, 0.02);
    close(lufs(48_000, vec![tone(-23.0), tone(-23.0)]), -23.0, 0.1);
    // A mono take is heard on both speakers.
    close(lufs(48_000, vec![tone(-23.0)]), -23.0, 0.1);
    // 5.1: the surround channels weigh 1.41, the LFE nothing.
    for (channel, want) in [(0, -3.01), (2, -3.01), (4, -1.52), (5, -1.52)] {
        let mut channels = vec![silence(); 6];
        channels[channel] = tone(0.0);
        close(lufs(48_000, channels), want, 0.03);
    }
    let mut lfe = vec![silence(); 6];
    lfe[3] = tone(0.0);
    let lfe = loudness(&Clip::new(48_000, lfe));
    assert_eq!(lfe.integrated_lufs, None);
    close(lfe.peak_db().unwrap(), 0.0, 0.01);
}

#[test]
fn loudness_is_the_same_at_every_rate() {
    for rate_hz in [
        8_000, 11_024, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000,
    ] {
        let tone = sine(997.0, rate_hz, rate_hz as usize, amplitude(-20.0));
        close(lufs(rate_hz, vec![tone.clone(), tone]), -20.0, 0.06);
    }
}

#[test]
fn six_decibels_are_six_loudness_units() {
    for (seed, channels) in [(1, 1), (2, 2), (3, 6), (4, 7), (5, 8)] {
        let mut audio = planar_noise(seed, channels, 44_100);
        audio.iter_mut().for_each(|x| apply_gain(x, 0.25));
        let before = lufs(44_100, audio.clone());
        audio.iter_mut().for_each(|x| apply_gain(x, 2.0));
        close(lufs(44_100, audio) - before, 20.0 * 2.0_f64.log10(), 1e-6);
    }
}

/// The gates: silence after a tone lowers the mean, but not the loudness.
#[test]
fn pauses_do_not_count() {
    let mut tone = sine(997.0, 48_000, 10 * 48_000, amplitude(-20.0));
    tone.extend(vec![0.0; 30 * 48_000]);
    close(lufs(48_000, vec![tone.clone(), tone]), -20.0, 0.2);
}

#[test]
fn short_takes_have_a_loudness_too() {
    let tone = |frames: usize| {
        let tone = sine(997.0, 48_000, frames, amplitude(-20.0));
        lufs(48_000, vec![tone.clone(), tone])
    };
    // 10 ms; 0.1 s; one frame less than a block, and the block.
    for (frames, within) in [(480, 0.3), (4_800, 0.1), (19_199, 0.05), (19_200, 0.05)] {
        close(tone(frames), -20.0, within);
    }
}

#[test]
fn silence_has_no_loudness() {
    let none = Loudness {
        integrated_lufs: None,
        sample_peak: 0.0,
    };
    for frames in [0, 1, 4_410, 88_200] {
        assert_eq!(
            loudness(&Clip::new(44_100, vec![vec![0.0; frames]; 2])),
            none
        );
    }
    assert_eq!(loudness(&Clip::new(44_100, Vec::new())), none);
    assert_eq!(none.peak_db(), None);
    // −80 LUFS is below the absolute gate, however short.
    for frames in [4_800, 96_000] {
        let faint = loudness(&Clip::new(
            48_000,
            vec![sine(997.0, 48_000, frames, amplitude(-80.0))],
        ));
        assert_eq!(faint.integrated_lufs, None);
        close(faint.peak_db().unwrap(), -80.0, 0.01);
    }
}

#[test]
fn a_range_is_measured_alone() {
    let mut samples = sine(997.0, 48_000, 96_000, amplitude(-40.0));
    samples.extend(sine(997.0, 48_000, 96_000, amplitude(-10.0)));
    let clip = Clip::new(48_000, vec![samples]);
    let part = |range| measure(&clip, range, &Reporter::silent()).unwrap();
    close(part(0..96_000).integrated_lufs.unwrap(), -40.0, 0.1);
    close(part(96_000..192_000).integrated_lufs.unwrap(), -10.0, 0.1);
    // Beyond the end there is nothing.
    close(
        part(96_000..usize::MAX).integrated_lufs.unwrap(),
        -10.0,
        0.1,
    );
    assert_eq!(part(500_000..600_000).integrated_lufs, None);
}

#[test]
fn samples_that_are_no_numbers_count_as_zeros() {
    let clean = sine(997.0, 44_100, 44_100, 0.1);
    let mut broken = clean.clone();
    let mut zeroed = clean;
    for (at, bad) in [(100, f32::NAN), (20_000, f32::INFINITY)] {
        broken[at] = bad;
        zeroed[at] = 0.0;
    }
    assert_eq!(
        loudness(&Clip::new(44_100, vec![broken])),
        loudness(&Clip::new(44_100, vec![zeroed]))
    );
}

#[test]
fn what_cannot_be_measured_is_said() {
    let measured = |rate_hz: u32, channels: usize| {
        let clip = Clip::new(rate_hz, vec![vec![0.5; 100]; channels]);
        measure(&clip, 0..100, &Reporter::silent())
    };
    for rate_hz in [0, 1, 15, 3_000, 3_000_000] {
        assert_eq!(setting_name(failure(measured(rate_hz, 1))), "sample rate");
    }
    assert_eq!(setting_name(failure(measured(44_100, 65))), "channels");
    let clip = Clip::new(44_100, vec![noise(1, 44_100)]);
    assert!(failure(measure(&clip, 0..44_100, &cancelled())).is_cancelled());
}

// ---------------------------------------------------------------------------------------------
// Gains

fn take(integrated_lufs: f64, sample_peak: f32) -> Loudness {
    Loudness {
        integrated_lufs: Some(integrated_lufs),
        sample_peak,
    }
}

const SILENT: Loudness = Loudness {
    integrated_lufs: None,
    sample_peak: 0.0,
};

#[test]
fn gains_bring_takes_to_the_target() {
    let takes = [take(-20.0, 0.5), SILENT, take(-30.0, 0.1)];
    let quietest = match_gains(&takes, MatchTarget::Quietest).unwrap();
    assert_eq!(quietest.gains_db, [-10.0, 0.0, 0.0]);
    assert_eq!(
        (quietest.target_lufs, quietest.lowered_db),
        (Some(-30.0), 0.0)
    );
    let reference = match_gains(&takes, MatchTarget::Reference(0)).unwrap();
    assert_eq!(reference.gains_db, [0.0, 0.0, 10.0]);
    let level = match_gains(&takes, MatchTarget::Lufs(-23.0)).unwrap();
    assert_eq!(level.gains_db, [-3.0, 0.0, 7.0]);
}

/// By hand: 10 dB more bring a peak of 0.9 (−0.915 dBFS) to +9.085, which is 9.185 above −0.1.
#[test]
fn all_are_lowered_where_one_would_clip() {
    let takes = [take(-20.0, 0.5), take(-30.0, 0.9), SILENT];
    let matched = match_gains(&takes, MatchTarget::Reference(0)).unwrap();
    close(matched.lowered_db, 9.185, 0.001);
    close(matched.gains_db[0], -9.185, 0.001);
    close(matched.gains_db[1], 0.815, 0.001);
    assert_eq!(matched.gains_db[2], 0.0);
    close(matched.target_lufs.unwrap(), -29.185, 0.001);
}

#[test]
fn matched_takes_measure_the_same() {
    let mut rng = Rng::new(11);
    let clips: Vec<Vec<f32>> = (0..5)
        .map(|i| {
            let level = if i == 2 {
                0.05
            } else {
                0.01 + 0.3 * rng.sample().abs()
            };
            let mut samples = noise(i, 44_100 * (1 + i as usize));
            apply_gain(&mut samples, level);
            // One has a peak that forbids raising it.
            samples[0] = if i == 2 { 1.0 } else { samples[0] };
            samples
        })
        .collect();
    let measured: Vec<Loudness> = clips
        .iter()
        .map(|samples| loudness(&Clip::new(44_100, vec![samples.clone()])))
        .collect();
    for target in [
        MatchTarget::Quietest,
        MatchTarget::Reference(3),
        MatchTarget::Lufs(-9.0),
    ] {
        let matched = match_gains(&measured, target).unwrap();
        for (samples, gain_db) in clips.iter().zip(&matched.gains_db) {
            let mut samples = samples.clone();
            apply_gain(&mut samples, amplitude(*gain_db) as f32);
            let now = loudness(&Clip::new(44_100, vec![samples]));
            close(
                now.integrated_lufs.unwrap(),
                matched.target_lufs.unwrap(),
                0.05,
            );
            assert!(now.sample_peak < 1.0, "{target:?}: {}", now.sample_peak);
        }
    }
    // −9 LUFS with such a peak is not to be had.
    let loud = match_gains(&measured, MatchTarget::Lufs(-9.0)).unwrap();
    assert!(loud.lowered_db > 1.0, "{loud:?}");
}

#[test]
fn targets_that_make_no_sense_are_refused() {
    let takes = [take(-20.0, 0.5), SILENT];
    for target in [
        MatchTarget::Reference(2),
        MatchTarget::Reference(1),
        MatchTarget::Lufs(1.0),
        MatchTarget::Lufs(-71.0),
        MatchTarget::Lufs(f64::NAN),
    ] {
        assert_eq!(
            setting_name(failure(match_gains(&takes, target))),
            "target",
            "{target:?}"
        );
    }
    for takes in [&[][..], &[SILENT, SILENT][..]] {
        for target in [MatchTarget::Quietest, MatchTarget::Lufs(-23.0)] {
            let matched = match_gains(takes, target).unwrap();
            assert_eq!(matched.gains_db, vec![0.0; takes.len()]);
            assert_eq!((matched.target_lufs, matched.lowered_db), (None, 0.0));
        }
    }
}
