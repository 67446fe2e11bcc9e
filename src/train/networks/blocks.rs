//! Pieces that several networks are made of.

use serde::{Deserialize, Serialize};

use crate::dataset::ExampleShapes;
use crate::error::{Error, Result};
use crate::train::plan::{Op, Plan};

/// Deepest network: halving more often leaves nothing of any picture.
const MOST_LEVELS: usize = 12;
/// Most channels of a first layer.
pub(super) const MOST_FILTERS: usize = 4096;

/// What the last layer's values go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum OutputActivation {
    /// To −1…1.
    #[default]
    Tanh,
    /// To 0…1.
    Sigmoid,
    /// As they are.
    None,
}

impl OutputActivation {
    /// The layer, if there is one.
    pub(super) fn op(self) -> Option<Op> {
        match self {
            Self::Tanh => Some(Op::Tanh),
            Self::Sigmoid => Some(Op::Sigmoid),
            Self::None => None,
        }
    }
}

/// A convolution that takes every second row and column; even sides become exactly half. Zeros are
/// put on evenly, which for a 4×4 kernel is what "same" padding does.
pub(super) fn halving(out: usize, kernel: usize, bias: bool) -> Op {
    let pad = (kernel - 1) / 2;
    Op::Conv {
        out,
        kernel: [kernel; 2],
        stride: [2; 2],
        pads: [pad; 4],
        dilation: [1; 2],
        bias,
    }
}

/// A transposed convolution that doubles rows and columns exactly.
pub(super) fn doubling(out: usize, kernel: usize, bias: bool) -> Op {
    Op::Deconv {
        out,
        kernel: [kernel; 2],
        stride: [2; 2],
        padding: [(kernel - 1) / 2; 2],
        output_padding: [kernel % 2; 2],
        bias,
    }
}

/// A convolution that keeps rows and columns. Of an odd number of zeros the larger part is put below
/// and right, as "same" padding does.
pub(super) fn keeping(out: usize, [rows, columns]: [usize; 2], bias: bool) -> Op {
    let (top, left) = ((rows - 1) / 2, (columns - 1) / 2);
    Op::Conv {
        out,
        kernel: [rows, columns],
        stride: [1; 2],
        pads: [top, left, rows - 1 - top, columns - 1 - left],
        dilation: [1; 2],
        bias,
    }
}

/// Batch normalisation with the values of Keras.
pub(super) fn norm() -> Op {
    Op::BatchNorm {
        eps: 1e-3,
        momentum: 0.99,
    }
}

/// Adds layers one after another behind `from`; names are `prefix` and a part. Answers the last.
pub(super) fn chain(
    plan: &mut Plan,
    prefix: &str,
    from: usize,
    layers: impl IntoIterator<Item = (&'static str, Op)>,
) -> usize {
    layers.into_iter().fold(from, |at, (part, op)| {
        plan.add(format!("{prefix}.{part}"), op, &[at])
    })
}

/// Channels at a level (from 0): twice as many at each, at most `most`.
pub(super) fn filters(base: usize, level: usize, most: usize) -> usize {
    base.saturating_mul(1 << level.min(MOST_LEVELS)).min(most)
}

/// A size that must be within a range.
pub(super) fn within(name: &str, value: usize, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::setting(
        format!("network.{name}"),
        format!("{value} is not within {least} to {most}"),
    ))
}

/// Checks what all U-Nets ask for: sizes, as many rows and columns out as in, and both a multiple of
/// 2^depth. Pictures are made to fit by `height` and `columns` of the examples.
pub(super) fn check_unet(shapes: ExampleShapes, base_filters: usize, depth: usize) -> Result<()> {
    within("base_filters", base_filters, 1, MOST_FILTERS)?;
    within("depth", depth, 1, MOST_LEVELS)?;
    let ([_, rows, columns], target) = (shapes.input, shapes.target);
    if target[1..] != [rows, columns] {
        let problem = format!(
            "a U-Net answers pictures as large as its input, {rows}×{columns}; the examples' \
             targets are {}×{}",
            target[1], target[2]
        );
        return Err(Error::setting("network", problem));
    }
    let multiple = 1_usize << depth;
    if !rows.is_multiple_of(multiple) || !columns.is_multiple_of(multiple) {
        let problem = format!(
            "{depth} needs pictures whose rows and columns are multiples of {multiple}; the \
             examples' are {rows}×{columns}: set examples.height and examples.columns, or less depth"
        );
        return Err(Error::setting("network.depth", problem));
    }
    Ok(())
}
