//! Everything that decides the phases, and many of them at once.

use serde::{Deserialize, Serialize};

use super::{PhaseMethod, PhaseStart};
use crate::error::{Error, Result};

/// Iterations unless chosen: librosa's default.
pub const DEFAULT_ITERATIONS: usize = 32;
/// The most iterations that can be asked for.
pub const MAX_ITERATIONS: usize = 100_000;
/// Momentum of the fast Griffin-Lim unless chosen: the paper's and librosa's.
pub const DEFAULT_MOMENTUM: f32 = 0.99;

/// Everything that decides the phases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseSpec {
    /// The method.
    pub method: PhaseMethod,
    /// What Griffin-Lim begins with; the other methods leave it aside.
    pub start: PhaseStart,
    /// Iterations, 0–100,000; methods without any leave it aside.
    pub iterations: usize,
    /// Momentum of the fast Griffin-Lim, 0–2; none is 0.99 there. Above 1 it may diverge.
    pub momentum: Option<f32>,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for PhaseSpec {
    fn default() -> Self {
        Self {
            method: PhaseMethod::default(),
            start: PhaseStart::default(),
            iterations: DEFAULT_ITERATIONS,
            momentum: None,
            seed: 0,
        }
    }
}

impl PhaseSpec {
    /// A method with the usual settings.
    pub fn new(method: PhaseMethod) -> Self {
        Self {
            method,
            ..Self::default()
        }
    }

    /// The momentum that is really used: 0 but for the fast Griffin-Lim.
    pub fn momentum(&self) -> f32 {
        match self.method {
            PhaseMethod::FastGriffinLim => self.momentum.unwrap_or(DEFAULT_MOMENTUM),
            _ => 0.0,
        }
    }

    /// The iterations that are really done: 0 for methods without any.
    pub fn iterations(&self) -> usize {
        if self.method.is_iterative() {
            self.iterations
        } else {
            0
        }
    }

    /// Whether the input's phases are needed.
    pub fn needs_input(&self) -> bool {
        self.method == PhaseMethod::Input
            || (self.method.takes_start() && self.start == PhaseStart::Input)
    }

    /// Checks ranges; answers a remark on what is allowed and unwise.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub fn validate(&self) -> Result<Option<String>> {
        if self.iterations > MAX_ITERATIONS {
            return Err(Error::setting(
                "iterations",
                format!("{} is more than {MAX_ITERATIONS}", self.iterations),
            ));
        }
        let Some(momentum) = self.momentum else {
            return Ok(None);
        };
        if !(0.0..=2.0).contains(&momentum) {
            return Err(Error::setting(
                "momentum",
                format!("{momentum} is not within 0 to 2"),
            ));
        }
        if momentum != 0.0 && self.method != PhaseMethod::FastGriffinLim {
            return Err(Error::setting(
                "momentum",
                format!(
                    "{} has none; choose fast-griffin-lim or leave it away",
                    self.method
                ),
            ));
        }
        Ok((momentum > 1.0)
            .then(|| format!("a momentum of {momentum} may diverge; 0.99 is the usual value")))
    }
}

impl PhaseSpec {
    /// What it does in a few words, without seed: "griffin-lim 32".
    pub fn title(&self) -> String {
        let mut title = self.method.name().to_owned();
        if self.method.is_iterative() {
            title.push_str(&format!(" {}", self.iterations));
        }
        title
    }
}

/// All combinations of methods and iterations, each once; a method without iterations is one
/// entry.
pub fn sweep(base: &PhaseSpec, methods: &[PhaseMethod], iterations: &[usize]) -> Vec<PhaseSpec> {
    let mut out: Vec<PhaseSpec> = Vec::new();
    for method in methods {
        for iterations in iterations {
            let momentum = base
                .momentum
                .filter(|_| *method == PhaseMethod::FastGriffinLim);
            let spec = PhaseSpec {
                method: *method,
                iterations: *iterations,
                // A sweep's momentum is for those that have one.
                momentum: if methods.len() > 1 {
                    momentum
                } else {
                    base.momentum
                },
                ..*base
            };
            let same = |other: &PhaseSpec| {
                other.method == spec.method && other.iterations() == spec.iterations()
            };
            if !out.iter().any(same) {
                out.push(spec);
            }
        }
    }
    out
}
