//! The patch discriminator of pix2pix: for each patch of a picture, whether it is true or made.

use serde::{Deserialize, Serialize};

use super::blocks::{MOST_FILTERS, chain, filters, halving, keeping, norm, within};
use super::ibm_cnn::dropout;
use crate::dataset::ExampleShapes;
use crate::error::{Error, Result};
use crate::train::plan::{Init, Op, Plan};

const KERNEL: usize = 4;

/// Strided 4×4 convolutions over the input's channels joined by the target's (or the made ones).
/// Answers logits, one per patch. Weights are drawn from N(0, 0.02); only the last layer has a bias
/// (without `norm`: all). How many layers there are follows from `patch` and is no setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PatchDiscriminator {
    /// Side of a patch in rows and columns: 94 (four halvings) or 70 (three, then two layers that
    /// keep their size less 1, as in the paper). Default 94.
    pub patch: usize,
    /// Channels of the first layer; they double up to eight times as many. Default 64.
    pub base_filters: usize,
    /// Batch normalisation in all layers but the first and the last. Default yes.
    pub norm: bool,
    /// Chance of a dropped value in those layers, 0 to below 1; 0 is none. Default 0.
    pub dropout: f64,
    /// Slope of the leaky ReLU. Default 0.3 (Keras; the paper has 0.2).
    pub leaky_slope: f64,
}

impl Default for PatchDiscriminator {
    fn default() -> Self {
        Self {
            patch: 94,
            base_filters: 64,
            norm: true,
            dropout: 0.0,
            leaky_slope: 0.3,
        }
    }
}

impl PatchDiscriminator {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        within("base_filters", self.base_filters, 1, MOST_FILTERS)?;
        if ![70, 94].contains(&self.patch) {
            let problem = format!("{} is neither 70 nor 94", self.patch);
            return Err(Error::setting("network.patch", problem));
        }
        let [channels, rows, columns] = shapes.input;
        if shapes.target[1..] != [rows, columns] {
            let problem = "a discriminator needs targets of the input's rows and columns";
            return Err(Error::setting("network", problem));
        }
        let filters = |level| filters(self.base_filters, level, 8 * self.base_filters);
        // Zeros of 1 on every side, step 1: one row and one column are lost.
        let shrinking = |out, bias| Op::Conv {
            out,
            kernel: [KERNEL; 2],
            stride: [1; 2],
            pads: [1; 4],
            dilation: [1; 2],
            bias,
        };
        let bias = !self.norm;
        let convolutions: Vec<Op> = (0..4)
            .map(|level| match (level, self.patch) {
                (3, 70) => shrinking(filters(3), bias),
                _ => halving(filters(level), KERNEL, bias),
            })
            .collect();
        let input = [channels + shapes.target[0], rows, columns];
        let mut plan = Plan::new("patch-discriminator", input, Init::Normal { std: 0.02 });
        let mut at = 0;
        for (level, convolution) in convolutions.into_iter().enumerate() {
            let mut layers = vec![("conv", convolution)];
            if self.norm && level > 0 {
                layers.push(("norm", norm()));
            }
            if level > 0 {
                layers.extend(dropout(self.dropout));
            }
            layers.push((
                "act",
                Op::LeakyRelu {
                    slope: self.leaky_slope,
                },
            ));
            at = chain(&mut plan, &format!("c{}", level + 1), at, layers);
        }
        let last = match self.patch {
            70 => shrinking(1, true),
            _ => keeping(1, [KERNEL; 2], true),
        };
        plan.add("out.conv", last, &[at]);
        Ok(plan)
    }
}
