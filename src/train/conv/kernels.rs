//! The three sums that convolutions and their gradients are made of.

use std::ops::Range;

use rayon::prelude::*;

use super::product::{Steps, Threads, multiply};
use super::shape::{ConvShape, Tile};
use super::unfold::{Split, fold, unfold};

/// Rows of unfolded columns that a thread sums the kernel's gradient of, at least.
const LEAST_ROWS: usize = 8;

/// How many images a thread takes at a time, and how many threads a product has besides.
fn share(shape: &ConvShape) -> (usize, Threads) {
    let threads = rayon::current_num_threads();
    let images = shape.batch.div_ceil(threads).max(1);
    let per_tile = shape.tiles(0..images, shape.seen());
    let images = per_tile.first().map_or(1, |tile| tile.images.len());
    let few = threads > 1 && shape.batch.div_ceil(images) < threads;
    (images, if few { Threads::All } else { Threads::One })
}

/// `len` values of every image, filled in by `work`, which is told the images of its share.
fn side_by_side(
    shape: &ConvShape,
    len: usize,
    work: impl Fn(Range<usize>, &mut [f32], Threads) + Sync,
) -> Vec<f32> {
    let (per_unit, threads) = share(shape);
    let mut values = vec![0.0; shape.batch * len];
    if values.is_empty() {
        return values;
    }
    let units = values.par_chunks_mut(per_unit * len).enumerate();
    units.for_each(|(unit, values)| {
        let first = unit * per_unit;
        work(first..first + values.len() / len, values, threads);
    });
    values
}

/// kernel · columns + bias at every place: `[batch][channels of places][rows][columns]`.
///
/// places[n][p][y][x] = bias[p] + Σ kernel[p][c][i][j] · image[n][c][y·s + i·d − pad][x·s + j·d − pad]
pub(super) fn gather(
    shape: &ConvShape,
    images: &[f32],
    kernel: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let (count, channels, seen) = (shape.place_count(), shape.places[0], shape.seen());
    side_by_side(shape, shape.places_len(), |unit, places, threads| {
        if let Some(bias) = bias {
            let lines = places.chunks_exact_mut(count).zip(bias.iter().cycle());
            lines.for_each(|(line, bias)| line.fill(*bias));
        }
        let first = unit.start;
        let mut split = Split::new(shape, 0..shape.image[0]);
        let (mut columns, mut made) = (Vec::new(), Vec::new());
        for tile in shape.tiles(unit, seen) {
            let width = tile.count(shape.places[2]);
            columns.resize(seen * width, 0.0);
            unfold_tile(shape, &mut split, images, &tile, 0..seen, &mut columns);
            let left = (&columns[..], Steps::columns(width));
            let right = (kernel, Steps::columns(seen));
            let sizes = [width, channels, seen];
            if tile.images.len() == 1 {
                let at = (tile.images.start - first) * shape.places_len()
                    + tile.rows.start * shape.places[2];
                let out = (&mut places[at..], Steps::columns(count));
                multiply(sizes, out, left, right, true, threads);
                continue;
            }
            made.resize(channels * width, 0.0);
            let out = (&mut made[..], Steps::columns(width));
            multiply(sizes, out, left, right, false, threads);
            let of_images = tile.images.map(|image| image - first);
            for (number, image) in of_images.enumerate() {
                let lines = places[image * shape.places_len()..].chunks_exact_mut(count);
                for (line, made) in lines.zip(made.chunks_exact(width)) {
                    let made = &made[number * count..];
                    line.iter_mut()
                        .zip(made)
                        .for_each(|(sum, value)| *sum += value);
                }
            }
        }
    })
}

/// The adjoint of [`gather`] in the image, plus a bias per channel of the image:
/// `[batch][channels of image][rows][columns]`.
pub(super) fn scatter(
    shape: &ConvShape,
    places: &[f32],
    kernel: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let (channels, seen) = (shape.places[0], shape.seen());
    side_by_side(shape, shape.image_len(), |unit, images, threads| {
        let first = unit.start;
        let mut split = Split::new(shape, 0..shape.image[0]);
        let (mut columns, mut together) = (Vec::new(), Vec::new());
        for tile in shape.tiles(unit, seen) {
            let width = tile.count(shape.places[2]);
            columns.resize(seen * width, 0.0);
            let left = places_of(shape, places, &tile, &mut together);
            let out = (&mut columns[..], Steps::columns(width));
            let right = (kernel, Steps::rows(seen));
            multiply([width, seen, channels], out, left, right, false, threads);
            for (number, image) in tile.images.clone().enumerate() {
                if tile.rows.start == 0 {
                    split.clear();
                }
                let at = number * shape.place_count();
                fold(&mut split, shape, &tile, (&columns, width, at));
                if tile.rows.end == shape.places[1] {
                    let image = &mut images[(image - first) * shape.image_len()..];
                    split.give(&mut image[..shape.image_len()], shape, bias);
                }
            }
        }
    })
}

