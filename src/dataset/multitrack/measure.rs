//! What a song's recordings are: lengths, rates, channels, and how they differ.

use super::find::{Found, FoundFile};
use super::group::{Group, stem_of};
use super::{Mixture, Part, Problem, ProblemKind, Song};
use crate::audio::{AudioInfo, count_frames, probe};
use crate::error::{Error, Result};

/// A header that claims more is taken for broken: nobody could hold such a song.
const LONGEST_SECS: f64 = 12.0 * 3600.0;
/// Converting a rate rounds lengths by up to half a frame; what differs by more is told.
const EQUAL_FRAMES: f64 = 0.75;

/// Looks into a song's files.
pub(super) fn measure(found: Found, groups: &[Group]) -> Song {
    let mut problems = found.problems;
    let mut lost_stems = Vec::new();
    let mut unreadable = |error: &Error| {
        let text = error.to_string();
        // One broken file with many tracks is told once.
        if !problems
            .iter()
            .any(|problem: &Problem| problem.text == text)
        {
            problems.push(Problem::new(ProblemKind::Unreadable, text));
        }
    };
    let mut parts = Vec::new();
    for file in &found.files {
        let stem = stem_of(&file.name, groups);
        match measure_file(file, &stem) {
            Ok(Some(part)) => parts.push(part),
            Ok(None) => {}
            Err(error) => {
                unreadable(&error);
                lost_stems.push(stem);
            }
        }
    }
    let mixture = match &found.mixture {
        Some(file) => match measure_file(file, "mixture") {
            Ok(part) => part.map(Mixture::File),
            Err(error) => {
                unreadable(&error);
                None
            }
        },
        None if lost_stems.is_empty() && !parts.is_empty() => Some(Mixture::Sum),
        None => None,
    };
    let mut song = Song {
        file_name: found.name.clone(),
        name: found.name,
        split: found.split,
        parts,
        mixture,
        lost_stems,
        seconds: 0.0,
        sample_rate_hz: 0,
        channels: 0,
        problems,
    };
    sum_up(&mut song);
    song
}

/// What a recording is; `None` if the file has no such track.
fn measure_file(file: &FoundFile, stem: &str) -> Result<Option<Part>> {
    let info = match file.track {
        None => probe(&file.path, None)?,
        Some(track) => {
            if track >= probe(&file.path, None)?.tracks.len() {
                return Ok(None);
            }
            probe(&file.path, Some(track))?
        }
    };
    let frames = match info.frames {
        Some(frames) => frames,
        None => count_frames(&file.path, file.track)?,
    };
    let part = Part {
        name: file.name.clone(),
        stem: stem.to_owned(),
        path: file.path.clone(),
        track: file.track,
        frames,
        sample_rate_hz: info.sample_rate,
        channels: info.channels,
    };
    check(&info, &part)?;
    Ok(Some(part))
}

fn check(info: &AudioInfo, part: &Part) -> Result<()> {
    let problem = if info.sample_rate == 0 {
        "the header gives no sample rate".to_owned()
    } else if part.seconds() > LONGEST_SECS {
        format!("the header claims {:.0} hours", part.seconds() / 3600.0)
    } else {
        return Ok(());
    };
    Err(Error::Malformed {
        problem,
        path: part.path.clone(),
    })
}

/// The song's length, rate and channels, and how its recordings differ in them.
fn sum_up(song: &mut Song) {
    let recordings: Vec<&Part> = song.recordings().collect();
    let rates = list(recordings.iter().map(|part| part.sample_rate_hz as usize));
    let channels = list(recordings.iter().map(|part| part.channels));
    let seconds = || recordings.iter().map(|part| part.seconds());
    let longest_secs = seconds().fold(0.0, f64::max);
    let shortest_secs = seconds().fold(f64::INFINITY, f64::min);
    let short: Vec<String> = recordings
        .iter()
        .filter(|part| {
            let frame_secs = 1.0 / rates.first().map_or(1.0, |hz| *hz as f64);
            longest_secs - part.seconds() > EQUAL_FRAMES * frame_secs
        })
        .map(|part| format!("{} ({:.3} s)", part.name, part.seconds()))
        .collect();
    let mut unequal = Vec::new();
    if !short.is_empty() && shortest_secs.is_finite() {
        unequal.push(format!(
            "shorter than the song ({longest_secs:.3} s) and silent beyond their end: {}",
            short.join(", ")
        ));
    }
    if rates.len() > 1 {
        unequal.push(format!(
            "rates differ and are converted: {} Hz",
            join(&rates)
        ));
    }
    if channels.len() > 1 {
        unequal.push(format!("numbers of channels differ: {}", join(&channels)));
    }
    let own_rate_hz = match &song.mixture {
        Some(Mixture::File(part)) => part.sample_rate_hz,
        _ => rates.last().map_or(0, |hz| *hz as u32),
    };
    let most_channels = channels.last().copied().unwrap_or(0);
    song.seconds = longest_secs;
    song.sample_rate_hz = own_rate_hz;
    song.channels = most_channels;
    song.problems.extend(
        unequal
            .into_iter()
            .map(|text| Problem::new(ProblemKind::Unequal, text)),
    );
}

/// The different values, in order.
fn list(values: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut values: Vec<usize> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn join(values: &[usize]) -> String {
    let values: Vec<String> = values.iter().map(usize::to_string).collect();
    values.join(", ")
}
