//! A run from its first step to its last, through every stage, resumable at any moment.
//!
//! ```text
//! stage ─► epoch: steps ─► validation ─► history ─► preview ─► checkpoints ─► next epoch
//!   └ next stage, from the best weights
//! ```
//!
//! All that is random depends on seed, stage, epoch and step alone; a state holds weights, both
//! optimisers, schedule, counters and the sums of the epoch begun. So a run that was interrupted
//! comes to the same numbers as one that was not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::Processor;
use super::checkpoint::{Checkpoint, RunState, no_checkpoint};
use super::event_file::EventFile;
use super::history::{HistoryRow, read_history};
use super::learner::Learner;
use super::recipe::Recipe;
use super::run_data::claim_data;
use super::run_events::{Control, RunOptions, RunSummary, TrainEvent};
use super::run_folder::{RunFolder, RunPlace, Session};
use super::run_start::{Start, load_weights, not_finite, open_set};
use super::seeds::mixed;
use super::weights::Weights;
use crate::dataset::{ExampleSet, ExampleStream, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Threads that make examples, unless the recipe says.
const MOST_THREADS: usize = 4;

/// Trains as a recipe says on the recordings in `data`, and keeps everything in the folder `out`.
/// Nothing is written there, and a run that is to be replaced is not removed, before recordings and
/// weights for the new one were read and its first network was made. A run that is resumed has
/// `recipe` from then on. `watch` hears all that happens and answers whether to go on.
///
/// # Errors
/// [`Error::Setting`] for a wrong recipe, for data without examples, and for a loss that is no
/// number any more: then `checkpoints/last` is the last good state, and the run can be resumed with
/// other learning rates, `training.clip_norm` and `schedule.warmup_steps`; "out" if another
/// training goes on there. [`Error::Exists`] if there is a run in `out`; [`Error::Cancelled`] once
/// the reporter's token is raised, after a checkpoint; [`Error::Io`]; [`Error::Device`].
pub fn train(
    recipe: &Recipe,
    data: &Path,
    out: &Path,
    processor: &Processor,
    options: &RunOptions,
    watch: &mut dyn FnMut(TrainEvent) -> Control,
    reporter: &Reporter,
) -> Result<RunSummary> {
    recipe.validate()?;
    let stages = recipe.stages()?;
    let place = RunPlace::find(out, options.resume, options.overwrite)?;
    // One for all stages and previews: every recording is brought to the rate once.
    let (_kept, cache) = options.cache_folder()?;
    let cache = Some(cache);
    let weights = options.weights.as_deref();
    let start = match stages.first().filter(|_| !place.is_resumed()) {
        Some(stage) => {
            let cache = cache.as_deref();
            let start = Start::look(stage, data, processor, weights, cache, reporter)?;
            Some(start)
        }
        None => None,
    };
    let asked = options.device;
    let folder = place.begin(recipe, &Session { processor, asked }, reporter)?;
    let mut run = Run {
        data,
        processor,
        options,
        watch,
        reporter,
        stages,
        stage_names: recipe.stage_names(),
        cache,
        start,
        folder,
        history: Vec::new(),
        state: RunState::default(),
        is_restored: false,
        wish: Control::Go,
        saved: Instant::now(),
        parameters: 0,
        session: (0, 0.0),
    };
    let result = run.all_stages();
    run.close(result)
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    Early,
    Stopped,
}

/// A run that goes on.
pub(super) struct Run<'a> {
    pub(super) data: &'a Path,
    processor: &'a Processor,
    pub(super) options: &'a RunOptions,
    pub(super) watch: &'a mut dyn FnMut(TrainEvent) -> Control,
    pub(super) reporter: &'a Reporter,
    stages: Vec<Recipe>,
    /// Names of the stages before the training.
    pub(super) stage_names: Vec<String>,
    /// Where recordings at the examples' rate are.
    pub(super) cache: Option<PathBuf>,
    /// What the first stage begins with, if that was looked at already.
    start: Option<Start>,
    pub(super) folder: RunFolder,
    pub(super) history: Vec<HistoryRow>,
    pub(super) state: RunState,
    /// Whether the state is a checkpoint's whose networks are not loaded yet.
    is_restored: bool,
    /// What was answered to events between steps.
    pub(super) wish: Control,
    /// When `checkpoints/last` was written.
    pub(super) saved: Instant,
    pub(super) parameters: usize,
    /// Examples and seconds of this session's steps.
    pub(super) session: (usize, f64),
}

