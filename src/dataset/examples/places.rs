//! Where the examples of a song begin.

use super::spec::ExampleSpec;

/// The beginnings of a song's examples, in frames at the spec's rate.
///
/// An example is hop × columns long. Examples that cover the song are a fixed step apart, the first
/// right after the intro, and the last ends with the song; a song shorter than one example has one,
/// whose end is silence. To learn from, all are moved later by one offset below a step, drawn anew
/// for every epoch, so that tilings differ; what would reach beyond the end is held there.
/// A number of examples is spread evenly instead: the first after the intro, the last at the end. To
/// learn from, each is drawn from its own share of the song.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    /// The intro's end.
    first: u64,
    /// How much later the last example may begin.
    room: u64,
    count: usize,
    step: u64,
    is_spread: bool,
}

impl Places {
    /// `None` if the song of so many frames ends before its intro does.
    pub(super) fn new(frames: u64, spec: &ExampleSpec) -> Option<Self> {
        let first = (spec.start_secs * f64::from(spec.sample_rate_hz)).round() as u64;
        let rest = frames.checked_sub(first).filter(|rest| *rest > 0)?;
        let room = rest.saturating_sub(spec.span() as u64);
        let hop_columns = spec.hop_columns.unwrap_or(spec.columns);
        let step = (spec.stft.hop_length * hop_columns).max(1) as u64;
        let tiles = 1 + room.div_ceil(step) as usize;
        Some(Self {
            first,
            room,
            count: spec.examples_per_song.unwrap_or(tiles),
            step,
            is_spread: spec.examples_per_song.is_some(),
        })
    }

    /// How many there are, 1 or more.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Where an example begins that is always the same.
    pub(super) fn fixed(&self, number: usize) -> u64 {
        let number = number as u64;
        let offset = if self.is_spread {
            let last = (self.count as u64).saturating_sub(1).max(1);
            (u128::from(self.room) * u128::from(number) / u128::from(last)) as u64
        } else {
            number.saturating_mul(self.step)
        };
        self.first + offset.min(self.room)
    }

    /// Where an example to learn from begins. `of_song` and `own` are draws from 0 to below 1: one
    /// for all examples of the song, one for this example.
    pub(super) fn drawn(&self, number: usize, of_song: f64, own: f64) -> u64 {
        let offset = if self.is_spread {
            ((number as f64 + own) / self.count as f64 * (self.room + 1) as f64) as u64
        } else {
            let tiles = (number as u64).saturating_mul(self.step);
            tiles.saturating_add((of_song * self.step as f64) as u64)
        };
        self.first + offset.min(self.room)
    }

    /// Anywhere in the song, by a draw from 0 to below 1.
    pub(super) fn anywhere(&self, draw: f64) -> u64 {
        self.first + ((draw * (self.room + 1) as f64) as u64).min(self.room)
    }
}
