//! The WAV container, written as a stream: RIFF, or RF64 (EBU Tech 3306) once it passes 4 GB.
//!
//! Our own because no kept crate writes RF64; a reader of another hand checks it in the tests.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};

use super::{AudioFormat, Tags};

/// Where the "JUNK" chunk that may become "ds64" starts.
const DS64_OFFSET: u64 = 12;
const DS64_BYTES: u32 = 28;

/// An open WAV file.
pub(super) struct WavSink {
    file: BufWriter<File>,
    bytes_per_sample: usize,
    channels: usize,
    data_size_offset: u64,
    data_bytes: u64,
    /// A block on its way to the file.
    bytes: Vec<u8>,
    /// Above this many bytes the file becomes RF64. The format's own limit, or less in tests.
    riff_limit: u64,
}

impl WavSink {
    pub(super) fn new(
        file: File,
        format: AudioFormat,
        sample_rate_hz: u32,
        channels: usize,
        tags: &Tags,
    ) -> io::Result<Self> {
        let float = format.integer_bits().is_none();
        let bits = format.integer_bits().unwrap_or(32);
        let bytes_per_sample = bits as usize / 8;
        let block_align = (bytes_per_sample * channels) as u16;
        // WAVE_FORMAT_EXTENSIBLE is asked for beyond two channels or 16 bits; plain forms are
        // understood by more programs, so it is used for three channels and more only.
        let extensible = channels > 2;
        let mut head = Vec::new();
        head.extend(b"RIFF\0\0\0\0WAVE");
        head.extend(b"JUNK");
        head.extend(DS64_BYTES.to_le_bytes());
        head.extend([0; DS64_BYTES as usize]);
        head.extend(b"fmt ");
        let tag: u16 = if float { 3 } else { 1 };
        head.extend(if extensible { 40_u32 } else { 16 }.to_le_bytes());
        head.extend(if extensible { 0xFFFE } else { tag }.to_le_bytes());
        head.extend((channels as u16).to_le_bytes());
        head.extend(sample_rate_hz.to_le_bytes());
        head.extend((sample_rate_hz * u32::from(block_align)).to_le_bytes());
        head.extend(block_align.to_le_bytes());
        head.extend((bits as u16).to_le_bytes());
        if extensible {
            head.extend(22_u16.to_le_bytes());
            head.extend((bits as u16).to_le_bytes());
            head.extend(channel_mask(channels).to_le_bytes());
            head.extend(tag.to_le_bytes());
            // The rest of the GUID that stands for a plain format tag.
            head.extend([0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }
        head.extend(info_list(tags));
        head.extend(b"data\0\0\0\0");
        let mut file = BufWriter::with_capacity(1 << 18, file);
        file.write_all(&head)?;
        Ok(Self {
            file,
            bytes_per_sample,
            channels,
            data_size_offset: head.len() as u64 - 4,
            data_bytes: 0,
            bytes: Vec::new(),
            riff_limit: u64::from(u32::MAX),
        })
    }

    #[cfg(test)]
    pub(super) fn set_riff_limit(&mut self, bytes: u64) {
        self.riff_limit = bytes;
    }

    pub(super) fn push_float<C: AsRef<[f32]>>(
        &mut self,
        block: &[C],
        frames: usize,
    ) -> io::Result<()> {
        self.bytes.clear();
        for i in 0..frames {
            for channel in block {
                self.bytes.extend(channel.as_ref()[i].to_le_bytes());
            }
        }
        self.write_bytes()
    }

    pub(super) fn push_integer(&mut self, interleaved: &[i32]) -> io::Result<()> {
        self.bytes.clear();
        for sample in interleaved {
            let bytes = sample.to_le_bytes();
            // The common widths have constant lengths, which the compiler turns into plain moves.
            match self.bytes_per_sample {
                2 => self.bytes.extend(&bytes[..2]),
                _ => self.bytes.extend(&bytes[..3]),
            }
        }
        self.write_bytes()
    }

    fn write_bytes(&mut self) -> io::Result<()> {
        self.data_bytes += self.bytes.len() as u64;
        self.file.write_all(&self.bytes)
    }

    pub(super) fn finish(mut self) -> io::Result<File> {
        if self.data_bytes % 2 == 1 {
            self.file.write_all(&[0])?;
        }
        let total = self.file.stream_position()?;
        let riff_size = total - 8;
        let large = riff_size > self.riff_limit;
        let small = |size: u64| if large { u32::MAX } else { size as u32 };
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(if large { b"RF64" } else { b"RIFF" })?;
        self.file.write_all(&small(riff_size).to_le_bytes())?;
        if large {
            let frames = self.data_bytes / (self.bytes_per_sample * self.channels) as u64;
            self.file.seek(SeekFrom::Start(DS64_OFFSET))?;
            self.file.write_all(b"ds64")?;
            self.file.write_all(&DS64_BYTES.to_le_bytes())?;
            self.file.write_all(&riff_size.to_le_bytes())?;
            self.file.write_all(&self.data_bytes.to_le_bytes())?;
            self.file.write_all(&frames.to_le_bytes())?;
            self.file.write_all(&0_u32.to_le_bytes())?;
        }
        self.file.seek(SeekFrom::Start(self.data_size_offset))?;
        self.file.write_all(&small(self.data_bytes).to_le_bytes())?;
        self.file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
    }
}

/// Microsoft's usual speaker masks for 3–8 channels.
fn channel_mask(channels: usize) -> u32 {
    match channels {
        3 => 0x07,
        4 => 0x33,
        5 => 0x37,
        6 => 0x3F,
        7 => 0x70F,
        8 => 0x63F,
        _ => 0,
    }
}

/// A LIST INFO chunk with title (INAM) and artist (IART), or nothing.
fn info_list(tags: &Tags) -> Vec<u8> {
    let mut body = b"INFO".to_vec();
    for (id, text) in [(b"INAM", &tags.title), (b"IART", &tags.artist)] {
        let Some(text) = text else { continue };
        let mut text = text.as_bytes().to_vec();
        text.push(0);
        body.extend(id);
        body.extend((text.len() as u32).to_le_bytes());
        if text.len() % 2 == 1 {
            text.push(0);
        }
        body.extend(text);
    }
    if body.len() == 4 {
        return Vec::new();
    }
    let mut list = b"LIST".to_vec();
    list.extend((body.len() as u32).to_le_bytes());
    list.extend(body);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// A file over the limit carries its sizes in a ds64 chunk, and a reader finds the same samples.
    #[test]
    fn becomes_rf64_over_the_limit() {
        let mut named = tempfile::NamedTempFile::with_suffix(".wav").expect("temporary file");
        let file = named.reopen().expect("reopened");
        let mut sink =
            WavSink::new(file, AudioFormat::Wav16, 8000, 1, &Tags::default()).expect("sink");
        sink.set_riff_limit(100);
        sink.push_integer(&(0..500).collect::<Vec<_>>())
            .expect("written");
        sink.finish().expect("finished");
        let mut bytes = Vec::new();
        named.read_to_end(&mut bytes).expect("read");
        assert_eq!(&bytes[..8], b"RF64\xFF\xFF\xFF\xFF");
        assert_eq!(&bytes[12..16], b"ds64");
        assert_eq!(
            u64::from_le_bytes(bytes[20..28].try_into().expect("8 bytes")),
            bytes.len() as u64 - 8
        );
        assert_eq!(
            u64::from_le_bytes(bytes[28..36].try_into().expect("8 bytes")),
            1000
        );
        let clip = crate::audio::decode(named.path(), None, &crate::progress::Reporter::silent())
            .expect("decoded");
        assert_eq!(clip.0.frames(), 500);
        assert_eq!(clip.0.channel(0)[499], 499.0 / 32768.0);
    }
}
