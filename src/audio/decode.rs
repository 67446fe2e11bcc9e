//! Files in. The only user of symphonia (and of its Opus adapter).
//!
//! Whatever decodes is given; damage is passed over with silence of the same length where its
//! length is known, and told as a warning that says how much. The encoder's delay and padding are
//! cut off wherever the file states them: MP3 (LAME), MP4 (edit list or iTunSMPB), Ogg, CAF.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::{MetadataOptions, RawValue, StandardTag};

use super::mp4::{self, Mp4Track};
use super::wav_read::WavReader;
use super::{Clip, ClipWriter, Planar, Source, Tags};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// File name endings that are worth trying, for dialogs and folders.
pub const SUPPORTED_EXTENSIONS: [&str; 18] = [
    "wav", "wave", "rf64", "aif", "aiff", "aifc", "caf", "flac", "mp3", "ogg", "oga", "opus", "aac", "m4a",
    "mp4", "mka", "mkv", "webm",
];
const MAX_CHANNELS: usize = 8;
/// Silence put in for one damaged stretch at most, in seconds.
const MAX_GAP_SECS: u64 = 60;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

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
    Symphonia(Box<Demuxed>),
}

struct Demuxed {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    is_flac: bool,
    planar: Planar,
    damaged_frames: u64,
    /// Frames given out before trimming.
    position: u64,
    ended_early: bool,
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
            return Err(Error::Unsupported {
                problem: "this is a folder, not an audio file".into(),
                path: path.into(),
            });
        }
        if metadata.len() == 0 {
            return Err(Error::Malformed {
                problem: "the file is empty".into(),
                path: path.into(),
            });
        }
        let mut decoder = match WavReader::open(path).map_err(Error::io("read", path))? {
            Some(wav) => Self::from_wav(path, wav, track)?,
            None => Self::from_symphonia(path, track)?,
        };
        if !(1..=MAX_CHANNELS).contains(&decoder.info.channels) {
            return Err(Error::Unsupported {
                problem: format!("{} channels; 1 to {MAX_CHANNELS} can be read", decoder.info.channels),
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
        let tracks = vec![TrackInfo { index: 0, name: None, codec: codec.clone() }];
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

    fn from_symphonia(path: &Path, track: Option<usize>) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let mut format = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| open_error(error, path))?;
        let container = format.format_info().short_name.to_owned();
        let mp4_tracks = if container == "isomp4" { mp4::tracks(path) } else { Vec::new() };
        let audio: Vec<&Track> = format
            .tracks()
            .iter()
            .filter(|t| t.codec_params.as_ref().is_some_and(|p| p.is_audio()))
            .collect();
        let tracks: Vec<TrackInfo> = audio
            .iter()
            .enumerate()
            .map(|(index, t)| TrackInfo {
                index,
                name: mp4_tracks.iter().find(|m| m.id == t.id).and_then(|m| m.name.clone()),
                codec: codec_name(t).unwrap_or("unknown").to_owned(),
            })
            .collect();
        if tracks.is_empty() {
            return Err(Error::Unsupported { problem: "no audio in the file".into(), path: path.into() });
        }
        let preferred = format.default_track(TrackType::Audio).map(|t| t.id);
        let usual = audio
            .iter()
            .position(|t| Some(t.id) == preferred && codec_name(t).is_some())
            .or_else(|| audio.iter().position(|t| codec_name(t).is_some()))
            .unwrap_or(0);
        let index = choose_track(track, tracks.len(), usual)?;
        let chosen = audio[index].clone();
        let mp4_track = mp4_tracks.into_iter().find(|m| m.id == chosen.id);
        let Some(params) = chosen.codec_params.as_ref().and_then(|p| p.audio()).cloned() else {
            return Err(Error::Unsupported { problem: "no audio in the file".into(), path: path.into() });
        };
        let unsupported = |error: SymphoniaError| Error::Unsupported {
            problem: format!("cannot decode {} audio ({error})", tracks[index].codec),
            path: path.into(),
        };
        let (params, opus_skip) = take_opus_pre_skip(params, &container);
        // Without LAME's header the length is a guess, and trimming to a guess would cut music.
        let gapless = params.codec != CODEC_ID_MP3 || chosen.delay.is_some();
        let decoder = CODECS
            .make_audio_decoder(&params, &AudioDecoderOptions::default().gapless(gapless))
            .map_err(unsupported)?;
        let tags = read_tags(&mut *format);
        let smpb = if container == "isomp4" { itunes_gaps(&mut *format) } else { None };
        let demuxed = Demuxed {
            format,
            decoder,
            track_id: chosen.id,
            is_flac: params.codec == CODEC_ID_FLAC,
            planar: Vec::new(),
            damaged_frames: 0,
            position: 0,
            ended_early: false,
        };
        let mut this = Self {
            info: AudioInfo {
                path: path.into(),
                container,
                codec: tracks[index].codec.clone(),
                tracks,
                sample_rate: params.sample_rate.unwrap_or(0),
                channels: params.channels.as_ref().map_or(0, |c| c.count()),
                frames: None,
                seconds: None,
                tags,
                warnings: Vec::new(),
            },
            inner: Inner::Symphonia(Box::new(demuxed)),
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
        if this.first.is_none() && (this.info.sample_rate == 0 || this.info.channels == 0) {
            return Err(Error::Malformed { problem: "nothing in the file can be decoded".into(), path: path.into() });
        }
        if this.first.is_none() && chosen.num_frames.unwrap_or(1) > 0 {
            return Err(Error::Malformed { problem: "nothing in the file can be decoded".into(), path: path.into() });
        }
        this.plan_trim(&chosen, params.codec == CODEC_ID_VORBIS, opus_skip, mp4_track, smpb);
        Ok(this)
    }

    /// Works out what of the coded frames is music.
    fn plan_trim(
        &mut self,
        track: &Track,
        is_vorbis: bool,
        opus_skip: Option<u64>,
        mp4_track: Option<Mp4Track>,
        itunes: Option<(u64, u64)>,
    ) {
        let rate = u64::from(self.info.sample_rate);
        let container = self.info.container.clone();
        match container.as_str() {
            "isomp4" => {
                let total = track.num_frames;
                let from_ticks = |ticks: u64, m: &Mp4Track| {
                    (ticks as f64 * rate as f64 / f64::from(m.timescale.max(1))).round() as u64
                };
                if let Some((delay, frames)) = itunes {
                    self.skip = delay;
                    self.left = Some(frames);
                } else if let Some(m) = &mp4_track {
                    self.skip = from_ticks(m.start_ticks, m).max(opus_skip.unwrap_or(0));
                    self.left = m
                        .length_ticks
                        .map(|ticks| from_ticks(ticks, m))
                        .or(total.map(|total| total.saturating_sub(self.skip)));
                }
                self.info.frames = self.left;
                self.promised = self.left.is_some();
            }
            "caf" => {
                self.skip = track.delay.map_or(0, u64::from);
                self.left = track.num_frames.filter(|_| self.skip > 0);
                self.info.frames = track.num_frames;
            }
            _ => {
                self.skip = opus_skip.unwrap_or(0);
                let per_rate = track.time_base.is_some_and(|tb| {
                    u64::from(tb.denom.get()) == rate * u64::from(tb.numer.get())
                });
                let frames = track.num_frames.filter(|_| per_rate);
                self.info.frames = frames.map(|frames| frames.saturating_sub(self.skip));
                // An MP3 without LAME's header, and ADTS, only guess their length.
                let guessed = container == "aac" || (container.starts_with("mp") && track.delay.is_none());
                self.promised = frames.is_some() && !guessed && !is_vorbis;
                if guessed {
                    self.info.frames = None;
                }
            }
        }
    }

    /// What the file is. `frames` is the header's word until everything is decoded.
    pub fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// The next decoded block before trimming.
    fn raw_block(&mut self) -> Result<Option<Planar>> {
        match &mut self.inner {
            Inner::Wav(wav) => wav.next_block().map_err(Error::io("read", &self.info.path)),
            Inner::Symphonia(demuxed) => {
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
        if let Inner::Symphonia(demuxed) = &self.inner && demuxed.damaged_frames > 0 {
            self.warnings.push(format!(
                "damaged: {:.3} s could not be decoded and were replaced by silence",
                secs(demuxed.damaged_frames)
            ));
        }
        let early = matches!(&self.inner, Inner::Symphonia(d) if d.ended_early);
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

impl Demuxed {
    fn next_block(&mut self, info: &mut AudioInfo, warnings: &mut Vec<String>) -> Result<Option<Planar>> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(SymphoniaError::ResetRequired) => {
                    warnings.push("the file goes on with another stream, which was left out".to_owned());
                    return Ok(None);
                }
                Err(SymphoniaError::IoError(e)) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
                    return Err(Error::io("read", &info.path)(e));
                }
                // Whatever else is wrong here, nothing more can be found in the file.
                Err(_) => {
                    self.ended_early = true;
                    return Ok(None);
                }
            };
            if packet.track_id != self.track_id {
                continue;
            }
            let lost = self.frames_missing_before(packet.pts.get(), info.sample_rate);
            match self.decoder.decode(&packet) {
                Ok(buffer) => {
                    let spec = buffer.spec();
                    let (rate, channels) = (spec.rate(), spec.channels().count());
                    if self.position == 0 && (info.sample_rate != rate || info.channels != channels) {
                        info.sample_rate = rate;
                        info.channels = channels;
                    } else if info.sample_rate != rate || info.channels != channels {
                        warnings.push(format!(
                            "the file changes to {channels} channels at {rate} Hz after {:.3} s; read up to there",
                            self.position as f64 / f64::from(info.sample_rate.max(1))
                        ));
                        return Ok(None);
                    }
                    buffer.copy_to_vecs_planar::<f32>(&mut self.planar);
                    let mut block = std::mem::take(&mut self.planar);
                    if lost > 0 {
                        self.damaged_frames += lost;
                        for channel in &mut block {
                            channel.splice(0..0, std::iter::repeat_n(0.0, lost as usize));
                        }
                    }
                    let frames = block.first().map_or(0, Vec::len);
                    self.position += frames as u64;
                    if frames > 0 {
                        return Ok(Some(block));
                    }
                }
                Err(SymphoniaError::DecodeError(_) | SymphoniaError::IoError(_)) => {
                    let frames = packet.dur.get().min(u64::from(info.sample_rate) * MAX_GAP_SECS);
                    // Before anything was decoded there is no telling what this would have been.
                    if self.position == 0 || info.channels == 0 {
                        continue;
                    }
                    self.damaged_frames += frames;
                    self.position += frames;
                    return Ok(Some(vec![vec![0.0; frames as usize]; info.channels]));
                }
                Err(error) => {
                    warnings.push(format!("decoding stopped: {error}"));
                    self.ended_early = true;
                    return Ok(None);
                }
            }
        }
    }

    /// FLAC's demuxer drops frames whose checksum is wrong; the next one's time shows how many.
    fn frames_missing_before(&self, pts: i64, sample_rate_hz: u32) -> u64 {
        if !self.is_flac || self.position == 0 {
            return 0;
        }
        let missing = u64::try_from(pts).unwrap_or(0).saturating_sub(self.position);
        missing.min(u64::from(sample_rate_hz) * MAX_GAP_SECS)
    }
}

fn choose_track(wanted: Option<usize>, available: usize, usual: usize) -> Result<usize> {
    match wanted {
        None => Ok(usual),
        Some(index) if index < available => Ok(index),
        Some(index) => Err(Error::setting(
            "track",
            format!("there is no track {index}; the file has tracks 0 to {}", available - 1),
        )),
    }
}

fn codec_name(track: &Track) -> Option<&'static str> {
    let params = track.codec_params.as_ref()?.audio()?;
    Some(CODECS.get_audio_decoder(params.codec)?.codec.info.short_name)
}

