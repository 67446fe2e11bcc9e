//! The files of one pair and their record, which says what was made, and whose they are.
//!
//! ```text
//! files under other names ─► record: begun ─► each file gets its name ─► record: whole
//! ```
//!
//! A run that is killed in between leaves a record with the checksums of its files. So the next run
//! knows what is its own and makes the pair anew; a file of somebody else is never replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempPath;
use walkdir::WalkDir;

use super::super::file_digest::{digest, hex};
use super::{SpeechMixSpec, SpeechPair};
use crate::audio::{AudioWriter, Planar, Tags, part_prefix, probe, write_whole};
use crate::error::{Error, Result};
use crate::progress::Reporter;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    settings: String,
    pair: SpeechPair,
    /// Whether files are still to get their names.
    #[serde(default)]
    begun: bool,
    /// SHA-256 of what may be under each name (of the last run and of one that it replaces), by path
    /// below the destination. Empty in records of earlier versions.
    #[serde(default)]
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Record {
    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn write(&self, path: &Path) -> Result<()> {
        make_parent(path)?;
        write_whole(path, true, |file| {
            serde_json::to_writer_pretty(file, self).map_err(std::io::Error::from)
        })
    }
}

/// The places of a pair's files in a destination.
pub(super) struct PairFiles {
    out: PathBuf,
    record: PathBuf,
    /// Names below the destination: mixture, clean, and degraded if there is a model.
    names: Vec<String>,
}

