//! Many pieces by many instruments: `OUT/instrument/relative path.wav`.
//!
//! Planned first, with lengths and bytes; then rendered, one piece per processor. What is there and
//! whole is kept, so that a run can be gone on with; one broken piece does not stop the rest.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::find_midi::find;
use super::instrument::Instrument;
use super::made::{claim, is_newer, is_same};
use super::read_midi;
use super::render::{RenderSpec, Rendered, render, rendered_frames};
use super::render_place::{is_whole, refusal};
use crate::apply::ClipFile;
use crate::audio::{AudioFormat, free_space_bytes};
use crate::error::{Error, Result};
use crate::progress::{Event, Reporter};

/// How many pieces are rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderManyOptions {
    /// The destination; every instrument has a folder in it.
    pub out: PathBuf,
    /// What files are written as.
    pub format: AudioFormat,
    /// Whether files that are there are made anew.
    pub overwrite: bool,
    /// How pieces are played.
    pub spec: RenderSpec,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFile {
    /// Which of the instruments, from 0.
    pub instrument: usize,
    /// The file.
    pub path: PathBuf,
    /// Bytes that it takes at most.
    pub bytes: u64,
    /// Whether it is there already and whole: the right length, channels and rate.
    pub kept: bool,
}

/// One piece of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedPiece {
    /// The MIDI file.
    pub input: PathBuf,
    /// Frames of each of its renderings.
    pub frames: usize,
    /// Its files, one per instrument whose place is free or holds a whole one.
    pub files: Vec<PlannedFile>,
}

/// What is to be done.
#[derive(Debug)]
pub struct RenderPlan {
    /// The pieces, by the order of inputs and names.
    pub pieces: Vec<PlannedPiece>,
    /// MIDI files that cannot be rendered, or not by one of the instruments because another file is
    /// in its place, and why.
    pub broken: Vec<(PathBuf, Error)>,
    /// Files to be written.
    pub files: usize,
    /// Files that are there already.
    pub kept: usize,
    /// Hours of sound to be written.
    pub hours: f64,
    /// Bytes to be written at most.
    pub bytes: u64,
}

/// What became of one file.
#[derive(Debug)]
pub struct RenderedFile {
    /// The MIDI file.
    pub input: PathBuf,
    /// The instrument's name.
    pub instrument: String,
    /// The file.
    pub path: PathBuf,
    /// What was made, or why nothing was.
    pub outcome: Result<RenderOutcome>,
}

/// How a file came to be there.
#[derive(Debug, Clone, PartialEq)]
pub enum RenderOutcome {
    /// It was there already.
    Kept,
    /// It was written.
    Written {
        /// Its frames.
        frames: u64,
        /// Largest absolute sample; 1.0 is full scale.
        peak: f32,
        /// Pitches that the instrument does not have, and notes of each.
        missing: Vec<(i32, usize)>,
        /// What the person should know.
        warnings: Vec<String>,
    },
}

/// Finds the MIDI files (those named, and all below folders), reads them, and plans their files.
///
/// # Errors
/// [`Error::Setting`] if there are no MIDI files, no instruments, two of one name, or the options are
/// wrong; [`Error::Cancelled`].
pub fn plan_renders(
    inputs: &[PathBuf],
    instruments: &[Box<dyn Instrument>],
    options: &RenderManyOptions,
    reporter: &Reporter,
) -> Result<RenderPlan> {
    options.spec.validate()?;
    let mut names = HashSet::new();
    for instrument in instruments {
        if !names.insert(instrument.name().to_lowercase()) {
            let problem = format!("two are called {:?}; rename one folder", instrument.name());
            return Err(Error::setting("instrument", problem));
        }
        options
            .format
            .validate(options.spec.sample_rate_hz, instrument.channels())?;
    }
    for instrument in instruments.iter().filter(|_| !options.overwrite) {
        let record = record_of(instrument.as_ref(), options);
        if is_same(&record, &options.spec) == Some(false) {
            let problem = format!(
                "what is there was rendered with other settings; choose another folder or allow \
                 overwriting (--overwrite): {}",
                record.display()
            );
            return Err(Error::setting("out", problem));
        }
    }
    let (found, mut broken) = find(inputs);
    if instruments.is_empty() || found.is_empty() && broken.is_empty() {
        let problem = "needs a MIDI file (.mid, .midi) and an instrument at least";
        return Err(Error::setting("inputs", problem));
    }
    let done = AtomicU64::new(0);
    let read: Vec<Result<usize>> = found
        .par_iter()
        .map(|(input, _)| {
            reporter.step(
                "Reading",
                done.fetch_add(1, Ordering::Relaxed),
                found.len() as u64,
            )?;
            let piece = read_midi(input)?;
            rendered_frames(&piece, &options.spec).map_err(|error| of_file(error, input))
        })
        .collect();
    reporter.check()?;
    let mut plan = RenderPlan {
        pieces: Vec::new(),
        broken: Vec::new(),
        files: 0,
        kept: 0,
        hours: 0.0,
        bytes: 0,
    };
    let mut taken: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for ((input, relative), read) in found.into_iter().zip(read) {
        let frames = match read {
            Ok(frames) => frames,
            Err(error) => {
                broken.push((input, error));
                continue;
            }
        };
        let relative = relative.with_extension(options.format.extension());
        if let Some(other) = taken.insert(relative.clone(), input.clone()) {
            let problem = format!(
                "{} would be written to the same file; rename one: {}",
                other.display(),
                input.display()
            );
            taken.insert(relative, other);
            broken.push((input, Error::setting("inputs", problem)));
            continue;
        }
        plan.add(input, &relative, frames, instruments, options);
    }
    broken.append(&mut plan.broken);
    plan.broken = broken;
    Ok(plan)
}

