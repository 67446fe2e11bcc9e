//! Networks that learn: a generator, and if the loss is adversarial a discriminator beside it.
//!
//! ```text
//! batch ─► Learner::gradients ─► optimisers ─► networks        (one step)
//! batch ─► Learner::measure ─► losses                          (validation)
//! ```
//!
//! Both gradients of an adversarial step are of the same forward pass of the generator; both
//! networks then step at once (as the timbre-transfer system trains; the paper alternates).

use burn::module::Module as _;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::fit::Fit;
use super::loss::{Losses, accuracy, distance, judged_as, numbers};
use super::network::{BatchStats, Network};
use super::optimiser::Optimiser;
use super::recipe::Recipe;
use super::seeds::mixed;
use super::settings::{LossKind, LossSpec};
use super::shards::{Shards, leaves, mean_gradients, mean_losses, mean_statistics};
use super::weights::{WeightArray, Weights};
use super::{Processor, TrainDevice};
use crate::dataset::{ExampleBatch, ExampleShapes};
use crate::error::{Error, Result};

/// The network that tells made pictures from true ones.
struct Critic {
    network: Network,
    optimiser: Optimiser,
    /// Channels of the input that it sees.
    origin_channels: usize,
}

impl Critic {
    /// What it looks at: the origin, and a picture that is made of it or true.
    fn view(&self, input: &Tensor<4>, picture: Tensor<4>) -> Tensor<4> {
        let origin = input.clone().narrow(1, 0, self.origin_channels);
        Tensor::cat(vec![origin, picture], 1)
    }
}

/// Networks and their optimisers.
pub(super) struct Learner {
    generator: Network,
    optimiser: Optimiser,
    critic: Option<Critic>,
    loss: LossSpec,
    shapes: ExampleShapes,
    device: Device,
    shards: Shards,
}

/// How long each network's step is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) generator: f64,
    pub(super) discriminator: f64,
}

/// All that a batch says about the networks.
struct Gradients {
    losses: Losses,
    generator: GradientsParams,
    statistics: BatchStats,
    critic: Option<(GradientsParams, [BatchStats; 2])>,
}

impl Learner {
    /// Fresh networks with weights drawn from the recipe's seed.
    pub(super) fn new(
        recipe: &Recipe,
        shapes: ExampleShapes,
        processor: &Processor,
    ) -> Result<Self> {
        let device = processor.device().clone().autodiff();
        let seed = recipe.training.seed;
        let clip_norm = recipe.training.clip_norm;
        let critic = match recipe.discriminator_plan(shapes)? {
            Some(plan) => Some(Critic {
                network: Network::new(&plan, mixed(&[seed, 1]), &device)?,
                optimiser: Optimiser::new(recipe.discriminator_optimiser(), clip_norm),
                origin_channels: recipe.origin_channels(shapes),
            }),
            None => None,
        };
        Ok(Self {
            generator: Network::new(&recipe.plan(shapes)?, mixed(&[seed, 0]), &device)?,
            optimiser: Optimiser::new(recipe.optimiser, clip_norm),
            critic,
            loss: recipe.loss,
            shapes,
            device,
            // A graphics card is busy with a batch as it is.
            shards: Shards::new(match processor.wish {
                TrainDevice::Cpu => recipe.training.shards,
                _ => 1,
            })?,
        })
    }

    /// One step on a batch.
    pub(super) fn step(
        &mut self,
        batch: ExampleBatch,
        rates: Rates,
        dropout_seed: u64,
    ) -> Result<Losses> {
        let gradients = self.gradients_of(batch, dropout_seed)?;
        if gradients.losses.broken().is_some() {
            // Such a step would leave no number whole.
            return Ok(gradients.losses);
        }
        self.generator =
            self.optimiser
                .step(rates.generator, self.generator.clone(), gradients.generator);
        self.generator.update_statistics(gradients.statistics);
        if let (Some(critic), Some((of_critic, statistics))) = (&mut self.critic, gradients.critic)
        {
            critic.network =
                critic
                    .optimiser
                    .step(rates.discriminator, critic.network.clone(), of_critic);
            for statistics in statistics {
                critic.network.update_statistics(statistics);
            }
        }
        Ok(gradients.losses)
    }

