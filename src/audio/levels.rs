//! Levels: peaks, gains, and how far stems are from adding up.

/// The largest absolute sample, 0 for silence.
pub fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, x| x.abs().max(peak))
}

/// The root of the mean square, 0 for no samples.
pub fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    (sum / samples.len() as f64).sqrt() as f32
}

/// Multiplies every sample.
pub fn apply_gain(samples: &mut [f32], gain: f32) {
    samples.iter_mut().for_each(|x| *x *= gain);
}

/// The level of what is missing, mixture − Σ stems, against the mixture: 10·log₁₀(Σr²/Σm²).
/// At least −200; a silent mixture with no residual is −200 too.
pub fn residual_db(residual_energy: f64, mixture_energy: f64) -> f64 {
    const FLOOR_DB: f64 = -200.0;
    if residual_energy <= 0.0 {
        FLOOR_DB
    } else if mixture_energy <= 0.0 {
        0.0
    } else {
        (10.0 * (residual_energy / mixture_energy).log10()).max(FLOOR_DB)
    }
}
