//! The way in: a source's blocks become batches of segments at the separator's rate.

use super::Separator;
use super::segments::{Segment, SegmentSpec, Segmenter};
use super::separate::Region;
use crate::audio::{Planar, Resampler, Source};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Zeros after the end at the network's rate, so that coming back never falls short by rounding.
const TAIL_FRAMES: usize = 8;

/// Segments that go to the separator together, and the mixture that was read to make them.
pub(super) struct Batch {
    pub(super) segments: Vec<Segment>,
    /// At the song's rate, `[channels][frames]`.
    pub(super) mixture: Planar,
}

impl Batch {
    pub(super) fn mixture_frames(&self) -> u64 {
        self.mixture.first().map_or(0, Vec::len) as u64
    }
}

/// Reads a region of a source as batches.
pub(super) struct Intake<'a> {
    source: &'a mut dyn Source,
    to_model: Resampler,
    segmenter: Segmenter,
    batch_size: usize,
    same_rate: bool,
    /// Frames to leave out at the front, and to take after that.
    skip: u64,
    take: u64,
    seen: u64,
    /// Frames of the region that were read.
    pub(super) kept: u64,
    ended: bool,
    warned: bool,
    mixture: Planar,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        source: &'a mut dyn Source,
        model_hz: u32,
        spec: &SegmentSpec,
        region: Option<Region>,
    ) -> Result<Self> {
        let (song_hz, channels) = (source.sample_rate_hz(), source.channels());
        let (skip, take) = region.map_or((0, u64::MAX), |r| r.frames(song_hz));
        Ok(Self {
            to_model: Resampler::new(song_hz, model_hz, channels)?,
            segmenter: Segmenter::new(spec.clone(), channels),
            batch_size: spec.batch,
            same_rate: song_hz == model_hz,
            skip,
            take,
            seen: 0,
            kept: 0,
            ended: false,
            warned: false,
            mixture: vec![Vec::new(); channels],
            source,
        })
    }

    /// Frames that will be read, as far as the source tells; 0 if it does not.
    pub(super) fn expected_frames(&self) -> u64 {
        let hint = self.source.frames_hint().unwrap_or(0);
        hint.saturating_sub(self.skip).min(self.take)
    }

    /// Reads until a batch is whole; `None` after the last.
    pub(super) fn next_batch(&mut self, reporter: &Reporter) -> Result<Option<Batch>> {
        let mut segments = Vec::new();
        loop {
            while let Some(segment) = self.segmenter.next_segment() {
                let last = segment.last;
                segments.push(segment);
                if last || segments.len() == self.batch_size {
                    let empty = vec![Vec::new(); self.mixture.len()];
                    return Ok(Some(Batch {
                        segments,
                        mixture: std::mem::replace(&mut self.mixture, empty),
                    }));
                }
            }
            if self.ended {
                return Ok(None);
            }
            reporter.check()?;
            self.read(reporter)?;
        }
    }

    /// One more block, or the end.
    fn read(&mut self, reporter: &Reporter) -> Result<()> {
        let wanted = self.kept < self.take;
        let block = if wanted {
            self.source.next_block()?
        } else {
            None
        };
        let mut resampled = vec![Vec::new(); self.mixture.len()];
        let Some(mut block) = block else {
            self.ended = true;
            if self.kept == 0 && self.seen > 0 {
                return Err(self.beyond_the_end());
            }
            self.to_model.finish(&mut resampled)?;
            if !self.same_rate {
                resampled
                    .iter_mut()
                    .for_each(|channel| channel.resize(channel.len() + TAIL_FRAMES, 0.0));
            }
            self.segmenter.push(&resampled);
            self.segmenter.end();
            return Ok(());
        };
        let frames = |block: &Planar| block.first().map_or(0, Vec::len) as u64;
        let all = frames(&block);
        cut(
            &mut block,
            self.skip.saturating_sub(self.seen),
            self.take - self.kept,
        );
        let mut broken = false;
        for x in block.iter_mut().flatten().filter(|x| !x.is_finite()) {
            *x = 0.0;
            broken = true;
        }
        if broken && !self.warned {
            self.warned = true;
            reporter
                .warn("the song holds samples that are no numbers; they were replaced by silence");
        }
        self.seen += all;
        self.kept += frames(&block);
        self.to_model.push(&block, &mut resampled)?;
        self.segmenter.push(&resampled);
        for (mixture, block) in self.mixture.iter_mut().zip(&block) {
            mixture.extend_from_slice(block);
        }
        Ok(())
    }

    fn beyond_the_end(&self) -> Error {
        let secs = self.seen as f64 / f64::from(self.source.sample_rate_hz());
        Error::setting(
            "start",
            format!("lies beyond the end of the song ({secs:.2} s)"),
        )
    }

    /// What was read after the last batch, and what the source had to tell.
    pub(super) fn finish(self) -> (Planar, Vec<String>) {
        (self.mixture, self.source.take_warnings())
    }
}

/// The rate at which a separator sees a song.
pub(super) fn model_rate_hz(separator: &dyn Separator, source: &dyn Source) -> u32 {
    separator
        .sample_rate_hz()
        .unwrap_or_else(|| source.sample_rate_hz())
}

fn cut(block: &mut Planar, skip: u64, take: u64) {
    for channel in block {
        let from = (skip.min(channel.len() as u64)) as usize;
        channel.drain(..from);
        channel.truncate(take.min(channel.len() as u64) as usize);
    }
}
