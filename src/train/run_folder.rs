//! A run's folder: what it is made of, what it learned from, how it went.
//!
//! ```text
//! RUN/recipe.toml                 every setting
//!     data.toml                   folder, checksum, songs by split
//!     run.toml                    versions, device, when, how it ended
//!     history.csv                 one row per epoch
//!     events.out.tfevents.…       the same for TensorBoard
//!     checkpoints/{best,last}/    networks, optimisers, state
//!     previews/epoch-NNN/         picture.png, input.wav, target.wav, output.wav
//!     previews/STAGE/epoch-NNN/   the same of a stage before the training
//!     .lock                       held by the program that trains in it
//! ```
//!
//! A run that is resumed with another recipe, as far as that may differ, has that recipe from then
//! on, in `recipe.toml` too.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, no_checkpoint};
use super::recipe::Recipe;
use super::recipe_table::{from_table, parse_table};
use super::run_data::RunData;
use super::run_lock::RunLock;
use super::{Processor, TrainDevice};
use crate::audio::write_whole;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It goes on, or was killed.
    Running,
    /// Somebody stopped it; it can be resumed.
    Stopped,
    /// All epochs are done.
    Finished,
    /// It ended before the last epoch because nothing got better.
    StoppedEarly,
    /// It could not go on; the reason is beside it.
    Failed,
}

/// `run.toml`: how a run was made and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Version of this program, at the latest session.
    pub version: String,
    /// Version of burn, which computes, as "0.22"; `None` in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burn: Option<String>,
    /// System and kind of processor, as "linux, x86_64"; `None` in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The device of the latest session, in its own words.
    pub device: String,
    /// What the same device is asked for as, "cpu" or "gpu:N"; `None` in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_wish: Option<String>,
    /// What was asked for, "auto" too; `None` in older runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_asked: Option<String>,
    /// Seed of weights, order and dropout.
    pub seed: u64,
    /// Seed of the examples.
    pub examples_seed: u64,
    /// Seconds since 1970 at the first start.
    pub started_secs: u64,
    /// Seconds since 1970 at the last change of status.
    pub changed_secs: u64,
    /// How often it was resumed.
    pub resumed: usize,
    /// How it stands.
    pub status: RunStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a session trains on.
pub(super) struct Session<'a> {
    pub(super) processor: &'a Processor,
    /// What was asked for, if that is known.
    pub(super) asked: Option<TrainDevice>,
}

/// A folder that a run may have; nothing in it is changed yet.
pub(super) struct RunPlace {
    path: PathBuf,
    /// Of a run that is there.
    lock: Option<RunLock>,
    /// Whether it carries on what is there.
    is_resumed: bool,
    overwrite: bool,
}

/// The folder of a run that is being made.
pub(super) struct RunFolder {
    pub(super) path: PathBuf,
    pub(super) record: RunRecord,
    /// Whether it carries on what is there.
    pub(super) is_resumed: bool,
    /// Given back with the folder.
    _lock: RunLock,
}

pub(super) const RECIPE: &str = "recipe.toml";
pub(super) const DATA: &str = "data.toml";
pub(super) const PREVIEWS: &str = "previews";
const RECORD: &str = "run.toml";
const HISTORY: &str = "history.csv";

/// burn's version; a test compares it with what the program is built with.
const BURN: &str = "0.22";

/// Words of the reason of a run whose numbers were no numbers any more.
pub(super) const BROKE_DOWN: &str = "training broke down";

impl RunRecord {
    fn new(recipe: &Recipe, session: &Session<'_>) -> Self {
        let now = now_secs();
        let mut record = Self {
            version: String::new(),
            burn: None,
            system: None,
            device: String::new(),
            device_wish: None,
            device_asked: None,
            seed: recipe.training.seed,
            examples_seed: recipe.examples.seed,
            started_secs: now,
            changed_secs: now,
            resumed: 0,
            status: RunStatus::Running,
            reason: None,
        };
        record.take_session(session);
        record
    }

    /// What another session may change.
    fn take_session(&mut self, session: &Session<'_>) {
        let Session { processor, asked } = session;
        self.version = env!("CARGO_PKG_VERSION").to_owned();
        self.burn = Some(BURN.to_owned());
        let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
        self.system = Some(format!("{system}, {machine}"));
        self.device = processor.name.clone();
        self.device_wish = Some(processor.wish.to_string());
        self.device_asked = Some(asked.unwrap_or(processor.wish).to_string());
    }

    /// Whether it failed because numbers were no numbers any more.
    fn has_broken_down(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or("");
        self.status == RunStatus::Failed && reason.contains(BROKE_DOWN)
    }
}

impl RunPlace {
    /// Looks for a place for a run: a new one, or one to carry on. Nothing is written where there
    /// is none yet; one that is there is held from now on.
    pub(super) fn find(path: &Path, resume: bool, overwrite: bool) -> Result<Self> {
        let is_there = path.join(RECORD).is_file();
        if resume && !is_there && !overwrite {
            return Err(no_checkpoint(path));
        }
        if is_there && !resume && !overwrite {
            return Err(Error::Exists { path: path.into() });
        }
        Ok(Self {
            path: path.into(),
            lock: match is_there {
                true => Some(RunLock::take(path)?),
                false => None,
            },
            is_resumed: resume && is_there,
            overwrite,
        })
    }

