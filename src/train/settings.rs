//! The parts of a recipe that say how a network learns: losses, optimiser, schedule, length.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How far an output is from its target; always the mean over all values of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// |output − target|. For networks that multiply their input by a mask this is Jansson's loss.
    #[default]
    #[serde(alias = "masked-l1")]
    L1,
    /// (output − target)².
    Mse,
    /// −t·ln p − (1 − t)·ln(1 − p) of outputs p within 0–1 (held to 1e-7 and 1 − 1e-7, as Keras).
    Bce,
}

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossSpec {
    /// The distance between output and target. Default L1.
    pub kind: LossKind,
    /// Weight of that distance beside the adversarial loss, 0 or more. Default 100 (pix2pix).
    pub l1_weight: f64,
    /// Whether a discriminator learns too: the generator's loss is BCE(D(x, G(x)), 1) +
    /// `l1_weight` · distance. (Isola et al., "Image-to-image translation with conditional
    /// adversarial networks", 2017.) Default off.
    pub adversarial: bool,
    /// Whether the discriminator's loss, BCE(D(x, y), 1) + BCE(D(x, G(x)), 0), is halved, as in the
    /// paper. Default off.
    pub halve_discriminator: bool,
}

impl Default for LossSpec {
    fn default() -> Self {
        Self {
            kind: LossKind::L1,
            l1_weight: 100.0,
            adversarial: false,
            halve_discriminator: false,
        }
    }
}

/// The rule that turns gradients into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimiserKind {
    /// Adam (Kingma and Ba 2015); weight decay is added to the gradient.
    #[default]
    Adam,
    /// AdamW (Loshchilov and Hutter 2019); weight decay is taken from the weight itself.
    Adamw,
}

/// An optimiser and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiserSpec {
    /// The rule. Default Adam.
    pub kind: OptimiserKind,
    /// Length of a step, above 0. Default 1e-3.
    pub learning_rate: f64,
    /// How much of the mean gradient is kept per step, 0 to below 1. Default 0.9.
    pub beta_1: f64,
    /// How much of the mean squared gradient is kept per step, 0 to below 1. Default 0.999.
    pub beta_2: f64,
    /// Added to the root of the mean squared gradient, above 0. Default 1e-7 (Keras).
    pub epsilon: f64,
    /// Pull of every weight towards 0, 0 or more. Default 0.
    pub weight_decay: f64,
}

impl Default for OptimiserSpec {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Adam,
            learning_rate: 1e-3,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            weight_decay: 0.0,
        }
    }
}

/// How the learning rate moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// It stays.
    #[default]
    Constant,
    /// Times `factor` after every `every_epochs` epochs.
    Step,
    /// Times `factor` after every epoch.
    Exponential,
    /// Half a cosine from the whole rate to `least` over all epochs.
    Cosine,
    /// Times `factor` after `patience` epochs in a row without a better validation loss.
    Plateau,
}

/// How the learning rate moves; both networks' rates move alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleSpec {
    /// The rule. Default constant.
    pub kind: ScheduleKind,
    /// What the rate is multiplied by, above 0 to 1. Default 0.5.
    pub factor: f64,
    /// Epochs between two steps, 1 or more. Default 10.
    pub every_epochs: usize,
    /// Epochs without gain before the plateau rule acts, 1 or more. Default 3.
    pub patience: usize,
    /// The lowest the first network's rate gets, 0 or more. Default 1e-8.
    pub least: f64,
    /// Steps at the start over which the rate rises evenly from near 0. Default 0.
    pub warmup_steps: u64,
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::Constant,
            factor: 0.5,
            every_epochs: 10,
            patience: 3,
            least: 1e-8,
            warmup_steps: 0,
        }
    }
}

/// By which number the best epoch is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BestBy {
    /// The loss that is trained with.
    #[default]
    Loss,
    /// The mean absolute difference, which an adversary cannot move.
    L1,
}

/// How long, and in which portions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSpec {
    /// Passes over the examples, 1 or more. Default 100.
    pub epochs: usize,
    /// Examples per step, 1 or more. Default 8.
    pub batch_size: usize,
    /// Parts that a batch is cut into and that a processor works on side by side, each with its
    /// share of the threads, 1–64. Faster from 2 on; a batch normalisation then sees one part at a
    /// time, so results depend on it, not on the machine. Default 1.
    pub shards: usize,
    /// Steps per epoch; left out, all examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_per_epoch: Option<usize>,
    /// Longest gradient (over all weights of a network together); longer ones are shortened to it.
    /// Left out, none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Epochs without a better validation loss before the training ends; left out, it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much a loss must be lower to count as better, 0 or more. Default 0.
    pub min_delta: f64,
    /// The number by which the best epoch is known. Default the loss.
    pub best_by: BestBy,
    /// Seed of weights, order and dropout, below 2⁶³. Default 0.
    pub seed: u64,
    /// Added to the numbers of epochs, for runs that carry on another. Default 0.
    pub epoch_offset: usize,
    /// Epochs between two validations, 1 or more. Default 1.
    pub validate_every: usize,
    /// Threads that make examples; 0 is as many as suit the machine. Has no effect on results.
    pub threads: usize,
    /// Minutes between two checkpoints within an epoch, above 0. Default 10.
    pub checkpoint_minutes: f64,
    /// Steps between two checkpoints within an epoch; left out, only the minutes count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_steps: Option<usize>,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            epochs: 100,
            batch_size: 8,
            shards: 1,
            steps_per_epoch: None,
            clip_norm: None,
            patience: None,
            min_delta: 0.0,
            best_by: BestBy::Loss,
            seed: 0,
            epoch_offset: 0,
            validate_every: 1,
            threads: 0,
            checkpoint_minutes: 10.0,
            checkpoint_steps: None,
        }
    }
}

