//! From a MIDI file to a [`Piece`]: ticks become seconds, ons and offs become notes.
//!
//! The rules, where files leave a choice:
//! * Offs end the note of their pitch that began first.
//! * The sustain pedal (controller 64, down from 64 on) holds notes until it goes up or their pitch is
//!   struck again. "All sound off" (120) ends all; "all notes off" (123, and the mode messages 124–127
//!   that imply it) lets all keys go; "reset all controllers" (121) lets the pedal go.
//! * A note that ends when it begins lasts 1 ms, so that it is not lost.
//! * A note that never ends lasts to the end of its piece.
//! * Tempo changes of all tracks count for all; with SMPTE time they change nothing but the list.
//! * Ports are not told apart: channel 0 of each is channel 0.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::midi_events::{Action, Event, Track};
use super::midi_tracks::{Clock, MidiFile};
use super::piece::{Note, Piece};
use super::tempo_map::{DEFAULT_MICROS_PER_QUARTER, TempoMap, secs_per_tick};
use crate::error::{Error, Result};

/// Length of a note without length, in seconds.
const SHORTEST_SECS: f64 = 0.001;

/// Bytes that a file may have; ten million events fit many times.
const MOST_BYTES: u64 = 256 << 20;

/// Reads a Standard MIDI File of format 0, 1 or 2, bare or inside a RIFF file (RMID).
///
/// Times are in seconds from the start, at 120 quarter notes per minute until the file says otherwise.
/// The tracks of format 2 come one after another, each beginning at 120 with all channels reset. The
/// title is the first name that a track has. A file without notes is a piece without notes and with a
/// warning.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`], which names the byte, also for more than ten million events.
pub fn read_midi(path: &Path) -> Result<Piece> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::io("read", path))?;
    let parsed = if bytes.len() as u64 > MOST_BYTES {
        Err(format!("no MIDI file goes on beyond byte {MOST_BYTES}"))
    } else {
        MidiFile::parse(&bytes)
    };
    parsed.map(piece_of).map_err(|problem| Error::Malformed {
        problem,
        path: path.into(),
    })
}

fn piece_of(file: MidiFile) -> Piece {
    let mut piece = Piece {
        title: file.tracks.iter().find_map(|track| track.name.clone()),
        warnings: file.warnings,
        ..Piece::default()
    };
    set_tempo(&mut piece.tempos, 0.0, DEFAULT_MICROS_PER_QUARTER);
    let (mut unended, mut impossible) = (0, 0);
    let sequences: Vec<Vec<Track>> = if file.is_sequential {
        if file.tracks.len() > 1 {
            piece.warnings.push(format!(
                "format 2: its {} tracks are read one after another",
                file.tracks.len()
            ));
        }
        file.tracks.into_iter().map(|track| vec![track]).collect()
    } else {
        vec![file.tracks]
    };
    for tracks in sequences {
        let odd = append(&mut piece, file.clock, tracks);
        unended += odd.unended;
        impossible += odd.impossible_tempos;
    }
    if unended > 0 {
        piece.warnings.push(format!(
            "notes that never end, held to the end of the piece: {unended}"
        ));
    }
    if impossible > 0 {
        piece.warnings.push(format!(
            "tempos of 0 µs per quarter note, passed over: {impossible}"
        ));
    }
    if piece.notes.is_empty() {
        piece.warnings.push("there is no note in this file".into());
    }
    piece.sort();
    piece
}

/// How many odd things were met.
#[derive(Default)]
struct Odd {
    unended: usize,
    impossible_tempos: usize,
}

/// Adds tracks that sound together behind what is there.
fn append(piece: &mut Piece, clock: Clock, tracks: Vec<Track>) -> Odd {
    let offset_secs = piece.seconds;
    let end_tick = tracks.iter().map(|track| track.end_tick).max().unwrap_or(0);
    let mut events: Vec<Event> = tracks.into_iter().flat_map(|track| track.events).collect();
    // Stable: at one tick the order of the tracks and of the file holds.
    events.sort_by_key(|event| event.tick);

    let mut odd = Odd::default();
    let mut map = TempoMap::new(match clock {
        Clock::PerQuarter(ticks) => secs_per_tick(DEFAULT_MICROS_PER_QUARTER, ticks),
        Clock::PerSecond(ticks) => 1.0 / ticks,
    });
    set_tempo(&mut piece.tempos, offset_secs, DEFAULT_MICROS_PER_QUARTER);
    for event in &events {
        let Action::Tempo { micros_per_quarter } = event.action else {
            continue;
        };
        if micros_per_quarter == 0 {
            odd.impossible_tempos += 1;
            continue;
        }
        if let Clock::PerQuarter(ticks) = clock {
            map.change(event.tick, secs_per_tick(micros_per_quarter, ticks));
        }
        let secs = offset_secs + map.secs_at(event.tick);
        set_tempo(&mut piece.tempos, secs, micros_per_quarter);
    }

    let end_secs = offset_secs + map.secs_at(end_tick);
    let first = piece.notes.len();
    if !events.is_empty() {
        let mut player = Player::new(&mut piece.notes);
        for event in &events {
            player.play(event.action, offset_secs + map.secs_at(event.tick));
        }
        odd.unended = player.finish(end_secs);
    }
    let added = piece.notes.iter().skip(first);
    piece.seconds = added.fold(end_secs, |last, note| last.max(note.end_secs));
    odd
}

