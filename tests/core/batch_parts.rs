//! The parts of a batch by themselves: songs gathered, names given, reports read and merged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stemloom::Error;
use stemloom::apply::{ExportOptions, SongName};
use stemloom::audio::Tags;
use stemloom::batch::{
    Entry, FileReport, OutputFile, Problem, Report, RowState, Severity, gather, read_reports,
    report_page,
};

use crate::batch_common::{Place, files};
use crate::common::{failure, setting_name};

// ---------------------------------------------------------------------------------------------
// Gathering

fn touch(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "").unwrap();
}

#[test]
fn folders_are_searched_in_the_order_of_names() {
    let place = Place::new();
    for path in [
        "music/c.flac",
        "music/a.wav",
        "music/b/2.MP3",
        "music/b/1.wav",
        "music/b/deep/x.opus",
        "music/d.Aiff",
        "music/left out.wav",
        "music/notes.txt",
        "music/cover.jpg",
        "music/wav",
        "music/.hidden.wav",
        "music/.folder/y.wav",
        "music/b/.DS_Store",
        "lone.bin",
    ] {
        touch(&place.path(path));
    }
    std::fs::create_dir(place.path("music/e.wav")).unwrap();
    std::fs::create_dir(place.path("empty")).unwrap();
    let inputs = [
        place.path("music/c.flac"),
        place.path("music"),
        // Each once, whatever it is called.
        place.path("music/../music/b"),
        place.path("music/b/1.wav"),
        // What is named is taken as it is: whoever names it knows why.
        place.path("lone.bin"),
        place.path("missing.wav"),
        place.path("empty"),
    ];
    let (entries, problems) = gather(&inputs, &|path| path.ends_with("left out.wav"));
    let entry = |path: &str, folder: &str| Entry {
        input: place.path(path),
        folder: folder.into(),
    };
    let wanted = [
        entry("music/c.flac", ""),
        entry("music/a.wav", "music"),
        entry("music/b/1.wav", "music/b"),
        entry("music/b/2.MP3", "music/b"),
        entry("music/b/deep/x.opus", "music/b/deep"),
        entry("music/d.Aiff", "music"),
        entry("lone.bin", ""),
        entry("missing.wav", ""),
    ];
    assert_eq!(entries, wanted);
    let empty = [Problem {
        severity: Severity::Note,
        message: "there is no audio file in this folder".into(),
        path: Some(place.path("empty")),
    }];
    let of_empty: Vec<Problem> = problems
        .into_iter()
        .filter(|problem| problem.path == empty[0].path)
        .collect();
    assert_eq!(of_empty, empty);
}

/// A link to a file is that file, once.
#[cfg(unix)]
#[test]
fn the_results_of_another_batch_are_no_songs_unless_named() {
    let root = tempfile::tempdir().unwrap();
    let stems = root.path().join("stems");
    std::fs::create_dir_all(stems.join(".stemloom")).unwrap();
    touch(&root.path().join("song.wav"));
    touch(&stems.join("song (vocals).wav"));
    let songs = |folder: &Path| gather(&[folder.to_path_buf()], &|_| false);
    let (entries, problems) = songs(root.path());
    assert_eq!(entries.len(), 1);
    assert!(entries[0].input.ends_with("song.wav"));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path.as_ref(), Some(&stems));
    let (entries, problems) = songs(&stems);
    assert_eq!((entries.len(), problems.len()), (1, 0));
}

#[test]
fn links_are_followed_once() {
    let place = Place::new();
    touch(&place.path("music/a.wav"));
    touch(&place.path("elsewhere/b.wav"));
    for (from, to) in [
        ("music/a.wav", "music/z.wav"),
        ("elsewhere/b.wav", "music/b.wav"),
    ] {
        std::os::unix::fs::symlink(place.path(from), place.path(to)).unwrap();
    }
    let (entries, problems) = gather(&[place.path("music")], &|_| false);
    let inputs: Vec<PathBuf> = entries.into_iter().map(|entry| entry.input).collect();
    assert_eq!(
        inputs,
        ["music/a.wav", "music/b.wav"].map(|p| place.path(p))
    );
    assert!(problems.is_empty(), "{problems:?}");
}

// ---------------------------------------------------------------------------------------------
// Names

fn named(pattern: &str, title: &str, stem: &str) -> stemloom::Result<PathBuf> {
    let options = ExportOptions {
        folder: "out".into(),
        pattern: pattern.into(),
        ..ExportOptions::default()
    };
    let song = SongName {
        name: "file".into(),
        tags: Tags {
            title: Some(title.into()),
            artist: Some("AC/DC".into()),
        },
        model: "hpss".into(),
    };
    options.path(&song, stem)
}

