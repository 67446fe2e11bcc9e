//! The scores of windows, once the filters are known.
//!
//! A window stands alone: what the filters need from before it is zero, and what they carry beyond
//! its end counts (`filter_length` − 1 frames). It is filtered in blocks by overlap-save, so that
//! memory does not grow with it; all blocks of all windows are worked on in parallel.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::bss_filters::Filters;
use super::bss_spec::BssKind;
use super::signals::{Signals, read};
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex64, RealFft, fast_length};

/// Frames filtered at once, more where filters are long.
const BLOCK_FRAMES: usize = 1 << 14;

/// Where the windows lie in a signal of `frames` frames: every `hop` frames, all complete; one of
/// everything if the signal is no longer than a window.
pub(super) fn windows(frames: usize, win: usize, hop: usize) -> Vec<Range<usize>> {
    if win >= frames {
        return std::iter::once(0..frames).collect();
    }
    (0..=(frames - win) / hop)
        .map(|t| t * hop..t * hop + win)
        .collect()
}

/// Σ over frames and channels of squares, for the reference s, the estimate e, and the parts of e
/// that filters can make of its own reference (P) and of all references (Q).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Energies {
    truth: f64,
    own: f64,
    all: f64,
    /// e − s
    distortion: f64,
    /// P − s
    spatial: f64,
    /// Q − P
    interference: f64,
    /// e − Q
    artefacts: f64,
    /// e − P
    unfiltered: f64,
}

impl Energies {
    fn add_frame(&mut self, s: f64, e: f64, p: f64, q: f64) {
        self.truth += s * s;
        self.own += p * p;
        self.all += q * q;
        self.distortion += (e - s).powi(2);
        self.spatial += (p - s).powi(2);
        self.interference += (q - p).powi(2);
        self.artefacts += (e - q).powi(2);
        self.unfiltered += (e - p).powi(2);
    }

    fn add(&mut self, other: &Self) {
        self.truth += other.truth;
        self.own += other.own;
        self.all += other.all;
        self.distortion += other.distortion;
        self.spatial += other.spatial;
        self.interference += other.interference;
        self.artefacts += other.artefacts;
        self.unfiltered += other.unfiltered;
    }

    /// SDR, ISR, SIR, SAR in dB.
    pub fn scores(&self, kind: BssKind) -> [f64; 4] {
        let sir = db(self.own, self.interference);
        let sar = db(self.all, self.artefacts);
        match kind {
            BssKind::Images => [
                db(self.truth, self.distortion),
                db(self.truth, self.spatial),
                sir,
                sar,
            ],
            BssKind::Sources => [db(self.own, self.unfiltered), f64::NAN, sir, sar],
        }
    }
}

/// 10·log₁₀(signal/noise); infinite without noise.
fn db(signal: f64, noise: f64) -> f64 {
    if noise == 0.0 {
        f64::INFINITY
    } else {
        10.0 * (signal / noise).log10()
    }
}

/// The energies of all sources in some windows, all equally long: `[window][source]`.
///
/// # Errors
/// [`Error::Cancelled`](crate::Error::Cancelled).
pub(super) fn energies(
    signals: &Signals<'_>,
    filters: &Filters,
    windows: &[Range<usize>],
    reporter: &Reporter,
) -> Result<Vec<Vec<Energies>>> {
    let frames = windows.first().map_or(0, Range::len) + filters.length - 1;
    let most = BLOCK_FRAMES.max(4 * filters.length);
    let block_frames = frames.div_ceil(frames.div_ceil(most).max(1));
    let projection = Projection::new(filters, block_frames);
    let blocks: Vec<(usize, usize)> = (0..windows.len())
        .flat_map(|window| {
            let offsets = (0..frames).step_by(block_frames);
            offsets.map(move |offset| (window, offset))
        })
        .collect();
    let done = AtomicU64::new(0);
    let parts = blocks
        .par_iter()
        .map(|(window, offset)| {
            let length = block_frames.min(frames - offset);
            let part = projection.block(signals, &windows[*window], *offset, length);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            reporter.step("Scoring", done, blocks.len() as u64)?;
            Ok(part)
        })
        .collect::<Result<Vec<_>>>()?;
    // Summed up in the order of the blocks, whoever finished first.
    let mut out = vec![vec![Energies::default(); signals.sources()]; windows.len()];
    for ((window, _), part) in blocks.iter().zip(&parts) {
        for (sum, part) in out[*window].iter_mut().zip(part) {
            sum.add(part);
        }
    }
    Ok(out)
}

