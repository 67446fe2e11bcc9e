//! Recordings as samples that can be compared: one rate, one number of channels, one length.
//!
//! Everything that had to be changed for that is told. Samples that are no numbers are refused by
//! name and place: a score must not depend on what stands for them.

use std::path::Path;

use super::scores::same_name;
use super::stem_names::{ACCOMPANIMENT, accompaniment_is_sum};
use crate::apply::Region;
use crate::audio::{Decoder, Planar, Resampler, Source};
use crate::dataset::{Mixture, Part, Song};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The stretch of a song that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) sample_rate_hz: u32,
    pub(super) channels: usize,
    /// Its first frame in the song.
    pub(super) start: u64,
    pub(super) frames: usize,
    /// Whether it ends where the song ends: then other lengths show.
    pub(super) to_the_end: bool,
}

impl Stretch {
    /// A region of a song, cut to the song; `None` is all of it.
    pub(super) fn of(song: &Song, region: Option<Region>) -> Result<Self> {
        let rate = song.sample_rate_hz;
        let total = song.frames_at(rate.max(1));
        let mut stretch = Self {
            sample_rate_hz: rate,
            channels: song.channels,
            start: 0,
            frames: total as usize,
            to_the_end: true,
        };
        if let Some(region) = region {
            region.validate()?;
            stretch.start = frame_at(region.start_secs, rate);
            if stretch.start >= total {
                let problem = format!("lies beyond the end of the song ({:.2} s)", song.seconds);
                return Err(Error::setting("start", problem));
            }
            let left = total - stretch.start;
            let wanted = region
                .duration_secs
                .map_or(left, |secs| frame_at(secs, rate));
            stretch.frames = wanted.min(left) as usize;
            stretch.to_the_end = wanted >= left;
        }
        if stretch.frames == 0 || rate == 0 {
            let path = song.name.clone().into();
            let problem = "holds no sound to compare".into();
            return Err(Error::Song { problem, path });
        }
        Ok(stretch)
    }

    fn end(&self) -> u64 {
        self.start + self.frames as u64
    }
}

/// What was read, and what had to be changed.
pub(super) struct Read {
    /// `[channels][frames]` of the stretch.
    pub(super) planar: Planar,
    /// For a person; each without the file's name.
    pub(super) notes: Vec<String>,
}

/// The stretch of a file.
pub(super) fn read_file(
    path: &Path,
    track: Option<usize>,
    stretch: &Stretch,
    reporter: &Reporter,
) -> Result<Read> {
    let mut decoder = Decoder::open(path, track)?;
    let mut read = read_source(&mut decoder, 0, path, stretch, reporter)?;
    read.notes.extend(decoder.take_warnings());
    Ok(read)
}

/// The stretch of a sound that begins at frame `at` of the song; `path` is its name in errors.
pub(super) fn read_source(
    source: &mut dyn Source,
    mut at: u64,
    path: &Path,
    stretch: &Stretch,
    reporter: &Reporter,
) -> Result<Read> {
    let (in_hz, channels) = (source.sample_rate_hz(), source.channels());
    let mut notes = Vec::new();
    if in_hz != stretch.sample_rate_hz {
        notes.push(format!(
            "resampled from {in_hz} to {} Hz",
            stretch.sample_rate_hz
        ));
    }
    match (channels, stretch.channels) {
        (a, b) if a == b => {}
        (1, b) => notes.push(format!("its one channel stands for all {b}")),
        (a, 1) => notes.push(format!("its {a} channels were averaged to one")),
        (a, b) => {
            return Err(Error::Song {
                problem: format!("has {a} channels where the reference has {b}"),
                path: path.into(),
            });
        }
    }
    let mut resampler = Resampler::new(in_hz, stretch.sample_rate_hz, channels)?;
    let mut planar = vec![vec![0.0; stretch.frames]; stretch.channels];
    let mut seen = 0_u64;
    loop {
        let mut ready: Planar = vec![Vec::new(); channels];
        let block = source.next_block()?;
        let is_over = block.is_none();
        if let Some(block) = block {
            check_numbers(&block, seen, in_hz, path)?;
            seen += block.first().map_or(0, Vec::len) as u64;
            resampler.push(&block, &mut ready)?;
        } else {
            resampler.finish(&mut ready)?;
        }
        place(&ready, at, stretch, &mut planar);
        at += ready.first().map_or(0, Vec::len) as u64;
        reporter.step("Reading", at.min(stretch.end()), stretch.end())?;
        if is_over || (!stretch.to_the_end && at >= stretch.end()) {
            break;
        }
    }
    notes.extend(length_note(at, stretch));
    Ok(Read { planar, notes })
}

