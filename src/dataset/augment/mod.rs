//! Augmentation: the same example in another key, room, level and colour.
//!
//! ```text
//! AugmentSpec (ranges) ─► draw(seed, index) ─► Drawn (values) ─► apply(both sides of a pair)
//! ```
//!
//! Everything is linear, so a mixture stays the sum of its stems when all are changed by the same
//! [`Drawn`]. Order: speed, equaliser, reverb, delay, gain, polarity, channels.

mod eq;
mod remix;
mod room;

use serde::{Deserialize, Serialize};

pub use eq::{BandKind, EqBand};
pub use remix::{RemixPart, Remixed, draw_remix, remix};
pub use room::{Echo, Reverb};

use super::draws::{Between, Draws};
use crate::audio::{Planar, Resampler, apply_gain, resampled_frames};
use crate::error::{Error, Result};

/// Speeds are whole thousandths, so that resampling is exact.
const SPEED_UNIT: u32 = 1000;
/// Streams of one example: one per effect, so that none changes what another draws.
const STREAMS: u64 = 16;

/// What may be done to examples. Nothing by default; each effect is drawn if it has a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentSpec {
    /// Speed as of a tape: 2 is an octave higher and half as long, 2^(n/12) is n semitones. Within
    /// 0.25 to 4; drawn evenly in pitch. Changes the length: see [`Drawn::frames_after`].
    pub speed: Option<Between>,
    /// Gain in decibels, within −60 to 60.
    pub gain_db: Option<Between>,
    /// Gain of each of four bands in decibels, within −24 to 24: a low shelf (60–300 Hz), two peaks
    /// (200–1500 and 1000–6000 Hz, Q 0.5–2) and a high shelf (3–10 kHz).
    pub eq_db: Option<Between>,
    /// Seconds in which a synthetic room dies away by 60 dB, within 0.02 to 0.4.
    pub reverb_secs: Option<Between>,
    /// Energy of the room against the direct sound in decibels, within −60 to 6; −18 to −6 by
    /// default. Used with `reverb_secs`.
    pub reverb_db: Between,
    /// Seconds after which one echo comes, within 0 to 2.
    pub delay_secs: Option<Between>,
    /// Level of the echo against the direct sound in decibels, within −60 to 0; −15 to −6 by
    /// default. Used with `delay_secs`.
    pub delay_db: Between,
    /// How often polarity is turned, 0–1.
    pub flip_polarity: Option<f64>,
    /// How often the first two channels change places, 0–1; mono stays as it is.
    pub swap_channels: Option<f64>,
}

impl Default for AugmentSpec {
    fn default() -> Self {
        Self {
            speed: None,
            gain_db: None,
            eq_db: None,
            reverb_secs: None,
            reverb_db: Between::new(-18.0, -6.0),
            delay_secs: None,
            delay_db: Between::new(-15.0, -6.0),
            flip_polarity: None,
            swap_channels: None,
        }
    }
}

/// What is done to one example.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Speed in thousandths; 1000 leaves the sound as it is.
    pub speed_thousandths: u32,
    /// Gain in decibels.
    pub gain_db: f64,
    /// Bands of the equaliser, in order.
    pub eq: Vec<EqBand>,
    /// The room.
    pub reverb: Option<Reverb>,
    /// The echo.
    pub delay: Option<Echo>,
    /// Whether polarity is turned.
    pub flip_polarity: bool,
    /// Whether the first two channels change places.
    pub swap_channels: bool,
}

impl Default for Drawn {
    /// Nothing is changed.
    fn default() -> Self {
        Self {
            speed_thousandths: SPEED_UNIT,
            gain_db: 0.0,
            eq: Vec::new(),
            reverb: None,
            delay: None,
            flip_polarity: false,
            swap_channels: false,
        }
    }
}

