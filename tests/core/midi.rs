//! MIDI in and out.
//!
//! Order: each rule on bytes made by hand → round trips of seeded pieces. Broken files and the program
//! are in `midi_damage.rs`.

use stemloom::Error;
use stemloom::dataset::{Note, Piece, read_midi, write_midi};

use crate::cli::files_in;
use crate::common::Rng;

/// 100 ticks per quarter note: 5 ms each at 120 per minute.
pub const DIVISION: [u8; 2] = [0, 100];
const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [name, &length, content].concat()
}

/// A file of such tracks; each gets its end mark at once.
pub fn file(format: u8, division: [u8; 2], tracks: &[Vec<u8>]) -> Vec<u8> {
    let count = u8::try_from(tracks.len()).unwrap();
    let head = [0, format, 0, count, division[0], division[1]];
    let mut bytes = chunk(b"MThd", &head);
    for track in tracks {
        bytes.extend(chunk(b"MTrk", &[&track[..], &END].concat()));
    }
    bytes
}

pub fn one_track(events: &[&[u8]]) -> Vec<u8> {
    file(0, DIVISION, &[events.concat()])
}

pub fn read(bytes: &[u8]) -> Result<Piece, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mid");
    std::fs::write(&path, bytes).unwrap();
    read_midi(&path)
}

pub fn good(bytes: &[u8]) -> Piece {
    read(bytes).unwrap()
}

/// Start, end and pitch of all notes.
fn times(piece: &Piece) -> Vec<(f64, f64, u8)> {
    let time = |note: &Note| (note.start_secs, note.end_secs, note.pitch);
    piece.notes.iter().map(time).collect()
}

fn assert_times(bytes: &[u8], want: &[(f64, f64, u8)]) {
    let found = times(&good(bytes));
    let is_close = found.len() == want.len()
        && found
            .iter()
            .zip(want)
            .all(|(a, b)| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9 && a.2 == b.2);
    assert!(is_close, "{found:?} instead of {want:?}");
}

// ---------------------------------------------------------------------------------------------
// The rules

#[test]
fn one_note_has_all_its_values() {
    let piece = good(&one_track(&[
        &[0, 0xFF, 0x03, 3, b'A', 0xE9, b'!'],
        &[0, 0xC9, 5],
        &[100, 0x99, 60, 90],
        &[100, 0x89, 60, 0],
    ]));
    let want = Note {
        start_secs: 0.5,
        end_secs: 1.0,
        pitch: 60,
        velocity: 90,
        channel: 9,
        program: 5,
    };
    assert_eq!(piece.notes, [want]);
    assert!(piece.notes[0].is_drum());
    assert_eq!(piece.title.as_deref(), Some("Aé!"));
    assert_eq!(piece.tempos, [(0.0, 120.0)]);
    assert_eq!((piece.seconds, piece.warnings.len()), (1.0, 0));
}

#[test]
fn a_tempo_change_within_a_note_counts_from_there() {
    // 60 per minute from tick 50 on: 0.25 s, then 10 ms per tick.
    let bytes = one_track(&[
        &[0, 0x90, 60, 90],
        &[50, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40],
        &[50, 0x80, 60, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.75, 60)]);
    assert_eq!(good(&bytes).tempos, [(0.0, 120.0), (0.25, 60.0)]);
}

#[test]
fn format_1_is_as_format_0() {
    let tempo: &[u8] = &[50, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40];
    let on: &[u8] = &[0, 0x90, 60, 90];
    let both = [on, tempo, &[50, 0x80, 60, 0]].concat();
    let notes = [on, &[100, 0x80, 60, 0]].concat();
    let single = good(&file(0, DIVISION, &[both]));
    // The tempo is in another track, before or after.
    assert_eq!(
        single,
        good(&file(1, DIVISION, &[tempo.to_vec(), notes.clone()]))
    );
    assert_eq!(single, good(&file(1, DIVISION, &[notes, tempo.to_vec()])));
}

#[test]
fn format_2_plays_its_tracks_one_after_another() {
    let slow: &[u8] = &[
        0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0, 0x90, 60, 9, 100, 0x80, 60, 0,
    ];
    let usual: &[u8] = &[0, 0x90, 62, 9, 100, 0x80, 62, 0];
    let bytes = file(2, DIVISION, &[slow.to_vec(), usual.to_vec()]);
    assert_times(&bytes, &[(0.0, 1.0, 60), (1.0, 1.5, 62)]);
    let piece = good(&bytes);
    assert_eq!(piece.tempos, [(0.0, 60.0), (1.0, 120.0)]);
    assert!(
        piece.warnings[0].contains("format 2"),
        "{:?}",
        piece.warnings
    );
}

#[test]
fn running_status_goes_on_even_behind_metadata() {
    let bytes = one_track(&[
        &[0, 0x90, 60, 90],
        &[100, 60, 0],
        &[0, 0xFF, 0x01, 1, b'x'],
        &[0, 62, 90],
        &[100, 62, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.5, 60), (0.5, 1.0, 62)]);
}

