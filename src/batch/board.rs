//! The queue while it runs: who is next, how far everybody is, what people want changed.
//!
//! The lanes take songs from here and report back; the window and the command line watch through
//! events and speak through methods. Time left is what is left to do at the pace of the songs done
//! so far, pauses not counted.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::plan::Job;
use super::row::{BatchEvent, Row, RowState, Totals};
use crate::progress::{CancelToken, Progress};

/// How long a lane sleeps before it asks again for a song that another process has.
const ASK_AGAIN: Duration = Duration::from_millis(300);
/// The stage that counts as progress.
const SEPARATING: &str = "Separating";
/// Before this much work nothing is said about the time left.
const PACE_SECS: f64 = 2.0;

struct Slot {
    row: Row,
    job: Job,
    cancel: CancelToken,
    /// Not before this moment: another process had it.
    not_before: Option<Instant>,
    /// When it was taken, by the clock that stands still in pauses.
    begun_secs: f64,
}

struct Inner {
    slots: HashMap<usize, Slot>,
    /// Ids in the order of work.
    order: Vec<usize>,
    paused: bool,
    ended: bool,
    /// Time that songs were worked on, and when that began if it goes on now.
    worked: Duration,
    working_since: Option<Instant>,
    /// Seconds of audio done in this run.
    done_audio_secs: f64,
}

/// The queue while it runs. Every method is short; none waits for a song but [`Self::next`].
pub struct Board {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Board {
    /// A board with these songs waiting, in order.
    pub fn new(jobs: Vec<Job>) -> Self {
        let board = Self {
            inner: Mutex::new(Inner {
                slots: HashMap::new(),
                order: Vec::new(),
                paused: false,
                ended: false,
                worked: Duration::ZERO,
                working_since: None,
                done_audio_secs: 0.0,
            }),
            changed: Condvar::new(),
        };
        board.extend(jobs);
        board
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let out = act(&mut self.lock());
        self.changed.notify_all();
        out
    }

    /// Adds songs at the end. Their places become their ids.
    pub fn extend(&self, jobs: Vec<Job>) {
        self.change(|inner| {
            inner.ended = false;
            for job in jobs {
                let id = job.place;
                let running = |slot: &Slot| slot.row.state == RowState::Running;
                if inner.slot(id).is_some_and(running) {
                    continue;
                }
                if inner.slots.insert(id, Slot::new(job)).is_some() {
                    inner.order.retain(|other| *other != id);
                }
                inner.order.push(id);
            }
        });
    }

    /// All songs, in the order of work.
    pub fn rows(&self) -> Vec<Row> {
        let inner = self.lock();
        let row = |id: &usize| inner.slot(*id).map(|slot| slot.row.clone());
        inner.order.iter().filter_map(row).collect()
    }

    /// The whole in numbers.
    pub fn totals(&self) -> Totals {
        self.lock().totals()
    }

    /// Stops everything where it is, until [`Self::resume`].
    pub fn pause(&self) {
        self.change(|inner| {
            inner.paused = true;
            inner.clock();
        });
    }

    /// Goes on.
    pub fn resume(&self) {
        self.change(|inner| {
            inner.paused = false;
            inner.clock();
        });
    }

    /// Gives up one song.
    pub fn cancel(&self, id: usize) {
        let token = self.change(|inner| {
            let slot = inner.slot_mut(id)?;
            if slot.row.state == RowState::Waiting {
                slot.row.state = RowState::Cancelled;
            }
            Some(slot.cancel.clone())
        });
        // Outside the lock: a hook may ask the board.
        if let Some(token) = token {
            token.cancel();
        }
        self.changed.notify_all();
    }

    /// Gives up everything.
    pub fn cancel_all(&self) {
        let ids: Vec<usize> = self.change(|inner| {
            inner.ended = true;
            inner.order.clone()
        });
        for id in ids {
            let over = self.lock().slot(id).is_none_or(|s| s.row.state.is_over());
            if !over {
                self.cancel(id);
            }
        }
    }

