//! A temporary folder for recordings at the examples' rate, which not even a kill leaves for long.
//!
//! ```text
//! CACHE/examples.lock         held while a folder is made, or old ones are looked through
//! CACHE/examples-XXXX/.lock   held as long as the folder is used
//! ```

use std::fs::{File, OpenOptions};
use std::path::Path;

use tempfile::TempDir;

use crate::error::{Error, Result};
use crate::paths::cache_dir;

const PREFIX: &str = "examples-";
const GATE: &str = "examples.lock";
const LOCK: &str = ".lock";

/// A folder for [`ExampleSet::open`](super::ExampleSet::open) that several sets may share. It is
/// removed, with all that is in it, when this value goes; should the process be killed before, when
/// the next such folder is made.
#[derive(Debug)]
pub struct ExampleCache {
    /// Held, never read. Closed before the folder is removed.
    _lock: File,
    folder: TempDir,
}

impl ExampleCache {
    /// A new folder among the program's own.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn temporary() -> Result<Self> {
        Self::temporary_in(&cache_dir())
    }

    /// A new folder in `parent`, which is made if it is not there. Folders there that were left by
    /// processes which are no more are removed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn temporary_in(parent: &Path) -> Result<Self> {
        std::fs::create_dir_all(parent).map_err(Error::io("create the folder", parent))?;
        // Nobody is to find a folder that is made but not locked yet. Where there are no locks, no
        // folder is ever taken for one that was left.
        let path = parent.join(GATE);
        let gate = File::create(&path).map_err(Error::io("create", &path))?;
        gate.lock().ok();
        remove_left(parent);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent)
            .map_err(Error::io("create a folder in", parent))?;
        let path = folder.path().join(LOCK);
        let lock = File::create(&path).map_err(Error::io("create", &path))?;
        lock.try_lock().ok();
        gate.unlock().ok();
        Ok(Self {
            _lock: lock,
            folder,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders whose lock nobody holds, as far as that goes.
fn remove_left(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let folder = entry.path();
        let lock = OpenOptions::new().write(true).open(folder.join(LOCK));
        let is_left = lock.is_ok_and(|lock| lock.try_lock().is_ok());
        if is_left {
            std::fs::remove_dir_all(&folder).ok();
        }
    }
}
