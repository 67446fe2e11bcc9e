//! The names of the methods, and of what they begin with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A way of finding phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseMethod {
    /// The input's own phases.
    Input,
    /// All phases zero.
    Zero,
    /// Uniformly random phases of a seed.
    Random,
    /// Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984.
    #[default]
    GriffinLim,
    /// Perraudin, Balazs and Søndergaard, "A fast Griffin-Lim algorithm", 2013.
    FastGriffinLim,
    /// Phase gradient heap integration: Průša, Balazs and Søndergaard, "A noniterative method for
    /// reconstruction of phase from STFT magnitude", 2017.
    Pghi,
    /// Phase gradient heap integration, then Griffin-Lim from there.
    #[serde(rename = "pghi+griffin-lim")]
    PghiGriffinLim,
}

impl PhaseMethod {
    /// All methods.
    pub const ALL: [Self; 7] = [
        Self::Input,
        Self::Zero,
        Self::Random,
        Self::GriffinLim,
        Self::FastGriffinLim,
        Self::Pghi,
        Self::PghiGriffinLim,
    ];

    /// Its name as typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Zero => "zero",
            Self::Random => "random",
            Self::GriffinLim => "griffin-lim",
            Self::FastGriffinLim => "fast-griffin-lim",
            Self::Pghi => "pghi",
            Self::PghiGriffinLim => "pghi+griffin-lim",
        }
    }

    /// Its name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Input => "Input's phase",
            Self::Zero => "Zero phase",
            Self::Random => "Random phase",
            Self::GriffinLim => "Griffin-Lim",
            Self::FastGriffinLim => "Fast Griffin-Lim",
            Self::Pghi => "PGHI",
            Self::PghiGriffinLim => "PGHI + Griffin-Lim",
        }
    }

    /// Whether it repeats a step, so that `iterations` means something.
    pub fn is_iterative(self) -> bool {
        matches!(
            self,
            Self::GriffinLim | Self::FastGriffinLim | Self::PghiGriffinLim
        )
    }

    /// Whether the person chooses the phases it begins with.
    pub fn takes_start(self) -> bool {
        matches!(self, Self::GriffinLim | Self::FastGriffinLim)
    }
}

impl fmt::Display for PhaseMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PhaseMethod {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The phases that Griffin-Lim begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseStart {
    /// Uniformly random phases of a seed.
    #[default]
    Random,
    /// All phases zero.
    Zero,
    /// The input's own phases, or those of an earlier result that is to be continued.
    Input,
}

impl PhaseStart {
    /// All starts.
    pub const ALL: [Self; 3] = [Self::Random, Self::Zero, Self::Input];

    /// Its name as typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Zero => "zero",
            Self::Input => "input",
        }
    }
}

impl FromStr for PhaseStart {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|start| start.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}
