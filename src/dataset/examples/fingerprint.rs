//! Which songs these are, by checksums that cost little.

use std::fs::File;
use std::io::Read as _;

use sha2::{Digest as _, Sha256};

use super::sources::Found;
use crate::error::{Error, Result};

/// How much of a file is looked at.
const HEAD_BYTES: u64 = 1 << 16;

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A song's checksum: over its name, and for each recording the voice, the file's name and size, the
/// track, frames, rate and channels, and the first 65,536 bytes. Folders and times play no part.
pub(super) fn fingerprint(song: &Found, voices: &[String]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut text = |text: String| {
        hash.update(text.as_bytes());
        hash.update([0_u8]);
    };
    text(song.name.clone());
    let mut heads = Vec::new();
    for (voice, parts) in voices.iter().zip(&song.voices) {
        for part in parts {
            let path = &part.path;
            let mut file = File::open(path).map_err(Error::io("open", path))?;
            let bytes = file.metadata().map_err(Error::io("read", path))?.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            text(format!(
                "{voice}/{name}/{bytes}/{:?}/{}/{}/{}",
                part.track, part.frames, part.sample_rate_hz, part.channels
            ));
            let mut head = Vec::new();
            file.by_ref()
                .take(HEAD_BYTES)
                .read_to_end(&mut head)
                .map_err(Error::io("read", path))?;
            heads.push(sha256_of(&head));
        }
    }
    heads.into_iter().for_each(text);
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
