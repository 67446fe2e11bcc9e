//! The end of an epoch: validation, history, preview, checkpoints, schedule.

use std::sync::Arc;

use super::checkpoint::{BestEpoch, Checkpoint};
use super::event_file::EventFile;
use super::history::{HistoryRow, write_history};
use super::learner::{Learner, Tester};
use super::loss::{LossSum, Losses};
use super::preview::Preview;
use super::recipe::Recipe;
use super::run::{Run, threads};
use super::run_events::TrainEvent;
use super::run_previews::preview_folder;
use super::settings::BestBy;
use crate::dataset::{ExampleSet, ExampleStream, Split};
use crate::error::{Error, Result};

impl Run<'_> {
    /// All that follows an epoch's steps. `preview` is made at its first use.
    pub(super) fn close_epoch(
        &mut self,
        recipe: &Recipe,
        set: &Arc<ExampleSet>,
        learner: &Learner,
        batches: usize,
        events: &mut EventFile,
        preview: &mut Option<Preview>,
    ) -> Result<()> {
        let training = &recipe.training;
        let number = self.epoch_number(recipe);
        let train = self.state.sum.mean().unwrap_or_default();
        let is_last = self.state.epoch + 1 == training.epochs;
        let is_due = is_last || (self.state.epoch + 1).is_multiple_of(training.validate_every);
        let tester = learner.tester();
        let valid = if is_due && !set.is_empty(Split::Valid) {
            match self.validate(recipe, set, learner, &tester) {
                // The epoch's steps are done and not to be lost.
                Err(Error::Cancelled) => {
                    self.save(recipe, learner, Checkpoint::Last)?;
                    return Err(Error::Cancelled);
                }
                losses => Some(losses?),
            }
        } else {
            None
        };
        if let Some((name, value)) = valid.as_ref().and_then(Losses::broken) {
            return Err(self.diverged(recipe, name, value));
        }
        // Without validation songs the training's own losses decide.
        let judged = if set.is_empty(Split::Valid) {
            Some(train)
        } else {
            valid
        };
        let rates = self.rates(recipe, batches, self.state.stage_step.saturating_sub(1));
        let discriminator_rate = train.discriminator.map(|_| rates.discriminator);
        // Without validation songs every epoch is judged.
        let epochs = if set.is_empty(Split::Valid) {
            1
        } else {
            1 + self.epochs_unheard()
        };
        let is_best = judged.is_some_and(|losses| self.judge(recipe, number, &losses, epochs));
        self.history.push(HistoryRow {
            stage: self.state.stage,
            epoch: number,
            step: self.state.step,
            train,
            valid,
            learning_rate: rates.generator,
            discriminator_learning_rate: discriminator_rate,
            secs: self.state.epoch_secs,
        });
        write_history(&self.folder.history(), &self.history)?;
        let mut scalars = named("train", &train);
        scalars.extend(valid.iter().flat_map(|losses| named("valid", losses)));
        scalars.push(("learning_rate".to_owned(), rates.generator));
        let of_discriminator = |rate| ("learning_rate_discriminator".to_owned(), rate);
        scalars.extend(discriminator_rate.map(of_discriminator));
        events.scalars(self.state.step, &scalars)?;

        self.state.epoch += 1;
        self.state.batch = 0;
        self.state.epoch_secs = 0.0;
        self.state.sum = LossSum::default();
        if is_best {
            self.save(recipe, learner, Checkpoint::Best)?;
        }
        self.save(recipe, learner, Checkpoint::Last)?;
        self.notify(TrainEvent::Validated {
            epoch: number,
            step: self.state.step,
            train,
            valid,
            is_best,
            learning_rate: rates.generator,
            discriminator_learning_rate: discriminator_rate,
        });
        if recipe.preview.secs > 0.0
            && (is_last || self.state.epoch.is_multiple_of(recipe.preview.every_epochs))
        {
            self.preview(recipe, set, &tester, preview, number)?;
        }
        Ok(())
    }

    /// Epochs of this stage since the last validation.
    fn epochs_unheard(&self) -> usize {
        let rows = self.history.iter().rev();
        rows.take_while(|row| row.stage == self.state.stage && row.valid.is_none())
            .count()
    }

    /// Takes in an epoch's verdict, `epochs` epochs after the one before it; whether it is the best
    /// so far.
    fn judge(&mut self, recipe: &Recipe, epoch: usize, losses: &Losses, epochs: usize) -> bool {
        let loss = match recipe.training.best_by {
            BestBy::Loss => losses.loss,
            BestBy::L1 => losses.l1,
        };
        let least = recipe.training.min_delta;
        self.state
            .schedule
            .hear(&recipe.schedule, loss, least, epochs);
        let is_best = self.state.best.is_none_or(|best| loss < best.loss - least);
        if is_best {
            self.state.best = Some(BestEpoch { epoch, loss });
            self.state.waited = 0;
        } else {
            self.state.waited += epochs;
        }
        is_best
    }

    fn validate(
        &self,
        recipe: &Recipe,
        set: &Arc<ExampleSet>,
        learner: &Learner,
        tester: &Tester,
    ) -> Result<Losses> {
        let size = recipe.training.batch_size;
        let total = set.len(Split::Valid).div_ceil(size) as u64;
        let stream = ExampleStream::new(
            Arc::clone(set),
            Split::Valid,
            0,
            size,
            0,
            None,
            threads(recipe),
        );
        let mut sum = LossSum::default();
        for (done, batch) in (0..).zip(stream) {
            self.reporter.step("Validating", done, total)?;
            let batch = batch?;
            let size = batch.size;
            sum.add(&learner.measure(tester, batch)?, size);
        }
        Ok(sum.mean().unwrap_or_default())
    }

    /// Writes the preview of an epoch. A preview that cannot be made is a warning: the training is
    /// worth more.
    fn preview(
        &mut self,
        recipe: &Recipe,
        set: &Arc<ExampleSet>,
        tester: &Tester,
        preview: &mut Option<Preview>,
        epoch: usize,
    ) -> Result<()> {
        let cache = self.cache.as_deref();
        let (names, stage) = (&self.stage_names, self.state.stage);
        let folder = preview_folder(&self.folder.path, names, stage, epoch);
        let stage = names.get(stage).cloned();
        let made = match preview {
            Some(preview) => preview.write(tester, &folder),
            None => Preview::new(recipe, set, self.data, cache, self.reporter)
                .and_then(|made| preview.insert(made).write(tester, &folder)),
        };
        match made {
            Ok(files) => self.notify(TrainEvent::Preview {
                stage,
                epoch,
                files,
            }),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => self.reporter.warn(format!("no preview: {error}")),
        }
        Ok(())
    }
}

fn named(prefix: &str, losses: &Losses) -> Vec<(String, f64)> {
    let named = losses.named().into_iter();
    named
        .map(|(name, x)| (format!("{prefix}/{name}"), x))
        .collect()
}
