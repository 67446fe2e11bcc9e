//! Work off the window's thread: opening, separating, exporting, installing.
//!
//! Named threads, each with a bounded queue: the **loader** opens files and measures them, the
//! **engine** separates and exports in order and owns the loaded network, the **batch** runs queues
//! of songs, makes music and measures methods, **measure** measures takes and compares methods, the
//! **trainer** (with the feature `train`) trains networks. All answer over one bounded channel and
//! wake the window after every answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::card_form::CardDraft;
use super::dialogs::Picked;
use super::evaluate::EvaluateEvent;
use super::queues::{Queues, Ticket, Waiting};
pub use super::requests::{BatchRequest, Request};
pub use super::separate_request::{Clip2, SeparateRequest};
use super::settings::Tool;
#[cfg(feature = "train")]
use super::train::LearnEvent;
use super::train::TrainEvent;
use super::transfer::TransferEvent;
use super::truth::TruthEvent;
use super::worker::Worker;
use crate::apply::{Convergence, StemFile};
use crate::audio::{AudioInfo, Clip};
use crate::batch::{self, BatchEvent, Board, Plan, Problem, Report};
use crate::display::{Overview, Peak, PeakPyramid};
use crate::error::Error;
use crate::listen::Loudness;
use crate::model::{ModelShelf, RuntimeStatus};
use crate::progress::{CancelToken, Progress};
use crate::session::{Id, Take};

/// Number of a job.
pub type JobId = u64;

const QUEUE: usize = 256;

/// A job as the window shows it.
#[derive(Debug, Clone)]
pub struct Job {
    /// What it does, for people.
    pub name: String,
    /// How far it is; none while it waits.
    pub progress: Option<Progress>,
    /// The tool it belongs to.
    pub tool: Option<Tool>,
    /// The song that it is done for, and the clip that it reads.
    of: (Option<Id>, Option<Id>),
    cancel: CancelToken,
    ticket: Ticket,
}

/// What a take's work gives: the take without number and name, its sounds, and where they start.
pub struct MadeTake {
    /// The song.
    pub song: Id,
    /// What was done.
    pub take: Take,
    /// What came out.
    pub sounds: Stems,
    /// Where in the song it starts, in seconds.
    pub offset_secs: f64,
    /// The outcome in one sentence.
    pub said: String,
}

/// Stems of a separation: name, file (if kept), audio, outlines.
pub type Stems = Vec<(String, Option<PathBuf>, Clip, Arc<Vec<PeakPyramid>>)>;

/// What comes back.
pub enum JobEvent {
    /// How far a job is.
    Progress(JobId, Progress),
    /// Something to know.
    Warning(String),
    /// A song's header was read; its audio follows.
    Announced(Id, Id, Box<AudioInfo>),
    /// The outline of what was read of a clip so far, in equal parts of the whole.
    Sketched(Id, Arc<Vec<Peak>>),
    /// A file was read.
    Opened {
        /// The job.
        job: JobId,
        /// The request's numbers.
        song: Id,
        /// The clip's number.
        clip: Id,
        /// Whether it is a stem.
        stem: bool,
        /// What the file is.
        info: Box<AudioInfo>,
        /// Its audio.
        audio: Clip,
        /// Its outlines.
        peaks: Arc<Vec<PeakPyramid>>,
    },
    /// A clip's spectrogram was measured.
    Measured(Id, Arc<Overview>),
    /// A take was made.
    TakeMade(JobId, Box<MadeTake>),
    /// How far an iterative reconstruction is.
    Converged(JobId, Convergence),
    /// How loud clips are, where it could be measured.
    Loudness(JobId, Vec<(Id, Option<Loudness>)>),
    /// Files were written; all lowered by this gain.
    Exported(JobId, Vec<StemFile>, f32),
    /// ONNX Runtime and models were looked for.
    Scanned(JobId, Box<RuntimeStatus>, ModelShelf),
    /// A network needs a card: a draft and what is wrong with it.
    CardWanted(JobId, CardDraft),
    /// Songs were found for a batch.
    BatchLooked(JobId, Vec<batch::Job>, Vec<Problem>),
    /// What was found before a batch, and where it goes.
    BatchPlanned(Box<Plan>),
    /// A batch begins: its board.
    BatchStarted(Arc<Board>),
    /// Something happened in it.
    Batch(BatchEvent),
    /// It is over; the report and its file, if it ran.
    BatchOver(JobId, Option<(Report, PathBuf)>),
    /// A job failed.
    Failed(JobId, Option<Id>, Error),
    /// A job ended without anything to tell.
    Ended(JobId),
    /// A file was written.
    Wrote(JobId, PathBuf),
    /// Something for the Train workspace was done.
    Train(JobId, Box<TrainEvent>),
    /// Something of the Transfer tool was done.
    Transfer(JobId, Box<TransferEvent>),
    /// Something of recipes and runs, done or on the way.
    #[cfg(feature = "train")]
    Learn(JobId, Box<LearnEvent>),
    /// Something happened in a job of the Evaluate workspace, which goes on.
    Evaluate(JobId, Box<EvaluateEvent>),
    /// Something about true stems was done.
    Truth(JobId, Box<TruthEvent>),
    /// A file dialog was closed.
    Picked(Picked),
}

/// Sends work and takes answers.
pub struct Jobs {
    queues: Option<Queues>,
    answers: Receiver<JobEvent>,
    outbox: Sender<JobEvent>,
    threads: Vec<JoinHandle<()>>,
    /// What is queued or running.
    pub running: BTreeMap<JobId, Job>,
    /// Ends of jobs that were given up before they were begun.
    given_up: VecDeque<JobEvent>,
    /// Jobs of whose end nobody wants to hear.
    forgotten: BTreeSet<JobId>,
    next: JobId,
}

