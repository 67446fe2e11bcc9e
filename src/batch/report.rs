//! What a batch did, one object per song.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::write_whole;
use super::page::report_page;
use super::recipe::Recipe;
use super::row::RowState;
use super::shard::Shard;
use crate::error::{Error, Result};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputFile {
    /// The stem's or mixdown's name.
    pub name: String,
    /// The model that it comes from.
    pub model: String,
    /// The file, below the destination.
    pub path: PathBuf,
    /// Its frames.
    pub frames: u64,
    /// Its frames per second.
    pub sample_rate: u32,
    /// Its channels.
    pub channels: usize,
    /// Largest absolute sample before any limiting; 1.0 is full scale.
    pub peak: f32,
    /// Samples that were held at full scale.
    pub clipped_samples: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// What became of one song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileReport {
    /// The file.
    pub input: PathBuf,
    /// Its place in the queue, from 0.
    pub place: usize,
    /// What became of it.
    pub state: RowState,
    /// The models.
    pub models: Vec<String>,
    /// The device that ran each.
    pub devices: Vec<String>,
    /// Seconds of audio.
    pub seconds: f64,
    /// Seconds that the work took.
    pub seconds_taken: f64,
    /// Seconds taken for each second of audio.
    pub real_time_factor: f64,
    /// For each model, the level of mixture − Σ stems against the mixture, in dB; −200 is exact.
    pub residual_db: Vec<f64>,
    /// Gain that all files of the song were lowered by, in dB; 0 for none.
    pub gain_db: f64,
    /// The files.
    pub outputs: Vec<OutputFile>,
    /// Pictures, below the destination.
    pub pictures: Vec<PathBuf>,
    /// What the person should know.
    pub warnings: Vec<String>,
    /// Why it failed or was left out.
    pub error: Option<String>,
    /// Known by these settings (SHA-256 of recipe, models and program version).
    pub settings: String,
    /// What was done to it.
    #[serde(default)]
    pub recipe: Option<Recipe>,
    /// SHA-256 of the input's content.
    pub input_sha256: Option<String>,
}

impl FileReport {
    /// A report of a song on which nothing has been done.
    pub(super) fn new(input: &Path, place: usize, state: RowState, settings: &str) -> Self {
        Self {
            // JSON is Unicode; a name that is not was refused before.
            input: input.to_string_lossy().into_owned().into(),
            place,
            state,
            models: Vec::new(),
            devices: Vec::new(),
            seconds: 0.0,
            seconds_taken: 0.0,
            real_time_factor: 0.0,
            residual_db: Vec::new(),
            gain_db: 0.0,
            outputs: Vec::new(),
            pictures: Vec::new(),
            warnings: Vec::new(),
            error: None,
            settings: settings.into(),
            recipe: None,
            input_sha256: None,
        }
    }

    /// All that was written, below the destination.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.outputs
            .iter()
            .map(|output| &output.path)
            .chain(&self.pictures)
    }
}

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The songs, in the order of the queue.
    pub files: Vec<FileReport>,
}

impl Report {
    /// How many songs ended in a state that `is` accepts.
    pub fn count(&self, is: impl Fn(RowState) -> bool) -> usize {
        self.files.iter().filter(|file| is(file.state)).count()
    }

    /// "3 done", "1 failed" and so on: every way in which songs ended.
    pub fn counts(&self) -> Vec<String> {
        RowState::ENDS
            .into_iter()
            .map(|end| (end, self.count(|state| state == end)))
            .filter(|(_, count)| *count > 0)
            .map(|(end, count)| format!("{count} {}", end.label().to_lowercase()))
            .collect()
    }

    /// Seconds of audio, and seconds that they took, of the songs done in this run.
    pub fn seconds(&self) -> (f64, f64) {
        let done = self.files.iter().filter(|f| f.state == RowState::Done);
        done.fold((0.0, 0.0), |(audio, taken), file| {
            (audio + file.seconds, taken + file.seconds_taken)
        })
    }

    /// Adds the songs of another report of the same queue; of two about one input under the same
    /// settings the one that got further counts.
    pub fn merge(&mut self, other: Self) {
        for file in other.files {
            let same = |known: &&mut FileReport| {
                known.input == file.input && known.settings == file.settings
            };
            match self.files.iter_mut().find(same) {
                Some(known) if known.state.rank() < file.state.rank() => *known = file,
                Some(_) => {}
                None => self.files.push(file),
            }
        }
        self.files
            .sort_by(|a, b| (a.place, &a.input).cmp(&(b.place, &b.input)));
    }

    /// One JSON object per line.
    pub fn to_json_lines(&self) -> String {
        let lines = self.files.iter().map(|file| {
            let mut line = serde_json::to_string(file).unwrap_or_default();
            line.push('\n');
            line
        });
        lines.collect()
    }

    /// Writes the JSON lines to `path` and the page beside it, each whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, self.to_json_lines().as_bytes())?;
        write_whole(&path.with_extension("html"), report_page(self).as_bytes())
    }

    /// Reads JSON lines; a last line that was cut short is passed over.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Document`] if a line before the last is none of ours.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        // A line that was cut short may end within a letter.
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let mut files = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(report) => files.push(report),
                Err(_) if at + 1 == lines.len() => {}
                Err(error) => {
                    return Err(Error::Document {
                        what: "report",
                        problem: format!("line {}: {error}", at + 1),
                        path: path.into(),
                    });
                }
            }
        }
        Ok(Self { files })
    }
}

/// The report of a run into `out`: one for the whole queue, or one for each shard.
pub fn report_paths(out: &Path, shard: Shard) -> PathBuf {
    out.join(match shard {
        Shard::WHOLE => "report.jsonl".to_owned(),
        Shard { part, parts } => format!("report-{part}-of-{parts}.jsonl"),
    })
}

/// Merges the reports of folders (every `report*.jsonl` in them) and of files.
///
/// # Errors
/// As [`Report::read`]; [`Error::Setting`] if there is none.
pub fn read_reports(places: &[PathBuf]) -> Result<Report> {
    let mut merged = Report::default();
    let mut found = 0;
    for place in places {
        let paths = if place.is_dir() {
            in_folder(place)?
        } else {
            vec![place.clone()]
        };
        for path in paths {
            merged.merge(Report::read(&path)?);
            found += 1;
        }
    }
    if found == 0 {
        let problem = "there is no report*.jsonl in any of the folders";
        return Err(Error::setting("report", problem));
    }
    Ok(merged)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::io("look into", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("report") && name.ends_with(".jsonl")
        })
        .collect();
    paths.sort();
    Ok(paths)
}
