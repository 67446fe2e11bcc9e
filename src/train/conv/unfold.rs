//! Between images and what a kernel sees at each place.
//!
//! A strided kernel sees every second value of a row, say. [`Split`] keeps an image with its zeros
//! around it and its columns sorted by their remainder of the stride: then each value of the kernel
//! sees a run of neighbours in every row.

use std::ops::Range;

use super::shape::{ConvShape, Tile};

/// One image, `[channels][rows][remainders][columns]`, zeros around it, as far as the kernel reaches.
pub(super) struct Split {
    values: Vec<f32>,
    channels: Range<usize>,
    rows: usize,
    remainders: usize,
    columns: usize,
}

impl Split {
    /// Room for some channels of an image.
    pub(super) fn new(shape: &ConvShape, channels: Range<usize>) -> Self {
        let [rows, columns] = shape.reach();
        let remainders = shape.stride[1];
        let columns = columns.div_ceil(remainders);
        Self {
            values: vec![0.0; channels.len() * rows * remainders * columns],
            channels,
            rows,
            remainders,
            columns,
        }
    }

    /// Makes all values zero.
    pub(super) fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Values of a row.
    fn row_len(&self) -> usize {
        self.remainders * self.columns
    }

    /// Takes an image's channels in. What is around them stays.
    pub(super) fn take(&mut self, image: &[f32], shape: &ConvShape) {
        let [_, rows, columns] = shape.image;
        let (top, left) = (shape.pads[0], shape.pads[1]);
        let (row_len, per_channel) = (self.row_len(), self.rows * self.row_len());
        let seen_rows = rows.min(self.rows.saturating_sub(top));
        let channels = image
            .chunks_exact((rows * columns).max(1))
            .skip(self.channels.start);
        let split = self.values.chunks_exact_mut(per_channel.max(1));
        for (channel, split) in channels.zip(split) {
            let split = split.chunks_exact_mut(row_len).skip(top).take(seen_rows);
            for (row, split) in channel.chunks_exact(columns).zip(split) {
                for (remainder, run) in split.chunks_exact_mut(self.columns).enumerate() {
                    // The first value of the row with this remainder, and its place in the run.
                    let from =
                        (remainder + self.remainders - left % self.remainders) % self.remainders;
                    let to = (from + left) / self.remainders;
                    let Some(row) = row.get(from..) else { continue };
                    let Some(run) = run.get_mut(to..) else {
                        continue;
                    };
                    every(row, self.remainders, run);
                }
            }
        }
    }

    /// Writes the channels as an image, `offsets` added: the channels' own, if any.
    pub(super) fn give(&self, image: &mut [f32], shape: &ConvShape, offsets: Option<&[f32]>) {
        let [_, rows, columns] = shape.image;
        let (top, left) = (shape.pads[0], shape.pads[1]);
        let per_channel = self.rows * self.row_len();
        let split = self.values.chunks_exact(per_channel.max(1));
        let image = image.chunks_exact_mut((rows * columns).max(1));
        for (number, (channel, split)) in image.zip(split).enumerate() {
            let offset = offsets.map_or(0.0, |offsets| offsets[number]);
            for (y, row) in channel.chunks_exact_mut(columns).enumerate() {
                let split = split.chunks_exact(self.row_len()).nth(y + top);
                let Some(split) = split else {
                    row.fill(offset);
                    continue;
                };
                if self.remainders == 2 && left < 2 {
                    let (even, odd) = split.split_at(self.columns);
                    if left == 0 {
                        interleave(row, even, odd, offset);
                    } else {
                        interleave(row, odd, even.get(1..).unwrap_or_default(), offset);
                    }
                    continue;
                }
                for (x, value) in row.iter_mut().enumerate() {
                    let (run, at) = ((x + left) % self.remainders, (x + left) / self.remainders);
                    let seen = (at < self.columns).then(|| split[run * self.columns + at]);
                    *value = seen.unwrap_or(0.0) + offset;
                }
            }
        }
    }

