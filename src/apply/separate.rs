//! The whole way from a song to its stems.

use std::time::Instant;

use super::Separator;
use super::output::Output;
use super::post::PostProcess;
use super::segments::{OverlapAdd, Segment, SegmentSpec, Segmenter};
use crate::audio::{Clip, ClipWriter, Planar, Resampler, Source};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Zeros after the end at the network's rate, so that coming back never falls short by rounding.
const TAIL_FRAMES: usize = 8;

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
    fn frames(&self, sample_rate_hz: u32) -> (u64, u64) {
        let frames = |secs: f64| (secs * f64::from(sample_rate_hz)).round() as u64;
        (
            frames(self.start_secs),
            self.duration_secs.map_or(u64::MAX, frames),
        )
    }
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
pub trait StemSink {
    /// Called once, before the first block.
    ///
    /// # Errors
    /// Whatever keeps the stems from being taken.
    fn start(&mut self, stems: &[String], sample_rate_hz: u32, channels: usize) -> Result<()>;
    /// The next block of one stem, `[channels][frames]`.
    ///
    /// # Errors
    /// As [`Self::start`].
    fn push(&mut self, stem: usize, block: &[Vec<f32>]) -> Result<()>;
    /// The next block of every stem, in order; a sink that can takes them side by side.
    ///
    /// # Errors
    /// As [`Self::start`].
    fn push_all(&mut self, blocks: &[&Planar]) -> Result<()> {
        for (stem, block) in blocks.iter().enumerate() {
            self.push(stem, block)?;
        }
        Ok(())
    }
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

    fn push(&mut self, stem: usize, block: &[Vec<f32>]) -> Result<()> {
        self.writers[stem].push(block)
    }
}

/// Separates `source` and gives the stems to `sink`, block by block.
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
    let mut way = Way::new(source, separator, options)?;
    sink.start(
        &way.output.names,
        way.output.sample_rate_hz,
        way.output.channels,
    )?;
    let (skip, take) = options
        .region
        .map_or((0, u64::MAX), |r| r.frames(source.sample_rate_hz()));
    let hint = source.frames_hint().unwrap_or(0);
    way.total = hint.saturating_sub(skip).min(take);
    let (mut seen, mut kept) = (0_u64, 0_u64);
    while kept < take {
        reporter.check()?;
        let Some(mut block) = source.next_block()? else {
            break;
        };
        let frames = block.first().map_or(0, Vec::len) as u64;
        cut(&mut block, skip.saturating_sub(seen), take - kept);
        seen += frames;
        kept += block.first().map_or(0, Vec::len) as u64;
        way.push(separator, block, sink, reporter)?;
    }
    if kept == 0 && seen > 0 {
        let secs = seen as f64 / f64::from(source.sample_rate_hz());
        return Err(Error::setting(
            "start",
            format!("lies beyond the end of the song ({secs:.2} s)"),
        ));
    }
    way.finish(separator, sink, reporter)?;
    source
        .take_warnings()
        .into_iter()
        .for_each(|warning| reporter.warn(warning));
    reporter.step("Separating", way.total.max(kept), way.total.max(kept))?;
    Ok(way
        .output
        .summary(kept, separator.device(), started.elapsed().as_secs_f64()))
}

fn cut(block: &mut Planar, skip: u64, take: u64) {
    for channel in block {
        let from = (skip.min(channel.len() as u64)) as usize;
        channel.drain(..from);
        channel.truncate(take.min(channel.len() as u64) as usize);
    }
}

/// Everything between the source and the sink.
struct Way {
    spec: SegmentSpec,
    to_model: Resampler,
    segmenter: Segmenter,
    batch: Vec<Segment>,
    overlap_add: OverlapAdd,
    from_model: Vec<Resampler>,
    stem_names: Vec<String>,
    has_residual: bool,
    post: Vec<PostProcess>,
    output: Output,
    total: u64,
    warned: bool,
    same_rate: bool,
}