impl Run<'_> {
    fn all_stages(&mut self) -> Result<Ending> {
        if self.folder.is_resumed
            && let Some(state) = Checkpoint::Last.read_state(&self.folder.path)?
        {
            self.state = state;
            self.is_restored = true;
            let history = self.folder.history();
            if history.is_file() {
                self.history = read_history(&history)?;
            }
            // Epochs that were written down before a kill, but after the state.
            let done = self.state.step;
            self.history.retain(|row| row.step <= done);
            if self.state.batch > 0 {
                let (stage, step) = (self.state.stage, self.state.step);
                self.history
                    .retain(|row| row.stage < stage || row.step < step);
            }
        }
        // Of what earlier sessions told, all from this step on is forgotten; a finished epoch's
        // numbers stand at its last step.
        let is_told = self.history.last().map(|row| row.step) == Some(self.state.step);
        let first = self.state.step + u64::from(is_told);
        let mut events = EventFile::create(&self.folder.path, first)?;
        loop {
            let ending = self.stage(&mut events)?;
            if ending == Ending::Stopped || self.state.stage + 1 >= self.stages.len() {
                return Ok(ending);
            }
            self.state = RunState {
                stage: self.state.stage + 1,
                step: self.state.step,
                secs: self.state.secs,
                ..RunState::default()
            };
        }
    }

    fn stage(&mut self, events: &mut EventFile) -> Result<Ending> {
        let Some(recipe) = self.stages.get(self.state.stage).cloned() else {
            return Err(no_checkpoint(&self.folder.path));
        };
        let (set, looked_at) = match self.start.take() {
            Some(start) => (start.set, Some(start.learner)),
            None => {
                let cache = self.cache.as_deref();
                (open_set(&recipe, self.data, cache, self.reporter)?, None)
            }
        };
        let (path, stage) = (&self.folder.path, self.state.stage);
        claim_data(path, self.data, stage, &set, self.reporter)?;
        let is_ready = looked_at.is_some();
        let mut learner = match looked_at {
            Some(learner) => learner,
            None => Learner::new(&recipe, set.shapes(), self.processor)?,
        };
        self.parameters = learner.parameters()?;
        self.begin(&mut learner, is_ready)?;
        let batches = batches_per_epoch(&recipe, set.len(Split::Train));
        self.notify(TrainEvent::Started {
            device: self.processor.name.clone(),
            parameters: self.parameters,
            discriminator_parameters: learner.discriminator_parameters()?,
            stage: self.state.stage,
            stages: self.stages.len(),
            epoch: self.state.epoch,
            epochs: recipe.training.epochs,
            batches,
            train_examples: set.len(Split::Train),
            valid_examples: set.len(Split::Valid),
        });
        let mut preview = None;
        loop {
            if self.state.epoch >= recipe.training.epochs {
                return Ok(Ending::Done);
            }
            let patience = recipe.training.patience;
            if patience.is_some_and(|patience| self.state.waited >= patience) {
                return Ok(Ending::Early);
            }
            if !self.epoch(&recipe, &set, &mut learner, batches)? {
                return Ok(Ending::Stopped);
            }
            self.close_epoch(&recipe, &set, &learner, batches, events, &mut preview)?;
            if !self.obey(&recipe, &learner)? {
                return Ok(Ending::Stopped);
            }
        }
    }

    /// Puts the first weights of a stage in place, unless they are (`is_ready`), and a state on the
    /// disk.
    fn begin(&mut self, learner: &mut Learner, is_ready: bool) -> Result<()> {
        let path = &self.folder.path;
        if std::mem::take(&mut self.is_restored) {
            Checkpoint::Last.restore(path, learner, self.state.stage_step)?;
            // After a kill between the stages the best one may be the earlier stage's.
            let best = Checkpoint::Best.read_state(path)?;
            return match best.is_some_and(|best| best.stage != self.state.stage) {
                true => Checkpoint::Best.clear(path),
                false => Ok(()),
            };
        }
        let earlier = if self.state.stage > 0 {
            Checkpoint::Best
                .network(path)
                .or_else(|| Checkpoint::Last.network(path))
        } else {
            self.options.weights.clone()
        };
        if let Some(earlier) = earlier.filter(|_| !is_ready) {
            let weights = Weights::read_safetensors(&earlier)?;
            load_weights(learner, &weights, self.reporter)?;
        }
        // In this order: until the new state is there, the earlier stage's best is needed.
        if Checkpoint::Last
            .write(path, learner, &self.state)?
            .is_none()
        {
            return Err(not_finite());
        }
        Checkpoint::Best.clear(path)
    }

    /// The steps of an epoch that are not done yet; whether to go on after them.
    fn epoch(
        &mut self,
        recipe: &Recipe,
        set: &Arc<ExampleSet>,
        learner: &mut Learner,
        batches: usize,
    ) -> Result<bool> {
        let training = &recipe.training;
        // From 0; a run that carries on another one's weights draws other orders.
        let number = (self.state.epoch + training.epoch_offset) as u64;
        let left = batches.saturating_sub(self.state.batch);
        if left == 0 {
            return Ok(true);
        }
        let stream = ExampleStream::new(
            Arc::clone(set),
            Split::Train,
            number,
            training.batch_size,
            self.state.batch,
            None,
            threads(recipe),
        );
        let mut clock = Instant::now();
        for batch in stream.take(left) {
            let batch = match batch {
                // The steps so far are not to be lost.
                Err(Error::Cancelled) => {
                    self.save(recipe, learner, Checkpoint::Last)?;
                    return Err(Error::Cancelled);
                }
                batch => batch?,
            };
            let size = batch.size;
            let place = [self.state.stage as u64, number, self.state.batch as u64];
            let seed = mixed(&[training.seed, 2, place[0], place[1], place[2]]);
            let rates = self.rates(recipe, batches, self.state.stage_step);
            let losses = learner.step(batch, rates, seed)?;
            if let Some((name, value)) = losses.broken() {
                return Err(self.diverged(recipe, name, value));
            }
            let secs = clock.elapsed().as_secs_f64();
            self.state.sum.add(&losses, size);
            self.state.batch += 1;
            self.state.stage_step += 1;
            self.state.step += 1;
            self.state.epoch_secs += secs;
            self.state.secs += secs;
            self.session.0 += size;
            self.session.1 += secs;
            self.notify(TrainEvent::Step {
                epoch: self.epoch_number(recipe),
                batch: self.state.batch,
                batches,
                step: self.state.step,
                losses,
                learning_rate: rates.generator,
                discriminator_learning_rate: losses.discriminator.map(|_| rates.discriminator),
                secs,
                examples_per_sec: size as f64 / secs.max(1e-9),
            });
            let total = (recipe.training.epochs * batches) as u64;
            // Whether it is cancelled is asked below, where the state is saved first.
            self.reporter
                .step("Training", self.state.stage_step, total)
                .ok();
            if !self.obey(recipe, learner)? {
                return Ok(false);
            }
            let steps = training.checkpoint_steps;
            let is_due = steps.is_some_and(|n| self.state.batch.is_multiple_of(n))
                || self.saved.elapsed().as_secs_f64() >= 60.0 * training.checkpoint_minutes;
            if is_due && self.state.batch < batches {
                self.save(recipe, learner, Checkpoint::Last)?;
            }
            // Pauses and saving are no training.
            clock = Instant::now();
        }
        Ok(true)
    }
}

/// Steps of an epoch: whole batches, and one at least.
pub(super) fn batches_per_epoch(recipe: &Recipe, examples: usize) -> usize {
    let training = &recipe.training;
    let batches = (examples / training.batch_size).max(1);
    training
        .steps_per_epoch
        .map_or(batches, |most| batches.min(most))
}

/// Threads that make examples.
pub(super) fn threads(recipe: &Recipe) -> usize {
    match recipe.training.threads {
        0 => std::thread::available_parallelism()
            .map_or(1, std::num::NonZero::get)
            .min(MOST_THREADS),
        threads => threads,
    }
}
