//! Names of stems across programs: what is meant by the same stem.

use crate::dataset::Song;
use crate::error::{Error, Result};

/// The singing voice.
pub(super) const VOCALS: &str = "vocals";
/// Everything but the singing voice.
pub(super) const ACCOMPANIMENT: &str = "accompaniment";

/// What other programs call the accompaniment.
const ACCOMPANIMENT_NAMES: [&str; 6] = [
    ACCOMPANIMENT,
    "instrumental",
    "instrumentals",
    "no_vocals",
    "no vocals",
    "karaoke",
];
/// What other programs call the voice.
const VOCALS_NAMES: [&str; 5] = [VOCALS, "vocal", "voice", "voc", "lead vocals"];

/// Names to be read as others, as a person gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renames(Vec<(String, String)>);

impl Renames {
    /// Pairs of the name that is met and the name that is meant, in any case of letters.
    ///
    /// # Errors
    /// [`Error::Setting`] if a name is empty or two meanings are given for one.
    pub fn new(pairs: &[(String, String)]) -> Result<Self> {
        let mut lowered: Vec<(String, String)> = Vec::new();
        for (from, to) in pairs {
            let (from, to) = (from.trim().to_lowercase(), to.trim().to_lowercase());
            if from.is_empty() || to.is_empty() {
                return Err(Error::setting("rename", "write NAME=STEM, neither empty"));
            }
            if lowered.iter().any(|(known, _)| *known == from) {
                let problem = format!("{from:?} is given two meanings");
                return Err(Error::setting("rename", problem));
            }
            lowered.push((from, to));
        }
        Ok(Self(lowered))
    }

    /// The stem that a name stands for, in small letters.
    pub(super) fn stem(&self, name: &str) -> String {
        let name = name.trim().to_lowercase();
        if let Some((_, to)) = self.0.iter().find(|(from, _)| *from == name) {
            return to.clone();
        }
        name
    }

    /// The stem that a name stands for if it is among `known` (small letters), else by what other
    /// programs call it: "instrumental" is the accompaniment.
    pub fn known_stem(&self, name: &str, known: &[String]) -> Option<String> {
        let stem = self.stem(name);
        if known.contains(&stem) {
            return Some(stem);
        }
        let usual = if ACCOMPANIMENT_NAMES.contains(&stem.as_str()) {
            ACCOMPANIMENT
        } else if VOCALS_NAMES.contains(&stem.as_str()) {
            VOCALS
        } else {
            return None;
        };
        known
            .iter()
            .any(|known| known == usual)
            .then(|| usual.into())
    }

    /// For fingerprints.
    pub(super) fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// The stems of a song that can be measured, in small letters, in the order of tables: drums, bass,
/// other, the rest by name, vocals, accompaniment (of its own, or the sum of all but the vocals).
/// A stem of which a file cannot be read is among them.
pub fn stems_of(song: &Song) -> Vec<String> {
    let parts = song.parts.iter().map(|part| part.stem.to_lowercase());
    let lost = song.lost_stems.iter().map(|stem| stem.to_lowercase());
    let mut stems: Vec<String> = parts.chain(lost).collect();
    stems.sort_by_key(|stem| (rank(stem), stem.clone()));
    stems.dedup();
    let has = |name: &str| stems.iter().any(|stem| stem == name);
    if has(VOCALS) && !has(ACCOMPANIMENT) && stems.len() > 1 {
        stems.push(ACCOMPANIMENT.into());
    }
    stems
}

/// Whether a song's accompaniment is what other stems add up to: the sum of all but the vocals, or a
/// recording of its own beside vocals and further parts. Then the mixture is not made of it.
pub(super) fn accompaniment_is_sum(song: &Song) -> bool {
    let stems = stems_of(song);
    let has = |name: &str| stems.iter().any(|stem| stem == name);
    has(VOCALS) && has(ACCOMPANIMENT) && stems.len() > 2
}

/// The place of a stem in tables. The last two stand side by side, because they are measured
/// together.
pub(super) fn rank(stem: &str) -> usize {
    match stem {
        "drums" => 0,
        "bass" => 1,
        "other" => 2,
        VOCALS => 4,
        ACCOMPANIMENT => 5,
        _ => 3,
    }
}
