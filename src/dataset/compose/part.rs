//! Who plays.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::dataset::DRUM_CHANNEL;

/// A part of a composed piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Drums, on the channel of drums.
    Drums,
    /// Bass, E1 to G3.
    Bass,
    /// A guitar that strums or picks chords, E2 to E6.
    Guitar,
    /// A guitar that plays solos and fills.
    Lead,
    /// Piano, electric piano or organ, chords.
    Keys,
    /// The tune.
    Melody,
}

/// The parts of a piece.
pub type PartSet = BTreeSet<Part>;

impl Part {
    /// All parts.
    pub const ALL: [Self; 6] = [
        Self::Drums,
        Self::Bass,
        Self::Guitar,
        Self::Lead,
        Self::Keys,
        Self::Melody,
    ];

    /// Its name, as in `--parts`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drums => "drums",
            Self::Bass => "bass",
            Self::Guitar => "guitar",
            Self::Lead => "lead",
            Self::Keys => "keys",
            Self::Melody => "melody",
        }
    }

    /// Its MIDI channel, 0–15; each part has its own, drums have 9.
    pub const fn channel(self) -> u8 {
        match self {
            Self::Bass => 0,
            Self::Guitar => 1,
            Self::Lead => 2,
            Self::Keys => 3,
            Self::Melody => 4,
            Self::Drums => DRUM_CHANNEL,
        }
    }

    /// The lowest and the highest MIDI pitch that it plays.
    pub const fn range(self) -> (u8, u8) {
        match self {
            Self::Drums => (35, 81),
            Self::Bass => (28, 55),
            Self::Guitar => (40, 88),
            Self::Lead => (52, 88),
            Self::Keys => (48, 84),
            Self::Melody => (57, 84),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|part| part.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}
