//! Stored examples: the same values back, files that NumPy reads, and going on where a run ended.

use std::path::Path;

use stemloom::Error;
use stemloom::dataset::{
    EXAMPLES_FILE, ExampleSet, ExampleSpec, ExampleTarget, Polarity, Split, Stored, npy_shape,
    store_examples, stored_example_spec,
};
use stemloom::progress::Reporter;

use crate::cli::files_in;
use crate::common::{failure, setting_name};
use crate::examples::{BINS, COLUMNS, open, small, song};

fn songs(folder: &Path) {
    for (seed, place) in (0..).zip(["train/A", "train/B", "valid/C"]) {
        song(&folder.join(place), seed);
    }
}

fn store(set: &ExampleSet, out: &Path, overwrite: bool) -> Result<Stored, Error> {
    store_examples(set, out, overwrite, &Reporter::silent())
}

#[test]
fn what_is_stored_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    songs(&folder.path().join("songs"));
    let spec = ExampleSpec {
        target: ExampleTarget::Labels {
            low: 0.02,
            high: 0.98,
            columns: 1,
            polarity: Polarity::Target,
        },
        least_level_db: Some(-80.0),
        fold: Some((1, 3)),
        ..small()
    };
    let set = open(&folder.path().join("songs"), &spec);
    let done = store(&set, &out, false).unwrap();
    assert_eq!((done.written, done.kept), (24, 0));
    assert_eq!(stored_example_spec(&out).unwrap(), Some(spec.clone()));
    assert_eq!(stored_example_spec(folder.path()).unwrap(), None);
    let back = open(&out, &spec);
    assert_eq!((back.songs(), back.shapes()), (set.songs(), set.shapes()));
    assert_eq!((back.checksum(), back.spec()), (set.checksum(), set.spec()));
    for split in Split::ALL {
        assert_eq!(back.len(split), set.len(split));
        assert_eq!(back.order(split, 4), set.order(split, 4));
        for index in 0..set.len(split) {
            let want = set.make(split, 0, index).unwrap();
            assert_eq!(
                back.make(split, 9, index).unwrap(),
                want,
                "{split:?} {index}"
            );
        }
    }
    let other = ExampleSpec { seed: 1, ..spec };
    let error = failure(ExampleSet::open(&out, &other, None, &Reporter::silent()));
    assert_eq!(setting_name(error), "examples");
}

#[test]
fn files_are_numpys_by_split_and_song() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    songs(&folder.path().join("songs"));
    let spec = ExampleSpec {
        examples_per_song: Some(2),
        ..small()
    };
    let set = open(&folder.path().join("songs"), &spec);
    store(&set, &out, false).unwrap();
    let names = [
        "C_0000.input.npy",
        "C_0000.target.npy",
        "C_0001.input.npy",
        "C_0001.target.npy",
    ];
    assert_eq!(files_in(&out.join("valid")), names);
    let path = out.join("valid").join(names[0]);
    assert_eq!(npy_shape(&path).unwrap(), [1, BINS, COLUMNS]);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + length]);
    assert!(
        header.contains("'<f4'") && header.contains("(1, 33, 8)"),
        "{header}"
    );
    let values: Vec<f32> = bytes[10 + length..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    assert_eq!(values, set.make(Split::Valid, 0, 0).unwrap().input);
    let text = std::fs::read_to_string(out.join(EXAMPLES_FILE)).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(table["train"].as_integer(), Some(4));
    assert_eq!(table["songs"].as_array().unwrap().len(), 3);
    assert_eq!(table["spec"]["source"].as_str(), Some("stems"));
}

#[test]
fn an_interrupted_run_goes_on_and_other_settings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    songs(&folder.path().join("songs"));
    let spec = ExampleSpec {
        examples_per_song: Some(3),
        ..small()
    };
    let set = open(&folder.path().join("songs"), &spec);
    store(&set, &out, false).unwrap();
    let list = std::fs::read(out.join(EXAMPLES_FILE)).unwrap();
    // As if it had been killed: no list yet, one file lacking, one cut short.
    std::fs::remove_file(out.join(EXAMPLES_FILE)).unwrap();
    std::fs::remove_file(out.join("train/A_0001.target.npy")).unwrap();
    let cut = out.join("valid/C_0002.input.npy");
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    let again = store(&set, &out, false).unwrap();
    assert_eq!((again.written, again.kept), (2, 7));
    assert_eq!(std::fs::read(&cut).unwrap(), bytes);
    assert_eq!(std::fs::read(out.join(EXAMPLES_FILE)).unwrap(), list);

    let fewer = ExampleSpec {
        examples_per_song: Some(1),
        ..spec
    };
    let fewer = open(&folder.path().join("songs"), &fewer);
    assert_eq!(setting_name(failure(store(&fewer, &out, false))), "out");
    let done = store(&fewer, &out, true).unwrap();
    assert_eq!((done.written, done.kept), (3, 0));
    let names = ["C_0000.input.npy", "C_0000.target.npy"];
    assert_eq!(
        files_in(&out.join("valid")),
        names,
        "what is left over goes"
    );
    open(&out, fewer.spec());
}

#[test]
fn foreign_arrays_and_broken_lists_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    songs(&folder.path().join("songs"));
    let set = open(&folder.path().join("songs"), &small());
    std::fs::create_dir_all(out.join("train")).unwrap();
    let foreign = out.join("train/mine.input.npy");
    std::fs::write(&foreign, b"mine").unwrap();
    let error = failure(store(&set, &out, false));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&foreign).unwrap(), b"mine");

    let out = folder.path().join("other");
    store(&set, &out, false).unwrap();
    let file = out.join("valid/C_0000.input.npy");
    std::fs::write(&file, b"\x93NUMPY").unwrap();
    let back = open(&out, &small());
    let error = failure(back.make(Split::Valid, 0, 0));
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    std::fs::write(out.join(EXAMPLES_FILE), "version = 1").unwrap();
    let error = failure(ExampleSet::open(&out, &small(), None, &Reporter::silent()));
    assert!(matches!(error, Error::Document { .. }), "{error}");
}
