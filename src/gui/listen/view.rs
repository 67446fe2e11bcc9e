//! What the workspace remembers between frames: what is heard, how loud, and the test under way.

use std::collections::{HashMap, HashSet};

use super::{AbxRun, Column, RankingRun};
use crate::gui::jobs::JobId;
use crate::listen::{Loudness, MatchTarget, match_gains};
use crate::session::{Id, Song};

/// A lane this much quieter than the song is not raised to it, in dB.
const MOST_RAISED_DB: f64 = 15.0;

/// What a blind test asks.
#[derive(Debug, Clone)]
pub enum Test {
    /// Can two takes be told apart?
    Abx(AbxRun),
    /// How good is each take?
    Ranking(RankingRun),
}

/// A blind test under way, with what must not change while it runs.
#[derive(Debug, Clone)]
pub struct RunningTest {
    /// The song whose takes it is about.
    pub(super) song: Id,
    /// The gain of each lane of the test, linear.
    pub(super) gains: HashMap<Id, f32>,
    /// What it asks.
    pub test: Test,
}

impl RunningTest {
    fn heard(&self) -> Id {
        match &self.test {
            Test::Abx(run) => run.heard(),
            Test::Ranking(run) => run.heard(),
        }
    }
}

/// Gains that make lanes as loud as the song.
pub(super) struct Matching {
    /// Per lane in dB; none where it is silent, too quiet for it, or not measured.
    pub(super) gains_db: Vec<Option<f64>>,
    pub(super) target_lufs: f64,
    /// How far all are lower than the song, for the peaks of one.
    pub(super) lowered_db: f64,
}

/// What must outlive a frame.
pub struct ListenView {
    pub(super) heard: Option<Id>,
    pub(super) a: Option<Id>,
    pub(super) b: Option<Id>,
    pub(super) ticked: HashSet<Id>,
    pub(super) sort: (Column, bool),
    /// Whether all are heard equally loud.
    pub matched: bool,
    pub(super) trials: u32,
    pub(super) rounds: u32,
    pub(super) loudness: HashMap<Id, Loudness>,
    pub(super) measuring: HashMap<JobId, Vec<Id>>,
    /// Clips whose loudness could not be measured.
    pub(super) unmeasured: HashSet<Id>,
    /// A blind test under way.
    pub running: Option<RunningTest>,
}

impl Default for ListenView {
    fn default() -> Self {
        Self {
            heard: None,
            a: None,
            b: None,
            ticked: HashSet::new(),
            sort: (Column::Number, false),
            matched: true,
            trials: 16,
            rounds: 2,
            loudness: HashMap::new(),
            measuring: HashMap::new(),
            unmeasured: HashSet::new(),
            running: None,
        }
    }
}

impl ListenView {
    /// Keeps loudnesses that were measured.
    pub(in crate::gui) fn measured(&mut self, job: JobId, measured: Vec<(Id, Option<Loudness>)>) {
        self.measuring.remove(&job);
        for (clip, loudness) in measured {
            match loudness {
                Some(loudness) => {
                    self.loudness.insert(clip, loudness);
                }
                None => {
                    self.unmeasured.insert(clip);
                }
            }
        }
    }

    /// A job failed or was cancelled: what it was to measure is asked for again when the workspace
    /// is entered.
    pub(in crate::gui) fn failed(&mut self, job: JobId) {
        self.unmeasured
            .extend(self.measuring.remove(&job).into_iter().flatten());
    }

    /// Another try at what could not be measured.
    pub(in crate::gui) fn forget_failures(&mut self) {
        self.unmeasured.clear();
    }

    /// The test under way.
    pub(super) fn test(&self) -> Option<&Test> {
        self.running.as_ref().map(|running| &running.test)
    }

    /// The test under way, to go on with.
    pub(super) fn test_mut(&mut self) -> Option<&mut Test> {
        self.running.as_mut().map(|running| &mut running.test)
    }

    /// The lane that is heard. During a test that is for the player alone.
    pub(in crate::gui) fn heard_lane(&self, song: &Song) -> Option<Id> {
        let there = |id: &Id| song.lane(*id).is_some();
        let first = || song.arrangement.lanes.first().map(|lane| lane.id);
        match &self.running {
            Some(running) => Some(running.heard()).filter(there),
            None => self.heard.filter(there).or_else(first),
        }
    }

    /// Whether a test has lost its song or one of its lanes, and cannot go on.
    pub(in crate::gui) fn is_test_broken(&self, song: Option<&Song>) -> bool {
        self.running.as_ref().is_some_and(|running| {
            let song = song.filter(|song| song.id == running.song);
            let there = |id: &Id| song.is_some_and(|song| song.lane(*id).is_some());
            !running.gains.keys().all(there)
        })
    }

    /// Lanes A and B, as far as they are chosen and still there.
    pub(super) fn pair(&self, song: &Song) -> (Option<Id>, Option<Id>) {
        let there = |id: Option<Id>| id.filter(|id| song.lane(*id).is_some());
        (there(self.a), there(self.b))
    }

    /// The gains that make the song's lanes as loud as its first one; none while that is not
    /// measured. A lane far below the song (a difference, a faint stem) keeps its level: raising it
    /// would lower all others for its peaks.
    pub(super) fn matching(&self, song: &Song) -> Option<Matching> {
        let lanes = &song.arrangement.lanes;
        let known: Vec<Option<Loudness>> = lanes
            .iter()
            .map(|lane| self.loudness.get(&lane.clip).copied())
            .collect();
        let target = known.first().copied().flatten()?;
        let fits = |loudness: &Loudness| {
            let quieter = target.integrated_lufs.zip(loudness.integrated_lufs);
            quieter.is_some_and(|(song, lane)| song - lane <= MOST_RAISED_DB)
        };
        let chosen: Vec<usize> = (0..known.len())
            .filter(|i| known[*i].as_ref().is_some_and(fits))
            .collect();
        let measured: Vec<Loudness> = chosen.iter().filter_map(|i| known[*i]).collect();
        let matched = match_gains(&measured, MatchTarget::Reference(0)).ok()?;
        let mut gains_db = vec![None; known.len()];
        for (i, gain) in chosen.into_iter().zip(&matched.gains_db) {
            gains_db[i] = Some(*gain);
        }
        Some(Matching {
            gains_db,
            target_lufs: matched.target_lufs?,
            lowered_db: matched.lowered_db,
        })
    }

    /// The linear gain of every lane, in the lanes' order.
    pub(in crate::gui) fn gains(&self, song: &Song) -> Vec<f32> {
        let heard = self.heard_lane(song);
        let matching = self.matching(song).filter(|_| self.matched);
        let lanes = song.arrangement.lanes.iter().enumerate();
        lanes
            .map(|(i, lane)| {
                if Some(lane.id) != heard {
                    return 0.0;
                }
                if let Some(running) = &self.running {
                    return running.gains.get(&lane.id).copied().unwrap_or(0.0);
                }
                let db = matching.as_ref().and_then(|matching| matching.gains_db[i]);
                linear(db.unwrap_or(0.0))
            })
            .collect()
    }
}

/// A gain as a factor.
pub(super) fn linear(db: f64) -> f32 {
    10.0_f64.powf(db / 20.0) as f32
}
