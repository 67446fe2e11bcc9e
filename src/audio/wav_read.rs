//! WAV files in: RIFF, RF64 and BW64; whole numbers of 8, 16, 24, 32 bits, floats of 32 and 64.
//!
//! Our own because the general decoder reads no RF64, no INFO tags and no file whose header was
//! never completed. Compressed WAVs are left to it: [`WavReader::open`] answers `None` for those.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::{Planar, Tags};

const BLOCK_FRAMES: usize = 1 << 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
}

impl Encoding {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::U8 => "pcm_u8",
            Self::S16 => "pcm_s16le",
            Self::S24 => "pcm_s24le",
            Self::S32 => "pcm_s32le",
            Self::F32 => "pcm_f32le",
            Self::F64 => "pcm_f64le",
        }
    }

    fn sample(self, b: &[u8]) -> f32 {
        match self {
            Self::U8 => (f32::from(b[0]) - 128.0) / 128.0,
            Self::S16 => f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
            Self::S24 => (i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8) as f32 / 8_388_608.0,
            Self::S32 => {
                (f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])) / 2_147_483_648.0) as f32
            }
            Self::F32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            Self::F64 => {
                f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32
            }
        }
    }
}

/// An open WAV file.
pub(super) struct WavReader {
    file: BufReader<File>,
    encoding: Encoding,
    pub(super) sample_rate_hz: u32,
    pub(super) channels: usize,
    /// Frames that the header promises; `None` for a header that was never completed.
    pub(super) promised_frames: Option<u64>,
    pub(super) tags: Tags,
    frames_left: u64,
    buffer: Vec<u8>,
}

impl WavReader {
    /// Opens `path` if it is a WAV of a plain encoding.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
        let length = file.get_ref().metadata()?.len();
        let mut head = [0; 12];
        if file.read_exact(&mut head).is_err() || &head[8..12] != b"WAVE" {
            return Ok(None);
        }
        let large = match &head[..4] {
            b"RIFF" => false,
            b"RF64" | b"BW64" => true,
            _ => return Ok(None),
        };
        let mut format = None;
        let mut large_data_bytes = None;
        let mut data = None;
        let mut tags = Tags::default();
        let mut chunk = [0; 8];
        while file.read_exact(&mut chunk).is_ok() {
            let size = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
            let start = file.stream_position()?;
            let mut next = start + u64::from(size) + u64::from(size % 2);
            match &chunk[..4] {
                b"ds64" => {
                    let body = read(&mut file, size)?;
                    large_data_bytes = u64_at(&body, 8);
                }
                b"fmt " => format = parse_format(&read(&mut file, size)?),
                b"LIST" => read_info(&read(&mut file, size)?, &mut tags),
                b"data" => {
                    let unknown = size == u32::MAX
                        || (size == 0
                            && start < length
                            && !chunk_follows(&mut file, start, length)?);
                    let bytes = match large_data_bytes {
                        Some(bytes) if large => Some(bytes),
                        _ if unknown => None,
                        _ => Some(u64::from(size)),
                    };
                    data = Some((start, bytes));
                    let bytes = bytes.unwrap_or(length - start);
                    next = start.saturating_add(bytes).saturating_add(bytes % 2);
                }
                _ => {}
            }
            if next >= length {
                break;
            }
            file.seek(SeekFrom::Start(next))?;
        }
        let (Some((encoding, sample_rate_hz, channels)), Some((start, bytes))) = (format, data)
        else {
            return Ok(None);
        };
        let frame_bytes = (encoding.bytes() * channels) as u64;
        let available = length.saturating_sub(start);
        // An empty file whose header was never completed cannot be told from an empty one.
        let promised_frames = bytes.map(|bytes| bytes / frame_bytes);
        file.seek(SeekFrom::Start(start))?;
        Ok(Some(Self {
            file,
            encoding,
            sample_rate_hz,
            channels,
            promised_frames,
            tags,
            frames_left: bytes.unwrap_or(available).min(available) / frame_bytes,
            buffer: Vec::new(),
        }))
    }

    /// The encoding's usual short name.
    pub(super) fn codec(&self) -> &'static str {
        self.encoding.name()
    }

    /// Frames still to come.
    pub(super) fn frames_left(&self) -> u64 {
        self.frames_left
    }

    /// The next block, `None` at the end.
    pub(super) fn next_block(&mut self) -> io::Result<Option<Planar>> {
        let frames = self.frames_left.min(BLOCK_FRAMES as u64) as usize;
        if frames == 0 {
            return Ok(None);
        }
        let bytes = self.encoding.bytes();
        self.buffer.resize(frames * bytes * self.channels, 0);
        self.file.read_exact(&mut self.buffer)?;
        self.frames_left -= frames as u64;
        let mut block = vec![Vec::with_capacity(frames); self.channels];
        for frame in self.buffer.chunks_exact(bytes * self.channels) {
            for (out, sample) in block.iter_mut().zip(frame.chunks_exact(bytes)) {
                out.push(self.encoding.sample(sample));
            }
        }
        Ok(Some(block))
    }
}

/// Whether a chunk with a sensible name and size starts here: then the data before it are really
/// none, and the header is complete.
fn chunk_follows(file: &mut BufReader<File>, start: u64, length: u64) -> io::Result<bool> {
    let mut head = [0; 8];
    if file.read_exact(&mut head).is_err() {
        return Ok(false);
    }
    let name = head[..4]
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || *b == b' ');
    let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    file.seek(SeekFrom::Start(start))?;
    Ok(name && start + 8 + u64::from(size) <= length)
}

/// A chunk's body; a size beyond reason or the file's end is cut to what is there.
fn read(file: &mut BufReader<File>, size: u32) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    file.by_ref()
        .take(u64::from(size.min(1 << 20)))
        .read_to_end(&mut body)?;
    Ok(body)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn parse_format(body: &[u8]) -> Option<(Encoding, u32, usize)> {
    const EXTENSIBLE: u16 = 0xFFFE;
    let mut tag = u16_at(body, 0)?;
    let channels = usize::from(u16_at(body, 2)?);
    let rate = u32::from(u16_at(body, 4)?) | u32::from(u16_at(body, 6)?) << 16;
    let bits = u16_at(body, 14)?;
    if tag == EXTENSIBLE {
        tag = u16_at(body, 24)?;
    }
    let encoding = match (tag, bits) {
        (1, 8) => Encoding::U8,
        (1, 9..=16) => Encoding::S16,
        (1, 17..=24) => Encoding::S24,
        (1, 25..=32) => Encoding::S32,
        (3, 32) => Encoding::F32,
        (3, 64) => Encoding::F64,
        _ => return None,
    };
    let packed = usize::from(u16_at(body, 12)?) == encoding.bytes() * channels;
    (packed && channels > 0 && rate > 0).then_some((encoding, rate, channels))
}

fn read_info(body: &[u8], tags: &mut Tags) {
    let Some(mut rest) = body.strip_prefix(b"INFO") else {
        return;
    };
    while rest.len() >= 8 {
        let size = u32::from_le_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        let Some(text) = rest.get(8..8 + size) else {
            return;
        };
        let text = String::from_utf8_lossy(text)
            .trim_end_matches('\0')
            .trim()
            .to_owned();
        match &rest[..4] {
            b"INAM" if !text.is_empty() => tags.title = Some(text),
            b"IART" if !text.is_empty() => tags.artist = Some(text),
            _ => {}
        }
        rest = rest.get(8 + size + size % 2..).unwrap_or(&[]);
    }
}
