//! The separators without weights, and the medians under them.
//!
//! Order: definition by hand → stored reference values (librosa, numpy) → seeded sweep → bad input.

use std::collections::BTreeMap;

use serde_json::Value;
use stemloom::Error;
use stemloom::apply::{
    BUILTIN_IDS, Hpss, LANES, MedianNetwork, Params, RepetSim, RepetSimSeparator, SeparateOptions,
    Separator, builtin, builtin_spec,
};
use stemloom::audio::{Clip, Planar, rms};
use stemloom::spectral::{Stft, StftSpec};

use crate::common::{
    Rng, array, entries, failure, max_abs_diff, noise, number, planar_noise, separate_clip,
    setting_name, sine, snr_db, text, values, whole,
};

/// The two stems of a clip.
fn split(song: &Clip, separator: &mut dyn Separator) -> [Clip; 2] {
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
// Medians

/// Against sorting, for every length up to 101, with ties.
#[test]
fn networks_give_the_medians_of_sorted_lists() {
    let mut rng = Rng::new(31);
    for len in 1..=101 {
        let mean = MedianNetwork::mean_of_middle(len);
        let upper = MedianNetwork::upper(len);
        assert_eq!(
            (mean.len(), upper.len(), mean.is_empty()),
            (len, len, false)
        );
        for coarse in [false, true] {
            let value = |rng: &mut Rng| {
                if coarse {
                    rng.below(5) as f32
                } else {
                    rng.sample()
                }
            };
            let rows: Vec<[f32; LANES]> = (0..len)
                .map(|_| std::array::from_fn(|_| value(&mut rng)))
                .collect();
            let (means, uppers) = (
                mean.median(&mut rows.clone()),
                upper.median(&mut rows.clone()),
            );
            for lane in 0..LANES {
                let mut column: Vec<f32> = rows.iter().map(|row| row[lane]).collect();
                column.sort_by(f32::total_cmp);
                let middle = 0.5 * (column[(len - 1) / 2] + column[len / 2]);
                assert_eq!(means[lane], middle, "{len} values");
                assert_eq!(uppers[lane], column[len / 2], "{len} values");
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Harmonic and percussive

fn hpss_of(entry: &Value) -> Hpss {
    Hpss {
        n_fft: whole(&entry["n_fft"]),
        hop_length: whole(&entry["hop"]),
        harmonic_kernel: whole(&entry["kernel_harmonic"]),
        percussive_kernel: whole(&entry["kernel_percussive"]),
        power: entry["power"]
            .as_f64()
            .map_or(f32::INFINITY, |power| power as f32),
        harmonic_margin: number(&entry["margin_harmonic"]) as f32,
        percussive_margin: number(&entry["margin_percussive"]) as f32,
    }
}

/// A steady column of tone goes to one mask, a single loud column to the other.
#[test]
fn hpss_masks_by_hand() {
    let hpss = Hpss {
        harmonic_kernel: 3,
        percussive_kernel: 3,
        ..Hpss::default()
    };
    // 5 columns of 5 bins: bin 2 sounds throughout, column 2 has every bin.
    let mut magnitudes = vec![0.0; 25];
    for i in 0..5 {
        magnitudes[i * 5 + 2] = 1.0;
        magnitudes[2 * 5 + i] = 1.0;
    }
    let (harmonic, percussive) = hpss.masks(&magnitudes, 5);
    assert_eq!((harmonic[2], percussive[2]), (1.0, 0.0));
    assert_eq!((harmonic[10], percussive[10]), (0.0, 1.0));
    // Where they cross, both medians are 1; where nothing sounds, it is shared as well.
    assert_eq!((harmonic[12], percussive[12]), (0.5, 0.5));
    assert_eq!((harmonic[0], percussive[0]), (0.5, 0.5));
    // With margins above 1 what is neither goes to neither.
    let strict = Hpss {
        harmonic_margin: 2.0,
        percussive_margin: 2.0,
        ..hpss
    };
    let (harmonic, percussive) = strict.masks(&magnitudes, 5);
    assert_eq!((harmonic[0], percussive[0]), (0.0, 0.0));
    assert!(
        (harmonic[12] - 0.2).abs() < 1e-6,
        "1/(1 + 2²), not {}",
        harmonic[12]
    );
}

#[test]
fn hpss_equals_the_stored_parts() {
    let song = Clip::new(22_050, vec![array("hpss_input")]);
    for entry in entries("hpss") {
        let parts = split(&song, &mut hpss_of(entry));
        for (part, name) in parts.iter().zip(["harmonic", "percussive"]) {
            let want = array(text(&entry[name]));
            let difference: Vec<f32> = part
                .channel(0)
                .iter()
                .zip(&want)
                .map(|(x, y)| x - y)
                .collect();
            // A hard mask may flip where two medians all but tie; then only the mean is small.
            let error = if entry["power"].is_string() {
                rms(&difference)
            } else {
                max_abs_diff(part.channel(0), &want)
            };
            assert!(error < 1e-5, "{} {name}: off by {error}", entry["name"]);
        }
    }
}

#[test]
fn hpss_masks_equal_the_stored_ones() {
    let entry = &values()["hpss_masks"];
    let hpss = hpss_of(entry);
    let stft = Stft::new(&StftSpec::new(hpss.n_fft, hpss.hop_length)).unwrap();
    let spectrogram = stft.forward(&[array("signal")]);
    let (columns, bins) = (spectrogram.columns, spectrogram.bins);
    let (harmonic, percussive) = hpss.masks(&spectrogram.magnitudes()[0], bins);
    for (mask, name) in [(harmonic, "harmonic"), (percussive, "percussive")] {
        let want = array(text(&entry[name]));
        let turned: Vec<f32> = (0..bins * columns)
            .map(|i| mask[i % columns * bins + i / columns])
            .collect();
        let error = max_abs_diff(&turned, &want);
        assert!(error < 1e-5, "{name}: off by {error}");
    }
}

/// The song is cut into segments with so much context that the cuts change nothing.
#[test]
fn hpss_in_segments_equals_hpss_of_the_whole() {
    // The step between segments is 512 columns of 64 frames.
    let frames = 3 * 512 * 64 + 777;
    let mut song = noise(32, frames);
    for (x, tone) in song.iter_mut().zip(sine(440.0, 22_050, frames, 0.5)) {
        *x = 0.1 * *x + tone;
    }
    let mut hpss = Hpss {
        n_fft: 256,
        hop_length: 64,
        harmonic_kernel: 31,
        percussive_kernel: 17,
        ..Hpss::default()
    };
    let stft = Stft::new(&StftSpec::new(256, 64)).unwrap();
    let spectrogram = stft.forward(&[&song]);
    let (harmonic, percussive) = hpss.split(&spectrogram.channels[0], spectrogram.bins);
    let want = [harmonic, percussive].map(|part| stft.inverse_channel(&part, frames));
    let parts = split(&Clip::new(22_050, vec![song]), &mut hpss);
    for (part, want) in parts.iter().zip(&want) {
        let error = max_abs_diff(part.channel(0), want);
        assert!(error < 1e-6, "off by {error}");
    }
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