    /// Where one of the kernel's values sees the first place of a row of places.
    fn first(&self, shape: &ConvShape, seen: usize, row: usize) -> usize {
        let (channel, tap) = (seen / shape.taps(), seen % shape.taps());
        let (tap_row, tap_column) = (tap / shape.kernel[1], tap % shape.kernel[1]);
        let y = row * shape.stride[0] + tap_row * shape.dilation[0];
        let x = tap_column * shape.dilation[1];
        (((channel - self.channels.start) * self.rows + y) * self.remainders + x % self.remainders)
            * self.columns
            + x / self.remainders
    }

    /// How far apart rows of places are.
    fn step(&self, shape: &ConvShape) -> usize {
        shape.stride[0] * self.row_len()
    }
}

/// Every `step`-th value, from the first.
fn every(from: &[f32], step: usize, to: &mut [f32]) {
    match step {
        1 => {
            let len = from.len().min(to.len());
            to[..len].copy_from_slice(&from[..len]);
        }
        2 => {
            let (pairs, last) = from.as_chunks::<2>();
            for (to, pair) in to.iter_mut().zip(pairs) {
                *to = pair[0];
            }
            if let (Some(to), Some(last)) = (to.get_mut(pairs.len()), last.first()) {
                *to = *last;
            }
        }
        _ => {
            for (to, from) in to.iter_mut().zip(from.iter().step_by(step)) {
                *to = *from;
            }
        }
    }
}

/// a₀ b₀ a₁ b₁ …, `offset` added; zeros after either's end.
fn interleave(row: &mut [f32], a: &[f32], b: &[f32], offset: f32) {
    let (pairs, last) = row.as_chunks_mut::<2>();
    let both = a.len().min(b.len()).min(pairs.len());
    for ((pair, a), b) in pairs.iter_mut().zip(a).zip(b) {
        *pair = [a + offset, b + offset];
    }
    let at = |values: &[f32], i: usize| values.get(i).copied().unwrap_or(0.0) + offset;
    for (i, pair) in pairs.iter_mut().enumerate().skip(both) {
        *pair = [at(a, i), at(b, i)];
    }
    if let Some(last) = last.first_mut() {
        *last = at(a, pairs.len());
    }
}

/// What the kernel's values `seen` see in one image's rows of a tile, at `columns[seen][place]`,
/// where `width` is the tile's places and this image's begin at `first`.
pub(super) fn unfold(
    split: &Split,
    shape: &ConvShape,
    seen: Range<usize>,
    rows: Range<usize>,
    (columns, width, first): (&mut [f32], usize, usize),
) {
    let (per_row, step) = (shape.places[2], split.step(shape));
    for (value, line) in seen.zip(columns.chunks_exact_mut(width)) {
        let line = line[first..first + rows.len() * per_row].chunks_exact_mut(per_row);
        let seen = split.values[split.first(shape, value, rows.start)..].chunks(step);
        for (places, seen) in line.zip(seen) {
            places.copy_from_slice(&seen[..per_row]);
        }
    }
}

/// The adjoint of [`unfold`]: adds the columns up where they were seen.
pub(super) fn fold(
    split: &mut Split,
    shape: &ConvShape,
    tile: &Tile,
    (columns, width, first): (&[f32], usize, usize),
) {
    let (per_row, step, rows) = (shape.places[2], split.step(shape), tile.rows.clone());
    for (value, line) in columns.chunks_exact(width).enumerate() {
        let line = line[first..first + rows.len() * per_row].chunks_exact(per_row);
        let at = split.first(shape, value, rows.start);
        let sums = split.values[at..].chunks_mut(step);
        for (places, sums) in line.zip(sums) {
            for (sum, place) in sums.iter_mut().zip(places) {
                *sum += place;
            }
        }
    }
}
