//! Recipes and runs: how a network learns, and how it goes.
//!
//! ```text
//! Recipe: list ─► form over the recipe's TOML ─► Recipe::with_changes ─► TrainJob
//! TrainJob ─► trainer thread ─► RunNews (steps merged, a few times a second) ─► LiveRun
//! Runs:   folders on disk ─► loader ─► RunSeen;  LiveRun on top of it ─► curves, previews
//!         RunSeen ─► ResumeForm ─► Recipe::with_changes ─► TrainJob
//! ```
//!
//! When the window is closed the job is cancelled as all are: the run saves its state and can be
//! resumed.

mod commands;
mod course;
mod curves;
mod fields;
mod form;
mod form_ui;
mod live;
mod measures;
mod news;
mod pace;
mod previews;
mod rates;
mod recipe_ui;
mod resume;
mod run_ui;
mod runs_ui;
mod saving;
mod seen;
mod series;
mod share;
mod starting;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::gui::jobs::JobId;
use crate::train::HistoryRow;

use course::Course;
use curves::CurveView;
use form::RecipeForm;
use live::{LiveRun, LiveState};
use previews::PreviewView;
use rates::RateView;
use resume::ResumeForm;
use saving::SaveForm;
use seen::{DeviceSeen, PreviewSeen, RecipeSeen, RunSeen};
use share::ShareForm;
use work::ReadRun;

pub(super) use recipe_ui::ui as recipe_ui;
pub(super) use runs_ui::ui as runs_ui;
pub use work::{LearnEvent, LearnQueue, LearnRequest};

