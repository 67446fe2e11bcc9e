//! What can be done to estimates afterwards, segment by segment.

use rayon::prelude::*;

use super::hpss::Hpss;
use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::{Complex32, Complex64, Stft, StftSpec};

const N_FFT: usize = 4096;
const HOP_LENGTH: usize = 1024;
/// Columns over which a source's spatial covariance is taken to be constant (Open-Unmix).
const WIENER_COLUMNS: usize = 300;
const EPS: f64 = 1e-10;

/// A step after the separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostProcess {
    /// One iteration of the multichannel Wiener filter (expectation–maximisation) of Open-Unmix:
    /// Nugraha, Liutkus and Vincent, "Multichannel audio source separation with deep neural
    /// networks", 2016. Less of the other stems, a little more artefacts; stems then add up.
    Wiener,
    /// The percussive part (median filter 31 × 31) of every pitched stem moves to the drums, or to
    /// the last stem where there are none: drum clicks leave the voice.
    Median,
}

impl PostProcess {
    /// Refines `estimate` (`[stems][channels][frames]`) of `mixture`; a stem named `rest` is what
    /// the others leave.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn apply(
        self,
        names: &[String],
        mixture: &Planar,
        estimate: &mut [Planar],
        has_residual: bool,
        reporter: &Reporter,
    ) -> Result<()> {
        match self {
            Self::Wiener => wiener(mixture, estimate, has_residual, reporter),
            Self::Median => median(names, estimate, reporter),
        }
    }
}

fn median(names: &[String], estimate: &mut [Planar], reporter: &Reporter) -> Result<()> {
    let hpss = Hpss::default();
    let stft = Stft::new(&StftSpec::new(hpss.n_fft, hpss.hop_length))?;
    let is_drums = |name: &String| {
        ["drums", "percussive", "percussion"].contains(&name.to_lowercase().as_str())
    };
    let last = estimate.len().saturating_sub(1);
    let target = names.iter().position(is_drums).unwrap_or(last);
    for stem in 0..estimate.len() {
        if stem == target {
            continue;
        }
        for channel in 0..estimate[stem].len() {
            reporter.check()?;
            let frames = estimate[stem][channel].len();
            let spectrogram = stft.forward(&estimate[stem][channel..=channel]);
            let (harmonic, _) = hpss.split(&spectrogram.channels[0], spectrogram.bins);
            let harmonic = stft.inverse_channel(&harmonic, frames);
            let moved: Vec<f32> = estimate[stem][channel]
                .iter()
                .zip(&harmonic)
                .map(|(x, h)| x - h)
                .collect();
            estimate[stem][channel] = harmonic;
            estimate[target][channel]
                .iter_mut()
                .zip(&moved)
                .for_each(|(x, m)| *x += m);
        }
    }
    Ok(())
}

fn wiener(
    mixture: &Planar,
    estimate: &mut [Planar],
    has_residual: bool,
    reporter: &Reporter,
) -> Result<()> {
    let stft = Stft::new(&StftSpec::new(N_FFT, HOP_LENGTH))?;
    let frames = mixture.first().map_or(0, Vec::len);
    for first in (0..mixture.len()).step_by(2) {
        reporter.check()?;
        let channels = first..(first + 2).min(mixture.len());
        let x = stft.forward(&mixture[channels.clone()]);
        let mut y: Vec<Vec<Vec<Complex32>>> = estimate
            .iter()
            .map(|stem| stft.forward(&stem[channels.clone()]).channels)
            .collect();
        if has_residual || y.len() == 1 {
            let rest = (0..x.channels.len())
                .map(|c| {
                    (0..x.channels[c].len())
                        .map(|i| x.channels[c][i] - y.iter().map(|y| y[c][i]).sum::<Complex32>())
                        .collect()
                })
                .collect();
            y.push(rest);
        }
        for start in (0..x.columns).step_by(WIENER_COLUMNS) {
            reporter.check()?;
            let columns = start..(start + WIENER_COLUMNS).min(x.columns);
            maximise(&x.channels, &mut y, columns, x.bins);
        }
        for (stem, y) in estimate.iter_mut().zip(&y) {
            for (channel, y) in channels.clone().zip(y) {
                stem[channel] = stft.inverse_channel(y, frames);
            }
        }
    }
    Ok(())
}

