//! Samples by pitch and velocity, read when they are first needed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::repitch::Kernel;
use super::voice::Sample;
use super::{Instrument, Tone};
use crate::audio::{Clip, Planar, decode, resample};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Samples kept in memory; beyond it all are let go, and read again when they are needed.
const MOST_CACHED_BYTES: usize = 512_000_000;
/// Longest re-pitched sample in seconds.
const LONGEST_SECS: usize = 120;
/// Fade at the end of a sample and where a loop closes, in seconds.
const FADE_SECS: f64 = 0.005;
/// Velocity of a sample that does not tell its own.
const FULL_VELOCITY: u8 = 127;

/// What is done about pitches that there is no sample of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// The sample of the nearest pitch, the lower of two, is played faster or slower.
    #[default]
    Nearest,
    /// The note stays silent and is counted.
    Count,
}

impl std::str::FromStr for Missing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "nearest" => Ok(Self::Nearest),
            "count" => Ok(Self::Count),
            _ => {
                let problem = format!("{name:?} is neither nearest nor count");
                Err(Error::setting("missing", problem))
            }
        }
    }
}

/// One sample of a bank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// MIDI pitch, 0–127.
    pub(super) pitch: u8,
    /// How hard it was struck, 1–127; 127 unless known.
    pub(super) velocity: Option<u8>,
    /// The file.
    pub(super) path: PathBuf,
    /// Its loop in frames of the file: the first, and the one after the last.
    pub(super) repeat: Option<(u64, u64)>,
}

impl Entry {
    fn velocity(&self) -> u8 {
        self.velocity.unwrap_or(FULL_VELOCITY).max(1)
    }
}

/// Which sample, and by how many semitones it is moved.
type Key = (usize, i32);

/// An instrument of samples.
pub struct SampleBank {
    name: String,
    sample_rate_hz: u32,
    channels: usize,
    missing: Missing,
    entries: Vec<Entry>,
    kernel: Kernel,
    cache: Mutex<BTreeMap<Key, Arc<Sample>>>,
}

impl SampleBank {
    /// A bank of `entries`, at least one. It has as many channels as its first file, at most 2.
    ///
    /// # Errors
    /// As [`crate::audio::probe`] of the first file; [`Error::Setting`] if the rate is 0.
    pub(super) fn new(
        name: String,
        mut entries: Vec<Entry>,
        sample_rate_hz: u32,
        missing: Missing,
    ) -> Result<Self> {
        if sample_rate_hz == 0 {
            return Err(Error::setting("sample rate", "must be above 0 Hz"));
        }
        entries.sort();
        let Some(first) = entries.first() else {
            return Err(Error::setting("instrument", "has no samples"));
        };
        let channels = crate::audio::probe(&first.path, None)?.channels.clamp(1, 2);
        Ok(Self {
            name,
            sample_rate_hz,
            channels,
            missing,
            entries,
            kernel: Kernel::new(),
            cache: Mutex::default(),
        })
    }

