//! What was trained as a model: every shipped recipe, tiny, from recordings through a step of training
//! to files that the program makes with it. That songs are fed as examples were is in `train_fed.rs`.
//!
//! Order: cards by hand → every recipe → bad input. Without ONNX Runtime most of these tests fail.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use stemloom::audio::peak;
use stemloom::model::{
    CardChannels, Device as RunDevice, ModelCard, ModelShelf, OnnxModel, Task, Tensor, TensorKind,
};
use stemloom::progress::Reporter;
use stemloom::spectral::MagnitudeScale;
use stemloom::train::{
    Checkpoint, Control, ExportOptions, Network, Plan, Recipe, RunOptions, TrainEvent, Weights,
    card_of, export, shipped_recipe, shipped_recipe_names,
};
use stemloom::{Error, apply};

use crate::cli::{files_in, read, stemloom};
use crate::common::{Rng, failure, max_abs_diff, need_runtime, noise, setting_name};
use crate::multitrack::{RATE_HZ, write, write_at};
use crate::train_common::{run, run_watched};
use crate::train_network::{tensor, values};

const FRAMES: usize = 6000;

/// Recordings of noise for every kind of recipe: instruments, songs in parts, speech.
pub fn recordings(folder: &Path, source: &str) -> PathBuf {
    let folder = folder.join(source);
    let parts: &[&str] = match source {
        "instruments" => &["keyboard", "guitar", "string"],
        "stems" => &["vocals", "drums"],
        _ => &["mixture", "clean", "degraded"],
    };
    for (i, name) in ["A", "B", "C"].into_iter().enumerate() {
        for (j, part) in parts.iter().enumerate() {
            let place = match source {
                "stems" => format!("{name}/{part}.wav"),
                _ => format!("{part}/{name}.wav"),
            };
            write(&folder.join(place), (10 * i + j) as u64, FRAMES);
        }
    }
    folder
}

/// A shipped recipe that learns in a moment, and the recordings that it needs.
pub fn tiny(name: &str) -> (Recipe, &'static str) {
    const SMALL: &str = "examples.sample_rate_hz=8000 examples.stft.n_fft=64 \
        examples.stft.win_length=64 examples.stft.hop_length=16";
    const UNET: &str = "network.base_filters=2 network.depth=3";
    let picture = format!("{SMALL} {UNET} examples.columns=16 examples.picture.bins_kept=16");
    let (source, own) = match name {
        "generator" => ("instruments", picture),
        "pix2pix" => (
            "instruments",
            format!("{picture} discriminator.base_filters=2"),
        ),
        "pix2pix-any" => (
            "instruments",
            format!("{picture} discriminator.base_filters=2 examples.targets=guitar,string"),
        ),
        "vocals2song" => (
            "stems",
            format!(
                "{SMALL} {UNET} discriminator.base_filters=2 examples.columns=32 \
                 examples.picture.bins_kept=32"
            ),
        ),
        "phase" => ("stems", picture),
        "unet-mel" => (
            "stems",
            "examples.sample_rate_hz=8000 examples.stft.n_fft=256 examples.stft.win_length=256 \
             examples.stft.hop_length=64 examples.picture.mel.bands=32 examples.columns=16 \
             examples.start_secs=0 network.base_filters=2 network.depth=2"
                .to_owned(),
        ),
        "unet-mask" => (
            "stems",
            format!(
                "{SMALL} {UNET} examples.stft.hop_length=48 examples.columns=16 \
                 examples.picture.bins_kept=32"
            ),
        ),
        "unet-mask-wide" => (
            "stems",
            format!("{SMALL} {UNET} examples.columns=16 examples.picture.bins_kept=32"),
        ),
        "ibm-cnn" | "ibm-cnn-deep" => {
            let dense = if name == "ibm-cnn" { "8" } else { "[8,6]" };
            (
                "stems",
                format!(
                    "examples.sample_rate_hz=8000 examples.stft.n_fft=512 \
                     examples.stft.win_length=128 examples.stft.hop_length=32 network.dense={dense}"
                ),
            )
        }
        "vad" => (
            "stems",
            format!("{SMALL} network.filters=2 network.dense=4"),
        ),
        "enhance-mel" => (
            "speech",
            format!("{UNET} discriminator.base_filters=2 examples.columns=32"),
        ),
        _ => panic!("{name} has no tiny form here"),
    };
    let all = "examples.examples_per_song=2 examples.valid_fraction=0.34 training.epochs=1 \
        training.steps_per_epoch=1 training.batch_size=2 training.threads=1 preview.secs=0";
    let changes: Vec<&str> = own
        .split_whitespace()
        .chain(all.split_whitespace())
        .collect();
    let mut recipe = shipped_recipe(name).unwrap();
    for stage in recipe.stage_names() {
        let change = format!("pretrain.{stage}.training.epochs=1");
        recipe = recipe.with_changes(&[change]).unwrap();
    }
    (recipe.with_changes(&changes).unwrap(), source)
}

