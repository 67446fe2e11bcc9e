//! The stretches of sound that an example is made of: where they lie, and what chance does to them.

use super::live::{Live, Pair, Place, Which, less};
use super::order::Numbering;
use super::roles::Signal;
use crate::audio::Planar;
use crate::dataset::augment::{Drawn, remix};
use crate::dataset::draws::{Between, Draws};
use crate::dataset::multitrack::Split;
use crate::error::Result;

/// How often another stretch is drawn for one that is too quiet.
const MOST_REDRAWS: usize = 16;
/// What a remix's stems may be raised and lowered by.
const REMIX_GAIN_DB: Between = Between {
    low: -6.0,
    high: 6.0,
};
/// Speed in thousandths that changes nothing.
const USUAL_SPEED: u32 = 1000;
/// Samples on each side that a change of speed may spoil, after it. As many as there are speed units:
/// then they are a whole number of samples before it too.
const SPEED_MARGIN: usize = USUAL_SPEED as usize;

impl Live {
    /// Where an example lies. Only this must be known of one that was stored before.
    pub(super) fn place(&self, numbering: &Numbering, which: Which) -> Result<Place> {
        self.place_for(numbering, which, &self.pair(which))
    }

    pub(super) fn place_for(
        &self,
        numbering: &Numbering,
        which: Which,
        pair: &Pair,
    ) -> Result<Place> {
        let Which {
            split,
            epoch,
            index,
        } = which;
        let mut place = self.place_of(numbering, which)?;
        let mut draws = self.dice.draws("again", split, epoch, index);
        for _ in 0..MOST_REDRAWS {
            if split != Split::Train || !self.is_quiet(place, pair)? {
                break;
            }
            let index = draws.below(numbering.len(split));
            place = self.place_of(numbering, Which { index, ..which })?;
        }
        Ok(place)
    }

    fn place_of(&self, numbering: &Numbering, which: Which) -> Result<Place> {
        let Which {
            split,
            epoch,
            index,
        } = which;
        let (song, number) = numbering.locate(split, index)?;
        let places = self.songs[song].places;
        let start = if split == Split::Train {
            let of_song = self.dice.draws("offset", split, epoch, song).unit();
            let own = self.dice.draws("place", split, epoch, index).unit();
            places.drawn(number, of_song, own)
        } else {
            places.fixed(number)
        };
        Ok(Place { song, start })
    }

