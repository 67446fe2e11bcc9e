//! What answers prove: the binomial test of an ABX run, mean and interval of ratings.

use serde::Serialize;

use crate::error::{Error, Result};

/// The most trials of a test. Up to here 2⁻ⁿ is an ordinary `f64`.
pub(super) const MOST_TRIALS: u32 = 1000;

/// How likely at least `correct` of `trials` right answers are by guessing, 0–1:
/// P(X ≥ correct) for X binomial with p = ½. Exact but for rounding.
///
/// # Errors
/// [`Error::Setting`] unless there are 1 to 1000 trials and no more right answers than trials.
pub fn binomial_p_value(correct: u32, trials: u32) -> Result<f64> {
    if !(1..=MOST_TRIALS).contains(&trials) {
        let problem = format!("{trials} is not within 1 to {MOST_TRIALS}");
        return Err(Error::setting("trials", problem));
    }
    if correct > trials {
        let problem = format!("{correct} right answers are more than {trials} trials");
        return Err(Error::setting("correct", problem));
    }
    Ok(upper_tail(correct, trials))
}

/// As [`binomial_p_value`], of numbers known to be good; 1 for no trials.
pub(super) fn upper_tail(correct: u32, trials: u32) -> f64 {
    if correct == 0 {
        return 1.0;
    }
    // From C(n, n)/2ⁿ down by C(n, k − 1) = C(n, k)·k/(n − k + 1): in the upper tail the smallest
    // terms come first.
    let mut term = 0.5_f64.powi(trials as i32);
    let mut sum = 0.0;
    for k in (correct..=trials).rev() {
        sum += term;
        // In this order every step is exact for as long as C(n, k) is.
        term = term * f64::from(k) / f64::from(trials - k + 1);
    }
    sum.min(1.0)
}

/// A p-value as a person reads it: "p = 0.038", "p < 0.001".
pub fn p_value_text(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {p:.3}")
    }
}

/// A mean and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean of the values.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval, t·s/√n with Student's t and the sample
    /// standard deviation s; `None` for fewer than two values.
    pub half_width: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Estimate {
    /// The estimate from values; `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let n = count as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let half_width =
            (count >= 2).then(|| student_t_95(count - 1) * (squares / (n - 1.0)).sqrt() / n.sqrt());
        Some(Self {
            mean,
            half_width,
            count,
        })
    }
}

/// Student's t that 95 % of the distribution lie within (its 97.5 % point), for 1 degree of freedom
/// or more. The table is that of the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2;
/// beyond it the expansion of Abramowitz and Stegun, 26.7.5, good to 0.0001.
fn student_t_95(degrees: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, //
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, //
        2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    /// The normal distribution's 97.5 % point.
    const Z: f64 = 1.959_963_985;
    if let Some(t) = degrees.checked_sub(1).and_then(|i| TABLE.get(i)) {
        return *t;
    }
    let n = degrees as f64;
    Z + (Z.powi(3) + Z) / (4.0 * n)
        + (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / (96.0 * n * n)
}
