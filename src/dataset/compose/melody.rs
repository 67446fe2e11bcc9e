//! Tunes: motifs of two bars that breathe, repeated and varied; chord tones on the beat.

use super::Choices;
use super::dice::Dice;
use super::form::{Kind, Section};
use super::line::Line;
use super::part::Part;
use super::song::Song;
use super::theory::Meter;

/// A note of a motif: when, how long, and how many scale degrees from the motif's centre.
#[derive(Clone, Copy)]
struct Tone {
    start: i32,
    end: i32,
    offset: i32,
}

/// How far a motif goes from its centre, in scale degrees.
const WIDEST: i32 = 5;

/// `part` is the melody or the lead.
pub(super) fn play(song: &Song, part: Part) -> Line {
    let mut line = Line::new(part);
    let meter = song.choices.meter;
    let unit_ticks = 2 * meter.bar_ticks();
    let motifs = Kind::ALL.map(|kind| {
        let mut dice = song.dice(part, kind as u64);
        let first = motif(meter, density(part, kind), &mut dice);
        let answer = motif(meter, density(part, kind), &mut dice);
        [first, answer]
    });
    for section in &song.sections {
        let start = song.tick_of_bar(section.first_bar);
        let end = song
            .tick_of_bar(section.first_bar + section.bars)
            .min(song.last_bar_tick());
        let [first, answer] = &motifs[section.kind as usize];
        for (unit, unit_start) in (start..end).step_by(unit_ticks as usize).enumerate() {
            // Motif, motif varied, motif, answer.
            let motif = if unit % 4 == 3 { answer } else { first };
            let mut tones = motif.clone();
            let purpose = 64 + 16 * section.kind as u64 + unit as u64 % 16;
            if unit % 2 == 1 {
                vary(&mut tones, 0.3, &mut song.dice(part, purpose));
            }
            if section.occurrence > 0 {
                let again = 512 + 64 * (section.occurrence as u64 % 50) + purpose % 64;
                vary(&mut tones, 0.12, &mut song.dice(part, again));
            }
            let is_heard = |tone: &Tone| plays(part, section, unit, tone.start, meter);
            tones.retain(is_heard);
            let is_phrase_end = unit % 2 == 1;
            sing(
                song,
                &mut line,
                &tones,
                (unit_start, end),
                section.kind,
                is_phrase_end,
            );
        }
    }
    let last = song.last_bar_tick();
    let centre = centre(part, Kind::Chorus);
    let tonic = i32::from(song.choices.key.tonic);
    let pitch = centre - 6 + (tonic - centre + 6).rem_euclid(12);
    line.add(last, song.end_tick() - meter.beat_ticks() / 2, pitch, 0.8);
    line
}

/// The lead has the intro and the bridge; elsewhere it fills the middle of every fourth bar.
fn plays(part: Part, section: &Section, unit: usize, start: i32, meter: Meter) -> bool {
    match (part, section.kind) {
        (Part::Lead, Kind::Intro | Kind::Bridge) => true,
        (Part::Lead, _) => {
            let fill = meter.bar_ticks() + meter.middle_ticks() - meter.beat_ticks();
            unit % 2 == 1 && start >= fill
        }
        (_, kind) => kind != Kind::Intro,
    }
}

/// How many beats are divided, 0–1.
const fn density(part: Part, kind: Kind) -> f64 {
    match (part, kind) {
        (Part::Lead, _) => 0.7,
        (_, Kind::Chorus) => 0.5,
        (_, Kind::Bridge) => 0.3,
        _ => 0.42,
    }
}

/// The pitch around which a part moves.
const fn centre(part: Part, kind: Kind) -> i32 {
    match (part, kind) {
        (Part::Lead, _) => 71,
        (_, Kind::Chorus) => 73,
        _ => 68,
    }
}

