//! The learning-rate finder, folds and grids.

use std::collections::BTreeSet;

use stemloom::progress::Reporter;
use stemloom::train::{
    Control, LrFindOptions, LrPoint, Recipe, RunOptions, TrainDevice, TrainEvent, choose,
    combinations, folds, grid, lr_find, read_run,
};

use crate::common::{failure, setting_name};
use crate::train_common::{PIECES, instruments, tiny, tiny_adversarial};

fn options() -> LrFindOptions {
    LrFindOptions {
        batches: Some(60),
        ..LrFindOptions::default()
    }
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
    assert!(proposed > 1e-6 && proposed <= 1.0, "{proposed}");
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
            assert!((1e-7..=1.0).contains(&rate));
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
    for bad in [
        LrFindOptions {
            batches: Some(1),
            ..options()
        },
        LrFindOptions {
            least: 0.0,
            ..options()
        },
        LrFindOptions {
            most: 1e-9,
            ..options()
        },
        LrFindOptions {
            stop_factor: 1.0,
            ..options()
        },
    ] {
        assert_eq!(setting_name(failure(find(&bad))), "lr find");
    }
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
