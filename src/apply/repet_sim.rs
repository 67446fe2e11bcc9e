//! REPET-SIM: what repeats is accompaniment, what does not is the voice.
//!
//! Rafii and Pardo, "Music/voice separation using the similarity matrix", ISMIR 2012, in the
//! form of the author's published program: cosine similarity of magnitude columns, up to 100
//! similar columns at least one second apart, the element-wise median of them, never more than
//! the mixture, and everything up to 100 Hz given to the accompaniment.
//!
//! The similarity matrix of T columns is never stored: rows are made 128 at a time and only the
//! chosen column numbers are kept. A song longer than `span_secs` is taken in spans of that
//! length that cross-fade, so memory stays bounded; within a span the result is the author's.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::mask::{apply_mask, mean_magnitude};
use super::median::{LANES, Lanes, MedianNetwork};
use super::{Segment, SegmentSpec, Separator};
use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Stft, StftSpec, WindowKind};

/// Rows of the similarity matrix made at once.
const ROWS: usize = 128;
/// Overlap of two spans in seconds.
const CROSSFADE_SECS: f64 = 10.0;

/// The method's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct RepetSim {
    /// Window length in seconds, rounded up to a power of two of samples. Default 0.04.
    pub window_secs: f64,
    /// Least cosine similarity of a repeat, 0–1. Default 0.
    pub similarity_threshold: f32,
    /// Least time between two repeats in seconds. Default 1.
    pub distance_secs: f64,
    /// Most repeats per column, 1–1000. Default 100.
    pub max_repeats: usize,
    /// Everything up to here belongs to the accompaniment, in hertz. Default 100.
    pub high_pass_hz: f64,
    /// Longest stretch searched for repeats in seconds. Default 300.
    pub span_secs: f64,
}

impl Default for RepetSim {
    fn default() -> Self {
        Self {
            window_secs: 0.04,
            similarity_threshold: 0.0,
            distance_secs: 1.0,
            max_repeats: 100,
            high_pass_hz: 100.0,
            span_secs: 300.0,
        }
    }
}

/// A [`RepetSim`] planned for one rate.
#[derive(Debug, Clone)]
pub struct RepetSimSeparator {
    settings: RepetSim,
    sample_rate_hz: u32,
}

impl RepetSimSeparator {
    /// The method with these settings.
    pub fn new(settings: RepetSim) -> Self {
        Self {
            settings,
            sample_rate_hz: 0,
        }
    }

    fn stft_spec(&self) -> StftSpec {
        let samples = self.settings.window_secs * f64::from(self.sample_rate_hz);
        let n_fft = (samples.ceil() as usize).next_power_of_two().max(4);
        StftSpec {
            window: WindowKind::Hamming,
            ..StftSpec::new(n_fft, n_fft / 2)
        }
    }

    fn split(&self, segment: &Segment, reporter: &Reporter) -> Result<Vec<Planar>> {
        let spec = self.stft_spec();
        let stft = Stft::new(&spec)?;
        let bins = spec.bins();
        let frames = segment.samples.first().map_or(0, Vec::len);
        let spectrogram = stft.forward(&segment.samples);
        let distance = self.settings.distance_secs * f64::from(self.sample_rate_hz);
        let distance = (distance / spec.hop_length as f64).round() as usize;
        let repeats = similar_columns(
            mean_magnitude(&spectrogram),
            bins,
            distance,
            &self.settings,
            reporter,
        )?;
        let bin_hz = spec.hz_from_bin(1, self.sample_rate_hz);
        let low_bins = ((self.settings.high_pass_hz / bin_hz).floor() as usize).min(bins - 1);
        let networks = Networks::new(repeats.iter().map(Vec::len).max().unwrap_or(0));
        let mut accompaniment = Vec::new();
        let channels = spectrogram.channels.len() as u64;
        for (i, channel) in spectrogram.channels.iter().enumerate() {
            reporter.step("Filtering", channels + i as u64, 2 * channels)?;
            let magnitudes: Vec<f32> = channel.par_iter().map(|value| value.norm()).collect();
            let mask =
                repeating_mask(&magnitudes, bins, low_bins, (&repeats, &networks), reporter)?;
            accompaniment.push(stft.inverse_channel(&apply_mask(channel, &mask), frames));
        }
        let vocals = segment
            .samples
            .iter()
            .zip(&accompaniment)
            .map(|(mix, rest)| mix.iter().zip(rest).map(|(x, y)| x - y).collect())
            .collect();
        Ok(vec![vocals, accompaniment])
    }
}

