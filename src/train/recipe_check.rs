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
        let discriminator = self.discriminator_plan(shapes)?;
        for plan in [Some(self.plan(shapes)?), discriminator]
            .into_iter()
            .flatten()
        {
            let Some(node) = norm_of_one(&plan)? else {
                continue;
            };
            let problem = format!(
                "one example per step leaves batch normalisation a single value ({}, {node}), and \
                 nothing is learned; it takes 2 or more, with at least as many examples to learn \
                 from, or less depth or larger pictures, or network.norm=false",
                plan.name
            );
            return Err(Error::setting("training.batch_size", problem));
        }
        Ok(())
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
