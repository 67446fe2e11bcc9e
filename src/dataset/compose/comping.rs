//! Chords on guitar and keys: nearest inversion, strummed, picked or struck.

use super::form::Kind;
use super::grooves::{chords, fit};
use super::harmony::Chord;
use super::line::Line;
use super::part::Part;
use super::song::Song;
use super::theory::STEP;

/// The lowest string of a guitar.
const LOW_STRING: i32 = 40;

/// `part` is the guitar or the keys.
pub(super) fn play(song: &Song, part: Part) -> Line {
    let meter = song.choices.meter;
    let patterns = Kind::ALL.map(|kind| {
        let mut dice = song.dice(part, kind as u64);
        fit(dice.pick(chords(part, song.choices.style, meter)), meter)
    });
    let last = song.last_bar_tick();
    // What is struck when; silence is a mark as well.
    let mut events: Vec<(i32, u8)> = Vec::new();
    for (step, tick) in (0..last).step_by(STEP as usize).enumerate() {
        let pattern = &patterns[song.section_at(tick).kind as usize];
        let is_new_chord = song.span_at(tick).start == tick;
        match pattern[step % pattern.len()] {
            b'-' if is_new_chord => events.push((tick, b'd')),
            b'-' => {}
            mark => events.push((tick, mark)),
        }
    }
    events.push((last, b'D'));
    let mut line = Line::new(part);
    let mut dice = song.dice(part, 8);
    let strum_secs = if part == Part::Guitar {
        0.007 + 0.007 * dice.unit()
    } else {
        0.0
    };
    let mut upper: Vec<i32> = Vec::new();
    let mut voiced: Option<Chord> = None;
    for (i, &(tick, mark)) in events.iter().enumerate() {
        let span = song.span_at(tick);
        if voiced != Some(span.chord) {
            upper = nearest_voicing(span.chord, &upper, part);
            voiced = Some(span.chord);
        }
        let strings = strings(span.chord, &upper, part);
        let next = events.get(i + 1).map_or(song.end_tick(), |(next, _)| *next);
        match mark {
            b'0'..=b'4' => {
                // A picked string rings on while the chord lasts.
                let end = span
                    .end
                    .min(tick + meter.bar_ticks() / 2)
                    .max(next.min(span.end));
                let string = usize::from(mark - b'0') % strings.len().max(1);
                if let Some(pitch) = strings.get(string) {
                    line.add(tick, end, *pitch, if mark == b'0' { 0.8 } else { 0.68 });
                }
            }
            b'D' | b'd' | b'u' => {
                let level = match mark {
                    b'D' => 0.8,
                    b'd' => 0.7,
                    _ => 0.6,
                } + 0.04 * dice.swing();
                // An upstroke begins at the highest string and leaves out the lowest.
                let struck: Vec<i32> = if mark == b'u' {
                    strings.iter().skip(1).rev().copied().collect()
                } else {
                    strings.clone()
                };
                for (order, pitch) in struck.into_iter().enumerate() {
                    line.add_late(tick, next, pitch, level, strum_secs * order as f64);
                }
            }
            _ => {}
        }
    }
    line
}

/// All that sounds, from the lowest: a guitar has the root on a low string.
fn strings(chord: Chord, upper: &[i32], part: Part) -> Vec<i32> {
    let root = LOW_STRING + (i32::from(chord.root) - LOW_STRING).rem_euclid(12);
    let low = (part == Part::Guitar).then_some(root);
    let mut strings: Vec<i32> = low.into_iter().chain(upper.iter().copied()).collect();
    strings.sort_unstable();
    strings.dedup();
    strings
}

/// The inversion, in close position, whose voices move least from those before.
fn nearest_voicing(chord: Chord, previous: &[i32], part: Part) -> Vec<i32> {
    let (low, high) = if part == Part::Guitar {
        (52, 74)
    } else {
        (53, 77)
    };
    let classes: Vec<i32> = chord.pitch_classes().map(i32::from).collect();
    let cost = |voicing: &Vec<i32>| -> i32 {
        if previous.is_empty() {
            // With nothing before, the middle of the range.
            let middle = (low + high) / 2;
            return voicing.iter().map(|pitch| (pitch - middle).abs()).sum();
        }
        // Each voice to the nearest of the other chord, both ways, for chords of three and four.
        let way = |from: &[i32], to: &[i32]| -> i32 {
            let nearest = |a: &i32| to.iter().map(|b| (a - b).abs()).min().unwrap_or(0);
            from.iter().map(nearest).sum()
        };
        way(voicing, previous) + way(previous, voicing)
    };
    (low..low + 12)
        .filter(|bottom| classes.contains(&bottom.rem_euclid(12)))
        .map(|bottom| {
            let above = |class: &i32| bottom + (class - bottom).rem_euclid(12);
            let mut voicing: Vec<i32> = classes.iter().map(above).collect();
            voicing.sort_unstable();
            voicing
        })
        .filter(|voicing| voicing.last().is_some_and(|top| *top <= high))
        .min_by_key(cost)
        .unwrap_or_default()
}
