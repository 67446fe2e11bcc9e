//! How loud takes are, and the gains that make them equally loud.
//!
//! Loudness is that of ITU-R BS.1770-5 (K-weighting, 400 ms blocks, absolute gate at −70 LUFS,
//! relative gate at −10 LU), computed by the crate `ebur128`. The louder of two takes sounds better
//! whatever it is, so takes are compared at the same loudness.

use std::ops::Range;

use ebur128::{Channel, EbuR128, Mode};
use serde::{Deserialize, Serialize};

use crate::audio::{Clip, Source as _, peak};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The absolute gate of BS.1770: what is below counts as silence.
const GATE_LUFS: f64 = -70.0;
/// Rates for which the K-weighting's filters exist: its shelf stands at 1.7 kHz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=2_822_400;
const MOST_CHANNELS: usize = 64;
/// Sample peaks stay this far below full scale (−0.1 dBFS), for rounding and dither.
const PEAK_LIMIT_DB: f64 = -0.1;

/// The loudness of a take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loudness {
    /// Integrated loudness in LUFS, above −70; `None` for silence.
    pub integrated_lufs: Option<f64>,
    /// Largest absolute sample, 1.0 is full scale.
    pub sample_peak: f32,
}

impl Loudness {
    /// The sample peak in dB below full scale; `None` for nothing but zeros.
    pub fn peak_db(&self) -> Option<f64> {
        (self.sample_peak > 0.0).then(|| 20.0 * f64::from(self.sample_peak).log10())
    }
}

/// Measures frames `range` of a clip (cut to the clip), block by block.
///
/// Beyond what BS.1770 says:
/// * A mono clip counts as heard on both speakers, which is how it is played: it measures the same
///   as a stereo clip with that channel on both sides.
/// * A range shorter than one 400 ms block has the K-weighted mean square over its own length,
///   ungated, the filter's ringing up to 400 ms included.
/// * Samples that are no numbers count as zeros.
///
/// # Errors
/// [`Error::Setting`] if the rate is not within 4000 to 2822400 Hz or there are more than 64
/// channels; [`Error::Cancelled`].
pub fn measure(clip: &Clip, range: Range<usize>, reporter: &Reporter) -> Result<Loudness> {
    let mut reader = clip.reader(range);
    let total = reader.frames_hint().unwrap_or(0);
    let mut sample_peak = 0.0_f32;
    if total == 0 {
        return Ok(Loudness {
            integrated_lufs: None,
            sample_peak,
        });
    }
    let mut meter = meter(clip.num_channels(), clip.sample_rate_hz())?;
    let mut done = 0;
    while let Some(mut block) = reader.next_block()? {
        for channel in &mut block {
            for x in channel.iter_mut().filter(|x| !x.is_finite()) {
                *x = 0.0;
            }
            sample_peak = sample_peak.max(peak(channel));
        }
        feed(&mut meter, &block)?;
        done += block.first().map_or(0, Vec::len) as u64;
        reporter.step("Measuring", done, total)?;
    }
    // As the crate counts the frames of a block.
    let block_frames = 4 * ((u64::from(clip.sample_rate_hz()) + 5) / 10);
    let lufs = if total >= block_frames {
        meter.loudness_global().map_err(failed)?
    } else {
        let rest = vec![vec![0.0; (block_frames - total) as usize]; clip.num_channels()];
        feed(&mut meter, &rest)?;
        let diluted = 10.0 * (block_frames as f64 / total as f64).log10();
        meter.loudness_momentary().map_err(failed)? + diluted
    };
    Ok(Loudness {
        integrated_lufs: Some(lufs).filter(|lufs| lufs.is_finite() && *lufs > GATE_LUFS),
        sample_peak,
    })
}

