//! The commands `encode` and `decode`. `codecs` is in `cli_codecs.rs`.

use std::path::Path;

use serde_json::{Value, json};
use stemloom::apply::load_picture;
use stemloom::audio::Clip;

use crate::cli::{audio, example, files_in, read, stemloom};
use crate::codec_files::plain_png;
use crate::common::{max_abs_diff, snr_db, text, whole};

/// The result of a run with `--json`.
fn result(folder: &Path, words: &[&str]) -> Value {
    let mut words = words.to_vec();
    words.push("--json");
    stemloom(folder, &words)
        .expect(0)
        .events("result")
        .remove(0)
}

/// Two seconds of the example from 5 s on, mixed to one channel.
fn original() -> Vec<f32> {
    let clip: Clip = read(Path::new(&example()));
    let rate = clip.sample_rate_hz() as usize;
    let (left, right) = (clip.channel(0), clip.channel(1));
    (5 * rate..7 * rate)
        .map(|n| 0.5 * (left[n] + right[n]))
        .collect()
}

const REGION: [&str; 4] = ["--start", "5", "--duration", "2"];

#[test]
fn a_song_becomes_a_picture_and_sound_again() {
    let folder = tempfile::tempdir().unwrap();
    let song = example();
    let original = original();
    // Decibels that each must reach at least; the first is the codec of .bmp and .png by itself.
    let cases: [(&str, &[&str], &str, f64); 5] = [
        ("a.bmp", &[], "colour-8", 30.0),
        ("b.png", &[], "colour-8", 30.0),
        ("c.tif", &["--codec", "colour-16"], "colour-16", 75.0),
        ("d.PNG", &["--codec", "split"], "split", 75.0),
        (
            "e.tiff",
            &["--codec", "colour-16-linear", "--n-fft", "512"],
            "colour-16-linear",
            60.0,
        ),
    ];
    for (picture, more, codec, least) in cases {
        let mut words = vec!["encode", &song, "--out", picture];
        words.extend(REGION);
        words.extend(more);
        let made = result(folder.path(), &words);
        let (n_fft, hop) = if codec == "colour-16-linear" {
            (512, 128)
        } else {
            (1024, 256)
        };
        assert_eq!(
            (text(&made["codec"]), text(&made["path"])),
            (codec, picture)
        );
        assert_eq!((whole(&made["n_fft"]), whole(&made["hop"])), (n_fft, hop));
        let size = (whole(&made["width"]), whole(&made["height"]));
        assert_eq!(size, (1 + 88_200 / hop, n_fft / 2 + 1));
        let bytes = std::fs::metadata(folder.path().join(picture))
            .unwrap()
            .len();
        assert_eq!(whole(&made["bytes"]) as u64, bytes);

        let wav = format!("{picture}.wav");
        let sound = result(folder.path(), &["decode", picture, "--out", &wav]);
        assert_eq!(
            (whole(&sound["frames"]), whole(&sound["sample_rate"])),
            (88_200, 44_100)
        );
        assert_eq!(
            (text(&sound["codec"]), &sound["phase"]),
            (codec, &json!(null))
        );
        let back = read(&folder.path().join(&wav));
        let snr = snr_db(&original, back.channel(0));
        assert!(snr > least, "{picture}: {snr:.1} dB");
    }
}

#[test]
fn a_mel_picture_becomes_sound_with_a_phase_that_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let song = example();
    let mut words = vec![
        "encode", &song, "--out", "mel.png", "--codec", "mel", "--mels", "128",
    ];
    words.extend(REGION);
    let made = result(folder.path(), &words);
    assert_eq!((whole(&made["height"]), whole(&made["mels"])), (128, 128));
    assert_eq!(
        (whole(&made["sample_rate"]), whole(&made["frames"])),
        (22_050, 44_100)
    );
    let decode = |out: &str, seed: &str| {
        let words = [
            "decode",
            "mel.png",
            "--out",
            out,
            "--phase",
            "griffin-lim",
            "--iterations",
            "4",
            "--seed",
            seed,
        ];
        let sound = result(folder.path(), &words);
        assert_eq!(text(&sound["phase"]), "griffin-lim");
        read(&folder.path().join(out))
    };
    let (first, again) = (decode("1.wav", "1"), decode("2.wav", "1"));
    assert_eq!((first.frames(), first.num_channels()), (44_100, 1));
    assert_eq!(
        first.channel(0),
        again.channel(0),
        "a seed decides everything"
    );
    let other = decode("3.flac", "2");
    assert!(max_abs_diff(first.channel(0), other.channel(0)) > 0.0);
    let refused = stemloom(
        folder.path(),
        &["decode", "mel.png", "--out", "4.wav", "--phase", "input"],
    );
    assert!(refused.expect(2).error_line().contains("phase"));
}

