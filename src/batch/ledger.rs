//! What is finished, written down beside the results; and who is working on what.
//!
//! A record is found by what went in (the input's content, the settings, the planned names) and
//! believed only if what came out is still there, byte for byte. A claim is a lock that the
//! operating system gives back when its process ends, however it ends.

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::write_whole;
use super::report::FileReport;
use crate::audio::sync_folder;
use crate::error::{Error, Result};
use crate::model::file_sha256;
use crate::progress::Reporter;

/// The folder in a destination that holds records, claims and the queue.
pub const LEDGER_FOLDER: &str = ".stemloom";

/// The records of one destination.
#[derive(Debug, Clone)]
pub struct Ledger {
    out: PathBuf,
}

/// What a song is about to become.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    input: PathBuf,
    /// Below the destination; only files that were not there.
    files: Vec<PathBuf>,
}

/// The right to work on something; given back when dropped.
#[derive(Debug)]
pub(super) struct Claim(#[expect(dead_code, reason = "held, never read")] Option<File>);

impl Ledger {
    /// The ledger of the destination `out`, which need not exist.
    pub fn new(out: &Path) -> Self {
        Self { out: out.into() }
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        self.out.join(LEDGER_FOLDER)
    }

    fn record(&self, key: &str) -> PathBuf {
        self.folder().join("done").join(format!("{key}.json"))
    }

    fn begun(&self, names: &str) -> PathBuf {
        self.folder().join("begun").join(format!("{names}.json"))
    }

    /// Every file that a run wrote here, or had begun to write, and the input it came from. Records
    /// that cannot be read count as none.
    pub fn known_outputs(&self) -> HashMap<PathBuf, PathBuf> {
        let mut known = HashMap::new();
        let mut add = |input: &Path, files: &mut dyn Iterator<Item = &PathBuf>| {
            for path in files {
                known.insert(self.out.join(path), input.to_path_buf());
            }
        };
        let all = |kind: &str| {
            let folder = std::fs::read_dir(self.folder().join(kind));
            folder
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
        };
        for report in all("done").filter_map(|path| read_json::<FileReport>(&path)) {
            add(&report.input, &mut report.files());
        }
        for begun in all("begun").filter_map(|path| read_json::<Begun>(&path)) {
            add(&begun.input, &mut begun.files.iter());
        }
        known
    }

    /// The files that are this song's own: of its record, and of a run that was interrupted.
    pub(super) fn own_files(&self, key: &str, names: &str) -> HashSet<PathBuf> {
        let record = read_json::<FileReport>(&self.record(key));
        let begun = read_json::<Begun>(&self.begun(names));
        let record = record.iter().flat_map(FileReport::files);
        let begun = begun.iter().flat_map(|begun| &begun.files);
        record
            .chain(begun)
            .map(|path| self.out.join(path))
            .collect()
    }

    /// Writes down, before the first file has its name, which files are about to appear: should the
    /// run be killed then, the next one knows them for its own.
    pub(super) fn begin(&self, names: &str, input: &Path, files: Vec<PathBuf>) -> Result<()> {
        let begun = Begun {
            input: input.into(),
            files,
        };
        write_json(&self.begun(names), &begun)
    }

    /// Forgets what was begun: it is recorded, or nothing of it is there.
    pub(super) fn end(&self, names: &str) {
        // One that stays says no more than the record does.
        std::fs::remove_file(self.begun(names)).ok();
    }

    /// The record of finished work, if everything that it names is there and unchanged.
    pub(super) fn whole(&self, key: &str, reporter: &Reporter) -> Result<Option<FileReport>> {
        let Some(report) = read_json::<FileReport>(&self.record(key)) else {
            return Ok(None);
        };
        for output in &report.outputs {
            let path = self.out.join(&output.path);
            if std::fs::metadata(&path).map_or(true, |m| m.len() != output.bytes) {
                return Ok(None);
            }
            match file_sha256(&path, reporter) {
                Ok(found) if found == output.sha256 => {}
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                _ => return Ok(None),
            }
        }
        let drawn = report
            .pictures
            .iter()
            .all(|path| self.out.join(path).is_file());
        Ok(drawn.then_some(report))
    }

    /// Writes down what is finished.
    pub(super) fn write(&self, key: &str, report: &FileReport) -> Result<()> {
        // The files' names are on the disk before the record says so.
        for folder in report.files().filter_map(|path| path.parent()) {
            sync_folder(&self.out.join(folder));
        }
        write_json(&self.record(key), report)
    }

    /// The right to work on this; `None` while another process has it.
    pub(super) fn claim(&self, key: &str) -> Result<Option<Claim>> {
        let folder = self.folder().join("claims");
        std::fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
        let path = folder.join(format!("{key}.lock"));
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some network file systems know no locks: then whoever shares the queue must shard it.
            Err(TryLockError::Error(_)) => Ok(Some(Claim(None))),
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::setting("record", format!("cannot be written as JSON: {error}")))?;
    write_whole(path, text.as_bytes())
}
