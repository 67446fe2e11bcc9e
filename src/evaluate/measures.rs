//! One number for a whole signal.
//!
//! Sums go over all samples of all channels, and no mean is removed. Reference and estimate are
//! `[channel][frame]`. All of them answer NaN where there is nothing to answer: no audio, other
//! channels or lengths in the estimate, samples that are no numbers.

use super::signals::check_finite;
use crate::error::{Error, Result};
use crate::phase::Waveforms;

/// What the MDX challenges add to both energies (2021; also demucs' `evaluate.py`).
const MDX_DELTA: f64 = 1e-7;
/// What the training tools around Music-Source-Separation-Training add.
const MSST_DELTA: f64 = 1e-8;

/// Scale-invariant SDR: 10·log₁₀(‖αs‖²/‖αs − ŝ‖²) with α = ⟨s, ŝ⟩/⟨s, s⟩ over all channels (Le Roux
/// et al., "SDR – half-baked or well done?", 2019). −100 to 200 dB; NaN for a silent reference
/// too.
pub fn si_sdr_db<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> f64 {
    compared(reference, estimate).map_or(f64::NAN, |sums| sums.si_sdr_db())
}

/// Signal-to-noise ratio: 10·log₁₀(Σs²/Σ(s − ŝ)²). −100 to 200 dB; NaN for a silent reference too.
pub fn snr_db<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> f64 {
    compared(reference, estimate).map_or(f64::NAN, |sums| sums.snr_db())
}

/// SDR of the MDX challenges: 10·log₁₀((Σs² + 1e-7)/(Σ(s − ŝ)² + 1e-7)) over the whole song, called
/// uSDR too. 0 dB where both are silent.
pub fn sdr_whole_db<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> f64 {
    sdr_db(reference, estimate, MDX_DELTA)
}

/// The same with 1e-8, as the tables around Music-Source-Separation-Training have it.
pub fn sdr_msst_db<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> f64 {
    sdr_db(reference, estimate, MSST_DELTA)
}

fn sdr_db<C: AsRef<[f32]>>(reference: &[C], estimate: &[C], delta: f64) -> f64 {
    if check_pair(reference, estimate).is_err() {
        return f64::NAN;
    }
    let (mut signal, mut error) = (delta, delta);
    for (s, e) in reference.iter().zip(estimate) {
        for (s, e) in s.as_ref().iter().zip(e.as_ref()) {
            let s = f64::from(*s);
            signal += s * s;
            error += (s - f64::from(*e)).powi(2);
        }
    }
    10.0 * (signal / error).log10()
}

/// The sums that SNR and SI-SDR need; `None` where they mean nothing.
fn compared<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> Option<Waveforms> {
    check_pair(reference, estimate).ok()?;
    let is_silent = |channel: &C| channel.as_ref().iter().all(|x| *x == 0.0);
    if reference.iter().all(is_silent) {
        return None;
    }
    let mut sums = Waveforms::default();
    for (reference, estimate) in reference.iter().zip(estimate) {
        sums.add(reference.as_ref(), estimate.as_ref());
    }
    Some(sums)
}

/// Checks that two signals can be compared sample by sample.
///
/// # Errors
/// [`Error::Setting`] if there is no audio, channels or lengths differ, or a sample is no number.
pub(super) fn check_pair<C: AsRef<[f32]>>(reference: &[C], estimate: &[C]) -> Result<()> {
    let frames = reference.first().map_or(0, |c| c.as_ref().len());
    if frames == 0 {
        let problem = "there is no audio in it; give at least one frame";
        return Err(Error::setting("reference", problem));
    }
    if estimate.len() != reference.len() {
        let problem = format!(
            "it has {} channels where the reference has {}; mix both to the same number",
            estimate.len(),
            reference.len()
        );
        return Err(Error::setting("estimate", problem));
    }
    for (side, channels) in [("reference", reference), ("estimate", estimate)] {
        for (i, channel) in channels.iter().enumerate() {
            let channel = channel.as_ref();
            let whose = format!("channel {}", i + 1);
            if channel.len() != frames {
                let problem = format!(
                    "{whose} has {} frames where {frames} belong; cut them to the same length",
                    channel.len()
                );
                return Err(Error::setting(side, problem));
            }
            check_finite(side, &whose, channel)?;
        }
    }
    Ok(())
}