/// A 2 × 2 Hermitian matrix [a, b; b*, d]; mono uses only `a`.
#[derive(Debug, Clone, Copy, Default)]
struct Hermitian {
    a: f64,
    b: Complex64,
    d: f64,
}

/// One iteration over a block of columns, every bin for itself.
fn maximise(
    x: &[Vec<Complex32>],
    y: &mut [Vec<Vec<Complex32>>],
    columns: std::ops::Range<usize>,
    bins: usize,
) {
    let sources = y.len();
    let stereo = x.len() == 2;
    let regular = EPS.sqrt();
    let at = |column: usize, bin: usize| column * bins + bin;
    // The published program brings loud songs to about 10, so that its constants mean the same for
    // all; here quiet ones too, so that the result does not depend on the level.
    let largest = columns
        .clone()
        .flat_map(|column| {
            x.iter()
                .flat_map(move |x| x[at(column, 0)..at(column + 1, 0)].iter())
        })
        .fold(0.0_f32, |m, v| m.max(v.norm()));
    let narrow = |v: Complex64| Complex32::new(v.re as f32, v.im as f32);
    let wide = |v: Complex32| Complex64::new(f64::from(v.re), f64::from(v.im));
    if largest == 0.0 {
        return;
    }
    let scale = 10.0 / f64::from(largest);
    let filtered: Vec<Vec<Complex32>> = (0..bins)
        .into_par_iter()
        .map(|bin| {
            // In double precision: the determinant of two channels that are nearly alike is a small
            // difference of large numbers.
            let value = |j: usize, c: usize, column: usize| wide(y[j][c][at(column, bin)]) * scale;
            let mut spread = vec![Hermitian::default(); sources];
            let mut power = vec![0.0; sources * columns.len()];
            for (j, spread) in spread.iter_mut().enumerate() {
                let mut weight = EPS;
                for (t, column) in columns.clone().enumerate() {
                    let l = value(j, 0, column);
                    let r = if stereo {
                        value(j, 1, column)
                    } else {
                        Complex64::default()
                    };
                    let v = (l.norm_sqr() + r.norm_sqr()) / x.len() as f64;
                    power[j * columns.len() + t] = v;
                    weight += v;
                    spread.a += l.norm_sqr();
                    spread.d += r.norm_sqr();
                    spread.b += l * r.conj();
                }
                spread.a /= weight;
                spread.d /= weight;
                spread.b /= weight;
            }
            let mut out = Vec::with_capacity(sources * columns.len() * x.len());
            for (t, column) in columns.clone().enumerate() {
                let v = |j: usize| power[j * columns.len() + t];
                let (mut a, mut d, mut b) = (regular, regular, Complex64::default());
                for (j, spread) in spread.iter().enumerate() {
                    a += v(j) * spread.a;
                    d += v(j) * spread.d;
                    b += spread.b * v(j);
                }
                let l = wide(x[0][at(column, bin)]);
                if !stereo {
                    let one = |(j, s): (usize, &Hermitian)| narrow(l * (v(j) * s.a / a));
                    out.extend(spread.iter().enumerate().map(one));
                    continue;
                }
                let r = wide(x[1][at(column, bin)]);
                let det = (a * d - b.norm_sqr()).max(f64::MIN_POSITIVE);
                // Cxx⁻¹·x
                let u = (l * d - b * r) / det;
                let w = (r * a - b.conj() * l) / det;
                for (j, s) in spread.iter().enumerate() {
                    out.push(narrow((u * s.a + s.b * w) * v(j)));
                    out.push(narrow((s.b.conj() * u + w * s.d) * v(j)));
                }
            }
            out
        })
        .collect();
    for (bin, values) in filtered.into_iter().enumerate() {
        let mut values = values.into_iter();
        for column in columns.clone() {
            for y in y.iter_mut() {
                for channel in y.iter_mut() {
                    if let Some(value) = values.next() {
                        channel[at(column, bin)] = value;
                    }
                }
            }
        }
    }
}
