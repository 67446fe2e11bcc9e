//! What a worker does for the workspace: look through a folder, read a sound, make music.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SongTable;
use super::make::MakeRequest;
use super::music::MusicRequest;
use crate::audio::Clip;
#[cfg(feature = "train")]
use crate::audio::decode;
use crate::dataset::{
    DatasetInfo, EXAMPLES_FILE, EXCERPTS_FILE, FEATURES_FILE, MultitrackSet, MultitrackSpec, Song,
    Take, dataset_info,
};
use crate::error::{Error, Result};
use crate::gui::jobs::{JobEvent, JobId, MadeTake, Stems};
use crate::gui::take_work::{outlines, unix_secs_now};
use crate::progress::Reporter;
use crate::session::{self, Id};

/// The model's name of a take of a data set's own stems.
pub(in crate::gui) const STEMS_MODEL: &str = "data set";

/// What a folder is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LookAs {
    /// Whatever fits.
    #[default]
    Auto,
    /// Songs with their stems.
    Songs,
    /// Examples or renders that this program wrote.
    Examples,
}

impl LookAs {
    /// All of them, in the order shown.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Songs, Self::Examples];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "Whatever fits",
            Self::Songs => "Songs with stems",
            Self::Examples => "Examples",
        }
    }
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainRequest {
    /// Look through a folder.
    Look(PathBuf, LookAs),
    /// Read a song's mixture, or one of its stems.
    Hear(Arc<Song>, Option<String>),
    /// Read a file.
    #[cfg(feature = "train")]
    HearFile(PathBuf),
    /// Read all stems of a song as a take of an open song.
    Stems(Id, Arc<Song>),
    /// Compose and render.
    Music(Box<MusicRequest>),
    /// Make examples.
    Make(Box<MakeRequest>),
}

/// The queue that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What a person waits for.
    Loader,
    /// What takes some time.
    Engine,
    /// What may take the night.
    Batch,
}

/// What was found in a folder.
pub enum Looked {
    /// Songs with stems.
    Songs(Box<SongTable>),
    /// Examples or renders.
    Examples(Box<DatasetInfo>),
}

/// What comes back.
pub enum TrainEvent {
    /// A folder was looked through.
    Looked(Looked),
    /// A sound was read.
    Heard(Clip),
    /// Music was made: what came out in one sentence, and where it is.
    Made(String, PathBuf),
}

impl TrainRequest {
    /// Where it is worked on.
    pub(in crate::gui) fn queue(&self) -> Queue {
        match self {
            Self::Look(..) => Queue::Engine,
            #[cfg(feature = "train")]
            Self::HearFile(_) => Queue::Loader,
            Self::Hear(..) | Self::Stems(..) => Queue::Loader,
            Self::Music(_) | Self::Make(_) => Queue::Batch,
        }
    }

    /// The open song that it is done for.
    pub(in crate::gui) fn song(&self) -> Option<Id> {
        match self {
            Self::Stems(song, _) => Some(*song),
            _ => None,
        }
    }

    /// Does the work; runs on a worker.
    pub(in crate::gui) fn run(self, job: JobId, reporter: &Reporter) -> Result<JobEvent> {
        let event = match self {
            Self::Look(folder, look_as) => TrainEvent::Looked(look(&folder, look_as, reporter)?),
            Self::Hear(song, stem) => {
                let take = stem.as_deref().map_or(Take::Mixture, Take::Stem);
                TrainEvent::Heard(song.read(take, None, None, false, reporter)?)
            }
            #[cfg(feature = "train")]
            Self::HearFile(path) => TrainEvent::Heard(decode(&path, None, reporter)?.0),
            Self::Stems(id, song) => {
                let made = stems(id, &song, reporter)?;
                return Ok(JobEvent::TakeMade(job, Box::new(made)));
            }
            Self::Music(request) => {
                let (text, out) = request.run(reporter)?;
                TrainEvent::Made(text, out)
            }
            Self::Make(request) => {
                let (text, out) = request.run(reporter)?;
                TrainEvent::Made(text, out)
            }
        };
        Ok(JobEvent::Train(job, Box::new(event)))
    }
}

fn look(folder: &Path, look_as: LookAs, reporter: &Reporter) -> Result<Looked> {
    reporter.step("Looking at the files", 0, 0)?;
    let examples = || dataset_info(folder, reporter).map(|info| Looked::Examples(Box::new(info)));
    match look_as {
        LookAs::Songs => songs(folder, reporter),
        LookAs::Examples => examples(),
        LookAs::Auto if is_written_by_us(folder) => examples(),
        LookAs::Auto => songs(folder, reporter).or_else(|error| match error {
            // Of both reasons, the one about songs says what is expected.
            Error::Setting { .. } => examples().map_err(|other| match other {
                Error::Cancelled => Error::Cancelled,
                _ => error,
            }),
            error => Err(error),
        }),
    }
}

fn songs(folder: &Path, reporter: &Reporter) -> Result<Looked> {
    let set = MultitrackSet::open_with(folder, &MultitrackSpec::default(), reporter)?;
    Ok(Looked::Songs(Box::new(SongTable::new(set))))
}

/// Whether a folder says of itself that it holds examples, pairs or renders. By their names alone,
/// renders of the same pieces look like songs with the same stems.
fn is_written_by_us(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let below: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    has(EXAMPLES_FILE)
        || has(EXCERPTS_FILE)
        || has(FEATURES_FILE)
        || has("made") && (has("mixture") || below.iter().any(|path| path.join("mixture").is_dir()))
        || below.iter().any(|path| path.join("render.json").is_file())
}

/// All stems of a song, in memory.
fn stems(id: Id, song: &Song, reporter: &Reporter) -> Result<MadeTake> {
    const STEPS: u64 = 1000;
    let started = std::time::Instant::now();
    let names = song.stems();
    let total = names.len() as u64 * STEPS;
    let mut sounds: Stems = Vec::new();
    for (done, name) in names.iter().enumerate() {
        let reporter = reporter.part(done as u64 * STEPS, STEPS, total);
        let clip = song.read(Take::Stem(name), None, None, false, &reporter)?;
        let peaks = outlines(&clip);
        sounds.push(((*name).to_owned(), None, clip, peaks));
    }
    let count = sounds.len();
    let s = if count == 1 { "" } else { "s" };
    let take = session::Take {
        model: STEMS_MODEL.into(),
        remark: format!("the song's own stems: {}", names.join(", ")),
        device: "cpu".into(),
        made_unix_secs: unix_secs_now(),
        taken_secs: started.elapsed().as_secs_f64(),
        ..session::Take::default()
    };
    Ok(MadeTake {
        song: id,
        take,
        sounds,
        offset_secs: 0.0,
        said: format!("{}: {count} stem{s} beside the mixture", song.name),
    })
}
