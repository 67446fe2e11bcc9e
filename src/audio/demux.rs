//! Everything that is not plain WAV. The only user of symphonia and of its Opus adapter.

use std::fs::File;
use std::path::Path;
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{
    MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource,
};
use symphonia::core::meta::{MetadataOptions, RawValue, StandardTag};

use super::decode::{AudioInfo, TrackInfo, choose_track};
use super::mp4::{self, Mp4Track};
use super::{Planar, Tags};
use crate::error::{Error, Result};

/// Silence put in for one damaged stretch at most, in seconds.
const MAX_GAP_SECS: u64 = 60;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// What a container says about which coded frames are music.
pub(super) struct Trim {
    /// Frames in the container's own count.
    pub(super) coded_frames: Option<u64>,
    /// Frames of the encoder's delay, where the container tells.
    pub(super) delay: Option<u64>,
    /// Ticks of the container's clock per second.
    pub(super) ticks_per_sec: Option<u64>,
    pub(super) is_vorbis: bool,
    pub(super) opus_skip: Option<u64>,
    pub(super) mp4_track: Option<Mp4Track>,
    /// Delay and length as iTunes writes them.
    pub(super) itunes: Option<(u64, u64)>,
}

/// Opens a file and chooses a track. A file that is cut short may hide its start behind a search for
/// its end; read as a stream, not `seekable`, it still gives what is there.
pub(super) fn open(
    path: &Path,
    track: Option<usize>,
    seekable: bool,
) -> Result<(Demuxed, AudioInfo, Trim)> {
    let mut format = probe(path, seekable)?;
    let container = format.format_info().short_name.to_owned();
    let mp4_tracks = if container == "isomp4" {
        mp4::tracks(path)
    } else {
        Vec::new()
    };
    let is_audio = |t: &&Track| t.codec_params.as_ref().is_some_and(|p| p.is_audio());
    let audio: Vec<Track> = format.tracks().iter().filter(is_audio).cloned().collect();
    let tracks: Vec<TrackInfo> = audio
        .iter()
        .enumerate()
        .map(|(index, t)| TrackInfo {
            index,
            name: mp4_tracks
                .iter()
                .find(|m| m.id == t.id)
                .and_then(|m| m.name.clone()),
            codec: codec_name(t).unwrap_or("unknown").to_owned(),
        })
        .collect();
    let no_audio = || Error::Unsupported {
        problem: "no audio in the file".into(),
        path: path.into(),
    };
    if tracks.is_empty() {
        return Err(no_audio());
    }
    let preferred = format.default_track(TrackType::Audio).map(|t| t.id);
    let usual = audio
        .iter()
        .position(|t| Some(t.id) == preferred && codec_name(t).is_some())
        .or_else(|| audio.iter().position(|t| codec_name(t).is_some()))
        .unwrap_or(0);
    let index = choose_track(track, tracks.len(), usual)?;
    let chosen = &audio[index];
    let params = chosen
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .cloned();
    let (params, opus_skip) = take_opus_pre_skip(params.ok_or_else(no_audio)?, &container);
    // Without LAME's header the length is a guess, and trimming to a guess would cut music.
    let gapless = params.codec != CODEC_ID_MP3 || chosen.delay.is_some();
    let decoder = CODECS
        .make_audio_decoder(&params, &AudioDecoderOptions::default().gapless(gapless))
        .map_err(|error| Error::Unsupported {
            problem: format!("cannot decode {} audio ({error})", tracks[index].codec),
            path: path.into(),
        })?;
    let trim = Trim {
        coded_frames: chosen.num_frames,
        delay: chosen.delay.map(u64::from),
        ticks_per_sec: chosen
            .time_base
            .map(|tb| u64::from(tb.denom.get()) / u64::from(tb.numer.get())),
        is_vorbis: params.codec == CODEC_ID_VORBIS,
        opus_skip,
        itunes: if container == "isomp4" {
            itunes_gaps(&mut *format)
        } else {
            None
        },
        mp4_track: mp4_tracks.into_iter().find(|m| m.id == chosen.id),
    };
    let info = AudioInfo {
        path: path.into(),
        container,
        codec: tracks[index].codec.clone(),
        tracks,
        sample_rate: params.sample_rate.unwrap_or(0),
        channels: params.channels.as_ref().map_or(0, |c| c.count()),
        frames: None,
        seconds: None,
        tags: read_tags(&mut *format),
        warnings: Vec::new(),
    };
    let demuxed = Demuxed {
        track_id: chosen.id,
        is_flac: params.codec == CODEC_ID_FLAC,
        format,
        decoder,
        planar: Vec::new(),
        damaged_frames: 0,
        position: 0,
        ended_early: false,
    };
    Ok((demuxed, info, trim))
}

