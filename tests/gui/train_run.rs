//! The Recipe and Runs sections of the Train workspace, by label and key: tiny networks on tiny
//! data, on the processor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{Action, App, LearnAction, TrainAction};
use stemloom::train::{Recipe, RunStatus, read_run};

use crate::window::{Dropped, Window, open, press, see, wait};

const ALT: Modifiers = Modifiers::ALT;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);

pub const TINY: &str = r#"
name = "tiny"
title = "A tiny network"

[examples]
preset = "timbre"
sample_rate_hz = 8000
columns = 16
valid_fraction = 0.25

[examples.stft]
n_fft = 64
win_length = 64
hop_length = 32

[examples.picture]
bins_kept = 16

[network]
kind = "unet-pix2pix"
base_filters = 2
depth = 3
dropout_levels = 1

[optimiser]
learning_rate = 0.005

[training]
epochs = 2
batch_size = 4
threads = 1

[preview]
secs = 0.5
"#;

/// What makes the recipe adversarial.
pub const ADVERSARIAL: &str = r#"
[loss]
adversarial = true

[discriminator]
kind = "patch-discriminator"
base_filters = 2
"#;

/// `keyboard` and `guitar` with the same four pieces of a second.
fn instruments(folder: &Path) -> PathBuf {
    let folder = folder.join("data");
    for (i, piece) in ["one", "two", "three", "four"].iter().enumerate() {
        let hz = 300.0 + 90.0 * i as f64;
        for (name, overtones) in [("keyboard", 1), ("guitar", 4)] {
            let place = folder.join(name);
            std::fs::create_dir_all(&place).unwrap();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 8000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let path = place.join(format!("{piece}.wav"));
            let mut file = hound::WavWriter::create(path, spec).unwrap();
            for n in 0..8000 {
                let secs = f64::from(n) / 8000.0;
                let sum: f64 = (1..=overtones)
                    .map(|k| (std::f64::consts::TAU * hz * f64::from(k) * secs).sin())
                    .sum();
                file.write_sample((6000.0 * sum / f64::from(overtones)) as i16)
                    .unwrap();
            }
            file.finalize().unwrap();
        }
    }
    folder
}

/// A window on the Recipe section with the tiny recipe, data, and an output folder.
pub fn ready(recipe: &str) -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let file = folder.path().join("tiny.toml");
    std::fs::write(&file, recipe).unwrap();
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    type_into(&mut window, "Data folder", &data);
    press(&mut window, ALT, Key::Num4);
    wait(&mut window, "the recipes", |app| {
        app.recipe_value("training.epochs").is_some()
    });
    let device = LearnAction::Device("cpu".into());
    act(&mut window, device);
    drop_on(&mut window, &file);
    wait(&mut window, "the recipe", |app| {
        app.recipe_value("network.base_filters").as_deref() == Some("2")
    });
    type_out(&mut window, &folder.path().join("run"));
    (window, folder)
}

pub fn act(window: &mut Window, action: LearnAction) {
    let ctx = window.ctx.clone();
    let action = Action::Train(TrainAction::Learn(action));
    window.state_mut().act(action, &ctx);
    window.run_steps(2);
}

pub fn drop_on(window: &mut Window, path: &Path) {
    let dropped = Dropped(path.into());
    window.input_mut().dropped_files.push(Arc::new(dropped));
    window.step();
}

pub fn type_into(window: &mut Window, field: &str, text: &Path) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.run_steps(2);
    let field = window.get_by_role_and_label(Role::TextInput, field);
    field.type_text(&text.display().to_string());
    window.run_steps(2);
}

/// The field holds a proposal, which is replaced.
pub fn type_out(window: &mut Window, path: &Path) {
    let field = window.get_by_role_and_label(Role::TextInput, "Output folder");
    field.set_text_value_accesskit(&path.display().to_string());
    window.run_steps(3);
}

pub fn click(window: &mut Window, label: &str) {
    // Not by the pointer: what workers answer may move things under it.
    window.get_by_label(label).click_accesskit();
    window.run_steps(3);
}

pub fn set(window: &mut Window, key: &str, value: f64) {
    let field = window.get_by_role_and_label(Role::SpinButton, key);
    field.set_value_accesskit(value);
    window.run_steps(3);
}

pub fn status(app: &App) -> String {
    app.training_status().unwrap_or_default()
}

/// So many epochs of a tiny network that it goes on until it is stopped.
fn endless() -> String {
    TINY.replace("epochs = 2", "epochs = 100000")
        .replace("secs = 0.5", "secs = 0")
}

