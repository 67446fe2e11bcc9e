//! The program itself: what other programs read (`--json`), models and networks.

use std::path::Path;

use serde_json::json;

use crate::cli::{audio, read, stemloom};
use crate::common::{Graph, card, max_abs_diff, need_runtime, text, whole};

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
