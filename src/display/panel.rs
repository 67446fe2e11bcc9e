//! One plot of a picture: what it measures. How it is drawn is in `picture.rs`.

use super::{FreqAxis, FreqScale, PictureSpec};
use crate::audio::Clip;
use crate::error::Result;
use crate::spectral::{Complex32, MelBank, MelFormula, MelNorm, MelSpec, Stft};

/// The level of silence in dB.
pub(super) const SILENCE_DB: f32 = -140.0;

/// One plot: a title and the values below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Shown above it.
    pub title: String,
    /// `[columns][rows]`, lowest frequency first: dB against full scale, or a mask 0–1.
    pub(super) values: Vec<Vec<f32>>,
    pub(super) kind: PanelKind,
    pub(super) axis: FreqAxis,
    pub(super) seconds: f64,
}

/// What a panel shows of its values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PanelKind {
    /// Levels in dB, on the scale that all such panels of a picture share.
    Level,
    /// A mask, 0–1.
    Mask,
    /// Levels in dB less those of another sound.
    Difference {
        /// The other's levels in dB, as many as the panel's own.
        second: Vec<Vec<f32>>,
        /// The difference that has the last colour, in dB, above 0.
        range_db: f32,
    },
}

impl Panel {
    /// A clip's spectrogram, channels averaged, at most `spec.width` columns (each the loudest of
    /// those it stands for).
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if the STFT or the mel bank cannot be planned.
    pub fn spectrogram(title: impl Into<String>, clip: &Clip, spec: &PictureSpec) -> Result<Self> {
        Ok(Self {
            title: title.into(),
            values: levels_db(clip, clip.frames(), spec)?,
            kind: PanelKind::Level,
            axis: FreqAxis::full(spec.scale, clip.sample_rate_hz()),
            seconds: clip.seconds(),
        })
    }

    /// The mask that made `stem` of `mixture`: the ratio of their magnitudes, at most 1.
    ///
    /// # Errors
    /// As [`Self::spectrogram`].
    pub fn mask(
        title: impl Into<String>,
        stem: &Clip,
        mixture: &Clip,
        spec: &PictureSpec,
    ) -> Result<Self> {
        let mut panel = Self::spectrogram(title, stem, spec)?;
        let whole = Self::spectrogram("", mixture, spec)?;
        panel.kind = PanelKind::Mask;
        let floor_db = whole.loudest_db() - spec.range_db;
        for (stem, whole) in panel.values.iter_mut().zip(&whole.values) {
            for (stem, whole) in stem.iter_mut().zip(whole) {
                // Where the mixture is darker than the picture there is nothing to share out.
                *stem = if *whole <= floor_db {
                    0.0
                } else {
                    10.0_f32.powf((*stem - whole) / 20.0).min(1.0)
                };
            }
        }
        Ok(panel)
    }

    /// The loudest level in dB, of which the picture's scale is made; masks and differences have
    /// no part in it.
    pub(super) fn loudest_db(&self) -> f32 {
        if self.kind != PanelKind::Level {
            return f32::NEG_INFINITY;
        }
        self.values
            .iter()
            .flatten()
            .copied()
            .fold(SILENCE_DB, f32::max)
    }

    /// Whether a row is a mel band; otherwise it is one of `bins` bins.
    pub(super) fn has_bands(&self, bins: usize) -> bool {
        self.values
            .first()
            .is_some_and(|column| column.len() != bins)
    }
}

fn db(amplitude: f32) -> f32 {
    crate::spectral::db_from_amplitude(amplitude, SILENCE_DB)
}

/// Levels in dB against a full-scale sine, `[columns][bins or bands]`, of a clip's first `frames`
/// frames, which may go beyond its end.
pub(super) fn levels_db(clip: &Clip, frames: usize, spec: &PictureSpec) -> Result<Vec<Vec<f32>>> {
    let magnitudes = loudest_columns(clip, frames, spec)?;
    let bank = match spec.mels.filter(|_| spec.scale == FreqScale::Mel) {
        Some(bands) => {
            let mel = MelSpec {
                bands,
                fmin_hz: 0.0,
                fmax_hz: None,
                formula: MelFormula::Slaney,
                norm: MelNorm::None,
                power: 2.0,
            };
            Some(MelBank::new(&mel, spec.stft.n_fft, clip.sample_rate_hz())?)
        }
        None => None,
    };
    // A full-scale sine is 0 dB.
    let full_scale = spec.stft.n_fft as f32 / 4.0;
    Ok(magnitudes
        .iter()
        .map(|column| match &bank {
            Some(bank) => {
                let mut mel = vec![0.0; bank.num_bands()];
                bank.apply(column, &mut mel);
                mel.iter().map(|p| db(p.sqrt() / full_scale)).collect()
            }
            None => column.iter().map(|m| db(m / full_scale)).collect(),
        })
        .collect())
}

/// Mean magnitude over channels, reduced to at most `width` columns.
fn loudest_columns(clip: &Clip, frames: usize, spec: &PictureSpec) -> Result<Vec<Vec<f32>>> {
    let stft = Stft::new(&spec.stft)?;
    let bins = spec.stft.bins();
    let columns = spec.stft.columns(frames);
    let pixels = spec.width.min(columns);
    let mut spectra = Vec::new();
    let mut out = Vec::with_capacity(pixels);
    for pixel in 0..pixels {
        let first = pixel * columns / pixels;
        let last = ((pixel + 1) * columns / pixels).max(first + 1);
        let mut sum = vec![0.0; bins];
        for channel in clip.channels() {
            spectra.resize((last - first) * bins, Complex32::default());
            stft.forward_columns(channel, first, &mut spectra);
            for (bin, sum) in sum.iter_mut().enumerate() {
                let loudest = spectra
                    .iter()
                    .skip(bin)
                    .step_by(bins)
                    .fold(0.0_f32, |m, x| m.max(x.norm_sqr()));
                *sum += loudest.sqrt() / clip.num_channels() as f32;
            }
        }
        out.push(sum);
    }
    Ok(out)
}
