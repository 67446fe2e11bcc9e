//! Recipes and runs in the window: stages before the training, curves, carrying on, what a network
//! begins with and how it leaves.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::dataset::Between;
use stemloom::gui::{App, LearnAction};
use stemloom::train::{Recipe, RunStatus, read_run};

use crate::train_run::{ADVERSARIAL, TINY, act, click, drop_on, ready, set, status, type_into};
use crate::window::{Window, open, press, see, wait};

const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);

const FIRST: &str = r#"
[[pretrain]]
name = "first"
training.epochs = 1
"#;

/// Starts the training and waits until `epochs` are known and it is over.
fn train(window: &mut Window, epochs: usize) {
    click(window, "Start training");
    finish(window, epochs);
}

fn finish(window: &mut Window, epochs: usize) {
    wait(window, "the end", |app| {
        status(app) == "Finished" && app.shown_epochs() == epochs && app.is_idle()
    });
}

/// Another window that was given the run in this folder.
fn seen_again(run: &Path, epochs: usize) -> Window {
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    act(&mut window, LearnAction::Device("cpu".into()));
    drop_on(&mut window, run);
    wait(&mut window, "the run", |app| app.shown_epochs() == epochs);
    window
}

/// Clicks something that may stand below the window's edge.
fn choose(window: &mut Window, label: &str) {
    window.get_by_label(label).click_accesskit();
    window.run_steps(3);
}

fn type_text(window: &mut Window, field: &str, text: &str) {
    let field = window.get_by_role_and_label(Role::TextInput, field);
    field.set_text_value_accesskit(text);
    window.run_steps(3);
}

/// A number as plots say it, of the sizes met here.
fn figure(value: f64) -> String {
    assert!((1e-3..1e5).contains(&value));
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn stages_before_the_training_are_told_from_it() {
    let (mut window, folder) = ready(&format!("{TINY}{FIRST}"));
    train(&mut window, 3);
    // Two epochs of the training, one of the stage before.
    see(&mut window, "Finished, 2 of 2 epochs");
    see(&mut window, "Preview of epoch 2:");
    choose(&mut window, "Earlier preview");
    see(&mut window, "Preview of epoch 1:");
    choose(&mut window, "Earlier preview");
    see(&mut window, "Preview of first, epoch 1:");
    choose(&mut window, "Play output");
    wait(&mut window, "the sound", |app| {
        app.previewed() == Some("output of first, epoch 1")
    });
    choose(&mut window, "Stop output");
    // The same from the disk.
    let mut other = seen_again(&folder.path().join("run"), 3);
    see(&mut other, "tiny · 2 of 2 epochs");
    see(&mut other, "Preview of epoch 2:");
    choose(&mut other, "Earlier preview");
    choose(&mut other, "Earlier preview");
    see(&mut other, "Preview of first, epoch 1:");
}

#[test]
fn curves_show_the_measure_that_is_chosen() {
    let recipe = TINY.replace("epochs = 2\n", "epochs = 2\nbest_by = \"l1\"\n");
    let (mut window, folder) = ready(&format!("{recipe}{ADVERSARIAL}"));
    train(&mut window, 2);
    let run = read_run(&folder.path().join("run")).unwrap();
    let best = run.best.unwrap().epoch;
    let row = run.history.iter().find(|row| row.epoch == best).unwrap();
    let valid = row.valid.unwrap();
    // That by which the best epoch is known; the best is on the curve.
    see(&mut window, "L1 of run: training");
    see(
        &mut window,
        &format!("best epoch {best} at {}", figure(valid.l1)),
    );
    window
        .get_by_role_and_label(Role::ComboBox, "Curve")
        .click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "Loss").click();
    window.run_steps(3);
    see(&mut window, "Loss of run: training");
    see(
        &mut window,
        &format!("best epoch {best} at {}", figure(valid.loss)),
    );
    assert!(valid.loss > 2.0 * valid.l1);
    // The discriminator while it learns: of validation too, and its rate.
    let text = format!(
        "discriminator (validation) {}",
        figure(run.history[1].valid.unwrap().discriminator.unwrap())
    );
    see(&mut window, &text);
    let rates = "Learning rate of run: generator 0.005, discriminator 0.005";
    see(&mut window, rates);
}

#[test]
fn a_finished_run_goes_on_to_more_epochs() {
    let (mut window, folder) = ready(TINY);
    train(&mut window, 2);
    set(&mut window, "Epochs to go to", 3.0);
    click(&mut window, "Resume");
    finish(&mut window, 3);
    let run = read_run(&folder.path().join("run")).unwrap();
    assert_eq!(run.record.resumed, 1);
    assert_eq!((run.recipe.training.epochs, run.history.len()), (3, 3));
    assert_eq!(run.record.device_wish.as_deref(), Some("cpu"));
}

