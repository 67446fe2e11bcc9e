//! All that the core knows about waiting: say how far it is, hear that it should stop.
//!
//! The same computation runs under the window (a channel), the command line (a bar) and tests
//! ([`Reporter::silent`]).
//!
//! ```text
//! person ─► CancelToken::cancel ─► Reporter::step answers Err(Cancelled)
//! core   ─► Reporter::step(stage, done, total) ─► sink, at most 30 times a second
//! ```

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Shortest time between two progress events.
const MIN_INTERVAL: Duration = Duration::from_millis(33);

/// How far a computation is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is being done, sentence case, for example "Separating".
    pub stage: &'static str,
    /// Units done, of `total`.
    pub done: u64,
    /// Units in all; 0 when unknown.
    pub total: u64,
    /// Seconds since the first report.
    pub elapsed_secs: f64,
}

impl Progress {
    /// The part done, 0–1, or `None` when the total is unknown.
    pub fn fraction(&self) -> Option<f64> {
        (self.total > 0).then(|| (self.done as f64 / self.total as f64).min(1.0))
    }

    /// Seconds left if the rest goes as the part done so far; `None` before 1 % or 0.3 s.
    pub fn remaining_secs(&self) -> Option<f64> {
        let fraction = self.fraction()?;
        (fraction >= 0.01 && self.elapsed_secs >= 0.3)
            .then(|| self.elapsed_secs * (1.0 - fraction) / fraction)
    }
}

/// What a computation tells its caller while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// How far it is.
    Progress(Progress),
    /// Something the person should know that did not stop the work.
    Warning(String),
}

type Hook = Box<dyn Fn() + Send>;

#[derive(Default)]
struct CancelState {
    cancelled: AtomicBool,
    next_id: AtomicU64,
    hooks: Mutex<Vec<(u64, Hook)>>,
}

/// A flag that any thread may raise to stop a computation. Clones share the flag.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<CancelState>);

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CancelToken")
            .field(&self.is_cancelled())
            .finish()
    }
}

impl CancelToken {
    /// A token that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag and runs the hooks of whatever blocks at this moment.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, hook) in hooks.iter() {
            hook();
        }
    }

    /// Whether somebody raised the flag.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Runs `hook` on [`Self::cancel`] for as long as the guard lives, and at once if it is too late.
    ///
    /// For calls that block where no flag can be asked, such as one run of a network.
    pub fn on_cancel(&self, hook: impl Fn() + Send + 'static) -> CancelHook {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        // Under the lock that `cancel` takes after raising the flag: a cancel from now on finds the
        // hook, one before is seen here.
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_cancelled() {
            hook();
        }
        hooks.push((id, Box::new(hook)));
        CancelHook {
            token: self.clone(),
            id,
        }
    }
}

/// Keeps a hook of [`CancelToken::on_cancel`] registered.
pub struct CancelHook {
    token: CancelToken,
    id: u64,
}

impl Drop for CancelHook {
    fn drop(&mut self) {
        let mut hooks = self
            .token
            .0
            .hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hooks.retain(|(id, _)| *id != self.id);
    }
}

type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// What a long computation may say and hear. Cheap to call once per segment.
#[derive(Clone)]
pub struct Reporter {
    cancel: CancelToken,
    sink: Sink,
    clock: Arc<Mutex<Clock>>,
    /// Where this part lies in the whole: first unit, units, units of the whole.
    part: Option<(u64, u64, u64)>,
}

struct Clock {
    start: Instant,
    last: Option<(Instant, &'static str)>,
}

impl Reporter {
    /// Reports to `sink` (called from whichever thread works), stopped by `cancel`.
    pub fn new(cancel: CancelToken, sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            cancel,
            sink: Arc::new(sink),
            clock: Arc::new(Mutex::new(Clock {
                start: Instant::now(),
                last: None,
            })),
            part: None,
        }
    }

    /// A reporter for a part of this computation: its steps move the whole from `first` by up to
    /// `units` of `total`.
    pub fn part(&self, first: u64, units: u64, total: u64) -> Self {
        Self {
            part: Some((first, units, total)),
            ..self.clone()
        }
    }

    /// Says nothing and is never cancelled.
    pub fn silent() -> Self {
        Self::new(CancelToken::new(), |_| {})
    }

    /// The token that stops this computation.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Reports `done` of `total`, at most 30 times a second and always at a new stage or the end.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the person has given up.
    pub fn step(&self, stage: &'static str, done: u64, total: u64) -> Result<()> {
        self.check()?;
        let (done, total) = match self.part {
            Some((first, units, whole)) => {
                let share = done as f64 / total.max(1) as f64;
                (first + (units as f64 * share.min(1.0)) as u64, whole)
            }
            None => (done, total),
        };
        let now = Instant::now();
        let elapsed_secs = {
            let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
            let due = match clock.last {
                Some((last, last_stage)) => {
                    last_stage != stage
                        || (total > 0 && done >= total && self.part.is_none())
                        || now - last >= MIN_INTERVAL
                }
                None => true,
            };
            if !due {
                return Ok(());
            }
            clock.last = Some((now, stage));
            (now - clock.start).as_secs_f64()
        };
        (self.sink)(Event::Progress(Progress {
            stage,
            done,
            total,
            elapsed_secs,
        }));
        Ok(())
    }

    /// Only asks whether to go on.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the person has given up.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Tells the person something that does not stop the work.
    pub fn warn(&self, message: impl Into<String>) {
        (self.sink)(Event::Warning(message.into()));
    }
}
