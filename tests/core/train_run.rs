//! Runs of training from the first step to the last: losses, stops, schedules, breakdowns.

use std::path::Path;
use std::sync::{Arc, Mutex};

use stemloom::Error;
use stemloom::dataset::ExampleSet;
use stemloom::progress::{CancelToken, Event, Reporter};
use stemloom::train::{
    Checkpoint, Control, Losses, Recipe, RunOptions, RunStatus, TrainDevice, TrainEvent, Weights,
    choose, lr_find, read_run, train,
};

use crate::cli::stemloom;
use crate::common::{failure, repo, setting_name};
use crate::train_common::{instruments, run, run_watched, state_files, tiny, tiny_adversarial};

#[test]
fn a_generator_learns() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&[
        "training.epochs=6",
        "optimiser.learning_rate=0.01",
        "network.dropout=0",
    ]);
    let mut steps = 0;
    let mut started = None;
    let summary = run_watched(&recipe, &data, &out, &RunOptions::default(), &mut |event| {
        match event {
            TrainEvent::Started {
                batches,
                epochs,
                parameters,
                discriminator_parameters,
                train_examples,
                valid_examples,
                ..
            } => {
                assert_eq!(discriminator_parameters, None);
                assert!(train_examples > valid_examples && valid_examples > 0);
                assert_eq!(batches, train_examples / 4);
                started = Some((batches, epochs, parameters));
            }
            TrainEvent::Step { step, losses, .. } => {
                steps += 1;
                assert_eq!(step, steps);
                // The loss is the distance itself.
                assert_eq!(losses.loss, losses.l1);
            }
            _ => {}
        }
        Control::Go
    })
    .unwrap();
    let (batches, epochs, parameters) = started.unwrap();
    assert_eq!(steps, (batches * epochs) as u64);
    assert_eq!(summary.steps, steps);
    assert_eq!(summary.parameters, parameters);
    assert_eq!(summary.status, RunStatus::Finished);
    assert!(summary.examples_per_sec > 0.0);

    let run = read_run(&out).unwrap();
    assert_eq!(run.history.len(), 6);
    let first = run.history[0].train.l1;
    let last = run.history[5].train.l1;
    assert!(last < 0.8 * first, "{first} to {last}");
    // The best epoch is the one with the lowest validation loss.
    let least = run.history.iter().map(|row| row.valid.unwrap().loss);
    let least = least.reduce(f64::min).unwrap();
    assert_eq!(run.best.unwrap().loss, least);
    assert_eq!(summary.best, run.best);
}

#[test]
fn adversaries_learn_together() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    // So slow that the discriminator goes on guessing.
    let slow = "discriminator_optimiser.learning_rate=1e-5";
    let recipe = tiny_adversarial(&["loss.l1_weight=10", "training.clip_norm=1", slow]);
    let summary = run(&recipe, &data, &out);
    let run = read_run(&out).unwrap();
    for row in &run.history {
        for losses in [row.train, row.valid.unwrap()] {
            let adversarial = losses.adversarial.unwrap();
            let sum = adversarial + 10.0 * losses.l1;
            assert!((losses.loss - sum).abs() < 1e-3 * sum, "{losses:?}");
            assert!(losses.discriminator.unwrap() > 0.0);
        }
        assert!(row.discriminator_learning_rate.is_some());
    }
    // A guess costs 2 ln 2.
    let guess = run.history[0].train.discriminator.unwrap();
    assert!((0.5..2.5).contains(&guess), "{guess}");
    assert!(summary.train.unwrap().adversarial.is_some());
    let files = state_files(&out, Checkpoint::Last);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "discriminator.safetensors",
            "network.safetensors",
            "optimiser.safetensors",
            "state.toml"
        ]
    );
    let halved = tiny_adversarial(&["loss.halve_discriminator=true", "training.epochs=1", slow]);
    let out = folder.path().join("halved");
    let summary = crate::train_common::run(&halved, &data, &out);
    let half = summary.train.unwrap().discriminator.unwrap();
    assert!(half < 0.75 * guess, "{half} against {guess}");
}

#[test]
fn training_ends_when_nothing_gets_better() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    // No epoch can be better by ten.
    let recipe = tiny(&[
        "training.epochs=9",
        "training.patience=2",
        "training.min_delta=10",
        "training.steps_per_epoch=2",
    ]);
    let summary = run(&recipe, &data, &out);
    assert_eq!(summary.status, RunStatus::StoppedEarly);
    assert_eq!(summary.epochs, 3);
    assert_eq!(summary.steps, 6);
    assert_eq!(summary.best.unwrap().epoch, 1);
}

