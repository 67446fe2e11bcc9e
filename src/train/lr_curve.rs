//! Curves of loss against learning rate: smoothed, and where they fall steepest.

/// How much of a smoothed value is kept from step to step.
const KEPT: f64 = 0.9;
/// Points on each side over which a slope is measured.
const REACH: usize = 3;
/// Most points left out at the start, where the smoothed value knows little.
const LEFT_OUT: usize = 10;
/// Most points left out at the end, where the value that is smoothed backwards knows little, and
/// where a fall says nothing of higher rates.
const LEFT_OUT_LAST: usize = 5;

/// A loss over the sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct LrCurve {
    /// "generator", "discriminator", "joint" or "l1".
    pub name: &'static str,
    /// The loss at each rate.
    pub losses: Vec<f64>,
    /// The same, smoothed as it came: it lags behind by some steps.
    pub smoothed: Vec<f64>,
    /// The rate of this network at which the loss, smoothed forwards and backwards so that it lags
    /// neither way, falls steepest over the logarithm of the rate; `None` if it never falls. Ten
    /// points at the start and five at the end do not count, of a short sweep a fifth each.
    pub proposed: Option<f64>,
}

impl LrCurve {
    /// A curve of the losses at these rates, which rise.
    pub fn new(name: &'static str, rates: &[f64], losses: Vec<f64>) -> Self {
        let smoothed = smoothed(&losses);
        let proposed = steepest(rates, &without_lag(&smoothed));
        Self {
            name,
            losses,
            smoothed,
            proposed,
        }
    }

    /// The lowest smoothed loss.
    pub fn least(&self) -> Option<f64> {
        self.smoothed.iter().copied().reduce(f64::min)
    }
}

/// A moving average that forgets by tenths, with its start corrected as Adam's moments are.
pub(super) fn smoothed(values: &[f64]) -> Vec<f64> {
    let mut mean = 0.0;
    let mut weight = 0.0;
    values
        .iter()
        .map(|value| {
            mean = KEPT * mean + (1.0 - KEPT) * value;
            weight = KEPT * weight + (1.0 - KEPT);
            mean / weight
        })
        .collect()
}

/// A smoothed curve smoothed once more from its end to its beginning.
fn without_lag(smoothed_once: &[f64]) -> Vec<f64> {
    let backwards: Vec<f64> = smoothed_once.iter().rev().copied().collect();
    let mut twice = smoothed(&backwards);
    twice.reverse();
    twice
}

/// The rate at which a curve falls steepest over ln rate: the slope of the straight line that
/// fits a few neighbouring points best.
fn steepest(rates: &[f64], curve: &[f64]) -> Option<f64> {
    let count = rates.len().min(curve.len());
    let first = LEFT_OUT.min(count / 5);
    let last = count - LEFT_OUT_LAST.min(count / 5);
    let mut best: Option<(f64, f64)> = None;
    for at in first..last {
        let from = at.saturating_sub(REACH).max(first);
        let to = (at + REACH + 1).min(last);
        let slope = slope(&rates[from..to], &curve[from..to]);
        if slope < 0.0 && best.is_none_or(|(least, _)| slope < least) {
            best = Some((slope, rates[at]));
        }
    }
    best.map(|(_, rate)| rate)
}

/// Least squares; 0 for a single point.
fn slope(rates: &[f64], values: &[f64]) -> f64 {
    let count = rates.len() as f64;
    let mean_x = rates.iter().map(|x| x.ln()).sum::<f64>() / count;
    let mean_y = values.iter().sum::<f64>() / count;
    let (mut top, mut below) = (0.0, 0.0);
    for (x, y) in rates.iter().zip(values) {
        let off = x.ln() - mean_x;
        top += off * (y - mean_y);
        below += off * off;
    }
    if below > 0.0 { top / below } else { 0.0 }
}
