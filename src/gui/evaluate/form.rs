//! What the form holds, and the request that it stands for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::methods::{MethodChoice, MethodWhat};
use super::output::Output;
use super::work::{MeasureRequest, References};
use crate::apply::Region;
use crate::dataset::Split;
use crate::error::{Error, Result};
use crate::evaluate::{EvaluateSpec, Metric, OracleKind, Renames, TrackSpec};
use crate::session::Id;

/// What a row of methods is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A folder of files.
    Estimates,
    /// A model that is run.
    Model,
    /// Scores of others.
    Museval,
    /// A ceiling.
    Oracle,
    /// The floor.
    Mixture,
}

impl RowKind {
    /// All of them, in the order shown.
    pub const ALL: [Self; 5] = [
        Self::Estimates,
        Self::Model,
        Self::Museval,
        Self::Oracle,
        Self::Mixture,
    ];

    /// What it is called, and what it is.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Estimates => (
                "Estimates",
                "A folder of separated files: SONG/STEM.wav or SONG (STEM).wav",
            ),
            Self::Model => ("Model", "A separator that is run on the mixtures"),
            Self::Museval => (
                "museval scores",
                "Scores of others as JSON files, such as the archive of SiSEC 2018",
            ),
            Self::Oracle => (
                "Oracle",
                "The best that masks can do, made with knowledge of the truth",
            ),
            Self::Mixture => (
                "Untouched mixture",
                "The mixture as the estimate of every stem: the floor",
            ),
        }
    }
}

/// An oracle's name for people.
pub(super) fn oracle_label(kind: OracleKind) -> &'static str {
    match kind {
        OracleKind::Ibm => "Binary mask (IBM)",
        OracleKind::Irm1 => "Ratio mask of magnitudes (IRM 1)",
        OracleKind::Irm2 => "Ratio mask of powers (IRM 2)",
        OracleKind::Mwf => "Multichannel Wiener filter (MWF)",
    }
}

/// A metric's name for people, and what it is.
pub(super) fn metric_label(metric: Metric) -> (&'static str, &'static str) {
    match metric {
        Metric::Bss4 => (
            "BSSEval v4",
            "SDR, ISR, SIR and SAR per second, as museval computes them",
        ),
        Metric::Bss3 => (
            "BSSEval v3, sources",
            "SDR, SIR and SAR of the channels' mean, one value per song",
        ),
        Metric::SiSdr => ("SI-SDR", "SDR at the best gain, one value per song"),
        Metric::Snr => ("SNR", "Level of the truth against that of the difference"),
        Metric::Sdr => (
            "SDR of the whole song",
            "As the Music Demixing Challenge 2021 has it",
        ),
        Metric::Lsd => ("Log-spectral distance", "In dB; lower is better"),
        Metric::L1 => (
            "Picture L1",
            "Mean difference of the pictures that the timbre network sees; lower is better",
        ),
    }
}

/// A method of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodRow {
    /// Its own number, that no other row gets.
    pub number: u64,
    /// What it is.
    pub kind: RowKind,
    /// Its name; empty for its own.
    pub name: String,
    /// The folder, or the JSON file.
    pub path: String,
    /// The model's id.
    pub model: String,
    /// The ceiling.
    pub oracle: OracleKind,
    /// Stems by other names, as NAME=STEM with commas between; empty takes a model's usual ones.
    pub renames: String,
}

/// What is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateForm {
    /// The takes of the open song rather than a folder of songs.
    pub of_song: bool,
    /// The folder of songs with true stems.
    pub folder: String,
    /// The folder of the open song's true stems; empty for the one that was found.
    pub truth: String,
    /// Only songs for this purpose.
    pub split: Option<Split>,
    /// At most this many songs; 0 is all.
    pub most_songs: usize,
    /// Where the stretch starts.
    pub start_secs: f64,
    /// How long it is; 0 is to the end.
    pub duration_secs: f64,
    /// The methods.
    pub rows: Vec<MethodRow>,
    /// Takes of open songs that are left out.
    pub left_out: BTreeSet<Id>,
    /// What is measured.
    pub metrics: Vec<(Metric, bool)>,
    /// Where scores are written, in the order of [`Output::ALL`].
    pub outputs: [String; 3],
    /// Whether files of the same name may be replaced.
    pub overwrite: bool,
    next_number: u64,
}

impl Default for EvaluateForm {
    /// The floor and a method that is always there, so that a folder is all that is missing.
    fn default() -> Self {
        let mut form = Self {
            of_song: false,
            folder: String::new(),
            truth: String::new(),
            split: None,
            most_songs: 0,
            start_secs: 0.0,
            duration_secs: 0.0,
            rows: Vec::new(),
            left_out: BTreeSet::new(),
            metrics: Metric::ALL.map(|m| (m, m == Metric::Bss4)).to_vec(),
            outputs: [String::new(), String::new(), String::new()],
            overwrite: false,
            next_number: 0,
        };
        form.add(RowKind::Mixture);
        form.add(RowKind::Model);
        form
    }
}

