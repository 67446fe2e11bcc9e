//! Examples that were stored: one file for each input and each answer, and one that tells of all.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::order::{Dice, Numbering};
use super::spec::{ExampleShapes, ExampleSpec};
use super::{Example, ExampleSet, ExampleSong, Kind};
use crate::audio::sanitise_file_name;
use crate::dataset::manifest::read_toml;
use crate::dataset::multitrack::Split;
use crate::dataset::npy::read_npy;
use crate::error::{Error, Result};

/// The file that tells of a folder of stored examples.
pub const EXAMPLES_FILE: &str = "examples.toml";

/// What [`EXAMPLES_FILE`] says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The version of the program that made them.
    pub(super) version: String,
    /// [`ExampleSet::checksum`] of the set that they were made of.
    pub(super) checksum: String,
    /// What files are called and hold, for a person.
    pub(super) layout: String,
    /// Examples of each split.
    pub(super) train: usize,
    pub(super) valid: usize,
    pub(super) test: usize,
    pub(super) problems: Vec<String>,
    pub(super) shapes: ExampleShapes,
    pub(super) spec: ExampleSpec,
    pub(super) songs: Vec<ManifestSong>,
}

/// One song of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ManifestSong {
    pub(super) name: String,
    /// How its files begin.
    pub(super) file: String,
    pub(super) split: String,
    pub(super) seconds: f64,
    pub(super) examples: usize,
    pub(super) sha256: String,
    /// Where each example begins, in seconds.
    pub(super) starts_secs: Vec<f64>,
    /// The song that each example is of, from 0: another than this one in place of silence.
    pub(super) of_song: Vec<usize>,
}

/// The spec of stored examples; `None` if a folder holds none.
///
/// # Errors
/// [`Error::Io`]; [`Error::Document`].
pub fn stored_example_spec(folder: &Path) -> Result<Option<ExampleSpec>> {
    let path = folder.join(EXAMPLES_FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let manifest: Manifest = read_toml("list of examples", &path)?;
    Ok(Some(manifest.spec))
}

/// Where an example is, without `input.npy` or `target.npy`.
pub(super) fn file_of(
    folder: &Path,
    split: Split,
    song: &str,
    number: usize,
    kind: &str,
) -> PathBuf {
    folder
        .join(split.name())
        .join(format!("{song}_{number:04}.{kind}.npy"))
}

/// Stored examples.
pub(super) struct StoredSet {
    folder: PathBuf,
    songs: Vec<ManifestSong>,
}

impl ExampleSet {
    pub(super) fn open_stored(folder: &Path, spec: &ExampleSpec) -> Result<Self> {
        let path = folder.join(EXAMPLES_FILE);
        let manifest: Manifest = read_toml("list of examples", &path)?;
        if manifest.spec != *spec {
            let problem = format!(
                "the examples there were stored with other settings; use those, or name the folder \
                 of recordings: {}",
                path.display()
            );
            return Err(Error::setting("examples", problem));
        }
        let wrong = |problem: String| Error::Document {
            what: "list of examples",
            problem,
            path: path.clone(),
        };
        let shapes = spec.shapes()?;
        if manifest.shapes != shapes {
            return Err(wrong("its shapes are not those of its spec".to_owned()));
        }
        let mut songs = Vec::new();
        for song in &manifest.songs {
            let split = Split::ALL
                .into_iter()
                .find(|split| split.name() == song.split);
            let split = split.filter(|split| *split != Split::None);
            let is_good = song.starts_secs.len() == song.examples
                && song.of_song.len() == song.examples
                && song.of_song.iter().all(|own| *own < manifest.songs.len())
                && sanitise_file_name(&song.file) == song.file;
            let Some(split) = split.filter(|_| is_good) else {
                return Err(wrong(format!(
                    "the song {:?} contradicts itself",
                    song.name
                )));
            };
            songs.push(ExampleSong {
                name: song.name.clone(),
                split,
                seconds: song.seconds,
                examples: song.examples,
                sha256: song.sha256.clone(),
            });
        }
        Ok(Self {
            shapes,
            numbering: Numbering::new(&songs)?,
            songs,
            problems: manifest.problems,
            dice: Dice(spec.seed),
            checksum: manifest.checksum,
            spec: manifest.spec,
            kind: Kind::Stored(StoredSet {
                folder: folder.to_path_buf(),
                songs: manifest.songs,
            }),
        })
    }
}

impl StoredSet {
    /// # Errors
    /// As [`read_npy`], and [`Error::Malformed`] if a file is not of the shape that is told of it.
    pub(super) fn read(
        &self,
        numbering: &Numbering,
        shapes: ExampleShapes,
        split: Split,
        index: usize,
    ) -> Result<Example> {
        let (song, number) = numbering.locate(split, index)?;
        let read = |kind: &str, shape: [usize; 3]| {
            let path = file_of(&self.folder, split, &self.songs[song].file, number, kind);
            let array = read_npy(&path)?;
            if array.shape == shape {
                return Ok(array.values);
            }
            Err(Error::Malformed {
                problem: format!("shape {:?} and not {shape:?}", array.shape),
                path,
            })
        };
        let (input, target) = (read("input", shapes.input)?, read("target", shapes.target)?);
        let (song, start_secs) = self.place(numbering, split, index)?;
        Ok(Example {
            input,
            target,
            song,
            start_secs,
        })
    }

    /// The song that an example is of, and where it begins in seconds.
    pub(super) fn place(
        &self,
        numbering: &Numbering,
        split: Split,
        index: usize,
    ) -> Result<(usize, f64)> {
        let (song, number) = numbering.locate(split, index)?;
        let of = &self.songs[song];
        Ok((of.of_song[number], of.starts_secs[number]))
    }
}
