//! From a [`Piece`] to a MIDI file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

use super::piece::{Note, Piece};
use super::tempo_map::{DEFAULT_MICROS_PER_QUARTER, TempoMap, secs_per_tick};
use crate::audio::write_whole;
use crate::error::{Error, Result};

/// The usual fine division: 1 ms at 120 quarter notes per minute.
const TICKS_PER_QUARTER: u16 = 480;

/// How fast keys come up; no synthesiser in use listens.
const RELEASE_VELOCITY: u8 = 64;

/// The longest quarter note that a file can name, in microseconds.
const LONGEST_QUARTER: f64 = 0xFF_FFFF as f64;

/// Events by tick; at one tick by rank: ends, then programs, then beginnings.
type Timed<'a> = Vec<(u64, u8, TrackEventKind<'a>)>;

/// Writes a piece as a Standard MIDI File of format 1 with 480 ticks per quarter note.
///
/// The first track has the title, the tempos and the length; then comes one track per channel and
/// program. [`read_midi`](super::read_midi()) gets the piece back with every time within half a tick
/// and every tempo within half a microsecond per quarter note. Notes shorter than a tick get one.
/// Warnings are not written. Of two notes of one pitch on one channel that overlap, MIDI ends the one
/// that began first; a note that lies within another comes back with the ends exchanged.
///
/// # Errors
/// [`Error::Setting`] for values that no MIDI file can hold; [`Error::Exists`] unless `overwrite`;
/// [`Error::Io`].
pub fn write_midi(piece: &Piece, path: &Path, overwrite: bool) -> Result<()> {
    for (i, note) in piece.notes.iter().enumerate() {
        check(note).map_err(|problem| Error::setting(format!("note {}", i + 1), problem))?;
    }
    if !is_time(piece.seconds) {
        let problem = format!("{} s is no length; use 0 or more", piece.seconds);
        return Err(Error::setting("seconds", problem));
    }
    let (map, conductor) = conductor(piece)?;
    let mut tracks = vec![track(conductor, map.tick_at(piece.seconds))?];
    for events in note_tracks(&piece.notes, &map).into_values() {
        tracks.push(track(events, 0)?);
    }
    let timing = Timing::Metrical(u15::new(TICKS_PER_QUARTER));
    let header = Header::new(Format::Parallel, timing);
    let mut bytes: Vec<u8> = Vec::new();
    Smf { header, tracks }
        .write_std(&mut bytes)
        .map_err(Error::io("write", path))?;
    write_whole(path, overwrite, |file| file.write_all(&bytes))
}

fn is_time(secs: f64) -> bool {
    secs.is_finite() && secs >= 0.0
}

/// What keeps a note out of a MIDI file.
fn check(note: &Note) -> std::result::Result<(), String> {
    let Note {
        start_secs,
        end_secs,
        ..
    } = *note;
    if !is_time(start_secs) || !is_time(end_secs) || end_secs < start_secs {
        return Err(format!(
            "cannot go from {start_secs} s to {end_secs} s; use times from 0 on, the end last"
        ));
    }
    for (name, value, most) in [
        ("pitch", note.pitch, 127),
        ("velocity", note.velocity, 127),
        ("program", note.program, 127),
        ("channel", note.channel, 15),
    ] {
        if value > most {
            return Err(format!("{name} {value} is above {most}"));
        }
    }
    if note.velocity == 0 {
        return Err("velocity 0 is the end of a note; use 1 to 127".into());
    }
    Ok(())
}

/// The title and the tempos, and the clock that they make: of what is written, not of what was
/// asked, so that rounding does not add up.
fn conductor(piece: &Piece) -> Result<(TempoMap, Timed<'_>)> {
    let mut events = Timed::new();
    if let Some(title) = &piece.title {
        let name = MetaMessage::TrackName(title.as_bytes());
        events.push((0, 0, TrackEventKind::Meta(name)));
    }
    let mut map = TempoMap::new(secs_per_tick(DEFAULT_MICROS_PER_QUARTER, TICKS_PER_QUARTER));
    let mut last_secs = 0.0;
    for &(secs, per_minute) in &piece.tempos {
        let micros = (60e6 / per_minute).round();
        if !(1.0..=LONGEST_QUARTER).contains(&micros) {
            let problem = format!("{per_minute} quarter notes per minute; use 3.58 to 60000000");
            return Err(Error::setting("tempo", problem));
        }
        if !is_time(secs) || secs < last_secs {
            let problem = format!("the change at {secs} s is not behind {last_secs} s");
            return Err(Error::setting("tempo", problem));
        }
        last_secs = secs;
        let (tick, micros) = (map.tick_at(secs), micros as u32);
        map.change(tick, secs_per_tick(micros, TICKS_PER_QUARTER));
        let tempo = MetaMessage::Tempo(u24::new(micros));
        events.push((tick, 0, TrackEventKind::Meta(tempo)));
    }
    Ok((map, events))
}

/// The notes by channel and program. A channel has one program for all tracks, so each change is
/// written right before the first note that needs it.
fn note_tracks(notes: &[Note], map: &TempoMap) -> BTreeMap<(u8, u8), Timed<'static>> {
    let mut in_time: Vec<(u64, &Note)> = notes
        .iter()
        .map(|note| (map.tick_at(note.start_secs), note))
        .collect();
    // At one tick players go through the tracks in their order.
    in_time.sort_by_key(|(tick, note)| (*tick, note.channel, note.program));
    let mut in_force = [None; 16];
    let mut tracks: BTreeMap<_, Timed<'static>> = BTreeMap::new();
    for (tick, note) in in_time {
        let track = tracks.entry((note.channel, note.program)).or_default();
        let mut push = |tick, rank, message| {
            let channel = u4::new(note.channel);
            track.push((tick, rank, TrackEventKind::Midi { channel, message }));
        };
        let (key, program) = (u7::new(note.pitch), u7::new(note.program));
        let current = &mut in_force[usize::from(note.channel & 15)];
        if *current != Some(note.program) {
            *current = Some(note.program);
            push(tick, 1, MidiMessage::ProgramChange { program });
        }
        let vel = u7::new(note.velocity);
        push(tick, 2, MidiMessage::NoteOn { key, vel });
        let end = map.tick_at(note.end_secs).max(tick.saturating_add(1));
        let vel = u7::new(RELEASE_VELOCITY);
        push(end, 0, MidiMessage::NoteOff { key, vel });
    }
    tracks
}

/// Events as a track, which ends at `end_tick` or with its last event, whichever is later.
fn track(mut events: Timed<'_>, end_tick: u64) -> Result<Vec<TrackEvent<'_>>> {
    events.sort_by_key(|(tick, rank, _)| (*tick, *rank));
    let end_tick = events.last().map_or(0, |last| last.0).max(end_tick);
    events.push((end_tick, 0, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let mut before = 0;
    let timed = events.into_iter().map(|(tick, _, kind)| {
        let delta = u32::try_from(tick - before).ok().and_then(u28::try_from);
        before = tick;
        delta
            .map(|delta| TrackEvent { delta, kind })
            .ok_or_else(|| {
                let problem =
                    "a pause of more than 2^28 ticks is too long for a MIDI file; shorten it";
                Error::setting("notes", problem)
            })
    });
    timed.collect()
}
