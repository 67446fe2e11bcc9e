//! What a slice of a recording is: its samples, its shape, its values.

use serde::{Deserialize, Serialize};

use crate::apply::PicturePreset;
use crate::error::Result;
use crate::spectral::{Complex32, PicturePlan, Stft};

/// Columns of a timbre slice.
const TIMBRE_COLUMNS: usize = 256;
/// Samples of a 512-band slice: 640 columns.
const MEL_512_SAMPLES: usize = 327_500;
/// What silence is on the timbre system's scale.
const TIMBRE_SILENCE: f32 = -1.0;

/// Which pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureKind {
    /// The pix2pix timbre system's: 256 of 513 bins × 256 columns at 44,100 Hz, −1…1. The last
    /// slice is filled with −1, which is silence. (That system stores 0…1 and makes −1…1 of it later.)
    #[default]
    Timbre,
    /// 512 mel bands of power × 640 columns at 22,050 Hz, of 327,500 samples each; the last stretch
    /// of samples is filled with silence.
    #[serde(rename = "mel-512")]
    Mel512,
    /// 80 mel bands, ln, at 22,050 Hz; one slice that is the whole piece.
    #[serde(rename = "mel-80")]
    Mel80,
}

impl FeatureKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Timbre, Self::Mel512, Self::Mel80];

    /// Its name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timbre => "timbre",
            Self::Mel512 => "mel-512",
            Self::Mel80 => "mel-80",
        }
    }

    /// The picture that it is made of.
    pub fn preset(self) -> PicturePreset {
        match self {
            Self::Timbre => PicturePreset::Timbre,
            Self::Mel512 => PicturePreset::Mel512,
            Self::Mel80 => PicturePreset::Vocoder80,
        }
    }

    /// The rate that recordings are brought to, in hertz.
    pub fn sample_rate_hz(self) -> u32 {
        match self {
            Self::Timbre => 44_100,
            Self::Mel512 | Self::Mel80 => 22_050,
        }
    }

    /// What a slice's indices and values are, for a person.
    pub fn layout(self) -> &'static str {
        match self {
            Self::Timbre => "[bin 256][column 256][1], -1 to 1, -1 is silence and fills the end",
            Self::Mel512 => "[band 512][column 640][1], power",
            Self::Mel80 => "[band 80][column][1], natural logarithm of magnitudes",
        }
    }
}

impl std::str::FromStr for FeatureKind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Makes slices of one kind. Threads may share it.
pub(super) struct FeatureMaker {
    kind: FeatureKind,
    stft: Stft,
    picture: PicturePlan,
}

impl FeatureMaker {
    pub(super) fn new(kind: FeatureKind) -> Result<Self> {
        let options = kind.preset().options();
        Ok(Self {
            kind,
            stft: Stft::new(&options.stft)?,
            picture: options.picture.plan(&options.stft, kind.sample_rate_hz())?,
        })
    }

    /// Slices of so many samples.
    pub(super) fn slices(&self, frames: usize) -> usize {
        match self.kind {
            FeatureKind::Timbre => self.stft.spec().columns(frames).div_ceil(TIMBRE_COLUMNS),
            FeatureKind::Mel512 => frames.div_ceil(MEL_512_SAMPLES),
            FeatureKind::Mel80 => usize::from(frames > 0),
        }
    }

    /// The shape of a slice of so many samples.
    pub(super) fn shape(&self, frames: usize) -> [usize; 3] {
        let columns = match self.kind {
            FeatureKind::Timbre => TIMBRE_COLUMNS,
            FeatureKind::Mel512 => self.stft.spec().columns(MEL_512_SAMPLES),
            FeatureKind::Mel80 => self.stft.spec().columns(frames),
        };
        [self.picture.height(), columns, 1]
    }

    /// A slice's shape and its values, `[band][column][1]`.
    pub(super) fn slice(&self, samples: &[f32], number: usize) -> ([usize; 3], Vec<f32>) {
        let shape = self.shape(samples.len());
        let [height, columns, _] = shape;
        let picture = match self.kind {
            FeatureKind::Timbre => {
                let first = number * TIMBRE_COLUMNS;
                let there = self.stft.spec().columns(samples.len());
                self.picture(samples, first, there.saturating_sub(first).min(columns))
            }
            FeatureKind::Mel512 => {
                let start = (number * MEL_512_SAMPLES).min(samples.len());
                let end = (start + MEL_512_SAMPLES).min(samples.len());
                let mut stretch = samples[start..end].to_vec();
                stretch.resize(MEL_512_SAMPLES, 0.0);
                self.picture(&stretch, 0, columns)
            }
            FeatureKind::Mel80 => self.picture(samples, 0, columns),
        };
        // Only the last timbre slice leaves any of these.
        let mut values = vec![TIMBRE_SILENCE; height * columns];
        for (column, bands) in picture.chunks_exact(height).enumerate() {
            for (band, value) in bands.iter().enumerate() {
                values[band * columns + column] = *value;
            }
        }
        (shape, values)
    }

    /// Columns of the picture, `[column][band]`.
    fn picture(&self, samples: &[f32], first: usize, columns: usize) -> Vec<f32> {
        let mut spectra = vec![Complex32::default(); columns * self.stft.spec().bins()];
        self.stft.forward_columns(samples, first, &mut spectra);
        let magnitudes: Vec<f32> = spectra.iter().map(|value| value.norm()).collect();
        self.picture.forward(&magnitudes)
    }
}
