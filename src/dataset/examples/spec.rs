//! What examples a network is given: of which recordings, as which pictures, for which answer.

use serde::{Deserialize, Serialize};

use crate::apply::PicturePreset;
use crate::dataset::augment::AugmentSpec;
use crate::dataset::masks::Polarity;
pub use crate::spectral::PictureChannels;
use crate::spectral::{MagnitudePicture, StftSpec};

/// What the network is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ExampleTarget {
    /// The target's picture with the channels of [`ExampleSpec::output`]; several targets one after
    /// the other.
    #[default]
    Picture,
    /// The ideal binary mask of the target against the rest as labels, `[1][height][columns]`. The
    /// rest is the mixture less the target, in samples; rows that fill the height are silence.
    Labels {
        /// For 0; 0.02 is usual.
        low: f32,
        /// For 1; 0.98 is usual.
        high: f32,
        /// 1 (the centre column; of an even width the one before the middle) or all of them.
        columns: usize,
        /// Whose share high labels are.
        polarity: Polarity,
    },
    /// `[1][1][1]`: 1 where the target's level in the example is above the threshold, else 0.
    Activity {
        /// The root of the mean square in decibels of full scale.
        threshold_db: f32,
    },
}

/// How the recordings lie in their folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExampleSource {
    /// `FOLDER/INSTRUMENT/PIECE.wav`, the same names of pieces in every instrument, as `dataset
    /// render` writes them. A folder `train`, `valid` or `test` on the way says what a piece is for.
    #[default]
    Instruments,
    /// Songs in parts: whatever [`MultitrackSet`](crate::dataset::MultitrackSet) opens.
    Stems,
    /// `FOLDER/{mixture,clean,degraded}/NAME.wav`, as `dataset speech-mix` writes them.
    Speech,
}

/// What examples are made. The default is the timbre pair from keyboard to guitar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExampleSpec {
    /// How the recordings lie in their folder; instruments by default.
    pub source: ExampleSource,
    /// What goes in. Instruments: a folder, or how the only such folder begins; empty is the first
    /// by name that is no target. Stems: "mixture" (also if empty) or a stem. Speech: "degraded"
    /// (also if empty), "mixture" or "clean". "keyboard" by default.
    pub origin: String,
    /// What is to come out: folders, stems, or "clean". Several are several answers in this order
    /// unless `conditioned`. "rest" is the mixture less the first other target, or else less the
    /// origin; not for instruments. "guitar" by default.
    pub targets: Vec<String>,
    /// Whether the input has one more channel: the magnitudes of a random stretch of any piece of
    /// the same split by the wanted target, so that one network learns all of them. Then each
    /// example has one of the targets, drawn. Not by default.
    pub conditioned: bool,
    /// Whether the origin is drawn too: any ordered pair of origin and targets. Only with
    /// `conditioned`. Not by default.
    pub any_to_any: bool,
    /// The rate in hertz, 1000 to 768 000; 44 100 by default. Recordings are the mean of their
    /// channels.
    pub sample_rate_hz: u32,
    /// How spectra are made. Columns are those of the whole song; beyond its ends is silence,
    /// whatever the padding.
    pub stft: StftSpec,
    /// How pictures are made of them: mel bands, bins kept, scale.
    pub picture: MagnitudePicture,
    /// Columns of an input picture, 1 to 65 536; 256 by default.
    pub columns: usize,
    /// Rows that pictures are filled (with what silence is) or cut to, at the high end, 1 to
    /// 65 536; `None`, the default, leaves them as they are.
    pub height: Option<usize>,
    /// Channels of the input.
    pub input: PictureChannels,
    /// Channels of each answer, if it is a picture.
    pub output: PictureChannels,
    /// What the network is to answer; a picture by default.
    pub target: ExampleTarget,
    /// The intro that is left out, in seconds; 0 by default.
    pub start_secs: f64,
    /// Examples of each song, spread over it; `None`, the default: as many as cover it.
    pub examples_per_song: Option<usize>,
    /// Columns between the beginnings of neighbouring examples; `None`, the default, is `columns`.
    pub hop_columns: Option<usize>,
    /// Stretches to learn from whose input and target are both below this level (root of the mean
    /// square, in decibels of full scale) are replaced by others, drawn up to 16 times. None by
    /// default.
    pub least_level_db: Option<f32>,
    /// How often, 0–1, a mixture to learn from is made of stems of different songs, each from
    /// anywhere in its song and at −6 to 6 dB. Only for stems. Channels need not be swapped: examples
    /// are their mean. 0 by default.
    pub remix: f64,
    /// What is done to examples to learn from, alike on both sides; nothing by default.
    pub augment: AugmentSpec,
    /// The part of the songs for validation, 0 to below 1, where the folder does not say; 0.1 by
    /// default. Above 0 it is one song at least, as long as one is left to learn from.
    pub valid_fraction: f64,
    /// The part of the songs for the final test, likewise; 0 by default.
    pub test_fraction: f64,
    /// `(k, of)`: of all songs that are not for the test, those of fold k of so many are for
    /// validation, and the rest to learn from, whatever their folder says. k counts from 0; `of`
    /// itself is fold 0 again, so that counting from 1 goes through all of them too.
    pub fold: Option<(usize, usize)>,
    /// Which draws, below 2⁶³; 0 by default. The same seed, files and spec give the same examples.
    pub seed: u64,
    /// Songs to leave out: names or beginnings of names, in any case of letters.
    pub exclude: Vec<String>,
    /// At most so many songs, by split and name, after exclusion; `None` is all.
    pub n_songs: Option<usize>,
    /// Stems of several parts, as "guitar=Guitar,Rhythm,Lead*". Only for stems.
    pub groups: Vec<String>,
}

impl Default for ExampleSpec {
    fn default() -> Self {
        let front = PicturePreset::Timbre.options();
        Self {
            source: ExampleSource::Instruments,
            origin: "keyboard".to_owned(),
            targets: vec!["guitar".to_owned()],
            conditioned: false,
            any_to_any: false,
            sample_rate_hz: 44_100,
            stft: front.stft,
            picture: front.picture,
            columns: 256,
            height: None,
            input: PictureChannels::Magnitude,
            output: PictureChannels::Magnitude,
            target: ExampleTarget::Picture,
            start_secs: 0.0,
            examples_per_song: None,
            hop_columns: None,
            least_level_db: None,
            remix: 0.0,
            augment: AugmentSpec::default(),
            valid_fraction: 0.1,
            test_fraction: 0.0,
            fold: None,
            seed: 0,
            exclude: Vec::new(),
            n_songs: None,
            groups: Vec::new(),
        }
    }
}

/// The shape of one example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExampleShapes {
    /// Of the input, `[channels][height][columns]`.
    pub input: [usize; 3],
    /// Of the answer, `[channels][height][columns]`.
    pub target: [usize; 3],
}
