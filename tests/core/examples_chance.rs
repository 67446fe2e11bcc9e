//! Examples: which song is for what, and what chance may and may not change.

use std::collections::{BTreeMap, BTreeSet};

use stemloom::dataset::{AugmentSpec, Between, ExampleSpec, PictureChannels, Split};
use stemloom::spectral::Complex32;

use crate::common::{failure, max_abs_diff, noise, setting_name, sine};
use crate::examples::{BINS, COLUMNS, fails, loudest_row, open, pair, small, song};
use crate::multitrack::{RATE_HZ, write, write_at};

// ---------------------------------------------------------------------------------------------
// Splits

#[test]
fn splits_are_whole_songs_and_folds_cover_each_once() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..7 {
        song(&folder.path().join(format!("song {seed}")), seed);
    }
    let mut chosen = BTreeSet::new();
    for seed in 0..50 {
        let spec = ExampleSpec {
            seed,
            valid_fraction: 0.3,
            test_fraction: 0.15,
            ..small()
        };
        let set = open(folder.path(), &spec);
        let of = |split| {
            let songs = set.songs().iter().filter(move |song| song.split == split);
            songs.map(|song| song.name.clone()).collect::<Vec<_>>()
        };
        let (train, valid, test) = (of(Split::Train), of(Split::Valid), of(Split::Test));
        assert_eq!((train.len(), valid.len(), test.len()), (4, 2, 1), "{seed}");
        let all: BTreeSet<&String> = train.iter().chain(&valid).chain(&test).collect();
        assert_eq!(all.len(), 7, "{seed}");
        assert_eq!(set.len(Split::Train), 4 * 8);
        // Every example is of a song of its split.
        for index in 0..set.len(Split::Valid) {
            let example = set.make(Split::Valid, 0, index).unwrap();
            assert_eq!(set.songs()[example.song].split, Split::Valid);
        }
        chosen.insert(valid);
    }
    assert!(
        chosen.len() > 5,
        "only {} choices in 50 seeds",
        chosen.len()
    );
    for seed in 0..5 {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for k in 0..3 {
            let spec = ExampleSpec {
                seed,
                fold: Some((k, 3)),
                ..small()
            };
            let set = open(folder.path(), &spec);
            for song in set.songs().iter().filter(|song| song.split == Split::Valid) {
                *times.entry(song.name.clone()).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 7);
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    }
    let spec = ExampleSpec {
        fold: Some((0, 8)),
        ..small()
    };
    assert_eq!(setting_name(fails(folder.path(), &spec)), "fold");
}

#[test]
fn one_song_more_moves_few_others() {
    let folder = tempfile::tempdir().unwrap();
    let add = |name: &str| song(&folder.path().join(name), name.len() as u64);
    for number in 0..8 {
        add(&format!("song {number}"));
    }
    // Songs for validation, and the fold of each song.
    let look = |seed| {
        let names = |spec: &ExampleSpec| -> BTreeSet<String> {
            let set = open(folder.path(), spec);
            let songs = set.songs().iter().filter(|song| song.split == Split::Valid);
            songs.map(|song| song.name.clone()).collect()
        };
        let spec = |fold| ExampleSpec {
            seed,
            fold,
            valid_fraction: 0.25,
            ..small()
        };
        let mut folds = BTreeMap::new();
        for k in 0..3 {
            folds.extend(names(&spec(Some((k, 3)))).into_iter().map(|name| (name, k)));
        }
        (names(&spec(None)), folds)
    };
    let before: Vec<_> = (0..10).map(look).collect();
    add("a song more");
    for (seed, (valid, folds)) in (0..10).zip(before) {
        let (now, folds_now) = look(seed);
        assert_eq!(now.len(), 2);
        let others = now.iter().filter(|name| *name != "a song more");
        for name in others {
            assert!(valid.contains(name), "{seed}: {name}");
        }
        let moved = folds.iter().filter(|(name, k)| folds_now[*name] != **k);
        assert!(moved.count() <= 2, "{seed}: {folds:?} to {folds_now:?}");
    }
}

