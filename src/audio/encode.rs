//! Files out: written beside their place under a temporary name, then renamed.
//!
//! Integer formats round with triangular dither of ±1 step (Lipshitz, Wannamaker and Vanderkooy,
//! "Quantization and dither: a theoretical survey", JAES 1992) at 16 bits; what is over full scale
//! is held at full scale, counted and told. Float keeps everything.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{make_readable, part_prefix};
use super::flac::FlacSink;
use super::wav::WavSink;
use super::{Tags, peak};
use crate::error::{Error, Result};

/// Room for a file's header and tags.
const HEADER_BYTES: u64 = 65_536;
/// The disk takes what is written while the work goes on, so that nobody waits for all of it at the
/// end.
const SYNC_EVERY_BYTES: u64 = 8 << 20;

/// What a file of results is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AudioFormat {
    /// WAV, 16-bit whole numbers with dither.
    Wav16,
    /// WAV, 24-bit whole numbers.
    #[default]
    Wav24,
    /// WAV, 32-bit floating point: nothing clips.
    Wav32f,
    /// FLAC, 24-bit: lossless at about half the size.
    Flac,
}

impl AudioFormat {
    /// All of them, in the order shown.
    pub const ALL: [Self; 4] = [Self::Wav16, Self::Wav24, Self::Wav32f, Self::Flac];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav16 => "wav16",
            Self::Wav24 => "wav24",
            Self::Wav32f => "wav32f",
            Self::Flac => "flac",
        }
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Wav16 => "WAV, 16 bit",
            Self::Wav24 => "WAV, 24 bit",
            Self::Wav32f => "WAV, 32 bit float",
            Self::Flac => "FLAC, 24 bit",
        }
    }

    /// The file name's ending, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Flac => "flac",
            _ => "wav",
        }
    }

    /// Bits of a whole number; `None` for float.
    pub fn integer_bits(self) -> Option<u32> {
        match self {
            Self::Wav16 => Some(16),
            Self::Wav24 | Self::Flac => Some(24),
            Self::Wav32f => None,
        }
    }

    /// Bytes that a file will take at most.
    pub fn bytes_for(self, frames: u64, channels: usize) -> u64 {
        let bytes = self.integer_bits().unwrap_or(32) / 8;
        frames * channels as u64 * u64::from(bytes) + HEADER_BYTES
    }

    /// Checks what the format can hold.
    ///
    /// # Errors
    /// [`Error::Setting`] if the rate or the number of channels is beyond it.
    pub fn validate(self, sample_rate_hz: u32, channels: usize) -> Result<()> {
        if channels == 0 || channels > 8 {
            return Err(Error::setting(
                "channels",
                format!("{channels} is not within 1 to 8"),
            ));
        }
        if self == Self::Flac && (sample_rate_hz == 0 || sample_rate_hz > 655_350) {
            return Err(Error::setting(
                "--format flac",
                format!("FLAC cannot hold {sample_rate_hz} Hz; choose wav24"),
            ));
        }
        Ok(())
    }
}

impl std::str::FromStr for AudioFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| {
                Error::setting(
                    "format",
                    format!("{name:?} is none of wav16, wav24, wav32f, flac"),
                )
            })
    }
}

/// What has been written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// Its frames.
    pub frames: u64,
    /// Largest absolute sample before any limiting; 1.0 is full scale.
    pub peak: f32,
    /// Samples over full scale that a whole-number format had to hold there.
    pub clipped_samples: u64,
}

enum Sink {
    Wav(WavSink),
    Flac(Box<FlacSink>),
}

/// Writes one file. Dropped before [`Self::finish`], it leaves nothing behind.
pub struct AudioWriter {
    sink: Option<Sink>,
    /// The same file, to send what is written on to the disk.
    disk: std::fs::File,
    unsynced_bytes: u64,
    format: AudioFormat,
    /// The temporary file; removed when dropped.
    part: tempfile::TempPath,
    path: PathBuf,
    overwrite: bool,
    frames: u64,
    peak: f32,
    clipped_samples: u64,
    dither: Dither,
    block: Vec<i32>,
}

