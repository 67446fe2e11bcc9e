//! The frequency axis of a picture: linear, logarithmic or mel.

use serde::{Deserialize, Serialize};

use crate::spectral::{MelFormula, hz_from_mel, mel_from_hz};

/// How frequencies are spread over the height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum FreqScale {
    /// Equal hertz.
    Linear,
    /// Equal octaves.
    Log,
    /// Equal mels (Slaney).
    #[default]
    Mel,
}

impl FreqScale {
    /// All of them, in the order shown.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Log, Self::Mel];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Log => "Logarithmic",
            Self::Mel => "Mel",
        }
    }

    fn forward(self, hz: f64) -> f64 {
        match self {
            Self::Linear => hz,
            Self::Log => hz.max(1.0).ln(),
            Self::Mel => mel_from_hz(hz, MelFormula::Slaney),
        }
    }

    fn inverse(self, x: f64) -> f64 {
        match self {
            Self::Linear => x,
            Self::Log => x.exp(),
            Self::Mel => hz_from_mel(x, MelFormula::Slaney),
        }
    }
}

/// A range of frequencies on a scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FreqAxis {
    /// The scale.
    pub scale: FreqScale,
    /// Frequency at the bottom in hertz.
    pub min_hz: f64,
    /// Frequency at the top in hertz, above `min_hz`.
    pub max_hz: f64,
}

impl FreqAxis {
    /// The whole range of a rate; a logarithmic axis starts at 20 Hz.
    pub fn full(scale: FreqScale, sample_rate_hz: u32) -> Self {
        let max_hz = f64::from(sample_rate_hz) / 2.0;
        let min_hz = if scale == FreqScale::Log {
            20.0_f64.min(max_hz / 2.0)
        } else {
            0.0
        };
        Self {
            scale,
            min_hz,
            max_hz,
        }
    }

    /// Height of a frequency, 0 at the bottom, 1 at the top.
    pub fn unit_from_hz(&self, hz: f64) -> f64 {
        let (low, high) = (
            self.scale.forward(self.min_hz),
            self.scale.forward(self.max_hz),
        );
        (self.scale.forward(hz) - low) / (high - low)
    }

    /// The frequency at a height, 0–1.
    pub fn hz_from_unit(&self, unit: f64) -> f64 {
        let (low, high) = (
            self.scale.forward(self.min_hz),
            self.scale.forward(self.max_hz),
        );
        self.scale.inverse(low + unit * (high - low))
    }

    /// For each of `rows` rows from the top: first and one past the last bin of `bins` (Nyquist is
    /// the last) under it; at least one.
    pub fn bins_of_rows(
        &self,
        rows: usize,
        bins: usize,
        sample_rate_hz: u32,
    ) -> Vec<(usize, usize)> {
        let bins_per_hz = (bins - 1) as f64 / (f64::from(sample_rate_hz) / 2.0);
        let bin = |unit: f64| self.hz_from_unit(unit) * bins_per_hz;
        (0..rows)
            .map(|row| {
                let top = bin(1.0 - row as f64 / rows as f64);
                let bottom = bin(1.0 - (row + 1) as f64 / rows as f64);
                let first = bottom.round().clamp(0.0, (bins - 1) as f64) as usize;
                let last = top.round().clamp(0.0, bins as f64) as usize;
                (first, last.max(first + 1))
            })
            .collect()
    }

    /// Round frequencies within the axis, about `wanted` of them, lowest first.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        const ROUND: [f64; 22] = [
            20.0, 50.0, 100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 4000.0,
            5000.0, 6000.0, 8000.0, 10_000.0, 12_000.0, 15_000.0, 20_000.0, 30_000.0, 50_000.0,
            80_000.0,
        ];
        let least = 0.8 / wanted.max(1) as f64;
        let mut ticks: Vec<f64> = Vec::new();
        for hz in ROUND {
            let unit = self.unit_from_hz(hz);
            let free = ticks
                .last()
                .is_none_or(|last| unit - self.unit_from_hz(*last) >= least);
            if (0.02..=0.98).contains(&unit) && free {
                ticks.push(hz);
            }
        }
        ticks
    }
}

/// The nearest note of the equal-tempered scale at A4 = 440 Hz, for example "A3"; empty below 8 Hz.
pub fn note_name(hz: f64) -> String {
    const NAMES: [&str; 12] = [
        "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
    ];
    if hz < 8.0 {
        return String::new();
    }
    let midi = (69.0 + 12.0 * (hz / 440.0).log2()).round() as i32;
    format!(
        "{}{}",
        NAMES[midi.rem_euclid(12) as usize],
        midi.div_euclid(12) - 1
    )
}
