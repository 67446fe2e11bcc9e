//! Keys, scales and metres.

use std::fmt;
use std::str::FromStr;

/// Ticks per quarter note: sixteenths are 6, triplet eighths 8.
pub(super) const QUARTER: i32 = 24;
/// Ticks per sixteenth, the grid of all patterns.
pub(super) const STEP: i32 = 6;

const MAJOR_NAMES: [&str; 12] = [
    "C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B",
];
const MINOR_NAMES: [&str; 12] = [
    "Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm",
];

/// A major or minor key. Read from text as `C`, `F#`, `Bb`, `Am` or `C# minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The tonic's pitch class, 0–11; 0 is C.
    pub tonic: u8,
    /// Minor rather than major.
    pub is_minor: bool,
}

impl Key {
    /// The scale as semitones above the tonic: major or natural minor.
    pub const fn steps(self) -> [u8; 7] {
        if self.is_minor {
            [0, 2, 3, 5, 7, 8, 10]
        } else {
            [0, 2, 4, 5, 7, 9, 11]
        }
    }

    /// Whether a MIDI pitch belongs to the scale.
    pub fn contains(self, pitch: u8) -> bool {
        let above = (pitch % 12 + 12 - self.tonic % 12) % 12;
        self.steps().contains(&above)
    }

    /// The pitch of a scale degree; degree 0 is the lowest tonic, 7 the one an octave above.
    pub(super) fn pitch(self, degree: i32) -> i32 {
        let step = self.steps()[degree.rem_euclid(7) as usize];
        i32::from(self.tonic % 12) + 12 * degree.div_euclid(7) + i32::from(step)
    }

    /// The scale degree whose pitch is nearest.
    pub(super) fn degree(self, pitch: i32) -> i32 {
        let guess = (pitch - i32::from(self.tonic % 12)) * 7 / 12;
        (guess - 2..=guess + 2)
            .min_by_key(|degree| (self.pitch(*degree) - pitch).abs())
            .unwrap_or(guess)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = if self.is_minor {
            MINOR_NAMES
        } else {
            MAJOR_NAMES
        };
        f.write_str(names[usize::from(self.tonic % 12)])
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || "write a key as C, F#, Bb or Am".to_owned();
        let mut letters = text.trim().chars();
        let natural: i32 = match letters.next().map(|c| c.to_ascii_uppercase()) {
            Some('C') => 0,
            Some('D') => 2,
            Some('E') => 4,
            Some('F') => 5,
            Some('G') => 7,
            Some('A') => 9,
            Some('B') => 11,
            _ => return Err(problem()),
        };
        let rest = letters.as_str();
        let (shift, mode) = match rest.chars().next() {
            Some('#') => (1, &rest[1..]),
            Some('b') => (-1, &rest[1..]),
            _ => (0, rest),
        };
        let is_minor = match mode.trim() {
            "" | "maj" | "major" => false,
            "m" | "min" | "minor" => true,
            _ => return Err(problem()),
        };
        Ok(Self {
            tonic: (natural + shift).rem_euclid(12) as u8,
            is_minor,
        })
    }
}

/// How a bar is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meter {
    /// 4/4.
    FourFour,
    /// 3/4.
    ThreeFour,
    /// 6/8: two beats of three eighths.
    SixEight,
    /// 5/4, as three and two.
    FiveFour,
}

impl Meter {
    /// All metres.
    pub const ALL: [Self; 4] = [
        Self::FourFour,
        Self::ThreeFour,
        Self::SixEight,
        Self::FiveFour,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FourFour => "4/4",
            Self::ThreeFour => "3/4",
            Self::SixEight => "6/8",
            Self::FiveFour => "5/4",
        }
    }

    /// The length of a bar in quarter notes.
    pub const fn quarters(self) -> u8 {
        match self {
            Self::FourFour => 4,
            Self::ThreeFour | Self::SixEight => 3,
            Self::FiveFour => 5,
        }
    }

    pub(super) fn bar_ticks(self) -> i32 {
        i32::from(self.quarters()) * QUARTER
    }

    /// What one taps a foot to.
    pub(super) const fn beat_ticks(self) -> i32 {
        match self {
            Self::SixEight => QUARTER * 3 / 2,
            _ => QUARTER,
        }
    }

    /// Where a second chord enters.
    pub(super) const fn middle_ticks(self) -> i32 {
        match self {
            Self::FourFour | Self::ThreeFour => 2 * QUARTER,
            Self::SixEight => QUARTER * 3 / 2,
            Self::FiveFour => 3 * QUARTER,
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Meter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|meter| meter.name() == text)
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}
