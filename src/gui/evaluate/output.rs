//! What a worker writes of scores: by the same functions as the command.

use std::path::PathBuf;
use std::sync::Arc;

use super::work::INCOMPLETE;
use crate::dataset::Song;
use crate::display::{BoxGroup, draw_boxes};
use crate::error::{Error, Result};
use crate::evaluate::{
    Measure, ScoreStore, TrackScores, box_values, csv_header, csv_rows, summarise_songs,
};
use crate::listen::{table_csv, write_csv};
use crate::progress::Reporter;

/// What scores are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A table of all songs, methods, stems and measures.
    Csv,
    /// A folder that museval's readers understand.
    Json,
    /// A box plot of the measure that is shown.
    Png,
}

impl Output {
    /// All of them, in the order shown.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Png];

    /// The button's text.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "Write CSV",
            Self::Json => "Write JSON folder",
            Self::Png => "Write box plot",
        }
    }

    /// The name of its place.
    pub fn place(self) -> &'static str {
        match self {
            Self::Csv => "CSV file",
            Self::Json => "JSON folder",
            Self::Png => "PNG file",
        }
    }

    /// What it is, for a tooltip.
    pub fn tip(self) -> &'static str {
        match self {
            Self::Csv => "A row per song, method, stem and measure, and one over all songs",
            Self::Json => "METHOD/SPLIT/SONG.json as museval writes them",
            Self::Png => "Of each stem a box per method, of the measure that is shown",
        }
    }
}

/// Scores to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteRequest {
    /// As what.
    pub output: Output,
    /// Where.
    pub path: PathBuf,
    /// Whether files of the same name may be replaced.
    pub overwrite: bool,
    /// The scores.
    pub scores: Arc<Vec<TrackScores>>,
    /// What each of them depends on; empty for those that were read.
    pub keys: Vec<String>,
    /// The songs.
    pub songs: Vec<Song>,
    /// The measure of the box plot.
    pub measure: Measure,
}

impl WriteRequest {
    pub(super) fn run(&self, reporter: &Reporter) -> Result<()> {
        reporter.step("Writing the scores", 0, 0)?;
        match self.output {
            Output::Csv => {
                self.make_folder()?;
                let summaries = summarise_songs(&self.scores);
                let table = table_csv(&csv_header(), csv_rows(&self.scores, &summaries));
                write_csv(&table, &self.path, self.overwrite)
            }
            Output::Png => {
                self.make_folder()?;
                let summaries = summarise_songs(&self.scores);
                let values = box_values(&self.scores, &summaries, self.measure);
                let groups = values.stems.into_iter();
                let groups: Vec<BoxGroup> = groups
                    .map(|(title, series)| BoxGroup { title, series })
                    .collect();
                let picture = draw_boxes(&values.title, &values.methods, &groups);
                picture.write_png(&self.path, self.overwrite)
            }
            Output::Json => self.write_json(reporter),
        }
    }

    fn make_folder(&self) -> Result<()> {
        let folder = self.path.parent();
        match folder.filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))
            }
            None => Ok(()),
        }
    }

    fn write_json(&self, reporter: &Reporter) -> Result<()> {
        let store = ScoreStore::new(&self.path, self.overwrite);
        let mut methods: Vec<&str> = Vec::new();
        let mut measured = Vec::new();
        for (track, key) in self.scores.iter().zip(&self.keys) {
            let mut songs = self.songs.iter();
            let song =
                songs.find(|song| song.name == track.song && song.split.name() == track.split);
            // Scores that were read are there already.
            let Some(song) = song.filter(|_| !key.is_empty()) else {
                continue;
            };
            if !methods.contains(&track.method.as_str()) {
                methods.push(&track.method);
            }
            measured.push((song, track, key));
        }
        if measured.is_empty() {
            let problem = "there are only scores that were read from JSON files";
            return Err(Error::setting("JSON folder", problem));
        }
        // Found out before the first file, not in their midst.
        store.check(&self.songs, &methods)?;
        let total = measured.len() as u64;
        for (done, (song, track, key)) in measured.into_iter().enumerate() {
            reporter.step("Writing the scores", done as u64, total)?;
            let key = (key != INCOMPLETE).then_some(key.as_str());
            store.save(song, track, key)?;
        }
        Ok(())
    }
}
