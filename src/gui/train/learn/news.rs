//! What the training's thread tells the window: never more than it can take in, and so seldom that
//! painting takes next to nothing from the training. Steps that come too fast are told as one, the
//! mean of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::work::LearnEvent;
use crate::gui::jobs::{JobEvent, JobId};
use crate::memory::peak_memory_bytes;
use crate::progress::{CancelToken, Event, Reporter};
use crate::train::{Control, Losses, TrainEvent};

/// Shortest time between two tellings of steps, and of progress within a stage.
const BETWEEN: Duration = Duration::from_millis(200);
/// Shortest time between two looks at the memory.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The wish of the window that a run stands still; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Pause(Arc<AtomicBool>);

impl Pause {
    /// Wishes it, or no longer.
    pub fn set(&self, wished: bool) {
        self.0.store(wished, Ordering::Relaxed);
    }

    /// Whether it is wished.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Pause {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Some steps, as one.
#[derive(Debug, Clone, PartialEq)]
pub struct StepNews {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The last of the steps within it, from 1.
    pub batch: usize,
    /// Steps of the epoch.
    pub batches: usize,
    /// Steps of all stages.
    pub step: u64,
    /// Means over the steps.
    pub losses: Losses,
    /// The network's learning rate at the last of them.
    pub learning_rate: f64,
    /// The discriminator's, if there is one.
    pub discriminator_learning_rate: Option<f64>,
    /// Seconds of a step, the mean.
    pub secs: f64,
    /// Examples per second.
    pub examples_per_sec: f64,
    /// The most memory the program has held, in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
}

/// What is told of a run.
#[derive(Debug, Clone)]
pub enum RunNews {
    /// Steps were made.
    Steps(StepNews),
    /// Anything else.
    Event(Box<TrainEvent>),
}

/// The way to the window.
pub struct Tell<'a> {
    /// The job.
    pub job: JobId,
    /// Where answers go.
    pub outbox: &'a Sender<JobEvent>,
    /// Wakes the window.
    pub wake: &'a Arc<dyn Fn() + Send + Sync>,
}

impl Tell<'_> {
    /// Says something that must be heard; waits for room.
    pub fn say(&self, event: LearnEvent) {
        // An error means that the window is gone.
        self.outbox
            .send(JobEvent::Learn(self.job, Box::new(event)))
            .ok();
        (self.wake)();
    }

    /// Says something if there is room; whether there was.
    pub fn offer(&self, event: LearnEvent) -> bool {
        let event = JobEvent::Learn(self.job, Box::new(event));
        let is_said = self.outbox.try_send(event).is_ok();
        if is_said {
            (self.wake)();
        }
        is_said
    }

    /// A reporter of the job whose progress is told as seldom as steps are, but for new stages.
    pub fn reporter(&self, cancel: CancelToken) -> Reporter {
        let (job, outbox, wake) = (self.job, self.outbox.clone(), Arc::clone(self.wake));
        let told: Mutex<Option<(Instant, &'static str)>> = Mutex::new(None);
        Reporter::new(cancel, move |event| {
            let is_said = match event {
                Event::Progress(progress) => {
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    let stage = progress.stage;
                    if told.is_some_and(|(at, old)| old == stage && at.elapsed() < BETWEEN) {
                        return;
                    }
                    *told = Some((Instant::now(), stage));
                    // One that finds the channel full is not worth waiting for.
                    let event = Box::new(LearnEvent::Progress(progress));
                    outbox.try_send(JobEvent::Learn(job, event)).is_ok()
                }
                Event::Warning(text) => outbox.send(JobEvent::Warning(text)).is_ok(),
            };
            if is_said {
                wake();
            }
        })
    }
}

/// Hears a run and tells the window.
pub struct Herald<'a> {
    tell: &'a Tell<'a>,
    pause: Pause,
    /// Steps that were not told yet, as sums.
    steps: Option<Steps>,
    told: Option<Instant>,
    is_paused: bool,
    memory: Option<(Instant, Option<u64>)>,
}

/// Steps that wait to be told: the last of them, and sums over all.
struct Steps {
    last: StepNews,
    count: f64,
    secs: f64,
    examples: f64,
}

impl<'a> Herald<'a> {
    /// A herald for one run.
    pub fn new(tell: &'a Tell<'a>, pause: Pause) -> Self {
        Self {
            tell,
            pause,
            steps: None,
            told: None,
            is_paused: false,
            memory: None,
        }
    }

    /// Hears an event and says whether to go on.
    pub fn hear(&mut self, event: TrainEvent) -> Control {
        match event {
            TrainEvent::Step { .. } => {
                self.is_paused = false;
                self.add(&event);
                let is_due = self.told.is_none_or(|told| told.elapsed() >= BETWEEN);
                if is_due {
                    self.tell_steps(false);
                }
            }
            // Asked again and again; once is enough.
            TrainEvent::Paused if self.is_paused => {}
            // The answer of the job says it.
            TrainEvent::Finished { .. } => self.tell_steps(true),
            event => {
                self.is_paused = matches!(event, TrainEvent::Paused);
                self.tell_steps(true);
                let news = RunNews::Event(Box::new(event));
                self.tell.say(LearnEvent::Run(news));
            }
        }
        if self.pause.is_set() {
            Control::Pause
        } else {
            Control::Go
        }
    }

