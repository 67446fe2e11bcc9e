//! One song of a queue, from its file to its checked results.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::board::Board;
use super::kit::Kit;
use super::ledger::Ledger;
use super::mixdown::MixSink;
use super::names::{export_options, folded, name_files};
use super::picture::draw_result;
use super::plan::{Job, Plan};
use super::recipe::Existing;
use super::report::{FileReport, OutputFile};
use super::row::{BatchEvent, RowState};
use crate::apply::{self, FileSink, SeparateOptions, StemFile, peak_warnings, song_name};
use crate::audio::{Decoder, Source as _, part_prefix};
use crate::error::{Error, Result};
use crate::model::{file_sha256, text_sha256};
use crate::progress::{CancelToken, Event, Reporter};

/// How many songs of one name can be told apart.
const MOST_NUMBERS: usize = 10_000;

/// What every song of a run needs.
pub(super) struct Desk<'a> {
    pub(super) plan: &'a Plan,
    pub(super) kit: &'a Kit,
    pub(super) ledger: Ledger,
    /// Files that earlier runs wrote, and from what.
    pub(super) known: HashMap<PathBuf, PathBuf>,
    /// Names that are spoken for, lower-cased.
    pub(super) taken: Mutex<HashSet<String>>,
    /// Does everything again, whole or not.
    pub(super) redo: bool,
    pub(super) board: Arc<Board>,
    pub(super) tell: Arc<dyn Fn(BatchEvent) + Send + Sync>,
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
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let reporter = |done: usize| self.reporter(place, done, cancel, &input, &warnings);
        if input.to_str().is_none() {
            let problem = "the name is no Unicode text; rename the file".into();
            return Err(Error::Song {
                problem,
                path: input,
            });
        }
        if job.info.is_err() {
            // What was wrong when the queue was planned may have been mended since.
            job.info = Ok(Decoder::open(&input, None)?.info().clone());
            name_files(&mut job, self.kit, &self.plan.recipe, &self.plan.out)?;
        }
        let names = self.names_of(&job);
        let Some(claim) = self.ledger.claim(&text_sha256(&names))? else {
            return Ok(Ending::Elsewhere);
        };
        let before = stamp(&input)?;
        let content = file_sha256(&input, &reporter(0))?;
        let key = text_sha256(&format!("{content}\n{}\n{names}", self.plan.settings));
        let names = text_sha256(&names);
        if !self.redo
            && let Some(mut whole) = self.ledger.whole(&key, &reporter(0))?
        {
            whole.state = RowState::AlreadyDone;
            whole.place = place;
            if whole.input != input {
                // The song has moved.
                whole.input.clone_from(&input);
                self.ledger.write(&key, &whole)?;
            }
            return Ok(Ending::Over(Box::new(whole)));
        }
        let settings = &self.plan.settings;
        let mut report = FileReport::new(&input, place, RowState::Done, settings);
        report.input_sha256 = Some(content);
        report.recipe = Some(self.plan.recipe.clone());
        let own = self.ledger.own_files(&key, &names);
        if let Some(there) = self.make_way(&mut job, &own)? {
            report.state = RowState::Skipped;
            report.error = Some(format!(
                "a file of that name is there already; choose to number or to replace (--existing): {}",
                there.display()
            ));
            return Ok(Ending::Over(Box::new(report)));
        }
        self.sweep(&job);
        // What is there now may go; what somebody puts there from now on may not.
        let replace = self.plan.recipe.existing == Existing::Overwrite
            || job.outputs().any(|path| path.symlink_metadata().is_ok());
        let is_new = |path: &&Path| own.contains(*path) || path.symlink_metadata().is_err();
        let new: Vec<PathBuf> = job
            .outputs()
            .filter(is_new)
            .map(Path::to_path_buf)
            .collect();
        let below = |paths: &[PathBuf]| paths.iter().map(|path| self.below_out(path)).collect();
        self.ledger.begin(&names, &input, below(&new))?;
        let outcome = self
            .separate((&job, replace), &reporter, &mut report)
            .and_then(|()| {
                if stamp(&input)? != before {
                    let problem = "it was changed while it was read; retry it".into();
                    let path = input.clone();
                    return Err(Error::Song { problem, path });
                }
                let heard =
                    std::mem::take(&mut *warnings.lock().unwrap_or_else(PoisonError::into_inner));
                report.warnings.splice(0..0, heard);
                self.ledger.write(&key, &report)
            });
        if let Err(error) = outcome {
            let left: Vec<PathBuf> = new.into_iter().filter(|path| path.exists()).collect();
            if left.is_empty() {
                self.ledger.end(&names);
            } else {
                self.ledger.begin(&names, &input, below(&left))?;
            }
            return Err(error);
        }
        self.ledger.end(&names);
        drop(claim);
        Ok(Ending::Over(Box::new(report)))
    }

    /// The names of a job's files: two songs, or two runs, that would write the same are one.
    fn names_of(&self, job: &Job) -> String {
        let names: Vec<String> = job
            .outputs()
            .map(|path| self.below_out(path).to_string_lossy().to_lowercase())
            .collect();
        names.join("\n")
    }

    fn below_out(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.plan.out).unwrap_or(path).into()
    }

    /// Meets files that are there and that no earlier run made from this song, as the recipe says.
    /// Answers the file for which the song is to be left out, if any.
    fn make_way(&self, job: &mut Job, own: &HashSet<PathBuf>) -> Result<Option<PathBuf>> {
        let input = job.entry.input.clone();
        let foreign = |path: &Path| {
            path.symlink_metadata().is_ok()
                && !own.contains(path)
                && self.known.get(path) != Some(&input)
        };
        let mut mine: HashSet<String> = job.outputs().map(folded).collect();
        // Lanes choose numbers one after the other.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..MOST_NUMBERS {
            let in_use = |path: &&Path| {
                foreign(path) || (!mine.contains(&folded(path)) && taken.contains(&folded(path)))
            };
            let Some(path) = job.outputs().find(in_use) else {
                taken.extend(job.outputs().map(folded));
                return Ok(None);
            };
            if path.is_dir() {
                return Err(Error::Exists { path: path.into() });
            }
            match self.plan.recipe.existing {
                Existing::Skip => return Ok(Some(path.into())),
                Existing::Overwrite => return Ok(None),
                Existing::Number => {
                    job.number += 1;
                    name_files(job, self.kit, &self.plan.recipe, &self.plan.out)?;
                    mine.clear();
                }
            }
        }
        let problem = format!("{MOST_NUMBERS} numbers are taken; choose another name");
        Err(Error::setting("name", problem))
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

    fn separate(
        &self,
        (job, replace): (&Job, bool),
        reporter: &dyn Fn(usize) -> Reporter,
        report: &mut FileReport,
    ) -> Result<()> {
        let started = Instant::now();
        let input = &job.entry.input;
        for model in 0..self.kit.len() {
            let reporter = reporter(model);
            let mut separator = self.kit.separator(model)?;
            // Asked for before the board is: another lane may be running the network.
            let device = separator.device();
            self.show(job.place, |row| row.device = device);
            let mut decoder = Decoder::open(input, None)?;
            let recipe = &self.plan.recipe;
            let (out, folder) = (&self.plan.out, &job.entry.folder);
            let mut export = export_options(recipe, out, folder, job.number);
            export.overwrite = replace;
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
            report.residual_db.push(finite(done.residual_db));
            let gain_db = 20.0 * f64::from(gain).log10();
            report.gain_db = report.gain_db.min(finite(gain_db));
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
                draw_result(what, &stems, picture, replace, &reporter)?;
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
            return Err(Error::Song {
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
            peak: file.peak.min(f32::MAX),
            clipped_samples: file.clipped_samples,
            bytes,
            sha256: file_sha256(&file.path, reporter)?,
        })
    }

    /// Shows a change of a row.
    pub(super) fn show(&self, id: usize, act: impl FnOnce(&mut super::row::Row)) {
        if let Some(event) = self.board.update(id, act) {
            (self.tell)(event);
        }
    }

    /// Tells how far the song is, `done` models being behind it, and waits while the queue is paused.
    fn reporter(
        &self,
        id: usize,
        done: usize,
        cancel: &CancelToken,
        input: &Path,
        warnings: &Arc<Mutex<Vec<String>>>,
    ) -> Reporter {
        let warnings = Arc::clone(warnings);
        let parts = self.kit.len();
        let board = Arc::clone(&self.board);
        let tell = Arc::clone(&self.tell);
        let (token, input) = (cancel.clone(), input.to_path_buf());
        Reporter::new(cancel.clone(), move |event| match event {
            Event::Progress(progress) => {
                board.wait_while_paused(&token);
                if let Some(event) = board.progress(id, (done, parts), &progress) {
                    tell(event);
                }
            }
            Event::Warning(text) => {
                let mut all = warnings.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(text.clone());
                tell(BatchEvent::Warning(input.clone(), text));
            }
        })
    }
}

/// A figure that a report can hold.
fn finite(db: f64) -> f64 {
    if db.is_finite() { db } else { 0.0 }
}

/// What changes when a file does.
fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>)> {
    let metadata = std::fs::metadata(path).map_err(Error::io("open", path))?;
    Ok((metadata.len(), metadata.modified().ok()))
}
