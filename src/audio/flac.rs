//! FLAC files out. The only user of the FLAC encoder.

use std::fs::File;
use std::io;

use flac_codec::encode::{FlacSampleWriter, Options};
use flac_codec::metadata::fields::{ARTIST, TITLE};

use super::Tags;

const BITS_PER_SAMPLE: u32 = 24;

/// An open FLAC file of 24-bit samples.
pub(super) struct FlacSink {
    writer: FlacSampleWriter<File>,
    /// A second handle on the same file, to hand back once the encoder is done.
    file: File,
    channels: usize,
    empty: bool,
}

impl FlacSink {
    pub(super) fn new(
        file: File,
        sample_rate_hz: u32,
        channels: usize,
        tags: &Tags,
    ) -> io::Result<Self> {
        let mut options = Options::default();
        if let Some(title) = &tags.title {
            options = options.tag(TITLE, title);
        }
        if let Some(artist) = &tags.artist {
            options = options.tag(ARTIST, artist);
        }
        let writer = FlacSampleWriter::new(
            file.try_clone()?,
            options,
            sample_rate_hz,
            BITS_PER_SAMPLE,
            channels as u8,
            None,
        )
        .map_err(io::Error::other)?;
        Ok(Self {
            writer,
            file,
            channels,
            empty: true,
        })
    }

    /// Appends interleaved 24-bit samples.
    pub(super) fn push(&mut self, interleaved: &[i32]) -> io::Result<()> {
        self.empty &= interleaved.is_empty();
        self.writer.write(interleaved).map_err(io::Error::from)
    }

    pub(super) fn finish(mut self) -> io::Result<File> {
        if self.empty {
            // The format's encoder refuses a stream of no samples; one silent frame is the least.
            self.writer
                .write(&vec![0; self.channels])
                .map_err(io::Error::from)?;
        }
        self.writer.finalize().map_err(io::Error::from)?;
        Ok(self.file)
    }
}