/// A run of the tiny recipe.
pub fn trained(folder: &Path, name: &str) -> (Recipe, PathBuf) {
    let (recipe, source) = tiny(name);
    let data = recordings(folder, source);
    let out = folder.join("runs").join(name);
    run(&recipe, &data, &out);
    (recipe, out)
}

/// The run's best weights with more life in them: a change of the input shows in the answer.
pub fn enliven(out: &Path) {
    let path = Checkpoint::Best.network(out).expect("a best state");
    let mut weights = Weights::read_safetensors(&path).unwrap();
    let mut rng = Rng::new(3);
    for array in &mut weights.arrays {
        if array.name.ends_with(".weight") {
            let fan_in = match array.shape[..] {
                [fan_in, _] => fan_in,
                _ => array.values.len() / array.shape[0],
            };
            let spread = (3.0 / fan_in as f32).sqrt();
            array
                .values
                .iter_mut()
                .for_each(|x| *x = spread * rng.sample());
        }
    }
    std::fs::remove_file(&path).unwrap();
    weights
        .write_safetensors(&path, &Default::default())
        .unwrap();
}

/// What the exported part of the network answers, by burn.
pub fn by_network(out: &Path, recipe: &Recipe, input: &[f32]) -> Vec<f32> {
    let plan = plan(recipe);
    let mut network = Network::new(&plan, 0, &Device::flex()).unwrap();
    let path = Checkpoint::Best.network(out).unwrap();
    network
        .load(&Weights::read_safetensors(&path).unwrap())
        .unwrap();
    let [channels, rows, columns] = plan.input;
    let shape = [
        input.len() / (channels * rows * columns),
        channels,
        rows,
        columns,
    ];
    values(network.forward(tensor(input, shape, &Device::flex())))
}

fn plan(recipe: &Recipe) -> Plan {
    let shapes = recipe.examples.shapes().unwrap();
    recipe.plan(shapes).unwrap().exported()
}

/// An exported model as the program loads it.
pub fn loaded(path: &Path) -> apply::Network {
    need_runtime();
    let name = path.to_str().expect("a path in UTF-8");
    let (path, card) = ModelShelf::default().find(name, &[]).unwrap();
    let model = OnnxModel::load(&path, &RunDevice::Cpu, 1).unwrap();
    apply::Network::new(model, card).unwrap()
}

fn card(name: &str) -> ModelCard {
    card_of(&shipped_recipe(name).unwrap()).unwrap()
}

// ---------------------------------------------------------------------------------------------
// Cards by hand

#[test]
fn every_shipped_recipe_has_a_card() {
    for name in shipped_recipe_names() {
        let card = card(name);
        card.validate(Path::new(name)).unwrap();
        assert_eq!(card.id, name);
        assert_eq!(card.segment.overlap, 0.5, "{name}");
        assert!(card.segment.fixed, "{name}");
    }
    let mask = card("unet-mask");
    assert_eq!(mask.tensor.kind, TensorKind::MagnitudeMask);
    assert_eq!(mask.audio.channels, CardChannels::PerChannel);
    assert_eq!(mask.audio.sample_rate_hz, 8192);
    assert_eq!((mask.bins_kept, mask.segment.length), (Some(512), 128));
    assert_eq!(mask.all_stems(), ["vocals", "accompaniment"]);
    // As many samples as an example looks at; its ends count for nothing.
    assert_eq!(mask.segment_frames(), 127 * 768 + 1024);
    assert_eq!(mask.segment.border, 512);
    let pair = card("pix2pix");
    assert_eq!(pair.tensor.kind, TensorKind::PicturePicture);
    assert_eq!(
        (pair.task, pair.audio.channels),
        (Task::Transfer, CardChannels::Mono)
    );
    assert_eq!((pair.bins_kept, pair.height), (Some(256), None));
    assert_eq!(pair.all_stems(), ["guitar"]);
    let any = card("pix2pix-any");
    assert!(any.tensor.style && any.stems == ["styled"]);
    let mel = card("enhance-mel");
    assert_eq!(
        (mel.tensor.kind, mel.task),
        (TensorKind::MelMel, Task::Enhance)
    );
    assert_eq!((mel.num_bands(), mel.height), (80, Some(128)));
    for name in ["ibm-cnn", "ibm-cnn-deep"] {
        let labels = card(name);
        assert_eq!(labels.tensor.kind, TensorKind::MagnitudeMask);
        assert!(labels.tensor.every_column && labels.segment.length == 9);
    }
    let vad = card("vad");
    assert_eq!(
        (vad.tensor.kind, vad.task),
        (TensorKind::MagnitudeActivity, Task::Detect)
    );
    assert_eq!(card("vocals2song").tensor.num_planes(), 3);
    assert_eq!(card("phase").tensor.output_channels.count(), 2);
}

