//! Lanes to stereo frames, with gains that glide and a loop that is exact to the sample.

use std::ops::Range;

use super::StereoFrame;
use crate::audio::Clip;

/// How fast a gain follows, per frame: about 10 ms.
const GLIDE: f32 = 0.002;

/// One lane in the mix.
#[derive(Debug, Clone)]
pub struct MixLane {
    /// Its audio.
    pub clip: Clip,
    /// The song's frame at which the clip starts.
    pub offset: usize,
    /// Linear gain; 0 where muted.
    pub gain: f32,
}

/// Mixes lanes at a playhead. All lanes have the song's rate.
#[derive(Debug, Default)]
pub struct Mixer {
    lanes: Vec<MixLane>,
    /// Gains as heard, gliding towards the lanes'.
    gains: Vec<f32>,
    position: usize,
    loop_range: Option<Range<usize>>,
    frames: usize,
}

impl Mixer {
    /// Replaces the lanes. Gains glide where a lane keeps its place, so a mute does not click.
    pub fn set_lanes(&mut self, lanes: Vec<MixLane>) {
        self.frames = lanes
            .iter()
            .map(|lane| lane.offset + lane.clip.frames())
            .max()
            .unwrap_or(0);
        let new = lanes.iter().skip(self.gains.len()).map(|lane| lane.gain);
        self.gains.extend(new.collect::<Vec<_>>());
        self.gains.truncate(lanes.len());
        self.lanes = lanes;
    }

    /// Length of the longest lane in frames.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Moves the playhead.
    pub fn seek(&mut self, position: usize) {
        self.position = position.min(self.frames);
        self.gains = self.lanes.iter().map(|lane| lane.gain).collect();
    }

    /// Sets the loop; an empty one is none.
    pub fn set_loop(&mut self, range: Option<Range<usize>>) {
        self.loop_range = range.filter(|range| range.start < range.end);
    }

    /// The playhead in frames.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The next frame, `None` at the end of the song.
    pub fn next_frame(&mut self) -> Option<StereoFrame> {
        if let Some(range) = &self.loop_range
            && self.position == range.end
        {
            self.position = range.start;
        }
        if self.position >= self.frames {
            return None;
        }
        let (mut left, mut right) = (0.0, 0.0);
        for (lane, gain) in self.lanes.iter().zip(&mut self.gains) {
            *gain += (lane.gain - *gain) * GLIDE;
            if (lane.gain - *gain).abs() < 1e-5 {
                *gain = lane.gain;
            }
            let inside = self
                .position
                .checked_sub(lane.offset)
                .filter(|frame| *frame < lane.clip.frames());
            let Some(frame) = inside.filter(|_| *gain != 0.0) else {
                continue;
            };
            let (l, r) = stereo(&lane.clip, frame);
            left += l * *gain;
            right += r * *gain;
        }
        let frame = StereoFrame {
            left,
            right,
            position: self.position as u64,
            generation: 0,
        };
        self.position += 1;
        Some(frame)
    }
}

/// A clip's frame as heard on two speakers. From the third channel on: the centre on both sides,
/// then left and right in turn, each 3 dB lower (the LFE is left out), after ITU-R BS.775.
fn stereo(clip: &Clip, frame: usize) -> (f32, f32) {
    let x = |channel: usize| clip.channel(channel)[frame];
    match clip.num_channels() {
        0 => (0.0, 0.0),
        1 => (x(0), x(0)),
        2 => (x(0), x(1)),
        channels => {
            const LOWER: f32 = std::f32::consts::FRAC_1_SQRT_2;
            let (mut left, mut right) = (x(0) + LOWER * x(2), x(1) + LOWER * x(2));
            // In the order of 5.1 files channel 3 is the LFE.
            let first = if channels >= 6 { 4 } else { 3 };
            for channel in first..channels {
                let side = if (channel - first) % 2 == 0 {
                    &mut left
                } else {
                    &mut right
                };
                *side += LOWER * x(channel);
            }
            (left, right)
        }
    }
}
