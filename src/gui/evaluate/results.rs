//! Scores as they come in, and what the tables and the plot show of them.

use std::sync::Arc;

use crate::dataset::Song;
use crate::display::{BoxFigures, box_figures};
use crate::evaluate::{
    BoxValues, Comparison, Measure, SongsSummary, TrackScores, box_values, summarise,
    summarise_songs,
};
use crate::gui::jobs::JobId;

/// Remarks that are kept; more say nothing new.
const MOST_NOTES: usize = 200;

/// What a method is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MethodKind {
    /// One of those that are compared.
    #[default]
    Method,
    /// An oracle: no mask does better.
    Ceiling,
    /// The untouched mixture: whatever is worse does harm.
    Floor,
}

impl MethodKind {
    /// What stands behind the method's name.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Method => "",
            Self::Ceiling => " · ceiling",
            Self::Floor => " · floor",
        }
    }
}

/// What could not be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The song; none if all are concerned.
    pub song: Option<String>,
    /// The method; none if all are concerned.
    pub method: Option<String>,
    /// Why.
    pub reason: String,
}

impl Trouble {
    /// All of it in one line.
    pub fn text(&self) -> String {
        let place: Vec<&str> = self
            .song
            .iter()
            .chain(&self.method)
            .map(String::as_str)
            .collect();
        if place.is_empty() {
            self.reason.clone()
        } else {
            format!("{}: {}", place.join(", "), self.reason)
        }
    }
}

/// A column that the table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The method.
    Method,
    /// The stem.
    Stem,
    /// Median over songs.
    Median,
    /// Mean over songs.
    Mean,
    /// Frames without a number.
    Nan,
    /// Songs with a number.
    Songs,
}

impl Column {
    /// All of them, from the left.
    pub const ALL: [Self; 6] = [
        Self::Method,
        Self::Stem,
        Self::Median,
        Self::Mean,
        Self::Nan,
        Self::Songs,
    ];
}

/// One song of the chosen row.
#[derive(Debug, Clone, PartialEq)]
pub struct SongLine {
    /// The song.
    pub song: String,
    /// Median over its frames.
    pub median: f64,
    /// Mean over its frames.
    pub mean: f64,
    /// Frames without a number.
    pub nan: usize,
    /// All frames.
    pub frames: usize,
    /// Why there is no score.
    pub problem: Option<String>,
}

/// Everything that was measured.
pub struct Results {
    /// The songs that are measured.
    pub songs: Vec<Song>,
    /// The methods and what they are.
    pub methods: Vec<(String, MethodKind)>,
    /// The scores as they came.
    pub scores: Arc<Vec<TrackScores>>,
    /// What each of the scores depends on; empty for those that were read.
    pub keys: Vec<String>,
    /// What could not be measured.
    pub troubles: Vec<Trouble>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// What the tables show.
    pub measure: Measure,
    /// What they could show.
    pub measures: Vec<Measure>,
    /// One per method, stem and measure.
    pub summaries: Vec<SongsSummary>,
    /// The shown ones among them, in the order shown.
    pub rows: Vec<usize>,
    /// The column that the rows are sorted by, and whether backwards.
    pub sort: Option<(Column, bool)>,
    /// Method and stem of the chosen row.
    pub chosen: Option<(String, String)>,
    /// Whether the chosen row is to be brought into view.
    pub reveal: bool,
    /// The songs of the chosen row.
    pub lines: Vec<SongLine>,
    /// The values of the box plot.
    pub boxes: BoxValues,
    /// The boxes' figures: of each of its stems, of each method.
    pub figures: Vec<Vec<Option<BoxFigures>>>,
    /// The methods that are compared.
    pub pair: (Option<String>, Option<String>),
    /// Their comparison, or why there is none.
    pub compared: Option<std::result::Result<Vec<Comparison>, String>>,
    /// The job that compares them.
    pub comparing: Option<JobId>,
    /// Whether something came in that is not counted yet.
    pub(super) is_stale: bool,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            songs: Vec::new(),
            methods: Vec::new(),
            scores: Arc::default(),
            keys: Vec::new(),
            troubles: Vec::new(),
            notes: Vec::new(),
            measure: Measure::Sdr,
            measures: Vec::new(),
            summaries: Vec::new(),
            rows: Vec::new(),
            sort: None,
            chosen: None,
            reveal: false,
            lines: Vec::new(),
            boxes: box_values(&[], &[], Measure::Sdr),
            figures: Vec::new(),
            pair: (None, None),
            compared: None,
            comparing: None,
            is_stale: false,
        }
    }
}

impl Results {
    /// One more song by one more method; counted by [`Self::catch_up`].
    pub fn add(&mut self, scores: TrackScores, key: String, notes: Vec<String>) {
        if !self.methods.iter().any(|(name, _)| *name == scores.method) {
            self.methods
                .push((scores.method.clone(), MethodKind::Method));
        }
        self.note(notes);
        Arc::make_mut(&mut self.scores).push(scores);
        self.keys.push(key);
        self.is_stale = true;
    }

    /// Something that could not be measured; counted by [`Self::catch_up`].
    pub fn trouble(&mut self, trouble: Trouble) {
        self.troubles.push(trouble);
        self.is_stale = true;
    }