fn open_error(error: SymphoniaError, path: &Path) -> Error {
    match error {
        SymphoniaError::IoError(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::io("read", path)(e)
        }
        SymphoniaError::Unsupported(_) => Error::Unsupported {
            problem: "this is no audio file of a known kind".into(),
            path: path.into(),
        },
        error => Error::Malformed { problem: format!("the file's header is broken ({error})"), path: path.into() },
    }
}

/// Opus states its delay in a header that the adapter trims from one packet only; here it is
/// taken out of the header, to be trimmed from as many packets as it spans (RFC 7845, 4.2).
fn take_opus_pre_skip(mut params: AudioCodecParameters, container: &str) -> (AudioCodecParameters, Option<u64>) {
    const PRE_SKIP_AT: usize = 10;
    if params.codec != CODEC_ID_OPUS {
        return (params, None);
    }
    let mut skip = None;
    if let Some(head) = params.extra_data.as_mut().and_then(|x| x.get_mut(PRE_SKIP_AT..PRE_SKIP_AT + 2)) {
        let bytes = [head[0], head[1]];
        // MP4's form of the header is big-endian.
        let value = if container == "isomp4" { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        skip = Some(u64::from(value));
        head.fill(0);
    }
    (params, skip)
}

fn read_tags(format: &mut dyn FormatReader) -> Tags {
    let mut tags = Tags::default();
    let mut metadata = format.metadata();
    loop {
        if let Some(revision) = metadata.current() {
            for tag in &revision.media.tags {
                match &tag.std {
                    Some(StandardTag::TrackTitle(title)) => tags.title = Some(title.to_string()),
                    Some(StandardTag::Artist(artist)) => tags.artist = Some(artist.to_string()),
                    _ => {}
                }
            }
        }
        if metadata.is_latest() {
            return tags;
        }
        metadata.pop();
    }
}

/// iTunes' own gapless tag: delay and frames of music, as hexadecimal fields 1 and 3.
fn itunes_gaps(format: &mut dyn FormatReader) -> Option<(u64, u64)> {
    let metadata = format.metadata();
    let revision = metadata.current()?;
    let tag = revision.media.tags.iter().find(|tag| tag.raw.key.ends_with("iTunSMPB"))?;
    let RawValue::String(text) = &tag.raw.value else { return None };
    let fields: Vec<u64> = text
        .split_whitespace()
        .map_while(|field| u64::from_str_radix(field, 16).ok())
        .collect();
    match fields[..] {
        [_, delay, _, frames, ..] if frames > 0 => Some((delay, frames)),
        _ => None,
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
    let mut decoder = Decoder::open(path, track)?;
    let total = decoder.frames_hint().unwrap_or(0);
    let folder = crate::paths::cache_dir();
    let mut clip = ClipWriter::new(decoder.sample_rate_hz(), decoder.channels(), folder);
    let mut done = 0;
    while let Some(block) = decoder.next_block()? {
        done += block.first().map_or(0, Vec::len) as u64;
        clip.push(&block)?;
        reporter.step("Reading", done, total)?;
    }
    let mut info = decoder.info.clone();
    info.warnings = decoder.take_warnings();
    Ok((clip.finish()?, info))
}
