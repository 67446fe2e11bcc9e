//! Queues and recipes as TOML files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::recipe::Recipe;
use crate::audio;
use crate::error::{Error, Result};

/// What is to be done: inputs, a recipe, and where the results go.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Files and folders, absolute or beside the queue file.
    pub inputs: Vec<PathBuf>,
    /// The destination, absolute or beside the queue file.
    pub out: PathBuf,
    /// What is done to every song.
    pub recipe: Recipe,
}

impl Queue {
    /// Reads a queue; relative paths start at the file's folder.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Document`] that names the line.
    pub fn read(path: &Path) -> Result<Self> {
        let mut queue: Self = read_toml("queue", path)?;
        let folder = std::path::absolute(path).map_err(Error::io("find", path))?;
        let folder = folder.parent().unwrap_or(Path::new("/"));
        for input in &mut queue.inputs {
            *input = folder.join(&*input);
        }
        queue.out = folder.join(&queue.out);
        queue.recipe.validate()?;
        Ok(queue)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Setting`] if a path is no Unicode text.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_toml(self, path)
    }
}

pub(super) fn read_toml<T: DeserializeOwned>(what: &'static str, path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    parse_toml(what, &text, path)
}

pub(super) fn parse_toml<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
    path: &Path,
) -> Result<T> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let reason = error.message().trim().replace('\n', ", ");
        Error::Document {
            what,
            problem: line.map_or(reason.clone(), |line| format!("line {line}: {reason}")),
            path: path.into(),
        }
    })
}

pub(super) fn write_toml<T: Serialize>(value: &T, path: &Path) -> Result<()> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| Error::setting("file", format!("cannot be written as TOML: {error}")))?;
    write_whole(path, text.as_bytes())
}

/// Writes a small file under a temporary name beside its place, then renames it.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    audio::write_whole(path, true, |file| file.write_all(bytes))
}
