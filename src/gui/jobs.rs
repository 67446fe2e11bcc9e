//! Work off the window's thread: opening, separating, exporting, installing.
//!
//! Two named threads, each with a bounded queue: the **loader** opens files and measures them, the
//! **engine** separates and exports in order and owns the loaded network. Both answer over one
//! bounded channel and wake the window after every answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::dialogs::Picked;
use crate::apply::{
    self, BUILTIN_IDS, ExportOptions, FileSink, MemorySink, Network, Params, PeakRule, PostProcess, Region,
    SeparateOptions, Separation, Separator, SongName, StemFile,
};
use crate::audio::{AudioFormat, AudioInfo, Clip, decode};
use crate::display::{Overview, PeakPyramid};
use crate::error::{Error, Result};
use crate::model::{Device, InstallOptions, ModelShelf, OnnxModel, Runtime, RuntimeStatus, install_runtime};
use crate::progress::{CancelToken, Event, Progress, Reporter};
use crate::session::Id;

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
    cancel: CancelToken,
}

/// Why a separation is run.
#[derive(Debug, Clone, PartialEq)]
pub struct SeparateRequest {
    /// The song.
    pub song: Id,
    /// Its audio.
    pub clip: Clip2,
    /// The model's id.
    pub model: String,
    /// Its settings.
    pub params: Params,
    /// The device.
    pub device: Device,
    /// The stretch.
    pub region: Option<Region>,
    /// Steps afterwards.
    pub post: Vec<PostProcess>,
    /// Where the stems are kept; none for a preview.
    pub folder: Option<PathBuf>,
}

/// A clip that compares by nothing, so that requests can be compared in tests.
#[derive(Debug, Clone)]
pub struct Clip2(pub Clip);

impl PartialEq for Clip2 {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
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
    /// Write clips to files.
    Export(Vec<(String, Clip2)>, SongName, Box<ExportOptions>),
    /// Download ONNX Runtime.
    Install,
    /// Look for ONNX Runtime and models.
    Scan,
}

/// What comes back.
pub enum JobEvent {
    /// How far a job is.
    Progress(JobId, Progress),
    /// Something to know.
    Warning(String),
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
    /// A song was split.
    Separated {
        /// The job.
        job: JobId,
        /// What was asked.
        request: Box<SeparateRequest>,
        /// What was done.
        done: Separation,
        /// The stems: name, file (if kept), audio, outlines.
        stems: Vec<(String, Option<PathBuf>, Clip, Arc<Vec<PeakPyramid>>)>,
    },
    /// Files were written; all lowered by this gain.
    Exported(JobId, Vec<StemFile>, f32),
    /// ONNX Runtime and models were looked for.
    Scanned(JobId, Box<RuntimeStatus>, ModelShelf),
    /// A job failed.
    Failed(JobId, Error),
    /// A file dialog was closed.
    Picked(Picked),
}

/// Sends work and takes answers.
pub struct Jobs {
    loader: Option<Sender<(JobId, Request, CancelToken)>>,
    engine: Option<Sender<(JobId, Request, CancelToken)>>,
    answers: Receiver<JobEvent>,
    outbox: Sender<JobEvent>,
    threads: Vec<JoinHandle<()>>,
    /// What is queued or running.
    pub running: std::collections::BTreeMap<JobId, Job>,
    next: JobId,
}

impl Jobs {
    /// Starts both threads. `wake` is called after every answer.
    pub fn new(wake: impl Fn() + Send + Sync + Clone + 'static) -> Self {
        let (outbox, answers) = bounded(QUEUE);
        let mut threads = Vec::new();
        let mut start = |name: &str| {
            let (queue, inbox) = bounded::<(JobId, Request, CancelToken)>(QUEUE);
            let worker = Worker { outbox: outbox.clone(), wake: Arc::new(wake.clone()), network: None };
            let spawned = std::thread::Builder::new().name(name.into()).spawn(move || worker.run(&inbox));
            threads.extend(spawned.ok());
            Some(queue)
        };
        let (loader, engine) = (start("loader"), start("engine"));
        Self { loader, engine, answers, outbox, threads, running: std::collections::BTreeMap::new(), next: 0 }
    }

