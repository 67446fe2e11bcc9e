//! The ABX test: A and B are known, X is one of them, and the listener says which.
//!
//! After Clark, "High-resolution subjective testing using a double-blind comparator", JAES 1982.
//! Who guesses is right half of the time; [`AbxTest::p_value`] tells how likely a result is by
//! guessing alone. The number of trials is set beforehand: stopping when the result looks good would
//! make it worthless.

use serde::{Deserialize, Serialize};

use super::statistics::{MOST_TRIALS, p_value_text, upper_tail};
use super::{csv, hidden, unix_secs_now};
use crate::error::{Error, Result};

/// One of the two takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The first take.
    A,
    /// The second take.
    B,
}

impl Choice {
    /// "A" or "B".
    pub fn label(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// An answered trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AbxTrial {
    /// Its number, from 1.
    pub number: u32,
    /// What X was.
    pub x: Choice,
    /// What the listener said.
    pub answer: Choice,
    /// Seconds from the trial's beginning to the answer.
    pub answered_secs: f64,
    /// How often the listener switched between A, B and X.
    pub switches: u32,
}

impl AbxTrial {
    /// Whether the answer was right.
    pub fn is_correct(&self) -> bool {
        self.answer == self.x
    }
}

/// An ABX test under way or finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AbxTest {
    /// The name of take A.
    pub a: String,
    /// The name of take B.
    pub b: String,
    /// How many trials were agreed on, 1–1000.
    pub trials_wanted: u32,
    /// What decides which take each X is.
    pub seed: u64,
    /// The answered trials, in order.
    pub trials: Vec<AbxTrial>,
    /// When it began, in seconds since 1970, UTC.
    pub started_unix_secs: u64,
    /// The listener's own words.
    #[serde(default)]
    pub note: String,
}

impl AbxTest {
    /// A test that begins now. 16 trials are usual; a seed nobody knows is [`super::fresh_seed`].
    ///
    /// # Errors
    /// [`Error::Setting`] unless there are 1 to 1000 trials.
    pub fn new(a: &str, b: &str, trials: u32, seed: u64) -> Result<Self> {
        if !(1..=MOST_TRIALS).contains(&trials) {
            let problem = format!("{trials} is not within 1 to {MOST_TRIALS}");
            return Err(Error::setting("trials", problem));
        }
        Ok(Self {
            a: a.to_owned(),
            b: b.to_owned(),
            trials_wanted: trials,
            seed,
            trials: Vec::new(),
            started_unix_secs: unix_secs_now(),
            note: String::new(),
        })
    }

    /// The number of the trial that waits for an answer, from 1; `None` after the last.
    pub fn current(&self) -> Option<u32> {
        (!self.is_over()).then(|| self.answered() + 1)
    }

    /// What X plays in the current trial; `None` after the last. For the player alone.
    pub fn x(&self) -> Option<Choice> {
        let heads = hidden::coin(self.seed, self.current()?);
        Some(if heads { Choice::A } else { Choice::B })
    }

    /// Answers the current trial after `answered_secs` seconds and `switches` switches.
    ///
    /// # Errors
    /// [`Error::Setting`] if the test is over, or the time is no number of seconds, 0 or more.
    pub fn answer(&mut self, answer: Choice, answered_secs: f64, switches: u32) -> Result<()> {
        let (Some(number), Some(x)) = (self.current(), self.x()) else {
            let problem = "the test is over; begin a new one";
            return Err(Error::setting("answer", problem));
        };
        if !(answered_secs.is_finite() && answered_secs >= 0.0) {
            let problem = format!("{answered_secs} is no number of seconds, 0 or more");
            return Err(Error::setting("answer time", problem));
        }
        self.trials.push(AbxTrial {
            number,
            x,
            answer,
            answered_secs,
            switches,
        });
        Ok(())
    }

    /// Whether every trial is answered. Before that a result means little.
    pub fn is_over(&self) -> bool {
        self.answered() >= self.trials_wanted
    }

    /// How many trials are answered.
    pub fn answered(&self) -> u32 {
        self.trials.len() as u32
    }

    /// How many answers are right.
    pub fn correct(&self) -> u32 {
        self.trials
            .iter()
            .filter(|trial| trial.is_correct())
            .count() as u32
    }

    /// How likely at least so many right answers are by guessing, 0–1; 1 before the first.
    pub fn p_value(&self) -> f64 {
        upper_tail(self.correct(), self.answered())
    }

    /// "12 of 16 right, p = 0.038"; a test that was left early says so, for its p-value means less.
    pub fn summary(&self) -> String {
        let early = match self.is_over() {
            true => String::new(),
            false => format!(
                ", stopped after {} of {}",
                self.answered(),
                self.trials_wanted
            ),
        };
        format!(
            "{} of {} right, {}{early}",
            self.correct(),
            self.answered(),
            p_value_text(self.p_value())
        )
    }

    /// One row per answered trial, under a header row.
    pub fn to_csv(&self) -> String {
        let header = [
            "trial", "a", "b", "x", "answer", "correct", "seconds", "switches", "seed",
        ];
        let rows = self.trials.iter().map(|trial| {
            [
                trial.number.to_string(),
                csv::words(&self.a),
                csv::words(&self.b),
                trial.x.label().to_owned(),
                trial.answer.label().to_owned(),
                u8::from(trial.is_correct()).to_string(),
                format!("{:.3}", trial.answered_secs),
                trial.switches.to_string(),
                self.seed.to_string(),
            ]
        });
        csv::table(header, rows)
    }
}
