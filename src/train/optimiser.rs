//! Adam and AdamW over a whole network, with a state that can be kept and taken up again.
//!
//! m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and
//! v̂ = v/(1 − β₂ᵗ). Kingma and Ba, "Adam: a method for stochastic optimization", 2015; Loshchilov
//! and Hutter, "Decoupled weight decay regularization", 2019.
//!
//! burn's own optimiser loads its state onto the default device, which is a graphics card in a
//! build that can use one, whether the machine has one or not; so the state lives here.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::loss::device_failed;
use super::settings::{OptimiserKind, OptimiserSpec};
use super::weights::{WeightArray, Weights};
use crate::error::{Error, Result};

/// What is remembered of a weight's gradients, flat.
#[derive(Clone)]
struct Moments {
    /// Mean gradient.
    first: Tensor<1>,
    /// Mean squared gradient.
    second: Tensor<1>,
}

/// An optimiser of one network.
pub(super) struct Optimiser {
    spec: OptimiserSpec,
    clip_norm: Option<f64>,
    steps: u64,
    /// By the number of the weight, which a network's plan decides.
    moments: BTreeMap<u64, Moments>,
}

impl Optimiser {
    pub(super) fn new(spec: OptimiserSpec, clip_norm: Option<f64>) -> Self {
        Self {
            spec,
            clip_norm,
            steps: 0,
            moments: BTreeMap::new(),
        }
    }

    /// The network after a step of the given length.
    pub(super) fn step<M: Module>(
        &mut self,
        learning_rate: f64,
        network: M,
        mut gradients: GradientsParams,
    ) -> M {
        self.steps += 1;
        let factor = self.clip_norm.and_then(|most| {
            let mut squares = Squares {
                gradients: &gradients,
                sum: None,
            };
            network.visit(&mut squares);
            // The smallest normal number: a gradient of 0 stays 0.
            let norm = squares.sum?.sqrt().add_scalar(f32::MIN_POSITIVE);
            Some(norm.recip().mul_scalar(most).clamp_max(1.0))
        });
        // Beyond 2³¹ steps both corrections are 1 anyway.
        let time = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let mut update = Update {
            spec: self.spec,
            learning_rate,
            correction_1: 1.0 - self.spec.beta_1.powi(time),
            correction_2: 1.0 - self.spec.beta_2.powi(time),
            factor,
            gradients: &mut gradients,
            moments: &mut self.moments,
        };
        network.map(&mut update)
    }

    /// The state as arrays whose names begin with `prefix`.
    pub(super) fn state(&self, prefix: &str) -> Result<Vec<WeightArray>> {
        let mut arrays = Vec::with_capacity(2 * self.moments.len());
        for (number, moments) in &self.moments {
            for (name, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let values: Vec<f32> = tensor.clone().try_into_vec_as().map_err(device_failed)?;
                arrays.push(WeightArray {
                    name: format!("{prefix}.{number}.{name}"),
                    shape: vec![values.len()],
                    values,
                });
            }
        }
        Ok(arrays)
    }

    /// Takes up a state after `steps` steps.
    pub(super) fn restore(
        &mut self,
        prefix: &str,
        state: &Weights,
        steps: u64,
        device: &Device,
    ) -> Result<()> {
        let device = device.clone().without_autodiff();
        let tensor = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Tensor::<1>::from_data(data, &device)
        };
        let mut halves: BTreeMap<u64, [Option<Tensor<1>>; 2]> = BTreeMap::new();
        for array in &state.arrays {
            let Some(rest) = array.name.strip_prefix(&format!("{prefix}.")) else {
                continue;
            };
            let parsed = rest.split_once('.').and_then(|(number, half)| {
                let half = ["first", "second"].iter().position(|h| *h == half)?;
                Some((number.parse::<u64>().ok()?, half))
            });
            let Some((number, half)) = parsed else {
                return Err(broken(&array.name));
            };
            halves.entry(number).or_default()[half] = Some(tensor(&array.values));
        }
        self.moments = halves
            .into_iter()
            .map(|(number, halves)| match halves {
                [Some(first), Some(second)] => Ok((number, Moments { first, second })),
                _ => Err(broken(&format!("{prefix}.{number}"))),
            })
            .collect::<Result<_>>()?;
        self.steps = steps;
        Ok(())
    }
}

fn broken(name: &str) -> Error {
    let problem = format!("the optimiser's state {name:?} is not whole; resume without it");
    Error::setting("resume", problem)
}

/// Adds up the squares of all gradients.
struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + squares,
                None => squares,
            });
        }
    }
}

/// One step over every weight that has a gradient.
struct Update<'a> {
    spec: OptimiserSpec,
    learning_rate: f64,
    correction_1: f64,
    correction_2: f64,
    factor: Option<Tensor<1>>,
    gradients: &'a mut GradientsParams,
    moments: &'a mut BTreeMap<u64, Moments>,
}

impl Update<'_> {
    /// A weight after the step; everything flat.
    fn updated(&mut self, number: u64, weight: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let OptimiserSpec {
            kind,
            beta_1,
            beta_2,
            epsilon,
            weight_decay,
            ..
        } = self.spec;
        let mut gradient = match &self.factor {
            Some(factor) => gradient * factor.clone(),
            None => gradient,
        };
        let mut weight = weight;
        if weight_decay > 0.0 {
            match kind {
                OptimiserKind::Adam => {
                    gradient = gradient + weight.clone().mul_scalar(weight_decay);
                }
                OptimiserKind::Adamw => {
                    weight = weight.mul_scalar(1.0 - self.learning_rate * weight_decay);
                }
            }
        }
        let first = gradient.clone().mul_scalar(1.0 - beta_1);
        let second = gradient.square().mul_scalar(1.0 - beta_2);
        let moments = match self.moments.remove(&number) {
            Some(old) => Moments {
                first: old.first.mul_scalar(beta_1) + first,
                second: old.second.mul_scalar(beta_2) + second,
            },
            None => Moments { first, second },
        };
        let root = moments
            .second
            .clone()
            .div_scalar(self.correction_2)
            .sqrt()
            .add_scalar(epsilon);
        let length = self.learning_rate / self.correction_1;
        let weight = weight - (moments.first.clone() / root).mul_scalar(length);
        self.moments.insert(number, moments);
        weight
    }
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else {
            return param;
        };
        let (id, value, mapper) = param.consume();
        let dims = value.dims();
        let length: usize = dims.iter().product();
        let weight = value.inner().reshape([length]);
        let updated = self.updated(id.val(), weight, gradient.reshape([length]));
        // Back into the graph as a leaf, so that the next step finds its gradient.
        let value = updated.reshape(dims).autodiff().require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}
