//! What all parts know: sections, chords, instruments, and where time goes.

use super::Choices;
use super::dice::{self, Dice};
use super::form::{Kind, Section, sections};
use super::harmony::{Chord, make_loop};
use super::part::Part;
use super::theory::QUARTER;

/// A chord and how long it lasts, in ticks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: i32,
    pub(super) end: i32,
    pub(super) chord: Chord,
}

/// A piece before anyone plays.
pub(super) struct Song {
    pub(super) seed: u64,
    pub(super) bars: usize,
    pub(super) choices: Choices,
    pub(super) sections: Vec<Section>,
    spans: Vec<Span>,
    programs: [u8; Part::ALL.len()],
}

impl Song {
    /// `bars` is at least 1.
    pub(super) fn new(seed: u64, bars: usize, choices: Choices) -> Self {
        let mut dice = Dice::new(seed, dice::PROGRAMS);
        let programs = Part::ALL.map(|part| choices.style.program(part, &mut dice));
        let mut song = Self {
            seed,
            bars,
            choices,
            sections: sections(bars, &mut Dice::new(seed, dice::FORM)),
            spans: Vec::new(),
            programs,
        };
        song.spans = song.chords();
        song
    }

    /// The chords of all bars. Sections end on the dominant, the piece on the tonic.
    fn chords(&self) -> Vec<Span> {
        let Choices {
            key, meter, style, ..
        } = self.choices;
        let profile = style.profile();
        let loops = Kind::ALL.map(|kind| {
            let mut dice = Dice::new(self.seed, dice::HARMONY + kind as u64);
            make_loop(key, kind, profile.sevenths, profile.colour, &mut dice)
        });
        let mut dice = Dice::new(self.seed, dice::HARMONY + Kind::ALL.len() as u64);
        let mut spans = Vec::new();
        for section in &self.sections {
            for i in 0..section.bars {
                let bar = section.first_bar + i;
                let (start, end) = (self.tick_of_bar(bar), self.tick_of_bar(bar + 1));
                let is_section_end = i + 1 == section.bars;
                let (chord, second) = if bar + 1 == self.bars {
                    (Chord::diatonic(key, 0, false), None)
                } else if bar + 2 == self.bars {
                    let degree = if dice.chance(0.2) { 3 } else { 4 };
                    let has_seventh = degree == 4 && dice.chance(profile.sevenths.max(0.3));
                    (Chord::diatonic(key, degree, has_seventh), None)
                } else if is_section_end && dice.chance(0.6) {
                    (Chord::diatonic(key, 4, dice.chance(profile.sevenths)), None)
                } else {
                    loops[section.kind as usize][i % 4]
                };
                let middle = start + meter.middle_ticks();
                spans.push(Span {
                    start,
                    end: if second.is_some() { middle } else { end },
                    chord,
                });
                spans.extend(second.map(|chord| Span {
                    start: middle,
                    end,
                    chord,
                }));
            }
        }
        spans
    }

    pub(super) fn tick_of_bar(&self, bar: usize) -> i32 {
        bar as i32 * self.choices.meter.bar_ticks()
    }

    /// Where the last bar begins, in which all hold the tonic.
    pub(super) fn last_bar_tick(&self) -> i32 {
        self.tick_of_bar(self.bars - 1)
    }

    pub(super) fn end_tick(&self) -> i32 {
        self.tick_of_bar(self.bars)
    }

    pub(super) fn secs_of_tick(&self, tick: f64) -> f64 {
        tick * 60.0 / (self.choices.tempo_bpm * f64::from(QUARTER))
    }

    pub(super) fn seconds(&self) -> f64 {
        self.secs_of_tick(f64::from(self.end_tick()))
    }

    /// The chord at a tick within the piece.
    pub(super) fn span_at(&self, tick: i32) -> Span {
        let after = self.spans.partition_point(|span| span.start <= tick);
        self.spans[after.clamp(1, self.spans.len()) - 1]
    }

    pub(super) fn section_at(&self, tick: i32) -> &Section {
        let bar = (tick.max(0) / self.choices.meter.bar_ticks()) as usize;
        let after = self
            .sections
            .partition_point(|section| section.first_bar <= bar);
        &self.sections[after.clamp(1, self.sections.len()) - 1]
    }

    pub(super) fn program(&self, part: Part) -> u8 {
        self.programs[part as usize]
    }

    /// The dice of a part for one purpose, 0–4095.
    pub(super) fn dice(&self, part: Part, purpose: u64) -> Dice {
        Dice::new(
            self.seed,
            dice::PARTS * (part as u64 + 1) + purpose % dice::PARTS,
        )
    }
}
