//! How magnitudes become what a network or an eye wants, and back.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// 20·log₁₀ of an amplitude, at least `floor_db`.
pub fn db_from_amplitude(amplitude: f32, floor_db: f32) -> f32 {
    if amplitude > 0.0 {
        (20.0 * amplitude.log10()).max(floor_db)
    } else {
        floor_db
    }
}

/// The amplitude of a level in dB.
pub fn amplitude_from_db(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// librosa's `power_to_db`: 10·log₁₀(max(amin, power)) − 10·log₁₀(max(amin, reference)), then at
/// least the largest value minus `top_db`. `amin` 1e-10 and `top_db` 80 are librosa's defaults.
pub fn db_from_power(power: &[f32], reference: f32, amin: f32, top_db: Option<f32>) -> Vec<f32> {
    let offset = 10.0 * reference.abs().max(amin).log10();
    let mut db: Vec<f32> = power
        .iter()
        .map(|p| 10.0 * p.max(amin).log10() - offset)
        .collect();
    if let Some(top_db) = top_db {
        let floor = db.iter().copied().fold(f32::NEG_INFINITY, f32::max) - top_db;
        db.iter_mut().for_each(|value| *value = value.max(floor));
    }
    db
}

/// A network's picture of a magnitude m ≥ 0, invertible on its range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MagnitudeScale {
    /// m itself.
    #[default]
    Linear,
    /// 2·ln(1 + m/2⁻¹⁶)/ln(1 + 2¹⁶) − 1 for m in 0–1: −1…1. (The pix2pix timbre system.)
    #[serde(rename = "log1p-16")]
    Log1p16,
    /// 20·log₁₀(max(m, amin)).
    Db {
        /// Smallest magnitude kept, above 0.
        amin: f32,
    },
    /// ln(max(m, floor)), as the Tacotron 2 vocoders.
    Ln {
        /// Smallest magnitude kept, above 0; 1e-5 is usual.
        floor: f32,
    },
    /// log₁₀(max(m, floor)), as descript's MelGAN.
    Log10 {
        /// Smallest magnitude kept, above 0; 1e-5 is usual.
        floor: f32,
    },
    /// (m − min)/(max − min).
    MinMax {
        /// The magnitude that becomes 0.
        min: f32,
        /// The magnitude that becomes 1.
        max: f32,
    },
    /// (20·log₁₀ m − min_db)/(max_db − min_db), held within 0…1.
    DbUnit {
        /// The level that becomes 0; everything below it too. Below `max_db`; −80 is usual.
        min_db: f32,
        /// The level that becomes 1; everything above it too.
        max_db: f32,
    },
    /// 2·(ln max(m, floor) − ln floor)/(ln max − ln floor) − 1, held within −1…1.
    LnUnit {
        /// The magnitude that becomes −1, above 0; everything below it too. 1e-5 is usual.
        floor: f32,
        /// The magnitude that becomes 1, above `floor`; everything above it too.
        max: f32,
    },
}

const AMIN_16: f32 = 1.0 / 65536.0;

impl MagnitudeScale {
    /// Checks that its numbers make a scale. [`Self::forward`] of 0 is the value of silence.
    ///
    /// # Errors
    /// [`Error::Setting`] "scale" that says what is wrong.
    pub fn validate(&self) -> Result<()> {
        let above_zero = |x: f32| x.is_finite() && x > 0.0;
        let rising = |low: f32, high: f32| low.is_finite() && high.is_finite() && low < high;
        let (good, rule) = match *self {
            Self::Linear | Self::Log1p16 => (true, ""),
            Self::Db { amin } => (above_zero(amin), "amin must be above 0"),
            Self::Ln { floor } | Self::Log10 { floor } => {
                (above_zero(floor), "floor must be above 0")
            }
            Self::MinMax { min, max } => (rising(min, max), "min must be below max"),
            Self::DbUnit { min_db, max_db } => {
                (rising(min_db, max_db), "min_db must be below max_db")
            }
            Self::LnUnit { floor, max } => (
                above_zero(floor) && rising(floor, max),
                "floor must be above 0 and below max",
            ),
        };
        if good {
            Ok(())
        } else {
            Err(Error::setting("scale", rule))
        }
    }

    /// The scaled value of a magnitude.
    pub fn forward(&self, m: f32) -> f32 {
        match *self {
            Self::Linear => m,
            Self::Log1p16 => 2.0 * (m / AMIN_16).ln_1p() / (1.0 / AMIN_16).ln_1p() - 1.0,
            Self::Db { amin } => 20.0 * m.max(amin).log10(),
            Self::Ln { floor } => m.max(floor).ln(),
            Self::Log10 { floor } => m.max(floor).log10(),
            Self::MinMax { min, max } => (m - min) / (max - min),
            // The logarithm of 0 is −∞, which is held at 0 as well.
            Self::DbUnit { min_db, max_db } => {
                ((20.0 * m.max(0.0).log10() - min_db) / (max_db - min_db)).clamp(0.0, 1.0)
            }
            Self::LnUnit { floor, max } => {
                let share = (m.max(floor) / floor).ln() / (max / floor).ln();
                (2.0 * share - 1.0).clamp(-1.0, 1.0)
            }
        }
    }

    /// The magnitude of a scaled value, never negative. Scales that are held within a range hold
    /// what a network answers beyond it at the range's ends.
    pub fn inverse(&self, x: f32) -> f32 {
        let m = match *self {
            Self::Linear => x,
            Self::Log1p16 => AMIN_16 * ((x + 1.0) / 2.0 * (1.0 / AMIN_16).ln_1p()).exp_m1(),
            Self::Db { .. } => amplitude_from_db(x),
            Self::Ln { .. } => x.exp(),
            Self::Log10 { .. } => 10.0_f32.powf(x),
            Self::MinMax { min, max } => x * (max - min) + min,
            Self::DbUnit { min_db, max_db } => {
                amplitude_from_db(min_db + x.clamp(0.0, 1.0) * (max_db - min_db))
            }
            Self::LnUnit { floor, max } => {
                floor * ((x.clamp(-1.0, 1.0) + 1.0) / 2.0 * (max / floor).ln()).exp()
            }
        };
        m.max(0.0)
    }
}
