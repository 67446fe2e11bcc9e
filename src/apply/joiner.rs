//! The way out: estimates of segments become stems at the song's rate.

use super::intake::Batch;
use super::output::Output;
use super::post::PostProcess;
use super::segments::{OverlapAdd, SegmentSpec};
use super::separate::StemSink;
use crate::audio::{Planar, Resampler};
use crate::error::Result;
use crate::progress::Reporter;

/// Joins estimates and gives the stems to a sink, in the order of the song.
pub(super) struct Joiner<'a> {
    overlap_add: OverlapAdd,
    from_model: Vec<Resampler>,
    stem_names: Vec<String>,
    has_residual: bool,
    post: &'a [PostProcess],
    pub(super) output: Output,
    sink: &'a mut dyn StemSink,
    same_rate: bool,
    warned: bool,
}

impl<'a> Joiner<'a> {
    pub(super) fn new(
        output: Output,
        (stem_names, has_residual): (Vec<String>, bool),
        spec: &SegmentSpec,
        model_hz: u32,
        post: &'a [PostProcess],
        sink: &'a mut dyn StemSink,
    ) -> Result<Self> {
        sink.start(&output.names, output.sample_rate_hz, output.channels)?;
        Ok(Self {
            overlap_add: OverlapAdd::new(spec.clone(), stem_names.len(), output.channels),
            from_model: stem_names
                .iter()
                .map(|_| Resampler::new(model_hz, output.sample_rate_hz, output.channels))
                .collect::<Result<_>>()?,
            same_rate: model_hz == output.sample_rate_hz,
            stem_names,
            has_residual,
            post,
            output,
            sink,
            warned: false,
        })
    }

    /// Adds a batch's estimates, `[segments][stems][channels][frames]`, and gives out what is whole.
    pub(super) fn add(
        &mut self,
        batch: Batch,
        estimates: Vec<Vec<Planar>>,
        reporter: &Reporter,
    ) -> Result<()> {
        self.output.add_mixture(batch.mixture);
        for (segment, mut estimate) in batch.segments.iter().zip(estimates) {
            self.silence_broken(&mut estimate, reporter);
            for post in self.post {
                post.apply(
                    &self.stem_names,
                    &segment.samples,
                    &mut estimate,
                    self.has_residual,
                    reporter,
                )?;
            }
            if self.same_rate {
                let pending = &mut self.output.pending;
                self.overlap_add.add(segment, &estimate, pending);
                continue;
            }
            let mut joined = vec![vec![Vec::new(); self.output.channels]; self.stem_names.len()];
            self.overlap_add.add(segment, &estimate, &mut joined);
            for (stem, joined) in joined.iter().enumerate() {
                self.from_model[stem].push(joined, &mut self.output.pending[stem])?;
            }
        }
        self.output.emit(self.sink)
    }

    /// Gives out what is left.
    pub(super) fn finish(&mut self, mixture: Planar) -> Result<()> {
        self.output.add_mixture(mixture);
        for (stem, resampler) in self.from_model.iter_mut().enumerate() {
            resampler.finish(&mut self.output.pending[stem])?;
        }
        self.output.emit(self.sink)
    }

    fn silence_broken(&mut self, estimate: &mut [Planar], reporter: &Reporter) {
        let mut broken = false;
        for x in estimate.iter_mut().flatten().flatten() {
            if !x.is_finite() {
                *x = 0.0;
                broken = true;
            }
        }
        if broken && !self.warned {
            self.warned = true;
            reporter.warn(
                "the model answered values that are no numbers; they were replaced by silence",
            );
        }
    }
}
