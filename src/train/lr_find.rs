//! The learning-rate finder (Smith, "Cyclical learning rates for training neural networks", 2017):
//! fresh networks, a rate that rises from step to step, and the losses it leads to.
//!
//! The rate to take is where the loss falls steepest, not where it is lowest.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Processor;
use super::learner::{Learner, Rates};
use super::lr_curve::{LrCurve, smoothed};
use super::recipe::Recipe;
use super::run::{batches_per_epoch, threads};
use super::run_start::{load_weights, open_set};
use super::seeds::mixed;
use super::weights::Weights;
use crate::audio::write_whole;
use crate::dataset::{ExampleStream, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Steps before which nothing stops the sweep: the smoothed losses have to settle.
const LEAST_STEPS: usize = 10;

/// A sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct LrFindOptions {
    /// Steps; `None` is as many as an epoch has, 50 at least and 200 at most.
    pub batches: Option<usize>,
    /// The first rate, above 0. Default 1e-7.
    pub least: f64,
    /// The last rate, above the first. Default 1.
    pub most: f64,
    /// The sweep ends where a smoothed loss is this many times its lowest, above 1. Default 4.
    pub stop_factor: f64,
    /// Weights that the network begins with (.safetensors), by name and shape; drawn ones unless
    /// given. Of a recipe with stages they are for the last one's network. A discriminator always
    /// begins with drawn ones, as in a run.
    pub weights: Option<PathBuf>,
    /// A folder for recordings at the examples' rate; a temporary one unless given.
    pub cache: Option<PathBuf>,
}

impl Default for LrFindOptions {
    fn default() -> Self {
        Self {
            batches: None,
            least: 1e-7,
            most: 1.0,
            stop_factor: 4.0,
            weights: None,
            cache: None,
        }
    }
}

impl LrFindOptions {
    /// Whether a sweep can be made of these.
    ///
    /// # Errors
    /// [`Error::Setting`] under the field's name: "batches", "least", "most" or "stop_factor".
    pub fn check(&self) -> Result<()> {
        if self.batches.is_some_and(|batches| batches < 2) {
            return Err(Error::setting("batches", "must be 2 or more"));
        }
        let is_rate = self.least > 0.0 && self.least.is_finite();
        if !is_rate {
            return Err(Error::setting("least", "must be a rate above 0"));
        }
        let is_above = self.most > self.least && self.most.is_finite();
        if !is_above {
            let problem = format!("must be above the lowest rate, {:e}", self.least);
            return Err(Error::setting("most", problem));
        }
        if self.stop_factor.is_nan() || self.stop_factor <= 1.0 {
            return Err(Error::setting("stop_factor", "must be above 1"));
        }
        Ok(())
    }
}

/// A point of the sweep, as it is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrPoint {
    /// The step, from 1.
    pub batch: usize,
    /// Steps at most.
    pub batches: usize,
    /// The rate of both networks.
    pub learning_rate: f64,
    /// The generator's loss.
    pub loss: f64,
    /// The discriminator's loss, if there is one.
    pub discriminator: Option<f64>,
}

/// What a sweep found.
#[derive(Debug, Clone, PartialEq)]
pub struct LrFind {
    /// The rate of each step, rising; both networks have the same.
    pub rates: Vec<f64>,
    /// "generator"; with a discriminator also "discriminator", "joint" (their sum) and "l1".
    pub curves: Vec<LrCurve>,
    /// Whether it ended early because a loss had grown.
    pub stopped: bool,
}

impl LrFind {
    /// The curve of that name.
    pub fn curve(&self, name: &str) -> Option<&LrCurve> {
        self.curves.iter().find(|curve| curve.name == name)
    }

    /// The recipe with the proposed rates: the generator's, and the discriminator's if it has one.
    /// A rate that was not found stays, also where the discriminator's was the network's.
    pub fn apply(&self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        let proposed = |name: &str| self.curve(name).and_then(|curve| curve.proposed);
        let mut discriminator = recipe.discriminator_optimiser();
        if let Some(rate) = proposed("generator") {
            recipe.optimiser.learning_rate = rate;
        }
        if let Some(rate) = proposed("discriminator") {
            discriminator.learning_rate = rate;
        }
        if recipe.loss.adversarial {
            recipe.discriminator_optimiser = Some(discriminator);
        }
        recipe
    }

    /// The recipe with one rate for both networks: where the sum of their losses falls steepest.
    /// All stays if there is no such rate, as without a discriminator.
    pub fn apply_joint(&self, recipe: &Recipe) -> Recipe {
        let mut recipe = recipe.clone();
        if let Some(rate) = self.curve("joint").and_then(|curve| curve.proposed) {
            recipe.optimiser.learning_rate = rate;
            // A discriminator without an optimiser of its own moves as the network does.
            if let Some(own) = &mut recipe.discriminator_optimiser {
                own.learning_rate = rate;
            }
        }
        recipe
    }

