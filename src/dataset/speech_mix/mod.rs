//! Music under recordings of speech, in aligned pairs: what a network learns to take music away by,
//! or to mend what a separator left.
//!
//! ```text
//! speech ─┬───────────────► OUT/clean/NAME.wav
//! music ──┴─► at an SNR ──► OUT/mixture/NAME.wav ─► separator ─► OUT/degraded/NAME.wav
//! ```
//!
//! `OUT/pairs/NAME.json` tells that a pair is whole and how it was made.
//! `OUT/pairs.csv` lists all of them.

mod inputs;
mod levels;
mod mixing;
mod pair_files;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use levels::active_frames;

use super::draws::Between;
use crate::apply::{MemorySink, SeparateOptions, Separator, separate, stem_names};
use crate::audio::{AudioFormat, Clip, Planar, apply_gain, peak};
use crate::error::{Error, Result};
use crate::progress::{Event, Reporter};
use mixing::mix;
use pair_files::{PairFiles, list_pairs};

/// The peak that a pair is lowered to where whole numbers could not hold it: −0.01 dB.
const HIGHEST_PEAK: f32 = 0.999;

/// How speech and music are mixed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeechMixSpec {
    /// The destination.
    #[serde(skip)]
    pub out: PathBuf,
    /// Whether pairs that are there are made anew.
    #[serde(skip)]
    pub overwrite: bool,
    /// What files are written as.
    pub format: AudioFormat,
    /// Energy of speech over that of music where speech is active ([`active_frames`]), in decibels;
    /// drawn evenly. Within −60 to 60; 0 by default.
    pub snr_db: Between,
    /// Which draws. 0 by default.
    pub seed: u64,
    /// The rate of the results in hertz; `None`: each recording of speech has its own.
    pub sample_rate_hz: Option<u32>,
    /// Whether channels are mixed to one; not by default.
    pub mono: bool,
    /// The separator's stem that becomes `degraded`; "vocals" by default.
    pub stem: String,
    /// The separator's name, as far as there is one: pairs of another are not taken for these.
    pub model: Option<String>,
}

impl Default for SpeechMixSpec {
    fn default() -> Self {
        Self {
            out: PathBuf::new(),
            overwrite: false,
            format: AudioFormat::default(),
            snr_db: Between::only(0.0),
            seed: 0,
            sample_rate_hz: None,
            mono: false,
            stem: "vocals".to_owned(),
            model: None,
        }
    }
}

impl SpeechMixSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        self.snr_db.validate("snr", -60.0, 60.0)?;
        match self.sample_rate_hz {
            Some(rate) if !(1000..=384_000).contains(&rate) => {
                Err(Error::setting("rate", "must be 1000 to 384000 Hz"))
            }
            _ => Ok(()),
        }
    }
}

/// How one pair was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechPair {
    /// Its name: the speech's path below its folder, without ending.
    pub name: String,
    /// The recording of speech.
    pub speech: String,
    /// The music.
    pub music: String,
    /// Where in the music it begins, in seconds.
    pub offset_secs: f64,
    /// Speech over music where speech is active, in decibels.
    pub snr_db: f64,
    /// What music was multiplied by before it was added to the speech.
    pub music_gain: f64,
    /// What all files of the pair were multiplied by to fit; 1 if nothing was lowered.
    pub gain: f64,
    /// The seed.
    pub seed: u64,
}

/// What became of a recording of speech.
#[derive(Debug)]
pub struct MixedSpeech {
    /// The recording.
    pub speech: PathBuf,
    /// The pair and whether it was written now (`false`: it was there), or why there is none.
    pub outcome: Result<(SpeechPair, bool)>,
}

