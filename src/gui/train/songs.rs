//! A folder of songs as rows: filtered, sorted, counted. Made on a worker, kept by the window.

use std::collections::{BTreeSet, HashSet};

use crate::dataset::{Layout, MUSDB_PARTS, Mixture, MultitrackSet, Song, Split};

/// With more stems in the folder than this a row shows only those that it has.
pub(super) const MOST_CHIPS: usize = 8;

/// A column that the table can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// The song's name.
    #[default]
    Song,
    /// What it is for.
    Split,
    /// Its length.
    Length,
    /// How many stems it lacks.
    Stems,
    /// How many problems it has.
    Problems,
    /// Whether it is left out.
    LeftOut,
}

/// Whether a stem can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StemState {
    /// It can be read.
    There,
    /// It is not there.
    Missing,
    /// A file of it cannot be read.
    Broken,
}

/// A stem of a song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StemChip {
    /// Its name.
    pub stem: String,
    /// Whether it can be had.
    pub state: StemState,
}

/// A song as the table shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SongRow {
    /// Its name.
    pub name: String,
    /// The name in small letters, for the filter.
    key: String,
    /// What it is for.
    pub split: Split,
    /// Length in seconds.
    pub seconds: f64,
    /// Its stems, and those that others have and it has not.
    pub chips: Vec<StemChip>,
    /// How many stems cannot be had.
    pub missing: usize,
    /// Whether there is a mixture to be heard.
    pub has_mixture: bool,
    /// Whether it has a file of its own, that can be opened.
    pub has_file: bool,
    /// How many problems it has.
    pub problems: usize,
    /// Their texts, a line each.
    pub problem_text: String,
    /// Whether the person left it out.
    pub left_out: bool,
}

/// What the songs come to; those that are left out count as such only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Songs.
    pub songs: usize,
    /// Their hours.
    pub hours: f64,
    /// Songs of each split, in the order of [`Split::ALL`].
    pub splits: [usize; 4],
    /// Stems that cannot be had.
    pub missing: usize,
    /// Songs with problems.
    pub troubled: usize,
    /// Songs that are left out.
    pub left_out: usize,
}

/// A folder of songs.
pub struct SongTable {
    /// What was found.
    pub set: MultitrackSet,
    /// All stems, in the order shown.
    pub stems: Vec<String>,
    /// A row per song of the set, in its order.
    pub rows: Vec<SongRow>,
    /// Which rows are shown, in order.
    pub shown: Vec<usize>,
    /// What all rows come to.
    pub summary: Summary,
    /// Only songs whose names hold this.
    pub filter: String,
    /// Only songs of this split.
    pub split: Option<Split>,
    /// Only songs with problems.
    pub only_problems: bool,
    /// The column the rows are sorted by, and whether backwards; none is the folder's order.
    pub sort: Option<(Column, bool)>,
    /// The row that keys act on.
    pub chosen: Option<usize>,
    /// Whether the chosen row is to be brought into view.
    pub(super) reveal: bool,
}

impl SongTable {
    /// The rows of a set.
    pub fn new(set: MultitrackSet) -> Self {
        let stems = stems_of(&set);
        let rows: Vec<SongRow> = set.songs.iter().map(|song| row(song, &stems)).collect();
        let mut table = Self {
            set,
            stems,
            rows,
            shown: Vec::new(),
            summary: Summary::default(),
            filter: String::new(),
            split: None,
            only_problems: false,
            sort: None,
            chosen: None,
            reveal: false,
        };
        table.arrange();
        table.count();
        table
    }

    /// Filters and sorts; to be called when one of these was changed.
    pub fn arrange(&mut self) {
        let wanted = self.filter.trim().to_lowercase();
        let fits = |row: &SongRow| {
            row.key.contains(&wanted)
                && self.split.is_none_or(|split| row.split == split)
                && (!self.only_problems || row.problems > 0)
        };
        let rows = &self.rows;
        let mut shown: Vec<usize> = (0..rows.len()).filter(|i| fits(&rows[*i])).collect();
        if let Some((column, backwards)) = self.sort {
            // Rows that are alike stay in the folder's order.
            shown.sort_by(|a, b| {
                let (a, b) = (&rows[*a], &rows[*b]);
                let order = match column {
                    Column::Song => a.key.cmp(&b.key),
                    Column::Split => a.split.cmp(&b.split),
                    Column::Length => a.seconds.total_cmp(&b.seconds),
                    Column::Stems => a.missing.cmp(&b.missing),
                    Column::Problems => a.problems.cmp(&b.problems),
                    Column::LeftOut => a.left_out.cmp(&b.left_out),
                };
                if backwards { order.reverse() } else { order }
            });
        }
        self.shown = shown;
    }

