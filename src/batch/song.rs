//! One song of a queue, from its file to its checked results.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::board::Board;
use super::kit::{Kit, digest};
use super::ledger::{Ledger, file_digest};
use super::mixdown::MixSink;
use super::names::{export_options, name_files};
use super::picture::draw_result;
use super::plan::{Job, Plan};
use super::recipe::Existing;
use super::report::{FileReport, OutputFile};
use super::row::{BatchEvent, RowState};
use crate::apply::{self, FileSink, SeparateOptions, StemFile, peak_warnings, song_name};
use crate::audio::{Decoder, Source as _, part_prefix};
use crate::error::{Error, Result};
use crate::progress::{CancelToken, Event, Reporter};

/// What every song of a run needs.
pub(super) struct Desk<'a> {
    pub(super) plan: &'a Plan,
    pub(super) kit: &'a Kit,
    pub(super) ledger: Ledger,
    /// Files that earlier runs wrote, and from what.
    pub(super) known: HashMap<PathBuf, PathBuf>,
    /// Does everything again, whole or not.
    pub(super) redo: bool,
    pub(super) board: std::sync::Arc<Board>,
    pub(super) tell: std::sync::Arc<dyn Fn(BatchEvent) + Send + Sync>,
}

/// How a song ended, other than by failing.
pub(super) enum Ending {
    /// With a report.
    Over(Box<FileReport>),
    /// Another process works on it.
    Elsewhere,
}

