//! From a folder of recordings to a set.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::cache::Cache;
use super::fingerprint::{fingerprint, sha256_of};
use super::front::Front;
use super::live::{Live, LiveSong};
use super::order::{Dice, Numbering};
use super::places::Places;
use super::sources::{Findings, find};
use super::spec::ExampleSpec;
use super::{ExampleSet, ExampleSong, Kind, splits};
use crate::dataset::multitrack::Part;
use crate::error::{Error, Result};
use crate::progress::Reporter;

impl ExampleSet {
    pub(super) fn open_live(
        folder: &Path,
        spec: &ExampleSpec,
        cache: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<Self> {
        let shapes = spec.shapes()?;
        let mut found = find(folder, spec, reporter)?;
        keep_usable(&mut found, spec);
        if found.songs.is_empty() {
            let problem = format!(
                "no song is longer than the {} s that are left out: {}",
                spec.start_secs,
                folder.display()
            );
            return Err(Error::setting("start_secs", problem));
        }
        splits::assign(&mut found.songs, spec, &mut found.problems)?;
        reporter.check()?;

        let (mut songs, mut live_songs) = (Vec::new(), Vec::new());
        let mut parts = Vec::new();
        for song in found.songs {
            let frames = song.frames_at(spec.sample_rate_hz);
            let Some(places) = Places::new(frames, spec) else {
                continue;
            };
            // The parts of a mixture that is their sum are recordings of the stems too.
            let mut known: HashMap<(PathBuf, Option<usize>), usize> = HashMap::new();
            let mut numbers = |voice: Vec<Part>| -> Vec<usize> {
                let number = |part: Part| {
                    let key = (part.path.clone(), part.track);
                    *known.entry(key).or_insert_with(|| {
                        parts.push(part);
                        parts.len() - 1
                    })
                };
                voice.into_iter().map(number).collect()
            };
            live_songs.push(LiveSong {
                voices: song.voices.into_iter().map(&mut numbers).collect(),
                places,
            });
            songs.push(ExampleSong {
                name: song.name,
                split: song.split,
                seconds: frames as f64 / f64::from(spec.sample_rate_hz),
                examples: places.count(),
                sha256: song.sha256,
            });
        }
        let numbering = Numbering::new(&songs)?;
        let live = Live {
            spec: spec.clone(),
            roles: found.roles,
            front: Front::new(spec)?,
            cache: Cache::new(cache, spec.sample_rate_hz, parts, reporter)?,
            songs: live_songs,
            dice: Dice(spec.seed),
        };
        Ok(Self {
            shapes,
            checksum: checksum(spec, &songs),
            songs,
            problems: found.problems,
            numbering,
            dice: Dice(spec.seed),
            spec: spec.clone(),
            kind: Kind::Live(Box::new(live)),
        })
    }
}

/// Leaves out songs that are too short or whose files cannot be read, before splits are drawn.
fn keep_usable(found: &mut Findings, spec: &ExampleSpec) {
    let songs = std::mem::take(&mut found.songs);
    let voices = &found.roles.voices;
    let prints: Vec<Result<String>> = songs
        .par_iter()
        .map(|song| fingerprint(song, voices))
        .collect();
    for (mut song, print) in songs.into_iter().zip(prints) {
        let frames = song.frames_at(spec.sample_rate_hz);
        let problem = match print {
            Err(error) => error.to_string(),
            Ok(_) if Places::new(frames, spec).is_none() => {
                format!("ends before its first example at {:.1} s", spec.start_secs)
            }
            Ok(print) => {
                song.sha256 = print;
                found.songs.push(song);
                continue;
            }
        };
        found
            .problems
            .push(format!("{}: {problem}; left out", song.name));
    }
}

/// Which examples these are.
fn checksum(spec: &ExampleSpec, songs: &[ExampleSong]) -> String {
    // Plain data with text keys: this cannot fail.
    let mut text = serde_json::to_string(spec).unwrap_or_default();
    for song in songs {
        text.push_str(&format!(
            "\n{}\t{}\t{}\t{}",
            song.name,
            song.split.name(),
            song.examples,
            song.sha256
        ));
    }
    sha256_of(text.as_bytes())
}