    /// Sorts by a column; once more turns it round, a third time is the folder's order again.
    pub fn sort_by(&mut self, column: Column) {
        self.sort = match self.sort {
            Some((sorted, false)) if sorted == column => Some((column, true)),
            Some((sorted, true)) if sorted == column => None,
            _ => Some((column, false)),
        };
        self.arrange();
    }

    /// Leaves out the songs of these names, and no others.
    pub fn leave_out(&mut self, names: &[String]) {
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        for row in &mut self.rows {
            row.left_out = names.contains(row.name.as_str());
        }
        self.arrange();
        self.count();
    }

    /// Names of the songs that are left out, each once.
    pub fn left_out(&self) -> Vec<String> {
        let rows = self.rows.iter().filter(|row| row.left_out);
        let names: BTreeSet<&str> = rows.map(|row| row.name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Moves the choice among the rows that are shown.
    pub fn choose(&mut self, by: isize) {
        let at = self
            .chosen
            .and_then(|row| self.shown.iter().position(|shown| *shown == row));
        let last = self.shown.len().saturating_sub(1);
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.chosen = self.shown.get(to).copied();
        self.reveal = true;
    }

    fn count(&mut self) {
        let mut summary = Summary::default();
        for row in &self.rows {
            if row.left_out {
                summary.left_out += 1;
                continue;
            }
            summary.songs += 1;
            summary.hours += row.seconds / 3600.0;
            summary.missing += row.missing;
            summary.troubled += usize::from(row.problems > 0);
            for (split, count) in Split::ALL.into_iter().zip(&mut summary.splits) {
                *count += usize::from(row.split == split);
            }
        }
        self.summary = summary;
    }
}

impl Summary {
    /// All of it in one line.
    pub fn text(&self, layout: Layout) -> String {
        let noun = |count: usize, one: &str| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} {one}{s}")
        };
        let splits = Split::ALL.into_iter().zip(self.splits);
        let splits: Vec<String> = splits
            .filter(|(_, count)| *count > 0)
            .map(|(split, count)| match split {
                Split::None => format!("no split {count}"),
                split => format!("{} {count}", split.name()),
            })
            .collect();
        let mut parts = vec![
            noun(self.songs, "song"),
            format!("{:.2} h", self.hours),
            splits.join(", "),
            layout.label().to_owned(),
            match self.missing {
                0 => "no stem missing".to_owned(),
                missing => format!("{} missing", noun(missing, "stem")),
            },
        ];
        if self.left_out > 0 {
            parts.push(format!("{} left out", self.left_out));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" · ")
    }
}

/// The stems that every song should have: MUSDB18's four, or whatever any song has.
fn stems_of(set: &MultitrackSet) -> Vec<String> {
    let mut known = HashSet::new();
    let mut stems: Vec<String> = Vec::new();
    let standard = MUSDB_PARTS.iter().map(|part| (*part).to_owned());
    let standard: Vec<String> = match set.layout {
        Layout::Folder => Vec::new(),
        _ => standard.collect(),
    };
    let own = set.songs.iter().flat_map(own_stems);
    for stem in standard.into_iter().chain(own) {
        if known.insert(stem.to_lowercase()) {
            stems.push(stem);
        }
    }
    stems
}

/// What a song has or had.
fn own_stems(song: &Song) -> Vec<String> {
    let read = song.stems().into_iter().map(str::to_owned);
    read.chain(song.lost_stems.iter().cloned()).collect()
}

fn row(song: &Song, stems: &[String]) -> SongRow {
    let lower = |name: &str| name.to_lowercase();
    let there: HashSet<String> = song.stems().into_iter().map(lower).collect();
    let lost: HashSet<String> = song.lost_stems.iter().map(|name| lower(name)).collect();
    let mut chips: Vec<StemChip> = stems
        .iter()
        .map(|stem| {
            let key = stem.to_lowercase();
            let state = if there.contains(&key) {
                StemState::There
            } else if lost.contains(&key) {
                StemState::Broken
            } else {
                StemState::Missing
            };
            let stem = stem.clone();
            StemChip { stem, state }
        })
        .collect();
    let missing = chips.iter().filter(|chip| chip.state != StemState::There);
    let missing = missing.count();
    if chips.len() > MOST_CHIPS {
        chips.retain(|chip| chip.state != StemState::Missing);
    }
    let texts: Vec<&str> = song.problems.iter().map(|p| p.text.as_str()).collect();
    SongRow {
        name: song.name.clone(),
        key: song.name.to_lowercase(),
        split: song.split,
        seconds: song.seconds,
        chips,
        missing,
        has_mixture: song.mixture.is_some(),
        has_file: matches!(song.mixture, Some(Mixture::File(_))),
        problems: texts.len(),
        problem_text: texts.join("\n"),
        left_out: false,
    }
}
