//! How the learning rate moves: a factor that both networks' rates are multiplied by.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::settings::{ScheduleKind, ScheduleSpec};

/// A schedule at work. What it remembers is written with every checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Schedule {
    /// What the plateau rule has come down to.
    factor: f64,
    /// The lowest loss that the plateau rule has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<f64>,
    /// Epochs since then, or since the last cut.
    waited: usize,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            factor: 1.0,
            best: None,
            waited: 0,
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Epochs finished.
    pub(super) epoch: usize,
    /// Steps done.
    pub(super) step: u64,
    /// Steps of an epoch.
    pub(super) steps_per_epoch: usize,
    /// Epochs in all.
    pub(super) epochs: usize,
}

impl Schedule {
    /// What the rates are multiplied by at a step; `rate` is the first network's whole rate.
    pub(super) fn factor(&self, spec: &ScheduleSpec, rate: f64, place: Place) -> f64 {
        let factor = match spec.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Step => spec.factor.powf((place.epoch / spec.every_epochs) as f64),
            ScheduleKind::Exponential => spec.factor.powf(place.epoch as f64),
            ScheduleKind::Cosine => {
                let total = (place.epochs * place.steps_per_epoch).max(1) as f64;
                let done = (place.step as f64 / total).min(1.0);
                let least = (spec.least / rate).min(1.0);
                least + (1.0 - least) * 0.5 * (1.0 + (PI * done).cos())
            }
            ScheduleKind::Plateau => self.factor,
        };
        let factor = factor.max((spec.least / rate).min(1.0));
        if place.step < spec.warmup_steps {
            factor * (place.step + 1) as f64 / spec.warmup_steps as f64
        } else {
            factor
        }
    }

    /// Hears a validation loss, `epochs` epochs after the one before it.
    pub(super) fn hear(&mut self, spec: &ScheduleSpec, loss: f64, min_delta: f64, epochs: usize) {
        if spec.kind != ScheduleKind::Plateau {
            return;
        }
        if self.best.is_none_or(|best| loss < best - min_delta) {
            self.best = Some(loss);
            self.waited = 0;
            return;
        }
        self.waited += epochs;
        if self.waited >= spec.patience {
            self.factor *= spec.factor;
            self.waited = 0;
        }
    }
}
