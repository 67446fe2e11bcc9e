//! A song's true stems in memory, ready for any number of methods.

use std::collections::BTreeMap;

use super::read_tracks::{Stretch, add, is_silent, read_mixture, read_stem};
use super::scores::same_name;
use super::stem_names::{ACCOMPANIMENT, VOCALS, accompaniment_is_sum, stems_of};
use crate::apply::Region;
use crate::audio::Planar;
use crate::dataset::Song;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// A song whose stems have been read.
pub struct OpenSong<'a> {
    pub(super) song: &'a Song,
    pub(super) stretch: Stretch,
    /// Names in small letters: vocals and accompaniment last.
    pub(super) stems: Vec<String>,
    /// As many as `stems`, `[channels][frames]` each.
    pub(super) references: Vec<Planar>,
    /// Silent stems: part of the mixture, but nothing can be measured of them.
    pub(super) silent: Vec<String>,
    /// Stems that should be there and cannot be read.
    pub(super) lost: Vec<String>,
    notes: Vec<String>,
    mixture: Option<Planar>,
}

impl<'a> OpenSong<'a> {
    /// Reads the stems of a song, or of a region of it, at the song's own rate. The accompaniment
    /// is a stem of its own, or the sum of all stems but the vocals.
    ///
    /// What keeps single stems from being measured is told in the second answer: files that cannot
    /// be read, samples that are no numbers. Silence is no fault; it is told by [`Self::notes`].
    ///
    /// # Errors
    /// [`Error::Setting`] if the region starts beyond the end; [`Error::Song`] if no stem is left;
    /// [`Error::Cancelled`].
    pub fn read(
        song: &'a Song,
        region: Option<Region>,
        reporter: &Reporter,
    ) -> Result<(Self, Vec<String>)> {
        let stretch = Stretch::of(song, region)?;
        let mut problems = Vec::new();
        let mut open = Self {
            song,
            stretch,
            stems: Vec::new(),
            references: Vec::new(),
            silent: Vec::new(),
            lost: Vec::new(),
            notes: Vec::new(),
            mixture: None,
        };
        let names = stems_of(song);
        let has_own = |name: &str| {
            let mut parts = song.parts.iter();
            parts.any(|part| same_name(&part.stem, name))
        };
        let wants_sum = names.iter().any(|name| name == ACCOMPANIMENT) && !has_own(ACCOMPANIMENT);
        let mut sum: Option<Planar> = None;
        for name in &names {
            if wants_sum && name == ACCOMPANIMENT {
                continue;
            }
            match open.read_one(name, reporter) {
                Ok(planar) => {
                    if wants_sum && name != VOCALS {
                        match &mut sum {
                            Some(sum) => add(sum, &planar),
                            None => sum = Some(planar.clone()),
                        }
                    }
                    open.keep(name, planar);
                }
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => {
                    problems.push(format!("{name} is left out: {error}"));
                    open.lost.push(name.clone());
                }
            }
        }
        let is_whole = open.lost.iter().all(|name| name == VOCALS);
        if let Some(sum) = sum.filter(|_| wants_sum && is_whole) {
            open.keep(ACCOMPANIMENT, sum);
        }
        if open.stems.is_empty() {
            let reason = problems.first().or(open.notes.first());
            let reason = reason.map_or("it has none", String::as_str);
            return Err(Error::Song {
                problem: format!("no stem can be measured ({reason})"),
                path: song.name.clone().into(),
            });
        }
        Ok((open, problems))
    }

    fn read_one(&self, name: &str, reporter: &Reporter) -> Result<Planar> {
        if self
            .song
            .lost_stems
            .iter()
            .any(|lost| same_name(lost, name))
        {
            return Err(Error::Song {
                problem: "a file of it cannot be read".into(),
                path: self.song.name.clone().into(),
            });
        }
        read_stem(self.song, name, &self.stretch, reporter)
    }

