//! Where a run's previews lie: those of the training itself, and those of the stages before it.
//!
//! ```text
//! RUN/previews/epoch-NNN/          the training itself
//!              STAGE/epoch-NNN/    a stage before it
//! ```

use std::path::{Path, PathBuf};

use super::preview::PreviewFiles;
use super::recipe::Recipe;
use super::run_folder::{PREVIEWS, RECIPE};
use crate::audio::sanitise_file_name;

/// A preview on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPreview {
    /// The name, by [`Recipe::stage_names`], of the stage before the training that it is of; `None`
    /// for the training itself.
    pub stage: Option<String>,
    /// The epoch, from 1 (after the recipe's offset).
    pub epoch: usize,
    /// Its files.
    pub files: PreviewFiles,
}

/// The previews that a run has pictures of: of its stages in the recipe's order (by name where the
/// recipe cannot be read), then of the training itself; each by epoch. None if there is no run.
pub fn read_previews(run: &Path) -> Vec<RunPreview> {
    let folder = run.join(PREVIEWS);
    let stages: Vec<(String, PathBuf)> = match Recipe::read(&run.join(RECIPE)) {
        Ok(recipe) => {
            let names = recipe.stage_names();
            let folders: Vec<String> = (0..names.len()).map(|i| stage_folder(&names, i)).collect();
            let places = folders.into_iter().map(|name| folder.join(name));
            names.into_iter().zip(places).collect()
        }
        Err(_) => entries(&folder)
            .into_iter()
            .filter(|(name, _)| epoch_of(name).is_none())
            .collect(),
    };
    let mut previews = Vec::new();
    for (name, folder) in stages {
        previews.extend(previews_in(&folder, Some(&name)));
    }
    previews.extend(previews_in(&folder, None));
    previews
}

/// The folder of an epoch's preview. `stages` are the names of the stages before the training,
/// `stage` the number of the one that it is of, from 0; one beyond them is the training itself.
pub(super) fn preview_folder(run: &Path, stages: &[String], stage: usize, epoch: usize) -> PathBuf {
    let folder = match stage < stages.len() {
        true => run.join(PREVIEWS).join(stage_folder(stages, stage)),
        false => run.join(PREVIEWS),
    };
    folder.join(format!("epoch-{epoch:03}"))
}

/// What a stage's folder is called: as the stage, where no other folder may be meant by it.
fn stage_folder(stages: &[String], stage: usize) -> String {
    let plain = |name: &String| sanitise_file_name(name).to_lowercase();
    let name = stages.get(stage).map(plain).unwrap_or_default();
    let alike = stages.iter().filter(|other| plain(other) == name).count();
    match stages.get(stage) {
        Some(own) if alike == 1 && epoch_of(&name).is_none() => sanitise_file_name(own),
        _ => format!("stage-{}", stage + 1),
    }
}

fn epoch_of(folder: &str) -> Option<usize> {
    folder.strip_prefix("epoch-")?.parse().ok()
}

/// Names and places of all that is in a folder, by name.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<(String, PathBuf)> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, entry.path())
        })
        .collect();
    named.sort();
    named
}

fn previews_in(folder: &Path, stage: Option<&str>) -> Vec<RunPreview> {
    let mut previews: Vec<RunPreview> = entries(folder)
        .into_iter()
        .filter_map(|(name, place)| {
            Some(RunPreview {
                stage: stage.map(str::to_owned),
                epoch: epoch_of(&name)?,
                files: PreviewFiles::find(&place)?,
            })
        })
        .collect();
    previews.sort_by_key(|preview| preview.epoch);
    previews
}
