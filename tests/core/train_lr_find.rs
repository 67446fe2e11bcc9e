//! The learning-rate finder, folds and grids.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stemloom::progress::Reporter;
use stemloom::train::{
    Checkpoint, Control, LrCurve, LrFind, LrFindOptions, LrPoint, Recipe, RunOptions, TrainDevice,
    TrainEvent, Weights, choose, combinations, folds, grid, lr_find, read_run,
};

use crate::cli::{Run, stemloom};
use crate::common::{failure, setting_name, text, whole};
use crate::train_common::{PIECES, instruments, run, tiny, tiny_adversarial};

fn options() -> LrFindOptions {
    LrFindOptions {
        batches: Some(60),
        ..LrFindOptions::default()
    }
}

/// Whether a rate is none of those at the sweep's ends.
fn is_considered(found: &LrFind, rate: f64) -> bool {
    let count = found.rates.len();
    let place = found.rates.iter().position(|known| *known == rate);
    let considered = 10.min(count / 5)..count - 5.min(count / 5);
    place.is_some_and(|place| considered.contains(&place))
}

#[test]
fn the_finder_proposes_a_rate_within_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let processor = choose(TrainDevice::Cpu).unwrap();
    let reporter = Reporter::silent();
    let find = |recipe: &Recipe| {
        let mut points = Vec::new();
        let mut watch = |point: LrPoint| points.push(point);
        let found = lr_find(recipe, &data, &processor, &options(), &mut watch, &reporter).unwrap();
        assert_eq!(points.len(), found.rates.len());
        found
    };
    let recipe = tiny(&["network.dropout=0"]);
    let found = find(&recipe);
    assert_eq!(found.curves.len(), 1);
    assert_eq!(found.rates[0], 1e-7);
    assert!(found.rates.is_sorted() && found.rates.len() <= 60);
    assert!(found.rates.last().unwrap() <= &1.000_001);
    let curve = found.curve("generator").unwrap();
    assert_eq!(curve.losses.len(), found.rates.len());
    assert_eq!(curve.smoothed.len(), found.rates.len());
    assert!((curve.losses[0] - curve.smoothed[0]).abs() < 1e-9);
    let proposed = curve.proposed.unwrap();
    assert!(is_considered(&found, proposed), "{proposed}");
    let taken = found.apply(&recipe);
    assert_eq!(taken.optimiser.learning_rate, proposed);
    assert!(taken.discriminator_optimiser.is_none());
    // Fresh networks and fixed seeds: the same again.
    assert_eq!(find(&recipe), found);

    let found = find(&tiny_adversarial(&[]));
    let names: Vec<&str> = found.curves.iter().map(|curve| curve.name).collect();
    assert_eq!(names, ["generator", "discriminator", "joint", "l1"]);
    for curve in &found.curves {
        assert_eq!(curve.losses.len(), found.rates.len());
        if let Some(rate) = curve.proposed {
            assert!(is_considered(&found, rate), "{}: {rate}", curve.name);
        }
    }
    let path = folder.path().join("lr.csv");
    found.write_csv(&path, false).unwrap();
    assert!(found.write_csv(&path, false).is_err());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), found.rates.len() + 1);
    assert!(text.starts_with("learning_rate,generator,generator_smoothed,discriminator,"));
    assert!(text.lines().all(|line| line.split(',').count() == 9));
}

#[test]
fn a_sweep_that_blows_up_ends_early() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let processor = choose(TrainDevice::Cpu).unwrap();
    // Without a bound on the output, a step of a thousand shows.
    let recipe = tiny(&["network.output=none"]);
    let find = |options: &LrFindOptions| {
        let reporter = Reporter::silent();
        lr_find(&recipe, &data, &processor, options, &mut |_| {}, &reporter)
    };
    let far = LrFindOptions {
        most: 1e6,
        ..options()
    };
    let found = find(&far).unwrap();
    assert!(found.stopped);
    assert!(found.rates.len() < 60);
    // What counts as grown is asked for.
    let sooner = LrFindOptions {
        stop_factor: 1.5,
        ..far
    };
    let early = find(&sooner).unwrap();
    assert!(early.stopped && early.rates.len() <= found.rates.len());
    assert_eq!(early.rates, found.rates[..early.rates.len()]);
}

