//! What a run does not lose, take by mistake, or leave half done.

use std::path::{Path, PathBuf};

use stemloom::Error;
use stemloom::dataset::ExampleSet;
use stemloom::progress::{CancelToken, Event, Reporter};
use stemloom::train::{
    Checkpoint, Control, ExportOptions, Recipe, RunOptions, RunStatus, RunSummary, TrainDevice,
    TrainEvent, Weights, choose, export, read_run, train,
};

use crate::common::{failure, setting_name};
use crate::multitrack::write;
use crate::train_common::{
    instruments, resumed, run, run_watched, state_files, tiny, tiny_adversarial,
};
use crate::train_export::trained;

const SHORT: [&str; 2] = ["training.epochs=1", "training.steps_per_epoch=2"];

fn short(changes: &[&str]) -> Recipe {
    tiny(&[&SHORT[..], changes].concat())
}

fn attempt(
    recipe: &Recipe,
    data: &Path,
    out: &Path,
    options: &RunOptions,
) -> Result<RunSummary, Error> {
    run_watched(recipe, data, out, options, &mut |_| Control::Go)
}

/// A copy of a folder of files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

// ---------------------------------------------------------------------------------------------
// What was there

#[test]
fn a_run_is_replaced_only_by_one_that_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    run(&short(&[]), &data, &out);
    let before = state_files(&out, Checkpoint::Last);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let overwrite = |weights: Option<PathBuf>| RunOptions {
        overwrite: true,
        weights,
        ..RunOptions::default()
    };
    let other = folder.path().join("other");
    run(&short(&["network.base_filters=5"]), &data, &other);
    let foreign = Checkpoint::Last.network(&other);
    failure(attempt(&short(&[]), &empty, &out, &overwrite(None)));
    let lost = Some(folder.path().join("none.safetensors"));
    failure(attempt(&short(&[]), &data, &out, &overwrite(lost)));
    let error = failure(attempt(&short(&[]), &data, &out, &overwrite(foreign)));
    assert_eq!(setting_name(error), "weights");
    assert!(state_files(&out, Checkpoint::Last) == before);
    let record = read_run(&out).unwrap().record;
    assert_eq!(record.status, RunStatus::Finished);
    let again = attempt(&short(&[]), &data, &out, &overwrite(None)).unwrap();
    assert_eq!(again.status, RunStatus::Finished);
}

#[test]
fn a_folder_is_one_run_s_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    let mut errors = Vec::new();
    run_watched(
        &short(&[]),
        &data,
        &out,
        &RunOptions::default(),
        &mut |event| {
            if let TrainEvent::Step { step: 1, .. } = event {
                for (resume, overwrite) in [(true, false), (false, true)] {
                    let options = RunOptions {
                        resume,
                        overwrite,
                        ..RunOptions::default()
                    };
                    errors.push(failure(attempt(&short(&[]), &data, &out, &options)));
                }
            }
            Control::Go
        },
    )
    .unwrap();
    assert_eq!(errors.len(), 2);
    for error in errors {
        assert!(error.to_string().contains("another training"), "{error}");
        assert_eq!(setting_name(error), "out");
    }
    // Once it is over, the folder is free.
    resumed(&short(&["training.epochs=2"]), &data, &out);
}

#[test]
fn a_run_that_had_hardly_begun_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    std::fs::create_dir(&out).unwrap();
    let recipe = short(&[]);
    recipe.write(&out.join("recipe.toml"), false).unwrap();
    let other = attempt(
        &short(&["training.seed=3"]),
        &data,
        &out,
        &RunOptions::default(),
    );
    assert!(matches!(failure(other), Error::Exists { .. }));
    assert_eq!(run(&recipe, &data, &out).steps, 2);
}

