//! Files in: every format among the fixtures. Damaged ones are in `damaged_files.rs`.
//!
//! Order: a file made by hand → stored reference values (sox, ffmpeg, flac) → streams and cancelling.

use std::path::Path;

use serde_json::Value;
use stemloom::Error;
use stemloom::audio::{AudioInfo, Clip, Decoder, Source as _, Tags, decode, probe, resample};
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{entries, failure, fixture, number, numbers, sine, snr_db, text, whole};

pub fn read(path: &Path) -> Result<(Clip, AudioInfo), Error> {
    decode(path, None, &Reporter::silent())
}

pub fn open(file: &str) -> (Clip, AudioInfo) {
    read(&fixture(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The entries of files that are whole.
fn good_files() -> impl Iterator<Item = &'static Value> {
    entries("audio")
        .iter()
        .filter(|entry| entry["valid"] == true)
}

/// Files whose container does not say where the music ends: the codec's padding is heard.
fn has_no_end_mark(file: &str) -> bool {
    ["audio/adts.aac", "audio/vorbis.mka", "audio/opus.mka"].contains(&file)
}

// ---------------------------------------------------------------------------------------------
// By hand

/// The smallest WAV, byte by byte.
#[test]
fn a_wav_by_hand() {
    let mut bytes = b"RIFF\x2C\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data\x08\0\0\0");
    for sample in [16_384_i16, -32_768, 1, 0] {
        bytes.extend(sample.to_le_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hand.wav");
    std::fs::write(&path, &bytes).unwrap();
    let (clip, info) = read(&path).unwrap();
    assert_eq!(
        (info.sample_rate, info.channels, info.frames),
        (8000, 2, Some(2))
    );
    assert_eq!(
        (info.container.as_str(), info.codec.as_str()),
        ("wave", "pcm_s16le")
    );
    assert_eq!(clip.channel(0), [0.5_f32, 1.0 / 32_768.0]);
    assert_eq!(clip.channel(1), [-1.0_f32, 0.0]);
    assert!(info.warnings.is_empty());

    // A recorder that crashed leaves sizes of 0: what is there is read, and told.
    bytes[40..44].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    let (clip, info) = read(&path).unwrap();
    assert_eq!(clip.frames(), 2);
    assert!(
        info.warnings[0].contains("never completed"),
        "{:?}",
        info.warnings
    );
}

// ---------------------------------------------------------------------------------------------
// Stored

#[test]
fn every_file_has_its_rate_channels_and_length() {
    for entry in good_files() {
        let file = text(&entry["file"]);
        let (clip, info) = open(file);
        assert_eq!(
            clip.sample_rate_hz() as usize,
            whole(&entry["sample_rate"]),
            "{file}"
        );
        assert_eq!(clip.num_channels(), whole(&entry["channels"]), "{file}");
        assert_eq!(
            (info.sample_rate, info.channels),
            (clip.sample_rate_hz(), clip.num_channels()),
            "{file}"
        );
        let frames = whole(&entry["frames_original"]);
        if has_no_end_mark(file) {
            assert!(
                (frames..=frames + 2048).contains(&clip.frames()),
                "{file}: {} frames",
                clip.frames()
            );
        } else {
            assert_eq!(clip.frames(), frames, "{file}");
        }
        assert_eq!(info.frames, Some(clip.frames() as u64), "{file}");
        assert!(
            clip.channels()
                .iter()
                .all(|channel| channel.len() == clip.frames()),
            "{file}"
        );
        assert!(
            info.warnings.is_empty(),
            "{file} is whole: {:?}",
            info.warnings
        );
    }
}

#[test]
fn tags_and_track_names_are_read() {
    for entry in good_files() {
        let file = text(&entry["file"]);
        let info = probe(&fixture(file), None).unwrap();
        let tag = |name: &str| entry["tags"][name].as_str().map(str::to_owned);
        // A track's own title may be taken for the file's.
        if entry["tracks"].is_null() {
            assert_eq!(
                info.tags,
                Tags {
                    title: tag("title"),
                    artist: tag("artist")
                },
                "{file}"
            );
            assert_eq!(info.tracks.len(), 1, "{file}");
            continue;
        }
        let names: Vec<Option<String>> =
            info.tracks.iter().map(|track| track.name.clone()).collect();
        let want: Vec<Option<String>> = entry["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| Some(text(name).to_owned()))
            .collect();
        assert_eq!(names, want, "{file}");
    }
}

/// What was encoded without loss comes out as it went in.
#[test]
fn lossless_files_are_exact() {
    let source = open("audio/source.wav").0;
    for entry in good_files().filter(|entry| entry["lossless"] == true) {
        let file = text(&entry["file"]);
        let (clip, _) = open(file);
        for probe in entry["probes"].as_array().unwrap() {
            let frame = whole(&probe["frame"]);
            for (channel, want) in numbers(&probe["values"]).into_iter().enumerate() {
                let got = f64::from(clip.channel(channel)[frame]);
                assert!(
                    (got - want).abs() < 1e-7,
                    "{file} frame {frame} channel {channel}: {got} for {want}"
                );
            }
        }
        let Some(offset) = entry["source_offset"].as_u64() else {
            continue;
        };
        // The reference has 16 bits, so more cannot be told from it.
        let step = 0.5_f32.powi(whole(&entry["bits"]).min(16) as i32 - 1);
        for channel in 0..2 {
            let want = &source.channel(channel)[offset as usize..][..clip.frames()];
            let error = crate::common::max_abs_diff(clip.channel(channel), want);
            assert!(
                error <= 1.5 * step,
                "{file} channel {channel}: off by {error}"
            );
        }
    }
}

/// The frame of the burst, by the loudest point of the channels' mean.
fn burst_frame(clip: &Clip) -> usize {
    let level = |i: usize| {
        clip.channels()
            .iter()
            .map(|channel| channel[i])
            .sum::<f32>()
            .abs()
    };
    (0..clip.frames())
        .max_by(|a, b| level(*a).total_cmp(&level(*b)))
        .expect("a clip with frames")
}

#[test]
fn lossy_files_are_in_place_and_near() {
    let source = open("audio/source.wav").0;
    let burst = burst_frame(&source);
    assert!(
        (7018..=7021).contains(&burst),
        "the fixture's burst is at {burst}"
    );
    for entry in good_files().filter(|entry| entry["lossless"] == false) {
        let file = text(&entry["file"]);
        let (clip, _) = open(file);
        let delay = whole(&entry["delay_ffmpeg"]);
        let scale = f64::from(clip.sample_rate_hz()) / 44_100.0;
        let at = |frame: f64| (frame * scale).round() as usize;

        let wanted = at(burst as f64) + delay;
        let got = burst_frame(&clip);
        assert!(
            got.abs_diff(wanted) <= at(2.0).max(2),
            "{file}: the burst is at {got}, not {wanted}"
        );

        // Frames 1000 to 6000, before the burst; decoders may differ by one frame of delay.
        let reference = resample(&source, clip.sample_rate_hz(), &Reporter::silent()).unwrap();
        let (first, last) = (at(1000.0), at(6000.0));
        let snr = |late: usize| {
            let stretch = |clip: &Clip, by: usize| {
                [0, 1]
                    .map(|c| clip.channel(c)[first + by..last + by].to_vec())
                    .concat()
            };
            snr_db(&stretch(&reference, 0), &stretch(&clip, late))
        };
        let best = (delay.saturating_sub(1)..=delay + 1)
            .map(snr)
            .fold(f64::NEG_INFINITY, f64::max);
        let least = number(&entry["snr_db_ffmpeg"]) - 3.0;
        assert!(
            best >= least,
            "{file}: {best:.1} dB, at least {least:.1} expected"
        );
    }
}

#[test]
fn each_track_of_a_stem_file_can_be_opened() {
    let path = fixture("audio/stems.stem.mp4");
    for (track, hz) in [(1, 220.0), (2, 110.0)] {
        let (clip, info) = decode(&path, Some(track), &Reporter::silent()).unwrap();
        assert_eq!((clip.frames(), info.channels), (15_435, 2));
        let want = sine(hz, 44_100, 15_435, 0.4);
        for channel in 0..2 {
            let snr = snr_db(&want[2000..12_000], &clip.channel(channel)[2000..12_000]);
            assert!(snr > 20.0, "track {track} channel {channel}: {snr:.1} dB");
        }
    }
    match failure(decode(&path, Some(3), &Reporter::silent())) {
        Error::Setting { name, problem } => {
            assert_eq!(name, "track");
            assert!(problem.contains("0 to 2"), "{problem}");
        }
        other => panic!("{other}"),
    }
}

/// The example's promise: the mix is the sum of its stems, sample for sample.
#[test]
fn the_example_is_the_sum_of_its_stems() {
    let open = |name: &str| {
        read(&crate::common::repo("assets/example").join(name))
            .unwrap()
            .0
    };
    let mix = open("long-way-home.flac");
    let stems = ["guitar", "bass", "drums", "keys"].map(|name| open(&format!("stems/{name}.flac")));
    assert_eq!(
        (mix.frames(), mix.num_channels(), mix.sample_rate_hz()),
        (886_410, 2, 44_100)
    );
    for channel in 0..2 {
        let off = (0..mix.frames())
            .filter(|i| {
                stems
                    .iter()
                    .map(|stem| stem.channel(channel)[*i])
                    .sum::<f32>()
                    != mix.channel(channel)[*i]
            })
            .count();
        assert_eq!(off, 0, "channel {channel}");
    }
}

// ---------------------------------------------------------------------------------------------
// Streams

#[test]
fn a_stream_tells_and_stops() {
    let mut decoder = Decoder::open(&fixture("audio/s16.flac"), None).unwrap();
    assert_eq!(
        (
            decoder.sample_rate_hz(),
            decoder.channels(),
            decoder.frames_hint()
        ),
        (44_100, 2, Some(15_435))
    );
    let mut frames = 0;
    while let Some(block) = decoder.next_block().unwrap() {
        assert!(block.len() == 2 && block[0].len() == block[1].len() && !block[0].is_empty());
        frames += block[0].len();
    }
    assert_eq!(frames, 15_435);
    assert!(
        decoder.next_block().unwrap().is_none(),
        "the end stays the end"
    );

    let token = CancelToken::new();
    token.cancel();
    let error = failure(decode(
        &fixture("audio/s16.flac"),
        None,
        &Reporter::new(token, |_| {}),
    ));
    assert!(error.is_cancelled(), "{error}");
}
