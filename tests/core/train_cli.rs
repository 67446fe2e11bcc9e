//! `stemloom train`, `lr-find` and `export`: what they print, write and refuse.
//!
//! Order: what a person does first → many runs → interrupts → bad input. The last stage of the road
//! needs ONNX Runtime and fails without it.

use std::path::Path;

use serde_json::json;
use stemloom::train::{Recipe, shipped_recipe_names};

use crate::cli::{Run, command, files_in, read, stemloom};
use crate::common::{need_runtime, noise, number, text, whole};
use crate::multitrack::{RATE_HZ, write, write_at};
use crate::train_common::{instruments, tiny};

/// A folder with recordings, and a recipe that is done in a moment.
fn place(changes: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    instruments(folder.path());
    let mut all = vec!["training.steps_per_epoch=2", "examples.examples_per_song=4"];
    all.extend(changes);
    let path = folder.path().join("tiny.toml");
    tiny(&all).write(&path, false).unwrap();
    folder
}

const TRAIN: [&str; 7] = [
    "train",
    "--recipe",
    "tiny.toml",
    "--data",
    "data",
    "--device",
    "cpu",
];

fn program(folder: &Path, words: &[&str], more: &[&str]) -> Run {
    stemloom(folder, &[words, more].concat())
}

/// A training into the folder `run`.
fn train(folder: &Path, more: &[&str]) -> Run {
    program(folder, &[&TRAIN[..], &["--out", "run"]].concat(), more)
}

// ---------------------------------------------------------------------------------------------
// What a person does first

#[test]
fn recordings_become_a_model_that_plays() {
    let folder = place(&[]);
    let folder = folder.path();
    let trained = train(folder, &["--json"]).expect(0);
    let started = trained.events("started").remove(0);
    assert!(text(&started["device"]).contains("processor"), "{started}");
    assert!(whole(&started["parameters"]) > 100);
    assert_eq!(started["songs"], json!([3, 1, 0]));
    let epochs = trained.events("epoch");
    assert_eq!(epochs.len(), 2);
    for (i, epoch) in epochs.iter().enumerate() {
        assert_eq!(whole(&epoch["epoch"]), i + 1);
        assert!(number(&epoch["train"]["loss"]) > 0.0);
        assert!(number(&epoch["valid"]["loss"]) > 0.0);
    }
    let result = trained.events("result").remove(0);
    assert_eq!(
        (whole(&result["epochs"]), whole(&result["steps"])),
        (2, 4),
        "{result}"
    );
    assert_eq!(text(&result["status"]), "finished");
    for file in ["recipe.toml", "run.toml", "history.csv", "checkpoints"] {
        assert!(folder.join("run").join(file).exists(), "{file}");
    }

    // Carried on, without a word about recipe or recordings.
    let more = ["train", "--resume", "--out", "run", "--device", "cpu"];
    let resumed = program(folder, &more, &["--epochs", "3"]).expect(0);
    assert!(resumed.stdout.contains("training on processor"));
    assert!(resumed.stdout.contains("epoch 3:"), "{}", resumed.stdout);
    assert!(!resumed.stdout.contains("epoch 2:"), "{}", resumed.stdout);
    assert!(resumed.stdout.contains("best: epoch"), "{}", resumed.stdout);

    // Onto the shelf, where it is at once.
    let home = folder.join("home");
    let words = ["export", "run", "--out", "made/voice.onnx", "--to-shelf"];
    let exported = command(folder, &words)
        .env("STEMLOOM_HOME", &home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&exported.stdout).into_owned();
    assert!(exported.status.success(), "{exported:?}");
    assert!(
        said.contains("stemloom transfer SONG --model voice"),
        "{said}"
    );
    assert_eq!(
        files_in(&folder.join("made")),
        ["voice.onnx", "voice.safetensors"]
    );
    let listed = command(folder, &["models", "list", "--json"])
        .env("STEMLOOM_HOME", &home)
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let line = listed.lines().find(|line| line.contains("\"voice\""));
    let line = line.expect("the model is listed");
    assert!(
        line.contains("\"usable\":true") && line.contains("home"),
        "{line}"
    );

    need_runtime();
    let song = folder.join("song.wav");
    write_at(&song, RATE_HZ, &vec![noise(1, 3001)]);
    let words = ["transfer", "song.wav", "--model", "made/voice.onnx"];
    program(folder, &words, &["--device", "cpu", "--out", "out"]).expect(0);
    assert_eq!(files_in(&folder.join("out")), ["song (guitar).wav"]);
    let made = read(&folder.join("out/song (guitar).wav"));
    assert_eq!((made.frames(), made.num_channels()), (3001, 1));
}

