//! Analysis windows.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The window's formula. For length N and x = 2πn/M, with M = N (periodic) or N − 1 (symmetric):
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum WindowKind {
    /// 0.5 − 0.5·cos x. The default of librosa and of nearly every network.
    #[default]
    Hann,
    /// √Hann: analysis times synthesis is a Hann window.
    SqrtHann,
    /// 0.54 − 0.46·cos x.
    Hamming,
    /// 0.42 − 0.5·cos x + 0.08·cos 2x.
    Blackman,
    /// All ones.
    Rectangular,
    /// exp(−½·((n − M/2)/(N/8))²): σ is an eighth of the length, the ends are 69 dB down. The
    /// window for which phase gradient integration is exact.
    Gaussian,
}

impl WindowKind {
    /// All windows.
    pub const ALL: [Self; 6] = [
        Self::Hann,
        Self::SqrtHann,
        Self::Hamming,
        Self::Blackman,
        Self::Rectangular,
        Self::Gaussian,
    ];

    /// Its name as typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hann => "hann",
            Self::SqrtHann => "sqrt-hann",
            Self::Hamming => "hamming",
            Self::Blackman => "blackman",
            Self::Rectangular => "rectangular",
            Self::Gaussian => "gaussian",
        }
    }
}

impl std::str::FromStr for WindowKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Whether the window's period is its length or one less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Symmetry {
    /// Period N: shifted copies add up exactly. Right for an STFT (`torch.hann_window(N)`).
    #[default]
    Periodic,
    /// Period N − 1: both ends equal (`numpy.hanning(N)`).
    Symmetric,
}

/// The window's `length` samples; length 1 is `[1.0]`.
pub fn window(kind: WindowKind, symmetry: Symmetry, length: usize) -> Vec<f32> {
    if length == 1 {
        return vec![1.0];
    }
    let period = match symmetry {
        Symmetry::Periodic => length,
        Symmetry::Symmetric => length.saturating_sub(1),
    } as f64;
    (0..length)
        .map(|n| {
            let x = 2.0 * PI * n as f64 / period;
            let hann = 0.5 - 0.5 * x.cos();
            let value = match kind {
                WindowKind::Hann => hann,
                WindowKind::SqrtHann => hann.max(0.0).sqrt(),
                WindowKind::Hamming => 0.54 - 0.46 * x.cos(),
                WindowKind::Blackman => 0.42 - 0.5 * x.cos() + 0.08 * (2.0 * x).cos(),
                WindowKind::Rectangular => 1.0,
                WindowKind::Gaussian => {
                    let from_centre = (n as f64 - period / 2.0) / (length as f64 / 8.0);
                    (-0.5 * from_centre * from_centre).exp()
                }
            };
            value as f32
        })
        .collect()
}
