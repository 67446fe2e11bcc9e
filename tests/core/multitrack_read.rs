//! Songs in parts: what is odd about them, reading, sections, and the program that lists them and
//! cuts pairs.
//!
//! Order: what is odd → reading → sections → the program. What is found in folders is in `multitrack.rs`.

use stemloom::Error;
use stemloom::apply::Region;
use stemloom::dataset::{ExtractSpec, ProblemKind, Take, extract, sections};
use stemloom::progress::Reporter;

use crate::cli::{files_in, read, stemloom};
use crate::common::{failure, setting_name, sine, snr_db, text};
use crate::multitrack::{HQ, RATE_HZ, get, hq_song, open, problems, write, write_at};

// ---------------------------------------------------------------------------------------------
// What is odd

#[test]
fn shorter_parts_are_silent_beyond_their_end_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song");
    let long = write(&song.join("long.wav"), 1, 1000);
    let short = write(&song.join("short.wav"), 2, 400);
    let set = open(folder.path());
    let song = &set.songs[0];
    let told = problems(song, ProblemKind::Unequal);
    assert!(
        told.len() == 1 && told[0].contains("short (0.050 s)"),
        "{told:?}"
    );
    let clip = get(song, Take::Stem("short"));
    assert_eq!(clip.frames(), 1000);
    assert_eq!(clip.channel(0)[..400], short);
    assert!(clip.channel(0)[400..].iter().all(|x| *x == 0.0));
    assert_eq!(get(song, Take::Mixture).channel(0)[400..], long[400..]);
}

#[test]
fn rates_and_channels_are_made_equal_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song");
    let left = sine(200.0, 16_000, 8_000, 0.5);
    let right = vec![0.0; 8_000];
    write_at(&song.join("stereo.wav"), 16_000, &vec![left.clone(), right]);
    write_at(
        &song.join("mono.wav"),
        8_000,
        &vec![sine(200.0, 8_000, 4_000, 0.25)],
    );
    let set = open(folder.path());
    let song = &set.songs[0];
    let told = problems(song, ProblemKind::Unequal);
    assert!(
        told.iter().any(|text| text.contains("8000, 16000 Hz")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|text| text.contains("channels differ: 1, 2")),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "equal lengths are not told: {told:?}");
    assert_eq!((song.sample_rate_hz, song.channels), (16_000, 2));
    let mono = get(song, Take::Stem("mono"));
    assert_eq!((mono.frames(), mono.num_channels()), (8_000, 2));
    assert_eq!(mono.channel(0), mono.channel(1));
    let half: Vec<f32> = left.iter().map(|x| x * 0.5).collect();
    assert!(snr_db(&half[500..7_500], &mono.channel(0)[500..7_500]) > 40.0);
    // Mixed to one channel: the mean of left and right.
    let mixed = song
        .read(Take::Stem("stereo"), None, None, true, &Reporter::silent())
        .unwrap();
    assert_eq!(mixed.num_channels(), 1);
    assert_eq!(mixed.channel(0), half);
}

#[test]
fn a_broken_file_costs_its_stem_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    write(&good.join("drums.wav"), 1, 100);
    write(&good.join("vocals.wav"), 2, 100);
    let bad = folder.path().join("bad");
    let drums = write(&bad.join("drums.wav"), 3, 100);
    std::fs::write(bad.join("vocals.wav"), b"no sound at all").unwrap();
    let set = open(folder.path());
    let (bad, good) = (&set.songs[0], &set.songs[1]);
    assert!(good.problems.is_empty());
    assert!(bad.has_unreadable() && problems(bad, ProblemKind::Missing).is_empty());
    assert_eq!(bad.stems(), ["drums"]);
    assert_eq!(get(bad, Take::Stem("drums")).channel(0), drums);
    // A sum without one of its parts would be another song.
    for take in [Take::Mixture, Take::Stem("vocals")] {
        let error = failure(bad.read(take, None, None, false, &Reporter::silent()));
        assert!(matches!(error, Error::Song { .. }), "{error}");
    }
}

