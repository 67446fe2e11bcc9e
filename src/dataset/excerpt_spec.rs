//! What excerpts are made of, and the text file that tells of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::read_toml;
use super::masks::{Polarity, SoftLabels};
use crate::error::{Error, Result};
use crate::spectral::StftSpec;

/// The file that tells of a folder of excerpts.
pub const EXCERPTS_FILE: &str = "excerpts.toml";

/// What X and y of an excerpt are; all spectra are magnitudes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExcerptMode {
    /// Separation: X is the mixture, y labels of the stem's ideal binary mask.
    #[default]
    Svs,
    /// A denoising autoencoder: X is the stem, y is the stem.
    Dae,
    /// Voice activity: X is the mixture, the class with the stem; y is the rest, the one without.
    Vad,
}

impl std::str::FromStr for ExcerptMode {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "svs" => Ok(Self::Svs),
            "dae" => Ok(Self::Dae),
            "vad" => Ok(Self::Vad),
            _ => Err("choose svs, dae or vad".into()),
        }
    }
}

/// What excerpts are made, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ExcerptSpec {
    /// The destination: `train`, `valid` and `test` in it, as far as there are such songs.
    pub out: PathBuf,
    /// What X and y are.
    pub mode: ExcerptMode,
    /// The stem; "vocals" by default.
    pub stem: String,
    /// Excerpts of each song, each in an array of its own, 1 to 100 000; 1 by default.
    pub iterations: usize,
    /// Transform length in samples; 4096 by default.
    pub n_fft: usize,
    /// Samples between columns; 256 by default.
    pub hop_length: usize,
    /// Window length in samples; 1024 by default.
    pub win_length: usize,
    /// The rate in hertz; 22 050 by default.
    pub sample_rate_hz: u32,
    /// Columns of X, 1 to 4096; 9 by default.
    pub width: usize,
    /// Columns of y: 1 (the middle one; of an even width the one before the middle) or `width`;
    /// 9 by default.
    pub label_width: usize,
    /// Where the first excerpt begins, in seconds; 0 by default.
    pub start_secs: f64,
    /// Whether excerpts are spread evenly over the rest of each song; else excerpt i begins i
    /// lengths after the start, and 550 of 0.1 s reach no further than 55 s. Not by default.
    pub spread: bool,
    /// Whose share labels are high for; by default the stem's. The tool that these follow stores
    /// [`Polarity::Rest`].
    pub polarity: Polarity,
    /// The labels of a mask's 0 and 1; 0.02 and 0.98 by default.
    pub labels: SoftLabels,
    /// Whether excerpts that are there are replaced.
    pub overwrite: bool,
}

impl Default for ExcerptSpec {
    fn default() -> Self {
        Self {
            out: PathBuf::new(),
            mode: ExcerptMode::default(),
            stem: "vocals".to_owned(),
            iterations: 1,
            n_fft: 4096,
            hop_length: 256,
            win_length: 1024,
            sample_rate_hz: 22_050,
            width: 9,
            label_width: 9,
            start_secs: 0.0,
            spread: false,
            polarity: Polarity::default(),
            labels: SoftLabels::default(),
            overwrite: false,
        }
    }
}

impl ExcerptSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        self.stft().validate()?;
        // Nothing but the two values is looked at.
        self.labels.of(&[])?;
        if !(1..=100_000).contains(&self.iterations) {
            return Err(Error::setting("iterations", "must be 1 to 100000"));
        }
        if !(1..=4096).contains(&self.width) {
            return Err(Error::setting("width", "must be 1 to 4096"));
        }
        if self.label_width != 1 && self.label_width != self.width {
            let problem = format!("must be 1 or the width, {}", self.width);
            return Err(Error::setting("label width", problem));
        }
        if !(1_000..=768_000).contains(&self.sample_rate_hz) {
            return Err(Error::setting("rate", "must be 1000 to 768000 Hz"));
        }
        if !(0.0..=1e6).contains(&self.start_secs) {
            return Err(Error::setting("start", "must be 0 to 1000000 seconds"));
        }
        Ok(())
    }

    /// How spectra are made: a periodic Hann window, zeros beyond the ends.
    pub fn stft(&self) -> StftSpec {
        StftSpec {
            win_length: self.win_length,
            ..StftSpec::new(self.n_fft, self.hop_length)
        }
    }

    /// Samples of an excerpt: hop × width, rounded to 0.01 s and then to a length that makes
    /// exactly `width` columns. 2205 by default.
    pub fn excerpt_samples(&self) -> usize {
        let rate = f64::from(self.sample_rate_hz);
        let secs = (self.hop_length * self.width) as f64 / rate;
        let samples = ((secs * 100.0).round() / 100.0 * rate).round() as usize;
        let least = (self.hop_length * self.width.saturating_sub(1)).max(1);
        // Not `clamp`, which panics where the ends are crossed: a hop of 1 makes them so.
        samples
            .min((self.hop_length * self.width).saturating_sub(1))
            .max(least)
    }
}

/// A song's row in every array of its split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptSong {
    /// The row, from 0.
    pub row: usize,
    /// The song's name.
    pub name: String,
}

/// What `excerpts.toml` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExcerptManifest {
    /// The version of the program that made them.
    pub version: String,
    /// What X and y are.
    pub mode: ExcerptMode,
    /// The stem.
    pub stem: String,
    /// Arrays of each split.
    pub iterations: usize,
    /// Transform length in samples.
    pub n_fft: usize,
    /// Samples between columns.
    pub hop_length: usize,
    /// Window length in samples.
    pub win_length: usize,
    /// The rate in hertz.
    pub sample_rate_hz: u32,
    /// Columns of X.
    pub width: usize,
    /// Columns of y.
    pub label_width: usize,
    /// Samples of an excerpt.
    pub excerpt_samples: usize,
    /// Where the first excerpt begins, in seconds.
    pub start_secs: f64,
    /// Whether excerpts are spread over each song.
    pub spread: bool,
    /// What high labels mean, "target" (the stem) or "rest".
    pub polarity: String,
    /// The label of a mask's 0.
    pub label_low: f32,
    /// The label of a mask's 1.
    pub label_high: f32,
    /// Songs that are in no array, and why.
    pub left_out: BTreeMap<String, String>,
    /// The songs of each split by row.
    pub splits: BTreeMap<String, Vec<ExcerptSong>>,
}

impl ExcerptManifest {
    /// Reads a folder's `excerpts.toml`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Document`].
    pub fn read(folder: &Path) -> Result<Self> {
        read_toml("list of excerpts", &folder.join(EXCERPTS_FILE))
    }

    pub(super) fn of(spec: &ExcerptSpec) -> Self {
        let polarity = match spec.polarity {
            Polarity::Target => "target",
            Polarity::Rest => "rest",
        };
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: spec.mode,
            stem: spec.stem.clone(),
            iterations: spec.iterations,
            n_fft: spec.n_fft,
            hop_length: spec.hop_length,
            win_length: spec.win_length,
            sample_rate_hz: spec.sample_rate_hz,
            width: spec.width,
            label_width: spec.label_width,
            excerpt_samples: spec.excerpt_samples(),
            start_secs: spec.start_secs,
            spread: spec.spread,
            polarity: polarity.to_owned(),
            label_low: spec.labels.low,
            label_high: spec.labels.high,
            left_out: BTreeMap::new(),
            splits: BTreeMap::new(),
        }
    }
}
