//! `stemloom batch` end to end: two hundred songs, folders, names of all kinds, files in the way.
//!
//! What goes wrong is in `batch_errors.rs`, interrupted runs are in `batch_resume.rs` and
//! `batch_interrupted.rs`, clusters in `batch_shards.rs`, recipes in `batch_recipe.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use stemloom::batch::{Report, RowState};

use crate::batch_common::{
    Place, expect_all, expect_nothing_half_written, expect_same, result_names, results, states,
    to_the_end, write_song,
};
use crate::cli::read;
use crate::common::fixture;

// ---------------------------------------------------------------------------------------------
// Two hundred

/// Fixtures of other kinds, each of which can be read.
const OTHER_KINDS: [&str; 12] = [
    "s16.flac",
    "s24.aiff",
    "f32.aifc",
    "pcm.caf",
    "alac.m4a",
    "lame128.mp3",
    "vorbis.ogg",
    "opus.opus",
    "flac.mka",
    "adts.aac",
    "extensible_6ch.wav",
    "f64.wav",
];

/// Ten files that nobody can read, by their names.
fn broken() -> BTreeMap<&'static str, Vec<u8>> {
    let front = |name: &str, bytes: usize| {
        let all = std::fs::read(fixture("audio").join(name)).unwrap();
        all[..bytes.min(all.len())].to_vec()
    };
    let words = b"There is no music in here.\n".repeat(100);
    BTreeMap::from([
        ("b0 empty.wav", Vec::new()),
        ("b1 empty.mp3", Vec::new()),
        ("b2 words.wav", words.clone()),
        ("b3 words.flac", words),
        ("b4 zeros.m4a", vec![0; 4096]),
        ("b5 words.mp3", front("text.mp3", usize::MAX)),
        ("b6 noise.ogg", front("noise.ogg", usize::MAX)),
        ("b7 half a header.wav", front("source.wav", 30)),
        ("b8 half a header.flac", front("s16.flac", 40)),
        ("b9 only its kind.m4a", front("aac.m4a", 100)),
    ])
}

#[test]
fn of_two_hundred_songs_ten_broken_ones_are_named_and_the_rest_is_done() {
    let place = Place::new();
    let (music, out) = (place.path("music"), place.path("out"));
    // Every song's name without its ending, and its frames.
    let mut frames = BTreeMap::new();
    for seed in 0..178 {
        let name = format!("song {seed:03}");
        let path = music.join(format!("{name}.wav"));
        let written = write_song(&path, seed, 0.2 + 0.001 * seed as f64);
        frames.insert(name, written);
    }
    for name in OTHER_KINDS {
        let from = fixture("audio").join(name);
        std::fs::copy(&from, music.join(name)).unwrap();
        let stem = Path::new(name).file_stem().unwrap().to_string_lossy();
        frames.insert(stem.into_owned(), read(&from).frames());
    }
    let broken = broken();
    for (name, bytes) in &broken {
        std::fs::write(music.join(name), bytes).unwrap();
    }
    // None of these is a song.
    std::fs::create_dir(music.join("a folder.wav")).unwrap();
    std::fs::write(music.join("notes.txt"), "not a song").unwrap();
    std::fs::write(music.join(".hidden.wav"), "not a song").unwrap();

    let words = ["music", "--model", "centre", "--out", "out", "--json"];
    let run = place.batch(&words).expect(2);
    let result = &run.events("result")[0];
    assert_eq!(
        (&result["songs"], &result["done"], &result["failed"]),
        (&json!(200), &json!(190), &json!(10))
    );
    let states = states(&run);
    for name in broken.keys() {
        assert_eq!(states[*name], "failed");
        let lines = run.stderr.lines().filter(|line| line.ends_with(*name));
        assert_eq!(lines.count(), 1, "{name}: {}", run.stderr);
    }

    let report = Report::read(&out.join("report.jsonl")).unwrap();
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(report.files.len(), 200);
    let mut failed = BTreeSet::new();
    for file in &report.files {
        let name = file.input.file_name().unwrap().to_string_lossy();
        if file.state == RowState::Failed {
            assert!(file.error.as_ref().is_some_and(|e| !e.is_empty()), "{name}");
            assert!(page.contains(&*name), "the page does not name {name}");
            assert!(file.outputs.is_empty(), "{name}");
            failed.insert(name.into_owned());
            continue;
        }
        assert_eq!((file.state, &file.error), (RowState::Done, &None), "{name}");
        let stem = file.input.file_stem().unwrap().to_string_lossy();
        let paths: Vec<String> = ["centre", "sides"]
            .map(|part| format!("music/{stem} ({part}).wav"))
            .into();
        let told: Vec<String> = file
            .outputs
            .iter()
            .map(|output| output.path.to_string_lossy().into_owned())
            .collect();
        assert_eq!(told, paths);
        for path in paths {
            assert_eq!(read(&out.join(&path)).frames(), frames[&*stem], "{path}");
        }
    }
    assert!(failed.iter().map(String::as_str).eq(broken.into_keys()));
    assert_eq!(results(&out).len(), 380);
    expect_nothing_half_written(place.root());
}

