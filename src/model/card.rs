//! The model card: everything a network needs to be fed correctly, travelling with it.
//!
//! JSON under the key `stemloom.card` in the ONNX file's metadata, or a file `NAME.card.toml`
//! beside `NAME.onnx`, which wins.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::card_output::{BinFill, OutputCard};
use super::card_tensor::TensorCard;
use crate::error::{Error, Result};
use crate::spectral::{DroppedBins, MagnitudePicture, MagnitudeScale, MelSpec, StftSpec};

/// The metadata key of a card inside an ONNX file.
pub const CARD_METADATA_KEY: &str = "stemloom.card";

/// What the network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Splits a mixture.
    #[default]
    Separate,
    /// Re-voices.
    Transfer,
    /// Cleans up.
    Enhance,
    /// Makes sound from mel pictures.
    Vocode,
    /// Finds activity.
    Detect,
}

/// How the song's channels meet the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum CardChannels {
    /// One channel, the mean of the song's; stems are mono (a mask still keeps the stereo image).
    Mono,
    /// Two channels.
    #[default]
    Stereo,
    /// One channel, run for each of the song's on its own.
    PerChannel,
}

/// The `[audio]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AudioCard {
    /// The rate the network was trained at, 1000–384000 Hz.
    pub sample_rate_hz: u32,
    /// The channel rule.
    pub channels: CardChannels,
}

/// Unit of a segment's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentUnit {
    /// Samples at the card's rate.
    #[default]
    Samples,
    /// Columns of the card's STFT.
    Columns,
}

/// The `[segment]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentCard {
    /// Length in `unit`, 1 or more.
    pub length: usize,
    /// The unit.
    #[serde(default)]
    pub unit: SegmentUnit,
    /// Whether the graph takes exactly this length; otherwise it is the longest given at once.
    #[serde(default)]
    pub fixed: bool,
    /// Share of a segment that overlaps its neighbour, 0–0.95. Default 0.25.
    #[serde(default = "quarter")]
    pub overlap: f64,
    /// How overlapping segments fade: `linear`, `triangle` or `hann`.
    #[serde(default)]
    pub window: FadeName,
    /// Samples at each end of a segment whose output is not used.
    #[serde(default)]
    pub border: usize,
}

/// Name of a fade; the pipeline's own type lives above this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum FadeName {
    /// Straight lines over the overlap.
    #[default]
    Linear,
    /// A triangle over the segment.
    Triangle,
    /// A Hann window over the segment.
    Hann,
}

fn quarter() -> f64 {
    0.25
}

