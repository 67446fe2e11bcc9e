//! Files out: WAV and FLAC, written and read back.
//!
//! Order: definition by hand → a reader of another hand (hound) → seeded sweep → bad input.

use std::path::Path;

use stemloom::audio::{AudioFormat, AudioInfo, AudioWriter, Clip, Planar, Tags, Written, decode};
use stemloom::progress::Reporter;

use crate::common::{Rng, failure, max_abs_diff, noise, planar_noise, setting_name, sine};

pub const RATE_HZ: u32 = 44_100;

fn write(path: &Path, format: AudioFormat, planar: &Planar, tags: &Tags) -> Written {
    let mut writer =
        AudioWriter::create(path, format, RATE_HZ, planar.len(), tags, false).expect("a writer");
    writer.push(planar).expect("pushed");
    writer.finish().expect("finished")
}

pub fn read(path: &Path) -> (Clip, AudioInfo) {
    decode(path, None, &Reporter::silent()).expect("what was written can be read")
}

/// Through a file and back.
fn round_trip(format: AudioFormat, planar: &Planar) -> (Clip, Written) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("song.{}", format.extension()));
    let written = write(&path, format, planar, &Tags::default());
    assert_eq!(written.path, path);
    (read(&path).0, written)
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn what_is_over_full_scale_is_held_counted_and_told() {
    let planar = vec![vec![0.5, 1.5, -2.0, 1.0, -1.0]];
    for format in [AudioFormat::Wav24, AudioFormat::Flac] {
        let (clip, written) = round_trip(format, &planar);
        // +1.0 itself is one step over, which nobody hears, and is not counted.
        assert_eq!(
            (written.frames, written.peak, written.clipped_samples),
            (5, 2.0, 2),
            "{format:?}"
        );
        let top = 1.0 - 0.5_f32.powi(23);
        assert_eq!(clip.channel(0), [0.5, top, -1.0, top, -1.0], "{format:?}");
    }
    let (clip, written) = round_trip(AudioFormat::Wav32f, &planar);
    assert_eq!((written.peak, written.clipped_samples), (2.0, 0));
    assert_eq!(clip.channel(0), planar[0]);
}

#[test]
fn formats_have_their_names() {
    for format in AudioFormat::ALL {
        assert_eq!(format.name().parse::<AudioFormat>().unwrap(), format);
    }
    assert_eq!(AudioFormat::default(), AudioFormat::Wav24);
    assert_eq!(
        setting_name(failure("mp3".parse::<AudioFormat>())),
        "format"
    );
}

// ---------------------------------------------------------------------------------------------
// hound