// ---------------------------------------------------------------------------------------------
// Names

#[test]
fn folders_keep_their_structure_and_hidden_files_are_passed_over() {
    let place = Place::new();
    let songs = [
        "lone.wav",
        "music/top.wav",
        "music/Artist/Album/01.wav",
        "music/.hidden/x.wav",
        "music/Artist/.secret.wav",
    ];
    for (seed, path) in songs.iter().enumerate() {
        write_song(&place.path(path), seed as u64, 0.2);
    }
    place
        .batch(&["music", "lone.wav", "--model", "centre", "--out", "out"])
        .expect(0);
    let in_music = [
        "music/Artist/Album/01 (centre).wav",
        "music/Artist/Album/01 (sides).wav",
        "music/top (centre).wav",
        "music/top (sides).wav",
    ];
    let all: Vec<&str> = ["lone (centre).wav", "lone (sides).wav"]
        .into_iter()
        .chain(in_music)
        .collect();
    assert_eq!(result_names(&place.path("out")), all);

    // A folder named "." has its real name.
    let mut command = place.command(&[".", "--model", "centre", "--out", "../here"]);
    command.current_dir(place.path("music"));
    to_the_end(command).expect(0);
    assert_eq!(result_names(&place.path("here")), in_music);
}

#[cfg(unix)]
#[test]
fn names_of_every_script_and_with_quotes_and_newlines_are_done() {
    let names = [
        ("Песня", "Песня"),
        ("歌曲", "歌曲"),
        ("🎵 два 🎶", "🎵 два 🎶"),
        ("it\"s 'quoted'", "it_s 'quoted'"),
        ("two\nlines", "two lines"),
        ("-v --help", "-v --help"),
        ("<b>&amp;", "_b_&amp;"),
    ];
    let place = Place::new();
    let (music, out) = (place.path("music"), place.path("out"));
    for (seed, (name, _)) in names.iter().enumerate() {
        write_song(&music.join(format!("{name}.wav")), seed as u64, 0.2);
    }
    let words = ["music", "--model", "centre", "--out", "out"];
    let run = place.batch(&words).expect(0);
    // One line for each song, whatever its name.
    let done = run.stdout.lines().filter(|line| line.starts_with("done: "));
    assert_eq!(done.count(), names.len(), "{}", run.stdout);
    let mut wanted: Vec<String> = names
        .iter()
        .flat_map(|(_, name)| ["centre", "sides"].map(|s| format!("music/{name} ({s}).wav")))
        .collect();
    wanted.sort();
    assert_eq!(result_names(&out), wanted);

    let report = Report::read(&out.join("report.jsonl")).unwrap();
    let told: BTreeSet<String> = report
        .files
        .iter()
        .map(|file| file.input.file_stem().unwrap().to_string_lossy().into())
        .collect();
    assert_eq!(told, names.map(|(name, _)| name.to_owned()).into());
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    for shown in ["it&quot;s 'quoted'", "two\\nlines", "&lt;b&gt;&amp;amp;"] {
        assert!(page.contains(shown), "{shown} is not in the page");
    }
    assert!(!page.contains("<b>"), "a name became HTML");

    // The same names again: recognised.
    let words = ["music", "--model", "centre", "--out", "out", "--json"];
    expect_all(&place.batch(&words).expect(0), "already-done", 7);
}