impl Desk<'_> {
    /// Takes one song through the recipe.
    pub(super) fn work(&self, mut job: Job, cancel: &CancelToken) -> Result<Ending> {
        let input = job.entry.input.clone();
        let place = job.place;
        let reporter = || self.reporter(place, 0, cancel, &input);
        let file_settings = &self.plan.settings;
        let mut report = FileReport::new(&input, place, RowState::Done, file_settings);
        if job.info.is_err() {
            // What was wrong when the queue was planned may have been mended since.
            job.info = Ok(Decoder::open(&input, None)?.info().clone());
            name_files(&mut job, self.kit, &self.plan.recipe, &self.plan.out)?;
        }
        let before = stamp(&input)?;
        let content = file_digest(&input, &reporter())?;
        let key = self.key(&content, &job);
        let Some(claim) = self.ledger.claim(&key)? else {
            return Ok(Ending::Elsewhere);
        };
        if !self.redo
            && let Some(mut whole) = self.ledger.whole(&key, &reporter())?
        {
            whole.state = RowState::AlreadyDone;
            whole.place = place;
            return Ok(Ending::Over(Box::new(whole)));
        }
        report.input_sha256 = Some(content);
        if !self.make_way(&mut job)? {
            report.state = RowState::Skipped;
            report.error = Some("a file of its name is there already".into());
            return Ok(Ending::Over(Box::new(report)));
        }
        self.sweep(&job);
        self.separate(&job, cancel, &mut report)?;
        if stamp(&input)? != before {
            return Err(Error::Malformed {
                problem: "it was changed while it was read".into(),
                path: input,
            });
        }
        self.ledger.write(&key, &report)?;
        drop(claim);
        Ok(Ending::Over(Box::new(report)))
    }

    /// What is the same exactly if the work is the same: content, settings, names.
    fn key(&self, content: &str, job: &Job) -> String {
        let names: Vec<String> = job
            .outputs()
            .map(|path| self.below_out(path).to_string_lossy().into_owned())
            .collect();
        digest(&format!(
            "{content}\n{}\n{}",
            self.plan.settings,
            names.join("\n")
        ))
    }

    fn below_out(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.plan.out).unwrap_or(path).into()
    }

    /// Meets files that are there and that no earlier run made from this input, as the recipe says.
    /// `false` if the song is to be left out.
    fn make_way(&self, job: &mut Job) -> Result<bool> {
        loop {
            let input = job.entry.input.clone();
            let foreign = |path: &Path| path.exists() && self.known.get(path) != Some(&input);
            let Some(path) = job.outputs().find(|path| foreign(path)) else {
                return Ok(true);
            };
            if path.is_dir() {
                return Err(Error::Exists { path: path.into() });
            }
            match self.plan.recipe.existing {
                Existing::Skip => return Ok(false),
                Existing::Overwrite => return Ok(true),
                Existing::Number => {
                    job.number += 1;
                    name_files(job, self.kit, &self.plan.recipe, &self.plan.out)?;
                    let mut others = self.plan.jobs.iter().filter(|o| o.place != job.place);
                    if others.any(|other| job.outputs().any(|p| other.outputs().any(|q| p == q))) {
                        continue;
                    }
                }
            }
        }
    }

    /// Removes what a killed run left of these files. The claim says that nobody writes them now.
    fn sweep(&self, job: &Job) {
        for path in job.outputs() {
            let Some(folder) = path.parent() else {
                continue;
            };
            let prefix = part_prefix(path);
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    // What cannot be removed is in nobody's way.
                    std::fs::remove_file(entry.path()).ok();
                }
            }
        }
    }

    fn separate(&self, job: &Job, cancel: &CancelToken, report: &mut FileReport) -> Result<()> {
        let started = Instant::now();
        let input = &job.entry.input;
        for model in 0..self.kit.len() {
            let reporter = self.reporter(job.place, model, cancel, input);
            let mut separator = self.kit.separator(model)?;
            self.show(job.place, |row| row.device = separator.device());
            let mut decoder = Decoder::open(input, None)?;
            let recipe = &self.plan.recipe;
            let export = export_options(recipe, &self.plan.out, &job.entry.folder, job.number);
            let tags = decoder.info().tags.clone();
            let song = song_name(input, tags, self.kit.name(model));
            let pours = self.kit.pours(model);
            let names: Vec<String> = pours.iter().map(|pour| pour.name.clone()).collect();
            let shape = (decoder.sample_rate_hz(), decoder.channels());
            export.check(&song, &names, shape, decoder.frames_hint())?;
            let options = SeparateOptions {
                region: recipe.region,
                stems: None,
                rest: MixSink::needs_rest(pours),
                post: recipe.post.clone(),
            };
            let mut sink = MixSink::new(pours, FileSink::new(export, song));
            let source = &mut decoder;
            let done = apply::separate(source, separator.as_mut(), &options, &mut sink, &reporter)?;
            let (files, gain) = sink.finish(&reporter)?;
            report.warnings.extend(peak_warnings(&files));
            report.models.push(self.kit.name(model).to_owned());
            report.devices.push(done.device);
            report.seconds = done.audio_secs;
            report.residual_db.push(done.residual_db);
            let gain_db = 20.0 * f64::from(gain).log10();
            report.gain_db = report.gain_db.min(gain_db);
            let rate = recipe.sample_rate_hz.unwrap_or(shape.0);
            let frames = crate::audio::resampled_frames(done.frames, shape.0, rate);
            for file in &files {
                let output = self.checked(file, frames, self.kit.name(model), &reporter)?;
                report.outputs.push(output);
            }
            if let Some(picture) = job.pictures.get(model) {
                reporter.step("Drawing", 0, 0)?;
                let stems: Vec<(String, PathBuf)> =
                    files.into_iter().map(|f| (f.name, f.path)).collect();
                let what = (input.as_path(), None, recipe.region);
                draw_result(what, &stems, picture, true, &reporter)?;
                report.pictures.push(self.below_out(picture));
            }
        }
        report.seconds_taken = started.elapsed().as_secs_f64();
        report.real_time_factor = report.seconds_taken / report.seconds.max(1e-9);
        Ok(())
    }

    /// Reads a file back: it must be there, whole, with the frames that it should have.
    fn checked(
        &self,
        file: &StemFile,
        frames: u64,
        model: &str,
        reporter: &Reporter,
    ) -> Result<OutputFile> {
        // FLAC cannot hold no frames: one of silence stands for them.
        let frames = frames.max(u64::from(file.frames == 1));
        let found = Decoder::open(&file.path, None)?.frames_hint();
        if found != Some(frames) || file.frames != frames {
            let found = found.map_or("an unknown number".into(), |n| n.to_string());
            return Err(Error::Malformed {
                problem: format!("{found} of {frames} frames were written; is the disk in order?"),
                path: file.path.clone(),
            });
        }
        let bytes = std::fs::metadata(&file.path)
            .map_err(Error::io("look at", &file.path))?
            .len();
        Ok(OutputFile {
            name: file.name.clone(),
            model: model.to_owned(),
            path: self.below_out(&file.path),
            frames,
            sample_rate: file.sample_rate,
            channels: file.channels,
            peak: file.peak,
            clipped_samples: file.clipped_samples,
            bytes,
            sha256: file_digest(&file.path, reporter)?,
        })
    }

    /// Shows a change of a row.
    pub(super) fn show(&self, id: usize, act: impl FnOnce(&mut super::row::Row)) {
        if let Some(event) = self.board.update(id, act) {
            (self.tell)(event);
        }
    }

    /// Tells how far the song is, `done` models being behind it, and waits while the queue is paused.
    fn reporter(&self, id: usize, done: usize, cancel: &CancelToken, input: &Path) -> Reporter {
        let parts = self.kit.len();
        let board = std::sync::Arc::clone(&self.board);
        let tell = std::sync::Arc::clone(&self.tell);
        let (token, input) = (cancel.clone(), input.to_path_buf());
        Reporter::new(cancel.clone(), move |event| match event {
            Event::Progress(progress) => {
                board.wait_while_paused(&token);
                if let Some(event) = board.progress(id, (done, parts), &progress) {
                    tell(event);
                }
            }
            Event::Warning(text) => tell(BatchEvent::Warning(input.clone(), text)),
        })
    }
}

/// What changes when a file does.
fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>)> {
    let metadata = std::fs::metadata(path).map_err(Error::io("open", path))?;
    Ok((metadata.len(), metadata.modified().ok()))
}
