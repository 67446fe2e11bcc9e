//! Another sample rate.
//!
//! Order: definition by hand → (no stored values: sines are known exactly) → seeded sweep → bad input.

use stemloom::Error;
use stemloom::audio::{Clip, Planar, Resampler, resample, resampled_frames, rms};
use stemloom::progress::Reporter;

use crate::common::{Rng, failure, max_abs_diff, noise, planar_noise, setting_name, sine, snr_db};
use crate::listen::cancelled;

const RATES_HZ: [u32; 9] = [
    8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000,
];

/// All pairs of different rates.
fn pairs() -> impl Iterator<Item = (u32, u32)> {
    RATES_HZ
        .into_iter()
        .flat_map(|from| RATES_HZ.into_iter().map(move |to| (from, to)))
        .filter(|(from, to)| from != to)
}

fn resampled(clip: &Clip, to: u32) -> Clip {
    resample(clip, to, &Reporter::silent()).expect("resampled")
}

fn mono(samples: Vec<f32>, from: u32, to: u32) -> Vec<f32> {
    resampled(&Clip::new(from, vec![samples]), to)
        .channel(0)
        .to_vec()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn lengths_are_rounded_half_up() {
    let cases = [
        ((0, 44_100, 48_000), 0),
        ((1, 44_100, 8000), 0),
        ((1, 2, 1), 1),
        ((2, 8000, 44_100), 11),
        ((441, 44_100, 48_000), 480),
        ((44_100, 44_100, 44_100), 44_100),
        (
            (u64::from(u32::MAX) * 1000, 44_100, 88_200),
            u64::from(u32::MAX) * 2000,
        ),
    ];
    for ((frames, from, to), want) in cases {
        assert_eq!(
            resampled_frames(frames, from, to),
            want,
            "{frames} frames from {from} to {to} Hz"
        );
    }
}

/// Longer than what is read at once, so that it goes through in blocks; the resampler's own blocks
/// give the reference.
#[test]
fn a_long_clip_is_resampled_block_by_block() {
    let planar = planar_noise(24, 2, 150_000);
    let mut resampler = Resampler::new(44_100, 16_000, 2).unwrap();
    let mut want: Planar = vec![Vec::new(); 2];
    resampler.push(&planar, &mut want).unwrap();
    resampler.finish(&mut want).unwrap();
    let out = resampled(&Clip::new(44_100, planar), 16_000);
    for channel in 0..2 {
        assert!(max_abs_diff(out.channel(channel), &want[channel]) < 1e-6);
    }
}

#[test]
fn resampling_can_be_cancelled() {
    for frames in [0, 100, 150_000] {
        let clip = Clip::new(44_100, vec![noise(25, frames)]);
        let error = failure(resample(&clip, 48_000, &cancelled()));
        assert!(matches!(error, Error::Cancelled), "{frames}: {error}");
    }
}

#[test]
fn the_same_rate_changes_nothing() {
    let clip = Clip::new(44_100, planar_noise(1, 3, 1000));
    let same = resampled(&clip, 44_100);
    for channel in 0..3 {
        assert_eq!(same.channel(channel), clip.channel(channel));
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn lengths_are_exact() {
    for (from, to) in pairs() {
        for frames in [0, 1, 2, 17, 1000, 12_345] {
            let clip = Clip::new(from, planar_noise(2, 2, frames));
            let out = resampled(&clip, to);
            let want = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert_eq!(out.frames(), want, "{frames} frames from {from} to {to} Hz");
            assert_eq!((out.sample_rate_hz(), out.num_channels()), (to, 2));
            assert_eq!(out.channel(1).len(), out.frames());
        }
    }
}

/// An impulse on a frame that exists at both rates stays there, and is the only loudest frame.
#[test]
fn an_impulse_stays_in_its_place() {
    for (from, to) in pairs() {
        let common = greatest_common_divisor(from, to);
        let (step_in, step_out) = ((from / common) as usize, (to / common) as usize);
        let steps = 9000_usize.div_ceil(step_in);
        let mut samples = vec![0.0; 2 * steps * step_in];
        samples[steps * step_in] = 1.0;
        let out = mono(samples, from, to);
        let at = steps * step_out;
        let loudest = (0..out.len())
            .max_by(|a, b| out[*a].abs().total_cmp(&out[*b].abs()))
            .unwrap();
        assert_eq!(loudest, at, "from {from} to {to} Hz");
        // Without delay the answer is the same on both sides.
        let lopsided = (1..200.min(at))
            .map(|d| (out[at - d] - out[at + d]).abs())
            .fold(0.0, f32::max);
        assert!(
            lopsided < 0.01 * out[at],
            "from {from} to {to} Hz: {lopsided} of {}",
            out[at]
        );
    }
}

#[test]
fn sines_are_exact_away_from_the_ends() {
    for (from, to) in pairs() {
        let lower = f64::from(from.min(to));
        for hz in [0.05 * lower, 0.21 * lower] {
            let frames = 16_000 * (from / from.min(to)) as usize;
            let out = mono(sine(hz, from, frames, 0.5), from, to);
            let want = sine(hz, to, out.len(), 0.5);
            // A quarter is more than the filter reaches: its length is about 2048 frames of input.
            let inside = out.len() / 4..out.len() * 3 / 4;
            let snr = snr_db(&want[inside.clone()], &out[inside]);
            assert!(snr > 90.0, "{hz:.0} Hz from {from} to {to} Hz: {snr:.1} dB");
        }
    }
}

#[test]
fn what_the_new_rate_cannot_hold_is_gone() {
    for (from, to) in pairs().filter(|(from, to)| from > to) {
        let (low, high) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
        for part in [0.02, 0.5, 0.95] {
            let hz = low + part * (high - low);
            let out = mono(sine(hz, from, 24_000 * (from / to) as usize, 0.5), from, to);
            // The tone's sudden start and end are clicks, which belong there.
            let edge = out.len() / 3;
            let level = f64::from(rms(&out[edge..out.len() - edge])) / (0.5 / 2.0_f64.sqrt());
            let db = 20.0 * level.log10();
            assert!(db < -90.0, "{hz:.0} Hz from {from} to {to} Hz: {db:.1} dB");
        }
    }
}

/// There and back gives the music below the lower rate's Nyquist frequency at the same place.
#[test]
fn there_and_back_is_in_place() {
    for (from, to) in [
        (44_100, 48_000),
        (48_000, 44_100),
        (44_100, 22_050),
        (44_100, 16_000),
        (22_050, 48_000),
    ] {
        let x = sine(1000.0, from, 40_000, 0.5);
        let back = mono(mono(x.clone(), from, to), to, from);
        assert!(
            back.len().abs_diff(x.len()) <= 2,
            "from {from} over {to} Hz: {} frames",
            back.len()
        );
        let snr = snr_db(&x[8000..32_000], &back[8000..32_000]);
        assert!(snr > 90.0, "from {from} over {to} Hz: {snr:.1} dB");
    }
}

#[test]
fn blocks_do_not_matter() {
    let mut rng = Rng::new(21);
    for (from, to) in [
        (44_100, 48_000),
        (48_000, 44_100),
        (44_100, 16_000),
        (8000, 44_100),
        (44_100, 44_100),
    ] {
        let planar = planar_noise(22, 2, 20_000);
        let whole = resampled(&Clip::new(from, planar.clone()), to);
        let mut resampler = Resampler::new(from, to, 2).unwrap();
        let mut out: Planar = vec![Vec::new(); 2];
        let mut at = 0;
        while at < 20_000 {
            // From none to more than one of its own blocks.
            let next = (at + rng.below(5000)).min(20_000);
            let block: Planar = planar
                .iter()
                .map(|channel| channel[at..next].to_vec())
                .collect();
            resampler.push(&block, &mut out).unwrap();
            at = next;
        }
        resampler.finish(&mut out).unwrap();
        for channel in 0..2 {
            let error = max_abs_diff(whole.channel(channel), &out[channel]);
            assert!(error < 1e-6, "from {from} to {to} Hz: off by {error}");
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn a_rate_of_zero_is_refused() {
    for (from, to) in [(0, 44_100), (44_100, 0)] {
        assert_eq!(
            setting_name(failure(Resampler::new(from, to, 2))),
            "sample rate"
        );
    }
}

/// Rates with no common divisor make the longest possible filters; they work, and so do no channels.
#[test]
fn odd_rates_work() {
    let out = mono(noise(23, 5000), 44_101, 47_999);
    assert_eq!(out.len() as u64, resampled_frames(5000, 44_101, 47_999));
    assert!(out.iter().all(|x| x.is_finite()));
    let empty = resampled(&Clip::new(44_100, Vec::new()), 48_000);
    assert_eq!((empty.num_channels(), empty.frames()), (0, 0));
}
