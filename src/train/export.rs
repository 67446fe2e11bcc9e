//! Out of a run: an ONNX file with its card, which every command that runs networks takes, and the
//! plain weights beside it.
//!
//! ```text
//! RUN/checkpoints/best ─► weights ─► graph + card, checked ─► NAME.onnx, NAME.safetensors
//!                                                              └► the shelf   ([`copy_to_shelf`])
//! ```

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::card::card_of;
use super::checkpoint::{Checkpoint, RunState};
use super::history::HistoryRow;
use super::onnx_graph::onnx_model;
use super::recipe::Recipe;
use super::run_folder::{RunOnDisk, read_run};
use super::weights::Weights;
use crate::apply::BUILTIN_IDS;
use crate::audio::write_whole;
use crate::error::{Error, Result};
use crate::model::proto::GraphSummary;
use crate::model::{ModelCard, ModelShelf};

/// How a run is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportOptions {
    /// The ONNX file. The weights go beside it, as `NAME.safetensors`.
    pub out: PathBuf,
    /// Which state. Default the best.
    pub checkpoint: Checkpoint,
    /// Whether batch normalisation behind a convolution becomes part of it: the same answer to
    /// rounding, sooner. Default yes.
    pub fold_norm: bool,
    /// Whether files that are there are replaced. Default no.
    pub overwrite: bool,
    /// The model's id: letters, digits, `-`, `_`, `.`. Default the file's name, or if that is only
    /// "model" the run's.
    pub id: Option<String>,
    /// The model's name for people. Default the recipe's title.
    pub name: Option<String>,
    /// Licence of the weights. Default none.
    pub license: Option<String>,
}

impl ExportOptions {
    /// To this file, all else by default.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            checkpoint: Checkpoint::Best,
            fold_norm: true,
            overwrite: false,
            id: None,
            name: None,
            license: None,
        }
    }

    /// Whether the files can be written: the name, and what is there already.
    ///
    /// # Errors
    /// [`Error::Setting`] "out" unless it ends in `.onnx`; [`Error::Exists`].
    pub fn check_out(&self) -> Result<()> {
        let is_onnx = |e: &OsStr| e.eq_ignore_ascii_case("onnx");
        if !self.out.extension().is_some_and(is_onnx) {
            let problem = format!("must end in .onnx: {}", self.out.display());
            return Err(Error::setting("out", problem));
        }
        for path in [&self.out, &self.safetensors(), &sidecar(&self.out)] {
            if path.exists() && (!self.overwrite || path.is_dir()) {
                return Err(Error::Exists { path: path.clone() });
            }
        }
        Ok(())
    }

    fn safetensors(&self) -> PathBuf {
        self.out.with_extension("safetensors")
    }
}

/// What was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The ONNX file.
    pub path: PathBuf,
    /// All weights as they were learned, by name.
    pub safetensors: PathBuf,
    /// The card that travels in the ONNX file.
    pub card: ModelCard,
}

/// Writes a run's network as ONNX with its card, and its weights as safetensors; all is checked, and
/// written whole, before anything takes its place. A card that lay beside an earlier file of that
/// name is removed with it.
///
/// # Errors
/// [`Error::Setting`] if the folder holds no run, the run has no such state or is still in a stage
/// before its last, or what it learned cannot be run on songs (as [`card_of`]); [`Error::Malformed`]
/// for a damaged state; [`Error::Card`] if the card does not fit; [`Error::Exists`]; [`Error::Io`].
pub fn export(run: &Path, options: &ExportOptions) -> Result<Exported> {
    options.check_out()?;
    let made = opened(run)?;
    let (state, weights_path) = state_of(run, options.checkpoint)?;
    let mut stages = made.recipe.stages()?;
    let (count, last) = (stages.len(), stages.pop());
    let recipe = last
        .filter(|_| state.stage + 1 == count)
        .ok_or_else(|| not_last(run, state.stage, count))?;
    let card = card(&recipe, &made, &state, options)?;
    let weights = Weights::read_safetensors(&weights_path)?;
    let plan = recipe.plan(recipe.examples.shapes()?)?;
    let graph = onnx_model(&plan, &weights, options.fold_norm, &card).map_err(|error| {
        match error {
            // Which weights these are.
            Error::Setting { name, problem } => {
                Error::setting(name, format!("{problem}: {}", weights_path.display()))
            }
            error => error,
        }
    })?;
    write(&graph, &weights, &card, options)?;
    Ok(Exported {
        path: options.out.clone(),
        safetensors: options.safetensors(),
        card,
    })
}

