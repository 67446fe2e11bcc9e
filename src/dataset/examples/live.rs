//! Examples made on the fly: cut out of the recordings, changed alike on both sides, and turned into
//! pictures.

use super::Example;
use super::cache::Cache;
use super::front::Front;
use super::order::{Dice, Numbering};
use super::places::Places;
use super::roles::{Roles, Signal};
use super::spec::{ExampleSpec, ExampleTarget, PictureChannels};
use crate::dataset::masks::SoftLabels;
use crate::dataset::multitrack::Split;
use crate::error::Result;

/// A set of recordings as examples.
pub(super) struct Live {
    pub(super) spec: ExampleSpec,
    pub(super) roles: Roles,
    pub(super) front: Front,
    pub(super) cache: Cache,
    /// By the numbers of the set's songs.
    pub(super) songs: Vec<LiveSong>,
    pub(super) dice: Dice,
}

/// A song's recordings and where its examples begin.
pub(super) struct LiveSong {
    /// Recordings of each voice, by their numbers in the cache.
    pub(super) voices: Vec<Vec<usize>>,
    pub(super) places: Places,
}

/// Which example is wanted.
#[derive(Clone, Copy)]
pub(super) struct Which {
    pub(super) split: Split,
    pub(super) epoch: u64,
    pub(super) index: usize,
}

/// A stretch of a song.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) song: usize,
    /// In frames at the spec's rate.
    pub(super) start: u64,
}

/// What goes in and what is to come out of one example.
pub(super) struct Pair {
    pub(super) origin: Signal,
    pub(super) targets: Vec<Signal>,
    /// What labels compare the target with.
    rest: Option<Signal>,
}

impl Pair {
    pub(super) fn uses(&self, voice: usize) -> bool {
        self.targets
            .iter()
            .chain(&self.rest)
            .chain([&self.origin])
            .any(|signal| signal.uses(voice))
    }
}

impl Live {
    /// One example. The same numbers give the same values, whatever was made before.
    pub(super) fn example(&self, numbering: &Numbering, which: Which) -> Result<Example> {
        let pair = self.pair(which);
        let place = self.place_for(numbering, which, &pair)?;
        let voices = self.voices(numbering, which, &pair, place)?;
        let origin = sound(&voices, pair.origin);
        let mut input = Vec::new();
        self.front.picture(&origin, self.spec.input, &mut input);
        if self.spec.conditioned
            && let Some(signal) = pair.targets.first()
        {
            let style = self.style(numbering, which, *signal)?;
            self.front
                .picture(&style, PictureChannels::Magnitude, &mut input);
        }
        Ok(Example {
            input,
            target: self.target(&voices, &pair)?,
            song: place.song,
            start_secs: self.secs(place),
        })
    }

    /// Where a stretch begins, in seconds.
    pub(super) fn secs(&self, place: Place) -> f64 {
        place.start as f64 / f64::from(self.spec.sample_rate_hz)
    }

    fn target(&self, voices: &[Vec<f32>], pair: &Pair) -> Result<Vec<f32>> {
        let mut out = Vec::new();
        for signal in &pair.targets {
            let target = sound(voices, *signal);
            match self.spec.target {
                ExampleTarget::Picture => {
                    self.front.picture(&target, self.spec.output, &mut out);
                }
                ExampleTarget::Labels {
                    low,
                    high,
                    columns,
                    polarity,
                } => {
                    let rest = sound(voices, pair.rest.unwrap_or(*signal));
                    let labels = SoftLabels { low, high };
                    let values = self
                        .front
                        .labels(&target, &rest, labels, columns, polarity)?;
                    out.extend(values);
                }
                ExampleTarget::Activity { threshold_db } => {
                    let is_active = self.front.level_db(&target) > threshold_db;
                    out.push(f32::from(u8::from(is_active)));
                }
            }
        }
        Ok(out)
    }

    /// What goes in and comes out, drawn where the spec leaves a choice.
    pub(super) fn pair(&self, which: Which) -> Pair {
        let Which {
            split,
            epoch,
            index,
        } = which;
        let mut draws = self.dice.draws("pair", split, epoch, index);
        let (origins, targets) = (&self.roles.origins, &self.roles.targets);
        let from = draws.below(origins.len());
        let targets = if self.spec.any_to_any {
            // Any but the origin itself.
            let to = draws.below(targets.len() - 1);
            vec![targets[to + usize::from(to >= from)]]
        } else if self.spec.conditioned {
            vec![targets[draws.below(targets.len())]]
        } else {
            targets.clone()
        };
        let is_labelled = matches!(self.spec.target, ExampleTarget::Labels { .. });
        Pair {
            origin: origins[from],
            rest: targets
                .first()
                .filter(|_| is_labelled)
                .map(|target| self.roles.rest_of(*target)),
            targets,
        }
    }
}

fn sound(voices: &[Vec<f32>], signal: Signal) -> Vec<f32> {
    match signal {
        Signal::Voice(voice) => voices[voice].clone(),
        Signal::Less(whole, part) => less(&voices[whole], &voices[part]),
    }
}

pub(super) fn less(whole: &[f32], part: &[f32]) -> Vec<f32> {
    whole.iter().zip(part).map(|(a, b)| a - b).collect()
}