/// The excerpt that is heard and seen after every epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreviewSpec {
    /// Its length in seconds, 0 (no preview) to 60; at least one example. Default 6.
    pub secs: f64,
    /// Epochs between two previews, 1 or more. Default 1.
    pub every_epochs: usize,
}

impl Default for PreviewSpec {
    fn default() -> Self {
        Self {
            secs: 6.0,
            every_epochs: 1,
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Ranges

fn require(is_right: bool, name: &str, allowed: &str) -> Result<()> {
    if is_right {
        Ok(())
    } else {
        Err(Error::setting(name, format!("must be {allowed}")))
    }
}

impl LossSpec {
    pub(super) fn validate(&self) -> Result<()> {
        let is_right = self.l1_weight.is_finite() && self.l1_weight >= 0.0;
        require(is_right, "loss.l1_weight", "0 or more")
    }
}

impl OptimiserSpec {
    pub(super) fn validate(&self, table: &str) -> Result<()> {
        let name = |field: &str| format!("{table}.{field}");
        let is_rate = self.learning_rate.is_finite() && self.learning_rate > 0.0;
        require(is_rate, &name("learning_rate"), "above 0")?;
        let is_share = |x: f64| (0.0..1.0).contains(&x);
        require(is_share(self.beta_1), &name("beta_1"), "0 to below 1")?;
        require(is_share(self.beta_2), &name("beta_2"), "0 to below 1")?;
        let is_small = self.epsilon.is_finite() && self.epsilon > 0.0;
        require(is_small, &name("epsilon"), "above 0")?;
        let is_decay = self.weight_decay.is_finite() && self.weight_decay >= 0.0;
        require(is_decay, &name("weight_decay"), "0 or more")
    }
}

impl ScheduleSpec {
    pub(super) fn validate(&self) -> Result<()> {
        let is_factor = self.factor > 0.0 && self.factor <= 1.0;
        require(is_factor, "schedule.factor", "above 0, and 1 at most")?;
        require(self.every_epochs > 0, "schedule.every_epochs", "1 or more")?;
        require(self.patience > 0, "schedule.patience", "1 or more")?;
        let is_least = self.least.is_finite() && self.least >= 0.0;
        require(is_least, "schedule.least", "0 or more")
    }
}

impl TrainingSpec {
    pub(super) fn validate(&self) -> Result<()> {
        let some = |x: Option<usize>| x != Some(0);
        require(self.epochs > 0, "training.epochs", "1 or more")?;
        require(self.batch_size > 0, "training.batch_size", "1 or more")?;
        let is_some = (1..=64).contains(&self.shards);
        require(is_some, "training.shards", "1 to 64")?;
        let steps = "training.steps_per_epoch";
        require(some(self.steps_per_epoch), steps, "1 or more")?;
        require(some(self.patience), "training.patience", "1 or more")?;
        let steps = "training.checkpoint_steps";
        require(some(self.checkpoint_steps), steps, "1 or more")?;
        let every = "training.validate_every";
        require(self.validate_every > 0, every, "1 or more")?;
        let is_norm = self.clip_norm.is_none_or(|x| x.is_finite() && x > 0.0);
        require(is_norm, "training.clip_norm", "above 0")?;
        let is_delta = self.min_delta.is_finite() && self.min_delta >= 0.0;
        require(is_delta, "training.min_delta", "0 or more")?;
        // TOML's whole numbers have a sign.
        let is_seed = i64::try_from(self.seed).is_ok();
        require(is_seed, "training.seed", "0 to 2^63 - 1")?;
        require(
            self.checkpoint_minutes > 0.0,
            "training.checkpoint_minutes",
            "above 0",
        )
    }
}

impl PreviewSpec {
    pub(super) fn validate(&self) -> Result<()> {
        let is_length = (0.0..=60.0).contains(&self.secs);
        require(is_length, "preview.secs", "0 to 60")?;
        require(self.every_epochs > 0, "preview.every_epochs", "1 or more")
    }
}
