//! What is in the place of a rendering: nothing, the same, or something else.

use std::path::Path;

use super::render_many::RenderManyOptions;
use crate::audio::{AudioFormat, probe};

/// What a file may have beyond its samples and still be taken for a whole one.
const MOST_HEADER_BYTES: u64 = 4096;

/// Why a rendering cannot take its place, if what is there is not to be kept.
pub(super) fn refusal(
    path: &Path,
    frames: usize,
    channels: usize,
    options: &RenderManyOptions,
) -> Option<&'static str> {
    if path.is_dir() {
        Some("a folder has the name of a file to be written; choose another folder")
    } else if options.overwrite || !path.exists() {
        None
    } else if is_whole(path, frames, channels, options) {
        Some(
            "the file there is older than its MIDI file; choose another folder or allow \
             overwriting (--overwrite)",
        )
    } else {
        Some(
            "a file of another length, rate or number of channels is there; choose another \
             folder or allow overwriting (--overwrite)",
        )
    }
}

/// Whether a file is what would be written, as far as its size and header tell.
pub(super) fn is_whole(
    path: &Path,
    frames: usize,
    channels: usize,
    options: &RenderManyOptions,
) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else {
        return false;
    };
    let samples =
        options.format.bytes_for(frames as u64, channels) - options.format.bytes_for(0, 0);
    let has_size = options.format == AudioFormat::Flac
        || (samples..=samples + MOST_HEADER_BYTES).contains(&metadata.len());
    has_size
        && probe(path, None).is_ok_and(|info| {
            info.frames == Some(frames as u64)
                && info.channels == channels
                && info.sample_rate == options.spec.sample_rate_hz
        })
}
