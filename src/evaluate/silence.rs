//! When a source counts as silent, by museval's rule.
//!
//! A source is silent where its channels add up to 0 at every sample; a signal whose two channels
//! are each other's negative counts too.

use std::ops::Range;

use super::signals::Signals;

/// Sources that are silent from start to end, counted from 0: `[source][channel][frame]`, all
/// channels of a source equally long. One such source leaves the whole song without scores.
pub fn silent_sources<C: AsRef<[f32]>>(sources: &[Vec<C>]) -> Vec<usize> {
    let is_silent = |source: &Vec<C>| {
        let channels: Vec<&[f32]> = source.iter().map(AsRef::as_ref).collect();
        let frames = channels.iter().map(|c| c.len()).max().unwrap_or(0);
        cancels_out(&channels, 0..frames)
    };
    (0..sources.len())
        .filter(|source| is_silent(&sources[*source]))
        .collect()
}

/// Whether any reference or estimate is silent in a stretch.
pub(super) fn any_silent(signals: &Signals<'_>, within: &Range<usize>) -> bool {
    let mut sources = signals
        .references
        .chunks(signals.channels)
        .chain(signals.estimates.chunks(signals.channels));
    sources.any(|channels| cancels_out(channels, within.clone()))
}

/// Whether the channels add up to 0 at each of these frames. Frames beyond the end are silent.
fn cancels_out(channels: &[&[f32]], mut frames: Range<usize>) -> bool {
    let sum = |frame: usize| -> f64 {
        let samples = channels.iter().filter_map(|channel| channel.get(frame));
        samples.map(|x| f64::from(*x)).sum()
    };
    frames.all(|frame| sum(frame) == 0.0)
}