fn meter(channels: usize, sample_rate_hz: u32) -> Result<EbuR128> {
    if !RATES_HZ.contains(&sample_rate_hz) {
        let problem = format!(
            "loudness cannot be measured at {sample_rate_hz} Hz; resample to 8000 Hz or more"
        );
        return Err(Error::setting("sample rate", problem));
    }
    if channels == 0 || channels > MOST_CHANNELS {
        let problem = format!("loudness of {channels} channels is not defined; use 1 to 64");
        return Err(Error::setting("channels", problem));
    }
    let mut meter = EbuR128::new(channels as u32, sample_rate_hz, Mode::I).map_err(failed)?;
    // The speakers that 7 and 8 channels in the order of WAV files stand for; up to 6 the crate
    // knows them. Weights by direction: BS.1770-5, annex 3.
    match channels {
        1 => meter.set_channel(0, Channel::DualMono).map_err(failed)?,
        7 => meter
            .set_channel_map(&[
                Channel::Left,
                Channel::Right,
                Channel::Center,
                Channel::Unused,
                Channel::Mp180,
                Channel::Mp090,
                Channel::Mm090,
            ])
            .map_err(failed)?,
        8 => meter
            .set_channel_map(&[
                Channel::Left,
                Channel::Right,
                Channel::Center,
                Channel::Unused,
                Channel::Mp135,
                Channel::Mm135,
                Channel::Mp090,
                Channel::Mm090,
            ])
            .map_err(failed)?,
        _ => {}
    }
    Ok(meter)
}

fn feed(meter: &mut EbuR128, block: &[Vec<f32>]) -> Result<()> {
    let channels: Vec<&[f32]> = block.iter().map(Vec::as_slice).collect();
    meter.add_frames_planar_f32(&channels).map_err(failed)
}

fn failed(error: ebur128::Error) -> Error {
    Error::setting("loudness", format!("cannot be measured ({error})"))
}

/// What takes are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchTarget {
    /// The quietest take that is not silent, so that no gain raises anything.
    #[default]
    Quietest,
    /// The take at this place, from 0.
    Reference(usize),
    /// A loudness in LUFS, −70 to 0.
    Lufs(f64),
}

/// Gains after which takes are equally loud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matched {
    /// One gain per take in dB, in the takes' order; 0 for a silent one.
    pub gains_db: Vec<f64>,
    /// What every take measures after its gain, in LUFS; `None` if all are silent.
    pub target_lufs: Option<f64>,
    /// How far below the wanted target that is, in dB, 0 or more: all takes are lowered together
    /// where the peak of one would pass −0.1 dBFS, so that they still match.
    pub lowered_db: f64,
}

/// The gains that bring takes to one loudness.
///
/// # Errors
/// [`Error::Setting`] if the reference does not exist or is silent, or the target is not within
/// −70 to 0 LUFS.
pub fn match_gains(takes: &[Loudness], target: MatchTarget) -> Result<Matched> {
    let fail = |problem: String| Err(Error::setting("target", problem));
    let wanted_lufs = match target {
        MatchTarget::Quietest => takes
            .iter()
            .filter_map(|take| take.integrated_lufs)
            .min_by(f64::total_cmp),
        MatchTarget::Reference(index) => match takes.get(index) {
            None => return fail(format!("there is no take {index} to match the others to")),
            Some(take) if take.integrated_lufs.is_none() => {
                return fail("the take to match the others to is silent; choose another".into());
            }
            Some(take) => take.integrated_lufs,
        },
        MatchTarget::Lufs(lufs) if (GATE_LUFS..=0.0).contains(&lufs) => takes
            .iter()
            .any(|take| take.integrated_lufs.is_some())
            .then_some(lufs),
        MatchTarget::Lufs(lufs) => return fail(format!("{lufs} LUFS is not within -70 to 0")),
    };
    let gain_db = |take: &Loudness| Some(wanted_lufs? - take.integrated_lufs?);
    let lowered_db = takes
        .iter()
        .filter_map(|take| Some(take.peak_db()? + gain_db(take)? - PEAK_LIMIT_DB))
        .fold(0.0, f64::max);
    Ok(Matched {
        gains_db: takes
            .iter()
            .map(|take| gain_db(take).map_or(0.0, |gain| gain - lowered_db))
            .collect(),
        target_lufs: wanted_lufs.map(|lufs| lufs - lowered_db),
        lowered_db,
    })
}
