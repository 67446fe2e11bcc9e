//! Pictures through a network, in batches: where values lie in tensors, and what is answered.

use super::network::Network;
use crate::error::{Error, Result};
use crate::model::{Tensor, TensorAxes};
use crate::progress::Reporter;

/// Values that go through a graph with a free batch at once: inner layers hold some hundred times
/// as many.
const BATCH_VALUES: usize = 1 << 19;
const MAX_BATCH: usize = 32;

/// Where the values of a picture lie in a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PictureLayout {
    /// Channels that go in, the style's included.
    pub planes: usize,
    /// Values per column, those that only fill up included.
    pub rows: usize,
    /// Columns of a window.
    pub columns: usize,
    axes: TensorAxes,
    rank: usize,
}

impl PictureLayout {
    /// Values of one channel.
    pub fn plane_size(&self) -> usize {
        self.rows * self.columns
    }

    /// Where a value is among those of one channel.
    pub fn place(&self, row: usize, column: usize) -> usize {
        match self.axes {
            TensorAxes::FrequencyTime => row * self.columns + column,
            TensorAxes::TimeFrequency => column * self.rows + row,
        }
    }

    /// Appends one channel, `value(row, column)` of each.
    pub fn put(&self, data: &mut Vec<f32>, value: impl Fn(usize, usize) -> f32) {
        match self.axes {
            TensorAxes::FrequencyTime => {
                for row in 0..self.rows {
                    data.extend((0..self.columns).map(|column| value(row, column)));
                }
            }
            TensorAxes::TimeFrequency => {
                for column in 0..self.columns {
                    data.extend((0..self.rows).map(|row| value(row, column)));
                }
            }
        }
    }

    fn shape(&self, batch: usize) -> Vec<usize> {
        let (a, b) = match self.axes {
            TensorAxes::FrequencyTime => (self.rows, self.columns),
            TensorAxes::TimeFrequency => (self.columns, self.rows),
        };
        match (self.rank, self.planes) {
            (3, 1) => vec![batch, a, b],
            (3, planes) => vec![planes, a, b],
            (_, planes) => vec![batch, planes, a, b],
        }
    }
}

impl Network {
    /// Where values lie in the graph's input.
    pub(super) fn layout(&self) -> PictureLayout {
        PictureLayout {
            planes: self.card.tensor.num_planes(),
            rows: self.card.num_rows(),
            columns: self.card.segment_columns(),
            axes: self.card.tensor.axes,
            rank: self.input_shape().len(),
        }
    }

    /// Pictures that one run takes, 1 or more, and whether it must be exactly that many.
    pub(super) fn picture_batch(&self) -> (usize, bool) {
        let layout = self.layout();
        if layout.rank == 3 && layout.planes > 1 {
            return (1, true);
        }
        match self.input_shape().first() {
            Some(Some(batch)) => ((*batch).max(1), true),
            _ => {
                let values = layout.planes * layout.plane_size();
                ((BATCH_VALUES / values.max(1)).clamp(1, MAX_BATCH), false)
            }
        }
    }

    /// Runs `count` pictures in batches. `put` appends all channels of one of them to a tensor's
    /// values; the answers hold each picture's values of all outputs, one output after the other.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Model`].
    pub(super) fn run_pictures(
        &mut self,
        count: usize,
        put: impl Fn(usize, &mut Vec<f32>),
        reporter: &Reporter,
    ) -> Result<Vec<Vec<f32>>> {
        let layout = self.layout();
        let (batch, exact) = self.picture_batch();
        let (input, outputs) = (self.input.clone(), self.outputs.clone());
        let mut out = Vec::with_capacity(count);
        for first in (0..count).step_by(batch) {
            let now = batch.min(count - first);
            let filled = if exact { batch } else { now };
            let size = filled * layout.planes * layout.plane_size();
            let mut data = Vec::with_capacity(size);
            (first..first + now).for_each(|i| put(i, &mut data));
            data.resize(size, 0.0);
            let tensor = Tensor {
                shape: layout.shape(filled),
                data,
            };
            let answers = self.model.run((&input, &tensor), &outputs, reporter)?;
            if let Some(answer) = answers
                .iter()
                .find(|answer| !answer.data.len().is_multiple_of(filled))
            {
                return Err(self.unexpected(answer.data.len(), "as many for each picture"));
            }
            out.extend((0..now).map(|i| {
                let mut joined = Vec::new();
                for answer in &answers {
                    let one = answer.data.len() / filled;
                    joined.extend_from_slice(&answer.data[i * one..(i + 1) * one]);
                }
                joined
            }));
        }
        Ok(out)
    }

    /// That the network answered another number of values than its card says.
    pub(super) fn unexpected(&self, values: usize, wanted: &str) -> Error {
        Error::Model {
            problem: format!("it answered {values} values, {wanted} expected; check the card"),
            path: self.model.path().into(),
        }
    }
}
