//! A run's folder: what it is made of, what it learned from, how it went.
//!
//! ```text
//! RUN/recipe.toml                 every setting
//!     data.toml                   folder, checksum, songs by split
//!     run.toml                    version, device, when, how it ended
//!     history.csv                 one row per epoch
//!     events.out.tfevents.…       the same for TensorBoard
//!     checkpoints/{best,last}/    networks, optimisers, state
//!     previews/epoch-NNN/         picture.png, input.wav, target.wav, output.wav
//!     .lock                       held by the program that trains in it
//! ```

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::checkpoint::{Checkpoint, no_checkpoint};
use super::recipe::Recipe;
use super::recipe_table::{from_table, parse_table};
use super::run_lock::RunLock;
use crate::audio::write_whole;
use crate::dataset::{ExampleSet, Split};
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
    /// Version of this program.
    pub version: String,
    /// The device, in its own words.
    pub device: String,
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

/// `data.toml`: what a run learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunData {
    /// The folder; in its name, what is not UTF-8 is replaced.
    #[serde(serialize_with = "in_text")]
    pub folder: PathBuf,
    /// SHA-256 over the examples' settings and songs of each stage.
    pub checksums: Vec<String>,
    /// Seconds of the songs to learn from.
    #[serde(default)]
    pub train_secs: f64,
    /// Songs to learn from.
    pub train: Vec<String>,
    /// Songs to watch the learning with.
    pub valid: Vec<String>,
    /// Songs kept for later.
    pub test: Vec<String>,
}

/// A folder that a run may have; nothing in it is changed yet.
pub(super) struct RunPlace {
    path: PathBuf,
    lock: RunLock,
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

const RECIPE: &str = "recipe.toml";
const DATA: &str = "data.toml";
const RECORD: &str = "run.toml";
const HISTORY: &str = "history.csv";

impl RunPlace {
    /// Takes a folder for a run: a new one, or one to carry on.
    pub(super) fn take(path: &Path, resume: bool, overwrite: bool) -> Result<Self> {
        let is_there = path.join(RECORD).is_file();
        if resume && !is_there && !overwrite {
            return Err(no_checkpoint(path));
        }
        if is_there && !resume && !overwrite {
            return Err(Error::Exists { path: path.into() });
        }
        std::fs::create_dir_all(path).map_err(Error::io("create the folder", path))?;
        Ok(Self {
            path: path.into(),
            lock: RunLock::take(path)?,
            is_resumed: resume && is_there,
            overwrite,
        })
    }

    /// Whether a run that is there is to be removed.
    pub(super) fn replaces(&self) -> bool {
        !self.is_resumed && self.path.join(RECORD).is_file()
    }

    /// Begins a run in it, or carries on the one that is there.
    pub(super) fn begin(self, recipe: &Recipe, device: &str) -> Result<RunFolder> {
        if self.is_resumed {
            return RunFolder::carry_on(self, recipe, device);
        }
        if self.replaces() {
            clear(&self.path)?;
        }
        let text = std::fs::read_to_string(self.path.join(RECIPE));
        // A run that was killed before its record was there is this one.
        let is_ours = match text {
            Ok(text) => text == recipe.to_toml()?,
            Err(_) => false,
        };
        recipe.write(&self.path.join(RECIPE), self.overwrite || is_ours)?;
        let folder = RunFolder {
            path: self.path,
            record: RunRecord {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                device: device.to_owned(),
                seed: recipe.training.seed,
                examples_seed: recipe.examples.seed,
                started_secs: now_secs(),
                changed_secs: now_secs(),
                resumed: 0,
                status: RunStatus::Running,
                reason: None,
            },
            is_resumed: false,
            _lock: self.lock,
        };
        folder.write_record()?;
        Ok(folder)
    }
}

impl RunFolder {
    fn carry_on(place: RunPlace, recipe: &Recipe, device: &str) -> Result<Self> {
        let path = place.path.as_path();
        let before = Recipe::read(&path.join(RECIPE))?;
        if !recipe.continues(&before)? {
            let problem = format!(
                "the recipe differs from the run's in more than length, threads and previews; \
                 change it back, or start another run: {}",
                path.display()
            );
            return Err(Error::setting("resume", problem));
        }
        recipe.write(&path.join(RECIPE), true)?;
        let mut record: RunRecord = read_toml("run", &path.join(RECORD))?;
        record.resumed += 1;
        record.device = device.to_owned();
        let mut folder = Self {
            path: path.into(),
            record,
            is_resumed: true,
            _lock: place.lock,
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

    /// Says what a stage learns from; a resumed run must learn from the same.
    pub(super) fn claim_data(
        &self,
        folder: &Path,
        stage: usize,
        set: &ExampleSet,
        reporter: &Reporter,
    ) -> Result<()> {
        let path = self.path.join(DATA);
        let checksum = set.checksum();
        let mut data = if path.is_file() {
            read_toml::<RunData>("record of the data", &path)?
        } else {
            RunData {
                folder: std::path::absolute(folder).map_err(Error::io("find", folder))?,
                checksums: Vec::new(),
                train_secs: 0.0,
                train: Vec::new(),
                valid: Vec::new(),
                test: Vec::new(),
            }
        };
        match data.checksums.get(stage) {
            Some(before) if *before != checksum => {
                let problem = format!(
                    "the songs differ from those that this run began with; bring them back, or \
                     start another run: {}",
                    folder.display()
                );
                return Err(Error::setting("data", problem));
            }
            Some(_) => return Ok(()),
            None => data.checksums.push(checksum),
        }
        for problem in set.problems() {
            reporter.warn(problem.clone());
        }
        let names = |split: Split| -> Vec<String> {
            let songs = set.songs().iter().filter(|song| song.split == split);
            songs.map(|song| song.name.clone()).collect()
        };
        let of_train = set.songs().iter().filter(|song| song.split == Split::Train);
        data.train_secs = of_train.map(|song| song.seconds).sum();
        data.train = names(Split::Train);
        data.valid = names(Split::Valid);
        data.test = names(Split::Test);
        write_toml(&data, &path)
    }

    pub(super) fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    pub(super) fn preview(&self, epoch: usize) -> PathBuf {
        self.path.join("previews").join(format!("epoch-{epoch:03}"))
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
        } else if name == "previews" {
            std::fs::remove_dir_all(&place).map_err(Error::io("remove", &place))?;
        }
    }
    Ok(())
}

/// A path as text, whatever its bytes.
fn in_text<S: Serializer>(path: &Path, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

fn now_secs() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn read_toml<T: DeserializeOwned>(what: &'static str, path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    parse_table(&text)
        .and_then(from_table)
        .map_err(|problem| Error::Document {
            what,
            problem,
            path: path.into(),
        })
}

fn write_toml(value: &impl Serialize, path: &Path) -> Result<()> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| Error::setting("run", format!("cannot be written: {error}")))?;
    write_whole(path, true, |file| file.write_all(text.as_bytes()))
}
