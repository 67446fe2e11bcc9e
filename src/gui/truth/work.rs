//! What a worker does about true stems: find them, and measure a take against them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::LaneScores;
use super::find::{find_folder, true_song};
use crate::apply::Region;
use crate::dataset::Song as TrueSong;
use crate::error::{Error, Result};
use crate::evaluate::{
    EvaluateSpec, FrameScores, Measure, Method, MethodSource, OpenSong, Renames, Sound,
    measure_song,
};
use crate::gui::jobs::Clip2;
use crate::progress::Reporter;
use crate::session::Id;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum TruthRequest {
    /// Look for the true stems of a song.
    Find {
        /// The song.
        song: Id,
        /// Its file.
        path: PathBuf,
        /// The folder that a person chose; none to look around.
        chosen: Option<PathBuf>,
    },
    /// Measure a take.
    Measure {
        /// The take.
        take: Id,
        /// The song with the true stems.
        truth: Arc<TrueSong>,
        /// The take's sounds by name, and where they start in the song in seconds.
        sounds: Vec<(String, Clip2, f64)>,
        /// Names to be read as others.
        renames: Renames,
        /// The stretch that the take covers; none for the whole song.
        region: Option<Region>,
    },
}

/// What comes back.
pub enum TruthEvent {
    /// Where a song's true stems are, if anywhere, and why a chosen folder is of no use.
    Found(
        Id,
        std::result::Result<Option<(PathBuf, Arc<TrueSong>)>, String>,
    ),
    /// A take's scores by the lanes' names.
    Measured(Id, BTreeMap<String, LaneScores>),
}

impl TruthRequest {
    /// Does the work; runs on a worker.
    pub(in crate::gui) fn run(self, reporter: &Reporter) -> Result<TruthEvent> {
        match self {
            Self::Find { song, path, chosen } => {
                reporter.step("Looking for true stems", 0, 0)?;
                let is_chosen = chosen.is_some();
                let Some(folder) = chosen.or_else(|| find_folder(&path)) else {
                    return Ok(TruthEvent::Found(song, Ok(None)));
                };
                let found = match true_song(&folder, &path, reporter) {
                    Ok(truth) => Ok(Some((folder, Arc::new(truth)))),
                    Err(error) if error.is_cancelled() => return Err(error),
                    Err(error) if is_chosen => Err(error.to_string()),
                    // Found by its name alone, it may well be something else.
                    Err(_) => Ok(None),
                };
                reporter.check()?;
                Ok(TruthEvent::Found(song, found))
            }
            Self::Measure {
                take,
                truth,
                sounds,
                renames,
                region,
            } => {
                let scores = measure(&truth, sounds, &renames, region, reporter)?;
                Ok(TruthEvent::Measured(take, scores))
            }
        }
    }
}

fn measure(
    truth: &TrueSong,
    sounds: Vec<(String, Clip2, f64)>,
    renames: &Renames,
    region: Option<Region>,
    reporter: &Reporter,
) -> Result<BTreeMap<String, LaneScores>> {
    let (mut open, _) = OpenSong::read(truth, region, reporter)?;
    let known = open.stems().to_vec();
    let names: Vec<String> = sounds.iter().map(|(name, ..)| name.clone()).collect();
    let mut method = method_of("take", sounds);
    let estimates = method.estimate(&mut open, renames, reporter)?;
    let spec = EvaluateSpec::default();
    let measured = measure_song(&open, "take", estimates, &spec, reporter)?;
    let start_secs = region.map_or(0.0, |region| region.start_secs);
    let mut scores = BTreeMap::new();
    for name in names {
        let stem = renames.known_stem(&name, &known);
        let own = stem.and_then(|stem| measured.scores.stem(&stem));
        let Some(own) = own.filter(|own| !own.values(Measure::Sdr).is_empty()) else {
            continue;
        };
        let values = |measure| own.values(measure).to_vec();
        let frames = FrameScores {
            sdr: values(Measure::Sdr),
            isr: values(Measure::Isr),
            sir: values(Measure::Sir),
            sar: values(Measure::Sar),
        };
        let lane = LaneScores::new(own.stem.clone(), frames, start_secs, spec.hop_secs);
        scores.insert(name, lane);
    }
    if scores.is_empty() {
        return Err(Error::Song {
            problem: "none of its sounds is a true stem".into(),
            path: truth.name.clone().into(),
        });
    }
    Ok(scores)
}

/// A method of sounds in memory.
pub(in crate::gui) fn method_of(name: &str, sounds: Vec<(String, Clip2, f64)>) -> Method {
    let sounds = sounds.into_iter();
    let sounds = sounds.map(|(name, Clip2(clip), start_secs)| Sound {
        name,
        clip,
        start_secs,
    });
    Method {
        name: name.into(),
        source: MethodSource::Sounds(sounds.collect()),
    }
}
