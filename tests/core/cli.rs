//! The program itself, from words to files and exit codes.
//!
//! Order: what a person does first → what programs read (`--json`) → bad input and cancelling.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use stemloom::audio::{Clip, decode};
use stemloom::progress::Reporter;

use crate::common::{Graph, card, fixture, max_abs_diff, need_runtime, repo, text, whole};

/// What a run of the program left.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    /// Standard output as one JSON object per line.
    fn objects(&self) -> Vec<Value> {
        let object = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.stdout.lines().map(object).collect()
    }

    /// The objects of one event.
    fn events(&self, event: &str) -> Vec<Value> {
        self.objects()
            .into_iter()
            .filter(|object| object["event"] == event)
            .collect()
    }

    /// The only line of standard error.
    fn error_line(&self) -> &str {
        assert_eq!(
            self.stderr.lines().count(),
            1,
            "one line was expected: {}",
            self.stderr
        );
        self.stderr.trim_end()
    }

    fn expect(self, code: i32) -> Self {
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
fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stemloom"));
    command
        .args(words)
        .current_dir(folder)
        .env("STEMLOOM_MODELS", folder);
    command
}

fn stemloom(folder: &Path, words: &[&str]) -> Run {
    let output = command(folder, words).output().expect("the program starts");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn example() -> String {
    repo("assets/example/long-way-home.flac")
        .display()
        .to_string()
}

fn audio(name: &str) -> String {
    fixture("audio").join(name).display().to_string()
}

/// Names of all files in a folder. Nothing half-written may be among them.
fn files_in(folder: &Path) -> Vec<String> {
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

fn read(path: &Path) -> Clip {
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
    for command in ["separate", "info", "picture", "models", "runtime"] {
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
fn png_size(path: &Path) -> (usize, usize) {
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

// ---------------------------------------------------------------------------------------------
// What programs read

#[test]
fn info_tells_what_files_are() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        audio("tagged.wav"),
        audio("stems.stem.mp4"),
        audio("truncated.flac"),
    ];
    let words: Vec<&str> = ["info", "--json"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let infos = stemloom(folder.path(), &words).expect(0).events("info");
    assert_eq!(infos.len(), 3);
    let first = &infos[0];
    assert_eq!(
        (
            text(&first["path"]),
            text(&first["title"]),
            text(&first["artist"])
        ),
        (files[0].as_str(), "Test tone", "Nobody")
    );
    assert_eq!(
        (
            whole(&first["sample_rate"]),
            whole(&first["channels"]),
            whole(&first["frames"])
        ),
        (44_100, 2, 2205)
    );
    assert_eq!(first["warnings"], json!([]));
    let tracks: Vec<&str> = infos[1]["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| text(&track["name"]))
        .collect();
    assert_eq!(tracks, ["mix", "drums", "bass"]);
    assert!(whole(&infos[2]["frames"]) < 15_435);
    assert!(
        text(&infos[2]["warnings"][0]).contains("cut short"),
        "{}",
        infos[2]
    );

    let human = stemloom(folder.path(), &["info", &files[0]]).expect(0);
    for word in ["44100 Hz", "2 channels", "2205 frames", "Test tone"] {
        assert!(
            human.stdout.contains(word),
            "{word} is not in {}",
            human.stdout
        );
    }
}

#[test]
fn models_are_listed_shown_and_described() {
    let folder = tempfile::tempdir().unwrap();
    let dims = [None, Some(1), None];
    let model = card("my-model", "waveform-stems", "mono", &["voice"]);
    Graph::identity(&dims).write(&folder.path().join("a.onnx"), Some(&model));
    Graph::identity(&dims).write(&folder.path().join("cardless.onnx"), None);

    let models = stemloom(folder.path(), &["models", "list", "--json"])
        .expect(0)
        .events("model");
    let by_id = |id: &str| {
        models
            .iter()
            .find(|model| model["id"] == id)
            .unwrap_or_else(|| panic!("{id} is not listed"))
    };
    for id in ["hpss", "repet-sim", "centre", "my-model"] {
        assert_eq!(by_id(id)["usable"], true, "{id}");
    }
    assert_eq!(by_id("my-model")["stems"], json!(["voice"]));
    assert_eq!(by_id("cardless")["usable"], false);

    let shown = stemloom(folder.path(), &["models", "show", "my-model", "--json"])
        .expect(0)
        .events("model")
        .remove(0);
    assert_eq!(text(&shown["sha256"]).len(), 64);
    assert_eq!(shown["card"]["audio"]["sample_rate_hz"], 44_100);
    let hpss = stemloom(folder.path(), &["models", "show", "hpss"]).expect(0);
    assert!(
        hpss.stdout.contains("--param harmonic-kernel=31"),
        "{}",
        hpss.stdout
    );

    let own = stemloom(folder.path(), &["models", "card", "a.onnx", "--json"])
        .expect(0)
        .events("card")
        .remove(0);
    assert_eq!(
        (&own["guessed"], &own["card"]["id"]),
        (&json!(false), &json!("my-model"))
    );
    // The template is a card: saved beside the model, the model is known.
    let guessed = stemloom(folder.path(), &["models", "card", "cardless.onnx"]).expect(0);
    std::fs::write(folder.path().join("cardless.card.toml"), &guessed.stdout).unwrap();
    let shown = stemloom(folder.path(), &["models", "show", "cardless"]).expect(0);
    assert!(shown.stdout.contains("waveform-stems"), "{}", shown.stdout);
}

#[test]
fn a_network_runs_from_the_command_line() {
    need_runtime();
    let folder = tempfile::tempdir().unwrap();
    let mut half = card("half", "waveform-stems", "per-channel", &["half"]);
    half["output"] = json!({ "residual": "other" });
    Graph::gain(&[None, Some(1), None], &[1], &[0.5])
        .write(&folder.path().join("half.onnx"), Some(&half));
    stemloom(folder.path(), &["models", "check", "half.onnx"]).expect(0);
    let song = audio("s24.flac");
    for (out, model) in [("by-id", "half"), ("by-file", "half.onnx")] {
        let words = [
            "separate", &song, "--model", model, "--out", out, "--device", "cpu", "--format",
            "wav32f",
        ];
        stemloom(folder.path(), &words).expect(0);
        let mix = read(Path::new(&song));
        for name in ["s24 (half).wav", "s24 (other).wav"] {
            let stem = read(&folder.path().join(out).join(name));
            let want: Vec<f32> = mix.channel(0).iter().map(|x| 0.5 * x).collect();
            assert!(
                max_abs_diff(stem.channel(0), &want) < 1e-6,
                "{model} {name}"
            );
        }
    }
    let status = stemloom(folder.path(), &["runtime", "status", "--json"])
        .expect(0)
        .events("runtime")
        .remove(0);
    assert_eq!(status["usable"], true, "{status}");
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn one_broken_song_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, good) = (audio("text.mp3"), audio("s16.flac"));
    let run = stemloom(
        folder.path(),
        &["separate", &broken, &good, "--model", "hpss", "--json"],
    )
    .expect(2);
    assert_eq!(run.events("error")[0]["input"], json!(broken));
    assert_eq!(run.events("result")[0]["input"], json!(good));
    assert!(
        run.error_line().starts_with("stemloom: ") && run.error_line().ends_with(&broken),
        "{}",
        run.stderr
    );
    assert_eq!(
        files_in(folder.path()),
        ["s16 (harmonic).wav", "s16 (percussive).wav"]
    );
}

/// Each is told in one line with exit code 2, and leaves nothing.
#[test]
fn wrong_words_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let cases: [(&[&str], &str); 9] = [
        (
            &["--model", "magic"],
            "known models: hpss, repet-sim, centre",
        ),
        (&["--model", "missing.onnx"], "missing.onnx"),
        (
            &["--model", "hpss", "--stems", "harmonic,vocals"],
            "no stem \"vocals\"",
        ),
        (
            &["--model", "hpss", "--param", "harmonic-kernel=2"],
            "harmonic-kernel",
        ),
        (&["--model", "hpss", "--start", "100"], "beyond the end"),
        (&["--model", "hpss", "--duration", "0"], "duration"),
        (
            &["--model", "hpss", "--device", "cuda"],
            "cannot use device cuda:0",
        ),
        (&["--model", "hpss", "--track", "1"], "track"),
        (&["--model", "hpss", "--name", "{nonsense}"], "nonsense"),
    ];
    for (words, told) in cases {
        let all: Vec<&str> = ["separate", &song]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let run = stemloom(folder.path(), &all).expect(2);
        let line = run.error_line();
        assert!(
            line.starts_with("stemloom: ") && line.contains(told),
            "{words:?}: {line}"
        );
        assert!(
            files_in(folder.path()).is_empty(),
            "{words:?} left {:?}",
            files_in(folder.path())
        );
    }
    // What the parser refuses takes more lines, but the same code.
    stemloom(
        folder.path(),
        &["separate", &song, "--model", "hpss", "--format", "mp3"],
    )
    .expect(2);
    stemloom(folder.path(), &["separate"]).expect(2);
}

#[test]
fn a_file_where_the_folder_should_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    std::fs::write(folder.path().join("taken"), "theirs").unwrap();
    let run = stemloom(
        folder.path(),
        &["separate", &song, "--model", "hpss", "--out", "taken"],
    )
    .expect(2);
    assert!(run.error_line().ends_with("taken"), "{}", run.stderr);
    assert_eq!(files_in(folder.path()), ["taken"]);
}

/// Ctrl-C: exit code 130, and nothing half-written stays.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_cleanly() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let song = example();
    // So many songs that the interrupt comes long before the end.
    let mut words = vec!["separate", "--model", "hpss", "--overwrite", "--json"];
    words.extend(std::iter::repeat_n(song.as_str(), 200));
    let mut child = command(folder.path(), &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout
        .read_line(&mut line)
        .expect("a first line of progress");
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
    stdout
        .read_to_string(&mut line)
        .expect("the rest of its words");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Songs that were done keep their stems; that they are whole is shown by reading them.
    for name in files_in(folder.path()) {
        assert_eq!(read(&folder.path().join(name)).frames(), 886_410);
    }
}
