//! Another pitch by another speed: band-limited interpolation with a windowed sinc.
//!
//! x(t) = Σ x[k] · c · g(c (t − k)), g(u) = sinc(u) · cos²(πu / 2Z) for |u| < Z, with c = 1 or, where
//! the pitch rises, 1 / ratio, so that nothing folds back (J. O. Smith, "Digital audio resampling",
//! CCRMA). Read from a table with straight lines between its points.

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 16;
/// Table points per zero crossing: lines between them err by less than −100 dB.
const STEPS: usize = 512;

/// Half of the kernel, from its middle outwards.
pub(super) struct Kernel(Vec<f64>);

impl Kernel {
    pub(super) fn new() -> Self {
        let point = |i: usize| {
            let u = i as f64 / STEPS as f64;
            let x = std::f64::consts::PI * u;
            let sinc = if i == 0 { 1.0 } else { x.sin() / x };
            let window = (x / (2 * CROSSINGS) as f64).cos().powi(2);
            if u < CROSSINGS as f64 {
                sinc * window
            } else {
                0.0
            }
        };
        Self((0..CROSSINGS * STEPS + 2).map(point).collect())
    }

    fn at(&self, u: f64) -> f64 {
        let x = u.abs() * STEPS as f64;
        let i = x as usize;
        match (self.0.get(i), self.0.get(i + 1)) {
            (Some(a), Some(b)) => a + (b - a) * (x - i as f64),
            _ => 0.0,
        }
    }

    /// `samples` played `ratio` times as fast, at most `most_frames` of it.
    pub(super) fn play(&self, samples: &[f32], ratio: f64, most_frames: usize) -> Vec<f32> {
        let cutoff = (1.0 / ratio).min(1.0);
        let half = CROSSINGS as f64 / cutoff;
        let frames = ((samples.len() as f64 / ratio).ceil() as usize).min(most_frames);
        let sample = |n: usize| {
            let t = n as f64 * ratio;
            let first = (t - half).ceil().max(0.0) as usize;
            let end = ((t + half).floor() as usize + 1).min(samples.len());
            let heard = samples.get(first..end).unwrap_or(&[]);
            let sum: f64 = heard
                .iter()
                .enumerate()
                .map(|(i, x)| f64::from(*x) * self.at(cutoff * (t - (first + i) as f64)))
                .sum();
            (cutoff * sum) as f32
        };
        (0..frames).map(sample).collect()
    }
}