impl AugmentSpec {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        let ranges = [
            ("speed", self.speed, 0.25, 4.0),
            ("gain", self.gain_db, -60.0, 60.0),
            ("eq", self.eq_db, -24.0, 24.0),
            ("reverb", self.reverb_secs, 0.02, 0.4),
            ("reverb level", Some(self.reverb_db), -60.0, 6.0),
            ("delay", self.delay_secs, 0.0, 2.0),
            ("delay level", Some(self.delay_db), -60.0, 0.0),
        ];
        for (name, range, least, most) in ranges {
            range.map_or(Ok(()), |range| range.validate(name, least, most))?;
        }
        let chances = [
            ("polarity", self.flip_polarity),
            ("channel swap", self.swap_channels),
        ];
        for (name, chance) in chances {
            if chance.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
                return Err(Error::setting(name, "must be a probability from 0 to 1"));
            }
        }
        Ok(())
    }

    /// Draws values for example `index`. The same spec, seed and index give the same values,
    /// whatever was drawn before; an effect's values do not depend on which others are wanted.
    pub fn draw(&self, seed: u64, index: u64) -> Drawn {
        let draws = |effect: u64| Draws::new(seed, index.wrapping_mul(STREAMS) + effect);
        let chance = |effect, chance: Option<f64>| {
            chance.is_some_and(|chance| draws(effect).unit() < chance)
        };
        Drawn {
            speed_thousandths: self.speed.map_or(SPEED_UNIT, |range| {
                let octaves = Between::new(range.low.log2(), range.high.log2());
                let speed = draws(0).within(octaves).exp2();
                (speed * f64::from(SPEED_UNIT)).round().max(1.0) as u32
            }),
            gain_db: self.gain_db.map_or(0.0, |range| draws(1).within(range)),
            eq: self
                .eq_db
                .map_or_else(Vec::new, |range| bands(range, &mut draws(2))),
            reverb: self.reverb_secs.map(|range| {
                let mut draws = draws(3);
                Reverb {
                    seed: draws.whole(),
                    decay_secs: draws.within(range),
                    level_db: draws.within(self.reverb_db),
                }
            }),
            delay: self.delay_secs.map(|range| {
                let mut draws = draws(4);
                Echo {
                    secs: draws.within(range),
                    level_db: draws.within(self.delay_db),
                }
            }),
            flip_polarity: chance(5, self.flip_polarity),
            swap_channels: chance(6, self.swap_channels),
        }
    }
}

fn bands(gain_db: Between, draws: &mut Draws) -> Vec<EqBand> {
    let kinds = [
        (BandKind::LowShelf, 60.0_f64, 300.0_f64),
        (BandKind::Peak, 200.0, 1500.0),
        (BandKind::Peak, 1000.0, 6000.0),
        (BandKind::HighShelf, 3000.0, 10_000.0),
    ];
    let band = |(kind, low, high): (BandKind, f64, f64)| EqBand {
        kind,
        hz: draws.within(Between::new(low.log2(), high.log2())).exp2(),
        gain_db: draws.within(gain_db),
        q: match kind {
            BandKind::Peak => draws.within(Between::new(-1.0, 1.0)).exp2(),
            _ => std::f64::consts::FRAC_1_SQRT_2,
        },
    };
    kinds.into_iter().map(band).collect()
}

impl Drawn {
    /// The number of frames that [`Self::apply`] makes of `frames`: frames / speed, rounded half up.
    pub fn frames_after(&self, frames: usize) -> usize {
        if self.speed_thousandths == 0 {
            return frames;
        }
        resampled_frames(frames as u64, self.speed_thousandths, SPEED_UNIT) as usize
    }

    /// The changed sound, `[channels][frames]`. Only speed changes the length. Nothing is clipped.
    ///
    /// # Errors
    /// [`Error::Setting`] if the speed is 0.
    pub fn apply(&self, channels: &[Vec<f32>], sample_rate_hz: u32) -> Result<Planar> {
        let mut out = if self.speed_thousandths == SPEED_UNIT {
            channels.to_vec()
        } else {
            self.faster(channels)?
        };
        let sign = if self.flip_polarity { -1.0 } else { 1.0 };
        let gain = sign * 10_f64.powf(self.gain_db / 20.0) as f32;
        for (c, samples) in out.iter_mut().enumerate() {
            for band in &self.eq {
                band.filter(samples, sample_rate_hz);
            }
            if let Some(reverb) = &self.reverb {
                reverb.add(samples, c, sample_rate_hz);
            }
            if let Some(delay) = &self.delay {
                delay.add(samples, sample_rate_hz);
            }
            apply_gain(samples, gain);
        }
        if self.swap_channels && out.len() >= 2 {
            out.swap(0, 1);
        }
        Ok(out)
    }

    fn faster(&self, channels: &[Vec<f32>]) -> Result<Planar> {
        let speed = self.speed_thousandths;
        if speed == 0 {
            return Err(Error::setting("speed", "must be more than 0"));
        }
        let mut resampler = Resampler::new(speed, SPEED_UNIT, channels.len())?;
        let mut out = vec![Vec::new(); channels.len()];
        resampler.push(channels, &mut out)?;
        resampler.finish(&mut out)?;
        Ok(out)
    }
}
