//! A U-Net with max pooling (Ronneberger et al. 2015, in the form of the usual Keras tutorials).

use serde::{Deserialize, Serialize};

use super::blocks::{OutputActivation, chain, check_unet, doubling, filters, keeping, norm};
use crate::dataset::ExampleShapes;
use crate::error::Result;
use crate::train::plan::{Init, Op, Plan};

/// Blocks of two 3×3 convolutions with batch normalisation and ReLU, halved by 2×2 max pooling on the
/// way down and doubled by 3×3 transposed convolutions on the way up; a last 1×1 convolution. Weights
/// are drawn as He et al. do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnetMel {
    /// Channels of the first block; they double at each. Default 16.
    pub base_filters: usize,
    /// Poolings, 1–12; usually 4 or 5. Rows and columns must be multiples of 2^depth. Default 5.
    pub depth: usize,
    /// Chance of a dropped value after each pooling and each join, 0 to below 1; 0 is none. Default
    /// 0.1.
    pub dropout: f64,
    /// Batch normalisation after each 3×3 convolution, which then has no bias. Default yes.
    pub norm: bool,
    /// What the last layer goes through. Default sigmoid.
    pub output: OutputActivation,
}

impl Default for UnetMel {
    fn default() -> Self {
        Self {
            base_filters: 16,
            depth: 5,
            dropout: 0.1,
            norm: true,
            output: OutputActivation::Sigmoid,
        }
    }
}

impl UnetMel {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        check_unet(shapes, self.base_filters, self.depth)?;
        let filters = |level| filters(self.base_filters, level, usize::MAX);
        let mut plan = Plan::new("unet-mel", shapes.input, Init::HeNormal);
        let mut at = 0;
        let mut skips = Vec::new();
        for level in 0..self.depth {
            let name = format!("e{}", level + 1);
            at = chain(&mut plan, &name, at, self.block(filters(level)));
            skips.push(at);
            let pool = ("pool", Op::MaxPool { kernel: [2; 2] });
            at = chain(
                &mut plan,
                &name,
                at,
                [pool].into_iter().chain(self.dropout()),
            );
        }
        at = chain(&mut plan, "bottom", at, self.block(filters(self.depth)));
        for (level, skip) in skips.into_iter().enumerate().rev() {
            let name = format!("d{}", level + 1);
            let up = ("deconv", doubling(filters(level), 3, true));
            at = chain(&mut plan, &name, at, [up]);
            at = plan.add(format!("{name}.join"), Op::Concat, &[at, skip]);
            let layers = self.dropout().into_iter().chain(self.block(filters(level)));
            at = chain(&mut plan, &name, at, layers);
        }
        let last = ("conv", keeping(shapes.target[0], [1; 2], true));
        let activation = self.output.op().map(|op| ("act", op));
        chain(&mut plan, "out", at, [last].into_iter().chain(activation));
        Ok(plan)
    }

    /// Two convolutions, the second on what the first made.
    fn block(&self, out: usize) -> Vec<(&'static str, Op)> {
        let parts = [["conv1", "norm1", "act1"], ["conv2", "norm2", "act2"]];
        let mut layers = Vec::new();
        for [conv, normed, act] in parts {
            layers.push((conv, keeping(out, [3; 2], !self.norm)));
            if self.norm {
                layers.push((normed, norm()));
            }
            layers.push((act, Op::Relu));
        }
        layers
    }

    fn dropout(&self) -> Option<(&'static str, Op)> {
        let op = Op::Dropout { rate: self.dropout };
        (self.dropout != 0.0).then_some(("dropout", op))
    }
}
