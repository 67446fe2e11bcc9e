//! Products of matrices that lie in slices.

/// A matrix in a slice: how far apart its rows and its columns are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Steps {
    /// Rows side by side, columns so far apart.
    pub(super) fn columns(apart: usize) -> Self {
        Self {
            row: 1,
            column: apart,
        }
    }

    /// Columns side by side, rows so far apart.
    pub(super) fn rows(apart: usize) -> Self {
        Self {
            row: apart,
            column: 1,
        }
    }

    /// How many values a matrix of so many rows and columns reaches over.
    fn reach(self, rows: usize, columns: usize) -> Option<usize> {
        let rows = rows.checked_sub(1)?.checked_mul(self.row)?;
        let columns = columns.checked_sub(1)?.checked_mul(self.column)?;
        rows.checked_add(columns)?.checked_add(1)
    }
}

/// How many threads a product may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    One,
    All,
}

/// `out` (m×n) ← `left` (m×k) · `right` (k×n), added to what is there if `adds`. Fast if the rows of
/// `out` are 1 apart.
///
/// # Panics
/// If a matrix is larger than its slice, or two values of `out` share a place: as with any index out
/// of bounds, a fault of this program.
pub(super) fn multiply(
    [m, n, k]: [usize; 3],
    (out, out_steps): (&mut [f32], Steps),
    (left, left_steps): (&[f32], Steps),
    (right, right_steps): (&[f32], Steps),
    adds: bool,
    threads: Threads,
) {
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let fits = |steps: Steps, rows, columns, len| {
        steps
            .reach(rows, columns)
            .is_some_and(|reach| reach <= len && reach <= isize::MAX as usize)
    };
    assert!(
        fits(out_steps, m, n, out.len())
            && fits(left_steps, m, k, left.len())
            && fits(right_steps, k, n, right.len())
            && out_steps.row >= 1
            && out_steps.column / out_steps.row >= m,
        "a product of {m}×{k} and {k}×{n} does not fit its arrays"
    );
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
    add_product(
        [m, n, k],
        (out, out_steps),
        (left, left_steps),
        (right, right_steps),
        adds,
        parallelism,
    );
}

#[allow(unsafe_code)]
fn add_product(
    [m, n, k]: [usize; 3],
    (out, out_steps): (&mut [f32], Steps),
    (left, left_steps): (&[f32], Steps),
    (right, right_steps): (&[f32], Steps),
    adds: bool,
    parallelism: gemm::Parallelism,
) {
    // SAFETY: the caller has checked that every matrix lies inside its slice and that no two values
    // of `out` share a place; `out` is borrowed alone, so it overlaps neither `left` nor `right`.
    // All places are initialised numbers.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            out_steps.column as isize,
            out_steps.row as isize,
            adds,
            left.as_ptr(),
            left_steps.column as isize,
            left_steps.row as isize,
            right.as_ptr(),
            right_steps.column as isize,
            right_steps.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
