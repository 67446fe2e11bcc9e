//! The first outline of a song, while it is still being read.

use crate::display::Peak;

/// Parts of a song's first outline.
pub const SKETCH_PARTS: u64 = 4096;

/// An outline that grows while a file is read.
pub struct Sketch {
    frames_per_part: u64,
    /// Outlines of the parts begun so far; their `power` is not measured.
    pub parts: Vec<Peak>,
    frames: u64,
}

impl Sketch {
    /// An empty outline of a song of this length.
    pub fn new(total_frames: u64) -> Self {
        Self {
            frames_per_part: total_frames.div_ceil(SKETCH_PARTS).max(1),
            parts: Vec::new(),
            frames: 0,
        }
    }

    /// Adds a block, `[channels][frames]`.
    pub fn add(&mut self, block: &[Vec<f32>]) {
        let frames = block.first().map_or(0, Vec::len);
        let mut at = 0;
        while at < frames {
            let part = (self.frames / self.frames_per_part) as usize;
            if part == self.parts.len() {
                self.parts.push(Peak::EMPTY);
            }
            let left = self.frames_per_part - self.frames % self.frames_per_part;
            let end = (at + left as usize).min(frames);
            let peak = &mut self.parts[part];
            for x in block.iter().flat_map(|channel| &channel[at..end]) {
                peak.min = peak.min.min(*x);
                peak.max = peak.max.max(*x);
            }
            self.frames += (end - at) as u64;
            at = end;
        }
    }
}
