//! Model cards: where they are, what they hold, and what is said of wrong ones.
//!
//! Order: definition by hand → (no stored values) → bad input. Only files made here are read, and
//! ONNX Runtime is not needed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stemloom::Error;
use stemloom::model::proto::GraphSummary;
use stemloom::model::{ModelCard, ModelShelf, TensorInfo, TensorKind};

use crate::common::{Graph, card, failure};

pub const FIXED: [Option<i64>; 3] = [None, Some(1), Some(1024)];

/// A good card for an identity on 1024 samples.
pub fn good_card(id: &str) -> Value {
    let mut card = card(id, "waveform-stems", "mono", &["all"]);
    card["segment"]["fixed"] = json!(true);
    card
}

fn find(path: &Path) -> stemloom::Result<(PathBuf, ModelCard)> {
    ModelShelf::default().find(path.to_str().expect("a path in UTF-8"), &[])
}

/// The field that a card is refused for, and the whole message.
fn refused(card: &Value) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    Graph::identity(&FIXED).write(&path, Some(card));
    let error = failure(find(&path));
    let message = error.to_string();
    assert!(message.ends_with(&path.display().to_string()), "{message}");
    match error {
        Error::Card { field, .. } => (field, message),
        other => panic!("not about the card: {other:?}"),
    }
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn a_card_travels_in_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    Graph::identity(&FIXED).write(&path, Some(&good_card("inside")));
    let (found, card) = find(&path).unwrap();
    assert_eq!(found, path);
    assert_eq!(
        (card.id.as_str(), card.tensor.kind, card.all_stems()),
        ("inside", TensorKind::WaveformStems, vec!["all".to_owned()])
    );
    // What the card leaves out has its documented value.
    assert_eq!(
        (
            card.segment.overlap,
            card.segment.border,
            card.output.compensate
        ),
        (0.25, 0, 1.0)
    );
    let graph = GraphSummary::read(&path).unwrap();
    let shape = vec![None, Some(1), Some(1024)];
    assert_eq!(
        graph.inputs,
        [TensorInfo {
            name: "x".into(),
            shape: shape.clone()
        }]
    );
    assert_eq!(
        graph.outputs,
        [TensorInfo {
            name: "y".into(),
            shape
        }]
    );
}

#[test]
fn a_card_beside_the_file_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    Graph::identity(&FIXED).write(&path, Some(&good_card("inside")));
    let beside = ModelCard::from_json(&good_card("beside").to_string(), &path).unwrap();
    let sidecar = folder.path().join("model.card.toml");
    std::fs::write(&sidecar, beside.to_toml().unwrap()).unwrap();
    assert_eq!(find(&path).unwrap().1, beside);

    // Also where it is broken: it is never passed over in silence.
    std::fs::write(&sidecar, "id = 'broken'").unwrap();
    let message = failure(find(&path)).to_string();
    assert!(message.ends_with("model.card.toml"), "{message}");
}

#[test]
fn cards_survive_both_of_their_forms() {
    let mut full = card("full", "magnitude-mask", "stereo", &["vocals", "drums"]);
    full["license"] = json!("MIT");
    full["scores"] = json!({ "sdr_db.vocals": 6.5 });
    full["stft"] = json!({ "n_fft": 4096, "win_length": 2048, "hop_length": 1024, "window": "sqrt-hann",
                           "symmetry": "symmetric", "center": false, "padding": "reflect",
                           "normalisation": "sqrt-n-fft" });
    full["zeroed_low_bins"] = json!(3);
    full["bins_kept"] = json!(1024);
    full["bin_fill"] = json!("average");
    full["scale"] = json!({ "kind": "log1p-16" });
    full["mel"] = json!({ "bands": 80, "fmax_hz": 8000.0 });
    full["segment"] =
        json!({ "length": 64, "unit": "columns", "fixed": true, "overlap": 0.5, "window": "hann" });
    full["output"] = json!({ "residual": "rest", "compensate": 1.03 });
    for value in [good_card("small"), full] {
        let path = Path::new("made up");
        let card = ModelCard::from_json(&value.to_string(), path).unwrap();
        assert_eq!(
            ModelCard::from_json(&card.to_json().unwrap(), path).unwrap(),
            card
        );
        let toml = card.to_toml().unwrap();
        assert_eq!(ModelCard::from_toml(&toml, path).unwrap(), card, "{toml}");
    }
}