    fn keep(&mut self, name: &str, planar: Planar) {
        if is_silent(&planar) {
            self.notes.push(format!(
                "{name} is left out: the true stem is silent, and nothing can be measured against silence"
            ));
            self.silent.push(name.to_owned());
        } else {
            self.stems.push(name.to_owned());
            self.references.push(planar);
        }
    }

    /// The stems that can be measured, in small letters, in the order of tables.
    pub fn stems(&self) -> &[String] {
        &self.stems
    }

    /// What a person should know of it: stems that are silent and not measured.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All stems that estimates may be of, also those of which nothing is measured.
    pub(super) fn known_stems(&self) -> Vec<String> {
        let hidden = self.silent.iter().chain(&self.lost);
        self.stems.iter().chain(hidden).cloned().collect()
    }

    /// The rate of everything in hertz.
    pub fn sample_rate_hz(&self) -> u32 {
        self.stretch.sample_rate_hz
    }

    /// Channels of everything.
    pub fn channels(&self) -> usize {
        self.stretch.channels
    }

    /// The mixture of the same stretch, `[channels][frames]`; read when it is first asked for.
    ///
    /// # Errors
    /// [`Error::Song`] if it cannot be read; [`Error::Malformed`] for samples that are no numbers;
    /// [`Error::Cancelled`].
    pub fn mixture(&mut self, reporter: &Reporter) -> Result<&Planar> {
        let mixture = match self.mixture.take() {
            Some(mixture) => mixture,
            None => read_mixture(self.song, &self.stretch, reporter)?,
        };
        Ok(&*self.mixture.insert(mixture))
    }

    /// The mixture, the true stems that it is made of, and their names: without an accompaniment
    /// that others add up to, and without silent ones, which change nothing.
    pub(super) fn mixture_and_sources(
        &mut self,
        reporter: &Reporter,
    ) -> Result<(&Planar, &[Planar], Vec<String>)> {
        let count = self.count_own();
        let mixture = match self.mixture.take() {
            Some(mixture) => mixture,
            None => read_mixture(self.song, &self.stretch, reporter)?,
        };
        let mixture = &*self.mixture.insert(mixture);
        let names = self.stems[..count].to_vec();
        Ok((mixture, &self.references[..count], names))
    }

    /// How many of the stems the mixture is made of. A sum stands last.
    fn count_own(&self) -> usize {
        let is_sum = self.sum_is_last();
        self.stems.len() - usize::from(is_sum)
    }

    /// Whether the last stem is what all others but the vocals add up to.
    pub(super) fn sum_is_last(&self) -> bool {
        self.stems.last().is_some_and(|name| name == ACCOMPANIMENT)
            && accompaniment_is_sum(self.song)
    }

    /// The first stem of the mixture that cannot be read.
    pub(super) fn lost_part(&self) -> Option<&str> {
        let is_sum = accompaniment_is_sum(self.song);
        let mut lost = self.lost.iter();
        let found = lost.find(|name| !(is_sum && *name == ACCOMPANIMENT));
        found.map(String::as_str)
    }

    /// Adds the accompaniment to estimates of all that it is made of. Where a true stem is silent,
    /// what the method took for it is part of the accompaniment.
    pub(super) fn complete(&self, estimates: &mut BTreeMap<String, Planar>) {
        if !self.sum_is_last() || estimates.contains_key(ACCOMPANIMENT) {
            return;
        }
        let names = self.stems[..self.count_own()].iter();
        let names = names.chain(&self.lost).chain(&self.silent);
        let mut sum: Option<Planar> = None;
        for name in names.filter(|name| *name != VOCALS) {
            let planar = match estimates.get(name) {
                Some(planar) => planar,
                None if self.silent.contains(name) => continue,
                None => return,
            };
            match &mut sum {
                Some(sum) => add(sum, planar),
                None => sum = Some(planar.clone()),
            }
        }
        estimates.extend(sum.map(|sum| (ACCOMPANIMENT.to_owned(), sum)));
    }
}
