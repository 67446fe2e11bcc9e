//! Mean, spread and range of many values, put together from parts.

use serde::Serialize;

/// What there is to know for normalisation. What is no number is counted and left out of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// Values that are numbers.
    pub count: u64,
    /// Values that are no finite numbers.
    pub not_finite: u64,
    /// The least; 0 if there are none.
    pub min: f32,
    /// The largest; 0 if there are none.
    pub max: f32,
    /// Their mean; 0 if there are none.
    pub mean: f64,
    /// Σ(x − mean)².
    #[serde(skip)]
    squares: f64,
    /// Their standard deviation, √(Σ(x − mean)²/count); 0 if there are none.
    pub std: f64,
}

impl Default for Statistics {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Statistics {
    /// Of some values.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let count = finite().count() as u64;
        let mean = finite().map(f64::from).sum::<f64>() / count.max(1) as f64;
        let squares = finite().map(|x| (f64::from(x) - mean).powi(2)).sum();
        Self {
            count,
            not_finite: values.len() as u64 - count,
            min: finite().reduce(f32::min).unwrap_or(0.0),
            max: finite().reduce(f32::max).unwrap_or(0.0),
            mean,
            squares,
            std: 0.0,
        }
        .with_std()
    }

    /// Of both together (Chan, Golub and LeVeque, 1979).
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let not_finite = self.not_finite + other.not_finite;
        if self.count == 0 || other.count == 0 {
            let kept = if self.count == 0 { other } else { self };
            return Self { not_finite, ..kept };
        }
        let count = self.count + other.count;
        let share = other.count as f64 / count as f64;
        let apart = other.mean - self.mean;
        Self {
            count,
            not_finite,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * self.count as f64 * share,
            std: 0.0,
        }
        .with_std()
    }

    fn with_std(self) -> Self {
        let std = (self.squares / self.count.max(1) as f64).sqrt();
        Self { std, ..self }
    }
}
