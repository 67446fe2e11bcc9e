//! Ideal masks: what a separator would answer if it knew the parts.
//!
//! Everything works on magnitudes in any layout, as long as all have the same. What is negative or
//! no number counts as 0.

use std::ops::Mul;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Whose share of the mixture a mask's high values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// High where the target is.
    #[default]
    Target,
    /// High where everything else is; 1 less the mask of the target.
    Rest,
}

/// How magnitudes become shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RatioPower {
    /// |S| / Σ|S|.
    Magnitude,
    /// |S|² / Σ|S|², close to Wiener's filter.
    #[default]
    Energy,
}

/// The ideal binary mask (Wang 2005) of a target against the rest, 0 or 1: a value belongs to the
/// target where its magnitude is at least the rest's. So ties and silence belong to the target;
/// with [`Polarity::Rest`] they are 0.
///
/// # Errors
/// [`Error::Setting`] if the lengths differ.
pub fn binary_mask(target: &[f32], rest: &[f32], polarity: Polarity) -> Result<Vec<f32>> {
    same_lengths(&[target, rest])?;
    let of_value = |(target, rest): (&f32, &f32)| {
        let is_target = clean(*target) >= clean(*rest);
        f32::from(u8::from(is_target == (polarity == Polarity::Target)))
    };
    Ok(target.iter().zip(rest).map(of_value).collect())
}

/// The ideal ratio masks of all sources, |S|^p / Σ|S|^p, each 0–1; together they are 1 everywhere.
/// In silence each has the same share, 1 / the number of sources.
///
/// # Errors
/// [`Error::Setting`] if there are no sources or their lengths differ.
pub fn ratio_masks(sources: &[&[f32]], power: RatioPower) -> Result<Vec<Vec<f32>>> {
    same_lengths(sources)?;
    let length = sources.first().map_or(0, |source| source.len());
    let silent = 1.0 / sources.len() as f32;
    let mut masks = vec![vec![silent; length]; sources.len()];
    for i in 0..length {
        // Divided by the largest first: neither squares nor sums can overflow.
        let values = || {
            sources
                .iter()
                .map(move |source| f64::from(clean(source[i])))
        };
        let largest = values().fold(0.0, f64::max);
        if largest == 0.0 {
            continue;
        }
        let share = |x: f64| match power {
            RatioPower::Magnitude => x / largest,
            RatioPower::Energy => (x / largest).powi(2),
        };
        let sum: f64 = values().map(share).sum();
        for (mask, x) in masks.iter_mut().zip(values()) {
            mask[i] = (share(x) / sum) as f32;
        }
    }
    Ok(masks)
}

/// The ideal ratio mask of a target against the rest; ½ in silence.
///
/// # Errors
/// [`Error::Setting`] if the lengths differ.
pub fn ratio_mask(
    target: &[f32],
    rest: &[f32],
    power: RatioPower,
    polarity: Polarity,
) -> Result<Vec<f32>> {
    let mut masks = ratio_masks(&[target, rest], power)?;
    let place = usize::from(polarity == Polarity::Rest);
    Ok(masks.swap_remove(place))
}

/// What networks are given for 0 and 1, so that a sigmoid can reach it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SoftLabels {
    /// For 0; 0.02 by default.
    pub low: f32,
    /// For 1; 0.98 by default.
    pub high: f32,
}

impl Default for SoftLabels {
    fn default() -> Self {
        Self {
            low: 0.02,
            high: 0.98,
        }
    }
}

impl SoftLabels {
    /// The labels of a mask; what lies between 0 and 1 goes in proportion.
    ///
    /// # Errors
    /// [`Error::Setting`] unless 0 ≤ low < high ≤ 1.
    pub fn of(self, mask: &[f32]) -> Result<Vec<f32>> {
        let Self { low, high } = self;
        if !(0.0 <= low && low < high && high <= 1.0) {
            return Err(Error::setting(
                "labels",
                format!("{low} and {high} must be within 0 to 1, the low one below the high one"),
            ));
        }
        let label = |m: &f32| low * (1.0 - m) + high * m;
        Ok(mask.iter().map(label).collect())
    }
}

/// A mixture (magnitudes or complex values) times a mask: the part that is wanted, whichever of the
/// two the mask is high for.
///
/// # Errors
/// [`Error::Setting`] if the lengths differ.
pub fn apply_mask<T>(
    mixture: &[T],
    mask: &[f32],
    polarity: Polarity,
    wanted: Polarity,
) -> Result<Vec<T>>
where
    T: Copy + Mul<f32, Output = T>,
{
    if mixture.len() != mask.len() {
        return Err(unequal(mixture.len(), mask.len()));
    }
    let gain = |m: f32| if wanted == polarity { m } else { 1.0 - m };
    let masked = mixture.iter().zip(mask).map(|(x, m)| *x * gain(*m));
    Ok(masked.collect())
}

/// How many values of masks or labels are high and low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ClassBalance {
    /// Above ½.
    pub high: u64,
    /// All others.
    pub low: u64,
}

impl ClassBalance {
    /// Counts a mask's values or its labels; what is above `middle` is high (0.5 for masks, half way
    /// between the two for soft labels).
    pub fn of(mask: &[f32], middle: f32) -> Self {
        let high = mask.iter().filter(|m| **m > middle).count() as u64;
        Self {
            high,
            low: mask.len() as u64 - high,
        }
    }

    /// Both counts together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            high: self.high + other.high,
            low: self.low + other.low,
        }
    }

    /// The part that is high, 0–1; `None` if nothing was counted.
    pub fn high_share(self) -> Option<f64> {
        let all = self.high + self.low;
        (all > 0).then(|| self.high as f64 / all as f64)
    }
}

/// A magnitude that can be reckoned with.
fn clean(magnitude: f32) -> f32 {
    // Not a number is not above 0 either.
    if magnitude > 0.0 {
        magnitude.min(f32::MAX)
    } else {
        0.0
    }
}

fn same_lengths(magnitudes: &[&[f32]]) -> Result<()> {
    let Some(first) = magnitudes.first() else {
        return Err(Error::setting("sources", "a mask needs at least one"));
    };
    match magnitudes.iter().find(|other| other.len() != first.len()) {
        Some(other) => Err(unequal(first.len(), other.len())),
        None => Ok(()),
    }
}

fn unequal(one: usize, other: usize) -> Error {
    Error::setting("mask", format!("lengths differ: {one} and {other} values"))
}