#[test]
fn slashes_of_the_pattern_make_folders_and_no_others_do() {
    let path = named("{artist}/{title} [{model}]/{stem}", "../../etc/x", "vocals");
    let wanted = PathBuf::from("out/AC_DC/.._.._etc_x [hpss]/vocals.wav");
    assert_eq!(path.unwrap(), wanted);
    // No way out of the destination.
    for pattern in [
        "../{stem}",
        "/{stem}",
        "{title}/{stem}",
        "./{stem}",
        "//{stem}",
    ] {
        let path = named(pattern, "..", "vocals").unwrap();
        assert!(path.starts_with("out"), "{pattern}: {}", path.display());
        let plain =
            |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        assert!(
            path.components().all(plain),
            "{pattern}: {}",
            path.display()
        );
        assert_eq!(path.file_name().unwrap(), "vocals.wav");
    }
    for pattern in ["{nonsense}", "{name}/{}", "a/{name", "{Name}"] {
        let error = failure(named(pattern, "x", "vocals"));
        assert_eq!(setting_name(error), "name", "{pattern}");
    }
}

/// File systems take 255 bytes; 200 of them are ours, and the stem's part is never cut.
#[test]
fn long_titles_are_cut_between_letters() {
    for (title, letter) in [
        ("é".repeat(150), 'é'),
        ("歌".repeat(100), '歌'),
        ("x".repeat(300), 'x'),
    ] {
        assert_eq!(title.len(), 300);
        let mut names = Vec::new();
        for stem in ["vocals", "accompaniment"] {
            let path = named("{title} ({stem})", &title, stem).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let end = format!(" ({stem}).wav");
            let front = name.strip_suffix(&end).expect("the stem's part is whole");
            assert!(front.chars().all(|c| c == letter), "{front}");
            // As long as it can be: one letter more would be too much.
            let most = (200 - " ()".len() - stem.len()) / letter.len_utf8();
            assert_eq!(front.chars().count(), most, "{name}");
            names.push(name);
        }
        assert_ne!(names[0], names[1]);
    }
}

// ---------------------------------------------------------------------------------------------
// Reports

/// A song's report with something in every field. Numbers that every text has exactly.
fn file(name: &str, place: usize, state: RowState) -> FileReport {
    FileReport {
        input: name.into(),
        place,
        state,
        models: vec!["hpss".into()],
        devices: vec!["cpu".into()],
        seconds: 30.5,
        seconds_taken: 7.625,
        real_time_factor: 0.25,
        residual_db: vec![-142.5],
        gain_db: -0.5,
        outputs: vec![OutputFile {
            name: "harmonic".into(),
            model: "hpss".into(),
            path: "Песня/гармония.wav".into(),
            frames: 1_345_050,
            sample_rate: 44_100,
            channels: 2,
            peak: 0.75,
            clipped_samples: 3,
            bytes: 8_070_344,
            sha256: "0123".into(),
        }],
        pictures: vec!["p.png".into()],
        warnings: vec!["<loud> & \"clear\"".into()],
        error: None,
        settings: "same".into(),
        recipe: None,
        input_sha256: Some("4567".into()),
    }
}

fn states(report: &Report) -> BTreeMap<String, RowState> {
    let pair = |file: &FileReport| (file.input.display().to_string(), file.state);
    report.files.iter().map(pair).collect()
}

#[test]
fn reports_are_written_and_read_whole() {
    let place = Place::new();
    let states = [
        RowState::Done,
        RowState::AlreadyDone,
        RowState::Skipped,
        RowState::Cancelled,
        RowState::Failed,
    ];
    let names = ["a", "<script>", "two\nlines", "Песня", "\"q\""];
    let report = Report {
        files: (0..5).map(|i| file(names[i], i, states[i])).collect(),
    };
    let path = place.path("deep/report.jsonl");
    report.write(&path).unwrap();
    assert_eq!(Report::read(&path).unwrap(), report);
    assert_eq!(
        files(place.root()),
        ["deep/report.html", "deep/report.jsonl"]
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 5);
    for state in ["done", "already-done", "skipped", "cancelled", "failed"] {
        assert_eq!(text.matches(&format!("\"state\":\"{state}\"")).count(), 1);
    }
    // Seconds of audio and of work are those of songs done in this run.
    assert_eq!(report.seconds(), (30.5, 7.625));
    assert_eq!(report.count(RowState::is_good), 2);

    let page = std::fs::read_to_string(place.path("deep/report.html")).unwrap();
    assert_eq!(page, report_page(&report));
    assert!(page.contains("2 of 5 songs are done, one failed"), "{page}");
    assert!(page.contains("&lt;loud&gt; &amp; &quot;clear&quot;"));
    assert!(!page.contains("<script>") && !page.contains("<loud>"));
    // Those that failed come first.
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("&quot;q&quot;") < at("&lt;script&gt;"));
}

