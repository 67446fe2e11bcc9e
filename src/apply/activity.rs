//! When something is to be heard in a song, by a network that tells it of a picture.
//!
//! ```text
//! columns  |-------------------------------|
//! windows  |=====|                             each answers one number, which stands for the time
//!             |=====|                          around its middle
//!                |=====| …
//! ```

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::Separator as _;
use super::card_picture::{CardPicture, Planes};
use super::finite::finite;
use super::network::Network;
use super::network_use::NetworkUse;
use super::reconstruct::mixed_to_mono;
use super::separate::{Region, cut_region};
use crate::audio::{Clip, resample, write_whole};
use crate::error::{Error, Result};
use crate::model::CardChannels;
use crate::progress::Reporter;

/// How to look.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectOptions {
    /// The stretch; `None` is the whole song.
    pub region: Option<Region>,
    /// Probability from which something counts as heard, 0–1. Default 0.5.
    pub threshold: f32,
}

impl Default for DetectOptions {
    fn default() -> Self {
        Self {
            region: None,
            threshold: 0.5,
        }
    }
}

/// What one window tells.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Activity {
    /// The window's middle, in seconds from the song's start.
    pub secs: f64,
    /// The network's answer, 0–1; of several channels the largest.
    pub probability: f32,
}

/// A stretch in which something is heard.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ActiveRegion {
    /// Seconds from the song's start.
    pub start_secs: f64,
    /// Likewise.
    pub end_secs: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Every window, in order.
    pub windows: Vec<Activity>,
    /// Stretches at or above the threshold, neighbours merged.
    pub regions: Vec<ActiveRegion>,
    /// Seconds that were looked through.
    pub audio_secs: f64,
    /// Seconds the work took.
    pub taken_secs: f64,
    /// The device that ran the network.
    pub device: String,
}

/// Looks through a song with a network that answers activity.
///
/// Windows of the card's `segment.length` columns follow each other by what `segment.overlap`
/// leaves, or by one column with `tensor.every_column`; beyond the song is silence.
///
/// # Errors
/// [`Error::Setting`] if the network is for another use, the threshold is out of range or the song
/// is empty; [`Error::Model`] if it answers something else than its card says; [`Error::Cancelled`].
pub fn detect(
    song: &Clip,
    network: &mut Network,
    options: &DetectOptions,
    reporter: &Reporter,
) -> Result<Detected> {
    let started = Instant::now();
    NetworkUse::Detect.check(network.card())?;
    if !(0.0..=1.0).contains(&options.threshold) {
        return Err(Error::setting(
            "threshold",
            format!("{} is not within 0 to 1", options.threshold),
        ));
    }
    if song.frames() == 0 || song.num_channels() == 0 {
        return Err(Error::setting("input", "has no audio in it"));
    }
    let card = network.card().clone();
    let mut clip = finite(cut_region(song.clone(), options.region)?, reporter)?;
    let (audio_secs, from_secs) = (
        clip.seconds(),
        options.region.map_or(0.0, |region| region.start_secs),
    );
    if card.audio.channels == CardChannels::Mono && clip.num_channels() > 1 {
        clip = mixed_to_mono(&clip)?;
    }
    let rate = card.audio.sample_rate_hz;
    let clip = resample(&clip, rate, reporter)?;
    let picture = CardPicture::new(&card, None)?;
    let spec = picture.stft.spec();
    let columns = spec.columns(clip.frames());
    let width = card.segment.length;
    let every = card.tensor.every_column;
    let step = if every {
        1
    } else {
        let step = (width as f64 * (1.0 - card.segment.overlap)).round() as usize;
        step.clamp(1, width)
    };
    // Columns that a window has before its own place; those before the song are silence.
    let before = if every { width / 2 } else { 0 };
    let count = if every {
        columns
    } else if columns == 0 {
        0
    } else {
        1 + columns.saturating_sub(width).div_ceil(step)
    };
    let middle = if every { 0.0 } else { (width - 1) as f64 / 2.0 };
    // A column is centred half a transform after its first sample.
    let offset = spec.n_fft as f64 / 2.0 - spec.pad() as f64;
    let secs = |window: usize| {
        let column = (window * step) as f64 + middle;
        from_secs + (column * spec.hop_length as f64 + offset) / f64::from(rate)
    };
    let mut windows = Vec::with_capacity(count);
    let (batch, _) = network.picture_batch();
    for first in (0..count).step_by(batch) {
        reporter.step("Detecting", first as u64, count as u64)?;
        let last = count.min(first + batch);
        let mut most = vec![0.0_f32; last - first];
        for channel in 0..clip.num_channels() {
            let x = clip.channel(channel);
            let look =
                |window: usize| looked_at(&picture, x, window * step, before, width, columns);
            let inputs: Vec<Planes> = (first..last).map(look).collect();
            let layout = network.layout();
            let put = |i: usize, data: &mut Vec<f32>| picture.put(&layout, &inputs[i], data);
            let answers = network.run_pictures(inputs.len(), put, reporter)?;
            for (most, answer) in most.iter_mut().zip(&answers) {
                let [probability] = answer[..] else {
                    return Err(network.unexpected(answer.len(), "1"));
                };
                // What is no number tells of nothing.
                *most = card.output.mask(probability).max(*most);
            }
        }
        let told = most.iter().enumerate().map(|(i, probability)| Activity {
            secs: secs(first + i),
            probability: *probability,
        });
        windows.extend(told);
    }
    reporter.step("Detecting", count as u64, count as u64)?;
    let stretch = (from_secs, from_secs + audio_secs);
    Ok(Detected {
        regions: active_regions(&windows, options.threshold, stretch),
        windows,
        audio_secs,
        taken_secs: started.elapsed().as_secs_f64(),
        device: network.device(),
    })
}

