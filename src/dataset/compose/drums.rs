//! Drums: a groove for each kind of section, fills into the next, crashes where one begins.
//!
//! Pitches are those of the General MIDI drum map.

use super::form::{Kind, Section};
use super::grooves::{drumming, fit};
use super::line::Line;
use super::part::Part;
use super::song::Song;
use super::style::Style;
use super::theory::{QUARTER, STEP};

const KICK: i32 = 36;
const SIDE_STICK: i32 = 37;
const SNARE: i32 = 38;
const CLAP: i32 = 39;
const CLOSED_HAT: i32 = 42;
const PEDAL_HAT: i32 = 44;
const OPEN_HAT: i32 = 46;
const CRASH: i32 = 49;
const RIDE: i32 = 51;
const TAMBOURINE: i32 = 54;
/// From the snare down the toms.
const FILL: [i32; 5] = [SNARE, 50, 47, 45, 41];

pub(super) fn play(song: &Song) -> Line {
    let mut line = Line::new(Part::Drums);
    let last_bar = song.bars - 1;
    for section in &song.sections {
        for bar in section.first_bar..(section.first_bar + section.bars).min(last_bar) {
            play_bar(song, section, bar, &mut line);
        }
    }
    let end = song.last_bar_tick();
    for (pitch, level) in [(KICK, 1.0), (CRASH, 0.95)] {
        line.add(end, end + QUARTER, pitch, level);
    }
    line
}

fn play_bar(song: &Song, section: &Section, bar: usize, line: &mut Line) {
    let (style, meter) = (song.choices.style, song.choices.meter);
    let patterns = drumming(style, meter);
    let [kick, snare, cymbal] = song
        .dice(Part::Drums, section.kind as u64)
        .pick(patterns)
        .map(|pattern| fit(pattern, meter));
    // The same in all sections of a kind would be a machine; this throw is the bar's own.
    let mut dice = song.dice(Part::Drums, 8 + bar as u64 % 4000);
    let start = song.tick_of_bar(bar);
    let in_section = bar - section.first_bar;
    // The last bar of all is a single stroke; the fill leads there.
    let is_section_end = in_section + 1 == section.bars || bar + 2 == song.bars;
    let fill_ticks = if !is_section_end {
        0
    } else if style == Style::Swing || section.bars < 2 {
        meter.beat_ticks()
    } else {
        dice.pick(&[1, 2, 2]) * meter.beat_ticks()
    };
    let fill_start = start + meter.bar_ticks() - fill_ticks;
    let snare_pitch = backbeat(style, section.kind);
    let mut hit = |tick: i32, pitch: i32, level: f64| {
        line.add(tick, tick + STEP, pitch, level);
    };
    for step in 0..kick.len() {
        let tick = start + step as i32 * STEP;
        if tick >= fill_start {
            break;
        }
        if let Some(level) = level(kick[step]) {
            hit(tick, KICK, level);
        }
        if section.kind != Kind::Intro
            && let Some(level) = level(snare[step])
        {
            hit(tick, snare_pitch, level);
        }
        let (closed, open) = cymbals(style, section.kind);
        if let Some(level) = level(cymbal[step]) {
            let pitch = if cymbal[step] == b'o' { open } else { closed };
            hit(tick, pitch, 0.75 * level.max(0.7));
        }
        let is_offbeat = (tick - start) % (2 * QUARTER) == QUARTER;
        if style == Style::Swing && is_offbeat {
            hit(tick, PEDAL_HAT, 0.6);
        }
    }
    if in_section == 0 && section.kind != Kind::Verse {
        hit(start, CRASH, 0.85);
    }
    // Every fourth bar leads on with one more kick.
    if in_section % 4 == 3 && !is_section_end && dice.chance(0.6) {
        hit(start + meter.bar_ticks() - 2 * STEP, KICK, 0.7);
    }
    let strokes = fill_ticks / STEP;
    for stroke in 0..strokes {
        let progress = f64::from(stroke) / f64::from(strokes);
        if stroke % 2 == 0 || dice.chance(0.65) {
            let drum = ((progress + 0.25 * dice.unit()) * FILL.len() as f64) as usize;
            let pitch = FILL[drum.min(FILL.len() - 1)];
            hit(fill_start + stroke * STEP, pitch, 0.65 + 0.3 * progress);
        }
    }
}

const fn level(step: u8) -> Option<f64> {
    match step {
        b'X' => Some(1.0),
        b'x' => Some(0.78),
        b'o' => Some(0.42),
        _ => None,
    }
}

fn backbeat(style: Style, kind: Kind) -> i32 {
    match (style, kind) {
        (Style::Ballad | Style::Folk, Kind::Verse) => SIDE_STICK,
        (Style::Electronic, _) => CLAP,
        _ => SNARE,
    }
}

/// What is struck for `x` and for `o`.
fn cymbals(style: Style, kind: Kind) -> (i32, i32) {
    match (style, kind) {
        (Style::Swing, _) => (RIDE, RIDE),
        (Style::Folk, Kind::Chorus) => (TAMBOURINE, OPEN_HAT),
        (Style::Rock | Style::Pop | Style::Ballad, Kind::Chorus | Kind::Bridge) => (RIDE, OPEN_HAT),
        _ => (CLOSED_HAT, OPEN_HAT),
    }
}
