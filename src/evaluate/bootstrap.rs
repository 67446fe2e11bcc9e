//! How sure a median is: the percentile bootstrap.
//!
//! Efron, "Bootstrap methods: another look at the jackknife", 1979. Values are drawn with
//! replacement, as many as there are; the interval holds the middle 95 % of the medians of all draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Draws of an interval.
pub const BOOTSTRAP_DRAWS: usize = 10_000;

/// The 95 % interval of a median.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// 2.5 % of the draws' medians lie below.
    pub low: f64,
    /// 2.5 % lie above.
    pub high: f64,
}

/// The interval of the median of `values`; `None` if there are none. NaN must not be among them.
/// The same values in the same order, `draws` and `seed` give the same interval everywhere.
pub fn median_interval(values: &[f64], draws: usize, seed: u64) -> Option<Interval> {
    if values.is_empty() || draws == 0 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn = vec![0.0; values.len()];
    let mut medians: Vec<f64> = (0..draws)
        .map(|_| {
            for place in &mut drawn {
                // A fixed-point product instead of a remainder: no value is drawn more often.
                let pick = (u128::from(rng.next_u64()) * values.len() as u128) >> 64;
                *place = values[pick as usize];
            }
            median_of(&mut drawn)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    Some(Interval {
        low: quantile(&medians, 0.025),
        high: quantile(&medians, 0.975),
    })
}

/// The median of one value or more, which are put into another order: a full sort of every draw
/// would take most of the time.
fn median_of(values: &mut [f64]) -> f64 {
    let is_odd = !values.len().is_multiple_of(2);
    let middle = values.len() / 2;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if is_odd || lower == *upper {
        *upper
    } else {
        f64::midpoint(lower, *upper)
    }
}

/// A quantile of sorted values, interpolated between neighbours (numpy's default); NaN of none.
pub(super) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = part.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let share = place - below as f64;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    // Not a + share·(b − a): two infinities would give NaN.
    if share == 0.0 || a == b {
        a
    } else {
        (1.0 - share) * a + share * b
    }
}
