//! `stemloom batch` where something is in the way: told beforehand where it can be known, else that
//! song's failure and nobody else's. Exit code 2, and nothing half-written.

use serde_json::json;
use stemloom::batch::{Report, RowState};

use crate::batch_common::{
    AtWork, MANY, Place, expect_all, expect_nothing_half_written, files, in_state, result_names,
    results, song_name, write_song,
};
use crate::cli::{Run, read};
use crate::common::fixture;

/// Runs what must be refused; the files must be the same as before.
pub fn refused(place: &Place, words: &[&str]) -> Run {
    let before = files(place.root());
    let run = place.batch(words).expect(2);
    assert!(
        run.stderr
            .lines()
            .all(|line| line.starts_with("stemloom: ")),
        "{}",
        run.stderr
    );
    assert_eq!(files(place.root()), before, "something was written");
    run
}

// ---------------------------------------------------------------------------------------------
// The destination

#[test]
fn a_destination_that_is_a_file_is_told_before_the_work() {
    let place = Place::with_songs(3, 0.2);
    std::fs::write(place.path("taken"), "theirs").unwrap();
    let run = refused(&place, &["music", "--model", "centre", "--out", "taken"]);
    let line = run.error_line();
    assert!(line.contains("the destination is a file"), "{line}");
    assert!(line.ends_with("taken"), "{line}");
    // Below a file there can be no folder.
    let words = ["music", "--model", "centre", "--out", "taken/below"];
    let run = refused(&place, &words);
    let line = run.error_line();
    assert!(line.contains("could not write into the folder"), "{line}");
    assert!(line.ends_with("taken"), "{line}");
    assert_eq!(std::fs::read(place.path("taken")).unwrap(), b"theirs");
}

#[cfg(unix)]
#[test]
fn a_destination_that_cannot_be_written_is_told_before_the_work() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with_songs(2, 0.2);
    let closed = place.path("closed");
    std::fs::create_dir(&closed).unwrap();
    let set = |mode| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&closed, rights).unwrap();
    };
    set(0o555);
    if std::fs::write(closed.join("trial"), "").is_ok() {
        eprintln!("left out: root may write everywhere");
        return;
    }
    for out in ["closed", "closed/below"] {
        let run = refused(&place, &["music", "--model", "centre", "--out", out]);
        let line = run.error_line();
        assert!(line.contains("could not write into the folder"), "{line}");
        assert!(line.ends_with("closed"), "{line}");
    }
    set(0o755);
}

// ---------------------------------------------------------------------------------------------
// Songs

#[test]
fn a_song_that_goes_away_meanwhile_is_the_only_one_to_fail() {
    let place = Place::with_songs(MANY, 0.2);
    let last = song_name(MANY - 1);
    let command = place.command(&[
        "music", "--model", "centre", "--songs", "1", "--out", "out", "--json",
    ]);
    let at_work = AtWork::start(command, 1);
    std::fs::remove_file(place.path("music").join(&last)).unwrap();
    let run = at_work.finish().expect(2);
    assert_eq!(in_state(&run, "failed"), std::slice::from_ref(&last));
    assert_eq!(in_state(&run, "done").len() as u64, MANY - 1);
    let line = run.error_line();
    assert!(line.contains("could not open"), "{line}");
    assert!(line.ends_with(&last), "{line}");
    assert_eq!(results(&place.path("out")).len() as u64, 2 * (MANY - 1));
    expect_nothing_half_written(place.root());
}

/// What was damaged and passed over is in the report: in the morning nobody reads the terminal.
#[test]
fn damage_that_was_passed_over_is_in_the_report() {
    let place = Place::new();
    std::fs::create_dir(place.path("music")).unwrap();
    for name in ["truncated.wav", "truncated.flac"] {
        std::fs::copy(fixture("audio").join(name), place.path("music").join(name)).unwrap();
    }
    let words = [
        "music",
        "--model",
        "centre",
        "--out",
        "out",
        "--existing",
        "number",
    ];
    place.batch(&words).expect(0);
    let report = Report::read(&place.path("out/report.jsonl")).unwrap();
    assert_eq!(report.count(|state| state == RowState::Done), 2);
    for file in &report.files {
        let told = file.warnings.iter().any(|text| text.contains("cut short"));
        assert!(told, "{}: {:?}", file.input.display(), file.warnings);
    }
    let page = std::fs::read_to_string(place.path("out/report.html")).unwrap();
    assert_eq!(page.matches("cut short").count(), 2, "{page}");
}

#[test]
fn no_result_replaces_a_song() {
    let place = Place::new();
    write_song(&place.path("song.wav"), 2, 0.2);
    let before = std::fs::read(place.path("song.wav")).unwrap();
    let words = [
        "song.wav",
        "--model",
        "centre",
        "--stems",
        "sides",
        "--name",
        "{name}",
        "--out",
        ".",
        "--existing",
        "overwrite",
    ];
    let run = refused(&place, &words);
    let line = run.error_line();
    assert!(line.contains("would replace this song"), "{line}");
    assert!(line.ends_with("song.wav"), "{line}");
    assert_eq!(std::fs::read(place.path("song.wav")).unwrap(), before);
}

