//! The picture that a card's network sees: transform, bands, scale, and the way back.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::picture_run::PictureLayout;
use crate::error::{Error, Result};
use crate::model::{ModelCard, PictureChannels};
use crate::progress::Reporter;
use crate::spectral::{Complex32, DroppedBins, PicturePlan, Stft};

/// Both directions between audio and pictures, planned for a card.
pub(super) struct CardPicture {
    pub stft: Stft,
    plan: PicturePlan,
    channels: PictureChannels,
    zeroed_low_bins: usize,
    /// The scaled value of no sound.
    silence: f32,
    /// Whether values that are no numbers were told of.
    warned: AtomicBool,
}

/// A stretch of a picture: one plane per channel, `[planes][columns × bands]`.
pub(super) type Planes = Vec<Vec<f32>>;

impl CardPicture {
    /// Plans for a card with an STFT. `dropped` decides over bins that are not in the picture; `None`
    /// leaves it to the card.
    ///
    /// # Errors
    /// [`Error::Setting`] that names what cannot be planned.
    pub fn new(card: &ModelCard, dropped: Option<DroppedBins>) -> Result<Self> {
        let Some(spec) = &card.stft else {
            return Err(Error::setting("stft", "the model's card has none"));
        };
        let mut picture = card.magnitude_picture();
        picture.dropped = dropped.unwrap_or(picture.dropped);
        Ok(Self {
            stft: Stft::new(spec)?.robust(),
            plan: picture.plan(spec, card.audio.sample_rate_hz)?,
            channels: card.tensor.input_channels,
            zeroed_low_bins: card.zeroed_low_bins,
            silence: card.scale.forward(0.0),
            warned: AtomicBool::new(false),
        })
    }

    /// Values per column.
    pub fn bands(&self) -> usize {
        self.plan.height()
    }

    /// Values of each plane where there is no sound.
    pub fn silence(&self, plane: usize) -> f32 {
        match plane {
            0 => self.silence,
            1 => 0.0,
            _ => -1.0,
        }
    }

    /// Columns `columns` of one channel's transform, `columns × bins`.
    pub fn spectrum(&self, x: &[f32], columns: Range<usize>) -> Vec<Complex32> {
        let mut out = vec![Complex32::default(); columns.len() * self.stft.spec().bins()];
        self.stft.forward_columns(x, columns.start, &mut out);
        out
    }

    /// Scaled magnitudes, `columns × bands`, of a spectrum, `columns × bins`.
    pub fn magnitudes(&self, spectrum: &[Complex32]) -> Vec<f32> {
        let bins = self.stft.spec().bins();
        let magnitudes: Vec<f32> = spectrum
            .iter()
            .enumerate()
            .map(|(i, x)| {
                if i % bins < self.zeroed_low_bins {
                    0.0
                } else {
                    x.norm()
                }
            })
            .collect();
        self.plan.forward(&magnitudes)
    }

    /// All planes of a spectrum, `columns × bins`.
    pub fn planes(&self, spectrum: &[Complex32]) -> Planes {
        let mut planes = vec![self.magnitudes(spectrum)];
        if self.channels.has_phase() {
            let bins = self.stft.spec().bins();
            let phases = spectrum
                .chunks_exact(bins)
                .flat_map(|column| &column[..self.bands()])
                .map(|x| x.arg() / std::f32::consts::PI);
            planes.push(phases.collect());
        }
        if self.channels == PictureChannels::Colour {
            planes.push(vec![self.silence(2); planes[0].len()]);
        }
        planes
    }

    /// The planes of `width` columns from `first` of one channel, whose transform has `total`
    /// columns; beyond them is silence.
    pub fn window(&self, x: &[f32], first: usize, width: usize, total: usize) -> Planes {
        let last = total.min(first + width);
        let mut planes = self.planes(&self.spectrum(x, first.min(last)..last));
        let size = width * self.bands();
        for (plane, values) in planes.iter_mut().enumerate() {
            values.resize(size, self.silence(plane));
        }
        planes
    }

    /// Appends a window to a tensor's values, rows above the bands filled with silence.
    pub fn put(&self, layout: &PictureLayout, planes: &[Vec<f32>], data: &mut Vec<f32>) {
        let bands = self.bands();
        for (plane, values) in planes.iter().enumerate() {
            layout.put(data, |row, column| {
                if row < bands {
                    values[column * bands + row]
                } else {
                    self.silence(plane)
                }
            });
        }
    }

    /// Magnitudes, `columns × bins`, of scaled ones, `columns × bands`; `spectrum` is the input's,
    /// for bins that are not in the picture. What is beyond all numbers, as the way back from
    /// logarithms may be, becomes silence; that is told once.
    pub fn inverse(
        &self,
        picture: &[f32],
        spectrum: &[Complex32],
        reporter: &Reporter,
    ) -> Vec<f32> {
        let input: Vec<f32> = spectrum.iter().map(|x| x.norm()).collect();
        let mut magnitudes = self.plan.inverse(picture, &input);
        let mut broken = false;
        for value in magnitudes.iter_mut().filter(|value| !value.is_finite()) {
            *value = 0.0;
            broken = true;
        }
        if broken && !self.warned.swap(true, Ordering::Relaxed) {
            reporter.warn(
                "the model answered magnitudes beyond all numbers; they were replaced by silence",
            );
        }
        magnitudes
    }
}
