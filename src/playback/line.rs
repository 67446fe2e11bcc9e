//! The way from the mixer to an open device: resampling, and the song's positions alongside.

use std::collections::VecDeque;
use std::sync::Arc;

use super::device::{self, OpenDevice};
use super::mixer::Mixer;
use super::outlet::{PlaybackState, StereoFrame, outlet};
use crate::audio::{Planar, Resampler};

/// Sound kept ready in the ring: long enough for a busy machine, short enough for a quick mute.
const RING_MILLIS: usize = 80;
const BLOCK_FRAMES: usize = 512;

/// An open device with the way to it.
pub(super) struct Output {
    pub(super) device: OpenDevice,
    pub(super) ring: rtrb::Producer<StereoFrame>,
    resampler: Resampler,
    pub(super) rate_hz: u32,
    /// Frames ready for the ring.
    pub(super) ready: VecDeque<StereoFrame>,
    /// Where each resampled frame came from: the song's positions of the frames that went in.
    positions: VecDeque<u64>,
    in_count: u64,
    out_count: u64,
    pub(super) finished: bool,
}

impl Output {
    pub(super) fn open(
        name: Option<&str>,
        rate_hz: u32,
        short_buffer: bool,
        state: &Arc<PlaybackState>,
    ) -> crate::Result<(Self, String)> {
        let attempt = |short_buffer: bool| {
            let chosen = device::choose(name, rate_hz, short_buffer)?;
            let out_hz = chosen.sample_rate_hz;
            let frames = (out_hz as usize * RING_MILLIS / 1000).max(BLOCK_FRAMES);
            let (ring, outlet) = outlet(frames, Arc::clone(state), out_hz);
            let device = device::open(&chosen, outlet)?;
            crate::Result::Ok((chosen.name, out_hz, ring, device))
        };
        let (chosen_name, out_hz, ring, device) =
            attempt(short_buffer).or_else(|_| attempt(false))?;
        let output = Self {
            device,
            ring,
            resampler: Resampler::new(rate_hz, out_hz, 2)?,
            rate_hz: out_hz,
            ready: VecDeque::new(),
            positions: VecDeque::new(),
            in_count: 0,
            out_count: 0,
            finished: false,
        };
        Ok((output, chosen_name))
    }

    pub(super) fn clear(&mut self, song_hz: u32) {
        self.ready.clear();
        self.positions.clear();
        self.in_count = 0;
        self.out_count = 0;
        self.finished = false;
        if let Ok(resampler) = Resampler::new(song_hz, self.rate_hz, 2) {
            self.resampler = resampler;
        }
    }

    /// Mixes a block and makes it ready at the device's rate.
    pub(super) fn fill(&mut self, mixer: &mut Mixer) {
        let mut block: Planar = (0..2).map(|_| Vec::with_capacity(BLOCK_FRAMES)).collect();
        for _ in 0..BLOCK_FRAMES {
            let Some(frame) = mixer.next_frame() else {
                self.finished = true;
                break;
            };
            block[0].push(frame.left);
            block[1].push(frame.right);
            self.positions.push_back(frame.position);
        }
        let in_frames = block[0].len() as u64;
        let mut out: Planar = vec![Vec::new(); 2];
        // Two channels go in, as planned, so neither call can fail.
        self.resampler.push(&block, &mut out).ok();
        if self.finished {
            self.resampler.finish(&mut out).ok();
        }
        self.in_count += in_frames;
        let per_frame = self.ratio();
        for (left, right) in out[0].iter().zip(&out[1]) {
            let source = (self.out_count as f64 * per_frame) as u64;
            let first = self.in_count - self.positions.len() as u64;
            let index = source
                .saturating_sub(first)
                .min(self.positions.len().saturating_sub(1) as u64);
            let position = self.positions.get(index as usize).copied().unwrap_or(0);
            self.ready.push_back(StereoFrame {
                left: *left,
                right: *right,
                position,
                generation: 0,
            });
            self.out_count += 1;
        }
        // Positions that no frame to come can need.
        let needed = (self.out_count as f64 * self.ratio()) as u64;
        while self.in_count - (self.positions.len() as u64) < needed && self.positions.len() > 1 {
            self.positions.pop_front();
        }
    }

    /// Song frames per device frame.
    fn ratio(&self) -> f64 {
        f64::from(self.resampler.in_hz()) / f64::from(self.rate_hz)
    }
}