#[test]
fn a_run_that_broke_down_goes_on_slower() {
    let (mut window, folder) = ready(TINY);
    train(&mut window, 2);
    drop(window);
    // As if it had come to numbers that are none.
    let path = folder.path().join("run");
    let text = std::fs::read_to_string(path.join("run.toml")).unwrap();
    let failed = "status = \"failed\"\n\
        reason = \"optimiser.learning_rate: training broke down at epoch 3\"";
    let broken = text.replace("status = \"finished\"", failed);
    assert_ne!(broken, text);
    std::fs::write(path.join("run.toml"), broken).unwrap();
    let mut window = seen_again(&path, 2);
    see(&mut window, "training broke down at epoch 3");
    set(&mut window, "Epochs to go to", 3.0);
    // A tenth of the rate is proposed.
    window.get_by_role_and_label(Role::SpinButton, "Learning rate to resume with");
    click(&mut window, "Resume");
    finish(&mut window, 3);
    let run = read_run(&path).unwrap();
    assert_eq!(run.record.status, RunStatus::Finished);
    assert!((run.recipe.optimiser.learning_rate - 0.0005).abs() < 1e-9);
    assert!((run.history[2].learning_rate - 0.0005).abs() < 1e-9);
    assert!((run.history[1].learning_rate - 0.005).abs() < 1e-9);
}

#[test]
fn a_discriminator_comes_with_the_loss_that_asks_for_it() {
    let (mut window, _folder) = ready(TINY);
    let value = |window: &Window, key: &str| window.state().recipe_value(key);
    let (filters, rate) = (
        "discriminator.base_filters",
        "discriminator_optimiser.learning_rate",
    );
    assert_eq!(value(&window, filters), None);
    choose(&mut window, "Loss");
    choose(&mut window, "loss.adversarial");
    assert_eq!(value(&window, filters).as_deref(), Some("64"));
    assert_eq!(value(&window, rate).as_deref(), Some("0.005"));
    choose(&mut window, "Discriminator");
    set(&mut window, filters, 2.0);
    assert_eq!(value(&window, filters).as_deref(), Some("2"));
    choose(&mut window, "loss.adversarial");
    assert_eq!(value(&window, filters), None);
    see(&mut window, "Nothing changed");
}

#[test]
fn a_range_is_one_row() {
    let range = "\n[examples.augment]\ngain_db = { low = -6.0, high = 6.0 }\n";
    let (mut window, folder) = ready(&format!("{TINY}{range}"));
    let key = "examples.augment.gain_db";
    let value = |window: &Window, key: &str| window.state().recipe_value(key);
    assert_eq!(value(&window, key).as_deref(), Some("-6..6"));
    assert_eq!(value(&window, "examples.augment.gain_db.low"), None);
    choose(&mut window, "Examples");
    type_text(&mut window, key, "-3..3");
    see(&mut window, "1 value changed");
    click(&mut window, "Save recipe…");
    let path = folder.path().join("mine.toml");
    type_text(&mut window, "Recipe file", &path.display().to_string());
    click(&mut window, "Save");
    let kept = Recipe::read(&path).unwrap();
    assert_eq!(kept.examples.augment.gain_db, Some(Between::new(-3.0, 3.0)));
}

#[test]
fn what_cannot_be_exported_is_told_before_the_training() {
    let (mut window, _folder) = ready(TINY);
    let words = "No export: examples.targets";
    assert!(window.query_by_label_contains(words).is_none());
    type_text(&mut window, "examples.targets", "guitar, bass");
    see(&mut window, words);
    choose(&mut window, "Reset examples.targets");
    assert!(window.query_by_label_contains(words).is_none());
}

#[test]
fn a_network_begins_with_weights_of_a_file() {
    let (mut window, folder) = ready(TINY);
    let none = folder.path().join("none.safetensors");
    type_into(&mut window, "Begin with weights", &none);
    click(&mut window, "Start training");
    wait(&mut window, "the failure", |app| {
        status(app).starts_with("Failed") && app.is_idle()
    });
    assert!(status(window.state()).contains("none.safetensors"));
}

#[test]
fn normalisation_is_folded_unless_it_is_to_stay() {
    let (mut window, folder) = ready(TINY);
    train(&mut window, 2);
    let file = folder.path().join("tiny.onnx");
    let norms = || {
        let bytes = std::fs::read(&file).unwrap();
        let name = b"BatchNormalization";
        bytes
            .windows(name.len())
            .filter(|part| **part == name[..])
            .count()
    };
    click(&mut window, "Export…");
    type_into(&mut window, "ONNX file", &file);
    choose(&mut window, "Write the file");
    see(&mut window, "Written: ");
    let folded = norms();
    choose(
        &mut window,
        "Fold batch normalisation into the convolutions",
    );
    choose(&mut window, "Replace a model of this name");
    choose(&mut window, "Write the file");
    wait(&mut window, "the file", App::is_idle);
    assert!(norms() > folded, "{folded}");
}

