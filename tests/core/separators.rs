//! The separators without weights; `hpss.rs` has more of the first.
//!
//! Order: definition by hand → stored reference values (numpy) → every length and setting → bad input.

use std::collections::BTreeMap;

use stemloom::Error;
use stemloom::apply::{
    BUILTIN_IDS, Params, RepetSim, RepetSimSeparator, SeparateOptions, Separator, builtin,
    builtin_spec,
};
use stemloom::audio::{Clip, Planar, rms};

use crate::common::{
    array, failure, max_abs_diff, noise, planar_noise, separate_clip, setting_name, sine, snr_db,
    text, values, whole,
};

/// The two stems of a clip.
pub fn split(song: &Clip, separator: &mut dyn Separator) -> [Clip; 2] {
    let (mut stems, done) = separate_clip(song, separator, &SeparateOptions::default());
    assert_eq!((stems.len(), done.frames), (2, song.frames() as u64));
    let second = stems.remove(1).1;
    [stems.remove(0).1, second]
}

fn params(list: &[(&str, f64)]) -> Params {
    Params(
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(x, y)| x + y).collect()
}

// ---------------------------------------------------------------------------------------------
// Repeating background

#[test]
fn repet_sim_equals_the_stored_background() {
    let entry = &values()["repet"];
    let flat = array(text(&entry["input"]));
    let frames = flat.len() / 2;
    let song = Clip::new(
        whole(&entry["sample_rate"]) as u32,
        vec![flat[..frames].to_vec(), flat[frames..].to_vec()],
    );
    let want = array(text(&entry["background"]));
    let allowed = 1e-4 * stemloom::audio::peak(&want);
    let [vocals, accompaniment] = split(&song, &mut RepetSimSeparator::new(RepetSim::default()));
    for channel in 0..2 {
        let error = max_abs_diff(
            accompaniment.channel(channel),
            &want[channel * frames..(channel + 1) * frames],
        );
        assert!(
            error < allowed,
            "channel {channel}: off by {error}, {allowed} allowed"
        );
        let both = sum(vocals.channel(channel), accompaniment.channel(channel));
        assert!(max_abs_diff(&both, song.channel(channel)) < 1e-6);
    }
}

/// A loop that repeats every 1.024 s, and one second of a voice over it.
#[test]
fn repet_sim_takes_what_repeats_away() {
    const RATE_HZ: u32 = 8000;
    const PERIOD: usize = 8192;
    let pattern = noise(33, PERIOD);
    let background: Vec<f32> = pattern
        .iter()
        .cycle()
        .take(12 * PERIOD)
        .map(|x| 0.2 * x)
        .collect();
    let mut voice = vec![0.0; background.len()];
    let sung = 40_000..48_000;
    voice[sung.clone()].copy_from_slice(&sine(1000.0, RATE_HZ, 8000, 0.2));
    let song = Clip::new(RATE_HZ, vec![sum(&background, &voice)]);
    let [vocals, accompaniment] = split(&song, &mut RepetSimSeparator::new(RepetSim::default()));
    let background_snr = snr_db(&background, accompaniment.channel(0));
    assert!(background_snr > 10.0, "background: {background_snr:.1} dB");
    let voice_snr = snr_db(&voice[sung.clone()], &vocals.channel(0)[sung]);
    assert!(voice_snr > 10.0, "voice: {voice_snr:.1} dB");
    let left = rms(&vocals.channel(0)[..36_000]) / rms(&background);
    assert!(left < 0.1, "where nobody sings {left} of the loop is left");
}

// ---------------------------------------------------------------------------------------------
// Centre and sides

#[test]
fn the_centre_is_what_is_in_the_middle() {
    let frames = 60_000;
    let tone = |hz| sine(hz, 44_100, frames, 0.3);
    let (left, middle, right) = (tone(700.0), tone(440.0), tone(1900.0));
    let song = Clip::new(
        44_100,
        vec![sum(&left, &middle), sum(&right, &middle), tone(3000.0)],
    );
    let [centre, sides] = split(
        &song,
        builtin::create("centre", &Params::default())
            .unwrap()
            .as_mut(),
    );
    let inside = 8000..52_000;
    for (channel, panned) in [(0, &left), (1, &right)] {
        let snr = snr_db(
            &middle[inside.clone()],
            &centre.channel(channel)[inside.clone()],
        );
        assert!(snr > 20.0, "centre, channel {channel}: {snr:.1} dB");
        let snr = snr_db(
            &panned[inside.clone()],
            &sides.channel(channel)[inside.clone()],
        );
        assert!(snr > 20.0, "sides, channel {channel}: {snr:.1} dB");
    }
    // The third channel of a surround song is no part of the front pair.
    assert!(centre.channel(2).iter().all(|x| *x == 0.0));
    for channel in 0..3 {
        let both = sum(centre.channel(channel), sides.channel(channel));
        assert!(
            max_abs_diff(&both, song.channel(channel)) < 1e-6,
            "channel {channel}"
        );
    }
    // A mono song is all middle.
    let mono = Clip::new(44_100, vec![middle]);
    let [centre, sides] = split(
        &mono,
        builtin::create("centre", &Params::default())
            .unwrap()
            .as_mut(),
    );
    assert!(max_abs_diff(centre.channel(0), mono.channel(0)) < 1e-6);
    assert!(sides.channel(0).iter().all(|x| *x == 0.0));
}

