//! `stemloom dataset compose`, the program itself.

use crate::cli::{files_in, stemloom};
use crate::common::{number, text};

#[test]
fn the_command_writes_pieces_under_stable_names() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "dataset",
        "compose",
        "--out",
        "pieces",
        "--count",
        "2",
        "--seed",
        "5",
        "--bars",
        "4",
        "--tempo",
        "120",
        "--key",
        "Am",
        "--meter",
        "4/4",
        "--style",
        "rock",
        "--parts",
        "drums,bass",
        "--json",
    ];
    let results = stemloom(folder.path(), &words).expect(0).events("result");
    let names = ["00000-5-rock.mid", "00001-6-rock.mid"];
    let out = folder.path().join("pieces");
    assert_eq!(files_in(&out), names);
    assert_eq!(results.len(), 2);
    assert_eq!(number(&results[0]["seconds"]), 8.0);
    assert_eq!(text(&results[0]["key"]), "Am");
    let first = std::fs::read(out.join(names[0])).unwrap();
    // Nothing is replaced unless that was asked for; the same words make the same bytes.
    stemloom(folder.path(), &words).expect(2);
    stemloom(folder.path(), &[&words[..], &["--overwrite"]].concat()).expect(0);
    assert_eq!(std::fs::read(out.join(names[0])).unwrap(), first);
}

#[test]
fn wrong_words_are_told_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value, told) in [
        ("--key", "H", "write a key as"),
        ("--meter", "7/8", "choose 4/4"),
        ("--style", "polka", "choose pop"),
        ("--parts", "drums,flute", "choose drums"),
        ("--bars", "0", "bars: must be 1 to"),
        ("--tempo", "1000", "tempo: must be 30 to 300"),
    ] {
        let words = ["dataset", "compose", "--out", "pieces", option, value];
        let run = stemloom(folder.path(), &words).expect(2);
        assert!(run.stderr.contains(told), "{option}: {}", run.stderr);
        assert!(files_in(folder.path()).is_empty(), "{option}");
    }
}
