//! Work off the window's thread: opening, separating, exporting, installing.
//!
//! Named threads, each with a bounded queue: the **loader** opens files and measures them, the
//! **engine** separates and exports in order and owns the loaded network, the **batch** runs queues
//! of songs, makes music and measures, the **trainer** (with the feature `train`) trains networks.
//! All answer over one bounded channel and wake the window after every answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::card_form::CardDraft;
use super::dialogs::Picked;
use super::evaluate::{EvaluateEvent, EvaluateRequest};
use super::listen::{DifferenceRequest, PictureRequest};
use super::reconstruct::ReconstructRequest;
pub use super::separate_request::{Clip2, SeparateRequest};
use super::settings::Tool;
#[cfg(feature = "train")]
use super::train::{LearnEvent, LearnQueue, LearnRequest};
use super::train::{Queue, TrainEvent, TrainRequest};
use super::transfer::{TransferEvent, TransferRequest};
use super::truth::{TruthEvent, TruthRequest};
use super::worker::Worker;
use crate::apply::{Convergence, ExportOptions, SongName, StemFile};
use crate::audio::{AudioInfo, Clip};
use crate::batch::{self, BatchEvent, Board, Entry, Plan, Problem, Recipe, Report, RunSettings};
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
    cancel: CancelToken,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Read a file. `song` and `clip` are the numbers it gets.
    Open {
        /// The song's number.
        song: Id,
        /// The clip's number.
        clip: Id,
        /// The file.
        path: PathBuf,
        /// Which audio track.
        track: Option<usize>,
        /// Whether it is a stem of an open song rather than a song.
        stem: bool,
    },
    /// Split a song.
    Separate(Box<SeparateRequest>),
    /// Make sound of a song's magnitudes.
    Reconstruct(Box<ReconstructRequest>),
    /// Something of the Transfer tool.
    Transfer(Box<TransferRequest>),
    /// Subtract one lane from another.
    Difference(Box<DifferenceRequest>),
    /// Measure the loudness of clips.
    Loudness(Vec<(Id, Clip2)>),
    /// Measure the spectrograms of clips from afar.
    Look(Vec<(Id, Clip2)>),
    /// Draw lanes as they are seen.
    Picture(Box<PictureRequest>),
    /// Write clips to files, and a picture of them with this mixture, in which they start at a frame.
    Export(
        Vec<(String, Clip2)>,
        SongName,
        Box<ExportOptions>,
        Option<(Clip2, usize)>,
    ),
    /// Look for songs in these files and folders, for a batch into a destination.
    LookBatch(Vec<PathBuf>, PathBuf),
    /// Run a batch.
    RunBatch(Box<BatchRequest>),
    /// Put an ONNX file on the shelf, with this card if it has none of its own.
    Adopt(PathBuf, Option<String>),
    /// Download ONNX Runtime.
    Install,
    /// Look for ONNX Runtime and models.
    Scan,
    /// Something for the Train workspace.
    Train(Box<TrainRequest>),
    /// Something of recipes and runs.
    #[cfg(feature = "train")]
    Learn(Box<LearnRequest>),
    /// Something for the Evaluate workspace.
    Evaluate(Box<EvaluateRequest>),
    /// Something about true stems.
    Truth(Box<TruthRequest>),
    /// Remove takes that no session knows any more, except these files.
    Prune(Vec<PathBuf>),
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

/// A batch to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// The songs, in order.
    pub entries: Vec<Entry>,
    /// What is done to each.
    pub recipe: Recipe,
    /// The destination.
    pub out: PathBuf,
    /// How it is run.
    pub settings: RunSettings,
    /// Only look at what is in the way.
    pub only_check: bool,
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
    loader: Option<Sender<(JobId, Request, CancelToken)>>,
    engine: Option<Sender<(JobId, Request, CancelToken)>>,
    batch: Option<Sender<(JobId, Request, CancelToken)>>,
    #[cfg(feature = "train")]
    trainer: Option<Sender<(JobId, Request, CancelToken)>>,
    answers: Receiver<JobEvent>,
    outbox: Sender<JobEvent>,
    threads: Vec<JoinHandle<()>>,
    /// What is queued or running.
    pub running: std::collections::BTreeMap<JobId, Job>,
    next: JobId,
}

impl Jobs {
    /// Starts the threads. `wake` is called after every answer.
    pub fn new(wake: impl Fn() + Send + Sync + Clone + 'static) -> Self {
        let (outbox, answers) = bounded(QUEUE);
        let mut threads = Vec::new();
        let mut start = |name: &str| {
            let (queue, inbox) = bounded::<(JobId, Request, CancelToken)>(QUEUE);
            let worker = Worker::new(outbox.clone(), Arc::new(wake.clone()));
            let spawned = std::thread::Builder::new()
                .name(name.into())
                .spawn(move || worker.run(&inbox));
            threads.extend(spawned.ok());
            Some(queue)
        };
        let (loader, engine, batch) = (start("loader"), start("engine"), start("batch"));
        #[cfg(feature = "train")]
        let trainer = start("trainer");
        Self {
            loader,
            engine,
            batch,
            #[cfg(feature = "train")]
            trainer,
            answers,
            outbox,
            threads,
            running: std::collections::BTreeMap::new(),
            next: 0,
        }
    }

    /// Queues work; answers its number, or none if the queue is full.
    pub fn start(&mut self, name: impl Into<String>, request: Request) -> Option<JobId> {
        self.next += 1;
        let cancel = CancelToken::new();
        let tool = match &request {
            Request::Separate(_) => Some(Tool::Separate),
            Request::Reconstruct(_) => Some(Tool::Reconstruct),
            Request::Transfer(request) => request.tool(),
            _ => None,
        };
        let queue = match &request {
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
            _ => &self.engine,
        };
        queue
            .as_ref()?
            .try_send((self.next, request, cancel.clone()))
            .ok()?;
        self.running.insert(
            self.next,
            Job {
                name: name.into(),
                progress: None,
                tool,
                cancel,
            },
        );
        Some(self.next)
    }

    /// Stops a job; it ends with [`Error::Cancelled`].
    pub fn cancel(&self, id: JobId) {
        if let Some(job) = self.running.get(&id) {
            job.cancel.cancel();
        }
    }

    /// The next answer.
    pub fn answer(&mut self) -> Option<JobEvent> {
        let event = self.answers.try_recv().ok()?;
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
            | JobEvent::Truth(job, _)
            | JobEvent::Failed(job, ..) => {
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
        self.loader = None;
        self.engine = None;
        self.batch = None;
        #[cfg(feature = "train")]
        {
            // A training saves its state before it ends.
            self.trainer = None;
        }
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
