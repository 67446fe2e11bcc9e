//! How far one take runs behind another, and what is left when one is subtracted from the other.
//!
//! Order: shifts known beforehand → the difference by hand → copies, of which nothing may be left.

use stemloom::Error;
use stemloom::audio::Clip;
use stemloom::listen::{
    Difference, DifferenceOptions, MOST_LAG_FRAMES, difference, lag_frames, lag_frames_of_pairs,
    read_at,
};
use stemloom::progress::{CancelToken, Event, Reporter};

use crate::cli::read;
use crate::common::{Rng, failure, noise, planar_noise, repo, setting_name, sine};
use crate::listen::{cancelled, close};

// ---------------------------------------------------------------------------------------------
// Shifts

#[test]
fn reading_beyond_the_ends_gives_zeros() {
    let read = |start: isize, frames: usize| {
        let mut out = vec![9.0; frames];
        read_at(&[1.0, 2.0, 3.0], start, &mut out);
        out
    };
    assert_eq!(read(0, 3), [1.0, 2.0, 3.0]);
    assert_eq!(read(-2, 6), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
    assert_eq!(read(2, 2), [3.0, 0.0]);
    assert_eq!(read(-1, 2), [0.0, 1.0]);
    for far in [3, 100, -2, isize::MAX, isize::MIN] {
        assert_eq!(read(far, 2), [0.0, 0.0], "{far}");
    }
    assert!(read(0, 0).is_empty());
}

/// b[n] = a[n − d] runs d frames behind.
fn delayed(samples: &[f32], d: isize) -> Vec<f32> {
    let mut out = vec![0.0; samples.len()];
    read_at(samples, -d, &mut out);
    out
}

#[test]
fn shifts_are_found_to_the_sample() {
    let mut rng = Rng::new(5);
    let mut shifts: Vec<isize> = (0..12).map(|_| rng.below(8_001) as isize - 4_000).collect();
    shifts.extend([0, 1, -1, 4_000, -4_000]);
    for (seed, d) in shifts.into_iter().enumerate() {
        let a = noise(seed as u64, 20_000);
        assert_eq!(lag_frames(&a, &delayed(&a, d), 4_000), d);
        // As loud as the take itself, and quieter: neither hides it.
        let mut b = delayed(&a, d);
        for (b, other) in b.iter_mut().zip(noise(1_000 + seed as u64, 20_000)) {
            *b = 0.1 * (*b + other);
        }
        assert_eq!(lag_frames(&a, &b, 5_000), d, "with noise");
        assert_eq!(lag_frames(&b, &a, 5_000), -d, "the other way round");
    }
}

#[test]
fn shifts_of_music_and_of_long_takes_are_found() {
    let bass = read(&repo("assets/example/stems/bass.flac"));
    let bass = bass.channel(0);
    for d in [441, -441, 37] {
        assert_eq!(lag_frames(bass, &delayed(bass, d), 4_410), d);
    }
    // Longer than what is compared, and silent where it begins.
    let mut long = vec![0.0; 700_000];
    long[500_000..600_000].copy_from_slice(&noise(8, 100_000));
    for d in [777, -4_000] {
        assert_eq!(lag_frames(&long, &delayed(&long, d), 4_410), d);
    }
}

#[test]
fn channels_shift_together() {
    // The sum of the channels is silent: each has to be looked at.
    let left = noise(1, 30_000);
    let right: Vec<f32> = left.iter().map(|x| -x).collect();
    let (late_left, late_right) = (delayed(&left, 321), delayed(&right, 321));
    let pairs = [(&left[..], &late_left[..]), (&right[..], &late_right[..])];
    assert_eq!(lag_frames_of_pairs(&pairs, 1_000), 321);
}

#[test]
fn no_shift_is_made_up() {
    let a = noise(1, 20_000);
    let (silent, empty) = (vec![0.0; 20_000], Vec::new());
    let other = noise(2, 20_000);
    let flipped: Vec<f32> = a.iter().map(|x| -x).collect();
    let broken = vec![f32::NAN; 100];
    for (what, a, b) in [
        ("silent b", &a, &silent),
        ("silent a", &silent, &a),
        ("both silent", &silent, &silent),
        ("empty a", &empty, &a),
        ("empty b", &a, &empty),
        ("unrelated", &a, &other),
        ("reversed polarity", &a, &flipped),
        ("no numbers", &a, &broken),
    ] {
        assert_eq!(lag_frames(a, b, 1_000), 0, "{what}");
    }
    assert_eq!(lag_frames_of_pairs(&[], 1_000), 0);
    // Out of reach; and nothing may be searched.
    assert_eq!(lag_frames(&a, &delayed(&a, 300), 200), 0);
    assert_eq!(lag_frames(&a, &delayed(&a, 300), 0), 0);
    assert_eq!(lag_frames(&a, &delayed(&a, 300), usize::MAX), 300);
    // Every whole period of 100 frames fits equally well: the smallest is taken.
    let tone = sine(441.0, 44_100, 40_000, 0.5);
    assert_eq!(lag_frames(&tone[10_000..14_000], &tone[10_000..], 1_000), 0);
    assert_eq!(lag_frames(&[1.0], &[1.0], 10), 0);
}

// ---------------------------------------------------------------------------------------------
// Differences

fn plain() -> DifferenceOptions {
    DifferenceOptions {
        align: false,
        ..DifferenceOptions::default()
    }
}

fn matching() -> DifferenceOptions {
    DifferenceOptions {
        match_levels: true,
        ..DifferenceOptions::default()
    }
}

fn subtract(a: &Clip, b: &Clip, options: &DifferenceOptions) -> Difference {
    difference(a, b, options, &Reporter::silent()).expect("they can be compared")
}

#[test]
fn the_difference_is_a_minus_b() {
    let a = Clip::new(44_100, vec![vec![0.5, 0.25, -1.0]]);
    let b = Clip::new(44_100, vec![vec![0.25, 0.25, 0.5]]);
    let done = subtract(&a, &b, &plain());
    assert_eq!(done.clip.channel(0), [0.25, 0.0, -1.5]);
    assert_eq!((done.lag_frames, done.b_gain_db), (0, 0.0));
    // (0.0625 + 2.25) / (0.25 + 0.0625 + 1)
    close(done.residual_db, 10.0 * (2.3125_f64 / 1.3125).log10(), 1e-9);
}

#[test]
fn a_take_does_not_differ_from_itself() {
    for channels in [1, 2, 6] {
        let a = Clip::new(48_000, planar_noise(3, channels, 100_000));
        for options in [plain(), DifferenceOptions::default(), matching()] {
            let done = subtract(&a, &a, &options);
            assert_eq!((done.clip.num_channels(), done.lag_frames), (channels, 0));
            assert_eq!(done.clip.frames(), 100_000);
            for channel in done.clip.channels() {
                assert!(channel.iter().all(|x| *x == 0.0));
            }
            assert_eq!((done.residual_db, done.b_gain_db), (-200.0, 0.0));
        }
    }
    let empty = Clip::new(48_000, vec![Vec::new()]);
    let done = subtract(&empty, &empty, &matching());
    assert_eq!((done.clip.frames(), done.residual_db), (0, -200.0));
}

#[test]
fn a_shifted_copy_leaves_nothing() {
    let all = planar_noise(4, 2, 100_000);
    let part = |from: usize, to: usize| {
        Clip::new(44_100, all.iter().map(|x| x[from..to].to_vec()).collect())
    };
    let a = part(10_000, 90_000);
    for (b, lag) in [(part(8_766, 100_000), 1_234), (part(10_000, 95_000), 0)] {
        let done = subtract(&a, &b, &DifferenceOptions::default());
        assert_eq!((done.lag_frames, done.clip.frames()), (lag, 80_000));
        assert!(done.residual_db < -100.0, "{}", done.residual_db);
    }
    // As they are, unrelated samples meet; and a longer shift than allowed is not looked for.
    let b = part(8_766, 100_000);
    close(subtract(&a, &b, &plain()).residual_db, 3.01, 0.2);
    let short = DifferenceOptions {
        max_lag_secs: 0.01,
        ..DifferenceOptions::default()
    };
    assert_eq!(subtract(&a, &b, &short).lag_frames, 0);
}

#[test]
fn levels_are_matched_only_when_asked() {
    let a = planar_noise(5, 2, 150_000);
    let half = |x: &Vec<f32>| x.iter().map(|x| 0.5 * x).collect::<Vec<f32>>();
    let b = Clip::new(44_100, a.iter().map(half).collect());
    let a = Clip::new(44_100, a);
    let done = subtract(&a, &b, &matching());
    close(done.b_gain_db, 6.0206, 1e-4);
    assert!(done.residual_db < -100.0, "{}", done.residual_db);
    let done = subtract(&a, &b, &DifferenceOptions::default());
    assert_eq!(done.b_gain_db, 0.0);
    close(done.residual_db, -6.0206, 1e-4);
}

#[test]
fn reversed_polarity_is_heard_not_hidden() {
    let a = noise(6, 50_000);
    let flipped = Clip::new(44_100, vec![a.iter().map(|x| -x).collect()]);
    let a = Clip::new(44_100, vec![a]);
    let warned = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = warned.clone();
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(message) = event {
            log.lock().unwrap().push(message);
        }
    });
    let done = difference(&a, &flipped, &matching(), &reporter).unwrap();
    assert_eq!((done.lag_frames, done.b_gain_db), (0, 0.0));
    close(done.residual_db, 6.0206, 1e-4);
    assert_eq!(warned.lock().unwrap().len(), 1);
}