#[test]
fn what_cannot_be_run_on_songs_is_told_before_the_training() {
    let refused = |name: &str, changes: &[&str]| {
        let recipe = shipped_recipe(name).unwrap().with_changes(changes).unwrap();
        setting_name(card_of(&recipe).unwrap_err())
    };
    let two = ["examples.targets=vocals,drums"];
    assert_eq!(refused("unet-mel", &two), "examples.targets");
    let mut bent = shipped_recipe("unet-mask").unwrap();
    bent.examples.picture.scale = MagnitudeScale::Log1p16;
    let error = card_of(&bent).unwrap_err();
    assert_eq!(setting_name(error), "examples.picture.scale");
    assert_eq!(
        refused("ibm-cnn", &["examples.columns=8"]),
        "examples.columns"
    );
    let phases = ["examples.input=magnitude-phase"];
    assert_eq!(refused("unet-mask", &phases), "examples.input");
    // Several masks are several stems.
    let recipe = shipped_recipe("unet-mask")
        .unwrap()
        .with_changes(&two)
        .unwrap();
    assert_eq!(card_of(&recipe).unwrap().all_stems(), ["vocals", "drums"]);
}

// ---------------------------------------------------------------------------------------------
// Every recipe, to the files that a person gets

/// Trains, exports both ways, compares with burn, and runs the program on a short song.
fn to_the_end(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (recipe, out) = trained(folder.path(), name);
    let plan = plan(&recipe);
    let [channels, rows, columns] = plan.input;
    let input: Vec<f32> = noise(4, 2 * channels * rows * columns)
        .iter()
        .map(|x| x.abs())
        .collect();
    let expected = by_network(&out, &recipe, &input);
    need_runtime();
    for (checkpoint, fold_norm, file) in [
        (Checkpoint::Last, false, "plain.onnx"),
        (Checkpoint::Best, true, "net.onnx"),
    ] {
        let path = folder.path().join(file);
        let options = ExportOptions {
            checkpoint,
            fold_norm,
            ..ExportOptions::new(&path)
        };
        let exported = export(&out, &options).unwrap();
        assert!(exported.safetensors.is_file());
        let mut model = OnnxModel::load(&path, &RunDevice::Cpu, 1).unwrap();
        let input = Tensor {
            shape: vec![2, channels, rows, columns],
            data: input.clone(),
        };
        let outputs = ["output".to_owned()];
        let answers = model.run(("input", &input), &outputs, &Reporter::silent());
        let found = answers.unwrap().remove(0).data;
        let off = max_abs_diff(&found, &expected) / peak(&expected).max(1.0);
        assert!(off < 1e-4, "{name}, {file}: off by {off}");
        let card = exported.card;
        assert_eq!(card.id, file.trim_end_matches(".onnx"));
        assert!(card.training.contains(name), "{}", card.training);
        assert!(
            card.training.contains("hours of 2 songs"),
            "{}",
            card.training
        );
        assert!(card.scores.contains_key("valid.loss"), "{name}");
    }
    let card = loaded(&folder.path().join("net.onnx")).card().clone();
    let (frames, song) = (3001, folder.path().join("song.wav"));
    write_at(&song, RATE_HZ, &vec![noise(60, frames), noise(61, frames)]);
    let words = [
        "song.wav", "--model", "net.onnx", "--device", "cpu", "--json",
    ];
    let run = |command: &str, more: &[&str]| {
        let words = [&[command][..], &words[..], more].concat();
        stemloom(folder.path(), &words).expect(0)
    };
    match card.tensor.kind {
        TensorKind::MagnitudeActivity => {
            run("detect", &["--csv", "ear.csv"]);
            let table = std::fs::read_to_string(folder.path().join("ear.csv")).unwrap();
            assert!(table.lines().count() > 2, "{table}");
        }
        kind => {
            let mut more = vec!["--out", "out", "--format", "wav32f"];
            if card.tensor.style {
                more.extend(["--style", "song.wav"]);
            }
            let (command, channels) = match kind {
                TensorKind::MagnitudeMask => ("separate", 2),
                _ => ("transfer", 1),
            };
            run(command, &more);
            let made = files_in(&folder.path().join("out"));
            assert_eq!(made.len(), card.all_stems().len(), "{name}: {made:?}");
            for file in made {
                let clip = read(&folder.path().join("out").join(&file));
                let size = (clip.frames(), clip.num_channels());
                assert_eq!(size, (frames, channels), "{name}: {file}");
                let samples = clip.channels().concat();
                assert!(samples.iter().all(|x| x.is_finite()), "{name}: {file}");
            }
        }
    }
}