// ---------------------------------------------------------------------------------------------
// Words and documents

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let place = Place::with_songs(2, 0.2);
    std::fs::write(place.path("taken"), "theirs").unwrap();
    let recipe = "stems = [\"vocals\"]\n\n[[models]]\nid = \"centre\"\n";
    std::fs::write(place.path("mine.toml"), recipe).unwrap();
    let words = ["music", "--recipe", "mine.toml", "--out", "taken"];
    let run = refused(&place, &words);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    for told in ["no stem \"vocals\"", "the destination is a file"] {
        assert!(lines.iter().any(|line| line.contains(told)), "{lines:?}");
    }
    // Programs read the same.
    let words = ["music", "--recipe", "mine.toml", "--out", "taken", "--json"];
    let run = refused(&place, &words);
    assert_eq!(run.events("error").len(), 2);
    assert_eq!(run.events("plan")[0]["ready"], json!(false));
}

/// Each is told in one line, and nothing is written.
#[test]
fn wrong_words_are_told() {
    let place = Place::with_songs(1, 0.2);
    let cases: [(&[&str], &str); 9] = [
        (&[], "name songs, folders or a queue file"),
        (&["music", "--recipe", "nonsense"], "all-stems, karaoke"),
        (&["music", "--model", "magic"], "no model \"magic\""),
        (&["music", "--name", "{nonsense}"], "nonsense"),
        (&["music", "--name", "{name}"], "put {stem} into the name"),
        (&["music", "--model", "hpss,centre"], "{model}"),
        (&["music", "--param", "focus=2"], "focus"),
        (&["music", "--shard", "4/3"], "4/3"),
        (&["music", "--memory", "1"], "memory"),
    ];
    for (words, told) in cases {
        let words: Vec<&str> = words.iter().copied().chain(["--out", "out"]).collect();
        let run = refused(&place, &words);
        let line = run.error_line();
        assert!(line.contains(told), "{words:?}: {line}");
        assert!(!place.path("out").exists(), "{words:?}");
    }
}

#[test]
fn a_queue_file_cut_in_half_is_told_with_its_line() {
    let place = Place::with_songs(6, 0.2);
    let songs: Vec<String> = (0..6).map(|i| format!("music/{}", song_name(i))).collect();
    let mut words: Vec<&str> = songs.iter().map(String::as_str).collect();
    words.extend([
        "--model",
        "centre",
        "--out",
        "out",
        "--save-queue",
        "queue.toml",
        "--check",
    ]);
    place.batch(&words).expect(0);
    let path = place.path("queue.toml");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let run = refused(&place, &["queue.toml"]);
    let line = run.error_line();
    assert!(
        line.starts_with("stemloom: the queue cannot be read: line "),
        "{line}"
    );
    assert!(line.ends_with("queue.toml"), "{line}");
    assert!(!place.path("out").exists());

    // Whole again, it works.
    std::fs::write(&path, whole).unwrap();
    place.batch(&["queue.toml"]).expect(0);
    assert_eq!(result_names(&place.path("out")).len(), 12);
}

#[test]
fn an_unknown_word_in_a_queue_file_is_told_with_its_line() {
    let place = Place::with_songs(1, 0.2);
    let queue = "inputs = [\"music\"]\nout = \"out\"\n[recipe]\nfromat = \"flac\"\n";
    std::fs::write(place.path("queue.toml"), queue).unwrap();
    let run = refused(&place, &["queue.toml"]);
    let line = run.error_line();
    assert!(line.contains("line 4") && line.contains("fromat"), "{line}");
}

/// A song that one model cannot finish is a failure; what another model made of it is no reason to
/// leave it out the next time.
#[test]
fn a_song_that_failed_half_way_is_done_the_next_time() {
    let place = Place::new();
    let frames = write_song(&place.path("song.wav"), 2, 0.5);
    std::fs::create_dir(place.path("out")).unwrap();
    // Where the second model's folder should be.
    std::fs::write(place.path("out/centre"), "in the way").unwrap();
    let words = [
        "song.wav",
        "--model",
        "hpss,centre",
        "--name",
        "{model}/{name} ({stem})",
        "--out",
        "out",
        "--json",
    ];
    let run = place.batch(&words).expect(2);
    expect_all(&run, "failed", 1);
    assert!(run.stderr.contains("out/centre"), "{}", run.stderr);
    std::fs::remove_file(place.path("out/centre")).unwrap();
    expect_all(&place.batch(&words).expect(0), "done", 1);
    let names = [
        "centre/song (centre).wav",
        "centre/song (sides).wav",
        "hpss/song (harmonic).wav",
        "hpss/song (percussive).wav",
    ];
    assert_eq!(result_names(&place.path("out")), names);
    for name in names {
        assert_eq!(read(&place.path("out").join(name)).frames(), frames);
    }
}
