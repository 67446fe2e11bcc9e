//! What the worker threads do with a request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use super::batch::run_batch;
use super::card_form::CardDraft;
use super::jobs::{Clip2, JobEvent, JobId, MadeTake, Request, SeparateRequest};
use super::loaded::KeptNetwork;
use super::queues::Waiting;
use super::sketch::Sketch;
use super::take_work::{self, outlines};
use crate::apply::{self, NetworkUse};
use crate::audio::{AudioInfo, Clip, Decoder, Source as _, sanitise_file_name};
use crate::batch::Plan;
use crate::display::{Overview, PictureSpec, draw_stems};
use crate::error::{Error, Result};
use crate::listen::measure;
use crate::model::proto::GraphSummary;
use crate::model::{InstallOptions, ModelCard, ModelShelf, Runtime, guess, install_runtime};
use crate::progress::{CancelToken, Event, Reporter};
use crate::session::Id;

/// One worker thread.
pub(super) struct Worker {
    outbox: Sender<JobEvent>,
    wake: Arc<dyn Fn() + Send + Sync>,
    kept: KeptNetwork,
}

impl Worker {
    /// A worker that answers into `outbox` and wakes the window by `wake`.
    pub(super) fn new(outbox: Sender<JobEvent>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            outbox,
            wake,
            kept: KeptNetwork::default(),
        }
    }

    /// Works until the queue is closed.
    pub(super) fn run(mut self, inbox: &Receiver<Waiting>) {
        while let Ok(waiting) = inbox.recv() {
            if !waiting.ticket.take() {
                // It was given up while it waited; the window has said so.
                continue;
            }
            let (id, request) = (waiting.id, waiting.request);
            let reporter = self.reporter(id, waiting.cancel);
            let clip = request.clip();
            // A panic in a library is that job's failure, not the window's end.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.work(id, request, &reporter)
            }));
            let outcome = outcome.unwrap_or_else(|_| {
                self.kept.forget();
                Err(Error::setting(
                    "internal error",
                    "this job stopped unexpectedly; the others go on",
                ))
            });
            if let Err(error) = outcome {
                self.send(JobEvent::Failed(id, clip, error));
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
            Request::Open {
                song,
                clip,
                path,
                track,
                stem,
            } => {
                let ids = (!stem).then_some((song, clip));
                let (audio, info) = self.read(&path, track, ids, reporter)?;
                for warning in &info.warnings {
                    reporter.warn(format!("{warning}: {}", path.display()));
                }
                let peaks = outlines(&audio);
                let event = JobEvent::Opened {
                    job: id,
                    song,
                    clip,
                    stem,
                    info: Box::new(info),
                    audio: audio.clone(),
                    peaks,
                };
                self.send(event);
                self.measure(clip, &audio, reporter);
                Ok(())
            }
            Request::Separate(request) => {
                let made = self.separate(&request, reporter)?;
                self.send(JobEvent::TakeMade(id, Box::new(made)));
                Ok(())
            }
            Request::Reconstruct(request) => {
                let watch = |point| {
                    // A point that finds the channel full is not worth waiting for.
                    self.outbox.try_send(JobEvent::Converged(id, point)).ok();
                    (self.wake)();
                };
                let made = request.run(watch, reporter)?;
                self.send(JobEvent::TakeMade(id, Box::new(made)));
                Ok(())
            }
            Request::Transfer(request) => {
                let event = request.run(id, &mut self.kept, reporter)?;
                self.send(event);
                Ok(())
            }
            Request::Difference(request) => {
                let made = request.run(reporter)?;
                self.send(JobEvent::TakeMade(id, Box::new(made)));
                Ok(())
            }
            Request::Loudness(clips) => {
                let mut measured = Vec::new();
                for (clip, Clip2(audio)) in clips {
                    let loudness = measure(&audio, 0..audio.frames(), reporter);
                    reporter.check()?;
                    // One that cannot be measured does not keep the others from it.
                    measured.push((
                        clip,
                        loudness.map_err(|e| reporter.warn(e.to_string())).ok(),
                    ));
                }
                self.send(JobEvent::Loudness(id, measured));
                Ok(())
            }
            Request::Look(clips) => {
                for (clip, Clip2(audio)) in clips {
                    self.measure(clip, &audio, reporter);
                }
                self.send(JobEvent::Ended(id));
                Ok(())
            }
            Request::Picture(request) => {
                request.run(reporter)?;
                self.send(JobEvent::Wrote(id, request.path));
                Ok(())
            }
            Request::Export(clips, song, options, mixture) => {
                let clips: Vec<(String, Clip)> = clips
                    .into_iter()
                    .map(|(name, clip)| (name, clip.0))
                    .collect();
                let picture = sanitise_file_name(&format!("{} [{}]", song.name, song.model));
                let picture = options.folder.join(format!("{picture}.png"));
                if mixture.is_some() && picture.exists() && !options.overwrite {
                    return Err(Error::Exists { path: picture });
                }
                let (files, gain) = apply::export_clips(&clips, &song, &options, reporter)?;
                if let Some((Clip2(mixture), start)) = mixture {
                    reporter.step("Drawing", 0, 0)?;
                    let frames = clips.first().map_or(0, |(_, clip)| clip.frames());
                    let mixture = mixture.cut(start..start + frames)?;
                    let spec = PictureSpec {
                        height: 220,
                        ..PictureSpec::default()
                    };
                    let drawn = draw_stems(&mixture, &clips, &spec, || reporter.check())?;
                    drawn.write_png(&picture, options.overwrite)?;
                }
                self.send(JobEvent::Exported(id, files, gain));
                Ok(())
            }
            Request::LookBatch(inputs, out) => {
                let (jobs, problems) = Plan::look(&inputs, &out, reporter)?;
                self.send(JobEvent::BatchLooked(id, jobs, problems));
                Ok(())
            }
            Request::RunBatch(request) => {
                let over = run_batch(&request, &self.outbox, &self.wake, reporter)?;
                self.send(JobEvent::BatchOver(id, over));
                Ok(())
            }
            Request::Adopt(path, card) => self.adopt(id, &path, card),
            Request::Install => {
                install_runtime(InstallOptions::default(), reporter)?;
                self.scan(id);
                Ok(())
            }
            Request::Train(request) => {
                let event = request.run(id, reporter)?;
                self.send(event);
                Ok(())
            }
            Request::Evaluate(request) => {
                let tell = |event| self.send(JobEvent::Evaluate(id, Box::new(event)));
                let last = request.run(id, &tell, reporter)?;
                self.send(last);
                Ok(())
            }
            Request::Truth(request) => {
                let event = request.run(reporter)?;
                self.send(JobEvent::Truth(id, Box::new(event)));
                Ok(())
            }
            #[cfg(feature = "train")]
            Request::Learn(request) => request.run(id, &self.outbox, &self.wake, reporter),
            Request::Prune(used) => {
                prune(&used);
                self.send(JobEvent::Ended(id));
                Ok(())
            }
            Request::Scan => {
                self.scan(id);
                Ok(())
            }
        }
    }

    /// Copies a network with a good card into the models folder, or asks for the card.
    fn adopt(&self, id: JobId, path: &Path, card: Option<String>) -> Result<()> {
        let graph = GraphSummary::read(path)?;
        let checked = match &card {
            Some(text) => ModelCard::from_toml(text, path).and_then(|card| {
                card.check_graph(&graph, path)?;
                Ok(card)
            }),
            None => ModelShelf::default()
                .find(&path.display().to_string(), &[])
                .map(|(_, card)| card),
        };
        let good = match checked {
            Ok(good) => good,
            Err(error) => {
                let guessed = guess(&graph, path);
                let problem = match &card {
                    Some(_) => error.to_string(),
                    None => format!("Look at: {}", guessed.uncertain.join(", ")),
                };
                let text = card.map_or_else(|| guessed.card.to_toml(), Ok)?;
                let draft = CardDraft {
                    path: path.into(),
                    text,
                    problem,
                };
                self.send(JobEvent::CardWanted(id, draft));
                return Ok(());
            }
        };
        let folder = crate::paths::data_dir().join("models");
        std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        let target = folder.join(format!("{}.onnx", good.id));
        if target != path {
            if target.exists() {
                return Err(Error::Exists { path: target });
            }
            std::fs::copy(path, &target).map_err(Error::io("copy the model to", &target))?;
        }
        let sidecar = target.with_extension("card.toml");
        std::fs::write(&sidecar, good.to_toml()?).map_err(Error::io("write", &sidecar))?;
        self.scan(id);
        Ok(())
    }

    /// Reads a file. A song (`ids`: its number and its clip's) is announced as soon as its length is
    /// known, and its outline is sent while it grows.
    fn read(
        &self,
        path: &Path,
        track: Option<usize>,
        ids: Option<(Id, Id)>,
        reporter: &Reporter,
    ) -> Result<(Clip, AudioInfo)> {
        if apply::is_picture(path) {
            return apply::open_picture(path, reporter);
        }
        let decoder = Decoder::open(path, track)?;
        let total = decoder.frames_hint().unwrap_or(0);
        let ids = ids.filter(|_| total > 0);
        if let Some((song, clip)) = ids {
            let info = Box::new(decoder.info().clone());
            self.send(JobEvent::Announced(song, clip, info));
        }
        let mut sketch = Sketch::new(total);
        let mut shown = Instant::now();
        decoder.read_all(reporter, |block| {
            let Some((_, clip)) = ids else { return };
            sketch.add(block);
            if shown.elapsed() > SKETCH_EVERY {
                shown = Instant::now();
                self.send(JobEvent::Sketched(clip, Arc::new(sketch.parts.clone())));
            }
        })
    }

    fn scan(&self, id: JobId) {
        self.send(JobEvent::Scanned(
            id,
            Box::new(Runtime::status()),
            ModelShelf::scan(),
        ));
    }

    fn measure(&self, clip: Id, audio: &Clip, reporter: &Reporter) {
        if let Some(overview) = Overview::new(audio, || reporter.check().is_ok()) {
            self.send(JobEvent::Measured(clip, Arc::new(overview)));
        }
    }

    fn separate(&mut self, request: &SeparateRequest, reporter: &Reporter) -> Result<MadeTake> {
        if apply::is_weight_free(&request.model) {
            let mut separator = apply::builtin::create(&request.model, &request.params)?;
            return take_work::separate(separator.as_mut(), None, request, reporter);
        }
        let (model, device) = (&request.model, &request.device);
        let (network, sha256) = self
            .kept
            .open(NetworkUse::Separate, model, device, reporter)?;
        take_work::separate(network, Some(sha256), request, reporter)
    }
}

/// Time between two looks at a song that is being read.
const SKETCH_EVERY: Duration = Duration::from_millis(150);
/// Days after which a take that no session names is removed.
const KEPT_DAYS: u64 = 7;

/// Removes folders of takes that are old and not among the files in use.
fn prune(used: &[PathBuf]) {
    let Ok(folders) = std::fs::read_dir(crate::paths::cache_dir().join("takes")) else {
        return;
    };
    for folder in folders.flatten() {
        let path = folder.path();
        let age = folder
            .metadata()
            .and_then(|m| m.modified())
            .ok()
            .and_then(|t| t.elapsed().ok());
        let old = age.is_some_and(|age| age.as_secs() > KEPT_DAYS * 86_400);
        if old && !used.iter().any(|file| file.starts_with(&path)) {
            // What cannot be removed now will be tried again at the next start.
            std::fs::remove_dir_all(&path).ok();
        }
    }
}
