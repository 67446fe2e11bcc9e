//! What the channels of a network's picture hold.

use serde::{Deserialize, Serialize};

/// Which channels a picture has. A picture is `[channels][height][columns]`, low frequencies first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureChannels {
    /// One: the scaled magnitude.
    #[default]
    Magnitude,
    /// Two: the scaled magnitude; the phase divided by π, −1…1.
    MagnitudePhase,
    /// Three: as before, then −1 everywhere (the empty blue of the colour pictures).
    Colour,
}

impl PictureChannels {
    /// How many there are, 1 to 3.
    pub fn count(self) -> usize {
        match self {
            Self::Magnitude => 1,
            Self::MagnitudePhase => 2,
            Self::Colour => 3,
        }
    }

    /// Whether the phase is in the picture.
    pub fn has_phase(self) -> bool {
        self != Self::Magnitude
    }

    /// Whether it is what goes without saying.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
