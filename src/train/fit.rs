//! Whether weights are those of a network.

use super::plan::Plan;
use super::weights::Weights;
use crate::error::{Error, Result};

/// How much of a network some weights fill, by name and shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// Arrays that are there.
    pub(super) arrays: usize,
    /// Arrays of the network.
    pub(super) of: usize,
    /// The part of the network's values that is there, 0–1.
    share: f64,
}

impl Fit {
    pub(super) fn new(plan: &Plan, weights: &Weights) -> Result<Self> {
        let infos = plan.arrays()?;
        let (mut arrays, mut values, mut all) = (0, 0, 0);
        for info in &infos {
            all += info.count();
            let found = weights.get(&info.name);
            if found.is_some_and(|array| array.shape == info.shape) {
                arrays += 1;
                values += info.count();
            }
        }
        Ok(Self {
            arrays,
            of: infos.len(),
            share: values as f64 / all.max(1) as f64,
        })
    }

    /// Whether nothing is lacking.
    pub(super) fn is_whole(self) -> bool {
        self.arrays == self.of
    }

    /// Whether it is enough to begin with.
    ///
    /// # Errors
    /// [`Error::Setting`] "weights" unless at least half of the values are there.
    pub(super) fn check_half(self) -> Result<()> {
        if self.arrays > 0 && self.share >= 0.5 {
            return Ok(());
        }
        let problem = format!(
            "only {} of the {} arrays of the recipe's network fit ({:.0} % of its values); choose \
             weights of the same kind and size of network",
            self.arrays,
            self.of,
            100.0 * self.share
        );
        Err(Error::setting("weights", problem))
    }

    /// Whether it is the network's own state.
    ///
    /// # Errors
    /// [`Error::Setting`] "resume" unless all is there.
    pub(super) fn check_whole(self, what: &str) -> Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let problem = format!(
            "the state holds {} of the {} arrays of the {what}; it is damaged or of another \
             recipe: start another run",
            self.arrays, self.of
        );
        Err(Error::setting("resume", problem))
    }
}