#[test]
fn lengths_and_channels_may_differ() {
    let samples = noise(7, 1_000);
    let a = Clip::new(44_100, vec![samples.clone()]);
    let short = Clip::new(44_100, vec![samples[..400].to_vec()]);
    let done = subtract(&a, &short, &plain());
    assert!(done.clip.channel(0)[..400].iter().all(|x| *x == 0.0));
    assert_eq!(done.clip.channel(0)[400..], samples[400..]);
    assert_eq!(subtract(&short, &a, &plain()).clip.frames(), 400);

    let stereo = Clip::new(44_100, vec![samples.clone(), vec![0.0; 1_000]]);
    let done = subtract(&a, &stereo, &plain());
    assert!(done.clip.channel(0).iter().all(|x| *x == 0.0));
    assert_eq!(done.clip.channel(1), samples);
    let done = subtract(&stereo, &a, &plain());
    assert!(done.clip.channel(0).iter().all(|x| *x == 0.0));
    close(done.residual_db, 0.0, 1e-9);
}

#[test]
fn another_rate_is_resampled() {
    // Fades in and out, so that nothing depends on the ends.
    let tone = |rate_hz: u32| {
        let frames = rate_hz as usize;
        let mut tone = sine(440.0, rate_hz, frames, 0.5);
        for (n, x) in tone.iter_mut().enumerate() {
            let fade = (std::f64::consts::PI * n as f64 / frames as f64).sin();
            *x *= (fade * fade) as f32;
        }
        Clip::new(rate_hz, vec![tone])
    };
    let done = subtract(&tone(44_100), &tone(48_000), &DifferenceOptions::default());
    assert_eq!(
        (done.clip.sample_rate_hz(), done.clip.frames()),
        (44_100, 44_100)
    );
    assert_eq!(done.lag_frames, 0);
    assert!(done.residual_db < -60.0, "{}", done.residual_db);
}

