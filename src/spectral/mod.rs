//! Time ⇄ frequency: windows, the STFT and its inverse, mel banks, magnitude scales.
//!
//! Works on plain `&[f32]` channels and knows nothing of files. Conventions, stated once:
//!
//! * a **column** is one STFT time step, a **bin** one frequency (DC … Nyquist, `n_fft / 2 + 1`);
//! * a [`Spectrogram`] channel is stored column after column, so one column is contiguous;
//! * nothing is scaled unless [`Normalisation`] says so (forward unscaled, inverse divides).

pub mod codec;
mod magnitude_picture;
mod mel;
mod mel_inverse;
mod picture_channels;
mod real_fft;
mod scale;
mod stft;
mod stft_spec;
mod window;

pub use magnitude_picture::{DroppedBins, MagnitudePicture, PicturePlan};
pub use mel::{MelBank, MelFormula, MelNorm, MelSpec, hz_from_mel, mel_from_hz};
pub use mel_inverse::{MelInverse, MelInversion};
pub use picture_channels::PictureChannels;
pub use real_fft::{RealFft, fast_length};
pub use realfft::num_complex::{Complex32, Complex64};
pub use scale::{MagnitudeScale, amplitude_from_db, db_from_amplitude, db_from_power};
pub use stft::Stft;
pub use stft_spec::{Normalisation, Padding, StftSpec};
pub use window::{Symmetry, WindowKind, window};

/// A complex spectrogram, `[channels][columns][bins]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    /// One vector per channel, `columns × bins` values, column after column.
    pub channels: Vec<Vec<Complex32>>,
    /// Time steps per channel.
    pub columns: usize,
    /// Frequencies per column, `n_fft / 2 + 1`.
    pub bins: usize,
}

impl Spectrogram {
    /// A spectrogram of zeros.
    pub fn zeros(channels: usize, columns: usize, bins: usize) -> Self {
        Self {
            channels: vec![vec![Complex32::default(); columns * bins]; channels],
            columns,
            bins,
        }
    }

    /// One column, `bins` values. Panics if `channel` or `column` is out of range.
    pub fn column(&self, channel: usize, column: usize) -> &[Complex32] {
        &self.channels[channel][column * self.bins..(column + 1) * self.bins]
    }

    /// The absolute values, in the same order.
    pub fn magnitudes(&self) -> Vec<Vec<f32>> {
        self.channels
            .iter()
            .map(|channel| channel.iter().map(|value| value.norm()).collect())
            .collect()
    }
}
