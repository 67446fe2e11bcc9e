//! `stemloom evaluate` and `stemloom oracle`, from words to tables and files.

use std::path::Path;

use serde_json::Value;

use crate::cli::{Run, files_in, stemloom};
use crate::common::{noise, number, text};
use crate::multitrack::write_at;

const RATE_HZ: u32 = 8_000;
const FRAMES: usize = 1_600;

fn write(path: &Path, samples: Vec<f32>) {
    write_at(path, RATE_HZ, &vec![samples]);
}

/// Songs A and B with two stems each, and estimates of both that are half true.
fn make(folder: &Path) {
    for (i, song) in ["A", "B"].into_iter().enumerate() {
        let stem = |j: usize| noise((10 * i + j) as u64, FRAMES);
        for (j, name) in ["drums", "vocals"].into_iter().enumerate() {
            let other = stem(1 - j);
            let half = stem(j)
                .iter()
                .zip(&other)
                .map(|(x, y)| x + 0.5 * y)
                .collect();
            write(
                &folder.join("truth").join(song).join(format!("{name}.wav")),
                stem(j),
            );
            write(
                &folder.join("est").join(song).join(format!("{name}.wav")),
                half,
            );
        }
    }
}

fn run(folder: &Path, words: &[&str]) -> Run {
    let first = ["evaluate", "--references", "truth"];
    stemloom(folder, &[&first[..], words].concat())
}

fn median(run: &Run, method: &str, stem: &str, measure: &str) -> f64 {
    let medians = run.events("median");
    let fits = |object: &&Value| {
        object["method"] == method && object["stem"] == stem && object["measure"] == measure
    };
    number(&medians.iter().find(fits).expect("a median")["median"])
}

#[test]
fn methods_stand_in_one_table() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let words = [
        "--floor",
        "--estimates",
        "half=est",
        "--oracle",
        "irm2",
        "--metrics",
        "bss4,snr",
        "--compare",
        "half",
        "mixture",
        "--csv",
        "out/table.csv",
        "--plot",
        "out/plot.png",
        "--json-dir",
        "scores",
        "--json",
    ];
    let done = run(folder.path(), &words).expect(0);
    assert_eq!(done.events("track").len(), 6);
    // The error is half of a noise of the same level: 6 dB; of the mixture it is 0 dB.
    for stem in ["drums", "vocals", "accompaniment"] {
        assert!((median(&done, "half", stem, "SDR") - 6.02).abs() < 0.5);
        assert!(median(&done, "mixture", stem, "SDR").abs() < 0.5);
        assert!(median(&done, "irm2", stem, "SDR") > 3.0);
        let difference = median(&done, "half", stem, "SDR") - median(&done, "half", stem, "SNR");
        assert!(difference.abs() < 0.01);
    }
    let compared = done.events("comparison");
    let of_sdr = compared.iter().filter(|object| object["measure"] == "SDR");
    let of_sdr: Vec<&Value> = of_sdr.collect();
    assert_eq!(of_sdr.len(), 3);
    assert!(number(&of_sdr[0]["low"]) > 5.0 && of_sdr[0]["over"] == "songs");
    let files = files_in(&folder.path().join("out"));
    assert_eq!(files.len(), 2, "{files:?}");
    let table = std::fs::read_to_string(folder.path().join("out/table.csv")).unwrap();
    // 2 songs · 3 methods · 3 stems · 5 measures, the means of 3 · 3 · 5, and the header.
    assert_eq!(table.lines().count(), 90 + 45 + 1);
    for method in ["mixture", "half", "irm2"] {
        for song in ["A", "B"] {
            let path = folder
                .path()
                .join(format!("scores/{method}/test/{song}.json"));
            let json = std::fs::read_to_string(path).unwrap();
            assert!(json.contains("\"museval_version\""));
        }
    }

    // Nothing is replaced unasked; what is there is used; what has changed is measured again.
    let again = run(folder.path(), &words).expect(2);
    assert!(again.stderr.contains("already exists"), "{}", again.stderr);
    let resumed = [&words[..], &["--resume"][..]].concat();
    let kept = run(folder.path(), &resumed).expect(0);
    assert!(
        kept.events("track")
            .iter()
            .all(|track| track["kept"] == true)
    );
    assert_eq!(
        median(&kept, "half", "drums", "SNR"),
        median(&done, "half", "drums", "SNR")
    );
    let changed = folder.path().join("est/A/drums.wav");
    std::fs::remove_file(&changed).unwrap();
    write(&changed, noise(99, FRAMES + 1));
    let some = run(folder.path(), &resumed).expect(0);
    let is_new = |track: &Value| track["kept"] == false;
    let new: Vec<Value> = some.events("track").into_iter().filter(is_new).collect();
    assert_eq!(new.len(), 1);
    assert_eq!(
        (text(&new[0]["input"]), text(&new[0]["method"])),
        ("A", "half")
    );

    // What was written can be measured against as if it were somebody else's.
    let archive = [
        "evaluate",
        "--museval",
        "scores/half",
        "--museval",
        "x=scores/irm2",
    ];
    let shown = stemloom(folder.path(), &archive).expect(0).stdout;
    for word in ["half", "x ", "vocals", "2 songs"] {
        assert!(shown.contains(word), "{word} is not in {shown}");
    }
}

