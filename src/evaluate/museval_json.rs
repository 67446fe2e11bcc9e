//! Scores as museval writes them: one JSON file per song, frames of SDR, SIR, SAR and ISR.
//!
//! The layout and the rounding are those of `museval.TrackStore.json` 0.4.1: two spaces, five
//! decimals, half to even, NaN for silent frames and for infinite scores. JSON has no NaN: such
//! files are read by putting null in its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::scores::{Measure, MeasureScores, StemScores, TrackScores};
use super::tracks::own_name;
use crate::audio::{files_below, write_whole};
use crate::dataset::Split;
use crate::error::{Error, Result};

/// The version that the files are equal to.
const MUSEVAL_VERSION: &str = "0.4.1";
/// The measures, in museval's order.
const MEASURES: [Measure; 4] = [Measure::Sdr, Measure::Sir, Measure::Sar, Measure::Isr];

/// The text of a song's file. Stems without frames of BSSEval v4 are left out.
pub fn museval_json(scores: &TrackScores) -> String {
    let mut out = String::from("{\n  \"targets\": [");
    let mut targets = 0;
    for stem in &scores.stems {
        let values = MEASURES.map(|measure| stem.values(measure));
        if values[0].is_empty() {
            continue;
        }
        out.push_str(if targets > 0 { ",\n    {" } else { "\n    {" });
        targets += 1;
        let name = Value::from(stem.stem.as_str());
        write!(out, "\n      \"name\": {name},\n      \"frames\": [").ok();
        for frame in 0..values[0].len() {
            out.push_str(if frame > 0 {
                ",\n        {"
            } else {
                "\n        {"
            });
            let time = python_float(frame as f64 * scores.hop_secs);
            let duration = python_float(scores.win_secs);
            write!(
                out,
                "\n          \"time\": {time},\n          \"duration\": {duration},\n          \"metrics\": {{"
            )
            .ok();
            for (place, (measure, values)) in MEASURES.iter().zip(values).enumerate() {
                let comma = if place > 0 { "," } else { "" };
                let value = rounded(values.get(frame).copied().unwrap_or(f64::NAN));
                write!(out, "{comma}\n            \"{}\": {value}", measure.name()).ok();
            }
            out.push_str("\n          }\n        }");
        }
        out.push_str("\n      ]\n    }");
    }
    out.push_str(if targets > 0 { "\n  ]" } else { "]" });
    write!(out, ",\n  \"museval_version\": \"{MUSEVAL_VERSION}\"\n}}").ok();
    out
}

/// Five decimals; NaN for what is no number or infinite.
fn rounded(value: f64) -> String {
    if value.is_finite() {
        format!("{value:.5}")
    } else {
        "NaN".into()
    }
}

/// As Python writes a float of ordinary size: with a point.
fn python_float(value: f64) -> String {
    format!("{value:?}")
}

/// Writes [`museval_json`] to a file, whole or not at all.
///
/// # Errors
/// [`Error::Exists`] unless `overwrite`; [`Error::Io`].
pub fn write_museval(scores: &TrackScores, path: &Path, overwrite: bool) -> Result<()> {
    let text = museval_json(scores);
    write_whole(path, overwrite, |file| file.write_all(text.as_bytes()))
}

#[derive(Deserialize)]
struct File {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    time: f64,
    duration: f64,
    metrics: BTreeMap<String, Value>,
}

/// The scores in a file as museval writes it. The song is the file's name, the split the folder's
/// that it lies in, or "none".
///
/// # Errors
/// [`Error::Io`]; [`Error::Document`] if it is another kind of file.
pub fn read_museval(path: &Path, method: &str) -> Result<TrackScores> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let file: File = serde_json::from_str(&without_nan(&text)).map_err(|error| {
        let problem = format!("no scores as museval writes them: {error}");
        Error::Document {
            what: "score file",
            problem,
            path: path.into(),
        }
    })?;
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = folder.to_string_lossy().to_lowercase();
    let split = Split::ALL.into_iter().find(|split| split.name() == folder);
    let frames = file.targets.iter().map(|target| &target.frames);
    let longest = frames.max_by_key(|frames| frames.len());
    let times: Vec<&Frame> = longest.into_iter().flatten().take(2).collect();
    let hop_secs = match times.as_slice() {
        [first, second] => second.time - first.time,
        _ => 1.0,
    };
    Ok(TrackScores {
        song: path
            .file_stem()
            .map_or_else(|| "song".into(), |name| name.to_string_lossy().into_owned()),
        split: split.unwrap_or(Split::None).name().into(),
        method: method.into(),
        win_secs: times.first().map_or(1.0, |frame| frame.duration),
        hop_secs,
        stems: file.targets.iter().map(stem_of).collect(),
    })
}

fn stem_of(target: &Target) -> StemScores {
    let measures = MEASURES.into_iter().map(|measure| MeasureScores {
        measure,
        values: target
            .frames
            .iter()
            .map(|frame| number(frame.metrics.get(measure.name())))
            .collect(),
    });
    StemScores {
        stem: target.name.to_lowercase(),
        measures: measures.collect(),
    }
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// JSON proper: null instead of NaN and the infinities that Python writes.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !in_string {
            let words = ["NaN", "-Infinity", "Infinity"];
            if let Some(word) = words.iter().find(|word| rest.starts_with(**word)) {
                out.push_str("null");
                rest = &rest[word.len()..];
                continue;
            }
        }
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The folders before a split's folder in `METHOD/SPLIT/SONG.json`, if there are any.
fn method_folders(place: &Path) -> Option<String> {
    let folders = place.parent()?.components();
    let mut names: Vec<String> = folders
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let split = names.pop()?.to_lowercase();
    let is_split = Split::ALL.iter().any(|known| known.name() == split);
    (is_split && !names.is_empty()).then(|| names.join("/"))
}

/// All scores below a folder (`[METHOD/]SPLIT/SONG.json` as museval writes them), or those of one
/// file. The method is that of the folders between `place` and the split's, after `name/` if there is
/// one; without such folders it is `name`, or what the folder is called (for a file: the folder that
/// it lies in).
///
/// A file that cannot be read is told in the second answer and does not keep others from it.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read; [`Error::Setting`] if it holds no scores at all.
pub fn read_museval_folder(
    place: &Path,
    name: Option<&str>,
) -> Result<(Vec<TrackScores>, Vec<String>)> {
    let is_folder = place.is_dir();
    let folder = if is_folder {
        place
    } else {
        place.parent().unwrap_or(place)
    };
    let method = name.map_or_else(|| own_name(folder), str::to_owned);
    let files = if is_folder {
        files_below(place)?
    } else {
        vec![place.to_path_buf()]
    };
    let mut scores = Vec::new();
    let mut problems = Vec::new();
    let is_json = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "json");
    for path in files.iter().filter(|path| !is_folder || is_json(path)) {
        let own = method_folders(path.strip_prefix(folder).unwrap_or(path));
        let method = match (own, name) {
            (None, _) => method.clone(),
            (Some(own), None) => own,
            (Some(own), Some(name)) => format!("{name}/{own}"),
        };
        match read_museval(path, &method) {
            Ok(track) => scores.push(track),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if scores.is_empty() {
        let reason = problems.first().map_or("no JSON files", String::as_str);
        let problem = format!("holds no scores ({reason}): {}", place.display());
        return Err(Error::setting("museval", problem));
    }
    Ok((scores, problems))
}
