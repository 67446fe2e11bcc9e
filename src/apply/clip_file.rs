//! One clip to one file: what can go wrong is checked before the work that makes the clip.

use std::path::{Path, PathBuf};

use crate::audio::{AudioFormat, AudioWriter, Clip, Source as _, Tags, Written};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFile {
    /// Where.
    pub path: PathBuf,
    /// How.
    pub format: AudioFormat,
    /// Whether a file of that name may be replaced.
    pub overwrite: bool,
}

impl ClipFile {
    /// Checks the name, makes the folder and looks whether it can be written. Without a format the
    /// ending decides: `.flac`, or `.wav` with 24 bits.
    ///
    /// # Errors
    /// [`Error::Setting`] if ending and format do not go together; [`Error::Exists`];
    /// [`Error::Io`] if the folder cannot be made or written.
    pub fn new(path: PathBuf, format: Option<AudioFormat>, overwrite: bool) -> Result<Self> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let format = match (ending.as_deref(), format) {
            (Some("flac"), None | Some(AudioFormat::Flac)) => AudioFormat::Flac,
            (Some("wav"), None) => AudioFormat::Wav24,
            (Some("wav"), Some(format)) if format != AudioFormat::Flac => format,
            _ => {
                return Err(Error::setting(
                    "out",
                    format!(
                        "the name must end in .wav or .flac, and go with the format: {}",
                        path.display()
                    ),
                ));
            }
        };
        if path.exists() && (!overwrite || path.is_dir()) {
            return Err(Error::Exists { path });
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
        // A file without a name: not even a kill leaves anything behind.
        tempfile::tempfile_in(folder).map_err(Error::io("write into the folder", folder))?;
        Ok(Self {
            path,
            format,
            overwrite,
        })
    }

    /// Writes the clip; peaks that a whole-number format had to hold are a warning.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Exists`], [`Error::Cancelled`]; then no file is left.
    pub fn write(&self, clip: &Clip, reporter: &Reporter) -> Result<Written> {
        let mut writer = AudioWriter::create(
            &self.path,
            self.format,
            clip.sample_rate_hz(),
            clip.num_channels(),
            &Tags::default(),
            self.overwrite,
        )?;
        let mut reader = clip.reader(0..clip.frames());
        let mut done = 0;
        while let Some(block) = reader.next_block()? {
            reporter.step("Writing", done, clip.frames() as u64)?;
            done += block.first().map_or(0, Vec::len) as u64;
            writer.push(&block)?;
        }
        let written = writer.finish()?;
        if written.clipped_samples > 0 {
            reporter.warn(format!(
                "{} samples were over full scale (peak {:+.1} dB) and were held there; \
                 choose wav32f to keep them: {}",
                written.clipped_samples,
                20.0 * written.peak.log10(),
                self.path.display()
            ));
        }
        Ok(written)
    }
}
