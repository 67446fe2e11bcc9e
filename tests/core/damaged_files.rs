//! Files that are cut short, damaged, or no audio at all.
//!
//! Order: (a whole file is the reference) → seeded cuts → bad input.

use stemloom::Error;

use crate::audio_files::{open, read};
use crate::common::{Rng, failure, fixture, values, whole};

/// A file cut anywhere gives an error or a shorter clip with a warning; it never panics.
#[test]
fn cut_files_are_refused_or_told() {
    let mut rng = Rng::new(8);
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "tagged.wav",
        "rf64.wav",
        "s16.flac",
        "lame128.mp3",
        "s16.aiff",
        "vorbis.ogg",
        "alac.m4a",
        "aac.m4a",
    ] {
        let bytes = std::fs::read(fixture("audio").join(name)).unwrap();
        let whole = open(&format!("audio/{name}")).0.frames();
        for _ in 0..12 {
            // From 1 byte to all but one.
            let length = 1 + rng.below(bytes.len() - 1);
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes[..length]).unwrap();
            match read(&path) {
                Err(error) => assert!(
                    error.to_string().ends_with(&path.display().to_string()),
                    "{error}"
                ),
                Ok((clip, info)) => {
                    assert!(
                        clip.frames() <= whole,
                        "{name} cut to {length}: {} frames",
                        clip.frames()
                    );
                    assert_eq!(info.frames, Some(clip.frames() as u64));
                    // Vorbis may be cut between two packets, where nothing shows it.
                    let told =
                        !info.warnings.is_empty() || clip.frames() == whole || name == "vorbis.ogg";
                    assert!(
                        told,
                        "{name} cut to {length}: {} of {whole} frames, no warning",
                        clip.frames()
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_no_audio_is_refused() {
    for file in ["audio/zero-byte.wav", "audio/text.mp3", "audio/noise.ogg"] {
        let path = fixture(file);
        let error = failure(read(&path));
        let right = match file {
            "audio/zero-byte.wav" => matches!(error, Error::Malformed { .. }),
            _ => matches!(error, Error::Malformed { .. } | Error::Unsupported { .. }),
        };
        assert!(right, "{file}: {error:?}");
        assert!(
            error.to_string().ends_with(&path.display().to_string()),
            "{error}"
        );
    }
    let missing = failure(read(&fixture("audio/no-such.wav")));
    assert!(matches!(missing, Error::Io { .. }), "{missing:?}");
    let folder = failure(read(&fixture("audio")));
    assert!(matches!(folder, Error::Io { .. }), "{folder:?}");
}

#[test]
fn damage_is_passed_over_and_told() {
    let whole_frames = whole(&values()["source"]["frames"]);
    for file in [
        "audio/truncated.wav",
        "audio/truncated.flac",
        "audio/truncated.mp3",
        "audio/corrupt.mp3",
    ] {
        let (clip, info) = open(file);
        assert!(
            clip.frames() > 500 && clip.frames() <= whole_frames,
            "{file}: {} frames",
            clip.frames()
        );
        let told =
            |warning: &String| warning.contains("s of") || warning.contains("could not be decoded");
        assert!(
            info.warnings.iter().any(told),
            "{file}: {:?}",
            info.warnings
        );
    }
    // What is there of a cut file is the beginning of the whole one.
    for (cut, whole) in [
        ("audio/truncated.wav", "audio/tagged.wav"),
        ("audio/truncated.flac", "audio/s16.flac"),
    ] {
        let (cut_clip, whole_clip) = (open(cut).0, open(whole).0);
        for channel in 0..2 {
            assert!(
                whole_clip
                    .channel(channel)
                    .starts_with(cut_clip.channel(channel)),
                "{cut}"
            );
        }
    }
}

#[test]
fn a_header_without_samples_is_an_empty_song() {
    let (clip, info) = open("audio/header-only.wav");
    assert_eq!(
        (clip.frames(), clip.num_channels(), info.frames),
        (0, 2, Some(0))
    );
}

/// Containers whose demuxer looks for its end first are read as a stream when the end is missing.
#[test]
fn what_is_there_of_a_cut_container_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (file, keep) in [("s16.aiff", 0.6), ("vorbis.mka", 0.9)] {
        let whole = std::fs::read(fixture(&format!("audio/{file}"))).unwrap();
        let path = folder.path().join(file);
        let kept = (whole.len() as f64 * keep) as usize;
        std::fs::write(&path, &whole[..kept]).unwrap();
        let whole_frames = read(&fixture(&format!("audio/{file}"))).unwrap().0.frames();
        let (clip, info) = read(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            clip.frames() > 0 && clip.frames() < whole_frames,
            "{file}: {}",
            clip.frames()
        );
        assert!(
            info.warnings
                .iter()
                .any(|warning| warning.starts_with("cut short")),
            "{file}: {:?}",
            info.warnings
        );
    }
}
