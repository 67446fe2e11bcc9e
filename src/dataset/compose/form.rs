//! The order of sections: intro, verse, chorus, bridge, and again.

use super::dice::Dice;

/// What a section is for. Sections of one kind share chords and motifs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Intro,
    Verse,
    Chorus,
    Bridge,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Intro, Self::Verse, Self::Chorus, Self::Bridge];

    /// How loud it is played.
    pub(super) const fn level(self) -> f64 {
        match self {
            Self::Intro => 0.76,
            Self::Verse => 0.84,
            Self::Chorus => 1.0,
            Self::Bridge => 0.88,
        }
    }
}

/// Some bars that belong together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) first_bar: usize,
    pub(super) bars: usize,
    /// How many sections of this kind went before.
    pub(super) occurrence: usize,
}

/// Sections that fill `bars` exactly. Short pieces have short sections rather than few.
pub(super) fn sections(bars: usize, dice: &mut Dice) -> Vec<Section> {
    let unit = match bars {
        0..=11 => 2,
        12..=23 => 4,
        _ => 8,
    };
    const SHORT: [Kind; 4] = [Kind::Verse, Kind::Chorus, Kind::Bridge, Kind::Chorus];
    const LONG: [Kind; 6] = [
        Kind::Verse,
        Kind::Chorus,
        Kind::Verse,
        Kind::Chorus,
        Kind::Bridge,
        Kind::Chorus,
    ];
    let is_long = bars > 4 * unit && dice.chance(0.7);
    let cycle: &[Kind] = if is_long { &LONG } else { &SHORT };
    let order = std::iter::once(Kind::Intro).chain(cycle.iter().copied().cycle());
    let mut sections: Vec<Section> = Vec::new();
    let mut first_bar = 0;
    for kind in order {
        if first_bar >= bars {
            break;
        }
        let whole = match kind {
            Kind::Intro | Kind::Bridge => unit / 2,
            Kind::Verse | Kind::Chorus => unit,
        };
        let length = whole.min(bars - first_bar);
        let occurrence = sections.iter().filter(|past| past.kind == kind).count();
        sections.push(Section {
            kind,
            first_bar,
            bars: length,
            occurrence,
        });
        first_bar += length;
    }
    sections
}
