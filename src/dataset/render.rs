//! A piece by an instrument: every note at its place, none cut, none changed by another.
//!
//! Positions are rounded to frames once, from the piece's seconds; so all instruments begin a note
//! at the same frame, and a piece is equally long for all of them.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use serde::Serialize;

use super::instrument::{Instrument, Tone};
use super::piece::{Note, Piece};
use crate::audio::{Clip, Planar, apply_gain, peak};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Longest rendering in seconds: six hours.
const LONGEST_SECS: f64 = 21_600.0;
/// Longest release and tail in seconds.
const LONGEST_TAIL_SECS: f64 = 10.0;
/// Peak of a normalised rendering: −1 dB of full scale.
const NORMAL_PEAK: f32 = 0.891_250_9;

/// How long a rendering goes on after its last note's end.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub enum Tail {
    /// Until the last release is over: all is silent then.
    #[default]
    Auto,
    /// So many seconds, 0–10, but never less than the release.
    Secs(f64),
}

/// The level of a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Normalise {
    /// As the samples add up.
    #[default]
    None,
    /// The largest sample at −1 dB of full scale; silence stays silent.
    Peak,
}

/// How a piece is played.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RenderSpec {
    /// Frames per second, 8 000–192 000; 44 100 unless said otherwise.
    pub sample_rate_hz: u32,
    /// How fast, 0.1–10; 2 halves the length, pitches stay. 1 unless said otherwise.
    pub playback_speed: f64,
    /// Notes are held this many times as long, 0.01–100, from their onset. 1 unless said otherwise.
    pub duration_rate: f64,
    /// Semitones that notes are moved by, −127 to 127; drums are not. 0 unless said otherwise.
    pub transpose_semitones: i32,
    /// Length of the raised cosine that ends a note after its end, 0.001–10 s; 0.08 unless said
    /// otherwise.
    pub release_secs: f64,
    /// Whether velocity scales samples, by its square; see [`Tone::velocity_gain`]. On unless said
    /// otherwise.
    pub velocity_gain: bool,
    /// What follows the last note.
    pub tail: Tail,
    /// Whether notes of the drum channel are played. Off unless said otherwise: pitched instruments
    /// would play drums as melody.
    pub drums: bool,
    /// The level.
    pub normalise: Normalise,
}

impl Default for RenderSpec {
    fn default() -> Self {
        Self {
            sample_rate_hz: 44_100,
            playback_speed: 1.0,
            duration_rate: 1.0,
            transpose_semitones: 0,
            release_secs: 0.08,
            velocity_gain: true,
            tail: Tail::Auto,
            drums: false,
            normalise: Normalise::None,
        }
    }
}

impl RenderSpec {
    /// Checks the values' ranges.
    ///
    /// # Errors
    /// [`Error::Setting`] that says which value is wrong and what is allowed.
    pub fn validate(&self) -> Result<()> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            let problem = format!("must be {low} to {high}, not {value}");
            Err(Error::setting(name, problem))
        };
        let rate = f64::from(self.sample_rate_hz);
        within("sample rate", rate, 8000.0, 192_000.0)?;
        within("speed", self.playback_speed, 0.1, 10.0)?;
        within("duration rate", self.duration_rate, 0.01, 100.0)?;
        let semitones = f64::from(self.transpose_semitones);
        within("transpose", semitones, -127.0, 127.0)?;
        within("release", self.release_secs, 0.001, LONGEST_TAIL_SECS)?;
        match self.tail {
            Tail::Auto => Ok(()),
            Tail::Secs(secs) => within("tail", secs, 0.0, LONGEST_TAIL_SECS),
        }
    }

    fn frames(&self, secs: f64) -> usize {
        (secs * f64::from(self.sample_rate_hz)).round() as usize
    }

    fn release_frames(&self) -> usize {
        self.frames(self.release_secs).max(1)
    }

    /// First frame and held frames of a note; `None` if its times make no sense.
    fn span(&self, note: &Note) -> Option<(usize, usize)> {
        let (start, end) = (note.start_secs, note.end_secs);
        if !(start >= 0.0 && end >= start && end.is_finite()) {
            return None;
        }
        let first = self.frames(start / self.playback_speed);
        let until = start + (end - start) * self.duration_rate;
        let last = self.frames(until / self.playback_speed);
        Some((first, last.saturating_sub(first).max(1)))
    }
}

/// Frames of a piece's rendering. The same for every instrument: all notes count, whether it plays
/// them or not.
///
/// # Errors
/// [`Error::Setting`] if `spec` is wrong or the rendering would be longer than six hours.
pub fn rendered_frames(piece: &Piece, spec: &RenderSpec) -> Result<usize> {
    spec.validate()?;
    let tail = match spec.tail {
        Tail::Auto => spec.release_frames(),
        Tail::Secs(secs) => spec.frames(secs).max(spec.release_frames()),
    };
    let ends = piece.notes.iter().filter_map(|note| spec.span(note));
    let notes = ends
        .map(|(first, hold)| first.saturating_add(hold).saturating_add(tail))
        .max()
        .unwrap_or(0);
    let frames = notes.max(spec.frames(piece.seconds / spec.playback_speed));
    let secs = frames as f64 / f64::from(spec.sample_rate_hz);
    if secs > LONGEST_SECS {
        let problem =
            format!("{secs:.0} s are more than the {LONGEST_SECS} s that can be rendered");
        return Err(Error::setting("piece", problem));
    }
    Ok(frames)
}

