//! Points of a curve that grows for days and stays small; how a curve is smoothed.

/// The most points that are kept or drawn.
pub const MOST_POINTS: usize = 2000;

/// A curve with at most [`MOST_POINTS`] points: where there are more, each is the mean of some.
#[derive(Debug, Clone, Default)]
pub struct Series {
    points: Vec<[f64; 2]>,
    /// Values that make a point, 0 as 1.
    stride: usize,
    sum: [f64; 2],
    count: usize,
}

impl Series {
    /// Adds a value.
    pub fn push(&mut self, x: f64, y: f64) {
        self.stride = self.stride.max(1);
        self.sum = [self.sum[0] + x, self.sum[1] + y];
        self.count += 1;
        if self.count < self.stride {
            return;
        }
        let count = self.count as f64;
        self.points.push(self.sum.map(|sum| sum / count));
        self.sum = [0.0; 2];
        self.count = 0;
        if self.points.len() >= MOST_POINTS {
            self.points = thinned(&self.points, MOST_POINTS / 2);
            self.stride *= 2;
        }
    }

    /// The points.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }
}

/// At most `most` points, each the mean of as many neighbours.
pub fn thinned(points: &[[f64; 2]], most: usize) -> Vec<[f64; 2]> {
    let size = points.len().div_ceil(most.max(1)).max(1);
    let mean = |part: &[[f64; 2]]| {
        let sum = part
            .iter()
            .fold([0.0; 2], |sum, at| [sum[0] + at[0], sum[1] + at[1]]);
        sum.map(|sum| sum / part.len() as f64)
    };
    points.chunks(size).map(mean).collect()
}

/// A moving average that keeps `kept` (0 to below 1) of its value from point to point, with its
/// start corrected.
pub fn smoothed(points: &[[f64; 2]], kept: f64) -> Vec<[f64; 2]> {
    let (mut mean, mut weight) = (0.0, 0.0);
    points
        .iter()
        .map(|[x, y]| {
            mean = kept * mean + (1.0 - kept) * y;
            weight = kept * weight + (1.0 - kept);
            [*x, mean / weight]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_stays_small_and_keeps_its_mean() {
        let mut series = Series::default();
        for i in 0..100_000 {
            series.push(f64::from(i), f64::from(i % 2));
        }
        let points = series.points();
        assert!(points.len() < MOST_POINTS && points.len() > MOST_POINTS / 4);
        assert!(points.iter().all(|[_, y]| (y - 0.5).abs() < 1e-9));
        assert!(points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }

    #[test]
    fn smoothing_of_nothing_kept_changes_nothing() {
        let points = [[0.0, 1.0], [1.0, 5.0], [2.0, -3.0]];
        assert_eq!(smoothed(&points, 0.0), points);
        // By hand: (0.5·0.5·1 + 0.5·5) / 0.75.
        let half = smoothed(&points, 0.5);
        assert_eq!(half[0], [0.0, 1.0]);
        assert!((half[1][1] - 2.75 / 0.75).abs() < 1e-12);
        assert_eq!(thinned(&points, 2), [[0.5, 3.0], [2.0, -3.0]]);
    }
}
