//! `stemloom reconstruct`: figures, sweeps, files, and what it refuses.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{audio, files_in, read, stemloom};
use crate::common::{number, numbers, text, whole};

/// `reconstruct` of a third of a second in stereo, with these words.
fn words<'a>(song: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ["reconstruct", song]
        .into_iter()
        .chain(more.iter().copied())
        .collect()
}

/// The objects of the results; nothing else may be told but progress.
fn results(folder: &Path, more: &[&str]) -> Vec<Value> {
    let song = audio("s16.flac");
    let mut all = words(&song, more);
    all.push("--json");
    let run = stemloom(folder, &all).expect(0);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    run.events("result")
}

#[test]
fn every_method_tells_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let methods = [
        ("input", 0, 0.0),
        ("zero", 0, 0.0),
        ("random", 0, 0.0),
        ("griffin-lim", 3, 0.0),
        ("fast-griffin-lim", 3, 0.99),
        ("pghi", 0, 0.0),
        ("pghi+griffin-lim", 3, 0.0),
    ];
    for (method, iterations, momentum) in methods {
        let more = ["--phase", method, "--iterations", "3", "--seed", "5"];
        let result = results(folder.path(), &more).remove(0);
        assert_eq!(
            (
                &result["phase"],
                &result["iterations"],
                &result["seed"],
                &result["path"]
            ),
            (&json!(method), &json!(iterations), &json!(5), &Value::Null)
        );
        assert!(
            (number(&result["momentum"]) - momentum).abs() < 1e-6,
            "{result}"
        );
        assert_eq!(
            (
                whole(&result["frames"]),
                whole(&result["channels"]),
                whole(&result["sample_rate"])
            ),
            (15_435, 2, 44_100)
        );
        assert!(number(&result["seconds"]) >= 0.0);
        let convergence = number(&result["spectral_convergence_db"]);
        let steps = numbers(&result["convergence_db"]);
        assert_eq!(
            steps.len(),
            if iterations > 0 { iterations + 1 } else { 0 },
            "{method}"
        );
        if let Some(last) = steps.last() {
            assert!(
                (last - convergence).abs() < 1e-2,
                "{method}: {last}, {convergence}"
            );
        }
        let (distance, snr, si_sdr) = (
            number(&result["log_spectral_distance_db"]),
            number(&result["snr_db"]),
            number(&result["si_sdr_db"]),
        );
        if method == "input" {
            assert!(convergence < -100.0 && distance < 0.1 && snr > 100.0 && si_sdr > 100.0);
        } else {
            assert!(
                convergence > -60.0 && convergence < 0.0,
                "{method}: {convergence}"
            );
            assert!(distance > 0.1 && snr < 60.0, "{method}: {distance}, {snr}");
        }
    }
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn a_sweep_makes_a_file_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let more = [
        "--phase",
        "griffin-lim,pghi",
        "--iterations",
        "4,8",
        "--mono",
        "--out",
        "out",
    ];
    let found = results(folder.path(), &more);
    let names = [
        "s16 [griffin-lim 4].wav",
        "s16 [griffin-lim 8].wav",
        "s16 [pghi].wav",
    ];
    assert_eq!(files_in(&out), names);
    for (result, name) in found.iter().zip(names) {
        assert!(text(&result["path"]).ends_with(name), "{result}");
        let clip = read(&out.join(name));
        assert_eq!(
            (clip.frames(), clip.num_channels(), clip.sample_rate_hz()),
            (15_435, 1, 44_100)
        );
    }
    assert_eq!(found.len(), 3);
    let convergence = |i: usize| number(&found[i]["spectral_convergence_db"]);
    assert!(convergence(1) < convergence(0));
}

