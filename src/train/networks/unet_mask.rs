//! The vocal U-Net (Jansson et al. 2017): magnitudes to a mask for each stem.

use serde::{Deserialize, Serialize};

use super::blocks::{chain, check_unet, doubling, filters, halving, norm, within};
use crate::dataset::ExampleShapes;
use crate::error::Result;
use crate::train::plan::{Init, Op, Plan};

/// A U-Net of strided convolutions whose answer is multiplied onto the input's first channel: it
/// learns the masked magnitudes, |mask·mixture − stem|, and an exported one answers the mask. Made
/// for magnitudes that are 0 in silence and not bent by a logarithm. As many stems as the target has
/// channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnetMask {
    /// Channels of the first layer; they double at each. Default 16.
    pub base_filters: usize,
    /// Halvings, 1–12. Rows and columns must be multiples of 2^depth. Default 6.
    pub depth: usize,
    /// Side of the kernels, 2–31. Default 5.
    pub kernel: usize,
    /// Batch normalisation in all layers but the last; without it they have biases instead. Default
    /// yes.
    pub norm: bool,
    /// Chance of a dropped value in the first `dropout_levels` decoder layers, 0 to below 1; 0 is
    /// none. Default 0.5.
    pub dropout: f64,
    /// Decoder layers with dropout, from the bottom. Default 3.
    pub dropout_levels: usize,
    /// Slope of the encoder's leaky ReLU. Default 0.2.
    pub slope: f64,
    /// Whether masks stay within 0–1 (sigmoid). Otherwise they are 0 or more (ReLU), for stems that
    /// may be louder than the mixture. Default yes.
    pub bounded: bool,
    /// Gain of a logarithm through which the encoder sees magnitudes, ln(1 + gain·x)/ln(1 + gain):
    /// helps where they span many decibels. 0 is none; else above 0. Default 0.
    pub log_gain: f64,
}

impl Default for UnetMask {
    fn default() -> Self {
        Self {
            base_filters: 16,
            depth: 6,
            kernel: 5,
            norm: true,
            dropout: 0.5,
            dropout_levels: 3,
            slope: 0.2,
            bounded: true,
            log_gain: 0.0,
        }
    }
}

impl UnetMask {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        check_unet(shapes, self.base_filters, self.depth)?;
        within("kernel", self.kernel, 2, 31)?;
        let filters = |level| filters(self.base_filters, level, usize::MAX);
        let bias = !self.norm;
        let mut plan = Plan::new("unet-mask", shapes.input, Init::GlorotUniform);
        let mut at = 0;
        if self.log_gain != 0.0 {
            let gain = self.log_gain;
            at = plan.add("log", Op::LogCompress { gain }, &[at]);
        }
        let mut skips = Vec::new();
        for level in 0..self.depth {
            skips.push(at);
            let mut layers = vec![("conv", halving(filters(level), self.kernel, bias))];
            if self.norm {
                layers.push(("norm", norm()));
            }
            layers.push(("act", Op::LeakyRelu { slope: self.slope }));
            at = chain(&mut plan, &format!("e{}", level + 1), at, layers);
        }
        for (level, skip) in skips.into_iter().skip(1).rev().enumerate() {
            let name = format!("d{}", level + 1);
            let out = filters(self.depth - 2 - level);
            let mut layers = vec![("deconv", doubling(out, self.kernel, bias))];
            if self.norm {
                layers.push(("norm", norm()));
            }
            layers.push(("act", Op::Relu));
            if level < self.dropout_levels && self.dropout != 0.0 {
                layers.push(("dropout", Op::Dropout { rate: self.dropout }));
            }
            at = chain(&mut plan, &name, at, layers);
            at = plan.add(format!("{name}.join"), Op::Concat, &[at, skip]);
        }
        let last = doubling(shapes.target[0], self.kernel, true);
        let activation = if self.bounded { Op::Sigmoid } else { Op::Relu };
        let layers = [("deconv", last), ("mask", activation)];
        let mask = chain(&mut plan, "out", at, layers);
        let mixture = if shapes.input[0] > 1 {
            plan.add("mixture", Op::Slice { channels: [0, 1] }, &[0])
        } else {
            0
        };
        plan.add("masked", Op::Multiply, &[mask, mixture]);
        plan.export_node = Some(mask);
        Ok(plan)
    }
}
