//! Blind rating of several takes, after ITU-R BS.1534-3 (MUSHRA).
//!
//! The takes and a hidden copy of the reference stand behind unnamed sliders, 0–100, in another
//! order each round. A listener who does not find the reference cannot be relied on: BS.1534 drops
//! those who rate it below 90 in more than 15 % of the rounds.
//!
//! Two orders, told apart by name: an **item** is a take by its place in [`Ranking::conditions`],
//! the reference being the last; a **slider** is a place on the screen.

use serde::{Deserialize, Serialize};

use super::statistics::Estimate;
use super::{csv, hidden, unix_secs_now};
use crate::error::{Error, Result};

const MOST_CONDITIONS: usize = 24;
const MOST_ROUNDS: u32 = 100;
/// BS.1534-3, 4.1.2: the hidden reference is found when it is rated so, or better.
const FOUND_SCORE: f32 = 90.0;

/// A finished round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingRound {
    /// Its number, from 1.
    pub number: u32,
    /// The scores by item, 0–100.
    pub scores: Vec<f32>,
}

/// A blind rating under way or finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// The names of the takes, 2–24.
    pub conditions: Vec<String>,
    /// The name of the reference, which is rated too, unnamed.
    pub hidden_reference: String,
    /// How many rounds were agreed on, 1–100.
    pub rounds_wanted: u32,
    /// What decides the order of the sliders.
    pub seed: u64,
    /// The finished rounds, in order.
    pub rounds: Vec<RankingRound>,
    /// The current round's scores by slider, as far as given.
    pub ratings: Vec<Option<f32>>,
    /// When it began, in seconds since 1970, UTC.
    pub started_unix_secs: u64,
    /// The listener's own words.
    #[serde(default)]
    pub note: String,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionResult {
    /// The name of the take or of the reference.
    pub name: String,
    /// Whether it is the hidden reference.
    pub is_reference: bool,
    /// Its scores over all finished rounds.
    pub score: Estimate,
}

impl Ranking {
    /// A rating that begins now. A seed nobody knows is [`super::fresh_seed`].
    ///
    /// # Errors
    /// [`Error::Setting`] unless there are 2 to 24 takes and 1 to 100 rounds.
    pub fn new(
        conditions: Vec<String>,
        hidden_reference: &str,
        rounds: u32,
        seed: u64,
    ) -> Result<Self> {
        if !(2..=MOST_CONDITIONS).contains(&conditions.len()) {
            let problem = format!("{} is not within 2 to {MOST_CONDITIONS}", conditions.len());
            return Err(Error::setting("takes", problem));
        }
        if !(1..=MOST_ROUNDS).contains(&rounds) {
            let problem = format!("{rounds} is not within 1 to {MOST_ROUNDS}");
            return Err(Error::setting("rounds", problem));
        }
        Ok(Self {
            ratings: vec![None; conditions.len() + 1],
            conditions,
            hidden_reference: hidden_reference.to_owned(),
            rounds_wanted: rounds,
            seed,
            rounds: Vec::new(),
            started_unix_secs: unix_secs_now(),
            note: String::new(),
        })
    }

    /// How many sliders there are: the takes and the hidden reference.
    pub fn sliders(&self) -> usize {
        self.conditions.len() + 1
    }

    /// The number of the round that is being rated, from 1; `None` after the last.
    pub fn current(&self) -> Option<u32> {
        (!self.is_over()).then(|| self.rounds.len() as u32 + 1)
    }

    /// Whether all rounds are finished.
    pub fn is_over(&self) -> bool {
        self.rounds.len() >= self.rounds_wanted as usize
    }

    /// The item behind each slider in round `number`. For the player alone.
    pub fn order(&self, number: u32) -> Vec<usize> {
        hidden::shuffled(self.seed, number, self.sliders())
    }

    /// Sets a slider of the current round.
    ///
    /// # Errors
    /// [`Error::Setting`] if the rating is over, there is no such slider, or the score is not within
    /// 0 to 100.
    pub fn rate(&mut self, slider: usize, score: f32) -> Result<()> {
        self.expect_open()?;
        if !(0.0..=100.0).contains(&score) {
            let problem = format!("{score} is not within 0 to 100");
            return Err(Error::setting("score", problem));
        }
        let Some(rating) = self.ratings.get_mut(slider) else {
            let problem = format!("there is no slider {slider}");
            return Err(Error::setting("slider", problem));
        };
        *rating = Some(score);
        Ok(())
    }