/// The gradient of [`gather`]'s kernel: Σ over places · columns, as the kernel lies.
pub(super) fn kernel_gradient(shape: &ConvShape, images: &[f32], places: &[f32]) -> Vec<f32> {
    let (channels, seen, taps) = (shape.places[0], shape.seen(), shape.taps());
    // Every part sums some rows over the whole batch: nothing depends on which thread is first.
    let rows = seen.div_ceil(rayon::current_num_threads()).max(LEAST_ROWS);
    let mut sums = vec![0.0; seen * channels];
    if sums.is_empty() || places.is_empty() || images.is_empty() {
        return sums;
    }
    let parts = sums.par_chunks_mut(rows * channels).enumerate();
    parts.for_each(|(part, sums)| {
        let first = part * rows;
        let rows = first..first + sums.len() / channels;
        let mut split = Split::new(shape, rows.start / taps..rows.end.div_ceil(taps));
        let (mut columns, mut together) = (Vec::new(), Vec::new());
        for tile in shape.tiles(0..shape.batch, rows.len()) {
            let width = tile.count(shape.places[2]);
            columns.resize(rows.len() * width, 0.0);
            unfold_tile(shape, &mut split, images, &tile, rows.clone(), &mut columns);
            let (values, steps) = places_of(shape, places, &tile, &mut together);
            // Transposed: the places' channels lie along the vectors.
            let left = Steps {
                row: steps.column,
                column: steps.row,
            };
            multiply(
                [channels, rows.len(), width],
                (sums, Steps::columns(channels)),
                (values, left),
                (&columns[..], Steps::columns(width)),
                true,
                Threads::One,
            );
        }
    });
    transposed(&sums, seen, channels)
}

/// The sum over all but the channels: the gradient of a bias.
pub(super) fn channel_sums(values: &[f32], channels: usize, per_channel: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; channels];
    for image in values.chunks_exact((channels * per_channel).max(1)) {
        for (sum, line) in sums.iter_mut().zip(image.chunks_exact(per_channel)) {
            let parts = line.chunks(256).map(|part| part.iter().sum::<f32>());
            *sum += parts.map(f64::from).sum::<f64>();
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Unfolds all images of a tile.
fn unfold_tile(
    shape: &ConvShape,
    split: &mut Split,
    images: &[f32],
    tile: &Tile,
    seen: Range<usize>,
    columns: &mut [f32],
) {
    let width = tile.count(shape.places[2]);
    for (number, image) in tile.images.clone().enumerate() {
        // An image's first tile takes it in for those that follow.
        if tile.rows.start == 0 {
            let image = &images[image * shape.image_len()..(image + 1) * shape.image_len()];
            split.take(image, shape);
        }
        let at = (&mut columns[..], width, number * shape.place_count());
        unfold(split, shape, seen.clone(), tile.rows.clone(), at);
    }
}

/// A tile's values at its places, `[place][channel]` by the steps answered.
fn places_of<'a>(
    shape: &ConvShape,
    places: &'a [f32],
    tile: &Tile,
    together: &'a mut Vec<f32>,
) -> (&'a [f32], Steps) {
    let count = shape.place_count();
    let image_at = |image: usize| image * shape.places_len();
    if tile.images.len() == 1 {
        let at = image_at(tile.images.start) + tile.rows.start * shape.places[2];
        return (&places[at..], Steps::columns(count));
    }
    let width = tile.count(shape.places[2]);
    together.resize(shape.places[0] * width, 0.0);
    for (number, image) in tile.images.clone().enumerate() {
        let lines = places[image_at(image)..].chunks_exact(count);
        for (to, from) in together.chunks_exact_mut(width).zip(lines) {
            to[number * count..][..count].copy_from_slice(from);
        }
    }
    (together, Steps::columns(width))
}

/// `[rows][columns]` as `[columns][rows]`.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    turned
        .par_chunks_exact_mut(rows)
        .enumerate()
        .for_each(|(column, line)| {
            for (to, from) in line
                .iter_mut()
                .zip(values[column..].iter().step_by(columns))
            {
                *to = *from;
            }
        });
    turned
}
