//! Time–frequency masks.

use crate::spectral::{Complex32, Spectrogram};

/// librosa's `softmask` of one value: x^p / (x^p + y^p), computed on x and y divided by the
/// larger. Where both are (nearly) 0 it is `zero`. p = ∞ gives the binary mask x > y.
pub fn softmask(x: f32, y: f32, power: f32, zero: f32) -> f32 {
    if power.is_infinite() {
        return if x > y { 1.0 } else { 0.0 };
    }
    let largest = x.max(y);
    if largest < f32::MIN_POSITIVE {
        return zero;
    }
    let (x, y) = (x / largest, y / largest);
    let (x, y) = if power == 2.0 {
        (x * x, y * y)
    } else {
        (x.powf(power), y.powf(power))
    };
    x / (x + y)
}

/// The mixture with each value multiplied by its mask; `mask` is laid out like the spectrogram.
pub fn apply_mask(mixture: &[Complex32], mask: &[f32]) -> Vec<Complex32> {
    mixture.iter().zip(mask).map(|(x, m)| x * m).collect()
}

/// Per channel absolute values and a mean over channels.
pub fn mean_magnitude(spectrogram: &Spectrogram) -> Vec<f32> {
    let mut mean = vec![0.0; spectrogram.columns * spectrogram.bins];
    for channel in &spectrogram.channels {
        for (mean, value) in mean.iter_mut().zip(channel) {
            *mean += value.norm();
        }
    }
    let scale = 1.0 / spectrogram.channels.len().max(1) as f32;
    mean.iter_mut().for_each(|value| *value *= scale);
    mean
}
