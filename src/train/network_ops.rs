//! What each layer of a network does to its tensors.

use burn::tensor::activation::{leaky_relu, relu, sigmoid, tanh};
use burn::tensor::module::{batch_norm_train, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions, MaxPoolOptions};
use burn::tensor::{Tensor, TensorData};

use super::conv::{convolve, deconvolve};
use super::initial::dropout_factors;
use super::network::{BatchStats, Network};
use super::plan::Op;

/// The seed of dropout, and where batch normalisation leaves what it measured.
type Training<'a> = (u64, &'a mut BatchStats);

impl Network {
    /// Runs all nodes. A value is let go of after its last use, so that memory stays small and
    /// layers may work in place.
    pub(super) fn run(&self, input: Tensor<4>, mut training: Option<Training<'_>>) -> Tensor<4> {
        let mut uses = vec![0_usize; self.plan.nodes.len()];
        for from in self.plan.nodes.iter().flat_map(|node| &node.inputs) {
            uses[*from] += 1;
        }
        let gone = Tensor::<4>::empty([0_usize; 4], &input.device());
        let mut values = vec![input];
        for (index, node) in self.plan.nodes.iter().enumerate().skip(1) {
            let mut taken: Vec<Tensor<4>> = Vec::new();
            for from in &node.inputs {
                uses[*from] -= 1;
                taken.push(if uses[*from] == 0 {
                    std::mem::replace(&mut values[*from], gone.clone())
                } else {
                    values[*from].clone()
                });
            }
            values.push(self.layer(index, taken, &mut training));
        }
        values.pop().unwrap_or(gone)
    }

    fn layer(
        &self,
        index: usize,
        mut inputs: Vec<Tensor<4>>,
        training: &mut Option<Training<'_>>,
    ) -> Tensor<4> {
        let op = &self.plan.nodes[index].op;
        if *op == Op::Concat {
            return Tensor::cat(inputs, 1);
        }
        // The plan was checked: every other layer takes one input, a product two.
        let x = inputs.swap_remove(0);
        let [batch, channels, ..] = x.dims();
        let slots = self.slots[index];
        let bias = || slots.second.map(|bias| self.vectors[bias].val());
        match *op {
            Op::Input | Op::Concat => x,
            Op::Conv {
                stride,
                pads: [top, left, bottom, right],
                dilation,
                ..
            } => {
                let pads = [(top, bottom), (left, right)];
                let options = ConvOptions::new_with_padding(stride, pads, dilation, 1);
                convolve(x, self.kernels[slots.first].val(), bias(), options)
            }
            Op::Deconv {
                stride,
                padding,
                output_padding,
                ..
            } => {
                let options = ConvTransposeOptions::new(stride, padding, output_padding, [1, 1], 1);
                deconvolve(x, self.kernels[slots.first].val(), bias(), options)
            }
            Op::BatchNorm { eps, .. } => self.norm(index, x, eps, training),
            Op::LeakyRelu { slope } => leaky_relu(x, slope),
            Op::Relu => relu(x),
            Op::Tanh => tanh(x),
            Op::Sigmoid => sigmoid(x),
            Op::Dropout { rate } => match training {
                Some((seed, _)) => dropout(x, rate, *seed, index),
                None => x,
            },
            Op::MaxPool { kernel } => max_pool2d(x, MaxPoolOptions::new(kernel)),
            Op::Flatten => {
                let count: usize = x.dims()[1..].iter().product();
                x.reshape([batch, count, 1, 1])
            }
            Op::Dense { out, .. } => {
                let flat: Tensor<2> = x.reshape([batch, channels]);
                let answer = linear(flat, self.matrices[slots.first].val(), bias());
                answer.reshape([batch, out, 1, 1])
            }
            Op::Reshape {
                shape: [channels, rows, columns],
            } => x.reshape([batch, channels, rows, columns]),
            Op::Multiply => match inputs.pop() {
                Some(other) => x.mul(other),
                None => x,
            },
            Op::Slice {
                channels: [start, end],
            } => x.narrow(1, start, end - start),
            Op::Scale { factor, offset } => x.mul_scalar(factor).add_scalar(offset),
            Op::LogCompress { gain } => x.mul_scalar(gain).log1p().mul_scalar(1.0 / gain.ln_1p()),
        }
    }

    /// Batch normalisation: in training by the batch, whose statistics are noted; else by the
    /// running statistics, as one factor and one offset per channel.
    fn norm(
        &self,
        index: usize,
        x: Tensor<4>,
        eps: f64,
        training: &mut Option<Training<'_>>,
    ) -> Tensor<4> {
        let slots = self.slots[index];
        let gamma = self.vectors[slots.first].val();
        let beta = self.vectors[slots.second.unwrap_or(slots.first)].val();
        if let Some((_, stats)) = training {
            let normed = batch_norm_train(x, gamma, beta, eps);
            stats.layers.push((normed.mean, normed.variance));
            return normed.output;
        }
        let channels = x.dims()[1];
        let mean = self.running[slots.running].clone();
        let deviation = self.running[slots.running + 1]
            .clone()
            .add_scalar(eps)
            .sqrt();
        let factor = gamma.div(deviation);
        let offset = beta.sub(mean.mul(factor.clone()));
        let factor: Tensor<4> = factor.reshape([1, channels, 1, 1]);
        let offset: Tensor<4> = offset.reshape([1, channels, 1, 1]);
        x.mul(factor).add(offset)
    }
}

fn dropout(x: Tensor<4>, rate: f64, seed: u64, index: usize) -> Tensor<4> {
    let dims = x.dims();
    let factors = dropout_factors(dims.iter().product(), rate, seed, index as u64);
    let factors = Tensor::from_data(TensorData::new(factors, dims), &x.device());
    x.mul(factors)
}
