//! The run that goes on, as it is told; it stays to be seen when it is over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::course::Course;
use super::news::{Pause, RunNews, StepNews};
use super::pace::Pace;
use super::seen::{PreviewSeen, RunSeen};
use super::series::Series;
use crate::gui::jobs::JobId;
use crate::train::{Checkpoint, HistoryRow, RunStatus, RunSummary, TrainEvent};

/// How the run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveState {
    /// Recordings and network are made ready.
    Preparing,
    /// It learns.
    Running,
    /// It will stand still after this step.
    Pausing,
    /// It stands still.
    Paused,
    /// It is saved after this step, and ends.
    Stopping,
    /// It is over, in this way.
    Over(RunStatus),
    /// It could not go on, because of this.
    Failed(String),
}

impl LiveState {
    /// What a person reads.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Preparing => "Preparing",
            Self::Running => "Training",
            Self::Pausing => "Pausing after this step",
            Self::Paused => "Paused",
            Self::Stopping => "Saving and stopping",
            Self::Over(status) => status_words(*status),
            Self::Failed(_) => "Failed",
        }
    }
}

/// How a run on disk stands, in words.
pub fn status_words(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "Interrupted",
        RunStatus::Stopped => "Stopped; it can be resumed",
        RunStatus::Finished => "Finished",
        RunStatus::StoppedEarly => "Finished early: nothing got better",
        RunStatus::Failed => "Failed",
    }
}

/// What is known once a stage has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    /// The device that is really used, in its own words.
    pub device: String,
    /// Numbers that the network learns.
    pub parameters: usize,
    /// Numbers that the discriminator learns.
    pub discriminator_parameters: Option<usize>,
    /// The stage, from 0, and how many there are.
    pub stage: (usize, usize),
    /// Epochs of the stage that were finished when it began, and all of them.
    pub epochs: (usize, usize),
    /// Steps of an epoch.
    pub batches: usize,
    /// Examples to learn from, and to watch the learning with.
    pub examples: (usize, usize),
}

/// The run.
pub struct LiveRun {
    /// The job; none once it is over.
    pub job: Option<JobId>,
    /// Its folder.
    pub path: PathBuf,
    /// The wish to stand still.
    pub pause: Pause,
    /// Its stages.
    pub course: Course,
    /// How it stands.
    pub state: LiveState,
    /// What is known of the stage.
    pub begun: Option<Begun>,
    /// The last step that was told.
    pub last: Option<StepNews>,
    /// How long steps take.
    pace: Pace,
    /// The losses of each step, by their names.
    steps: BTreeMap<&'static str, Series>,
    /// Epochs of this session.
    pub rows: Vec<HistoryRow>,
    /// The best of them.
    pub best_epoch: Option<usize>,
    /// Previews of this session.
    pub previews: Vec<PreviewSeen>,
    /// The epoch of the latest state.
    pub saved_epoch: Option<usize>,
}

impl LiveRun {
    /// A run that was asked for.
    pub fn new(job: JobId, path: PathBuf, pause: Pause, course: Course) -> Self {
        Self {
            job: Some(job),
            path,
            pause,
            course,
            state: LiveState::Preparing,
            begun: None,
            last: None,
            pace: Pace::default(),
            steps: BTreeMap::new(),
            rows: Vec::new(),
            best_epoch: None,
            previews: Vec::new(),
            saved_epoch: None,
        }
    }

    /// Whether it stands still, or is about to.
    pub fn is_pausing(&self) -> bool {
        matches!(self.state, LiveState::Pausing | LiveState::Paused)
    }

    /// A loss of each step, by its name; no points if it is not known.
    pub fn points(&self, name: &str) -> &[[f64; 2]] {
        let series = self.steps.get(name);
        series.map(Series::points).unwrap_or_default()
    }

    /// The epochs of the whole run: those on disk before this session, then its own.
    pub fn all_rows(&self, seen: Option<&RunSeen>) -> Vec<HistoryRow> {
        let first = self.rows.first().map_or(u64::MAX, |row| row.step);
        let before = seen.map(|seen| seen.rows.as_slice()).unwrap_or_default();
        let before = before.iter().filter(|row| row.step < first);
        before.chain(&self.rows).cloned().collect()
    }

    /// Its previews, in the same way.
    pub fn all_previews(&self, seen: Option<&RunSeen>) -> Vec<PreviewSeen> {
        let is_own = |preview: &PreviewSeen| {
            let mut own = self.previews.iter();
            own.any(|own| own.key() == preview.key())
        };
        let before = seen.map(|seen| seen.previews.as_slice());
        let before = before.unwrap_or_default();
        let mut all: Vec<PreviewSeen> = before
            .iter()
            .filter(|preview| !is_own(preview))
            .chain(&self.previews)
            .cloned()
            .collect();
        all.sort_by_key(|preview| (self.course.place(preview.stage.as_deref()), preview.epoch));
        all
    }

