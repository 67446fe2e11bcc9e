//! What a run learns from, and whether a run that is carried on learns from the same.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::run_folder::{DATA, read_toml, write_toml};
use crate::dataset::{ExampleSet, Split};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// `data.toml`: what a run learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunData {
    /// The folder; in its name, what is not UTF-8 is replaced.
    #[serde(serialize_with = "in_text")]
    pub folder: PathBuf,
    /// [`ExampleSet::checksum`] of each stage, with [`ExampleSet::CHECKSUM_VERSION`] and a colon
    /// before it; without them it is of version 1.
    pub checksums: Vec<String>,
    /// Seconds of the songs to learn from.
    #[serde(default)]
    pub train_secs: f64,
    /// Songs to learn from.
    pub train: Vec<String>,
    /// Songs to watch the learning with.
    pub valid: Vec<String>,
    /// Songs kept for later.
    pub test: Vec<String>,
}

impl RunData {
    /// Takes over a set's songs.
    fn take_songs(&mut self, set: &ExampleSet) {
        let of_train = set.songs().iter().filter(|song| song.split == Split::Train);
        self.train_secs = of_train.map(|song| song.seconds).sum();
        self.train = names(set, Split::Train);
        self.valid = names(set, Split::Valid);
        self.test = names(set, Split::Test);
    }

    /// Whether a set has these songs, by name.
    fn has_songs_of(&self, set: &ExampleSet) -> bool {
        let known = [&self.train, &self.valid, &self.test];
        let splits = [Split::Train, Split::Valid, Split::Test];
        let mut pairs = known.into_iter().zip(splits);
        pairs.all(|(known, split)| *known == names(set, split))
    }
}

/// Says in the folder of `run` what a stage learns from; a resumed run must learn from the same.
///
/// # Errors
/// [`Error::Setting`] "data" if the songs are others; [`Error::Io`]; [`Error::Document`].
pub(super) fn claim_data(
    run: &Path,
    folder: &Path,
    stage: usize,
    set: &ExampleSet,
    reporter: &Reporter,
) -> Result<()> {
    let path = run.join(DATA);
    let checksum = format!("{}:{}", ExampleSet::CHECKSUM_VERSION, set.checksum());
    let mut data = if path.is_file() {
        read_toml::<RunData>("record of the data", &path)?
    } else {
        RunData {
            folder: std::path::absolute(folder).map_err(Error::io("find", folder))?,
            checksums: Vec::new(),
            train_secs: 0.0,
            train: Vec::new(),
            valid: Vec::new(),
            test: Vec::new(),
        }
    };
    if let Some(before) = data.checksums.get(stage) {
        let (version, hex) = before.split_once(':').unwrap_or(("1", before.as_str()));
        // Stored examples have the checksum of the program that made them.
        if hex == set.checksum() {
            return Ok(());
        }
        let is_alike = version == ExampleSet::CHECKSUM_VERSION.to_string();
        // Names are those of the stage that was begun last.
        let is_last = stage + 1 == data.checksums.len();
        if is_alike || (is_last && !data.has_songs_of(set)) {
            let problem = format!(
                "the songs differ from those that this run began with; bring them back, or start \
                 another run: {}",
                folder.display()
            );
            return Err(Error::setting("data", problem));
        }
        reporter.warn(
            "the run was begun by another version of this program, whose checksums of songs are \
             made in another way: the names are the same, whether the sound is cannot be told",
        );
        data.checksums[stage] = checksum;
        return write_toml(&data, &path);
    }
    data.checksums.push(checksum);
    for problem in set.problems() {
        reporter.warn(problem.clone());
    }
    data.take_songs(set);
    write_toml(&data, &path)
}

fn names(set: &ExampleSet, split: Split) -> Vec<String> {
    let songs = set.songs().iter().filter(|song| song.split == split);
    songs.map(|song| song.name.clone()).collect()
}

/// A path as text, whatever its bytes.
fn in_text<S: Serializer>(path: &Path, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}
