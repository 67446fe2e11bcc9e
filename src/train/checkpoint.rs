//! States of a run on disk, each a folder that is there whole or not at all.
//!
//! ```text
//! checkpoints/last/   network.safetensors, discriminator.safetensors, optimiser.safetensors,
//!                     state.toml (written last)
//! checkpoints/best/   the same, of the best epoch
//! ```
//!
//! A new state is written beside the old one, the old one moved aside, the new one moved into its
//! place. Whatever moment a run is killed at, [`Checkpoint::path`] finds a whole one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::learner::Learner;
use super::loss::LossSum;
use super::schedule::Schedule;
use super::weights::Weights;
use crate::audio::{sync_folder, write_whole};
use crate::error::{Error, Result};

/// Which state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpoint {
    /// That of the best epoch.
    Best,
    /// The latest, from which a run is resumed.
    Last,
}

const STATE: &str = "state.toml";
const NETWORK: &str = "network.safetensors";
const DISCRIMINATOR: &str = "discriminator.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

/// The best epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestEpoch {
    /// Its number, from 1 (after the recipe's offset).
    pub epoch: usize,
    /// Its loss, by `training.best_by`.
    pub loss: f64,
}

/// Where a run is, all but the networks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunState {
    /// The stage, from 0.
    pub(super) stage: usize,
    /// Epochs of it that are finished.
    pub(super) epoch: usize,
    /// Batches of the epoch begun that are done.
    pub(super) batch: usize,
    /// Steps of the stage.
    pub(super) stage_step: u64,
    /// Steps of all stages.
    pub(super) step: u64,
    /// Epochs since the best one, as of the latest validation.
    pub(super) waited: usize,
    /// Seconds spent on the epoch begun.
    pub(super) epoch_secs: f64,
    /// Seconds spent in all.
    pub(super) secs: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) best: Option<BestEpoch>,
    pub(super) schedule: Schedule,
    /// Losses of the epoch begun.
    pub(super) sum: LossSum,
}

impl Checkpoint {
    fn name(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Last => "last",
        }
    }

    /// Its folder below a run's, or that of the whole state nearest to it after a kill; `None` if
    /// there is none.
    pub fn path(self, run: &Path) -> Option<PathBuf> {
        let [place, new, old] = self.places(run);
        [place, new, old].into_iter().find(|path| is_whole(path))
    }

    /// The network's weights within it.
    pub fn network(self, run: &Path) -> Option<PathBuf> {
        Some(self.path(run)?.join(NETWORK))
    }

    /// The place, and where a new and an old state stand while they change over.
    fn places(self, run: &Path) -> [PathBuf; 3] {
        let folder = run.join("checkpoints");
        let name = self.name();
        [
            folder.join(name),
            folder.join(format!(".{name}-new")),
            folder.join(format!(".{name}-old")),
        ]
    }

    /// Writes a state in place of the one that is there; `None` if a number of a network or an
    /// optimiser is not finite: then the old state stays.
    pub(super) fn write(
        self,
        run: &Path,
        learner: &Learner,
        state: &RunState,
    ) -> Result<Option<PathBuf>> {
        let weights = learner.weights();
        let discriminator = learner.discriminator_weights();
        let optimiser = learner.optimiser_state()?;
        let parts = [Some(&weights), discriminator.as_ref(), Some(&optimiser)];
        if !parts.into_iter().flatten().all(is_finite) {
            return Ok(None);
        }
        let [place, new, old] = self.places(run);
        // After a kill the latest state may stand where the next one is about to be written.
        if !is_whole(&place) && is_whole(&new) {
            remove(&place)?;
            std::fs::rename(&new, &place).map_err(Error::io("move into place", &place))?;
        }
        remove(&new)?;
        std::fs::create_dir_all(&new).map_err(Error::io("create the folder", &new))?;
        let metadata = BTreeMap::from([
            ("stage".to_owned(), state.stage.to_string()),
            ("epoch".to_owned(), state.epoch.to_string()),
            ("step".to_owned(), state.step.to_string()),
        ]);
        weights.write_safetensors(&new.join(NETWORK), &metadata)?;
        if let Some(weights) = discriminator {
            weights.write_safetensors(&new.join(DISCRIMINATOR), &metadata)?;
        }
        optimiser.write_safetensors(&new.join(OPTIMISER), &metadata)?;
        let text = toml::to_string_pretty(state)
            .map_err(|error| Error::setting("state", format!("cannot be written: {error}")))?;
        write_whole(&new.join(STATE), true, |file| {
            file.write_all(text.as_bytes())
        })?;
        if place.exists() {
            remove(&old)?;
            std::fs::rename(&place, &old).map_err(Error::io("move aside", &place))?;
        }
        std::fs::rename(&new, &place).map_err(Error::io("move into place", &place))?;
        sync_folder(&run.join("checkpoints"));
        remove(&old)?;
        Ok(Some(place))
    }

    /// The state, if there is one.
    pub(super) fn read_state(self, run: &Path) -> Result<Option<RunState>> {
        let Some(folder) = self.path(run) else {
            return Ok(None);
        };
        let path = folder.join(STATE);
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let state = toml::from_str(&text).map_err(|error: toml::de::Error| Error::Document {
            what: "state",
            problem: error.message().trim().replace('\n', ", "),
            path,
        })?;
        Ok(Some(state))
    }

    /// Puts networks and optimisers into a learner, after `steps` steps of its stage.
    pub(super) fn restore(self, run: &Path, learner: &mut Learner, steps: u64) -> Result<()> {
        let folder = self.path(run).ok_or_else(|| no_checkpoint(run))?;
        let network = Weights::read_safetensors(&folder.join(NETWORK))?;
        let path = folder.join(DISCRIMINATOR);
        let discriminator = match path.is_file() {
            true => Some(Weights::read_safetensors(&path)?),
            false => None,
        };
        let optimiser = Weights::read_safetensors(&folder.join(OPTIMISER))?;
        learner.restore(&network, discriminator.as_ref(), &optimiser, steps)
    }

    /// Removes it, and what a kill left of it; that first, so that a kill now brings none of it
    /// back.
    pub(super) fn clear(self, run: &Path) -> Result<()> {
        let places = self.places(run);
        places.iter().rev().try_for_each(|path| remove(path))
    }
}

fn is_whole(folder: &Path) -> bool {
    folder.join(STATE).is_file()
}

/// Removes a state: first what makes it look whole.
fn remove(folder: &Path) -> Result<()> {
    let state = folder.join(STATE);
    match std::fs::remove_file(&state) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &state)(error));
        }
        _ => {}
    }
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

fn is_finite(weights: &Weights) -> bool {
    let mut values = weights.arrays.iter().flat_map(|array| &array.values);
    values.all(|x| x.is_finite())
}

pub(super) fn no_checkpoint(run: &Path) -> Error {
    let problem = format!(
        "there is no run to carry on; start one without resuming: {}",
        run.display()
    );
    Error::setting("resume", problem)
}
