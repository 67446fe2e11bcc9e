//! `stemloom listen` from words to files: levels, matched copies, differences, scores.

use std::path::Path;

use serde_json::Value;
use stemloom::audio::{AudioFormat, AudioWriter, Clip, Planar, Tags};
use stemloom::listen::measure;
use stemloom::progress::Reporter;

use crate::cli::{Run, files_in, read, stemloom};
use crate::common::{noise, number, planar_noise, sine, text};

fn write(path: &Path, channels: &[Vec<f32>]) {
    let tags = Tags {
        title: Some("A title".into()),
        artist: None,
    };
    let format = AudioFormat::Wav32f;
    let mut writer =
        AudioWriter::create(path, format, 44_100, channels.len(), &tags, true).unwrap();
    writer.push(channels).unwrap();
    writer.finish().unwrap();
}

/// A stereo tone whose loudness in LUFS is its level in dB.
fn write_tone(path: &Path, db: f64) {
    let tone = sine(997.0, 44_100, 44_100, 10.0_f64.powf(db / 20.0));
    write(path, &[tone.clone(), tone]);
}

fn lufs(clip: &Clip) -> f64 {
    let loudness = measure(clip, 0..clip.frames(), &Reporter::silent()).unwrap();
    loudness.integrated_lufs.unwrap()
}

fn close(value: &Value, want: f64, within: f64) {
    let is_close = (number(value) - want).abs() <= within;
    assert!(is_close, "{value} is not within {within} of {want}");
}

/// A failure that names what it is about and leaves nothing on standard output.
fn refused(run: Run, words: &[&str]) {
    let run = run.expect(2);
    assert_eq!(run.stdout, "");
    for word in words {
        assert!(run.stderr.contains(word), "{word} is not in {}", run.stderr);
    }
}

#[test]
fn loudness_is_told_with_the_gains_that_match() {
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("loud.wav"), -20.0);
    write_tone(&folder.path().join("soft.wav"), -26.0);
    write(&folder.path().join("silent.wav"), &[vec![0.0; 44_100]]);
    let run = |words: &[&str]| {
        let files = ["listen", "loudness", "loud.wav", "soft.wav", "silent.wav"];
        stemloom(folder.path(), &[&files[..], words].concat())
    };

    let told = run(&["--json"]).expect(0).events("loudness");
    assert_eq!(told.len(), 3);
    assert_eq!(text(&told[0]["input"]), "loud.wav");
    for (object, level, gain) in [(&told[0], -20.0, -6.0), (&told[1], -26.0, 0.0)] {
        close(&object["integrated_lufs"], level, 0.05);
        close(&object["peak_db"], level, 0.05);
        close(&object["gain_db"], gain, 0.05);
    }
    assert_eq!(told[2]["integrated_lufs"], Value::Null);
    assert_eq!(told[2]["peak_db"], Value::Null);
    close(&told[2]["gain_db"], 0.0, 0.0);

    let told = run(&["--target", "-23", "--json"]).expect(0);
    close(&told.events("loudness")[0]["gain_db"], -3.0, 0.05);
    close(&told.events("loudness")[1]["gain_db"], 3.0, 0.05);
    close(&told.events("matched")[0]["target_lufs"], -23.0, 0.0);
    close(&told.events("matched")[0]["lowered_db"], 0.0, 0.0);

    let human = run(&[]).expect(0).stdout;
    for words in [
        "loud.wav: -2",
        " LUFS, peak -",
        ", gain -6.0",
        "silent.wav: silent",
    ] {
        assert!(human.contains(words), "{words} is not in {human}");
    }
    // 0 LUFS would need peaks at full scale: all are lowered, and that is said.
    let loud = run(&["--target", "0"]).expect(0).stdout;
    assert!(loud.contains("all lowered by"), "{loud}");

    for target in ["loud", "1", "-71", "nan"] {
        refused(run(&["--target", target]), &["--target"]);
    }
}

