//! Examples: what cannot be used is told, settings out of range are named, and the cache.

use std::collections::BTreeSet;

use stemloom::Error;
use stemloom::dataset::{ExampleCache, ExampleSet, ExampleSource, ExampleSpec, Split};
use stemloom::progress::Reporter;

use crate::common::{failure, setting_name};
use crate::examples::{fails, open, pair, small, song};
use crate::multitrack::write;

#[test]
fn what_cannot_be_read_is_listed_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["A", "B", "C", "D"] {
        song(&folder.path().join(name), 1);
    }
    std::fs::write(folder.path().join("B/vocals.wav"), b"no sound at all").unwrap();
    std::fs::remove_file(folder.path().join("C/vocals.wav")).unwrap();
    let set = open(folder.path(), &small());
    let names: Vec<&str> = set.songs().iter().map(|song| song.name.as_str()).collect();
    assert_eq!(names, ["A", "D"]);
    let problems = set.problems();
    for name in ["B", "C"] {
        let told = problems
            .iter()
            .any(|text| text.starts_with(name) && text.contains("vocals"));
        assert!(told, "{problems:?}");
    }
    assert_eq!((set.len(Split::Train), set.len(Split::Valid)), (8, 8));

    let pieces = tempfile::tempdir().unwrap();
    for place in ["a/x", "b/x", "a/y", "a/z"] {
        write(&pieces.path().join(format!("{place}.wav")), 1, 500);
    }
    std::fs::write(pieces.path().join("b/z.wav"), b"").unwrap();
    let set = open(pieces.path(), &pair());
    assert_eq!(set.songs().len(), 1);
    assert_eq!(set.problems().len(), 2, "{:?}", set.problems());
}

#[test]
fn a_folder_of_nothing_is_told_what_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    for source in [
        ExampleSource::Instruments,
        ExampleSource::Speech,
        ExampleSource::Stems,
    ] {
        let spec = ExampleSpec {
            source,
            origin: String::new(),
            targets: vec!["clean".into()],
            ..small()
        };
        let error = fails(folder.path(), &spec);
        assert!(
            matches!(error, Error::Setting { .. }),
            "{source:?}: {error}"
        );
        let text = error.to_string();
        assert!(text.contains("holds no"), "{text}");
    }
    write(&folder.path().join("a/x.wav"), 1, 500);
    assert_eq!(setting_name(fails(folder.path(), &pair())), "targets");
    write(&folder.path().join("b/y.wav"), 1, 500);
    let error = fails(folder.path(), &pair());
    assert!(error.to_string().contains("left out"), "{error}");
    let late = ExampleSpec {
        start_secs: 10.0,
        ..pair()
    };
    write(&folder.path().join("b/x.wav"), 1, 500);
    assert_eq!(setting_name(fails(folder.path(), &late)), "start_secs");
}

#[test]
fn speech_pairs_that_were_never_finished_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two", "three"] {
        for kind in ["mixture", "clean"] {
            write(
                &folder.path().join(kind).join(format!("{name}.wav")),
                1,
                500,
            );
        }
    }
    let spec = ExampleSpec {
        source: ExampleSource::Speech,
        origin: "mixture".into(),
        targets: vec!["clean".into()],
        ..small()
    };
    assert_eq!(open(folder.path(), &spec).songs().len(), 3);
    std::fs::create_dir(folder.path().join("pairs")).unwrap();
    for name in ["one", "two"] {
        std::fs::write(folder.path().join(format!("pairs/{name}.json")), "{}").unwrap();
    }
    let set = open(folder.path(), &spec);
    assert_eq!((set.songs().len(), set.problems().len()), (2, 1));
}

#[test]
fn settings_out_of_range_are_named() {
    let cases: [(&str, ExampleSpec); 11] = [
        (
            "columns",
            ExampleSpec {
                columns: 0,
                ..small()
            },
        ),
        (
            "height",
            ExampleSpec {
                height: Some(0),
                ..small()
            },
        ),
        (
            "hop_columns",
            ExampleSpec {
                hop_columns: Some(0),
                ..small()
            },
        ),
        (
            "examples_per_song",
            ExampleSpec {
                examples_per_song: Some(0),
                ..small()
            },
        ),
        (
            "sample_rate_hz",
            ExampleSpec {
                sample_rate_hz: 0,
                ..small()
            },
        ),
        (
            "start_secs",
            ExampleSpec {
                start_secs: f64::NAN,
                ..small()
            },
        ),
        (
            "remix",
            ExampleSpec {
                remix: 1.5,
                ..small()
            },
        ),
        (
            "fold",
            ExampleSpec {
                fold: Some((3, 2)),
                ..small()
            },
        ),
        (
            "seed",
            ExampleSpec {
                seed: u64::MAX,
                ..small()
            },
        ),
        (
            "targets",
            ExampleSpec {
                targets: Vec::new(),
                ..small()
            },
        ),
        (
            "any_to_any",
            ExampleSpec {
                any_to_any: true,
                ..small()
            },
        ),
    ];
    for (name, spec) in cases {
        assert_eq!(setting_name(failure(spec.validate())), name);
    }
    let folder = tempfile::tempdir().unwrap();
    song(&folder.path().join("A"), 1);
    let set = open(folder.path(), &small());
    assert_eq!(
        setting_name(failure(set.make(Split::Train, 0, 8))),
        "example"
    );
    assert_eq!(
        setting_name(failure(set.make(Split::None, 0, 0))),
        "example"
    );
}

#[test]
fn a_given_cache_is_kept_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    song(&folder.path().join("songs/A"), 1);
    let (songs, cache) = (folder.path().join("songs"), folder.path().join("cache"));
    let spec = ExampleSpec {
        sample_rate_hz: 4_000,
        ..small()
    };
    let set = || ExampleSet::open(&songs, &spec, Some(&cache), &Reporter::silent()).unwrap();
    let first = set().make(Split::Train, 0, 0).unwrap();
    let files = || {
        let files = std::fs::read_dir(&cache)
            .unwrap()
            .map(|file| file.unwrap().path());
        files.collect::<BTreeSet<_>>()
    };
    let made = files();
    assert_eq!(made.len(), 2, "drums and vocals, and their sum is none");
    for file in &made {
        assert_eq!(std::fs::metadata(file).unwrap().len(), 4 * 500);
    }
    assert_eq!(set().make(Split::Train, 0, 0).unwrap(), first);
    assert_eq!(files(), made);
}

#[test]
fn what_a_kill_left_of_a_temporary_cache_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let in_use = ExampleCache::temporary_in(folder.path()).unwrap();
    for name in ["examples-left", "notes"] {
        std::fs::create_dir(place(name)).unwrap();
        std::fs::write(place(name).join(".lock"), "").unwrap();
        std::fs::write(place(name).join("a.f32"), [0; 64]).unwrap();
    }
    let second = ExampleCache::temporary_in(folder.path()).unwrap();
    assert!(!place("examples-left").exists());
    assert!(place("notes").is_dir());
    assert!(in_use.path().is_dir());
    let gone = second.path().to_path_buf();
    assert!(gone.is_dir() && gone != in_use.path());
    drop(second);
    assert!(!gone.exists());
}