#[test]
fn rates_follow_their_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let rates = |name: &str, changes: &[&str]| -> Vec<f64> {
        let mut all = vec![
            "training.epochs=4",
            "training.steps_per_epoch=1",
            "optimiser.learning_rate=0.008",
        ];
        all.extend(changes);
        let out = folder.path().join(name);
        run(&tiny(&all), &data, &out);
        let run = read_run(&out).unwrap();
        run.history.iter().map(|row| row.learning_rate).collect()
    };
    // The first epoch is the best; from the second on nothing is gained.
    let plateau = [
        "schedule.kind=plateau",
        "schedule.patience=1",
        "training.min_delta=10",
    ];
    assert_eq!(rates("plateau", &plateau), [0.008, 0.008, 0.004, 0.002]);
    let step = ["schedule.kind=step", "schedule.every_epochs=2"];
    assert_eq!(rates("step", &step), [0.008, 0.008, 0.004, 0.004]);
    let floor = [
        "schedule.kind=exponential",
        "schedule.factor=0.1",
        "schedule.least=0.0004",
    ];
    let floor = rates("floor", &floor);
    assert!((floor[1] - 0.0008).abs() < 1e-12);
    assert!((floor[3] - 0.0004).abs() < 1e-12);
    let warm = rates("warm", &["schedule.warmup_steps=4"]);
    for (rate, expected) in warm.iter().zip([0.002, 0.004, 0.006, 0.008]) {
        assert!((rate - expected).abs() < 1e-12, "{warm:?}");
    }
    let cosine = rates("cosine", &["schedule.kind=cosine"]);
    assert!((cosine[0] - 0.008).abs() < 1e-12);
    assert!((cosine[2] - 0.004).abs() < 1e-6, "{cosine:?}");
}

#[test]
fn a_breakdown_keeps_the_last_good_state() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["optimiser.learning_rate=1e30"]);
    let error = run_watched(&recipe, &data, &out, &RunOptions::default(), &mut |_| {
        Control::Go
    });
    let error = failure(error);
    let text = error.to_string();
    assert!(matches!(error, Error::Setting { .. }), "{text}");
    let command = format!("stemloom train --resume --out {}", out.display());
    let rate = "--set optimiser.learning_rate=1e29";
    for words in ["epoch 1", "step", "clip_norm", rate, "last", &command] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let network = Checkpoint::Last.network(&out).unwrap();
    let weights = Weights::read_safetensors(&network).unwrap();
    let mut values = weights.arrays.iter().flat_map(|array| &array.values);
    assert!(values.all(|x| x.is_finite() && x.abs() < 2.0));
    let record = read_run(&out).unwrap().record;
    assert_eq!(record.status, RunStatus::Failed);
    assert!(record.reason.unwrap().contains("epoch 1"));
}

#[test]
fn a_run_that_is_there_is_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["training.epochs=1", "training.steps_per_epoch=1"]);
    run(&recipe, &data, &out);
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    let go = &mut |_: TrainEvent| Control::Go;
    let again = run_watched(&recipe, &data, &out, &RunOptions::default(), go);
    assert!(matches!(failure(again), Error::Exists { .. }));
    let overwrite = RunOptions {
        overwrite: true,
        ..RunOptions::default()
    };
    let summary = run_watched(&recipe, &data, &out, &overwrite, go).unwrap();
    assert_eq!(summary.steps, 1);
    assert!(out.join("notes.txt").is_file());

    let resume = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let nothing = folder.path().join("nothing");
    let error = failure(run_watched(&recipe, &data, &nothing, &resume, go));
    assert!(error.to_string().contains("carry on"), "{error}");
    // Another network cannot carry on this one.
    let other = tiny(&["network.base_filters=3"]);
    let error = failure(run_watched(&other, &data, &out, &resume, go));
    assert!(error.to_string().contains("recipe"), "{error}");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let out = folder.path().join("none");
    let error = failure(run_watched(
        &recipe,
        &empty,
        &out,
        &RunOptions::default(),
        go,
    ));
    assert!(!error.is_cancelled(), "{error}");
    // Nothing stands in the way of the next try.
    assert!(!out.exists());
    std::fs::create_dir(&out).unwrap();
    let begin = RunOptions::default();
    failure(run_watched(&recipe, &empty, &out, &begin, go));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
    run(&recipe, &data, &out);
}

