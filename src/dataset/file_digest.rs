//! SHA-256 of files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

const CHUNK_BYTES: usize = 1 << 20;

/// SHA-256 of a file, read piece by piece.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn digest(path: &Path) -> Result<[u8; 32]> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk).map_err(Error::io("read", path))?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&chunk[..read]);
    }
}

/// Bytes as text, two small letters or digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