    /// As [`Self::gradients`], part by part where the recipe asks for it.
    fn gradients_of(&self, batch: ExampleBatch, dropout_seed: u64) -> Result<Gradients> {
        if self.shards.parts(batch.size) < 2 {
            let critic = self.critic.as_ref().map(|critic| &critic.network);
            return self.gradients((&self.generator, critic), batch, dropout_seed);
        }
        let parts = self.shards.run(&batch, |part, number| {
            let generator = leaves(self.generator.clone());
            let critic = self.critic.as_ref();
            let critic = critic.map(|critic| leaves(critic.network.clone()));
            let networks = (&generator, critic.as_ref());
            self.gradients(networks, part, mixed(&[dropout_seed, 2, number]))
        })?;
        let generators: Vec<_> = parts
            .iter()
            .map(|(x, part)| (*x, &part.generator))
            .collect();
        let statistics: Vec<_> = parts
            .iter()
            .map(|(x, part)| (*x, &part.statistics))
            .collect();
        let losses: Vec<_> = parts.iter().map(|(x, part)| (*x, part.losses)).collect();
        let critic = self.critic.as_ref().map(|critic| {
            let both: Vec<_> = parts
                .iter()
                .filter_map(|(x, part)| Some((*x, part.critic.as_ref()?)))
                .collect();
            let gradients: Vec<_> = both.iter().map(|(x, (g, _))| (*x, g)).collect();
            let of = |which: usize| {
                let each: Vec<_> = both.iter().map(|(x, (_, s))| (*x, &s[which])).collect();
                mean_statistics(&each)
            };
            (mean_gradients(&gradients, &critic.network), [of(0), of(1)])
        });
        Ok(Gradients {
            losses: mean_losses(&losses),
            generator: mean_gradients(&generators, &self.generator),
            statistics: mean_statistics(&statistics),
            critic,
        })
    }

    /// Losses and gradients of a batch for the generator and the discriminator, which stay as they
    /// are.
    fn gradients(
        &self,
        (generator, critic): (&Network, Option<&Network>),
        batch: ExampleBatch,
        dropout_seed: u64,
    ) -> Result<Gradients> {
        let (input, target) = self.tensors(batch, &self.device)?;
        let (output, statistics) = generator.forward_training(input.clone(), dropout_seed);
        // Before the first backward pass, which uses up the graph.
        let made = output.clone().detach();
        let off = distance(self.loss.kind, output.clone(), target.clone());
        let l1 = distance(LossKind::L1, made.clone(), target.clone());
        let Some((critic, network)) = self.critic.as_ref().zip(critic) else {
            let generator = GradientsParams::from_grads(off.backward(), generator);
            let values = numbers(vec![off, l1])?;
            return Ok(Gradients {
                losses: losses_of(&values),
                generator,
                statistics,
                critic: None,
            });
        };
        let seed = mixed(&[dropout_seed, 1]);
        // Its weights count as constants here: only the generator is blamed.
        let judge = network.clone().no_grad();
        let (judged, _) = judge.forward_training(critic.view(&input, output), seed);
        let adversarial = judged_as(true, judged);
        let loss = adversarial.clone() + off.mul_scalar(self.loss.l1_weight);
        let generator = GradientsParams::from_grads(loss.backward(), generator);

        let (on_true, of_true) = network.forward_training(critic.view(&input, target), seed);
        let (on_made, of_made) = network.forward_training(critic.view(&input, made), seed);
        let discriminator = self.discriminator_loss(on_true, on_made);
        let of_critic = GradientsParams::from_grads(discriminator.backward(), network);
        let values = numbers(vec![loss, l1, adversarial, discriminator])?;
        Ok(Gradients {
            losses: losses_of(&values),
            generator,
            statistics,
            critic: Some((of_critic, [of_true, of_made])),
        })
    }

    fn discriminator_loss(&self, on_true: Tensor<4>, on_made: Tensor<4>) -> Tensor<1> {
        let loss = judged_as(true, on_true) + judged_as(false, on_made);
        if self.loss.halve_discriminator {
            loss.mul_scalar(0.5)
        } else {
            loss
        }
    }

    /// The losses of a batch with the networks as they are used: running statistics, no dropout.
    pub(super) fn measure(&self, tester: &Tester, batch: ExampleBatch) -> Result<Losses> {
        let (input, target) = self.tensors(batch, &tester.device)?;
        let output = tester.generator.forward(input.clone());
        let off = distance(self.loss.kind, output.clone(), target.clone());
        let l1 = distance(LossKind::L1, output.clone(), target.clone());
        let right = accuracy(output.clone(), target.clone());
        let mut losses = match (&self.critic, &tester.critic) {
            (Some(critic), Some(network)) => {
                let on_true = network.forward(critic.view(&input, target));
                let on_made = network.forward(critic.view(&input, output));
                let adversarial = judged_as(true, on_made.clone());
                let loss = adversarial.clone() + off.mul_scalar(self.loss.l1_weight);
                let discriminator = self.discriminator_loss(on_true, on_made);
                losses_of(&numbers(vec![loss, l1, adversarial, discriminator])?)
            }
            _ => {
                let values = numbers(vec![off, l1, right])?;
                let mut losses = losses_of(&values[..2]);
                losses.accuracy = values.get(2).copied();
                losses
            }
        };
        if self.loss.kind != LossKind::Bce {
            losses.accuracy = None;
        }
        Ok(losses)
    }

