//! Sections of mixtures and of one stem as pairs of files, apart by split.
//!
//! ```text
//! OUT/train/mixture/SONG_NNN.wav   OUT/train/STEM/SONG_NNN.wav   (valid and test likewise)
//! OUT/mixture/SONG_NNN.wav         OUT/STEM/SONG_NNN.wav         (songs without a split)
//! OUT/made/SONG.json               (what a song's pairs are made of, and how)
//! ```

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Mixture, Song, Split, Take, same_name, sections};
use crate::apply::ClipFile;
use crate::audio::{AudioFormat, Clip, peak, probe, sanitise_file_name};
use crate::dataset::made::claim;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// What to cut, and where to put it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractSpec {
    /// The folder of the results: `mixture/SONG_SECTION.wav` and `STEM/SONG_SECTION.wav` in it, or
    /// below `train`, `valid` or `test` in it if the song has a split.
    pub out: PathBuf,
    /// The stem.
    pub stem: String,
    /// Sections of each song; 1 by default.
    pub sections: usize,
    /// The intro that is left out, in seconds; 30 by default.
    pub start_secs: f64,
    /// Frames of a section, at `sample_rate_hz`; 327 500 by default.
    pub section_samples: usize,
    /// The rate of the results in hertz; 22 050 by default, at which a section is 14.85 s.
    pub sample_rate_hz: u32,
    /// Whether channels are mixed to one; not by default.
    pub mono: bool,
}

impl Default for ExtractSpec {
    fn default() -> Self {
        Self {
            out: PathBuf::new(),
            stem: String::new(),
            sections: 1,
            start_secs: 30.0,
            section_samples: 327_500,
            sample_rate_hz: 22_050,
            mono: false,
        }
    }
}

impl ExtractSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        if self.stem.trim().is_empty() || same_name(&self.stem, "mixture") {
            return Err(Error::setting(
                "stem",
                "must be the name of a stem, and not \"mixture\", which is written anyway",
            ));
        }
        if !(1..=100_000).contains(&self.sections) {
            return Err(Error::setting("sections", "must be 1 to 100000"));
        }
        if !(1..=1 << 30).contains(&self.section_samples) {
            return Err(Error::setting("samples", "must be 1 to 2^30"));
        }
        if !(1_000..=768_000).contains(&self.sample_rate_hz) {
            return Err(Error::setting("rate", "must be 1000 to 768000 Hz"));
        }
        if !(self.start_secs.is_finite() && self.start_secs >= 0.0) {
            return Err(Error::setting("start", "must be 0 or more seconds"));
        }
        Ok(())
    }

    /// Where pairs of a split go.
    fn root(&self, split: Split) -> PathBuf {
        match split {
            Split::None => self.out.clone(),
            split => self.out.join(split.name()),
        }
    }

    /// The stem's folder beside that of the mixtures.
    fn folder(&self) -> PathBuf {
        sanitise_file_name(&self.stem).into()
    }
}

/// What became of a song.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Extracted {
    /// Files that were written: mixture and stem of each section in turn.
    pub written: Vec<PathBuf>,
    /// Files that were there already and were kept.
    pub kept: usize,
    /// Sections in which the stem that was written is silent throughout.
    pub silent_sections: usize,
    /// Why there are no pairs of this song, if there are none.
    pub missing: Option<String>,
}