#[test]
fn files_are_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    std::fs::write(folder.path().join("y.wav"), "theirs").unwrap();
    let more = words(&song, &["--phase", "random", "--out", "y.wav"]);
    let run = stemloom(folder.path(), &more).expect(2);
    assert!(
        run.error_line().contains("already exists") && run.error_line().contains("--overwrite")
    );
    assert_eq!(
        std::fs::read(folder.path().join("y.wav")).unwrap(),
        b"theirs"
    );
    let mut more = more;
    more.push("--overwrite");
    stemloom(folder.path(), &more).expect(0);
    assert_eq!(read(&folder.path().join("y.wav")).frames(), 15_435);
    // Several results need a folder.
    let more = words(
        &song,
        &["--phase", "random,zero", "--out", "y.wav", "--overwrite"],
    );
    let run = stemloom(folder.path(), &more).expect(2);
    assert!(run.error_line().contains("folder"), "{}", run.stderr);
    assert_eq!(files_in(folder.path()), ["y.wav"]);
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |seed: &str, out: &str| {
        let more = [
            "--phase",
            "griffin-lim",
            "--iterations",
            "2",
            "--seed",
            seed,
            "--out",
            out,
        ];
        results(folder.path(), &more);
        std::fs::read(folder.path().join(out)).unwrap()
    };
    let (one, again, other) = (
        bytes("1", "a.flac"),
        bytes("1", "b.flac"),
        bytes("2", "c.flac"),
    );
    assert!(one == again, "the same seed gave other bytes");
    assert!(one != other, "another seed gave the same bytes");
}

#[test]
fn an_earlier_result_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let gl = [
        "--phase",
        "griffin-lim",
        "--iterations",
        "6",
        "--format",
        "wav32f",
    ];
    let first = results(folder.path(), &[&gl[..], &["--out", "y.wav"]].concat()).remove(0);
    let rest = results(
        folder.path(),
        &[&gl[..], &["--continue-from", "y.wav"]].concat(),
    )
    .remove(0);
    assert_eq!(rest["start"], "input");
    let (first, rest) = (
        numbers(&first["convergence_db"]),
        numbers(&rest["convergence_db"]),
    );
    assert!(
        rest[0] < first[6] && rest[6] < rest[0],
        "{first:?} then {rest:?}"
    );
    // Another length.
    for more in [["--duration", "0.2"], ["--start", "0.1"]] {
        let song = audio("s16.flac");
        let all = words(
            &song,
            &[
                "--phase",
                "griffin-lim",
                "--continue-from",
                "y.wav",
                more[0],
                more[1],
            ],
        );
        let run = stemloom(folder.path(), &all).expect(2);
        assert!(run.error_line().contains("continue"), "{}", run.stderr);
    }
    let song = audio("s16.flac");
    let all = words(
        &song,
        &[
            "--phase",
            "griffin-lim",
            "--continue-from",
            "y.wav",
            "--mono",
        ],
    );
    // It is mixed as the song is.
    stemloom(folder.path(), &all).expect(0);
}

#[test]
fn only_methods_with_a_start_are_continued() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    for method in ["pghi", "griffin-lim,random", "zero", "input"] {
        let more = ["--phase", method, "--continue-from", &song, "--out", "x/y"];
        let run = stemloom(folder.path(), &words(&song, &more)).expect(2);
        let told = run.error_line();
        assert!(
            told.contains("--continue-from") && told.contains("griffin-lim or fast-griffin-lim"),
            "{method}: {told}"
        );
        assert!(files_in(folder.path()).is_empty(), "{method}");
    }
}

