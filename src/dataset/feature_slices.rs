//! Slices on the disk that nobody wants any more: what longer recordings or another kind left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use super::features::{FeatureInput, relative};
use crate::audio::files_below;
use crate::error::{Error, Result};

/// Names of pieces by instrument, folders of a name divided by `/`.
pub(super) type Pieces = BTreeMap<String, BTreeSet<String>>;
/// How many slices each piece has, by instrument.
pub(super) type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// The name of a recording's piece in lists, the same on every system.
pub(super) fn piece_name(input: &FeatureInput) -> String {
    relative(Path::new(""), &input.piece)
}

/// Adds one list to another.
pub(super) fn add_all(pieces: &mut Pieces, others: &Pieces) {
    for (instrument, names) in others {
        let pieces = pieces.entry(instrument.clone()).or_default();
        pieces.extend(names.iter().cloned());
    }
}

/// No slices of any of these pieces.
pub(super) fn none_of(pieces: &Pieces) -> Counts {
    let mut counts = Counts::new();
    for (instrument, pieces) in pieces {
        let none = pieces.iter().map(|piece| (piece.clone(), 0));
        counts.insert(instrument.clone(), none.collect());
    }
    counts
}

/// Removes `OUT/INSTRUMENT/PIECE_NNN.npy` of the pieces that are named, from their counts on, also
/// behind gaps. Nothing else is touched.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn remove_beyond(out: &Path, counts: &Counts) -> Result<()> {
    for (instrument, pieces) in counts {
        let folder = out.join(instrument);
        // A list is a text file: whatever it says, nothing outside of the folder is meant.
        if !is_plain(instrument) || !folder.is_dir() {
            continue;
        }
        for path in files_below(&folder)? {
            let name = relative(&folder, &path);
            let is_left_over = slice_of(&name)
                .and_then(|(piece, number)| Some(number >= *pieces.get(piece)?))
                .unwrap_or(false);
            if is_left_over {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
        }
    }
    Ok(())
}

/// Whether this is the name of a folder and no path.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none()
}

/// The piece and the number of a slice, as its name tells.
fn slice_of(name: &str) -> Option<(&str, usize)> {
    let (piece, digits) = name.strip_suffix(".npy")?.rsplit_once('_')?;
    let number: usize = digits.parse().ok()?;
    // Only as they are written: 007, and neither 7 nor +07.
    (format!("{number:03}") == digits).then_some((piece, number))
}
