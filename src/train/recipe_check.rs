//! What a recipe's parts ask of each other: losses of targets, batches of networks.

use super::plan::{Op, Plan};
use super::recipe::Recipe;
use super::settings::LossKind;
use crate::dataset::{ExampleShapes, ExampleTarget, PictureChannels};
use crate::error::{Error, Result};
use crate::spectral::{MagnitudeScale, Normalisation};

impl Recipe {
    /// Checks that cross-entropy is of values within 0–1.
    pub(super) fn check_loss(&self, plan: &Plan) -> Result<()> {
        let spec = &self.examples;
        // Labels and activity are always within 0–1.
        if self.loss.kind != LossKind::Bce || spec.target != ExampleTarget::Picture {
            return Ok(());
        }
        let fail = |problem: &str| {
            let problem = format!("bce is of values within 0 to 1: {problem}, or another loss");
            Err(Error::setting("loss.kind", problem))
        };
        let is_unit = match spec.picture.scale {
            MagnitudeScale::DbUnit { .. } | MagnitudeScale::MinMax { .. } => true,
            // A full-scale sine is one, or one half.
            MagnitudeScale::Linear => {
                spec.picture.mel.is_none()
                    && matches!(
                        spec.stft.normalisation,
                        Normalisation::FullScale | Normalisation::WindowSum
                    )
            }
            _ => false,
        };
        if !is_unit {
            return fail("choose examples.picture.scale db-unit or min-max");
        }
        if spec.output != PictureChannels::Magnitude {
            return fail("choose examples.output = \"magnitude\"");
        }
        if !ends_in_sigmoid(plan) {
            return fail("choose a network that ends in a sigmoid (network.output = \"sigmoid\")");
        }
        Ok(())
    }

    /// Checks that batch normalisation has more than one value of each channel to learn from, in
    /// batches of `batch_size`, or of all `examples` if there are fewer.
    pub(super) fn check_batch(&self, shapes: ExampleShapes, examples: usize) -> Result<()> {
        // Of a batch in parts, each is normalised on its own.
        let smallest = self.training.batch_size.min(examples) / self.training.shards.max(1);
        if smallest > 1 || self.training.batch_size.min(examples) == 0 {
            return Ok(());
        }
        let network = ("network", Some(self.plan(shapes)?));
        let discriminator = ("discriminator", self.discriminator_plan(shapes)?);
        for (table, plan) in [network, discriminator] {
            let Some(plan) = plan else { continue };
            let Some(node) = norm_of_one(&plan)? else {
                continue;
            };
            let problem = format!(
                "one example per step leaves batch normalisation a single value ({}, {node}), and \
                 nothing is learned; it takes 2 or more, with at least as many examples to learn \
                 from, or less depth or larger pictures, or {table}.norm=false",
                plan.name
            );
            return Err(Error::setting("training.batch_size", problem));
        }
        Ok(())
    }
}

/// What the checks of examples call things, and the fields of `examples` that are meant.
const OF_EXAMPLES: [(&str, &str); 30] = [
    ("any_to_any", "any_to_any"),
    ("bins kept", "picture.bins_kept"),
    ("channel swap", "augment.swap_channels"),
    ("columns", "columns"),
    ("delay", "augment.delay_secs"),
    ("delay level", "augment.delay_db"),
    ("eq", "augment.eq_db"),
    ("examples_per_song", "examples_per_song"),
    ("exclude", "exclude"),
    ("fold", "fold"),
    ("gain", "augment.gain_db"),
    ("group", "groups"),
    ("height", "height"),
    ("hop_columns", "hop_columns"),
    ("input", "input"),
    ("label columns", "target.columns"),
    ("least_level_db", "least_level_db"),
    ("polarity", "augment.flip_polarity"),
    ("remix", "remix"),
    ("reverb", "augment.reverb_secs"),
    ("reverb level", "augment.reverb_db"),
    ("sample_rate_hz", "sample_rate_hz"),
    ("seed", "seed"),
    ("songs", "n_songs"),
    ("speed", "augment.speed"),
    ("start_secs", "start_secs"),
    ("targets", "targets"),
    ("test", "test_fraction"),
    ("threshold_db", "target.threshold_db"),
    ("valid", "valid_fraction"),
];

/// An error of the examples, with the recipe's key where a field is to blame.
pub(super) fn of_examples(error: Error) -> Error {
    match error {
        Error::Setting { name, problem } => {
            let known = OF_EXAMPLES.iter().find(|(called, _)| *called == name);
            let key = known.map(|(_, field)| format!("examples.{field}"));
            Error::setting(key.unwrap_or(name), problem)
        }
        error => error,
    }
}

/// An error of a network that is the discriminator: all networks name the table `network`.
pub(super) fn of_discriminator(error: Error) -> Error {
    match error {
        Error::Setting { name, problem } => {
            let field = name.strip_prefix("network");
            let field = field.filter(|field| field.is_empty() || field.starts_with('.'));
            let renamed = field.map(|field| format!("discriminator{field}"));
            Error::setting(renamed.unwrap_or(name), problem)
        }
        error => error,
    }
}

/// Whether the last thing done to the output's values is a sigmoid.
fn ends_in_sigmoid(plan: &Plan) -> bool {
    let mut at = plan.nodes.len().saturating_sub(1);
    loop {
        let Some(node) = plan.nodes.get(at) else {
            return false;
        };
        match (&node.op, node.inputs.first()) {
            (Op::Sigmoid, _) => return true,
            // A node takes earlier ones only, so this comes to an end.
            (Op::Reshape { .. } | Op::Flatten, Some(before)) if *before < at => at = *before,
            _ => return false,
        }
    }
}

/// The first batch normalisation of pictures of one row and one column.
fn norm_of_one(plan: &Plan) -> Result<Option<String>> {
    let shapes = plan.shapes()?;
    let nodes = plan.nodes.iter().zip(shapes);
    let mut norms = nodes.filter(|(node, _)| matches!(node.op, Op::BatchNorm { .. }));
    // The shape that comes out is the one that goes in.
    let found = norms.find(|(_, [_, rows, columns])| rows * columns == 1);
    Ok(found.map(|(node, _)| node.name.clone()))
}