    /// How far the stage came that goes on, in words; none before it begins.
    pub fn progress(&self) -> Option<String> {
        let begun = self.begun.as_ref()?;
        let (stage, epochs) = (begun.stage.0, begun.epochs.1);
        let done = begun.epochs.0 + self.rows_of_stage(stage);
        Some(self.course.progress_of(stage, done, epochs))
    }

    /// Seconds that the steps of this stage will take, at the pace of the latest ones; none before
    /// its first step.
    pub fn secs_left(&self) -> Option<f64> {
        let (begun, last) = (self.begun.as_ref()?, self.last.as_ref()?);
        let secs = self.pace.secs_per_step()?;
        // Epochs may be numbered from more than 1.
        let done = begun.epochs.0 + self.rows_of_stage(begun.stage.0);
        let left = begun.epochs.1.saturating_sub(done) * begun.batches;
        let within = if self.is_within_epoch() {
            last.batch
        } else {
            0
        };
        Some(left.saturating_sub(within) as f64 * secs)
    }

    /// Epochs of a stage that were finished in this session.
    pub fn rows_of_stage(&self, stage: usize) -> usize {
        self.rows.iter().filter(|row| row.stage == stage).count()
    }

    /// Whether the last step belongs to an epoch that is not over.
    fn is_within_epoch(&self) -> bool {
        let step = self.rows.last().map(|row| row.step);
        self.last.as_ref().map(|last| last.step) != step
    }

    /// Takes in what was told.
    pub fn hear(&mut self, news: RunNews) {
        match news {
            RunNews::Steps(step) => {
                if self.state == LiveState::Preparing || self.state == LiveState::Paused {
                    self.state = LiveState::Running;
                }
                let x = step.step as f64;
                for (name, loss) in step.losses.named() {
                    self.steps.entry(name).or_default().push(x, loss);
                }
                // Steps that came too fast were told as one.
                let before = self.last.as_ref().map(|last| last.step);
                let count = before.map_or(1, |before| step.step.saturating_sub(before).max(1));
                self.pace.add(count, count as f64 * step.secs);
                self.last = Some(step);
            }
            RunNews::Event(event) => self.hear_event(*event),
        }
    }

    fn hear_event(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Started {
                device,
                parameters,
                discriminator_parameters,
                stage,
                stages,
                epoch,
                epochs,
                batches,
                train_examples,
                valid_examples,
            } => {
                if self.state == LiveState::Preparing {
                    self.state = LiveState::Running;
                }
                if stage > 0 {
                    // The best of a stage is of that stage alone.
                    self.best_epoch = None;
                }
                // Steps of another stage take another time.
                self.pace = Pace::default();
                self.begun = Some(Begun {
                    device,
                    parameters,
                    discriminator_parameters,
                    stage: (stage, stages),
                    epochs: (epoch, epochs),
                    batches,
                    examples: (train_examples, valid_examples),
                });
            }
            TrainEvent::Validated {
                epoch,
                train,
                valid,
                is_best,
                learning_rate,
                discriminator_learning_rate,
            } => {
                self.rows.push(HistoryRow {
                    stage: self.begun.as_ref().map_or(0, |begun| begun.stage.0),
                    epoch,
                    step: self.last.as_ref().map_or(0, |last| last.step),
                    train,
                    valid,
                    learning_rate,
                    discriminator_learning_rate,
                    secs: 0.0,
                });
                if is_best {
                    self.best_epoch = Some(epoch);
                }
            }
            TrainEvent::Preview {
                stage,
                epoch,
                files,
            } => {
                let own = PreviewSeen {
                    stage,
                    epoch,
                    picture: files.picture,
                    sounds: files.sounds,
                };
                // An epoch that was made again is the same epoch.
                self.previews.retain(|known| known.key() != own.key());
                self.previews.push(own);
            }
            TrainEvent::Checkpoint {
                checkpoint: Checkpoint::Last,
                epoch,
                ..
            } => self.saved_epoch = Some(epoch),
            TrainEvent::Paused if self.is_pausing() => self.state = LiveState::Paused,
            TrainEvent::Checkpoint { .. }
            | TrainEvent::Paused
            | TrainEvent::Step { .. }
            | TrainEvent::Finished { .. } => {}
        }
    }

    /// It is over.
    pub fn finish(&mut self, summary: &RunSummary) {
        self.job = None;
        self.state = LiveState::Over(summary.status);
    }
}
