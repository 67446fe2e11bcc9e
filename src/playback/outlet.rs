//! The end of the ring inside the audio callback, and what it tells the window.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Milliseconds that a jump in the signal is smoothed over.
const DECLICK_MILLIS: f32 = 6.0;

/// One frame on its way to the ears.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StereoFrame {
    /// Left sample.
    pub left: f32,
    /// Right sample.
    pub right: f32,
    /// Its place in the song, in the song's frames.
    pub position: u64,
    /// Frames of an older generation (before a seek) are skipped.
    pub generation: u32,
}

/// Crosses the seam to the audio thread. The callback writes position, peaks and underruns; the
/// feeder and the window write the rest; all read.
#[derive(Debug, Default)]
pub struct PlaybackState {
    /// Whether sound is wanted. Written by the feeder; by the callback at the end of the song.
    pub playing: AtomicBool,
    /// The frame heard last, in the song's frames.
    pub position: AtomicU64,
    /// The generation that may be heard.
    pub generation: AtomicU32,
    /// Set by the feeder once the last frame is in the ring.
    pub ended: AtomicBool,
    /// Times that the ring ran dry.
    pub underruns: AtomicU32,
    /// Bits of the largest left sample since it was last read.
    pub peak_left: AtomicU32,
    /// Bits of the largest right sample since it was last read.
    pub peak_right: AtomicU32,
}

impl PlaybackState {
    /// The largest samples since the last call, left and right.
    pub fn take_peaks(&self) -> (f32, f32) {
        let take = |bits: &AtomicU32| f32::from_bits(bits.swap(0, Ordering::Relaxed));
        (take(&self.peak_left), take(&self.peak_right))
    }
}

/// What the audio callback owns.
pub struct Outlet {
    ring: rtrb::Consumer<StereoFrame>,
    state: Arc<PlaybackState>,
    /// What was given last, left and right.
    last: (f32, f32),
    /// What is added to smooth a jump, fading.
    offset: (f32, f32),
    fade: f32,
    /// Whether the last frame came from the ring, and its generation.
    source: Option<u32>,
}

/// A ring for `frames` frames and its end for the callback.
pub fn outlet(
    frames: usize,
    state: Arc<PlaybackState>,
    rate_hz: u32,
) -> (rtrb::Producer<StereoFrame>, Outlet) {
    let (feed, ring) = rtrb::RingBuffer::new(frames);
    let fade_frames = (rate_hz as f32 * DECLICK_MILLIS / 1000.0).max(1.0);
    let outlet = Outlet {
        ring,
        state,
        last: (0.0, 0.0),
        offset: (0.0, 0.0),
        // Falls to −60 dB within the time.
        fade: 0.001_f32.powf(1.0 / fade_frames),
        source: None,
    };
    (feed, outlet)
}

impl Outlet {
    /// The next frame. Whatever jumps (a seek, a pause, an empty ring) is smoothed: the step is
    /// added back and fades away.
    fn next(&mut self) -> (f32, f32) {
        let generation = self.state.generation.load(Ordering::Acquire);
        let frame = if self.state.playing.load(Ordering::Acquire) {
            self.pop(generation)
        } else {
            None
        };
        let (x, source) = match frame {
            Some(frame) => {
                self.state.position.store(frame.position, Ordering::Relaxed);
                ((frame.left, frame.right), Some(frame.generation))
            }
            None => ((0.0, 0.0), None),
        };
        if source != self.source {
            self.offset = (self.last.0 - x.0, self.last.1 - x.1);
            self.source = source;
        }
        let out = (x.0 + self.offset.0, x.1 + self.offset.1);
        self.offset = (self.offset.0 * self.fade, self.offset.1 * self.fade);
        self.last = out;
        out
    }

    fn pop(&mut self, generation: u32) -> Option<StereoFrame> {
        while let Ok(frame) = self.ring.pop() {
            if frame.generation == generation {
                return Some(frame);
            }
        }
        if self.state.ended.load(Ordering::Acquire) {
            self.state.playing.store(false, Ordering::Release);
        } else if self.source.is_some() {
            self.state.underruns.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Fills an interleaved buffer. Mono gets the mean, more than two channels get silence beyond.
    pub fn fill(&mut self, out: &mut [f32], channels: usize) {
        let (mut left, mut right) = (0.0_f32, 0.0_f32);
        for frame in out.chunks_mut(channels.max(1)) {
            let (l, r) = self.next();
            left = left.max(l.abs());
            right = right.max(r.abs());
            match frame {
                [mono] => *mono = 0.5 * (l + r),
                [first, second, rest @ ..] => {
                    *first = l;
                    *second = r;
                    rest.fill(0.0);
                }
                [] => {}
            }
        }
        // Bits of floats of one sign compare as the floats do.
        self.state
            .peak_left
            .fetch_max(left.to_bits(), Ordering::Relaxed);
        self.state
            .peak_right
            .fetch_max(right.to_bits(), Ordering::Relaxed);
    }
}
