//! What one part plays: from ticks and levels to notes as a person would play them.

use super::dice::{self, Dice};
use super::part::Part;
use super::song::Song;
use super::theory::{Meter, QUARTER};
use crate::dataset::Note;

/// The shortest note, in seconds; also the least between two of one pitch.
const SHORTEST_SECS: f64 = 0.02;

struct Draft {
    start: i32,
    end: i32,
    pitch: i32,
    level: f64,
    delay_secs: f64,
}

/// The notes of one part, as written.
pub(super) struct Line {
    part: Part,
    drafts: Vec<Draft>,
}

impl Line {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            drafts: Vec::new(),
        }
    }

    pub(super) fn part(&self) -> Part {
        self.part
    }

    /// Adds a note from tick to tick; `level` 0–1. A pitch out of range moves by octaves.
    pub(super) fn add(&mut self, start: i32, end: i32, pitch: i32, level: f64) {
        self.add_late(start, end, pitch, level, 0.0);
    }

    /// As [`Self::add`], with a delay as of a string that is strummed after another.
    pub(super) fn add_late(
        &mut self,
        start: i32,
        end: i32,
        pitch: i32,
        level: f64,
        delay_secs: f64,
    ) {
        let (low, high) = self.part.range();
        let (low, high) = (i32::from(low), i32::from(high));
        let pitch = if pitch < low {
            pitch + (low - pitch + 11) / 12 * 12
        } else if pitch > high {
            pitch - (pitch - high + 11) / 12 * 12
        } else {
            pitch
        };
        if end > start {
            self.drafts.push(Draft {
                start,
                end,
                pitch,
                level,
                delay_secs,
            });
        }
    }

    /// The notes in seconds: swung, a few milliseconds uneven, as loud as their section, inside the
    /// piece, none over another of its pitch.
    pub(super) fn into_notes(self, song: &Song) -> Vec<Note> {
        let part = self.part;
        let mut dice = Dice::new(song.seed, dice::HUMAN + part as u64);
        let uneven_secs = if part == Part::Drums { 0.003 } else { 0.006 };
        let last_start_secs = song.seconds() - 2.0 * SHORTEST_SECS;
        let mut notes: Vec<Note> = Vec::with_capacity(self.drafts.len());
        for draft in self.drafts {
            let shift = draft.delay_secs + uneven_secs * dice.swing();
            let start_secs = (secs(song, draft.start) + shift).clamp(0.0, last_start_secs);
            let end_secs = (secs(song, draft.end) + draft.delay_secs)
                .clamp(start_secs + SHORTEST_SECS, song.seconds());
            let level = draft.level * song.section_at(draft.start).kind.level();
            let velocity = 112.0 * level + 5.0 * dice.swing();
            notes.push(Note {
                start_secs,
                end_secs,
                pitch: draft.pitch.clamp(0, 127) as u8,
                velocity: velocity.round().clamp(1.0, 127.0) as u8,
                channel: part.channel(),
                program: song.program(part),
            });
        }
        without_overlaps(notes)
    }
}

/// The time of a tick, swung. The second eighth of a quarter comes late; 6/8 swings by itself.
fn secs(song: &Song, tick: i32) -> f64 {
    let late = match song.choices.meter {
        Meter::SixEight => 0.0,
        _ => song.choices.style.profile().swing_ticks,
    };
    let half = f64::from(QUARTER) / 2.0;
    let within = f64::from(tick.rem_euclid(QUARTER));
    let whole = f64::from(tick) - within;
    let swung = if within <= half {
        within * (half + late) / half
    } else {
        half + late + (within - half) * (half - late) / half
    };
    song.secs_of_tick(whole + swung)
}

/// Ends each note where the next of its pitch begins; of two that begin together the first stays.
fn without_overlaps(mut notes: Vec<Note>) -> Vec<Note> {
    notes.sort_by(|a, b| {
        a.pitch
            .cmp(&b.pitch)
            .then(a.start_secs.total_cmp(&b.start_secs))
    });
    let mut kept: Vec<Note> = Vec::with_capacity(notes.len());
    for note in notes {
        if let Some(last) = kept.last_mut().filter(|last| last.pitch == note.pitch) {
            if note.start_secs - last.start_secs < SHORTEST_SECS {
                continue;
            }
            last.end_secs = last.end_secs.min(note.start_secs);
        }
        kept.push(note);
    }
    kept
}