#[test]
fn segments_in_columns_have_their_length_in_samples() {
    let mut value = card("columns", "magnitude-mask", "mono", &["all"]);
    value["stft"] = json!({ "n_fft": 512, "win_length": 512, "hop_length": 128 });
    value["segment"] = json!({ "length": 64, "unit": "columns" });
    let frames = |value: &Value| {
        ModelCard::from_json(&value.to_string(), Path::new(""))
            .unwrap()
            .segment_frames()
    };
    assert_eq!(frames(&value), 63 * 128);
    value["stft"]["center"] = json!(false);
    assert_eq!(frames(&value), 63 * 128 + 512);
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_cards_name_their_field() {
    let wrong: [(&str, fn(&mut Value)); 24] = [
        ("stems", |card| {
            card.as_object_mut().unwrap().remove("stems");
        }),
        ("stems", |card| card["stems"] = json!([])),
        ("stems", |card| card["stems"] = json!(["all", "all"])),
        ("stems", |card| {
            card["output"] = json!({ "residual": "all" })
        }),
        ("id", |card| card["id"] = json!("")),
        ("id", |card| card["id"] = json!("two words")),
        ("colour", |card| card["colour"] = json!("red")),
        ("audio.sample_rate_hz", |card| {
            card["audio"]["sample_rate_hz"] = json!(10)
        }),
        ("tensor.kind", |card| {
            card["tensor"]["kind"] = json!("mel-waveform")
        }),
        ("tensor.input", |card| {
            card["tensor"]["input"] = json!("nothing")
        }),
        ("tensor.outputs", |card| {
            card["tensor"]["outputs"] = json!(["nothing"])
        }),
        ("segment.length", |card| {
            card["segment"]["length"] = json!(0)
        }),
        ("segment.length", |card| {
            card["segment"]["length"] = json!(512)
        }),
        ("segment.length", |card| {
            card["segment"]["fixed"] = json!(false)
        }),
        ("segment.overlap", |card| {
            card["segment"]["overlap"] = json!(1.0)
        }),
        ("segment.overlap", |card| {
            card["segment"]["overlap"] = json!(-0.1)
        }),
        ("segment.border", |card| {
            card["segment"]["border"] = json!(512)
        }),
        ("segment.unit", |card| {
            card["segment"]["unit"] = json!("columns")
        }),
        ("output.compensate", |card| {
            card["output"] = json!({ "compensate": 0.0 })
        }),
        ("output.phase", |card| {
            card["output"] = json!({ "phase": "random" })
        }),
        ("stft", |card| {
            card["tensor"]["kind"] = json!("magnitude-mask")
        }),
        (
            "stft",
            |card| card["stft"] = json!({ "n_fft": 511, "win_length": 511, "hop_length": 128 }),
        ),
        ("bins_kept", |card| {
            card["stft"] = json!({ "n_fft": 512, "win_length": 512, "hop_length": 128 });
            card["bins_kept"] = json!(258);
        }),
        ("zeroed_low_bins", |card| {
            card["stft"] = json!({ "n_fft": 512, "win_length": 512, "hop_length": 128 });
            card["zeroed_low_bins"] = json!(258);
        }),
    ];
    for (i, (field, spoil)) in wrong.into_iter().enumerate() {
        let mut card = good_card("wrong");
        spoil(&mut card);
        let (named, message) = refused(&card);
        assert_eq!(named, field, "case {i}: {message}");
    }
}

/// A fixed graph and a card of another length: both numbers are told.
#[test]
fn a_wrong_length_is_told_with_both_lengths() {
    let mut card = good_card("short");
    card["segment"]["length"] = json!(512);
    let (_, message) = refused(&card);
    assert!(
        message.contains("1024") && message.contains("512"),
        "{message}"
    );
}

#[test]
fn an_unknown_kind_is_told_with_those_there_are() {
    let mut card = good_card("odd");
    card["tensor"]["kind"] = json!("hologram");
    let (_, message) = refused(&card);
    assert!(
        message.contains("hologram") && message.contains("magnitude-mask"),
        "{message}"
    );
}

#[test]
fn stems_and_outputs_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let graph = Graph::identity(&FIXED)
        .output("z", &FIXED)
        .node("Neg", &["x"], &["z"], &[]);
    let mut card = good_card("outputs");
    card["stems"] = json!(["a", "b", "c"]);
    graph.write(&path, Some(&card));
    match failure(find(&path)) {
        Error::Card { field, problem, .. } => {
            assert_eq!(
                (field.as_str(), problem.as_str()),
                ("stems", "3 stems but 2 outputs")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_graph_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    for bytes in [&b""[..], b"hello", &[0xFF; 100]] {
        std::fs::write(&path, bytes).unwrap();
        let error = failure(GraphSummary::read(&path));
        assert!(matches!(error, Error::Model { .. }), "{error:?}");
        assert!(error.to_string().ends_with("model.onnx"), "{error}");
    }
}
