//! Chords by function: tonic, subdominant, dominant; borrowed chords and secondary dominants.
//!
//! After the functional harmony of Riemann (1893): a phrase goes from tonic over subdominant to
//! dominant, and each function is filled by one of the degrees that can stand for it.

use super::dice::Dice;
use super::form::Kind;
use super::theory::Key;

/// The notes above a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    Major,
    Minor,
    Diminished,
    Dominant7,
    Major7,
    Minor7,
    HalfDiminished7,
}

impl Quality {
    /// Semitones above the root.
    pub(super) const fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::Diminished => &[0, 3, 6],
            Self::Dominant7 => &[0, 4, 7, 10],
            Self::Major7 => &[0, 4, 7, 11],
            Self::Minor7 => &[0, 3, 7, 10],
            Self::HalfDiminished7 => &[0, 3, 6, 10],
        }
    }
}

/// A chord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chord {
    /// The root's pitch class, 0–11.
    pub(super) root: u8,
    pub(super) quality: Quality,
}

impl Chord {
    fn new(key: Key, above_tonic: u8, quality: Quality) -> Self {
        Self {
            root: (key.tonic + above_tonic) % 12,
            quality,
        }
    }

    /// The chord on a degree of the key, 0–6. In minor the fifth degree has the leading note.
    pub(super) fn diatonic(key: Key, degree: usize, has_seventh: bool) -> Self {
        use Quality::{Diminished, Dominant7, HalfDiminished7, Major, Major7, Minor, Minor7};
        let (triad, seventh) = match (key.is_minor, degree) {
            (false, 0 | 3) | (true, 2 | 5) => (Major, Major7),
            (false, 1 | 2 | 5) | (true, 0 | 3) => (Minor, Minor7),
            (_, 4) | (true, 6) => (Major, Dominant7),
            _ => (Diminished, HalfDiminished7),
        };
        let quality = if has_seventh { seventh } else { triad };
        Self::new(key, key.steps()[degree % 7], quality)
    }

    /// Its pitch classes from the root up.
    pub(super) fn pitch_classes(self) -> impl Iterator<Item = u8> {
        let root = self.root;
        let above = self.quality.intervals().iter();
        above.map(move |interval| (root + interval) % 12)
    }

    pub(super) fn contains(self, pitch: i32) -> bool {
        self.pitch_classes()
            .any(|class| i32::from(class) == pitch.rem_euclid(12))
    }

    /// The semitones from the root to the third and to the fifth.
    pub(super) fn third_and_fifth(self) -> (i32, i32) {
        let intervals = self.quality.intervals();
        (i32::from(intervals[1]), i32::from(intervals[2]))
    }
}

#[derive(Clone, Copy)]
enum Function {
    Tonic,
    Subdominant,
    Dominant,
}

/// The chords of each bar of a section's four-bar loop: one, or two.
pub(super) type Loop = [(Chord, Option<Chord>); 4];

/// A loop of four bars for sections of one kind.
pub(super) fn make_loop(key: Key, kind: Kind, sevenths: f64, colour: f64, dice: &mut Dice) -> Loop {
    use Function::{Dominant as D, Subdominant as S, Tonic as T};
    let templates: &[[Function; 4]] = match kind {
        Kind::Intro => &[[T, S, T, D], [T, T, S, D], [T, S, T, S]],
        Kind::Verse => &[[T, T, S, D], [T, S, T, D], [T, D, T, S], [T, S, S, D]],
        Kind::Chorus => &[[T, D, T, S], [S, D, T, T], [S, T, D, T], [T, S, D, T]],
        Kind::Bridge => &[[S, T, S, D], [S, S, T, D], [T, S, T, D]],
    };
    let mut previous = 7;
    let chords = dice.pick(templates).map(|function| {
        let degree = degree_of(function, key, previous, dice);
        previous = degree;
        let chord = Chord::diatonic(key, degree, dice.chance(sevenths));
        if dice.chance(colour) {
            borrowed(key, degree).unwrap_or(chord)
        } else {
            chord
        }
    });
    std::array::from_fn(|bar| {
        let (chord, next) = (chords[bar], chords[(bar + 1) % 4]);
        let can_be_prepared = next.root != key.tonic
            && next.root != chord.root
            && !matches!(next.quality, Quality::Diminished | Quality::HalfDiminished7);
        let prepares = can_be_prepared && dice.chance(colour);
        (chord, prepares.then(|| dominant_of(next.root)))
    })
}

/// A degree that can stand for a function, other than the one before.
fn degree_of(function: Function, key: Key, previous: usize, dice: &mut Dice) -> usize {
    let degrees: &[(usize, u32)] = match (function, key.is_minor) {
        (Function::Tonic, false) => &[(0, 6), (5, 4), (2, 1)],
        (Function::Tonic, true) => &[(0, 6), (5, 3), (2, 2)],
        (Function::Subdominant, false) => &[(3, 5), (1, 3)],
        (Function::Subdominant, true) => &[(3, 5), (5, 2), (1, 1)],
        (Function::Dominant, false) => &[(4, 8), (6, 1)],
        (Function::Dominant, true) => &[(4, 4), (6, 4)],
    };
    // The first bar of a loop has nothing before it and is at home.
    let is_first_tonic = previous == 7 && matches!(function, Function::Tonic);
    if is_first_tonic && dice.chance(0.75) {
        return 0;
    }
    let others: Vec<(usize, u32)> = degrees
        .iter()
        .copied()
        .filter(|(degree, _)| *degree != previous)
        .collect();
    if others.is_empty() {
        dice.weighted(degrees)
    } else {
        dice.weighted(&others)
    }
}

/// The chord of the parallel mode that can stand for a degree.
fn borrowed(key: Key, degree: usize) -> Option<Chord> {
    let (above_tonic, quality) = match (key.is_minor, degree) {
        (false, 1 | 3) => (5, Quality::Minor),
        (false, 4 | 6) => (10, Quality::Major),
        (false, 5) => (8, Quality::Major),
        (true, 1 | 3) => (5, Quality::Major),
        _ => return None,
    };
    Some(Chord::new(key, above_tonic, quality))
}

fn dominant_of(root: u8) -> Chord {
    Chord {
        root: (root + 7) % 12,
        quality: Quality::Dominant7,
    }
}
