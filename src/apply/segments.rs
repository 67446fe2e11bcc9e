//! Cutting a song into pieces that fit a separator, and joining what comes back.
//!
//! [`Segmenter`] cuts a stream, [`OverlapAdd`] joins the estimates with weights that are divided
//! by their sum, so a separator that answers its input gives the input back whatever the
//! overlap. Neither needs to know the length of the song beforehand, and both hold a few segments
//! at most.
//!
//! ```text
//! song     |----------------------------------------------|
//! segments |==============|
//!                    |==============|          the last one is moved back where the
//!                               |==============|   separator takes whole segments only
//! weights  ‾‾‾‾‾‾‾‾‾‾‾‾\/‾‾‾‾‾‾‾‾\/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
//! ```

use rayon::prelude::*;

use crate::audio::Planar;

/// The shape of a segment's weight where it meets its neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fade {
    /// Rises in a straight line over the shared frames.
    #[default]
    Linear,
    /// Rises from the segment's end to its middle (Demucs).
    Triangle,
    /// A Hann window over the whole segment (UVR's MDX-Net runner).
    Hann,
}

/// How a separator wants the song cut. Lengths in frames at the separator's rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSpec {
    /// Frames given at once, 1 or more.
    pub segment_frames: usize,
    /// Frames from one segment's start to the next, 1–`segment_frames`.
    pub step_frames: usize,
    /// Frames at each end of a segment that count for nothing because they lack context.
    /// At the ends of the song they do count, unless `pad_border`.
    pub border_frames: usize,
    /// Whether the song is padded with `border_frames` of zeros so that no border ever counts.
    pub pad_border: bool,
    /// The weights beside the border.
    pub fade: Fade,
    /// Whether every segment must have exactly `segment_frames` (zeros fill up a short song).
    pub fixed: bool,
    /// Whether the last segment keeps its place on the grid and is short, rather than being moved
    /// back to be whole.
    pub keep_grid: bool,
    /// Segments that go to the separator together, 1 or more.
    pub batch: usize,
}

impl SegmentSpec {
    /// Whole segments of `segment_frames` that share `overlap` (0–0.95) of their length.
    pub fn overlapping(segment_frames: usize, overlap: f64) -> Self {
        let step = (segment_frames as f64 * (1.0 - overlap)).round() as usize;
        Self {
            segment_frames,
            step_frames: step.clamp(1, segment_frames),
            border_frames: 0,
            pad_border: false,
            fade: Fade::Linear,
            fixed: false,
            keep_grid: false,
            batch: 1,
        }
    }

    /// Segments of a method that looks at most `border_frames` around a sample, cut so that cutting
    /// changes nothing: every segment carries a border that counts only at the song's ends.
    pub fn bordered(step_frames: usize, border_frames: usize) -> Self {
        Self {
            segment_frames: step_frames + 2 * border_frames,
            step_frames,
            border_frames,
            keep_grid: true,
            ..Self::overlapping(1, 0.0)
        }
    }

    /// The weight of frame `i` of a segment of `len` frames; `first` and `last` say whether the
    /// song starts or ends here, where nothing fades.
    fn weight(&self, i: usize, len: usize, first: bool, last: bool) -> f32 {
        let border = self.border_frames;
        let left_open = first && !self.pad_border;
        let right_open = last && !self.pad_border;
        let from_left = if left_open {
            None
        } else {
            Some(i as isize - border as isize)
        };
        let from_right = if right_open {
            None
        } else {
            Some(len as isize - 1 - i as isize - border as isize)
        };
        let inner = self.segment_frames.saturating_sub(2 * border).max(1);
        let rise = match self.fade {
            Fade::Linear => inner.saturating_sub(self.step_frames),
            Fade::Triangle | Fade::Hann => inner.div_ceil(2),
        };
        let side = |distance: Option<isize>| -> f32 {
            let Some(distance) = distance else { return 1.0 };
            let Ok(distance) = usize::try_from(distance) else {
                return 0.0;
            };
            if distance >= rise {
                return 1.0;
            }
            let x = (distance as f32 + 0.5) / rise as f32;
            match self.fade {
                Fade::Linear | Fade::Triangle => x,
                // The same as (1 − cos πx)/2, without losing small values to rounding.
                Fade::Hann => (std::f32::consts::FRAC_PI_2 * x).sin().powi(2),
            }
        };
        side(from_left).min(side(from_right))
    }
}

/// A piece of the song, `[channels][frames]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Where it starts in the (padded) stream.
    pub start: usize,
    /// Frames that are song; the rest of `samples` is fill.
    pub valid_frames: usize,
    /// The samples.
    pub samples: Planar,
    /// Whether the stream starts here.
    pub first: bool,
    /// Whether the stream ends here.
    pub last: bool,
}

/// Cuts a stream of blocks into segments.
#[derive(Debug)]
pub struct Segmenter {
    spec: SegmentSpec,
    buffer: Planar,
    /// Stream frame of the buffer's first sample.
    buffer_start: usize,
    next_start: usize,
    ended: bool,
    done: bool,
}

impl Segmenter {
    /// A cutter for a stream of `channels` channels.
    pub fn new(spec: SegmentSpec, channels: usize) -> Self {
        let head = if spec.pad_border {
            spec.border_frames
        } else {
            0
        };
        Self {
            spec,
            buffer: vec![vec![0.0; head]; channels],
            buffer_start: 0,
            next_start: 0,
            ended: false,
            done: false,
        }
    }

