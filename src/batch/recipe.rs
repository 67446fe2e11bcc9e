//! What is done to every song of a queue: the same TOML for the window and the command line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::apply::{Params, PeakRule, PostProcess, Region};
use crate::audio::AudioFormat;
use crate::error::{Error, Result};

/// A model and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelUse {
    /// An id on the shelf, or an ONNX file.
    pub id: String,
    /// Settings of a weight-free method; those left out have their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, f64>,
}

impl ModelUse {
    /// A model with its default settings.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            params: BTreeMap::new(),
        }
    }

    pub(super) fn params(&self) -> Params {
        Params(self.params.clone())
    }
}

/// One more file: the song put together again, some stems louder or left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixdown {
    /// What stands for `{stem}` in its file name.
    pub name: String,
    /// Gains of stems in dB, −120 to 24.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gains_db: BTreeMap<String, f64>,
    /// Stems that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Whether everything not named above is in it, at its own level.
    #[serde(default = "yes")]
    pub others: bool,
}

fn yes() -> bool {
    true
}

/// What is done with a file of that name that no earlier run wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// The song is left out.
    #[default]
    Skip,
    /// The new files are called "… (2)".
    Number,
    /// The file is replaced.
    Overwrite,
}

impl Existing {
    /// All of them, in the order shown.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Number, Self::Overwrite];

    /// The name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Number => "number",
            Self::Overwrite => "overwrite",
        }
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Skip => "Leave the song out",
            Self::Number => "Number the new files",
            Self::Overwrite => "Replace them",
        }
    }
}

impl std::str::FromStr for Existing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.name() == name)
            .ok_or_else(|| {
                Error::setting(
                    "existing",
                    format!("{name:?} is none of skip, number, overwrite"),
                )
            })
    }
}

/// What is done to every song, and how the results are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// What it is for, in a few words.
    pub about: String,
    /// Stems to write, by name; left out, all of them; empty, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stems: Option<Vec<String>>,
    /// Steps after the separator.
    pub post: Vec<PostProcess>,
    /// The format of the files.
    pub format: AudioFormat,
    /// Sample rate of the files in hertz; left out, the song's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate_hz: Option<u32>,
    /// What is done about peaks over full scale.
    pub level: PeakRule,
    /// Whether a picture of mixture, masks and stems is written too.
    pub pictures: bool,
    /// The name of a file, without its ending; `/` makes folders.
    pub name: String,
    /// What is done with files that are there already.
    pub existing: Existing,
    /// The stretch of every song that is taken; left out, all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The models that every song goes through.
    pub models: Vec<ModelUse>,
    /// More files, put together from stems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mixdowns: Vec<Mixdown>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            about: String::new(),
            stems: None,
            post: Vec::new(),
            format: AudioFormat::default(),
            sample_rate_hz: None,
            level: PeakRule::Keep,
            pictures: false,
            name: "{name} ({stem})".into(),
            existing: Existing::Skip,
            region: None,
            models: vec![ModelUse::new("hpss")],
            mixdowns: Vec::new(),
        }
    }
}

/// One file that a recipe makes of a model's stems: its name and a gain for each stem; the last gain
/// is for what the stems leave of the mixture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pour {
    pub(super) name: String,
    pub(super) gains: Vec<f32>,
}

impl Recipe {
    /// Checks everything that can be checked without a model.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the entry.
    pub fn validate(&self) -> Result<()> {
        if self.models.is_empty() {
            return Err(Error::setting("models", "name one at least"));
        }
        for (at, model) in self.models.iter().enumerate() {
            if self.models[..at].contains(model) {
                return Err(Error::setting(
                    "models",
                    format!("{} is named twice", model.id),
                ));
            }
        }
        if self.models.len() > 1 && !self.name.contains("{model}") {
            return Err(Error::setting(
                "name",
                "several models need {model} in the name, or their files would be one",
            ));
        }
        if self.stems.as_ref().is_some_and(Vec::is_empty) && self.mixdowns.is_empty() {
            return Err(Error::setting(
                "stems",
                "there is nothing to write; name a stem or a mixdown",
            ));
        }
        if let Some(region) = &self.region {
            region.validate()?;
        }
        for mixdown in &self.mixdowns {
            mixdown.validate()?;
        }
        Ok(())
    }

    /// The files that this recipe makes of a model with these stems.
    ///
    /// # Errors
    /// [`Error::Setting`] if a stem that it names is not among them, or two files would have one
    /// name.
    pub(super) fn pours(&self, model: &str, stems: &[String]) -> Result<Vec<Pour>> {
        let index = |entry: &str, name: &str| {
            stems.iter().position(|s| s == name).ok_or_else(|| {
                let all = stems.join(", ");
                Error::setting(entry, format!("{model} has no stem {name:?}; it has {all}"))
            })
        };
        let all = || stems.to_vec();
        let mut pours = Vec::new();
        for name in self.stems.clone().unwrap_or_else(all) {
            let mut gains = vec![0.0; stems.len() + 1];
            gains[index("stems", &name)?] = 1.0;
            pours.push(Pour { name, gains });
        }
        for mixdown in &self.mixdowns {
            let others = if mixdown.others { 1.0 } else { 0.0 };
            let mut gains = vec![others; stems.len() + 1];
            for (stem, gain_db) in &mixdown.gains_db {
                gains[index("gains_db", stem)?] = 10_f64.powf(gain_db / 20.0) as f32;
            }
            for stem in &mixdown.without {
                gains[index("without", stem)?] = 0.0;
            }
            let name = mixdown.name.clone();
            pours.push(Pour { name, gains });
        }
        for (at, pour) in pours.iter().enumerate() {
            if pours[..at].iter().any(|other| other.name == pour.name) {
                let problem = format!("{:?} is the name of two files", pour.name);
                return Err(Error::setting("stems", problem));
            }
        }
        Ok(pours)
    }
}

impl Mixdown {
    fn validate(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::setting("mixdowns", "a mixdown needs a name"));
        }
        for (stem, gain_db) in &self.gains_db {
            if !(-120.0..=24.0).contains(gain_db) {
                let problem = format!("{stem}: {gain_db} is not within -120 to 24 dB");
                return Err(Error::setting("gains_db", problem));
            }
            if self.without.contains(stem) {
                let problem = format!("{stem} has a gain and is left out");
                return Err(Error::setting("without", problem));
            }
        }
        if !self.others && self.gains_db.is_empty() {
            let problem = format!("{:?} would be silent", self.name);
            return Err(Error::setting("mixdowns", problem));
        }
        Ok(())
    }
}
