//! What a run does between its steps: rates, saving, listening to its watcher, ending.

use std::time::{Duration, Instant};

use super::checkpoint::Checkpoint;
use super::learner::{Learner, Rates};
use super::recipe::Recipe;
use super::run::{Ending, Run};
use super::run_events::{Control, RunSummary, TrainEvent};
use super::run_folder::{BROKE_DOWN, RunStatus};
use super::schedule::Place;
use crate::error::{Error, Result};
use crate::memory::peak_memory_bytes;

/// How often a run that pauses asks whether to go on.
const PAUSE: Duration = Duration::from_millis(50);

impl Run<'_> {
    /// The rates of a step of this stage.
    pub(super) fn rates(&self, recipe: &Recipe, batches: usize, step: u64) -> Rates {
        let rate = recipe.optimiser.learning_rate;
        let place = Place {
            epoch: self.state.epoch,
            step,
            steps_per_epoch: batches,
            epochs: recipe.training.epochs,
        };
        let factor = self.state.schedule.factor(&recipe.schedule, rate, place);
        Rates {
            generator: factor * rate,
            discriminator: factor * recipe.discriminator_optimiser().learning_rate,
        }
    }

    /// The number that people read of the epoch that goes on, from 1.
    pub(super) fn epoch_number(&self, recipe: &Recipe) -> usize {
        self.state.epoch + recipe.training.epoch_offset + 1
    }

    /// Says something; what is answered counts from the next step on.
    pub(super) fn notify(&mut self, event: TrainEvent) {
        self.wish = self.wish.max((self.watch)(event));
    }

    /// Does what was wished; whether to go on.
    pub(super) fn obey(&mut self, recipe: &Recipe, learner: &Learner) -> Result<bool> {
        if self.wish != Control::Go || self.reporter.check().is_err() {
            self.save(recipe, learner, Checkpoint::Last)?;
        }
        self.reporter.check()?;
        while self.wish == Control::Pause {
            std::thread::sleep(PAUSE);
            self.reporter.check()?;
            self.wish = (self.watch)(TrainEvent::Paused);
        }
        Ok(std::mem::take(&mut self.wish) == Control::Go)
    }

    /// Writes a state and says so.
    pub(super) fn save(
        &mut self,
        recipe: &Recipe,
        learner: &Learner,
        checkpoint: Checkpoint,
    ) -> Result<()> {
        let written = checkpoint.write(&self.folder.path, learner, &self.state)?;
        let Some(path) = written else {
            return Err(self.diverged(recipe, "a weight", f64::NAN));
        };
        if checkpoint == Checkpoint::Last {
            self.saved = Instant::now();
        }
        let is_within = self.state.batch > 0;
        let epoch = self.epoch_number(recipe) - usize::from(!is_within);
        self.notify(TrainEvent::Checkpoint {
            checkpoint,
            epoch,
            path,
        });
        Ok(())
    }

    /// The error for a loss that is no number. `checkpoints/last` was written before.
    pub(super) fn diverged(&self, recipe: &Recipe, name: &str, value: f64) -> Error {
        let path = &self.folder.path;
        let problem = format!(
            "{BROKE_DOWN} at epoch {}, step {}: {name} became {value}; the last good state is kept \
             in {}; go on from it with a lower learning rate: {}; training.clip_norm and \
             schedule.warmup_steps may be set then too",
            self.epoch_number(recipe),
            self.state.step + 1,
            path.join("checkpoints").join("last").display(),
            self.cure(recipe)
        );
        Error::setting("optimiser.learning_rate", problem)
    }

    /// The words that carry on with a tenth of the stage's learning rates.
    fn cure(&self, recipe: &Recipe) -> String {
        let mut words = format!(
            "stemloom train --resume --out {}",
            shell_word(&self.folder.path.to_string_lossy())
        );
        let stage = self.stage_names.get(self.state.stage);
        let mut rates = vec![("optimiser", recipe.optimiser.learning_rate)];
        let own = recipe.discriminator_optimiser;
        if let Some(own) = own.filter(|_| recipe.loss.adversarial) {
            rates.push(("discriminator_optimiser", own.learning_rate));
        }
        for (table, rate) in rates {
            let rate = in_few_digits(rate / 10.0);
            words.push_str(&match stage {
                Some(name) => {
                    let key = format!("pretrain.{name}.{table}.learning_rate={rate}");
                    format!(" --set {}", shell_word(&key))
                }
                None => format!(" --set {table}.learning_rate={rate}"),
            });
        }
        words
    }

    /// Writes down how the run ended, and sums it up.
    pub(super) fn close(mut self, result: Result<Ending>) -> Result<RunSummary> {
        let ending = match result {
            Ok(ending) => ending,
            Err(Error::Cancelled) => {
                self.folder.set_status(RunStatus::Stopped, None)?;
                return Err(Error::Cancelled);
            }
            Err(error) => {
                let reason = error.to_string();
                self.folder.set_status(RunStatus::Failed, Some(reason))?;
                return Err(error);
            }
        };
        let status = match ending {
            Ending::Done => RunStatus::Finished,
            Ending::Early => RunStatus::StoppedEarly,
            Ending::Stopped => RunStatus::Stopped,
        };
        self.folder.set_status(status, None)?;
        let (examples, secs) = self.session;
        let summary = RunSummary {
            folder: self.folder.path.clone(),
            status,
            epochs: self.state.epoch,
            steps: self.state.step,
            best: self.state.best,
            train: self.history.last().map(|row| row.train),
            valid: self.history.iter().rev().find_map(|row| row.valid),
            parameters: self.parameters,
            secs: self.state.secs,
            examples_per_sec: if secs > 0.0 {
                examples as f64 / secs
            } else {
                0.0
            },
            peak_memory_bytes: peak_memory_bytes(),
        };
        self.notify(TrainEvent::Finished {
            summary: summary.clone(),
        });
        Ok(summary)
    }
}

/// A word as it is typed, in quotes where a shell would take it for several or for something else.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./\\:=+,@~".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else if text.contains(['"', '$', '`']) {
        format!("'{text}'")
    } else {
        format!("\"{text}\"")
    }
}

/// A number with three digits at most.
fn in_few_digits(x: f64) -> String {
    let rounded: f64 = format!("{x:.2e}").parse().unwrap_or(x);
    format!("{rounded:e}")
}
