//! `dataset pairs`: the program on tiny folders. What `dataset info` tells of stored examples is in
//! `pairs_info.rs`.

use std::path::Path;

use serde_json::Value;
use stemloom::dataset::{EXAMPLE_PRESETS, ExampleSpec, Split, read_npy};

use crate::cli::{Run, files_in, stemloom};
use crate::common::{number, text, whole};
use crate::examples::{BINS, COLUMNS, open, song};
use crate::multitrack::{RATE_HZ, write};

/// `mask` made small: pictures of 33 bins and 8 columns.
const SMALL: [&str; 14] = [
    "--kind",
    "mask",
    "--set",
    "sample_rate_hz=8000",
    "--set",
    "stft.n_fft=64",
    "--set",
    "stft.win_length=64",
    "--set",
    "stft.hop_length=16",
    "--set",
    "picture.bins_kept=none",
    "--set",
    "columns=8",
];

/// Songs of drums and vocals, 1000 samples each: 8 examples each.
pub fn songs(folder: &Path, places: &[&str]) {
    for (seed, place) in (0..).zip(places) {
        song(&folder.join("songs").join(place), seed);
    }
}

/// `dataset pairs songs`, small, with more words.
pub fn pairs(folder: &Path, more: &[&str]) -> Run {
    let mut words = vec!["dataset", "pairs", "songs"];
    words.extend(SMALL);
    words.extend(more);
    stemloom(folder, &words)
}

/// The only result.
pub fn result(run: &Run) -> Value {
    let mut results = run.events("result");
    assert_eq!(results.len(), 1, "{}", run.stdout);
    results.remove(0)
}

/// The spec that some words lead to.
fn spec(folder: &Path, more: &[&str]) -> ExampleSpec {
    let mut words = more.to_vec();
    words.push("--json");
    let run = pairs(folder, &words).expect(0);
    serde_json::from_value(result(&run)["spec"].clone()).expect("a spec")
}

#[test]
fn kinds_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    for word in ["help", "list"] {
        let run = stemloom(folder.path(), &["dataset", "pairs", "--kind", word]).expect(0);
        let names: Vec<&str> = run
            .stdout
            .lines()
            .map(|line| {
                let (name, about) = line.split_once(' ').expect("a name and words");
                assert!(about.trim().len() > 20, "{line}");
                name
            })
            .collect();
        assert_eq!(names, EXAMPLE_PRESETS);
    }
    let run = stemloom(folder.path(), &["dataset", "pairs", "--kind", "timbre"]).expect(2);
    assert!(run.error_line().contains("folder"), "{}", run.stderr);
    let run = stemloom(folder.path(), &["dataset", "pairs", ".", "--kind", "none"]).expect(2);
    assert!(run.error_line().contains("mask-wide"), "{}", run.stderr);
}

#[test]
fn a_look_tells_shapes_splits_and_the_first_example() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["train/A", "train/B", "valid/C"]);
    let run = pairs(folder.path(), &["--json"]).expect(0);
    let told = result(&run);
    let shape = serde_json::json!([1, BINS, COLUMNS]);
    assert_eq!(
        (&told["shapes"]["input"], &told["shapes"]["target"]),
        (&shape, &shape)
    );
    for (split, examples, songs) in [("train", 16, 2), ("valid", 8, 1), ("test", 0, 0)] {
        let of = &told["splits"][split];
        assert_eq!(
            (whole(&of["examples"]), whole(&of["songs"])),
            (examples, songs)
        );
        let hours = songs as f64 * 1000.0 / f64::from(RATE_HZ) / 3600.0;
        assert!((number(&of["hours"]) - hours).abs() < 1e-12);
    }
    assert_eq!(told["problems"], serde_json::json!([]));
    assert!(told.get("stored").is_none() && told.get("measured").is_none());

    let set = open(&folder.path().join("songs"), &spec(folder.path(), &[]));
    assert_eq!(told["checksum"], set.checksum());
    let first = set.make(Split::Train, 0, 0).unwrap();
    assert_eq!(told["first"]["song"], set.songs()[first.song].name);
    for (side, values) in [("input", &first.input), ("target", &first.target)] {
        let figures = &told["first"][side];
        let max = values.iter().copied().fold(0.0, f32::max);
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len() as f64;
        assert!((number(&figures["max"]) - f64::from(max)).abs() < 1e-6);
        assert!((number(&figures["mean"]) - mean).abs() < 1e-6);
        assert!(number(&figures["min"]) >= 0.0);
    }
    assert_eq!(files_in(folder.path()), ["songs"]);
}

