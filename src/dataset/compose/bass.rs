//! Bass: roots and fifths by the style's pattern, and notes that lead to the next root.

use super::form::Kind;
use super::grooves::{bass, fit};
use super::line::Line;
use super::part::Part;
use super::song::Song;
use super::theory::STEP;

/// Where roots lie: E1 to E♭2, so that fifths and octaves fit above them.
const LOWEST_ROOT: i32 = 28;

/// A note begins, or silence.
struct Event {
    tick: i32,
    pitch: Option<i32>,
    level: f64,
}

pub(super) fn play(song: &Song) -> Line {
    let meter = song.choices.meter;
    let patterns = Kind::ALL.map(|kind| {
        let mut dice = song.dice(Part::Bass, kind as u64);
        fit(dice.pick(bass(song.choices.style, meter)), meter)
    });
    let mut dice = song.dice(Part::Bass, 8);
    let last = song.last_bar_tick();
    let mut events: Vec<Event> = Vec::new();
    for (step, tick) in (0..last).step_by(STEP as usize).enumerate() {
        let pattern = &patterns[song.section_at(tick).kind as usize];
        let span = song.span_at(tick);
        let is_downbeat = tick % meter.bar_ticks() == 0;
        let mark = match pattern[step % pattern.len()] {
            // A new chord is heard in the bass, whatever the pattern.
            b'-' | b'.' if span.start == tick && !is_downbeat => b'R',
            mark => mark,
        };
        let root = root_of(span.chord.root);
        let (third, fifth) = span.chord.third_and_fifth();
        let pitch = match mark {
            b'-' => continue,
            b'R' => Some(root),
            b'3' => Some(root + third),
            b'5' => Some(root + fifth),
            b'8' => Some(root + 12),
            b'a' => {
                // Where the chord stays there is nowhere to lead.
                let next = root_of(song.span_at(span.end).chord.root);
                let from_above = next < root || (next == root && dice.chance(0.5));
                let is_chromatic = dice.chance(0.4);
                if span.end <= tick + meter.beat_ticks() && next != root {
                    Some(neighbour(song, next, from_above, is_chromatic))
                } else {
                    Some(root + fifth)
                }
            }
            _ => None,
        };
        let level = match (mark, is_downbeat) {
            (_, true) => 0.9,
            (b'a', _) => 0.72,
            _ => 0.8,
        };
        events.push(Event { tick, pitch, level });
    }
    let mut line = Line::new(Part::Bass);
    for (i, event) in events.iter().enumerate() {
        let end = events.get(i + 1).map_or(last, |next| next.tick);
        if let Some(pitch) = event.pitch {
            line.add(event.tick, end, pitch, event.level);
        }
    }
    let tonic = root_of(song.span_at(last).chord.root);
    line.add(last, song.end_tick(), tonic, 0.9);
    line
}

fn root_of(class: u8) -> i32 {
    LOWEST_ROOT + (i32::from(class) - LOWEST_ROOT).rem_euclid(12)
}

/// The note beside a pitch: a semitone, or the next of the scale.
fn neighbour(song: &Song, pitch: i32, from_above: bool, is_chromatic: bool) -> i32 {
    let side = if from_above { 1 } else { -1 };
    if is_chromatic {
        return pitch + side;
    }
    let key = song.choices.key;
    let beside = key.pitch(key.degree(pitch) + side);
    // Beside a root outside the scale the next of the scale may be the root itself.
    if beside == pitch {
        pitch + side
    } else {
        beside
    }
}
