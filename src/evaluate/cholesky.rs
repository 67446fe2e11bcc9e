//! Symmetric systems of thousands of equations: the Cholesky factorisation A = L·Lᵀ, by blocks.
//!
//! Block columns from left to right: first all that is known of L is subtracted from the block
//! column (nearly all the work, parallel over rows, in tiles of 4 × 4 that stay in registers), then
//! its square on the diagonal is factored, then the rows below it are solved. Each number is
//! computed by one task in a fixed order, so the result never depends on the number of threads.

use rayon::prelude::*;

use crate::error::Result;
use crate::progress::Reporter;

/// Columns of a block; the size of a system is a multiple of it.
pub(super) const BLOCK: usize = 64;
/// Side of a tile.
const TILE: usize = 4;
/// Columns that a tile is summed over at once: what is read stays in the caches.
const DEPTH: usize = 256;
/// Rows of a task.
const TASK_ROWS: usize = 32;
/// A pivot must be above this part of its diagonal value; below it there is nothing but rounding.
const LEAST_PIVOT: f64 = 1e-14;

/// A symmetric matrix, of which only the lower triangle is read.
pub(super) struct Matrix {
    /// Rows and columns, a multiple of [`BLOCK`].
    pub size: usize,
    /// Row after row, `size × size`.
    pub values: Vec<f64>,
}

/// The lower triangle L.
pub(super) struct Cholesky(Matrix);

impl Cholesky {
    /// Factors a matrix; `None` if it is not positive definite as far as rounding can tell.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    pub fn factor(mut matrix: Matrix, reporter: &Reporter) -> Result<Option<Self>> {
        let n = matrix.size;
        for start in (0..n).step_by(BLOCK) {
            reporter.step("Finding filters", start as u64, n as u64)?;
            let diagonal: Vec<f64> = (start..start + BLOCK)
                .map(|i| matrix.values[i * n + i])
                .collect();
            let panel = packed_panel(&matrix, start);
            let (_, rows) = matrix.values.split_at_mut(start * n);
            rows.par_chunks_mut(TASK_ROWS * n)
                .for_each(|rows| subtract_known(rows, n, start, &panel));
            let (square, below) = rows.split_at_mut(BLOCK * n);
            let Some(corner) = factor_corner(square, n, start, &diagonal) else {
                return Ok(None);
            };
            below
                .par_chunks_mut(TASK_ROWS * n)
                .flat_map_iter(|rows| rows.chunks_exact_mut(n))
                .for_each(|row| solve_row(&mut row[start..start + BLOCK], &corner));
        }
        Ok(Some(Self(matrix)))
    }

    /// Replaces b by the x with A·x = b. Panics if `b` is not `size` long.
    pub fn solve(&self, b: &mut [f64]) {
        let Matrix { size: n, values } = &self.0;
        for i in 0..*n {
            let row = &values[i * n..i * n + i + 1];
            let known: f64 = row.iter().zip(&b[..i]).map(|(l, y)| l * y).sum();
            b[i] = (b[i] - known) / row[i];
        }
        for i in (0..*n).rev() {
            let row = &values[i * n..i * n + i + 1];
            b[i] /= row[i];
            let x = b[i];
            for (y, l) in b[..i].iter_mut().zip(row) {
                *y -= l * x;
            }
        }
    }
}

/// What is known of rows `start..start + BLOCK`, their first `start` columns, in the order in which
/// tiles read it: four rows side by side, column after column.
fn packed_panel(matrix: &Matrix, start: usize) -> Vec<f64> {
    let mut panel = Vec::with_capacity(BLOCK * start);
    for first in (start..start + BLOCK).step_by(TILE) {
        for column in 0..start {
            panel.extend((first..first + TILE).map(|i| matrix.values[i * matrix.size + column]));
        }
    }
    panel
}

/// Subtracts, in columns `start..start + BLOCK` of some rows, the product with the panel.
fn subtract_known(rows: &mut [f64], n: usize, start: usize, panel: &[f64]) {
    for from in (0..start).step_by(DEPTH) {
        let to = (from + DEPTH).min(start);
        for group in rows.chunks_exact_mut(TILE * n) {
            for (tile, panel) in panel.chunks_exact(TILE * start).enumerate() {
                let row = |r: usize| &group[r * n + from..r * n + to];
                let sums = tile_product(
                    [row(0), row(1), row(2), row(3)],
                    panel[TILE * from..TILE * to].as_chunks().0,
                );
                let column = start + TILE * tile;
                for (r, sums) in sums.iter().enumerate() {
                    let out = &mut group[r * n + column..r * n + column + TILE];
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out -= sum;
                    }
                }
            }
        }
    }
}

/// Σₖ a[r][k]·b[k][c] for four rows and four columns.
#[inline]
fn tile_product(a: [&[f64]; TILE], b: &[[f64; TILE]]) -> [[f64; TILE]; TILE] {
    let [a0, a1, a2, a3] = a;
    let mut sums = [[0.0; TILE]; TILE];
    for ((((b, a0), a1), a2), a3) in b.iter().zip(a0).zip(a1).zip(a2).zip(a3) {
        for (sums, a) in sums.iter_mut().zip([*a0, *a1, *a2, *a3]) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    sums
}

/// Factors the square on the diagonal, in place and as a copy (`BLOCK × BLOCK`); `None` at a pivot
/// that is too small. `diagonal` are its values before anything was subtracted.
fn factor_corner(square: &mut [f64], n: usize, start: usize, diagonal: &[f64]) -> Option<Vec<f64>> {
    let mut corner: Vec<f64> = square
        .chunks_exact(n)
        .flat_map(|row| &row[start..start + BLOCK])
        .copied()
        .collect();
    for i in 0..BLOCK {
        let (above, row) = corner.split_at_mut(i * BLOCK);
        for (j, done) in above.chunks_exact(BLOCK).enumerate() {
            row[j] = (row[j] - dot(&done[..j], &row[..j])) / done[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= LEAST_PIVOT * diagonal[i] {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    for (row, corner) in square.chunks_exact_mut(n).zip(corner.chunks_exact(BLOCK)) {
        row[start..start + BLOCK].copy_from_slice(corner);
    }
    Some(corner)
}

/// One row of L below a factored square.
fn solve_row(row: &mut [f64], corner: &[f64]) {
    for (j, done) in corner.chunks_exact(BLOCK).enumerate() {
        row[j] = (row[j] - dot(&done[..j], &row[..j])) / done[j];
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