/// Finds the container.
fn probe(path: &Path, seekable: bool) -> Result<Box<dyn FormatReader>> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let source: Box<dyn MediaSource> = if seekable {
        Box::new(file)
    } else {
        Box::new(ReadOnlySource::new(file))
    };
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    symphonia::default::get_probe()
        .probe(
            &hint,
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(|error| open_error(error, path))
}

/// A demuxer and a decoder at work on one track.
pub(super) struct Demuxed {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    is_flac: bool,
    planar: Planar,
    pub(super) damaged_frames: u64,
    /// Frames given out before trimming.
    position: u64,
    pub(super) ended_early: bool,
}

impl Demuxed {
    /// The next decoded block; damage is replaced by silence or ends the stream.
    pub(super) fn next_block(
        &mut self,
        info: &mut AudioInfo,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Planar>> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(SymphoniaError::ResetRequired) => {
                    warnings.push(
                        "the file goes on with another stream, which was left out".to_owned(),
                    );
                    return Ok(None);
                }
                Err(SymphoniaError::IoError(e))
                    if e.kind() != std::io::ErrorKind::UnexpectedEof =>
                {
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
                    if self.position == 0 && (info.sample_rate != rate || info.channels != channels)
                    {
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
                    let frames = packet
                        .dur
                        .get()
                        .min(u64::from(info.sample_rate) * MAX_GAP_SECS);
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
        let missing = u64::try_from(pts)
            .unwrap_or(0)
            .saturating_sub(self.position);
        missing.min(u64::from(sample_rate_hz) * MAX_GAP_SECS)
    }
}

fn codec_name(track: &Track) -> Option<&'static str> {
    let params = track.codec_params.as_ref()?.audio()?;
    Some(
        CODECS
            .get_audio_decoder(params.codec)?
            .codec
            .info
            .short_name,
    )
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
        error => Error::Malformed {
            problem: format!("the file's header is broken ({error})"),
            path: path.into(),
        },
    }
}

/// Opus states its delay in a header that the adapter trims from one packet only; here it is
/// taken out of the header, to be trimmed from as many packets as it spans (RFC 7845, 4.2).
fn take_opus_pre_skip(
    mut params: AudioCodecParameters,
    container: &str,
) -> (AudioCodecParameters, Option<u64>) {
    const PRE_SKIP_AT: usize = 10;
    if params.codec != CODEC_ID_OPUS {
        return (params, None);
    }
    let mut skip = None;
    if let Some(head) = params
        .extra_data
        .as_mut()
        .and_then(|x| x.get_mut(PRE_SKIP_AT..PRE_SKIP_AT + 2))
    {
        let bytes = [head[0], head[1]];
        // MP4's form of the header is big-endian.
        let value = if container == "isomp4" {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        };
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
    let tag = revision
        .media
        .tags
        .iter()
        .find(|tag| tag.raw.key.ends_with("iTunSMPB"))?;
    let RawValue::String(text) = &tag.raw.value else {
        return None;
    };
    let fields: Vec<u64> = text
        .split_whitespace()
        .map_while(|field| u64::from_str_radix(field, 16).ok())
        .collect();
    match fields[..] {
        [_, delay, _, frames, ..] if frames > 0 => Some((delay, frames)),
        _ => None,
    }
}