#[test]
fn a_sweep_that_cannot_be_is_refused_by_the_fields_name() {
    let folder = tempfile::tempdir().unwrap();
    let processor = choose(TrainDevice::Cpu).unwrap();
    options().check().unwrap();
    type Change = fn(&mut LrFindOptions);
    let cases: [(&str, Change); 8] = [
        ("batches", |sweep| sweep.batches = Some(1)),
        ("least", |sweep| sweep.least = 0.0),
        ("least", |sweep| sweep.least = f64::NAN),
        ("most", |sweep| sweep.most = 1e-9),
        ("most", |sweep| sweep.most = sweep.least),
        ("most", |sweep| sweep.most = f64::INFINITY),
        ("stop_factor", |sweep| sweep.stop_factor = 1.0),
        ("stop_factor", |sweep| sweep.stop_factor = f64::NAN),
    ];
    for (name, change) in cases {
        let mut bad = options();
        change(&mut bad);
        assert_eq!(setting_name(failure(bad.check())), name);
        // Before the recordings are looked for: there are none.
        let reporter = Reporter::silent();
        let none = folder.path();
        let result = lr_find(&tiny(&[]), none, &processor, &bad, &mut |_| {}, &reporter);
        assert_eq!(setting_name(failure(result)), name);
    }
}

#[test]
fn the_ends_of_a_sweep_propose_nothing() {
    let rates = |count: usize| -> Vec<f64> {
        let part = |i: u32| f64::from(i) / 10.0 - 7.0;
        (0..count as u32).map(|i| 10_f64.powf(part(i))).collect()
    };
    let place = |losses: Vec<f64>| {
        let rates = rates(losses.len());
        let proposed = LrCurve::new("generator", &rates, losses).proposed?;
        rates.iter().position(|rate| *rate == proposed)
    };
    // Flat, with a fall over the last three points: smoothing spreads it, and what is nearest to it
    // of what counts is the sixth from the end.
    let mut losses = vec![1.0; 100];
    losses[97..].copy_from_slice(&[0.7, 0.4, 0.1]);
    assert_eq!(place(losses.clone()), Some(94));
    // The mirror of it: the eleventh from the start.
    losses.reverse();
    losses.iter_mut().for_each(|loss| *loss = 1.0 - *loss);
    assert!(place(losses).unwrap() >= 10);
    // A fifth at each end of a short one.
    let mut short = vec![1.0; 10];
    short[8..].copy_from_slice(&[0.5, 0.1]);
    assert_eq!(place(short), Some(7));
    // Nothing is left out where there is little.
    assert!(place(vec![1.0, 0.5]).is_some());
    assert_eq!(place(vec![1.0]), None);
    assert_eq!(place(Vec::new()), None);
}

#[test]
fn one_rate_for_both_is_taken_over() {
    let curve = |name, proposed| LrCurve {
        name,
        losses: vec![1.0, 0.5],
        smoothed: vec![1.0, 0.5],
        proposed,
    };
    let mut found = LrFind {
        rates: vec![1e-4, 1e-3],
        curves: vec![
            curve("generator", Some(1e-4)),
            curve("discriminator", Some(2e-4)),
            curve("joint", Some(3e-4)),
        ],
        stopped: false,
    };
    let follows = tiny_adversarial(&["optimiser.beta_1=0.4"]);
    let taken = found.apply_joint(&follows);
    assert_eq!(taken.optimiser.learning_rate, 3e-4);
    let other = taken.discriminator_optimiser();
    assert_eq!((other.learning_rate, other.beta_1), (3e-4, 0.4));
    // What else the discriminator's own optimiser has stays.
    let mut own = follows.clone();
    let mut spec = own.optimiser;
    spec.beta_1 = 0.6;
    own.discriminator_optimiser = Some(spec);
    let taken = found.apply_joint(&own);
    assert_eq!(taken.optimiser.learning_rate, 3e-4);
    let other = taken.discriminator_optimiser.unwrap();
    assert_eq!((other.learning_rate, other.beta_1), (3e-4, 0.6));
    // Nothing found, nothing changed: never the rate of one network alone.
    found.curves[2].proposed = None;
    let same = |taken: Recipe, recipe: &Recipe| {
        assert_eq!(taken.to_toml().unwrap(), recipe.to_toml().unwrap());
    };
    same(found.apply_joint(&own), &own);
    found.curves.pop();
    same(found.apply_joint(&follows), &follows);
}

