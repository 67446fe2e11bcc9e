//! Batches made ahead. Threads are started here: examples are made while a network works on others,
//! and rayon's pool has nobody who waits in order.
//!
//! ```text
//! thread 0: batch 0 ─► slot 0 ┐
//! thread 1: batch 1 ─► slot 1 ├─► next(): slots in turn, so batches come in order
//! thread 0: batch 2 ─► slot 0 ┘
//! ```
//!
//! A slot holds nothing by itself: a thread waits with its batch until it is taken. So there are never
//! more batches than threads, and the one that was taken last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::ExampleSet;
use crate::dataset::multitrack::Split;
use crate::error::{Error, Result};

/// Several examples at once.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleBatch {
    /// How many examples.
    pub size: usize,
    /// `[size][channels][height][columns]`.
    pub input: Vec<f32>,
    /// `[size][channels][height][columns]`.
    pub target: Vec<f32>,
    /// Which batch of the epoch, from 0.
    pub number: usize,
}

/// The batches of an epoch in the order of [`ExampleSet::order`], made ahead by threads. An error
/// comes after the good batches before it and ends the stream. Dropping it stops the threads as soon
/// as they have finished the example that each is at.
pub struct ExampleStream {
    slots: Vec<Receiver<Result<ExampleBatch>>>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    failure: Option<Error>,
    first: usize,
    next: usize,
    end: usize,
    batches: usize,
}

/// What every thread needs.
#[derive(Clone)]
struct Work {
    set: Arc<ExampleSet>,
    split: Split,
    epoch: u64,
    batch_size: usize,
    order: Arc<Vec<u32>>,
    stop: Arc<AtomicBool>,
}

impl ExampleStream {
    /// Starts with batch `first_batch` of the epoch and ends before `last_batch`, or with the epoch.
    ///
    /// An incomplete last batch is left out of training (unless it is the only one) and kept
    /// otherwise. `batch_size` and `threads` are 1 at least.
    pub fn new(
        set: Arc<ExampleSet>,
        split: Split,
        epoch: u64,
        batch_size: usize,
        first_batch: usize,
        last_batch: Option<usize>,
        threads: usize,
    ) -> Self {
        let batch_size = batch_size.max(1);
        let batches = batches(set.len(split), batch_size, split);
        let end = last_batch.map_or(batches, |last| last.min(batches));
        let first = first_batch.min(end);
        let mut stream = Self {
            slots: Vec::new(),
            threads: Vec::new(),
            stop: Arc::new(AtomicBool::new(false)),
            failure: None,
            first,
            next: first,
            end,
            batches,
        };
        let work = Work {
            order: Arc::new(set.order(split, epoch)),
            set,
            split,
            epoch,
            batch_size,
            stop: Arc::clone(&stream.stop),
        };
        let threads = threads.clamp(1, (end - first).max(1));
        for thread in 0..threads.min(end - first) {
            let (slot, taken) = sync_channel(0);
            let work = work.clone();
            let numbers = (first + thread..end).step_by(threads);
            let started = std::thread::Builder::new()
                .name(format!("examples-{thread}"))
                .spawn(move || work.run(numbers, &slot));
            match started {
                Ok(handle) => {
                    stream.threads.push(handle);
                    stream.slots.push(taken);
                }
                Err(error) => {
                    stream.failure = Some(Error::io("start a thread for", "examples")(error));
                    break;
                }
            }
        }
        stream
    }

    /// Batches of the whole epoch, whatever part of it this stream gives.
    pub fn batches(&self) -> usize {
        self.batches
    }

    /// Nothing more comes; the threads end.
    fn close(&mut self) {
        self.next = self.end;
        self.stop.store(true, Ordering::Relaxed);
        // Whoever waits for its batch to be taken now knows better.
        self.slots.clear();
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

/// Batches of so many examples.
fn batches(examples: usize, batch_size: usize, split: Split) -> usize {
    let whole = examples / batch_size;
    match split {
        Split::Train if whole > 0 => whole,
        _ => examples.div_ceil(batch_size),
    }
}

impl Work {
    fn run(&self, numbers: impl Iterator<Item = usize>, slot: &SyncSender<Result<ExampleBatch>>) {
        for number in numbers {
            let Some(batch) = self.batch(number).transpose() else {
                return;
            };
            let is_over = batch.is_err();
            if slot.send(batch).is_err() || is_over {
                return;
            }
        }
    }

    /// One batch; `None` if nobody wants it any more.
    fn batch(&self, number: usize) -> Result<Option<ExampleBatch>> {
        let shapes = self.set.shapes();
        let from = number * self.batch_size;
        let to = (from + self.batch_size).min(self.order.len());
        let values =
            |shape: [usize; 3]| Vec::with_capacity((to - from) * shape.iter().product::<usize>());
        let (mut input, mut target) = (values(shapes.input), values(shapes.target));
        for index in &self.order[from..to] {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let example = self.set.make(self.split, self.epoch, *index as usize)?;
            input.extend(example.input);
            target.extend(example.target);
        }
        Ok(Some(ExampleBatch {
            size: to - from,
            input,
            target,
            number,
        }))
    }
}

impl Iterator for ExampleStream {
    type Item = Result<ExampleBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failure.take() {
            self.close();
            return Some(Err(error));
        }
        if self.next >= self.end {
            return None;
        }
        let slot = (self.next - self.first) % self.slots.len().max(1);
        let batch = self.slots.get(slot).and_then(|slot| slot.recv().ok());
        // A thread only ends early by a fault of the program.
        let batch = batch.unwrap_or_else(|| {
            let problem = "a thread ended before its time; start again";
            Err(Error::setting("examples", problem))
        });
        match batch {
            Ok(batch) => {
                self.next += 1;
                Some(Ok(batch))
            }
            Err(error) => {
                self.close();
                Some(Err(error))
            }
        }
    }
}

impl Drop for ExampleStream {
    fn drop(&mut self) {
        self.close();
    }
}
