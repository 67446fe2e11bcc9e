//! One method's estimates of one song against the truth.
//!
//! Which stems are measured together decides which frames count: a frame in which any of them is
//! silent has no scores (museval's rule). So all stems of the song go together, and, as museval's
//! `eval_mus_track` does, vocals and accompaniment go together once more, as a pair: their scores
//! are those of the pair. Stems that are too many to be measured together have no scores; the pair
//! has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::bss::windows_of;
use super::method::Estimates;
use super::open_song::OpenSong;
use super::scores::{Measure, MeasureScores, Metric, StemScores, TrackScores};
use super::stem_names::{ACCOMPANIMENT, Renames, VOCALS};
use super::{
    BssSpec, FrameScores, MOST_UNKNOWNS, bss_eval, log_spectral_distance_db, picture_l1,
    sdr_whole_db, si_sdr_db, snr_db,
};
use crate::apply::Region;
use crate::audio::Planar;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// How songs are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluateSpec {
    /// What is measured; BSSEval v4 by default.
    pub metrics: Vec<Metric>,
    /// The stretch of every song; `None` is the whole song.
    pub region: Option<Region>,
    /// Length of a frame of BSSEval v4 in seconds, above 0; 1 by default, as in SiSEC 2018.
    pub win_secs: f64,
    /// Distance of frames in seconds, above 0; 1 by default.
    pub hop_secs: f64,
}

impl Default for EvaluateSpec {
    fn default() -> Self {
        Self {
            metrics: vec![Metric::Bss4],
            region: None,
            win_secs: 1.0,
            hop_secs: 1.0,
        }
    }
}

impl EvaluateSpec {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        if self.metrics.is_empty() {
            return Err(Error::setting("metrics", "name one at least"));
        }
        for (name, secs) in [("window", self.win_secs), ("hop", self.hop_secs)] {
            if !(secs.is_finite() && secs > 0.0) {
                return Err(Error::setting(name, "must be more than 0 seconds"));
            }
        }
        self.region.map_or(Ok(()), |region| region.validate())
    }

    /// For fingerprints.
    pub(super) fn text(&self, renames: &Renames) -> String {
        format!(
            "{:?} {:?} {} {} {}",
            self.metrics,
            self.region,
            self.win_secs,
            self.hop_secs,
            renames.text()
        )
    }
}

/// What came of measuring.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The scores.
    pub scores: TrackScores,
    /// What could not be measured, and why.
    pub problems: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Measures estimates of a song; `method` is what they are called. Estimates are used up.
///
/// # Errors
/// [`Error::Setting`] if the spec is wrong; [`Error::Cancelled`]; whatever [`bss_eval`] meets.
pub fn measure_song(
    song: &OpenSong<'_>,
    method: &str,
    estimates: Estimates,
    spec: &EvaluateSpec,
    reporter: &Reporter,
) -> Result<Measured> {
    spec.validate()?;
    let Estimates {
        mut stems,
        mut problems,
        mut notes,
    } = estimates;
    // In the order of the references; the pair stands last.
    let mut places = Vec::new();
    let mut signals = Vec::new();
    for (place, name) in song.stems.iter().enumerate() {
        if let Some(planar) = stems.remove(name) {
            places.push(place);
            signals.push(planar);
        }
    }
    let references: Cow<'_, [Planar]> = if places.len() == song.references.len() {
        Cow::Borrowed(song.references.as_slice())
    } else {
        Cow::Owned(places.iter().map(|p| song.references[*p].clone()).collect())
    };
    let names: Vec<&str> = places.iter().map(|p| song.stems[*p].as_str()).collect();
    let mut all = Signals {
        names: &names,
        references: &references,
        estimates: &signals,
        rate_hz: song.sample_rate_hz(),
    };
    let is_pair = names.ends_with(&[VOCALS, ACCOMPANIMENT]);
    if !is_pair && song.sum_is_last() && names.last() == Some(&ACCOMPANIMENT) && names.len() > 1 {
        // A sum counts for nothing beside what it is the sum of.
        all = all.cut(0, names.len() - 1);
        notes.push("accompaniment is measured only together with vocals".into());
    }
    if all.names.len() == 1 {
        let note = format!(
            "{} is measured alone, so that SIR says nothing",
            all.names[0]
        );
        notes.push(note);
    }
    let mut out: Vec<StemScores> = all
        .names
        .iter()
        .map(|name| StemScores {
            stem: (*name).to_owned(),
            measures: Vec::new(),
        })
        .collect();
    for metric in &spec.metrics {
        match metric {
            Metric::Bss4 => {
                let bss = BssSpec {
                    win_secs: spec.win_secs,
                    hop_secs: spec.hop_secs,
                    ..BssSpec::default()
                };
                let scores = together(&all, is_pair, (&bss, *metric), &mut notes, reporter)?;
                for (out, scores) in out.iter_mut().zip(scores) {
                    push_frames(
                        out,
                        scores,
                        [Measure::Sdr, Measure::Isr, Measure::Sir, Measure::Sar],
                    );
                }
            }
            Metric::Bss3 => {
                let (references, estimates) = (mono(all.references), mono(all.estimates));
                let all = Signals {
                    references: &references,
                    estimates: &estimates,
                    ..all
                };
                let bss = BssSpec::sources();
                let scores = together(&all, is_pair, (&bss, *metric), &mut notes, reporter)?;
                for (out, scores) in out.iter_mut().zip(scores) {
                    push(out, Measure::SdrV3, scores.sdr);
                    push(out, Measure::SirV3, scores.sir);
                    push(out, Measure::SarV3, scores.sar);
                }
            }
            _ => {
                for (place, out) in out.iter_mut().enumerate() {
                    reporter.check()?;
                    let value = all.whole(*metric, place).or_else(|error| {
                        if error.is_cancelled() {
                            return Err(error);
                        }
                        problems.push(format!("{} of {}: {error}", metric.name(), out.stem));
                        Ok(f64::NAN)
                    })?;
                    push(out, measure_of(*metric), vec![value]);
                }
            }
        }
    }
    Ok(Measured {
        scores: TrackScores {
            song: song.song.name.clone(),
            split: song.song.split.name().to_owned(),
            method: method.to_owned(),
            win_secs: spec.win_secs,
            hop_secs: spec.hop_secs,
            stems: out,
        },
        problems,
        notes,
    })
}

