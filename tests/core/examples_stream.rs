//! Batches made ahead: their order, their ends, errors on the way, and dropping.

use std::sync::Arc;

use stemloom::dataset::{ExampleBatch, ExampleSet, ExampleSpec, ExampleStream, Split};

use crate::examples::{BINS, COLUMNS, open, small, song};

/// Two songs to learn from and one for validation, 8 examples each.
fn set(folder: &std::path::Path) -> Arc<ExampleSet> {
    for (seed, place) in (0..).zip(["train/A", "train/B", "valid/C"]) {
        song(&folder.join(place), seed);
    }
    Arc::new(open(folder, &small()))
}

fn batches(
    set: &Arc<ExampleSet>,
    split: Split,
    size: usize,
    part: (usize, Option<usize>),
    threads: usize,
) -> Vec<ExampleBatch> {
    let stream = ExampleStream::new(Arc::clone(set), split, 5, size, part.0, part.1, threads);
    stream.map(|batch| batch.expect("a batch")).collect()
}

#[test]
fn batches_are_the_epochs_order_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let order = set.order(Split::Train, 5);
    for threads in [0, 1, 2, 5, 40] {
        let made = batches(&set, Split::Train, 3, (0, None), threads);
        // 16 examples: the last one makes no whole batch.
        assert_eq!(made.len(), 5, "{threads}");
        for (number, batch) in made.iter().enumerate() {
            assert_eq!((batch.number, batch.size), (number, 3));
            let mut want = Vec::new();
            for index in &order[number * 3..number * 3 + 3] {
                want.extend(set.make(Split::Train, 5, *index as usize).unwrap().input);
            }
            assert_eq!(batch.input, want, "{threads}, {number}");
            assert_eq!(batch.target.len(), 3 * BINS * COLUMNS);
        }
    }
}

#[test]
fn the_last_batch_is_dropped_or_kept() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    let sizes = |split, size| -> Vec<usize> {
        let made = batches(&set, split, size, (0, None), 2);
        made.iter().map(|batch| batch.size).collect()
    };
    assert_eq!(sizes(Split::Train, 5), [5, 5, 5]);
    assert_eq!(sizes(Split::Train, 100), [16], "the only one is kept");
    assert_eq!(sizes(Split::Valid, 5), [5, 3]);
    assert_eq!(sizes(Split::Valid, 0), [1; 8]);
    assert!(sizes(Split::Test, 5).is_empty() && sizes(Split::None, 5).is_empty());
    let numbers = |part| -> Vec<usize> {
        let made = batches(&set, Split::Train, 2, part, 3);
        made.iter().map(|batch| batch.number).collect()
    };
    assert_eq!(numbers((3, None)), [3, 4, 5, 6, 7]);
    assert_eq!(numbers((3, Some(5))), [3, 4]);
    assert!(numbers((9, None)).is_empty() && numbers((5, Some(2))).is_empty());
    let stream = ExampleStream::new(Arc::clone(&set), Split::Train, 0, 2, 6, None, 2);
    assert_eq!(stream.batches(), 8, "of the whole epoch");
}

#[test]
fn dropping_ends_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let set = set(folder.path());
    for taken in 0..3 {
        let mut stream = ExampleStream::new(Arc::clone(&set), Split::Train, 0, 1, 0, None, 4);
        for _ in 0..taken {
            stream.next().expect("one more").expect("a batch");
        }
        drop(stream);
        assert_eq!(Arc::strong_count(&set), 1, "a thread still has it");
    }
}

#[test]
fn an_error_comes_after_the_good_batches_and_ends_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, place) in (0..).zip(["valid/A", "valid/B"]) {
        song(&folder.path().join(place), seed);
    }
    let spec = ExampleSpec {
        examples_per_song: Some(4),
        ..small()
    };
    let set = Arc::new(open(folder.path(), &spec));
    // Gone after the folder was looked through, and before it is wanted.
    std::fs::remove_file(folder.path().join("valid/B/vocals.wav")).unwrap();
    for threads in [1, 3] {
        let mut stream = ExampleStream::new(Arc::clone(&set), Split::Valid, 0, 1, 0, None, threads);
        for number in 0..4 {
            assert_eq!(stream.next().unwrap().unwrap().number, number);
        }
        let error = stream.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("vocals.wav"), "{error}");
        assert!(stream.next().is_none() && stream.next().is_none());
        drop(stream);
        assert_eq!(Arc::strong_count(&set), 1);
    }
}