/// 393,216 frames are 4.096 s at 96 kHz: that much is found, more is refused and not cut in silence.
#[test]
fn the_longest_shift_is_what_is_searched() {
    assert_eq!(MOST_LAG_FRAMES, 393_216);
    let within = |max_lag_secs: f64| DifferenceOptions {
        max_lag_secs,
        ..DifferenceOptions::default()
    };
    let all = noise(9, 520_000);
    let a = Clip::new(96_000, vec![all[390_000..].to_vec()]);
    let b = Clip::new(96_000, vec![all]);
    assert_eq!(subtract(&a, &b, &within(4.09)).lag_frames, 390_000);
    let error = failure(difference(&a, &b, &within(4.1), &Reporter::silent()));
    assert!(error.to_string().contains("0 to 4.0 s"), "{error}");
    assert_eq!(setting_name(error), "longest shift");
    // At a lower rate the same frames are more seconds.
    let slow = Clip::new(8_000, vec![noise(9, 1_000)]);
    assert_eq!(subtract(&slow, &slow, &within(49.0)).lag_frames, 0);
}

#[test]
fn differences_that_cannot_be_made_are_refused() {
    let clip = |channels: usize| Clip::new(44_100, planar_noise(1, channels, 100));
    let of = |a: usize, b: usize, options: &DifferenceOptions, reporter: &Reporter| {
        failure(difference(&clip(a), &clip(b), options, reporter))
    };
    let silent = Reporter::silent();
    assert_eq!(setting_name(of(2, 6, &plain(), &silent)), "channels");
    for max_lag_secs in [-0.1, 9.0, f64::NAN] {
        let options = DifferenceOptions {
            max_lag_secs,
            ..plain()
        };
        assert_eq!(setting_name(of(1, 1, &options, &silent)), "longest shift");
    }
    assert!(matches!(of(1, 1, &plain(), &cancelled()), Error::Cancelled));
}
