//! What a worker does for the workspace: measure song by song, compare, write.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::methods::{MethodChoice, Opened, open_methods};
use super::output::WriteRequest;
use super::{MethodKind, Trouble};
use crate::apply::Region;
use crate::dataset::Song;
use crate::error::{Error, Result};
use crate::evaluate::{
    Comparison, EvaluateSpec, OpenSong, TrackScores, TrackSet, TrackSpec, compare, fingerprint,
    measure_song,
};
use crate::gui::jobs::{JobEvent, JobId};
use crate::gui::truth::true_song;
use crate::progress::{Event, Reporter};

/// What stands in the place of a fingerprint for scores that are not whole: it is none, so that they
/// are written without one and measured again.
pub(super) const INCOMPLETE: &str = "incomplete";
/// Units of progress of one method of one song.
const STEPS: u64 = 1000;

/// Where the true stems are.
#[derive(Debug, Clone, PartialEq)]
pub enum References {
    /// Only scores of others are looked at.
    None,
    /// A folder of songs, and which of them.
    Folder(PathBuf, TrackSpec),
    /// The folder that holds the true stems of an open song, and the song's file.
    Song(PathBuf, PathBuf),
}

/// What is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureRequest {
    /// The true stems.
    pub references: References,
    /// The methods in the order of the table.
    pub methods: Vec<MethodChoice>,
    /// How they are measured.
    pub spec: EvaluateSpec,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluateRequest {
    /// Measure methods against true stems.
    Measure(MeasureRequest),
    /// Compare two methods.
    Compare(Arc<Vec<TrackScores>>, String, String),
    /// Write scores to files.
    Write(WriteRequest),
}

/// What comes back while a job runs.
pub enum EvaluateEvent {
    /// What will be measured, and remarks.
    Begun(Vec<Song>, Vec<(String, MethodKind)>, Vec<String>),
    /// A song by a method, what it depends on ("incomplete" if a part of it failed), and remarks.
    Scored(Box<TrackScores>, String, Vec<String>),
    /// Scores of others, all at once.
    Read(Vec<TrackScores>),
    /// Something could not be measured; the rest goes on.
    Failed(Trouble),
    /// Two methods were compared.
    Compared(std::result::Result<Vec<Comparison>, String>),
}

/// Whom a worker tells what happens.
pub(super) type Tell<'a> = &'a dyn Fn(EvaluateEvent);

impl EvaluateRequest {
    /// Whether it may take the night.
    pub(in crate::gui) fn is_long(&self) -> bool {
        matches!(self, Self::Measure(_))
    }

    /// Whether it compares what was measured.
    pub(in crate::gui) fn is_comparison(&self) -> bool {
        matches!(self, Self::Compare(..))
    }

    /// Does the work; runs on a worker. Answers how the job ends.
    pub(in crate::gui) fn run(
        self,
        job: JobId,
        tell: Tell<'_>,
        reporter: &Reporter,
    ) -> Result<JobEvent> {
        match self {
            Self::Measure(request) => request.run(tell, reporter)?,
            Self::Compare(scores, a, b) => {
                reporter.step("Comparing", 0, 0)?;
                let compared = compare(&scores, &a, &b, 0);
                tell(EvaluateEvent::Compared(compared.map_err(|e| e.to_string())));
            }
            Self::Write(request) => {
                request.run(reporter)?;
                return Ok(JobEvent::Wrote(job, request.path));
            }
        }
        Ok(JobEvent::Ended(job))
    }
}

impl MeasureRequest {
    fn run(self, tell: Tell<'_>, reporter: &Reporter) -> Result<()> {
        reporter.step("Looking at the true stems", 0, 0)?;
        let set = self.open_set(reporter)?;
        let (mut opened, mut read) = open_methods(&self, set.as_ref(), tell, reporter)?;
        let mut seen = BTreeSet::new();
        opened.retain(|own| is_first(&mut seen, &own.method.name, tell));
        read.retain(|own| is_first(&mut seen, &own.0, tell));
        if opened.is_empty() && read.is_empty() {
            let problem = "none of the methods can be measured; see the reasons below";
            return Err(Error::setting("methods", problem));
        }
        let kinds = opened.iter().map(|own| (own.method.name.clone(), own.kind));
        let others = read.iter().map(|own| (own.0.clone(), MethodKind::Method));
        let methods = kinds.chain(others).collect();
        let (songs, notes) = set.map(|set| (set.songs, set.notes)).unwrap_or_default();
        tell(EvaluateEvent::Begun(songs.clone(), methods, notes));
        let read: Vec<TrackScores> = read.into_iter().flat_map(|(_, scores)| scores).collect();
        if !read.is_empty() {
            tell(EvaluateEvent::Read(read));
        }
        let total = songs.len() as u64 * opened.len() as u64;
        for (place, song) in songs.iter().enumerate() {
            let done = place as u64 * opened.len() as u64;
            self.song(song, &mut opened, (done, total), tell, reporter)?;
        }
        Ok(())
    }

