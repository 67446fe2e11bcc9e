//! Notes in seconds: what a score says, whatever file it came from.

use serde::Serialize;

/// The channel of drums in General MIDI, counted from 0.
pub const DRUM_CHANNEL: u8 = 9;

/// One note.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Note {
    /// When it begins, in seconds.
    pub start_secs: f64,
    /// When it ends, in seconds; after its start.
    pub end_secs: f64,
    /// MIDI pitch, 0–127; 60 is middle C. For drums: which drum.
    pub pitch: u8,
    /// How hard it is struck, 1–127.
    pub velocity: u8,
    /// Its channel, 0–15.
    pub channel: u8,
    /// The General MIDI program in force, 0–127.
    pub program: u8,
}

impl Note {
    /// Whether it is a drum.
    pub fn is_drum(&self) -> bool {
        self.channel == DRUM_CHANNEL
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.end_secs - self.start_secs
    }
}

/// A piece of music as notes.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Piece {
    /// The notes, by start, then channel, then pitch.
    pub notes: Vec<Note>,
    /// Length in seconds: the end of the last event.
    pub seconds: f64,
    /// Tempo changes: from when, in seconds, and quarter notes per minute. The first is at 0.
    pub tempos: Vec<(f64, f64)>,
    /// Its name, if the file has one.
    pub title: Option<String>,
    /// What was odd about the file and did not keep it from being read.
    pub warnings: Vec<String>,
}

impl Piece {
    /// Puts the notes into their order.
    pub fn sort(&mut self) {
        self.notes.sort_by(|a, b| {
            a.start_secs
                .total_cmp(&b.start_secs)
                .then(a.channel.cmp(&b.channel))
                .then(a.pitch.cmp(&b.pitch))
        });
    }
}
