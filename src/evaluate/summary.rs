//! Averages of scores, some of which may be no numbers.

/// Averages over the values that are numbers, and how many were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The median, as `numpy.nanmedian`: of an even count, the mean of the two in the middle.
    pub median: f64,
    /// The arithmetic mean, as `numpy.nanmean`.
    pub mean: f64,
    /// Values that were counted, infinite ones too.
    pub count: usize,
    /// Values left out because they are NaN: silent windows.
    pub nan: usize,
}

/// Averages values in any unit. NaN is skipped and counted, infinities are kept; without a number
/// both averages are NaN.
pub fn summarise(values: &[f64]) -> Summary {
    let mut numbers: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let count = numbers.len();
    let middle = count / 2;
    let median = match count {
        0 => f64::NAN,
        even if even.is_multiple_of(2) => f64::midpoint(numbers[middle - 1], numbers[middle]),
        _ => numbers[middle],
    };
    Summary {
        median,
        // No values: 0/0 is NaN.
        mean: numbers.iter().sum::<f64>() / count as f64,
        count,
        nan: values.len() - count,
    }
}
