//! The true stems of an open song, and how close its takes come to them, second by second.
//!
//! ```text
//! a take is made ─► Find: where do the true stems lie? ─► Measure, per take ─► lane head and curve
//! ```
//!
//! Scores are kept in memory only: the session does not know them.

mod commands;
pub(super) mod curve;
mod find;
mod work;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::jobs::{JobId, Jobs};
use crate::dataset::Song as TrueSong;
use crate::error::Error;
use crate::evaluate::{FrameScores, summarise};
use crate::session::{Id, Lane};

pub use commands::Sounds;
pub(super) use commands::{region_of, usual_renames};
pub use find::true_song;
pub(super) use work::method_of;
pub use work::{TruthEvent, TruthRequest};

/// What can be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum TruthAction {
    /// Ask by dialog for the folder of a song's true stems.
    Browse(Id),
    /// The true stems of a song lie here; none forgets them.
    Choose(Id, Option<PathBuf>),
    /// Go to a time and play.
    PlayFrom(f64),
}

/// What is known of a song's true stems.
#[derive(Debug, Clone)]
pub enum Known {
    /// They are looked for.
    Looking(JobId),
    /// There are none that can be found.
    Nothing,
    /// The folder, and the song in it.
    Here(PathBuf, Arc<TrueSong>),
}

/// One lane's scores.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneScores {
    /// The true stem it was measured against.
    pub stem: String,
    /// A value per second.
    pub frames: FrameScores,
    /// The time of the first second in the song.
    pub start_secs: f64,
    /// Distance of frames in seconds.
    pub hop_secs: f64,
    medians: [f64; 4],
}

impl LaneScores {
    /// Scores against the true stem of this name, a value every `hop_secs` from `start_secs` on.
    pub fn new(stem: String, frames: FrameScores, start_secs: f64, hop_secs: f64) -> Self {
        let FrameScores { sdr, isr, sir, sar } = &frames;
        let medians = [sdr, isr, sir, sar].map(|values| summarise(values).median);
        Self {
            stem,
            frames,
            start_secs,
            hop_secs,
            medians,
        }
    }

    /// Medians over the seconds: SDR, ISR, SIR, SAR in dB; NaN where there is no number.
    pub fn medians(&self) -> [f64; 4] {
        self.medians
    }

    /// The time at which the second of the lowest SDR begins; the first of several.
    pub fn worst_secs(&self) -> Option<f64> {
        let numbers = self.frames.sdr.iter().enumerate();
        let numbers = numbers.filter(|(_, db)| !db.is_nan());
        let worst = numbers.min_by(|a, b| a.1.total_cmp(b.1))?;
        Some(self.start_secs + worst.0 as f64 * self.hop_secs)
    }
}

/// A level in dB as people read it.
pub fn decibels(db: f64) -> String {
    if db.is_nan() {
        "–".into()
    } else if db == f64::INFINITY {
        "∞ dB".into()
    } else if db == f64::NEG_INFINITY {
        "−∞ dB".into()
    } else {
        format!("{db:.1} dB").replace('-', "−")
    }
}

/// What is known of all songs and takes.
#[derive(Default)]
pub struct TruthView {
    songs: HashMap<Id, Known>,
    /// By take, then by the lane's name.
    takes: HashMap<Id, BTreeMap<String, LaneScores>>,
    /// What is being measured.
    jobs: HashMap<JobId, Id>,
    /// Takes of which nothing can be measured: another folder gives them another chance.
    hopeless: HashSet<Id>,
    /// Songs and takes of which the person cancelled the work: it is not begun again unasked.
    stopped: HashSet<Id>,
}

impl TruthView {
    /// The folder of a song's true stems.
    pub fn folder(&self, song: Id) -> Option<&PathBuf> {
        match self.songs.get(&song)? {
            Known::Here(folder, _) => Some(folder),
            Known::Looking(_) | Known::Nothing => None,
        }
    }

    /// A lane's scores, if it has some.
    pub fn lane(&self, lane: &Lane) -> Option<&LaneScores> {
        self.takes.get(&lane.take?)?.get(&lane.name)
    }

    /// Whether a take's scores are on their way.
    pub fn is_measuring(&self, take: Id) -> bool {
        self.jobs.values().any(|measured| *measured == take)
    }

    /// Forgets what is known of a song and of takes; what is being found out of them is stopped.
    pub(super) fn forget(&mut self, song: Option<Id>, takes: &[Id], jobs: &mut Jobs) {
        for take in takes {
            self.takes.remove(take);
            self.hopeless.remove(take);
            self.stopped.remove(take);
        }
        self.jobs.retain(|job, measured| {
            let goes = takes.contains(measured);
            if goes {
                jobs.forget(*job);
            }
            !goes
        });
        let Some(song) = song else { return };
        self.stopped.remove(&song);
        if let Some(Known::Looking(job)) = self.songs.remove(&song) {
            jobs.forget(job);
        }
    }

    /// The person stops all work: what follows from an answer that is under way is not begun either.
    pub(super) fn stop(&mut self) {
        let looking = self.songs.iter();
        let looking = looking.filter(|(_, known)| matches!(known, Known::Looking(_)));
        self.stopped.extend(looking.map(|(song, _)| *song));
        self.stopped.extend(self.jobs.values());
    }

    /// What was cancelled is begun again where it is still wanted.
    pub(super) fn ask_again(&mut self) {
        self.stopped.clear();
    }

    /// A job failed; answers whether nothing needs to be said about it.
    pub(super) fn failed(&mut self, job: JobId, error: &Error) -> bool {
        let is_cancelled = error.is_cancelled();
        let is_looking = |known: &Known| matches!(known, Known::Looking(own) if *own == job);
        let looked = self.songs.iter().find(|(_, known)| is_looking(known));
        if let Some(song) = looked.map(|(song, _)| *song) {
            if is_cancelled {
                self.songs.remove(&song);
                self.stopped.insert(song);
            } else {
                self.songs.insert(song, Known::Nothing);
            }
            return is_cancelled;
        }
        let Some(take) = self.jobs.remove(&job) else {
            return false;
        };
        if is_cancelled {
            self.stopped.insert(take);
            return true;
        }
        self.hopeless.insert(take);
        // Stems that have no counterpart are no failure of anything.
        matches!(error, Error::Song { .. })
    }
}
