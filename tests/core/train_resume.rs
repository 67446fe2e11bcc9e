//! Interrupted runs come to the same numbers as others: between epochs, inside them, between
//! stages, and after a kill at any moment of writing a state.

use std::path::Path;

use stemloom::train::{
    Checkpoint, Control, HistoryRow, Recipe, RunOptions, TrainEvent, read_history, read_run,
};

use crate::train_common::{
    instruments, resumed, run, run_watched, state_files, tiny, tiny_adversarial,
};

/// Both states to the bit, and the history but for the times.
fn assert_same(a: &Path, b: &Path) {
    for checkpoint in [Checkpoint::Last, Checkpoint::Best] {
        let (first, second) = (state_files(a, checkpoint), state_files(b, checkpoint));
        assert_eq!(first.len(), second.len());
        for ((name, first), (_, second)) in first.iter().zip(&second) {
            if name.ends_with(".safetensors") {
                assert!(first == second, "{checkpoint:?}: {name} differs");
            }
        }
    }
    let rows = |run: &Path| -> Vec<HistoryRow> {
        let mut rows = read_history(&run.join("history.csv")).unwrap();
        rows.iter_mut().for_each(|row| row.secs = 0.0);
        rows
    };
    assert_eq!(rows(a), rows(b));
}

/// Runs until a step, then leaves.
fn interrupted(recipe: &Recipe, data: &Path, out: &Path, last_step: u64, resume: bool) {
    let options = RunOptions {
        resume,
        ..RunOptions::default()
    };
    run_watched(recipe, data, out, &options, &mut |event| match event {
        TrainEvent::Step { step, .. } if step >= last_step => Control::Stop,
        _ => Control::Go,
    })
    .unwrap();
}

#[test]
fn two_epochs_and_two_more_are_four() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    run(&tiny(&["training.epochs=4"]), &data, &whole);
    run(&tiny(&["training.epochs=2"]), &data, &parts);
    let summary = resumed(&tiny(&["training.epochs=4"]), &data, &parts);
    assert_eq!(summary.epochs, 4);
    assert_same(&whole, &parts);
    assert_eq!(read_run(&parts).unwrap().record.resumed, 1);
    // Once more changes nothing.
    resumed(&tiny(&["training.epochs=4"]), &data, &parts);
    assert_same(&whole, &parts);
}

#[test]
fn an_epoch_can_be_left_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny(&[
        "schedule.kind=plateau",
        "schedule.patience=1",
        "training.clip_norm=0.5",
        "optimiser.weight_decay=0.01",
    ]);
    let whole = folder.path().join("whole");
    let steps = run(&recipe, &data, &whole).steps;
    // First and last steps of an epoch among them.
    for stop in [1, steps / 2 - 1, steps / 2, steps / 2 + 3, steps] {
        let parts = folder.path().join(format!("parts-{stop}"));
        interrupted(&recipe, &data, &parts, stop, false);
        resumed(&recipe, &data, &parts);
        assert_same(&whole, &parts);
    }
}

#[test]
fn adversaries_are_carried_on_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny_adversarial(&["optimiser.kind=adamw", "optimiser.weight_decay=0.01"]);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    run(&recipe, &data, &whole);
    interrupted(&recipe, &data, &parts, 5, false);
    interrupted(&recipe, &data, &parts, 9, true);
    resumed(&recipe, &data, &parts);
    assert_same(&whole, &parts);
}

