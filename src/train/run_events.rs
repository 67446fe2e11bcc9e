//! What a run says while it goes on, and what it can be told.

use std::path::PathBuf;

use super::TrainDevice;
use super::checkpoint::{BestEpoch, Checkpoint};
use super::loss::Losses;
use super::preview::PreviewFiles;
use super::run_folder::RunStatus;
use crate::dataset::ExampleCache;
use crate::error::Result;

/// What a run is told after each of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Control {
    /// Go on.
    #[default]
    Go,
    /// Save, then ask with [`TrainEvent::Paused`] until something else is answered.
    Pause,
    /// Save, and end; the run can be resumed.
    Stop,
}

/// How a run is begun.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Carry on the run in the folder.
    pub resume: bool,
    /// Whether a run in the folder may be replaced. With `resume`, whether a new run may be begun
    /// where there is none.
    pub overwrite: bool,
    /// Weights that the network begins with (a `.safetensors` file) instead of drawn ones.
    pub weights: Option<PathBuf>,
    /// A folder for recordings at the examples' rate; a temporary one unless given.
    pub cache: Option<PathBuf>,
    /// What the device was asked for as, to be written down; `None` is what it is called itself.
    pub device: Option<TrainDevice>,
}

impl RunOptions {
    /// The folder for recordings, with what keeps it there if it is a temporary one: every recording
    /// is brought to the rate once.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if there is no place for a temporary folder.
    pub(super) fn cache_folder(&self) -> Result<(Option<ExampleCache>, PathBuf)> {
        Ok(match &self.cache {
            Some(cache) => (None, cache.clone()),
            None => {
                let temporary = ExampleCache::temporary()?;
                let path = temporary.path().to_path_buf();
                (Some(temporary), path)
            }
        })
    }
}

/// What a run says.
#[derive(Debug, Clone)]
pub enum TrainEvent {
    /// A stage begins or goes on.
    Started {
        /// The device, in its own words.
        device: String,
        /// Numbers that the network learns.
        parameters: usize,
        /// Numbers that the discriminator learns, if there is one.
        discriminator_parameters: Option<usize>,
        /// The stage, from 0.
        stage: usize,
        /// Stages in all.
        stages: usize,
        /// Epochs of this stage that are finished.
        epoch: usize,
        /// Epochs of this stage.
        epochs: usize,
        /// Steps of an epoch.
        batches: usize,
        /// Examples to learn from, per epoch.
        train_examples: usize,
        /// Examples to watch the learning with.
        valid_examples: usize,
    },
    /// A step was made.
    Step {
        /// The epoch, from 1.
        epoch: usize,
        /// The step within it, from 1.
        batch: usize,
        /// Steps of the epoch.
        batches: usize,
        /// Steps of all stages.
        step: u64,
        /// Losses of this batch, before the step.
        losses: Losses,
        /// The network's learning rate.
        learning_rate: f64,
        /// The discriminator's, if there is one.
        discriminator_learning_rate: Option<f64>,
        /// Seconds since the step before, waiting for examples included.
        secs: f64,
        /// Examples per second at this step.
        examples_per_sec: f64,
    },
    /// An epoch is over.
    Validated {
        /// The epoch, from 1.
        epoch: usize,
        /// Steps of all stages.
        step: u64,
        /// Means over the training examples as they were met.
        train: Losses,
        /// Means over the validation examples; `None` if there are none, or it was not the turn.
        valid: Option<Losses>,
        /// Whether it is the best so far.
        is_best: bool,
        /// The network's learning rate.
        learning_rate: f64,
        /// The discriminator's, if there is one.
        discriminator_learning_rate: Option<f64>,
    },
    /// A preview was written.
    Preview {
        /// The name, by [`Recipe::stage_names`](super::Recipe::stage_names), of the stage before the
        /// training that it is of; `None` for the training itself.
        stage: Option<String>,
        /// The epoch, from 1.
        epoch: usize,
        /// Its files.
        files: PreviewFiles,
    },
    /// A state was written.
    Checkpoint {
        /// Which.
        checkpoint: Checkpoint,
        /// The epoch, from 1; of a state within an epoch, the one that is going on.
        epoch: usize,
        /// Its folder.
        path: PathBuf,
    },
    /// The run waits to be told to go on.
    Paused,
    /// The run is over.
    Finished {
        /// How it went.
        summary: RunSummary,
    },
}

/// How a run went.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Its folder.
    pub folder: PathBuf,
    /// How it ended.
    pub status: RunStatus,
    /// Epochs of the last stage that are finished.
    pub epochs: usize,
    /// Steps of all stages.
    pub steps: u64,
    /// The best epoch of the last stage.
    pub best: Option<BestEpoch>,
    /// Training losses of the last epoch.
    pub train: Option<Losses>,
    /// Validation losses of the last epoch that has any.
    pub valid: Option<Losses>,
    /// Numbers that the network learns.
    pub parameters: usize,
    /// Seconds spent in steps, earlier sessions included.
    pub secs: f64,
    /// Examples per second of this session's steps; 0 if there were none.
    pub examples_per_sec: f64,
    /// The most memory held at once, in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}
