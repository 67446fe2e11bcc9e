//! Where the true stems of an open song lie, by the names of files and folders alone.

use std::path::{Path, PathBuf};

use crate::audio::SUPPORTED_EXTENSIONS;
use crate::dataset::Song as TrueSong;
use crate::error::{Error, Result};
use crate::evaluate::{TrackSet, TrackSpec};
use crate::progress::Reporter;

const MIXTURE_NAMES: [&str; 3] = ["mixture", "mix", "full mix"];
/// A folder of stems beside the only song of its folder.
const STEMS_FOLDER: &str = "stems";

/// The folder of a song's true stems: its own if it is the mixture beside them (MUSDB18-HQ), one
/// beside it that has its name, or `stems` if no other song lies there.
pub(super) fn find_folder(song: &Path) -> Option<PathBuf> {
    let folder = song.parent()?;
    let name = stem_of(song);
    let stems_in = |folder: &Path| {
        let files = audio_files(folder);
        files.len() >= 2 && files.iter().any(|file| !is_mixture(file))
    };
    if is_mixture(song) && stems_in(folder) {
        return Some(folder.to_path_buf());
    }
    let is_only_song = || audio_files(folder).len() == 1;
    let own = folder.join(&name);
    let plain = folder.join(STEMS_FOLDER);
    if stems_in(&own) {
        Some(own)
    } else if stems_in(&plain) && is_only_song() {
        Some(plain)
    } else {
        None
    }
}

/// The song of a folder that belongs to an open one: the only one, or the one of its name.
///
/// # Errors
/// As [`TrackSet::open_with`]; [`Error::Setting`] if no song of the folder has the name.
pub fn true_song(folder: &Path, song: &Path, reporter: &Reporter) -> Result<TrueSong> {
    let mut songs = TrackSet::open_with(folder, &TrackSpec::default(), reporter)?.songs;
    if songs.len() == 1 {
        return Ok(songs.remove(0));
    }
    let own = stem_of(song).to_lowercase();
    let own = own.trim_end_matches(".stem");
    let around = song.parent().and_then(Path::file_name);
    let around = around.unwrap_or_default().to_string_lossy();
    let is_it = |other: &TrueSong| {
        let name = other.name.to_lowercase();
        name == own || is_mixture(song) && name == around.to_lowercase()
    };
    match songs.iter().position(is_it) {
        Some(place) => Ok(songs.swap_remove(place)),
        None => {
            let problem = format!(
                "none of the {} songs in this folder is called {own:?}; choose the song's own folder: {}",
                songs.len(),
                folder.display()
            );
            Err(Error::setting("true stems", problem))
        }
    }
}

fn stem_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn is_mixture(path: &Path) -> bool {
    MIXTURE_NAMES.contains(&stem_of(path).to_lowercase().as_str())
}

/// The audio files right in a folder; none if it cannot be read.
fn audio_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_audio = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let is_hidden = stem_of(path).starts_with('.');
        let is_known = SUPPORTED_EXTENSIONS.contains(&ending.to_lowercase().as_str());
        is_known && !is_hidden && path.is_file()
    };
    paths.filter(is_audio).collect()
}