#[test]
fn a_model_comes_with_the_training_if_it_is_asked_for() {
    let folder = place(&[]);
    let more = ["--export", "net.onnx", "--epochs", "1", "--json"];
    let run = train(folder.path(), &more).expect(0);
    let export = run.events("export").remove(0);
    assert_eq!(text(&export["id"]), "net");
    assert!(folder.path().join("net.onnx").is_file());
    // That it cannot be written is known before the training.
    let more = ["--export", "net.onnx", "--out", "b"];
    let again = program(folder.path(), &TRAIN, &more).expect(2);
    assert!(again.error_line().ends_with("net.onnx"), "{}", again.stderr);
    assert!(!folder.path().join("b").exists());
}

#[test]
fn recipes_are_listed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let list = stemloom(folder.path(), &["train", "--list", "--json"]).expect(0);
    let recipes = list.events("recipe");
    let names: Vec<&str> = recipes.iter().map(|recipe| text(&recipe["name"])).collect();
    assert_eq!(names, shipped_recipe_names());
    let first = &recipes[0];
    assert_eq!(whole(&first["parameters"]), 54_408_833);
    assert_eq!(text(&first["network"]), "unet-pix2pix");
    let lines = stemloom(folder.path(), &["train", "--list"])
        .expect(0)
        .stdout;
    assert_eq!(lines.lines().count(), recipes.len());
    assert!(lines.contains("54,408,833 parameters") && lines.contains("(experiment)"));

    let words = ["train", "--show", "vad", "--set", "network.filters=4"];
    let shown = stemloom(folder.path(), &words).expect(0).stdout;
    let recipe = Recipe::parse(&shown, Path::new("shown.toml")).unwrap();
    assert_eq!(recipe.name, "vad");
    assert!(shown.contains("filters = 4"), "{shown}");
}

#[test]
fn a_learning_rate_is_found_and_taken_over() {
    let folder = place(&[]);
    let words = [
        "lr-find",
        "--recipe",
        "tiny.toml",
        "--data",
        "data",
        "--device",
        "cpu",
        "--batches",
        "60",
        "--set",
        "network.dropout=0",
    ];
    let found = program(folder.path(), &words, &["--csv", "lr.csv", "--json"]).expect(0);
    let rates = found.events("learning_rates").remove(0);
    let steps = whole(&rates["steps"]);
    assert!((2..=60).contains(&steps), "{rates}");
    let table = std::fs::read_to_string(folder.path().join("lr.csv")).unwrap();
    assert_eq!(table.lines().count(), steps + 1);
    let set = text(&rates["set"][0]);
    assert!(set.starts_with("optimiser.learning_rate="), "{set}");
    let taken = train(folder.path(), &["--set", set, "--epochs", "1"]);
    taken.expect(0);
    let refused = program(folder.path(), &words, &["--csv", "lr.csv"]).expect(2);
    assert!(
        refused.error_line().ends_with("lr.csv"),
        "{}",
        refused.stderr
    );

    // Both in one.
    let more = ["--find-lr", "--epochs", "1", "--overwrite", "--json"];
    let run = train(folder.path(), &more).expect(0);
    assert_eq!(run.events("learning_rates").len(), 1);
    assert_eq!(run.events("result").len(), 1);
}

// ---------------------------------------------------------------------------------------------
// Many runs

#[test]
fn folds_and_grids_end_in_a_table() {
    let folder = place(&[]);
    let one = ["--epochs", "1", "--steps", "1"];
    let folds = [&one[..], &["--folds", "2", "--json"]].concat();
    let run = train(folder.path(), &folds).expect(0);
    let result = run.events("result").remove(0);
    assert_eq!(result["rows"].as_array().unwrap().len(), 2, "{result}");
    assert!(number(&result["mean"]) > 0.0);
    assert!(folder.path().join("run/results.csv").is_file());
    assert!(folder.path().join("run/fold-2/run.toml").is_file());
    let runs: Vec<usize> = run
        .events("epoch")
        .iter()
        .map(|e| whole(&e["run"]))
        .collect();
    assert_eq!(runs, [1, 2]);

    let grid = [
        "--grid",
        "optimiser.learning_rate=1e-3,1e-4",
        "--grid",
        "optimiser.kind=adam,adamw",
        "--out",
        "grid",
    ];
    let all = [&one[..], &grid].concat();
    let said = program(folder.path(), &TRAIN, &all).expect(0).stdout;
    assert!(
        said.contains("trial-4") && said.contains("best: trial-"),
        "{said}"
    );
    let table = std::fs::read_to_string(folder.path().join("grid/results.csv")).unwrap();
    assert!(
        table.contains("adamw") && table.contains("0.0001"),
        "{table}"
    );
}