#[test]
fn a_list_is_typed_key_by_key() {
    let (mut window, _folder) = ready(TINY);
    let key = "examples.targets";
    let text = |window: &Window| window.state().recipe_value(key).unwrap();
    window.get_by_role_and_label(Role::TextInput, key).focus();
    window.run_steps(2);
    for letter in [",", " ", "b", "a", "s", "s", ",", " "] {
        let field = window.get_by_role_and_label(Role::TextInput, key);
        field.type_text(letter);
        window.run_steps(2);
    }
    // Spaces around it do not count.
    assert_eq!(text(&window), "guitar, bass,");
    see(&mut window, "keyboard to guitar, bass");
    // When it is left it is written as the recipe has it.
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.run_steps(2);
    assert_eq!(text(&window), "guitar, bass");
    see(&mut window, "1 value changed");
}

#[test]
fn another_recipe_ends_the_sweep_of_the_one_before() {
    let (mut window, _folder) = ready(TINY);
    choose(&mut window, "Sweep");
    set(&mut window, "Steps", 100_000.0);
    choose(&mut window, "Find learning rate");
    see(&mut window, "Stop looking");
    act(&mut window, LearnAction::Choose("generator".into()));
    wait(&mut window, "the end of the sweep", App::is_idle);
    assert_eq!(window.state().proposed_rate(), None);
    see(&mut window, "Find learning rate");
}

#[test]
fn a_run_that_is_replaced_does_not_show_the_old_one() {
    let (mut window, first) = ready(TINY);
    train(&mut window, 2);
    drop(window);
    // Another window, which has not been to the runs yet.
    let (mut window, _folder) = ready(TINY);
    type_text(
        &mut window,
        "Output folder",
        &first.path().join("run").display().to_string(),
    );
    click(&mut window, "Replace the run in this folder");
    click(&mut window, "Start training");
    let started = Instant::now();
    while status(window.state()) == "Preparing" {
        assert_eq!(window.state().shown_epochs(), 0);
        assert!(started.elapsed() < Duration::from_secs(60));
        window.step();
        std::thread::sleep(Duration::from_millis(4));
    }
    finish(&mut window, 2);
    see(&mut window, "Finished, 2 of 2 epochs");
}

#[test]
fn a_run_that_goes_on_cannot_be_taken_out_of_the_list() {
    let recipe = TINY.replace("epochs = 2", "epochs = 100000");
    let (mut window, folder) = ready(&recipe);
    let run = folder.path().join("run");
    click(&mut window, "Start training");
    act(&mut window, LearnAction::Forget(run.clone()));
    assert_eq!(window.state().settings().train_runs.len(), 1);
    press(&mut window, CTRL.plus(Modifiers::SHIFT), Key::G);
    wait(&mut window, "the stop", |app| {
        status(app).starts_with("Stopped") && app.is_idle()
    });
    act(&mut window, LearnAction::Forget(run));
    assert_eq!(window.state().settings().train_runs.len(), 0);
}

#[test]
fn weights_are_dropped_on_the_recipe() {
    let (mut window, folder) = ready(TINY);
    let file = folder.path().join("mine.safetensors");
    std::fs::write(&file, b"weights").unwrap();
    drop_on(&mut window, &file);
    window.run_steps(3);
    let field = window.get_by_role_and_label(Role::TextInput, "Begin with weights");
    assert_eq!(field.value(), Some(file.display().to_string()));
}

/// A second of a tone.
fn write_tone(path: &Path, hz: f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..8000 {
        let turn = std::f64::consts::TAU * hz * f64::from(i) / 8000.0;
        writer.write_sample((9000.0 * turn.sin()) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

#[test]
fn songs_are_left_out_of_the_same_folder_however_it_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    for (song, hz) in [("Alpha", 220.0), ("Alpha two", 330.0), ("Beta", 440.0)] {
        let place = music.join(song);
        std::fs::create_dir_all(&place).unwrap();
        write_tone(&place.join("vocals.wav"), hz);
        write_tone(&place.join("mixture.wav"), 1.25 * hz);
    }
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    drop_on(&mut window, &music);
    wait(&mut window, "the songs", |app| app.data_songs().len() == 3);
    choose(&mut window, "Leave out Alpha");
    // Typed with a slash at its end, and not looked through again.
    let typed = format!("{}/", music.display());
    type_text(&mut window, "Data folder", &typed);
    act(&mut window, LearnAction::Choose("unet-mask".into()));
    act(&mut window, LearnAction::Start);
    // The name of the song that is left out would take the other one with it.
    see(&mut window, "leave out both");
    assert_eq!(window.state().training_status(), None);
}