/// Wherever a last line was cut short, in the middle of a letter too, those before it are read.
#[test]
fn a_report_cut_short_is_read_up_to_there() {
    let place = Place::new();
    let path = place.path("report.jsonl");
    let report = Report {
        files: vec![
            file("Первая", 0, RowState::Done),
            file("Вторая 歌 🎵", 1, RowState::Failed),
        ],
    };
    let text = report.to_json_lines().into_bytes();
    let first_line = 1 + text.iter().position(|byte| *byte == b'\n').unwrap();
    for length in first_line..=text.len() {
        std::fs::write(&path, &text[..length]).unwrap();
        let read = Report::read(&path).unwrap_or_else(|error| panic!("{length}: {error}"));
        // Only its line break may be missing.
        let whole = if length + 1 >= text.len() { 2 } else { 1 };
        assert_eq!(read.files, report.files[..whole], "{length} bytes");
    }
    // In the middle it is no end that was cut.
    let mut broken = text[..8].to_vec();
    broken.push(b'\n');
    broken.extend_from_slice(&text);
    std::fs::write(&path, broken).unwrap();
    let error = failure(Report::read(&path));
    let told = error.to_string();
    assert!(told.ends_with("report.jsonl"), "{told}");
    let Error::Document { what, problem, .. } = error else {
        panic!("{told}");
    };
    assert_eq!(what, "report");
    assert!(problem.starts_with("line 1: "), "{problem}");
}

#[test]
fn of_two_reports_about_a_song_the_one_that_got_further_counts() {
    let order = [
        RowState::Cancelled,
        RowState::Skipped,
        RowState::Failed,
        RowState::AlreadyDone,
        RowState::Done,
    ];
    let one = |state| Report {
        files: vec![file("song", 4, state)],
    };
    for (i, worse) in order.into_iter().enumerate() {
        for better in order.into_iter().skip(i) {
            for (first, second) in [(worse, better), (better, worse)] {
                let mut merged = one(first);
                merged.merge(one(second));
                assert_eq!(merged, one(better), "{first:?} and {second:?}");
            }
        }
    }
    // Under other settings it is another piece of work.
    let mut merged = one(RowState::Done);
    let mut other = one(RowState::Failed);
    other.files[0].settings = "others".into();
    merged.merge(other);
    assert_eq!(merged.files.len(), 2);
}

#[test]
fn reports_of_folders_and_files_are_merged() {
    let place = Place::new();
    let write = |name: &str, files: &[(&str, usize, RowState)]| {
        let files = files
            .iter()
            .map(|(name, at, state)| file(name, *at, *state));
        let report = Report {
            files: files.collect(),
        };
        report.write(&place.path(name)).unwrap();
    };
    let (done, failed) = (RowState::Done, RowState::Failed);
    write("out/report-1-of-2.jsonl", &[("a", 0, done), ("c", 2, done)]);
    write(
        "out/report-2-of-2.jsonl",
        &[("b", 1, failed), ("d", 3, done)],
    );
    write("mended.jsonl", &[("b", 1, done)]);
    std::fs::write(place.path("out/notes.jsonl"), "none of ours").unwrap();
    let merged = read_reports(&[place.path("out")]).unwrap();
    let order: Vec<usize> = merged.files.iter().map(|file| file.place).collect();
    assert_eq!(order, [0, 1, 2, 3]);
    assert_eq!(
        (states(&merged)["b"], merged.count(|s| s == done)),
        (failed, 3)
    );
    let merged = read_reports(&[place.path("out"), place.path("mended.jsonl")]).unwrap();
    assert_eq!(merged.count(RowState::is_good), 4);

    std::fs::create_dir(place.path("none")).unwrap();
    assert_eq!(
        setting_name(failure(read_reports(&[place.path("none")]))),
        "report"
    );
    let missing = failure(read_reports(&[place.path("missing.jsonl")]));
    assert!(missing.to_string().ends_with("missing.jsonl"), "{missing}");
}