    /// Counts what came in since the last time. Once per frame: counting takes all scores together.
    pub fn catch_up(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.refresh();
        }
    }

    /// Keeps remarks, each once.
    pub fn note(&mut self, notes: Vec<String>) {
        for note in notes {
            if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Counts everything anew.
    fn refresh(&mut self) {
        self.summaries = summarise_songs(&self.scores);
        self.measures = self.summaries.iter().map(|s| s.measure).collect();
        self.measures.sort_unstable();
        self.measures.dedup();
        if !self.measures.contains(&self.measure)
            && let Some(first) = self.measures.first()
        {
            self.measure = *first;
        }
        self.arrange();
    }

    /// Shows a measure.
    pub fn show(&mut self, measure: Measure) {
        self.measure = measure;
        self.arrange();
    }

    /// Shows the next measure, after the last one the first.
    pub fn next_measure(&mut self) {
        let at = self.measures.iter().position(|m| *m == self.measure);
        let next = at.map_or(0, |at| (at + 1) % self.measures.len());
        if let Some(measure) = self.measures.get(next) {
            self.show(*measure);
        }
    }

    /// Sorts by a column; once more turns it round, a third time is the first order again.
    pub fn sort_by(&mut self, column: Column) {
        self.sort = match self.sort {
            Some((sorted, false)) if sorted == column => Some((column, true)),
            Some((sorted, true)) if sorted == column => None,
            _ => Some((column, false)),
        };
        self.arrange();
    }

    fn arrange(&mut self) {
        let all = &self.summaries;
        let mut rows: Vec<usize> = (0..all.len())
            .filter(|i| all[*i].measure == self.measure)
            .collect();
        if let Some((column, backwards)) = self.sort {
            rows.sort_by(|a, b| {
                let (a, b) = (&all[*a], &all[*b]);
                let order = match column {
                    Column::Method => a.method.to_lowercase().cmp(&b.method.to_lowercase()),
                    Column::Stem => a.stem.cmp(&b.stem),
                    Column::Median => a.median.total_cmp(&b.median),
                    Column::Mean => a.mean.total_cmp(&b.mean),
                    Column::Nan => a.nan_frames.cmp(&b.nan_frames),
                    Column::Songs => a.songs.cmp(&b.songs),
                };
                if backwards { order.reverse() } else { order }
            });
            if matches!(column, Column::Median | Column::Mean) {
                // What has no number stands last, either way round.
                rows.sort_by_key(|row| all[*row].median.is_nan());
            }
        }
        self.rows = rows;
        self.boxes = box_values(&self.scores, &self.summaries, self.measure);
        let figures = |values: &[Vec<f64>]| -> Vec<Option<BoxFigures>> {
            values.iter().map(|own| box_figures(own)).collect()
        };
        let stems = self.boxes.stems.iter();
        self.figures = stems.map(|(_, values)| figures(values)).collect();
        self.list_songs();
    }

    /// The row that was chosen, by its place among those shown.
    pub fn chosen_row(&self) -> Option<usize> {
        let (method, stem) = self.chosen.as_ref()?;
        self.rows.iter().position(|row| {
            let summary = &self.summaries[*row];
            summary.method == *method && summary.stem == *stem
        })
    }

    /// Chooses a row by its place among those shown.
    pub fn choose(&mut self, place: usize) {
        let row = self
            .rows
            .get(place)
            .and_then(|row| self.summaries.get(*row));
        self.chosen = row.map(|row| (row.method.clone(), row.stem.clone()));
        self.list_songs();
    }

    /// Moves the choice up (−1) or down (1).
    pub fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        let to = self.chosen_row();
        let to = to.map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.choose(to);
        self.reveal = true;
    }

    fn list_songs(&mut self) {
        let Some((method, stem)) = &self.chosen else {
            self.lines.clear();
            return;
        };
        let of_method = self.scores.iter().filter(|track| track.method == *method);
        let of_method: Vec<&TrackScores> = of_method.collect();
        // Songs of which only others' scores are there were never begun here.
        let mut names: Vec<&str> = self.songs.iter().map(|song| song.name.as_str()).collect();
        for track in &of_method {
            if !names.contains(&track.song.as_str()) {
                names.push(&track.song);
            }
        }
        let line = |name: &str| {
            let track = of_method.iter().find(|track| track.song == name);
            let stem = track.and_then(|track| track.stem(stem));
            let values = stem.map_or(&[][..], |stem| stem.values(self.measure));
            let summary = summarise(values);
            let is_about = |trouble: &&Trouble| {
                trouble.song.as_deref().is_none_or(|song| song == name)
                    && trouble.method.as_ref().is_none_or(|of| of == method)
            };
            let trouble = self.troubles.iter().find(is_about);
            let problem = values.is_empty().then(|| {
                trouble.map_or_else(|| "no score".to_owned(), |trouble| trouble.reason.clone())
            });
            SongLine {
                song: name.to_owned(),
                median: summary.median,
                mean: summary.mean,
                nan: summary.nan,
                frames: values.len(),
                problem,
            }
        };
        self.lines = names.into_iter().map(line).collect();
    }

    /// What a method is.
    pub fn kind(&self, method: &str) -> MethodKind {
        let mut methods = self.methods.iter();
        let found = methods.find(|(name, _)| name == method);
        found.map_or(MethodKind::Method, |(_, kind)| *kind)
    }
}