/// Writes a song's pairs as 32-bit float WAV, which nothing clips. Files that are there are kept.
///
/// # Errors
/// [`Error::Setting`] if the spec is wrong, the song's pairs were made otherwise or for another
/// split, or a file that is there has another rate, length or number of channels; otherwise as
/// [`Song::read`] and [`ClipFile::write`]. No file is left half written.
pub fn extract(song: &Song, spec: &ExtractSpec, reporter: &Reporter) -> Result<Extracted> {
    spec.validate()?;
    let mut done = Extracted::default();
    let starts = sections(
        song.seconds,
        spec.sections,
        spec.start_secs,
        spec.section_samples,
        spec.sample_rate_hz,
    );
    done.missing = reason_to_leave_out(song, spec, starts.is_empty());
    if done.missing.is_some() {
        return Ok(done);
    }
    // A run that was cut short may have left one side of a pair: what follows must fit it.
    let record = spec
        .out
        .join("made")
        .join(format!("{}.json", song.file_name));
    let sources = (&song.name, &song.parts, &song.mixture);
    let cut = (
        &spec.stem,
        &starts,
        spec.section_samples,
        spec.sample_rate_hz,
        spec.mono,
    );
    match song.split {
        Split::None => claim(&record, &(sources, cut), false)?,
        // Pairs of the song in two splits would be a leak.
        split => claim(&record, &(sources, cut, split), false)?,
    }
    // One recording in memory at a time.
    let folders = [PathBuf::from("mixture"), spec.folder()];
    let takes = [Take::Mixture, Take::Stem(&spec.stem)];
    for (folder, take) in folders.iter().zip(takes) {
        let folder = spec.root(song.split).join(folder);
        let mut open = Vec::new();
        for (number, start) in starts.iter().enumerate() {
            let path = folder.join(format!("{}_{number:03}.wav", song.file_name));
            if path.exists() {
                check_kept(&path, song, spec)?;
                done.kept += 1;
            } else {
                open.push((path, *start));
            }
        }
        if open.is_empty() {
            continue;
        }
        let whole = song.read(take, None, Some(spec.sample_rate_hz), spec.mono, reporter)?;
        for (path, start) in open {
            let section = section(&whole, start as usize, spec.section_samples);
            let is_silent = section
                .channels()
                .iter()
                .all(|channel| peak(channel) == 0.0);
            done.silent_sections += usize::from(is_silent && take != Take::Mixture);
            let file = ClipFile::new(path, Some(AudioFormat::Wav32f), false)?;
            done.written.push(file.write(&section, reporter)?.path);
        }
    }
    Ok(done)
}

/// Why a song has no pairs, if it has none.
fn reason_to_leave_out(song: &Song, spec: &ExtractSpec, is_short: bool) -> Option<String> {
    let stem = &spec.stem;
    if song.is_lost(stem) {
        Some(format!("{stem} cannot be read"))
    } else if !song.has_stem(stem) {
        Some(format!("no {stem}; it has {}", song.stems().join(", ")))
    } else if song.mixture.is_none() {
        Some("the mixture cannot be read".to_owned())
    } else if song.mixture == Some(Mixture::Sum) && song.stems().len() == 1 {
        Some(format!("{stem} is all there is, and no mixture"))
    } else if is_short {
        Some(format!(
            "ends after {:.1} s, before its first section at {:.1} s",
            song.seconds, spec.start_secs
        ))
    } else {
        None
    }
}

/// Whether a file that is there is what would be written.
fn check_kept(path: &Path, song: &Song, spec: &ExtractSpec) -> Result<()> {
    let info = probe(path, None)?;
    let channels = if spec.mono { 1 } else { song.channels };
    let is_same = info.sample_rate == spec.sample_rate_hz
        && info.channels == channels
        && info.frames == Some(spec.section_samples as u64);
    if is_same {
        return Ok(());
    }
    Err(Error::setting(
        "extract",
        format!(
            "a file of another rate, length or number of channels is there; choose another \
             folder: {}",
            path.display()
        ),
    ))
}

/// Frames from `start`, filled with silence where the clip ends before.
fn section(clip: &Clip, start: usize, frames: usize) -> Clip {
    let cut = |channel: &[f32]| {
        let start = start.min(channel.len());
        let end = start.saturating_add(frames).min(channel.len());
        let mut samples = channel[start..end].to_vec();
        samples.resize(frames, 0.0);
        samples
    };
    let channels = clip.channels().into_iter().map(cut).collect();
    Clip::new(clip.sample_rate_hz(), channels)
}
