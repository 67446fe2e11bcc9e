//! Scores on disk: for museval's readers, and to go on where a run was stopped.
//!
//! ```text
//! FOLDER/METHOD/SPLIT/SONG.json         as museval writes it; songs without a split are in `test`
//! FOLDER/METHOD/SPLIT/SONG.json.toml    every value, and a fingerprint of all that it depends on;
//!                                       only of songs that were measured without a fault
//! ```

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::measure_song::EvaluateSpec;
use super::method::Method;
use super::museval_json::write_museval;
use super::scores::TrackScores;
use super::stem_names::Renames;
use crate::audio::{sanitise_file_name, write_whole};
use crate::dataset::{Mixture, Song, Split};
use crate::error::{Error, Result};

/// Changes when scores of the same input would be others.
const VERSION: u32 = 1;

/// A folder of scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreStore {
    folder: PathBuf,
    overwrite: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    scores: TrackScores,
}

impl ScoreStore {
    /// Scores in `folder`, which is made when the first are written.
    pub fn new(folder: &Path, overwrite: bool) -> Self {
        Self {
            folder: folder.into(),
            overwrite,
        }
    }

    /// The file for museval's readers; the other lies beside it, with `.toml` after its name.
    pub fn json_path(&self, song: &Song, method: &str) -> PathBuf {
        let split = match song.split {
            // museval's readers look into this folder and no other.
            Split::None => Split::Test,
            split => split,
        };
        let mut path = self.folder.join(sanitise_file_name(method));
        path.push(split.name());
        // Not `set_extension`: the name may have dots of its own.
        path.push(format!("{}.json", song.file_name));
        path
    }

    fn toml_path(&self, song: &Song, method: &str) -> PathBuf {
        let mut name = self.json_path(song, method).into_os_string();
        name.push(".toml");
        name.into()
    }

    /// Checks that nothing is there that would have to be replaced.
    ///
    /// # Errors
    /// [`Error::Exists`] unless overwriting was allowed.
    pub fn check(&self, songs: &[Song], methods: &[&str]) -> Result<()> {
        if self.overwrite {
            return Ok(());
        }
        for song in songs {
            for method in methods {
                let path = self.json_path(song, method);
                if path.exists() {
                    return Err(Error::Exists { path });
                }
            }
        }
        Ok(())
    }

    /// The scores of an earlier run with this fingerprint, if they are there.
    pub fn load(&self, song: &Song, method: &str, fingerprint: &str) -> Option<TrackScores> {
        // Whatever cannot be read is measured anew.
        let text = std::fs::read_to_string(self.toml_path(song, method)).ok()?;
        let stored: Stored = toml::from_str(&text).ok()?;
        let fits = stored.fingerprint == fingerprint && self.json_path(song, method).exists();
        fits.then_some(stored.scores)
    }

    /// Writes a song's file, and the other if there is a fingerprint: scores without one are not
    /// found by [`Self::load`], so that what failed is tried again.
    ///
    /// # Errors
    /// [`Error::Exists`] unless overwriting was allowed; [`Error::Io`].
    pub fn save(&self, song: &Song, scores: &TrackScores, fingerprint: Option<&str>) -> Result<()> {
        let json = self.json_path(song, &scores.method);
        let folder = json.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
        let text = fingerprint.map(|fingerprint| {
            toml::to_string(&Stored {
                fingerprint: fingerprint.into(),
                scores: scores.clone(),
            })
        });
        let text = text
            .transpose()
            .map_err(|error| Error::setting("scores", format!("cannot be written: {error}")))?;
        write_museval(scores, &json, self.overwrite)?;
        let path = self.toml_path(song, &scores.method);
        if let Some(text) = text {
            return write_whole(&path, true, |file| file.write_all(text.as_bytes()));
        }
        // One of an earlier run does not belong to these scores.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// What scores depend on, as 64 hexadecimal digits: sizes and times of change of all files, the
/// method's settings, what is measured and how.
pub fn fingerprint(song: &Song, method: &Method, spec: &EvaluateSpec, renames: &Renames) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update(b"\n");
    };
    add(&format!("{VERSION} {}", env!("CARGO_PKG_VERSION")));
    add(&spec.text(renames));
    add(&method.settings());
    let mixture = match &song.mixture {
        Some(Mixture::File(part)) => Some(part),
        _ => None,
    };
    let parts = song.parts.iter().chain(mixture);
    parts.for_each(|part| {
        add(&format!(
            "{} {:?} {}",
            part.stem,
            part.track,
            file_text(&part.path)
        ))
    });
    for path in method.files(&song.file_name) {
        add(&file_text(path));
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file as far as its folder tells.
fn file_text(path: &Path) -> String {
    let metadata = std::fs::metadata(path).ok();
    let changed = metadata.as_ref().and_then(|m| m.modified().ok());
    let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!(
        "{:?} {:?} {:?}",
        path,
        metadata.map(|m| m.len()),
        changed.map(|time| time.as_nanos())
    )
}
