//! Seeded dice: ChaCha with 8 rounds (Bernstein 2008), an independent stream for each purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// The stream for key, metre, tempo and style.
pub(super) const CHOICES: u64 = 0;
/// The stream for the order of sections.
pub(super) const FORM: u64 = 1;
/// The stream for instruments.
pub(super) const PROGRAMS: u64 = 2;
/// The first of the streams for chords, one per kind of section.
pub(super) const HARMONY: u64 = 16;
/// The first of the streams for human unevenness, one per part.
pub(super) const HUMAN: u64 = 32;
/// The first of the streams for what a part plays; each part has 4096.
pub(super) const PARTS: u64 = 4096;

/// Dice of one purpose.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// From 0 to 1, less than 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From −1 to 1.
    pub(super) fn swing(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From 0 to `end` − 1.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// One of some, of which there is at least one.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// One of some, of which there is at least one, in proportion to their weights.
    pub(super) fn weighted<T: Copy>(&mut self, items: &[(T, u32)]) -> T {
        let total: u32 = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * f64::from(total);
        for &(item, weight) in items {
            left -= f64::from(weight);
            if left < 0.0 {
                return item;
            }
        }
        items[items.len() - 1].0
    }
}
