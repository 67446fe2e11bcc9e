//! A song's mixture or one of its stems as a clip, at any rate, always of the song's length.

use std::ops::Range;

use super::{Mixture, Part, Problem, ProblemKind, Song, same_name};
use crate::apply::Region;
use crate::audio::{Clip, Decoder, Planar, Resampler, Source as _};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Steps of progress per recording.
const STEPS: u64 = 1000;

/// What of a song is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take<'a> {
    /// All of it together.
    Mixture,
    /// A stem, by its name in any case of letters; the sum of its parts.
    Stem(&'a str),
}

impl Song {
    /// Reads the mixture or a stem at `sample_rate_hz` (the song's own rate if `None`), mixed to
    /// one channel if `mono` (the mean).
    ///
    /// Everything that is read of a song has the same length: the song's, or that of the region.
    /// A region may reach beyond the end; beyond it, and beyond the end of a shorter recording, is
    /// silence. Whatever the region, the samples are those of the whole song at that place. The
    /// clip is in memory.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such stem, the region starts beyond the end, or the rate
    /// cannot be had; [`Error::Song`] if a file that it needs could not be read when the folder
    /// was opened; otherwise as [`Decoder::open`], and [`Error::Cancelled`].
    pub fn read(
        &self,
        take: Take<'_>,
        region: Option<Region>,
        sample_rate_hz: Option<u32>,
        mono: bool,
        reporter: &Reporter,
    ) -> Result<Clip> {
        let files = self.files(take)?;
        let rate = sample_rate_hz.unwrap_or(self.sample_rate_hz);
        if rate == 0 {
            return Err(Error::setting("rate", "must be 1 Hz or more"));
        }
        let range = self.range(region, rate)?;
        let channels = if mono { 1 } else { self.channels };
        let mut sum = silence(channels, (range.end - range.start) as usize)?;
        let units = files.len() as u64;
        for (done, file) in files.into_iter().enumerate() {
            let reporter = reporter.part(done as u64 * STEPS, STEPS, units * STEPS);
            self.add(file, rate, &range, &mut sum, &reporter)?;
        }
        Ok(Clip::new(rate, sum))
    }

    fn files(&self, take: Take<'_>) -> Result<Vec<&Part>> {
        match (take, &self.mixture) {
            (Take::Mixture, Some(Mixture::File(part))) => Ok(vec![part]),
            (Take::Mixture, Some(Mixture::Sum)) => Ok(self.parts.iter().collect()),
            (Take::Mixture, None) => Err(self.lost("the mixture")),
            (Take::Stem(stem), _) if self.is_lost(stem) => Err(self.lost(stem)),
            (Take::Stem(stem), _) => {
                let files = self.parts.iter().filter(|part| same_name(&part.stem, stem));
                let files: Vec<&Part> = files.collect();
                if files.is_empty() {
                    let known = self.stems().join(", ");
                    let problem = format!("{:?} has no {stem:?}; it has {known}", self.name);
                    return Err(Error::setting("stem", problem));
                }
                Ok(files)
            }
        }
    }

    fn lost(&self, what: &str) -> Error {
        let is_unreadable = |problem: &&Problem| problem.kind == ProblemKind::Unreadable;
        let known = self.problems.iter().find(is_unreadable);
        let reason = known.map_or("a file of it", |problem| problem.text.as_str());
        Error::Song {
            problem: format!("{what} cannot be read ({reason})"),
            path: self.name.clone().into(),
        }
    }

    /// The region in frames at a rate.
    fn range(&self, region: Option<Region>, rate: u32) -> Result<Range<u64>> {
        let total = self.frames_at(rate);
        let Some(region) = region else {
            return Ok(0..total);
        };
        region.validate()?;
        let frames = |secs: f64| (secs * f64::from(rate)).round() as u64;
        let start = frames(region.start_secs);
        if start >= total {
            let problem = format!("lies beyond the end of the song ({:.2} s)", self.seconds);
            return Err(Error::setting("start", problem));
        }
        let length = region.duration_secs.map_or(total - start, frames);
        Ok(start..start.saturating_add(length))
    }

    /// Adds what a recording has in `range` (frames at `rate`) to `sum`.
    fn add(
        &self,
        file: &Part,
        rate: u32,
        range: &Range<u64>,
        sum: &mut [Vec<f32>],
        reporter: &Reporter,
    ) -> Result<()> {
        let mut decoder = Decoder::open(&file.path, file.track)?;
        let channels = decoder.channels();
        let mut resampler = Resampler::new(decoder.sample_rate_hz(), rate, channels)?;
        let end = range.end.min(self.frames_at(rate));
        let (mut at, mut ended, mut broken) = (0, false, false);
        while !ended && at < end {
            let mut ready: Planar = vec![Vec::new(); channels];
            if let Some(mut block) = decoder.next_block()? {
                for x in block.iter_mut().flatten().filter(|x| !x.is_finite()) {
                    *x = 0.0;
                    broken = true;
                }
                resampler.push(&block, &mut ready)?;
            } else {
                resampler.finish(&mut ready)?;
                ended = true;
            }
            self.mix(&ready, at, &(range.start..end), sum);
            at += ready.first().map_or(0, Vec::len) as u64;
            reporter.step("Reading", at.min(end), end)?;
        }
        let path = file.path.display();
        if broken {
            reporter.warn(format!(
                "samples that are no numbers were replaced by silence: {path}"
            ));
        }
        for warning in decoder.take_warnings() {
            reporter.warn(format!("{warning}: {path}"));
        }
        Ok(())
    }

    /// Adds a block that begins at frame `at` to `sum`, which begins at `range.start`.
    fn mix(&self, block: &[Vec<f32>], at: u64, range: &Range<u64>, sum: &mut [Vec<f32>]) {
        let frames = block.first().map_or(0, Vec::len) as u64;
        let (from, to) = (at.max(range.start), (at + frames).min(range.end));
        if from >= to {
            return;
        }
        let taken = (from - at) as usize..(to - at) as usize;
        let place = (from - range.start) as usize;
        let is_mono = sum.len() == 1;
        let gain = if is_mono {
            1.0 / self.channels.max(1) as f32
        } else {
            1.0
        };
        for channel in 0..self.channels {
            // One channel is the same in all; others keep their places.
            let source = if block.len() == 1 { 0 } else { channel };
            let into = if is_mono { 0 } else { channel };
            if let (Some(source), Some(into)) = (block.get(source), sum.get_mut(into)) {
                let into = into.iter_mut().skip(place);
                for (into, x) in into.zip(&source[taken.clone()]) {
                    *into += x * gain;
                }
            }
        }
    }
}

/// Zeros, `[channels][frames]`; a length that no memory holds is an error and no crash.
fn silence(channels: usize, frames: usize) -> Result<Planar> {
    let mut planar = Vec::new();
    for _ in 0..channels {
        let mut channel: Vec<f32> = Vec::new();
        channel
            .try_reserve_exact(frames)
            .map_err(|error| Error::setting("duration", format!("too long: {error}")))?;
        channel.resize(frames, 0.0);
        planar.push(channel);
    }
    Ok(planar)
}