/// For each column the numbers of the columns most like it, best first.
fn similar_columns(
    mut magnitudes: Vec<f32>,
    bins: usize,
    distance: usize,
    settings: &RepetSim,
    reporter: &Reporter,
) -> Result<Vec<Vec<u32>>> {
    magnitudes.par_chunks_exact_mut(bins).for_each(|column| {
        let norm = column.iter().map(|x| x * x).sum::<f32>().sqrt();
        if norm > 0.0 {
            column.iter_mut().for_each(|x| *x /= norm);
        }
    });
    let columns = magnitudes.len() / bins;
    let Ok(unit) = Array2::from_shape_vec((columns, bins), magnitudes) else {
        return Ok(Vec::new());
    };
    let blocks = columns.div_ceil(ROWS);
    let mut repeats = Vec::with_capacity(columns);
    // A few blocks at a time, so that a cancel is heard and progress is told.
    let group = rayon::current_num_threads().max(1);
    for first in (0..blocks).step_by(group) {
        reporter.step("Finding repeats", first as u64, 2 * blocks as u64)?;
        let part: Vec<Vec<Vec<u32>>> = (first..(first + group).min(blocks))
            .into_par_iter()
            .map(|block| {
                let rows = unit.slice(ndarray::s![
                    block * ROWS..((block + 1) * ROWS).min(columns),
                    ..
                ]);
                choose(rows, unit.view(), distance, settings)
            })
            .collect();
        repeats.extend(part.into_iter().flatten());
    }
    Ok(repeats)
}

fn choose(
    rows: ArrayView2<f32>,
    all: ArrayView2<f32>,
    distance: usize,
    settings: &RepetSim,
) -> Vec<Vec<u32>> {
    rows.dot(&all.t())
        .rows()
        .into_iter()
        .map(|row| {
            let row = row.as_slice().unwrap_or(&[]);
            let mut peaks: Vec<u32> = (0..row.len())
                .filter(|&i| row[i] >= settings.similarity_threshold && is_peak(row, i, distance))
                .map(|i| i as u32)
                .collect();
            peaks.sort_by(|a, b| row[*b as usize].total_cmp(&row[*a as usize]));
            peaks.truncate(settings.max_repeats);
            peaks
        })
        .collect()
}

/// Whether `row[i]` is above everything else within `distance`.
fn is_peak(row: &[f32], i: usize, distance: usize) -> bool {
    let value = row[i];
    let before = &row[i.saturating_sub(distance)..i];
    let after = &row[i + 1..(i + 1 + distance).min(row.len())];
    // The nearest neighbours first: most columns fail there.
    after.iter().all(|x| *x < value) && before.iter().rev().all(|x| *x < value)
}

/// One selection network for every number of repeats.
struct Networks(Vec<MedianNetwork>);

impl Networks {
    fn new(most: usize) -> Self {
        Self((1..=most).map(MedianNetwork::mean_of_middle).collect())
    }
}

fn repeating_mask(
    magnitudes: &[f32],
    bins: usize,
    low_bins: usize,
    (repeats, Networks(networks)): (&[Vec<u32>], &Networks),
    reporter: &Reporter,
) -> Result<Vec<f32>> {
    // The smallest difference from one in double precision, as in the author's program.
    let eps = f64::EPSILON as f32;
    let cancel = reporter.cancel_token();
    let mut mask = vec![0.0; magnitudes.len()];
    mask.par_chunks_exact_mut(bins)
        .zip(magnitudes.par_chunks_exact(bins))
        .zip(repeats)
        .for_each_init(
            || vec![[0.0; LANES]; networks.len()],
            |rows: &mut Vec<Lanes>, ((mask, v), repeats)| {
                if cancel.is_cancelled() {
                    return;
                }
                let Some(network) = repeats.len().checked_sub(1).and_then(|i| networks.get(i))
                else {
                    // Nothing repeats (a silent column): all of it is accompaniment.
                    mask.fill(1.0);
                    return;
                };
                for bin in (0..bins).step_by(LANES) {
                    let width = LANES.min(bins - bin);
                    for (row, column) in rows.iter_mut().zip(repeats) {
                        let source = *column as usize * bins + bin;
                        row[..width].copy_from_slice(&magnitudes[source..source + width]);
                    }
                    let median = network.median(&mut rows[..repeats.len()]);
                    for i in 0..width {
                        let v = v[bin + i];
                        mask[bin + i] = (median[i].min(v) + eps) / (v + eps);
                    }
                }
                mask[1..=low_bins].fill(1.0);
            },
        );
    reporter.check()?;
    Ok(mask)
}

impl Separator for RepetSimSeparator {
    fn stems(&self) -> Vec<String> {
        vec!["vocals".into(), "accompaniment".into()]
    }

    fn prepare(&mut self, sample_rate_hz: u32) -> Result<SegmentSpec> {
        self.sample_rate_hz = sample_rate_hz;
        let hop = self.stft_spec().hop_length;
        let frames = |secs: f64| (secs * f64::from(sample_rate_hz)) as usize / hop * hop;
        let segment_frames = frames(self.settings.span_secs).max(hop);
        Ok(SegmentSpec {
            segment_frames,
            step_frames: segment_frames
                .saturating_sub(frames(CROSSFADE_SECS))
                .max(segment_frames / 2)
                .max(1),
            ..SegmentSpec::overlapping(segment_frames, 0.0)
        })
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        segments
            .iter()
            .map(|segment| self.split(segment, reporter))
            .collect()
    }
}
