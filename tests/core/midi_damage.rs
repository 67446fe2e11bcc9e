//! Wrapped and broken MIDI files, and `stemloom dataset notes`.

use std::path::Path;

use serde_json::json;
use stemloom::Error;
use stemloom::dataset::read_midi;

use crate::cli::{command, stemloom};
use crate::common::{Rng, text, whole};
use crate::midi::{DIVISION, file, good, one_track, read};

fn problem(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Error::Malformed { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn rmid(song: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let info = [&b"DISP"[..], &[3, 0, 0, 0], b"abc\0"].concat();
    let form = [&b"RMID"[..], &info, b"data", &length(song), song].concat();
    [&b"RIFF"[..], &length(&form), &form].concat()
}

#[test]
fn a_riff_file_holds_the_same() {
    let song = one_track(&[&[0, 0x90, 60, 10], &[20, 0x80, 60, 0]]);
    assert_eq!(good(&rmid(&song)), good(&song));
    assert!(problem(&rmid(b"no")).contains("no MThd at byte 32"));
    assert!(problem(b"RIFF\0\0\0\0WAVEfmt ").contains("RMID at byte 8"));
}

#[test]
fn errors_name_the_byte() {
    let note = vec![0, 0x90, 60, 10, 20, 0x80, 60, 0];
    // Header 0–13; tracks from 14: head of 8, 8 of notes, 4 of the end mark; the second from 34.
    let whole = file(1, DIVISION, &[note.clone(), note]);
    assert_eq!(whole.len(), 54);
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        problem(&bytes)
    };
    let cases = [
        (problem(b""), "no MThd at byte 0"),
        (problem(b"ID3"), "no MThd at byte 0"),
        (problem(&whole[..12]), "header breaks off at byte 12"),
        (problem(&whole[..50]), "track 2 breaks off at byte 50"),
        (problem(&whole[..34]), "track 2 of 2 is missing"),
        (problem(&whole[..34]), "from byte 34 on"),
        (with(9, 3), "format 3 at byte 8"),
        (with(13, 0), "time division at byte 12"),
        (with(12, 0x80), "time division at byte 12"),
        // A system event inside a track; data with the top bit; an event that is too long.
        (with(23, 0xF4), "track 1 makes no sense from byte 22 on"),
        (with(48, 0x90), "track 2 makes no sense from byte 46 on"),
        (
            with(53, 9),
            "track 2 breaks off at byte 54 within the event at byte 50",
        ),
    ];
    for (told, want) in cases {
        assert!(told.contains(want), "{want} is not in {told}");
    }
    let missing = read_midi(Path::new("no-such-folder/a.mid"));
    assert!(matches!(missing, Err(Error::Io { .. })));
}

/// What is read of any bytes keeps the promises of [`Piece`].
fn check_promises(bytes: &[u8], path: &Path) {
    std::fs::write(path, bytes).unwrap();
    match read_midi(path) {
        Ok(piece) => {
            assert_eq!(piece.tempos[0].0, 0.0);
            for note in &piece.notes {
                assert!(
                    note.start_secs >= 0.0 && note.end_secs > note.start_secs,
                    "{note:?}"
                );
                assert!(note.end_secs <= piece.seconds);
                assert!(note.pitch < 128 && note.channel < 16 && note.program < 128);
                assert!((1..128).contains(&note.velocity));
            }
            assert!(piece.tempos.iter().all(|t| t.1 > 0.0 && t.1.is_finite()));
        }
        Err(Error::Malformed { problem, .. }) => {
            assert!(problem.contains("byte"), "{problem}");
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn no_bytes_are_too_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mid");
    let busy = [
        &[0, 0xFF, 0x03, 2, b'a', b'b'][..],
        &[0, 0xFF, 0x51, 3, 7, 0xA1, 0x20],
        &[0, 0xFF, 0x59, 2, 0, 0, 0, 0xF0, 2, 1, 0xF7],
        &[
            0, 0xB0, 64, 127, 0, 0xC0, 7, 0, 0x90, 60, 10, 0x81, 0, 60, 0,
        ],
        &[10, 0xB0, 64, 0, 0, 123, 0, 5, 0xE0, 0, 64],
    ]
    .concat();
    let song = file(1, DIVISION, &[busy.clone(), busy]);
    assert!(read(&song).is_ok());
    for song in [song.clone(), rmid(&song)] {
        for length in 0..song.len() {
            check_promises(&song[..length], &path);
        }
        let mut rng = Rng::new(5);
        for _ in 0..2000 {
            let mut bytes = song.clone();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.below(256) as u8;
            }
            check_promises(&bytes, &path);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// The program

#[test]
fn the_program_lists_notes_and_names_the_broken_file() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("songs/b");
    std::fs::create_dir_all(&below).unwrap();
    let song = one_track(&[
        &[0, 0x90, 69, 100],
        &[0, 0x99, 36, 90],
        &[100, 69, 0],
        &[0, 36, 0],
    ]);
    let song = song.as_slice();
    std::fs::write(folder.path().join("songs/c.MIDI"), song).unwrap();
    std::fs::write(below.join("d.mid"), song).unwrap();
    std::fs::write(folder.path().join("songs/a.mid"), &song[..30]).unwrap();
    std::fs::write(folder.path().join("songs/notes.txt"), "no music").unwrap();

    // The running status of the offs is that of the drums: the first note never ends.
    let run = stemloom(folder.path(), &["dataset", "notes", "songs", "--json"]).expect(2);
    let error = run.error_line();
    assert!(
        error.contains("breaks off at byte 30") && error.ends_with("a.mid"),
        "{error}"
    );
    let told = run.events("notes");
    assert_eq!(told.len(), 2);
    assert!(text(&told[0]["input"]).ends_with("d.mid"));
    assert!(text(&told[1]["input"]).ends_with("c.MIDI"));
    assert_eq!(told[0]["notes"].as_array().unwrap().len(), 2);
    let first = &told[0]["notes"][0];
    assert_eq!(text(&first["name"]), "A4");
    assert_eq!(whole(&first["velocity"]), 100);
    assert_eq!(first["is_drum"], json!(false));
    assert_eq!(told[0]["notes"][1]["is_drum"], json!(true));
    assert_eq!(told[0]["seconds"], json!(0.5));
    assert_eq!(told[0]["warnings"].as_array().unwrap().len(), 1);

    let run = stemloom(folder.path(), &["dataset", "notes", "songs/c.MIDI"]).expect(0);
    for words in [
        "A4",
        "drum",
        "velocity 100",
        "2 notes",
        "0.500 s",
        "120.0 bpm",
    ] {
        assert!(
            run.stdout.contains(words),
            "{words} is not in {}",
            run.stdout
        );
    }
    assert!(run.error_line().contains("never end"), "{}", run.stderr);

    let run = stemloom(folder.path(), &["dataset", "notes", "songs", "--csv"]).expect(2);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.stdout);
    assert!(lines[0].contains("start_secs,end_secs,pitch,name,velocity"));
    assert!(
        lines[1].contains(",0.000000,0.500000,69,A4,100,0,0,no"),
        "{}",
        lines[1]
    );

    let empty = tempfile::tempdir().unwrap();
    let run = stemloom(empty.path(), &["dataset", "notes", "."]).expect(2);
    assert!(run.error_line().contains("no .mid"), "{}", run.stderr);
}

#[test]
fn rows_of_a_table_are_out_before_the_next_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let song = one_track(&[&[0, 0x90, 69, 100], &[100, 69, 0]]);
    std::fs::write(folder.path().join("good.mid"), song).unwrap();
    std::fs::write(folder.path().join("bad.mid"), "no music").unwrap();
    // Both streams into one file: what was said first stands first.
    let log = folder.path().join("log.txt");
    let stdout = std::fs::File::create(&log).unwrap();
    let stderr = stdout.try_clone().unwrap();
    let words = [
        "dataset", "notes", "good.mid", "bad.mid", "good.mid", "--csv",
    ];
    let status = command(folder.path(), &words)
        .stdout(stdout)
        .stderr(stderr)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    let log = std::fs::read_to_string(&log).unwrap();
    let kinds: Vec<&str> = log
        .lines()
        .map(|line| match line {
            _ if line.contains("start_secs") => "header",
            _ if line.contains("bad.mid") => "error",
            _ if line.starts_with("good.mid,0.000000,") => "row",
            _ => line,
        })
        .collect();
    assert_eq!(kinds, ["header", "row", "error", "row"]);
    assert_eq!(log.matches("\r\n").count(), 3);
}
