//! Bands of an equaliser: second-order filters by R. Bristow-Johnson's "Cookbook formulae for audio
//! equalizer biquad filter coefficients".

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// What a band does to the frequencies around its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandKind {
    /// All below it by the gain; half of the decibels at the frequency itself.
    LowShelf,
    /// Those around it.
    Peak,
    /// All above it by the gain; half of the decibels at the frequency itself.
    HighShelf,
}

/// One band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EqBand {
    /// Shelf or peak.
    pub kind: BandKind,
    /// Its frequency in hertz; held below 0.45 of the sample rate.
    pub hz: f64,
    /// Its gain in decibels.
    pub gain_db: f64,
    /// Its quality Q; 0.7071 is a shelf without overshoot.
    pub q: f64,
}

impl EqBand {
    /// Coefficients `[b0, b1, b2, a1, a2]`, divided by a0.
    fn coefficients(&self, sample_rate_hz: u32) -> [f64; 5] {
        let rate = f64::from(sample_rate_hz.max(1));
        let w = TAU * self.hz.clamp(0.0, 0.45 * rate) / rate;
        let (sin, cos) = w.sin_cos();
        let a = 10_f64.powf(self.gain_db / 40.0);
        let alpha = sin / (2.0 * self.q.max(1e-3));
        if self.kind == BandKind::Peak {
            let a0 = 1.0 + alpha / a;
            return [
                (1.0 + alpha * a) / a0,
                -2.0 * cos / a0,
                (1.0 - alpha * a) / a0,
                -2.0 * cos / a0,
                (1.0 - alpha / a) / a0,
            ];
        }
        // The high shelf is the low shelf with the cosine's sign turned, and that of b1 and a1.
        let sign = match self.kind {
            BandKind::HighShelf => -1.0,
            _ => 1.0,
        };
        let cos = sign * cos;
        let slope = 2.0 * a.sqrt() * alpha;
        let a0 = (a + 1.0) + (a - 1.0) * cos + slope;
        [
            a * ((a + 1.0) - (a - 1.0) * cos + slope) / a0,
            sign * 2.0 * a * ((a - 1.0) - (a + 1.0) * cos) / a0,
            a * ((a + 1.0) - (a - 1.0) * cos - slope) / a0,
            sign * -2.0 * ((a - 1.0) + (a + 1.0) * cos) / a0,
            ((a + 1.0) + (a - 1.0) * cos - slope) / a0,
        ]
    }

    /// Filters one channel, from rest (transposed direct form II, in double precision).
    pub(super) fn filter(&self, samples: &mut [f32], sample_rate_hz: u32) {
        let [b0, b1, b2, a1, a2] = self.coefficients(sample_rate_hz);
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in samples {
            let x = f64::from(*sample);
            let y = b0 * x + s1;
            s1 = b1 * x - a1 * y + s2;
            s2 = b2 * x - a2 * y;
            *sample = y as f32;
        }
    }
}