    /// The networks as they are used, without what only learning needs.
    pub(super) fn tester(&self) -> Tester {
        Tester {
            generator: self.generator.valid(),
            critic: self.critic.as_ref().map(|critic| critic.network.valid()),
            device: self.device.clone().without_autodiff(),
        }
    }

    fn tensors(&self, batch: ExampleBatch, device: &Device) -> Result<(Tensor<4>, Tensor<4>)> {
        let size = batch.size;
        let tensor = |values: Vec<f32>, [channels, rows, columns]: [usize; 3]| {
            let shape = [size, channels, rows, columns];
            if values.len() != shape.iter().product::<usize>() {
                let problem = format!("holds {} values where {shape:?} were due", values.len());
                return Err(Error::setting("examples", problem));
            }
            Ok(Tensor::from_data(TensorData::new(values, shape), device))
        };
        Ok((
            tensor(batch.input, self.shapes.input)?,
            tensor(batch.target, self.shapes.target)?,
        ))
    }

    pub(super) fn parameters(&self) -> Result<usize> {
        self.generator.plan().parameters()
    }

    pub(super) fn discriminator_parameters(&self) -> Result<Option<usize>> {
        self.critic
            .as_ref()
            .map(|critic| critic.network.plan().parameters())
            .transpose()
    }

    pub(super) fn weights(&self) -> Weights {
        self.generator.weights()
    }

    pub(super) fn discriminator_weights(&self) -> Option<Weights> {
        self.critic.as_ref().map(|critic| critic.network.weights())
    }

    /// What both optimisers remember.
    pub(super) fn optimiser_state(&self) -> Result<Weights> {
        let mut arrays: Vec<WeightArray> = self.optimiser.state("generator")?;
        if let Some(critic) = &self.critic {
            arrays.extend(critic.optimiser.state("discriminator")?);
        }
        Ok(Weights { arrays })
    }

    /// Takes weights over by name and shape; answers how many fit.
    ///
    /// # Errors
    /// [`Error::Setting`] "weights" if less than half of the network's values are there.
    pub(super) fn load(&mut self, weights: &Weights) -> Result<Fit> {
        let fit = Fit::new(self.generator.plan(), weights)?;
        fit.check_half()?;
        self.generator.load(weights)?;
        Ok(fit)
    }

    /// Takes up a checkpoint after `steps` steps.
    ///
    /// # Errors
    /// [`Error::Setting`] "resume" if an array is lacking.
    pub(super) fn restore(
        &mut self,
        network: &Weights,
        discriminator: Option<&Weights>,
        optimiser: &Weights,
        steps: u64,
    ) -> Result<()> {
        restore(&mut self.generator, network, "network")?;
        self.optimiser
            .restore("generator", optimiser, steps, &self.device)?;
        if let Some(critic) = &mut self.critic {
            let none = Weights::default();
            let weights = discriminator.unwrap_or(&none);
            restore(&mut critic.network, weights, "discriminator")?;
            critic
                .optimiser
                .restore("discriminator", optimiser, steps, &self.device)?;
        }
        Ok(())
    }
}

fn restore(network: &mut Network, weights: &Weights, what: &str) -> Result<()> {
    Fit::new(network.plan(), weights)?.check_whole(what)?;
    network.load(weights).map(|_| ())
}

/// Loss, L1, and with four values the adversarial part and the discriminator's loss.
fn losses_of(values: &[f64]) -> Losses {
    let at = |i: usize| values.get(i).copied();
    Losses {
        loss: at(0).unwrap_or(f64::NAN),
        l1: at(1).unwrap_or(f64::NAN),
        adversarial: at(2),
        discriminator: at(3),
        accuracy: None,
    }
}

/// Networks as they are used, for validation and previews.
pub(super) struct Tester {
    generator: Network,
    critic: Option<Network>,
    device: Device,
}

impl Tester {
    /// The output for one input, both `[channels][rows][columns]`.
    pub(super) fn output(&self, input: &[f32], shape: [usize; 3]) -> Result<Vec<f32>> {
        let [channels, rows, columns] = shape;
        let data = TensorData::new(input.to_vec(), [1, channels, rows, columns]);
        let output = self
            .generator
            .forward(Tensor::from_data(data, &self.device));
        output.try_into_vec_as().map_err(super::loss::device_failed)
    }
}
