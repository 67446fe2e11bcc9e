//! Whether a card fits its graph.

use std::path::Path;

use super::card::{CardChannels, ModelCard};
use super::card_tensor::{TensorAxes, TensorKind};
use super::proto::GraphSummary;
use crate::error::{Error, Result};

impl ModelCard {
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
                self.segment_columns()
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
        self.check_axes(&input.shape, path)?;
        // A graph of three axes with several channels has none for a batch.
        let has_batch = input.shape.len() != 3 || self.tensor.num_planes() == 1;
        if self.sees_windows() && has_batch {
            self.check_answers(graph, path)?;
        }
        Ok(())
    }

    /// Whether the network sees windows of exactly `segment.length` columns, as pictures.
    pub fn sees_windows(&self) -> bool {
        self.tensor.kind.is_picture() || self.tensor.every_column
    }

    /// Whether outputs of known size hold as many values as the card makes of them.
    fn check_answers(&self, graph: &GraphSummary, path: &Path) -> Result<()> {
        let (rows, columns) = (self.num_rows(), self.segment.length);
        let (field, allowed) = match self.tensor.kind {
            TensorKind::MagnitudeActivity => ("tensor.kind", vec![1]),
            TensorKind::PicturePicture | TensorKind::MelMel => {
                let planes = self.tensor.output_channels.count();
                ("tensor.output_channels", vec![planes * rows * columns])
            }
            _ => ("tensor.every_column", vec![rows, rows * columns]),
        };
        let wanted = |name: &String| {
            self.tensor.outputs.is_empty() || self.tensor.outputs.iter().any(|one| one == name)
        };
        let outputs: Vec<_> = graph.outputs.iter().filter(|t| wanted(&t.name)).collect();
        // All stems in one, or each in its own.
        let stems = if outputs.len() == 1 {
            self.stems.len()
        } else {
            1
        };
        for output in outputs {
            let Some(one) = output.shape.get(1..).filter(|axes| !axes.is_empty()) else {
                continue;
            };
            // An axis of free length says nothing.
            let Some(values) = one.iter().copied().product::<Option<usize>>() else {
                continue;
            };
            if !allowed.iter().any(|size| stems * size == values) {
                let sizes: Vec<String> = allowed.iter().map(|n| (stems * n).to_string()).collect();
                return Err(Error::Card {
                    field: field.into(),
                    problem: format!(
                        "the graph answers {values} values a picture, the card expects {}",
                        sizes.join(" or ")
                    ),
                    path: path.into(),
                });
            }
        }
        Ok(())
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
        let (field, channels) = if self.sees_windows() {
            ("tensor.input_channels", self.tensor.num_planes())
        } else {
            ("audio.channels", width * parts)
        };
        let channel_axis = (shape.len() == full_rank).then_some(1);
        if let Some(Some(size)) = channel_axis.map(|axis| shape[axis])
            && size != channels
        {
            return fail(
                field,
                format!("the graph takes {size} channels, the card gives {channels}"),
            );
        }
        let bin_axis = match self.tensor.axes {
            _ if !self.tensor.kind.is_spectral() => None,
            TensorAxes::FrequencyTime => shape.len().checked_sub(2),
            TensorAxes::TimeFrequency => shape.len().checked_sub(1),
        };
        let rows = self.num_rows();
        // The field that a person would change.
        let field = if self.height.is_some() {
            "height"
        } else if self.mel.is_some() && self.tensor.kind.is_picture() {
            "mel.bands"
        } else {
            "bins_kept"
        };
        match bin_axis.and_then(|axis| shape.get(axis).copied().flatten()) {
            Some(size) if size != rows => fail(
                field,
                format!("the graph takes {size} bins, the card gives {rows}"),
            ),
            _ => Ok(()),
        }
    }
}
