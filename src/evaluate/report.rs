//! Scores as tables: for a terminal, and as rows of cells for a spreadsheet.

use std::fmt::Write as _;

use super::aggregate::{Comparison, Over, SongsSummary};
use super::scores::{Measure, TrackScores};
use super::summarise;

/// Pairs from which an interval says something: with fewer, even the smallest and the largest
/// difference enclose the true median in less than 95 % of all cases (1 − 2·½⁵ is 94 %).
const LEAST_PAIRS: usize = 6;

/// One block per measure: a line per method, a column per stem, each with the median over songs
/// (of the medians over frames) and the mean in brackets. Below it what was
/// silent, and what has fewer songs than others.
pub fn table_text(summaries: &[SongsSummary]) -> String {
    let mut measures: Vec<Measure> = summaries.iter().map(|s| s.measure).collect();
    measures.sort_unstable();
    measures.dedup();
    let blocks: Vec<String> = measures
        .into_iter()
        .map(|measure| {
            let of_measure = summaries.iter().filter(|s| s.measure == measure);
            block(measure, &of_measure.collect::<Vec<_>>())
        })
        .collect();
    blocks.join("\n\n")
}

fn block(measure: Measure, summaries: &[&SongsSummary]) -> String {
    let (mut stems, mut methods): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for summary in summaries {
        if !stems.contains(&summary.stem.as_str()) {
            stems.push(&summary.stem);
        }
        if !methods.contains(&summary.method.as_str()) {
            methods.push(&summary.method);
        }
    }
    let find = |method: &str, stem: &str| {
        let mut all = summaries.iter();
        all.find(|s| s.method == method && s.stem == stem)
    };
    let songs = summaries.iter().map(|s| s.songs).max().unwrap_or(0);
    let plural = if songs == 1 { "song" } else { "songs" };
    let unit = match measure.unit() {
        "" => String::new(),
        unit => format!(" in {unit}"),
    };
    let direction = if measure.lower_is_better() {
        ", lower is better"
    } else {
        ""
    };
    let mut out = format!(
        "{}{unit}{direction}: median over {songs} {plural} (mean)",
        measure.name()
    );
    let first = methods.iter().map(|m| m.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = stems.iter().map(|s| s.chars().count().max(17)).collect();
    write!(out, "\n  {:first$}", "").ok();
    for (stem, width) in stems.iter().zip(widths.iter().copied()) {
        write!(out, "  {stem:>width$}").ok();
    }
    for method in &methods {
        write!(out, "\n  {method:first$}").ok();
        for (stem, width) in stems.iter().zip(widths.iter().copied()) {
            let cell = find(method, stem).map_or_else(|| "-".into(), |s| cell(s));
            write!(out, "  {cell:>width$}").ok();
        }
    }
    for summary in summaries.iter().filter(|s| s.songs < songs) {
        let (stem, method, own) = (&summary.stem, &summary.method, summary.songs);
        write!(out, "\n  {stem} of {method}: {own} of {songs} {plural}").ok();
    }
    for summary in summaries {
        if summary.nan_frames > 0 && measure == Measure::Sdr {
            write!(
                out,
                "\n  {} of {}: {} of {} frames are silent (or not measured) and left out{}",
                summary.stem,
                summary.method,
                summary.nan_frames,
                summary.frames,
                match summary.empty_songs {
                    0 => String::new(),
                    1 => ", in 1 song all".into(),
                    songs => format!(", in {songs} songs all"),
                }
            )
            .ok();
        }
    }
    out
}

fn cell(summary: &SongsSummary) -> String {
    let decimals = if summary.measure.unit().is_empty() {
        4
    } else {
        2
    };
    let number = |x: f64| {
        if x.is_nan() {
            "-".to_owned()
        } else {
            format!("{x:.decimals$}")
        }
    };
    format!("{} ({})", number(summary.median), number(summary.mean))
}

/// One comparison in a line.
pub fn comparison_text(comparison: &Comparison) -> String {
    let Comparison {
        stem,
        measure,
        a,
        b,
        over,
        pairs,
        median,
        mean,
        low,
        high,
    } = comparison;
    let over = match over {
        Over::Songs if *pairs == 1 => "1 song".to_owned(),
        Over::Songs => format!("{pairs} songs"),
        Over::Frames => {
            format!("{pairs} frames of one song, which are alike: the interval is too narrow")
        }
    };
    let verdict = if *pairs < LEAST_PAIRS {
        "too few to say"
    } else if *low > 0.0 {
        "above 0"
    } else if *high < 0.0 {
        "below 0"
    } else {
        "0 is possible"
    };
    format!(
        "{stem} {}: {a} less {b} is {median:+.3} (95 % from {low:+.3} to {high:+.3}, {verdict}; mean \
         {mean:+.3}; {over})",
        measure.name()
    )
}

/// The columns of [`csv_rows`].
pub fn csv_header() -> Vec<String> {
    [
        "what",
        "song",
        "split",
        "method",
        "stem",
        "measure",
        "unit",
        "median",
        "mean",
        "values",
        "nan values",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A row per song, method, stem and measure (median and mean over frames), then a row per method,
/// stem and measure over all songs (median and mean of the songs' medians).
pub fn csv_rows(scores: &[TrackScores], summaries: &[SongsSummary]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for track in scores {
        for stem in &track.stems {
            for measured in &stem.measures {
                let summary = summarise(&measured.values);
                rows.push(vec![
                    "song".into(),
                    track.song.clone(),
                    track.split.clone(),
                    track.method.clone(),
                    stem.stem.clone(),
                    measured.measure.name().into(),
                    measured.measure.unit().into(),
                    number(summary.median),
                    number(summary.mean),
                    measured.values.len().to_string(),
                    summary.nan.to_string(),
                ]);
            }
        }
    }
    rows.extend(summaries.iter().map(|summary| {
        vec![
            "all songs".into(),
            String::new(),
            String::new(),
            summary.method.clone(),
            summary.stem.clone(),
            summary.measure.name().into(),
            summary.measure.unit().into(),
            number(summary.median),
            number(summary.mean),
            (summary.songs + summary.empty_songs).to_string(),
            summary.empty_songs.to_string(),
        ]
    }));
    rows
}

/// Five decimals, as museval keeps; no number is an empty cell.
fn number(value: f64) -> String {
    if value.is_nan() {
        String::new()
    } else {
        format!("{value:.5}")
    }
}
