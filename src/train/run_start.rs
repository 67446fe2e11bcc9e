//! What a run begins with: examples and weights, looked at before anything old is removed for them.

use std::path::Path;
use std::sync::Arc;

use super::fit::Fit;
use super::recipe::Recipe;
use super::weights::Weights;
use crate::dataset::{ExampleSet, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// What a run's first stage begins with.
pub(super) struct Start {
    pub(super) set: Arc<ExampleSet>,
    pub(super) weights: Option<Weights>,
}

impl Start {
    /// Opens the recordings and reads the weights, if there are any, for a stage.
    pub(super) fn look(
        stage: &Recipe,
        data: &Path,
        weights: Option<&Path>,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let weights = weights.map(Weights::read_safetensors).transpose()?;
        let set = open_set(stage, data, cache, reporter)?;
        if let Some(weights) = &weights {
            Fit::new(&stage.plan(set.shapes())?, weights)?.check_half()?;
        }
        Ok(Self { set, weights })
    }
}

/// Opens the recordings for a stage.
///
/// # Errors
/// As [`ExampleSet::open`]; [`Error::Setting`] if there is nothing to learn from, or too little for
/// the network.
pub(super) fn open_set(
    stage: &Recipe,
    data: &Path,
    cache: Option<&Path>,
    reporter: &Reporter,
) -> Result<Arc<ExampleSet>> {
    let set = ExampleSet::open(data, &stage.examples, cache, reporter)?;
    if set.is_empty(Split::Train) {
        let problem = format!(
            "there is nothing to learn from; add songs, or lower examples.valid_fraction: {}",
            data.display()
        );
        return Err(Error::setting("data", problem));
    }
    stage.check_batch(set.shapes(), set.len(Split::Train))?;
    Ok(Arc::new(set))
}
