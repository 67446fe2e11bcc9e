//! Audio as pictures: a spectrogram's numbers become the numbers of pixels, and back.
//!
//! ```text
//! columns × bins ─► encode ─► Pixels ─► picture_bytes ─► PNG, BMP or TIFF
//!       ▲                                                       │
//!       └──────────── decode ◄─ Pixels ◄─ picture_from_bytes ◄──┘
//! ```
//!
//! A picture has one column of pixels per STFT column. Row 0, at the top, is DC (or the lowest mel
//! band), so that the row's number is the bin's number. A [`PictureHeader`] travels in the file and
//! says all that the way back needs. Knows bytes, not files: those are `apply`'s.
//!
//! Colour pictures are those of image-to-image networks for music: red is the magnitude, green the
//! phase, blue nothing. Two things differ from the usual ones: values are rounded and held in
//! range, and the way back is magnitude · e^(j·phase).

mod bmp;
mod formats;
mod header;
mod pixels;
mod png;
mod tiff;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use formats::{PictureFormat, picture_bytes, picture_format, picture_from_bytes};
pub use header::{DEFAULT_MEL_RANGE_DB, DEFAULT_RANGE_DB, MAX_PIXELS, PictureHeader};
pub use pixels::{PictureValues, Pixels, decode, encode};

/// Which numbers are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodecKind {
    /// Red is the magnitude, green the phase, blue 0.
    Colour,
    /// Red and blue are the high and low byte of a 16-bit magnitude, green and alpha those of a
    /// 16-bit phase: red and green look like the colour picture.
    Split,
    /// Grey is the level of a mel band; there is no phase.
    Mel,
}

/// Bits of one number of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 0–255.
    Eight,
    /// 0–65,535.
    Sixteen,
}

impl Depth {
    /// The largest number.
    pub fn max(self) -> u16 {
        match self {
            Self::Eight => 255,
            Self::Sixteen => 65_535,
        }
    }
}

/// How a magnitude becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodecScale {
    /// In proportion.
    Linear,
    /// By a logarithm that starts at zero: quiet parts get more of the numbers.
    Log,
}

/// A way of writing audio as a picture, as people choose it by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Codec {
    /// `colour-8`: magnitude (log) and phase in 8 bits each.
    #[default]
    #[serde(rename = "colour-8")]
    Colour8,
    /// `colour-8-linear`: the same with magnitudes in proportion, as other programs write it.
    #[serde(rename = "colour-8-linear")]
    Colour8Linear,
    /// `colour-16`: magnitude (log) and phase in 16 bits each.
    #[serde(rename = "colour-16")]
    Colour16,
    /// `colour-16-linear`: the same with magnitudes in proportion.
    #[serde(rename = "colour-16-linear")]
    Colour16Linear,
    /// `split`: 16 bits each, spread over the four channels of an 8-bit picture.
    #[serde(rename = "split")]
    Split,
    /// `split-linear`: the same with magnitudes in proportion.
    #[serde(rename = "split-linear")]
    SplitLinear,
    /// `mel`: mel bands in 8-bit grey, without phase.
    #[serde(rename = "mel")]
    Mel,
    /// `mel-16`: mel bands in 16-bit grey, without phase.
    #[serde(rename = "mel-16")]
    Mel16,
}

impl Codec {
    /// All of them, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::Colour8,
        Self::Colour8Linear,
        Self::Colour16,
        Self::Colour16Linear,
        Self::Split,
        Self::SplitLinear,
        Self::Mel,
        Self::Mel16,
    ];

    /// The name as typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Colour8 => "colour-8",
            Self::Colour8Linear => "colour-8-linear",
            Self::Colour16 => "colour-16",
            Self::Colour16Linear => "colour-16-linear",
            Self::Split => "split",
            Self::SplitLinear => "split-linear",
            Self::Mel => "mel",
            Self::Mel16 => "mel-16",
        }
    }

    /// What it is, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Colour8 => "magnitude (log) and phase, 8 bits each",
            Self::Colour8Linear => "magnitude (linear) and phase, 8 bits each",
            Self::Colour16 => "magnitude (log) and phase, 16 bits each",
            Self::Colour16Linear => "magnitude (linear) and phase, 16 bits each",
            Self::Split => "magnitude (log) and phase, 16 bits each in an 8-bit picture",
            Self::SplitLinear => "magnitude (linear) and phase, 16 bits each in an 8-bit picture",
            Self::Mel => "mel bands in dB, 8 bits, no phase",
            Self::Mel16 => "mel bands in dB, 16 bits, no phase",
        }
    }

    /// Which numbers are where.
    pub fn kind(self) -> CodecKind {
        match self {
            Self::Split | Self::SplitLinear => CodecKind::Split,
            Self::Mel | Self::Mel16 => CodecKind::Mel,
            _ => CodecKind::Colour,
        }
    }

    /// Bits of the picture's numbers.
    pub fn depth(self) -> Depth {
        match self {
            Self::Colour16 | Self::Colour16Linear | Self::Mel16 => Depth::Sixteen,
            _ => Depth::Eight,
        }
    }

    /// Bits that magnitude and phase have: those of the picture, or both bytes of a split one.
    pub fn precision(self) -> Depth {
        match self.kind() {
            CodecKind::Split => Depth::Sixteen,
            _ => self.depth(),
        }
    }

    /// How magnitudes become numbers.
    pub fn scale(self) -> CodecScale {
        match self {
            Self::Colour8Linear | Self::Colour16Linear | Self::SplitLinear => CodecScale::Linear,
            _ => CodecScale::Log,
        }
    }

    /// Numbers per pixel.
    pub fn channels(self) -> usize {
        match self.kind() {
            CodecKind::Colour => 3,
            CodecKind::Split => 4,
            CodecKind::Mel => 1,
        }
    }

    /// The files it can live in; the first is the usual one.
    pub fn formats(self) -> &'static [PictureFormat] {
        match self {
            Self::Colour8 | Self::Colour8Linear => &PictureFormat::ALL,
            _ => &[PictureFormat::Png, PictureFormat::Tiff],
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name() == text)
            .ok_or_else(|| {
                Error::setting(
                    "codec",
                    format!(
                        "{text:?} is none of {}",
                        Self::ALL.map(Self::name).join(", ")
                    ),
                )
            })
    }
}