impl AudioWriter {
    /// Starts a file at `path`, whose folder must exist.
    ///
    /// # Errors
    /// [`Error::Exists`] if it is there and `overwrite` is not given; [`Error::Io`] if the folder
    /// cannot be written; [`Error::Setting`] if the format cannot hold the audio.
    pub fn create(
        path: &Path,
        format: AudioFormat,
        sample_rate_hz: u32,
        channels: usize,
        tags: &Tags,
        overwrite: bool,
    ) -> Result<Self> {
        format.validate(sample_rate_hz, channels)?;
        if !overwrite && path.exists() {
            return Err(Error::Exists { path: path.into() });
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let part = tempfile::Builder::new()
            .prefix(&part_prefix(path))
            .suffix(".part")
            .tempfile_in(folder)
            .map_err(Error::io("create a file in", folder))?;
        let (file, part) = part.into_parts();
        let disk = file.try_clone().map_err(Error::io("write", path))?;
        let sink = match format {
            AudioFormat::Flac => Sink::Flac(Box::new(
                FlacSink::new(file, sample_rate_hz, channels, tags)
                    .map_err(Error::io("write", path))?,
            )),
            _ => Sink::Wav(
                WavSink::new(file, format, sample_rate_hz, channels, tags)
                    .map_err(Error::io("write", path))?,
            ),
        };
        Ok(Self {
            sink: Some(sink),
            disk,
            unsynced_bytes: 0,
            format,
            part,
            path: path.into(),
            overwrite,
            frames: 0,
            peak: 0.0,
            clipped_samples: 0,
            dither: Dither::default(),
            block: Vec::new(),
        })
    }

    /// Appends a block, `[channels][frames]`.
    ///
    /// # Errors
    /// [`Error::Io`], for example when the disk is full.
    pub fn push<C: AsRef<[f32]>>(&mut self, block: &[C]) -> Result<()> {
        let frames = block.first().map_or(0, |c| c.as_ref().len());
        self.frames += frames as u64;
        for channel in block {
            self.peak = self.peak.max(peak(channel.as_ref()));
        }
        let written = match (&mut self.sink, self.format.integer_bits()) {
            (Some(Sink::Wav(sink)), None) => sink.push_float(block, frames),
            (Some(Sink::Wav(sink)), Some(bits)) => {
                self.clipped_samples +=
                    quantise(block, frames, bits, &mut self.dither, &mut self.block);
                sink.push_integer(&self.block)
            }
            (Some(Sink::Flac(sink)), bits) => {
                let bits = bits.unwrap_or(24);
                self.clipped_samples +=
                    quantise(block, frames, bits, &mut self.dither, &mut self.block);
                sink.push(&self.block)
            }
            (None, _) => Ok(()),
        };
        written.map_err(Error::io("write", &self.path))?;
        self.unsynced_bytes += self.format.bytes_for(frames as u64, block.len()) - HEADER_BYTES;
        if self.unsynced_bytes >= SYNC_EVERY_BYTES {
            self.unsynced_bytes = 0;
            self.disk
                .sync_data()
                .map_err(Error::io("write", &self.path))?;
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Exists`] if somebody else made the file meanwhile.
    pub fn finish(mut self) -> Result<Written> {
        if self.frames == 0 && self.format == AudioFormat::Flac {
            // The format's encoder cannot write none: see FlacSink::finish.
            self.frames = 1;
        }
        let file = match self.sink.take() {
            Some(Sink::Wav(sink)) => sink.finish(),
            Some(Sink::Flac(sink)) => sink.finish(),
            None => return Err(Error::Cancelled),
        };
        // On the disk before it has a name: a power cut leaves the whole file or none.
        file.and_then(|file| file.sync_all())
            .map_err(Error::io("write", &self.path))?;
        let renamed = if self.overwrite {
            self.part.persist(&self.path)
        } else {
            self.part.persist_noclobber(&self.path)
        };
        match renamed {
            Ok(()) => {
                make_readable(&self.path);
                Ok(Written {
                    path: self.path,
                    frames: self.frames,
                    peak: self.peak,
                    clipped_samples: self.clipped_samples,
                })
            }
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::Exists { path: self.path })
            }
            Err(e) => Err(Error::io("rename the finished file to", &self.path)(
                e.error,
            )),
        }
    }
}

/// Interleaved whole numbers of `bits` bits; answers how many samples were over full scale.
fn quantise<C: AsRef<[f32]>>(
    block: &[C],
    frames: usize,
    bits: u32,
    dither: &mut Dither,
    out: &mut Vec<i32>,
) -> u64 {
    let scale = f64::from(1_u32 << (bits - 1));
    let (low, high) = (-scale as i32, (scale - 1.0) as i32);
    // Half away from zero; the cast cuts towards zero, holds at the ends, and makes 0 of NaN.
    let round = |x: f64| ((x + 0.5_f64.copysign(x)) as i32).clamp(low, high);
    let channels = block.len();
    out.clear();
    out.resize(frames * channels, 0);
    let mut clipped = 0;
    // Below 24 bits the rounding can be heard; dither makes it a steady, silent noise.
    if bits <= 16 {
        for (i, out) in out.chunks_exact_mut(channels.max(1)).enumerate() {
            for (out, channel) in out.iter_mut().zip(block) {
                let x = f64::from(channel.as_ref()[i]) * scale;
                clipped += u64::from(x.abs() > scale);
                *out = round(x + dither.next());
            }
        }
        return clipped;
    }
    for (c, channel) in block.iter().enumerate() {
        let out = out[c.min(frames * channels)..].iter_mut().step_by(channels);
        for (out, x) in out.zip(channel.as_ref()) {
            let x = f64::from(*x) * scale;
            clipped += u64::from(x.abs() > scale);
            *out = round(x);
        }
    }
    clipped
}

/// Triangular noise of ±1 step. The same for every file, so the same input gives the same bytes.
#[derive(Debug)]
struct Dither(u64);

impl Default for Dither {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Dither {
    fn next(&mut self) -> f64 {
        self.uniform() - self.uniform()
    }

    /// xorshift64* (Vigna 2016), 0–1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
