//! The model card: everything a network needs to be fed correctly, travelling with it.
//!
//! JSON under the key `stemloom.card` in the ONNX file's metadata, or a file `NAME.card.toml`
//! beside `NAME.onnx`, which wins.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::spectral::{MagnitudeScale, MelSpec, StftSpec};

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

/// What goes in and comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TensorKind {
    /// `[batch, channels, samples]` to stems of samples.
    WaveformStems,
    /// Magnitudes to a mask per stem, applied to the complex mixture.
    MagnitudeMask,
    /// Magnitudes to magnitudes per stem, given the mixture's phase.
    MagnitudeMagnitude,
    /// Real and imaginary parts as channels: L.re, L.im, R.re, R.im.
    ComplexChannels,
    /// A picture to a picture. Parsed, not run yet.
    PicturePicture,
    /// Mel to mel. Parsed, not run yet.
    MelMel,
    /// Mel to samples. Parsed, not run yet.
    MelWaveform,
    /// Magnitudes to activity. Parsed, not run yet.
    MagnitudeActivity,
    /// Frame by frame with states. Parsed, not run yet.
    Streaming,
}

impl TensorKind {
    /// Whether the network sees an STFT made here.
    pub fn is_spectral(self) -> bool {
        matches!(
            self,
            Self::MagnitudeMask | Self::MagnitudeMagnitude | Self::ComplexChannels
        )
    }

    /// Whether this version can run it.
    pub fn is_runnable(self) -> bool {
        self == Self::WaveformStems || self.is_spectral()
    }
}

/// Order of the last two axes of a spectral tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TensorAxes {
    /// `[…, bins, columns]`.
    #[default]
    FrequencyTime,
    /// `[…, columns, bins]`.
    TimeFrequency,
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

/// The `[tensor]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorCard {
    /// What goes in and comes out.
    pub kind: TensorKind,
    /// The input's name; empty means the graph's only input.
    #[serde(default)]
    pub input: String,
    /// The outputs' names: one that holds all stems, or one per stem; empty means all of the graph's.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// Order of bins and columns.
    #[serde(default)]
    pub axes: TensorAxes,
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

fn one() -> f32 {
    1.0
}

/// What stands in the bins that the network does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum BinFill {
    /// Silence.
    #[default]
    Zero,
    /// The mean mask of the bins kept.
    Average,
    /// The mixture itself.
    Mixture,
}

/// The `[output]` table: what is done with what comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputCard {
    /// Multiplied onto every estimate (UVR's "compensate"), above 0. Default 1.
    #[serde(default = "one")]
    pub compensate: f32,
    /// Whether the network answers upside down.
    #[serde(default)]
    pub inverted: bool,
    /// Name of a stem made of what is left of the mixture; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual: Option<String>,
    /// Phase of magnitude estimates; `input` (the mixture's) is the one there is.
    #[serde(default = "input_phase")]
    pub phase: String,
}

fn input_phase() -> String {
    "input".into()
}

impl Default for OutputCard {
    fn default() -> Self {
        Self {
            compensate: 1.0,
            inverted: false,
            residual: None,
            phase: input_phase(),
        }
    }
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

    /// Length of a segment in samples: for n columns of a centred STFT (n − 1)·hop, so that it has
    /// exactly n columns; uncentred, (n − 1)·hop + n_fft.
    pub fn segment_frames(&self) -> usize {
        match (&self.stft, self.segment.unit) {
            (Some(stft), SegmentUnit::Columns) => {
                let span = self.segment.length.saturating_sub(1) * stft.hop_length;
                (if stft.center { span } else { span + stft.n_fft }).max(1)
            }
            _ => self.segment.length,
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
