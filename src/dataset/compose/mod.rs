//! Music where there is none: pieces made by rule and dice, endless by seed.
//!
//! ```text
//! ComposeSpec ─► key, metre, tempo, style ─► sections ─► chords ─┬─► drums
//!                                                                ├─► bass
//!                                                                ├─► guitar, keys
//!                                                                └─► melody, lead ─► Piece
//! ```
//!
//! Every part throws dice of its own, so that a part sounds the same whichever others are asked for.

mod bass;
mod comping;
mod dice;
mod drums;
mod form;
mod grooves;
mod harmony;
mod line;
mod melody;
mod part;
mod song;
mod style;
mod theory;

pub use part::{Part, PartSet};
pub use style::Style;
pub use theory::{Key, Meter};

use super::Piece;
use crate::error::{Error, Result};
use dice::Dice;
use song::Song;

/// The most bars a piece can have.
pub const MOST_BARS: usize = 10_000;
/// The slowest and the fastest tempo, in quarter notes per minute.
pub const TEMPO_RANGE_BPM: (f64, f64) = (30.0, 300.0);

/// What is to be composed. What is left open is drawn by the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct ComposeSpec {
    /// The seed: another seed, another piece. 0 by default.
    pub seed: u64,
    /// Length in bars, 1–10 000; 32 by default.
    pub bars: usize,
    /// Quarter notes per minute, 30–300; without it drawn from the style's own range within 60–180.
    pub tempo_bpm: Option<f64>,
    /// The key; without it any.
    pub key: Option<Key>,
    /// The metre; without it one that suits the style.
    pub meter: Option<Meter>,
    /// The style; without it any.
    pub style: Option<Style>,
    /// Who plays; all by default. At least one.
    pub parts: PartSet,
}

impl Default for ComposeSpec {
    fn default() -> Self {
        Self {
            seed: 0,
            bars: 32,
            tempo_bpm: None,
            key: None,
            meter: None,
            style: None,
            parts: Part::ALL.into(),
        }
    }
}

impl ComposeSpec {
    /// The choices that the seed makes where this leaves them open.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are too few or too many bars, no parts, or the tempo is out of
    /// range.
    pub fn choices(&self) -> Result<Choices> {
        self.validate()?;
        let mut dice = Dice::new(self.seed, dice::CHOICES);
        // All is thrown in any case, so that a choice does not change the others.
        let drawn_style = dice.pick(&Style::ALL);
        let (tonic, minor_throw, meter_throw, tempo_throw) =
            (dice.below(12), dice.unit(), dice.unit(), dice.unit());
        let style = self.style.unwrap_or(drawn_style);
        let profile = style.profile();
        let meters = profile.meters;
        let drawn_meter =
            meters[((meter_throw * meters.len() as f64) as usize).min(meters.len() - 1)];
        let (slowest, fastest) = profile.tempo_bpm;
        let drawn_tempo = (slowest + tempo_throw * (fastest - slowest)).round();
        let mut key = self.key.unwrap_or(Key {
            tonic: tonic as u8,
            is_minor: minor_throw < profile.minor_share,
        });
        key.tonic %= 12;
        Ok(Choices {
            tempo_bpm: self.tempo_bpm.unwrap_or(drawn_tempo),
            key,
            meter: self.meter.unwrap_or(drawn_meter),
            style,
        })
    }

    fn validate(&self) -> Result<()> {
        if self.bars == 0 || self.bars > MOST_BARS {
            let problem = format!("must be 1 to {MOST_BARS}, not {}", self.bars);
            return Err(Error::setting("bars", problem));
        }
        if self.parts.is_empty() {
            return Err(Error::setting("parts", "name at least one"));
        }
        let (slowest, fastest) = TEMPO_RANGE_BPM;
        match self.tempo_bpm {
            Some(bpm) if !(slowest..=fastest).contains(&bpm) => Err(Error::setting(
                "tempo",
                format!("must be {slowest} to {fastest} quarter notes per minute, not {bpm}"),
            )),
            _ => Ok(()),
        }
    }
}

/// What a piece is like, nothing left open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choices {
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// The key.
    pub key: Key,
    /// The metre.
    pub meter: Meter,
    /// The style.
    pub style: Style,
}

/// Composes a piece: a pure function of `spec`.
///
/// Its length is bars × quarter notes per bar × 60 / tempo, in seconds; it ends with a cadence on
/// the tonic. Each part has a channel of its own, see [`Part::channel`]; drums follow the General
/// MIDI drum map. No two notes of one pitch and channel overlap.
///
/// # Errors
/// As [`ComposeSpec::choices`].
pub fn compose(spec: &ComposeSpec) -> Result<Piece> {
    let choices = spec.choices()?;
    let song = Song::new(spec.seed, spec.bars, choices);
    let mut piece = Piece {
        seconds: song.seconds(),
        tempos: vec![(0.0, choices.tempo_bpm)],
        title: Some(format!(
            "{} in {}, {}, seed {}",
            choices.style, choices.key, choices.meter, spec.seed
        )),
        ..Piece::default()
    };
    for &part in &spec.parts {
        let line = match part {
            Part::Drums => drums::play(&song),
            Part::Bass => bass::play(&song),
            Part::Guitar | Part::Keys => comping::play(&song, part),
            Part::Lead | Part::Melody => melody::play(&song, part),
        };
        piece.notes.extend(line.into_notes(&song));
    }
    piece.sort();
    Ok(piece)
}