    /// Adds a block, `[channels][frames]`.
    pub fn push(&mut self, block: &[Vec<f32>]) {
        for (buffer, block) in self.buffer.iter_mut().zip(block) {
            buffer.extend_from_slice(block);
        }
    }

    /// Says that the stream is over.
    pub fn end(&mut self) {
        if self.spec.pad_border && !self.ended {
            for buffer in &mut self.buffer {
                buffer.resize(buffer.len() + self.spec.border_frames, 0.0);
            }
        }
        self.ended = true;
    }

    /// The next segment, once enough of the stream has come.
    pub fn next_segment(&mut self) -> Option<Segment> {
        if self.done {
            return None;
        }
        let segment_frames = self.spec.segment_frames;
        let total = self.buffer_start + self.buffer.first().map_or(0, Vec::len);
        // One frame more than the segment shows that it is not the last.
        let whole = total > self.next_start + segment_frames;
        if !whole && !self.ended {
            return None;
        }
        let last = !whole;
        let mut start = self.next_start;
        if last {
            self.done = true;
            if total == 0 {
                return None;
            }
            if !self.spec.keep_grid {
                start = total.saturating_sub(segment_frames).max(self.buffer_start);
            }
        }
        let valid_frames = (total - start).min(segment_frames);
        let offset = start - self.buffer_start;
        let samples = self
            .buffer
            .iter()
            .map(|channel| {
                let mut samples = channel[offset..offset + valid_frames].to_vec();
                if self.spec.fixed {
                    samples.resize(segment_frames, 0.0);
                }
                samples
            })
            .collect();
        self.next_start = start + self.spec.step_frames;
        // The last segment may start anywhere after this one.
        let keep_from = if self.spec.keep_grid {
            self.next_start
        } else {
            start
        };
        let drop = (keep_from - self.buffer_start).min(total - self.buffer_start);
        for channel in &mut self.buffer {
            channel.drain(..drop);
        }
        self.buffer_start += drop;
        Some(Segment {
            start,
            valid_frames,
            samples,
            first: start == 0,
            last,
        })
    }
}

/// Joins estimates, `[stems][channels][frames]`, into one stream per stem.
#[derive(Debug)]
pub struct OverlapAdd {
    spec: SegmentSpec,
    /// Weighted sums not yet given out, `[stems][channels][frames]`.
    sums: Vec<Planar>,
    weights: Vec<f32>,
    /// Stream frame of the first sum.
    start: usize,
    /// Frames of padding still to be dropped at the front.
    skip: usize,
    /// The weights of the last segment, and the length and ends that they are for: all but the first
    /// and last segment have the same.
    fade: Vec<f32>,
    fade_of: Option<(usize, bool, bool)>,
}

impl OverlapAdd {
    /// A joiner for `stems` stems of `channels` channels.
    pub fn new(spec: SegmentSpec, stems: usize, channels: usize) -> Self {
        let skip = if spec.pad_border {
            spec.border_frames
        } else {
            0
        };
        Self {
            spec,
            sums: vec![vec![Vec::new(); channels]; stems],
            weights: Vec::new(),
            start: 0,
            skip,
            fade: Vec::new(),
            fade_of: None,
        }
    }

    /// Adds the estimate of `segment` and appends to `out` every frame that no later segment can
    /// reach; all of them after the last.
    pub fn add(&mut self, segment: &Segment, estimate: &[Planar], out: &mut [Planar]) {
        let len = segment.samples.first().map_or(0, Vec::len);
        let valid = segment.valid_frames;
        let offset = segment.start - self.start;
        let end = offset + valid;
        if self.weights.len() < end {
            self.weights.resize(end, 0.0);
            for channel in self.sums.iter_mut().flatten() {
                channel.resize(end, 0.0);
            }
        }
        // A filled-up segment ends where the song does.
        let len = if segment.last && !self.spec.pad_border {
            valid
        } else {
            len
        };
        let shape = (len, segment.first, segment.last);
        if self.fade_of != Some(shape) {
            let weight = |i| self.spec.weight(i, len, segment.first, segment.last);
            self.fade = (0..valid).map(weight).collect();
            self.fade_of = Some(shape);
        }
        let fade = &self.fade[..valid];
        for (sum, weight) in self.weights[offset..].iter_mut().zip(fade) {
            *sum += weight;
        }
        let stems = self.sums.par_iter_mut().zip(estimate);
        stems.for_each(|(sums, estimate)| {
            for (sum, estimate) in sums.iter_mut().zip(estimate) {
                for ((sum, x), weight) in sum[offset..].iter_mut().zip(estimate).zip(fade) {
                    *sum += weight * x;
                }
            }
        });
        let ready = if segment.last {
            self.weights.len()
        } else {
            offset
        };
        self.emit(ready, segment.last, out);
    }

    fn emit(&mut self, ready: usize, last: bool, out: &mut [Planar]) {
        let skip = self.skip.min(ready);
        self.skip -= skip;
        // The padding after the end has no song under it.
        let tail = if last && self.spec.pad_border {
            self.spec.border_frames
        } else {
            0
        };
        let keep = ready.saturating_sub(tail).max(skip);
        let weights = &self.weights[skip..keep];
        let stems = self.sums.par_iter_mut().zip(out);
        stems.for_each(|(sums, out)| {
            for (sum, out) in sums.iter_mut().zip(out) {
                let whole = |(sum, weight): (&f32, &f32)| {
                    if *weight > 0.0 { sum / weight } else { 0.0 }
                };
                out.extend(sum[skip..keep].iter().zip(weights).map(whole));
                sum.drain(..ready);
            }
        });
        self.weights.drain(..ready);
        self.start += ready;
    }
}