#[test]
fn a_best_state_of_an_earlier_stage_is_not_taken_for_this_one_s() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let stage = "\n[[pretrain]]\nname = \"first\"\nloss.kind = \"mse\"\n";
    let text = short(&[]).to_toml().unwrap() + stage;
    let recipe = Recipe::parse(&text, Path::new("stages.toml")).unwrap();
    let (out, kept) = (folder.path().join("run"), folder.path().join("kept"));
    // Two steps of the first stage, one of the second.
    let stop_at = |last: u64, resume: bool| {
        let options = RunOptions {
            resume,
            ..RunOptions::default()
        };
        run_watched(&recipe, &data, &out, &options, &mut |event| match event {
            TrainEvent::Checkpoint {
                checkpoint: Checkpoint::Best,
                path,
                ..
            } => {
                copy(&path, &kept);
                Control::Go
            }
            TrainEvent::Step { step, .. } if step >= last => Control::Stop,
            _ => Control::Go,
        })
        .unwrap();
    };
    stop_at(3, false);
    assert_eq!(Checkpoint::Best.path(&out), None);
    // As after a kill while it was being removed.
    copy(&kept, &out.join("checkpoints/best"));
    assert!(Checkpoint::Best.path(&out).is_some());
    stop_at(4, true);
    assert_eq!(Checkpoint::Best.path(&out), None);
}

// ---------------------------------------------------------------------------------------------
// What is taken

#[test]
fn weights_that_hardly_fit_are_refused_and_gaps_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let first = folder.path().join("first");
    run(&short(&[]), &data, &first);
    let mut weights =
        Weights::read_safetensors(&Checkpoint::Last.network(&first).unwrap()).unwrap();
    let whole = weights.arrays.len();
    // A small one is lacking.
    weights
        .arrays
        .retain(|array| array.name != "out.deconv.bias");
    assert_eq!(weights.arrays.len(), whole - 1);
    let path = folder.path().join("most.safetensors");
    weights
        .write_safetensors(&path, &Default::default())
        .unwrap();
    let warnings = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(text) = event {
            told.lock().unwrap().push(text);
        }
    });
    let options = RunOptions {
        weights: Some(path),
        ..RunOptions::default()
    };
    let second = folder.path().join("second");
    let processor = choose(TrainDevice::Cpu).unwrap();
    let go = &mut |_: TrainEvent| Control::Go;
    train(
        &short(&[]),
        &data,
        &second,
        &processor,
        &options,
        go,
        &reporter,
    )
    .unwrap();
    let warnings = warnings.lock().unwrap().join("\n");
    let words = format!("{} of {whole} arrays were taken", whole - 1);
    assert!(warnings.contains(&words), "{warnings}");
    let larger = short(&["network.base_filters=3"]);
    let third = folder.path().join("third");
    let error = failure(attempt(&larger, &data, &third, &options));
    assert_eq!(setting_name(error), "weights");
}

#[test]
fn a_state_that_lacks_an_array_is_not_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    run(&short(&[]), &data, &out);
    let path = Checkpoint::Last.network(&out).unwrap();
    let mut weights = Weights::read_safetensors(&path).unwrap();
    weights.arrays.pop();
    std::fs::remove_file(&path).unwrap();
    weights
        .write_safetensors(&path, &Default::default())
        .unwrap();
    let options = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let more = short(&["training.epochs=2"]);
    let error = failure(attempt(&more, &data, &out, &options));
    assert_eq!(setting_name(error), "resume");
}

#[test]
fn a_broken_discriminator_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    // Beyond what 32 bits hold: its first step leaves no number.
    let recipe = tiny_adversarial(&[
        "discriminator_optimiser.learning_rate=1e39",
        "training.checkpoint_steps=1",
    ]);
    let error = failure(attempt(&recipe, &data, &out, &RunOptions::default()));
    assert_eq!(setting_name(error), "optimiser.learning_rate");
    let path = Checkpoint::Last.path(&out).unwrap();
    for name in ["network", "discriminator", "optimiser"] {
        let path = path.join(format!("{name}.safetensors"));
        let weights = Weights::read_safetensors(&path).unwrap();
        let mut values = weights.arrays.iter().flat_map(|array| &array.values);
        assert!(values.all(|x| x.is_finite()), "{name}");
    }
}

#[test]
fn a_single_example_is_too_little_for_batch_normalisation() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let recipe = short(&[
        "network.depth=4",
        "examples.n_songs=1",
        "examples.examples_per_song=1",
    ]);
    let out = folder.path().join("run");
    let error = failure(attempt(&recipe, &data, &out, &RunOptions::default()));
    assert_eq!(setting_name(error), "training.batch_size");
    let without = recipe.with_changes(&["network.norm=false"]).unwrap();
    run(&without, &data, &folder.path().join("without"));
}

