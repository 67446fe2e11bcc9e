//! The card's `[output]` table: what is done with what comes out.

use serde::{Deserialize, Serialize};

/// What stands in the bins that the network does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum BinFill {
    /// Silence.
    #[default]
    Zero,
    /// The mean mask of the bins kept.
    Average,
    /// The mixture itself.
    Mixture,
}

/// What a mask (or an activity) is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum MaskPolarity {
    /// Of the stem.
    #[default]
    Target,
    /// Of what the stem leaves of the mixture: the stem's is 1 − mask.
    Rest,
}

impl MaskPolarity {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Iterations of a phase method unless the card says otherwise: librosa's default.
pub const CARD_PHASE_ITERATIONS: usize = 32;

/// What `output.phase` may name: the phase methods, and `predicted` for networks that answer phases.
pub const CARD_PHASES: [&str; 8] = [
    "input",
    "zero",
    "random",
    "griffin-lim",
    "fast-griffin-lim",
    "pghi",
    "pghi+griffin-lim",
    "predicted",
];

/// The `[output]` table: what is done with what comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputCard {
    /// Multiplied onto every estimate (UVR's "compensate"), above 0. Default 1.
    #[serde(default = "one")]
    pub compensate: f32,
    /// Whether the network answers upside down.
    #[serde(default)]
    pub inverted: bool,
    /// What a mask is of. Only with masks and activity.
    #[serde(default, skip_serializing_if = "MaskPolarity::is_default")]
    pub polarity: MaskPolarity,
    /// Values of a mask below this become 0, after `polarity`; 0 to below 1. Default 0. Only with masks
    /// and activity.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mask_floor: f32,
    /// Name of a stem made of what is left of the mixture; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<String>,
    /// Where the phase of magnitudes comes from, one of [`CARD_PHASES`]. Default `input`, the
    /// song's own; a network that answers phases uses those. Others only with magnitudes, pictures
    /// and mel bands.
    #[serde(default = "input_phase")]
    pub phase: String,
    /// Iterations of a phase method that has any, at most 100,000. Default 32.
    #[serde(
        default = "usual_iterations",
        skip_serializing_if = "are_usual_iterations"
    )]
    pub phase_iterations: usize,
}

fn one() -> f32 {
    1.0
}

fn input_phase() -> String {
    "input".into()
}

fn usual_iterations() -> usize {
    CARD_PHASE_ITERATIONS
}

fn are_usual_iterations(iterations: &usize) -> bool {
    *iterations == CARD_PHASE_ITERATIONS
}

fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl Default for OutputCard {
    fn default() -> Self {
        Self {
            compensate: 1.0,
            inverted: false,
            polarity: MaskPolarity::default(),
            mask_floor: 0.0,
            residual: None,
            phase: input_phase(),
            phase_iterations: CARD_PHASE_ITERATIONS,
        }
    }
}

impl OutputCard {
    /// The stem's mask of what a network answered: turned round for [`MaskPolarity::Rest`], then 0
    /// where it is below the floor.
    pub fn mask(&self, answer: f32) -> f32 {
        let mask = match self.polarity {
            MaskPolarity::Target => answer,
            MaskPolarity::Rest => 1.0 - answer,
        };
        // Without a floor nothing is held back, negative values neither.
        if self.mask_floor > 0.0 && mask < self.mask_floor {
            0.0
        } else {
            mask
        }
    }
}
