//! Stems to files: names, checks before the work, writing, levels.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::separate::StemSink;
use super::song_name::SongName;
use crate::audio::{
    AudioFormat, AudioWriter, Clip, ClipWriter, Planar, Resampler, Source as _, Written,
    apply_gain, free_space_bytes, resampled_frames,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// What is done about peaks over full scale in formats of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeakRule {
    /// They are held at full scale, counted and told.
    #[default]
    Keep,
    /// The gain of all stems together is lowered until the loudest fits.
    Lower,
}

/// How files are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportOptions {
    /// The folder; made if absent.
    pub folder: PathBuf,
    /// The format.
    pub format: AudioFormat,
    /// The name without ending: `{name}` (of the input file), `{title}`, `{artist}`, `{stem}`, `{model}`.
    pub pattern: String,
    /// Another sample rate than the song's.
    pub sample_rate_hz: Option<u32>,
    /// Peaks over full scale.
    pub peaks: PeakRule,
    /// Whether files of the same name are replaced.
    pub overwrite: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("."),
            format: AudioFormat::default(),
            pattern: "{name} ({stem})".into(),
            sample_rate_hz: None,
            peaks: PeakRule::Keep,
            overwrite: false,
        }
    }
}

impl ExportOptions {
    /// Checks everything that can be known before the work: names, what is there already, whether
    /// the folder can be written, the format, and the room. Makes the folder.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(
        &self,
        song: &SongName,
        stems: &[String],
        (sample_rate_hz, channels): (u32, usize),
        frames: Option<u64>,
    ) -> Result<()> {
        let out_hz = self.sample_rate_hz.unwrap_or(sample_rate_hz);
        if !(1000..=384_000).contains(&out_hz) {
            return Err(Error::setting(
                "rate",
                format!("{out_hz} is not within 1000 to 384000 Hz"),
            ));
        }
        self.format.validate(out_hz, channels)?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for stem in stems {
            let path = self.path(song, stem)?;
            if path.parent() != Some(&self.folder) {
                let folder = path.parent().unwrap_or(&self.folder);
                std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
            }
            if paths.contains(&path) {
                return Err(Error::setting(
                    "name",
                    "gives two stems one name; put {stem} into it",
                ));
            }
            if path.exists() && (!self.overwrite || path.is_dir()) {
                return Err(Error::Exists { path });
            }
            paths.push(path);
        }
        std::fs::create_dir_all(&self.folder)
            .map_err(Error::io("create the folder", &self.folder))?;
        // A file without a name: not even a kill leaves anything behind.
        tempfile::tempfile_in(&self.folder)
            .map_err(Error::io("write into the folder", &self.folder))?;
        let frames = resampled_frames(frames.unwrap_or(0), sample_rate_hz, out_hz);
        let needed = self.format.bytes_for(frames, channels) * stems.len() as u64;
        match free_space_bytes(&self.folder) {
            Some(free) if free < needed => Err(Error::NoSpace {
                needed_mb: needed.div_ceil(1_000_000),
                free_mb: free / 1_000_000,
                path: self.folder.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// A written stem.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StemFile {
    /// The stem's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its frames.
    pub frames: u64,
    /// Its frames per second.
    pub sample_rate: u32,
    /// Its channels.
    pub channels: usize,
    /// Largest absolute sample before any limiting; 1.0 is full scale.
    pub peak: f32,
    /// Samples that were held at full scale.
    pub clipped_samples: u64,
}

enum Target {
    File(Box<AudioWriter>),
    /// Kept until all peaks are known.
    Scratch(ClipWriter),
}

/// One stem on its way to its file.
struct SinkLane {
    name: String,
    resampler: Resampler,
    target: Target,
}

impl SinkLane {
    /// Takes a block at the song's rate; answers its peak at the file's.
    fn push(&mut self, block: &[Vec<f32>]) -> Result<f32> {
        let mut out = vec![Vec::new(); block.len()];
        self.resampler.push(block, &mut out)?;
        self.give(&out)
    }

    fn give(&mut self, block: &Planar) -> Result<f32> {
        match &mut self.target {
            Target::File(writer) => writer.push(block)?,
            Target::Scratch(clip) => clip.push(block)?,
        }
        Ok(block
            .iter()
            .fold(0.0, |m: f32, channel| m.max(crate::audio::peak(channel))))
    }
}

/// Writes stems to files as they come. Nothing has its name before [`Self::finish`].
pub struct FileSink {
    options: ExportOptions,
    song: SongName,
    lanes: Vec<SinkLane>,
    peak: f32,
    sample_rate_hz: u32,
    channels: usize,
}

impl FileSink {
    /// A sink for one song.
    pub fn new(options: ExportOptions, song: SongName) -> Self {
        Self {
            options,
            song,
            lanes: Vec::new(),
            peak: 0.0,
            sample_rate_hz: 0,
            channels: 0,
        }
    }

    /// The next block of one stem alone, `[channels][frames]`.
    ///
    /// # Errors
    /// As [`StemSink::push`].
    fn push_one(&mut self, stem: usize, block: &[Vec<f32>]) -> Result<()> {
        self.peak = self.peak.max(self.lanes[stem].push(block)?);
        Ok(())
    }

    fn writer(&self, stem: &str) -> Result<AudioWriter> {
        AudioWriter::create(
            &self.options.path(&self.song, stem)?,
            self.options.format,
            self.sample_rate_hz,
            self.channels,
            &self.song.tags,
            self.options.overwrite,
        )
    }

    /// Completes every file. Answers them and the gain that all were lowered by (1 for none).
    ///
    /// # Errors
    /// As [`AudioWriter::finish`]; no file has its name then, unless it was complete before.
    pub fn finish(mut self, reporter: &Reporter) -> Result<(Vec<StemFile>, f32)> {
        for lane in &mut self.lanes {
            let mut rest = vec![Vec::new(); self.channels];
            lane.resampler.finish(&mut rest)?;
            self.peak = self.peak.max(lane.give(&rest)?);
        }
        // A step below full scale, so that rounding does not reach over it.
        let limit = 1.0 - 1.0 / 32_768.0;
        let gain = if self.peak > limit {
            limit / self.peak
        } else {
            1.0
        };
        let mut gain_used = 1.0;
        let mut ready = Vec::new();
        for SinkLane { name, target, .. } in std::mem::take(&mut self.lanes) {
            let writer = match target {
                Target::File(writer) => *writer,
                Target::Scratch(clip) => {
                    gain_used = gain;
                    let mut writer = self.writer(&name)?;
                    let clip = clip.finish()?;
                    let mut reader = clip.reader(0..clip.frames());
                    while let Some(mut block) = reader.next_block()? {
                        reporter.check()?;
                        block
                            .iter_mut()
                            .for_each(|channel| apply_gain(channel, gain));
                        writer.push(&block)?;
                    }
                    writer
                }
            };
            ready.push((name, writer));
        }
        reporter.check()?;
        let (sample_rate, channels) = (self.sample_rate_hz, self.channels);
        // Each waits for the disk, so they wait together.
        let files = ready
            .into_par_iter()
            .map(|(name, writer)| {
                let Written {
                    path,
                    frames,
                    peak,
                    clipped_samples,
                } = writer.finish()?;
                Ok(StemFile {
                    name,
                    path,
                    frames,
                    sample_rate,
                    channels,
                    peak,
                    clipped_samples,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((files, gain_used))
    }
}

impl StemSink for FileSink {
    fn start(&mut self, stems: &[String], sample_rate_hz: u32, channels: usize) -> Result<()> {
        self.channels = channels;
        self.sample_rate_hz = self.options.sample_rate_hz.unwrap_or(sample_rate_hz);
        let lower =
            self.options.peaks == PeakRule::Lower && self.options.format.integer_bits().is_some();
        for stem in stems {
            let target = if lower {
                Target::Scratch(ClipWriter::new(
                    self.sample_rate_hz,
                    channels,
                    crate::paths::cache_dir(),
                ))
            } else {
                Target::File(Box::new(self.writer(stem)?))
            };
            let resampler = Resampler::new(sample_rate_hz, self.sample_rate_hz, channels)?;
            self.lanes.push(SinkLane {
                name: stem.clone(),
                resampler,
                target,
            });
        }
        Ok(())
    }

    fn push(&mut self, blocks: &[&Planar]) -> Result<()> {
        let lanes = self.lanes.par_iter_mut().zip(blocks);
        let peaks: Vec<f32> = lanes
            .map(|(lane, block)| lane.push(block))
            .collect::<Result<_>>()?;
        self.peak = peaks.into_iter().fold(self.peak, f32::max);
        Ok(())
    }
}

/// What to tell about peaks over full scale, if anything.
pub fn peak_warnings(files: &[StemFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.clipped_samples > 0)
        .map(|file| {
            format!(
                "stem {} peaks at {:+.2} dB; {} samples were held at full scale (choose wav32f, or lower all stems together)",
                file.name,
                20.0 * file.peak.log10(),
                file.clipped_samples
            )
        })
        .collect()
}

/// Writes clips (stems by name, all of one rate and length) to files.
///
/// # Errors
/// As [`ExportOptions::check`] and [`FileSink::finish`].
pub fn export_clips(
    clips: &[(String, Clip)],
    song: &SongName,
    options: &ExportOptions,
    reporter: &Reporter,
) -> Result<(Vec<StemFile>, f32)> {
    let Some((_, first)) = clips.first() else {
        return Err(Error::setting("export", "there is nothing to export"));
    };
    let names: Vec<String> = clips.iter().map(|(name, _)| name.clone()).collect();
    let shape = (first.sample_rate_hz(), first.num_channels());
    options.check(song, &names, shape, Some(first.frames() as u64))?;
    let mut sink = FileSink::new(options.clone(), song.clone());
    sink.start(&names, shape.0, shape.1)?;
    let total = (clips.len() * first.frames()) as u64;
    let mut done = 0;
    for (i, (_, clip)) in clips.iter().enumerate() {
        let mut reader = clip.reader(0..clip.frames());
        while let Some(block) = reader.next_block()? {
            sink.push_one(i, &block)?;
            done += block.first().map_or(0, Vec::len) as u64;
            reporter.step("Writing", done, total)?;
        }
    }
    sink.finish(reporter)
}
