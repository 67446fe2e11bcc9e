//! What a run begins with: examples and networks, looked at before anything is written or removed
//! for them.

use std::path::Path;
use std::sync::Arc;

use super::Processor;
use super::fit::Fit;
use super::learner::Learner;
use super::recipe::Recipe;
use super::weights::Weights;
use crate::dataset::{ExampleSet, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// What a run's first stage begins with.
pub(super) struct Start {
    pub(super) set: Arc<ExampleSet>,
    /// Fresh networks, with the weights that were asked for.
    pub(super) learner: Learner,
}

impl Start {
    /// Opens the recordings, makes the networks and loads the weights, if there are any.
    pub(super) fn look(
        stage: &Recipe,
        data: &Path,
        processor: &Processor,
        weights: Option<&Path>,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let weights = weights.map(Weights::read_safetensors).transpose()?;
        let set = open_set(stage, data, cache, reporter)?;
        if let Some(weights) = &weights {
            Fit::new(&stage.plan(set.shapes())?, weights)?.check_half()?;
        }
        let mut learner = Learner::new(stage, set.shapes(), processor)?;
        if let Some(weights) = &weights {
            load_weights(&mut learner, weights, reporter)?;
        }
        Ok(Self { set, learner })
    }
}

/// Puts weights in place of drawn ones, and tells how many were lacking.
///
/// # Errors
/// [`Error::Setting`] "weights" if less than half fit, or a number is not finite.
pub(super) fn load_weights(
    learner: &mut Learner,
    weights: &Weights,
    reporter: &Reporter,
) -> Result<()> {
    let fit = learner.load(weights)?;
    let taken = learner.weights();
    let mut values = taken.arrays.iter().flat_map(|array| &array.values);
    if !values.all(|x| x.is_finite()) {
        return Err(not_finite());
    }
    if !fit.is_whole() {
        let (arrays, of) = (fit.arrays, fit.of);
        let text = format!("weights: {arrays} of {of} arrays were taken; the others are new");
        reporter.warn(text);
    }
    Ok(())
}

/// The error for weights that hold no numbers.
pub(super) fn not_finite() -> Error {
    Error::setting(
        "weights",
        "hold numbers that are not finite; begin with others",
    )
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
