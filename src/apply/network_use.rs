//! What a network can be used for, by its card.

use crate::error::{Error, Result};
use crate::model::{CardChannels, ModelCard, TensorKind};

/// A way of using a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkUse {
    /// A song goes in, stems come out: [`super::separate()`].
    Separate,
    /// A song goes in, another sound comes out: [`super::transfer()`].
    Transfer,
    /// A song goes in, it is told when something is heard: [`super::detect()`].
    Detect,
}

impl NetworkUse {
    /// Whether a network with this card can be used so.
    ///
    /// # Errors
    /// [`Error::Setting`] "model" that names the command to use instead.
    pub fn check(self, card: &ModelCard) -> Result<()> {
        // Magnitudes with the song's own phase are stems; with one stem they are a sound as well.
        let has_own_phase = card.output.phase == "input";
        let (does, command, fits) = match card.tensor.kind {
            TensorKind::PicturePicture | TensorKind::MelMel => (
                "makes another sound of a song",
                "transfer",
                self == Self::Transfer,
            ),
            TensorKind::MagnitudeActivity => (
                "tells when something is to be heard",
                "detect",
                self == Self::Detect,
            ),
            TensorKind::MagnitudeMagnitude if !has_own_phase => (
                "answers magnitudes whose phase is to be found",
                "transfer",
                self == Self::Transfer,
            ),
            TensorKind::MagnitudeMagnitude => {
                let transfers = card.stems.len() == 1
                    && !card.tensor.every_column
                    && card.audio.channels != CardChannels::Stereo;
                (
                    "splits a song into stems",
                    "separate",
                    self == Self::Separate || (transfers && self == Self::Transfer),
                )
            }
            _ => (
                "splits a song into stems",
                "separate",
                self == Self::Separate,
            ),
        };
        if fits {
            return Ok(());
        }
        let problem = format!("{} {does}; use `stemloom {command}`", card.id);
        Err(Error::setting("model", problem))
    }
}
