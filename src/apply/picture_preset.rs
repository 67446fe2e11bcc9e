//! The magnitude pictures of well-known systems, ready to be reconstructed from.

use super::ReconstructOptions;
use crate::spectral::{
    MagnitudePicture, MagnitudeScale, MelFormula, MelNorm, MelSpec, Normalisation, Padding,
    StftSpec, Symmetry,
};

/// A picture by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PicturePreset {
    /// The magnitudes themselves, 2048/512.
    #[default]
    Plain,
    /// The pix2pix timbre system: 1024/512, symmetric Hann, 256 of 513 bins, log1p scale −1…1.
    Timbre,
    /// 512 mel bands of power at 22,050 Hz, 2048/512: 327,500 samples make 640 columns.
    Mel512,
    /// 80 mel bands up to 8 kHz at 22,050 Hz, ln with a floor of 1e-5 (Tacotron 2, MelGAN).
    Vocoder80,
    /// 80 mel bands up to half the rate, log₁₀ with a floor of 1e-5 (descript's MelGAN).
    Vocoder80Log10,
}

impl PicturePreset {
    /// All presets.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Timbre,
        Self::Mel512,
        Self::Vocoder80,
        Self::Vocoder80Log10,
    ];

    /// Its name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Timbre => "timbre",
            Self::Mel512 => "mel-512",
            Self::Vocoder80 => "vocoder-80",
            Self::Vocoder80Log10 => "vocoder-80-log10",
        }
    }

    /// Its name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Plain => "As they are",
            Self::Timbre => "Timbre transfer, 256 bins",
            Self::Mel512 => "512 mel bands",
            Self::Vocoder80 => "80-band vocoder, ln",
            Self::Vocoder80Log10 => "80-band vocoder, log10",
        }
    }

    /// Its settings; phase as usual.
    pub fn options(self) -> ReconstructOptions {
        let mut options = ReconstructOptions::default();
        match self {
            Self::Plain => {}
            Self::Timbre => {
                options.sample_rate_hz = Some(44_100);
                options.stft = StftSpec {
                    symmetry: Symmetry::Symmetric,
                    padding: Padding::Reflect,
                    normalisation: Normalisation::FullScale,
                    ..StftSpec::new(1024, 512)
                };
                options.picture = MagnitudePicture {
                    scale: MagnitudeScale::Log1p16,
                    bins_kept: Some(256),
                    ..MagnitudePicture::default()
                };
            }
            Self::Mel512 => {
                options.sample_rate_hz = Some(22_050);
                options.picture.mel = Some(mel(512, None, 2.0));
            }
            Self::Vocoder80 => {
                options = vocoder(
                    mel(80, Some(8000.0), 1.0),
                    MagnitudeScale::Ln { floor: 1e-5 },
                );
            }
            Self::Vocoder80Log10 => {
                options = vocoder(mel(80, None, 1.0), MagnitudeScale::Log10 { floor: 1e-5 });
            }
        }
        options
    }
}

impl std::str::FromStr for PicturePreset {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// librosa's mel bands from 0 Hz.
fn mel(bands: usize, fmax_hz: Option<f64>, power: f32) -> MelSpec {
    MelSpec {
        bands,
        fmin_hz: 0.0,
        fmax_hz,
        formula: MelFormula::Slaney,
        norm: MelNorm::Slaney,
        power,
    }
}

/// 22,050 Hz, 1024/256, padded by 384 samples and not by 512: a column begins every 256 samples
/// and is centred 128 later.
fn vocoder(mel: MelSpec, scale: MagnitudeScale) -> ReconstructOptions {
    ReconstructOptions {
        stft: StftSpec {
            pad_length: Some(384),
            padding: Padding::Reflect,
            ..StftSpec::new(1024, 256)
        },
        sample_rate_hz: Some(22_050),
        picture: MagnitudePicture {
            mel: Some(mel),
            scale,
            ..MagnitudePicture::default()
        },
        ..ReconstructOptions::default()
    }
}
