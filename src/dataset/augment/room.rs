//! Rooms and echoes: the direct sound stays as it is, and quieter copies follow it.

use serde::{Deserialize, Serialize};

use super::super::draws::Draws;

/// Impulses of the synthetic room in a second: smooth to the ear from about 1500 on.
const IMPULSES_PER_SEC: f64 = 2000.0;
/// Where the room begins to answer.
const FIRST_SECS: f64 = 0.004;

/// A synthetic room: velvet noise (single impulses of either sign at random places; Karjalainen and
/// Järveläinen, "Reverberation modeling using velvet noise", AES 2007) that dies away exponentially.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reverb {
    /// Which room.
    pub seed: u64,
    /// Seconds until it is 60 dB down, where it is cut off; at most 0.4.
    pub decay_secs: f64,
    /// Energy of the room's answer against the direct sound's, in decibels.
    pub level_db: f64,
}

impl Reverb {
    /// The room's answer to an impulse of 1 at 0: frame and height. Each channel has its own.
    fn answer(&self, channel: usize, sample_rate_hz: u32) -> Vec<(usize, f32)> {
        let rate = f64::from(sample_rate_hz);
        let mut draws = Draws::new(self.seed, channel as u64);
        let spacing = 1.0 / IMPULSES_PER_SEC;
        let count = ((self.decay_secs - FIRST_SECS) / spacing).max(0.0) as usize;
        let mut taps = Vec::with_capacity(count);
        let mut energy = 0.0;
        for i in 0..count {
            let secs = FIRST_SECS + spacing * (i as f64 + draws.unit());
            let sign = if draws.unit() < 0.5 { -1.0 } else { 1.0 };
            let height = sign * 10_f64.powf(-3.0 * secs / self.decay_secs);
            energy += height * height;
            taps.push(((secs * rate) as usize, height));
        }
        let scale = (10_f64.powf(self.level_db / 10.0) / energy).sqrt();
        taps.into_iter()
            .map(|(frame, height)| (frame, (height * scale) as f32))
            .collect()
    }

    /// Adds the room to a channel; what would ring on after its end is cut.
    pub(super) fn add(&self, samples: &mut [f32], channel: usize, sample_rate_hz: u32) {
        let dry = samples.to_vec();
        for (frame, height) in self.answer(channel, sample_rate_hz) {
            add_copy(samples, &dry, frame, height);
        }
    }
}

/// One echo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// Seconds after the direct sound.
    pub secs: f64,
    /// Its level against the direct sound's, in decibels.
    pub level_db: f64,
}

impl Echo {
    /// Adds the echo to a channel; what would come after its end is cut.
    pub(super) fn add(&self, samples: &mut [f32], sample_rate_hz: u32) {
        let dry = samples.to_vec();
        let frame = (self.secs * f64::from(sample_rate_hz)).round() as usize;
        let height = 10_f64.powf(self.level_db / 20.0) as f32;
        add_copy(samples, &dry, frame, height);
    }
}

fn add_copy(samples: &mut [f32], dry: &[f32], frame: usize, height: f32) {
    let later = samples.iter_mut().skip(frame);
    later.zip(dry).for_each(|(y, x)| *y += height * x);
}