impl PairFiles {
    pub(super) fn of(name: &str, spec: &SpeechMixSpec) -> Self {
        let mut folders = vec!["mixture", "clean"];
        folders.extend(spec.model.is_some().then_some("degraded"));
        let ending = spec.format.extension();
        Self {
            out: spec.out.clone(),
            record: spec.out.join("pairs").join(format!("{name}.json")),
            names: folders
                .iter()
                .map(|folder| format!("{folder}/{name}.{ending}"))
                .collect(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// The pair, if it was made with these settings and its files are there and equally long.
    pub(super) fn kept(&self, settings: &str) -> Option<SpeechPair> {
        let record = Record::read(&self.record)?;
        let shapes: Vec<_> = self
            .names
            .iter()
            .map(|name| {
                let info = probe(&self.path(name), None).ok()?;
                Some((info.frames, info.sample_rate, info.channels))
            })
            .collect::<Option<_>>()?;
        let alike = shapes.windows(2).all(|two| two[0] == two[1]);
        (alike && !record.begun && record.settings == settings).then_some(record.pair)
    }

    /// Refuses before any work if a file is there that is not to be replaced: of a whole pair, or of
    /// somebody else. Where there is no record, only what is in a file can tell ([`Self::write`]).
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::Io`] if a file cannot be read.
    pub(super) fn check(&self) -> Result<()> {
        let Some(record) = Record::read(&self.record) else {
            return Ok(());
        };
        let there: Vec<&String> = self.names.iter().filter(|n| self.is_there(n)).collect();
        // Records of earlier versions list nothing.
        let is_listed = !record.files.is_empty();
        let is_whole = if is_listed {
            !record.begun && record.files.keys().all(|name| self.is_there(name))
        } else {
            there.len() == self.names.len()
        };
        for name in there {
            if is_whole || is_listed && !is_own(&record, name, &self.digest(name)?) {
                return Err(Error::Exists {
                    path: self.path(name),
                });
            }
        }
        Ok(())
    }

    /// Writes all files of a pair before any has its name, and then the record. What is there is
    /// replaced with `overwrite`, if the record says that it is of an incomplete pair of ours, or if
    /// it is byte for byte the same.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::Io`]; [`Error::Cancelled`].
    pub(super) fn write(
        &self,
        files: &[Planar],
        sample_rate_hz: u32,
        pair: &SpeechPair,
        settings: String,
        spec: &SpeechMixSpec,
        reporter: &Reporter,
    ) -> Result<()> {
        let mut parts = Vec::new();
        for (name, samples) in self.names.iter().zip(files) {
            reporter.check()?;
            parts.push(write_part(&self.path(name), samples, sample_rate_hz, spec)?);
        }
        let earlier = Record::read(&self.record);
        let mut record = Record {
            settings,
            pair: pair.clone(),
            begun: true,
            files: BTreeMap::new(),
        };
        let mut replaced = Vec::new();
        for (name, part) in self.names.iter().zip(&parts) {
            let new = hex(&digest(part)?);
            let mut own = BTreeSet::from([new.clone()]);
            let is_there = self.is_there(name);
            if is_there {
                let old = self.digest(name)?;
                let is_ours = old == new || earlier.as_ref().is_some_and(|r| is_own(r, name, &old));
                if !spec.overwrite && !is_ours {
                    return Err(Error::Exists {
                        path: self.path(name),
                    });
                }
                own.insert(old);
            }
            replaced.push(is_there);
            record.files.insert(name.clone(), own);
        }
        // From here on a kill leaves what this record tells.
        record.write(&self.record)?;
        for (i, part) in parts.into_iter().enumerate() {
            if let Err(error) = name_part(part, &self.path(&self.names[i]), replaced[i]) {
                // No half pair: those that had their names already go too.
                for name in &self.names[..i] {
                    std::fs::remove_file(self.path(name)).ok();
                }
                return Err(error);
            }
        }
        record.begun = false;
        record.write(&self.record)
    }

    fn is_there(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn digest(&self, name: &str) -> Result<String> {
        Ok(hex(&digest(&self.path(name))?))
    }
}

/// Whether a record knows a file of this name and checksum.
fn is_own(record: &Record, name: &str, digest: &str) -> bool {
    let known = record.files.get(name);
    known.is_some_and(|digests| digests.contains(digest))
}

fn make_parent(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))
}

/// A whole file beside its place under a hidden name, which is removed when dropped.
fn write_part(
    path: &Path,
    samples: &Planar,
    sample_rate_hz: u32,
    spec: &SpeechMixSpec,
) -> Result<TempPath> {
    make_parent(path)?;
    let folder = path.parent().unwrap_or(path);
    let part = tempfile::Builder::new()
        .prefix(&part_prefix(path))
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(Error::io("create a file in", folder))?
        .into_temp_path();
    let (channels, tags) = (samples.len(), Tags::default());
    let mut writer =
        AudioWriter::create(&part, spec.format, sample_rate_hz, channels, &tags, true)?;
    writer.push(samples)?;
    writer.finish()?;
    Ok(part)
}

/// Gives a file its name; without `replace` nobody may have it.
fn name_part(part: TempPath, path: &Path, replace: bool) -> Result<()> {
    let named = if replace {
        part.persist(path)
    } else {
        part.persist_noclobber(path)
    };
    named.map_err(|e| match e.error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { path: path.into() },
        _ => Error::io("rename the finished file to", path)(e.error),
    })
}

/// Writes `pairs.csv` of all whole pairs in the destination, by name; answers how many there are.
pub(super) fn list_pairs(out: &Path) -> Result<usize> {
    let mut pairs = Vec::new();
    let items = WalkDir::new(out.join("pairs")).into_iter().flatten();
    for item in items.filter(|item| item.path().extension().is_some_and(|e| e == "json")) {
        let record = Record::read(item.path()).filter(|record| !record.begun);
        pairs.extend(record.map(|record| record.pair));
    }
    if pairs.is_empty() {
        return Ok(0);
    }
    pairs.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = "name,speech,music,offset_secs,snr_db,music_gain,gain,seed\n".to_owned();
    for pair in &pairs {
        let names = [&pair.name, &pair.speech, &pair.music].map(|name| quoted(name));
        text.push_str(&format!(
            "{},{:.6},{:.6},{:.9},{:.9},{}\n",
            names.join(","),
            pair.offset_secs,
            pair.snr_db,
            pair.music_gain,
            pair.gain,
            pair.seed
        ));
    }
    write_whole(&out.join("pairs.csv"), true, |file| {
        std::io::Write::write_all(file, text.as_bytes())
    })?;
    Ok(pairs.len())
}

/// A field as RFC 4180 has it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