#[test]
fn a_network_is_trained_and_its_previews_are_seen_and_heard() {
    let (mut window, folder) = ready(TINY);
    see(&mut window, "keyboard to guitar");
    click(&mut window, "Start training");
    wait(&mut window, "the end", |app| {
        status(app) == "Finished" && app.shown_epochs() == 2 && app.is_idle()
    });
    let run = read_run(&folder.path().join("run")).unwrap();
    assert_eq!(run.record.status, RunStatus::Finished);
    assert_eq!(run.history.len(), 2);
    assert!(window.state().settings().train_runs[0].ends_with("run"));
    see(&mut window, "Loss of run: training");
    see(&mut window, "processor");
    see(&mut window, "Preview of epoch 2");
    click(&mut window, "Earlier preview");
    see(&mut window, "Preview of epoch 1");
    click(&mut window, "Play output");
    wait(&mut window, "the sound", |app| {
        app.previewed() == Some("output of epoch 1")
    });
    click(&mut window, "Stop output");
    assert_eq!(window.state().previewed(), None);
    // Finished: nothing is left to be carried on, unless more epochs are asked for.
    click(&mut window, "Resume");
    assert_eq!(status(window.state()), "Finished");
}

#[test]
fn a_training_pauses_stops_and_is_resumed() {
    let (mut window, folder) = ready(&endless());
    press(&mut window, CTRL, Key::G);
    wait(&mut window, "an epoch", |app| app.shown_epochs() > 0);
    click(&mut window, "Pause");
    wait(&mut window, "the pause", |app| status(app) == "Paused");
    let before = window.state().shown_epochs();
    // A state within the run is on the disk while it stands still.
    assert!(folder.path().join("run/checkpoints/last").is_dir());
    click(&mut window, "Go on");
    wait(&mut window, "another epoch", |app| {
        app.shown_epochs() > before
    });
    press(&mut window, CTRL.plus(Modifiers::SHIFT), Key::G);
    wait(&mut window, "the stop", |app| {
        status(app).starts_with("Stopped") && app.is_idle()
    });
    let stopped = read_run(&folder.path().join("run")).unwrap();
    assert_eq!(stopped.record.status, RunStatus::Stopped);
    let done = stopped.history.len();
    assert!(done > before);
    click(&mut window, "Resume");
    wait(&mut window, "an epoch more", |app| {
        app.shown_epochs() > done
    });
    // Closing the window saves too.
    drop(window);
    let closed = read_run(&folder.path().join("run")).unwrap();
    assert_eq!(closed.record.status, RunStatus::Stopped);
    assert_eq!(closed.record.resumed, 1);
    let epochs: Vec<usize> = closed.history.iter().map(|row| row.epoch).collect();
    assert_eq!(epochs, (1..=epochs.len()).collect::<Vec<_>>());
    assert!(epochs.len() > done);
}

#[test]
fn a_changed_recipe_is_kept_as_a_file() {
    let (mut window, folder) = ready(TINY);
    set(&mut window, "training.epochs", 5.0);
    click(&mut window, "Save recipe…");
    let path = folder.path().join("mine.toml");
    let field = window.get_by_role_and_label(Role::TextInput, "Recipe file");
    field.set_text_value_accesskit(&path.display().to_string());
    window.run_steps(2);
    click(&mut window, "Save");
    let kept = Recipe::read(&path).unwrap();
    assert_eq!((kept.training.epochs, kept.name.as_str()), (5, "mine"));
    // The form goes on with it, nothing changed, and lists remember it.
    see(&mut window, "Nothing changed");
    see(&mut window, "A tiny network (mine)");
    let known = &window.state().settings().train_recipes;
    assert_eq!(known[0], path.display().to_string());
    // What is there is not replaced by what was typed.
    click(&mut window, "Save recipe…");
    let field = window.get_by_role_and_label(Role::TextInput, "Recipe file");
    field.set_text_value_accesskit(&path.display().to_string());
    window.run_steps(2);
    click(&mut window, "Save");
    see(&mut window, "exists");
    click(&mut window, "Cancel");
    see(&mut window, "Save recipe…");
    assert!(window.query_by_label("Recipe file").is_none());
}

#[test]
fn what_is_learned_before_is_set_too() {
    let stage = "\n[[pretrain]]\nname = \"first\"\ntraining.epochs = 1\n";
    let (mut window, _folder) = ready(&format!("{TINY}{stage}"));
    let key = "pretrain.first.training.epochs";
    assert_eq!(window.state().recipe_value(key).as_deref(), Some("1"));
    click(&mut window, "Pre-training");
    set(&mut window, key, 4.0);
    assert_eq!(window.state().recipe_value(key).as_deref(), Some("4"));
    let of_all = window.state().recipe_value("training.epochs");
    assert_eq!(of_all.as_deref(), Some("2"));
    // A stage follows the recipe in what it does not say itself.
    set(&mut window, "training.batch_size", 2.0);
    let batch = window
        .state()
        .recipe_value("pretrain.first.training.batch_size");
    assert_eq!(batch.as_deref(), Some("2"));
}

