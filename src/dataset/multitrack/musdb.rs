//! MUSDB18 and MUSDB18-HQ (Rafii, Liutkus, Stöter, Mimilakis and Bittner, 2017 and 2019).

use std::path::Path;

use super::find::{Found, FoundFile};
use super::{Problem, ProblemKind, Split};

/// The parts of every song.
pub const MUSDB_PARTS: [&str; 4] = ["drums", "bass", "other", "vocals"];

/// The songs of `train` that are kept for validation, as the `musdb` package does.
pub const MUSDB_VALIDATION: [&str; 14] = [
    "Actions - One Minute Smile",
    "Clara Berry And Wooldog - Waltz For My Victims",
    "Johnny Lokke - Promises & Lies",
    "Patrick Talbot - A Reason To Leave",
    "Triviul - Angelsaint",
    "Alexander Ross - Goodbye Bolero",
    "Fergessen - Nos Palpitants",
    "Leaf - Summerghost",
    "Skelpolu - Human Mistakes",
    "Young Griffo - Pennies",
    "ANiMAL - Rockshow",
    "James May - On The Line",
    "Meaxic - Take A Step",
    "Traffic Experiment - Sirens",
];

/// How the name of a MUSDB18 file ends.
const ENDING: &str = ".stem.mp4";

/// The audio track of a MUSDB18 file that holds this: mixture 0, drums 1, bass 2, other 3, vocals 4.
pub fn musdb_track(name: &str) -> Option<usize> {
    if name == "mixture" {
        return Some(0);
    }
    let place = MUSDB_PARTS.iter().position(|part| *part == name);
    place.map(|place| place + 1)
}

/// A song's name, if a file of this name is a MUSDB18 file.
pub(super) fn song_of(file_name: &str) -> Option<&str> {
    let at = file_name.len().checked_sub(ENDING.len())?;
    let (song, ending) = file_name.split_at_checked(at)?;
    (ending.eq_ignore_ascii_case(ENDING) && !song.is_empty()).then_some(song)
}

/// The recordings in a MUSDB18 file.
pub(super) fn in_stem_file(name: &str, path: &Path, split: Split) -> Found {
    let file = |name: &str| FoundFile {
        name: name.to_owned(),
        path: path.to_path_buf(),
        track: musdb_track(name),
    };
    Found {
        name: name.to_owned(),
        split,
        files: MUSDB_PARTS.into_iter().map(file).collect(),
        mixture: Some(file("mixture")),
        problems: Vec::new(),
    }
}

/// Whether a folder holds what a song of MUSDB18-HQ does.
pub(super) fn is_hq(found: &Found) -> bool {
    let is_wav = |file: &FoundFile| file.path.extension().is_some_and(|ending| ending == "wav");
    let mixture = found.mixture.as_ref();
    mixture.is_some_and(|file| file.name == "mixture" && is_wav(file))
        && found
            .files
            .iter()
            .any(|file| MUSDB_PARTS.contains(&file.name.as_str()) && is_wav(file))
}

/// Leaves out what is no part of MUSDB18, such as sums that other programs put there.
pub(super) fn keep_standard_parts(found: &mut Found) {
    let (parts, others): (Vec<_>, Vec<_>) = std::mem::take(&mut found.files)
        .into_iter()
        .partition(|file| MUSDB_PARTS.contains(&file.name.to_lowercase().as_str()));
    found.files = parts;
    found.problems.extend(others.iter().map(|file| {
        Problem::new(
            ProblemKind::LeftOut,
            format!("{:?} is no part of MUSDB18 and was left out", file.name),
        )
    }));
}

/// The split of a song that lies in `train`.
pub(super) fn standard_split(found: &Found) -> Split {
    if found.split == Split::Train && MUSDB_VALIDATION.contains(&found.name.as_str()) {
        Split::Valid
    } else {
        found.split
    }
}
