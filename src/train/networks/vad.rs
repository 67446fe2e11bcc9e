//! A network that tells from a second or so of magnitudes whether someone sings.

use serde::{Deserialize, Serialize};

use super::blocks::{MOST_FILTERS, chain, keeping, norm, within};
use super::ibm_cnn::{answer, dense, dropout};
use crate::dataset::ExampleShapes;
use crate::error::Result;
use crate::train::plan::{Init, Op, Plan};

/// Two pairs of 3×3 convolutions, each pair pooled over 3×3; a dense layer; a sigmoid for each value
/// of the target. Weights are drawn uniformly (Glorot). How many layers there are is no setting: the
/// poolings fit examples of a second or so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vad {
    /// Channels of the convolutions. Default 16.
    pub filters: usize,
    /// Values of the hidden dense layer. Default 64.
    pub dense: usize,
    /// Batch normalisation after each convolution, which then has no bias. Default no.
    pub norm: bool,
    /// Slope of the leaky ReLU. Default 0.3.
    pub slope: f64,
    /// Chance of a dropped value after each pooling, 0 to below 1; 0 is none. Default 0.25.
    pub pool_dropout: f64,
    /// Chance of a dropped value after the hidden layer, likewise. Default 0.5.
    pub dense_dropout: f64,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            filters: 16,
            dense: 64,
            norm: false,
            slope: 0.3,
            pool_dropout: 0.25,
            dense_dropout: 0.5,
        }
    }
}

impl Vad {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        within("filters", self.filters, 1, MOST_FILTERS)?;
        within("dense", self.dense, 1, 1 << 16)?;
        let act = Op::LeakyRelu { slope: self.slope };
        let mut plan = Plan::new("vad", shapes.input, Init::GlorotUniform);
        let mut at = 0;
        for number in 1..=4 {
            let convolution = keeping(self.filters, [3; 2], !self.norm);
            let mut layers = vec![("conv", convolution)];
            if self.norm {
                layers.push(("norm", norm()));
            }
            layers.push(("act", act.clone()));
            if number % 2 == 0 {
                layers.push(("pool", Op::MaxPool { kernel: [3; 2] }));
                layers.extend(dropout(self.pool_dropout));
            }
            at = chain(&mut plan, &format!("c{number}"), at, layers);
        }
        at = plan.add("flatten", Op::Flatten, &[at]);
        let hidden = [("dense", dense(self.dense)), ("act", act)];
        let hidden = hidden.into_iter().chain(dropout(self.dense_dropout));
        at = chain(&mut plan, "f1", at, hidden);
        answer(&mut plan, at, shapes.target, None);
        Ok(plan)
    }
}
