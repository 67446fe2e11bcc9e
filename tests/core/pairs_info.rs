//! What `dataset info` tells of examples that `dataset pairs` stored: counts, balance, leaks.

use stemloom::dataset::read_npy;

use crate::cli::{files_in, stemloom};
use crate::common::{number, text, whole};
use crate::examples::{BINS, COLUMNS};
use crate::multitrack::{RATE_HZ, write_at};
use crate::pairs_cli::{pairs, result, songs};

#[test]
fn a_look_at_stored_examples_tells_counts_balance_and_leaks() {
    let folder = tempfile::tempdir().unwrap();
    songs(folder.path(), &["train/A", "train/B", "valid/C"]);
    let labels = "target={kind=\"labels\",low=0.02,high=0.98,columns=1,polarity=\"target\"}";
    pairs(folder.path(), &["--out", "out", "--set", labels]).expect(0);
    let words = ["dataset", "info", "out", "--json"];
    let told = result(&stemloom(folder.path(), &words).expect(0));
    let info = &told["info"];
    assert_eq!(info["kind"], "examples");
    assert_eq!(
        info["splits"],
        serde_json::json!({ "train": 16, "valid": 8 })
    );
    assert_eq!(whole(&info["folders"]["valid"]["files"]), 16);
    let secs = 24.0 * (16 * COLUMNS) as f64 / f64::from(RATE_HZ);
    assert!((number(&info["hours"]) * 3600.0 - secs).abs() < 1e-9);
    let out = folder.path().join("out");
    let (mut high, mut all) = (0, 0);
    for split in ["train", "valid"] {
        for name in files_in(&out.join(split)) {
            if name.ends_with(".target.npy") {
                let labels = read_npy(&out.join(split).join(name)).unwrap().values;
                all += labels.len();
                high += labels.iter().filter(|x| **x > 0.5).count();
            }
        }
    }
    assert_eq!(all, 24 * BINS);
    assert!(high > 0 && high < all);
    let count = |key: &str| whole(&info["balance"][key]);
    assert_eq!((count("high"), count("low")), (high, all - high));
    assert_eq!(whole(&info["statistics"]["count"]), 24 * BINS * COLUMNS);
    assert_eq!(text(&info["checksum"]).len(), 64);

    // The same input in two splits; then one file too few.
    let (from, to) = (
        out.join("train/A_0000.input.npy"),
        out.join("valid/C_0000.input.npy"),
    );
    std::fs::copy(&from, &to).unwrap();
    let run = stemloom(folder.path(), &words).expect(2);
    let changed = &result(&run)["info"];
    assert_eq!(changed["leaks"].as_array().unwrap().len(), 1);
    assert_eq!(changed["leaks"][0]["kind"], "content");
    assert_ne!(changed["checksum"], info["checksum"]);
    std::fs::remove_file(&to).unwrap();
    let run = stemloom(folder.path(), &words[..3]).expect(2);
    let line = run.error_line();
    assert!(
        line.contains("15 arrays where 16") && line.ends_with("valid"),
        "{line}"
    );

    // A list that was mended by hand into one song in two splits.
    let list = out.join("examples.toml");
    let content = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, content.replace("name = \"C\"", "name = \"a\"")).unwrap();
    let run = stemloom(folder.path(), &words).expect(2);
    let leaks = &result(&run)["info"]["leaks"];
    assert_eq!(
        (&leaks[0]["kind"], &leaks[0]["what"]),
        (&"song".into(), &"a".into())
    );
}

#[test]
fn answers_and_silence_are_no_leaks() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["train/A", "valid/B"] {
        for part in ["drums", "vocals"] {
            let path = folder
                .path()
                .join("songs")
                .join(place)
                .join(format!("{part}.wav"));
            write_at(&path, RATE_HZ, &vec![vec![0.0; 500]]);
        }
    }
    let activity = "target={kind=\"activity\",threshold_db=-40}";
    pairs(folder.path(), &["--out", "out", "--set", activity]).expect(0);
    let run = stemloom(folder.path(), &["dataset", "info", "out", "--json"]).expect(0);
    let info = &result(&run)["info"];
    assert_eq!(info["leaks"], serde_json::json!([]));
    assert_eq!(
        (
            whole(&info["balance"]["high"]),
            whole(&info["balance"]["low"])
        ),
        (0, 8)
    );
}
