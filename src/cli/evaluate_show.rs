//! What a person, a spreadsheet, a program and a page get of scores.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Terminal;
use super::evaluate::EvaluateArgs;
use crate::display::{BoxGroup, draw_boxes};
use crate::error::{Error, Result};
use crate::evaluate::{
    Measure, SongsSummary, TrackScores, box_values, compare, comparison_text, csv_header, csv_rows,
    summarise, summarise_songs, table_text,
};
use crate::listen::{table_csv, write_csv};

/// Where scores come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Just measured.
    New,
    /// Of an earlier run.
    Kept,
}

/// One song by one method: medians over its frames.
pub(super) fn show_track(track: &TrackScores, shown: Shown, terminal: &Terminal) {
    let mut stems = Map::new();
    let mut words = Vec::new();
    for stem in &track.stems {
        let mut medians = Map::new();
        for measured in &stem.measures {
            let summary = summarise(&measured.values);
            let object = json!({
                "median": summary.median, "mean": summary.mean,
                "values": measured.values.len(), "nan": summary.nan,
            });
            medians.insert(measured.measure.name().into(), object);
        }
        if let Some(first) = stem.measures.first() {
            let median = summarise(&first.values).median;
            words.push(format!("{} {median:.2}", stem.stem));
        }
        stems.insert(stem.stem.clone(), Value::Object(medians));
    }
    let object = json!({
        "event": "track", "input": track.song, "split": track.split, "method": track.method,
        "kept": shown == Shown::Kept, "stems": stems,
    });
    let first = track.stems.first().and_then(|stem| stem.measures.first());
    let measure = first.map_or("", |measured| measured.measure.name());
    let kept = match shown {
        Shown::New => "",
        Shown::Kept => " (of an earlier run)",
    };
    let text = format!(
        "{}, {}: {measure} {}{kept}",
        track.song,
        track.method,
        words.join(", ")
    );
    terminal.event(&object, Some(&text));
}

/// The table over all songs, the comparisons, and the files.
pub(super) fn show_all(
    args: &EvaluateArgs,
    scores: &[TrackScores],
    terminal: &Terminal,
) -> Result<()> {
    if scores.is_empty() {
        return Err(Error::setting("references", "nothing could be measured"));
    }
    let summaries = summarise_songs(scores);
    for summary in &summaries {
        let mut object = serde_json::to_value(summary).unwrap_or_default();
        object["event"] = json!("median");
        terminal.event(&object, None);
    }
    let mut text = vec![table_text(&summaries)];
    for pair in args.compare.chunks_exact(2) {
        match compare(scores, &pair[0], &pair[1], args.seed) {
            Ok(comparisons) => {
                for comparison in &comparisons {
                    let mut object = serde_json::to_value(comparison).unwrap_or_default();
                    object["event"] = json!("comparison");
                    terminal.event(&object, None);
                    text.push(comparison_text(comparison));
                }
            }
            Err(error) => terminal.error(&error, &pair.join(" ")),
        }
    }
    // What cannot be written is told; the table is shown all the same.
    let mut written = |what: &str, path: &Path, outcome: Result<()>| match outcome {
        Ok(()) => {
            text.push(format!("{what}: {}", path.display()));
            Some(path.to_path_buf())
        }
        Err(error) => {
            terminal.error(&error, &path.display().to_string());
            None
        }
    };
    let csv = args.csv.as_ref().and_then(|path| {
        let table = table_csv(&csv_header(), csv_rows(scores, &summaries));
        written("table", path, write_csv(&table, path, args.may_replace()))
    });
    let plot = args.plot.as_ref().and_then(|path| {
        let drawn = plot(scores, &summaries).write_png(path, args.may_replace());
        written("plot", path, drawn)
    });
    let songs = summaries.iter().map(|s| s.songs).max().unwrap_or(0);
    let object = json!({
        "event": "result", "songs": songs, "csv": csv, "plot": plot,
    });
    terminal.result(&object, &text.join("\n"));
    Ok(())
}

/// A box per stem and method of the first measure: of songs, or of frames if there is one song.
fn plot(scores: &[TrackScores], summaries: &[SongsSummary]) -> crate::display::Picture {
    let measure = summaries.iter().map(|s| s.measure).min();
    let values = box_values(scores, summaries, measure.unwrap_or(Measure::Sdr));
    let groups = values.stems.into_iter();
    let groups: Vec<BoxGroup> = groups
        .map(|(title, series)| BoxGroup { title, series })
        .collect();
    draw_boxes(&values.title, &values.methods, &groups)
}
