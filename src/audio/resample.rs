//! Another sample rate: band-limited, without delay, exactly round(frames × out / in) long.
//!
//! The only user of rubato. Its FFT resampler works in blocks; the delay of half a block is cut
//! here, and the end is cut or filled to the exact length. Stop band below −100 dB (Blackman–Harris
//! squared); the pass band ends at 0.95 to 0.99 of the lower Nyquist frequency, earlier where the
//! rate falls many times over.

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use super::{Clip, ClipWriter, Planar, Source as _};
use crate::error::{Error, Result};
use crate::progress::Reporter;

const CHUNK_FRAMES: usize = 2048;

/// A block of at least [`CHUNK_FRAMES`] whose transforms have even lengths on both sides: the delay is
/// half a transform, and half of an odd length would leave everything half a sample off.
fn chunk_frames(in_hz: u32, out_hz: u32) -> usize {
    let (mut a, mut b) = (in_hz, out_hz);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let unit = 2 * (in_hz / a.max(1)).max(1) as usize;
    unit * CHUNK_FRAMES.div_ceil(unit)
}

/// The number of frames after resampling: frames × out / in, rounded half up.
pub fn resampled_frames(frames: u64, in_hz: u32, out_hz: u32) -> u64 {
    let (frames, in_hz, out_hz) = (u128::from(frames), u128::from(in_hz), u128::from(out_hz));
    ((2 * frames * out_hz + in_hz) / (2 * in_hz)) as u64
}

/// Resamples a stream of blocks.
pub struct Resampler {
    /// `None` where both rates are equal: every sample passes unchanged.
    inner: Option<Fft<f32>>,
    in_hz: u32,
    out_hz: u32,
    pending: Planar,
    scratch: Planar,
    in_frames: u64,
    out_frames: u64,
    /// Frames of the resampler's own delay still to drop.
    delay: usize,
}

impl Resampler {
    /// A resampler from `in_hz` to `out_hz` for `channels` channels.
    ///
    /// # Errors
    /// [`Error::Setting`] if a rate is 0 or beyond what can be planned.
    pub fn new(in_hz: u32, out_hz: u32, channels: usize) -> Result<Self> {
        let inner = if in_hz == out_hz || channels == 0 {
            None
        } else {
            let plan = Fft::<f32>::new_custom(
                in_hz as usize,
                out_hz as usize,
                chunk_frames(in_hz, out_hz),
                1,
                channels,
                WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            );
            Some(plan.map_err(|error| {
                Error::setting(
                    "sample rate",
                    format!("cannot convert {in_hz} Hz to {out_hz} Hz ({error})"),
                )
            })?)
        };
        let scratch_frames = inner.as_ref().map_or(0, |fft| fft.output_frames_max());
        Ok(Self {
            delay: inner.as_ref().map_or(0, |fft| fft.output_delay()),
            inner,
            in_hz,
            out_hz,
            pending: vec![Vec::new(); channels],
            scratch: vec![vec![0.0; scratch_frames]; channels],
            in_frames: 0,
            out_frames: 0,
        })
    }

    /// The rate that goes in.
    pub fn in_hz(&self) -> u32 {
        self.in_hz
    }

    /// Takes a block and appends what is ready to `out` (`[channels][frames]`).
    ///
    /// # Errors
    /// [`Error::Setting`] if the number of channels changes.
    pub fn push(&mut self, block: &[Vec<f32>], out: &mut [Vec<f32>]) -> Result<()> {
        self.in_frames += block.first().map_or(0, Vec::len) as u64;
        let Some(fft) = &self.inner else {
            for (out, block) in out.iter_mut().zip(block) {
                out.extend_from_slice(block);
            }
            return Ok(());
        };
        let need = fft.input_frames_next();
        for (pending, block) in self.pending.iter_mut().zip(block) {
            pending.extend_from_slice(block);
        }
        let mut offset = 0;
        while self.pending.first().map_or(0, Vec::len) >= offset + need {
            self.run(&Indexing::new().input_offset(offset), None, out)?;
            offset += need;
        }
        for pending in &mut self.pending {
            pending.drain(..offset);
        }
        Ok(())
    }

    /// Appends the rest, so that [`resampled_frames`] have come out in all.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(&mut self, out: &mut [Vec<f32>]) -> Result<()> {
        if self.inner.is_none() {
            return Ok(());
        }
        let total = resampled_frames(self.in_frames, self.in_hz, self.out_hz);
        let rest = self.pending.first().map_or(0, Vec::len);
        if rest > 0 {
            self.run(&Indexing::new().partial_len(rest), Some(total), out)?;
            self.pending.iter_mut().for_each(Vec::clear);
        }
        while self.out_frames < total {
            self.run(&Indexing::new().partial_len(0), Some(total), out)?;
        }
        Ok(())
    }

    fn run(&mut self, indexing: &Indexing, total: Option<u64>, out: &mut [Vec<f32>]) -> Result<()> {
        let Some(fft) = &mut self.inner else {
            return Ok(());
        };
        let channels = self.pending.len();
        let in_frames = self.pending.first().map_or(0, Vec::len);
        let out_frames = self.scratch.first().map_or(0, Vec::len);
        let failed = |error: &dyn std::fmt::Display| {
            Error::setting("sample rate", format!("resampling failed: {error}"))
        };
        let produced = {
            let input = SequentialSliceOfVecs::new(&self.pending, channels, in_frames)
                .map_err(|e| failed(&e))?;
            let mut output =
                SequentialSliceOfVecs::new_mut(&mut self.scratch, channels, out_frames)
                    .map_err(|e| failed(&e))?;
            fft.process_into_buffer(&input, &mut output, Some(indexing))
                .map_err(|e| failed(&e))?
                .1
        };
        let skip = self.delay.min(produced);
        self.delay -= skip;
        let left = total.map_or(usize::MAX, |total| (total - self.out_frames) as usize);
        let keep = (produced - skip).min(left);
        for (out, scratch) in out.iter_mut().zip(&self.scratch) {
            out.extend_from_slice(&scratch[skip..skip + keep]);
        }
        self.out_frames += keep as u64;
        Ok(())
    }
}

/// A whole clip at another rate, block by block; a long result is kept on disk. At its own rate it is
/// the same clip.
///
/// # Errors
/// As [`Resampler::new`]; [`Error::Cancelled`]; [`Error::Io`] if a long result cannot be kept on disk.
pub fn resample(clip: &Clip, out_hz: u32, reporter: &Reporter) -> Result<Clip> {
    if clip.sample_rate_hz() == out_hz {
        return Ok(clip.clone());
    }
    let channels = clip.num_channels();
    let mut resampler = Resampler::new(clip.sample_rate_hz(), out_hz, channels)?;
    let mut out = ClipWriter::new(out_hz, channels, crate::paths::cache_dir());
    let mut reader = clip.reader(0..clip.frames());
    let mut done = 0;
    reporter.check()?;
    loop {
        let mut ready: Planar = vec![Vec::new(); channels];
        let Some(block) = reader.next_block()? else {
            resampler.finish(&mut ready)?;
            out.push(&ready)?;
            return out.finish();
        };
        resampler.push(&block, &mut ready)?;
        out.push(&ready)?;
        done += block.first().map_or(0, Vec::len) as u64;
        reporter.step("Resampling", done, clip.frames() as u64)?;
    }
}
