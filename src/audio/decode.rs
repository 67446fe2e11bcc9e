//! Files in.
//!
//! Whatever decodes is given; damage is passed over with silence of the same length where its
//! length is known, and told as a warning that says how much. The encoder's delay and padding are
//! cut off wherever the file states them: MP3 (LAME), MP4 (edit list or iTunSMPB), Ogg, CAF.

use std::path::{Path, PathBuf};

use super::demux::{self, Demuxed, Trim};
use super::wav_read::WavReader;
use super::{Clip, ClipWriter, Planar, Source, Tags};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// File name endings that are worth trying, for dialogs and folders.
pub const SUPPORTED_EXTENSIONS: [&str; 18] = [
    "wav", "wave", "rf64", "aif", "aiff", "aifc", "caf", "flac", "mp3", "ogg", "oga", "opus",
    "aac", "m4a", "mp4", "mka", "mkv", "webm",
];
const MAX_CHANNELS: usize = 8;

/// One audio track of a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TrackInfo {
    /// Its number among the audio tracks, from 0.
    pub index: usize,
    /// Its name, if the file gives one.
    pub name: Option<String>,
    /// The codec's short name, or "unknown".
    pub codec: String,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AudioInfo {
    /// The file.
    pub path: PathBuf,
    /// Short name of the container, for example "wave" or "isomp4".
    pub container: String,
    /// Short name of the opened track's codec.
    pub codec: String,
    /// All audio tracks.
    pub tracks: Vec<TrackInfo>,
    /// Frames per second.
    pub sample_rate: u32,
    /// Channels, 1–8.
    pub channels: usize,
    /// Frames; from the header when opened, counted after decoding.
    pub frames: Option<u64>,
    /// Seconds, as `frames`.
    pub seconds: Option<f64>,
    /// Title and artist.
    #[serde(flatten)]
    pub tags: Tags,
    /// What was wrong with it.
    pub warnings: Vec<String>,
}

enum Inner {
    Wav(WavReader),
    Demuxed(Box<Demuxed>),
}

/// A file being decoded.
pub struct Decoder {
    info: AudioInfo,
    inner: Inner,
    /// Frames still to drop at the front (the encoder's delay).
    skip: u64,
    /// Frames still to come at most (what follows is the encoder's padding).
    left: Option<u64>,
    /// Whether `info.frames` is a promise that a whole file keeps.
    promised: bool,
    /// The block that opening the file had to decode to learn the rate.
    first: Option<Planar>,
    given: u64,
    done: bool,
    warnings: Vec<String>,
}

