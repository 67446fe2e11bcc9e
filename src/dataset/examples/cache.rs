//! Recordings at the examples' rate, one channel each, kept as plain samples: brought there once,
//! when the first example wants them, and then read in stretches.
//!
//! ```text
//! file ─► Decoder ─► mean of channels ─► Resampler ─► CACHE/SHA256.f32 (32-bit little-endian)
//! ```
//!
//! A name stands for the file's path, size, time and track, and for the rate. Nothing is ever held
//! in memory but the stretch that is asked for.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use super::fingerprint::sha256_of;
use super::temporary::ExampleCache;
use crate::audio::{Decoder, Planar, Resampler, Source as _, write_whole};
use crate::dataset::multitrack::Part;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The recordings of a set.
pub(super) struct Cache {
    folder: PathBuf,
    /// Removed, with all that is in it, when the set goes.
    _temporary: Option<ExampleCache>,
    sample_rate_hz: u32,
    recordings: Vec<Recording>,
    /// Hears warnings, and tells when to stop.
    reporter: Reporter,
}

struct Recording {
    part: Part,
    /// Its samples, once they are there. Whoever comes first makes them under the lock, and others
    /// wait. Nothing under the lock works on rayon's pool, whose threads would pick up work that
    /// wants the same lock.
    samples: Mutex<Option<PathBuf>>,
}

impl Cache {
    /// Without a folder there is a temporary one, gone at the end.
    pub(super) fn new(
        folder: Option<&Path>,
        sample_rate_hz: u32,
        parts: Vec<Part>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let (folder, temporary) = match folder {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
                (folder.to_path_buf(), None)
            }
            None => {
                let temporary = ExampleCache::temporary()?;
                (temporary.path().to_path_buf(), Some(temporary))
            }
        };
        let recording = |part| Recording {
            part,
            samples: Mutex::new(None),
        };
        Ok(Self {
            folder,
            _temporary: temporary,
            sample_rate_hz,
            recordings: parts.into_iter().map(recording).collect(),
            reporter: reporter.clone(),
        })
    }

    /// Adds a recording's samples from `start` on to `out`; before its beginning and beyond its end
    /// there is nothing to add.
    pub(super) fn add(&self, recording: usize, start: i64, out: &mut [f32]) -> Result<()> {
        let path = self.ready(&self.recordings[recording])?;
        let mut file = File::open(&path).map_err(Error::io("open", &path))?;
        let bytes = file.metadata().map_err(Error::io("read", &path))?.len();
        let frames = (bytes / 4) as i64;
        let from = start.clamp(0, frames);
        let to = start.saturating_add(out.len() as i64).clamp(from, frames);
        let mut bytes = vec![0; (to - from) as usize * 4];
        file.seek(SeekFrom::Start(from as u64 * 4))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(Error::io("read", &path))?;
        let (samples, _) = bytes.as_chunks::<4>();
        // Where there is nothing to add the place may lie beyond the end.
        let place = out.len().min((from - start) as usize);
        for (out, sample) in out[place..].iter_mut().zip(samples) {
            *out += f32::from_le_bytes(*sample);
        }
        Ok(())
    }

    /// The file with a recording's samples.
    fn ready(&self, recording: &Recording) -> Result<PathBuf> {
        let mut samples = recording
            .samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = samples.as_ref() {
            return Ok(path.clone());
        }
        let path = self.folder.join(self.name(&recording.part)?);
        if !path.is_file() {
            self.bring(&recording.part, &path)?;
        }
        *samples = Some(path.clone());
        Ok(path)
    }

    fn name(&self, part: &Part) -> Result<String> {
        let path = &part.path;
        let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
        let changed = metadata.modified().map_err(Error::io("read", path))?;
        let nanos = changed
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        let path = path.canonicalize().map_err(Error::io("find", path))?;
        let text = format!(
            "{}\n{}\n{nanos}\n{:?}\n{}\n1",
            path.display(),
            metadata.len(),
            part.track,
            self.sample_rate_hz
        );
        Ok(format!("{}.f32", sha256_of(text.as_bytes())))
    }

    /// Writes a recording's samples, whole or not at all.
    fn bring(&self, part: &Part, path: &Path) -> Result<()> {
        let mut source = Mono::open(part, self.sample_rate_hz)?;
        let mut failure = None;
        let written = write_whole(path, true, |file| {
            let mut file = BufWriter::new(file);
            loop {
                let block = self.reporter.check().and_then(|()| source.block());
                match block {
                    Ok(Some(samples)) => {
                        let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
                        file.write_all(&bytes)?;
                    }
                    Ok(None) => return file.flush(),
                    Err(error) => {
                        failure = Some(error);
                        return Err(std::io::Error::other("the recording cannot be read"));
                    }
                }
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        written?;
        for warning in source.warnings() {
            let path = part.path.display();
            self.reporter.warn(format!("{warning}: {path}"));
        }
        Ok(())
    }
}

/// A recording as one channel at another rate.
struct Mono {
    decoder: Decoder,
    resampler: Resampler,
    has_ended: bool,
    is_broken: bool,
}

impl Mono {
    fn open(part: &Part, sample_rate_hz: u32) -> Result<Self> {
        let decoder = Decoder::open(&part.path, part.track)?;
        let resampler = Resampler::new(decoder.sample_rate_hz(), sample_rate_hz, 1)?;
        Ok(Self {
            decoder,
            resampler,
            has_ended: false,
            is_broken: false,
        })
    }

    /// The next samples, maybe none yet; `None` at the end.
    fn block(&mut self) -> Result<Option<Vec<f32>>> {
        if self.has_ended {
            return Ok(None);
        }
        let mut ready: Planar = vec![Vec::new()];
        match self.decoder.next_block()? {
            Some(block) => {
                let mean = self.mean(&block);
                self.resampler.push(&[mean], &mut ready)?;
            }
            None => {
                self.has_ended = true;
                self.resampler.finish(&mut ready)?;
            }
        }
        Ok(ready.pop())
    }

    /// The mean of all channels; what is no number counts as silence.
    fn mean(&mut self, block: &[Vec<f32>]) -> Vec<f32> {
        let mut mean = vec![0.0; block.first().map_or(0, Vec::len)];
        for channel in block {
            for (mean, x) in mean.iter_mut().zip(channel) {
                if x.is_finite() {
                    *mean += x;
                } else {
                    self.is_broken = true;
                }
            }
        }
        let gain = 1.0 / block.len().max(1) as f32;
        mean.iter_mut().for_each(|x| *x *= gain);
        mean
    }

    fn warnings(&mut self) -> Vec<String> {
        let mut warnings = self.decoder.take_warnings();
        if self.is_broken {
            warnings.push("samples that are no numbers were replaced by silence".to_owned());
        }
        warnings
    }
}