/// Adds a tempo; of several at one time the last counts.
fn set_tempo(tempos: &mut Vec<(f64, f64)>, secs: f64, micros_per_quarter: u32) {
    if tempos.last().is_some_and(|(last, _)| *last >= secs) {
        tempos.pop();
    }
    tempos.push((secs, 60e6 / f64::from(micros_per_quarter)));
}

/// A note that has begun.
struct Strike {
    start_secs: f64,
    velocity: u8,
    program: u8,
}

/// What sounds of one pitch of one channel.
#[derive(Default)]
struct Key {
    /// Held by fingers, the oldest first.
    down: VecDeque<Strike>,
    /// Held by the pedal alone.
    sustained: Vec<Strike>,
}

struct Channel {
    program: u8,
    is_pedal_down: bool,
    /// 128, by pitch.
    keys: Vec<Key>,
}

/// Sixteen channels that turn actions into notes.
struct Player<'a> {
    channels: Vec<Channel>,
    notes: &'a mut Vec<Note>,
}

impl<'a> Player<'a> {
    fn new(notes: &'a mut Vec<Note>) -> Self {
        let channel = |_| Channel {
            program: 0,
            is_pedal_down: false,
            keys: (0..128).map(|_| Key::default()).collect(),
        };
        Self {
            channels: (0..16).map(channel).collect(),
            notes,
        }
    }

    fn play(&mut self, action: Action, now_secs: f64) {
        match action {
            Action::On {
                channel,
                pitch,
                velocity,
            } => {
                self.end_sustained(channel, pitch, now_secs);
                let channel = &mut self.channels[usize::from(channel)];
                let strike = Strike {
                    start_secs: now_secs,
                    velocity,
                    program: channel.program,
                };
                channel.keys[usize::from(pitch)].down.push_back(strike);
            }
            Action::Off { channel, pitch } => self.let_go(channel, pitch, now_secs),
            Action::Control {
                channel,
                controller,
                value,
            } => self.control(channel, controller, value, now_secs),
            Action::Program { channel, program } => {
                self.channels[usize::from(channel)].program = program;
            }
            Action::Tempo { .. } => {}
        }
    }

    fn control(&mut self, channel: u8, controller: u8, value: u8, now_secs: f64) {
        match controller {
            64 if value >= 64 => self.channels[usize::from(channel)].is_pedal_down = true,
            64 | 121 => self.pedal_up(channel, now_secs),
            120 => {
                self.all_keys_up(channel, now_secs);
                for pitch in 0..128 {
                    self.end_sustained(channel, pitch, now_secs);
                }
            }
            123..=127 => self.all_keys_up(channel, now_secs),
            _ => {}
        }
    }

    fn pedal_up(&mut self, channel: u8, now_secs: f64) {
        let was_down = std::mem::take(&mut self.channels[usize::from(channel)].is_pedal_down);
        if was_down {
            for pitch in 0..128 {
                self.end_sustained(channel, pitch, now_secs);
            }
        }
    }

    fn all_keys_up(&mut self, channel: u8, now_secs: f64) {
        for pitch in 0..128 {
            while self.is_key_down(channel, pitch) {
                self.let_go(channel, pitch, now_secs);
            }
        }
    }

    fn is_key_down(&self, channel: u8, pitch: u8) -> bool {
        let channel = &self.channels[usize::from(channel)];
        !channel.keys[usize::from(pitch)].down.is_empty()
    }

    /// A finger leaves the key: the note ends, or the pedal holds it.
    fn let_go(&mut self, channel: u8, pitch: u8, now_secs: f64) {
        let own = &mut self.channels[usize::from(channel)];
        let key = &mut own.keys[usize::from(pitch)];
        let Some(strike) = key.down.pop_front() else {
            return;
        };
        if own.is_pedal_down {
            key.sustained.push(strike);
        } else {
            self.notes.push(note(&strike, channel, pitch, now_secs));
        }
    }

    fn end_sustained(&mut self, channel: u8, pitch: u8, now_secs: f64) {
        let key = &mut self.channels[usize::from(channel)].keys[usize::from(pitch)];
        let ended = key.sustained.drain(..);
        self.notes
            .extend(ended.map(|strike| note(&strike, channel, pitch, now_secs)));
    }

    /// Ends what still sounds; how many notes nobody let go.
    fn finish(mut self, end_secs: f64) -> usize {
        let mut unended = 0;
        for channel in 0..16_u8 {
            let keys = &self.channels[usize::from(channel)].keys;
            unended += keys.iter().map(|key| key.down.len()).sum::<usize>();
            self.control(channel, 120, 0, end_secs);
        }
        unended
    }
}

fn note(strike: &Strike, channel: u8, pitch: u8, end_secs: f64) -> Note {
    let has_length = end_secs > strike.start_secs;
    Note {
        start_secs: strike.start_secs,
        end_secs: if has_length {
            end_secs
        } else {
            strike.start_secs + SHORTEST_SECS
        },
        pitch,
        velocity: strike.velocity,
        channel,
        program: strike.program,
    }
}