/// What a dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LearnPick {
    /// A recipe file.
    Recipe,
    /// The folder of the run to be made.
    Out,
    /// The folder of a run that was made.
    Run,
    /// The weights that a run begins with.
    Weights,
    /// The ONNX file to be written.
    Model,
    /// The recipe file to be written.
    SaveRecipe,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LearnAction {
    /// List recipes and devices.
    List,
    /// Edit the recipe of this name or file.
    Choose(String),
    /// Keep the recipe of the form in a file that is not there yet.
    Save(PathBuf),
    /// Where to train: auto, cpu, gpu:N.
    Device(String),
    /// Go to where data are chosen.
    ChangeData,
    /// Train.
    Start,
    /// Try learning rates.
    FindRate,
    /// Give that up.
    CancelFind,
    /// Take a rate over: its key, and the rate.
    UseRate(&'static str, String),
    /// Stand still, or go on.
    Pause(bool),
    /// Save, and end.
    Stop,
    /// Carry on the run in a folder.
    Resume(PathBuf),
    /// Read the runs that are known.
    ReadRuns,
    /// Show a run.
    Show(PathBuf),
    /// Take a run out of the list; its files stay.
    Forget(PathBuf),
    /// Show a folder in the system's way.
    OpenFolder(PathBuf),
    /// Read a preview's picture.
    LoadPicture(PathBuf),
    /// Play a file; the words say what it is.
    Hear(PathBuf, String),
    /// Write the run's network: onto the shelf, or into a file.
    Export(bool),
}

/// The state of recipes and runs.
#[derive(Default)]
pub struct LearnView {
    /// The recipes.
    recipes: Vec<RecipeSeen>,
    /// What can train, once it is known.
    devices: Option<Vec<DeviceSeen>>,
    /// Jobs that list both.
    listing: [Option<JobId>; 2],
    is_listed: bool,
    /// The recipe that is edited.
    form: RecipeForm,
    save: SaveForm,
    /// Folder of the run to be made, as typed.
    out: String,
    /// Whether the person typed it.
    is_own_out: bool,
    /// Whether a run that is there may be replaced.
    overwrite: bool,
    /// The file of weights to begin with, as typed; empty draws them.
    weights: String,
    /// Why a run could not be begun.
    problem: Option<String>,
    rates: RateView,
    /// What is known of the runs on disk; or why they cannot be read.
    runs: BTreeMap<PathBuf, Result<Box<RunSeen>, String>>,
    reading: Option<JobId>,
    are_runs_read: bool,
    /// The run that goes on, or did last.
    live: Option<LiveRun>,
    /// A run that ended without its last word.
    ended: Option<PathBuf>,
    /// The run that is shown.
    shown: Option<PathBuf>,
    /// The run that is drawn beside it.
    compared: Option<PathBuf>,
    curves: CurveView,
    preview: PreviewView,
    share: ShareForm,
    resume: ResumeForm,
}

impl LearnView {
    /// Whether the trainer's thread has something to do.
    pub fn is_busy(&self) -> bool {
        self.is_training() || self.rates.job.is_some()
    }

    /// Whether a run goes on.
    pub fn is_training(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.job.is_some())
    }

    /// The run that goes on or did last, if it is the one in this folder.
    fn live_at(&self, path: &Path) -> Option<&LiveRun> {
        self.live.as_ref().filter(|live| live.path == path)
    }

    /// What is known of a run on disk.
    fn seen_at(&self, path: &Path) -> Option<&RunSeen> {
        self.runs.get(path)?.as_ref().ok().map(|run| &**run)
    }

    /// The epochs of a run that are known, in order.
    fn rows(&self, path: &Path) -> &[HistoryRow] {
        match self.live_at(path) {
            Some(live) => live.all_rows(),
            None => self.seen_at(path).map_or(&[][..], |seen| &seen.rows[..]),
        }
    }

    /// Runs were read. What lies in the folder of a run that begins is not its own yet.
    fn take_read(&mut self, runs: Vec<ReadRun>) {
        for (path, run) in runs {
            if let Some(live) = self.live.as_mut().filter(|live| live.path == path) {
                if !live.owns_folder() {
                    continue;
                }
                if run.is_ok() {
                    live.was_read();
                }
            }
            self.runs.insert(path, run);
        }
        self.gather();
    }

    /// Puts together what is known of the run that goes on; whenever more of it is.
    fn gather(&mut self) {
        if let Some(live) = &mut self.live {
            let seen = self.runs.get(&live.path);
            match seen.and_then(|run| run.as_ref().ok()) {
                Some(run) => live.gather(&run.rows, &run.previews),
                None => live.gather(&[], &[]),
            }
        }
    }

    /// The best of a run's epochs, of the stage that it is in or ended with.
    fn best_row<'a>(&self, path: &Path, rows: &'a [HistoryRow]) -> Option<&'a HistoryRow> {
        let stage = rows.last()?.stage;
        let live = self.live_at(path).and_then(|live| live.best_epoch);
        let epoch = live.or_else(|| {
            let seen = self.seen_at(path)?;
            // What was read may be the best of the stage before.
            let is_same = seen.rows.last()?.stage == stage;
            seen.best.filter(|_| is_same).map(|best| best.epoch)
        })?;
        rows.iter()
            .rfind(|row| row.stage == stage && row.epoch == epoch)
    }

    /// The loss that is drawn of a run that has these: the chosen one, else the one by which it
    /// knows its best epoch.
    fn measure(&self, path: &Path, known: &[&'static str]) -> &'static str {
        let chosen = self.curves.measure.filter(|name| known.contains(name));
        let course = match self.live_at(path) {
            Some(live) => Some(&live.course),
            None => self.seen_at(path).map(|seen| &seen.course),
        };
        chosen.unwrap_or_else(|| course.map_or("loss", Course::measure))
    }

    /// The file of weights to begin with, if one is named.
    pub(super) fn weights_path(&self) -> Option<PathBuf> {
        let path = self.weights.trim();
        (!path.is_empty()).then(|| PathBuf::from(path))
    }

    /// The previews of the run that is shown.
    fn previews(&self) -> &[PreviewSeen] {
        let Some(path) = &self.shown else {
            return &[];
        };
        match self.live_at(path) {
            Some(live) => live.all_previews(),
            None => self
                .seen_at(path)
                .map_or(&[][..], |seen| &seen.previews[..]),
        }
    }

    /// Another run is shown from now on.
    fn go_to(&mut self, path: PathBuf) {
        if self.shown.as_ref() != Some(&path) {
            self.preview = PreviewView::default();
            self.share = ShareForm::default();
        }
        self.shown = Some(path);
    }

    /// What keeps a run or a sweep from being begun; none if nothing does.
    fn why_not(&self, data: &str) -> Option<String> {
        if let Some((name, problem)) = &self.form.problem {
            return Some(format!("{name}: {problem}"));
        }
        if self.form.recipe().is_none() {
            return Some("Choose a recipe first".into());
        }
        if data.trim().is_empty() {
            return Some("Choose a data folder in the Data section first".into());
        }
        if self.is_training() {
            return Some("A training is going on; stop it first, or wait".into());
        }
        if self.rates.job.is_some() {
            return Some("Learning rates are being tried; wait, or stop that".into());
        }
        None
    }

    /// A job failed; answers whether it was one of these, and then whether the person knows already.
    pub(super) fn failed(&mut self, job: JobId, error: &Error) -> Option<bool> {
        let is_cancelled = error.is_cancelled();
        if let Some(live) = self.live.as_mut().filter(|live| live.job == Some(job)) {
            live.job = None;
            self.ended = Some(live.path.clone());
            live.state = if is_cancelled {
                // The state was saved before.
                LiveState::Over(crate::train::RunStatus::Stopped)
            } else {
                LiveState::Failed(error.to_string())
            };
            self.problem = (!is_cancelled).then(|| error.to_string());
            return Some(is_cancelled);
        }
        if self.rates.job == Some(job) {
            self.rates.job = None;
            self.rates.problem = (!is_cancelled).then(|| error.to_string());
            return Some(is_cancelled);
        }
        if self.share.job == Some(job) {
            self.share.job = None;
            self.share.problem = Some(error.to_string());
            return Some(is_cancelled);
        }
        if self.preview.failed(job) {
            return Some(is_cancelled);
        }
        if self.reading == Some(job) {
            self.reading = None;
            return Some(is_cancelled);
        }
        let listing = self.listing.iter_mut().find(|own| **own == Some(job))?;
        *listing = None;
        // What is not listed can still be typed.
        Some(is_cancelled)
    }

    /// How the run stands, for tests.
    pub fn status(&self) -> Option<String> {
        let live = self.live.as_ref()?;
        Some(match &live.state {
            LiveState::Failed(reason) => format!("Failed: {reason}"),
            state => state.words().to_owned(),
        })
    }

    /// How many epochs of the run that is shown are known, for tests.
    pub fn epochs(&self) -> usize {
        let shown = self.shown.as_deref();
        shown.map_or(0, |path| self.rows(path).len())
    }

    /// A value of the recipe that is edited, for tests.
    pub fn value(&self, key: &str) -> Option<String> {
        let field = self.form.fields.iter().find(|field| field.key == key)?;
        Some(field.value.text())
    }

    /// The rate that is proposed for the network, for tests.
    pub fn proposed_rate(&self) -> Option<String> {
        self.rates.proposed("generator")
    }
}