// ---------------------------------------------------------------------------------------------
// Reading

#[test]
fn a_region_is_that_place_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("song/part.wav"), 1, 8_000);
    let set = open(folder.path());
    let song = &set.songs[0];
    let cut = |start_secs, duration_secs, rate| {
        let region = Region {
            start_secs,
            duration_secs,
        };
        song.read(
            Take::Mixture,
            Some(region),
            Some(rate),
            false,
            &Reporter::silent(),
        )
    };
    for rate in [8_000, 11_025, 44_100] {
        let whole = song
            .read(Take::Mixture, None, Some(rate), false, &Reporter::silent())
            .unwrap();
        assert_eq!(whole.frames(), rate as usize);
        let place = |secs: f64| (secs * f64::from(rate)).round() as usize;
        for (start, length) in [(0.0, 0.1), (0.3, 0.25), (0.95, 0.05)] {
            let part = cut(start, Some(length), rate).unwrap();
            let from = place(start);
            let want = &whole.channel(0)[from..from + place(length)];
            assert_eq!(part.channel(0), want, "{start} at {rate} Hz");
        }
        let over = cut(0.9, Some(0.2), rate).unwrap();
        assert_eq!(over.frames(), place(0.2));
        let inside = rate as usize - place(0.9);
        assert_eq!(over.channel(0)[..inside], whole.channel(0)[place(0.9)..]);
        assert!(over.channel(0)[inside..].iter().all(|x| *x == 0.0));
    }
    let error = failure(cut(1.0, None, 8_000));
    assert_eq!(setting_name(error), "start");
    let error = failure(cut(0.0, Some(1e300), 8_000));
    assert_eq!(setting_name(error), "duration");
}

#[test]
fn an_unknown_stem_is_an_error_that_names_the_known() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("song/drums.wav"), 1, 100);
    let set = open(folder.path());
    let take = Take::Stem("flute");
    let error = failure(set.songs[0].read(take, None, None, false, &Reporter::silent()));
    assert!(error.to_string().contains("it has drums"), "{error}");
    assert_eq!(setting_name(error), "stem");
}

// ---------------------------------------------------------------------------------------------
// Sections

#[test]
fn sections_are_evenly_divided_after_the_intro() {
    // 100 frames, 20 of intro, 80 left.
    assert_eq!(sections(10.0, 1, 2.0, 10, 10), [20]);
    assert_eq!(sections(10.0, 4, 2.0, 10, 10), [20, 40, 60, 80]);
    // Longer than the stretches: even overlap, the last ends with the song.
    assert_eq!(sections(10.0, 4, 2.0, 50, 10), [20, 30, 40, 50]);
    // No more room than for one, which reaches beyond the end.
    assert_eq!(sections(10.0, 4, 2.0, 80, 10), [20]);
    assert_eq!(sections(10.0, 4, 9.0, 80, 10), [90]);
    // Nothing after the intro, or nothing asked.
    assert!(sections(10.0, 4, 10.0, 5, 10).is_empty());
    assert!(sections(10.0, 0, 0.0, 5, 10).is_empty());
    assert!(sections(f64::NAN, 1, 0.0, 5, 10).is_empty());
    assert_eq!(sections(0.3, usize::MAX, 0.0, 1, 10), [0, 1, 2]);
}

