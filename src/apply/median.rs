//! Medians of many short lists at once.
//!
//! A median filter over a spectrogram needs one median of n values per bin. Here sixteen
//! neighbouring bins are taken through one selection network together: the same compare-exchanges
//! for every bin, no branches, so the compiler uses vector minimum and maximum instructions.
//!
//! The network is Batcher's odd–even merge sort (Batcher, "Sorting networks and their
//! applications", 1968; Knuth, TAOCP 3, algorithm 5.2.2M) with every exchange left out that
//! cannot reach the wanted ranks.

/// Bins that go through the network together.
pub const LANES: usize = 16;

/// One value for each of [`LANES`] bins.
pub type Lanes = [f32; LANES];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Keep {
    Both,
    Min,
    Max,
}

/// A planned selection of the middle of n values.
#[derive(Debug, Clone)]
pub struct MedianNetwork {
    exchanges: Vec<(u16, u16, Keep)>,
    ranks: (usize, usize),
    len: usize,
}

impl MedianNetwork {
    /// The median as `numpy.median`: the mean of the two middle values for an even `len`.
    /// `len` is 1–65535.
    pub fn mean_of_middle(len: usize) -> Self {
        Self::select(len, ((len - 1) / 2, len / 2))
    }

    /// The median as `scipy.ndimage.median_filter`: rank ⌊len/2⌋, also for an even `len`.
    pub fn upper(len: usize) -> Self {
        Self::select(len, (len / 2, len / 2))
    }

    fn select(len: usize, ranks: (usize, usize)) -> Self {
        let mut live = vec![false; len];
        live[ranks.0] = true;
        live[ranks.1] = true;
        let mut exchanges: Vec<_> = batcher(len)
            .into_iter()
            .rev()
            .filter_map(|(low, high)| {
                let keep = match (live[low], live[high]) {
                    (false, false) => return None,
                    (true, true) => Keep::Both,
                    (true, false) => Keep::Min,
                    (false, true) => Keep::Max,
                };
                live[low] = true;
                live[high] = true;
                Some((low as u16, high as u16, keep))
            })
            .collect();
        exchanges.reverse();
        Self {
            exchanges,
            ranks,
            len,
        }
    }

    /// Number of values per median.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it takes no values; never true.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The medians of the lanes of `rows` (`len` of them), which are left in disorder.
    pub fn median(&self, rows: &mut [Lanes]) -> Lanes {
        for &(low, high, keep) in &self.exchanges {
            let (head, tail) = rows.split_at_mut(high as usize);
            let (a, b) = (&mut head[low as usize], &mut tail[0]);
            match keep {
                Keep::Both => {
                    let (x, y) = (*a, *b);
                    for lane in 0..LANES {
                        a[lane] = min(x[lane], y[lane]);
                        b[lane] = max(x[lane], y[lane]);
                    }
                }
                Keep::Min => {
                    for lane in 0..LANES {
                        a[lane] = min(a[lane], b[lane]);
                    }
                }
                Keep::Max => {
                    for lane in 0..LANES {
                        b[lane] = max(a[lane], b[lane]);
                    }
                }
            }
        }
        let (lower, upper) = (rows[self.ranks.0], rows[self.ranks.1]);
        if self.ranks.0 == self.ranks.1 {
            return lower;
        }
        std::array::from_fn(|lane| 0.5 * (lower[lane] + upper[lane]))
    }
}

// Written so that they become one instruction each; `f32::min` must also care for NaN.
fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

fn max(a: f32, b: f32) -> f32 {
    if a < b { b } else { a }
}

/// Batcher's exchanges for any length, by Knuth's algorithm 5.2.2M.
fn batcher(len: usize) -> Vec<(usize, usize)> {
    let mut exchanges = Vec::new();
    let top = len.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            for i in 0..len.saturating_sub(d) {
                if i & p == r {
                    exchanges.push((i, i + d));
                }
            }
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    exchanges
}
