//! The Batch workspace: what is queued, the recipe, and a run as it is seen.
//!
//! ```text
//! drop ─► Action::Batch(Add) ─► loader ─► BatchLooked ─► rows
//! Start ─► waiting rows + recipe ─► batch thread ─► BatchPlanned, Batch(..), BatchOver ─► rows
//! ```

mod commands;
pub(super) mod figures;
mod mixdowns;
mod preview;
mod queue;
mod recipe;
mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use work::run_batch;

use super::jobs::JobId;
use super::notices::{Level, Notices};
use super::scene::{Action, Scene};
use crate::audio::Tags;
use crate::batch::{
    BatchEvent, Board, Entry, Job, Plan, Problem, Recipe, Report, Row, RowState, RunSettings,
    Severity, Totals, load_recipe,
};
use crate::model::Device;
use crate::progress::Progress;

/// The recipe at the first start.
const FIRST_RECIPE: &str = "all-stems";

/// A song of the queue, as it is kept between two starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// The file and the folder of its results.
    pub entry: Entry,
    /// What became of it.
    pub state: RowState,
    /// Its length in seconds, as far as known.
    pub seconds: Option<f64>,
    /// Title and artist.
    #[serde(default)]
    pub tags: Tags,
    /// Why it failed, or what should be known.
    pub message: String,
    /// Its progress in this run.
    #[serde(skip)]
    pub row: Option<Row>,
}

/// What is kept between two starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchForm {
    /// The queue.
    pub songs: Vec<Queued>,
    /// The recipe as it stands.
    pub recipe: Recipe,
    /// The name it was loaded by or saved under.
    pub recipe_name: String,
    /// The destination.
    pub out: String,
    /// Where networks run, as typed on the command line.
    pub device: String,
    /// Songs worked on at once; 0 chooses by the processor.
    pub songs_at_once: usize,
    /// Memory in MB; 0 for no limit.
    pub memory_mb: u64,
}

impl Default for BatchForm {
    fn default() -> Self {
        Self {
            songs: Vec::new(),
            recipe: load_recipe(FIRST_RECIPE).unwrap_or_default(),
            recipe_name: FIRST_RECIPE.into(),
            out: String::new(),
            device: "auto".into(),
            songs_at_once: 0,
            memory_mb: 0,
        }
    }
}

impl BatchForm {
    /// How it is run.
    pub fn settings(&self) -> RunSettings {
        RunSettings {
            device: self.device.parse().unwrap_or(Device::Auto),
            memory_mb: self.memory_mb,
            songs_at_once: self.songs_at_once,
            ..RunSettings::default()
        }
    }
}

/// What can be asked of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAction {
    /// Put files and folders into the queue.
    Add(Vec<PathBuf>),
    /// Look at what would be in the way.
    Check,
    /// Run what waits.
    Start,
    /// Stand still, or go on.
    Pause(bool),
    /// Give everything up.
    CancelAll,
    /// Give one song up.
    Cancel(PathBuf),
    /// Take a song out of the queue.
    Remove(PathBuf),
    /// Let a song wait again.
    Retry(PathBuf),
    /// Move a song up (−1) or down (1).
    Move(PathBuf, isize),
    /// Take everything that is over out of the queue.
    ClearFinished,
    /// Load a recipe.
    LoadRecipe(String),
    /// Keep the recipe under this name; the flag allows replacing one.
    SaveRecipe(String, bool),
    /// Show the report page.
    OpenReport,
    /// Choose the destination by dialog.
    ChooseOut,
    /// Choose a folder of songs by dialog.
    ChooseFolder,
}

/// The workspace's state.
#[derive(Default)]
pub struct BatchView {
    /// What is kept.
    pub form: BatchForm,
    /// As it was saved last.
    pub saved: BatchForm,
    /// What was found before the run.
    pub problems: Vec<Problem>,
    /// The whole in numbers, while it runs and after.
    pub totals: Totals,
    /// The board of the run that is going on.
    pub board: Option<Arc<Board>>,
    /// Whether a run was asked for and is not over, and its job.
    pub running: bool,
    job: Option<JobId>,
    /// The song that keys act on.
    pub chosen: Option<PathBuf>,
    /// The report of the last run.
    pub report: Option<PathBuf>,
    /// The name in the field beside "Save".
    pub save_name: String,
    /// Recipes that can be chosen; read at the start and after saving.
    pub recipes: Vec<String>,
}

