//! Blocks of sound that overlap, joined by a short cross-fade.

use crate::audio::{Clip, ClipWriter, Planar};
use crate::error::Result;

/// Takes blocks in order and fades from each to the next.
pub(super) struct Joint {
    out: ClipWriter,
    /// Length of a fade in samples.
    fade: usize,
    /// The end of the block before, from where the fade begins.
    tail: Planar,
    /// The song's sample at which what was given out ends.
    position: usize,
}

impl Joint {
    pub(super) fn new(sample_rate_hz: u32, channels: usize, fade: usize) -> Self {
        Self {
            out: ClipWriter::new(sample_rate_hz, channels, crate::paths::cache_dir()),
            fade,
            tail: vec![Vec::new(); channels],
            position: 0,
        }
    }

    /// Adds a block that begins at the song's sample `start`, at or before where the last one was
    /// left; the fade to the next one is centred on sample `until`.
    pub(super) fn add(&mut self, mut samples: Planar, start: usize, until: usize) -> Result<()> {
        let from = self.position - start;
        for (samples, tail) in samples.iter_mut().zip(&self.tail) {
            let length = tail.len() as f32;
            for (i, before) in tail.iter().enumerate() {
                let share = (i as f32 + 0.5) / length;
                let value = &mut samples[from + i];
                *value = *value * share + before * (1.0 - share);
            }
        }
        let length = samples.first().map_or(0, Vec::len);
        let leave = until.saturating_sub(start);
        // The last block is given out to its end.
        let to = if leave >= length {
            length
        } else {
            leave - self.fade / 2
        };
        let ready: Vec<&[f32]> = samples.iter().map(|samples| &samples[from..to]).collect();
        self.out.push(&ready)?;
        self.tail = samples
            .iter()
            .map(|samples| samples[to..length.min(to + self.fade)].to_vec())
            .collect();
        self.position = start + to;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Clip> {
        self.out.finish()
    }
}
