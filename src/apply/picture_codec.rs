//! Audio to a picture and back, in memory.
//!
//! ```text
//! clip ─► region ─► one channel ─► resample ─► STFT ─► (mel) ─► pixels
//! pixels ─► complex columns ─────────────────► inverse STFT ─► clip
//!      └──► mel values ─► magnitudes ─► phases found ──┘
//! ```

use std::ops::Range;

use rayon::prelude::*;

use super::finite::finite;
use super::phase_blocks::{PhaseBlocks, Target};
use super::reconstruct::mixed_to_mono;
use super::separate::{Region, cut_region};
use crate::audio::{Clip, resample};
use crate::error::{Error, Result};
use crate::phase::PhaseSpec;
use crate::progress::Reporter;
use crate::spectral::codec::{
    Codec, CodecKind, PictureHeader, PictureValues, Pixels, decode, encode,
};
use crate::spectral::{
    Complex32, MelBank, MelInverse, MelInversion, MelSpec, Padding, Stft, StftSpec, Symmetry,
};

/// Bands of a mel picture unless chosen.
const DEFAULT_MEL_BANDS: usize = 512;
/// Sample rate of a mel picture in hertz unless chosen.
const MEL_RATE_HZ: u32 = 22_050;

/// How audio becomes a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodeOptions {
    /// Which numbers are where.
    pub codec: Codec,
    /// The transform.
    pub stft: StftSpec,
    /// The rate to work at in hertz; `None` is the song's own.
    pub sample_rate_hz: Option<u32>,
    /// The mel bank; only mel pictures use it.
    pub mel: MelSpec,
    /// The stretch; `None` is the whole song.
    pub region: Option<Region>,
}

impl EncodeOptions {
    /// A codec with its usual settings. Colour and split: 1024/256, a periodic Hann window, centred,
    /// mirrored ends, the song's rate. Mel: 2048/512, zeros beyond the ends, 512 bands, 22,050 Hz.
    pub fn new(codec: Codec) -> Self {
        let is_mel = codec.kind() == CodecKind::Mel;
        let stft = if is_mel {
            StftSpec::new(2048, 512)
        } else {
            StftSpec {
                padding: Padding::Reflect,
                ..StftSpec::new(1024, 256)
            }
        };
        Self {
            codec,
            stft,
            sample_rate_hz: is_mel.then_some(MEL_RATE_HZ),
            mel: MelSpec {
                bands: DEFAULT_MEL_BANDS,
                ..MelSpec::default()
            },
            region: None,
        }
    }

    fn header(&self, sample_rate_hz: u32, frames: usize) -> PictureHeader {
        let mel = (self.codec.kind() == CodecKind::Mel).then(|| self.mel.clone());
        PictureHeader::new(self.codec, self.stft.clone(), sample_rate_hz, frames, mel)
    }

    /// Checks the settings for a song at this rate, before it is worked on.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the value.
    pub fn validate(&self, song_rate_hz: u32) -> Result<()> {
        let rate = self.sample_rate_hz.unwrap_or(song_rate_hz);
        self.header(rate, 1).validate()
    }

    /// The samples that a picture shows: the region, in one channel, at the codec's rate. Samples
    /// that are no numbers are 0, and a warning says how many they were.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are none or a setting is out of range; [`Error::Io`];
    /// [`Error::Cancelled`].
    pub fn prepare(&self, clip: &Clip, reporter: &Reporter) -> Result<Clip> {
        self.validate(clip.sample_rate_hz())?;
        let mut sound = finite(cut_region(clip.clone(), self.region)?, reporter)?;
        if sound.num_channels() != 1 {
            sound = mixed_to_mono(&sound)?;
        }
        if sound.frames() == 0 {
            return Err(Error::setting(
                "input",
                "has no samples there, so there is nothing to encode",
            ));
        }
        match self.sample_rate_hz {
            Some(rate) => resample(&sound, rate, reporter),
            None => Ok(sound),
        }
    }
}

/// A clip as a picture, at the full scale where nothing is cut.
///
/// # Errors
/// As [`EncodeOptions::prepare`]; [`Error::Setting`] if the picture would be too large;
/// [`Error::Cancelled`].
pub fn encode_clip(
    clip: &Clip,
    options: &EncodeOptions,
    reporter: &Reporter,
) -> Result<(PictureHeader, Pixels)> {
    encode_prepared(&options.prepare(clip, reporter)?, options, reporter)
}

/// As [`encode_clip`], of what [`EncodeOptions::prepare`] has made.
pub(super) fn encode_prepared(
    sound: &Clip,
    options: &EncodeOptions,
    reporter: &Reporter,
) -> Result<(PictureHeader, Pixels)> {
    let mut header = options.header(sound.sample_rate_hz(), sound.frames());
    header.validate()?;
    reporter.step("Encoding", 0, 2)?;
    let columns = Stft::new(&header.stft)?
        .forward(&[sound.channel(0)])
        .channels
        .into_iter()
        .next()
        .unwrap_or_default();
    reporter.step("Encoding", 1, 2)?;
    let values = match &header.mel {
        Some(mel) => PictureValues::Mel(mel_values(&columns, mel, &header)?),
        None => PictureValues::Complex(columns),
    };
    header.full_scale = values.full_scale();
    let pixels = encode(&header, &values)?;
    reporter.step("Encoding", 2, 2)?;
    Ok((header, pixels))
}

