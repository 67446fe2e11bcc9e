//! Names, rights and room of files that are written.

use std::path::Path;

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
