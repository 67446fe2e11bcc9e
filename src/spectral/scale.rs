//! How magnitudes become what a network or an eye wants, and back.

use serde::{Deserialize, Serialize};

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
}

const AMIN_16: f32 = 1.0 / 65536.0;

impl MagnitudeScale {
    /// The scaled value of a magnitude.
    pub fn forward(&self, m: f32) -> f32 {
        match *self {
            Self::Linear => m,
            Self::Log1p16 => 2.0 * (m / AMIN_16).ln_1p() / (1.0 / AMIN_16).ln_1p() - 1.0,
            Self::Db { amin } => 20.0 * m.max(amin).log10(),
            Self::Ln { floor } => m.max(floor).ln(),
            Self::Log10 { floor } => m.max(floor).log10(),
            Self::MinMax { min, max } => (m - min) / (max - min),
        }
    }

    /// The magnitude of a scaled value, never negative.
    pub fn inverse(&self, x: f32) -> f32 {
        let m = match *self {
            Self::Linear => x,
            Self::Log1p16 => AMIN_16 * ((x + 1.0) / 2.0 * (1.0 / AMIN_16).ln_1p()).exp_m1(),
            Self::Db { .. } => amplitude_from_db(x),
            Self::Ln { .. } => x.exp(),
            Self::Log10 { .. } => 10.0_f32.powf(x),
            Self::MinMax { min, max } => x * (max - min) + min,
        };
        m.max(0.0)
    }
}