/// Two bars, the last beat or two of them for breath. The lead's breath is short: it fills.
fn motif(meter: Meter, density: f64, dice: &mut Dice) -> Vec<Tone> {
    let (bar, beat) = (meter.bar_ticks(), meter.beat_ticks());
    let (plain, divided): (&[&[i32]], &[&[i32]]) = if meter == Meter::SixEight {
        (
            &[&[36], &[24, 12]],
            &[&[12, 12, 12], &[12, 24], &[18, 6, 12]],
        )
    } else {
        (
            &[&[24], &[24], &[12, 12]],
            &[&[12, 12], &[12, 6, 6], &[18, 6], &[6, 6, 12]],
        )
    };
    let breath = if density > 0.6 || meter == Meter::SixEight || dice.chance(0.5) {
        beat
    } else {
        2 * beat
    };
    let sung = 2 * bar - breath;
    let mut tones = Vec::new();
    let mut offset = dice.below(5) as i32 - 2;
    let mut step: i32 = 1;
    for beat_start in (0..sung).step_by(beat as usize) {
        // A rest, or the note before held on.
        if beat_start > 0 && dice.chance(0.14) {
            continue;
        }
        let cells = if dice.chance(density) { divided } else { plain };
        let mut start = beat_start;
        for &length in dice.pick(cells) {
            tones.push(Tone {
                start,
                end: start + length,
                offset,
            });
            start += length;
            // A leap is followed by a step back; steps tend to go on.
            step = if step.abs() > 1 {
                -step.signum()
            } else if dice.chance(0.15) {
                dice.pick(&[-3, -2, 2, 3])
            } else {
                step * dice.weighted(&[(1, 5), (-1, 3), (0, 2)])
            };
            if step == 0 {
                step = dice.pick(&[1, -1]);
            } else {
                offset = (offset + step).clamp(-WIDEST, WIDEST);
            }
        }
    }
    if let Some(last) = tones.last_mut() {
        last.end = last.end.max(sung);
    }
    tones
}

/// Moves some notes by a degree. The rhythm stays: by it a motif is recognised.
fn vary(tones: &mut [Tone], share: f64, dice: &mut Dice) {
    for tone in tones {
        let (is_changed, step) = (dice.chance(share), dice.pick(&[-1, 1]));
        if is_changed {
            tone.offset = (tone.offset + step).clamp(-WIDEST, WIDEST);
        }
    }
}

/// Puts a motif where it is heard, from its start up to the section's end.
fn sing(
    song: &Song,
    line: &mut Line,
    tones: &[Tone],
    (start, end): (i32, i32),
    kind: Kind,
    is_phrase_end: bool,
) {
    let Choices { key, meter, .. } = song.choices;
    let home = key.degree(centre(line.part(), kind));
    for (i, tone) in tones.iter().enumerate() {
        let (from, to) = (start + tone.start, (start + tone.end).min(end));
        if from >= to {
            break;
        }
        let is_last = i + 1 == tones.len();
        let is_on_beat = tone.start % meter.beat_ticks() == 0;
        let chord = song.span_at(from).chord;
        let wished = key.pitch(home + tone.offset);
        let is_resting = is_on_beat || (is_last && is_phrase_end);
        let pitch = if is_resting || to - from > meter.beat_ticks() {
            nearest(wished, |pitch| chord.contains(pitch))
        } else {
            // Beside a chord tone that is foreign to the key, the key's own would grate.
            let foreign =
                |pitch: i32| chord.contains(pitch) && !key.contains(pitch.rem_euclid(12) as u8);
            match [wished - 1, wished + 1].into_iter().find(|p| foreign(*p)) {
                Some(pitch) if !chord.contains(wished) => pitch,
                _ => wished,
            }
        };
        let level = if is_on_beat { 0.86 } else { 0.76 };
        line.add(from, to, pitch, level);
    }
}

/// The nearest pitch that will do, at most half an octave away; the lower of two.
fn nearest(wished: i32, will_do: impl Fn(i32) -> bool) -> i32 {
    (0..=6)
        .flat_map(|distance| [wished - distance, wished + distance])
        .find(|pitch| will_do(*pitch))
        .unwrap_or(wished)
}
