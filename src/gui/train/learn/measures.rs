//! What the curves can show: the losses by their names.

use super::live::LiveRun;
use crate::train::{HistoryRow, Losses};

/// A loss by its name, one of [`Losses::NAMES`]; none if it is not known.
pub fn measured(losses: &Losses, name: &str) -> Option<f64> {
    match name {
        "loss" => Some(losses.loss),
        "l1" => Some(losses.l1),
        "adversarial" => losses.adversarial,
        "discriminator" => losses.discriminator,
        "accuracy" => losses.accuracy,
        _ => None,
    }
}

/// What a person reads.
pub fn label(name: &str) -> &str {
    match name {
        "loss" => "Loss",
        "l1" => "L1",
        "adversarial" => "Adversarial",
        "discriminator" => "Discriminator",
        "accuracy" => "Accuracy",
        name => name,
    }
}

/// Those that a run has, in order.
pub fn known(rows: &[HistoryRow], live: Option<&LiveRun>) -> Vec<&'static str> {
    let is_known = |name: &str| {
        let has = |losses: &Losses| measured(losses, name).is_some();
        rows.iter()
            .any(|row| has(&row.train) || row.valid.as_ref().is_some_and(has))
            || live.is_some_and(|live| !live.points(name).is_empty())
    };
    Losses::NAMES
        .into_iter()
        .filter(|name| is_known(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_is_found_by_its_name() {
        let losses = Losses {
            loss: 1.0,
            l1: 2.0,
            adversarial: Some(3.0),
            discriminator: Some(4.0),
            accuracy: Some(5.0),
        };
        assert_eq!(losses.named().len(), Losses::NAMES.len());
        for (name, value) in losses.named() {
            assert_eq!(measured(&losses, name), Some(value), "{name}");
            assert_ne!(label(name), name);
        }
        assert_eq!(measured(&Losses::default(), "accuracy"), None);
    }
}
