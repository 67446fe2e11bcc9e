//! Which example has which number, in which order they come, and where chance comes from.

use super::ExampleSong;
use crate::dataset::draws::Draws;
use crate::dataset::multitrack::Split;
use crate::error::{Error, Result};

/// The examples of each split, numbered song by song.
#[derive(Debug, Clone)]
pub(super) struct Numbering {
    splits: [Vec<Run>; 3],
    lengths: [usize; 3],
}

/// Examples of one song.
#[derive(Debug, Clone, Copy)]
struct Run {
    song: usize,
    /// The number of its first one.
    first: usize,
}

/// The place of a split that examples can have.
fn place_of(split: Split) -> Option<usize> {
    match split {
        Split::Train => Some(0),
        Split::Valid => Some(1),
        Split::Test => Some(2),
        Split::None => None,
    }
}

impl Numbering {
    /// # Errors
    /// [`Error::Setting`] if a split has more than 2³² − 1 examples.
    pub(super) fn new(songs: &[ExampleSong]) -> Result<Self> {
        let mut splits: [Vec<Run>; 3] = Default::default();
        let mut lengths = [0_usize; 3];
        for (song, facts) in songs.iter().enumerate().filter(|(_, s)| s.examples > 0) {
            let Some(place) = place_of(facts.split) else {
                continue;
            };
            let first = lengths[place];
            splits[place].push(Run { song, first });
            lengths[place] = first.saturating_add(facts.examples);
        }
        if lengths.iter().any(|length| u32::try_from(*length).is_err()) {
            let problem = "more than 4294967295 examples; take fewer of each song";
            return Err(Error::setting("examples", problem));
        }
        Ok(Self { splits, lengths })
    }

    /// Examples of a split.
    pub(super) fn len(&self, split: Split) -> usize {
        place_of(split).map_or(0, |place| self.lengths[place])
    }

    /// The song of an example and its number in the song.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such example.
    pub(super) fn locate(&self, split: Split, index: usize) -> Result<(usize, usize)> {
        let runs = place_of(split).map_or(&[][..], |place| &self.splits[place][..]);
        let after = runs.partition_point(|run| run.first <= index);
        let run = after.checked_sub(1).and_then(|at| runs.get(at));
        let run = run.filter(|_| index < self.len(split));
        run.map(|run| (run.song, index - run.first)).ok_or_else(|| {
            let problem = format!(
                "there is no number {index} in {}, which has {}",
                split.name(),
                self.len(split)
            );
            Error::setting("example", problem)
        })
    }

    /// The songs of a split that have examples.
    pub(super) fn songs(&self, split: Split) -> Vec<usize> {
        let runs = place_of(split).map_or(&[][..], |place| &self.splits[place][..]);
        runs.iter().map(|run| run.song).collect()
    }

    /// All examples of a split in the order that they come in: for training, shuffled by seed and
    /// epoch; else as they are numbered.
    pub(super) fn order(&self, dice: Dice, split: Split, epoch: u64) -> Vec<u32> {
        // That they fit is checked at the beginning.
        let mut order: Vec<u32> = (0..self.len(split) as u32).collect();
        if split == Split::Train {
            let mut draws = dice.draws("order", split, epoch, 0);
            for last in (1..order.len()).rev() {
                order.swap(last, draws.below(last + 1));
            }
        }
        order
    }
}

/// All chance of a set: draws for a purpose, a split, an epoch and a number do not depend on
/// anything else that is drawn. Only training has epochs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A seed of its own.
    pub(super) fn seed(self, purpose: &str, split: Split, epoch: u64) -> u64 {
        let epoch = if split == Split::Train { epoch } else { 0 };
        let name = format!("{purpose} {} {epoch}", split.name());
        Draws::of_name(self.0, &name).whole()
    }

    pub(super) fn draws(self, purpose: &str, split: Split, epoch: u64, number: usize) -> Draws {
        Draws::new(self.seed(purpose, split, epoch), number as u64)
    }
}
