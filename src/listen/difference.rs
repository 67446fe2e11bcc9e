//! What one take has and another lacks, to be heard: A − g·B, aligned to the sample.

use crate::audio::{Clip, ClipWriter, Planar, resample, residual_db};
use crate::error::{Error, Result};
use crate::progress::Reporter;

use super::align::{MOST_LAG_FRAMES, lag_frames_of_pairs, read_at};

const BLOCK_FRAMES: usize = 1 << 16;

/// How two takes are made comparable before they are subtracted.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceOptions {
    /// Whether B is shifted to where it fits A best; on unless said otherwise.
    pub align: bool,
    /// The longest shift in seconds; 0.1 unless said otherwise. At least 0 and at most
    /// [`MOST_LAG_FRAMES`] of A: 8.9 s at 44.1 kHz, 4.0 s at 96 kHz.
    pub max_lag_secs: f64,
    /// Whether B gets the gain that leaves the least difference; off unless said otherwise, for a
    /// difference of level is a difference.
    pub match_levels: bool,
}

impl Default for DifferenceOptions {
    fn default() -> Self {
        Self {
            align: true,
            max_lag_secs: 0.1,
            match_levels: false,
        }
    }
}

/// A − g·B.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The difference, as long as A, at A's rate.
    pub clip: Clip,
    /// Frames that B ran behind A and was moved earlier by; 0 without alignment.
    pub lag_frames: isize,
    /// The gain g that B was given, in dB; 0 unless levels were matched.
    pub b_gain_db: f64,
    /// Level of the difference against A, 10·log₁₀(Σd² / Σa²), in dB; at least −200.
    pub residual_db: f64,
}

/// Subtracts B from A, block by block.
///
/// B at another rate is resampled to A's. If one is mono, it is subtracted from, or to, every channel
/// of the other. The gain is that of least squares over all channels, Σab / Σb²; where it is not
/// above zero (nothing in common, or reversed polarity) B keeps its level and a warning says so.
///
/// # Errors
/// [`Error::Setting`] if the takes have different numbers of channels and neither is mono, or the
/// longest shift is not within 0 to [`MOST_LAG_FRAMES`] of A; [`Error::Io`] if a long result cannot
/// be kept on disk; [`Error::Cancelled`].
pub fn difference(
    a: &Clip,
    b: &Clip,
    options: &DifferenceOptions,
    reporter: &Reporter,
) -> Result<Difference> {
    let most_secs = MOST_LAG_FRAMES as f64 / f64::from(a.sample_rate_hz());
    if !(0.0..=most_secs).contains(&options.max_lag_secs) {
        let problem = format!(
            "{} s is not within 0 to {:.1} s, which is the most at {} Hz",
            options.max_lag_secs,
            // Cut and not rounded: what is said has to be allowed.
            (10.0 * most_secs).floor() / 10.0,
            a.sample_rate_hz()
        );
        return Err(Error::setting("longest shift", problem));
    }
    let b = &resample(b, a.sample_rate_hz(), reporter)?;
    let pairs = channel_pairs(a, b)?;
    let max_lag = (options.max_lag_secs * f64::from(a.sample_rate_hz())).round() as usize;
    let lag_frames = if options.align {
        lag_frames_of_pairs(&pairs, max_lag)
    } else {
        0
    };
    let gain = if options.match_levels {
        least_squares_gain(&pairs, lag_frames, reporter)?
    } else {
        1.0
    };
    let mut out = ClipWriter::new(a.sample_rate_hz(), pairs.len(), crate::paths::cache_dir());
    let (mut residual_energy, mut a_energy) = (0.0_f64, 0.0_f64);
    each_block(
        &pairs,
        lag_frames,
        ("Subtracting", reporter),
        |blocks, block| {
            for (a, b) in blocks.iter().zip(block.iter_mut()) {
                for (a, b) in a.iter().zip(b) {
                    let a = f64::from(*a);
                    let d = a - gain * f64::from(*b);
                    residual_energy += d * d;
                    a_energy += a * a;
                    *b = d as f32;
                }
            }
            out.push(block)
        },
    )?;
    Ok(Difference {
        clip: out.finish()?,
        lag_frames,
        b_gain_db: 20.0 * gain.log10(),
        residual_db: residual_db(residual_energy, a_energy),
    })
}

/// The channels that are subtracted from each other; a mono take's only one goes with all.
fn channel_pairs<'a>(a: &'a Clip, b: &'a Clip) -> Result<Vec<(&'a [f32], &'a [f32])>> {
    let channels = match (a.num_channels(), b.num_channels()) {
        (x, y) if x == y => x,
        (1, n) | (n, 1) => n,
        (x, y) => {
            let problem =
                format!("{x} cannot be compared with {y}; the numbers must agree, or one be 1");
            return Err(Error::setting("channels", problem));
        }
    };
    let channel = |clip: &'a Clip, c: usize| clip.channel(c.min(clip.num_channels() - 1));
    Ok((0..channels)
        .map(|c| (channel(a, c), channel(b, c)))
        .collect())
}

/// Σab / Σb² over all channels; 1 where that is not above zero.
fn least_squares_gain(
    pairs: &[(&[f32], &[f32])],
    lag_frames: isize,
    reporter: &Reporter,
) -> Result<f64> {
    let (mut ab, mut bb) = (0.0_f64, 0.0_f64);
    each_block(
        pairs,
        lag_frames,
        ("Matching levels", reporter),
        |blocks, b| {
            for (a, b) in blocks.iter().zip(b) {
                for (a, b) in a.iter().zip(b) {
                    let (a, b) = (f64::from(*a), f64::from(*b));
                    ab += a * b;
                    bb += b * b;
                }
            }
            Ok(())
        },
    )?;
    let gain = ab / bb;
    if gain.is_finite() && gain > 0.0 {
        return Ok(gain);
    }
    reporter.warn("the takes have nothing in common to match their levels by; B keeps its own");
    Ok(1.0)
}

/// Walks over A's frames: `work` gets a block of A's channels, and B's frames that belong to it.
fn each_block(
    pairs: &[(&[f32], &[f32])],
    lag_frames: isize,
    (stage, reporter): (&'static str, &Reporter),
    mut work: impl FnMut(&[&[f32]], &mut [Vec<f32>]) -> Result<()>,
) -> Result<()> {
    let frames = pairs.first().map_or(0, |(a, _)| a.len());
    for start in (0..frames).step_by(BLOCK_FRAMES) {
        let end = (start + BLOCK_FRAMES).min(frames);
        let of_a: Vec<&[f32]> = pairs.iter().map(|(a, _)| &a[start..end]).collect();
        let mut of_b: Planar = vec![vec![0.0; end - start]; pairs.len()];
        for (out, (_, b)) in of_b.iter_mut().zip(pairs) {
            read_at(b, start as isize + lag_frames, out);
        }
        work(&of_a, &mut of_b)?;
        reporter.step(stage, end as u64, frames as u64)?;
    }
    Ok(())
}