impl Jobs {
    /// Starts the threads. `wake` is called after every answer.
    pub fn new(wake: impl Fn() + Send + Sync + Clone + 'static) -> Self {
        let (outbox, answers) = bounded(QUEUE);
        let mut threads = Vec::new();
        let mut start = |name: &str| {
            let (queue, inbox) = bounded::<Waiting>(QUEUE);
            let worker = Worker::new(outbox.clone(), Arc::new(wake.clone()));
            let spawned = std::thread::Builder::new()
                .name(name.into())
                .spawn(move || worker.run(&inbox));
            threads.extend(spawned.ok());
            queue
        };
        let queues = Queues {
            loader: start("loader"),
            engine: start("engine"),
            batch: start("batch"),
            measure: start("measure"),
            #[cfg(feature = "train")]
            trainer: start("trainer"),
        };
        Self {
            queues: Some(queues),
            answers,
            outbox,
            threads,
            running: BTreeMap::new(),
            given_up: VecDeque::new(),
            forgotten: BTreeSet::new(),
            next: 0,
        }
    }

    /// Queues work; answers its number, or none if the queue is full.
    pub fn start(&mut self, name: impl Into<String>, request: Request) -> Option<JobId> {
        self.next += 1;
        let (cancel, ticket) = (CancelToken::new(), Ticket::default());
        let of = (request.song(), request.clip());
        let tool = match &request {
            Request::Separate(_) => Some(Tool::Separate),
            Request::Reconstruct(_) => Some(Tool::Reconstruct),
            Request::Transfer(request) => request.tool(),
            _ => None,
        };
        let queue = self.queues.as_ref()?.of(&request);
        let waiting = Waiting {
            id: self.next,
            request,
            cancel: cancel.clone(),
            ticket: ticket.clone(),
        };
        queue.try_send(waiting).ok()?;
        self.running.insert(
            self.next,
            Job {
                name: name.into(),
                progress: None,
                tool,
                of,
                cancel,
                ticket,
            },
        );
        Some(self.next)
    }

    /// Stops a job; it ends with [`Error::Cancelled`], at once if it only waits.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(job) = self.running.get(&id) {
            job.cancel.cancel();
            if job.ticket.take() {
                let end = JobEvent::Failed(id, job.of.1, Error::Cancelled);
                self.given_up.push_back(end);
            }
        }
    }

    /// Stops a job, and nothing is said of it: nobody asked for its end.
    pub fn forget(&mut self, id: JobId) {
        if self.running.contains_key(&id) {
            self.forgotten.insert(id);
            self.cancel(id);
        }
    }

    /// Forgets what is made of a song.
    pub fn forget_song(&mut self, song: Id) {
        let of_song = self.running.iter();
        let of_song = of_song.filter(|(_, job)| job.of.0 == Some(song));
        let of_song: Vec<JobId> = of_song.map(|(id, _)| *id).collect();
        of_song.into_iter().for_each(|id| self.forget(id));
    }

    /// Whether nothing is to be said of a job that failed; asked once.
    pub fn was_forgotten(&mut self, id: JobId) -> bool {
        self.forgotten.remove(&id)
    }

    /// The next answer.
    pub fn answer(&mut self) -> Option<JobEvent> {
        let event = match self.given_up.pop_front() {
            Some(event) => event,
            None => self.answers.try_recv().ok()?,
        };
        match &event {
            JobEvent::Progress(id, progress) => {
                if let Some(job) = self.running.get_mut(id) {
                    job.progress = Some(progress.clone());
                }
            }
            JobEvent::Opened { job, .. }
            | JobEvent::TakeMade(job, _)
            | JobEvent::Loudness(job, _)
            | JobEvent::Exported(job, ..)
            | JobEvent::Scanned(job, ..)
            | JobEvent::CardWanted(job, _)
            | JobEvent::BatchLooked(job, ..)
            | JobEvent::BatchOver(job, _)
            | JobEvent::Ended(job)
            | JobEvent::Wrote(job, _)
            | JobEvent::Train(job, _)
            | JobEvent::Transfer(job, _)
            | JobEvent::Truth(job, _) => {
                self.running.remove(job);
                self.forgotten.remove(job);
            }
            JobEvent::Failed(job, ..) => {
                self.running.remove(job);
            }
            #[cfg(feature = "train")]
            JobEvent::Learn(job, event) => {
                if event.is_last() {
                    self.running.remove(job);
                }
            }
            JobEvent::Warning(..)
            | JobEvent::Converged(..)
            | JobEvent::Evaluate(..)
            | JobEvent::Announced(..)
            | JobEvent::Sketched(..)
            | JobEvent::Measured(..)
            | JobEvent::BatchPlanned(_)
            | JobEvent::BatchStarted(_)
            | JobEvent::Batch(_)
            | JobEvent::Picked(_) => {}
        }
        Some(event)
    }

    /// Where dialogs answer.
    pub fn outbox(&self) -> Sender<JobEvent> {
        self.outbox.clone()
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.running.values().for_each(|job| job.cancel.cancel());
        // A training saves its state before it ends.
        self.queues = None;
        // A worker may wait for room in the answers while the window no longer takes any.
        let drain = self.answers.clone();
        for thread in self.threads.drain(..) {
            while !thread.is_finished() {
                drain.try_iter().for_each(drop);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            thread.join().ok();
        }
    }
}
