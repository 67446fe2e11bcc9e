//! Recipes, devices and runs as the window shows them; read on a worker.

use std::path::{Path, PathBuf};

use egui::ColorImage;

use super::course::{Course, stage_words};
use crate::error::{Error, Result};
use crate::train::{
    BestEpoch, Checkpoint, HistoryRow, Recipe, RunRecord, open_recipe, read_previews, read_run,
    shipped_recipe_names,
};

/// A recipe of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeSeen {
    /// Its name, or its file.
    pub id: String,
    /// What a person reads.
    pub title: String,
    /// Whether it is an experiment.
    pub experimental: bool,
    /// What it learns and how large it is; or why it cannot be used.
    pub what: std::result::Result<String, String>,
}

/// Something that can train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSeen {
    /// How it is asked for.
    pub id: String,
    /// What it calls itself.
    pub name: String,
}

/// A preview of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewSeen {
    /// The stage before the training, by its name; none is the training itself.
    pub stage: Option<String>,
    /// The epoch, from 1.
    pub epoch: usize,
    /// Input, target and output in order, as PNG.
    pub picture: PathBuf,
    /// Input, target and output as sound, if there is any.
    pub sounds: Option<[PathBuf; 3]>,
}

impl PreviewSeen {
    /// What tells it from all others of a run.
    pub fn key(&self) -> (Option<&str>, usize) {
        (self.stage.as_deref(), self.epoch)
    }

    /// Where in the run it was made: "epoch 3", or "auto-encoder, epoch 3".
    pub fn place(&self) -> String {
        match &self.stage {
            Some(stage) => format!("{}, epoch {}", stage_words(stage), self.epoch),
            None => format!("epoch {}", self.epoch),
        }
    }
}

/// A run on disk.
#[derive(Debug, Clone)]
pub struct RunSeen {
    /// Its recipe, as TOML.
    pub recipe: String,
    /// The recipe's name.
    pub name: String,
    /// Its stages, and how long they are to be.
    pub course: Course,
    /// The network's learning rate.
    pub learning_rate: f64,
    /// All others that there are, with their keys: the discriminator's, and those of stages.
    pub other_rates: Vec<(String, f64)>,
    /// How it went.
    pub record: RunRecord,
    /// The folder it learned from.
    pub data: Option<PathBuf>,
    /// Its epochs.
    pub rows: Vec<HistoryRow>,
    /// The best of them.
    pub best: Option<BestEpoch>,
    /// Whether there is a latest state.
    pub has_last: bool,
    /// Its previews, by stage and epoch.
    pub previews: Vec<PreviewSeen>,
}

impl RunSeen {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// [`Error::Io`] if it is none; [`Error::Document`] if a part cannot be understood.
    pub fn read(path: &Path) -> Result<Self> {
        let run = read_run(path)?;
        let previews = read_previews(path).into_iter();
        Ok(Self {
            recipe: run.recipe.to_toml()?,
            course: Course::of(&run.recipe),
            learning_rate: run.recipe.optimiser.learning_rate,
            other_rates: other_rates(&run.recipe),
            name: run.recipe.name,
            record: run.record,
            data: run.data.map(|data| data.folder),
            rows: run.history,
            best: run.best,
            has_last: Checkpoint::Last.path(path).is_some(),
            previews: previews
                .map(|preview| PreviewSeen {
                    stage: preview.stage,
                    epoch: preview.epoch,
                    picture: preview.files.picture,
                    sounds: preview.files.sounds,
                })
                .collect(),
        })
    }
}

/// Learning rates beside the network's own.
fn other_rates(recipe: &Recipe) -> Vec<(String, f64)> {
    let own = recipe.discriminator_optimiser;
    let key = "discriminator_optimiser.learning_rate".to_owned();
    let mut rates: Vec<(String, f64)> = own
        .map(|optimiser| (key, optimiser.learning_rate))
        .into_iter()
        .collect();
    for (name, stage) in recipe.stage_names().iter().zip(&recipe.pretrain) {
        for table in ["optimiser", "discriminator_optimiser"] {
            let rate = stage
                .get(table)
                .and_then(|table| table.get("learning_rate"));
            // A whole number is a number too.
            let whole = rate.and_then(toml::Value::as_integer);
            let rate = rate
                .and_then(toml::Value::as_float)
                .or(whole.map(|rate| rate as f64));
            let key = format!("pretrain.{name}.{table}.learning_rate");
            rates.extend(rate.map(|rate| (key, rate)));
        }
    }
    rates
}

/// The shipped recipes, then these files.
pub(super) fn list_recipes(files: &[String]) -> Vec<RecipeSeen> {
    let shipped = shipped_recipe_names().into_iter();
    let own = files.iter().map(String::as_str);
    shipped.chain(own).map(recipe_seen).collect()
}

fn recipe_seen(id: &str) -> RecipeSeen {
    let none: [&str; 0] = [];
    match open_recipe(id, &none) {
        Ok(recipe) => RecipeSeen {
            id: id.to_owned(),
            title: title(&recipe),
            experimental: recipe.experimental,
            what: what(&recipe).map_err(|error| error.to_string()),
        },
        Err(error) => RecipeSeen {
            id: id.to_owned(),
            title: id.to_owned(),
            experimental: false,
            what: Err(error.to_string()),
        },
    }
}

/// What a person reads of a recipe.
pub(super) fn title(recipe: &Recipe) -> String {
    if recipe.title.is_empty() {
        recipe.name.clone()
    } else {
        recipe.title.clone()
    }
}

/// What it learns, and how many numbers the network has.
pub(super) fn what(recipe: &Recipe) -> Result<String> {
    let examples = &recipe.examples;
    let origin = match examples.origin.as_str() {
        "" => "mixture",
        origin => origin,
    };
    let parameters = recipe.plan(examples.shapes()?)?.parameters()?;
    Ok(format!(
        "{origin} to {} · {} parameters",
        examples.targets.join(", "),
        rounded(parameters)
    ))
}

/// A count in few digits.
pub(super) fn rounded(count: usize) -> String {
    let number = count as f64;
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.0} thousand", number / 1e3),
        _ => format!("{:.1} million", number / 1e6),
    }
}

/// What can train on this machine. Opens every adapter.
pub(super) fn devices() -> Vec<DeviceSeen> {
    let all = crate::train::list();
    all.into_iter()
        .map(|processor| DeviceSeen {
            id: processor.wish.to_string(),
            name: if processor.is_software {
                format!("{} (software, slow)", processor.name)
            } else {
                processor.name
            },
        })
        .collect()
}

/// A PNG file's pixels.
pub(super) fn read_picture(path: &Path) -> Result<ColorImage> {
    let wrong = |problem: String| Error::Picture {
        problem: format!("the preview cannot be shown ({problem}); the run goes on without it"),
        path: path.into(),
    };
    let file = std::fs::File::open(path).map_err(Error::io("open", path))?;
    let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| wrong(e.to_string()))?;
    let Some(size) = reader.output_buffer_size() else {
        return Err(wrong("it is too large".into()));
    };
    let mut bytes = vec![0; size];
    let frame = reader
        .next_frame(&mut bytes)
        .map_err(|e| wrong(e.to_string()))?;
    let size = [frame.width as usize, frame.height as usize];
    let pixels = bytes.get(..frame.buffer_size()).unwrap_or_default();
    match frame.color_type {
        png::ColorType::Rgb if frame.bit_depth == png::BitDepth::Eight => {
            Ok(ColorImage::from_rgb(size, pixels))
        }
        _ => Err(wrong("it is no picture of 8-bit colours".into())),
    }
}
