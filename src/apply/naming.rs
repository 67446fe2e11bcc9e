//! What files of results are called.

use std::path::PathBuf;

use super::export::ExportOptions;
use super::song_name::SongName;
use crate::audio::sanitise_file_name;
use crate::error::{Error, Result};

/// Longest file name without its ending, in bytes: file systems take 255 with it.
const MAX_NAME_BYTES: usize = 200;
/// What a song's own part of it is never shortened below.
const MIN_NAME_BYTES: usize = 16;

/// The front of a text, at most so many bytes, no character cut in two.
fn shorten(text: &str, most_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(most_bytes)]
}

impl ExportOptions {
    /// The path of one stem's file; `/` in the pattern makes folders. What the song does not tell is
    /// left to its file name. A name that is too long loses the end of the song's part, never the
    /// stem's.
    ///
    /// # Errors
    /// [`Error::Setting`] if the pattern names something unknown.
    pub fn path(&self, song: &SongName, stem: &str) -> Result<PathBuf> {
        let mut path = self.folder.clone();
        let mut parts = self.pattern.split('/').peekable();
        while let Some(part) = parts.next() {
            let name = self.file_name(part, song, stem)?;
            if parts.peek().is_some() {
                path.push(name);
            } else {
                // Not `set_extension`: the name may have dots of its own.
                path.push(format!("{name}.{}", self.format.extension()));
            }
        }
        Ok(path)
    }

    /// One part of the pattern, filled in.
    fn file_name(&self, part: &str, song: &SongName, stem: &str) -> Result<String> {
        let mut most_bytes = MAX_NAME_BYTES;
        loop {
            let name = self.fill(part, song, stem, most_bytes)?;
            let excess = name.len().saturating_sub(MAX_NAME_BYTES);
            if excess == 0 || most_bytes < MIN_NAME_BYTES {
                return Ok(sanitise_file_name(&name));
            }
            most_bytes -= excess.min(most_bytes);
        }
    }

    /// The pattern with everything in its place; what is the song's is at most `most_bytes` long each.
    fn fill(&self, part: &str, song: &SongName, stem: &str, most_bytes: usize) -> Result<String> {
        let wrong = |problem: String| Error::setting("name", problem);
        let mut name = String::new();
        let mut rest = part;
        while let Some(open) = rest.find('{') {
            name.push_str(&rest[..open]);
            let Some(close) = rest[open..].find('}') else {
                return Err(wrong(format!("{:?} lacks a closing brace", self.pattern)));
            };
            let key = &rest[open + 1..open + close];
            let title = song.tags.title.as_deref().unwrap_or(&song.name);
            let artist = song.tags.artist.as_deref().unwrap_or("Unknown artist");
            name.push_str(match key {
                "name" => shorten(&song.name, most_bytes),
                "title" => shorten(title, most_bytes),
                "artist" => shorten(artist, most_bytes),
                "stem" => stem,
                "model" => &song.model,
                _ => {
                    let known = "{name}, {title}, {artist}, {stem}, {model}";
                    return Err(wrong(format!("{{{key}}} is none of {known}")));
                }
            });
            rest = &rest[open + close + 1..];
        }
        name.push_str(rest);
        Ok(name)
    }
}
