//! The networks that can be trained, by their settings. Each becomes a [`Plan`] for the shapes of the
//! examples; one file per kind.

mod blocks;
mod ibm_cnn;
mod patch;
mod pix2pix;
mod unet_mask;
mod unet_mel;
mod vad;

use serde::{Deserialize, Serialize};

pub use blocks::OutputActivation;
pub use ibm_cnn::{IbmCnn, IbmCnnDeep};
pub use patch::PatchDiscriminator;
pub use pix2pix::UnetPix2pix;
pub use unet_mask::UnetMask;
pub use unet_mel::UnetMel;
pub use vad::Vad;

use super::plan::Plan;
use crate::dataset::ExampleShapes;
use crate::error::Result;

/// A kind of network and its settings; in TOML `kind = "unet-pix2pix"` and so on. Every setting has
/// a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkSpec {
    /// Picture to picture.
    UnetPix2pix(UnetPix2pix),
    /// Made or true, patch by patch: the other side of adversarial training.
    PatchDiscriminator(PatchDiscriminator),
    /// Magnitudes to a mask.
    UnetMask(UnetMask),
    /// Mel picture to mel picture.
    UnetMel(UnetMel),
    /// A few columns to the binary mask of the middle one.
    IbmCnn(IbmCnn),
    /// A few columns to the binary mask of all of them.
    IbmCnnDeep(IbmCnnDeep),
    /// A few columns to whether someone sings.
    Vad(Vad),
}

impl NetworkSpec {
    /// The layers for examples of these shapes. A discriminator sees the input's channels, then the
    /// target's: of a conditioned set, give it the shapes without the style's channel.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) that says which setting or shape does not fit, and
    /// what would.
    pub fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        let plan = match self {
            Self::UnetPix2pix(spec) => spec.plan(shapes)?,
            Self::PatchDiscriminator(spec) => spec.plan(shapes)?,
            Self::UnetMask(spec) => spec.plan(shapes)?,
            Self::UnetMel(spec) => spec.plan(shapes)?,
            Self::IbmCnn(spec) => spec.plan(shapes)?,
            Self::IbmCnnDeep(spec) => spec.plan(shapes)?,
            Self::Vad(spec) => spec.plan(shapes)?,
        };
        plan.shapes()?;
        Ok(plan)
    }
}