#[test]
fn what_cannot_be_read_does_not_stop_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("good.wav"), -20.0);
    std::fs::write(folder.path().join("bad.wav"), "no sound").unwrap();
    let words = [
        "listen", "loudness", "bad.wav", "none.wav", "good.wav", "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(2);
    assert_eq!(run.events("error").len(), 2);
    assert_eq!(run.events("loudness").len(), 1);
    assert_eq!(run.stderr.lines().count(), 2);
}

#[test]
fn matched_copies_are_equally_loud() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("theirs")).unwrap();
    write_tone(&path("take.wav"), -20.0);
    write_tone(&path("theirs/take.wav"), -31.0);
    let spoken: Vec<f32> = noise(1, 66_150).iter().map(|x| 0.05 * x).collect();
    write(&path("spoken.wav"), &[spoken]);
    let words = [
        "listen",
        "match",
        "take.wav",
        "theirs/take.wav",
        "spoken.wav",
        "--out",
        "matched",
    ];
    let json = [&words[..], &["--target", "-25", "--json"]].concat();
    let run = stemloom(folder.path(), &json).expect(0);
    let results = run.events("result");
    assert_eq!(results.len(), 3);
    close(&results[0]["gain_db"], -5.0, 0.05);
    close(&results[1]["gain_db"], 6.0, 0.05);
    let names = [
        "spoken (matched).wav",
        "take (matched 2).wav",
        "take (matched).wav",
    ];
    assert_eq!(files_in(&path("matched")), names);
    for (name, frames) in names.into_iter().zip([66_150, 44_100, 44_100]) {
        let copy = read(&path("matched").join(name));
        assert_eq!((copy.frames(), copy.sample_rate_hz()), (frames, 44_100));
        let level = lufs(&copy);
        assert!((level + 25.0).abs() < 0.05, "{name}: {level}");
    }
    // The second take is the quieter one of the same name.
    assert!(text(&results[1]["path"]).ends_with("take (matched 2).wav"));

    // Nothing is replaced unasked, not even some of it.
    std::fs::remove_file(path("matched").join(names[0])).unwrap();
    let before = std::fs::read(path("matched").join(names[1])).unwrap();
    let again = stemloom(folder.path(), &words).expect(2);
    assert!(
        again.error_line().contains("already exists"),
        "{}",
        again.stderr
    );
    assert_eq!(files_in(&path("matched")), names[1..]);
    assert_eq!(
        std::fs::read(path("matched").join(names[1])).unwrap(),
        before
    );
    let over = [&words[..], &["--overwrite", "--format", "wav32f"]].concat();
    stemloom(folder.path(), &over).expect(0);
    assert_eq!(files_in(&path("matched")), names);
    let quietest = lufs(&read(&path("matched").join(names[0])));
    for name in names {
        let level = lufs(&read(&path("matched").join(name)));
        assert!((level - quietest).abs() < 0.01, "{name}: {level}");
    }
    // The takes themselves are as they were.
    assert!((lufs(&read(&path("take.wav"))) + 20.0).abs() < 0.05);
}

/// All copies or none: what is missing cannot be compared.
#[test]
fn nothing_is_matched_if_one_file_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    write_tone(&folder.path().join("good.wav"), -20.0);
    write_tone(&folder.path().join("soft.wav"), -26.0);
    std::fs::write(folder.path().join("bad.wav"), "no sound").unwrap();
    let files = ["good.wav", "bad.wav", "none.wav", "soft.wav"];
    let words = [&["listen", "match"][..], &files, &["--out", "matched"]].concat();
    let run = stemloom(folder.path(), &words);
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
    refused(run, &["bad.wav", "none.wav"]);
    assert_eq!(files_in(folder.path()), ["bad.wav", "good.wav", "soft.wav"]);
}

