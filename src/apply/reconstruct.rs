//! A song's magnitudes to sound again, by a phase method; the whole way on one screen.
//!
//! ```text
//! Clip ─► rate, channels ─► STFT ─► picture ─► magnitudes ─► phase ─► inverse ─► Clip
//!              └───────────────── the original, for the figures ───────┘
//! ```
//!
//! Long songs go block by block in bounded memory. Blocks share columns: the phases that one block
//! found are held in the next, so that both have the same sound where they are joined.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::phase_join::Joint;
use crate::audio::{Clip, ClipWriter, Planar, Source as _, resample};
use crate::error::{Error, Result};
use crate::phase::{self, Block, Figures, FiguresSum, PhaseSpec, Waveforms, convergence_db};
use crate::progress::Reporter;
use crate::spectral::{Complex32, MagnitudePicture, PicturePlan, Stft, StftSpec};

/// Cells (columns × bins × channels) of a block unless chosen: about 1 GB of memory.
const BLOCK_CELLS: usize = 24_000_000;
/// Columns that blocks share, in lengths of the transform.
const SHARED_TRANSFORMS: usize = 8;
/// Columns per step of the figures.
const FIGURE_COLUMNS: usize = 256;

/// How to take a song apart and together again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconstructOptions {
    /// The STFT. Default: 2048/512, periodic Hann.
    pub stft: StftSpec,
    /// The rate to work at in hertz; none is the song's own.
    pub sample_rate_hz: Option<u32>,
    /// Mix the channels to one first.
    pub mono: bool,
    /// What is kept of the magnitudes.
    pub picture: MagnitudePicture,
    /// The phase method.
    pub phase: PhaseSpec,
    /// Columns worked on at once; none is as many as about 1 GB holds.
    pub block_columns: Option<usize>,
}

impl Default for ReconstructOptions {
    fn default() -> Self {
        Self {
            stft: StftSpec::new(2048, 512),
            sample_rate_hz: None,
            mono: false,
            picture: MagnitudePicture::default(),
            phase: PhaseSpec::default(),
            block_columns: None,
        }
    }
}

impl ReconstructOptions {
    /// Everything but the method's name, in one line: "2048/512 hann · seed 0".
    pub fn summary(&self) -> String {
        let StftSpec {
            n_fft,
            hop_length,
            window,
            ..
        } = &self.stft;
        let mut parts = vec![format!("{n_fft}/{hop_length} {}", window.name())];
        if let Some(mel) = &self.picture.mel {
            parts.push(format!("{} mel bands", mel.bands));
        }
        if let Some(bins) = self.picture.bins_kept {
            parts.push(format!("{bins} bins"));
        }
        if let Some(rate) = self.sample_rate_hz {
            parts.push(format!("{rate} Hz"));
        }
        if self.mono {
            parts.push("mono".into());
        }
        let phase = &self.phase;
        if phase.method.takes_start() {
            parts.push(format!("{} start", phase.start.name()));
        }
        if phase.momentum() > 0.0 {
            parts.push(format!("momentum {}", phase.momentum()));
        }
        parts.push(format!("seed {}", phase.seed));
        parts.join(" · ")
    }
}

/// How far an iterative method is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// The block, from 0.
    pub block: usize,
    /// Iterations done, from 0.
    pub iteration: usize,
    /// The block's spectral convergence in dB.
    pub db: f64,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Reconstructed {
    /// The sound, at the rate worked at; as long as the original.
    pub clip: Clip,
    /// The original that the figures compare with: the song at that rate, in those channels.
    pub original: Clip,
    /// How good it is.
    pub figures: Figures,
    /// Spectral convergence in dB after 0, 1, 2 … iterations, over all blocks.
    pub convergence_db: Vec<f64>,
    /// Seconds it took, reading and figures not counted.
    pub taken_secs: f64,
}

