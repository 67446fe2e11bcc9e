//! Numbers to pixels and back.
//!
//! With max = 255 or 65,535, full scale F and A = 10^(range/20), a magnitude m and a phase φ become
//!
//! * linear: v = max · m/F;
//! * log: v = max · ln(1 + A·m/F) / ln(1 + A);
//! * phase: p = max · (φ + π)/2π, so that both ends are the same angle;
//! * mel value m of power q: v = max · (1 + d/range), d = (20/q)·log₁₀(m/F) dB; 0 stands for silence.
//!
//! All are rounded and held within 0 to max. The way back is exact: every number returns.

use std::f64::consts::{PI, TAU};

use rayon::prelude::*;

use super::{CodecKind, CodecScale, Depth, PictureHeader};
use crate::error::{Error, Result};
use crate::spectral::Complex32;

/// The numbers of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Numbers per pixel: 1 grey, 3 red green blue, 4 with alpha.
    pub channels: usize,
    /// Bits of each number.
    pub depth: Depth,
    /// Row after row from the top, `height × width × channels`.
    pub samples: Vec<u16>,
}

impl Pixels {
    /// Checks that there are as many numbers as the size says, at least one pixel, and none beyond
    /// the depth.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        let size = self
            .width
            .checked_mul(self.height)
            .and_then(|n| n.checked_mul(self.channels));
        let max = self.depth.max();
        let good = [1, 3, 4].contains(&self.channels)
            && !self.samples.is_empty()
            && size == Some(self.samples.len())
            && self.samples.iter().all(|sample| *sample <= max);
        if good {
            Ok(())
        } else {
            Err(Error::setting(
                "picture",
                "its pixels are not as many or as deep as it says",
            ))
        }
    }
}

/// What a picture holds: the spectrogram of one channel.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureValues {
    /// Complex columns, `columns × bins`, column after column.
    Complex(Vec<Complex32>),
    /// Mel values in the bank's power, `columns × bands`, column after column.
    Mel(Vec<f32>),
}

impl PictureValues {
    /// The largest magnitude or mel value: the full scale at which nothing is cut. 1 for silence.
    pub fn full_scale(&self) -> f32 {
        let largest = match self {
            Self::Complex(values) => values.iter().fold(0.0, |max, value| value.norm().max(max)),
            Self::Mel(values) => values.iter().fold(0.0, |max: f32, value| value.max(max)),
        };
        if largest > 0.0 && largest.is_finite() {
            largest
        } else {
            1.0
        }
    }
}

/// Pixels of a spectrogram, on the scale that the header says ([`PictureValues::full_scale`] is
/// the one at which nothing is cut).
///
/// # Errors
/// [`Error::Setting`] if the header is out of range, or the values are not of its kind and number.
pub fn encode(header: &PictureHeader, values: &PictureValues) -> Result<Pixels> {
    header.validate()?;
    let (width, height) = (header.width(), header.height());
    let channels = header.codec.channels();
    let mut pixels = Pixels {
        width,
        height,
        channels,
        depth: header.codec.depth(),
        samples: vec![0; width * height * channels],
    };
    let map = Map::new(header);
    let rows = pixels.samples.par_chunks_mut(width * channels).enumerate();
    match (values, header.codec.kind()) {
        (PictureValues::Complex(values), CodecKind::Colour | CodecKind::Split)
            if values.len() == width * height =>
        {
            let split = header.codec.kind() == CodecKind::Split;
            rows.for_each(|(bin, row)| {
                let values = values[bin..].iter().step_by(height);
                for (pixel, value) in row.chunks_exact_mut(channels).zip(values) {
                    let (v, p) = (map.number(value.norm()), map.phase_number(value.arg()));
                    if split {
                        pixel.copy_from_slice(&[v >> 8, p >> 8, v & 255, p & 255]);
                    } else {
                        pixel.copy_from_slice(&[v, p, 0]);
                    }
                }
            });
        }
        (PictureValues::Mel(values), CodecKind::Mel) if values.len() == width * height => {
            rows.for_each(|(band, row)| {
                for (pixel, value) in row.iter_mut().zip(values[band..].iter().step_by(height)) {
                    *pixel = map.number(*value);
                }
            });
        }
        _ => {
            return Err(Error::setting(
                "spectrogram",
                format!("must hold {width} × {height} values of the codec's kind"),
            ));
        }
    }
    Ok(pixels)
}

