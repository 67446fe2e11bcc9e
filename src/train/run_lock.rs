//! A run's folder belongs to one program at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::{Error, Result};

const LOCK: &str = ".lock";

/// The right to write into a run's folder; the system gives it back when its process ends, however
/// it ends.
pub(super) struct RunLock(File);

impl RunLock {
    /// Takes a folder that is there.
    ///
    /// # Errors
    /// [`Error::Setting`] "out" if another run goes on in it; [`Error::Io`].
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK);
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let problem = format!(
                    "another training goes on in this folder; wait for its end, or choose another \
                     folder: {}",
                    folder.display()
                );
                Err(Error::setting("out", problem))
            }
            // Some network file systems know no locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self(file)),
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Said aloud: a program that was just started may hold a copy of the file for a moment.
        self.0.unlock().ok();
    }
}