/// What came of a piece.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The sound, as many channels as the instrument has.
    pub clip: Clip,
    /// Pitches, after transposing, that the instrument does not have, and how many notes of each
    /// stayed silent; by pitch.
    pub missing: Vec<(i32, usize)>,
    /// What the person should know, the piece's own warnings first.
    pub warnings: Vec<String>,
}

/// Plays a piece. Notes sound for their length and a release of a raised cosine; overlapping ones
/// add, in the order of the piece; so the result does not depend on anything but the arguments.
///
/// # Errors
/// [`Error::Setting`] as [`rendered_frames`], or if the instrument was opened for another rate;
/// whatever keeps a sample from being read; [`Error::Cancelled`].
pub fn render(
    piece: &Piece,
    instrument: &dyn Instrument,
    spec: &RenderSpec,
    reporter: &Reporter,
) -> Result<Rendered> {
    let frames = rendered_frames(piece, spec)?;
    if instrument.sample_rate_hz() != spec.sample_rate_hz {
        let problem = format!(
            "{} was opened for {} Hz, and {} Hz are to be rendered",
            instrument.name(),
            instrument.sample_rate_hz(),
            spec.sample_rate_hz
        );
        return Err(Error::setting("sample rate", problem));
    }
    let release = release_curve(spec.release_frames());
    let mut mix: Planar = vec![vec![0.0; frames]; instrument.channels()];
    let mut missing = BTreeMap::new();
    let (mut played, mut timeless) = (0, 0);
    let notes = in_order(piece, spec.drums);
    for (done, note) in notes.iter().enumerate() {
        reporter.step("Rendering", done as u64, notes.len() as u64)?;
        let Some((first, hold)) = spec.span(note) else {
            timeless += 1;
            continue;
        };
        let moved = if note.is_drum() {
            0
        } else {
            spec.transpose_semitones
        };
        let pitch = i32::from(note.pitch) + moved;
        let tone = u8::try_from(pitch)
            .ok()
            .filter(|pitch| *pitch <= 127)
            .map(|pitch| Tone {
                pitch,
                velocity: note.velocity.clamp(1, 127),
                hold_frames: hold,
                frames: hold + release.len(),
                velocity_gain: spec.velocity_gain,
            });
        let sound = match &tone {
            Some(tone) => instrument.play(tone, reporter)?,
            None => None,
        };
        match sound {
            Some(sound) => {
                played += 1;
                add(&mut mix, &sound, first, hold, &release);
            }
            None => *missing.entry(pitch).or_insert(0) += 1,
        }
    }
    if spec.normalise == Normalise::Peak {
        let loudest = mix.iter().map(|channel| peak(channel)).fold(0.0, f32::max);
        if loudest > 0.0 {
            mix.iter_mut()
                .for_each(|channel| apply_gain(channel, NORMAL_PEAK / loudest));
        }
    }
    let mut warnings = piece.warnings.clone();
    if timeless > 0 {
        warnings.push(format!("{timeless} notes without a time were left out"));
    }
    if played == 0 {
        warnings.push("no note sounds".to_owned());
    }
    Ok(Rendered {
        clip: Clip::new(spec.sample_rate_hz, mix),
        missing: missing.into_iter().collect(),
        warnings,
    })
}

/// The notes that are to sound, in an order that does not depend on how they are stored.
fn in_order(piece: &Piece, drums: bool) -> Vec<&Note> {
    let mut notes: Vec<&Note> = piece
        .notes
        .iter()
        .filter(|note| drums || !note.is_drum())
        .collect();
    notes.sort_by(|a, b| {
        a.start_secs
            .total_cmp(&b.start_secs)
            .then(a.channel.cmp(&b.channel))
            .then(a.pitch.cmp(&b.pitch))
            .then(a.velocity.cmp(&b.velocity))
            .then(a.end_secs.total_cmp(&b.end_secs))
    });
    notes
}

/// (1 + cos πx) / 2 from just below 1 to 0.
fn release_curve(frames: usize) -> Vec<f32> {
    (1..=frames)
        .map(|n| (0.5 + 0.5 * (PI * n as f64 / frames as f64).cos()) as f32)
        .collect()
}

fn add(mix: &mut [Vec<f32>], sound: &[Vec<f32>], first: usize, hold: usize, release: &[f32]) {
    for (mix, sound) in mix.iter_mut().zip(sound) {
        let place = mix.iter_mut().skip(first).zip(sound);
        for (n, (mix, x)) in place.enumerate() {
            let gain = n
                .checked_sub(hold)
                .map_or(1.0, |n| release.get(n).copied().unwrap_or(0.0));
            *mix += gain * x;
        }
    }
}
