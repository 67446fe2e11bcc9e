//! A network that can learn: a plan with its numbers on a device.
//!
//! `forward` is the network as it is used; `forward_training` normalises by the batch and drops
//! values. What each layer does is in `network_ops.rs`.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use rayon::prelude::*;

use super::initial::initial_values;
use super::plan::{Op, Plan};
use super::plan_shapes::{ArrayInfo, Role};
use super::weights::{WeightArray, Weights};
use crate::error::{Error, Result};

/// A plan with its numbers. Cloning is cheap: numbers are shared until they change.
///
/// Parameters have the ids 0, 1, 2, … in the order of the plan's arrays, in every run, so that an
/// optimiser's saved state finds them again.
#[derive(Module, Debug)]
pub struct Network {
    pub(super) kernels: Vec<Param<Tensor<4>>>,
    pub(super) matrices: Vec<Param<Tensor<2>>>,
    pub(super) vectors: Vec<Param<Tensor<1>>>,
    /// Running mean and variance of each batch normalisation, in turn: not learned by gradients.
    pub(super) running: Vec<Tensor<1>>,
    #[module(skip)]
    pub(super) plan: Plan,
    #[module(skip)]
    pub(super) slots: Vec<Slots>,
    #[module(skip)]
    arrays: Vec<Place>,
}

/// Where a node's arrays are: numbers in the network's lists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slots {
    /// The kernel, matrix, or γ.
    pub(super) first: usize,
    /// The bias, or β.
    pub(super) second: Option<usize>,
    /// The running mean; the running variance follows it.
    pub(super) running: usize,
}

/// An array and which list it is in.
#[derive(Debug, Clone)]
struct Place {
    info: ArrayInfo,
    list: List,
    index: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Kernels,
    Matrices,
    Vectors,
    Running,
}

/// What one training step measured in each batch normalisation: mean and population variance per
/// channel. [`Network::update_statistics`] takes them in.
#[derive(Debug, Clone, Default)]
pub struct BatchStats {
    pub(super) layers: Vec<(Tensor<1>, Tensor<1>)>,
}

impl Network {
    /// Makes a network whose weights are drawn by ChaCha8 from `seed`: the same on every device. For
    /// training, `device` is one of [`Device::autodiff`].
    ///
    /// # Errors
    /// [`Error::Setting`] that names the node at fault.
    pub fn new(plan: &Plan, seed: u64, device: &Device) -> Result<Self> {
        let infos = plan.arrays()?;
        let drawn: Vec<Vec<f32>> = infos
            .par_iter()
            .enumerate()
            .map(|(stream, info)| initial_values(info, plan.init, seed, stream as u64))
            .collect();
        let mut network = Self {
            kernels: Vec::new(),
            matrices: Vec::new(),
            vectors: Vec::new(),
            running: Vec::new(),
            plan: plan.clone(),
            slots: vec![Slots::default(); plan.nodes.len()],
            arrays: Vec::with_capacity(infos.len()),
        };
        for ((info, values), id) in infos.into_iter().zip(drawn).zip(0_u64..) {
            network.push(info, values, ParamId::from(id), device);
        }
        Ok(network)
    }

    /// Takes an array into its list.
    fn push(&mut self, info: ArrayInfo, values: Vec<f32>, id: ParamId, device: &Device) {
        let data = TensorData::new(values, info.shape.clone());
        let (list, index) = if !info.role.is_learned() {
            self.running.push(Tensor::from_data(data, device));
            (List::Running, self.running.len() - 1)
        } else if info.shape.len() == 4 {
            self.kernels.push(parameter(id, data, device));
            (List::Kernels, self.kernels.len() - 1)
        } else if info.shape.len() == 2 {
            self.matrices.push(parameter(id, data, device));
            (List::Matrices, self.matrices.len() - 1)
        } else {
            self.vectors.push(parameter(id, data, device));
            (List::Vectors, self.vectors.len() - 1)
        };
        let slots = &mut self.slots[info.node];
        match info.role {
            Role::Weight { .. } | Role::Gamma => slots.first = index,
            Role::Bias | Role::Beta => slots.second = Some(index),
            Role::RunningMean => slots.running = index,
            Role::RunningVariance => {}
        }
        self.arrays.push(Place { info, list, index });
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The network as it is used: running statistics, no dropout. `input` is
    /// `[batch][channels][rows][columns]` as the plan says; where [`Plan::free_width`], any multiple
    /// of [`Plan::width_multiple`] columns. Answers the plan's last node.
    ///
    /// burn panics on an input of another shape.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.run(input, None)
    }