#[test]
fn a_sweep_begins_with_the_weights_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let processor = choose(TrainDevice::Cpu).unwrap();
    let out = folder.path().join("run");
    let still = "network.dropout=0";
    let learns = ["optimiser.learning_rate=0.02", "training.epochs=4", still];
    run(&tiny(&learns), &data, &out);
    let find = |recipe: &Recipe, weights: Option<PathBuf>, most: f64| {
        let sweep = LrFindOptions {
            batches: Some(2),
            most,
            weights,
            ..options()
        };
        let reporter = Reporter::silent();
        lr_find(recipe, &data, &processor, &sweep, &mut |_| {}, &reporter)
    };
    let recipe = tiny(&[still]);
    let learned = Checkpoint::Last.network(&out).unwrap();
    let fresh = find(&recipe, None, 1.0).unwrap();
    let warm = find(&recipe, Some(learned.clone()), 1.0).unwrap();
    let first = |found: &LrFind| found.curve("generator").unwrap().losses[0];
    assert!(first(&warm) < first(&fresh), "{warm:?} {fresh:?}");
    assert_eq!(find(&recipe, Some(learned.clone()), 1.0).unwrap(), warm);
    // What a training would refuse is refused alike.
    let larger = tiny(&["network.base_filters=3"]);
    let error = failure(find(&larger, Some(learned.clone()), 1.0));
    assert_eq!(setting_name(error), "weights");
    let missing = folder.path().join("missing.safetensors");
    let error = failure(find(&recipe, Some(missing), 1.0)).to_string();
    assert!(error.contains("missing.safetensors"), "{error}");
    let mut weights = Weights::read_safetensors(&learned).unwrap();
    weights.arrays[0].values[0] = f32::NAN;
    let broken = folder.path().join("broken.safetensors");
    weights
        .write_safetensors(&broken, &Default::default())
        .unwrap();
    let error = failure(find(&recipe, Some(broken), 1.0));
    assert_eq!(setting_name(error), "weights");
}

// ---------------------------------------------------------------------------------------------
// The program

/// The program with a recipe with two networks; `own` gives the discriminator its own optimiser.
fn place(own: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    instruments(folder.path());
    let mut recipe = tiny_adversarial(&["training.steps_per_epoch=2", "training.epochs=1"]);
    if own {
        recipe.discriminator_optimiser = Some(recipe.optimiser);
    }
    let path = folder.path().join("two.toml");
    recipe.write(&path, false).unwrap();
    let path = folder.path().join("one.toml");
    tiny(&["training.epochs=1"]).write(&path, false).unwrap();
    folder
}

fn program(folder: &Path, words: &str) -> Run {
    let words = format!("{words} --data data --device cpu");
    stemloom(folder, &words.split(' ').collect::<Vec<_>>())
}

#[test]
fn the_program_takes_one_rate_for_both_over() {
    for own in [false, true] {
        let folder = place(own);
        let folder = folder.path();
        let words = "lr-find --recipe two.toml --batches 60";
        let json = format!("{words} --json");
        let told = program(folder, &json).expect(0);
        let told = told.events("learning_rates").remove(0);
        let joint = told["set_joint"].as_array().unwrap();
        assert_eq!(joint.len(), 1 + usize::from(own), "{told}");
        let joint: Vec<&str> = joint.iter().map(text).collect();
        let said = program(folder, words).expect(0).stdout;
        let set: Vec<String> = joint.iter().map(|c| format!("--set {c}")).collect();
        let line = format!("or one rate for both: {}", set.join(" "));
        assert!(said.contains(&line), "{said}");
        // They do what they say.
        let recipe = Recipe::read(&folder.join("two.toml")).unwrap();
        let taken = recipe.with_changes(&joint).unwrap();
        let rate = taken.optimiser.learning_rate;
        assert_eq!(taken.discriminator_optimiser().learning_rate, rate);
        assert_ne!(rate, recipe.optimiser.learning_rate);

        let words = "train --recipe two.toml --out run --find-lr=joint --json";
        let run = program(folder, words).expect(0);
        let told = run.events("learning_rates").remove(0);
        assert_eq!(told["set"], told["set_joint"], "{told}");
        let of_run = Recipe::read(&folder.join("run/recipe.toml")).unwrap();
        let rate = of_run.optimiser.learning_rate;
        assert_eq!(of_run.discriminator_optimiser().learning_rate, rate);
        let curves = told["curves"].as_array().unwrap();
        let joint = curves.iter().find(|curve| curve["name"] == "joint");
        assert_eq!(joint.unwrap()["proposed"], rate);
    }
}

