//! Finished work is recognised by content, settings and results, and nothing else is done again.
//!
//! Runs that are killed are in `batch_interrupted.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::batch_common::{
    AtWork, Place, expect_all, expect_nothing_half_written, expect_same, in_state, result_names,
    results, song_name, write_song,
};
use crate::cli::Run;

const SONGS: u64 = 6;

/// The same queue again, with these words more.
fn again(place: &Place, more: &[&str]) -> Run {
    let words = ["music", "--model", "centre", "--out", "out", "--json"];
    let words: Vec<&str> = words.iter().chain(more).copied().collect();
    place.batch(&words).expect(0)
}

/// A place where the queue was done once, and its results.
fn done_once() -> (Place, BTreeMap<String, Vec<u8>>) {
    let place = Place::with_songs(SONGS, 0.2);
    expect_all(&again(&place, &[]), "done", SONGS);
    let whole = results(&place.path("out"));
    assert_eq!(whole.len() as u64, 2 * SONGS);
    (place, whole)
}

/// When each result was written.
fn times(out: &Path) -> BTreeMap<String, SystemTime> {
    let time = |name: String| {
        let written = std::fs::metadata(out.join(&name)).unwrap().modified();
        (name, written.unwrap())
    };
    result_names(out).into_iter().map(time).collect()
}

fn result(place: &Place, song: u64, stem: &str) -> PathBuf {
    place.path(&format!("out/music/song {song:02} ({stem}).wav"))
}

#[test]
fn a_second_run_does_nothing() {
    let (place, whole) = done_once();
    let out = place.path("out");
    let before = times(&out);
    let run = again(&place, &[]);
    expect_all(&run, "already-done", SONGS);
    assert_eq!(times(&out), before, "something was written again");
    expect_same(&results(&out), &whole);
    // What an earlier run found is told as if it were this one.
    for file in run.events("file") {
        assert_eq!(file["outputs"].as_array().unwrap().len(), 2, "{file}");
        assert_eq!(file["error"], Value::Null);
    }
    // Nor does another rule for files that are there, or another number of lanes.
    let words = ["--existing", "overwrite", "--songs", "4", "--threads", "1"];
    expect_all(&again(&place, &words), "already-done", SONGS);
    assert_eq!(times(&out), before);
}

#[test]
fn only_songs_with_missing_or_damaged_results_are_done_again() {
    let (place, whole) = done_once();
    std::fs::remove_file(result(&place, 1, "centre")).unwrap();
    let short = std::fs::OpenOptions::new()
        .write(true)
        .open(result(&place, 2, "sides"))
        .unwrap();
    short.set_len(short.metadata().unwrap().len() / 2).unwrap();
    drop(short);
    // One bit, and the same size.
    let path = result(&place, 3, "centre");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();

    let run = again(&place, &[]);
    assert_eq!(in_state(&run, "done"), [1, 2, 3].map(song_name));
    assert_eq!(in_state(&run, "already-done"), [0, 4, 5].map(song_name));
    expect_same(&results(&place.path("out")), &whole);
    expect_nothing_half_written(place.root());
    expect_all(&again(&place, &[]), "already-done", SONGS);
}

#[test]
fn a_changed_recipe_does_everything_again() {
    let (place, whole) = done_once();
    let out = place.path("out");
    // Files of the same names: they are ours, so they are replaced whatever the rule.
    expect_all(&again(&place, &["--param", "focus=5"]), "done", SONGS);
    let focused = results(&out);
    assert!(focused.keys().eq(whole.keys()));
    let stereo = "music/song 02 (centre).wav";
    assert_ne!(focused[stereo], whole[stereo], "the setting changes it");
    expect_all(&again(&place, &["--format", "wav16"]), "done", SONGS);
    assert!(results(&out)[stereo].len() < whole[stereo].len());
    // And back: what was recorded of the first run is no longer there.
    expect_all(&again(&place, &[]), "done", SONGS);
    expect_same(&results(&out), &whole);
}

/// To name a setting's usual value is the same as to leave it out.
#[test]
fn a_setting_that_is_so_anyway_changes_nothing() {
    let (place, _) = done_once();
    expect_all(
        &again(&place, &["--param", "focus=2"]),
        "already-done",
        SONGS,
    );
}

#[test]
fn a_changed_song_alone_is_done_again() {
    let (place, whole) = done_once();
    write_song(&place.path("music").join(song_name(4)), 44, 0.3);
    let run = again(&place, &[]);
    assert_eq!(in_state(&run, "done"), [song_name(4)]);
    assert_eq!(in_state(&run, "already-done").len() as u64, SONGS - 1);
    let now = results(&place.path("out"));
    assert!(now.keys().eq(whole.keys()));
    for (name, bytes) in &now {
        let changed = name.contains("song 04");
        assert_eq!(*bytes != whole[name], changed, "{name}");
    }
}

#[test]
fn everything_is_done_again_when_asked_for() {
    let (place, whole) = done_once();
    let before = times(&place.path("out"));
    expect_all(&again(&place, &["--redo"]), "done", SONGS);
    expect_same(&results(&place.path("out")), &whole);
    let now = times(&place.path("out"));
    assert!(now.iter().all(|(name, time)| *time > before[name]));
}

/// Songs are known by their content, wherever they lie now.
#[test]
fn a_song_that_moved_is_known_where_it_is() {
    let place = Place::new();
    write_song(&place.path("before/song.wav"), 2, 0.2);
    let batch = |song: &str| {
        let words = [song, "--model", "centre", "--out", "out", "--json"];
        place.batch(&words).expect(0)
    };
    expect_all(&batch("before/song.wav"), "done", 1);
    let whole = results(&place.path("out"));
    std::fs::rename(place.path("before"), place.path("after")).unwrap();
    let run = batch("after/song.wav");
    expect_all(&run, "already-done", 1);
    let input = run.events("file")[0]["input"].clone();
    assert!(
        input.as_str().unwrap().ends_with("after/song.wav"),
        "{input}"
    );
    // Its results are still its own.
    std::fs::remove_file(place.path("out/song (sides).wav")).unwrap();
    expect_all(&batch("after/song.wav"), "done", 1);
    expect_same(&results(&place.path("out")), &whole);
}

/// Two models, killed when the first one's files are there: they are no reason to leave the song
/// out.
#[test]
fn a_song_killed_between_two_models_is_done_the_next_time() {
    let place = Place::new();
    write_song(&place.path("long.wav"), 3, 30.0);
    let words = |out: &'static str| {
        let models = ["long.wav", "--model", "hpss,repet-sim"];
        let name = ["--name", "{model}/{stem}", "--out", out, "--json"];
        models.into_iter().chain(name).collect::<Vec<_>>()
    };
    expect_all(&place.batch(&words("whole")).expect(0), "done", 1);
    let at_work = AtWork::start(place.command(&words("out")), 0);
    let begun = Instant::now();
    let of_first = ["harmonic", "percussive"].map(|s| place.path(&format!("out/hpss/{s}.wav")));
    while !of_first.iter().all(|path| path.exists()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing came");
        std::thread::sleep(Duration::from_millis(1));
    }
    at_work.kill();
    let run = place.batch(&words("out")).expect(0);
    // Should it have been too fast for us, it is done already.
    assert_eq!(in_state(&run, "skipped"), Vec::<String>::new());
    let out = results(&place.path("out"));
    expect_same(&out, &results(&place.path("whole")));
    assert_eq!(out.len(), 4);
}