/// Reads the run in a folder.
fn opened(run: &Path) -> Result<RunOnDisk> {
    if !run.join("run.toml").is_file() {
        let problem = format!(
            "there is no run in this folder; name one that `stemloom train --out` made: {}",
            run.display()
        );
        return Err(Error::setting("run", problem));
    }
    read_run(run)
}

/// A state, and where its network is.
fn state_of(run: &Path, checkpoint: Checkpoint) -> Result<(RunState, PathBuf)> {
    let found = checkpoint.read_state(run)?.zip(checkpoint.network(run));
    found.ok_or_else(|| {
        let (name, other) = match checkpoint {
            Checkpoint::Best => ("best", "the last one, or train a whole epoch"),
            Checkpoint::Last => ("last", "the best one"),
        };
        let problem = format!(
            "the run has no {name} state; choose {other}: {}",
            run.display()
        );
        Error::setting("checkpoint", problem)
    })
}

fn not_last(run: &Path, stage: usize, stages: usize) -> Error {
    let problem = format!(
        "it is still in stage {} of {stages}, where something else is learned; carry it on: {}",
        stage + 1,
        run.display()
    );
    Error::setting("run", problem)
}

/// The recipe's card with the run's story and figures.
fn card(
    recipe: &Recipe,
    run: &RunOnDisk,
    state: &RunState,
    options: &ExportOptions,
) -> Result<ModelCard> {
    let mut card = card_of(recipe)?;
    card.id = match &options.id {
        Some(id) => id.clone(),
        None => default_id(&options.out, &run.path).unwrap_or(card.id),
    };
    if BUILTIN_IDS.contains(&card.id.as_str()) {
        let problem = format!(
            "{:?} is a method that is always there; choose another",
            card.id
        );
        return Err(Error::setting("id", problem));
    }
    if let Some(name) = &options.name {
        card.name.clone_from(name);
    }
    card.license = options.license.clone().unwrap_or_default();
    // The epoch that the state is of.
    let row = run
        .history
        .iter()
        .rfind(|row| row.stage == state.stage && row.step <= state.step);
    card.training = story(recipe, run, state, row);
    for (name, value) in row.and_then(|row| row.valid).iter().flat_map(|x| x.named()) {
        card.scores.insert(format!("valid.{name}"), value);
    }
    card.validate(&options.out)?;
    Ok(card)
}

/// How it was trained, in a sentence.
fn story(recipe: &Recipe, run: &RunOnDisk, state: &RunState, row: Option<&HistoryRow>) -> String {
    let mut parts = vec![format!("recipe {}", run.recipe.name)];
    if let Some(data) = &run.data {
        let (hours, songs) = (data.train_secs / 3600.0, data.train.len());
        parts.push(format!("{hours:.2} hours of {songs} songs"));
    }
    let epochs = state.epoch + recipe.training.epoch_offset;
    parts.push(format!("{epochs} epochs, {} steps", state.step));
    match row.map(|row| (row.valid, row.train)) {
        Some((Some(valid), _)) => parts.push(format!("validation loss {:.6}", valid.loss)),
        Some((None, train)) => parts.push(format!("training loss {:.6}", train.loss)),
        None => {}
    }
    parts.join(", ")
}

