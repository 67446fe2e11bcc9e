//! What a song's files are named after.

use std::path::Path;

use crate::audio::Tags;

/// What a song's files are named after.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SongName {
    /// The input file's name without its ending.
    pub name: String,
    /// Title and artist, carried over into the files.
    pub tags: Tags,
    /// The model's id.
    pub model: String,
}

/// The name of a song without a better one: its file's.
pub fn song_name(path: &Path, tags: Tags, model: &str) -> SongName {
    let name = path
        .file_stem()
        .map_or_else(|| "song".into(), |s| s.to_string_lossy().into_owned());
    SongName {
        name,
        tags,
        model: model.into(),
    }
}
