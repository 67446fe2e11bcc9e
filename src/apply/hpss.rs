//! Harmonic–percussive separation by median filtering.
//!
//! FitzGerald, "Harmonic/percussive separation using median filtering", DAFx 2010; margins after
//! Driedger, Müller and Disch, "Extending harmonic-percussive separation", ISMIR 2014. Equal to
//! `librosa.decompose.hpss` for the same STFT.

use rayon::prelude::*;

use super::mask::{apply_mask, softmask};
use super::median::{LANES, Lanes, MedianNetwork};
use super::{Segment, SegmentSpec, Separator};
use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft, StftSpec};

/// Columns of new song per segment.
const STEP_COLUMNS: usize = 512;

/// The method's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Hpss {
    /// Transform length in samples. Default 2048.
    pub n_fft: usize,
    /// Samples between columns. Default 512.
    pub hop_length: usize,
    /// Columns in the median over time, which keeps steady tones. Default 31.
    pub harmonic_kernel: usize,
    /// Bins in the median over frequency, which keeps clicks. Default 31.
    pub percussive_kernel: usize,
    /// Exponent of the soft mask; infinity makes it binary. Default 2.
    pub power: f32,
    /// How many times louder the harmonic part must be, 1 or more. Default 1.
    pub harmonic_margin: f32,
    /// How many times louder the percussive part must be, 1 or more. Default 1.
    pub percussive_margin: f32,
}

impl Default for Hpss {
    fn default() -> Self {
        Self {
            n_fft: 2048,
            hop_length: 512,
            harmonic_kernel: 31,
            percussive_kernel: 31,
            power: 2.0,
            harmonic_margin: 1.0,
            percussive_margin: 1.0,
        }
    }
}

impl Hpss {
    /// Harmonic and percussive masks of one channel of magnitudes, `columns × bins` each.
    pub fn masks(&self, magnitudes: &[f32], bins: usize) -> (Vec<f32>, Vec<f32>) {
        let columns = magnitudes.len() / bins;
        let over_time = MedianNetwork::upper(self.harmonic_kernel);
        let over_frequency = MedianNetwork::upper(self.percussive_kernel);
        let (harmonic_margin, percussive_margin) = (self.harmonic_margin, self.percussive_margin);
        let zero = if harmonic_margin == 1.0 && percussive_margin == 1.0 {
            0.5
        } else {
            0.0
        };
        let mut harmonic = vec![0.0; magnitudes.len()];
        let mut percussive = vec![0.0; magnitudes.len()];
        harmonic
            .par_chunks_exact_mut(bins)
            .zip(percussive.par_chunks_exact_mut(bins))
            .enumerate()
            .for_each_init(
                || Scratch::new(self, bins),
                |scratch, (column, (h, p))| {
                    median_over_time(
                        &over_time,
                        magnitudes,
                        (column, columns, bins),
                        &mut scratch.rows,
                        h,
                    );
                    let magnitudes = &magnitudes[column * bins..(column + 1) * bins];
                    median_over_frequency(&over_frequency, magnitudes, scratch, p);
                    for (h, p) in h.iter_mut().zip(p.iter_mut()) {
                        let (x, y) = (*h, *p);
                        *h = softmask(x, y * harmonic_margin, self.power, zero);
                        *p = softmask(y, x * percussive_margin, self.power, zero);
                    }
                },
            );
        (harmonic, percussive)
    }

    /// Harmonic and percussive parts of one channel's spectrogram.
    pub fn split(&self, channel: &[Complex32], bins: usize) -> (Vec<Complex32>, Vec<Complex32>) {
        let magnitudes: Vec<f32> = channel.par_iter().map(|value| value.norm()).collect();
        let (harmonic, percussive) = self.masks(&magnitudes, bins);
        (
            apply_mask(channel, &harmonic),
            apply_mask(channel, &percussive),
        )
    }

    fn stft(&self) -> Result<Stft> {
        Stft::new(&StftSpec::new(self.n_fft, self.hop_length))
    }
}

struct Scratch {
    rows: Vec<Lanes>,
    padded: Vec<f32>,
}

impl Scratch {
    fn new(hpss: &Hpss, bins: usize) -> Self {
        let kernel = hpss.harmonic_kernel.max(hpss.percussive_kernel);
        Self {
            rows: vec![[0.0; LANES]; kernel],
            padded: vec![0.0; bins + hpss.percussive_kernel + LANES],
        }
    }
}

/// Index mirrored about the edges, the edge itself repeated (scipy's mode "reflect").
fn mirrored(index: isize, len: usize) -> usize {
    let period = 2 * len as isize;
    let i = index.rem_euclid(period);
    i.min(period - 1 - i) as usize
}

fn median_over_time(
    network: &MedianNetwork,
    magnitudes: &[f32],
    (column, columns, bins): (usize, usize, usize),
    rows: &mut [Lanes],
    out: &mut [f32],
) {
    let kernel = network.len();
    let first = column as isize - (kernel / 2) as isize;
    for bin in (0..bins).step_by(LANES) {
        let width = LANES.min(bins - bin);
        for (k, row) in rows[..kernel].iter_mut().enumerate() {
            let source = mirrored(first + k as isize, columns) * bins + bin;
            row[..width].copy_from_slice(&magnitudes[source..source + width]);
        }
        let median = network.median(&mut rows[..kernel]);
        out[bin..bin + width].copy_from_slice(&median[..width]);
    }
}

fn median_over_frequency(
    network: &MedianNetwork,
    magnitudes: &[f32],
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    let kernel = network.len();
    let bins = magnitudes.len();
    let before = kernel / 2;
    for (i, value) in scratch.padded[..bins + kernel].iter_mut().enumerate() {
        *value = magnitudes[mirrored(i as isize - before as isize, bins)];
    }
    for bin in (0..bins).step_by(LANES) {
        for (k, row) in scratch.rows[..kernel].iter_mut().enumerate() {
            row.copy_from_slice(&scratch.padded[bin + k..bin + k + LANES]);
        }
        let median = network.median(&mut scratch.rows[..kernel]);
        let width = LANES.min(bins - bin);
        out[bin..bin + width].copy_from_slice(&median[..width]);
    }
}

impl Separator for Hpss {
    fn stems(&self) -> Vec<String> {
        vec!["harmonic".into(), "percussive".into()]
    }

    fn prepare(&mut self, _sample_rate_hz: u32) -> Result<SegmentSpec> {
        self.stft()?;
        // A sample depends on columns n_fft/2 away, they on half a kernel more, those on n_fft/2
        // more: with this border, cutting the song changes nothing.
        let reach = self.n_fft.div_ceil(self.hop_length) + self.harmonic_kernel / 2 + 1;
        Ok(SegmentSpec::bordered(
            STEP_COLUMNS * self.hop_length,
            reach * self.hop_length,
        ))
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        let stft = self.stft()?;
        let bins = stft.spec().bins();
        segments
            .iter()
            .map(|segment| {
                reporter.check()?;
                let frames = segment.samples.first().map_or(0, Vec::len);
                let spectrogram = stft.forward(&segment.samples);
                let (mut harmonic, mut percussive) = (Vec::new(), Vec::new());
                for channel in &spectrogram.channels {
                    reporter.check()?;
                    let (h, p) = self.split(channel, bins);
                    harmonic.push(stft.inverse_channel(&h, frames));
                    percussive.push(stft.inverse_channel(&p, frames));
                }
                Ok(vec![harmonic, percussive])
            })
            .collect()
    }
}
