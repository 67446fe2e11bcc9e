//! How much the spectrograms of two signals differ, a few columns at a time.

use rayon::prelude::*;

use super::measures::check_pair;
use crate::apply::PicturePreset;
use crate::audio::{Clip, resample};
use crate::error::{Error, Result};
use crate::phase::{Figures, FiguresSum, Waveforms};
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft, StftSpec};

/// Columns compared at once.
const BLOCK_COLUMNS: usize = 1024;

/// Length of an STFT window in seconds: 2048 frames at 44.1 kHz.
const WINDOW_SECS: f64 = 2048.0 / 44_100.0;

/// Mean over columns and channels of √(mean over bins of (20·log₁₀(|X|/|Y|))²), both at least
/// 100 dB below a full-scale sine: 0 to 200 dB, lower is better. It does not hear phase.
///
/// Reference and estimate are `[channel][frame]`, alike in both. The window (Hann) is the power of
/// two closest to 46 ms, 2048 frames at 44.1 and 48 kHz; the hop a quarter of it.
///
/// # Errors
/// [`Error::Setting`] if the estimate does not fit, a sample is no number, or the rate is 0.
pub fn log_spectral_distance_db<C: AsRef<[f32]>>(
    reference: &[C],
    estimate: &[C],
    sample_rate_hz: u32,
) -> Result<f64> {
    check_pair(reference, estimate)?;
    check_rate(sample_rate_hz)?;
    let octaves = (WINDOW_SECS * f64::from(sample_rate_hz)).log2().round();
    // 64 frames at the least, for rates that no music has.
    let n_fft = octaves.max(6.0).exp2() as usize;
    let stft = Stft::new(&StftSpec::new(n_fft, n_fft / 4))?;
    let full = stft.full_scale();
    let bins = stft.spec().bins();
    let mut sum = FiguresSum::default();
    for_columns(&stft, reference, estimate, |x, y| {
        let columns = x.par_chunks_exact(bins).zip(y.par_chunks_exact(bins));
        let each: Vec<FiguresSum> = columns
            .map(|(x, y)| {
                let magnitudes: Vec<f32> = x.iter().map(|value| value.norm()).collect();
                let mut sum = FiguresSum::default();
                sum.add(&magnitudes, x, y, full);
                sum
            })
            .collect();
        // In the order of the columns, so that the sum does not depend on threads.
        each.iter().for_each(|column| sum.merge(column));
    });
    let figures = Figures::new(&sum, &Waveforms::default());
    Ok(figures.log_spectral_distance_db)
}

/// Mean |difference| of the pictures that the timbre networks see ([`PicturePreset::Timbre`]:
/// 44.1 kHz, 1024/512, 256 bins, values −1…1), over all channels: 0 to 2, lower is better. It is
/// the L1 loss of pix2pix. Signals at another rate are resampled.
///
/// Reference and estimate are `[channel][frame]`, alike in both.
///
/// # Errors
/// [`Error::Setting`] if the estimate does not fit, a sample is no number, or the rate is out of
/// range; [`Error::Io`] if a long resampled signal cannot be kept on disk.
pub fn picture_l1<C: AsRef<[f32]>>(
    reference: &[C],
    estimate: &[C],
    sample_rate_hz: u32,
) -> Result<f64> {
    check_pair(reference, estimate)?;
    check_rate(sample_rate_hz)?;
    let options = PicturePreset::Timbre.options();
    let rate_hz = options.sample_rate_hz.unwrap_or(sample_rate_hz);
    let reference = at_rate(reference, sample_rate_hz, rate_hz)?;
    let estimate = at_rate(estimate, sample_rate_hz, rate_hz)?;
    let stft = Stft::new(&options.stft)?;
    let plan = options.picture.plan(&options.stft, rate_hz)?;
    let (mut sum, mut values) = (0.0, 0);
    for_columns(
        &stft,
        &reference.channels(),
        &estimate.channels(),
        |x, y| {
            let picture = |spectrum: &[Complex32]| {
                let magnitudes: Vec<f32> = spectrum.iter().map(|value| value.norm()).collect();
                plan.forward(&magnitudes)
            };
            let (x, y) = (picture(x), picture(y));
            for (x, y) in x.iter().zip(&y) {
                sum += f64::from((x - y).abs());
            }
            values += x.len();
        },
    );
    Ok(sum / values as f64)
}

fn check_rate(sample_rate_hz: u32) -> Result<()> {
    if sample_rate_hz == 0 {
        return Err(Error::setting("sample rate", "0 Hz is no rate"));
    }
    Ok(())
}

/// The same audio at another rate.
fn at_rate<C: AsRef<[f32]>>(channels: &[C], in_hz: u32, out_hz: u32) -> Result<Clip> {
    let channels = channels.iter().map(|c| c.as_ref().to_vec()).collect();
    resample(&Clip::new(in_hz, channels), out_hz, &Reporter::silent())
}

/// Calls `compare` with blocks of the columns (`columns × bins`) of both signals, channel after
/// channel.
fn for_columns<C: AsRef<[f32]>>(
    stft: &Stft,
    reference: &[C],
    estimate: &[C],
    mut compare: impl FnMut(&[Complex32], &[Complex32]),
) {
    let bins = stft.spec().bins();
    for (x, y) in reference.iter().zip(estimate) {
        let (x, y) = (x.as_ref(), y.as_ref());
        let columns = stft.spec().columns(x.len());
        for first in (0..columns).step_by(BLOCK_COLUMNS) {
            let spectrum = |signal: &[f32]| {
                let count = BLOCK_COLUMNS.min(columns - first);
                let mut out = vec![Complex32::default(); count * bins];
                stft.forward_columns(signal, first, &mut out);
                out
            };
            compare(&spectrum(x), &spectrum(y));
        }
    }
}
