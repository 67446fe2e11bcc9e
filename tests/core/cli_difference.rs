//! `stemloom picture` with several inputs: how they are drawn, what is refused.

use std::path::Path;

use serde_json::json;
use stemloom::audio::{AudioFormat, AudioWriter, Tags};

use crate::cli::{Run, files_in, png_size, stemloom};
use crate::common::sine;

fn write(path: &Path, sample_rate_hz: u32, amplitude: f64, frames: usize) {
    let tags = Tags {
        title: Some("One song".into()),
        artist: None,
    };
    let format = AudioFormat::Wav32f;
    let mut writer = AudioWriter::create(path, format, sample_rate_hz, 1, &tags, true).unwrap();
    let samples = sine(1000.0, sample_rate_hz, frames, amplitude);
    writer.push(&[samples]).unwrap();
    writer.finish().unwrap();
}

/// A folder with takes of one song: two at 44.1 kHz, one half as long, one at 48 kHz.
fn takes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rate_hz, amplitude, frames) in [
        ("a.wav", 44_100, 0.5, 44_100),
        ("b.wav", 44_100, 0.25, 44_100),
        ("short.wav", 44_100, 0.25, 22_050),
        ("other.wav", 48_000, 0.5, 48_000),
    ] {
        write(&folder.path().join(name), rate_hz, amplitude, frames);
    }
    folder
}

fn draw(folder: &Path, inputs: &[&str], out: &str, words: &[&str]) -> Run {
    let size = ["--width", "200", "--height", "100", "--out", out, "--json"];
    stemloom(
        folder,
        &[&["picture"][..], inputs, &size[..], words].concat(),
    )
}

#[test]
fn inputs_are_drawn_above_each_other() {
    let folder = takes();
    let drawn = |inputs: &[&str], out: &str, words: &[&str]| {
        let run = draw(folder.path(), inputs, out, words).expect(0);
        let result = run.events("result").remove(0);
        assert_eq!(result["inputs"], json!(inputs));
        let size = png_size(&folder.path().join(out));
        assert_eq!(
            (&result["width"], &result["height"]),
            (&json!(size.0), &json!(size.1))
        );
        (size, result)
    };
    let ((width, height), one) = drawn(&["a.wav"], "one.png", &[]);
    assert_eq!(one["input"], "a.wav");
    let sizes = [
        drawn(&["a.wav", "b.wav"], "two.png", &[]).0,
        drawn(&["a.wav", "b.wav"], "less.png", &["--difference"]).0,
        drawn(&["a.wav", "other.wav", "b.wav"], "three.png", &[]).0,
        drawn(
            &["a.wav", "short.wav"],
            "short.png",
            &["--difference", "--start", "0.1", "--duration", "0.9"],
        )
        .0,
    ];
    let panels = [2, 3, 3, 3];
    assert_eq!(sizes, panels.map(|panels| (width, panels * height)));
}

#[test]
fn range_and_titles_are_seen() {
    let folder = takes();
    let bytes = |out: &str, words: &[&str]| {
        draw(folder.path(), &["a.wav", "b.wav"], out, words).expect(0);
        std::fs::read(folder.path().join(out)).unwrap()
    };
    let plain = bytes("plain.png", &["--difference"]);
    let same = ["--difference", "--difference-db", "30", "--title", "a.wav"];
    assert!(bytes("same.png", &same) == plain);
    assert!(bytes("range.png", &["--difference", "--difference-db", "12"]) != plain);
    let titles = ["--difference", "--title", "First", "--title", "Second"];
    let titled = bytes("titled.png", &titles);
    assert!(titled != plain && bytes("first.png", &titles[..3]) != titled);
}

#[test]
fn the_command_refuses_what_cannot_be_compared() {
    let folder = takes();
    let before = files_in(folder.path());
    let refused = |inputs: &[&str], words: &[&str], want: &str| {
        let run = draw(folder.path(), inputs, "x.png", words).expect(2);
        assert!(run.stderr.contains(want), "{words:?}: {}", run.stderr);
        assert!(run.objects().iter().all(|o| o["event"] != "result"));
        assert_eq!(files_in(folder.path()), before);
    };
    let two = ["a.wav", "b.wav"];
    refused(&["a.wav"], &["--difference"], "exactly two inputs, not 1");
    let three = ["a.wav", "b.wav", "short.wav"];
    refused(&three, &["--difference"], "exactly two inputs, not 3");
    refused(&["a.wav", "other.wav"], &["--difference"], "resample");
    refused(&two, &["--difference-db", "20"], "--difference");
    for range in ["0", "141", "nan"] {
        let words = ["--difference", "--difference-db", range];
        refused(&two, &words, "--difference-db");
    }
    let titles = ["--title", "A", "--title", "B", "--title", "C"];
    refused(&two, &titles, "--title");
    // The region has to lie within every input.
    let start = ["--start", "0.7"];
    refused(&["a.wav", "short.wav"], &start, "beyond the end");
    refused(&["a.wav", "none.wav"], &[], "none.wav");
    refused(&[], &[], "INPUT");
}
