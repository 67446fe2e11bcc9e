//! The text files that tell what a folder of examples holds.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audio::write_whole;
use crate::error::{Error, Result};

pub(super) fn read_toml<T: DeserializeOwned>(what: &'static str, path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    toml::from_str(&text).map_err(|error: toml::de::Error| Error::Document {
        what,
        problem: error.message().trim().replace('\n', ", "),
        path: path.into(),
    })
}

/// Writes it in place of what is there, whole or not at all; makes the folder if there is none.
pub(super) fn write_toml<T: Serialize>(value: &T, path: &Path) -> Result<()> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| Error::setting("manifest", format!("cannot be written: {error}")))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    }
    write_whole(path, true, |file| file.write_all(text.as_bytes()))
}
