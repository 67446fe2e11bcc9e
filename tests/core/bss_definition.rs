//! BSS Eval as it is defined, solved directly. For `bss.rs`.
//!
//! Least squares by normal equations summed up sample by sample and solved by elimination, and
//! convolutions in the time domain: slow, and nothing in common with what it checks.

use stemloom::audio::Planar;
use stemloom::evaluate::{BssKind, BssSpec};

/// Fails unless two scores are as close as that, or the same, or both no number.
#[track_caller]
pub fn assert_db(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    let is_same = ours == theirs || (ours.is_nan() && theirs.is_nan());
    let is_close = is_same || (ours - theirs).abs() <= tolerance;
    assert!(is_close, "{what}: {ours} dB, not {theirs} dB");
}

/// SDR, ISR, SIR, SAR: `[source][window]`.
pub fn defined(
    references: &[Planar],
    estimates: &[Planar],
    rate_hz: u32,
    spec: &BssSpec,
) -> Vec<Vec<[f64; 4]>> {
    let frames = references[0][0].len();
    let win = ((spec.win_secs * f64::from(rate_hz)) as usize).min(frames);
    let hop = (spec.hop_secs * f64::from(rate_hz)) as usize;
    let starts: Vec<usize> = (0..)
        .map(|t| t * hop)
        .take_while(|start| start + win <= frames)
        .collect();
    let cut = |planar: &Planar, from: usize, to: usize| -> Planar {
        planar.iter().map(|c| c[from..to].to_vec()).collect()
    };
    let length = spec.filter_length;
    let score = |source: usize, start: usize| {
        let end = start + win;
        let (from, to) = if spec.framewise_filters {
            (start, end)
        } else {
            (0, frames)
        };
        let all: Planar = references.iter().flat_map(|r| cut(r, from, to)).collect();
        let own = cut(&references[source], from, to);
        let all_here: Planar = references.iter().flat_map(|r| cut(r, start, end)).collect();
        let own_here = cut(&references[source], start, end);
        // s, P, Q, e: energies of what is told apart.
        let mut sums = [0.0; 8];
        for (channel, estimate) in estimates[source].iter().enumerate() {
            let target = &estimate[from..to];
            let p = filtered(&own_here, &filters(&own, target, length), length);
            let q = filtered(&all_here, &filters(&all, target, length), length);
            for t in 0..win + length - 1 {
                let at = |x: &[f32]| if t < win { f64::from(x[t]) } else { 0.0 };
                let (s, e) = (at(&own_here[channel]), at(&estimate[start..end]));
                let (p, q) = (p[t], q[t]);
                let parts = [s, p, q, e - s, p - s, q - p, e - q, e - p];
                for (sum, part) in sums.iter_mut().zip(parts) {
                    *sum += part * part;
                }
            }
        }
        let db = |signal: usize, noise: usize| 10.0 * (sums[signal] / sums[noise]).log10();
        match spec.kind {
            BssKind::Images => [db(0, 3), db(0, 4), db(1, 5), db(2, 6)],
            BssKind::Sources => [db(1, 7), f64::NAN, db(1, 5), db(2, 6)],
        }
    };
    (0..references.len())
        .map(|source| starts.iter().map(|start| score(source, *start)).collect())
        .collect()
}

/// Filters of the references, one after the other, that come closest to the target.
fn filters(references: &Planar, target: &[f32], length: usize) -> Vec<f64> {
    let unknowns = references.len() * length;
    let mut rows = vec![vec![0.0; unknowns + 1]; unknowns];
    for t in 0..target.len() + length - 1 {
        let sample = |i: usize| {
            let delay = i % length;
            let index = t.checked_sub(delay);
            let x = index.and_then(|t| references[i / length].get(t));
            x.map_or(0.0, |x| f64::from(*x))
        };
        let column: Vec<f64> = (0..unknowns).map(sample).collect();
        let wanted = target.get(t).map_or(0.0, |x| f64::from(*x));
        for (row, x) in rows.iter_mut().zip(&column) {
            for (sum, y) in row.iter_mut().zip(column.iter().chain([&wanted])) {
                *sum += x * y;
            }
        }
    }
    eliminated(rows)
}

/// Gauss-Jordan elimination of rows with their right-hand side at the end; pivots from the
/// diagonal, which is fine for a positive definite matrix.
fn eliminated(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    for i in 0..rows.len() {
        let pivot = rows[i].clone();
        for (j, row) in rows.iter_mut().enumerate() {
            let factor = if i == j {
                1.0 - 1.0 / pivot[i]
            } else {
                row[i] / pivot[i]
            };
            for (x, p) in row.iter_mut().zip(&pivot) {
                *x -= factor * p;
            }
        }
    }
    rows.iter().map(|row| row[row.len() - 1]).collect()
}

/// The sum of the references, each through its filter, with its tail.
fn filtered(references: &Planar, filters: &[f64], length: usize) -> Vec<f64> {
    let mut out = vec![0.0; references[0].len() + length - 1];
    for (x, h) in references.iter().zip(filters.chunks(length)) {
        for (t, x) in x.iter().enumerate() {
            for (k, h) in h.iter().enumerate() {
                out[t + k] += f64::from(*x) * h;
            }
        }
    }
    out
}