/// Every layout, read by a reader that is not ours.
#[test]
fn hound_reads_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    let tags = Tags {
        title: Some("Odd".into()),
        artist: None,
    };
    for channels in 1..=8 {
        let planar = planar_noise(channels as u64, channels, 300);
        for format in [AudioFormat::Wav16, AudioFormat::Wav24, AudioFormat::Wav32f] {
            let path = folder
                .path()
                .join(format!("{}-{channels}.wav", format.name()));
            write(&path, format, &planar, &tags);
            let reader = hound::WavReader::open(&path).expect("hound opens it");
            let spec = reader.spec();
            let bits = format.integer_bits().unwrap_or(32);
            let layout = (
                usize::from(spec.channels),
                spec.sample_rate,
                u32::from(spec.bits_per_sample),
            );
            assert_eq!(layout, (channels, RATE_HZ, bits));
            assert_eq!(reader.duration(), 300);
            let interleaved: Vec<f32> = if format.integer_bits().is_some() {
                let scale = (1_u32 << (bits - 1)) as f32;
                reader
                    .into_samples::<i32>()
                    .map(|x| x.expect("a sample") as f32 / scale)
                    .collect()
            } else {
                reader
                    .into_samples::<f32>()
                    .map(|x| x.expect("a sample"))
                    .collect()
            };
            let (ours, _) = read(&path);
            for channel in 0..channels {
                let theirs: Vec<f32> = interleaved
                    .iter()
                    .skip(channel)
                    .step_by(channels)
                    .copied()
                    .collect();
                assert_eq!(ours.channel(channel), theirs, "{path:?} channel {channel}");
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn rounding_is_within_half_a_step_and_float_is_exact() {
    let mut rng = Rng::new(12);
    // Also around FLAC's block length and its smallest block.
    let lengths = [1, 2, 15, 16, 17, 255, 4095, 4096, 4097, 10_000];
    for format in [AudioFormat::Wav24, AudioFormat::Flac] {
        let half_step = 0.5_f64.powi(24);
        for (i, frames) in lengths.into_iter().enumerate() {
            let channels = 1 + i % 8;
            let planar: Planar = (0..channels)
                .map(|_| rng.noise(frames).into_iter().map(|x| 0.99 * x).collect())
                .collect();
            let (clip, written) = round_trip(format, &planar);
            assert_eq!(
                (clip.num_channels(), clip.frames()),
                (channels, frames),
                "{format:?}"
            );
            assert_eq!(
                (written.frames, written.clipped_samples),
                (frames as u64, 0),
                "{format:?}"
            );
            for (channel, want) in planar.iter().enumerate() {
                let worst = want
                    .iter()
                    .zip(clip.channel(channel))
                    .map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs());
                let worst = worst.fold(0.0, f64::max);
                assert!(
                    worst <= 1.0001 * half_step,
                    "{format:?} {channels} channels: {worst}"
                );
            }
        }
    }
    for frames in lengths {
        let planar = vec![
            rng.noise(frames)
                .into_iter()
                .map(|x| 5.0 * x)
                .collect::<Vec<f32>>(),
        ];
        let (clip, written) = round_trip(AudioFormat::Wav32f, &planar);
        assert_eq!(clip.channel(0), planar[0], "{frames} frames");
        assert_eq!(
            written.peak,
            planar[0].iter().fold(0.0_f32, |peak, x| x.abs().max(peak))
        );
    }
}

/// Triangular dither: the error is noise of a known power that knows nothing of the music.
#[test]
fn sixteen_bits_are_dithered() {
    const FRAMES: usize = 100_000;
    const STEP: f64 = 1.0 / 32_768.0;
    let error_steps = |x: &[f32]| -> Vec<f64> {
        let (clip, _) = round_trip(AudioFormat::Wav16, &vec![x.to_vec()]);
        x.iter()
            .zip(clip.channel(0))
            .map(|(x, y)| (f64::from(*y) - f64::from(*x)) / STEP)
            .collect()
    };
    let correlation = |a: &[f64], b: &[f64]| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let quiet_tone = sine(997.0, RATE_HZ, FRAMES, 0.4 * STEP);
    let loud_noise: Vec<f32> = noise(13, FRAMES).into_iter().map(|x| 0.9 * x).collect();
    for x in [loud_noise, quiet_tone.clone(), vec![0.0; FRAMES]] {
        let error = error_steps(&x);
        let worst = error.iter().fold(0.0, |worst: f64, e| worst.max(e.abs()));
        assert!(worst <= 1.5 + 1e-6, "off by {worst} steps");
        // The deviation is half a step, so the mean of 100 000 is good to 0.0016.
        let mean = error.iter().sum::<f64>() / FRAMES as f64;
        assert!(mean.abs() < 0.01, "mean error {mean} steps");
        let power = error.iter().map(|e| e * e).sum::<f64>() / FRAMES as f64;
        assert!(
            (power - 0.25).abs() < 0.01,
            "error power {power}, 1/4 expected"
        );
        for lag in 1..=20 {
            let c = correlation(&error[lag..], &error[..FRAMES - lag]);
            assert!(
                c.abs() < 0.02,
                "the error repeats itself after {lag} frames: {c}"
            );
        }
        let music: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let c = correlation(&error, &music);
        // Silence correlates with nothing (0/0).
        assert!(
            c.is_nan() || c.abs() < 0.02,
            "the error follows the music: {c}"
        );
    }
    // A tone below half a step would vanish without dither; with it, it is all there.
    let (clip, _) = round_trip(AudioFormat::Wav16, &vec![quiet_tone.clone()]);
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum::<f64>()
    };
    let level = dot(clip.channel(0), &quiet_tone) / dot(&quiet_tone, &quiet_tone);
    assert!((level - 1.0).abs() < 0.05, "the tone came back at {level}");
}

/// However the blocks are cut, the bytes are the same.
#[test]
fn blocks_do_not_matter() {
    let planar = planar_noise(14, 2, 5000);
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(15);
    for format in AudioFormat::ALL {
        let whole = folder
            .path()
            .join(format!("{}-whole.{}", format.name(), format.extension()));
        write(&whole, format, &planar, &Tags::default());
        let parts = folder
            .path()
            .join(format!("{}-parts.{}", format.name(), format.extension()));
        let mut writer =
            AudioWriter::create(&parts, format, RATE_HZ, 2, &Tags::default(), false).unwrap();
        let mut at = 0;
        while at < 5000 {
            let to = (at + rng.below(700)).min(5000);
            let block: Planar = planar
                .iter()
                .map(|channel| channel[at..to].to_vec())
                .collect();
            writer.push(&block).unwrap();
            at = to;
        }
        writer.finish().unwrap();
        assert!(
            std::fs::read(&whole).unwrap() == std::fs::read(&parts).unwrap(),
            "{format:?}"
        );
    }
}

#[test]
fn tags_survive() {
    let folder = tempfile::tempdir().unwrap();
    for (i, format) in AudioFormat::ALL.into_iter().enumerate() {
        // Names of even and odd length, and beyond ASCII.
        for (j, name) in ["Lied", "Nächtliches Lied — 夜"].into_iter().enumerate() {
            let path = folder.path().join(format!("{i}{j}.{}", format.extension()));
            let tags = Tags {
                title: Some(name.into()),
                artist: Some("Nobody".into()),
            };
            write(&path, format, &planar_noise(1, 2, 100), &tags);
            assert_eq!(read(&path).1.tags, tags, "{format:?}");
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn a_song_without_frames_can_be_written() {
    for format in AudioFormat::ALL {
        let (clip, _) = round_trip(format, &vec![Vec::new(), Vec::new()]);
        // FLAC's encoder needs one frame; it is silent.
        let most = usize::from(format == AudioFormat::Flac);
        assert!(
            clip.frames() <= most,
            "{format:?}: {} frames",
            clip.frames()
        );
        assert!(max_abs_diff(clip.channel(0), &vec![0.0; clip.frames()]) == 0.0);
    }
}
