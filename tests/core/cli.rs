//! The program itself, from words to files and exit codes: what a person does first.
//!
//! What programs read is in `cli_programs.rs`, bad input and cancelling in `cli_errors.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use stemloom::audio::{Clip, decode};
use stemloom::progress::Reporter;

use crate::common::{fixture, max_abs_diff, repo, text, whole};

/// What a run of the program left.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Standard output as one JSON object per line.
    pub fn objects(&self) -> Vec<Value> {
        let object = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.stdout.lines().map(object).collect()
    }

    /// The objects of one event.
    pub fn events(&self, event: &str) -> Vec<Value> {
        self.objects()
            .into_iter()
            .filter(|object| object["event"] == event)
            .collect()
    }

    /// The only line of standard error.
    pub fn error_line(&self) -> &str {
        assert_eq!(
            self.stderr.lines().count(),
            1,
            "one line was expected: {}",
            self.stderr
        );
        self.stderr.trim_end()
    }

    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// The program, run in `folder`, with `folder` as its shelf.
pub fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stemloom"));
    command
        .args(words)
        .current_dir(folder)
        .env("STEMLOOM_MODELS", folder);
    command
}

pub fn stemloom(folder: &Path, words: &[&str]) -> Run {
    let output = command(folder, words).output().expect("the program starts");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

pub fn example() -> String {
    repo("assets/example/long-way-home.flac")
        .display()
        .to_string()
}

pub fn audio(name: &str) -> String {
    fixture("audio").join(name).display().to_string()
}

/// Names of all files in a folder. Nothing half-written may be among them.
pub fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|files| {
            files
                .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    let left: Vec<&String> = names
        .iter()
        .filter(|name| name.ends_with(".part") || name.starts_with("."))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    names
}

pub fn read(path: &Path) -> Clip {
    decode(path, None, &Reporter::silent())
        .expect("a written file can be read")
        .0
}

// ---------------------------------------------------------------------------------------------
// What a person does first

#[test]
fn help_and_version_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let help = stemloom(folder.path(), &["--help"]).expect(0);
    for command in [
        "separate",
        "batch",
        "reconstruct",
        "listen",
        "encode",
        "decode",
        "codecs",
        "info",
        "picture",
        "models",
        "runtime",
    ] {
        assert!(
            help.stdout.contains(command),
            "{command} is not in the help"
        );
    }
    let version = stemloom(folder.path(), &["--version"]).expect(0);
    assert_eq!(
        version.stdout.trim(),
        concat!("stemloom ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn separating_the_example_writes_its_stems() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("stems");
    let (song, out_text) = (example(), out.display().to_string());
    let words = [
        "separate",
        &song,
        "--model",
        "hpss",
        "--out",
        &out_text,
        "--duration",
        "2",
        "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    let objects = run.objects();
    let result = objects.last().expect("a result");
    assert_eq!(
        (&result["event"], &result["model"]),
        (&json!("result"), &json!("hpss"))
    );
    assert!(
        objects[..objects.len() - 1]
            .iter()
            .all(|object| object["event"] == "progress"),
        "{}",
        run.stdout
    );
    assert_eq!(
        (&result["seconds"], &result["device"]),
        (&json!(2.0), &json!("cpu"))
    );
    assert!(result["residual_db"].as_f64().unwrap() < -80.0, "{result}");
    let names = [
        "long-way-home (harmonic).wav",
        "long-way-home (percussive).wav",
    ];
    assert_eq!(files_in(&out), names);
    for (stem, name) in result["stems"].as_array().unwrap().iter().zip(names) {
        assert_eq!(text(&stem["path"]), out.join(name).display().to_string());
        assert_eq!(
            (
                whole(&stem["frames"]),
                whole(&stem["sample_rate"]),
                whole(&stem["channels"])
            ),
            (88_200, 44_100, 2)
        );
        let clip = read(&out.join(name));
        assert_eq!(
            (clip.frames(), clip.sample_rate_hz(), clip.num_channels()),
            (88_200, 44_100, 2)
        );
    }

    // Again: nothing is replaced unasked, and then it is.
    let before = names.map(|name| std::fs::read(out.join(name)).unwrap());
    std::fs::write(out.join(names[1]), "theirs").unwrap();
    let again = stemloom(folder.path(), &words[..words.len() - 1]).expect(2);
    assert!(
        again.error_line().contains("already exists") && again.error_line().contains("--overwrite"),
        "{}",
        again.stderr
    );
    assert!(std::fs::read(out.join(names[0])).unwrap() == before[0]);
    assert_eq!(std::fs::read(out.join(names[1])).unwrap(), b"theirs");
    let mut words = words.to_vec();
    words.push("--overwrite");
    stemloom(folder.path(), &words).expect(0);
    assert!(
        names.map(|name| std::fs::read(out.join(name)).unwrap()) == before,
        "the same song gives the same bytes"
    );
}

#[test]
fn a_kept_stem_and_its_rest_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let song = example();
    let words = [
        "separate",
        &song,
        "--model",
        "hpss",
        "--stems",
        "harmonic",
        "--rest",
        "--format",
        "flac",
        "--start",
        "1.5",
        "--duration",
        "0.5",
        "--name",
        "{stem}",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    assert!(
        run.stdout.contains("harmonic.flac") && run.stdout.contains("rest.flac"),
        "{}",
        run.stdout
    );
    assert_eq!(files_in(folder.path()), ["harmonic.flac", "rest.flac"]);
    let (mix, harmonic, rest) = (
        read(Path::new(&song)),
        read(&folder.path().join("harmonic.flac")),
        read(&folder.path().join("rest.flac")),
    );
    let (first, frames) = (66_150, 22_050);
    for channel in 0..2 {
        let sum: Vec<f32> = harmonic
            .channel(channel)
            .iter()
            .zip(rest.channel(channel))
            .map(|(x, y)| x + y)
            .collect();
        // Both are rounded to 24 bits.
        assert!(
            max_abs_diff(&sum, &mix.channel(channel)[first..first + frames])
                < 3.0 * 0.5_f32.powi(23)
        );
    }
}

/// A stem that is named twice is written once.
#[test]
fn stems_named_twice_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let stems = "harmonic,percussive,harmonic";
    let words = ["separate", &song, "--model", "hpss", "--stems", stems];
    stemloom(folder.path(), &words).expect(0);
    assert_eq!(
        files_in(folder.path()),
        ["s16 (harmonic).wav", "s16 (percussive).wav"]
    );
}

#[test]
fn pictures_are_written_beside_the_stems() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let words = [
        "separate",
        &song,
        "--model",
        "centre",
        "--pictures",
        "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    let picture = PathBuf::from(text(&run.events("result")[0]["picture"]));
    assert_eq!(picture.file_name().unwrap(), "s16 [centre].png");
    let names = ["s16 (centre).wav", "s16 (sides).wav", "s16 [centre].png"];
    assert_eq!(files_in(folder.path()), names);
    png_size(&folder.path().join("s16 [centre].png"));
}

/// Width and height from a PNG's first chunk.
pub fn png_size(path: &Path) -> (usize, usize) {
    let bytes = std::fs::read(path).expect("a picture");
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    (number(16), number(20))
}

#[test]
fn a_picture_has_the_width_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    // The plot has the size asked for; the axes around it are always the same.
    let size = |file: &str, width: &str, height: &str, axis: &str| {
        let words = [
            "picture", &song, "--out", file, "--width", width, "--height", height, "--axis", axis,
            "--json",
        ];
        let result = stemloom(folder.path(), &words)
            .expect(0)
            .events("result")
            .remove(0);
        let size = png_size(&folder.path().join(file));
        assert_eq!((whole(&result["width"]), whole(&result["height"])), size);
        size
    };
    let small = size("small.png", "300", "100", "mel");
    let large = size("large.png", "700", "350", "log");
    assert!(small.0 >= 300 && small.1 >= 100);
    assert_eq!((large.0 - small.0, large.1 - small.1), (400, 250));
    let again = stemloom(folder.path(), &["picture", &song, "--out", "small.png"]).expect(2);
    assert!(again.error_line().contains("already exists"));
    let wrong = stemloom(
        folder.path(),
        &[
            "picture", &song, "--out", "x.png", "--mels", "40", "--axis", "log",
        ],
    )
    .expect(2);
    assert!(wrong.error_line().contains("--mels"), "{}", wrong.stderr);
    assert_eq!(files_in(folder.path()), ["large.png", "small.png"]);
}