    /// Puts a song that is over back among those waiting.
    pub fn retry(&self, id: usize) {
        self.change(|inner| {
            if !inner.order.contains(&id) {
                return;
            }
            let Some(slot) = inner.slot_mut(id).filter(|s| s.row.state.is_over()) else {
                return;
            };
            *slot = Slot::new(slot.job.clone());
            inner.ended = false;
            inner.order.retain(|other| *other != id);
            inner.order.push(id);
        });
    }

    /// Takes a song out of the queue; one that runs is cancelled first.
    pub fn remove(&self, id: usize) {
        self.cancel(id);
        self.change(|inner| inner.order.retain(|other| *other != id));
    }

    /// Moves a song to another place in the order of work.
    pub fn move_to(&self, id: usize, place: usize) {
        self.change(|inner| {
            if inner.order.contains(&id) {
                inner.order.retain(|other| *other != id);
                let place = place.min(inner.order.len());
                inner.order.insert(place, id);
            }
        });
    }

    /// The next song and the token that cancels it; waits while paused, and for songs that other
    /// processes have. `None` when nothing waits any more.
    pub(super) fn next(&self) -> Option<(Job, CancelToken)> {
        let mut inner = self.lock();
        loop {
            if inner.ended {
                return None;
            }
            let now = Instant::now();
            let waits = |slot: &Slot| slot.row.state == RowState::Waiting;
            let ready = |slot: &Slot| slot.not_before.is_none_or(|at| at <= now);
            let waiting: Vec<usize> = inner
                .order
                .iter()
                .copied()
                .filter(|id| inner.slot(*id).is_some_and(waits))
                .collect();
            if waiting.is_empty() {
                return None;
            }
            let next = waiting
                .iter()
                .copied()
                .find(|id| inner.slot(*id).is_some_and(ready));
            if let Some(id) = next.filter(|_| !inner.paused) {
                let begun_secs = inner.worked_secs();
                let slot = inner.slot_mut(id)?;
                slot.row.state = RowState::Running;
                slot.begun_secs = begun_secs;
                let taken = (slot.job.clone(), slot.cancel.clone());
                inner.clock();
                return Some(taken);
            }
            inner = self
                .changed
                .wait_timeout(inner, ASK_AGAIN)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Puts a song back because another process has it.
    pub(super) fn put_off(&self, id: usize) {
        self.change(|inner| {
            if let Some(slot) = inner.slot_mut(id) {
                slot.row.state = if slot.cancel.is_cancelled() {
                    RowState::Cancelled
                } else {
                    RowState::Waiting
                };
                slot.row.message = "another run has it".into();
                slot.not_before = Some(Instant::now() + ASK_AGAIN);
            }
            inner.clock();
        });
    }

    /// Waits while the queue is paused, or until the song is cancelled.
    pub(super) fn wait_while_paused(&self, cancel: &CancelToken) {
        let mut inner = self.lock();
        while inner.paused && !cancel.is_cancelled() {
            inner = self
                .changed
                .wait_timeout(inner, ASK_AGAIN)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Notes how far a song is: `done` of `parts` models, and this much of the next.
    pub(super) fn progress(
        &self,
        id: usize,
        (done, parts): (usize, usize),
        progress: &Progress,
    ) -> Option<BatchEvent> {
        self.update(id, |row| {
            row.stage = progress.stage;
            // Only the separation is counted: what comes before and after is short.
            let part = match progress.stage {
                SEPARATING => progress.fraction().unwrap_or(0.0),
                _ if row.fraction > 0.0 => return,
                _ => 0.0,
            };
            let fraction = (done as f64 + part) / parts.max(1) as f64;
            row.fraction = row.fraction.max(fraction);
        })
    }

    /// Changes a row and answers the event that tells of it.
    pub(super) fn update(&self, id: usize, act: impl FnOnce(&mut Row)) -> Option<BatchEvent> {
        self.change(|inner| {
            let now_secs = inner.worked_secs();
            let slot = inner.slot_mut(id)?;
            act(&mut slot.row);
            let taken = now_secs - slot.begun_secs;
            let running = slot.row.state == RowState::Running;
            slot.row.remaining_secs = (running && slot.row.fraction > 0.02 && taken > 0.5)
                .then(|| taken * (1.0 - slot.row.fraction) / slot.row.fraction);
            let row = Box::new(slot.row.clone());
            if row.state == RowState::Done {
                inner.done_audio_secs += row.audio_secs.unwrap_or(0.0);
            }
            inner.clock();
            Some(BatchEvent::Row(row, inner.totals()))
        })
    }
}

impl Slot {
    fn new(job: Job) -> Self {
        let info = job.info.as_ref().ok();
        let row = Row {
            id: job.place,
            input: job.entry.input.clone(),
            state: RowState::Waiting,
            stage: "",
            fraction: 0.0,
            audio_secs: info.and_then(|info| info.seconds),
            remaining_secs: None,
            device: String::new(),
            bytes: job.bytes,
            message: String::new(),
        };
        Self {
            row,
            job,
            cancel: CancelToken::new(),
            not_before: None,
            begun_secs: 0.0,
        }
    }
}

impl Inner {
    fn slot(&self, id: usize) -> Option<&Slot> {
        self.slots.get(&id)
    }

    fn slot_mut(&mut self, id: usize) -> Option<&mut Slot> {
        self.slots.get_mut(&id)
    }

    /// Starts or stops the clock: it goes while a song runs and nobody has paused.
    fn clock(&mut self) {
        // Reading back what an earlier run had done is no measure of the pace.
        let runs = |slot: &Slot| {
            slot.row.state == RowState::Running
                && (slot.row.fraction > 0.0 || slot.row.stage == SEPARATING)
        };
        let working = !self.paused && self.slots.values().any(runs);
        match (working, self.working_since) {
            (true, None) => self.working_since = Some(Instant::now()),
            (false, Some(since)) => {
                self.worked += since.elapsed();
                self.working_since = None;
            }
            _ => {}
        }
    }

    fn worked_secs(&self) -> f64 {
        let now = self.working_since.map_or(Duration::ZERO, |at| at.elapsed());
        (self.worked + now).as_secs_f64()
    }

    fn totals(&self) -> Totals {
        let rows = || {
            let row = |id: &usize| self.slot(*id).map(|slot| &slot.row);
            self.order.iter().filter_map(row)
        };
        let songs = rows().count();
        let over = rows().filter(|row| row.state.is_over()).count();
        // A song of unknown length counts as an average one.
        let known: Vec<f64> = rows().filter_map(|row| row.audio_secs).collect();
        let usual = if known.is_empty() {
            1.0
        } else {
            (known.iter().sum::<f64>() / known.len() as f64).max(0.001)
        };
        let work = |row: &Row| row.audio_secs.unwrap_or(usual).max(0.001);
        let all: f64 = rows().map(work).sum();
        let part = |row: &Row| match row.state {
            RowState::Waiting => 0.0,
            RowState::Running => row.fraction * work(row),
            _ => work(row),
        };
        let finished: f64 = rows().map(part).sum();
        let running = rows().filter(|row| row.state == RowState::Running);
        let really_done: f64 = self.done_audio_secs + running.map(part).sum::<f64>();
        let worked_secs = self.worked_secs();
        let longest = rows()
            .filter_map(|row| row.remaining_secs)
            .fold(0.0, f64::max);
        let remaining_secs = (really_done > 0.0 && worked_secs > PACE_SECS && over < songs)
            .then(|| ((all - finished).max(0.0) * worked_secs / really_done).max(longest));
        Totals {
            songs,
            over,
            failed: rows().filter(|r| r.state == RowState::Failed).count(),
            fraction: if all > 0.0 { finished / all } else { 0.0 },
            remaining_secs,
            paused: self.paused,
        }
    }
}
