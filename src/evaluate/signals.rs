//! References and estimates, checked, channel after channel.

use std::ops::Range;

use crate::error::{Error, Result};

/// All channels of all sources in one row: channel c of source j is number j × channels + c.
pub(super) struct Signals<'a> {
    /// The true sources, all `frames` long.
    pub references: Vec<&'a [f32]>,
    /// What is judged, in the same order; of any length: what is missing is zero, what is beyond
    /// the references does not count.
    pub estimates: Vec<&'a [f32]>,
    /// Channels of every source.
    pub channels: usize,
    /// Frames of the references.
    pub frames: usize,
}

impl<'a> Signals<'a> {
    /// Borrows and checks them.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the side, if there are none or not as many, their channels or
    /// lengths differ, or a sample is no number.
    pub fn new<C: AsRef<[f32]>>(references: &'a [Vec<C>], estimates: &'a [Vec<C>]) -> Result<Self> {
        let channels = references.first().map_or(0, Vec::len);
        let frames = references
            .first()
            .and_then(|source| source.first())
            .map_or(0, |channel| channel.as_ref().len());
        if channels == 0 || frames == 0 {
            let problem = "there are none; give at least one source with audio";
            return Err(Error::setting("references", problem));
        }
        if estimates.len() != references.len() {
            let problem = format!(
                "{} sources stand against {} references; give one for each",
                estimates.len(),
                references.len()
            );
            return Err(Error::setting("estimates", problem));
        }
        Ok(Self {
            references: flat("references", references, channels, Some(frames))?,
            estimates: flat("estimates", estimates, channels, None)?,
            channels,
            frames,
        })
    }

    /// How many sources there are.
    pub fn sources(&self) -> usize {
        self.references.len() / self.channels
    }
}

/// The channels of one side in a row.
fn flat<'a, C: AsRef<[f32]>>(
    side: &str,
    sources: &'a [Vec<C>],
    channels: usize,
    frames: Option<usize>,
) -> Result<Vec<&'a [f32]>> {
    let mut out = Vec::with_capacity(sources.len() * channels);
    for (source, planar) in sources.iter().enumerate() {
        let number = source + 1;
        if planar.len() != channels {
            let problem = format!(
                "source {number} has {} channels where the first reference has {channels}; mix \
                 all to the same number",
                planar.len()
            );
            return Err(Error::setting(side, problem));
        }
        let length = frames.unwrap_or_else(|| planar[0].as_ref().len());
        for channel in planar {
            let channel = channel.as_ref();
            if channel.len() != length {
                let problem = format!(
                    "source {number} has a channel of {} frames where {length} belong; cut them \
                     to the same length",
                    channel.len()
                );
                return Err(Error::setting(side, problem));
            }
            check_finite(side, &format!("source {number}"), channel)?;
            out.push(channel);
        }
    }
    Ok(out)
}

/// Checks that all samples are numbers. `whose` is "source 2" or "channel 1".
///
/// # Errors
/// [`Error::Setting`] named `side`.
pub(super) fn check_finite(side: &str, whose: &str, channel: &[f32]) -> Result<()> {
    match channel.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(frame) => {
            let problem =
                format!("{whose} has a sample that is no number, at frame {frame}; mend the file");
            Err(Error::setting(side, problem))
        }
    }
}

/// Fills `out` with the samples from `start` on; zero outside `within` and beyond the signal.
pub(super) fn read(signal: &[f32], within: &Range<usize>, start: isize, out: &mut [f64]) {
    out.fill(0.0);
    let end = usize::try_from(start + out.len() as isize).unwrap_or(0);
    let to = end.min(within.end).min(signal.len());
    let from = usize::try_from(start).unwrap_or(0).max(within.start);
    if from >= to {
        return;
    }
    // Not negative: `from` is at least `start`.
    let first = (from as isize - start) as usize;
    for (out, x) in out[first..].iter_mut().zip(&signal[from..to]) {
        *out = f64::from(*x);
    }
}