impl BatchView {
    /// With what was kept; songs that were running when the program ended wait again.
    pub fn new(mut form: BatchForm) -> Self {
        for song in &mut form.songs {
            if song.state == RowState::Running {
                song.state = RowState::Waiting;
            }
        }
        let mut view = Self {
            saved: form.clone(),
            form,
            ..Self::default()
        };
        view.read_recipes();
        view
    }

    /// Whether anything waits.
    pub fn has_waiting(&self) -> bool {
        let mut songs = self.form.songs.iter();
        songs.any(|song| song.state == RowState::Waiting)
    }

    pub(super) fn song(&mut self, input: &Path) -> Option<&mut Queued> {
        let mut songs = self.form.songs.iter_mut();
        songs.find(|song| song.entry.input == input)
    }

    /// Songs that were found.
    pub(super) fn looked(&mut self, jobs: Vec<Job>, problems: Vec<Problem>, notices: &mut Notices) {
        let mut added = 0;
        for job in jobs {
            if self.song(&job.entry.input).is_some() {
                continue;
            }
            added += 1;
            let (seconds, tags, message) = match &job.info {
                Ok(info) => (info.seconds, info.tags.clone(), String::new()),
                Err(reason) => (None, Tags::default(), reason.clone()),
            };
            self.form.songs.push(Queued {
                entry: job.entry,
                state: RowState::Waiting,
                seconds,
                tags,
                message,
                row: None,
            });
        }
        for problem in problems {
            notices.add(Level::Warning, problem.to_string());
        }
        if added == 0 {
            notices.add(Level::Info, "Nothing new for the queue");
        }
    }

    /// What was found before the run.
    pub(super) fn planned(&mut self, plan: &Plan, notices: &mut Notices) {
        self.problems.clone_from(&plan.problems);
        if !plan.is_ready() {
            let count = plan
                .problems
                .iter()
                .filter(|p| p.severity == Severity::Stop);
            let count = count.count();
            let things = if count == 1 {
                "thing keeps"
            } else {
                "things keep"
            };
            notices.add(
                Level::Error,
                format!("{count} {things} the batch from beginning"),
            );
        }
    }

    /// Something happened in the run.
    pub(super) fn happened(&mut self, event: BatchEvent, notices: &mut Notices) {
        match event {
            BatchEvent::Row(row, totals) => {
                self.totals = totals;
                if let Some(song) = self.song(&row.input) {
                    song.state = row.state;
                    song.seconds = row.audio_secs.or(song.seconds);
                    song.message.clone_from(&row.message);
                    song.row = Some(*row);
                }
            }
            BatchEvent::Warning(input, text) => {
                notices.add(Level::Warning, format!("{text}: {}", input.display()));
            }
            BatchEvent::Over(_) => {}
        }
    }

    /// The run as the job list shows it.
    pub(super) fn job_progress(&self) -> Option<(JobId, Progress)> {
        let (job, f) = (self.job?, self.totals.fraction);
        // A job tells its time left by the time gone.
        let left_secs = self.totals.remaining_secs.filter(|_| f < 1.0);
        let progress = Progress {
            stage: "Batch",
            done: (f * 1000.0) as u64,
            total: 1000,
            elapsed_secs: left_secs.map_or(0.0, |left| left * f / (1.0 - f)),
        };
        Some((job, progress))
    }

    /// A job failed; if it was the run, that is over.
    pub(super) fn failed(&mut self, job: JobId) {
        if self.job == Some(job) {
            self.running = false;
            self.board = None;
        }
    }

    /// The run is over.
    pub(super) fn over(
        &mut self,
        over: Option<(Report, PathBuf)>,
        ctx: &egui::Context,
        notices: &mut Notices,
    ) {
        self.running = false;
        self.board = None;
        let Some((report, path)) = over else { return };
        self.report = Some(path.with_extension("html"));
        let good = report.count(RowState::is_good);
        let failed = report.count(|state| state == RowState::Failed);
        let songs = report.files.len();
        let level = if failed > 0 {
            Level::Error
        } else {
            Level::Info
        };
        let failures = match failed {
            0 => String::new(),
            1 => ", one failed; the table says why".into(),
            _ => format!(", {failed} failed; the table says why"),
        };
        let text = format!("Batch over: {good} of {songs} songs are done{failures}");
        notices.add(level, text);
        let attention = egui::UserAttentionType::Informational;
        ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(attention));
    }
}

/// Paints the workspace.
pub fn ui(ui: &mut egui::Ui, scene: &Scene<'_>, view: &mut BatchView, actions: &mut Vec<Action>) {
    recipe::ui(ui, scene, view, actions);
    queue::ui(ui, view, actions);
}
