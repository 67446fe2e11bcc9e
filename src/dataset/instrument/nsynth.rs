//! A folder of single notes named as in NSynth: `family_source_III-PPP-VVV.wav`.
//!
//! III is the instrument's number within family and source, PPP the MIDI pitch, VVV the velocity
//! (Engel et al., "Neural audio synthesis of musical notes with WaveNet autoencoders", ICML 2017).

use std::collections::BTreeSet;
use std::path::Path;

use super::bank::{Entry, Missing, SampleBank};
use crate::audio::sanitise_file_name;
use crate::error::{Error, Result};

/// Names of other instruments that a message lists at most.
const MOST_LISTED: usize = 8;

/// Opens one instrument of a folder, for example `keyboard_acoustic_000`. Samples are brought to
/// `sample_rate_hz` when they are first needed.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read; [`Error::Setting`] if it has no such instrument.
pub fn open_nsynth(
    folder: &Path,
    instrument: &str,
    sample_rate_hz: u32,
    missing: Missing,
) -> Result<SampleBank> {
    let mut entries = Vec::new();
    let mut others = BTreeSet::new();
    for item in std::fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let path = item.map_err(Error::io("read the folder", folder))?.path();
        let is_wav = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        match stem.filter(|_| is_wav).and_then(parse) {
            Some((name, pitch, velocity)) if name == instrument => entries.push(Entry {
                pitch,
                velocity: Some(velocity),
                repeat: None,
                path: path.clone(),
            }),
            Some((name, ..)) => {
                others.insert(name.to_owned());
            }
            None => {}
        }
    }
    if entries.is_empty() {
        let listed: Vec<String> = others.into_iter().take(MOST_LISTED).collect();
        let there = if listed.is_empty() {
            "has no files named family_source_III-PPP-VVV.wav".to_owned()
        } else {
            format!("has among others {}", listed.join(", "))
        };
        let problem = format!(
            "no {instrument:?} here; the folder {there}: {}",
            folder.display()
        );
        return Err(Error::setting("instrument", problem));
    }
    SampleBank::new(
        sanitise_file_name(instrument),
        entries,
        sample_rate_hz,
        missing,
    )
}

/// Instrument, pitch and velocity that a name tells.
fn parse(stem: &str) -> Option<(&str, u8, u8)> {
    let (rest, velocity) = stem.rsplit_once('-')?;
    let (name, pitch) = rest.rsplit_once('-')?;
    let number = |text: &str| {
        let is_number = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        let value = is_number.then(|| text.parse::<u8>().ok()).flatten();
        value.filter(|value| *value <= 127)
    };
    Some((name, number(pitch)?, number(velocity)?.max(1)))
}
