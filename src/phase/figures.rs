//! How good a reconstruction is, summed up piece by piece so that length does not matter.

use serde::{Deserialize, Serialize};

use crate::spectral::Complex32;

/// Figures of a finished reconstruction, in dB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
pub struct Figures {
    /// 20·log₁₀(‖|STFT(y)| − M‖ / ‖M‖): how well the sound has the magnitudes it was made for.
    /// Lower is better; at least −200.
    pub spectral_convergence_db: f64,
    /// Mean over columns of √(mean over bins of (20·log₁₀(|X|/|Y|))²) against the original's
    /// magnitudes, both at least 100 dB below a full-scale sine. Lower is better.
    pub log_spectral_distance_db: f64,
    /// 10·log₁₀(Σx²/Σ(x − y)²) against the original's samples. −100 to 200.
    pub snr_db: f64,
    /// The same after the best gain, 10·log₁₀(‖αx‖²/‖αx − y‖²) with α = ⟨x, y⟩/⟨x, x⟩ over all
    /// channels (Le Roux et al., "SDR – half-baked or well done?", 2019). −100 to 200.
    pub si_sdr_db: f64,
}

/// Level below which a bin counts as silent, against a full-scale sine.
const FLOOR: f32 = 1e-5;
const LOWEST_DB: f64 = -100.0;
const HIGHEST_DB: f64 = 200.0;

/// Sums over columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct FiguresSum {
    error: f64,
    energy: f64,
    distance: f64,
    columns: usize,
}

impl FiguresSum {
    /// Adds one column: its target magnitudes, the original's column (the STFT of the same audio),
    /// the result's, and the magnitude of a full-scale sine.
    pub fn add(&mut self, target: &[f32], original: &[Complex32], result: &[Complex32], full: f32) {
        let floor = full * FLOOR;
        let mut squares = 0.0;
        for ((m, x), y) in target.iter().zip(original).zip(result) {
            let y = (y.re * y.re + y.im * y.im).sqrt();
            let x = (x.re * x.re + x.im * x.im).sqrt();
            self.error += f64::from(y - m).powi(2);
            self.energy += f64::from(*m).powi(2);
            let db = 20.0 * (x.max(floor) / y.max(floor)).log10();
            squares += f64::from(db * db);
        }
        self.distance += (squares / target.len().max(1) as f64).sqrt();
        self.columns += 1;
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        self.error += other.error;
        self.energy += other.energy;
        self.distance += other.distance;
        self.columns += other.columns;
    }
}

/// Sums over samples.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waveforms {
    xx: f64,
    /// Σx·(y − x) and Σ(y − x)²: what differs is summed by itself, so that a result that is very
    /// close does not drown in rounding.
    xd: f64,
    dd: f64,
}

impl Waveforms {
    /// Adds a stretch of one channel, original and result.
    pub fn add(&mut self, original: &[f32], result: &[f32]) {
        for (x, y) in original.iter().zip(result) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            let difference = y - x;
            self.xx += x * x;
            self.xd += x * difference;
            self.dd += difference * difference;
        }
    }

    /// 10·log₁₀(Σx²/Σ(x − y)²).
    pub fn snr_db(&self) -> f64 {
        db(self.xx, self.dd)
    }

    /// Scale-invariant signal-to-distortion ratio.
    pub fn si_sdr_db(&self) -> f64 {
        if self.xx <= 0.0 {
            return self.snr_db();
        }
        let target = (self.xx + self.xd).powi(2) / self.xx;
        if target <= f64::MIN_POSITIVE {
            // Nothing of the original is left; silence is no perfect result.
            return LOWEST_DB;
        }
        let noise = self.dd - self.xd * self.xd / self.xx;
        db(target, noise.max(0.0))
    }
}

impl Figures {
    /// The figures of these sums.
    pub fn new(columns: &FiguresSum, samples: &Waveforms) -> Self {
        Self {
            spectral_convergence_db: convergence_db(columns.error, columns.energy),
            // Not a number is no JSON.
            log_spectral_distance_db: (columns.distance / columns.columns.max(1) as f64)
                .clamp(0.0, HIGHEST_DB),
            snr_db: samples.snr_db(),
            si_sdr_db: samples.si_sdr_db(),
        }
    }
}

/// 10·log₁₀(error/energy), −200 to 100: the spectral convergence in dB.
pub fn convergence_db(error: f64, energy: f64) -> f64 {
    -db(energy, error).min(HIGHEST_DB)
}

/// 10·log₁₀(signal/noise) within −100 to 200 dB; 200 where there is neither, −100 where one is no
/// number.
fn db(signal: f64, noise: f64) -> f64 {
    if signal.is_nan() || noise.is_nan() {
        LOWEST_DB
    } else if noise <= 0.0 {
        HIGHEST_DB
    } else if signal <= 0.0 {
        LOWEST_DB
    } else {
        (10.0 * (signal / noise).log10()).clamp(LOWEST_DB, HIGHEST_DB)
    }
}