#[test]
fn long_paths_and_names_keep_their_stems_apart() {
    let place = Place::new();
    let (music, out) = (place.path("music"), place.path("out"));
    let folders: Vec<String> = (0..5).map(|i| format!("{i}{}", "d".repeat(60))).collect();
    let deep = folders.join("/");
    write_song(&music.join(&deep).join("deep.wav"), 2, 0.2);
    // Two bytes a letter.
    let long = format!("{}.wav", "п".repeat(118));
    assert_eq!((long.len(), deep.len()), (240, 309));
    write_song(&music.join(&long), 3, 0.2);

    let words = ["music", "--model", "centre", "--out", "out", "--json"];
    expect_all(&place.batch(&words).expect(0), "done", 2);
    let (deep_ones, mut long_ones): (Vec<String>, Vec<String>) = result_names(&out)
        .into_iter()
        .partition(|name| name.contains("deep"));
    assert_eq!(
        deep_ones,
        ["centre", "sides"].map(|stem| format!("music/{deep}/deep ({stem}).wav"))
    );
    long_ones.sort();
    assert_eq!(long_ones.len(), 2, "{long_ones:?}");
    for (path, end) in long_ones.iter().zip([" (centre).wav", " (sides).wav"]) {
        let name = path.strip_prefix("music/").unwrap();
        assert!(name.len() <= 255, "{} bytes", name.len());
        let front = name.strip_suffix(end).expect("the stem's part is whole");
        assert!(
            front.len() > 150 && front.chars().all(|c| c == 'п'),
            "{front}"
        );
    }
    expect_nothing_half_written(&out);
}

/// The rules for a file that is there and that no earlier run wrote.
#[test]
fn foreign_files_are_left_numbered_around_or_replaced() {
    const SONG: &str = "song (sides).wav";
    let place = Place::new();
    let frames = write_song(&place.path("song.wav"), 2, 0.2);
    let batch = |rule: &str, state: &str| {
        let words = [
            "song.wav",
            "--model",
            "centre",
            "--out",
            rule,
            "--existing",
            rule,
            "--json",
        ];
        expect_all(&place.batch(&words).expect(0), state, 1);
        results(&place.path(rule))
    };
    for rule in ["skip", "number", "overwrite"] {
        std::fs::create_dir(place.path(rule)).unwrap();
        std::fs::write(place.path(rule).join(SONG), "theirs").unwrap();
    }
    let left = batch("skip", "skipped");
    assert_eq!(left, BTreeMap::from([(SONG.into(), b"theirs".to_vec())]));

    let numbered = batch("number", "done");
    let names: Vec<&str> = numbered.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["song (centre) (2).wav", "song (sides) (2).wav", SONG]
    );
    assert_eq!(numbered[SONG], b"theirs");
    // Not numbered on, night after night.
    expect_same(&batch("number", "already-done"), &numbered);

    let replaced = batch("overwrite", "done");
    let names: Vec<&str> = replaced.keys().map(String::as_str).collect();
    assert_eq!(names, ["song (centre).wav", SONG]);
    assert_eq!(read(&place.path("overwrite").join(SONG)).frames(), frames);
    assert_eq!(replaced[SONG], numbered["song (sides) (2).wav"]);
}

#[test]
fn two_songs_of_one_name_are_numbered_or_refused() {
    let place = Place::new();
    write_song(&place.path("a/song.wav"), 2, 0.2);
    write_song(&place.path("b/song.wav"), 3, 0.2);
    let words = [
        "a/song.wav",
        "b/song.wav",
        "--model",
        "centre",
        "--stems",
        "sides",
        "--out",
        "out",
    ];
    let run = place.batch(&words).expect(2);
    let told = run.error_line();
    for part in ["two songs", "a/song.wav", "b/song.wav"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!place.path("out").exists());
    let words: Vec<&str> = words.into_iter().chain(["--existing", "number"]).collect();
    place.batch(&words).expect(0);
    let out = results(&place.path("out"));
    let names: Vec<&str> = out.keys().map(String::as_str).collect();
    assert_eq!(names, ["song (sides) (2).wav", "song (sides).wav"]);
    assert_ne!(out[names[0]], out[names[1]]);
}

/// Results that lie among the songs are no songs.
#[test]
fn a_folder_that_holds_its_own_results_does_not_grow() {
    let place = Place::with_songs(3, 0.2);
    let words = ["music", "--model", "centre", "--out", "music", "--json"];
    expect_all(&place.batch(&words).expect(0), "done", 3);
    let names = result_names(&place.path("music"));
    assert_eq!(names.len(), 9);
    for _ in 0..2 {
        expect_all(&place.batch(&words).expect(0), "already-done", 3);
    }
    assert_eq!(result_names(&place.path("music")), names);
}
