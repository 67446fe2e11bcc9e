//! What several commands ask alike: a stretch of the input, the songs of a set, what is measured.

use clap::Args;

use crate::apply::Region;
use crate::dataset::{Group, MultitrackSpec, Split};
use crate::evaluate::{EvaluateSpec, Metric, TrackSpec};

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

#[derive(Debug, Args)]
pub(super) struct MeasureArgs {
    /// Only songs for this purpose: train, valid or test.
    #[arg(long, value_parser = parse_split)]
    split: Option<Split>,
    /// Leave out songs of this name, or whose names begin so; several times.
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// At most this many songs.
    #[arg(long, value_name = "N")]
    songs: Option<usize>,
    #[command(flatten)]
    region: RegionArgs,
    /// What is measured: bss4, bss3, si-sdr, snr, sdr, lsd, l1.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "bss4"
    )]
    metrics: Vec<Metric>,
}

impl MeasureArgs {
    /// What is measured, and of which stretch; frames as usual.
    pub(super) fn spec(&self) -> EvaluateSpec {
        EvaluateSpec {
            metrics: self.metrics.clone(),
            region: self.region.region(),
            ..EvaluateSpec::default()
        }
    }

    /// The songs.
    pub(super) fn track_spec(&self) -> TrackSpec {
        TrackSpec {
            split: self.split,
            exclude: self.exclude.clone(),
            n_songs: self.songs,
        }
    }
}

fn parse_split(text: &str) -> Result<Split, String> {
    let known = Split::ALL.into_iter().find(|split| split.name() == text);
    known.ok_or_else(|| "choose train, valid, test or none".into())
}
