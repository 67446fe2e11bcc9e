//! Judging takes by ear: fair levels first, then blind tests, then numbers.
//!
//! ```text
//! takes ─► measure ─► match_gains ─► the same loudness for all
//!       ─► lag_frames ─► difference ─► what one take has and the other lacks
//! AbxTest   two takes: can they be told apart at all?
//! Ranking   many takes and a hidden reference: how good is each?
//! ```
//!
//! Plain data and pure functions. What is hidden from the listener (which take X is, the order of
//! the sliders) is a function of a stored seed, so that a result can be checked afterwards. Playing
//! and asking is the window's work.

mod abx;
mod align;
mod csv;
mod difference;
mod hidden;
mod loudness;
mod ranking;
mod statistics;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;

pub use abx::{AbxTest, AbxTrial, Choice};
pub use align::{MOST_LAG_FRAMES, lag_frames, lag_frames_of_pairs, read_at};
pub use csv::{rows_csv, table_csv, write_csv};
pub use difference::{Difference, DifferenceOptions, difference};
pub use hidden::fresh_seed;
pub use loudness::{Loudness, MatchTarget, Matched, match_gains, measure};
pub use ranking::{ConditionResult, Ranking, RankingRound, scale_words};
pub use statistics::{Estimate, binomial_p_value, p_value_text};

/// A listening test, finished or under way, as a session keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "test", rename_all = "kebab-case")]
pub enum ListeningResult {
    /// Whether two takes can be told apart.
    Abx(AbxTest),
    /// How good each of several takes is.
    Ranking(Ranking),
}

impl ListeningResult {
    /// The outcome in one line.
    pub fn summary(&self) -> String {
        match self {
            Self::Abx(test) => test.summary(),
            Self::Ranking(ranking) => ranking.summary(),
        }
    }

    /// The answers as a table: UTF-8 text with a header row, for spreadsheet programs.
    pub fn to_csv(&self) -> String {
        match self {
            Self::Abx(test) => test.to_csv(),
            Self::Ranking(ranking) => ranking.to_csv(),
        }
    }

    /// Writes [`Self::to_csv`] to a file, whole or not at all.
    ///
    /// # Errors
    /// [`crate::Error::Exists`] unless `overwrite`; [`crate::Error::Io`].
    pub fn write_csv(&self, path: &Path, overwrite: bool) -> Result<()> {
        write_csv(&self.to_csv(), path, overwrite)
    }
}

/// Seconds since 1970, UTC; 0 where the clock stands before that.
fn unix_secs_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
