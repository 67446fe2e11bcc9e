//! Which recordings of speech and of music there are, and what their results are called.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::audio::{SUPPORTED_EXTENSIONS, probe, sanitise_file_name};
use crate::error::Error;

/// Recordings by name, and what cannot be used, with why.
pub(super) type Found = (BTreeMap<String, PathBuf>, Vec<(PathBuf, Error)>);

/// Files that were named, and all audio files below folders that were named. A recording's name is
/// its path below the named folder, without its ending, with slashes.
pub(super) fn find(inputs: &[PathBuf]) -> Found {
    let (mut found, mut broken) = (BTreeMap::new(), Vec::new());
    let (mut seen, mut taken) = (HashSet::new(), HashSet::new());
    let mut add = |path: &Path, relative: &Path, broken: &mut Vec<(PathBuf, Error)>| {
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_path_buf())) {
            return;
        }
        let name = name_of(relative);
        // Some systems do not tell letters' cases apart.
        if taken.insert(name.to_lowercase()) {
            found.insert(name, path.to_path_buf());
        } else {
            let problem = format!(
                "another file has the name {name:?} too; rename one: {}",
                path.display()
            );
            broken.push((path.to_path_buf(), Error::setting("inputs", problem)));
        }
    };
    for input in inputs {
        if !input.is_dir() {
            add(
                input,
                Path::new(input.file_name().unwrap_or_default()),
                &mut broken,
            );
            continue;
        }
        for item in WalkDir::new(input).sort_by_file_name() {
            match item {
                Ok(item) if item.file_type().is_file() && is_audio(item.path()) => {
                    let relative = item.path().strip_prefix(input).unwrap_or(item.path());
                    add(item.path(), relative, &mut broken);
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(input).to_path_buf();
                    let error = Error::io("read the folder", &path)(error.into());
                    broken.push((path, error));
                }
            }
        }
    }
    (found, broken)
}

/// As [`find`], without those whose header cannot be read: a broken song spoils no choice.
pub(super) fn find_readable(inputs: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, Error)>) {
    let (found, mut broken) = find(inputs);
    let mut readable = Vec::new();
    for path in found.into_values() {
        match probe(&path, None) {
            Ok(_) => readable.push(path),
            Err(error) => broken.push((path, error)),
        }
    }
    (readable, broken)
}

fn name_of(relative: &Path) -> String {
    let plain = relative.with_extension("");
    let parts = plain.components();
    let parts: Vec<String> = parts
        .map(|part| sanitise_file_name(&part.as_os_str().to_string_lossy()))
        .collect();
    parts.join("/")
}

fn is_audio(path: &Path) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && ending.is_some_and(|ending| SUPPORTED_EXTENSIONS.contains(&ending.as_str()))
}