/// Mel values, `columns × bands`.
fn mel_values(columns: &[Complex32], mel: &MelSpec, header: &PictureHeader) -> Result<Vec<f32>> {
    let bank = MelBank::new(mel, header.stft.n_fft, header.sample_rate_hz)?;
    let bins = header.stft.bins();
    let mut out = vec![0.0; header.width() * mel.bands];
    out.par_chunks_mut(mel.bands)
        .zip(columns.par_chunks(bins))
        .for_each_init(
            || vec![0.0; bins],
            |magnitudes, (out, column)| {
                for (magnitude, value) in magnitudes.iter_mut().zip(column) {
                    *magnitude = value.norm();
                }
                bank.apply(magnitudes, out);
            },
        );
    Ok(out)
}

/// The sound of a picture: one channel of exactly the header's frames. `phase` says how phases are
/// found for pictures that hold none, block by block in bounded memory; the others leave it aside.
///
/// # Errors
/// [`Error::Setting`] if header and pixels contradict each other, the phase method needs an input, or
/// the transform is too long for its hop, as in [`super::reconstruct()`]; [`Error::Cancelled`];
/// [`Error::Io`] if a long result cannot be kept on disk.
pub fn decode_pixels(
    header: &PictureHeader,
    pixels: &Pixels,
    phase: &PhaseSpec,
    reporter: &Reporter,
) -> Result<Clip> {
    reporter.step("Decoding", 0, 2)?;
    let values = decode(header, pixels)?;
    let stft = Stft::new(&header.stft)?.robust();
    reporter.step("Decoding", 1, 2)?;
    let clip = match (values, &header.mel) {
        (PictureValues::Mel(values), Some(mel)) => {
            let (n_fft, rate) = (header.stft.n_fft, header.sample_rate_hz);
            let inverse = MelInverse::new(mel, n_fft, rate, MelInversion::default())?;
            let blocks = PhaseBlocks {
                stft: &stft,
                phase,
                sample_rate_hz: rate,
                frames: header.frames,
                channels: 1,
                block_columns: None,
            };
            let mut target = |columns: Range<usize>| {
                let values = &values[columns.start * mel.bands..columns.end * mel.bands];
                Ok(Target {
                    magnitudes: vec![inverse.invert(values)],
                    input: None,
                })
            };
            blocks.run(&mut target, &mut |_| {}, reporter)?.clip
        }
        (PictureValues::Complex(columns), _) => {
            let samples = stft.inverse_channel(&columns, header.frames);
            Clip::new(header.sample_rate_hz, vec![samples])
        }
        (PictureValues::Mel(_), None) => {
            return Err(Error::setting("mel", "a mel picture needs its mel bank"));
        }
    };
    reporter.step("Decoding", 2, 2)?;
    Ok(clip)
}

/// What a picture of another program does not say about itself.
///
/// Its transform is taken to be n_fft = 2·(height − 1) with a Hann window of that length, centred
/// columns and mirrored ends.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Foreign {
    /// Which numbers are where; not a mel codec.
    pub codec: Option<Codec>,
    /// Samples of the audio per second.
    pub sample_rate_hz: Option<u32>,
    /// Samples between columns.
    pub hop_length: Option<usize>,
    /// The magnitude of the largest number, for samples of full scale 1.
    pub full_scale: Option<f32>,
    /// Samples of the audio; `None` is (width − 1)·hop.
    pub frames: Option<usize>,
    /// The window's period; `None` is periodic.
    pub symmetry: Option<Symmetry>,
}

impl Foreign {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The header of a picture that has none.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the flag that is missing or does not suit the picture.
    pub fn header(&self, pixels: &Pixels) -> Result<PictureHeader> {
        let missing = |flag: &str| {
            Error::setting(
                flag,
                "the picture does not say how it was made, so that this is needed; \
                 with --codec, --rate, --hop and --full-scale it can be decoded",
            )
        };
        let codec = self.codec.ok_or_else(|| missing("--codec"))?;
        let rate = self.sample_rate_hz.ok_or_else(|| missing("--rate"))?;
        let hop = self.hop_length.ok_or_else(|| missing("--hop"))?;
        let full_scale = self.full_scale.ok_or_else(|| missing("--full-scale"))?;
        if codec.kind() == CodecKind::Mel {
            return Err(Error::setting(
                "--codec",
                "a mel picture without its description does not tell its transform and cannot be decoded",
            ));
        }
        let mut stft = StftSpec::new(2 * pixels.height.saturating_sub(1), hop);
        stft.padding = Padding::Reflect;
        stft.symmetry = self.symmetry.unwrap_or_default();
        stft.validate()?;
        let frames = self
            .frames
            .unwrap_or_else(|| pixels.width.saturating_sub(1) * hop);
        let mut header = PictureHeader::new(codec, stft, rate, frames, None);
        header.full_scale = full_scale;
        header.validate()?;
        if header.width() != pixels.width {
            return Err(Error::setting(
                "--frames",
                format!(
                    "{frames} samples make {} columns, and the picture has {}",
                    header.width(),
                    pixels.width
                ),
            ));
        }
        header.check(pixels)?;
        Ok(header)
    }
}