    fn open_set(&self, reporter: &Reporter) -> Result<Option<TrackSet>> {
        match &self.references {
            References::None => Ok(None),
            References::Folder(folder, spec) => {
                TrackSet::open_with(folder, spec, reporter).map(Some)
            }
            References::Song(folder, path) => Ok(Some(TrackSet {
                songs: vec![true_song(folder, path, reporter)?],
                others: Vec::new(),
                notes: Vec::new(),
            })),
        }
    }

    /// All methods of a song; what fails is told, and the rest is done.
    fn song(
        &self,
        song: &Song,
        methods: &mut [Opened],
        (done, total): (u64, u64),
        tell: Tell<'_>,
        reporter: &Reporter,
    ) -> Result<()> {
        let mut shared: Option<(OpenSong<'_>, bool)> = None;
        for (place, own) in methods.iter_mut().enumerate() {
            let part = Part::new(reporter, (done + place as u64) * STEPS, total * STEPS);
            let outcome = match own.region {
                // A take of a stretch is measured there.
                Some(region) => read(song, Some(region), &part.reporter, tell)
                    .and_then(|mut open| self.one(&mut open, own, song, &part, tell)),
                None => {
                    let open = match shared.take() {
                        Some(open) => open,
                        None => match read(song, self.spec.region, &part.reporter, tell) {
                            Ok(open) => open,
                            Err(error) => {
                                return told(tell, &song.name, None, error);
                            }
                        },
                    };
                    self.one(shared.insert(open), own, song, &part, tell)
                }
            };
            if let Err(error) = outcome {
                told(tell, &song.name, Some(&own.method.name), error)?;
            }
        }
        Ok(())
    }

    /// One method of a song; `is_whole` tells whether all true stems could be read.
    fn one(
        &self,
        (open, is_whole): &mut (OpenSong<'_>, bool),
        own: &mut Opened,
        song: &Song,
        part: &Part,
        tell: Tell<'_>,
    ) -> Result<()> {
        let name = own.method.name.clone();
        let about = format!("{}, {name}", song.name);
        let estimates = own.method.estimate(open, &own.renames, &part.reporter)?;
        let measured = measure_song(open, &name, estimates, &self.spec, &part.reporter)?;
        let is_whole = *is_whole && measured.problems.is_empty();
        for reason in measured.problems {
            tell(EvaluateEvent::Failed(Trouble {
                song: Some(song.name.clone()),
                method: Some(name.clone()),
                reason,
            }));
        }
        let notes = measured.notes.into_iter().chain(part.warnings());
        let notes = notes.map(|note| format!("{about}: {note}")).collect();
        let key = if is_whole {
            fingerprint(song, &own.method, &self.spec, &own.renames)
        } else {
            INCOMPLETE.to_owned()
        };
        let scores = Box::new(measured.scores);
        tell(EvaluateEvent::Scored(scores, key, notes));
        Ok(())
    }
}

/// The true stems of a song, and whether all could be read; those that cannot be measured are told.
fn read<'s>(
    song: &'s Song,
    region: Option<Region>,
    reporter: &Reporter,
    tell: Tell<'_>,
) -> Result<(OpenSong<'s>, bool)> {
    let (open, problems) = OpenSong::read(song, region, reporter)?;
    open.notes().iter().for_each(|note| reporter.warn(note));
    let is_whole = problems.is_empty();
    for reason in problems {
        tell(EvaluateEvent::Failed(Trouble {
            song: Some(song.name.clone()),
            method: None,
            reason,
        }));
    }
    Ok((open, is_whole))
}

/// Tells a failure; a cancelled job ends.
fn told(tell: Tell<'_>, song: &str, method: Option<&str>, error: Error) -> Result<()> {
    if error.is_cancelled() {
        return Err(error);
    }
    tell(EvaluateEvent::Failed(Trouble {
        song: Some(song.to_owned()),
        method: method.map(str::to_owned),
        reason: error.to_string(),
    }));
    Ok(())
}

/// Whether no method before had this name.
fn is_first(seen: &mut BTreeSet<String>, name: &str, tell: Tell<'_>) -> bool {
    let is_first = seen.insert(name.to_lowercase());
    if !is_first {
        tell(EvaluateEvent::Failed(Trouble {
            song: None,
            method: Some(name.to_owned()),
            reason: "another method has this name; give one of them another".into(),
        }));
    }
    is_first
}

/// One method of one song within the whole. Its warnings are remarks about the result.
struct Part {
    reporter: Reporter,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Part {
    fn new(whole: &Reporter, first: u64, total: u64) -> Self {
        let outer = whole.part(first, STEPS, total);
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&warnings);
        // A reporter of its own: what works below may divide its part once more.
        let reporter = Reporter::new(whole.cancel_token().clone(), move |event| match event {
            Event::Progress(progress) => {
                outer
                    .step(progress.stage, progress.done, progress.total)
                    .ok();
            }
            Event::Warning(text) => kept
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(text),
        });
        Self { reporter, warnings }
    }

    fn warnings(&self) -> Vec<String> {
        let mut kept = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }
}
