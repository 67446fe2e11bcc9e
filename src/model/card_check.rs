//! Whether a card contradicts itself or its graph.

use std::path::Path;

use super::card::{CardChannels, ModelCard, SegmentUnit, TensorAxes, TensorKind};
use super::proto::GraphSummary;
use crate::error::{Error, Result};

impl ModelCard {
    /// Whether the card contradicts itself.
    ///
    /// # Errors
    /// [`Error::Card`] that names the field.
    pub fn validate(&self, path: &Path) -> Result<()> {
        let fail = |field: &str, problem: String| {
            Err(Error::Card {
                field: field.into(),
                problem,
                path: path.into(),
            })
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return fail("id", "must be letters, digits, '-', '_' or '.'".into());
        }
        if self.stems.is_empty() {
            return fail("stems", "must name at least one stem".into());
        }
        let mut names: Vec<&String> = self.stems.iter().chain(&self.output.residual).collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return fail("stems", format!("{:?} is there twice", pair[0]));
        }
        if !(1000..=384_000).contains(&self.audio.sample_rate_hz) {
            return fail(
                "audio.sample_rate_hz",
                format!("{} is not within 1000 to 384000", self.audio.sample_rate_hz),
            );
        }
        if self.segment.length == 0 {
            return fail("segment.length", "must be 1 or more".into());
        }
        if !(0.0..=0.95).contains(&self.segment.overlap) {
            return fail(
                "segment.overlap",
                format!("{} is not within 0 to 0.95", self.segment.overlap),
            );
        }
        if !(self.output.compensate > 0.0 && self.output.compensate.is_finite()) {
            return fail("output.compensate", "must be above 0".into());
        }
        if self.output.phase != "input" {
            return fail(
                "output.phase",
                format!("{:?} is unknown; use \"input\"", self.output.phase),
            );
        }
        match (&self.stft, self.tensor.kind.is_spectral()) {
            (None, true) => return fail("stft", "is required for this kind of tensor".into()),
            (Some(stft), _) => {
                if let Err(error) = stft.validate() {
                    return fail("stft", error.to_string());
                }
                let bins = stft.bins();
                if self.bins_kept.is_some_and(|kept| kept == 0 || kept > bins) {
                    return fail(
                        "bins_kept",
                        format!("must be within 1 to {bins} (n_fft/2 + 1)"),
                    );
                }
                if self.zeroed_low_bins > self.bins_kept.unwrap_or(bins) {
                    return fail("zeroed_low_bins", "is more than the bins kept".into());
                }
            }
            (None, false) if self.segment.unit == SegmentUnit::Columns => {
                return fail("segment.unit", "columns need an [stft] table".into());
            }
            (None, false) => {}
        }
        if self.segment.border * 2 >= self.segment_frames() {
            return fail(
                "segment.border",
                format!("twice {} leaves nothing of a segment", self.segment.border),
            );
        }
        Ok(())
    }

    /// Whether the card fits the graph: names, ranks, fixed sizes.
    ///
    /// # Errors
    /// [`Error::Card`] that names the field and both values.
    pub fn check_graph(&self, graph: &GraphSummary, path: &Path) -> Result<()> {
        let fail = |field: &str, problem: String| {
            Err(Error::Card {
                field: field.into(),
                problem,
                path: path.into(),
            })
        };
        if !self.tensor.kind.is_runnable() {
            return fail(
                "tensor.kind",
                "this version cannot run this kind yet".into(),
            );
        }
        let input = match self.tensor.input.as_str() {
            "" if graph.inputs.len() == 1 => &graph.inputs[0],
            "" => {
                return fail(
                    "tensor.input",
                    format!("the graph has {} inputs; name one", graph.inputs.len()),
                );
            }
            name => match graph.inputs.iter().find(|t| t.name == name) {
                Some(input) => input,
                None => return fail("tensor.input", format!("the graph has no input {name:?}")),
            },
        };
        for name in &self.tensor.outputs {
            if !graph.outputs.iter().any(|t| t.name == *name) {
                return fail(
                    "tensor.outputs",
                    format!("the graph has no output {name:?}"),
                );
            }
        }
        let outputs = if self.tensor.outputs.is_empty() {
            graph.outputs.len()
        } else {
            self.tensor.outputs.len()
        };
        if outputs > 1 && outputs != self.stems.len() {
            return fail(
                "stems",
                format!("{} stems but {outputs} outputs", self.stems.len()),
            );
        }
        let ranks = if self.tensor.kind == TensorKind::WaveformStems {
            2..=3
        } else {
            3..=4
        };
        if !input.shape.is_empty() && !ranks.contains(&input.shape.len()) {
            return fail(
                "tensor.kind",
                format!(
                    "the input has {} axes; this kind has {} to {}",
                    input.shape.len(),
                    ranks.start(),
                    ranks.end()
                ),
            );
        }
        let time_axis = match (self.tensor.kind, self.tensor.axes) {
            (TensorKind::WaveformStems, _) | (_, TensorAxes::FrequencyTime) => {
                input.shape.len().checked_sub(1)
            }
            _ => input.shape.len().checked_sub(2),
        };
        if let Some(Some(size)) = time_axis.and_then(|axis| input.shape.get(axis)) {
            let wanted = if self.tensor.kind == TensorKind::WaveformStems {
                self.segment_frames()
            } else {
                self.stft
                    .as_ref()
                    .map_or(0, |stft| stft.columns(self.segment_frames()))
            };
            if *size != wanted || !self.segment.fixed {
                return fail(
                    "segment.length",
                    format!(
                        "the graph takes exactly {size}, the card gives {wanted}; set length to fit and fixed = true"
                    ),
                );
            }
        }
        self.check_axes(&input.shape, path)
    }

    /// Whether the fixed lengths of bins and channels are those that the card gives.
    fn check_axes(&self, shape: &[Option<usize>], path: &Path) -> Result<()> {
        let fail = |field: &str, problem: String| {
            Err(Error::Card {
                field: field.into(),
                problem,
                path: path.into(),
            })
        };
        let width = if self.audio.channels == CardChannels::Stereo {
            2
        } else {
            1
        };
        let parts = if self.tensor.kind == TensorKind::ComplexChannels {
            2
        } else {
            1
        };
        let full_rank = if self.tensor.kind == TensorKind::WaveformStems {
            3
        } else {
            4
        };
        let channel_axis = (shape.len() == full_rank).then_some(1);
        if let Some(Some(size)) = channel_axis.map(|axis| shape[axis])
            && size != width * parts
        {
            return fail(
                "audio.channels",
                format!(
                    "the graph takes {size} channels, the card gives {}",
                    width * parts
                ),
            );
        }
        let bin_axis = match self.tensor.axes {
            _ if !self.tensor.kind.is_spectral() => None,
            TensorAxes::FrequencyTime => shape.len().checked_sub(2),
            TensorAxes::TimeFrequency => shape.len().checked_sub(1),
        };
        let bins = self
            .bins_kept
            .or(self.stft.as_ref().map(|stft| stft.bins()));
        match (
            bin_axis.and_then(|axis| shape.get(axis).copied().flatten()),
            bins,
        ) {
            (Some(size), Some(bins)) if size != bins => fail(
                "bins_kept",
                format!("the graph takes {size} bins, the card gives {bins}"),
            ),
            _ => Ok(()),
        }
    }
}
