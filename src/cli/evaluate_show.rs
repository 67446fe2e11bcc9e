//! What a person, a spreadsheet, a program and a page get of scores.

use serde_json::{Map, Value, json};

use super::Terminal;
use super::evaluate::EvaluateArgs;
use crate::display::{BoxGroup, draw_boxes};
use crate::error::{Error, Result};
use crate::evaluate::{
    Measure, SongsSummary, TrackScores, compare, comparison_text, csv_header, csv_rows, summarise,
    summarise_songs, table_text,
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
    if let Some(path) = &args.csv {
        let table = table_csv(&csv_header(), csv_rows(scores, &summaries));
        write_csv(&table, path, args.may_replace())?;
        text.push(format!("table: {}", path.display()));
    }
    if let Some(path) = &args.plot {
        plot(scores, &summaries).write_png(path, args.may_replace())?;
        text.push(format!("plot: {}", path.display()));
    }
    let songs = summaries.iter().map(|s| s.songs).max().unwrap_or(0);
    let object = json!({
        "event": "result", "songs": songs, "csv": args.csv, "plot": args.plot,
    });
    terminal.result(&object, &text.join("\n"));
    Ok(())
}

/// A box per stem and method of the first measure: of songs, or of frames if there is one song.
fn plot(scores: &[TrackScores], summaries: &[SongsSummary]) -> crate::display::Picture {
    let measure = summaries.iter().map(|s| s.measure).min();
    let measure = measure.unwrap_or(Measure::Sdr);
    let of_measure = || summaries.iter().filter(move |s| s.measure == measure);
    let is_one_song = of_measure().all(|s| s.songs + s.empty_songs <= 1);
    let mut names: Vec<String> = Vec::new();
    let mut groups: Vec<BoxGroup> = Vec::new();
    for summary in of_measure() {
        let series = names.iter().position(|name| *name == summary.method);
        let series = series.unwrap_or_else(|| {
            names.push(summary.method.clone());
            names.len() - 1
        });
        if groups
            .last()
            .is_none_or(|group| group.title != summary.stem)
        {
            groups.push(BoxGroup {
                title: summary.stem.clone(),
                series: Vec::new(),
            });
        }
        if let Some(group) = groups.last_mut() {
            let count = group.series.len().max(series + 1);
            group.series.resize(count, Vec::new());
            group.series[series] = if is_one_song {
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
    let title = format!("{}{unit}, {per}", measure.name());
    draw_boxes(&title, &names, &groups)
}

fn frames_of(scores: &[TrackScores], summary: &SongsSummary) -> Vec<f64> {
    let of_method = scores.iter().filter(|track| track.method == summary.method);
    of_method
        .filter_map(|track| track.stem(&summary.stem))
        .flat_map(|stem| stem.values(summary.measure).iter().copied())
        .collect()
}
