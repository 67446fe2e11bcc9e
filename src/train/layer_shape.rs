//! Shape that one layer makes of the shapes it takes, or what is wrong with it, in words.

use super::plan::Op;

/// Largest size of one setting of a layer.
pub(super) const MOST: usize = 1 << 20;
/// Most numbers in one array: more than any network here, and safe to multiply.
pub(super) const MOST_IN_ARRAY: usize = i32::MAX as usize;

/// Channels, rows, columns.
pub(super) type Shape = [usize; 3];

/// Shape that a layer makes, or what is wrong.
pub(super) fn shape_after(op: &Op, inputs: &[Shape]) -> std::result::Result<Shape, String> {
    let first = *inputs.first().ok_or("it takes nothing")?;
    let most_inputs = match op {
        Op::Concat => usize::MAX,
        Op::Multiply => 2,
        _ => 1,
    };
    if inputs.len() > most_inputs || (*op == Op::Multiply && inputs.len() != 2) {
        return Err(format!("it takes {most_inputs}, not {}", inputs.len()));
    }
    let [channels, rows, columns] = first;
    match *op {
        Op::Input => Err("only node 0 is the input".to_owned()),
        Op::Conv {
            out,
            kernel,
            stride,
            pads: [top, left, bottom, right],
            dilation,
            ..
        } => {
            in_range("out", &[out], 1)?;
            in_range("kernel, step or dilation", &kernel, 1)?;
            in_range("kernel, step or dilation", &stride, 1)?;
            in_range("kernel, step or dilation", &dilation, 1)?;
            in_range("pads", &[top, left, bottom, right], 0)?;
            let span = |axis: usize| dilation[axis] * (kernel[axis] - 1) + 1;
            let rows = tiles(rows + top + bottom, span(0), stride[0], "rows")?;
            let columns = tiles(columns + left + right, span(1), stride[1], "columns")?;
            Ok([out, rows, columns])
        }
        Op::Deconv {
            out,
            kernel,
            stride,
            padding,
            output_padding,
            ..
        } => {
            in_range("out", &[out], 1)?;
            in_range("kernel or step", &kernel, 1)?;
            in_range("kernel or step", &stride, 1)?;
            in_range("padding", &padding, 0)?;
            if output_padding[0] >= stride[0] || output_padding[1] >= stride[1] {
                return Err("output_padding must be below the step".to_owned());
            }
            let spread = |axis: usize, side: usize| {
                let full = (side - 1) * stride[axis] + kernel[axis] + output_padding[axis];
                full.checked_sub(2 * padding[axis])
                    .filter(|side| (1..=MOST).contains(side))
                    .ok_or("its padding leaves nothing, or too much comes out")
            };
            Ok([out, spread(0, rows)?, spread(1, columns)?])
        }
        Op::BatchNorm { eps, momentum } => {
            let is_right = eps > 0.0 && eps.is_finite() && (0.0..=1.0).contains(&momentum);
            require(is_right, "eps must be above 0, momentum 0 to 1")?;
            Ok(first)
        }
        Op::LeakyRelu { slope } => {
            require(slope.is_finite(), "slope must be a number")?;
            Ok(first)
        }
        Op::Scale { factor, offset } => {
            let is_right = factor.is_finite() && offset.is_finite();
            require(is_right, "factor and offset must be numbers")?;
            Ok(first)
        }
        Op::LogCompress { gain } => {
            let is_right = gain > 0.0 && gain.is_finite();
            require(is_right, "gain must be above 0")?;
            Ok(first)
        }
        Op::Dropout { rate } => {
            let is_right = (0.0..1.0).contains(&rate);
            require(is_right, "rate must be 0 to below 1")?;
            Ok(first)
        }
        Op::Relu | Op::Tanh | Op::Sigmoid => Ok(first),
        Op::MaxPool { kernel } => {
            in_range("kernel", &kernel, 1)?;
            let rows = tiles(rows, kernel[0], kernel[0], "rows")?;
            Ok([
                channels,
                rows,
                tiles(columns, kernel[1], kernel[1], "columns")?,
            ])
        }
        Op::Flatten => Ok([values_in(first)?, 1, 1]),
        Op::Dense { out, .. } => {
            in_range("out", &[out], 1)?;
            require(rows == 1 && columns == 1, "its input must be flattened")?;
            Ok([out, 1, 1])
        }
        Op::Reshape { shape } => {
            in_range("shape", &shape, 1)?;
            if values_in(shape)? != values_in(first)? {
                return Err(format!("{first:?} does not hold the values of {shape:?}"));
            }
            Ok(shape)
        }
        Op::Concat => {
            if let Some(other) = inputs.iter().find(|shape| shape[1..] != first[1..]) {
                return Err(format!("{other:?} cannot be joined to {first:?}"));
            }
            Ok([inputs.iter().map(|shape| shape[0]).sum(), rows, columns])
        }
        Op::Multiply => {
            let second = inputs[1];
            let is_one_for_all = second[0] == 1 || second[0] == channels;
            if second[1..] != first[1..] || !is_one_for_all {
                return Err(format!("{first:?} cannot be multiplied by {second:?}"));
            }
            Ok(first)
        }
        Op::Slice {
            channels: [start, end],
        } => {
            if start >= end || end > channels {
                return Err(format!(
                    "{start} to {end} is not within {channels} channels"
                ));
            }
            Ok([end - start, rows, columns])
        }
    }
}

fn require(is_right: bool, problem: &str) -> std::result::Result<(), String> {
    if is_right {
        Ok(())
    } else {
        Err(problem.to_owned())
    }
}

fn in_range(what: &str, values: &[usize], least: usize) -> std::result::Result<(), String> {
    let is_right = values.iter().all(|value| (least..=MOST).contains(value));
    require(is_right, &format!("{what} must be {least} to {MOST}"))
}

fn tiles(side: usize, span: usize, step: usize, what: &str) -> std::result::Result<usize, String> {
    match side.checked_sub(span) {
        Some(rest) => Ok(rest / step + 1),
        None => Err(format!("it spans {span} {what}, its input has {side}")),
    }
}

fn values_in(shape: Shape) -> std::result::Result<usize, String> {
    let count = shape
        .iter()
        .fold(1_usize, |n, side| n.saturating_mul(*side));
    if count > MOST_IN_ARRAY {
        return Err(format!("{shape:?} are too many values"));
    }
    Ok(count)
}