impl Decoder {
    /// Opens a file; `track` counts its audio tracks from 0, the default is the file's own choice.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Malformed`], [`Error::Unsupported`], or [`Error::Setting`] if there
    /// is no such track.
    pub fn open(path: &Path, track: Option<usize>) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(Error::io("open", path))?;
        if metadata.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            return Err(Error::io("read audio from", path)(error));
        }
        if metadata.len() == 0 {
            return Err(Error::Malformed {
                problem: "the file is empty".into(),
                path: path.into(),
            });
        }
        let mut decoder = match WavReader::open(path).map_err(Error::io("read", path))? {
            Some(wav) => Self::from_wav(path, wav, track)?,
            None => Self::from_demuxer(path, track)?,
        };
        if !(1..=MAX_CHANNELS).contains(&decoder.info.channels) {
            return Err(Error::Unsupported {
                problem: format!(
                    "{} channels; 1 to {MAX_CHANNELS} can be read",
                    decoder.info.channels
                ),
                path: path.into(),
            });
        }
        if let Some(frames) = decoder.info.frames {
            decoder.info.seconds = Some(frames as f64 / f64::from(decoder.info.sample_rate));
        }
        Ok(decoder)
    }

    fn from_wav(path: &Path, wav: WavReader, track: Option<usize>) -> Result<Self> {
        let codec = wav.codec().to_owned();
        let tracks = vec![TrackInfo {
            index: 0,
            name: None,
            codec: codec.clone(),
        }];
        choose_track(track, tracks.len(), 0)?;
        let mut warnings = Vec::new();
        if wav.promised_frames.is_none() {
            warnings.push("the header was never completed; read to the end of the file".to_owned());
        }
        Ok(Self {
            info: AudioInfo {
                path: path.into(),
                container: "wave".into(),
                codec,
                tracks,
                sample_rate: wav.sample_rate_hz,
                channels: wav.channels,
                frames: Some(wav.promised_frames.unwrap_or(wav.frames_left())),
                seconds: None,
                tags: wav.tags.clone(),
                warnings: Vec::new(),
            },
            promised: true,
            inner: Inner::Wav(wav),
            skip: 0,
            left: None,
            first: None,
            given: 0,
            done: false,
            warnings,
        })
    }

    fn from_demuxer(path: &Path, track: Option<usize>) -> Result<Self> {
        match Self::demuxed(path, track, true) {
            Err(error @ (Error::Malformed { .. } | Error::Unsupported { .. })) => {
                Self::demuxed(path, track, false).map_err(|_as_a_stream_too| error)
            }
            opened => opened,
        }
    }

    fn demuxed(path: &Path, track: Option<usize>, seekable: bool) -> Result<Self> {
        let (demuxed, info, trim) = demux::open(path, track, seekable)?;
        let mut this = Self {
            info,
            inner: Inner::Demuxed(Box::new(demuxed)),
            skip: 0,
            left: None,
            promised: false,
            first: None,
            given: 0,
            done: false,
            warnings: Vec::new(),
        };
        // The decoder knows the rate and the channels better than the container does.
        this.first = this.raw_block()?;
        let unknown = this.info.sample_rate == 0 || this.info.channels == 0;
        if this.first.is_none() && (unknown || trim.coded_frames != Some(0)) {
            return Err(Error::Malformed {
                problem: "nothing in the file can be decoded".into(),
                path: path.into(),
            });
        }
        this.plan_trim(&trim);
        Ok(this)
    }

    /// Works out what of the coded frames is music.
    fn plan_trim(&mut self, trim: &Trim) {
        let rate = u64::from(self.info.sample_rate);
        match self.info.container.as_str() {
            "isomp4" => {
                if let Some((delay, frames)) = trim.itunes {
                    self.skip = delay;
                    self.left = Some(frames);
                } else if let Some(m) = &trim.mp4_track {
                    let frames = |ticks: u64| {
                        let per_tick = rate as f64 / f64::from(m.timescale.max(1));
                        (ticks as f64 * per_tick).round() as u64
                    };
                    self.skip = frames(m.start_ticks).max(trim.opus_skip.unwrap_or(0));
                    let rest = trim
                        .coded_frames
                        .map(|total| total.saturating_sub(self.skip));
                    self.left = m.length_ticks.map(frames).or(rest);
                }
                self.info.frames = self.left;
                self.promised = self.left.is_some();
            }
            "caf" => {
                self.skip = trim.delay.unwrap_or(0);
                self.left = trim.coded_frames.filter(|_| self.skip > 0);
                self.info.frames = trim.coded_frames;
            }
            container => {
                self.skip = trim.opus_skip.unwrap_or(0);
                // An MP3 without LAME's header, and ADTS, only guess their length.
                let guessed =
                    container == "aac" || (container.starts_with("mp") && trim.delay.is_none());
                let frames = trim
                    .coded_frames
                    .filter(|_| trim.ticks_per_sec == Some(rate) && !guessed);
                self.info.frames = frames.map(|frames| frames.saturating_sub(self.skip));
                self.promised = frames.is_some() && !trim.is_vorbis;
            }
        }
    }

    /// What the file is. `frames` is the header's word until everything is decoded.
    pub fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// The rest of the file as a clip, with what it is and what was wrong with it; `see` is shown
    /// every block on the way.
    ///
    /// # Errors
    /// As [`Source::next_block`], and [`Error::Cancelled`].
    pub fn read_all(
        mut self,
        reporter: &Reporter,
        mut see: impl FnMut(&Planar),
    ) -> Result<(Clip, AudioInfo)> {
        let total = self.frames_hint().unwrap_or(0);
        let folder = crate::paths::cache_dir();
        let mut clip = ClipWriter::new(self.sample_rate_hz(), self.channels(), folder);
        let mut done = 0;
        while let Some(block) = self.next_block()? {
            done += block.first().map_or(0, Vec::len) as u64;
            see(&block);
            clip.push(&block)?;
            reporter.step("Reading", done, total)?;
        }
        self.info.warnings = self.take_warnings();
        Ok((clip.finish()?, self.info))
    }

    /// The next decoded block before trimming.
    fn raw_block(&mut self) -> Result<Option<Planar>> {
        match &mut self.inner {
            Inner::Wav(wav) => wav.next_block().map_err(Error::io("read", &self.info.path)),
            Inner::Demuxed(demuxed) => {
                let block = demuxed.next_block(&mut self.info, &mut self.warnings)?;
                Ok(block)
            }
        }
    }

    /// At the end: whether the file kept its word.
    fn finish(&mut self) {
        self.done = true;
        let rate = f64::from(self.info.sample_rate.max(1));
        let secs = |frames: u64| frames as f64 / rate;
        if let Inner::Demuxed(demuxed) = &self.inner
            && demuxed.damaged_frames > 0
        {
            self.warnings.push(format!(
                "damaged: {:.3} s could not be decoded and were replaced by silence",
                secs(demuxed.damaged_frames)
            ));
        }
        let early = matches!(&self.inner, Inner::Demuxed(d) if d.ended_early);
        match self.info.frames {
            Some(frames) if self.promised && self.given < frames => self.warnings.push(format!(
                "cut short: {:.3} s of {:.3} s are there",
                secs(self.given),
                secs(frames)
            )),
            None if early => self.warnings.push(format!(
                "cut short: the file ends in the middle of a packet after {:.3} s",
                secs(self.given)
            )),
            _ => {}
        }
        self.info.frames = Some(self.given);
        self.info.seconds = Some(secs(self.given));
    }
}