    /// Whether it carries on what is there.
    pub(super) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Begins a run in it, or carries on the one that is there.
    pub(super) fn begin(
        self,
        recipe: &Recipe,
        session: &Session<'_>,
        reporter: &Reporter,
    ) -> Result<RunFolder> {
        let Self {
            path,
            lock,
            is_resumed,
            overwrite,
        } = self;
        let lock = match lock {
            Some(lock) => lock,
            None => {
                std::fs::create_dir_all(&path).map_err(Error::io("create the folder", &path))?;
                RunLock::take(&path)?
            }
        };
        if is_resumed {
            return RunFolder::carry_on(path, lock, recipe, session, reporter);
        }
        if path.join(RECORD).is_file() {
            if !overwrite {
                // It came while the recordings were looked at.
                return Err(Error::Exists { path });
            }
            clear(&path)?;
        }
        let text = std::fs::read_to_string(path.join(RECIPE));
        // A run that was killed before its record was there is this one.
        let is_ours = match text {
            Ok(text) => text == recipe.to_toml()?,
            Err(_) => false,
        };
        recipe.write(&path.join(RECIPE), overwrite || is_ours)?;
        let folder = RunFolder {
            path,
            record: RunRecord::new(recipe, session),
            is_resumed: false,
            _lock: lock,
        };
        folder.write_record()?;
        Ok(folder)
    }
}

impl RunFolder {
    /// Carries on the run that is there. From then on `recipe` is what its folder holds.
    fn carry_on(
        path: PathBuf,
        lock: RunLock,
        recipe: &Recipe,
        session: &Session<'_>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let before = Recipe::read(&path.join(RECIPE))?;
        let mut record: RunRecord = read_toml("run", &path.join(RECORD))?;
        let has_failed = record.status == RunStatus::Failed;
        let is_same = recipe.continues(&before)?;
        let goes_on = is_same || has_failed && recipe.continues_failed(&before)?;
        if !goes_on {
            let problem = format!(
                "the recipe differs from the run's in more than length, threads and previews{}; \
                 change it back, or start another run: {}",
                match has_failed {
                    true => ", learning rates, training.clip_norm and schedule.warmup_steps",
                    false => "",
                },
                path.display()
            );
            return Err(Error::setting("resume", problem));
        }
        if is_same && record.has_broken_down() {
            reporter.warn(
                "the run broke down, and goes on with the same settings: it may well do so again; \
                 it can be resumed with a lower learning rate",
            );
        }
        recipe.write(&path.join(RECIPE), true)?;
        record.resumed += 1;
        record.take_session(session);
        let mut folder = Self {
            path,
            record,
            is_resumed: true,
            _lock: lock,
        };
        folder.set_status(RunStatus::Running, None)?;
        Ok(folder)
    }

    pub(super) fn set_status(&mut self, status: RunStatus, reason: Option<String>) -> Result<()> {
        self.record.status = status;
        self.record.reason = reason;
        self.record.changed_secs = now_secs();
        self.write_record()
    }

    fn write_record(&self) -> Result<()> {
        write_toml(&self.record, &self.path.join(RECORD))
    }

    pub(super) fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }
}

/// A run that is on disk.
#[derive(Debug, Clone)]
pub struct RunOnDisk {
    /// Its folder.
    pub path: PathBuf,
    /// Its settings.
    pub recipe: Recipe,
    /// How it went.
    pub record: RunRecord,
    /// What it learned from; `None` if it was killed before it had looked.
    pub data: Option<RunData>,
    /// Its epochs.
    pub history: Vec<super::HistoryRow>,
    /// The best of them, as its checkpoint tells.
    pub best: Option<super::BestEpoch>,
}

/// Reads a run's folder.
///
/// # Errors
/// [`Error::Io`] if it is none; [`Error::Document`] if a part cannot be understood.
pub fn read_run(path: &Path) -> Result<RunOnDisk> {
    let data = path.join(DATA);
    let history = path.join(HISTORY);
    Ok(RunOnDisk {
        path: path.into(),
        recipe: Recipe::read(&path.join(RECIPE))?,
        record: read_toml("run", &path.join(RECORD))?,
        data: match data.is_file() {
            true => Some(read_toml("record of the data", &data)?),
            false => None,
        },
        history: match history.is_file() {
            true => super::read_history(&history)?,
            false => Vec::new(),
        },
        best: Checkpoint::Best
            .read_state(path)?
            .and_then(|state| state.best),
    })
}

/// Removes what a run writes, and nothing else.
fn clear(path: &Path) -> Result<()> {
    Checkpoint::Best.clear(path)?;
    Checkpoint::Last.clear(path)?;
    let entries = std::fs::read_dir(path).map_err(Error::io("read the folder", path))?;
    for entry in entries {
        let entry = entry.map_err(Error::io("read the folder", path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let place = entry.path();
        if [RECIPE, DATA, RECORD, HISTORY].contains(&&*name)
            || name.starts_with("events.out.tfevents.")
        {
            std::fs::remove_file(&place).map_err(Error::io("remove", &place))?;
        } else if name == PREVIEWS {
            std::fs::remove_dir_all(&place).map_err(Error::io("remove", &place))?;
        }
    }
    Ok(())
}

fn now_secs() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub(super) fn read_toml<T: DeserializeOwned>(what: &'static str, path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    parse_table(&text)
        .and_then(from_table)
        .map_err(|problem| Error::Document {
            what,
            problem,
            path: path.into(),
        })
}

pub(super) fn write_toml(value: &impl Serialize, path: &Path) -> Result<()> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| Error::setting("run", format!("cannot be written: {error}")))?;
    write_whole(path, true, |file| file.write_all(text.as_bytes()))
}