    fn add(&mut self, event: &TrainEvent) {
        let TrainEvent::Step {
            epoch,
            batch,
            batches,
            step,
            losses,
            learning_rate,
            discriminator_learning_rate,
            secs,
            examples_per_sec,
        } = event
        else {
            return;
        };
        let mut sum = Losses::default();
        let mut steps = (0.0, 0.0, 0.0);
        if let Some(waiting) = &self.steps {
            sum = waiting.last.losses;
            steps = (waiting.count, waiting.secs, waiting.examples);
        }
        let (count, all_secs, examples) = (
            steps.0 + 1.0,
            steps.1 + secs,
            steps.2 + examples_per_sec * secs,
        );
        self.steps = Some(Steps {
            last: StepNews {
                epoch: *epoch,
                batch: *batch,
                batches: *batches,
                step: *step,
                losses: added(&sum, losses),
                learning_rate: *learning_rate,
                discriminator_learning_rate: *discriminator_learning_rate,
                secs: *secs,
                examples_per_sec: *examples_per_sec,
                memory_bytes: None,
            },
            count,
            secs: all_secs,
            examples,
        });
    }

    /// Tells the steps that wait; without room they wait on, unless they must be heard.
    fn tell_steps(&mut self, must: bool) {
        let Some(steps) = &self.steps else { return };
        let mut news = steps.last.clone();
        news.losses = scaled(&news.losses, 1.0 / steps.count);
        news.secs = steps.secs / steps.count;
        news.examples_per_sec = steps.examples / steps.secs.max(1e-9);
        let old = self.memory.filter(|(at, _)| at.elapsed() < BETWEEN_LOOKS);
        let memory = old.unwrap_or_else(|| (Instant::now(), peak_memory_bytes()));
        self.memory = Some(memory);
        news.memory_bytes = memory.1;
        let event = LearnEvent::Run(RunNews::Steps(news));
        let is_told = if must {
            self.tell.say(event);
            true
        } else {
            self.tell.offer(event)
        };
        if is_told {
            self.steps = None;
            self.told = Some(Instant::now());
        }
    }
}

fn added(a: &Losses, b: &Losses) -> Losses {
    let add = |a: Option<f64>, b: Option<f64>| b.map(|b| a.unwrap_or(0.0) + b).or(a);
    Losses {
        loss: a.loss + b.loss,
        l1: a.l1 + b.l1,
        adversarial: add(a.adversarial, b.adversarial),
        discriminator: add(a.discriminator, b.discriminator),
        accuracy: add(a.accuracy, b.accuracy),
    }
}

fn scaled(losses: &Losses, factor: f64) -> Losses {
    let times = |x: Option<f64>| x.map(|x| x * factor);
    Losses {
        loss: losses.loss * factor,
        l1: losses.l1 * factor,
        adversarial: times(losses.adversarial),
        discriminator: times(losses.discriminator),
        accuracy: times(losses.accuracy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn step(step: u64) -> TrainEvent {
        TrainEvent::Step {
            epoch: 1,
            batch: step as usize,
            batches: 1000,
            step,
            losses: Losses {
                loss: step as f64,
                ..Losses::default()
            },
            learning_rate: 1e-3,
            discriminator_learning_rate: Some(2e-3),
            secs: 0.002,
            examples_per_sec: 500.0,
        }
    }

    #[test]
    fn a_training_wakes_the_window_a_few_times_a_second() {
        let (outbox, inbox) = crossbeam_channel::unbounded();
        let wakes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&wakes);
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let tell = Tell {
            job: 1,
            outbox: &outbox,
            wake: &wake,
        };
        let mut herald = Herald::new(&tell, Pause::default());
        let reporter = tell.reporter(CancelToken::new());
        let begun = Instant::now();
        let mut last = 0;
        while begun.elapsed() < 3 * BETWEEN {
            last += 1;
            herald.hear(step(last));
            reporter.step("Training", last, 1_000_000).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        // Steps and progress at once, then at every turn.
        let turns = begun.elapsed().as_millis() / BETWEEN.as_millis();
        let woken = wakes.load(Ordering::Relaxed) as u128;
        assert!(woken <= 2 * (1 + turns), "{woken} in {turns} turns");
        herald.hear(TrainEvent::Paused);
        let mut told = 0;
        let mut sum = (0, 0.0);
        for event in inbox.try_iter() {
            let JobEvent::Learn(1, event) = event else {
                continue;
            };
            if let LearnEvent::Run(RunNews::Steps(news)) = &*event {
                assert!(event.is_calm());
                assert_eq!(news.discriminator_learning_rate, Some(2e-3));
                // The mean of the losses of all steps since the last telling.
                let count = news.step - told;
                sum = (sum.0 + count, sum.1 + news.losses.loss * count as f64);
                told = news.step;
            }
        }
        assert_eq!((told, sum.0), (last, last));
        let all = (last * (last + 1)) as f64 / 2.0;
        assert!((sum.1 - all).abs() < 1e-6 * all, "{} of {all}", sum.1);
    }
}
