//! The U-Net of pix2pix (Isola et al. 2017), with the settings of its TensorFlow tutorial.

use serde::{Deserialize, Serialize};

use super::blocks::{OutputActivation, chain, check_unet, doubling, filters, halving, norm};
use crate::dataset::ExampleShapes;
use crate::error::Result;
use crate::train::plan::{Init, Op, Plan};

const KERNEL: usize = 4;

/// A U-Net of strided 4×4 convolutions: `depth` halvings, as many doublings, each joined by the
/// encoder's picture of its size. Weights are drawn from N(0, 0.02); layers have no bias but the
/// last (without `norm`: all).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnetPix2pix {
    /// Channels of the first layer; they double up to eight times as many. Default 64.
    pub base_filters: usize,
    /// Halvings, 1–12. Rows and columns must be multiples of 2^depth. Default 8.
    pub depth: usize,
    /// Batch normalisation in all layers but the first and the last. Default yes.
    pub norm: bool,
    /// Chance of a dropped value in the first `dropout_levels` decoder layers, 0 to below 1; 0 is
    /// none. Default 0.5.
    pub dropout: f64,
    /// Decoder layers with dropout, from the bottom. Default 3.
    pub dropout_levels: usize,
    /// Slope of the encoder's leaky ReLU. Default 0.3 (Keras; the paper has 0.2).
    pub leaky_slope: f64,
    /// What the last layer goes through. Default tanh.
    pub output: OutputActivation,
}

impl Default for UnetPix2pix {
    fn default() -> Self {
        Self {
            base_filters: 64,
            depth: 8,
            norm: true,
            dropout: 0.5,
            dropout_levels: 3,
            leaky_slope: 0.3,
            output: OutputActivation::Tanh,
        }
    }
}

impl UnetPix2pix {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        check_unet(shapes, self.base_filters, self.depth)?;
        let filters = |level| filters(self.base_filters, level, 8 * self.base_filters);
        let bias = !self.norm;
        let mut plan = Plan::new("unet-pix2pix", shapes.input, Init::Normal { std: 0.02 });
        let mut at = 0;
        let mut skips = Vec::new();
        for level in 0..self.depth {
            skips.push(at);
            let mut layers = vec![("conv", halving(filters(level), KERNEL, bias))];
            if self.norm && level > 0 {
                layers.push(("norm", norm()));
            }
            layers.push((
                "act",
                Op::LeakyRelu {
                    slope: self.leaky_slope,
                },
            ));
            at = chain(&mut plan, &format!("e{}", level + 1), at, layers);
        }
        // The picture of each size waits for the decoder, but the input's own does not.
        for (level, skip) in skips.into_iter().skip(1).rev().enumerate() {
            let name = format!("d{}", level + 1);
            let out = filters(self.depth - 2 - level);
            let mut layers = vec![("deconv", doubling(out, KERNEL, bias))];
            if self.norm {
                layers.push(("norm", norm()));
            }
            if level < self.dropout_levels && self.dropout != 0.0 {
                layers.push(("dropout", Op::Dropout { rate: self.dropout }));
            }
            layers.push(("act", Op::Relu));
            at = chain(&mut plan, &name, at, layers);
            at = plan.add(format!("{name}.join"), Op::Concat, &[at, skip]);
        }
        let last = doubling(shapes.target[0], KERNEL, true);
        let activation = self.output.op().map(|op| ("act", op));
        chain(
            &mut plan,
            "out",
            at,
            [("deconv", last)].into_iter().chain(activation),
        );
        Ok(plan)
    }
}