impl EvaluateForm {
    /// A folder of songs with true stems.
    pub fn set_folder(&mut self, folder: &std::path::Path) {
        self.of_song = false;
        self.folder = folder.display().to_string();
    }

    /// One more row.
    pub fn add(&mut self, kind: RowKind) {
        self.next_number += 1;
        self.rows.push(MethodRow {
            number: self.next_number,
            kind,
            name: String::new(),
            path: String::new(),
            model: "hpss".into(),
            oracle: OracleKind::Irm2,
            renames: String::new(),
        });
    }

    /// Where scores are written as this.
    pub fn output_mut(&mut self, output: Output) -> &mut String {
        &mut self.outputs[output as usize]
    }

    /// The request. `takes` are those of the open song; `song` is its file and the folder of its
    /// true stems that was found.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the field.
    pub(super) fn request(
        &self,
        song: Option<(PathBuf, Option<PathBuf>)>,
        takes: Vec<MethodChoice>,
    ) -> Result<MeasureRequest> {
        let duration = (self.duration_secs > 0.0).then_some(self.duration_secs);
        let is_whole = self.start_secs == 0.0 && duration.is_none();
        let chosen = self.metrics.iter().filter(|(_, wanted)| *wanted);
        let spec = EvaluateSpec {
            metrics: chosen.map(|(metric, _)| *metric).collect(),
            region: (!is_whole).then_some(Region {
                start_secs: self.start_secs,
                duration_secs: duration,
            }),
            ..EvaluateSpec::default()
        };
        spec.validate()?;
        let mut methods = takes;
        for (place, row) in self.rows.iter().enumerate() {
            methods.push(row.choice(place + 1)?);
        }
        if methods.is_empty() {
            return Err(Error::setting("methods", "add one at least"));
        }
        Ok(MeasureRequest {
            references: self.references(song, &methods)?,
            methods,
            spec,
        })
    }

    fn references(
        &self,
        song: Option<(PathBuf, Option<PathBuf>)>,
        methods: &[MethodChoice],
    ) -> Result<References> {
        let name = "true stems";
        if self.of_song {
            let Some((path, found)) = song else {
                return Err(Error::setting("song", "open one, or choose a folder"));
            };
            let typed = self.truth.trim();
            let typed = (!typed.is_empty()).then(|| PathBuf::from(typed));
            return match typed.or(found) {
                Some(folder) => Ok(References::Song(folder, path)),
                None => {
                    let problem = "none were found for this song; choose the folder they lie in";
                    Err(Error::setting(name, problem))
                }
            };
        }
        let folder = self.folder.trim();
        let only_read = methods
            .iter()
            .all(|method| matches!(method.what, MethodWhat::Museval(_)));
        match (folder.is_empty(), only_read) {
            (true, true) => Ok(References::None),
            (true, false) => Err(Error::setting(name, "choose a folder of songs in stems")),
            (false, _) => {
                let spec = TrackSpec {
                    split: self.split,
                    exclude: Vec::new(),
                    n_songs: (self.most_songs > 0).then_some(self.most_songs),
                };
                Ok(References::Folder(PathBuf::from(folder), spec))
            }
        }
    }
}

impl MethodRow {
    fn choice(&self, place: usize) -> Result<MethodChoice> {
        let path = || {
            let path = self.path.trim();
            if path.is_empty() {
                let (what, _) = self.kind.heading();
                let problem = format!("choose a folder for {what}, or remove the row");
                return Err(Error::setting(format!("method {place}"), problem));
            }
            Ok(PathBuf::from(path))
        };
        let what = match self.kind {
            RowKind::Estimates => MethodWhat::Files(path()?),
            RowKind::Museval => MethodWhat::Museval(path()?),
            RowKind::Model => MethodWhat::Model(self.model.clone()),
            RowKind::Oracle => MethodWhat::Oracle(self.oracle),
            RowKind::Mixture => MethodWhat::Mixture,
        };
        let has_renames = matches!(self.kind, RowKind::Estimates | RowKind::Model);
        let renames = if has_renames {
            self.renames.as_str()
        } else {
            ""
        };
        Ok(MethodChoice {
            name: self.name.clone(),
            what,
            renames: parse_renames(renames, place)?,
        })
    }
}

/// `NAME=STEM, NAME=STEM`
fn parse_renames(text: &str, place: usize) -> Result<Renames> {
    let mut pairs = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let Some((from, to)) = part.split_once('=') else {
            let problem = format!("{part:?} is no rename; write NAME=STEM");
            return Err(Error::setting(format!("method {place}"), problem));
        };
        pairs.push((from.to_owned(), to.to_owned()));
    }
    Renames::new(&pairs)
}
