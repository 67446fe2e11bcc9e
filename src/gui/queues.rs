//! The queues of the worker threads: which work waits in which of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;

use super::jobs::{JobId, Request};
#[cfg(feature = "train")]
use super::train::LearnQueue;
use super::train::Queue;
use crate::progress::CancelToken;

/// Work that waits in a queue.
pub(super) struct Waiting {
    /// Its number.
    pub(super) id: JobId,
    /// What is asked for.
    pub(super) request: Request,
    /// What stops it once it was begun.
    pub(super) cancel: CancelToken,
    /// Whether it is begun at all.
    pub(super) ticket: Ticket,
}

/// Lies between the worker that would begin with some work and the person who gives it up before:
/// whoever takes it first decides.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket(Arc<AtomicBool>);

impl Ticket {
    /// Takes it; answers whether nobody had it before.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// A queue per thread.
pub(super) struct Queues {
    /// What a person waits for: files are opened, sounds are read.
    pub(super) loader: Sender<Waiting>,
    /// What takes some time, in order.
    pub(super) engine: Sender<Waiting>,
    /// What may take the night.
    pub(super) batch: Sender<Waiting>,
    /// What is measured beside other work: takes against true stems, methods against each other.
    pub(super) measure: Sender<Waiting>,
    /// Trainings.
    #[cfg(feature = "train")]
    pub(super) trainer: Sender<Waiting>,
}

impl Queues {
    /// The queue in which a request waits.
    pub(super) fn of(&self, request: &Request) -> &Sender<Waiting> {
        match request {
            Request::Train(request) => match request.queue() {
                Queue::Loader => &self.loader,
                Queue::Engine => &self.engine,
                Queue::Batch => &self.batch,
            },
            #[cfg(feature = "train")]
            Request::Learn(request) => match request.queue() {
                LearnQueue::Loader => &self.loader,
                LearnQueue::Engine => &self.engine,
                LearnQueue::Trainer => &self.trainer,
            },
            Request::Open { .. }
            | Request::LookBatch(..)
            | Request::Loudness(_)
            | Request::Look(_) => &self.loader,
            Request::RunBatch(_) => &self.batch,
            Request::Transfer(request) if request.is_short() => &self.loader,
            Request::Evaluate(request) if request.is_long() => &self.batch,
            Request::Evaluate(request) if request.is_comparison() => &self.measure,
            // Takes are measured unasked: nothing that was asked for waits for that.
            Request::Truth(_) => &self.measure,
            _ => &self.engine,
        }
    }
}
