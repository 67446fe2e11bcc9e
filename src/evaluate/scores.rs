//! What a method's stems of a song scored, and what the measures are called.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::apply::Region;
use crate::error::{Error, Result};

/// A group of measures that is asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// SDR, ISR, SIR and SAR of BSSEval v4 (Stöter, Liutkus and Ito 2018), per frame.
    Bss4,
    /// SDR, SIR and SAR of BSSEval v3 for sources (Vincent, Gribonval and Févotte 2006), of the
    /// channels' mean, one value per song.
    Bss3,
    /// Scale-invariant SDR (Le Roux, Wisdom, Erdogan and Hershey 2019), one value per song.
    SiSdr,
    /// Level of the reference against that of the difference, one value per song.
    Snr,
    /// The whole song's SDR of the Music Demixing Challenge 2021, one value per song.
    Sdr,
    /// Log-spectral distance in dB, one value per song; lower is better.
    Lsd,
    /// Mean absolute difference of the pictures that the timbre network sees, one value per song;
    /// lower is better.
    L1,
}

impl Metric {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 7] = [
        Self::Bss4,
        Self::Bss3,
        Self::SiSdr,
        Self::Snr,
        Self::Sdr,
        Self::Lsd,
        Self::L1,
    ];

    /// Its name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bss4 => "bss4",
            Self::Bss3 => "bss3",
            Self::SiSdr => "si-sdr",
            Self::Snr => "snr",
            Self::Sdr => "sdr",
            Self::Lsd => "lsd",
            Self::L1 => "l1",
        }
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|metric| metric.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::setting("metrics", format!("{text:?} is none of {names}"))
        })
    }
}

/// One column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Measure {
    /// Signal to distortion, BSSEval v4, dB.
    #[serde(rename = "SDR")]
    Sdr,
    /// Source image to spatial distortion, BSSEval v4, dB.
    #[serde(rename = "ISR")]
    Isr,
    /// Signal to interference, BSSEval v4, dB.
    #[serde(rename = "SIR")]
    Sir,
    /// Signal to artefacts, BSSEval v4, dB.
    #[serde(rename = "SAR")]
    Sar,
    /// Signal to distortion, BSSEval v3, dB.
    #[serde(rename = "SDR v3")]
    SdrV3,
    /// Signal to interference, BSSEval v3, dB.
    #[serde(rename = "SIR v3")]
    SirV3,
    /// Signal to artefacts, BSSEval v3, dB.
    #[serde(rename = "SAR v3")]
    SarV3,
    /// Scale-invariant SDR, dB.
    #[serde(rename = "SI-SDR")]
    SiSdr,
    /// Signal to noise, dB.
    #[serde(rename = "SNR")]
    Snr,
    /// SDR of the whole song, dB.
    #[serde(rename = "SDR song")]
    SdrSong,
    /// Log-spectral distance, dB.
    #[serde(rename = "LSD")]
    Lsd,
    /// Mean absolute difference of pictures, 0–2.
    #[serde(rename = "L1")]
    L1,
}

impl Measure {
    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sdr => "SDR",
            Self::Isr => "ISR",
            Self::Sir => "SIR",
            Self::Sar => "SAR",
            Self::SdrV3 => "SDR v3",
            Self::SirV3 => "SIR v3",
            Self::SarV3 => "SAR v3",
            Self::SiSdr => "SI-SDR",
            Self::Snr => "SNR",
            Self::SdrSong => "SDR song",
            Self::Lsd => "LSD",
            Self::L1 => "L1",
        }
    }

    /// Its unit; empty for plain numbers.
    pub fn unit(self) -> &'static str {
        match self {
            Self::L1 => "",
            _ => "dB",
        }
    }

    /// Whether a song has a value per frame rather than one.
    pub fn has_frames(self) -> bool {
        matches!(self, Self::Sdr | Self::Isr | Self::Sir | Self::Sar)
    }

    /// Whether a lower value is a better one.
    pub fn lower_is_better(self) -> bool {
        matches!(self, Self::Lsd | Self::L1)
    }
}

/// What times of frames may be off by: they are sums of decimal fractions.
const TIME_ERROR_SECS: f64 = 1e-6;

/// One measure's values of one stem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasureScores {
    /// The measure.
    pub measure: Measure,
    /// One per frame, or one for the song; NaN where there is nothing to measure.
    pub values: Vec<f64>,
}

/// One stem's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StemScores {
    /// The stem.
    pub stem: String,
    /// Its measures, each once.
    pub measures: Vec<MeasureScores>,
}

impl StemScores {
    /// The values of a measure; empty if there are none.
    pub fn values(&self, measure: Measure) -> &[f64] {
        let found = self.measures.iter().find(|m| m.measure == measure);
        found.map_or(&[], |m| &m.values)
    }
}

/// One method's scores of one song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackScores {
    /// The song.
    pub song: String,
    /// What the song is for: "train", "valid", "test" or "none".
    pub split: String,
    /// The method.
    pub method: String,
    /// Length of a frame in seconds.
    pub win_secs: f64,
    /// Distance of frames in seconds.
    pub hop_secs: f64,
    /// The stems, in the order of tables.
    pub stems: Vec<StemScores>,
}

impl TrackScores {
    /// A stem's scores, by its name in any case of letters.
    pub fn stem(&self, name: &str) -> Option<&StemScores> {
        self.stems.iter().find(|stem| same_name(&stem.stem, name))
    }
}

impl TrackScores {
    /// Keeps the frames that lie wholly within a region of the song. Measures with one value per
    /// song stay as they are: they cannot be cut.
    pub fn cut(&mut self, region: &Region) {
        let start = region.start_secs - TIME_ERROR_SECS;
        let length = region.duration_secs.unwrap_or(f64::INFINITY);
        let end = region.start_secs + length + TIME_ERROR_SECS;
        let (win_secs, hop_secs) = (self.win_secs, self.hop_secs);
        let is_within = |frame: usize| {
            let from = frame as f64 * hop_secs;
            start <= from && from + win_secs <= end
        };
        let measures = self.stems.iter_mut().flat_map(|stem| &mut stem.measures);
        for measured in measures.filter(|measured| measured.measure.has_frames()) {
            let mut frame = 0..;
            measured
                .values
                .retain(|_| frame.next().is_some_and(is_within));
        }
    }

    /// Whether there is any value.
    pub fn has_values(&self) -> bool {
        let mut measures = self.stems.iter().flat_map(|stem| &stem.measures);
        measures.any(|measured| !measured.values.is_empty())
    }

    /// Whether frames are as long and as far apart as these.
    pub fn has_frames_of(&self, win_secs: f64, hop_secs: f64) -> bool {
        let is_same = |a: f64, b: f64| (a - b).abs() <= TIME_ERROR_SECS;
        is_same(self.win_secs, win_secs) && is_same(self.hop_secs, hop_secs)
    }
}

/// Whether two names are the same but for the case of letters.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