/// Takes `song` to magnitudes as `options` say and makes sound of them again. `earlier` is a
/// result whose phases stand for the input's, to go on from it; `watch` is told of every iteration.
///
/// # Errors
/// [`Error::Setting`] for wrong options, an empty song or an `earlier` of another shape;
/// [`Error::Cancelled`]; [`Error::Io`] if a long result cannot be kept on disk.
pub fn reconstruct(
    song: &Clip,
    options: &ReconstructOptions,
    earlier: Option<&Clip>,
    mut watch: impl FnMut(Convergence),
    reporter: &Reporter,
) -> Result<Reconstructed> {
    if let Some(remark) = options.phase.validate()? {
        reporter.warn(remark);
    }
    let stft = Stft::new(&options.stft)?;
    let original = prepared(song, options, reporter)?;
    let picture = options
        .picture
        .plan(&options.stft, original.sample_rate_hz())?;
    let earlier = match earlier {
        Some(earlier) => Some(prepared(earlier, options, reporter)?),
        None => None,
    };
    let earlier = earlier.as_ref();
    // A rate that was changed twice may be a sample off.
    let fits = |earlier: &Clip| {
        earlier.num_channels() == original.num_channels()
            && earlier.frames().abs_diff(original.frames()) <= 1
    };
    if let Some(earlier) = earlier.filter(|earlier| !fits(earlier)) {
        return Err(Error::setting(
            "continue",
            format!(
                "the earlier result has {} channels and {} samples, here are {} and {}; \
                 use the same rate, channels and region",
                earlier.num_channels(),
                earlier.frames(),
                original.num_channels(),
                original.frames()
            ),
        ));
    }
    let started = Instant::now();
    let work = Work {
        stft: &stft,
        picture: &picture,
        original: &original,
        earlier,
    };
    let (clip, sums) = work.run(options, &mut watch, reporter)?;
    let taken_secs = started.elapsed().as_secs_f64();
    let figures = work.figures(&clip, reporter)?;
    Ok(Reconstructed {
        clip,
        original,
        figures,
        convergence_db: sums
            .iter()
            .map(|(error, energy)| convergence_db(*error, *energy))
            .collect(),
        taken_secs,
    })
}

/// The song at the rate and with the channels to work on.
fn prepared(song: &Clip, options: &ReconstructOptions, reporter: &Reporter) -> Result<Clip> {
    if song.frames() == 0 || song.num_channels() == 0 {
        return Err(Error::setting("input", "has no audio in it"));
    }
    let song = if options.mono && song.num_channels() > 1 {
        mixed_to_mono(song)?
    } else {
        song.clone()
    };
    match options.sample_rate_hz {
        Some(rate) if rate != song.sample_rate_hz() => {
            reporter.step("Resampling", 0, 0)?;
            resample(&song, rate)
        }
        _ => Ok(song),
    }
}

/// The mean of all channels.
///
/// # Errors
/// [`Error::Io`] if a long result cannot be kept on disk.
pub fn mixed_to_mono(song: &Clip) -> Result<Clip> {
    let mut out = ClipWriter::new(song.sample_rate_hz(), 1, crate::paths::cache_dir());
    let gain = 1.0 / song.num_channels().max(1) as f32;
    let mut reader = song.reader(0..song.frames());
    while let Some(block) = reader.next_block()? {
        let mut mean = vec![0.0; block.first().map_or(0, Vec::len)];
        for channel in &block {
            mean.iter_mut()
                .zip(channel)
                .for_each(|(mean, x)| *mean += x * gain);
        }
        out.push(&[mean])?;
    }
    out.finish()
}

struct Work<'a> {
    stft: &'a Stft,
    picture: &'a PicturePlan,
    original: &'a Clip,
    earlier: Option<&'a Clip>,
}