/// Stems with their truth, all in one order.
#[derive(Clone, Copy)]
struct Signals<'a> {
    names: &'a [&'a str],
    references: &'a [Planar],
    estimates: &'a [Planar],
    rate_hz: u32,
}

impl Signals<'_> {
    fn cut(self, from: usize, to: usize) -> Self {
        Self {
            names: &self.names[from..to],
            references: &self.references[from..to],
            estimates: &self.estimates[from..to],
            rate_hz: self.rate_hz,
        }
    }

    /// Scores of all together; NaN and a note if they are too many.
    fn bss(
        &self,
        (spec, metric): (&BssSpec, Metric),
        notes: &mut Vec<String>,
        reporter: &Reporter,
    ) -> Result<Vec<FrameScores>> {
        let stems = self.references.len();
        let channels = self.references.first().map_or(0, Vec::len);
        if stems * channels * spec.filter_length > MOST_UNKNOWNS {
            notes.push(format!(
                "{} has no scores of {stems} stems together: at most {} of {channels} channels can be \
                 measured with {} taps",
                metric.name(),
                MOST_UNKNOWNS / (channels * spec.filter_length).max(1),
                spec.filter_length
            ));
            let first = self.references.first().and_then(|planar| planar.first());
            let frames = first.map_or(0, Vec::len);
            let windows = windows_of(frames, self.rate_hz, spec).len();
            return Ok(vec![FrameScores::unknown(windows); stems]);
        }
        bss_eval(
            self.references,
            self.estimates,
            self.rate_hz,
            spec,
            reporter,
        )
    }

    /// A measure that is one number for the song.
    fn whole(&self, metric: Metric, place: usize) -> Result<f64> {
        let (reference, estimate) = (&self.references[place], &self.estimates[place]);
        match metric {
            Metric::SiSdr => Ok(si_sdr_db(reference, estimate)),
            Metric::Snr => Ok(snr_db(reference, estimate)),
            Metric::Sdr => Ok(sdr_whole_db(reference, estimate)),
            Metric::Lsd => log_spectral_distance_db(reference, estimate, self.rate_hz),
            Metric::L1 => picture_l1(reference, estimate, self.rate_hz),
            Metric::Bss4 | Metric::Bss3 => Err(Error::setting("metrics", "has frames")),
        }
    }
}

fn measure_of(metric: Metric) -> Measure {
    match metric {
        Metric::Bss4 => Measure::Sdr,
        Metric::Bss3 => Measure::SdrV3,
        Metric::SiSdr => Measure::SiSdr,
        Metric::Snr => Measure::Snr,
        Metric::Sdr => Measure::SdrSong,
        Metric::Lsd => Measure::Lsd,
        Metric::L1 => Measure::L1,
    }
}

/// Scores of all stems, in their order; vocals and accompaniment as a pair if they are one.
fn together(
    all: &Signals<'_>,
    is_pair: bool,
    how: (&BssSpec, Metric),
    notes: &mut Vec<String>,
    reporter: &Reporter,
) -> Result<Vec<FrameScores>> {
    let count = all.names.len();
    if !is_pair {
        return all.bss(how, notes, reporter);
    }
    let mut scores = Vec::new();
    // A single stem beside the vocals that is the accompaniment by another name needs no second
    // run; the vocals alone are no group.
    let is_same = |signals: &[Planar]| signals.first() == signals.last();
    let is_other_name = count == 3 && is_same(all.references) && is_same(all.estimates);
    if count > 2 && !is_other_name {
        scores = all.cut(0, count - 1).bss(how, notes, reporter)?;
        scores.truncate(count - 2);
    }
    let pair = all.cut(count - 2, count).bss(how, notes, reporter)?;
    if is_other_name {
        scores.extend(pair.last().cloned());
    }
    scores.extend(pair);
    Ok(scores)
}

/// The mean of the channels of every signal.
fn mono(signals: &[Planar]) -> Vec<Planar> {
    let mean = |planar: &Planar| {
        let gain = 1.0 / planar.len().max(1) as f32;
        let frames = planar.first().map_or(0, Vec::len);
        let sum = |i: usize| planar.iter().map(|channel| channel[i]).sum::<f32>() * gain;
        vec![(0..frames).map(sum).collect()]
    };
    signals.iter().map(mean).collect()
}

fn push_frames(out: &mut StemScores, scores: FrameScores, measures: [Measure; 4]) {
    let values = [scores.sdr, scores.isr, scores.sir, scores.sar];
    for (measure, values) in measures.into_iter().zip(values) {
        push(out, measure, values);
    }
}

fn push(out: &mut StemScores, measure: Measure, values: Vec<f64>) {
    out.measures.push(MeasureScores { measure, values });
}