/// Mixes each recording of speech with music that is drawn for it. `speech` and `music` are files
/// and folders. A pair depends on the spec, its name and the list of music, and not on other speech,
/// order or threads. `tell` hears of every file, in no certain order, from several threads; one
/// that is broken does not stop the others. What a killed run left of a pair is made anew; files
/// that are not known for such are only replaced with [`SpeechMixSpec::overwrite`]. Answers the number of pairs in `pairs.csv`, which lists
/// all that are in the destination.
///
/// # Errors
/// [`Error::Setting`] if the spec is wrong, the separator has no such stem, or there is no speech or
/// no music; [`Error::Cancelled`]; [`Error::Io`] if the list cannot be written.
pub fn speech_mix(
    speech: &[PathBuf],
    music: &[PathBuf],
    spec: &SpeechMixSpec,
    separator: Option<&mut dyn Separator>,
    tell: &(dyn Fn(MixedSpeech) + Sync),
    reporter: &Reporter,
) -> Result<usize> {
    spec.validate()?;
    if separator.is_some() != spec.model.is_some() {
        let problem = "a separator and its name must be given together";
        return Err(Error::setting("model", problem));
    }
    if let Some(separator) = &separator {
        stem_names(&**separator, &options(spec))?;
    }
    let (speech, mut broken) = inputs::find(speech);
    let (music, broken_music) = inputs::find_readable(music);
    broken.extend(broken_music);
    for (path, error) in broken {
        tell(MixedSpeech {
            speech: path,
            outcome: Err(error),
        });
    }
    for (name, is_empty) in [("speech", speech.is_empty()), ("music", music.is_empty())] {
        if is_empty {
            return Err(Error::setting(name, "needs an audio file at least"));
        }
    }
    let (done, total) = (AtomicU64::new(0), speech.len() as u64);
    let finish = |path: &Path, outcome: Result<(SpeechPair, bool)>| {
        if matches!(outcome, Err(Error::Cancelled)) {
            return Err(Error::Cancelled);
        }
        tell(MixedSpeech {
            speech: path.to_path_buf(),
            outcome,
        });
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        reporter.step("Mixing", done, total)
    };
    let worked = match separator {
        // A separator works on all processors by itself, on one recording at a time.
        Some(separator) => speech.iter().try_for_each(|(name, path)| {
            let quiet = quiet(reporter);
            let degrade =
                |mixture: &Planar, rate| degraded(mixture, rate, separator, spec, &quiet).map(Some);
            finish(path, one(name, path, &music, spec, degrade, &quiet))
        }),
        None => speech.par_iter().try_for_each(|(name, path)| {
            let none = |_: &Planar, _| Ok(None);
            let made = one(name, path, &music, spec, none, &quiet(reporter));
            finish(path, made)
        }),
    };
    let listed = list_pairs(&spec.out);
    worked?;
    listed
}

fn options(spec: &SpeechMixSpec) -> SeparateOptions {
    SeparateOptions {
        stems: Some(vec![spec.stem.clone()]),
        ..SeparateOptions::default()
    }
}

/// Stopped with the whole, silent about its steps; warnings pass.
fn quiet(reporter: &Reporter) -> Reporter {
    let outer = reporter.clone();
    Reporter::new(reporter.cancel_token().clone(), move |event| {
        if let Event::Warning(message) = event {
            outer.warn(message);
        }
    })
}

fn one(
    name: &str,
    path: &Path,
    music: &[PathBuf],
    spec: &SpeechMixSpec,
    degrade: impl FnOnce(&Planar, u32) -> Result<Option<Planar>>,
    reporter: &Reporter,
) -> Result<(SpeechPair, bool)> {
    reporter.check()?;
    let places = PairFiles::of(name, spec);
    let settings = serde_json::to_string(spec).unwrap_or_default();
    if !spec.overwrite {
        if let Some(pair) = places
            .kept(&settings)
            .filter(|pair| pair.speech == path.display().to_string())
        {
            return Ok((pair, false));
        }
        places.check()?;
    }
    let mixed = mix(name, path, music, spec, reporter)?;
    let rate = mixed.sample_rate_hz;
    let degraded = degrade(&mixed.mixture, rate)?;
    let mut files = vec![mixed.mixture, mixed.clean];
    files.extend(degraded);
    let highest = files.iter().flatten().map(|c| peak(c)).fold(0.0, f32::max);
    let has_room = spec.format.integer_bits().is_none() || highest <= 1.0;
    let gain = if has_room {
        1.0
    } else {
        HIGHEST_PEAK / highest
    };
    for samples in files.iter_mut().flatten() {
        apply_gain(samples, gain);
    }
    let pair = SpeechPair {
        name: name.to_owned(),
        speech: path.display().to_string(),
        music: mixed.music.display().to_string(),
        offset_secs: mixed.offset_secs,
        snr_db: mixed.snr_db,
        music_gain: mixed.music_gain,
        gain: f64::from(gain),
        seed: spec.seed,
    };
    places.write(&files, rate, &pair, settings, spec, reporter)?;
    Ok((pair, true))
}

fn degraded(
    mixture: &Planar,
    sample_rate_hz: u32,
    separator: &mut dyn Separator,
    spec: &SpeechMixSpec,
    reporter: &Reporter,
) -> Result<Planar> {
    let clip = Clip::new(sample_rate_hz, mixture.clone());
    let (mut source, mut sink) = (clip.reader(0..clip.frames()), MemorySink::new());
    separate(&mut source, separator, &options(spec), &mut sink, reporter)?;
    let stem = sink.finish()?.into_iter().next();
    let (_, stem) = stem.ok_or_else(|| Error::setting("stem", "the separator gave none"))?;
    let equally_long = |channel: &[f32]| {
        let mut channel = channel.to_vec();
        channel.resize(clip.frames(), 0.0);
        channel
    };
    Ok(stem.channels().into_iter().map(equally_long).collect())
}
