//! Names, rights and room of files that are written.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::{Error, Result};

/// Writes a file whole or not at all: under a temporary name beside its place, then renamed.
/// `fill` writes what is in it.
///
/// # Errors
/// [`Error::Exists`] if it is there and `overwrite` is not given; [`Error::Io`].
pub fn write_whole(
    path: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<()> {
    if path.exists() && (!overwrite || path.is_dir()) {
        return Err(Error::Exists { path: path.into() });
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut part = tempfile::Builder::new()
        .prefix(&part_prefix(path))
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(Error::io("create a file in", folder))?;
    fill(part.as_file_mut())
        .and_then(|()| part.as_file().sync_all())
        .map_err(Error::io("write", path))?;
    let renamed = if overwrite {
        part.persist(path)
    } else {
        part.persist_noclobber(path)
    };
    match renamed {
        Ok(_) => {
            make_readable(path);
            sync_folder(folder);
            Ok(())
        }
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => {
            Err(Error::Exists { path: path.into() })
        }
        Err(e) => Err(Error::io("rename the finished file to", path)(e.error)),
    }
}

/// Gives a file the rights of an ordinary new one: temporary files are private.
pub fn make_readable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Failing this leaves a whole file that only its owner can read.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).ok();
    }
    #[cfg(not(unix))]
    {
        let _ = path;
    }
}

/// How the temporary name of a file begins: what a killed run left of `path` is known by it.
pub fn part_prefix(path: &Path) -> String {
    // FNV-1a: short, and the same in every build.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!(".stemloom-{hash:016x}-")
}

/// Bytes free where `folder` is (or will be: its nearest parent that exists).
pub fn free_space_bytes(folder: &Path) -> Option<u64> {
    let absolute = std::path::absolute(folder).ok()?;
    let existing = absolute.ancestors().find(|p| p.exists())?;
    fs4::available_space(existing).ok()
}

/// A name that every desktop system takes: no separators, control characters or `<>:"|?*`, no
/// reserved device name, no dot or space at the end, 200 bytes at most; "untitled" if nothing is left.
pub fn sanitise_file_name(name: &str) -> String {
    let mut clean: String = name
        .chars()
        .map(|c| match c {
            '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    while clean.len() > 200 {
        clean.pop();
    }
    let clean = clean.trim().trim_end_matches(['.', ' ']).to_owned();
    let stem = clean.split('.').next().unwrap_or("").to_ascii_uppercase();
    let reserved = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    match clean.as_str() {
        "" => "untitled".to_owned(),
        _ if reserved => format!("_{clean}"),
        _ => clean,
    }
}

/// Sends a folder's list of names to the disk, where systems need to be asked for that.
pub fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    {
        // A file system that cannot do this does it by itself, or not at all.
        std::fs::File::open(folder).and_then(|f| f.sync_all()).ok();
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
    }
}

/// All files below a folder in the order of their names; hidden ones are none.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be looked into.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let is_seen = |item: &walkdir::DirEntry| {
        item.depth() == 0 || !item.file_name().to_string_lossy().starts_with('.')
    };
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    for item in walk.filter_entry(is_seen) {
        let item = item.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_path_buf();
            Error::io("look into", path)(error.into())
        })?;
        if item.path().is_file() {
            files.push(item.into_path());
        }
    }
    Ok(files)
}