/// The window of `width` columns that begins `before` columns ahead of `place`.
fn looked_at(
    picture: &CardPicture,
    x: &[f32],
    place: usize,
    before: usize,
    width: usize,
    columns: usize,
) -> Planes {
    let missing = before.saturating_sub(place);
    let first = place.saturating_sub(before);
    let mut planes = picture.window(x, first, width.saturating_sub(missing), columns);
    for (plane, values) in planes.iter_mut().enumerate() {
        let silence = vec![picture.silence(plane); missing * picture.bands()];
        values.splice(0..0, silence);
    }
    planes
}

/// Stretches of windows at or above `threshold`. A window stands for the time up to half-way to its
/// neighbours; the first from the start of the stretch looked through, the last to its end. A stretch
/// without length has none.
pub fn active_regions(
    windows: &[Activity],
    threshold: f32,
    (start_secs, end_secs): (f64, f64),
) -> Vec<ActiveRegion> {
    if start_secs.partial_cmp(&end_secs) != Some(std::cmp::Ordering::Less) {
        return Vec::new();
    }
    let mut regions: Vec<ActiveRegion> = Vec::new();
    let mut open = false;
    for (i, window) in windows.iter().enumerate() {
        let active = window.probability >= threshold;
        let until = match windows.get(i + 1) {
            Some(next) => (0.5 * (window.secs + next.secs)).clamp(start_secs, end_secs),
            None => end_secs,
        };
        let from = match i.checked_sub(1) {
            Some(before) => {
                (0.5 * (windows[before].secs + window.secs)).clamp(start_secs, end_secs)
            }
            None => start_secs,
        };
        match regions.last_mut().filter(|_| active && open) {
            Some(region) => region.end_secs = until,
            None if active => regions.push(ActiveRegion {
                start_secs: from,
                end_secs: until,
            }),
            None => {}
        }
        open = active;
    }
    // What lies beyond the end, a window filled up with silence, has no length.
    regions.retain(|region| region.end_secs > region.start_secs);
    regions
}

/// Writes windows as a table, "secs,probability", whole or not at all.
///
/// # Errors
/// [`Error::Exists`] unless `overwrite`; [`Error::Io`].
pub fn write_activity(path: &Path, windows: &[Activity], overwrite: bool) -> Result<()> {
    write_whole(path, overwrite, |file| {
        let mut out = std::io::BufWriter::new(file);
        writeln!(out, "secs,probability")?;
        for window in windows {
            writeln!(out, "{:.6},{:.6}", window.secs, window.probability)?;
        }
        out.flush()
    })
}