    /// Writes `learning_rate`, and for each curve its losses and smoothed losses, as CSV.
    ///
    /// # Errors
    /// [`Error::Exists`] unless `overwrite`; [`Error::Io`].
    pub fn write_csv(&self, path: &Path, overwrite: bool) -> Result<()> {
        let mut text = String::from("learning_rate");
        for curve in &self.curves {
            text.push_str(&format!(",{0},{0}_smoothed", curve.name));
        }
        text.push('\n');
        for (i, rate) in self.rates.iter().enumerate() {
            text.push_str(&rate.to_string());
            for curve in &self.curves {
                for values in [&curve.losses, &curve.smoothed] {
                    text.push(',');
                    if let Some(value) = values.get(i) {
                        text.push_str(&value.to_string());
                    }
                }
            }
            text.push('\n');
        }
        write_whole(path, overwrite, |file| file.write_all(text.as_bytes()))
    }
}

/// Sweeps the learning rate with fresh networks of the recipe's last stage, or with the weights
/// that the options name; nothing is kept of them. `watch` sees every point.
///
/// # Errors
/// [`Error::Setting`] for a wrong recipe or wrong options; "weights" if less than half of the
/// network's values are in the file, or if some are no finite numbers; "lr find" if even the first
/// steps break down. [`Error::Malformed`] if the file holds no weights; [`Error::Cancelled`];
/// [`Error::Io`].
pub fn lr_find(
    recipe: &Recipe,
    data: &Path,
    processor: &Processor,
    options: &LrFindOptions,
    watch: &mut dyn FnMut(LrPoint),
    reporter: &Reporter,
) -> Result<LrFind> {
    recipe.validate()?;
    options.check()?;
    let weights = options.weights.as_deref();
    let weights = weights.map(Weights::read_safetensors).transpose()?;
    let set = open_set(recipe, data, options.cache.as_deref(), reporter)?;
    let mut learner = Learner::new(recipe, set.shapes(), processor)?;
    if let Some(weights) = &weights {
        load_weights(&mut learner, weights, reporter)?;
    }
    let per_epoch = batches_per_epoch(recipe, set.len(Split::Train));
    let batches = options.batches.unwrap_or(per_epoch.clamp(50, 200));
    let mut sweep = Sweep::default();
    for batch in 0..batches {
        let (epoch, within) = (batch / per_epoch, batch % per_epoch);
        if within == 0 {
            sweep.stream = Some(ExampleStream::new(
                Arc::clone(&set),
                Split::Train,
                epoch as u64,
                recipe.training.batch_size,
                0,
                None,
                threads(recipe),
            ));
        }
        let Some(examples) = sweep.stream.as_mut().and_then(Iterator::next) else {
            break;
        };
        reporter.step("Trying learning rates", batch as u64, batches as u64)?;
        let part = batch as f64 / (batches - 1).max(1) as f64;
        let rate = options.least * (options.most / options.least).powf(part);
        let rates = Rates {
            generator: rate,
            discriminator: rate,
        };
        let seed = mixed(&[recipe.training.seed, 3, batch as u64]);
        let losses = learner.step(examples?, rates, seed)?;
        if losses.broken().is_some() {
            sweep.stopped = true;
            break;
        }
        watch(LrPoint {
            batch: batch + 1,
            batches,
            learning_rate: rate,
            loss: losses.loss,
            discriminator: losses.discriminator,
        });
        sweep.rates.push(rate);
        sweep.generator.push(losses.loss);
        sweep.l1.push(losses.l1);
        sweep.discriminator.extend(losses.discriminator);
        if sweep.has_grown(options.stop_factor) {
            sweep.stopped = true;
            break;
        }
    }
    if sweep.rates.len() < 2 {
        let problem = "the losses break down at once; begin the sweep at a lower rate";
        return Err(Error::setting("lr find", problem));
    }
    Ok(sweep.finish())
}

#[derive(Default)]
struct Sweep {
    stream: Option<ExampleStream>,
    rates: Vec<f64>,
    generator: Vec<f64>,
    discriminator: Vec<f64>,
    l1: Vec<f64>,
    stopped: bool,
}

impl Sweep {
    /// Whether a smoothed loss is so many times its lowest.
    fn has_grown(&self, factor: f64) -> bool {
        let grown = |losses: &[f64]| {
            let curve = smoothed(losses);
            let least = curve.iter().copied().fold(f64::INFINITY, f64::min);
            curve.last().is_some_and(|last| *last > factor * least)
        };
        self.rates.len() >= LEAST_STEPS && (grown(&self.generator) || grown(&self.discriminator))
    }

    fn finish(self) -> LrFind {
        let rates = self.rates;
        let mut curves = Vec::new();
        if !self.discriminator.is_empty() {
            let both = self.generator.iter().zip(&self.discriminator);
            let joint = both.map(|(a, b)| a + b).collect();
            curves.push(LrCurve::new("discriminator", &rates, self.discriminator));
            curves.push(LrCurve::new("joint", &rates, joint));
            curves.push(LrCurve::new("l1", &rates, self.l1));
        }
        curves.insert(0, LrCurve::new("generator", &rates, self.generator));
        LrFind {
            rates,
            curves,
            stopped: self.stopped,
        }
    }
}