#[test]
fn folders_keep_their_splits_and_one_song_is_for_training() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["train/A", "train/B", "test/C", "train/C"] {
        song(&folder.path().join(place), 1);
    }
    let set = open(folder.path(), &small());
    let splits: Vec<(&str, Split)> = set
        .songs()
        .iter()
        .map(|song| (song.name.as_str(), song.split))
        .collect();
    let want = [("A", Split::Train), ("B", Split::Train), ("C", Split::Test)];
    assert_eq!(splits, want, "what is in two splits is kept in the test");
    assert_eq!(set.problems().len(), 1, "{:?}", set.problems());

    let single = tempfile::tempdir().unwrap();
    song(&single.path().join("A"), 1);
    let set = open(single.path(), &small());
    assert!(set.len(Split::Train) > 0 && set.is_empty(Split::Valid));

    let pieces = tempfile::tempdir().unwrap();
    for place in ["a/train/x", "b/train/x", "valid/a/y", "valid/b/y"] {
        write(&pieces.path().join(format!("{place}.wav")), 1, 500);
    }
    let set = open(pieces.path(), &pair());
    let splits: Vec<Split> = set.songs().iter().map(|song| song.split).collect();
    assert_eq!(splits, [Split::Train, Split::Valid]);
}

// ---------------------------------------------------------------------------------------------
// Chance

#[test]
fn values_depend_on_numbers_alone() {
    let names = ["one", "two", "three", "four"];
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let seed = |name: &str| name.len() as u64 + u64::from(name.as_bytes()[0]);
    for name in names {
        song(&folder.path().join(name), seed(name));
    }
    for name in names.iter().rev() {
        song(&other.path().join(name), seed(name));
    }
    let spec = ExampleSpec {
        remix: 0.5,
        augment: AugmentSpec {
            speed: Some(Between::new(0.8, 1.2)),
            gain_db: Some(Between::new(-6.0, 6.0)),
            ..AugmentSpec::default()
        },
        ..small()
    };
    let (set, again) = (open(folder.path(), &spec), open(other.path(), &spec));
    assert_eq!(set.checksum(), again.checksum());
    assert_eq!(set.order(Split::Train, 3), again.order(Split::Train, 3));
    assert_ne!(set.order(Split::Train, 3), set.order(Split::Train, 4));
    let mut order = set.order(Split::Train, 3);
    order.sort_unstable();
    assert!(order.iter().copied().eq(0..set.len(Split::Train) as u32));
    let count = set.len(Split::Train);
    let forwards: Vec<_> = (0..count)
        .map(|i| set.make(Split::Train, 2, i).unwrap())
        .collect();
    // In the other order, from several threads at once, of the other folder.
    let backwards: Vec<_> = std::thread::scope(|scope| {
        let again = &again;
        let make = move |i| scope.spawn(move || again.make(Split::Train, 2, i).unwrap());
        let threads: Vec<_> = (0..count).rev().map(make).collect();
        let made = threads.into_iter().map(|thread| thread.join().unwrap());
        made.collect::<Vec<_>>().into_iter().rev().collect()
    });
    assert_eq!(forwards, backwards);
    assert_ne!(forwards[0], set.make(Split::Train, 3, 0).unwrap());
    let valid = |epoch| set.make(Split::Valid, epoch, 1).unwrap();
    assert_eq!(valid(0), valid(7), "only training has epochs");
}

#[test]
fn augmented_pairs_stay_aligned() {
    let folder = tempfile::tempdir().unwrap();
    let input = noise(1, 4_000);
    let half: Vec<f32> = input.iter().map(|x| 0.5 * x).collect();
    write_at(&folder.path().join("a/x.wav"), RATE_HZ, &vec![input]);
    write_at(&folder.path().join("b/x.wav"), RATE_HZ, &vec![half]);
    let spec = ExampleSpec {
        augment: AugmentSpec {
            speed: Some(Between::new(0.7, 1.5)),
            gain_db: Some(Between::new(-6.0, 6.0)),
            eq_db: Some(Between::new(-6.0, 6.0)),
            reverb_secs: Some(Between::new(0.02, 0.1)),
            delay_secs: Some(Between::new(0.0, 0.01)),
            flip_polarity: Some(0.5),
            ..AugmentSpec::default()
        },
        ..pair()
    };
    let set = open(folder.path(), &spec);
    let mut levels = BTreeSet::new();
    for index in 0..set.len(Split::Train) {
        let example = set.make(Split::Train, 0, index).unwrap();
        let want: Vec<f32> = example.input.iter().map(|x| 0.5 * x).collect();
        assert!(max_abs_diff(&example.target, &want) < 1e-3, "{index}");
        assert!(example.input.iter().any(|x| *x > 0.1), "{index}");
        levels.insert(example.input.iter().map(|x| x.to_bits()).max());
    }
    assert!(levels.len() > 10, "nothing was drawn");
}

