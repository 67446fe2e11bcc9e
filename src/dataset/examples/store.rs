//! Writes a set's examples as files that NumPy reads, so that making them costs nothing later.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::stored::{EXAMPLES_FILE, Manifest, ManifestSong, file_of};
use super::{ExampleSet, ExampleSong};
use crate::dataset::made::{claim, is_same};
use crate::dataset::manifest::write_toml;
use crate::dataset::multitrack::Split;
use crate::dataset::multitrack::free_name;
use crate::dataset::npy::{npy_shape, write_npy};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// Says what the files beside it were made with, from the first one on.
const RECORD: &str = "examples.made.json";
const SPLITS: [Split; 3] = [Split::Train, Split::Valid, Split::Test];
const KINDS: [&str; 2] = ["input", "target"];

/// What [`store_examples`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Stored {
    /// Examples that were written.
    pub written: usize,
    /// Examples that were there whole and were kept.
    pub kept: usize,
}

/// Writes every example of a set, those to learn from as in epoch 0:
/// `OUT/SPLIT/SONG_NNNN.input.npy` and `.target.npy`, 32-bit floats `[channels][height][columns]`,
/// NNNN from 0 in each song, and last `OUT/examples.toml`. [`ExampleSet::open`] opens the folder.
///
/// What an interrupted run left is kept; a folder made with other settings or of other songs is
/// refused unless `overwrite`, which makes everything anew and removes what is left over.
///
/// # Errors
/// [`Error::Setting`] if other examples are there; [`Error::Exists`] if arrays are there that this
/// did not write; [`Error::Io`]; [`Error::Cancelled`]; otherwise as [`ExampleSet::make`]. No file is
/// left half written.
pub fn store_examples(
    set: &ExampleSet,
    out: &Path,
    overwrite: bool,
    reporter: &Reporter,
) -> Result<Stored> {
    let (record, list) = (out.join(RECORD), out.join(EXAMPLES_FILE));
    let settings = (set.spec(), set.checksum());
    let is_ours = is_same(&record, &settings).is_some();
    let older = arrays_in(out)?;
    if let Some(path) = older.first().filter(|_| !is_ours && !overwrite) {
        return Err(Error::Exists { path: path.clone() });
    }
    claim(&record, &settings, overwrite)?;
    let files = file_names(set.songs());
    let work: Vec<(Split, usize)> = SPLITS
        .into_iter()
        .flat_map(|split| (0..set.len(split)).map(move |index| (split, index)))
        .collect();
    if overwrite {
        // Until the new list is there, these are no examples.
        remove(&list)?;
        let mut wanted = HashSet::new();
        for (split, index) in &work {
            let (song, number) = set.numbering.locate(*split, *index)?;
            wanted.extend(KINDS.map(|kind| file_of(out, *split, &files[song], number, kind)));
        }
        for path in older.iter().filter(|path| !wanted.contains(*path)) {
            // What is no example of ours is nobody's business here.
            if is_ours {
                remove(path)?;
            }
        }
    }
    let done = AtomicU64::new(0);
    let made: Vec<(bool, usize, f64)> = work
        .par_iter()
        .map(|(split, index)| {
            reporter.check()?;
            let (song, number) = set.numbering.locate(*split, *index)?;
            let paths = KINDS.map(|kind| file_of(out, *split, &files[song], number, kind));
            let made = one(set, *split, *index, &paths, overwrite)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            reporter.step("Storing examples", done, work.len() as u64)?;
            Ok(made)
        })
        .collect::<Result<_>>()?;
    let mut manifest = manifest(set, files);
    for ((split, index), (_, of_song, start_secs)) in work.iter().zip(&made) {
        let (song, _) = set.numbering.locate(*split, *index)?;
        manifest.songs[song].starts_secs.push(*start_secs);
        manifest.songs[song].of_song.push(*of_song);
    }
    write_toml(&manifest, &list)?;
    let written = made.iter().filter(|(is_new, ..)| *is_new).count();
    Ok(Stored {
        written,
        kept: made.len() - written,
    })
}

/// One example; answers whether it was written now, its song and where it begins.
fn one(
    set: &ExampleSet,
    split: Split,
    index: usize,
    paths: &[PathBuf; 2],
    overwrite: bool,
) -> Result<(bool, usize, f64)> {
    let shapes = [set.shapes().input, set.shapes().target];
    let is_whole =
        |(path, shape): (&PathBuf, [usize; 3])| npy_shape(path).is_ok_and(|there| there == shape);
    if !overwrite && paths.iter().zip(shapes).all(is_whole) {
        let (song, start_secs) = set.place(split, index)?;
        return Ok((false, song, start_secs));
    }
    let example = set.make(split, 0, index)?;
    // What is there and not whole was claimed by us.
    write_npy(&paths[0], &shapes[0], &example.input, true)?;
    write_npy(&paths[1], &shapes[1], &example.target, true)?;
    Ok((true, example.song, example.start_secs))
}

fn manifest(set: &ExampleSet, files: Vec<String>) -> Manifest {
    let song = |(song, file): (&ExampleSong, String)| ManifestSong {
        name: song.name.clone(),
        file,
        split: song.split.name().to_owned(),
        seconds: song.seconds,
        examples: song.examples,
        sha256: song.sha256.clone(),
        starts_secs: Vec::new(),
        of_song: Vec::new(),
    };
    Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        checksum: set.checksum(),
        layout: "SPLIT/FILE_NNNN.input.npy and .target.npy: [channel][row, low frequencies first]\
                 [column]"
            .to_owned(),
        train: set.len(Split::Train),
        valid: set.len(Split::Valid),
        test: set.len(Split::Test),
        problems: set.problems().to_vec(),
        shapes: set.shapes(),
        spec: set.spec().clone(),
        songs: set.songs().iter().zip(files).map(song).collect(),
    }
}

/// A name for each song's files that no other song has, whatever the case of letters.
fn file_names(songs: &[ExampleSong]) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |song: &ExampleSong| free_name(&song.name, &mut taken);
    songs.iter().map(name).collect()
}

/// Arrays of inputs and answers in the folders of the splits.
fn arrays_in(out: &Path) -> Result<Vec<PathBuf>> {
    let mut arrays = Vec::new();
    for split in SPLITS {
        let folder = out.join(split.name());
        let Ok(items) = std::fs::read_dir(&folder) else {
            continue;
        };
        for item in items {
            let path = item.map_err(Error::io("read the folder", &folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".input.npy") || name.ends_with(".target.npy") {
                arrays.push(path);
            }
        }
    }
    arrays.sort();
    Ok(arrays)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
