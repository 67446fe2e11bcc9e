//! What the listener must not know: pure functions of a seed, so that it can be checked afterwards.
//!
//! ChaCha with 8 rounds (Bernstein 2008), one of its independent streams for each trial or round.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A seed that nobody can foresee, 0 to 2⁵³ − 1 so that every file format holds it exactly.
pub fn fresh_seed() -> u64 {
    // The standard library's hasher starts from the system's random numbers.
    RandomState::new().build_hasher().finish() >> 11
}

/// Heads or tails for a trial.
pub(super) fn coin(seed: u64, trial: u32) -> bool {
    stream(seed, trial).next_u32() & 1 == 1
}

/// The numbers 0 to `length` − 1 in an order of their own for each round: Fisher and Yates' shuffle.
pub(super) fn shuffled(seed: u64, round: u32, length: usize) -> Vec<usize> {
    let mut rng = stream(seed, round);
    let mut order: Vec<usize> = (0..length).collect();
    for last in (1..length).rev() {
        // 64 bits times the range: no place is favoured by more than 2⁻⁵⁰.
        let place = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, place as usize);
    }
    order
}

fn stream(seed: u64, number: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(number));
    rng
}