    /// Ends the current round and begins the next with all sliders unset, in a new order.
    ///
    /// # Errors
    /// [`Error::Setting`] if the rating is over or a slider is unset.
    pub fn finish_round(&mut self) -> Result<()> {
        self.expect_open()?;
        let number = self.rounds.len() as u32 + 1;
        let mut scores = vec![0.0; self.sliders()];
        for (slider, item) in self.order(number).into_iter().enumerate() {
            let Some(score) = self.ratings.get(slider).copied().flatten() else {
                let problem = format!("slider {} has no rating yet", slider + 1);
                return Err(Error::setting("round", problem));
            };
            scores[item] = score;
        }
        self.rounds.push(RankingRound { number, scores });
        self.ratings = vec![None; self.sliders()];
        Ok(())
    }

    fn expect_open(&self) -> Result<()> {
        if self.is_over() {
            let problem = "all rounds are finished; begin a new rating";
            return Err(Error::setting("round", problem));
        }
        Ok(())
    }

    /// Mean and interval of every take in the order given, then of the reference; empty before the
    /// first round is finished.
    pub fn results(&self) -> Vec<ConditionResult> {
        let names = self.conditions.iter().chain([&self.hidden_reference]);
        names
            .enumerate()
            .filter_map(|(item, name)| {
                Some(ConditionResult {
                    name: name.clone(),
                    is_reference: item == self.conditions.len(),
                    score: Estimate::of(&self.scores_of(item))?,
                })
            })
            .collect()
    }

    /// The part of the finished rounds, 0–1, in which the hidden reference got 90 or more; `None`
    /// before the first. Below 0.85 BS.1534 does not count the listener.
    pub fn reference_found(&self) -> Option<f64> {
        let scores = self.scores_of(self.conditions.len());
        let found = scores
            .iter()
            .filter(|score| **score >= f64::from(FOUND_SCORE));
        (!scores.is_empty()).then(|| found.count() as f64 / scores.len() as f64)
    }

    fn scores_of(&self, item: usize) -> Vec<f64> {
        let scores = self
            .rounds
            .iter()
            .filter_map(|round| round.scores.get(item));
        scores.map(|score| f64::from(*score)).collect()
    }

    /// The best take: "best of 3 after 2 rounds: karaoke, 72 ± 8 (good)".
    pub fn summary(&self) -> String {
        let takes = self.results().into_iter().filter(|r| !r.is_reference);
        let best = takes.reduce(|best, take| {
            if take.score.mean > best.score.mean {
                take
            } else {
                best
            }
        });
        let Some(best) = best else {
            return "no round is finished".to_owned();
        };
        let rounds = self.rounds.len();
        let interval = best.score.half_width;
        format!(
            "best of {} after {rounds} round{}: {}, {:.0}{} ({})",
            self.conditions.len(),
            if rounds == 1 { "" } else { "s" },
            best.name,
            best.score.mean,
            interval.map_or_else(String::new, |half| format!(" ± {half:.0}")),
            scale_words(best.score.mean as f32)
        )
    }

    /// One row per rating of the finished rounds, in the order of the sliders, under a header row.
    pub fn to_csv(&self) -> String {
        let header = ["round", "slider", "take", "is_reference", "score", "seed"];
        let rows = self.rounds.iter().flat_map(|round| {
            let order = self.order(round.number).into_iter().enumerate();
            order.filter_map(move |(slider, item)| {
                Some([
                    round.number.to_string(),
                    (slider + 1).to_string(),
                    csv::words(self.conditions.get(item).unwrap_or(&self.hidden_reference)),
                    u8::from(item == self.conditions.len()).to_string(),
                    round.scores.get(item)?.to_string(),
                    self.seed.to_string(),
                ])
            })
        });
        csv::table(header, rows)
    }
}

/// The word of BS.1534's scale for a score of 0–100, each for a fifth of it, the upper one where two
/// meet.
pub fn scale_words(score: f32) -> &'static str {
    match score {
        score if score >= 80.0 => "excellent",
        score if score >= 60.0 => "good",
        score if score >= 40.0 => "fair",
        score if score >= 20.0 => "poor",
        _ => "bad",
    }
}
