//! `stemloom transfer` and `stemloom detect`: files, results, and what they refuse; and the cards of
//! networks that see pictures.
//!
//! What runs a network needs ONNX Runtime and fails without it.

use std::path::Path;

use serde_json::{Value, json};
use stemloom::apply::BUILTIN_IDS;
use stemloom::model::{CARD_PHASES, ModelShelf};
use stemloom::phase::PhaseMethod;

use crate::activity::{activity_card, largest};
use crate::cli::{audio, files_in, read, stemloom};
use crate::common::{Graph, failure, max_abs_diff, need_runtime, number, text, whole};
use crate::transfer::{dims, picture_card};

/// A shelf with three networks: pictures, activity, masks.
fn shelf() -> tempfile::TempDir {
    need_runtime();
    let folder = tempfile::tempdir().unwrap();
    let write = |id: &str, graph: &Graph, mut card: Value| {
        card["id"] = json!(id);
        graph.write(&folder.path().join(format!("{id}.onnx")), Some(&card));
    };
    let one = Graph::identity(&dims(1, 129));
    let mut voice = picture_card("picture-picture", "per-channel");
    voice["audio"]["sample_rate_hz"] = json!(44_100);
    write("voice", &one, voice);
    let mut style = picture_card("picture-picture", "mono");
    style["tensor"]["style"] = json!(true);
    style["tensor"]["output_channels"] = json!("magnitude-phase");
    write("style", &Graph::identity(&dims(2, 129)), style);
    write("ear", &largest(), activity_card());
    let mut mask = picture_card("magnitude-mask", "mono");
    mask["tensor"]["every_column"] = json!(true);
    write("mask", &one, mask);
    folder
}

// ---------------------------------------------------------------------------------------------
// What a person does first