impl Work<'_> {
    /// All blocks in turn; the sound, and per iteration Σ(|STFT(y)| − M)² and ΣM².
    fn run(
        &self,
        options: &ReconstructOptions,
        watch: &mut dyn FnMut(Convergence),
        reporter: &Reporter,
    ) -> Result<(Clip, Vec<(f64, f64)>)> {
        let StftSpec {
            n_fft, hop_length, ..
        } = *self.stft.spec();
        let (frames, channels) = (self.original.frames(), self.original.num_channels());
        let columns = self.stft.spec().columns(frames);
        let shared = SHARED_TRANSFORMS * n_fft.div_ceil(hop_length);
        let most = BLOCK_CELLS / (self.stft.spec().bins() * channels);
        let block_columns = options.block_columns.unwrap_or(most).max(3 * shared);
        let mut joint = Joint::new(self.original.sample_rate_hz(), channels, n_fft / 2);
        let mut sums: Vec<(f64, f64)> = Vec::new();
        let mut known: Vec<Vec<Complex32>> = Vec::new();
        let (mut first, mut number) = (0, 0);
        loop {
            let mut last = first + block_columns;
            if last + shared >= columns {
                last = columns;
            }
            let (originals, magnitudes) = self.target(first..last);
            let is_last = last == columns;
            let start = first * hop_length;
            let block = Block {
                frames: if is_last {
                    frames.saturating_sub(start)
                } else {
                    ((last - first - 1) * hop_length + n_fft)
                        .saturating_sub(2 * self.stft.spec().pad())
                },
                first_column: first,
                // Three quarters: the block before has nothing to tell about its very end.
                held: known.first().map_or(0, |_| shared * 3 / 4),
                known: std::mem::take(&mut known),
            };
            let input = match self.earlier {
                Some(earlier) => self.columns_of(earlier, first..last),
                None => originals,
            };
            let part = reporter.part(first as u64, (last - first) as u64, columns as u64);
            let spec = &options.phase;
            let done = phase::solve(
                self.stft,
                &magnitudes,
                spec,
                Some(&input),
                &block,
                &part,
                |iteration, error, energy| {
                    if sums.len() <= iteration {
                        sums.resize(iteration + 1, (0.0, 0.0));
                    }
                    sums[iteration].0 += error;
                    sums[iteration].1 += energy;
                    watch(Convergence {
                        block: number,
                        iteration,
                        db: convergence_db(error, energy),
                    });
                },
            )?;
            let samples: Planar = done
                .iter()
                .map(|columns| self.stft.inverse_channel(columns, block.frames))
                .collect();
            if is_last {
                joint.add(samples, start, frames)?;
                return Ok((joint.finish()?, sums));
            }
            let next = last - shared;
            joint.add(samples, start, (next + shared / 2) * hop_length)?;
            let bins = self.stft.spec().bins();
            known = done
                .iter()
                .map(|columns| columns[(next - first) * bins..].to_vec())
                .collect();
            (first, number) = (next, number + 1);
        }
    }

    /// Columns of the original and the magnitudes to be met, `[channels][columns × bins]`.
    fn target(&self, columns: std::ops::Range<usize>) -> (Vec<Vec<Complex32>>, Vec<Vec<f32>>) {
        let originals = self.columns_of(self.original, columns);
        let magnitudes = originals
            .iter()
            .map(|original| {
                let magnitudes: Vec<f32> = original
                    .iter()
                    .map(|x| (x.re * x.re + x.im * x.im).sqrt())
                    .collect();
                let picture = self.picture.forward(&magnitudes);
                self.picture.inverse(&picture, &magnitudes)
            })
            .collect();
        (originals, magnitudes)
    }

    fn columns_of(&self, clip: &Clip, columns: std::ops::Range<usize>) -> Vec<Vec<Complex32>> {
        let size = columns.len() * self.stft.spec().bins();
        (0..clip.num_channels())
            .map(|channel| {
                let mut out = vec![Complex32::default(); size];
                self.stft
                    .forward_columns(clip.channel(channel), columns.start, &mut out);
                out
            })
            .collect()
    }

    fn figures(&self, clip: &Clip, reporter: &Reporter) -> Result<Figures> {
        let columns = self.stft.spec().columns(clip.frames());
        let bins = self.stft.spec().bins();
        let full = self.stft.full_scale();
        let mut spectra = FiguresSum::default();
        for first in (0..columns).step_by(FIGURE_COLUMNS) {
            reporter.step("Measuring", first as u64, columns as u64)?;
            let range = first..columns.min(first + FIGURE_COLUMNS);
            let (originals, magnitudes) = self.target(range.clone());
            let results = self.columns_of(clip, range);
            for ((m, x), y) in magnitudes.iter().zip(&originals).zip(&results) {
                let cells = m.chunks(bins).zip(x.chunks(bins)).zip(y.chunks(bins));
                cells.for_each(|((m, x), y)| spectra.add(m, x, y, full));
            }
        }
        let mut samples = Waveforms::default();
        for channel in 0..clip.num_channels() {
            samples.add(self.original.channel(channel), clip.channel(channel));
        }
        Ok(Figures::new(&spectra, &samples))
    }
}
