//! Phases of a long signal, block by block in bounded memory.
//!
//! ```text
//! columns ─► magnitudes ─► phase ─► inverse ─► joint ─► Clip
//!                            └ the columns that two blocks share
//! ```
//!
//! Blocks share columns: the phases that one block found are held in the next, so that both have
//! the same sound where they are joined.

use std::ops::Range;

use super::phase_join::Joint;
use crate::audio::{Clip, Planar};
use crate::error::{Error, Result};
use crate::phase::{self, Block, PhaseSpec, convergence_db};
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft};

/// Cells (columns × bins × channels) of a block unless chosen: about 1 GB of memory.
const BLOCK_CELLS: usize = 24_000_000;
/// A block of more cells than this is refused.
const MOST_CELLS: usize = 4 * BLOCK_CELLS;
/// Columns that blocks share, in lengths of the transform.
const SHARED_TRANSFORMS: usize = 8;
/// The fewest of them: on both sides of the fade, which is half a transform long, no window may
/// reach beyond its block.
const LEAST_SHARED_TRANSFORMS: usize = 3;
/// Columns of a block at least, in lengths of what it shares.
const LEAST_BLOCK: usize = 3;
/// Columns between two looks at the cancel token: mel bands take long to invert.
const PIECE_COLUMNS: usize = 256;

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

/// What a stretch of columns is to become.
#[derive(Default)]
pub(super) struct Target {
    /// `[channels][columns × bins]`.
    pub magnitudes: Vec<Vec<f32>>,
    /// Columns whose phases count as the input's, equally many; `None` if there is no input.
    pub input: Option<Vec<Vec<Complex32>>>,
}

/// A signal whose phases are wanted.
pub(super) struct PhaseBlocks<'a> {
    /// The transform.
    pub stft: &'a Stft,
    /// The method.
    pub phase: &'a PhaseSpec,
    /// Samples per second and channel.
    pub sample_rate_hz: u32,
    /// Samples per channel, 1 or more.
    pub frames: usize,
    /// Channels, 1 or more.
    pub channels: usize,
    /// Columns worked on at once; `None` is as many as about 1 GB holds.
    pub block_columns: Option<usize>,
}

/// A signal that was found.
pub(super) struct Found {
    /// The sound.
    pub clip: Clip,
    /// Per iteration Σ(|STFT(y)| − M)² and ΣM², over all blocks.
    pub sums: Vec<(f64, f64)>,
    /// The magnitudes of all columns, if one block held them.
    pub magnitudes: Option<Vec<Vec<f32>>>,
}

/// How a signal is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    /// Columns of a block.
    block: usize,
    /// Columns that a block shares with the next.
    shared: usize,
}

impl PhaseBlocks<'_> {
    /// All blocks in turn. `target` tells what a stretch of columns is to become; it gets short
    /// stretches in order, and some columns twice. `watch` is told of every iteration.
    ///
    /// # Errors
    /// As [`phase::solve`]; [`Error::Setting`] if a block cannot be made small enough;
    /// [`Error::Cancelled`]; whatever `target` meets; [`Error::Io`] if a long result cannot be kept on disk.
    pub fn run(
        &self,
        target: &mut dyn FnMut(Range<usize>) -> Result<Target>,
        watch: &mut dyn FnMut(Convergence),
        reporter: &Reporter,
    ) -> Result<Found> {
        let spec = self.stft.spec();
        let (hop_length, bins) = (spec.hop_length, spec.bins());
        let columns = spec.columns(self.frames);
        let Cut { block, shared } = self.cut(columns)?;
        let mut joint = Joint::new(self.sample_rate_hz, self.channels, spec.n_fft / 2);
        let mut sums: Vec<(f64, f64)> = Vec::new();
        let mut known: Vec<Vec<Complex32>> = Vec::new();
        let (mut first, mut number) = (0, 0);
        loop {
            let mut last = first + block;
            if last + shared >= columns {
                last = columns;
            }
            let wanted = self.whole(first..last, target, reporter)?;
            let is_last = last == columns;
            let start = first * hop_length;
            let place = Block {
                frames: if is_last {
                    self.frames.saturating_sub(start)
                } else {
                    ((last - first - 1) * hop_length + spec.n_fft).saturating_sub(2 * spec.pad())
                },
                first_column: first,
                // Three quarters: the block before has nothing to tell about its very end.
                held: known.first().map_or(0, |_| shared * 3 / 4),
                known: std::mem::take(&mut known),
            };
            let part = reporter.part(first as u64, (last - first) as u64, columns as u64);
            let done = phase::solve(
                self.stft,
                &wanted.magnitudes,
                self.phase,
                wanted.input.as_deref(),
                &place,
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
                .map(|columns| self.stft.inverse_channel(columns, place.frames))
                .collect();
            if is_last {
                joint.add(samples, start, self.frames)?;
                return Ok(Found {
                    clip: joint.finish()?,
                    sums,
                    magnitudes: (first == 0).then_some(wanted.magnitudes),
                });
            }
            let next = last - shared;
            joint.add(samples, start, (next + shared / 2) * hop_length)?;
            known = done
                .iter()
                .map(|columns| columns[(next - first) * bins..].to_vec())
                .collect();
            (first, number) = (next, number + 1);
        }
    }

    /// Blocks that memory holds. A long transform with a short hop shares less.
    fn cut(&self, columns: usize) -> Result<Cut> {
        let spec = self.stft.spec();
        let overlap = spec.n_fft.div_ceil(spec.hop_length);
        let column_cells = spec.bins().saturating_mul(self.channels).max(1);
        let most = BLOCK_CELLS / column_cells;
        let shared = (SHARED_TRANSFORMS * overlap)
            .min((most / LEAST_BLOCK).max(LEAST_SHARED_TRANSFORMS * overlap));
        let least = LEAST_BLOCK * shared;
        // The last block may be longer by what it would share.
        let cells = (least + shared).min(columns).saturating_mul(column_cells);
        if cells > MOST_CELLS {
            return Err(Error::setting(
                "hop_length",
                format!(
                    "{} is too short for an n_fft of {}: {} million values would be worked on at once, and {} million are the most; choose a longer hop or a shorter n_fft",
                    spec.hop_length,
                    spec.n_fft,
                    cells / 1_000_000,
                    MOST_CELLS / 1_000_000
                ),
            ));
        }
        Ok(Cut {
            block: self.block_columns.unwrap_or(most).max(least),
            shared,
        })
    }

    /// The target of a block, piece by piece.
    fn whole(
        &self,
        columns: Range<usize>,
        target: &mut dyn FnMut(Range<usize>) -> Result<Target>,
        reporter: &Reporter,
    ) -> Result<Target> {
        let size = columns.len() * self.stft.spec().bins();
        let mut all = Target::default();
        for range in pieces(columns) {
            reporter.check()?;
            let piece = target(range)?;
            append(&mut all.magnitudes, piece.magnitudes, size);
            if let Some(input) = piece.input {
                append(all.input.get_or_insert_default(), input, size);
            }
        }
        Ok(all)
    }
}

/// Stretches of columns, short enough that each is quickly worked on.
pub(super) fn pieces(columns: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = columns.end;
    columns
        .step_by(PIECE_COLUMNS)
        .map(move |first| first..end.min(first + PIECE_COLUMNS))
}

/// Adds each channel's values; room for `size` of them is made once.
fn append<T>(all: &mut Vec<Vec<T>>, piece: Vec<Vec<T>>, size: usize) {
    all.resize_with(piece.len(), || Vec::with_capacity(size));
    for (all, piece) in all.iter_mut().zip(piece) {
        all.extend(piece);
    }
}