#[test]
fn keys_with_alt_are_not_typed_into_fields() {
    let (mut window, folder) = ready(TINY);
    let field = |window: &Window| {
        let field = window.get_by_role_and_label(Role::TextInput, "Output folder");
        field.value().unwrap_or_default()
    };
    window
        .get_by_role_and_label(Role::TextInput, "Output folder")
        .focus();
    window.run_steps(2);
    // As X11 sends them: the key, then its character.
    window.input_mut().events.extend([
        Event::Key {
            key: Key::Num4,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: ALT,
        },
        Event::Text("4".into()),
    ]);
    window.run_steps(2);
    assert_eq!(
        field(&window),
        folder.path().join("run").display().to_string()
    );
    // What is typed by itself still arrives.
    window.input_mut().events.push(Event::Text("4".into()));
    window.run_steps(2);
    assert_eq!(
        field(&window).len(),
        folder.path().join("run").display().to_string().len() + 1
    );
}

#[test]
fn a_wrong_value_is_told_and_set_back() {
    let (mut window, _folder) = ready(TINY);
    set(&mut window, "training.epochs", 0.0);
    see(&mut window, "must be 1 or more");
    // Nothing can be begun with it.
    press(&mut window, CTRL, Key::G);
    assert_eq!(window.state().training_status(), None);
    see(&mut window, "training.epochs: must be 1 or more");
    click(&mut window, "Reset training.epochs");
    assert_eq!(
        window.state().recipe_value("training.epochs").as_deref(),
        Some("2")
    );
    assert!(window.query_by_label("Reset training.epochs").is_none());
    // A size that the network cannot have.
    set(&mut window, "network.depth", 9.0);
    let depth = window.state().recipe_value("network.depth");
    assert_eq!(depth.as_deref(), Some("9"));
    press(&mut window, CTRL, Key::G);
    assert_eq!(window.state().training_status(), None);
    click(&mut window, "Reset network.depth");
    // A right value is taken over and marked.
    set(&mut window, "training.epochs", 3.0);
    see(&mut window, "1 value changed");
    window.get_by_label("Reset training.epochs");
}

#[test]
fn data_of_the_wrong_kind_and_a_run_in_the_way_are_told_in_place() {
    let (mut window, folder) = ready(TINY);
    let run = folder.path().join("run");
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    click(&mut window, "Start training");
    wait(&mut window, "the failure", |app| {
        status(app).starts_with("Failed") && app.is_idle()
    });
    let status_now = status(window.state());
    see(&mut window, status_now.trim_start_matches("Failed: "));
    // Nothing was begun, so nothing is in the way.
    assert!(!run.exists());
    instruments(folder.path());
    press(&mut window, ALT, Key::Num4);
    type_out(&mut window, &run);
    click(&mut window, "Start training");
    wait(&mut window, "the first end", |app| {
        status(app) == "Finished" && app.is_idle()
    });
    // The folder holds a run now.
    press(&mut window, ALT, Key::Num4);
    type_out(&mut window, &run);
    click(&mut window, "Start training");
    wait(&mut window, "the second failure", |app| {
        status(app).contains("already exists") && app.is_idle()
    });
    press(&mut window, ALT, Key::Num4);
    type_out(&mut window, &run);
    click(&mut window, "Replace the run in this folder");
    click(&mut window, "Start training");
    wait(&mut window, "the end", |app| {
        status(app) == "Finished" && app.is_idle()
    });
    // Without a data folder nothing begins.
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    press(&mut window, ALT, Key::Num4);
    wait(&mut window, "the recipes", |app| {
        app.recipe_value("training.epochs").is_some()
    });
    press(&mut window, CTRL, Key::G);
    see(
        &mut window,
        "Choose a data folder in the Data section first",
    );
    assert_eq!(window.state().training_status(), None);
}

#[test]
fn a_learning_rate_is_found_and_taken_over() {
    let (mut window, _folder) = ready(TINY);
    click(&mut window, "Find learning rate");
    wait(&mut window, "a rate", |app| {
        app.proposed_rate().is_some() && app.is_idle()
    });
    let rate = window.state().proposed_rate().unwrap();
    see(&mut window, "Learning rates, steepest: generator");
    click(&mut window, &format!("Use {rate} for the network"));
    let taken = window.state().recipe_value("optimiser.learning_rate");
    let taken: f64 = taken.unwrap().parse().unwrap();
    let proposed: f64 = rate.parse().unwrap();
    assert!((taken - proposed).abs() < 1e-12);
    window.get_by_label("Reset optimiser.learning_rate");
}

#[test]
fn a_run_is_opened_from_its_folder() {
    let (mut window, folder) = ready(TINY);
    click(&mut window, "Start training");
    wait(&mut window, "the end", |app| {
        status(app) == "Finished" && app.is_idle()
    });
    let mut other = open(Vec::new());
    other.run_steps(2);
    press(&mut other, CTRL, Key::Num3);
    drop_on(&mut other, &folder.path().join("run"));
    wait(&mut other, "the run", |app| app.shown_epochs() == 2);
    see(&mut other, "tiny · 2 of 2 epochs");
    see(&mut other, "Preview of epoch 2");
    see(&mut other, "epoch 2");
    let file = folder.path().join("tiny.onnx");
    click(&mut other, "Export…");
    type_into(&mut other, "ONNX file", &file);
    click(&mut other, "Write the file");
    see(&mut other, "Written: ");
    assert!(file.is_file());
}