#[test]
fn words_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["A", "B", "C", "D", "E"]);
    let usual = spec(folder.path(), &[]);
    let words = "--origin drums --target vocals --target rest --remix 0.25 --valid 0.5 --test 0.2 \
                 --fold 2/3 --seed 7 --exclude E --songs 4 --group beat=drums \
                 --augment gain_db=-6..6 --augment speed=0.9..1.1 --augment flip_polarity=0.5 \
                 --set start_secs=0.01 --set hop_columns=4 --set least_level_db=-90";
    let words: Vec<&str> = words.split_whitespace().collect();
    // A group has its own name for the drums.
    let words: Vec<&str> = words
        .into_iter()
        .map(|word| if word == "drums" { "beat" } else { word })
        .collect();
    let got = spec(folder.path(), &words);
    assert_eq!(got.origin, "beat");
    assert_eq!(got.targets, ["vocals", "rest"]);
    assert_eq!(
        (got.remix, got.valid_fraction, got.test_fraction),
        (0.25, 0.5, 0.2)
    );
    assert_eq!(
        (got.fold, got.seed, got.n_songs),
        (Some((2, 3)), 7, Some(4))
    );
    assert_eq!(
        (got.exclude, got.groups),
        (vec!["E".to_owned()], vec!["beat=drums".to_owned()])
    );
    let gain = got.augment.gain_db.expect("a range");
    assert_eq!((gain.low, gain.high), (-6.0, 6.0));
    let speed = got.augment.speed.expect("a range");
    assert_eq!((speed.low, speed.high), (0.9, 1.1));
    assert_eq!(got.augment.flip_polarity, Some(0.5));
    assert_eq!((got.start_secs, got.hop_columns), (0.01, Some(4)));
    assert_eq!(got.least_level_db, Some(-90.0));
    // What nobody spoke of is as in the preset.
    assert_eq!((&got.stft, &got.picture), (&usual.stft, &usual.picture));
    assert_eq!(got.augment.eq_db, None);
    // Not set before, and not now.
    assert_eq!(spec(folder.path(), &["--set", "height=none"]), usual);
    // Lists and whole tables.
    let words = [
        "--set",
        "exclude=D,E",
        "--set",
        "target={kind=\"activity\",threshold_db=-40}",
    ];
    let run = pairs(folder.path(), &[&words[..], &["--json"]].concat()).expect(0);
    let told = result(&run);
    assert_eq!(told["spec"]["exclude"], serde_json::json!(["D", "E"]));
    assert_eq!(told["shapes"]["target"], serde_json::json!([1, 1, 1]));
}

#[test]
fn a_file_of_settings_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, name) in (0..).zip(["a/x", "b/x", "a/y", "b/y"]) {
        write(&folder.path().join(format!("in/{name}.wav")), seed, 500);
    }
    let file = folder.path().join("own.toml");
    let content = "origin = \"a\"\ntargets = [\"b\"]\nsample_rate_hz = 8000\ncolumns = 4\n\
                   [stft]\nn_fft = 64\nwin_length = 64\nhop_length = 16\n\
                   [picture]\nbins_kept = 32\n";
    std::fs::write(&file, content).unwrap();
    let words = ["dataset", "pairs", "in", "--spec", "own.toml", "--json"];
    let told = result(&stemloom(folder.path(), &words).expect(0));
    assert_eq!(told["shapes"]["input"], serde_json::json!([1, 32, 4]));

    std::fs::write(&file, "columns = 4\ncolumn = 5\n").unwrap();
    let run = stemloom(folder.path(), &words[..5]).expect(2);
    let line = run.error_line();
    assert!(
        line.contains("`column`") && line.contains("columns"),
        "{line}"
    );
    assert!(line.ends_with("own.toml"), "{line}");
    let words = ["dataset", "pairs", "in", "--spec", "gone.toml"];
    let run = stemloom(folder.path(), &words).expect(2);
    assert!(run.error_line().ends_with("gone.toml"), "{}", run.stderr);
}

#[test]
fn wrong_words_are_told_with_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["A", "B"]);
    let cases: [(&[&str], &[&str]); 10] = [
        (
            &["--augment", "gain=-6..6"],
            &["`gain`", "gain_db", "reverb_secs", "swap_channels"],
        ),
        (&["--augment", "gain_db=6..-6"], &["6..-6"]),
        (
            &["--augment", "flip_polarity=often"],
            &["flip_polarity", "often"],
        ),
        (&["--augment", "gain_db"], &["gain_db=-6..6"]),
        (&["--set", "column=4"], &["`column`", "columns"]),
        (&["--set", "colums=none"], &["`colums`", "columns"]),
        (&["--set", "stft.hop=4"], &["`hop`", "hop_length"]),
        (&["--set", "columns.x=4"], &["columns", "no settings"]),
        (&["--set", "columns=many"], &["columns", "many"]),
        (&["--set", "columns=0"], &["columns", "1 to 65536"]),
    ];
    for (words, expected) in cases {
        let run = pairs(folder.path(), words).expect(2);
        let line = run.error_line();
        for part in expected {
            assert!(line.contains(part), "{words:?}: {line}");
        }
    }
    for words in [
        ["--fold", "6/5"],
        ["--fold", "0/5"],
        ["--batch", "0"],
        ["--measure=-1", "--json"],
    ] {
        let run = pairs(folder.path(), &words).expect(2);
        assert!(
            run.stderr.contains(words[0].split('=').next().unwrap()),
            "{}",
            run.stderr
        );
    }
    let run = pairs(folder.path(), &["--overwrite"]).expect(2);
    assert!(run.stderr.contains("--out"), "{}", run.stderr);
    let run = stemloom(folder.path(), &["dataset", "pairs", "nowhere"]).expect(2);
    assert!(run.error_line().ends_with("nowhere"), "{}", run.stderr);
}

