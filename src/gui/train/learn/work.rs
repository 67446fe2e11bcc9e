//! What workers do for recipes and runs: list, train, try learning rates, read, export.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Sender;
use egui::ColorImage;

use super::news::{Herald, Pause, RunNews, Tell};
use super::seen::{DeviceSeen, RecipeSeen, RunSeen, devices, list_recipes, read_picture};
use crate::error::{Error, Result};
use crate::gui::jobs::{JobEvent, JobId};
use crate::progress::{Progress, Reporter};
use crate::train::{
    Checkpoint, ExportOptions, LrFind, LrFindOptions, LrPoint, Recipe, RunOptions, RunSummary,
    choose, copy_to_shelf, export, lr_find, train,
};

/// A run to be made or carried on.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainJob {
    /// The recipe, as TOML.
    pub recipe: String,
    /// The folder of recordings.
    pub data: PathBuf,
    /// The run's folder.
    pub out: PathBuf,
    /// Where to train.
    pub device: String,
    /// Whether to carry on what is there.
    pub resume: bool,
    /// Whether a run that is there may be replaced.
    pub overwrite: bool,
    /// Weights to begin with; none draws them.
    pub weights: Option<PathBuf>,
    /// The wish to stand still.
    pub pause: Pause,
}

/// A sweep of learning rates.
#[derive(Debug, Clone, PartialEq)]
pub struct FindJob {
    /// The recipe, as TOML.
    pub recipe: String,
    /// The folder of recordings.
    pub data: PathBuf,
    /// Where to train.
    pub device: String,
    /// The sweep, and the weights that it begins with.
    pub options: LrFindOptions,
}

/// A network to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportJob {
    /// The run's folder.
    pub run: PathBuf,
    /// The ONNX file; none puts it onto the shelf.
    pub out: Option<PathBuf>,
    /// Which of its states.
    pub checkpoint: Checkpoint,
    /// Whether batch normalisation becomes part of the convolutions.
    pub fold_norm: bool,
    /// The model's id; none is the file's name.
    pub id: Option<String>,
    /// What a person reads; none is the recipe's title.
    pub name: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Whether a file that is there may be replaced.
    pub overwrite: bool,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum LearnRequest {
    /// The shipped recipes, and these files.
    List(Vec<String>),
    /// What can train.
    Devices,
    /// Train.
    Train(Box<TrainJob>),
    /// Try learning rates.
    FindRate(Box<FindJob>),
    /// Read these runs.
    Read(Vec<PathBuf>),
    /// Read a preview's picture.
    Picture(PathBuf),
    /// Write a network as ONNX.
    Export(Box<ExportJob>),
}

/// The queue that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LearnQueue {
    /// What a person waits for.
    Loader,
    /// What takes some time.
    Engine,
    /// What takes the night, while everything else goes on.
    Trainer,
}

/// A run's folder and what is in it, or why it cannot be read.
pub type ReadRun = (PathBuf, std::result::Result<Box<RunSeen>, String>);

/// What comes back.
pub enum LearnEvent {
    /// The recipes.
    Listed(Vec<RecipeSeen>),
    /// What can train.
    Devices(Vec<DeviceSeen>),
    /// Something happened in the run.
    Run(RunNews),
    /// How far a training or a sweep is.
    Progress(Progress),
    /// The run is over.
    Trained(Box<RunSummary>),
    /// A rate was tried.
    Point(LrPoint),
    /// All were.
    Found(Box<LrFind>),
    /// Runs were read.
    Read(Vec<ReadRun>),
    /// A preview's picture was read.
    Picture(PathBuf, ColorImage),
    /// A network was written; whether it lies on the shelf.
    Exported(PathBuf, bool),
}

impl LearnEvent {
    /// Whether the job is over with it.
    pub(in crate::gui) fn is_last(&self) -> bool {
        !matches!(self, Self::Run(_) | Self::Progress(_) | Self::Point(_))
    }

