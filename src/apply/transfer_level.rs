//! How loud a result is, and how long.

use crate::audio::{Clip, ClipWriter, Source as _, apply_gain, peak};
use crate::error::Result;

/// How the level of a result is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LevelRule {
    /// The same root of the mean square, over all channels, as the song.
    #[default]
    Match,
    /// The largest sample just below full scale.
    Peak,
    /// As the network answers.
    None,
}

impl std::str::FromStr for LevelRule {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "match" => Ok(Self::Match),
            "peak" => Ok(Self::Peak),
            "none" => Ok(Self::None),
            _ => Err("choose match, peak or none".into()),
        }
    }
}

impl LevelRule {
    /// The gain that brings `clip` to its level; 1 where there is nothing to be heard, and 0 where
    /// the level to be matched is that of silence.
    pub(super) fn gain(self, clip: &Clip, original: &Clip) -> f32 {
        let (level, wanted) = match self {
            Self::None => return 1.0,
            // A step of 16 bits below, so that rounding does not reach over it.
            Self::Peak => (largest(clip), 1.0 - 1.0 / 32_768.0),
            Self::Match => (level(clip), level(original)),
        };
        if wanted == 0.0 {
            return 0.0;
        }
        let gain = wanted / level;
        if level > 0.0 && gain.is_finite() {
            gain
        } else {
            1.0
        }
    }
}

/// The largest sample of all channels.
pub(super) fn largest(clip: &Clip) -> f32 {
    let channels = clip.channels();
    channels.iter().fold(0.0, |most, x| peak(x).max(most))
}

/// The root of the mean square of all channels together.
fn level(clip: &Clip) -> f32 {
    let channels = clip.channels();
    let energy: f64 = channels
        .iter()
        .flat_map(|x| x.iter())
        .map(|x| f64::from(*x).powi(2))
        .sum();
    (energy / (channels.len() * clip.frames()).max(1) as f64).sqrt() as f32
}

/// The clip times a gain, cut or filled with silence to exactly `frames` frames.
pub(super) fn fitted(clip: &Clip, frames: usize, gain: f32) -> Result<Clip> {
    if gain == 1.0 && clip.frames() == frames {
        return Ok(clip.clone());
    }
    let channels = clip.num_channels();
    let folder = crate::paths::cache_dir();
    let mut out = ClipWriter::new(clip.sample_rate_hz(), channels, folder);
    let mut reader = clip.reader(0..frames);
    while let Some(mut block) = reader.next_block()? {
        block
            .iter_mut()
            .for_each(|channel| apply_gain(channel, gain));
        out.push(&block)?;
    }
    let missing = frames.saturating_sub(clip.frames());
    out.push(&vec![vec![0.0_f32; missing]; channels])?;
    out.finish()
}