#[test]
fn timbre_recipes_become_models() {
    for name in ["pix2pix", "generator", "pix2pix-any"] {
        to_the_end(name);
    }
}

#[test]
fn picture_recipes_become_models() {
    for name in ["vocals2song", "phase", "unet-mel", "enhance-mel"] {
        to_the_end(name);
    }
}

#[test]
fn mask_recipes_become_models() {
    for name in ["unet-mask", "unet-mask-wide"] {
        to_the_end(name);
    }
}

#[test]
fn label_and_activity_recipes_become_models() {
    for name in ["ibm-cnn", "ibm-cnn-deep", "vad"] {
        to_the_end(name);
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn nothing_is_replaced_unasked_and_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out) = trained(folder.path(), "generator");
    let place = folder.path().join("made");
    let options = ExportOptions::new(place.join("my guitar.onnx"));
    let exported = export(&out, &options).unwrap();
    assert_eq!(exported.card.id, "my-guitar");
    let made = ["my guitar.onnx", "my guitar.safetensors"];
    assert_eq!(files_in(&place), made);
    let bytes = std::fs::read(&exported.path).unwrap();
    let again = failure(export(&out, &options));
    assert!(matches!(again, Error::Exists { .. }), "{again}");
    // A card beside it would win over the one inside.
    let sidecar = place.join("my guitar.card.toml");
    std::fs::write(&sidecar, "stale").unwrap();
    let overwrite = ExportOptions {
        overwrite: true,
        license: Some("CC0".to_owned()),
        name: Some("My guitar".to_owned()),
        id: Some("guitar".to_owned()),
        ..options
    };
    let card = export(&out, &overwrite).unwrap().card;
    assert_eq!(
        (card.id.as_str(), card.name.as_str(), card.license.as_str()),
        ("guitar", "My guitar", "CC0")
    );
    assert_eq!(files_in(&place), made);
    assert_ne!(std::fs::read(&exported.path).unwrap(), bytes);
    let refused = |change: fn(&mut ExportOptions)| {
        let mut options = ExportOptions::new(place.join("other.onnx"));
        change(&mut options);
        failure(export(&out, &options)).to_string()
    };
    assert!(refused(|o| o.out = "net.pt".into()).starts_with("out:"));
    assert!(refused(|o| o.id = Some("hpss".into())).starts_with("id:"));
    assert!(refused(|o| o.id = Some("a b".into())).contains("`id`"));
    assert_eq!(files_in(&place), made);
}

#[test]
fn runs_that_cannot_be_exported_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions::new(folder.path().join("net.onnx"));
    let nothing = failure(export(&folder.path().join("nothing"), &options));
    assert_eq!(setting_name(nothing), "run");

    let (_, out) = trained(folder.path(), "generator");
    let network = Checkpoint::Best.network(&out).unwrap();
    let whole = std::fs::read(&network).unwrap();
    std::fs::write(&network, &whole[..whole.len() / 2]).unwrap();
    let damaged = failure(export(&out, &options));
    assert!(matches!(damaged, Error::Malformed { .. }), "{damaged}");
    std::fs::remove_file(&network).unwrap();
    let other = Weights { arrays: Vec::new() };
    other
        .write_safetensors(&network, &Default::default())
        .unwrap();
    let foreign = failure(export(&out, &options)).to_string();
    assert!(foreign.ends_with("network.safetensors"), "{foreign}");
    std::fs::remove_dir_all(network.parent().unwrap()).unwrap();
    assert_eq!(setting_name(failure(export(&out, &options))), "checkpoint");
    let last = ExportOptions {
        checkpoint: Checkpoint::Last,
        ..options.clone()
    };
    export(&out, &last).unwrap();

    // A stage before the last learns something else.
    let (recipe, source) = tiny("ibm-cnn-deep");
    let data = recordings(folder.path(), source);
    let out = folder.path().join("early");
    let mut stop = |event| match event {
        TrainEvent::Step { .. } => Control::Stop,
        _ => Control::Go,
    };
    run_watched(&recipe, &data, &out, &RunOptions::default(), &mut stop).unwrap();
    let early = ExportOptions {
        out: folder.path().join("early.onnx"),
        ..last
    };
    let error = failure(export(&out, &early));
    assert!(error.to_string().contains("stage 1 of 2"), "{error}");
    assert_eq!(setting_name(error), "run");
}