impl Way {
    fn new(
        source: &dyn Source,
        separator: &mut dyn Separator,
        options: &SeparateOptions,
    ) -> Result<Self> {
        if let Some(region) = &options.region {
            region.validate()?;
        }
        let song_hz = source.sample_rate_hz();
        let channels = source.channels();
        let model_hz = separator.sample_rate_hz().unwrap_or(song_hz);
        let spec = separator.prepare(model_hz)?;
        let stem_names = separator.stems();
        let residual = separator.residual();
        let output = Output::new(&stem_names, residual.as_deref(), options, song_hz, channels)?;
        Ok(Self {
            to_model: Resampler::new(song_hz, model_hz, channels)?,
            segmenter: Segmenter::new(spec.clone(), channels),
            batch: Vec::new(),
            overlap_add: OverlapAdd::new(spec.clone(), stem_names.len(), channels),
            from_model: stem_names
                .iter()
                .map(|_| Resampler::new(model_hz, song_hz, channels))
                .collect::<Result<_>>()?,
            spec,
            stem_names,
            has_residual: residual.is_some(),
            post: options.post.clone(),
            output,
            total: 0,
            warned: false,
            same_rate: song_hz == model_hz,
        })
    }

    fn push(
        &mut self,
        separator: &mut dyn Separator,
        block: Planar,
        sink: &mut dyn StemSink,
        reporter: &Reporter,
    ) -> Result<()> {
        let mut resampled = vec![Vec::new(); block.len()];
        self.to_model.push(&block, &mut resampled)?;
        self.output.add_mixture(block);
        self.segmenter.push(&resampled);
        self.run(separator, sink, reporter)
    }

    fn finish(
        &mut self,
        separator: &mut dyn Separator,
        sink: &mut dyn StemSink,
        reporter: &Reporter,
    ) -> Result<()> {
        let mut resampled = vec![Vec::new(); self.output.channels];
        self.to_model.finish(&mut resampled)?;
        if !self.same_rate {
            resampled
                .iter_mut()
                .for_each(|channel| channel.resize(channel.len() + TAIL_FRAMES, 0.0));
        }
        self.segmenter.push(&resampled);
        self.segmenter.end();
        self.run(separator, sink, reporter)?;
        for (stem, resampler) in self.from_model.iter_mut().enumerate() {
            resampler.finish(&mut self.output.pending[stem])?;
        }
        self.output.emit(sink)
    }

    /// Runs every segment that is complete.
    fn run(
        &mut self,
        separator: &mut dyn Separator,
        sink: &mut dyn StemSink,
        reporter: &Reporter,
    ) -> Result<()> {
        while let Some(segment) = self.segmenter.next_segment() {
            let last = segment.last;
            self.batch.push(segment);
            if !last && self.batch.len() < self.spec.batch {
                continue;
            }
            let segments = std::mem::take(&mut self.batch);
            let done = self.output.given;
            let step = self.output.mixture_frames() as u64;
            reporter.step("Separating", done, self.total)?;
            let estimates = separator.run(&segments, &reporter.part(done, step, self.total))?;
            for (segment, mut estimate) in segments.iter().zip(estimates) {
                if estimate
                    .iter_mut()
                    .flatten()
                    .flatten()
                    .filter_map(|x| silence_if_broken(x).then_some(()))
                    .count()
                    > 0
                    && !self.warned
                {
                    self.warned = true;
                    reporter.warn("the model answered values that are no numbers; they were replaced by silence");
                }
                for post in &self.post {
                    post.apply(
                        &self.stem_names,
                        &segment.samples,
                        &mut estimate,
                        self.has_residual,
                        reporter,
                    )?;
                }
                let mut joined =
                    vec![vec![Vec::new(); self.output.channels]; self.stem_names.len()];
                self.overlap_add.add(segment, &estimate, &mut joined);
                for (stem, joined) in joined.iter().enumerate() {
                    self.from_model[stem].push(joined, &mut self.output.pending[stem])?;
                }
            }
            self.output.emit(sink)?;
        }
        Ok(())
    }
}

fn silence_if_broken(x: &mut f32) -> bool {
    let broken = !x.is_finite();
    if broken {
        *x = 0.0;
    }
    broken
}