#[test]
fn a_foreign_picture_is_decoded_when_told_how() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let linear = [
        "encode",
        &song,
        "--out",
        "own.png",
        "--codec",
        "colour-8-linear",
    ];
    result(folder.path(), &linear);
    result(folder.path(), &["decode", "own.png", "--out", "own.wav"]);
    let (header, pixels) = load_picture(&folder.path().join("own.png")).unwrap();
    let header = header.unwrap();
    std::fs::write(folder.path().join("foreign.png"), plain_png(&pixels, None)).unwrap();

    let bare = ["decode", "foreign.png", "--out", "foreign.wav"];
    let run = stemloom(folder.path(), &bare).expect(2);
    assert!(run.error_line().contains("--codec"), "{}", run.stderr);
    let scale = header.full_scale.to_string();
    let (rate, frames) = (header.sample_rate_hz.to_string(), header.frames.to_string());
    let mut words = bare.to_vec();
    words.extend([
        "--codec",
        "colour-8-linear",
        "--rate",
        &rate,
        "--hop",
        "256",
    ]);
    let run = stemloom(folder.path(), &words).expect(2);
    assert!(run.error_line().contains("--full-scale"), "{}", run.stderr);
    words.extend(["--full-scale", &scale, "--frames", &frames]);
    let sound = result(folder.path(), &words);
    assert_eq!(whole(&sound["frames"]), header.frames);
    let (own, foreign) = (
        read(&folder.path().join("own.wav")),
        read(&folder.path().join("foreign.wav")),
    );
    assert_eq!(own.channel(0), foreign.channel(0));

    // What a picture says itself is not overruled.
    let run = stemloom(
        folder.path(),
        &["decode", "own.png", "--out", "x.wav", "--hop", "128"],
    )
    .expect(2);
    assert!(run.error_line().contains("--hop"), "{}", run.stderr);
}

#[test]
fn wrong_words_and_files_are_told_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    std::fs::write(folder.path().join("text.png"), "no picture").unwrap();
    std::fs::write(folder.path().join("old.png"), "theirs").unwrap();
    std::fs::write(folder.path().join("old.wav"), "theirs").unwrap();
    let before = files_in(folder.path());
    let cases: [(&[&str], &str); 14] = [
        (&["encode", &song, "--out", "a.jpg"], ".png"),
        (
            &["encode", &song, "--out", "a.bmp", "--codec", "mel"],
            ".png or .tif",
        ),
        (
            &["encode", &song, "--out", "a.png", "--mels", "80"],
            "--mels",
        ),
        (
            &["encode", &song, "--out", "a.png", "--n-fft", "1001"],
            "n_fft",
        ),
        (
            &["encode", &song, "--out", "a.png", "--hop", "0"],
            "hop_length",
        ),
        (&["encode", &song, "--out", "a.png", "--rate", "10"], "rate"),
        (
            &["encode", &song, "--out", "a.png", "--start", "1000"],
            "beyond the end",
        ),
        (&["encode", "missing.wav", "--out", "a.png"], "missing.wav"),
        (&["encode", &song, "--out", "old.png"], "already exists"),
        (&["decode", "missing.png", "--out", "a.wav"], "missing.png"),
        (
            &["decode", "text.png", "--out", "a.wav"],
            "no PNG, BMP or TIFF",
        ),
        (&["decode", "text.png", "--out", "a.mp3"], ".wav or .flac"),
        (
            &["decode", "text.png", "--out", "old.wav"],
            "already exists",
        ),
        (&["codecs", "missing.wav"], "missing.wav"),
    ];
    for (words, told) in cases {
        let run = stemloom(folder.path(), words).expect(2);
        let line = run.error_line();
        assert!(
            line.starts_with("stemloom: ") && line.contains(told),
            "{words:?}: {line}"
        );
        assert_eq!(files_in(folder.path()), before, "{words:?}");
    }
    // What the parser refuses takes more lines, but the same code.
    for words in [
        ["encode", &song, "--out", "a.png", "--codec", "colour-9"],
        ["decode", "text.png", "--out", "a.wav", "--phase", "magic"],
    ] {
        stemloom(folder.path(), &words).expect(2);
    }
    assert_eq!(
        std::fs::read(folder.path().join("old.png")).unwrap(),
        b"theirs"
    );
    result(
        folder.path(),
        &["encode", &song, "--out", "old.png", "--overwrite"],
    );
    result(
        folder.path(),
        &["decode", "old.png", "--out", "old.wav", "--overwrite"],
    );
    assert!(read(&folder.path().join("old.wav")).frames() > 0);
}

/// What is over full scale is told, and kept where a format can keep it.
#[test]
fn peaks_over_full_scale_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    result(
        folder.path(),
        &[
            "encode",
            &song,
            "--out",
            "a.png",
            "--codec",
            "colour-8-linear",
        ],
    );
    let (header, pixels) = load_picture(&folder.path().join("a.png")).unwrap();
    let header = header.unwrap();
    std::fs::write(folder.path().join("loud.png"), plain_png(&pixels, None)).unwrap();
    // The same picture, ten thousand times as loud.
    let scale = (header.full_scale * 1e4).to_string();
    let rate = header.sample_rate_hz.to_string();
    let decode = |out: &str, format: &str| {
        let words = [
            "decode",
            "loud.png",
            "--out",
            out,
            "--format",
            format,
            "--codec",
            "colour-8-linear",
            "--rate",
            &rate,
            "--hop",
            "256",
            "--full-scale",
            &scale,
        ];
        let run = stemloom(folder.path(), &words).expect(0);
        (run.stderr, read(&folder.path().join(out)))
    };
    let (told, clip) = decode("whole.wav", "wav24");
    assert!(
        told.contains("over full scale") && told.contains("wav32f"),
        "{told}"
    );
    let peak = |clip: &Clip| {
        clip.channel(0)
            .iter()
            .fold(0.0_f32, |max, x| x.abs().max(max))
    };
    assert!(peak(&clip) <= 1.0);
    let (told, clip) = decode("float.wav", "wav32f");
    assert_eq!(told, "");
    assert!(peak(&clip) > 10.0);
}