#[test]
fn pairs_are_cut_at_the_same_places_and_silence_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song");
    let drums = write(&song.join("drums.wav"), 1, 1000);
    write_at(&song.join("vocals.wav"), RATE_HZ, &vec![vec![0.0; 1000]]);
    let set = open(folder.path());
    let spec = ExtractSpec {
        out: folder.path().join("out"),
        stem: "vocals".into(),
        sections: 3,
        start_secs: 0.025,
        section_samples: 400,
        sample_rate_hz: RATE_HZ,
        mono: true,
    };
    let done = extract(&set.songs[0], &spec, &Reporter::silent()).unwrap();
    assert_eq!(
        (done.written.len(), done.kept, done.silent_sections),
        (6, 0, 3)
    );
    let files = ["song_000.wav", "song_001.wav", "song_002.wav"];
    for kind in ["mixture", "vocals"] {
        assert_eq!(files_in(&spec.out.join(kind)), files);
    }
    // 200 of intro, 800 left: 266 apart, but the sections need no more than 200 each to fit.
    for (file, start) in files.iter().zip([200, 400, 600]) {
        let mixture = read(&spec.out.join("mixture").join(file));
        assert_eq!(mixture.channel(0), &drums[start..start + 400], "{file}");
        let vocals = read(&spec.out.join("vocals").join(file));
        assert_eq!(vocals.channel(0), [0.0; 400]);
    }
    // Again: everything is kept, and what was lost is made anew.
    std::fs::remove_file(spec.out.join("vocals").join(files[1])).unwrap();
    let again = extract(&set.songs[0], &spec, &Reporter::silent()).unwrap();
    assert_eq!((again.written.len(), again.kept), (1, 5));
    // Other settings do not mix with what is there.
    let other = ExtractSpec {
        section_samples: 300,
        ..spec.clone()
    };
    let error = failure(extract(&set.songs[0], &other, &Reporter::silent()));
    assert_eq!(setting_name(error), "out");
    let late = ExtractSpec {
        start_secs: 30.0,
        ..spec
    };
    let none = extract(&set.songs[0], &late, &Reporter::silent()).unwrap();
    assert!(none.written.is_empty() && none.missing.is_some());
}

// ---------------------------------------------------------------------------------------------
// The program

#[test]
fn the_program_lists_songs_and_fails_only_for_what_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let songs = folder.path().join("songs");
    hq_song(&songs.join("train/A"), &HQ);
    hq_song(&songs.join("test/B"), &HQ[..4]);
    let words = ["dataset", "multitrack", "songs", "--json"];
    let run = stemloom(folder.path(), &words).expect(0);
    let told = run.events("song");
    assert_eq!(told.len(), 2);
    assert_eq!(
        text(&told[1]["song"]["problems"][0]["text"]),
        "missing: vocals"
    );
    let result = &run.events("result")[0];
    assert_eq!(text(&result["layout"]), "musdb18-hq");
    assert_eq!(result["splits"].as_array().unwrap().len(), 2);
    let table = stemloom(folder.path(), &["dataset", "multitrack", "songs", "--list"]).expect(0);
    for word in ["MUSDB18-HQ: 2 songs", "missing: vocals", "drums.wav"] {
        assert!(table.stdout.contains(word), "{word}: {}", table.stdout);
    }

    std::fs::write(songs.join("test/B/vocals.wav"), b"").unwrap();
    let run = stemloom(folder.path(), &words).expect(2);
    assert_eq!(run.events("song").len(), 2, "the others are still told");
    let error = &run.events("error")[0];
    assert!(text(&error["message"]).contains("vocals.wav"), "{error}");
}

#[test]
fn the_program_writes_pairs_and_tells_who_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let songs = folder.path().join("songs");
    for (song, part) in [
        ("A", "Vocals"),
        ("A", "drums"),
        ("B", "drums"),
        ("B", "bass"),
    ] {
        write(&songs.join(song).join(format!("{part}.wav")), 1, 900);
    }
    let words = [
        "dataset",
        "multitrack",
        "songs",
        "--extract",
        "out",
        "--stem",
        "vocals",
        "--start",
        "0",
        "--samples",
        "300",
        "--rate",
        "8000",
        "--sections",
        "2",
        "--json",
    ];
    let run = stemloom(folder.path(), &words).expect(0);
    let result = &run.events("result")[0];
    assert_eq!(result["files"], 4);
    assert_eq!(result["left_out"], serde_json::json!(["B"]));
    let out = folder.path().join("out");
    for kind in ["mixture", "vocals"] {
        assert_eq!(files_in(&out.join(kind)), ["A_000.wav", "A_001.wav"]);
    }
    let again = stemloom(folder.path(), &words).expect(0);
    assert_eq!(again.events("result")[0]["kept"], 4);
}