// ---------------------------------------------------------------------------------------------
// How long, and under which name

#[test]
fn patience_is_counted_in_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    // No epoch can be better by ten; only every second one is validated.
    let every_second = [
        "training.epochs=9",
        "training.steps_per_epoch=1",
        "training.min_delta=10",
        "training.validate_every=2",
    ];
    let recipe = tiny(&[&every_second[..], &["training.patience=2"]].concat());
    let summary = run(&recipe, &data, &out);
    assert_eq!(summary.status, RunStatus::StoppedEarly);
    assert_eq!(summary.epochs, 4);
    let plateau = [
        "training.epochs=6",
        "schedule.kind=plateau",
        "schedule.patience=2",
        "optimiser.learning_rate=0.008",
    ];
    let recipe = tiny(&[&every_second[..], &plateau[..]].concat());
    let out = folder.path().join("plateau");
    run(&recipe, &data, &out);
    let history = read_run(&out).unwrap().history;
    let rates: Vec<f64> = history.iter().map(|row| row.learning_rate).collect();
    assert_eq!(rates, [0.008, 0.008, 0.008, 0.008, 0.004, 0.004]);
}

#[cfg(target_os = "linux")]
#[test]
fn folders_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"m\xfcsic"));
    std::fs::create_dir(&odd).unwrap();
    let data = instruments(&odd);
    let out = folder.path().join("run");
    run(&short(&[]), &data, &out);
    let told = read_run(&out).unwrap().data.unwrap().folder;
    assert!(told.to_string_lossy().contains("m\u{fffd}sic"), "{told:?}");
    resumed(&short(&["training.epochs=2"]), &data, &out);
}

#[test]
fn a_file_called_model_has_the_run_s_id() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out) = trained(folder.path(), "generator");
    let named = folder.path().join("night 1");
    std::fs::rename(&out, &named).unwrap();
    let options = ExportOptions::new(folder.path().join("made/model.onnx"));
    assert_eq!(export(&named, &options).unwrap().card.id, "night-1");
    let options = ExportOptions::new(folder.path().join("made/other.onnx"));
    assert_eq!(export(&named, &options).unwrap().card.id, "other");
}

// ---------------------------------------------------------------------------------------------
// The same songs

#[test]
fn checksums_of_older_versions_are_told_and_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("run");
    run(&short(&[]), &data, &out);
    let path = out.join("data.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let checksum = read_run(&out).unwrap().data.unwrap().checksums.remove(0);
    let old = text.replace(&checksum, &"0".repeat(64));
    assert_ne!(old, text);
    std::fs::write(&path, &old).unwrap();
    let warnings = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(text) = event {
            told.lock().unwrap().push(text);
        }
    });
    let resume = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let processor = choose(TrainDevice::Cpu).unwrap();
    let go = &mut |_: TrainEvent| Control::Go;
    let more = short(&["training.epochs=2"]);
    train(&more, &data, &out, &processor, &resume, go, &reporter).unwrap();
    let warnings = warnings.lock().unwrap().join("\n");
    assert!(warnings.contains("another version"), "{warnings}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    // Other names are other songs, whoever made the checksum.
    std::fs::write(&path, &old).unwrap();
    for name in ["keyboard", "guitar"] {
        let place = data.join(name);
        std::fs::rename(place.join("two.wav"), place.join("five.wav")).unwrap();
    }
    let error = failure(attempt(&more, &data, &out, &resume));
    assert_eq!(setting_name(error), "data");
}

#[test]
fn recordings_are_known_by_their_middles_and_ends_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (i, name) in ["keyboard", "guitar"].into_iter().enumerate() {
        for (j, piece) in ["one", "two"].into_iter().enumerate() {
            let path = data.join(name).join(format!("{piece}.wav"));
            // 320 kB.
            write(&path, (10 * i + j) as u64, 80_000);
        }
    }
    let checksum = || {
        let spec = short(&[]).examples;
        let set = ExampleSet::open(&data, &spec, None, &Reporter::silent()).unwrap();
        set.checksum()
    };
    let before = checksum();
    let path = data.join("guitar/two.wav");
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 3 << 16);
    for at in [bytes.len() / 2, bytes.len() - 1000] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert_ne!(checksum(), before, "byte {at}");
    }
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(checksum(), before);
}