#[test]
fn the_program_refuses_a_sweep_by_the_options_name() {
    let folder = place(false);
    let folder = folder.path();
    let find = "lr-find --recipe one.toml";
    for (words, told) in [
        (format!("{find} --stop-factor 1"), "--stop-factor"),
        (format!("{find} --batches 1"), "--batches"),
        (format!("{find} --least 0"), "--least"),
        (format!("{find} --most 1e-9"), "--most"),
        (
            format!("{find} --weights none.safetensors"),
            "none.safetensors",
        ),
        (
            "train --recipe one.toml --out run --find-lr=joint".to_owned(),
            "--find-lr",
        ),
        (
            "train --recipe one.toml --out run --find-lr --weights none.safetensors".to_owned(),
            "none.safetensors",
        ),
    ] {
        let refused = program(folder, &words).expect(2);
        assert!(refused.error_line().contains(told), "{}", refused.stderr);
    }
    assert!(!folder.join("run").exists());
    // The parser knows the two words.
    let words = "train --recipe two.toml --out run --find-lr=both";
    let refused = program(folder, words).expect(2);
    assert!(refused.stderr.contains("joint"), "{}", refused.stderr);
    // What is asked for is done: small steps change nothing but what chance does.
    let steps = |factor: &str| {
        let words = format!("{find} --batches 40 --most 1e-6 --stop-factor {factor} --json");
        let told = program(folder, &words).expect(0);
        let told = told.events("learning_rates").remove(0);
        (whole(&told["steps"]), told["stopped"] == true)
    };
    assert_eq!(steps("1e9"), (40, false));
    let (count, stopped) = steps("1.00001");
    assert!(stopped && count < 40, "{count}");
}

#[test]
fn folds_validate_every_song_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("folds");
    let processor = choose(TrainDevice::Cpu).unwrap();
    let reporter = Reporter::silent();
    let recipe = tiny(&["training.epochs=1", "training.steps_per_epoch=2"]);
    let mut heard = BTreeSet::new();
    let mut watch = |number: usize, _: TrainEvent| {
        heard.insert(number);
        Control::Go
    };
    let mut go = |options: &RunOptions, count: usize| {
        folds(
            &recipe, count, &data, &out, &processor, options, &mut watch, &reporter,
        )
    };
    let trials = go(&RunOptions::default(), 2).unwrap();
    let mut seen = Vec::new();
    for row in &trials.rows {
        assert_eq!(row.reason, None);
        let told = read_run(&out.join(&row.name)).unwrap().data.unwrap();
        assert!(told.valid.iter().all(|song| !told.train.contains(song)));
        seen.extend(told.valid);
    }
    seen.sort();
    assert_eq!(seen.len(), PIECES.len());
    seen.dedup();
    assert_eq!(seen.len(), PIECES.len());
    let losses: Vec<f64> = trials.rows.iter().map(|row| row.loss.unwrap()).collect();
    let (mean, spread) = trials.mean_and_spread().unwrap();
    assert!((mean - (losses[0] + losses[1]) / 2.0).abs() < 1e-12);
    let expected = (losses[0] - losses[1]).abs() / std::f64::consts::SQRT_2;
    assert!((spread - expected).abs() < 1e-12);
    let text = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(text.contains("fold-1,\"examples.fold=[0,2]\""), "{text}");
    assert!(go(&RunOptions::default(), 2).is_err(), "results are there");
    assert_eq!(
        setting_name(failure(go(&RunOptions::default(), 1))),
        "folds"
    );
    // Finished runs are not made again.
    let resume = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    let again = go(&resume, 2).unwrap();
    for (a, b) in again.rows.iter().zip(&trials.rows) {
        assert_eq!((a.loss, a.epoch), (b.loss, b.epoch));
    }
    assert_eq!(heard.into_iter().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_grid_tries_all_combinations_and_survives_bad_ones() {
    let axes = [
        "optimiser.learning_rate=[1e-2, 1e-3]",
        "network.depth=[2, 9]",
    ];
    let all = combinations(&axes).unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(all[0], ["optimiser.learning_rate=0.01", "network.depth=2"]);
    assert_eq!(all[3], ["optimiser.learning_rate=0.001", "network.depth=9"]);
    for bad in [
        "network.depth",
        "network.depth=3",
        "network.depth=[]",
        "a=[1",
    ] {
        assert_eq!(setting_name(failure(combinations(&[bad]))), "grid");
    }
    let folder = tempfile::tempdir().unwrap();
    let data = instruments(folder.path());
    let out = folder.path().join("grid");
    let trials = grid(
        &tiny(&["training.epochs=1", "training.steps_per_epoch=2"]),
        &axes,
        &data,
        &out,
        &choose(TrainDevice::Cpu).unwrap(),
        &RunOptions::default(),
        &mut |_, _| Control::Go,
        &Reporter::silent(),
    )
    .unwrap();
    let failed: Vec<bool> = trials.rows.iter().map(|row| row.reason.is_some()).collect();
    assert_eq!(failed, [false, true, false, true]);
    assert!(trials.rows[1].loss.is_none());
    assert!(trials.best().unwrap().loss.is_some());
    let text = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(
        text.contains("trial-2,\"optimiser.learning_rate=0.01; network.depth=9\""),
        "{text}"
    );
}
