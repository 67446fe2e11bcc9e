//! The course of a run: its stages, how long they are, and how far a run came, in words.

use crate::train::{BestBy, HistoryRow, Recipe};

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSeen {
    /// How it is called in keys; none is the training itself.
    pub name: Option<String>,
    /// The epochs it is to have.
    pub epochs: usize,
}

/// What a recipe says of a run's course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// The stages in order; the last is the training itself.
    pub stages: Vec<StageSeen>,
    /// By which number the best epoch is known.
    pub best_by: BestBy,
}

impl Course {
    /// The course of a recipe; one without stages if they cannot be understood.
    pub fn of(recipe: &Recipe) -> Self {
        let names = recipe.stage_names().into_iter().map(Some).chain([None]);
        let stages = recipe.stages().unwrap_or_default();
        let stages = names.zip(stages).map(|(name, stage)| StageSeen {
            name,
            epochs: stage.training.epochs,
        });
        Self {
            stages: stages.collect(),
            best_by: recipe.training.best_by,
        }
    }

    /// The name of the loss that says which epoch is the best: one of
    /// [`NAMES`](crate::train::Losses::NAMES).
    pub fn measure(&self) -> &'static str {
        match self.best_by {
            BestBy::Loss => "loss",
            BestBy::L1 => "l1",
        }
    }

    /// Epochs that the training itself is to have.
    pub fn epochs(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.epochs)
    }

    /// Epochs of the training itself that are done.
    pub fn done(&self, rows: &[HistoryRow]) -> usize {
        rows_of(rows, self.stages.len().saturating_sub(1))
    }

    /// Where the stage of this name comes in the order.
    pub fn place(&self, name: Option<&str>) -> usize {
        let place = self
            .stages
            .iter()
            .position(|stage| stage.name.as_deref() == name);
        place.unwrap_or(usize::MAX)
    }

    /// A stage's name in words; none of the training itself.
    pub fn words(&self, stage: usize) -> Option<String> {
        let name = self.stages.get(stage)?.name.as_deref()?;
        Some(stage_words(name))
    }

    /// How far a run came: "3 of 200 epochs", or "auto-encoder: 3 of 50 epochs".
    pub fn progress(&self, rows: &[HistoryRow]) -> String {
        let stage = rows.last().map_or(0, |row| row.stage);
        let epochs = self.stages.get(stage).map_or(0, |stage| stage.epochs);
        self.progress_of(stage, rows_of(rows, stage), epochs)
    }

    /// How far a stage came, in the same words.
    pub fn progress_of(&self, stage: usize, done: usize, epochs: usize) -> String {
        match self.words(stage) {
            Some(name) => format!("{name}: {done} of {epochs} epochs"),
            None => format!("{done} of {epochs} epochs"),
        }
    }
}

/// Epochs of a stage.
fn rows_of(rows: &[HistoryRow], stage: usize) -> usize {
    rows.iter().filter(|row| row.stage == stage).count()
}

/// A stage without a name of its own has a number.
pub fn stage_words(name: &str) -> String {
    if name.parse::<usize>().is_ok() {
        format!("stage {name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Losses, shipped_recipe};

    fn row(stage: usize, epoch: usize) -> HistoryRow {
        HistoryRow {
            stage,
            epoch,
            step: 0,
            train: Losses::default(),
            valid: None,
            learning_rate: 1e-3,
            discriminator_learning_rate: None,
            secs: 0.0,
        }
    }

    #[test]
    fn epochs_of_earlier_stages_are_not_those_of_the_training() {
        let recipe = shipped_recipe("ibm-cnn-deep").unwrap();
        let course = Course::of(&recipe);
        assert_eq!(course.epochs(), 200);
        assert_eq!(course.progress(&[]), "auto-encoder: 0 of 50 epochs");
        let mut rows: Vec<HistoryRow> = (1..=3).map(|epoch| row(0, epoch)).collect();
        assert_eq!(course.progress(&rows), "auto-encoder: 3 of 50 epochs");
        assert_eq!(course.done(&rows), 0);
        rows.extend([row(1, 1), row(1, 2)]);
        assert_eq!(course.progress(&rows), "2 of 200 epochs");
        assert_eq!(course.done(&rows), 2);
        assert!(course.place(Some("auto-encoder")) < course.place(None));
    }

    #[test]
    fn a_stage_without_a_name_has_a_number() {
        assert_eq!(stage_words("1"), "stage 1");
        assert_eq!(stage_words("auto-encoder"), "auto-encoder");
    }
}
