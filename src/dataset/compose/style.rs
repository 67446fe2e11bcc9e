//! Styles and what sets them apart: tempo, mode, metre, harmony, instruments.

use std::fmt;
use std::str::FromStr;

use super::dice::Dice;
use super::part::Part;
use super::theory::Meter;

/// A style of music.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Straight eighths, strummed guitar.
    Pop,
    /// Loud, driving eighths, distorted guitars.
    Rock,
    /// Slow, picked guitar.
    Ballad,
    /// One, two, three.
    Waltz,
    /// Sixteenths with gaps, slapped bass.
    Funk,
    /// Acoustic, root and fifth.
    Folk,
    /// Four on the floor, synthesizers.
    Electronic,
    /// Walking bass, swung eighths, seventh chords.
    Swing,
}

/// What sets a style apart.
pub(super) struct Profile {
    /// The slowest and the fastest tempo drawn, in quarter notes per minute.
    pub(super) tempo_bpm: (f64, f64),
    /// How many of its pieces are in minor, 0–1.
    pub(super) minor_share: f64,
    /// Metres that suit it; those named more often are drawn more often.
    pub(super) meters: &'static [Meter],
    /// How many chords have a seventh, 0–1.
    pub(super) sevenths: f64,
    /// How likely a chord is borrowed or prepared by a secondary dominant, 0–1.
    pub(super) colour: f64,
    /// How late the second eighth is, in ticks.
    pub(super) swing_ticks: f64,
}

impl Style {
    /// All styles.
    pub const ALL: [Self; 8] = [
        Self::Pop,
        Self::Rock,
        Self::Ballad,
        Self::Waltz,
        Self::Funk,
        Self::Folk,
        Self::Electronic,
        Self::Swing,
    ];

    /// Its name, as in `--style`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pop => "pop",
            Self::Rock => "rock",
            Self::Ballad => "ballad",
            Self::Waltz => "waltz",
            Self::Funk => "funk",
            Self::Folk => "folk",
            Self::Electronic => "electronic",
            Self::Swing => "swing",
        }
    }

    pub(super) fn profile(self) -> Profile {
        use Meter::{FiveFour, FourFour, SixEight, ThreeFour};
        let (tempo_bpm, minor_share, meters, sevenths, colour, swing_ticks): (
            _,
            _,
            &[Meter],
            _,
            _,
            _,
        ) = match self {
            Self::Pop => ((92.0, 128.0), 0.35, &[FourFour], 0.15, 0.12, 0.0),
            Self::Rock => (
                (104.0, 168.0),
                0.5,
                &[FourFour, FourFour, FourFour, FourFour, FiveFour],
                0.05,
                0.1,
                0.0,
            ),
            Self::Ballad => (
                (60.0, 84.0),
                0.4,
                &[FourFour, FourFour, SixEight],
                0.3,
                0.18,
                0.0,
            ),
            Self::Waltz => ((96.0, 180.0), 0.4, &[ThreeFour], 0.15, 0.18, 0.0),
            Self::Funk => ((88.0, 116.0), 0.6, &[FourFour], 0.7, 0.08, 0.5),
            Self::Folk => (
                (80.0, 132.0),
                0.35,
                &[FourFour, FourFour, ThreeFour, SixEight],
                0.05,
                0.06,
                0.0,
            ),
            Self::Electronic => ((110.0, 150.0), 0.7, &[FourFour], 0.2, 0.06, 0.0),
            Self::Swing => (
                (104.0, 180.0),
                0.3,
                &[FourFour, FourFour, FourFour, FourFour, FiveFour],
                0.8,
                0.22,
                3.5,
            ),
        };
        Profile {
            tempo_bpm,
            minor_share,
            meters,
            sevenths,
            colour,
            swing_ticks,
        }
    }

    /// A General MIDI program for a part, counted from 0. Drums have the standard kit.
    pub(super) fn program(self, part: Part, dice: &mut Dice) -> u8 {
        let programs: &[u8] = match (part, self) {
            (Part::Drums, _) => &[0],
            (Part::Bass, Self::Pop | Self::Ballad) => &[33, 34, 35],
            (Part::Bass, Self::Rock) => &[33, 34],
            (Part::Bass, Self::Funk) => &[33, 36, 37],
            (Part::Bass, Self::Electronic) => &[38, 39],
            (Part::Bass, _) => &[32, 32, 33],
            (Part::Guitar, Self::Rock) => &[27, 29, 30],
            (Part::Guitar, Self::Ballad | Self::Folk | Self::Waltz) => &[24, 25],
            (Part::Guitar, Self::Funk | Self::Electronic) => &[27, 28],
            (Part::Guitar, Self::Swing) => &[26],
            (Part::Guitar, Self::Pop) => &[25, 27],
            (Part::Lead, Self::Rock) => &[29, 30],
            (Part::Lead, Self::Folk | Self::Waltz) => &[24, 25],
            (Part::Lead, Self::Swing) => &[26],
            (Part::Lead, _) => &[26, 27, 29],
            (Part::Keys, Self::Rock) => &[0, 16, 18],
            (Part::Keys, Self::Funk) => &[4, 5, 7, 16],
            (Part::Keys, Self::Electronic) => &[4, 5, 17],
            (Part::Keys, Self::Folk | Self::Waltz) => &[0, 3, 19, 20],
            (Part::Keys, _) => &[0, 1, 2, 4],
            (Part::Melody, Self::Electronic) => &[80, 81, 84, 87],
            (Part::Melody, Self::Rock | Self::Funk) => &[80, 81, 82, 52],
            (Part::Melody, Self::Pop) => &[52, 53, 81, 40],
            (Part::Melody, _) => &[40, 41, 42, 48, 53],
        };
        dice.pick(programs)
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Style {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|style| style.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("choose {}", Self::ALL.map(Self::name).join(", ")))
    }
}