#[test]
fn smpte_time_does_not_heed_tempos() {
    // 25 frames of 40 ticks: 1 ms each.
    let track: &[u8] = &[
        0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 100, 0x90, 60, 90, 100, 0x80, 60, 0,
    ];
    let bytes = file(0, [0xE7, 40], &[track.to_vec()]);
    assert_times(&bytes, &[(0.1, 0.2, 60)]);
    // 29 means 30 / 1.001.
    let bytes = file(0, [0xE3, 100], &[track.to_vec()]);
    let tick = 1.001 / 3000.0;
    assert_times(&bytes, &[(100.0 * tick, 200.0 * tick, 60)]);
}

#[test]
fn of_overlapping_notes_the_first_ends_first() {
    let bytes = one_track(&[
        &[0, 0x90, 60, 10],
        &[20, 0x90, 60, 20],
        &[20, 0x80, 60, 0],
        &[20, 0x80, 60, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.2, 60), (0.1, 0.3, 60)]);
    // Another channel's note is another note.
    let bytes = one_track(&[
        &[0, 0x90, 60, 10],
        &[20, 0x91, 60, 20],
        &[20, 0x81, 60, 0],
        &[20, 0x80, 60, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.3, 60), (0.1, 0.2, 60)]);
}

#[test]
fn the_pedal_holds_notes() {
    let down: &[u8] = &[0, 0xB0, 64, 64];
    // Until it goes up.
    let bytes = one_track(&[
        down,
        &[0, 0x90, 60, 10],
        &[20, 0x80, 60, 0],
        &[20, 0xB0, 64, 63],
    ]);
    assert_times(&bytes, &[(0.0, 0.2, 60)]);
    // Until the same pitch is struck; a key that is still down stays.
    let bytes = one_track(&[
        down,
        &[0, 0x90, 60, 10],
        &[20, 0x80, 60, 0],
        &[20, 0x90, 60, 20],
        &[20, 0xB0, 64, 0],
        &[20, 0x80, 60, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.2, 60), (0.2, 0.4, 60)]);
    // To the end; that is no mistake. Another channel's pedal holds nothing.
    let bytes = one_track(&[
        down,
        &[0, 0x90, 60, 10],
        &[0, 0x91, 62, 10],
        &[20, 0x80, 60, 0],
        &[0, 0x81, 62, 0],
        &[20, 0xC5, 0],
    ]);
    assert_times(&bytes, &[(0.0, 0.2, 60), (0.0, 0.1, 62)]);
    assert!(good(&bytes).warnings.is_empty());
}

#[test]
fn all_notes_off_heeds_the_pedal_and_all_sound_off_does_not() {
    for (controller, pedal, end) in [
        (123, 0, 0.1),
        (123, 127, 0.2),
        (120, 0, 0.1),
        (120, 127, 0.1),
    ] {
        let bytes = one_track(&[
            &[0, 0xB0, 64, pedal],
            &[0, 0x90, 60, 10],
            &[0, 0x90, 64, 10],
            &[20, 0xB0, controller, 0],
            &[20, 0xB0, 64, 0],
        ]);
        assert_times(&bytes, &[(0.0, end, 60), (0.0, end, 64)]);
        assert!(good(&bytes).warnings.is_empty());
    }
}

#[test]
fn programs_are_those_of_the_channel_when_the_note_begins() {
    let piece = good(&one_track(&[
        &[0, 0xC1, 40],
        &[0, 0x90, 60, 10],
        &[0, 0x91, 62, 10],
        &[10, 0xC1, 41],
        &[0, 0x91, 64, 10],
        &[10, 0x80, 60, 0],
        &[0, 0x81, 62, 0],
        &[0, 0x81, 64, 0],
    ]));
    let programs: Vec<(u8, u8)> = piece.notes.iter().map(|n| (n.pitch, n.program)).collect();
    assert_eq!(programs, [(60, 0), (62, 40), (64, 41)]);
}

#[test]
fn odd_files_are_read_with_a_warning() {
    let warned = |bytes: &[u8], word: &str| {
        let piece = good(bytes);
        let is_told = piece.warnings.iter().any(|told| told.contains(word));
        assert!(is_told, "{word} is not in {:?}", piece.warnings);
        piece
    };
    // Never ended: to the end of the piece.
    let endless = one_track(&[&[0, 0x90, 60, 10], &[40, 0xC5, 0]]);
    assert_eq!(times(&warned(&endless, "never end")), [(0.0, 0.2, 60)]);
    // No length: 1 ms.
    let short = one_track(&[&[0, 0x90, 60, 10], &[0, 0x80, 60, 0]]);
    assert_eq!(times(&good(&short)), [(0.0, 0.001, 60)]);
    assert_eq!(good(&short).seconds, 0.001);
    // No notes.
    let empty = warned(&file(1, DIVISION, &[]), "no note");
    assert_eq!((empty.notes.len(), empty.seconds), (0, 0.0));
    // No end mark, too many tracks, something behind the last.
    let head = chunk(b"MThd", &[0, 1, 0, 0, 0, 100]);
    let note: &[u8] = &[0, 0x90, 60, 10, 20, 0x80, 60, 0];
    let bytes = [&head[..], &chunk(b"MTrk", note), b"abc"].concat();
    for word in ["end mark", "1 tracks instead of the 0", "3 bytes behind"] {
        assert_eq!(times(&warned(&bytes, word)), [(0.0, 0.1, 60)]);
    }
    // Unknown chunks and impossible metadata (hour 31) say nothing about notes.
    let offset: &[u8] = &[0, 0xFF, 0x54, 5, 0x1F, 0, 0, 0, 0];
    let track = chunk(b"MTrk", &[offset, note, &END].concat());
    let head = chunk(b"MThd", &[0, 1, 0, 1, 0, 100]);
    let bytes = [&head[..], &chunk(b"XFIH", &[1, 2, 3]), &track].concat();
    assert_eq!(times(&good(&bytes)), [(0.0, 0.1, 60)]);
    assert!(good(&bytes).warnings.is_empty());
}

