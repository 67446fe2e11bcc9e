//! The queue as people see it: rows, totals, events.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::report::FileReport;

/// What became of a song, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowState {
    /// Not begun.
    Waiting,
    /// Being worked on.
    Running,
    /// Done in this run, every file checked.
    Done,
    /// An earlier run had done it, and everything is still there.
    AlreadyDone,
    /// Left out because a file of that name is there.
    Skipped,
    /// Given up by the person.
    Cancelled,
    /// It could not be done.
    Failed,
}

impl RowState {
    /// The ways in which a song ends, the best first.
    pub const ENDS: [Self; 5] = [
        Self::Done,
        Self::AlreadyDone,
        Self::Skipped,
        Self::Cancelled,
        Self::Failed,
    ];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Running => "Running",
            Self::Done => "Done",
            Self::AlreadyDone => "Already done",
            Self::Skipped => "Left out",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing more will happen to it in this run.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// Whether the files are there.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone)
    }

    /// How far it got, for merging reports.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Cancelled => 2,
            Self::Skipped => 3,
            Self::Failed => 4,
            Self::AlreadyDone => 5,
            Self::Done => 6,
        }
    }
}

/// A song of the queue as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, which stays when the order changes.
    pub id: usize,
    /// The file.
    pub input: PathBuf,
    /// What became of it.
    pub state: RowState,
    /// What is being done.
    pub stage: &'static str,
    /// The part done, 0–1.
    pub fraction: f64,
    /// Seconds of audio, as far as known.
    pub audio_secs: Option<f64>,
    /// Seconds left, as far as known.
    pub remaining_secs: Option<f64>,
    /// The device that runs it, once known.
    pub device: String,
    /// Bytes written, or expected.
    pub bytes: u64,
    /// Why it failed or was left out, or what should be known.
    pub message: String,
}

/// The whole queue in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Songs.
    pub songs: usize,
    /// Songs with which nothing more will happen.
    pub over: usize,
    /// Songs that failed.
    pub failed: usize,
    /// The part done, 0–1.
    pub fraction: f64,
    /// Seconds left, as far as known.
    pub remaining_secs: Option<f64>,
    /// Whether nothing goes on until somebody says so.
    pub paused: bool,
}

/// What happens on a board.
#[derive(Debug, Clone)]
pub enum BatchEvent {
    /// A song changed, and with it the whole.
    Row(Box<Row>, Totals),
    /// Something about a song that the person should know.
    Warning(PathBuf, String),
    /// A song is over.
    Over(Box<FileReport>),
}