/// Everything a network needs to be fed correctly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// Short name for commands: letters, digits, `-`, `_`, `.`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub task: Task,
    /// Names of the stems in the network's order.
    pub stems: Vec<String>,
    /// Licence of the weights.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How it was trained, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub training: String,
    /// Scores by name, for example `sdr_db.vocals`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub scores: std::collections::BTreeMap<String, f64>,
    /// Rate and channels.
    pub audio: AudioCard,
    /// Tensors.
    pub tensor: TensorCard,
    /// The front end; required where the network sees spectra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stft: Option<StftSpec>,
    /// Lowest bins that are set to zero before the network, as MDX-Net runners do.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub zeroed_low_bins: usize,
    /// Bins kept from the bottom; all of them if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins_kept: Option<usize>,
    /// What the other bins become.
    #[serde(default)]
    pub bin_fill: BinFill,
    /// The mel bank, for the kinds that use one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mel: Option<MelSpec>,
    /// Rows of a picture that is taller than its bands: the rows above them hold the value of
    /// silence, and are left out on the way back. At least the bands; absent, just those. For
    /// pictures, mel bands, activity, and networks run for every column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<usize>,
    /// Scale of magnitudes in and out.
    #[serde(default)]
    pub scale: MagnitudeScale,
    /// How to cut the song.
    pub segment: SegmentCard,
    /// What is done with the output.
    #[serde(default)]
    pub output: OutputCard,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl ModelCard {
    /// Reads a card from TOML text.
    ///
    /// # Errors
    /// [`Error::Card`] that names the field.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        let table: toml::Table =
            toml::from_str(text).map_err(|error| parse_error("", error.message(), path))?;
        let card: Self = serde_path_to_error::deserialize(table).map_err(|error| {
            parse_error(&error.path().to_string(), error.inner().message(), path)
        })?;
        card.validate(path)?;
        Ok(card)
    }

    /// Reads a card from JSON text.
    ///
    /// # Errors
    /// [`Error::Card`] that names the field.
    pub fn from_json(text: &str, path: &Path) -> Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let card: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            parse_error(&error.path().to_string(), &error.inner().to_string(), path)
        })?;
        card.validate(path)?;
        Ok(card)
    }

    /// The card as TOML.
    ///
    /// # Errors
    /// [`Error::Card`] if a value cannot be written.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self)
            .map_err(|error| parse_error("", &error.to_string(), Path::new("")))
    }

    /// The card as JSON, as it travels inside an ONNX file.
    ///
    /// # Errors
    /// [`Error::Card`] if a value cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| parse_error("", &error.to_string(), Path::new("")))
    }

    /// Length of a segment in samples: for n columns the shortest that has exactly n, which is
    /// (n − 1)·hop of a centred STFT and (n − 1)·hop + n_fft of an uncentred one.
    pub fn segment_frames(&self) -> usize {
        match (&self.stft, self.segment.unit) {
            (Some(stft), SegmentUnit::Columns) => {
                let span = self.segment.length.saturating_sub(1) * stft.hop_length;
                (span + stft.n_fft).saturating_sub(2 * stft.pad()).max(1)
            }
            _ => self.segment.length,
        }
    }

    /// Columns of a segment; 0 without an STFT.
    pub fn segment_columns(&self) -> usize {
        match (&self.stft, self.segment.unit) {
            (Some(_), SegmentUnit::Columns) => self.segment.length,
            (Some(stft), SegmentUnit::Samples) => stft.columns(self.segment.length),
            (None, _) => 0,
        }
    }

    /// Values per column that the network is told of: mel bands, or the bins kept.
    pub fn num_bands(&self) -> usize {
        let mel = self.mel.as_ref().filter(|_| self.tensor.kind.is_picture());
        let bins = self.stft.as_ref().map_or(0, StftSpec::bins);
        mel.map_or(self.bins_kept.unwrap_or(bins), |mel| mel.bands)
    }

    /// Rows of its pictures: the bands, and those above them that only fill up.
    pub fn num_rows(&self) -> usize {
        self.height.unwrap_or_else(|| self.num_bands())
    }

    /// The steps from magnitudes to what the network sees.
    pub fn magnitude_picture(&self) -> MagnitudePicture {
        MagnitudePicture {
            mel: self.mel.clone().filter(|_| self.tensor.kind.is_picture()),
            scale: self.scale,
            bins_kept: self.bins_kept,
            dropped: match self.bin_fill {
                BinFill::Mixture => DroppedBins::Input,
                BinFill::Zero | BinFill::Average => DroppedBins::Zero,
            },
            ..MagnitudePicture::default()
        }
    }

    /// Stems that come out, the residual last.
    pub fn all_stems(&self) -> Vec<String> {
        self.stems
            .iter()
            .chain(&self.output.residual)
            .cloned()
            .collect()
    }
}

/// Says which field a parser stumbled over: where it was, and the field it missed or did not know.
fn parse_error(place: &str, message: &str, path: &Path) -> Error {
    // serde names such fields between back-quotes: "missing field `stems`".
    let named = ["missing field", "unknown field"]
        .iter()
        .any(|start| message.starts_with(start))
        .then(|| message.split('`').nth(1))
        .flatten();
    let place = place.trim_matches('.');
    let field = match named {
        Some(name) if place.is_empty() || place == name => name.to_owned(),
        Some(name) if place.ends_with(&format!(".{name}")) => place.to_owned(),
        Some(name) => format!("{place}.{name}"),
        None if place.is_empty() => "(all)".to_owned(),
        None => place.to_owned(),
    };
    Error::Card {
        field,
        problem: message.to_owned(),
        path: path.into(),
    }
}