// ---------------------------------------------------------------------------------------------
// Round trips

/// A piece of many channels, programs and tempos. On one channel no note lies within another of its
/// pitch, since MIDI cannot tell that.
fn random_piece(seed: u64) -> Piece {
    let mut rng = Rng::new(seed);
    let mut secs = |below: usize| rng.below(below * 1_000_000) as f64 * 1e-6;
    let mut tempos = vec![(0.0, 40.0 + secs(200))];
    for _ in 0..5 {
        let (last, _) = tempos[tempos.len() - 1];
        tempos.push((last + 0.5 + secs(3), 40.0 + secs(200)));
    }
    let mut notes = Vec::new();
    for lane in 0..24_u8 {
        let mut start_secs = secs(2);
        for i in 0..20_u8 {
            let end_secs = start_secs + 0.02 + secs(1);
            notes.push(Note {
                start_secs,
                end_secs,
                pitch: 30 + lane * 4,
                velocity: 1 + i * 6,
                channel: lane % 16,
                program: (i / 4) * 30,
            });
            start_secs = end_secs + 0.02 + secs(1);
        }
    }
    let last = notes.iter().map(|note| note.end_secs).fold(0.0, f64::max);
    let mut piece = Piece {
        notes,
        seconds: last + 0.7,
        tempos,
        title: Some(format!("Stück {seed}")),
        warnings: Vec::new(),
    };
    piece.sort();
    piece
}

#[test]
fn a_written_piece_is_read_again_to_half_a_tick() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piece.mid");
    for seed in 0..8 {
        let piece = random_piece(seed);
        write_midi(&piece, &path, true).unwrap();
        let again = read_midi(&path).unwrap();
        assert_eq!((&again.title, again.warnings.len()), (&piece.title, 0));
        let slowest = piece.tempos.iter().map(|t| t.1).fold(f64::MAX, f64::min);
        let half_tick = 0.5 * 60.0 / slowest / 480.0 + 1e-9;
        let near = |a: f64, b: f64| assert!((a - b).abs() <= half_tick, "{a} is not {b}");
        near(again.seconds, piece.seconds);
        assert_eq!(again.tempos.len(), piece.tempos.len());
        for (a, b) in again.tempos.iter().zip(&piece.tempos) {
            near(a.0, b.0);
            assert!((a.1 / b.1 - 1.0).abs() < 1e-5, "{} is not {}", a.1, b.1);
        }
        // Half a tick may exchange neighbours, so each lane is compared alone.
        let by_lane = |piece: &Piece| {
            let mut notes = piece.notes.clone();
            notes.sort_by_key(|note| (note.channel, note.pitch));
            notes
        };
        let (found, want) = (by_lane(&again), by_lane(&piece));
        assert_eq!(found.len(), want.len());
        for (a, b) in found.iter().zip(&want) {
            near(a.start_secs, b.start_secs);
            near(a.end_secs, b.end_secs);
            let rest = |n: &Note| (n.pitch, n.velocity, n.channel, n.program);
            assert_eq!(rest(a), rest(b));
        }
    }
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_impossible_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piece.mid");
    let piece = random_piece(1);
    write_midi(&piece, &path, false).unwrap();
    let before = std::fs::read(&path).unwrap();
    let again = write_midi(&random_piece(2), &path, false);
    assert!(matches!(again, Err(Error::Exists { .. })));

    let mut bad: Vec<Piece> = (0..9).map(|_| piece.clone()).collect();
    bad[0].notes[3].start_secs = -1.0;
    bad[1].notes[3].end_secs = f64::NAN;
    bad[2].notes[3].velocity = 0;
    bad[3].notes[3].pitch = 128;
    bad[4].notes[3].channel = 16;
    bad[5].tempos[0].1 = 0.0;
    bad[6].seconds = f64::INFINITY;
    bad[7].notes[3].end_secs = 1e12;
    bad[8].tempos[1].0 = 1e6;
    for piece in bad {
        let refused = write_midi(&piece, &path, true);
        assert!(matches!(refused, Err(Error::Setting { .. })), "{refused:?}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(files_in(folder.path()), ["piece.mid"]);
}