#[test]
fn what_cannot_be_measured_is_named_and_the_rest_is_done() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let bad = folder.path().join("est/A/vocals.wav");
    std::fs::write(&bad, "no sound").unwrap();
    write(&folder.path().join("est/Nobody/vocals.wav"), noise(1, 100));
    let done = run(folder.path(), &["--estimates", "est", "--json"]).expect(2);
    let errors: Vec<Value> = done.events("error");
    assert_eq!(errors.len(), 2, "{}", done.stderr);
    for words in ["vocals is left out", "none of the songs"] {
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
    }
    assert_eq!(done.events("track").len(), 2);
    assert!(median(&done, "est", "vocals", "SDR") > 5.0);

    for (words, wanted) in [
        ("--estimates none", "none"),
        ("--floor --songs 0", "songs"),
        ("--floor --metrics sdx", "--metrics"),
        ("--oracle irm9", "--oracle"),
        ("--floor --start 99", "beyond the end"),
        ("--floor --window 0", "window"),
        ("--floor --compare mixture x", "compare"),
        ("--estimates est --estimates est", "two methods"),
        ("--model nothing", "nothing"),
        ("--floor --resume", "--json-dir"),
        ("", "nothing to measure"),
    ] {
        let words: Vec<&str> = words.split_whitespace().collect();
        let failed = run(folder.path(), &words).expect(2);
        assert!(
            failed.stderr.contains(wanted),
            "{words:?}: {}",
            failed.stderr
        );
    }
    let alone = stemloom(folder.path(), &["evaluate"]).expect(2);
    assert!(alone.stderr.contains("--references"));
}

#[test]
fn what_failed_is_tried_again_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let bad = folder.path().join("est/A/vocals.wav");
    std::fs::write(&bad, "no sound").unwrap();
    let words = [
        "--estimates",
        "est",
        "--json-dir",
        "scores",
        "--resume",
        "--json",
    ];
    run(folder.path(), &words).expect(2);
    let again = run(folder.path(), &words).expect(2);
    let kept: Vec<(String, bool)> = again
        .events("track")
        .iter()
        .map(|track| (text(&track["input"]).to_owned(), track["kept"] == true))
        .collect();
    assert_eq!(kept, [("A".to_owned(), false), ("B".to_owned(), true)]);

    // A file in the place of a folder: the scores are shown all the same.
    std::fs::create_dir(folder.path().join("full")).unwrap();
    std::fs::write(folder.path().join("full/mixture"), "in the way").unwrap();
    let words = ["--floor", "--json-dir", "full", "--json"];
    let shown = run(folder.path(), &words).expect(2);
    assert_eq!(shown.events("track").len(), 2);
    assert!(median(&shown, "mixture", "vocals", "SDR").is_finite());

    // A true stem that is silent is no failure.
    write(&folder.path().join("truth/A/horn.wav"), vec![0.0; FRAMES]);
    let done = run(folder.path(), &["--floor", "--json"]).expect(0);
    let is_told = |object: &Value| text(&object["message"]).contains("horn is left out");
    assert!(done.events("warning").iter().any(is_told));
}

#[test]
fn a_model_runs_on_the_mixtures() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let words = [
        "--model",
        "hpss",
        "--rename",
        "percussive=drums",
        "--rename",
        "harmonic=vocals",
        "--songs",
        "1",
        "--metrics",
        "si-sdr,sdr",
        "--json",
    ];
    let done = run(folder.path(), &words).expect(0);
    assert_eq!(done.events("track").len(), 1);
    for stem in ["drums", "vocals", "accompaniment"] {
        assert!(median(&done, "hpss", stem, "SI-SDR").is_finite());
        assert!(median(&done, "hpss", stem, "SDR song").is_finite());
    }
}

#[test]
fn oracles_are_written_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let words = [
        "oracle", "truth", "--kind", "ibm,mwf", "--out", "best", "--format", "wav32f", "--json",
    ];
    let done = stemloom(folder.path(), &words).expect(0);
    let written = done.events("file");
    assert_eq!(written.len(), 2 * 2 * 3);
    assert!(folder.path().join("best/A/mwf/vocals.wav").is_file());
    assert_eq!(done.events("track").len(), 4);
    // They are found again as estimates, and score the same.
    let again = run(folder.path(), &["--estimates", "best", "--json"]).expect(0);
    let first = done.events("result")[0]["medians"].clone();
    let wanted = first
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["method"] == "mwf" && m["stem"] == "vocals" && m["measure"] == "SDR")
        .map(|m| number(&m["median"]))
        .unwrap();
    assert!((median(&again, "mwf", "vocals", "SDR") - wanted).abs() < 0.01);
    let refused = stemloom(folder.path(), &words).expect(2);
    assert!(refused.stderr.contains("already exists"));
}
