//! Splits as folders: where pairs go, what a look through a folder sees, and what leaks.

use std::collections::BTreeMap;
use std::path::Path;

use stemloom::dataset::{
    DatasetInfo, DatasetKind, ExtractSpec, MultitrackSet, MultitrackSpec, Song, Split,
    dataset_info, extract,
};
use stemloom::progress::Reporter;

use crate::cli::{files_in, stemloom};
use crate::common::{failure, setting_name, text};
use crate::multitrack::{RATE_HZ, open, write};

/// A song of two parts, of other noise than songs with another seed.
fn song(folder: &Path, seed: u64) {
    for (i, part) in (0..).zip(["drums", "vocals"]) {
        write(&folder.join(format!("{part}.wav")), 2 * seed + i, 400);
    }
}

fn spec(out: &Path) -> ExtractSpec {
    ExtractSpec {
        out: out.into(),
        stem: "vocals".into(),
        start_secs: 0.0,
        section_samples: 300,
        sample_rate_hz: RATE_HZ,
        ..ExtractSpec::default()
    }
}

fn info(folder: &Path) -> DatasetInfo {
    dataset_info(folder, &Reporter::silent()).expect("looked through")
}

/// Files of noise, each its own.
fn files(folder: &Path, names: &[&str]) {
    for (seed, name) in (0..).zip(names) {
        write(&folder.join(name), seed, 100);
    }
}

#[test]
fn pairs_are_apart_by_split_and_a_look_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let songs = folder.path().join("songs");
    for (seed, name) in (0..).zip(["train/A", "validation/B", "test/C", "D"]) {
        song(&songs.join(name), seed);
    }
    let out = folder.path().join("out");
    for song in &open(&songs).songs {
        extract(song, &spec(&out), &Reporter::silent()).unwrap();
    }
    for (place, file) in [("train/", "A"), ("valid/", "B"), ("test/", "C"), ("", "D")] {
        for kind in ["mixture", "vocals"] {
            let found = files_in(&out.join(format!("{place}{kind}")));
            assert_eq!(found, [format!("{file}_000.wav")], "{place}{kind}");
        }
    }
    let info = info(&out);
    assert_eq!((info.kind, info.has_splits), (DatasetKind::Pairs, true));
    let want = BTreeMap::from([("test", 2), ("train", 2), ("valid", 2)]);
    assert_eq!(info.splits, want);
    let places: Vec<&str> = info.folders.keys().map(String::as_str).collect();
    let want = [
        "mixture",
        "test/mixture",
        "test/vocals",
        "train/mixture",
        "train/vocals",
        "valid/mixture",
        "valid/vocals",
        "vocals",
    ];
    assert_eq!(places, want);
    assert!(info.leaks.is_empty(), "{:?}", info.leaks);
    assert!((info.hours * 3600.0 - 8.0 * 300.0 / f64::from(RATE_HZ)).abs() < 1e-9);
}

#[test]
fn a_song_of_pairs_stays_in_its_split_and_one_name_in_two_is_a_leak() {
    let folder = tempfile::tempdir().unwrap();
    let songs = folder.path().join("songs");
    song(&songs.join("train/Same"), 1);
    song(&songs.join("test/same"), 2);
    let out = folder.path().join("out");
    let set = open(&songs);
    for song in &set.songs {
        extract(song, &spec(&out), &Reporter::silent()).unwrap();
    }
    // Its files are called otherwise, and it is known for what it is.
    assert_eq!(files_in(&out.join("test/vocals")), ["same (2)_000.wav"]);
    let leaks = info(&out).leaks;
    assert_eq!(leaks.len(), 1, "{leaks:?}");
    assert_eq!((leaks[0].kind, leaks[0].what.as_str()), ("song", "same"));
    // Drawn for another split, its pairs would be in both.
    let moved = Song {
        split: Split::Valid,
        ..set.songs[0].clone()
    };
    let error = failure(extract(&moved, &spec(&out), &Reporter::silent()));
    assert_eq!(setting_name(error), "out");
    assert!(!out.join("valid").exists());
}

#[test]
fn splits_are_seen_at_any_depth_and_under_all_their_names() {
    let cases = [
        ["train/x.wav", "valid/x.wav"],
        ["train/guitar/x.wav", "validation/guitar/x.wav"],
        ["guitar/train/x.wav", "guitar/val/x.wav"],
        ["guitar/Training/x.wav", "piano/Dev/X.wav"],
        ["a/deep/train/x.wav", "dev/a/x.wav"],
    ];
    for names in cases {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path(), &names);
        let info = info(folder.path());
        assert_eq!(info.kind, DatasetKind::Renders);
        assert_eq!(info.splits, BTreeMap::from([("train", 1), ("valid", 1)]));
        assert_eq!(info.leaks.len(), 1, "{names:?}: {:?}", info.leaks);
        let leak = &info.leaks[0];
        assert_eq!((leak.kind, leak.what.as_str()), ("song", "x"));
        assert_eq!(leak.places, ["train", "valid"]);
    }
    // Four names of one split, and what only looks like one.
    let folder = tempfile::tempdir().unwrap();
    let names = ["valid", "validation", "val", "dev"].map(|split| format!("guitar/{split}/x.wav"));
    files(folder.path(), &names.each_ref().map(String::as_str));
    let found = info(folder.path());
    assert_eq!(found.splits, BTreeMap::from([("valid", 4)]));
    assert!(found.leaks.is_empty(), "{:?}", found.leaks);
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &["guitar/train.wav", "guitar/trained/x.wav"]);
    assert!(!info(folder.path()).has_splits);
}

#[test]
fn the_same_bytes_in_two_splits_are_a_leak_below_instruments_too() {
    let folder = tempfile::tempdir().unwrap();
    files(
        folder.path(),
        &[
            "guitar/train/a.wav",
            "guitar/test/b.wav",
            "guitar/test/c.wav",
        ],
    );
    let root = folder.path();
    assert!(info(root).leaks.is_empty());
    // In one split they are no leak.
    std::fs::copy(
        root.join("guitar/test/b.wav"),
        root.join("guitar/test/d.wav"),
    )
    .unwrap();
    assert!(info(root).leaks.is_empty());
    std::fs::copy(
        root.join("guitar/train/a.wav"),
        root.join("guitar/test/e.wav"),
    )
    .unwrap();
    let run = stemloom(root, &["dataset", "info", ".", "--json"]).expect(2);
    let told = &run.events("result")[0]["info"];
    assert_eq!(text(&told["leaks"][0]["kind"]), "content");
    assert_eq!(
        told["leaks"][0]["places"],
        serde_json::json!(["guitar/test/e.wav", "guitar/train/a.wav"])
    );
    assert_eq!(told["folders"]["guitar/test"]["files"], 4);
    let words = stemloom(root, &["dataset", "info", "."]).expect(2);
    assert!(words.stdout.contains("examples: 4 in test, 1 in train"));
}

#[test]
fn one_songs_folder_is_known_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    song(&folder.path().join("My song"), 1);
    std::fs::create_dir(folder.path().join("My song/notes")).unwrap();
    let path = folder.path().join("My song");
    let error = failure(MultitrackSet::open(&path, &MultitrackSpec::default()));
    let told = error.to_string();
    assert!(told.contains("one song's folder"), "{told}");
    assert!(told.ends_with("My song"), "{told}");
    assert_eq!(setting_name(error), "multitrack folder");
    assert_eq!(open(folder.path()).songs.len(), 1);
}