impl RenderPlan {
    fn add(
        &mut self,
        input: PathBuf,
        relative: &Path,
        frames: usize,
        instruments: &[Box<dyn Instrument>],
        options: &RenderManyOptions,
    ) {
        let mut files = Vec::new();
        for (index, instrument) in instruments.iter().enumerate() {
            let path = options.out.join(instrument.name()).join(relative);
            let channels = instrument.channels();
            let bytes = options.format.bytes_for(frames as u64, channels);
            let kept = !options.overwrite
                && is_newer(&path, &input)
                && is_whole(&path, frames, channels, options);
            if let Some(problem) = refusal(&path, frames, channels, options).filter(|_| !kept) {
                let problem = format!("{problem}: {}", path.display());
                self.broken
                    .push((input.clone(), Error::setting("out", problem)));
                continue;
            }
            if kept {
                self.kept += 1;
            } else {
                self.files += 1;
                self.bytes += bytes;
                let rate = f64::from(options.spec.sample_rate_hz);
                self.hours += frames as f64 / rate / 3600.0;
            }
            files.push(PlannedFile {
                instrument: index,
                path,
                bytes,
                kept,
            });
        }
        self.pieces.push(PlannedPiece {
            input,
            frames,
            files,
        });
    }
}

/// Does what is planned; `tell` hears of every file, in no certain order, from several threads.
/// Pieces that are broken are in the plan and not told again.
///
/// # Errors
/// [`Error::NoSpace`] before anything is written; [`Error::Cancelled`]. What goes wrong with a file
/// is told and does not stop the others.
pub fn render_many(
    plan: &RenderPlan,
    instruments: &[Box<dyn Instrument>],
    options: &RenderManyOptions,
    tell: &(dyn Fn(RenderedFile) + Sync),
    reporter: &Reporter,
) -> Result<()> {
    if let Some(free) = free_space_bytes(&options.out).filter(|free| *free < plan.bytes) {
        return Err(Error::NoSpace {
            needed_mb: plan.bytes.div_ceil(1_000_000),
            free_mb: free / 1_000_000,
            path: options.out.clone(),
        });
    }
    for instrument in instruments {
        let record = record_of(instrument.as_ref(), options);
        claim(&record, &options.spec, options.overwrite)?;
    }
    let total = (plan.files + plan.kept) as u64;
    let done = AtomicU64::new(0);
    plan.pieces.par_iter().try_for_each(|piece| {
        reporter.check()?;
        let told = |file: &PlannedFile, outcome| RenderedFile {
            input: piece.input.clone(),
            instrument: instruments
                .get(file.instrument)
                .map_or_else(String::new, |instrument| instrument.name()),
            path: file.path.clone(),
            outcome,
        };
        // Read once for all instruments, and only if one of them is to play.
        let mut score = None;
        if let Some(first) = piece.files.iter().find(|file| !file.kept) {
            match read_midi(&piece.input) {
                Ok(read) => score = Some(read),
                // It could be read for the plan, so it has changed: said once, for all its files.
                Err(error) => {
                    tell(told(first, Err(error)));
                    return Ok(());
                }
            }
        }
        for file in &piece.files {
            let outcome = match (&score, instruments.get(file.instrument)) {
                (Some(score), Some(instrument)) if !file.kept => {
                    let (inner, warnings) = listener(reporter);
                    render(score, instrument.as_ref(), &options.spec, &inner)
                        .map_err(|error| of_file(error, &piece.input))
                        .and_then(|rendered| {
                            write(rendered, &file.path, options, &inner, &warnings)
                        })
                }
                _ => Ok(RenderOutcome::Kept),
            };
            if matches!(outcome, Err(Error::Cancelled)) {
                return Err(Error::Cancelled);
            }
            tell(told(file, outcome));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            reporter.step("Rendering", done, total)?;
        }
        Ok(())
    })
}

type Warnings = Arc<Mutex<Vec<String>>>;

/// A reporter for one file: stopped with the whole, silent about its steps, keeping its warnings.
fn listener(reporter: &Reporter) -> (Reporter, Warnings) {
    let warnings = Warnings::default();
    let kept = Arc::clone(&warnings);
    let sink = move |event| {
        if let Event::Warning(message) = event {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(message);
        }
    };
    (
        Reporter::new(reporter.cancel_token().clone(), sink),
        warnings,
    )
}

fn write(
    rendered: Rendered,
    path: &Path,
    options: &RenderManyOptions,
    reporter: &Reporter,
    warnings: &Warnings,
) -> Result<RenderOutcome> {
    let file = ClipFile::new(path.into(), Some(options.format), options.overwrite)?;
    let written = file.write(&rendered.clip, reporter)?;
    let mut told = warnings.lock().unwrap_or_else(PoisonError::into_inner);
    let mut warnings = rendered.warnings;
    warnings.append(&mut told);
    Ok(RenderOutcome::Written {
        frames: written.frames,
        peak: written.peak,
        missing: rendered.missing,
        warnings,
    })
}

/// Where an instrument's folder says how its pieces were played.
fn record_of(instrument: &dyn Instrument, options: &RenderManyOptions) -> PathBuf {
    options.out.join(instrument.name()).join("render.json")
}

/// An error that tells of no file, with the file that it is about.
fn of_file(error: Error, path: &Path) -> Error {
    match error {
        Error::Setting { name, problem } => {
            Error::setting(name, format!("{problem}: {}", path.display()))
        }
        other => other,
    }
}