/// An id by the file's name; a file that is called "model" has that of the run's folder.
fn default_id(out: &Path, run: &Path) -> Option<String> {
    match out.file_stem().map(plain)? {
        id if id != "model" => Some(id),
        // A folder such as "." has its name elsewhere.
        _ => run.canonicalize().ok()?.file_name().map(plain),
    }
}

/// A name as an id, what an id cannot have replaced.
fn plain(name: &OsStr) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.to_string_lossy().chars().map(plain).collect()
}

/// A card beside a file, which would win over the one inside.
fn sidecar(path: &Path) -> PathBuf {
    path.with_extension("card.toml")
}

/// Both files in a folder of their own beside their places, looked at, then moved.
fn write(graph: &[u8], weights: &Weights, card: &ModelCard, options: &ExportOptions) -> Result<()> {
    let folder = options.out.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    let parts = tempfile::Builder::new()
        .prefix(".export-")
        .tempdir_in(folder)
        .map_err(Error::io("create a folder in", folder))?;
    let part = parts.path().join("network.onnx");
    write_whole(&part, false, |file| file.write_all(graph))?;
    card.check_graph(&GraphSummary::read(&part)?, &options.out)?;
    let metadata = BTreeMap::from([
        ("id".to_owned(), card.id.clone()),
        ("training".to_owned(), card.training.clone()),
        ("license".to_owned(), card.license.clone()),
    ]);
    let weights_part = parts.path().join("network.safetensors");
    weights.write_safetensors(&weights_part, &metadata)?;
    let moved = |from: &Path, to: &Path| {
        std::fs::rename(from, to).map_err(Error::io("move into place", to))
    };
    moved(&weights_part, &options.safetensors())?;
    remove_sidecar(&options.out)?;
    moved(&part, &options.out)
}

fn remove_sidecar(path: &Path) -> Result<()> {
    let sidecar = sidecar(path);
    if sidecar.is_file() {
        std::fs::remove_file(&sidecar).map_err(Error::io("remove", &sidecar))?;
    }
    Ok(())
}

/// The folder that a person's own models stand in.
pub fn shelf_folder() -> PathBuf {
    crate::paths::data_dir().join("models")
}

/// Copies an exported model onto the shelf, under its id; answers the copy's path. It is among the
/// models at once.
///
/// # Errors
/// [`Error::Setting`] "id" if another model of that id would be found before it; [`Error::Exists`]
/// unless `overwrite`; [`Error::Io`].
pub fn copy_to_shelf(exported: &Exported, overwrite: bool) -> Result<PathBuf> {
    let folder = shelf_folder();
    let target = check_shelf(&exported.card.id, &exported.path, overwrite)?;
    std::fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
    if is_same_file(&exported.path, &target) {
        return Ok(target);
    }
    let mut source =
        std::fs::File::open(&exported.path).map_err(Error::io("open", &exported.path))?;
    write_whole(&target, overwrite, |file| {
        std::io::copy(&mut source, file).map(|_| ())
    })?;
    remove_sidecar(&target)?;
    Ok(target)
}

/// Where a model of this id, exported to `path`, goes on the shelf; whether it can.
fn check_shelf(id: &str, path: &Path, overwrite: bool) -> Result<PathBuf> {
    let target = shelf_folder().join(format!("{id}.onnx"));
    let shelf = ModelShelf::scan();
    let mut others = shelf.entries.iter().filter(|entry| entry.id == id);
    let is_other = |other: &Path| !is_same_file(other, &target) && !is_same_file(other, path);
    if let Some(other) = others.find(|entry| is_other(&entry.path)) {
        let problem = format!(
            "{id:?} is another model's already; choose another --id: {}",
            other.path.display()
        );
        return Err(Error::setting("id", problem));
    }
    for taken in [&target, &sidecar(&target)] {
        if taken.exists() && !overwrite && !is_same_file(path, &target) {
            return Err(Error::Exists {
                path: taken.clone(),
            });
        }
    }
    Ok(target)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
