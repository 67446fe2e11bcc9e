//! The whole way from a song to its stems.

use std::time::Instant;

use super::Separator;
use super::intake::{Intake, model_rate_hz};
use super::joiner::Joiner;
use super::output::Output;
use super::post::PostProcess;
use crate::audio::{Clip, ClipWriter, Planar, Source};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// A stretch of a song in seconds.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Region {
    /// Where it starts, 0 or more.
    pub start_secs: f64,
    /// How long it is; `None` to the end.
    pub duration_secs: Option<f64>,
}

impl Region {
    /// Checks that both are 0 or more and finite.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        let good = |secs: f64| secs.is_finite() && secs >= 0.0;
        if !good(self.start_secs) {
            return Err(Error::setting("start", "must be 0 or more seconds"));
        }
        if self
            .duration_secs
            .is_some_and(|secs| !good(secs) || secs == 0.0)
        {
            return Err(Error::setting("duration", "must be more than 0 seconds"));
        }
        Ok(())
    }

    /// First frame and number of frames at a rate.
    pub(super) fn frames(&self, sample_rate_hz: u32) -> (u64, u64) {
        let frames = |secs: f64| (secs * f64::from(sample_rate_hz)).round() as u64;
        (
            frames(self.start_secs),
            self.duration_secs.map_or(u64::MAX, frames),
        )
    }
}

/// The region of a clip.
///
/// # Errors
/// [`Error::Setting`] if it lies beyond the end; [`Error::Io`].
pub fn cut_region(clip: Clip, region: Option<Region>) -> Result<Clip> {
    let Some(region) = region else {
        return Ok(clip);
    };
    region.validate()?;
    let rate = f64::from(clip.sample_rate_hz());
    let start = (region.start_secs * rate).round() as usize;
    let end = region
        .duration_secs
        .map_or(clip.frames(), |secs| start + (secs * rate).round() as usize);
    if start >= clip.frames() {
        return Err(Error::setting(
            "start",
            format!("lies beyond the end of the song ({:.2} s)", clip.seconds()),
        ));
    }
    clip.cut(start..end)
}

/// How to separate.
#[derive(Debug, Clone, Default)]
pub struct SeparateOptions {
    /// The stretch; `None` is the whole song.
    pub region: Option<Region>,
    /// Stems to keep, by name; `None` keeps all.
    pub stems: Option<Vec<String>>,
    /// Adds a stem "rest": the mixture less the stems kept.
    pub rest: bool,
    /// Steps after the separator, in order.
    pub post: Vec<PostProcess>,
}

/// What takes the stems.
pub trait StemSink: Send {
    /// Called once, before the first block.
    ///
    /// # Errors
    /// Whatever keeps the stems from being taken.
    fn start(&mut self, stems: &[String], sample_rate_hz: u32, channels: usize) -> Result<()>;
    /// The next block of every stem, `[channels][frames]` each, in order.
    ///
    /// # Errors
    /// As [`Self::start`].
    fn push(&mut self, blocks: &[&Planar]) -> Result<()>;
}

/// One stem's figures.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StemSummary {
    /// Its name.
    pub name: String,
    /// Largest absolute sample; 1.0 is full scale.
    pub peak: f32,
}

/// What a separation did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Separation {
    /// The stems given to the sink, in order.
    pub stems: Vec<StemSummary>,
    /// Frames of every stem.
    pub frames: u64,
    /// Frames per second: the song's.
    pub sample_rate_hz: u32,
    /// Channels: the song's.
    pub channels: usize,
    /// Level of mixture − Σ all stems against the mixture, in dB; −200 is exact.
    pub residual_db: f64,
    /// Seconds of audio.
    pub audio_secs: f64,
    /// Seconds the work took.
    pub taken_secs: f64,
    /// The device that ran it.
    pub device: String,
}

/// Stems as clips.
pub struct MemorySink {
    writers: Vec<ClipWriter>,
    names: Vec<String>,
}

impl MemorySink {
    /// An empty sink.
    pub fn new() -> Self {
        Self {
            writers: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The stems by name.
    ///
    /// # Errors
    /// [`Error::Io`] if long stems cannot be mapped.
    pub fn finish(self) -> Result<Vec<(String, Clip)>> {
        self.names
            .into_iter()
            .zip(self.writers)
            .map(|(name, writer)| Ok((name, writer.finish()?)))
            .collect()
    }
}

impl Default for MemorySink {
    fn default() -> Self {
        Self::new()
    }
}

impl StemSink for MemorySink {
    fn start(&mut self, stems: &[String], sample_rate_hz: u32, channels: usize) -> Result<()> {
        self.names = stems.to_vec();
        self.writers = stems
            .iter()
            .map(|_| ClipWriter::new(sample_rate_hz, channels, crate::paths::cache_dir()))
            .collect();
        Ok(())
    }

    fn push(&mut self, blocks: &[&Planar]) -> Result<()> {
        let mut writers = self.writers.iter_mut().zip(blocks);
        writers.try_for_each(|(writer, block)| writer.push(block))
    }
}

/// Separates `source` and gives the stems to `sink`, block by block.
///
/// While the separator works on one batch, the one before is joined and given out and the next is
/// read, so that a network does not wait for files. The order of every sum is the song's, whatever
/// the number of threads.
///
/// # Errors
/// [`Error::Setting`] if a stem is unknown or the region lies beyond the end; [`Error::Cancelled`];
/// whatever the source, the separator or the sink meets.
pub fn separate(
    source: &mut dyn Source,
    separator: &mut dyn Separator,
    options: &SeparateOptions,
    sink: &mut dyn StemSink,
    reporter: &Reporter,
) -> Result<Separation> {
    let started = Instant::now();
    if let Some(region) = &options.region {
        region.validate()?;
    }
    let model_hz = model_rate_hz(separator, source);
    let spec = separator.prepare(model_hz)?;
    let (stems, residual) = (separator.stems(), separator.residual());
    let output = Output::new(&stems, residual.as_deref(), options, &*source)?;
    let stems = (stems, residual.is_some());
    let mut joiner = Joiner::new(output, stems, &spec, model_hz, &options.post, sink)?;
    let mut intake = Intake::new(source, model_hz, &spec, options.region)?;
    let total = intake.expected_frames();

    let mut done = 0;
    let mut estimated = None;
    let mut next = intake.next_batch(reporter)?;
    while let Some(batch) = next {
        reporter.step("Separating", done, total)?;
        let step = batch.mixture_frames();
        let part = reporter.part(done, step, total);
        let (estimates, following) = rayon::join(
            || separator.run(&batch.segments, &part),
            || {
                if let Some((batch, estimates)) = estimated.take() {
                    joiner.add(batch, estimates, reporter)?;
                }
                intake.next_batch(reporter)
            },
        );
        estimated = Some((batch, estimates?));
        next = following?;
        done += step;
    }
    if let Some((batch, estimates)) = estimated {
        joiner.add(batch, estimates, reporter)?;
    }
    let frames = intake.kept;
    let (mixture, warnings) = intake.finish();
    joiner.finish(mixture)?;
    warnings
        .into_iter()
        .for_each(|warning| reporter.warn(warning));
    reporter.step("Separating", total.max(frames), total.max(frames))?;
    let taken_secs = started.elapsed().as_secs_f64();
    Ok(joiner
        .output
        .summary(frames, separator.device(), taken_secs))
}