    /// Queues work; answers its number, or none if the queue is full.
    pub fn start(&mut self, name: impl Into<String>, request: Request) -> Option<JobId> {
        self.next += 1;
        let cancel = CancelToken::new();
        let queue = match request {
            Request::Open { .. } | Request::Scan => &self.loader,
            _ => &self.engine,
        };
        queue.as_ref()?.try_send((self.next, request, cancel.clone())).ok()?;
        self.running.insert(self.next, Job { name: name.into(), progress: None, cancel });
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
            | JobEvent::Separated { job, .. }
            | JobEvent::Exported(job, ..)
            | JobEvent::Scanned(job, ..)
            | JobEvent::Failed(job, _) => {
                self.running.remove(job);
            }
            JobEvent::Warning(..) | JobEvent::Measured(..) | JobEvent::Picked(_) => {}
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

struct Worker {
    outbox: Sender<JobEvent>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The network of the last separation: model, device, graph.
    network: Option<(String, Device, Network)>,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<(JobId, Request, CancelToken)>) {
        while let Ok((id, request, cancel)) = inbox.recv() {
            let reporter = self.reporter(id, cancel);
            // A panic in a library is that job's failure, not the window's end.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(id, request, &reporter)));
            let outcome = outcome.unwrap_or_else(|_| {
                self.network = None;
                Err(Error::setting("internal error", "this job stopped unexpectedly; the others go on"))
            });
            if let Err(error) = outcome {
                self.send(JobEvent::Failed(id, error));
            }
        }
    }

    fn send(&self, event: JobEvent) {
        // An error means that the window is gone.
        self.outbox.send(event).ok();
        (self.wake)();
    }

    fn reporter(&self, id: JobId, cancel: CancelToken) -> Reporter {
        let (outbox, wake) = (self.outbox.clone(), Arc::clone(&self.wake));
        Reporter::new(cancel, move |event| {
            match event {
                // A progress that finds the channel full is not worth waiting for.
                Event::Progress(progress) => outbox.try_send(JobEvent::Progress(id, progress)).ok(),
                Event::Warning(text) => outbox.send(JobEvent::Warning(text)).ok(),
            };
            wake();
        })
    }

    fn work(&mut self, id: JobId, request: Request, reporter: &Reporter) -> Result<()> {
        reporter.check()?;
        match request {
            Request::Open { song, clip, path, track, stem } => {
                let (audio, info) = decode(&path, track, reporter)?;
                for warning in &info.warnings {
                    reporter.warn(format!("{warning}: {}", path.display()));
                }
                let peaks = outlines(&audio);
                let event = JobEvent::Opened { job: id, song, clip, stem, info: Box::new(info), audio: audio.clone(), peaks };
                self.send(event);
                self.measure(clip, &audio, reporter);
                Ok(())
            }
            Request::Separate(request) => {
                let (done, stems) = self.separate(&request, reporter)?;
                self.send(JobEvent::Separated { job: id, request, done, stems });
                Ok(())
            }
            Request::Export(clips, song, options) => {
                let clips: Vec<(String, Clip)> = clips.into_iter().map(|(name, clip)| (name, clip.0)).collect();
                let (files, gain) = apply::export_clips(&clips, &song, &options, reporter)?;
                self.send(JobEvent::Exported(id, files, gain));
                Ok(())
            }
            Request::Install => {
                install_runtime(InstallOptions::default(), reporter)?;
                self.scan(id);
                Ok(())
            }
            Request::Scan => {
                self.scan(id);
                Ok(())
            }
        }
    }

    fn scan(&self, id: JobId) {
        self.send(JobEvent::Scanned(id, Box::new(Runtime::status()), ModelShelf::scan()));
    }

    fn measure(&self, clip: Id, audio: &Clip, reporter: &Reporter) {
        if let Some(overview) = Overview::new(audio, || reporter.check().is_ok()) {
            self.send(JobEvent::Measured(clip, Arc::new(overview)));
        }
    }

    #[allow(clippy::type_complexity)] // the event's own fields
    fn separate(
        &mut self,
        request: &SeparateRequest,
        reporter: &Reporter,
    ) -> Result<(Separation, Vec<(String, Option<PathBuf>, Clip, Arc<Vec<PeakPyramid>>)>)> {
        let clip = &request.clip.0;
        let options = SeparateOptions { region: request.region, post: request.post.clone(), ..Default::default() };
        let mut weight_free;
        let separator: &mut dyn Separator = if BUILTIN_IDS.contains(&request.model.as_str()) {
            weight_free = apply::builtin::create(&request.model, &request.params)?;
            weight_free.as_mut()
        } else {
            self.network(&request.model, &request.device, reporter)?
        };
        let mut source = clip.reader(0..clip.frames());
        let Some(folder) = &request.folder else {
            let mut sink = MemorySink::new();
            let done = apply::separate(&mut source, separator, &options, &mut sink, reporter)?;
            let stems = sink.finish()?.into_iter().map(|(name, clip)| {
                let peaks = outlines(&clip);
                (name, None, clip, peaks)
            });
            return Ok((done, stems.collect()));
        };
        let export = ExportOptions {
            folder: folder.clone(),
            format: AudioFormat::Wav32f,
            pattern: "{stem}".into(),
            sample_rate_hz: None,
            peaks: PeakRule::Keep,
            overwrite: false,
        };
        let names: Vec<String> = separator.stems().into_iter().chain(separator.residual()).collect();
        let song = SongName::default();
        let shape = (clip.sample_rate_hz(), clip.num_channels());
        export.check(&song, &names, shape, Some(clip.frames() as u64))?;
        let mut sink = FileSink::new(export, song);
        let done = apply::separate(&mut source, separator, &options, &mut sink, reporter)?;
        let (files, _) = sink.finish(reporter)?;
        let stems = files
            .into_iter()
            .map(|file| {
                let (clip, _) = decode(&file.path, None, reporter)?;
                let peaks = outlines(&clip);
                Ok((file.name, Some(file.path), clip, peaks))
            })
            .collect::<Result<_>>()?;
        Ok((done, stems))
    }

    /// The network, kept from the last job where it is the same.
    fn network(&mut self, model: &str, device: &Device, reporter: &Reporter) -> Result<&mut dyn Separator> {
        let same = self.network.as_ref().is_some_and(|(m, d, _)| m == model && d == device);
        if !same {
            self.network = None;
            reporter.step("Loading the model", 0, 0)?;
            let (path, card) = ModelShelf::scan().find(model, &BUILTIN_IDS)?;
            let network = Network::new(OnnxModel::load(&path, device, 0)?, card)?;
            if let Some(reason) = network.model().device_reason().filter(|_| network.device() == "cpu") {
                if !reason.contains("no GPU provider") {
                    reporter.warn(format!("running on the processor: {reason}"));
                }
            }
            self.network = Some((model.to_owned(), device.clone(), network));
        }
        match &mut self.network {
            Some((_, _, network)) => Ok(network),
            None => Err(Error::setting("model", "could not be kept in memory")),
        }
    }
}

fn outlines(clip: &Clip) -> Arc<Vec<PeakPyramid>> {
    Arc::new(clip.channels().into_iter().map(PeakPyramid::new).collect())
}