#[test]
fn a_song_goes_through_a_network() {
    let folder = shelf();
    let song = audio("s24.flac");
    let words = [
        "transfer",
        &song,
        "--model",
        "voice",
        "--level",
        "none",
        "--format",
        "wav32f",
        "--out",
        "out",
        "--device",
        "cpu",
        "--pictures",
        "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    let result = run.events("result").remove(0);
    let out = folder.path().join("out");
    assert_eq!(files_in(&out), ["s24 (voice).wav", "s24 [voice].png"]);
    assert!(
        text(&result["path"]).ends_with("s24 (voice).wav"),
        "{result}"
    );
    assert!(
        text(&result["picture"]).ends_with("s24 [voice].png"),
        "{result}"
    );
    assert_eq!(
        (&result["model"], &result["device"], &result["phase"]),
        (&json!("voice"), &json!("cpu"), &json!("input"))
    );
    assert_eq!(number(&result["level_change_db"]), 0.0);
    let (want, got) = (read(Path::new(&song)), read(&out.join("s24 (voice).wav")));
    assert_eq!(
        (got.frames(), got.num_channels()),
        (want.frames(), want.num_channels())
    );
    assert!((number(&result["seconds"]) - want.seconds()).abs() < 1e-9);
    assert!(max_abs_diff(got.channel(0), want.channel(0)) < 1e-4);

    // Nothing is replaced unasked, and nothing is computed before that is known.
    let again = stemloom(folder.path(), &words).expect(2);
    assert!(text(&again.events("error")[0]["message"]).contains("already exists"));
    let mut replaced = words.to_vec();
    replaced.push("--overwrite");
    stemloom(folder.path(), &replaced).expect(0);
}

#[test]
fn phases_levels_and_styles_are_typed() {
    let folder = shelf();
    let song = audio("s24.flac");
    let result = |model: &str, more: &[&str]| {
        let mut words = vec![
            "transfer",
            &song,
            "--model",
            model,
            "--json",
            "--overwrite",
            "--name",
            "out",
        ];
        words.extend(more);
        stemloom(folder.path(), &words)
            .expect(0)
            .events("result")
            .remove(0)
    };
    let phase = |value: &Value| text(&value["phase"]).to_owned();
    let found = result("voice", &["--phase", "griffin-lim", "--iterations", "2"]);
    assert_eq!(phase(&found), "griffin-lim 2");
    assert!(number(&found["convergence_db"]) < 0.0);
    let found = result("voice", &["--level", "peak", "--duration", "0.01"]);
    assert!((number(&found["peak"]) - 1.0).abs() < 1e-3, "{found}");
    let stems = found["stems"].as_array().unwrap();
    assert_eq!((stems.len(), whole(&stems[0]["frames"])), (1, 441));
    let slices = ["--overlap", "0.75", "--dropped-bins", "input"];
    let found = result("voice", &slices);
    assert_eq!(whole(&found["stems"][0]["frames"]), 15_435);
    // A network that answers phases uses them, unless another method is asked for.
    let style = ["--style", &song, "--style-at", "0.01"];
    assert_eq!(phase(&result("style", &style)), "predicted");
    let asked = [&style[..], &["--phase", "predicted"]].concat();
    assert_eq!(phase(&result("style", &asked)), "predicted");
    let asked = [&style[..], &["--phase", "zero"]].concat();
    assert_eq!(phase(&result("style", &asked)), "zero");
}

#[test]
fn activity_is_told_and_written() {
    let folder = shelf();
    let song = audio("s24.flac");
    let words = [
        "detect",
        &song,
        "--model",
        "ear",
        "--csv",
        "tables/ear.csv",
        "--json",
    ];
    let result = stemloom(folder.path(), &words)
        .expect(0)
        .events("result")
        .remove(0);
    let table = std::fs::read_to_string(folder.path().join("tables/ear.csv")).unwrap();
    assert!(table.starts_with("secs,probability\n"), "{table}");
    assert_eq!(table.lines().count(), 1 + whole(&result["windows"]));
    let active = number(&result["active_seconds"]);
    assert!((0.0..=number(&result["seconds"]) + 1e-9).contains(&active));
    stemloom(folder.path(), &words).expect(2);
    let human = stemloom(
        folder.path(),
        &["detect", &song, "--model", "ear.onnx", "--device", "cpu"],
    )
    .expect(0);
    assert!(human.stdout.contains("ear on cpu"), "{}", human.stdout);
    let two = ["detect", &song, &song, "--model", "ear", "--csv", "b.csv"];
    let run = stemloom(folder.path(), &two).expect(2);
    assert!(run.error_line().contains("--csv"), "{}", run.stderr);
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn the_right_command_is_named() {
    let folder = shelf();
    let song = audio("s24.flac");
    for (command, model, wanted) in [
        ("separate", "voice", "transfer"),
        ("separate", "ear", "detect"),
        ("transfer", "mask", "separate"),
        ("transfer", "ear", "detect"),
        ("transfer", "hpss", "separate"),
        ("detect", "voice", "transfer"),
        ("detect", "mask", "separate"),
    ] {
        let run = stemloom(folder.path(), &[command, &song, "--model", model]).expect(2);
        let command = format!("use `stemloom {wanted}`");
        assert!(run.error_line().contains(&command), "{}", run.stderr);
    }
}

#[test]
fn wrong_words_are_told() {
    let folder = shelf();
    let song = audio("s24.flac");
    let refused = |model: &str, more: &[&str]| {
        let mut words = vec!["transfer", &song, "--model", model];
        words.extend(more);
        stemloom(folder.path(), &words).expect(2).stderr
    };
    let cases: [(&str, &[&str], &str); 12] = [
        ("voice", &["--phase", "predicted"], "--phase"),
        ("voice", &["--phase", "sideways"], "predicted"),
        ("voice", &["--level", "loud"], "choose match, peak or none"),
        ("voice", &["--style-at", "1"], "--style"),
        ("voice", &["--style", &song], "style"),
        ("voice", &["--start", "1e6"], "start"),
        ("voice", &["--overlap", "0.95"], "overlap"),
        ("voice", &["--dropped-bins", "half"], "zero"),
        ("style", &[], "style"),
        (
            "style",
            &["--style", &song, "--style-at", "1e6"],
            "style-at",
        ),
        (
            "style",
            &["--style", &song, "--iterations", "3"],
            "--iterations",
        ),
        ("style", &["--style", "nothing.wav"], "nothing.wav"),
    ];
    for (model, more, said) in cases {
        let message = refused(model, more);
        assert!(message.contains(said), "{model} {more:?}: {message}");
    }
    let left: Vec<String> = files_in(folder.path());
    assert!(left.iter().all(|name| name.ends_with(".onnx")), "{left:?}");
}

// ---------------------------------------------------------------------------------------------
// Cards

fn card_refused(graph: &Graph, card: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    graph.write(&path, Some(card));
    let name = path.to_str().expect("a path in UTF-8");
    failure(ModelShelf::default().find(name, &BUILTIN_IDS)).to_string()
}

#[test]
fn wrong_cards_name_their_field() {
    let wrong: [(&str, fn(&mut Value)); 17] = [
        ("stems", |card| card["stems"] = json!(["a", "b"])),
        ("audio.channels", |card| {
            card["audio"]["channels"] = json!("stereo")
        }),
        ("segment.unit", |card| {
            card["segment"] = json!({ "length": 960 })
        }),
        ("segment.length", |card| {
            card["segment"]["length"] = json!(17)
        }),
        ("mel", |card| card["tensor"]["kind"] = json!("mel-mel")),
        ("mel.bands", |card| card["mel"] = json!({ "bands": 40 })),
        ("bins_kept", |card| {
            card["mel"] = json!({ "bands": 129 });
            card["bins_kept"] = json!(100);
        }),
        ("height", |card| card["height"] = json!(128)),
        ("height", |card| card["height"] = json!(130)),
        ("tensor.every_column", |card| {
            card["tensor"]["every_column"] = json!(true)
        }),
        ("tensor.input_channels", |card| {
            card["tensor"]["input_channels"] = json!("colour")
        }),
        ("tensor.input_channels", |card| {
            card["tensor"]["style"] = json!(true)
        }),
        ("tensor.output_channels", |card| {
            card["tensor"]["output_channels"] = json!("colour")
        }),
        ("tensor.output_channels", |card| {
            card["mel"] = json!({ "bands": 129 });
            card["tensor"]["output_channels"] = json!("colour");
        }),
        ("output.phase", |card| {
            card["output"] = json!({ "phase": "sideways" })
        }),
        ("output.phase", |card| {
            card["output"] = json!({ "phase": "predicted" })
        }),
        ("output.phase_iterations", |card| {
            card["output"] = json!({ "phase_iterations": 100_001 })
        }),
    ];
    let graph = Graph::identity(&dims(1, 129));
    for (i, (field, spoil)) in wrong.into_iter().enumerate() {
        let mut card = picture_card("picture-picture", "mono");
        spoil(&mut card);
        let message = card_refused(&graph, &card);
        assert!(
            message.contains(&format!("`{field}`")),
            "case {i}, {field}: {message}"
        );
    }
}

#[test]
fn cards_name_every_phase_method() {
    let mut methods = PhaseMethod::ALL.map(PhaseMethod::name).to_vec();
    methods.push("predicted");
    assert_eq!(CARD_PHASES.to_vec(), methods);
}
