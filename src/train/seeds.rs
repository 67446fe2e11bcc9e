//! Seeds for one purpose out of a run's seed, an epoch and a step.

/// A number that looks unlike those of neighbouring parts: each part is stirred in by splitmix64
/// (Steele, Lea and Flood 2014).
pub(super) fn mixed(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9E37_79B9_7F4A_7C15, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}
