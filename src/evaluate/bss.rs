//! BSS Eval: how well sources were separated (versions 3 and 4).
//!
//! An estimate is taken apart: e = s + e_spat + e_interf + e_artif, where s + e_spat is the closest
//! that filters of its own reference get, s + e_spat + e_interf the closest that filters of all
//! references get, and the rest is artefacts.
//!
//! ```text
//! images   SDR = s / (e − s)                     sources   SDR = (s + e_spat) / (e_interf + e_artif)
//!          ISR = s / e_spat                                (no ISR)
//!          SIR = (s + e_spat) / e_interf                   SIR and SAR alike
//!          SAR = (s + e_spat + e_interf) / e_artif         as ratios of energies in dB
//! ```

use std::ops::Range;

use super::bss_filters::Filters;
use super::bss_spec::{BssSpec, FrameScores};
use super::frames::{energies, windows};
use super::signals::Signals;
use super::silence::{any_silent, silent_sources};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Scores of every source in every window, in the order of the references, by default exactly as
/// `museval.evaluate` 0.4.1.
///
/// References and estimates are `[source][channel][frame]` at one rate; estimate j is compared with
/// reference j. Estimates are cut or padded with zeros to the references' length. Windows in which
/// any source is silent have NaN for all; a source that is silent throughout
/// ([`silent_sources`]) leaves nothing but NaN, which is a warning, where museval stops.
///
/// Memory: 8 × (sources × channels × filter length)² bytes while filters are found (134 MB for four
/// stereo stems), else little beside the signals.
///
/// # Errors
/// [`Error::Setting`] that names the setting out of range, or says which references or estimates
/// do not fit: not as many, other channels or lengths, samples that are no numbers;
/// [`Error::Cancelled`].
pub fn bss_eval<C: AsRef<[f32]>>(
    references: &[Vec<C>],
    estimates: &[Vec<C>],
    sample_rate_hz: u32,
    spec: &BssSpec,
    reporter: &Reporter,
) -> Result<Vec<FrameScores>> {
    let signals = Signals::new(references, estimates)?;
    spec.validate(signals.sources(), signals.channels)?;
    if sample_rate_hz == 0 {
        return Err(Error::setting("sample rate", "0 Hz is no rate"));
    }
    let windows = windows_of(signals.frames, sample_rate_hz, spec);
    for (side, silent) in [
        ("reference", silent_sources(references)),
        ("estimate", silent_sources(estimates)),
    ] {
        for source in silent {
            reporter.warn(format!(
                "the {side} of source {} is silent throughout; there are no scores",
                source + 1
            ));
        }
    }
    let audible: Vec<usize> = (0..windows.len())
        .filter(|window| !any_silent(&signals, &windows[*window]))
        .collect();
    let mut scores = vec![vec![[f64::NAN; 4]; signals.sources()]; windows.len()];
    for group in groups(&audible, spec.framewise_filters) {
        let ranges: Vec<Range<usize>> = group.iter().map(|w| windows[*w].clone()).collect();
        let whole = 0..signals.frames;
        let stretch = if spec.framewise_filters {
            &ranges[0]
        } else {
            &whole
        };
        let filters = Filters::new(&signals, stretch, spec.filter_length, reporter)?;
        let energies = energies(&signals, &filters, &ranges, reporter)?;
        for (window, energies) in group.iter().zip(&energies) {
            for (scores, energies) in scores[*window].iter_mut().zip(energies) {
                *scores = energies.scores(spec.kind);
            }
        }
    }
    let mut out = vec![FrameScores::default(); signals.sources()];
    for window in &scores {
        for (out, scores) in out.iter_mut().zip(window) {
            out.push(*scores);
        }
    }
    Ok(out)
}

/// Where the windows of a signal of `frames` frames lie.
pub(super) fn windows_of(frames: usize, sample_rate_hz: u32, spec: &BssSpec) -> Vec<Range<usize>> {
    let frames_of = |secs: f64| {
        let length = (secs * f64::from(sample_rate_hz)).min(frames as f64);
        (length as usize).max(1)
    };
    windows(frames, frames_of(spec.win_secs), frames_of(spec.hop_secs))
}

/// Windows that share filters: each one alone, or all together. No group is empty.
fn groups(windows: &[usize], framewise: bool) -> impl Iterator<Item = &[usize]> {
    let size = if framewise { 1 } else { windows.len().max(1) };
    windows.chunks(size)
}