#[test]
fn a_difference_is_written_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let all = planar_noise(2, 2, 50_000);
    let part = |from: usize, to: usize, gain: f32| -> Planar {
        let cut = |x: &Vec<f32>| x[from..to].iter().map(|x| gain * x).collect::<Vec<f32>>();
        all.iter().map(cut).collect()
    };
    write(&path("a.wav"), &part(10_000, 40_000, 1.0));
    write(&path("b.wav"), &part(9_900, 50_000, 0.5));
    let run = |words: &[&str]| {
        let files = ["listen", "difference", "a.wav", "b.wav", "--out"];
        stemloom(folder.path(), &[&files[..], words].concat())
    };

    let result = run(&["none.wav", "--match-levels", "--json"]).expect(0);
    let result = result.events("result").remove(0);
    close(&result["lag_frames"], 100.0, 0.0);
    close(&result["lag_secs"], 100.0 / 44_100.0, 1e-9);
    close(&result["b_gain_db"], 6.0206, 1e-3);
    assert!(number(&result["residual_db"]) < -100.0, "{result}");
    let none = read(&path("none.wav"));
    assert_eq!((none.frames(), none.num_channels()), (30_000, 2));
    assert!(none.channels().concat().iter().all(|x| x.abs() < 1e-5));

    let result = run(&["half.wav", "--json"])
        .expect(0)
        .events("result")
        .remove(0);
    close(&result["residual_db"], -6.0206, 1e-3);
    close(&result["b_gain_db"], 0.0, 0.0);
    // In float nothing is held at full scale: here two unrelated noises meet.
    let result = run(&["other.wav", "--no-align", "--json"]).expect(0);
    let result = result.events("result").remove(0);
    close(&result["lag_frames"], 0.0, 0.0);
    assert!(number(&result["peak"]) > 1.2, "{result}");
    let other = read(&path("other.wav"));
    assert!(other.channel(0).iter().any(|x| x.abs() > 1.2));

    let human = run(&["half.flac"]).expect(0).stdout;
    for words in ["difference -6.0 dB", "100 frames (2.27 ms)", "half.flac"] {
        assert!(human.contains(words), "{words} is not in {human}");
    }
    refused(run(&["half.flac"]), &["already exists", "--overwrite"]);
    run(&["half.flac", "--overwrite"]).expect(0);
    refused(run(&["half.mp3"]), &[".wav or .flac", "half.mp3"]);
    let missing = [
        "listen",
        "difference",
        "a.wav",
        "none.ogg",
        "--out",
        "x.wav",
    ];
    refused(stemloom(folder.path(), &missing), &["none.ogg"]);
    write(&path("six.wav"), &planar_noise(1, 6, 100));
    let channels = ["listen", "difference", "a.wav", "six.wav", "--out", "x.wav"];
    refused(stemloom(folder.path(), &channels), &["channels"]);
    let names = [
        "a.wav",
        "b.wav",
        "half.flac",
        "half.wav",
        "none.wav",
        "other.wav",
        "six.wav",
    ];
    assert_eq!(files_in(folder.path()), names);
}

#[test]
fn a_score_is_told_with_its_p_value() {
    let folder = tempfile::tempdir().unwrap();
    let score = |trials: &str, correct: &str, more: &[&str]| {
        let words = ["listen", "score", "--trials", trials, "--correct", correct];
        stemloom(folder.path(), &[&words[..], more].concat())
    };
    let human = score("16", "12", &[]).expect(0).stdout;
    assert_eq!(human.trim_end(), "12 of 16 right, p = 0.038");
    let object = score("16", "12", &["--json"]).expect(0).objects().remove(0);
    assert_eq!(text(&object["event"]), "score");
    close(&object["p_value"], 2_517.0 / 65_536.0, 1e-15);
    refused(score("0", "0", &[]), &["trials"]);
    refused(score("1001", "0", &[]), &["trials"]);
    refused(score("16", "17", &[]), &["correct", "17"]);
    refused(score("16", "-1", &[]), &["-1"]);
}
