//! A song's folder of parts: marked as made here, whole or not there, and nobody else's.
//!
//! ```text
//! .NAME.part ─► (written, marked) ─┐        a kill leaves one of the two whole:
//! NAME ─► .NAME.old ───────────────┴► NAME  the next run takes `.NAME.old` back
//! ```

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::made::{is_newer, is_same};
use crate::error::{Error, Result};

/// The file in every song's folder that says what it was made with.
pub(super) const RECORD: &str = "render.json";

/// Whether what is there is the song that would be made; mends what a killed run left.
///
/// # Errors
/// [`Error::Exists`] if something is there that was not made here, whatever `overwrite`;
/// [`Error::Setting`] "out" if it is older than `input` or made with other settings, unless
/// `overwrite`; [`Error::Io`].
pub(super) fn is_kept(
    folder: &Path,
    input: &Path,
    settings: &impl Serialize,
    overwrite: bool,
) -> Result<bool> {
    restore(folder)?;
    if !folder.exists() {
        return Ok(false);
    }
    let record = folder.join(RECORD);
    let problem = match is_same(&record, settings) {
        None => {
            let path = folder.into();
            return Err(Error::Exists { path });
        }
        Some(_) if overwrite => return Ok(false),
        Some(true) if is_newer(&record, input) => return Ok(true),
        Some(true) => "the song there is older than its MIDI file",
        Some(false) => "the song there was made with other settings",
    };
    let problem = format!(
        "{problem}; choose another folder or allow overwriting (--overwrite): {}",
        folder.display()
    );
    Err(Error::setting("out", problem))
}

/// Where a song is written before it gets its name. What a killed run left there is removed.
pub(super) fn fresh(folder: &Path) -> Result<PathBuf> {
    let whole = beside(folder, "part");
    if whole.exists() {
        std::fs::remove_dir_all(&whole).map_err(Error::io("remove", &whole))?;
    }
    Ok(whole)
}

/// Gives a written folder its name, in the place of an older song.
///
/// # Errors
/// [`Error::Exists`] if what is there was not made here; [`Error::Io`], after which the older song is
/// there as before.
pub(super) fn put(whole: &Path, folder: &Path) -> Result<()> {
    let replaces = folder.exists();
    let old = beside(folder, "old");
    if replaces {
        if !is_made(folder) {
            let path = folder.into();
            return Err(Error::Exists { path });
        }
        std::fs::rename(folder, &old).map_err(Error::io("replace", folder))?;
    }
    if let Err(error) = std::fs::rename(whole, folder) {
        if replaces {
            // It failed already; the next run would take it back.
            std::fs::rename(&old, folder).ok();
        }
        return Err(Error::io("write", folder)(error));
    }
    if replaces {
        // The song is there; the next run removes what is left.
        std::fs::remove_dir_all(&old).ok();
    }
    Ok(())
}

/// Takes the older song back if a run was killed before the new one had its place, else removes it.
fn restore(folder: &Path) -> Result<()> {
    let old = beside(folder, "old");
    if !is_made(&old) {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(&old).map_err(Error::io("remove", &old))
    } else {
        std::fs::rename(&old, folder).map_err(Error::io("restore", folder))
    }
}

fn is_made(folder: &Path) -> bool {
    folder.join(RECORD).is_file()
}

/// A hidden folder beside a song's: readers of songs pass it by.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{ending}"))
}
