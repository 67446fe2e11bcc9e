//! One recording of speech with music under it.

use std::path::{Path, PathBuf};

use super::super::draws::Draws;
use super::SpeechMixSpec;
use super::levels::{active_frames, music_gain};
use crate::apply::mixed_to_mono;
use crate::audio::{Clip, Planar, decode, resample};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// How often another stretch of music is drawn where the first is silent.
const MOST_DRAWS: usize = 8;

/// Speech and the same with music; nothing lowered yet.
pub(super) struct Mixed {
    pub clean: Planar,
    pub mixture: Planar,
    pub sample_rate_hz: u32,
    pub music: PathBuf,
    pub offset_secs: f64,
    pub snr_db: f64,
    pub music_gain: f64,
}

/// Reads and mixes. Which music, where and how loud is drawn by the seed and `name` alone.
pub(super) fn mix(
    name: &str,
    path: &Path,
    music: &[PathBuf],
    spec: &SpeechMixSpec,
    reporter: &Reporter,
) -> Result<Mixed> {
    let speech = read(path, reporter)?;
    let rate = spec.sample_rate_hz.unwrap_or(speech.sample_rate_hz());
    let speech = resample(&speech, rate, reporter)?;
    let channels = if spec.mono { 1 } else { speech.num_channels() };
    let clean = with_channels(&speech, channels)?;
    spec.format.validate(rate, channels)?;
    if clean.iter().flatten().any(|x| !x.is_finite()) {
        return Err(Error::Malformed {
            problem: "the speech holds samples that are no numbers".to_owned(),
            path: path.into(),
        });
    }
    let active = active_frames(&clean, rate);
    if active.is_empty() {
        return Err(Error::Song {
            problem: "the speech is silent; leave it out".to_owned(),
            path: path.into(),
        });
    }
    let frames = clean.first().map_or(0, Vec::len);
    let mut draws = Draws::of_name(spec.seed, name);
    let snr_db = draws.within(spec.snr_db);
    let mut last = PathBuf::new();
    for _ in 0..MOST_DRAWS {
        let (choice, place) = (draws.below(music.len()), draws.unit());
        let Some(song) = music.get(choice) else {
            break;
        };
        last.clone_from(song);
        let (under, offset_secs) = stretch(song, place, (frames, rate, channels), reporter)?;
        let Some(gain) = music_gain(&clean, &under, &active, snr_db) else {
            continue;
        };
        let mut mixture = clean.clone();
        for (sum, under) in mixture.iter_mut().zip(&under) {
            let samples = sum.iter_mut().zip(under);
            samples.for_each(|(sum, x)| *sum += (gain * f64::from(*x)) as f32);
        }
        return Ok(Mixed {
            clean,
            mixture,
            sample_rate_hz: rate,
            music: last,
            offset_secs,
            snr_db,
            music_gain: gain,
        });
    }
    let problem = format!(
        "the music drawn for {} was silent {MOST_DRAWS} times; leave silent music out",
        path.display()
    );
    Err(Error::Song {
        problem,
        path: last,
    })
}

fn read(path: &Path, reporter: &Reporter) -> Result<Clip> {
    let (clip, info) = decode(path, None, reporter)?;
    for warning in info.warnings {
        reporter.warn(format!("{warning}: {}", path.display()));
    }
    Ok(clip)
}

/// `frames` frames of a song from a place, 0–1, on, and where that is in seconds. A song that is
/// shorter is played again and again.
fn stretch(
    song: &Path,
    place: f64,
    (frames, rate, channels): (usize, u32, usize),
    reporter: &Reporter,
) -> Result<(Planar, f64)> {
    let clip = read(song, reporter)?;
    let (have, own) = (clip.frames(), clip.sample_rate_hz());
    let needed = (frames as u128 * u128::from(own)).div_ceil(u128::from(rate.max(1))) as usize;
    let at = |places: usize| ((place * places as f64) as usize).min(places.saturating_sub(1));
    if have >= needed {
        let start = at(have - needed + 1);
        let part = resample(&clip.cut(start..start + needed)?, rate, reporter)?;
        let mut part = with_channels(&part, channels)?;
        part.iter_mut().for_each(|c| c.resize(frames, 0.0));
        return Ok((part, start as f64 / f64::from(own)));
    }
    let whole = with_channels(&resample(&clip, rate, reporter)?, channels)?;
    let length = whole.first().map_or(0, Vec::len);
    let start = at(length);
    let looped = |c: &Vec<f32>| match length {
        0 => vec![0.0; frames],
        _ => (0..frames).map(|i| c[(start + i) % length]).collect(),
    };
    let part = whole.iter().map(looped).collect();
    Ok((part, start as f64 / f64::from(rate)))
}

/// A clip's own channels if they are as many, else their mean in each.
fn with_channels(clip: &Clip, channels: usize) -> Result<Planar> {
    if clip.num_channels() == channels {
        return Ok(clip.channels().into_iter().map(<[f32]>::to_vec).collect());
    }
    let mono = mixed_to_mono(clip)?;
    Ok(vec![mono.channel(0).to_vec(); channels])
}
