//! What several commands ask alike: a stretch of the input, the songs of a set.

use clap::Args;

use crate::apply::Region;
use crate::dataset::{Group, MultitrackSpec};

#[derive(Debug, Args)]
pub(super) struct RegionArgs {
    /// Start of the region in seconds.
    #[arg(long, value_name = "S")]
    start: Option<f64>,
    /// Length of the region in seconds.
    #[arg(long, value_name = "S")]
    duration: Option<f64>,
}

impl RegionArgs {
    /// The stretch; `None` if neither end was given.
    pub(super) fn region(&self) -> Option<Region> {
        (self.start.is_some() || self.duration.is_some()).then(|| Region {
            start_secs: self.start.unwrap_or(0.0),
            duration_secs: self.duration,
        })
    }
}

#[derive(Debug, Args)]
pub(super) struct SongSetArgs {
    /// Leave out songs of this name, or whose names begin so, as "Music Delta"; several times.
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// At most this many songs.
    #[arg(long, value_name = "N")]
    songs: Option<usize>,
    /// Several parts as one stem: guitar=Guitar,Rhythm,Lead*; several times.
    #[arg(long, value_name = "STEM=A,B,C")]
    group: Vec<Group>,
    /// The part of the songs kept for validation, 0 to below 1, where the folder does not say.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.0)]
    valid: f64,
    /// The part of the songs kept for the final test, likewise.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.0)]
    test: f64,
    /// Which songs these are.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl SongSetArgs {
    /// The set to be opened, in which every song should have the stems `expected`.
    pub(super) fn spec(&self, expected: Vec<String>) -> MultitrackSpec {
        MultitrackSpec {
            exclude: self.exclude.clone(),
            n_songs: self.songs,
            groups: self.group.clone(),
            expected,
            valid_fraction: self.valid,
            test_fraction: self.test,
            seed: self.seed,
        }
    }
}