/// Frames of a file, all of it decoded: for those whose header does not tell.
///
/// # Errors
/// As [`Decoder::open`]; [`Error::Io`] while reading.
pub fn count_frames(path: &Path, track: Option<usize>) -> Result<u64> {
    let mut decoder = Decoder::open(path, track)?;
    let mut frames = 0;
    while let Some(block) = decoder.next_block()? {
        frames += block.first().map_or(0, Vec::len) as u64;
    }
    Ok(frames)
}

impl Source for Decoder {
    fn sample_rate_hz(&self) -> u32 {
        self.info.sample_rate
    }

    fn channels(&self) -> usize {
        self.info.channels
    }

    fn frames_hint(&self) -> Option<u64> {
        self.info.frames
    }

    fn next_block(&mut self) -> Result<Option<Planar>> {
        while !self.done {
            let block = match self.first.take() {
                Some(block) => Some(block),
                None => self.raw_block()?,
            };
            let Some(mut block) = block else {
                self.finish();
                break;
            };
            let frames = block.first().map_or(0, Vec::len) as u64;
            let drop = self.skip.min(frames);
            self.skip -= drop;
            let keep = (frames - drop).min(self.left.unwrap_or(u64::MAX));
            if let Some(left) = &mut self.left {
                *left -= keep;
            }
            if keep < frames {
                for channel in &mut block {
                    channel.truncate((drop + keep) as usize);
                    channel.drain(..drop as usize);
                }
            }
            self.given += keep;
            if self.left == Some(0) {
                self.finish();
            }
            if keep > 0 {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}

pub(super) fn choose_track(wanted: Option<usize>, available: usize, usual: usize) -> Result<usize> {
    match wanted {
        None => Ok(usual),
        Some(index) if index < available => Ok(index),
        Some(index) => Err(Error::setting(
            "track",
            format!(
                "there is no track {index}; the file has tracks 0 to {}",
                available - 1
            ),
        )),
    }
}

/// What a file is, from its header alone.
///
/// # Errors
/// As [`Decoder::open`].
pub fn probe(path: &Path, track: Option<usize>) -> Result<AudioInfo> {
    Ok(Decoder::open(path, track)?.info)
}

/// A whole file as a clip, with what it is and what was wrong with it.
///
/// # Errors
/// As [`Decoder::open`], and [`Error::Cancelled`].
pub fn decode(path: &Path, track: Option<usize>, reporter: &Reporter) -> Result<(Clip, AudioInfo)> {
    Decoder::open(path, track)?.read_all(reporter, |_| {})
}
