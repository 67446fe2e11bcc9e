//! The card's `[tensor]` table: what goes in and comes out, and in which order.

pub use crate::spectral::PictureChannels;
use serde::{Deserialize, Serialize};

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
    /// A picture to a picture, `[batch, channels, rows, columns]` both.
    PicturePicture,
    /// Mel bands to mel bands, laid out as pictures.
    MelMel,
    /// Mel to samples. Parsed, not run yet.
    MelWaveform,
    /// A picture to one number from 0 to 1: whether something is to be heard in it.
    MagnitudeActivity,
    /// Frame by frame with states. Parsed, not run yet.
    Streaming,
}

impl TensorKind {
    /// Whether the network sees an STFT made here.
    pub fn is_spectral(self) -> bool {
        self.is_picture()
            || matches!(
                self,
                Self::MagnitudeMask | Self::MagnitudeMagnitude | Self::ComplexChannels
            )
    }

    /// Whether the network sees one picture of fixed width at a time, of bins or mel bands.
    pub fn is_picture(self) -> bool {
        matches!(
            self,
            Self::PicturePicture | Self::MelMel | Self::MagnitudeActivity
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
    /// Channels of the picture that goes in; other than `magnitude` only with `picture-picture`.
    #[serde(default, skip_serializing_if = "PictureChannels::is_default")]
    pub input_channels: PictureChannels,
    /// Channels of the picture that comes out; other than `magnitude` only with `picture-picture`.
    #[serde(default, skip_serializing_if = "PictureChannels::is_default")]
    pub output_channels: PictureChannels,
    /// Whether one more input channel, after the others, holds the magnitudes of a style: a stretch
    /// of any recording that sounds as the output should. Only with `picture-picture` and `mel-mel`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub style: bool,
    /// Whether the network is run for every column, with its neighbours in one window of
    /// `segment.length` columns, and answers one column or a window of which only the middle
    /// (column length/2, rounded down) is used. With masks, magnitudes and activity.
    #[serde(default, skip_serializing_if = "is_false")]
    pub every_column: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl TensorCard {
    /// The table of a kind, all else as it is unless said.
    pub fn new(kind: TensorKind) -> Self {
        Self {
            kind,
            input: String::new(),
            outputs: Vec::new(),
            axes: TensorAxes::default(),
            input_channels: PictureChannels::default(),
            output_channels: PictureChannels::default(),
            style: false,
            every_column: false,
        }
    }

    /// Channels of the tensor that goes in, the style's included. For kinds that see pictures.
    pub fn num_planes(&self) -> usize {
        self.input_channels.count() + usize::from(self.style)
    }
}
