//! Losses, as tensors with gradients and as numbers.

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;
use serde::{Deserialize, Serialize};

use super::settings::LossKind;
use crate::error::{Error, Result};

/// Probabilities are held this far from 0 and 1, as Keras does.
const LEAST_PROBABILITY: f64 = 1e-7;

/// The mean distance between output and target, one value. See [`LossKind`].
pub(super) fn distance(kind: LossKind, output: Tensor<4>, target: Tensor<4>) -> Tensor<1> {
    match kind {
        LossKind::L1 => (output - target).abs().mean(),
        LossKind::Mse => (output - target).square().mean(),
        LossKind::Bce => {
            let p = output.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY);
            let not_p = p.clone().neg().add_scalar(1.0);
            let not_target = target.clone().neg().add_scalar(1.0);
            (target * p.log() + not_target * not_p.log()).mean().neg()
        }
    }
}

/// The mean binary cross-entropy of logits that should all say yes, −ln σ(z), or all no,
/// −ln σ(−z). A discriminator that guesses has ln 2.
pub(super) fn judged_as(is_true: bool, logits: Tensor<4>) -> Tensor<1> {
    let logits = if is_true { logits } else { logits.neg() };
    log_sigmoid(logits).mean().neg()
}

/// The share of outputs on the right side of one half, 0–1.
pub(super) fn accuracy(output: Tensor<4>, target: Tensor<4>) -> Tensor<1> {
    let says = output.greater_scalar(0.5);
    let is = target.greater_scalar(0.5);
    says.equal(is).float().mean()
}

/// Several single values in one reading of the device.
pub(super) fn numbers(values: Vec<Tensor<1>>) -> Result<Vec<f64>> {
    let values: Vec<Tensor<1>> = values.into_iter().map(Tensor::inner).collect();
    let values: Vec<f32> = Tensor::cat(values, 0)
        .try_into_vec_as()
        .map_err(device_failed)?;
    Ok(values.into_iter().map(f64::from).collect())
}

/// A device that did not do what it was asked.
pub(super) fn device_failed(error: impl std::fmt::Display) -> Error {
    Error::Device {
        device: "of the training".to_owned(),
        reason: error.to_string(),
        cure: "use a smaller batch (training.batch_size) or --device cpu".to_owned(),
    }
}

/// What is known of a step, or of an epoch as means over its examples.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Losses {
    /// What the network makes small.
    pub loss: f64,
    /// Mean absolute difference of output and target.
    pub l1: f64,
    /// The adversarial part, BCE(D(x, G(x)), 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<f64>,
    /// What the discriminator makes small; 2·ln 2 (halved: ln 2) if it guesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<f64>,
    /// Share of outputs on the right side of one half, where targets are labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl Losses {
    /// The names that [`Self::named`] may have, in order.
    pub const NAMES: [&'static str; 5] = ["loss", "l1", "adversarial", "discriminator", "accuracy"];

    /// Those that there are, with their names.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let [loss, l1, adversarial, discriminator, accuracy] = Self::NAMES;
        let mut named = vec![(loss, self.loss), (l1, self.l1)];
        named.extend(self.adversarial.map(|x| (adversarial, x)));
        named.extend(self.discriminator.map(|x| (discriminator, x)));
        named.extend(self.accuracy.map(|x| (accuracy, x)));
        named
    }

    /// The first that is no finite number.
    pub(super) fn broken(&self) -> Option<(&'static str, f64)> {
        self.named().into_iter().find(|(_, x)| !x.is_finite())
    }

    /// From names and values; names that are not known are left aside.
    pub(super) fn from_named(named: &[(&str, f64)]) -> Option<Self> {
        let find = |name: &str| named.iter().find(|(n, _)| *n == name).map(|(_, x)| *x);
        let [loss, l1, adversarial, discriminator, accuracy] = Self::NAMES;
        Some(Self {
            loss: find(loss)?,
            l1: find(l1)?,
            adversarial: find(adversarial),
            discriminator: find(discriminator),
            accuracy: find(accuracy),
        })
    }
}

/// A mean over examples, as it grows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct LossSum {
    examples: usize,
    sum: Losses,
}

impl LossSum {
    /// Adds the means over `examples` examples.
    pub(super) fn add(&mut self, losses: &Losses, examples: usize) {
        let weight = examples as f64;
        let add = |sum: Option<f64>, x: Option<f64>| match (sum, x) {
            (sum, None) => sum,
            (sum, Some(x)) => Some(sum.unwrap_or(0.0) + weight * x),
        };
        self.examples += examples;
        self.sum = Losses {
            loss: self.sum.loss + weight * losses.loss,
            l1: self.sum.l1 + weight * losses.l1,
            adversarial: add(self.sum.adversarial, losses.adversarial),
            discriminator: add(self.sum.discriminator, losses.discriminator),
            accuracy: add(self.sum.accuracy, losses.accuracy),
        };
    }

    /// The means; `None` before the first example.
    pub(super) fn mean(&self) -> Option<Losses> {
        let examples = self.examples as f64;
        (self.examples > 0).then(|| Losses {
            loss: self.sum.loss / examples,
            l1: self.sum.l1 / examples,
            adversarial: self.sum.adversarial.map(|x| x / examples),
            discriminator: self.sum.discriminator.map(|x| x / examples),
            accuracy: self.sum.accuracy.map(|x| x / examples),
        })
    }
}