fn length_note(frames: u64, stretch: &Stretch) -> Option<String> {
    let secs = |frames: u64| frames as f64 / f64::from(stretch.sample_rate_hz);
    let end = stretch.end();
    if frames < end {
        let missing = secs(end - frames);
        Some(format!("{missing:.3} s too short; silence stands for that"))
    } else if frames > end && stretch.to_the_end {
        Some(format!("{:.3} s too long; cut", secs(frames - end)))
    } else {
        None
    }
}

/// Refuses samples that are no numbers; `seen` frames came before this block.
fn check_numbers(block: &Planar, seen: u64, rate_hz: u32, path: &Path) -> Result<()> {
    let first = block
        .iter()
        .enumerate()
        .filter_map(|(channel, samples)| {
            let place = samples.iter().position(|x| !x.is_finite())?;
            Some((seen + place as u64, channel))
        })
        .min();
    let Some((frame, channel)) = first else {
        return Ok(());
    };
    let secs = frame as f64 / f64::from(rate_hz.max(1));
    Err(Error::Malformed {
        problem: format!(
            "sample {frame} of channel {} ({secs:.4} s) is no number",
            channel + 1
        ),
        path: path.into(),
    })
}

/// Puts a block that begins at frame `at` where it belongs.
fn place(block: &Planar, at: u64, stretch: &Stretch, out: &mut Planar) {
    let frames = block.first().map_or(0, Vec::len) as u64;
    let (from, to) = (at.max(stretch.start), (at + frames).min(stretch.end()));
    if from >= to {
        return;
    }
    let taken = (from - at) as usize..(to - at) as usize;
    let first = (from - stretch.start) as usize;
    let into = first..first + taken.len();
    if stretch.channels == 1 {
        let gain = 1.0 / block.len().max(1) as f32;
        for channel in block {
            for (out, x) in out[0][into.clone()].iter_mut().zip(&channel[taken.clone()]) {
                *out += x * gain;
            }
        }
        return;
    }
    for (channel, out) in out.iter_mut().enumerate() {
        let source = if block.len() == 1 { 0 } else { channel };
        out[into.clone()].copy_from_slice(&block[source][taken.clone()]);
    }
}

/// A true stem: the sum of its parts.
pub(super) fn read_stem(
    song: &Song,
    stem: &str,
    stretch: &Stretch,
    reporter: &Reporter,
) -> Result<Planar> {
    let parts: Vec<&Part> = song
        .parts
        .iter()
        .filter(|part| same_name(&part.stem, stem))
        .collect();
    read_sum(&parts, stretch, reporter)
}

/// The mixture: a recording of its own, or the sum of all parts. An accompaniment beside the parts
/// that it is made of does not count twice.
pub(super) fn read_mixture(song: &Song, stretch: &Stretch, reporter: &Reporter) -> Result<Planar> {
    match &song.mixture {
        Some(Mixture::File(part)) => read_sum(&[part], stretch, reporter),
        Some(Mixture::Sum) => {
            let is_sum = accompaniment_is_sum(song);
            let is_part = |part: &&Part| !(is_sum && same_name(&part.stem, ACCOMPANIMENT));
            let parts: Vec<&Part> = song.parts.iter().filter(is_part).collect();
            read_sum(&parts, stretch, reporter)
        }
        None => Err(Error::Song {
            problem: "its mixture cannot be read".into(),
            path: song.name.clone().into(),
        }),
    }
}

fn read_sum(parts: &[&Part], stretch: &Stretch, reporter: &Reporter) -> Result<Planar> {
    let mut sum = vec![vec![0.0; stretch.frames]; stretch.channels];
    for part in parts {
        let read = read_file(&part.path, part.track, stretch, reporter)?;
        add(&mut sum, &read.planar);
    }
    Ok(sum)
}

/// Adds one signal to another of the same shape.
pub(super) fn add(sum: &mut Planar, other: &Planar) {
    for (sum, other) in sum.iter_mut().zip(other) {
        for (sum, x) in sum.iter_mut().zip(other) {
            *sum += x;
        }
    }
}

/// Whether nothing is there to be measured: the channels' sum is 0 at every sample. So a stereo
/// signal in opposite phase counts as silent, as it does in museval.
pub(super) fn is_silent(planar: &Planar) -> bool {
    let frames = planar.first().map_or(0, Vec::len);
    (0..frames).all(|i| {
        let sum: f64 = planar.iter().map(|channel| f64::from(channel[i])).sum();
        sum == 0.0
    })
}

fn frame_at(secs: f64, sample_rate_hz: u32) -> u64 {
    (secs * f64::from(sample_rate_hz)).round() as u64
}