    /// The network as it learns: statistics of this batch, values dropped as `dropout_seed` draws
    /// them (on the processor, so that results repeat on any device). Seeds must differ from step to
    /// step.
    ///
    /// burn panics on an input of another shape.
    pub fn forward_training(&self, input: Tensor<4>, dropout_seed: u64) -> (Tensor<4>, BatchStats) {
        let mut stats = BatchStats::default();
        let output = self.run(input, Some((dropout_seed, &mut stats)));
        (output, stats)
    }

    /// Moves the running statistics towards those of a step: running·momentum +
    /// batch·(1 − momentum). The variance is the population's (divided by n), as in Keras 3; fused
    /// layers of older Keras divide by n − 1.
    pub fn update_statistics(&mut self, stats: BatchStats) {
        let mut layers = stats.layers.into_iter();
        for (node, slots) in self.plan.nodes.iter().zip(&self.slots) {
            let Op::BatchNorm { momentum, .. } = node.op else {
                continue;
            };
            let Some((mean, variance)) = layers.next() else {
                return;
            };
            for (index, batch) in [(slots.running, mean), (slots.running + 1, variance)] {
                let kept = self.running[index].clone().mul_scalar(momentum);
                let added = batch.detach().mul_scalar(1.0 - momentum);
                self.running[index] = kept.add(added).detach();
            }
        }
    }

    /// All numbers, read back from the device. Should the device have died, burn panics.
    pub fn weights(&self) -> Weights {
        self.collect(|place| match place.list {
            List::Kernels => Some(values(self.kernels[place.index].val())),
            List::Matrices => Some(values(self.matrices[place.index].val())),
            List::Vectors => Some(values(self.vectors[place.index].val())),
            List::Running => Some(values(self.running[place.index].clone())),
        })
    }

    /// The gradients of a backward pass, named and shaped as the weights they are of; arrays that
    /// have none are left out. For looking at them: an optimiser takes them by itself.
    pub fn gradients(&self, gradients: &Gradients) -> Weights {
        self.collect(|place| match place.list {
            List::Kernels => self.kernels[place.index].grad(gradients).map(values),
            List::Matrices => self.matrices[place.index].grad(gradients).map(values),
            List::Vectors => self.vectors[place.index].grad(gradients).map(values),
            List::Running => None,
        })
    }

    fn collect(&self, values_of: impl Fn(&Place) -> Option<Vec<f32>>) -> Weights {
        let array = |place: &Place| {
            Some(WeightArray {
                name: place.info.name.clone(),
                shape: place.info.shape.clone(),
                values: values_of(place)?,
            })
        };
        Weights {
            arrays: self.arrays.iter().filter_map(array).collect(),
        }
    }

    /// Takes over every array of the same name and shape; the others stay as they are. Answers how
    /// many were taken, which may be none.
    ///
    /// # Errors
    /// [`Error::Setting`] if an array has not as many values as its shape says; none is taken then.
    pub fn load(&mut self, weights: &Weights) -> Result<usize> {
        let is_whole =
            |array: &WeightArray| array.shape.iter().product::<usize>() == array.values.len();
        if let Some(array) = weights.arrays.iter().find(|array| !is_whole(array)) {
            let (shape, count) = (&array.shape, array.values.len());
            let problem = format!("{:?} has {count} values, not {shape:?}", array.name);
            return Err(Error::setting("weights", problem));
        }
        let mut taken = 0;
        for place in &self.arrays {
            let ArrayInfo { name, shape, .. } = &place.info;
            let Some(array) = weights.get(name).filter(|array| array.shape == *shape) else {
                continue;
            };
            let data = TensorData::new(array.values.clone(), shape.clone());
            let index = place.index;
            match place.list {
                List::Kernels => replace(&mut self.kernels[index], data),
                List::Matrices => replace(&mut self.matrices[index], data),
                List::Vectors => replace(&mut self.vectors[index], data),
                List::Running => {
                    let device = self.running[index].device();
                    self.running[index] = Tensor::from_data(data, &device);
                }
            }
            taken += 1;
        }
        Ok(taken)
    }
}

fn parameter<const D: usize>(id: ParamId, data: TensorData, device: &Device) -> Param<Tensor<D>> {
    Param::initialized(id, Tensor::from_data(data, device)).set_require_grad(true)
}

fn replace<const D: usize>(old: &mut Param<Tensor<D>>, data: TensorData) {
    let device = old.device();
    *old = parameter(old.id, data, &device);
}

/// A tensor's values, the last axis running fastest.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data_as::<f32>();
    let (numbers, _) = data.as_bytes().as_chunks::<4>();
    numbers.iter().map(|b| f32::from_ne_bytes(*b)).collect()
}
