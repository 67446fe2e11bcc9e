//! A folder of pitched samples, with a list of them or with pitches in their names.
//!
//! ```toml
//! # instrument.toml
//! [[sample]]
//! file = "A4.wav"
//! pitch = 69
//! velocity = 100      # optional
//! loop_start = 20000  # optional, frames of the file
//! loop_end = 40000    # the frame after the loop's last
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::bank::{Entry, Missing, SampleBank};
use super::names::pitch_from_name;
use crate::audio::{SUPPORTED_EXTENSIONS, sanitise_file_name};
use crate::error::{Error, Result};

/// The list's name in the folder.
const MAPPING: &str = "instrument.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    sample: Vec<Mapped>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapped {
    file: PathBuf,
    pitch: u8,
    velocity: Option<u8>,
    loop_start: Option<u64>,
    loop_end: Option<u64>,
}

/// Opens a folder of samples: those of its `instrument.toml`, or without one every audio file whose
/// name tells a pitch ([`pitch_from_name`]). The instrument is called as the folder.
///
/// # Errors
/// [`Error::Io`] if folder or list cannot be read; [`Error::Document`] if the list is wrong;
/// [`Error::Setting`] if there are no samples.
pub fn open_samples(folder: &Path, sample_rate_hz: u32, missing: Missing) -> Result<SampleBank> {
    let list = folder.join(MAPPING);
    let entries = if list.exists() {
        mapped(folder, &list)?
    } else {
        named(folder)?
    };
    if entries.is_empty() {
        let problem = format!(
            "no samples: name the files by their notes (A4.wav, Ds3.wav) or list them in {MAPPING}: {}",
            folder.display()
        );
        return Err(Error::setting("instrument", problem));
    }
    let real = folder
        .canonicalize()
        .map_err(Error::io("find the folder", folder))?;
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    SampleBank::new(sanitise_file_name(&name), entries, sample_rate_hz, missing)
}

fn mapped(folder: &Path, list: &Path) -> Result<Vec<Entry>> {
    let wrong = |problem: String| Error::Document {
        what: "list of samples",
        problem,
        path: list.into(),
    };
    let text = std::fs::read_to_string(list).map_err(Error::io("read", list))?;
    let mapping: Mapping = toml::from_str(&text)
        .map_err(|error: toml::de::Error| wrong(error.message().trim().replace('\n', ", ")))?;
    let entry = |sample: Mapped| {
        let name = sample.file.display();
        if sample.pitch > 127 {
            return Err(wrong(format!("{name}: pitch must be 0 to 127")));
        }
        if sample.velocity.is_some_and(|v| !(1..=127).contains(&v)) {
            return Err(wrong(format!("{name}: velocity must be 1 to 127")));
        }
        let repeat = match (sample.loop_start, sample.loop_end) {
            (None, None) => None,
            (Some(from), Some(to)) if from < to => Some((from, to)),
            _ => {
                let problem = "loop_start and loop_end go together, the end after the start";
                return Err(wrong(format!("{name}: {problem}")));
            }
        };
        let path = folder.join(&sample.file);
        if !path.is_file() {
            return Err(wrong(format!("{name} is not there")));
        }
        Ok(Entry {
            pitch: sample.pitch,
            velocity: sample.velocity,
            path,
            repeat,
        })
    };
    mapping.sample.into_iter().map(entry).collect()
}

fn named(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for item in std::fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let path = item.map_err(Error::io("read the folder", folder))?.path();
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let is_audio = ending.is_some_and(|e| SUPPORTED_EXTENSIONS.contains(&e.as_str()));
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(pitch) = stem.filter(|_| is_audio).and_then(pitch_from_name) {
            entries.push(Entry {
                pitch,
                velocity: None,
                path,
                repeat: None,
            });
        }
    }
    Ok(entries)
}
