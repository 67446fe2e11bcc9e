//! From frames to songs to one number: medians of medians, and how sure a difference is.
//!
//! As museval does: the median over a song's frames, then the median over songs, NaN left out.

use super::bootstrap::{BOOTSTRAP_DRAWS, median_interval};
use super::scores::{Measure, TrackScores, same_name};
use super::stem_names::rank;
use super::summarise;
use crate::error::{Error, Result};

/// One measure of one stem by one method, over all songs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SongsSummary {
    /// The stem.
    pub stem: String,
    /// The method.
    pub method: String,
    /// The measure.
    pub measure: Measure,
    /// Median over songs of the median over frames; NaN if no song has a number.
    pub median: f64,
    /// Mean over songs of the median over frames.
    pub mean: f64,
    /// Songs with a number.
    pub songs: usize,
    /// Songs in which every frame is NaN.
    pub empty_songs: usize,
    /// Frames of all songs.
    pub frames: usize,
    /// Frames without a number.
    pub nan_frames: usize,
    /// The songs' medians that are numbers, in the order of the songs.
    #[serde(skip)]
    pub values: Vec<f64>,
}

/// One line per stem, measure and method: stems in the order of tables, measures and methods as
/// they were first met.
pub fn summarise_songs(scores: &[TrackScores]) -> Vec<SongsSummary> {
    let methods = first_met(scores.iter().map(|track| track.method.clone()));
    let stems = scores.iter().flat_map(|track| &track.stems);
    let mut names = first_met(stems.clone().map(|stem| stem.stem.clone()));
    names.sort_by_key(|stem| (rank(stem), stem.clone()));
    let mut measures = first_met(stems.flat_map(|s| s.measures.iter().map(|m| m.measure)));
    measures.sort_unstable();
    let mut out = Vec::new();
    for stem in &names {
        for measure in &measures {
            let lines = methods.iter().filter_map(|method| {
                let of_method = scores.iter().filter(|track| track.method == *method);
                let frames: Vec<&[f64]> = of_method
                    .filter_map(|track| track.stem(stem))
                    .map(|scores| scores.values(*measure))
                    .filter(|values| !values.is_empty())
                    .collect();
                (!frames.is_empty()).then(|| summary(stem, method, *measure, &frames))
            });
            out.extend(lines);
        }
    }
    out
}

fn summary(stem: &str, method: &str, measure: Measure, songs: &[&[f64]]) -> SongsSummary {
    let medians: Vec<f64> = songs
        .iter()
        .map(|frames| summarise(frames).median)
        .collect();
    let over_songs = summarise(&medians);
    SongsSummary {
        stem: stem.into(),
        method: method.into(),
        measure,
        median: over_songs.median,
        mean: over_songs.mean,
        songs: over_songs.count,
        empty_songs: over_songs.nan,
        frames: songs.iter().map(|frames| frames.len()).sum(),
        nan_frames: songs.iter().map(|frames| summarise(frames).nan).sum(),
        values: medians.into_iter().filter(|x| !x.is_nan()).collect(),
    }
}

/// The different values, in the order in which they are met.
fn first_met<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut out = Vec::new();
    for value in values {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// What a comparison is made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Songs that both methods have.
    Songs,
    /// Frames of the only song that both have. They follow one another and are alike, so that the
    /// interval is narrower than it should be.
    Frames,
}

/// How one method does against another.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// The stem.
    pub stem: String,
    /// The measure.
    pub measure: Measure,
    /// The first method.
    pub a: String,
    /// The second method.
    pub b: String,
    /// What the pairs are.
    pub over: Over,
    /// Pairs in which both have a finite number.
    pub pairs: usize,
    /// Median of a − b.
    pub median: f64,
    /// Mean of a − b.
    pub mean: f64,
    /// Lower end of the median's 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Compares two methods by their differences song by song (percentile bootstrap, 10,000 draws), or
/// frame by frame if there is only one song and the measure has frames.
///
/// # Errors
/// [`Error::Setting`] if a method is unknown or the two have nothing in common.
pub fn compare(scores: &[TrackScores], a: &str, b: &str, seed: u64) -> Result<Vec<Comparison>> {
    let of = |name: &str| -> Result<Vec<&TrackScores>> {
        let found = scores.iter().filter(|track| same_name(&track.method, name));
        let found: Vec<&TrackScores> = found.collect();
        if found.is_empty() {
            let known = first_met(scores.iter().map(|track| track.method.as_str()));
            let problem = format!("no method {name:?}; there are {}", known.join(", "));
            return Err(Error::setting("compare", problem));
        }
        Ok(found)
    };
    let (first, second) = (of(a)?, of(b)?);
    let both: Vec<(&TrackScores, &TrackScores)> = first
        .into_iter()
        .filter_map(|a| {
            let mut others = second.iter();
            let b = others.find(|b| same_name(&a.song, &b.song) && same_split(a, b))?;
            Some((a, *b))
        })
        .collect();
    let stems = both.iter().flat_map(|(a, _)| &a.stems);
    let mut names = first_met(stems.clone().map(|stem| stem.stem.clone()));
    names.sort_by_key(|stem| (rank(stem), stem.clone()));
    let mut measures = first_met(stems.flat_map(|s| s.measures.iter().map(|m| m.measure)));
    measures.sort_unstable();
    let mut out = Vec::new();
    for stem in &names {
        for measure in &measures {
            let pairs = both.iter().filter_map(|(a, b)| {
                let a = a.stem(stem)?.values(*measure);
                Some((a, b.stem(stem)?.values(*measure)))
            });
            let over = if both.len() == 1 && measure.has_frames() {
                Over::Frames
            } else {
                Over::Songs
            };
            let differences: Vec<f64> = match over {
                Over::Songs => pairs
                    .map(|(a, b)| summarise(a).median - summarise(b).median)
                    .filter(|x| x.is_finite())
                    .collect(),
                Over::Frames => pairs
                    .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b))
                    .filter(|x| x.is_finite())
                    .collect(),
            };
            let Some(interval) = median_interval(&differences, BOOTSTRAP_DRAWS, seed) else {
                continue;
            };
            let averages = summarise(&differences);
            out.push(Comparison {
                stem: stem.clone(),
                measure: *measure,
                a: a.into(),
                b: b.into(),
                over,
                pairs: differences.len(),
                median: averages.median,
                mean: averages.mean,
                low: interval.low,
                high: interval.high,
            });
        }
    }
    if out.is_empty() {
        let problem = format!("{a} and {b} have no scores of the same stem of the same song");
        return Err(Error::setting("compare", problem));
    }
    Ok(out)
}

/// Archives do not always say what a song is for.
fn same_split(a: &TrackScores, b: &TrackScores) -> bool {
    a.split == b.split || a.split == "none" || b.split == "none"
}
