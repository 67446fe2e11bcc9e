//! Networks that tell from a few columns of magnitudes which bins are the voice's: the ideal binary
//! mask, learned (after Lin et al. 2018).

use serde::{Deserialize, Serialize};

use super::blocks::{MOST_FILTERS, chain, keeping, norm, within};
use crate::dataset::ExampleShapes;
use crate::error::Result;
use crate::train::plan::{Init, Op, Plan};

/// Rows by columns; columns are few, and only rows are pooled.
const KERNEL: [usize; 2] = [12, 3];
const POOL: [usize; 2] = [12, 1];
const MOST_DENSE: usize = 1 << 16;

/// CNN_separator: 12×3 convolutions of 32, 16, 64 and 32 channels, pooled over 12 rows after each
/// pair; a dense layer; a sigmoid for each value of the target. Weights are drawn uniformly (Glorot).
/// How many layers there are is as published and no setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IbmCnn {
    /// Channels of the first layer; the others have half as many, twice as many and as many. Default
    /// 32.
    pub base_filters: usize,
    /// Values of the hidden dense layer. Default 512.
    pub dense: usize,
    /// Batch normalisation after each convolution but the first. Default no.
    pub norm: bool,
    /// Slope of the leaky ReLU. Default 0.3.
    pub slope: f64,
    /// Chance of a dropped value after each pooling, 0 to below 1; 0 is none. Default 0.25.
    pub pool_dropout: f64,
    /// Chance of a dropped value after the hidden layer, likewise. Default 0.5.
    pub dense_dropout: f64,
}

impl Default for IbmCnn {
    fn default() -> Self {
        Self {
            base_filters: 32,
            dense: 512,
            norm: false,
            slope: 0.3,
            pool_dropout: 0.25,
            dense_dropout: 0.5,
        }
    }
}

impl IbmCnn {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        within("base_filters", self.base_filters, 1, MOST_FILTERS)?;
        within("dense", self.dense, 1, MOST_DENSE)?;
        let act = Op::LeakyRelu { slope: self.slope };
        let mut plan = Plan::new("ibm-cnn", shapes.input, Init::GlorotUniform);
        let widths = widths(self.base_filters, self.base_filters);
        let mut at = convolutions(&mut plan, widths, &act, self.norm, self.pool_dropout);
        at = plan.add("flatten", Op::Flatten, &[at]);
        let hidden = [("dense", dense(self.dense)), ("act", act)];
        let hidden = hidden.into_iter().chain(dropout(self.dense_dropout));
        at = chain(&mut plan, "f1", at, hidden);
        answer(&mut plan, at, shapes.target, None);
        Ok(plan)
    }
}

/// CNN_deep_separator: 12×3 convolutions of 32, 16, 64 and 16 channels, all but the first with batch
/// normalisation, pooled over 12 rows after each pair; two dense layers; a sigmoid for each value of
/// the target. Weights are drawn from a normal distribution (Glorot). Meant to be trained as an
/// auto-encoder of the voice first. How many layers there are is as published and no setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IbmCnnDeep {
    /// Channels of the first layer; the others have half as many, twice as many and half as many.
    /// Default 32.
    pub base_filters: usize,
    /// Values of the two hidden dense layers. Default 2048, 512.
    pub dense: [usize; 2],
    /// Batch normalisation after each convolution but the first. Default yes.
    pub norm: bool,
    /// Slope of the leaky ReLU. Default 0.3.
    pub slope: f64,
    /// Chance of a dropped value after each hidden layer, 0 to below 1; 0 is none. Default 0.5.
    pub dropout: f64,
    /// A leaky ReLU before the sigmoid too, as published: masks reach 1 easily and 0 hardly. Default
    /// yes.
    pub leaky_before_sigmoid: bool,
}

impl Default for IbmCnnDeep {
    fn default() -> Self {
        Self {
            base_filters: 32,
            dense: [2048, 512],
            norm: true,
            slope: 0.3,
            dropout: 0.5,
            leaky_before_sigmoid: true,
        }
    }
}

impl IbmCnnDeep {
    pub(super) fn plan(&self, shapes: ExampleShapes) -> Result<Plan> {
        within("base_filters", self.base_filters, 1, MOST_FILTERS)?;
        let act = Op::LeakyRelu { slope: self.slope };
        let mut plan = Plan::new("ibm-cnn-deep", shapes.input, Init::GlorotNormal);
        let widths = widths(self.base_filters, half(self.base_filters));
        let mut at = convolutions(&mut plan, widths, &act, self.norm, 0.0);
        at = plan.add("flatten", Op::Flatten, &[at]);
        for (number, out) in (1..).zip(self.dense) {
            within("dense", out, 1, MOST_DENSE)?;
            let hidden = [("dense", dense(out)), ("act", act.clone())];
            let hidden = hidden.into_iter().chain(dropout(self.dropout));
            at = chain(&mut plan, &format!("f{number}"), at, hidden);
        }
        let leaky = self.leaky_before_sigmoid.then_some(act);
        answer(&mut plan, at, shapes.target, leaky);
        Ok(plan)
    }
}

/// Half as many channels, but one at least.
fn half(filters: usize) -> usize {
    (filters / 2).max(1)
}

/// Channels of the four convolutions.
fn widths(base: usize, last: usize) -> [usize; 4] {
    [base, half(base), 2 * base, last]
}

/// The convolutions, pooled after each pair. Answers the last layer.
fn convolutions(
    plan: &mut Plan,
    widths: [usize; 4],
    act: &Op,
    is_normed: bool,
    pool_dropout: f64,
) -> usize {
    let mut at = 0;
    for (number, out) in (1..).zip(widths) {
        let mut layers = vec![("conv", keeping(out, KERNEL, true))];
        if is_normed && number > 1 {
            layers.push(("norm", norm()));
        }
        layers.push(("act", act.clone()));
        if number % 2 == 0 {
            layers.push(("pool", Op::MaxPool { kernel: POOL }));
            layers.extend(dropout(pool_dropout));
        }
        at = chain(plan, &format!("c{number}"), at, layers);
    }
    at
}

pub(super) fn dense(out: usize) -> Op {
    Op::Dense { out, bias: true }
}

pub(super) fn dropout(rate: f64) -> Option<(&'static str, Op)> {
    (rate != 0.0).then_some(("dropout", Op::Dropout { rate }))
}

/// A dense layer with a value from 0 to 1 for each of the target's.
pub(super) fn answer(plan: &mut Plan, from: usize, target: [usize; 3], before: Option<Op>) {
    let count = target
        .iter()
        .fold(1_usize, |n, side| n.saturating_mul(*side));
    let layers = [("dense", dense(count))]
        .into_iter()
        .chain(before.map(|op| ("act", op)))
        .chain([
            ("sigmoid", Op::Sigmoid),
            ("reshape", Op::Reshape { shape: target }),
        ]);
    chain(plan, "out", from, layers);
}
