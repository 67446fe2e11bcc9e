//! A waveform's outline at every zoom.
//!
//! Summaries of 256 frames, then of 4 summaries each, and so on. A pixel column takes the coarsest
//! level whose blocks are no wider than it and merges the few under it; closer than 256 frames per
//! pixel the samples themselves are read.

use rayon::prelude::*;

const BASE_FRAMES: usize = 256;
const FACTOR: usize = 4;

/// What is needed to draw a stretch of samples one pixel wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Smallest sample.
    pub min: f32,
    /// Largest sample.
    pub max: f32,
    /// Mean of the squares.
    pub power: f32,
}

impl Peak {
    /// Nothing: merges with anything.
    pub const EMPTY: Self = Self {
        min: f32::INFINITY,
        max: f32::NEG_INFINITY,
        power: 0.0,
    };

    fn of(samples: &[f32]) -> Self {
        let mut peak = Self::EMPTY;
        for x in samples {
            peak.min = peak.min.min(*x);
            peak.max = peak.max.max(*x);
            peak.power += x * x;
        }
        peak.power /= samples.len().max(1) as f32;
        peak
    }

    /// Both stretches together; `share` is this one's part of the length, 0–1.
    fn merged(peaks: &[Self]) -> Self {
        let mut out = Self::EMPTY;
        for peak in peaks {
            out.min = out.min.min(peak.min);
            out.max = out.max.max(peak.max);
            out.power += peak.power;
        }
        out.power /= peaks.len().max(1) as f32;
        out
    }

    /// Whether no sample is in it.
    pub fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// Root of the mean square.
    pub fn rms(&self) -> f32 {
        self.power.sqrt()
    }
}

/// The outline of one channel (or of the mean of several).
#[derive(Debug, Clone, Default)]
pub struct PeakPyramid {
    /// `levels[k][i]` covers frames `i·256·4ᵏ ..`.
    levels: Vec<Vec<Peak>>,
    frames: usize,
}

impl PeakPyramid {
    /// Summarises samples, in parallel.
    pub fn new(samples: &[f32]) -> Self {
        let mut levels = vec![
            samples
                .par_chunks(BASE_FRAMES)
                .map(Peak::of)
                .collect::<Vec<_>>(),
        ];
        while levels[levels.len() - 1].len() > FACTOR * 64 {
            let next = levels[levels.len() - 1]
                .chunks(FACTOR)
                .map(Peak::merged)
                .collect();
            levels.push(next);
        }
        Self {
            levels,
            frames: samples.len(),
        }
    }

    /// Frames summarised.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The outline of frames `start..end` of `samples`, the same that the pyramid was made of.
    /// Blocks that reach over the ends count whole, so the outline may be up to a block too wide,
    /// never too narrow.
    pub fn peak(&self, samples: &[f32], start: usize, end: usize) -> Peak {
        let end = end.min(self.frames).min(samples.len());
        if start >= end {
            return Peak::EMPTY;
        }
        let length = end - start;
        if length < 2 * BASE_FRAMES {
            return Peak::of(&samples[start..end]);
        }
        let mut level = 0;
        let mut block = BASE_FRAMES;
        while level + 1 < self.levels.len() && block * FACTOR * 2 <= length {
            level += 1;
            block *= FACTOR;
        }
        let peaks = &self.levels[level];
        Peak::merged(&peaks[start / block..end.div_ceil(block).min(peaks.len())])
    }
}
