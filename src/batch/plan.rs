//! Everything that can be known before the first song: names, room, models, what is in the way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::checks::{check_destination, check_existing, lanes};
use super::document::Queue;
use super::gather::{Entry, gather};
use super::kit::Kit;
use super::lanes::RunSettings;
use super::ledger::Ledger;
use super::names::{Names, folded};
use super::recipe::{Existing, ModelUse, Recipe};
use crate::audio::{AudioInfo, Decoder};
use crate::error::{Error, Result};
use crate::model::text_sha256;
use crate::progress::Reporter;

/// How much a problem stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be begun.
    Stop,
    /// One song cannot be done.
    File,
    /// Something to know.
    Note,
}

/// Something that was found before the work.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// How much it stands in the way.
    pub severity: Severity,
    /// What it is, and what to do.
    pub message: String,
    /// Where.
    pub path: Option<PathBuf>,
}

impl Problem {
    pub(super) fn new(severity: Severity, message: impl Into<String>, path: Option<&Path>) -> Self {
        Self {
            severity,
            message: message.into(),
            path: path.map(Path::to_path_buf),
        }
    }
}

/// One song of the queue and what it will become.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its place in the queue, from 0.
    pub place: usize,
    /// The file and the folder of its results.
    pub entry: Entry,
    /// What the file's header says, or why it cannot be read.
    pub info: std::result::Result<AudioInfo, String>,
    /// Bytes that it will take at most.
    pub bytes: u64,
    pub(super) files: Vec<PathBuf>,
    /// For each model.
    pub(super) pictures: Vec<PathBuf>,
    /// 1, or the number that sets its files apart.
    pub(super) number: usize,
}

impl Job {
    /// The files that it will become, in the order of the recipe.
    pub fn outputs(&self) -> impl Iterator<Item = &Path> {
        self.files
            .iter()
            .chain(&self.pictures)
            .map(PathBuf::as_path)
    }
}

/// What it is, and where unless that is said already; on one line.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        let path = self.path.as_ref().map(|path| path.display().to_string());
        match path.filter(|path| !self.message.contains(path)) {
            Some(path) => write!(f, ": {path}"),
            None => Ok(()),
        }
    }
}

/// A queue ready to run, and what was found on the way.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The destination, absolute.
    pub out: PathBuf,
    /// What is done to every song.
    pub recipe: Recipe,
    /// The songs of this shard.
    pub jobs: Vec<Job>,
    /// Songs of all shards.
    pub songs_in_all: usize,
    /// What was found, the worst first.
    pub problems: Vec<Problem>,
    /// What results depend on besides the input: SHA-256 of recipe, models and program version.
    pub settings: String,
    /// Names of all shards' files, lower-cased.
    pub(super) names: HashSet<String>,
    /// Lanes that the memory allows, 1 or more.
    pub lanes: usize,
}

impl Plan {
    /// Looks at everything before the work and changes nothing. The kit is there unless a model
    /// could not be loaded, which is then among the problems.
    ///
    /// # Errors
    /// [`Error::Cancelled`] only; all else is a [`Problem`].
    pub fn make(
        queue: &Queue,
        settings: &RunSettings,
        reporter: &Reporter,
    ) -> Result<(Self, Option<Kit>)> {
        let out = real(&queue.out);
        reporter.step("Looking for songs", 0, 0)?;
        let (entries, problems) = find(&queue.inputs, &out);
        Self::of_entries((entries, problems), &queue.recipe, &out, settings, reporter)
    }