#[test]
fn weights_of_another_run_are_a_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let first = folder.path().join("first");
    let fast = "optimiser.learning_rate=0.02";
    run(&tiny(&[fast]), &data, &first);
    let options = RunOptions {
        weights: Checkpoint::Last.network(&first),
        ..RunOptions::default()
    };
    let second = folder.path().join("second");
    let more = tiny(&["training.epochs=1", "training.epoch_offset=1", fast]);
    let mut first_loss = None;
    run_watched(&more, &data, &second, &options, &mut |event| {
        if let TrainEvent::Step { losses, epoch, .. } = event {
            assert_eq!(epoch, 2);
            first_loss.get_or_insert(losses);
        }
        Control::Go
    })
    .unwrap();
    let began: Losses = first_loss.unwrap();
    let rows = read_run(&first).unwrap().history;
    assert!(began.loss < rows[0].train.loss, "{began:?}");
    assert_eq!(read_run(&second).unwrap().history[0].epoch, 2);
}

#[test]
fn it_pauses_stops_and_cancels_where_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = tiny(&["training.epochs=3"]);
    let out = folder.path().join("paused");
    let mut pauses = 0;
    let mut steps = 0;
    let summary = run_watched(
        &recipe,
        &data,
        &out,
        &RunOptions::default(),
        &mut |event| match event {
            TrainEvent::Step { step, .. } => {
                steps = step;
                if step == 2 {
                    Control::Pause
                } else {
                    Control::Go
                }
            }
            TrainEvent::Paused => {
                assert_eq!(steps, 2);
                pauses += 1;
                // A person looks twice, then ends it.
                if pauses < 2 {
                    Control::Pause
                } else {
                    Control::Stop
                }
            }
            _ => Control::Go,
        },
    )
    .unwrap();
    assert_eq!((pauses, steps, summary.steps), (2, 2, 2));
    assert_eq!(summary.status, RunStatus::Stopped);
    assert_eq!(read_run(&out).unwrap().record.status, RunStatus::Stopped);

    let out = folder.path().join("cancelled");
    let cancel = CancelToken::new();
    let reporter = Reporter::new(cancel.clone(), |_| {});
    let processor = choose(TrainDevice::Cpu).unwrap();
    let options = RunOptions::default();
    let mut watch = |event| {
        if matches!(event, TrainEvent::Step { step: 3, .. }) {
            cancel.cancel();
        }
        Control::Go
    };
    let result = train(
        &recipe, &data, &out, &processor, &options, &mut watch, &reporter,
    );
    assert!(failure(result).is_cancelled());
    let files = state_files(&out, Checkpoint::Last);
    let (_, state) = files.iter().find(|(name, _)| name == "state.toml").unwrap();
    let state = String::from_utf8_lossy(state);
    assert!(state.contains("\nstep = 3\n"), "{state}");
    let stopped = read_run(&out).unwrap().record.status;
    assert_eq!(stopped, RunStatus::Stopped);
    // The same token stops the finder before it has begun.
    let options = stemloom::train::LrFindOptions::default();
    let result = lr_find(&recipe, &data, &processor, &options, &mut |_| {}, &reporter);
    assert!(failure(result).is_cancelled());
}

#[test]
fn validation_songs_are_never_learned_from() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["training.epochs=1", "training.steps_per_epoch=1"]);
    run(&recipe, &data, &out);
    let told = read_run(&out).unwrap().data.unwrap();
    assert_eq!(told.train.len(), 3);
    assert_eq!(told.valid.len(), 1);
    assert!(!told.train.contains(&told.valid[0]));
    let set = ExampleSet::open(&data, &recipe.examples, None, &Reporter::silent()).unwrap();
    let version = ExampleSet::CHECKSUM_VERSION;
    let checksum = format!("{version}:{}", set.checksum());
    assert_eq!(told.checksums, [checksum]);
    assert!(told.folder.is_absolute());
}