/// The spectrogram of a picture.
///
/// # Errors
/// [`Error::Setting`] as [`PictureHeader::check`].
pub fn decode(header: &PictureHeader, pixels: &Pixels) -> Result<PictureValues> {
    header.check(pixels)?;
    let (width, height, channels) = (pixels.width, pixels.height, pixels.channels);
    let map = Map::new(header);
    // Every number occurs often, so that each is computed once.
    let magnitudes: Vec<f32> = (0..=map.max).map(|v| map.magnitude(v)).collect();
    let kind = header.codec.kind();
    if kind == CodecKind::Mel {
        let mut out = vec![0.0; width * height];
        out.par_chunks_mut(height)
            .enumerate()
            .for_each(|(column, out)| {
                let values = pixels.samples[column..].iter().step_by(width);
                for (out, v) in out.iter_mut().zip(values) {
                    *out = magnitudes[usize::from(*v)];
                }
            });
        return Ok(PictureValues::Mel(out));
    }
    let units: Vec<Complex32> = (0..=map.max)
        .map(|p| Complex32::from_polar(1.0, map.phase(p)))
        .collect();
    let mut out = vec![Complex32::default(); width * height];
    out.par_chunks_mut(height)
        .enumerate()
        .for_each(|(column, out)| {
            for (row, out) in out.iter_mut().enumerate() {
                let at = (row * width + column) * channels;
                let pixel = &pixels.samples[at..at + channels];
                let (v, p) = match kind {
                    CodecKind::Split => ((pixel[0] << 8) | pixel[2], (pixel[1] << 8) | pixel[3]),
                    _ => (pixel[0], pixel[1]),
                };
                *out = units[usize::from(p)] * magnitudes[usize::from(v)];
            }
        });
    Ok(PictureValues::Complex(out))
}

/// The formulas with a header's numbers put in.
struct Map {
    curve: Curve,
    full_scale: f64,
    max: u16,
}

enum Curve {
    Linear,
    /// A, and ln(1 + A).
    Log(f64, f64),
    /// Decibels of a factor ten, and the range.
    Decibels(f64, f64),
}

impl Map {
    fn new(header: &PictureHeader) -> Self {
        let range_db = f64::from(header.range_db);
        let curve = match (&header.mel, header.codec.scale()) {
            (Some(mel), _) => Curve::Decibels(20.0 / f64::from(mel.power), range_db),
            (None, CodecScale::Linear) => Curve::Linear,
            (None, CodecScale::Log) => {
                let a = 10.0_f64.powf(range_db / 20.0);
                Curve::Log(a, a.ln_1p())
            }
        };
        Self {
            curve,
            full_scale: f64::from(header.full_scale),
            max: header.codec.precision().max(),
        }
    }

    /// The number of a magnitude or mel value.
    fn number(&self, m: f32) -> u16 {
        let part = f64::from(m) / self.full_scale;
        let v = match self.curve {
            Curve::Linear => part,
            Curve::Log(a, ln) => (part * a).ln_1p() / ln,
            Curve::Decibels(per_decade, range_db) => 1.0 + per_decade * part.log10() / range_db,
        };
        self.rounded(v)
    }

    /// The magnitude or mel value of a number.
    fn magnitude(&self, v: u16) -> f32 {
        let v = f64::from(v) / f64::from(self.max);
        let part = match self.curve {
            Curve::Linear => v,
            Curve::Log(a, ln) => (v * ln).exp_m1() / a,
            Curve::Decibels(..) if v == 0.0 => 0.0,
            Curve::Decibels(per_decade, range_db) => {
                10.0_f64.powf((v - 1.0) * range_db / per_decade)
            }
        };
        (part * self.full_scale) as f32
    }

    fn phase_number(&self, phase: f32) -> u16 {
        self.rounded((f64::from(phase) + PI) / TAU)
    }

    fn phase(&self, p: u16) -> f32 {
        (f64::from(p) / f64::from(self.max) * TAU - PI) as f32
    }

    /// A part of the whole range as a number; what lies outside is held at the ends, and what is
    /// no number becomes 0.
    fn rounded(&self, part: f64) -> u16 {
        let max = f64::from(self.max);
        // The cast holds at the ends of u16 by itself; the clamp holds at those of 8 bits.
        (part * max).round().clamp(0.0, max) as u16
    }
}