/// Filters as spectra, scaled for an FFT there and back.
struct Projection {
    fft: RealFft,
    lead: usize,
    /// For each estimate channel the filters of its own reference, `channels × bins`.
    own: Vec<Vec<Complex64>>,
    /// For each estimate channel the filters of all references, `references × bins`.
    all: Vec<Vec<Complex64>>,
}

impl Projection {
    fn new(filters: &Filters, block_frames: usize) -> Self {
        let lead = filters.length - 1;
        let fft = RealFft::new(fast_length(block_frames + lead));
        let spectra = |taps: &Vec<f64>| {
            let mut out = vec![Complex64::default(); taps.len() / filters.length * fft.bins()];
            let mut input = vec![0.0; fft.n_fft()];
            let mut scratch = Vec::new();
            let scale = 1.0 / fft.n_fft() as f64;
            let filters = taps.chunks_exact(filters.length);
            for (taps, out) in filters.zip(out.chunks_exact_mut(fft.bins())) {
                input.fill(0.0);
                for (input, tap) in input.iter_mut().zip(taps) {
                    *input = tap * scale;
                }
                fft.forward(&mut input, out, &mut scratch);
            }
            out
        };
        let own = filters.own.par_iter().map(spectra).collect();
        let all = filters.all.par_iter().map(spectra).collect();
        Self {
            fft,
            lead,
            own,
            all,
        }
    }

    /// The energies of all sources in frames `offset..offset + length` of a window and its tail.
    fn block(
        &self,
        signals: &Signals<'_>,
        window: &Range<usize>,
        offset: usize,
        length: usize,
    ) -> Vec<Energies> {
        let (bins, n_fft) = (self.fft.bins(), self.fft.n_fft());
        let mut work = Work {
            spectrum: vec![Complex64::default(); bins],
            scratch: Vec::new(),
        };
        let start = (window.start + offset) as isize;
        let mut input = vec![0.0; n_fft];
        let mut references = vec![Complex64::default(); signals.references.len() * bins];
        for (signal, out) in signals
            .references
            .iter()
            .zip(references.chunks_exact_mut(bins))
        {
            read(signal, window, start - self.lead as isize, &mut input);
            self.fft.forward(&mut input, out, &mut work.scratch);
        }
        let mut own = vec![0.0; n_fft];
        let mut all = vec![0.0; n_fft];
        let (mut truth, mut estimate) = (vec![0.0; length], vec![0.0; length]);
        let mut out = vec![Energies::default(); signals.sources()];
        for channel in 0..signals.estimates.len() {
            let source = channel / signals.channels;
            let first = source * signals.channels * bins;
            let its_own = &references[first..first + signals.channels * bins];
            self.filter(its_own, &self.own[channel], &mut own, &mut work);
            self.filter(&references, &self.all[channel], &mut all, &mut work);
            read(signals.references[channel], window, start, &mut truth);
            read(signals.estimates[channel], window, start, &mut estimate);
            let filtered = own[self.lead..].iter().zip(&all[self.lead..]);
            for ((s, e), (p, q)) in truth.iter().zip(&estimate).zip(filtered) {
                out[source].add_frame(*s, *e, *p, *q);
            }
        }
        out
    }

    /// The sum of some references, each through its filter; good from frame `lead` on.
    fn filter(
        &self,
        references: &[Complex64],
        filters: &[Complex64],
        out: &mut [f64],
        work: &mut Work,
    ) {
        let bins = self.fft.bins();
        work.spectrum.fill(Complex64::default());
        let pairs = references
            .chunks_exact(bins)
            .zip(filters.chunks_exact(bins));
        for (reference, filter) in pairs {
            for ((sum, x), h) in work.spectrum.iter_mut().zip(reference).zip(filter) {
                *sum += x * h;
            }
        }
        self.fft.inverse(&mut work.spectrum, out, &mut work.scratch);
    }
}

/// What transforms write over.
struct Work {
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}