#[test]
fn a_run_that_broke_down_goes_on_with_a_lower_rate() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let resume = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let go = &mut |_: TrainEvent| Control::Go;
    let huge = tiny_adversarial(&["optimiser.learning_rate=1e30"]);
    let begin = RunOptions::default();
    failure(run_watched(&huge, &data, &out, &begin, go));
    // As it was it breaks down again, and says so before.
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(text) = event {
            told.lock().unwrap().push(text);
        }
    });
    let processor = choose(TrainDevice::Cpu).unwrap();
    let again = train(&huge, &data, &out, &processor, &resume, go, &reporter);
    assert!(failure(again).to_string().contains("broke down"));
    let warnings = warnings.lock().unwrap().join("\n");
    assert!(warnings.contains("lower learning rate"), "{warnings}");

    let lower = [
        "optimiser.learning_rate=0.001",
        "discriminator_optimiser.learning_rate=0.0005",
        "training.clip_norm=1",
        "schedule.warmup_steps=2",
    ];
    let other = tiny_adversarial(&[&lower[..], &["network.base_filters=3"]].concat());
    let refused = failure(run_watched(&other, &data, &out, &resume, go));
    assert_eq!(setting_name(refused), "resume");
    let mended = tiny_adversarial(&lower);
    let summary = run_watched(&mended, &data, &out, &resume, go).unwrap();
    assert_eq!((summary.status, summary.epochs), (RunStatus::Finished, 2));
    let run = read_run(&out).unwrap();
    assert_eq!(run.recipe.to_toml().unwrap(), mended.to_toml().unwrap());
    for row in &run.history {
        assert_eq!(row.learning_rate, 0.001);
        assert_eq!(row.discriminator_learning_rate, Some(0.0005));
    }
    // One that did not fail keeps its rate.
    let faster = tiny_adversarial(&["training.epochs=3"]);
    let refused = failure(run_watched(&faster, &data, &out, &resume, go));
    assert_eq!(setting_name(refused), "resume");
}

#[test]
fn a_stage_that_broke_down_is_told_its_own_cure() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let text = format!(
        "{}\n[[pretrain]]\nname = \"first\"\noptimiser.learning_rate = 1e30\n",
        tiny(&["training.epochs=1"]).to_toml().unwrap()
    );
    let recipe = Recipe::parse(&text, Path::new("stages.toml")).unwrap();
    let go = &mut |_: TrainEvent| Control::Go;
    let begin = RunOptions::default();
    let error = failure(run_watched(&recipe, &data, &out, &begin, go));
    let cure = "pretrain.first.optimiser.learning_rate=1e29";
    assert!(error.to_string().contains(cure), "{error}");
    let lower = cure.replace("1e29", "1e-3");
    let mended = recipe.with_changes(&[lower]).unwrap();
    let resume = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let summary = run_watched(&mended, &data, &out, &resume, go).unwrap();
    assert_eq!(summary.status, RunStatus::Finished);
}

#[test]
fn a_run_tells_what_it_was_trained_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let options = RunOptions {
        device: Some(TrainDevice::Auto),
        ..RunOptions::default()
    };
    let recipe = tiny(&["training.epochs=1", "training.steps_per_epoch=1"]);
    let go = &mut |_: TrainEvent| Control::Go;
    run_watched(&recipe, &data, &out, &options, go).unwrap();
    let record = read_run(&out).unwrap().record;
    assert_eq!(record.device_wish.as_deref(), Some("cpu"));
    assert_eq!(record.device_asked.as_deref(), Some("auto"));
    let system = record.system.unwrap();
    assert!(system.contains(std::env::consts::ARCH), "{system}");
    // What the program is built with.
    let manifest = std::fs::read_to_string(repo("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let built_with = &manifest["dependencies"]["burn"]["version"];
    let version = built_with.as_str().unwrap();
    let burn = record.burn.unwrap();
    assert!(
        version.starts_with(&format!("{burn}.")),
        "{version}, {burn}"
    );

    // A record of before all that was written down.
    let path = out.join("run.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let new = ["burn = ", "system = ", "device_wish = ", "device_asked = "];
    let old: Vec<&str> = text
        .lines()
        .filter(|line| !new.iter().any(|start| line.starts_with(start)))
        .collect();
    assert_eq!(old.len() + new.len(), text.lines().count());
    std::fs::write(&path, old.join("\n")).unwrap();
    assert_eq!(read_run(&out).unwrap().record.device_wish, None);
}

#[test]
fn a_run_is_carried_on_where_it_was_trained() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let recipe = tiny(&["training.epochs=1", "training.steps_per_epoch=1"]);
    run(&recipe, &data, &out);
    let words = ["train", "--resume", "--out", "run", "--epochs", "2"];
    let resumed = stemloom(folder.path(), &words).expect(0);
    assert!(
        resumed.stdout.contains("training on processor"),
        "{}",
        resumed.stdout
    );
    let path = out.join("run.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let moved = text.replace("device_wish = \"cpu\"", "device_wish = \"gpu:99\"");
    assert_ne!(moved, text);
    std::fs::write(&path, moved).unwrap();
    let words = ["train", "--resume", "--out", "run", "--epochs", "3"];
    let refused = stemloom(folder.path(), &words).expect(2);
    assert!(refused.stderr.contains("gpu:99"), "{}", refused.stderr);
    let words = [&words[..], &["--device", "cpu"]].concat();
    stemloom(folder.path(), &words).expect(0);
}
