//! What a box plot of scores is drawn from: groups of stems, a series per method.

use super::aggregate::SongsSummary;
use super::scores::{Measure, TrackScores};

/// The values of one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxValues {
    /// The measure, its unit, and what a value is.
    pub title: String,
    /// The methods, in the order in which they were first met.
    pub methods: Vec<String>,
    /// Each stem, and the values of each method; none where a method has no such stem.
    pub stems: Vec<(String, Vec<Vec<f64>>)>,
}

/// The values of a measure: one per song (the median over its frames), or one per frame if there is
/// only one song.
pub fn box_values(
    scores: &[TrackScores],
    summaries: &[SongsSummary],
    measure: Measure,
) -> BoxValues {
    let of_measure = || summaries.iter().filter(move |s| s.measure == measure);
    let is_one_song = of_measure().all(|s| s.songs + s.empty_songs <= 1);
    let mut methods: Vec<String> = Vec::new();
    for summary in of_measure() {
        if !methods.contains(&summary.method) {
            methods.push(summary.method.clone());
        }
    }
    let mut stems: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    for summary in of_measure() {
        if stems.last().is_none_or(|(stem, _)| *stem != summary.stem) {
            stems.push((summary.stem.clone(), vec![Vec::new(); methods.len()]));
        }
        let series = methods.iter().position(|name| *name == summary.method);
        if let Some((_, values)) = stems.last_mut()
            && let Some(values) = series.and_then(|series| values.get_mut(series))
        {
            *values = if is_one_song {
                frames_of(scores, summary)
            } else {
                summary.values.clone()
            };
        }
    }
    let per = if is_one_song {
        "a value per frame"
    } else {
        "a value per song: the median over its frames"
    };
    let unit = match measure.unit() {
        "" => String::new(),
        unit => format!(" in {unit}"),
    };
    BoxValues {
        title: format!("{}{unit}, {per}", measure.name()),
        methods,
        stems,
    }
}

fn frames_of(scores: &[TrackScores], summary: &SongsSummary) -> Vec<f64> {
    let of_method = scores.iter().filter(|track| track.method == summary.method);
    of_method
        .filter_map(|track| track.stem(&summary.stem))
        .flat_map(|stem| stem.values(summary.measure).iter().copied())
        .collect()
}
