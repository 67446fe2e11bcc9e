//! Songs that never were: stems of different songs, each at its own gain, and their sum.

use serde::{Deserialize, Serialize};

use super::super::draws::{Between, Draws};
use crate::audio::{Planar, apply_gain};
use crate::error::{Error, Result};

/// Which song one stem of a remix is of, and how loud.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RemixPart {
    /// The song, from 0.
    pub song: usize,
    /// Its gain in decibels.
    pub gain_db: f64,
}

/// A remix.
#[derive(Debug, Clone, PartialEq)]
pub struct Remixed {
    /// The stems at their gains, `[stems][channels][frames]`.
    pub stems: Vec<Planar>,
    /// Their sum, `[channels][frames]`.
    pub mixture: Planar,
}

/// Draws for each of `stems` stems one of `songs` songs and a gain. The same seed and index give
/// the same remix. Empty if there are no songs.
pub fn draw_remix(
    seed: u64,
    index: u64,
    songs: usize,
    stems: usize,
    gain_db: Between,
) -> Vec<RemixPart> {
    if songs == 0 {
        return Vec::new();
    }
    let mut draws = Draws::new(seed, index);
    let part = |_| RemixPart {
        song: draws.below(songs),
        gain_db: draws.within(gain_db),
    };
    (0..stems).map(part).collect()
}

/// Brings stems to their gains and sums them; all are cut to the shortest.
///
/// # Errors
/// [`Error::Setting`] if there are no stems, or their channels or gains are not equally many.
pub fn remix(stems: &[&Planar], gains_db: &[f64]) -> Result<Remixed> {
    let channels = stems.first().map_or(0, |stem| stem.len());
    if channels == 0 || stems.len() != gains_db.len() {
        return Err(Error::setting("remix", "needs stems and a gain for each"));
    }
    if stems.iter().any(|stem| stem.len() != channels) {
        return Err(Error::setting(
            "remix",
            "stems must have equally many channels",
        ));
    }
    let lengths = stems.iter().flat_map(|stem| stem.iter().map(Vec::len));
    let frames = lengths.min().unwrap_or(0);
    let mut mixture = vec![vec![0.0_f32; frames]; channels];
    let mut out = Vec::with_capacity(stems.len());
    for (stem, gain_db) in stems.iter().zip(gains_db) {
        let gain = 10_f64.powf(gain_db / 20.0) as f32;
        let mut scaled: Planar = stem.iter().map(|c| c[..frames].to_vec()).collect();
        for (sum, samples) in mixture.iter_mut().zip(&mut scaled) {
            apply_gain(samples, gain);
            sum.iter_mut().zip(samples).for_each(|(sum, x)| *sum += *x);
        }
        out.push(scaled);
    }
    Ok(Remixed {
        stems: out,
        mixture,
    })
}
