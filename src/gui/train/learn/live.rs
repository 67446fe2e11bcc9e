//! The run that goes on, as it is told; it stays to be seen when it is over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::course::Course;
use super::news::{Pause, RunNews, StepNews};
use super::pace::Pace;
use super::seen::PreviewSeen;
use super::series::Series;
use super::work::TrainJob;
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
    /// Epochs of the stage that are finished, and all of them.
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
    /// Whether it carries on what was in its folder.
    is_resumed: bool,
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
    /// Epochs of this session, until they are read from the disk after its end.
    rows: Vec<HistoryRow>,
    /// The best of them.
    pub best_epoch: Option<usize>,
    /// Previews of this session, in the same way.
    previews: Vec<PreviewSeen>,
    /// The epochs of the whole run.
    all_rows: Vec<HistoryRow>,
    /// Its previews, by stage and epoch.
    all_previews: Vec<PreviewSeen>,
    /// The epoch of the latest state.
    pub saved_epoch: Option<usize>,
}

impl LiveRun {
    /// The run that a job makes, or carries on.
    pub fn new(id: JobId, job: &TrainJob, course: Course) -> Self {
        Self {
            job: Some(id),
            path: job.out.clone(),
            pause: job.pause.clone(),
            course,
            is_resumed: job.resume,
            state: LiveState::Preparing,
            begun: None,
            last: None,
            pace: Pace::default(),
            steps: BTreeMap::new(),
            rows: Vec::new(),
            best_epoch: None,
            previews: Vec::new(),
            all_rows: Vec::new(),
            all_previews: Vec::new(),
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

    /// Whether what is read from its folder is of this run: until a new one has emptied the folder,
    /// something else lies there.
    pub fn owns_folder(&self) -> bool {
        self.is_resumed || self.job.is_none()
    }

    /// The epochs of the whole run.
    pub fn all_rows(&self) -> &[HistoryRow] {
        &self.all_rows
    }

    /// Its previews, by stage and epoch.
    pub fn all_previews(&self) -> &[PreviewSeen] {
        &self.all_previews
    }

    /// Its folder was read. What was told of a run that is over is all there, and more exactly.
    pub fn was_read(&mut self) {
        if self.job.is_none() {
            self.rows.clear();
            self.previews.clear();
            self.best_epoch = None;
        }
    }

    /// Puts the whole run together: what was read of it, as far as it is from before this session,
    /// and what was told.
    pub fn gather(&mut self, rows: &[HistoryRow], previews: &[PreviewSeen]) {
        let first = self.rows.first().map_or(u64::MAX, |row| row.step);
        let before = rows.iter().filter(|row| row.step < first);
        self.all_rows = before.chain(&self.rows).cloned().collect();
        let own: BTreeSet<_> = self.previews.iter().map(PreviewSeen::key).collect();
        let mut all: Vec<PreviewSeen> = previews
            .iter()
            .filter(|preview| !own.contains(&preview.key()))
            .chain(&self.previews)
            .cloned()
            .collect();
        all.sort_by_key(|preview| (self.course.place(preview.stage.as_deref()), preview.epoch));
        self.all_previews = all;
    }

    /// How far the stage came that goes on, in words; none before it begins.
    pub fn progress(&self) -> Option<String> {
        let begun = self.begun.as_ref()?;
        let (done, epochs) = begun.epochs;
        Some(self.course.progress_of(begun.stage.0, done, epochs))
    }

    /// Seconds that the steps of this stage will take, at the pace of the latest ones; none before
    /// its first step.
    pub fn secs_left(&self) -> Option<f64> {
        let (begun, last) = (self.begun.as_ref()?, self.last.as_ref()?);
        let secs = self.pace.secs_per_step()?;
        // Epochs may be numbered from more than 1.
        let (done, epochs) = begun.epochs;
        let left = epochs.saturating_sub(done) * begun.batches;
        let within = if self.is_within_epoch() {
            last.batch
        } else {
            0
        };
        Some(left.saturating_sub(within) as f64 * secs)
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
                step,
                train,
                valid,
                is_best,
                learning_rate,
                discriminator_learning_rate,
            } => {
                if let Some(begun) = &mut self.begun {
                    begun.epochs.0 += 1;
                }
                self.rows.push(HistoryRow {
                    stage: self.begun.as_ref().map_or(0, |begun| begun.stage.0),
                    epoch,
                    step,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Losses;

    fn row(epoch: usize) -> HistoryRow {
        HistoryRow {
            stage: 0,
            epoch,
            step: 10 * epoch as u64,
            train: Losses::default(),
            valid: None,
            learning_rate: 1e-3,
            discriminator_learning_rate: None,
            secs: 2.0,
        }
    }

    #[test]
    fn a_run_that_was_stopped_in_validation_keeps_its_epochs() {
        let job = TrainJob {
            recipe: String::new(),
            data: "data".into(),
            out: "run".into(),
            device: "cpu".into(),
            resume: true,
            overwrite: false,
            weights: None,
            pause: Pause::default(),
        };
        let mut live = LiveRun::new(1, &job, Course::default());
        let before = [row(1), row(2)];
        // All steps of the epoch were made before: none is told.
        live.hear(RunNews::Event(Box::new(TrainEvent::Validated {
            epoch: 3,
            step: 30,
            train: Losses::default(),
            valid: None,
            is_best: true,
            learning_rate: 1e-3,
            discriminator_learning_rate: None,
        })));
        live.gather(&before, &[]);
        let epochs: Vec<usize> = live.all_rows().iter().map(|row| row.epoch).collect();
        assert_eq!(epochs, [1, 2, 3]);
        assert_eq!(live.all_rows()[2].step, 30);
        // Once it is over, what is on the disk counts.
        live.job = None;
        live.was_read();
        live.gather(&[row(1), row(2), row(3)], &[]);
        assert!(live.all_rows().iter().all(|row| row.secs == 2.0));
        assert_eq!((live.all_rows().len(), live.best_epoch), (3, None));
    }
}