// ---------------------------------------------------------------------------------------------
// All of them

/// Both stems add up to the song, whatever its length and number of channels.
#[test]
fn stems_add_up_for_every_length() {
    for id in BUILTIN_IDS {
        for (frames, channels) in [
            (0, 2),
            (1, 1),
            (2, 2),
            (3, 3),
            (511, 1),
            (2048, 2),
            (5001, 8),
            (40_000, 2),
        ] {
            let planar: Planar = planar_noise(34, channels, frames);
            let song = Clip::new(44_100, planar);
            let [a, b] = split(
                &song,
                builtin::create(id, &Params::default()).unwrap().as_mut(),
            );
            for channel in 0..channels {
                let both = sum(a.channel(channel), b.channel(channel));
                let error = max_abs_diff(&both, song.channel(channel));
                assert!(
                    error < 1e-5,
                    "{id}, {channels} × {frames} frames: off by {error}"
                );
            }
        }
    }
}

#[test]
fn silence_stays_silence() {
    for id in BUILTIN_IDS {
        let song = Clip::new(44_100, vec![vec![0.0; 10_000]; 2]);
        for stem in split(
            &song,
            builtin::create(id, &Params::default()).unwrap().as_mut(),
        ) {
            assert!(stem.channels().concat().iter().all(|x| *x == 0.0), "{id}");
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_settings_are_named() {
    let wrong: [(&str, &[(&str, f64)], &str); 9] = [
        ("hpss", &[("harmonic-kernel", 2.0)], "harmonic-kernel"),
        ("hpss", &[("percussive-kernel", 31.5)], "percussive-kernel"),
        ("hpss", &[("power", f64::NAN)], "power"),
        ("hpss", &[("harmonic-margin", 0.5)], "harmonic-margin"),
        ("hpss", &[("n-fft", 1025.0)], "n-fft"),
        (
            "hpss",
            &[("n-fft", 256.0), ("hop-length", 129.0)],
            "hop-length",
        ),
        ("centre", &[("focus", -1.0)], "focus"),
        (
            "repet-sim",
            &[("max-repeats", f64::INFINITY)],
            "max-repeats",
        ),
        ("repet-sim", &[("harmonic-kernel", 31.0)], "harmonic-kernel"),
    ];
    for (id, list, name) in wrong {
        assert_eq!(
            setting_name(failure(builtin::create(id, &params(list)))),
            name,
            "{id} {list:?}"
        );
    }
    assert!(
        builtin::create("hpss", &params(&[("power", f64::INFINITY)])).is_ok(),
        "a binary mask"
    );
    match failure(builtin::create("magic", &Params::default())) {
        Error::UnknownModel { name, known } => assert_eq!(
            (name.as_str(), known.as_str()),
            ("magic", "hpss, repet-sim, centre")
        ),
        other => panic!("{other}"),
    }
}

#[test]
fn every_setting_works_at_both_ends_of_its_range() {
    let song = Clip::new(44_100, planar_noise(35, 2, 30_000));
    for id in BUILTIN_IDS {
        let spec = builtin_spec(id).unwrap();
        for param in spec.params {
            for value in [param.min, param.max, param.default] {
                // The transform must be twice the hop at least.
                let mut list = vec![(param.name, value)];
                match param.name {
                    "n-fft" => list.push(("hop-length", (value / 4.0).floor())),
                    "hop-length" => list.push(("n-fft", 16_384.0)),
                    _ => {}
                }
                let mut separator = builtin::create(id, &params(&list)).unwrap();
                for stem in split(&song, separator.as_mut()) {
                    assert!(
                        stem.channels().concat().iter().all(|x| x.is_finite()),
                        "{id} {list:?}"
                    );
                }
            }
        }
    }
}
