//! A batch in parts that are worked on side by side, and what they say together.
//!
//! Within one operation a processor gains little from further threads; parts of a batch, each with
//! threads of its own, keep it busy. The sum does not depend on which part is done first.

use burn::module::{Module as _, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::loss::Losses;
use super::network::{BatchStats, Network};
use crate::dataset::ExampleBatch;
use crate::error::{Error, Result};

/// Threads for each part.
pub(super) struct Shards {
    pools: Vec<ThreadPool>,
}

impl Shards {
    /// Threads for `count` parts; none for a single one, which uses those that are there.
    ///
    /// # Errors
    /// [`Error::Setting`] if threads cannot be started.
    pub(super) fn new(count: usize) -> Result<Self> {
        let parts = if count < 2 { 0 } else { count };
        let threads = (rayon::current_num_threads() / count.max(1)).max(1);
        let pools = (0..parts)
            .map(|_| ThreadPoolBuilder::new().num_threads(threads).build())
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| {
                let problem = format!("threads cannot be started: {error}");
                Error::setting("training.shards", problem)
            })?;
        Ok(Self { pools })
    }

    /// Parts that a batch of `size` examples is cut into; 1 or 0 for not at all.
    pub(super) fn parts(&self, size: usize) -> usize {
        self.pools.len().min(size)
    }

    /// Does `work` on every part, given its number; answers each part's share of the batch and what
    /// came of it, in order.
    pub(super) fn run<T: Send>(
        &self,
        batch: &ExampleBatch,
        work: impl Fn(ExampleBatch, u64) -> Result<T> + Sync,
    ) -> Result<Vec<(f64, T)>> {
        let parts = cut(batch, self.parts(batch.size));
        let shares: Vec<f64> = parts
            .iter()
            .map(|part| part.size as f64 / batch.size as f64)
            .collect();
        let work = &work;
        let done: Vec<Result<T>> = std::thread::scope(|scope| {
            let running: Vec<_> = parts
                .into_iter()
                .zip(&self.pools)
                .zip(0..)
                .map(|((part, pool), number)| {
                    scope.spawn(move || pool.install(|| work(part, number)))
                })
                .collect();
            running
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|p| std::panic::resume_unwind(p))
                })
                .collect()
        });
        let done = done.into_iter().collect::<Result<Vec<T>>>()?;
        Ok(shares.into_iter().zip(done).collect())
    }
}

/// A batch in parts whose sizes differ by one at most.
fn cut(batch: &ExampleBatch, parts: usize) -> Vec<ExampleBatch> {
    let per = |values: &[f32]| values.len() / batch.size.max(1);
    let (input, target) = (per(&batch.input), per(&batch.target));
    (0..parts)
        .map(|part| {
            let first = part * batch.size / parts;
            let end = (part + 1) * batch.size / parts;
            ExampleBatch {
                size: end - first,
                input: batch.input[first * input..end * input].to_vec(),
                target: batch.target[first * target..end * target].to_vec(),
                number: batch.number,
            }
        })
        .collect()
}

/// The same weights (not copied) as leaves of a graph of its own: parts that share a graph wait for
/// each other.
pub(super) fn leaves(network: Network) -> Network {
    network.map(&mut Leaves)
}

struct Leaves;

impl ModuleMapper for Leaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        let value = value.inner().autodiff().require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

/// The gradients of the whole batch: the parts' by their shares.
pub(super) fn mean_gradients(
    parts: &[(f64, &GradientsParams)],
    network: &Network,
) -> GradientsParams {
    let mut mean = Mean {
        parts,
        sum: GradientsParams::new(),
    };
    network.visit(&mut mean);
    mean.sum
}

struct Mean<'a> {
    parts: &'a [(f64, &'a GradientsParams)],
    sum: GradientsParams,
}

impl ModuleVisitor for Mean<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let parts = self.parts.iter().filter_map(|(share, gradients)| {
            Some(gradients.get::<D>(param.id)?.mul_scalar(*share))
        });
        if let Some(sum) = parts.reduce(|sum, part| sum + part) {
            self.sum.register(param.id, sum);
        }
    }
}

/// Mean and variance of the whole batch: E(v + m²) − E(m)².
pub(super) fn mean_statistics(parts: &[(f64, &BatchStats)]) -> BatchStats {
    let count = parts.first().map_or(0, |(_, part)| part.layers.len());
    let layers = (0..count).filter_map(|layer| {
        let each = parts.iter().filter_map(|(share, part)| {
            let (mean, variance) = part.layers.get(layer)?.clone();
            let square = variance + mean.clone().square();
            Some((mean.mul_scalar(*share), square.mul_scalar(*share)))
        });
        let (mean, square) = each.reduce(|a, b| (a.0 + b.0, a.1 + b.1))?;
        let variance = square - mean.clone().square();
        Some((mean, variance.clamp_min(0.0)))
    });
    BatchStats {
        layers: layers.collect(),
    }
}

/// The losses of the whole batch.
pub(super) fn mean_losses(parts: &[(f64, Losses)]) -> Losses {
    let mean = |value: fn(&Losses) -> f64| -> f64 {
        parts.iter().map(|(share, part)| share * value(part)).sum()
    };
    let some = |value: fn(&Losses) -> Option<f64>| -> Option<f64> {
        parts
            .iter()
            .map(|(share, part)| Some(share * value(part)?))
            .sum()
    };
    Losses {
        loss: mean(|part| part.loss),
        l1: mean(|part| part.l1),
        adversarial: some(|part| part.adversarial),
        discriminator: some(|part| part.discriminator),
        accuracy: some(|part| part.accuracy),
    }
}