#[test]
fn speed_moves_pitch_and_keeps_the_length() {
    let folder = tempfile::tempdir().unwrap();
    for (name, hz) in [("a", 1_000.0), ("b", 500.0)] {
        let tone = sine(hz, RATE_HZ, 8_000, 0.5);
        write_at(
            &folder.path().join(name).join("x.wav"),
            RATE_HZ,
            &vec![tone],
        );
    }
    let spec = ExampleSpec {
        augment: AugmentSpec {
            speed: Some(Between::only(2.0)),
            ..AugmentSpec::default()
        },
        start_secs: 0.3,
        examples_per_song: Some(3),
        ..pair()
    };
    let example = open(folder.path(), &spec).make(Split::Train, 0, 0).unwrap();
    assert_eq!(loudest_row(&example.input, COLUMNS), 16);
    assert_eq!(loudest_row(&example.target, COLUMNS), 8);
    // A half-scale sine peaks at 0.5 · 64 / 4 in all columns: none is cut short.
    let peaks = &example.input[16 * COLUMNS..17 * COLUMNS];
    assert!(peaks.iter().all(|x| (x - 8.0).abs() < 0.2), "{peaks:?}");
}

#[test]
fn a_remix_is_the_sum_of_its_stems() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..4 {
        song(&folder.path().join(format!("train/{seed}")), seed);
    }
    let spec = |remix| ExampleSpec {
        targets: vec!["drums".into(), "vocals".into()],
        input: PictureChannels::MagnitudePhase,
        output: PictureChannels::MagnitudePhase,
        remix,
        ..small()
    };
    let (plain, set) = (
        open(folder.path(), &spec(0.0)),
        open(folder.path(), &spec(1.0)),
    );
    let size = BINS * COLUMNS;
    let value = |picture: &[f32], i: usize| {
        Complex32::from_polar(picture[i], picture[size + i] * std::f32::consts::PI)
    };
    for index in 0..set.len(Split::Train) {
        let example = set.make(Split::Train, 0, index).unwrap();
        let (drums, vocals) = example.target.split_at(2 * size);
        for i in 0..size {
            let sum = value(drums, i) + value(vocals, i);
            let difference = (value(&example.input, i) - sum).norm();
            assert!(difference < 1e-2, "{index}, {i}: {difference}");
        }
        assert_ne!(example, plain.make(Split::Train, 0, index).unwrap());
    }
    let instruments = ExampleSpec {
        remix: 0.5,
        ..pair()
    };
    assert_eq!(setting_name(failure(instruments.validate())), "remix");
}

#[test]
fn the_style_is_of_the_instrument_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let row = |name: &str| ["a", "b", "c"].iter().position(|n| *n == name).unwrap() * 8 + 4;
    for name in ["a", "b", "c"] {
        for piece in ["x", "y", "z"] {
            let tone = sine(row(name) as f64 * 125.0, RATE_HZ, 4_000, 0.5);
            let path = folder.path().join(name).join(format!("{piece}.wav"));
            write_at(&path, RATE_HZ, &vec![tone]);
        }
    }
    for any_to_any in [false, true] {
        let spec = ExampleSpec {
            targets: vec!["b".into(), "c".into()],
            conditioned: true,
            any_to_any,
            ..pair()
        };
        let set = open(folder.path(), &spec);
        let mut pairs = BTreeSet::new();
        for index in 0..set.len(Split::Train) {
            let example = set.make(Split::Train, 0, index).unwrap();
            let (melody, style) = example.input.split_at(BINS * COLUMNS);
            let target = loudest_row(&example.target, COLUMNS);
            assert_eq!(loudest_row(style, COLUMNS), target, "{index}");
            pairs.insert((loudest_row(melody, COLUMNS), target));
        }
        assert_eq!(pairs.len(), if any_to_any { 6 } else { 2 });
        assert!(pairs.iter().all(|(from, to)| from != to));
    }
}

#[test]
fn silence_is_replaced_in_training_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut half = vec![0.0; 2_048];
    half.extend(noise(1, 2_048));
    for split in ["train", "valid"] {
        for name in ["a", "b"] {
            let path = folder
                .path()
                .join(split)
                .join(name)
                .join(format!("{split}.wav"));
            write_at(&path, RATE_HZ, &vec![half.clone()]);
        }
    }
    let spec = ExampleSpec {
        least_level_db: Some(-60.0),
        ..pair()
    };
    let set = open(folder.path(), &spec);
    let is_silent = |split, index| {
        let example = set.make(split, 0, index).unwrap();
        example.input.iter().all(|x| *x == 0.0)
    };
    let silent = |split| (0..set.len(split)).filter(|i| is_silent(split, *i)).count();
    assert_eq!(silent(Split::Train), 0);
    assert!(silent(Split::Valid) > 10);
}
