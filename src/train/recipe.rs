//! All that decides what a network becomes, as one TOML file.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::networks::NetworkSpec;
use super::plan::Plan;
use super::recipe_check::{of_discriminator, of_examples};
use super::recipe_stages::of_stage;
use super::recipe_table::{from_table, parse_table, with_preset};
use super::settings::{LossSpec, OptimiserSpec, PreviewSpec, ScheduleSpec, TrainingSpec};
use crate::audio::write_whole;
use crate::dataset::{ExampleShapes, ExampleSpec};
use crate::error::{Error, Result};

/// A training recipe. Every field but `examples` and `network` may be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Short name, as typed: letters, digits and hyphens. Default "own".
    #[serde(default = "own")]
    pub name: String,
    /// What a person reads in a list. Default empty.
    #[serde(default)]
    pub title: String,
    /// What it is for, where its settings are from, and what to change on a small machine.
    #[serde(default)]
    pub about: String,
    /// Whether it is told apart as an experiment. Default no.
    #[serde(default)]
    pub experimental: bool,
    /// What is learned from. In a file, `preset = "NAME"` may stand first; the other fields then
    /// change that preset.
    pub examples: ExampleSpec,
    /// The network.
    pub network: NetworkSpec,
    /// The network that tells made pictures from true ones; needed if `loss.adversarial`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<NetworkSpec>,
    /// What is made small.
    #[serde(default)]
    pub loss: LossSpec,
    /// How the network moves.
    #[serde(default)]
    pub optimiser: OptimiserSpec,
    /// How the discriminator moves; left out, as the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discriminator_optimiser: Option<OptimiserSpec>,
    /// How the learning rate moves.
    #[serde(default)]
    pub schedule: ScheduleSpec,
    /// How long, and in which portions.
    #[serde(default)]
    pub training: TrainingSpec,
    /// The excerpt that is heard and seen.
    #[serde(default)]
    pub preview: PreviewSpec,
    /// Stages before the training itself, in order: each a table of the fields that differ from
    /// this recipe. A stage begins with the best weights of the one before it. Its
    /// `examples.preset` replaces all of `examples` but which songs there are and their parts;
    /// `auto_encoder = true` makes it learn pictures of the recipe's target from themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pretrain: Vec<Table>,
}

fn own() -> String {
    "own".to_owned()
}