    /// Whether everything in a stretch is below the level that is wanted.
    fn is_quiet(&self, place: Place, pair: &Pair) -> Result<bool> {
        let Some(least_db) = self.spec.least_level_db else {
            return Ok(false);
        };
        let start = place.start as i64 - self.front.lead() as i64;
        for signal in pair.targets.iter().chain([&pair.origin]) {
            let stretch = self.read_signal(place.song, *signal, start)?;
            if self.front.level_db(&stretch) >= least_db {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The stretches of all voices that a pair needs (others are empty), with what the columns at
    /// their ends look at; to learn from, remixed and changed as the spec says, all alike.
    pub(super) fn voices(
        &self,
        numbering: &Numbering,
        which: Which,
        pair: &Pair,
        place: Place,
    ) -> Result<Vec<Vec<f32>>> {
        let is_training = which.split == Split::Train;
        let drawn = if is_training {
            let seed = self.dice.seed("augment", which.split, which.epoch);
            self.spec.augment.draw(seed, which.index as u64)
        } else {
            Drawn::default()
        };
        let speed = drawn.speed_thousandths as usize;
        let needed = self.front.samples();
        let (before, frames) = if drawn.speed_thousandths == USUAL_SPEED {
            (0, needed)
        } else {
            (speed, (needed * speed).div_ceil(SPEED_MARGIN) + 2 * speed)
        };
        let lead = self.front.lead() + before;
        let start = place.start as i64 - lead as i64;
        let is_remixed = is_training
            && self.spec.remix > 0.0
            && self.draws("remix", which).unit() < self.spec.remix;
        let mut voices = if is_remixed {
            self.remixed(numbering, which, place.song, lead, frames)?
        } else {
            (0..self.roles.voices.len())
                .map(|voice| {
                    if pair.uses(voice) {
                        self.read(place.song, voice, start, frames)
                    } else {
                        Ok(Vec::new())
                    }
                })
                .collect::<Result<_>>()?
        };
        if drawn == Drawn::default() {
            return Ok(voices);
        }
        let skip = if before > 0 { SPEED_MARGIN } else { 0 };
        for (voice, samples) in voices.iter_mut().enumerate() {
            if !pair.uses(voice) {
                continue;
            }
            let whole = [std::mem::take(samples)];
            let changed = drawn.apply(&whole, self.spec.sample_rate_hz)?;
            let mut changed: Vec<f32> = changed.concat().split_off(skip);
            changed.resize(needed, 0.0);
            *samples = changed;
        }
        Ok(voices)
    }

    /// A mixture of the same stems as a song's, each of any song to learn from and from anywhere in
    /// it.
    fn remixed(
        &self,
        numbering: &Numbering,
        which: Which,
        song: usize,
        lead: usize,
        frames: usize,
    ) -> Result<Vec<Vec<f32>>> {
        let mut draws = self.draws("remixed", which);
        let songs = numbering.songs(which.split);
        let own = &self.songs[song].voices;
        let is_stem = |voice: &usize| Some(*voice) != self.roles.mixture && !own[*voice].is_empty();
        let stems: Vec<usize> = (0..own.len()).filter(is_stem).collect();
        let mut samples: Vec<Planar> = Vec::new();
        let mut gains_db = Vec::new();
        for stem in &stems {
            let has_stem = |song: &&usize| !self.songs[**song].voices[*stem].is_empty();
            let others: Vec<&usize> = songs.iter().filter(has_stem).collect();
            // The song itself has all of its stems.
            let other = others.get(draws.below(others.len())).map_or(song, |o| **o);
            let start = self.songs[other].places.anywhere(draws.unit());
            gains_db.push(draws.within(REMIX_GAIN_DB));
            let start = start as i64 - lead as i64;
            samples.push(vec![self.read(other, *stem, start, frames)?]);
        }
        let made = remix(&samples.iter().collect::<Vec<_>>(), &gains_db)?;
        let mut voices = vec![Vec::new(); own.len()];
        for (stem, samples) in stems.into_iter().zip(made.stems) {
            voices[stem] = samples.concat();
        }
        if let Some(mixture) = self.roles.mixture {
            voices[mixture] = made.mixture.concat();
        }
        Ok(voices)
    }

    /// A stretch of what is wanted from anywhere in a song of the same split.
    pub(super) fn style(
        &self,
        numbering: &Numbering,
        which: Which,
        signal: Signal,
    ) -> Result<Vec<f32>> {
        let mut draws = self.draws("style", which);
        let songs = numbering.songs(which.split);
        let song = songs[draws.below(songs.len())];
        let start = self.songs[song].places.anywhere(draws.unit());
        self.read_signal(song, signal, start as i64 - self.front.lead() as i64)
    }

    fn draws(&self, purpose: &str, which: Which) -> Draws {
        self.dice
            .draws(purpose, which.split, which.epoch, which.index)
    }

    fn read_signal(&self, song: usize, signal: Signal, start: i64) -> Result<Vec<f32>> {
        let frames = self.front.samples();
        Ok(match signal {
            Signal::Voice(voice) => self.read(song, voice, start, frames)?,
            Signal::Less(whole, part) => less(
                &self.read(song, whole, start, frames)?,
                &self.read(song, part, start, frames)?,
            ),
        })
    }

    /// A stretch of a voice: the sum of its recordings, with silence beyond their ends.
    fn read(&self, song: usize, voice: usize, start: i64, frames: usize) -> Result<Vec<f32>> {
        let mut samples = vec![0.0; frames];
        for recording in &self.songs[song].voices[voice] {
            self.cache.add(*recording, start, &mut samples)?;
        }
        Ok(samples)
    }
}
