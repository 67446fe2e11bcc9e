//! Files and folders become a list of songs.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::ledger::LEDGER_FOLDER;
use super::plan::{Problem, Severity};
use crate::audio::SUPPORTED_EXTENSIONS;

/// One song to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// The file, absolute.
    pub input: PathBuf,
    /// The folder of its results below the destination: the folder that was named and what lies
    /// between it and the file.
    pub folder: PathBuf,
}

/// Every file that is named, and every audio file below every folder that is named, in the order
/// of their names, each once. `leave_out` says which files and folders in folders are no inputs
/// (results of earlier runs); hidden files and folders are none.
pub fn gather(inputs: &[PathBuf], leave_out: &dyn Fn(&Path) -> bool) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |input: PathBuf, folder: PathBuf| {
        let real = input.canonicalize().unwrap_or_else(|_| input.clone());
        if seen.insert(real) {
            entries.push(Entry { input, folder });
        }
    };
    for input in inputs {
        let input = std::path::absolute(input).unwrap_or_else(|_| input.clone());
        if !input.is_dir() {
            add(input, PathBuf::new());
            continue;
        }
        // A folder named "." or ".." is known by its real name.
        let real = input.canonicalize().unwrap_or_else(|_| input.clone());
        let own_name = PathBuf::from(real.file_name().unwrap_or_default());
        let mut found = 0;
        let destinations = RefCell::new(Vec::new());
        for item in WalkDir::new(&input)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|item| {
                let path = item.path();
                if item.depth() == 0 {
                    return true;
                }
                let is_folder = item.file_type().is_dir();
                if is_hidden(path) || is_folder && leave_out(path) {
                    return false;
                }
                // Another batch's results are songs only if somebody names that folder.
                let is_destination = is_folder && path.join(LEDGER_FOLDER).is_dir();
                if is_destination {
                    destinations.borrow_mut().push(path.to_path_buf());
                }
                !is_destination
            })
        {
            let item = match item {
                Ok(item) => item,
                Err(error) => {
                    problems.push(unreadable(&error, &input));
                    continue;
                }
            };
            let path = item.path();
            if item.path_is_symlink() && path.is_dir() {
                problems.push(Problem {
                    severity: Severity::Note,
                    message: "a link to a folder, which is not followed; name that folder too"
                        .into(),
                    path: Some(path.into()),
                });
                continue;
            }
            if !path.is_file() || !is_audio(path) || leave_out(path) {
                continue;
            }
            let below = path.strip_prefix(&input).ok().and_then(Path::parent);
            add(path.into(), own_name.join(below.unwrap_or(Path::new(""))));
            found += 1;
        }
        problems.extend(destinations.into_inner().into_iter().map(|path| Problem {
            severity: Severity::Note,
            message: "the results of another batch, left out; name this folder to take them".into(),
            path: Some(path),
        }));
        if found == 0 {
            problems.push(Problem {
                severity: Severity::Note,
                message: "there is no audio file in this folder".into(),
                path: Some(input),
            });
        }
    }
    (entries, problems)
}

fn unreadable(error: &walkdir::Error, folder: &Path) -> Problem {
    Problem {
        severity: Severity::File,
        message: error.io_error().map_or_else(
            || "cannot be looked into".into(),
            |error| format!("cannot be looked into: {error}"),
        ),
        path: Some(error.path().unwrap_or(folder).into()),
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn is_audio(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        let extension = extension.to_string_lossy().to_lowercase();
        SUPPORTED_EXTENSIONS.contains(&extension.as_str())
    })
}