impl Recipe {
    /// Reads a recipe's text. `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Document`] that says where it cannot be understood; [`Error::Setting`] for a value
    /// out of range.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let document = |problem| Error::Document {
            what: "recipe",
            problem,
            path: path.into(),
        };
        let table = parse_table(text).map_err(document)?;
        let table = with_preset(table)?;
        let recipe: Self = from_table(table).map_err(document)?;
        recipe.validate()?;
        Ok(recipe)
    }

    /// Reads a recipe file.
    ///
    /// # Errors
    /// As [`Self::parse`]; [`Error::Io`].
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        Self::parse(&text, path)
    }

    /// The recipe as TOML, with every default written out.
    ///
    /// # Errors
    /// [`Error::Setting`] if a number is beyond what TOML holds.
    pub fn to_toml(&self) -> Result<String> {
        // By way of a table: plain values have to stand before tables.
        toml::to_string_pretty(&self.to_table()?).map_err(cannot_write)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Exists`] unless `overwrite`; [`Error::Io`].
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<()> {
        let text = self.to_toml()?;
        write_whole(path, overwrite, |file| file.write_all(text.as_bytes()))
    }

    pub(super) fn to_table(&self) -> Result<Table> {
        Table::try_from(self).map_err(cannot_write)
    }

    /// Checks ranges, and that network and examples go together, of every stage. Makes no network.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field; `pretrain.NAME.FIELD` where only a stage before the
    /// training is wrong.
    pub fn validate(&self) -> Result<()> {
        // What is wrong with the recipe itself is wrong with its stages too.
        self.validate_one()?;
        // The last stage is the recipe itself, and has no name.
        for (name, stage) in self.stage_names().iter().zip(self.stages()?) {
            stage
                .validate_one()
                .map_err(|error| of_stage(name, error))?;
        }
        Ok(())
    }

    fn validate_one(&self) -> Result<()> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            let problem = format!("{:?}: letters, digits and hyphens only", self.name);
            return Err(Error::setting("name", problem));
        }
        self.examples.validate().map_err(of_examples)?;
        self.loss.validate()?;
        self.optimiser.validate("optimiser")?;
        self.discriminator_optimiser()
            .validate("discriminator_optimiser")?;
        self.schedule.validate()?;
        self.training.validate()?;
        self.preview.validate()?;
        let shapes = self.examples.shapes()?;
        let plan = self.plan(shapes)?;
        let output = plan.output()?;
        if output != shapes.target {
            let problem = format!(
                "answers {output:?} (channels, rows, columns) where the examples hold {:?}; \
                 change the network's or the examples' sizes",
                shapes.target
            );
            return Err(Error::setting("network", problem));
        }
        self.check_loss(&plan)?;
        self.discriminator_plan(shapes)?;
        // How many examples there are is known once the data are.
        self.check_batch(shapes, usize::MAX)
    }

    /// The network's layers for examples of these shapes.
    ///
    /// # Errors
    /// [`Error::Setting`] if the network cannot be built for them.
    pub fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        self.network.plan(shapes)
    }

    /// The discriminator's layers, if the loss asks for one. It sees the input without the style
    /// picture, and the output.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is none, or it cannot be built.
    pub fn discriminator_plan(&self, shapes: ExampleShapes) -> Result<Option<Plan>> {
        if !self.loss.adversarial {
            return Ok(None);
        }
        let Some(network) = &self.discriminator else {
            let problem = "an adversarial loss needs one; add a table [discriminator] with kind = \
                           \"patch-discriminator\", or set loss.adversarial = false";
            return Err(Error::setting("discriminator", problem));
        };
        if !matches!(network, NetworkSpec::PatchDiscriminator(_)) {
            let problem = "this kind makes pictures and judges none; choose patch-discriminator";
            return Err(Error::setting("discriminator.kind", problem));
        }
        let mut seen = shapes;
        seen.input[0] = self.origin_channels(shapes);
        network.plan(seen).map(Some).map_err(of_discriminator)
    }

    /// Channels of the input that are the origin's: all but the style picture's.
    pub(super) fn origin_channels(&self, shapes: ExampleShapes) -> usize {
        shapes.input[0] - usize::from(self.examples.conditioned && shapes.input[0] > 1)
    }

    /// The discriminator's optimiser: its own, else the network's.
    pub fn discriminator_optimiser(&self) -> OptimiserSpec {
        self.discriminator_optimiser.unwrap_or(self.optimiser)
    }

    /// Whether a run of `other` may carry on with this one: all is equal, in every stage, but for
    /// how long it goes on, threads, checkpoints, previews and words.
    ///
    /// # Errors
    /// [`Error::Setting`] if a recipe cannot be written.
    pub fn continues(&self, other: &Self) -> Result<bool> {
        Ok(self.cores(&[])? == other.cores(&[])?)
    }

    /// Whether a run of `other` that failed may carry on with this one: as [`Self::continues`], and
    /// the learning rates of both optimisers, `training.clip_norm` and `schedule.warmup_steps` may
    /// be others too.
    ///
    /// # Errors
    /// As [`Self::continues`].
    pub fn continues_failed(&self, other: &Self) -> Result<bool> {
        const CURES: [[&str; 2]; 4] = [
            ["optimiser", "learning_rate"],
            ["discriminator_optimiser", "learning_rate"],
            ["training", "clip_norm"],
            ["schedule", "warmup_steps"],
        ];
        Ok(self.cores(&CURES)? == other.cores(&CURES)?)
    }

    /// What a run cannot change on its way, of every stage; also without `left_out`.
    fn cores(&self, left_out: &[[&str; 2]]) -> Result<Vec<Table>> {
        const LENGTH: [[&str; 2]; 5] = [
            ["training", "epochs"],
            ["training", "patience"],
            ["training", "threads"],
            ["training", "checkpoint_minutes"],
            ["training", "checkpoint_steps"],
        ];
        let core = |stage: Self| -> Result<Table> {
            // One that is left out is the network's.
            let discriminator_optimiser = Some(stage.discriminator_optimiser());
            let mut table = Self {
                discriminator_optimiser,
                ..stage
            }
            .to_table()?;
            for field in ["name", "title", "about", "experimental", "preview"] {
                table.remove(field);
            }
            for [part, field] in LENGTH.iter().chain(left_out) {
                if let Some(Value::Table(part)) = table.get_mut(*part) {
                    part.remove(*field);
                }
            }
            Ok(table)
        };
        self.stages()?.into_iter().map(core).collect()
    }
}

fn cannot_write(error: toml::ser::Error) -> Error {
    Error::setting("recipe", format!("cannot be written as TOML: {error}"))
}