#[test]
fn presets_and_single_values_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--phase", "input", "--preset", "mel-512", "--mono"];
    let result = results(folder.path(), &more).remove(0);
    assert_eq!(
        (whole(&result["sample_rate"]), whole(&result["channels"])),
        (22_050, 1)
    );
    let more = [
        "--phase",
        "input",
        "--mels",
        "40",
        "--mel-inverse",
        "fast",
        "--rate",
        "16000",
    ];
    let coarse = results(folder.path(), &more).remove(0);
    assert_eq!(whole(&coarse["sample_rate"]), 16_000);
    assert!(number(&coarse["snr_db"]) < number(&result["snr_db"]));
    let plain = ["--phase", "input", "--preset", "timbre"];
    let kept = [&plain[..], &["--dropped-bins", "input"]].concat();
    let (plain, kept) = (
        results(folder.path(), &plain).remove(0),
        results(folder.path(), &kept).remove(0),
    );
    assert!(number(&kept["snr_db"]) > 70.0, "{kept}");
    assert!(
        number(&plain["snr_db"]) < number(&kept["snr_db"]),
        "{plain}"
    );
    let more = [
        "--phase", "pghi", "--window", "gaussian", "--n-fft", "1024", "--hop", "128",
    ];
    let fine = results(folder.path(), &more).remove(0);
    assert!(number(&fine["spectral_convergence_db"]) < -10.0, "{fine}");
}

// ---------------------------------------------------------------------------------------------
// What is unwise or wrong

#[test]
fn a_large_momentum_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let more = [
        "--phase",
        "fast-griffin-lim",
        "--iterations",
        "2",
        "--momentum",
        "1.5",
        "--json",
    ];
    let run = stemloom(folder.path(), &words(&song, &more)).expect(0);
    assert!(text(&run.events("warning")[0]["message"]).contains("diverge"));
    assert!((number(&run.events("result")[0]["momentum"]) - 1.5).abs() < 1e-6);
}

/// Each is told in one line with exit code 2, and leaves nothing.
#[test]
fn wrong_words_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = audio("s16.flac");
    let cases: [(&[&str], &str); 10] = [
        (
            &["--phase", "fast-griffin-lim", "--momentum", "3"],
            "momentum",
        ),
        (&["--phase", "griffin-lim", "--momentum", "0.5"], "momentum"),
        (
            &["--phase", "pghi", "--n-fft", "512", "--hop", "600"],
            "hop_length",
        ),
        (&["--phase", "pghi", "--n-fft", "511"], "n_fft"),
        (
            &["--phase", "griffin-lim", "--iterations", "100001"],
            "iterations",
        ),
        (&["--phase", "pghi", "--start", "100"], "beyond the end"),
        (&["--phase", "pghi", "--track", "3"], "track"),
        (&["--phase", "pghi", "--mels", "0"], "mel.bands"),
        (
            &["--phase", "pghi", "--format", "wav16", "--out", "x/y.flac"],
            "out",
        ),
        (&["--phase", "pghi", "--out", "x/y.mp3"], ".wav or .flac"),
    ];
    for (more, told) in cases {
        let run = stemloom(folder.path(), &words(&song, more)).expect(2);
        let line = run.error_line();
        assert!(
            line.starts_with("stemloom: ") && line.contains(told),
            "{more:?}: {line}"
        );
        assert!(
            files_in(folder.path()).is_empty(),
            "{more:?} left something"
        );
    }
    // What the parser refuses takes more lines, but the same code.
    let parsed: [&[&str]; 5] = [
        &["--phase", "magic"],
        &[],
        &["--phase", "pghi", "--preset", "magic"],
        &["--phase", "pghi", "--iterations", "-1"],
        &[
            "--phase",
            "griffin-lim",
            "--continue-from",
            "y.wav",
            "--start-phase",
            "zero",
        ],
    ];
    for more in parsed {
        stemloom(folder.path(), &words(&song, more)).expect(2);
    }
}

#[test]
fn songs_without_sound_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "zero-byte.wav",
        "header-only.wav",
        "text.mp3",
        "not-there.wav",
    ] {
        let song = audio(name);
        let all = words(&song, &["--phase", "pghi", "--out", "y.wav"]);
        let run = stemloom(folder.path(), &all).expect(2);
        // A damaged header may be warned of first.
        let last = run.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with("stemloom: "), "{name}: {}", run.stderr);
        assert!(files_in(folder.path()).is_empty(), "{name}");
    }
}
