//! Estimates that are in memory: what was made of a song and not written anywhere.

use std::collections::BTreeMap;
use std::path::Path;

use super::method::Estimates;
use super::open_song::OpenSong;
use super::read_tracks::read_source;
use super::stem_names::Renames;
use crate::audio::Clip;
use crate::error::Result;
use crate::progress::Reporter;

/// A sound in memory.
#[derive(Debug, Clone)]
pub struct Sound {
    /// The stem, as its maker calls it.
    pub name: String,
    /// Its samples, at any rate; one channel stands for all.
    pub clip: Clip,
    /// Where in the song it starts, in seconds, 0 or more.
    pub start_secs: f64,
}

/// The estimates among the sounds. Of two sounds of one stem the first counts.
pub(super) fn from_sounds(
    sounds: &[Sound],
    song: &OpenSong<'_>,
    renames: &Renames,
    reporter: &Reporter,
) -> Result<Estimates> {
    let mut estimates = Estimates {
        stems: BTreeMap::new(),
        problems: Vec::new(),
        notes: Vec::new(),
    };
    let known = song.known_stems();
    for sound in sounds {
        let name = &sound.name;
        let Some(stem) = renames.known_stem(name, &known) else {
            let note = format!("its sound {name:?} is none of the song's stems");
            estimates.notes.push(note);
            continue;
        };
        if estimates.stems.contains_key(&stem) {
            let problem = format!("another sound is the {stem} already: {name}");
            estimates.problems.push(problem);
            continue;
        }
        let at = (sound.start_secs.max(0.0) * f64::from(song.sample_rate_hz())).round() as u64;
        let mut source = sound.clip.reader(0..sound.clip.frames());
        match read_source(&mut source, at, Path::new(name), &song.stretch, reporter) {
            Ok(read) => {
                let notes = read.notes.iter().map(|note| format!("{note}: {name}"));
                estimates.notes.extend(notes);
                estimates.stems.insert(stem, read.planar);
            }
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => {
                let problem = format!("{stem} is left out: {error}");
                estimates.problems.push(problem);
            }
        }
    }
    Ok(estimates)
}
