//! What a picture has to say about itself so that it can become sound again.

use serde::{Deserialize, Serialize};

use super::{Codec, CodecKind, Depth, Pixels};
use crate::error::{Error, Result};
use crate::spectral::{MelSpec, StftSpec};

/// The version that is written, and the newest that can be read.
const VERSION: u32 = 1;
/// The most pixels of a picture: 50 minutes at 44.1 kHz with a hop of 256.
pub const MAX_PIXELS: usize = 1 << 28;
/// Range of the logarithmic scale in dB unless chosen.
///
/// Measured on music (1024/256, SNR over all bins): 8 bits have 41 dB at 42 dB, 37 dB at 96 dB and
/// 32 dB on the linear scale; 16 bits have 89, 86 and 80 dB. The best lies at 30–42 dB, where
/// magnitude and phase err alike; the widest of these keeps most of what is quiet: the smallest
/// number of 8 bits is 76 dB below the loudest.
pub const DEFAULT_RANGE_DB: f32 = 42.0;
/// Range of mel pictures in dB unless chosen.
pub const DEFAULT_MEL_RANGE_DB: f32 = 100.0;

/// The sample rates that audio may have, in hertz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 1000..=384_000;
/// The most weights of a mel bank, bands × bins.
const MAX_BANK: usize = 1 << 24;
/// More samples than any file has; below it no sum overflows.
const MAX_FRAMES: usize = 1 << 40;

/// All that decoding needs besides the pixels. Stored as JSON in PNG and TIFF, packed in BMP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureHeader {
    /// Version of this header, 1.
    pub version: u32,
    /// Which numbers are where.
    pub codec: Codec,
    /// The transform.
    pub stft: StftSpec,
    /// Samples of the audio per second, 1000–384,000.
    pub sample_rate_hz: u32,
    /// Samples of the audio, 1 or more.
    pub frames: usize,
    /// What the largest number stands for, above 0: a magnitude of the STFT, or a mel value in
    /// the bank's power.
    pub full_scale: f32,
    /// Range of the logarithmic scale in dB, above 0, at most 200. A linear scale has none and
    /// leaves it aside.
    pub range_db: f32,
    /// The mel bank; only of mel pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mel: Option<MelSpec>,
}

impl PictureHeader {
    /// A header with full scale 1 and the usual range. `mel` is only for mel pictures.
    pub fn new(
        codec: Codec,
        stft: StftSpec,
        sample_rate_hz: u32,
        frames: usize,
        mel: Option<MelSpec>,
    ) -> Self {
        Self {
            version: VERSION,
            codec,
            stft,
            sample_rate_hz,
            frames,
            full_scale: 1.0,
            range_db: match codec.kind() {
                CodecKind::Mel => DEFAULT_MEL_RANGE_DB,
                _ => DEFAULT_RANGE_DB,
            },
            mel,
        }
    }

    /// Width of the picture in pixels: the columns of the audio.
    pub fn width(&self) -> usize {
        self.stft.columns(self.frames)
    }

    /// Height of the picture in pixels: its bins, or its mel bands.
    pub fn height(&self) -> usize {
        self.mel
            .as_ref()
            .map_or_else(|| self.stft.bins(), |mel| mel.bands)
    }

    /// Checks every value, and that neither the picture nor its spectrogram is beyond
    /// [`MAX_PIXELS`].
    ///
    /// # Errors
    /// [`Error::Setting`] that names the value.
    pub fn validate(&self) -> Result<()> {
        if self.version != VERSION {
            return Err(Error::setting(
                "version",
                format!(
                    "{} is newer than this program, which reads {VERSION}",
                    self.version
                ),
            ));
        }
        self.stft.validate()?;
        if !RATES_HZ.contains(&self.sample_rate_hz) {
            return Err(Error::setting(
                "rate",
                format!(
                    "{} is not within {} to {} Hz",
                    self.sample_rate_hz,
                    RATES_HZ.start(),
                    RATES_HZ.end()
                ),
            ));
        }
        if self.frames == 0 || self.frames > MAX_FRAMES {
            return Err(Error::setting(
                "frames",
                format!("{} is not within 1 to {MAX_FRAMES}", self.frames),
            ));
        }
        if !(self.full_scale > 0.0 && self.full_scale.is_finite()) {
            return Err(Error::setting("full-scale", "must be above 0 and finite"));
        }
        if !(self.range_db > 0.0 && self.range_db <= 200.0) {
            return Err(Error::setting(
                "range",
                format!("{} is not within 0 to 200 dB", self.range_db),
            ));
        }
        if self.mel.is_some() != (self.codec.kind() == CodecKind::Mel) {
            return Err(Error::setting(
                "mel",
                "mel pictures need a mel bank, and only they have one",
            ));
        }
        self.check_size()
    }

    fn check_size(&self) -> Result<()> {
        let too_many = |a: usize, b: usize| a.checked_mul(b).is_none_or(|n| n > MAX_PIXELS);
        if let Some(mel) = &self.mel {
            if mel.bands == 0 || mel.bands.saturating_mul(self.stft.bins()) > MAX_BANK {
                return Err(Error::setting(
                    "mels",
                    format!("{} bands cannot be computed", mel.bands),
                ));
            }
            if !(mel.power > 0.0 && mel.power.is_finite()) {
                return Err(Error::setting("mel.power", "must be above 0"));
            }
        }
        let most = self.height().max(self.stft.bins());
        if too_many(self.width(), most) {
            return Err(Error::setting(
                "duration",
                format!(
                    "a picture of {} × {} pixels is more than this program works on ({MAX_PIXELS} in all); choose a shorter stretch or a larger hop",
                    self.width(),
                    most
                ),
            ));
        }
        Ok(())
    }

    /// Checks that the pixels are as many and as deep as this header says.
    ///
    /// # Errors
    /// [`Error::Setting`] for the header as in [`Self::validate`], or about the picture.
    pub fn check(&self, pixels: &Pixels) -> Result<()> {
        self.validate()?;
        pixels.check()?;
        let wanted = (
            self.width(),
            self.height(),
            self.codec.channels(),
            self.codec.depth(),
        );
        let found = (pixels.width, pixels.height, pixels.channels, pixels.depth);
        if wanted == found {
            return Ok(());
        }
        let told = |(width, height, channels, depth): (usize, usize, usize, Depth)| {
            let bits = if depth.max() > 255 { 16 } else { 8 };
            format!("{width} × {height} pixels of {channels} × {bits} bits")
        };
        Err(Error::setting(
            "picture",
            format!(
                "it is {}, and {} were expected; a picture must not be resized or converted",
                told(found),
                told(wanted)
            ),
        ))
    }

    /// As stored in PNG and TIFF: JSON of plain ASCII.
    pub(super) fn to_json(&self) -> std::result::Result<String, String> {
        serde_json::to_string(self).map_err(|error| format!("it cannot be described: {error}"))
    }

    /// From [`Self::to_json`].
    pub(super) fn from_json(text: &str) -> std::result::Result<Self, String> {
        serde_json::from_str(text)
            .map_err(|error| format!("its description cannot be read: {error}"))
    }
}
