//! MIDI files in folders, in an order that does not depend on the disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::Error;

/// Files with their paths below the input, and inputs that cannot be searched.
type Found = (Vec<(PathBuf, PathBuf)>, Vec<(PathBuf, Error)>);

/// MIDI files with their paths below the folder that was named; each once, sorted in each folder.
pub(super) fn find(inputs: &[PathBuf]) -> Found {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |input: PathBuf, relative: PathBuf| {
        if seen.insert(input.canonicalize().unwrap_or_else(|_| input.clone())) {
            found.push((input, relative));
        }
    };
    for input in inputs {
        if !input.is_dir() {
            add(
                input.clone(),
                PathBuf::from(input.file_name().unwrap_or_default()),
            );
            continue;
        }
        for item in WalkDir::new(input).sort_by_file_name() {
            match item {
                Ok(item) if item.file_type().is_file() && is_midi(item.path()) => {
                    let relative = item.path().strip_prefix(input).unwrap_or(item.path());
                    add(item.path().to_path_buf(), relative.to_path_buf());
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(input).to_path_buf();
                    let error = Error::io("read the folder", &path)(error.into());
                    problems.push((path, error));
                }
            }
        }
    }
    (found, problems)
}

fn is_midi(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["mid", "midi"].contains(&ending.as_str()))
}