#[test]
fn stages_follow_each_other_wherever_they_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let text = format!(
        "{}\n[[pretrain]]\nname = \"first\"\nloss.kind = \"mse\"\ntraining.epochs = 1\n\
         training.steps_per_epoch = 4\noptimiser.learning_rate = 0.01\n",
        tiny(&["training.epochs=1", "training.steps_per_epoch=4"])
            .to_toml()
            .unwrap()
    );
    let recipe = Recipe::parse(&text, Path::new("stages.toml")).unwrap();
    let whole = folder.path().join("whole");
    let mut stages = Vec::new();
    let summary = run_watched(
        &recipe,
        &data,
        &whole,
        &RunOptions::default(),
        &mut |event| {
            if let TrainEvent::Started { stage, .. } = event {
                stages.push(stage);
            }
            Control::Go
        },
    )
    .unwrap();
    assert_eq!(stages, [0, 1]);
    assert_eq!(summary.steps, 8);
    let rows = read_history(&whole.join("history.csv")).unwrap();
    let places: Vec<(usize, u64)> = rows.iter().map(|row| (row.stage, row.step)).collect();
    assert_eq!(places, [(0, 4), (1, 8)]);
    assert_ne!(rows[0].train.loss, rows[0].train.l1);
    assert_eq!(rows[1].train.loss, rows[1].train.l1);
    for stop in [2, 4, 6] {
        let parts = folder.path().join(format!("parts-{stop}"));
        interrupted(&recipe, &data, &parts, stop, false);
        resumed(&recipe, &data, &parts);
        assert_same(&whole, &parts);
    }
}

#[test]
fn a_kill_while_a_state_changes_over_leaves_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny(&["training.steps_per_epoch=3"]);
    let whole = folder.path().join("whole");
    run(&recipe, &data, &whole);
    let places = |run: &Path| {
        let folder = run.join("checkpoints");
        [".last-new", "last", ".last-old"].map(|name| folder.join(name))
    };

    // Killed while the new one was being written: it lacks its state.
    let parts = folder.path().join("half-written");
    interrupted(&recipe, &data, &parts, 2, false);
    let [new, last, _] = places(&parts);
    std::fs::create_dir(&new).unwrap();
    std::fs::write(new.join("network.safetensors"), "half").unwrap();
    assert_eq!(Checkpoint::Last.path(&parts), Some(last));
    resumed(&recipe, &data, &parts);
    assert_same(&whole, &parts);

    // Killed after the old one was moved aside: the new one is whole.
    let parts = folder.path().join("between");
    interrupted(&recipe, &data, &parts, 2, false);
    let [new, last, old] = places(&parts);
    std::fs::rename(&last, &new).unwrap();
    std::fs::create_dir(&old).unwrap();
    assert_eq!(Checkpoint::Last.path(&parts), Some(new));
    resumed(&recipe, &data, &parts);
    assert_same(&whole, &parts);

    // Only the old one is left.
    let parts = folder.path().join("old");
    interrupted(&recipe, &data, &parts, 2, false);
    let [_, last, old] = places(&parts);
    std::fs::rename(&last, &old).unwrap();
    resumed(&recipe, &data, &parts);
    assert_same(&whole, &parts);
}

#[test]
fn checkpoints_within_an_epoch_are_written_as_often_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny(&[
        "training.epochs=1",
        "training.steps_per_epoch=7",
        "training.checkpoint_steps=2",
    ]);
    let out = folder.path().join("run");
    let mut states = Vec::new();
    let mut steps = 0;
    run_watched(&recipe, &data, &out, &RunOptions::default(), &mut |event| {
        match event {
            TrainEvent::Step { step, .. } => steps = step,
            TrainEvent::Checkpoint { checkpoint, .. } => states.push((checkpoint, steps)),
            _ => {}
        }
        Control::Go
    })
    .unwrap();
    let (last, best) = (Checkpoint::Last, Checkpoint::Best);
    assert_eq!(
        states,
        [(last, 2), (last, 4), (last, 6), (best, 7), (last, 7)]
    );
}

#[test]
fn other_songs_are_not_taken_for_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny(&[]);
    let out = folder.path().join("run");
    interrupted(&recipe, &data, &out, 1, false);
    for name in ["keyboard", "guitar"] {
        std::fs::remove_file(data.join(name).join("two.wav")).unwrap();
    }
    let options = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let result = run_watched(&recipe, &data, &out, &options, &mut |_| Control::Go);
    let error = crate::common::failure(result).to_string();
    assert!(error.starts_with("data: "), "{error}");
}
