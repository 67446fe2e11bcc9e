//! What the commands that train ask alike: recipe, recordings, settings, device.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::train::{Processor, Recipe, TrainDevice, choose, open_recipe};

#[derive(Debug, Args)]
pub(super) struct RecipeArgs {
    /// A recipe: one of `stemloom train --list`, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    pub recipe: Option<String>,
    /// The recordings to learn from, or examples that were stored of them.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Another value for a field of the recipe, as network.base_filters=8; several times. Of a stage
    /// before the training: pretrain.NAME.training.epochs=8.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Passes over the examples. A stage before the training that sets its own keeps it: change that
    /// with --set pretrain.NAME.training.epochs=N.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Examples per step. A stage before the training that sets its own keeps it: change that with
    /// --set pretrain.NAME.training.batch_size=N.
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// The network's learning rate. A stage before the training that sets its own keeps it: change
    /// that with --set pretrain.NAME.optimiser.learning_rate=X.
    #[arg(long, value_name = "X")]
    learning_rate: Option<f64>,
    /// Steps per epoch, at most.
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Threads that make examples; 0 is as many as suit the machine.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Which weights, orders and dropped values are drawn.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// auto, cpu, gpu or gpu:N, as `stemloom runtime devices` lists them; auto unless given, and the
    /// same as before for a run that is carried on.
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<TrainDevice>,
    /// A folder that keeps recordings at the examples' rate for the next run.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

impl RecipeArgs {
    /// All that was typed of settings, as `key=value`; the short words last.
    pub fn changes(&self) -> Vec<String> {
        let mut changes = self.set.clone();
        let mut add = |key: &str, value: Option<String>| {
            changes.extend(value.map(|value| format!("{key}={value}")));
        };
        let number = |n: Option<usize>| n.map(|n| n.to_string());
        add("training.epochs", number(self.epochs));
        add("training.batch_size", number(self.batch_size));
        // As TOML writes numbers: with a point or an exponent.
        let rate = self.learning_rate.map(|x| format!("{x:?}"));
        add("optimiser.learning_rate", rate);
        add("training.steps_per_epoch", number(self.steps));
        add("training.threads", number(self.threads));
        add("training.seed", self.seed.map(|n| n.to_string()));
        changes
    }

    /// The recipe that was named, with the settings that were typed.
    pub fn open(&self) -> Result<Recipe> {
        let Some(recipe) = &self.recipe else {
            let problem = "name one of `stemloom train --list`, or a file";
            return Err(Error::setting("--recipe", problem));
        };
        open_recipe(recipe, &self.changes())
    }

    /// The folder that was named.
    pub fn data(&self) -> Result<PathBuf> {
        let Some(data) = &self.data else {
            let problem = "name the folder of recordings to learn from";
            return Err(Error::setting("--data", problem));
        };
        if !data.is_dir() {
            let problem = format!("there is no such folder: {}", data.display());
            return Err(Error::setting("--data", problem));
        }
        Ok(data.clone())
    }

    /// What trains.
    pub fn processor(&self) -> Result<Processor> {
        choose(self.device.unwrap_or_default())
    }
}