    /// As [`Self::make`], of songs that were found before, with what was found on the way.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub fn of_entries(
        (entries, mut problems): (Vec<Entry>, Vec<Problem>),
        recipe: &Recipe,
        out: &Path,
        settings: &RunSettings,
        reporter: &Reporter,
    ) -> Result<(Self, Option<Kit>)> {
        let out = &real(out);
        let known = Ledger::new(out).known_outputs();
        reporter.step("Loading the models", 0, 0)?;
        let kit = Kit::load(recipe, &settings.device, settings.threads)
            .map_err(|error| problems.push(stop(&error)))
            .ok();
        let songs_in_all = entries.len();
        let mut jobs = look_at(entries, reporter)?;
        if let Some(kit) = &kit {
            problems.extend(
                kit.remarks
                    .iter()
                    .map(|r| Problem::new(Severity::Note, r, None)),
            );
            let mut names = Names::new(recipe, out);
            for job in &mut jobs {
                names.give(job, kit, &mut problems);
            }
            names.check_inputs(&jobs, &mut problems);
        }
        let names = jobs.iter().flat_map(Job::outputs).map(folded).collect();
        jobs.retain(|job| settings.shard.has(job.place));
        for job in &jobs {
            if let Err(reason) = &job.info {
                let input = Some(job.entry.input.as_path());
                problems.push(Problem::new(Severity::File, reason, input));
            }
        }
        if jobs.is_empty() {
            problems.push(Problem::new(Severity::Note, "there is nothing to do", None));
        }
        check_existing(&jobs, &known, recipe.existing, &mut problems);
        check_destination(out, &jobs, &known, &mut problems);
        let lanes = lanes((kit.as_ref(), recipe), &jobs, settings, &mut problems);
        problems.sort_by_key(|problem| problem.severity);
        let plan = Self {
            settings: settings_of(recipe, kit.as_ref()),
            recipe: recipe.clone(),
            out: out.into(),
            jobs,
            songs_in_all,
            problems,
            names,
            lanes,
        };
        Ok((plan, kit))
    }

    /// The songs in these files and folders as far as their headers tell, without names; results of
    /// earlier runs into `out` are none.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub fn look(
        inputs: &[PathBuf],
        out: &Path,
        reporter: &Reporter,
    ) -> Result<(Vec<Job>, Vec<Problem>)> {
        reporter.step("Looking for songs", 0, 0)?;
        let (entries, problems) = find(inputs, out);
        Ok((look_at(entries, reporter)?, problems))
    }

    /// Whether nothing keeps the work from beginning.
    pub fn is_ready(&self) -> bool {
        !self.problems.iter().any(|p| p.severity == Severity::Stop)
    }
}

fn find(inputs: &[PathBuf], out: &Path) -> (Vec<Entry>, Vec<Problem>) {
    let out = real(out);
    let known = Ledger::new(&out).known_outputs();
    gather(inputs, &|path| {
        let real = real(path);
        real == out || known.contains_key(path) || known.contains_key(&real)
    })
}

/// A path without links and detours, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    for known in path.ancestors() {
        if let (Ok(known), Ok(rest)) = (known.canonicalize(), path.strip_prefix(known)) {
            // Joining nothing would add a slash, and a file with a slash is not found.
            return if rest.as_os_str().is_empty() {
                known
            } else {
                known.join(rest)
            };
        }
    }
    path
}

pub(super) fn stop(error: &Error) -> Problem {
    Problem::new(Severity::Stop, error.to_string(), None)
}

/// Opens every file as far as its header.
fn look_at(entries: Vec<Entry>, reporter: &Reporter) -> Result<Vec<Job>> {
    let total = entries.len() as u64;
    entries
        .into_par_iter()
        .enumerate()
        .map(|(place, entry)| {
            reporter.step("Looking at songs", place as u64, total)?;
            let info = if entry.input.to_str().is_none() {
                Err("the name is no Unicode text; rename the file".to_owned())
            } else {
                // A panic in a library is that file's failure.
                std::panic::catch_unwind(|| Decoder::open(&entry.input, None))
                    .unwrap_or_else(|_| {
                        Err(Error::Song {
                            problem: "something in this song stopped the program's own code".into(),
                            path: entry.input.clone(),
                        })
                    })
                    .map(|decoder| decoder.info().clone())
                    .map_err(|error| error.to_string())
            };
            Ok(Job {
                place,
                entry,
                info,
                bytes: 0,
                files: Vec::new(),
                pictures: Vec::new(),
                number: 1,
            })
        })
        .collect()
}

/// What results depend on besides the input. How existing files are met, and what the recipe says
/// about itself, are not among it.
fn settings_of(recipe: &Recipe, kit: Option<&Kit>) -> String {
    let recipe = Recipe {
        about: String::new(),
        existing: Existing::Skip,
        // Settings of models, with their defaults, are part of what the kit tells.
        models: recipe.models.iter().map(|m| ModelUse::new(&m.id)).collect(),
        ..recipe.clone()
    };
    let recipe = toml::to_string(&recipe).unwrap_or_default();
    let models = kit.map(Kit::identity).unwrap_or_default();
    text_sha256(&format!(
        "{}\n{recipe}\n{models}",
        env!("CARGO_PKG_VERSION")
    ))
}