// ---------------------------------------------------------------------------------------------
// Interrupts

/// Ctrl-C: the state is kept, the way on is told, and the run goes on from there.
#[cfg(unix)]
#[test]
fn an_interrupted_training_goes_on() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};

    let folder = place(&["training.epochs=1000000"]);
    let words = [&TRAIN[..], &["--out", "run", "--json"]].concat();
    let mut child = command(folder.path(), &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("\"event\":\"epoch\"") {
        line.clear();
        assert!(
            stdout.read_line(&mut line).unwrap() > 0,
            "it ended by itself"
        );
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
    let mut rest = String::new();
    stdout
        .read_to_string(&mut rest)
        .expect("the rest of its words");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(rest.contains("stemloom train --resume --out run"), "{rest}");
    let last = String::from_utf8_lossy(&output.stderr).into_owned();
    let words = "the state was saved; to go on: stemloom train --resume --out run";
    assert!(last.contains(words), "{last}");
    assert!(!last.contains("removed"), "{last}");
    let history = folder.path().join("run/history.csv");
    let rows = || std::fs::read_to_string(&history).map_or(0, |text| text.lines().count() - 1);
    let epochs = (rows() + 2).to_string();
    let words = ["train", "--resume", "--out", "run", "--device", "cpu"];
    program(folder.path(), &words, &["--epochs", &epochs]).expect(0);
    assert_eq!(rows().to_string(), epochs);
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_words_are_told() {
    let folder = place(&[]);
    let folder = folder.path();
    write(&folder.join("songs/A/vocals.wav"), 1, 800);
    std::fs::create_dir(folder.join("empty")).unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["train", "--out", "x"], "--recipe"),
        (&["train", "--recipe", "tiny.toml", "--out", "x"], "--data"),
        (&["train", "--resume", "--out", "x"], "carry on"),
        (&["export", "data", "--out", "net.onnx"], "no run"),
        (&["lr-find", "--recipe", "tiny.toml"], "--data"),
    ];
    for (words, told) in cases {
        let run = stemloom(folder, words).expect(2);
        assert!(run.error_line().contains(told), "{words:?}: {}", run.stderr);
    }
    // Recipe, recordings and one word more.
    let cases = [
        ("pix3pix", "data", "--json", "pix2pix"),
        ("tiny.toml", "none", "--device=cpu", "none"),
        ("tiny.toml", "empty", "--device=cpu", "empty"),
        ("tiny.toml", "songs", "--device=cpu", "guitar"),
        (
            "tiny.toml",
            "data",
            "--set=network.depht=2",
            "network.depth",
        ),
        ("tiny.toml", "data", "--device=gpu:99", "gpu:99"),
    ];
    for (i, (recipe, data, more, told)) in cases.into_iter().enumerate() {
        let out = format!("out-{i}");
        let words = [
            "train", "--recipe", recipe, "--data", data, "--out", &out, more,
        ];
        let run = stemloom(folder, &words).expect(2);
        // Looking for graphics cards, drivers may say something of their own.
        let ours: Vec<&str> = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("stemloom:"))
            .collect();
        assert_eq!(ours.len(), 1, "{words:?}: {}", run.stderr);
        assert!(ours[0].contains(told), "{words:?}: {}", run.stderr);
    }
    assert!(!folder.join("net.onnx").exists());
    // What the parser refuses takes more lines, but the same code.
    stemloom(folder, &["train"]).expect(2);
    stemloom(folder, &["export", "run"]).expect(2);
    let words = ["export", "run", "--out", "a.onnx", "--checkpoint", "worst"];
    stemloom(folder, &words).expect(2);

    train(folder, &["--epochs", "1"]).expect(0);
    let again = train(folder, &["--epochs", "1"]).expect(2);
    assert!(
        again.error_line().contains("already exists"),
        "{}",
        again.stderr
    );
    train(folder, &["--epochs", "1", "--overwrite"]).expect(0);
    stemloom(folder, &["export", "run", "--out", "net.onnx"]).expect(0);
    let again = stemloom(folder, &["export", "run", "--out", "net.onnx"]).expect(2);
    assert!(again.error_line().ends_with("net.onnx"), "{}", again.stderr);
    let id = ["export", "run", "--out", "b.onnx", "--id", "centre"];
    let taken = stemloom(folder, &id).expect(2);
    assert!(taken.error_line().contains("centre"), "{}", taken.stderr);
}
