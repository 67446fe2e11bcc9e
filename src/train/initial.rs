//! How weights begin, and which values dropout takes: ChaCha8 on the processor, so that every device
//! begins with the same numbers and a run can be repeated.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use rayon::prelude::*;

use super::plan::Init;
use super::plan_shapes::{ArrayInfo, Role};

/// Dropout decides by 16 bits of each draw.
const DROPOUT_STEPS: f64 = 65_536.0;
/// Factors of each of the stream's words of 32 bits.
const FACTORS_PER_WORD: usize = 2;
/// Factors that are drawn in one go.
const DROPOUT_CHUNK: usize = 1 << 15;

/// The first values of an array. `stream` is the array's number: arrays do not depend on each other.
pub(super) fn initial_values(array: &ArrayInfo, init: Init, seed: u64, stream: u64) -> Vec<f32> {
    let count = array.count();
    let (fan_in, fan_out) = match array.role {
        Role::Weight { fan_in, fan_out } => (fan_in as f64, fan_out as f64),
        Role::Gamma | Role::RunningVariance => return vec![1.0; count],
        Role::Bias | Role::Beta | Role::RunningMean => return vec![0.0; count],
    };
    let mut rng = seeded(seed, stream);
    match init {
        Init::Normal { std } => normal(&mut rng, count, std),
        Init::GlorotNormal => normal(&mut rng, count, (2.0 / (fan_in + fan_out)).sqrt()),
        Init::HeNormal => normal(&mut rng, count, (2.0 / fan_in).sqrt()),
        Init::GlorotUniform => {
            let limit = (6.0 / (fan_in + fan_out)).sqrt();
            let draw = |_| ((2.0 * unit(&mut rng) - 1.0) * limit) as f32;
            (0..count).map(draw).collect()
        }
    }
}

/// Factors of dropout: 0 with the chance `rate` (to 1/65536), else 1/(1 − rate). Four factors are of
/// one draw of 64 bits; each chunk begins at its own place in the stream, so that the values are the
/// same whatever the threads.
pub(super) fn dropout_factors(count: usize, rate: f64, seed: u64, stream: u64) -> Vec<f32> {
    let dropped = (rate * DROPOUT_STEPS).round().min(DROPOUT_STEPS - 1.0);
    let kept = (DROPOUT_STEPS / (DROPOUT_STEPS - dropped)) as f32;
    let threshold = dropped as u64;
    let mut factors = vec![0.0; count];
    factors
        .par_chunks_mut(DROPOUT_CHUNK)
        .enumerate()
        .for_each(|(number, chunk)| {
            let mut rng = seeded(seed, stream);
            rng.set_word_pos((number * DROPOUT_CHUNK / FACTORS_PER_WORD) as u128);
            for four in chunk.chunks_mut(4) {
                let draw = rng.next_u64();
                for (part, factor) in four.iter_mut().enumerate() {
                    let bits = (draw >> (16 * part)) & 0xFFFF;
                    *factor = if bits < threshold { 0.0 } else { kept };
                }
            }
        });
    factors
}

fn seeded(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// From 0 to 1, less than 1.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Normal draws, two from each pair of uniform ones (Box and Muller 1958).
fn normal(rng: &mut ChaCha8Rng, count: usize, std: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // 1 − u is never 0, so the logarithm is finite.
        let radius = (-2.0 * (1.0 - unit(rng)).ln()).sqrt() * std;
        let (sin, cos) = (std::f64::consts::TAU * unit(rng)).sin_cos();
        values.push((radius * cos) as f32);
        values.push((radius * sin) as f32);
    }
    values.truncate(count);
    values
}