    /// The sample for a note: nearest pitch, then nearest velocity, the lower of two.
    fn choose(&self, pitch: u8, velocity: u8) -> Option<Key> {
        let distance = |entry: &Entry| {
            (
                entry.pitch.abs_diff(pitch),
                entry.pitch,
                entry.velocity().abs_diff(velocity),
                entry.velocity(),
            )
        };
        let (index, entry) = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| self.missing == Missing::Nearest || entry.pitch == pitch)
            .min_by_key(|(_, entry)| distance(entry))?;
        Some((index, i32::from(pitch) - i32::from(entry.pitch)))
    }

    fn sample(&self, key: Key, reporter: &Reporter) -> Result<Arc<Sample>> {
        let lock = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sample) = lock().get(&key) {
            return Ok(Arc::clone(sample));
        }
        // Made without the lock: others go on meanwhile, and whoever makes it gets the same.
        let sample = match key {
            (index, 0) => self.read(&self.entries[index], reporter)?,
            (index, semitones) => {
                let base = self.sample((index, 0), reporter)?;
                self.move_pitch(&base, semitones)
            }
        };
        let sample = Arc::new(sample);
        let mut cache = lock();
        let bytes: usize = cache.values().map(|sample| sample.bytes()).sum();
        if bytes > MOST_CACHED_BYTES {
            cache.clear();
        }
        cache.insert(key, Arc::clone(&sample));
        Ok(sample)
    }

    fn read(&self, entry: &Entry, reporter: &Reporter) -> Result<Sample> {
        let (clip, info) = decode(&entry.path, None, reporter)?;
        for warning in &info.warnings {
            reporter.warn(format!("{warning}: {}", entry.path.display()));
        }
        if let Some((from, to)) = entry.repeat.filter(|(_, to)| *to > clip.frames() as u64) {
            let problem = format!(
                "the loop {from} to {to} ends after the sample's {} frames: {}",
                clip.frames(),
                entry.path.display()
            );
            return Err(Error::setting("loop_end", problem));
        }
        let ratio = f64::from(self.sample_rate_hz) / f64::from(clip.sample_rate_hz().max(1));
        let resampled = resample(&clip, self.sample_rate_hz, reporter)?;
        let channels = self.adapt(&resampled);
        let repeat = entry
            .repeat
            .map(|(from, to)| (from as f64 * ratio, to as f64 * ratio));
        Ok(sample(channels, repeat))
    }

    /// Mono to both channels, several channels to their mean, for a mono bank.
    fn adapt(&self, clip: &Clip) -> Planar {
        let channels = clip.channels();
        match (self.channels, channels.as_slice()) {
            (1, [first]) => vec![first.to_vec()],
            (1, several) => {
                let mean = |n: usize| {
                    several.iter().map(|c| c[n]).sum::<f32>() / several.len().max(1) as f32
                };
                vec![(0..clip.frames()).map(mean).collect()]
            }
            (_, [first]) => vec![first.to_vec(), first.to_vec()],
            (_, several) => several.iter().take(2).map(|c| c.to_vec()).collect(),
        }
    }

    fn move_pitch(&self, base: &Sample, semitones: i32) -> Sample {
        let ratio = (f64::from(semitones) / 12.0).exp2();
        let most = self.sample_rate_hz as usize * LONGEST_SECS;
        let channels = base
            .channels
            .iter()
            .map(|samples| self.kernel.play(samples, ratio, most))
            .collect();
        let repeat = base
            .repeat
            .map(|(from, to)| (from as f64 / ratio, to as f64 / ratio));
        sample(channels, repeat)
    }
}

/// A sample with its loop, where one is left after rounding.
fn sample(channels: Planar, repeat: Option<(f64, f64)>) -> Sample {
    let frames = channels.first().map_or(0, Vec::len);
    let repeat = repeat
        .map(|(from, to)| (from.round() as usize, to.round() as usize))
        .map(|(from, to)| {
            // A loop up to the end may round to one frame more than there is.
            (from, if to == frames + 1 { frames } else { to })
        })
        .filter(|(from, to)| from < to && *to <= frames);
    Sample { channels, repeat }
}

impl Instrument for SampleBank {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn play(&self, tone: &Tone, reporter: &Reporter) -> Result<Option<Planar>> {
        let Some(key) = self.choose(tone.pitch, tone.velocity) else {
            return Ok(None);
        };
        let sample = self.sample(key, reporter)?;
        let own = f32::from(self.entries[key.0].velocity());
        let gain = if tone.velocity_gain {
            (f32::from(tone.velocity) / own).powi(2)
        } else {
            1.0
        };
        let fade = (FADE_SECS * f64::from(self.sample_rate_hz)).round() as usize;
        Ok(Some(sample.sound(tone.frames, gain, fade)))
    }
}