    /// Whether it comes again and again while a network trains, all night: the frame that takes it
    /// in shows it, and no other one is needed.
    pub(in crate::gui) fn is_calm(&self) -> bool {
        matches!(self, Self::Run(RunNews::Steps(_)) | Self::Progress(_))
    }
}

impl LearnRequest {
    /// Where it is worked on.
    pub(in crate::gui) fn queue(&self) -> LearnQueue {
        match self {
            Self::List(_) | Self::Devices | Self::Read(_) | Self::Picture(_) => LearnQueue::Loader,
            Self::Export(_) => LearnQueue::Engine,
            Self::Train(_) | Self::FindRate(_) => LearnQueue::Trainer,
        }
    }

    /// Does the work and answers; runs on a worker.
    pub(in crate::gui) fn run(
        self,
        job: JobId,
        outbox: &Sender<JobEvent>,
        wake: &Arc<dyn Fn() + Send + Sync>,
        reporter: &Reporter,
    ) -> Result<()> {
        let tell = Tell { job, outbox, wake };
        let calm = || tell.reporter(reporter.cancel_token().clone());
        let event = match self {
            Self::List(files) => LearnEvent::Listed(list_recipes(&files)),
            Self::Devices => LearnEvent::Devices(devices()),
            Self::Train(request) => LearnEvent::Trained(Box::new(request.run(&tell, &calm())?)),
            Self::FindRate(request) => LearnEvent::Found(Box::new(request.run(&tell, &calm())?)),
            Self::Read(paths) => {
                let read = |path: PathBuf| {
                    let run = RunSeen::read(&path).map(Box::new);
                    (path, run.map_err(|error| error.to_string()))
                };
                LearnEvent::Read(paths.into_iter().map(read).collect())
            }
            Self::Picture(path) => {
                let image = read_picture(&path)?;
                LearnEvent::Picture(path, image)
            }
            Self::Export(request) => LearnEvent::Exported(request.run()?, request.out.is_none()),
        };
        tell.say(event);
        Ok(())
    }
}

fn parsed(recipe: &str) -> Result<Recipe> {
    Recipe::parse(recipe, Path::new("recipe.toml"))
}

impl TrainJob {
    fn run(&self, tell: &Tell<'_>, reporter: &Reporter) -> Result<RunSummary> {
        reporter.step("Preparing", 0, 0)?;
        let wish = self.device.parse()?;
        let processor = choose(wish)?;
        let options = RunOptions {
            resume: self.resume,
            overwrite: self.overwrite,
            weights: self.weights.clone(),
            device: Some(wish),
            ..RunOptions::default()
        };
        let mut herald = Herald::new(tell, self.pause.clone());
        train(
            &parsed(&self.recipe)?,
            &self.data,
            &self.out,
            &processor,
            &options,
            &mut |event| herald.hear(event),
            reporter,
        )
    }
}

impl FindJob {
    fn run(&self, tell: &Tell<'_>, reporter: &Reporter) -> Result<LrFind> {
        reporter.step("Preparing", 0, 0)?;
        let processor = choose(self.device.parse()?)?;
        lr_find(
            &parsed(&self.recipe)?,
            &self.data,
            &processor,
            &self.options,
            // A point that finds the channel full is not worth waiting for: all come at the end.
            &mut |point| {
                tell.offer(LearnEvent::Point(point));
            },
            reporter,
        )
    }
}

impl ExportJob {
    /// Writes the file; answers where it is.
    fn run(&self) -> Result<PathBuf> {
        let options = |out: PathBuf| ExportOptions {
            checkpoint: self.checkpoint,
            fold_norm: self.fold_norm,
            overwrite: self.overwrite,
            id: self.id.clone(),
            name: self.name.clone(),
            license: self.license.clone(),
            ..ExportOptions::new(out)
        };
        if let Some(out) = &self.out {
            return Ok(export(&self.run, &options(out.clone()))?.path);
        }
        let place = std::env::temp_dir();
        let folder = tempfile::tempdir().map_err(Error::io("create a folder in", &place))?;
        let exported = export(&self.run, &options(folder.path().join("model.onnx")))?;
        copy_to_shelf(&exported, self.overwrite)
    }
}
