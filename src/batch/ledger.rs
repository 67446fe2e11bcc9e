//! What is finished, written down beside the results; and who is working on what.
//!
//! A record is found by what went in (the input's content, the settings, the planned names) and
//! believed only if what came out is still there, byte for byte. A claim is a lock that the
//! operating system gives back when its process ends, however it ends.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::document::write_whole;
use super::kit::hex;
use super::report::FileReport;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The folder in a destination that holds records, claims and the queue.
pub const LEDGER_FOLDER: &str = ".stemloom";
const CHUNK_BYTES: usize = 1 << 20;

/// The records of one destination.
#[derive(Debug, Clone)]
pub struct Ledger {
    out: PathBuf,
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

    /// Every file that some record says was written here, and the input it came from. Records that
    /// cannot be read count as none.
    pub fn known_outputs(&self) -> HashMap<PathBuf, PathBuf> {
        let mut known = HashMap::new();
        let records = std::fs::read_dir(self.folder().join("done"));
        for record in records.into_iter().flatten().flatten() {
            if let Some(report) = read_record(&record.path()) {
                for path in report.files() {
                    known.insert(self.out.join(path), report.input.clone());
                }
            }
        }
        known
    }

    /// The record of finished work, if everything that it names is there and unchanged.
    pub(super) fn whole(&self, key: &str, reporter: &Reporter) -> Result<Option<FileReport>> {
        let Some(report) = read_record(&self.record(key)) else {
            return Ok(None);
        };
        for output in &report.outputs {
            let path = self.out.join(&output.path);
            if std::fs::metadata(&path).map_or(true, |m| m.len() != output.bytes) {
                return Ok(None);
            }
            match file_digest(&path, reporter) {
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
        let path = self.record(key);
        let text = serde_json::to_string_pretty(report).map_err(|error| {
            Error::setting("record", format!("cannot be written as JSON: {error}"))
        })?;
        write_whole(&path, text.as_bytes())
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

fn read_record(path: &Path) -> Option<FileReport> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// SHA-256 of a file's content.
pub(super) fn file_digest(path: &Path, reporter: &Reporter) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let total = file.metadata().map_or(0, |m| m.len());
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut done = 0;
    loop {
        reporter.step("Checking", done, total)?;
        let read = file.read(&mut chunk).map_err(Error::io("read", path))?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&chunk[..read]);
        done += read as u64;
    }
}