#[test]
fn problems_are_warnings_and_the_rest_is_done() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["A", "B", "C"]);
    std::fs::remove_file(folder.path().join("songs/B/vocals.wav")).unwrap();
    let run = pairs(folder.path(), &[]).expect(0);
    let line = run.error_line();
    assert!(
        line.contains("warning: B") && line.ends_with("songs"),
        "{line}"
    );
    assert!(run.stdout.contains("1 songs"), "{}", run.stdout);
    let run = pairs(folder.path(), &["--json"]).expect(0);
    assert_eq!(run.events("warning").len(), 1);
    assert_eq!(result(&run)["problems"].as_array().unwrap().len(), 1);
}

#[test]
fn examples_are_stored_kept_and_streamed() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["train/A", "train/B", "valid/C"]);
    let words = ["--out", "out", "--cache", "cache", "--json"];
    let run = pairs(folder.path(), &words).expect(0);
    let told = result(&run);
    assert_eq!(
        told["stored"],
        serde_json::json!({ "written": 24, "kept": 0 })
    );
    let plan = &run.events("plan")[0];
    assert_eq!(
        (whole(&plan["examples"]), whole(&plan["bytes"])),
        (24, 24 * 2 * 4 * BINS * COLUMNS)
    );
    let out = folder.path().join("out");
    assert_eq!(files_in(&out.join("valid")).len(), 16);
    let array = read_npy(&out.join("valid/C_0000.input.npy")).unwrap();
    assert_eq!(array.shape, [1, BINS, COLUMNS]);
    assert_eq!(files_in(&folder.path().join("cache")).len(), 6);

    // Again: what a killed run left is completed.
    std::fs::remove_file(out.join("valid/C_0003.target.npy")).unwrap();
    let told = result(&pairs(folder.path(), &words).expect(0));
    assert_eq!(
        told["stored"],
        serde_json::json!({ "written": 1, "kept": 23 })
    );
    // Another spec does not mix with it, unless it may.
    let others = [&words[..], &["--seed", "5"]].concat();
    let run = pairs(folder.path(), &others).expect(2);
    assert!(run.stderr.trim_end().ends_with("json"), "{}", run.stderr);
    let told = result(&pairs(folder.path(), &[&others[..], &["--overwrite"]].concat()).expect(0));
    assert_eq!(
        told["stored"],
        serde_json::json!({ "written": 24, "kept": 0 })
    );

    // Stored examples know what they are.
    let words = [
        "dataset",
        "pairs",
        "out",
        "--measure",
        "--batch",
        "3",
        "--threads",
        "2",
        "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    let stored = result(&run);
    assert_eq!(
        (&stored["checksum"], &stored["spec"]),
        (&told["checksum"], &told["spec"])
    );
    let measured = &stored["measured"];
    // Five whole batches of 16 examples.
    let count = |key: &str| whole(&measured[key]);
    assert_eq!(
        (
            count("examples"),
            count("batches"),
            count("batches_of_epoch")
        ),
        (15, 5, 5)
    );
    assert_eq!(
        (text(&measured["split"]), &measured["is_whole_epoch"]),
        ("train", &Value::Bool(true))
    );
    for key in ["examples_per_sec", "megabytes_per_sec"] {
        assert!(number(&measured[key]) > 0.0);
    }
    if cfg!(target_os = "linux") {
        assert!(count("peak_memory_bytes") > 1_000_000);
    }
    let run = stemloom(
        folder.path(),
        &["dataset", "pairs", "out", "--measure=0", "--batch", "3"],
    );
    let run = run.expect(0);
    assert!(
        run.stdout
            .contains("3 examples in 1 batches (5 are an epoch)"),
        "{}",
        run.stdout
    );
    let run = stemloom(folder.path(), &["dataset", "pairs", "out", "--seed", "1"]).expect(2);
    assert!(
        run.error_line().ends_with("examples.toml"),
        "{}",
        run.stderr
    );
}
