//! A piece of audio that can be read anywhere, in memory or mapped from disk.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::{Planar, Source};
use crate::error::{Error, Result};

/// Frames per block of a [`ClipReader`].
const BLOCK_FRAMES: usize = 1 << 16;
/// Bytes that a [`ClipWriter`] holds before it moves to disk: ten minutes of stereo at 44.1 kHz.
const SPILL_BYTES: usize = 212_000_000;

#[derive(Debug, Clone)]
enum Samples {
    Memory(Arc<Vec<f32>>),
    Mapped(Arc<memmap2::Mmap>),
}

impl Samples {
    fn as_slice(&self) -> &[f32] {
        match self {
            Self::Memory(samples) => samples,
            // A mapping starts on a page and holds whole samples, so the cast keeps all of it.
            Self::Mapped(map) => bytemuck::try_cast_slice(map).unwrap_or(&[]),
        }
    }
}

/// Immutable planar audio. Clones are cheap and share the samples.
#[derive(Debug, Clone)]
pub struct Clip {
    sample_rate_hz: u32,
    channels: Vec<Samples>,
}

impl Clip {
    /// A clip of samples in memory, `[channels][frames]`.
    pub fn new(sample_rate_hz: u32, channels: Planar) -> Self {
        Self {
            sample_rate_hz,
            channels: channels
                .into_iter()
                .map(|samples| Samples::Memory(Arc::new(samples)))
                .collect(),
        }
    }

    /// Frames per second.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Number of channels.
    pub fn num_channels(&self) -> usize {
        self.channels.len()
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, |c| c.as_slice().len())
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.frames() as f64 / f64::from(self.sample_rate_hz)
    }

    /// One channel's samples. Panics if there is no such channel.
    pub fn channel(&self, channel: usize) -> &[f32] {
        self.channels[channel].as_slice()
    }

    /// All channels, borrowed.
    pub fn channels(&self) -> Vec<&[f32]> {
        self.channels.iter().map(Samples::as_slice).collect()
    }

    /// A copy of frames `range` (cut to the clip).
    ///
    /// # Errors
    /// [`Error::Io`] if a long copy cannot be kept on disk.
    pub fn cut(&self, range: std::ops::Range<usize>) -> Result<Self> {
        let folder = crate::paths::cache_dir();
        let mut out = ClipWriter::new(self.sample_rate_hz, self.num_channels(), folder);
        let mut reader = self.reader(range);
        while let Some(block) = reader.next_block()? {
            out.push(&block)?;
        }
        out.finish()
    }

    /// A stream over frames `range` (cut to the clip).
    pub fn reader(&self, range: std::ops::Range<usize>) -> ClipReader {
        let end = range.end.min(self.frames());
        ClipReader {
            clip: self.clone(),
            position: range.start.min(end),
            start: range.start.min(end),
            end,
        }
    }
}

/// Streams a clip.
#[derive(Debug, Clone)]
pub struct ClipReader {
    clip: Clip,
    start: usize,
    position: usize,
    end: usize,
}

impl Source for ClipReader {
    fn sample_rate_hz(&self) -> u32 {
        self.clip.sample_rate_hz
    }

    fn channels(&self) -> usize {
        self.clip.num_channels()
    }

    fn frames_hint(&self) -> Option<u64> {
        Some((self.end - self.start) as u64)
    }

    fn next_block(&mut self) -> Result<Option<Planar>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let to = (self.position + BLOCK_FRAMES).min(self.end);
        let block = (0..self.clip.num_channels())
            .map(|c| self.clip.channel(c)[self.position..to].to_vec())
            .collect();
        self.position = to;
        Ok(Some(block))
    }
}

/// Collects blocks into a clip; a long one moves to files without a name, which the system
/// removes with the clip, also after a crash.
#[derive(Debug)]
pub struct ClipWriter {
    sample_rate_hz: u32,
    memory: Planar,
    files: Vec<BufWriter<File>>,
    folder: std::path::PathBuf,
}

impl ClipWriter {
    /// An empty clip of `channels` channels; `folder` holds what does not fit in memory.
    pub fn new(sample_rate_hz: u32, channels: usize, folder: impl AsRef<Path>) -> Self {
        Self {
            sample_rate_hz,
            memory: vec![Vec::new(); channels],
            files: Vec::new(),
            folder: folder.as_ref().to_path_buf(),
        }
    }

    /// Appends a block, `[channels][frames]`.
    ///
    /// # Errors
    /// [`Error::Io`] if the scratch files cannot be written.
    pub fn push<C: AsRef<[f32]>>(&mut self, block: &[C]) -> Result<()> {
        for (memory, block) in self.memory.iter_mut().zip(block) {
            memory.extend_from_slice(block.as_ref());
        }
        let bytes: usize = self.memory.iter().map(|c| c.len() * 4).sum();
        if !self.files.is_empty() || bytes > SPILL_BYTES {
            self.spill()
                .map_err(Error::io("write scratch audio", &self.folder))?;
        }
        Ok(())
    }

    fn spill(&mut self) -> std::io::Result<()> {
        if self.files.is_empty() {
            std::fs::create_dir_all(&self.folder)?;
            for _ in 0..self.memory.len() {
                self.files
                    .push(BufWriter::new(tempfile::tempfile_in(&self.folder)?));
            }
        }
        for (memory, file) in self.memory.iter_mut().zip(&mut self.files) {
            file.write_all(bytemuck::cast_slice(memory))?;
            memory.clear();
        }
        Ok(())
    }

    /// The clip.
    ///
    /// # Errors
    /// [`Error::Io`] if the scratch files cannot be mapped.
    pub fn finish(self) -> Result<Clip> {
        if self.files.is_empty() {
            return Ok(Clip::new(self.sample_rate_hz, self.memory));
        }
        let folder = self.folder;
        let channels = self
            .files
            .into_iter()
            .map(|file| {
                let file = file
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)?;
                Ok(Samples::Mapped(Arc::new(map(&file)?)))
            })
            .collect::<std::io::Result<_>>()
            .map_err(Error::io("map scratch audio", folder))?;
        Ok(Clip {
            sample_rate_hz: self.sample_rate_hz,
            channels,
        })
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the file has no name and this process alone holds it, so nobody can change or cut
    // it while it is mapped.
    unsafe { memmap2::Mmap::map(file) }
}
