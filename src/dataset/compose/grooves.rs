//! Patterns in sixteenths: what each style plays in a bar.
//!
//! `-` goes on, `.` is silence. Drums: `X` accented, `x` plain, `o` soft or open. Bass: `R` root,
//! `3` third, `5` fifth, `8` octave, `a` a note that leads to the next root. Chords: `D` accented
//! and `d` plain downstroke, `u` upstroke, `0`–`4` one string.

use super::part::Part;
use super::style::Style;
use super::theory::Meter;

/// Kick, snare and cymbals of a bar.
pub(super) type Drumming = [&'static str; 3];

/// A pattern of 4/4 in 5/4: its third quarter again before the last two; others are as they are.
pub(super) fn fit(pattern: &str, meter: Meter) -> Vec<u8> {
    let steps = pattern.as_bytes();
    match meter {
        Meter::FiveFour if steps.len() == 16 => [&steps[..12], &steps[8..]].concat(),
        _ => steps.to_vec(),
    }
}

pub(super) const fn drumming(style: Style, meter: Meter) -> &'static [Drumming] {
    match (meter, style) {
        (Meter::ThreeFour, _) => &[
            ["X-----------", "----x---x---", "x-x-x-x-x-x-"],
            ["X---------x-", "----X---X---", "X---x---x---"],
            ["X-------x---", "----x---x-o-", "X-x-x-x-x-x-"],
        ],
        (Meter::SixEight, _) => &[
            ["X---------x-", "------X-----", "X-x-x-X-x-x-"],
            ["X---x-------", "------X-----", "x-x-x-x-x-x-"],
        ],
        (_, Style::Pop) => &[
            ["X-------X-x-----", "----X-------X---", "X-x-X-x-X-x-X-x-"],
            ["X-----x-X-------", "----X-------X---", "x-x-x-x-x-x-x-x-"],
            ["X--x----X--x----", "----X-------X--o", "X-x-X-x-X-x-X-o-"],
        ],
        (_, Style::Rock) => &[
            ["X-----x-X-x-----", "----X-------X---", "X-x-X-x-X-x-X-x-"],
            ["X-x-----X-x---x-", "----X-------X---", "X---X---X---X---"],
            ["X-------x-X-----", "----X-------X---", "X-x-X-x-X-x-X-o-"],
        ],
        (_, Style::Ballad) => &[
            ["X---------x-----", "--------X-------", "x-x-x-x-x-x-x-x-"],
            ["X-------x-x-----", "----X-------X---", "x-x-x-x-x-x-x-x-"],
        ],
        (_, Style::Waltz) => &[
            ["X-------X-------", "----x-------x---", "x-x-x-x-x-x-x-x-"],
            ["X-------x-----x-", "----x---x---x---", "X---x---X---x---"],
        ],
        (_, Style::Funk) => &[
            ["X--x------x--x--", "----X--o-o--X--o", "x-xxx-xxx-xxx-xo"],
            ["X-x----x--X-----", "----X--o-o--X---", "X-x-X-x-X-xoX-x-"],
            ["X-----x-o-x----x", "----X----o--X-o-", "xxxxxxxxxxxxxxxx"],
        ],
        (_, Style::Folk) => &[
            ["X-------X-------", "----x-------x---", "x-x-x-x-x-x-x-x-"],
            ["X-------x-x-----", "----x-------x-o-", "x---x-x-x---x-x-"],
        ],
        (_, Style::Electronic) => &[
            ["X---X---X---X---", "----X-------X---", "--o---o---o---o-"],
            ["X---X---X---X-x-", "----X-------X---", "x-o-x-o-x-o-x-o-"],
            ["X--x--X---x-X---", "----X-------X---", "xxxxxxxxxxxxxxxx"],
        ],
        (_, Style::Swing) => &[
            ["o---o---o---o---", "--------------o-", "X---x-x-X---x-x-"],
            ["o---o---o---o-x-", "------o-------o-", "X---x-x-X---x-x-"],
        ],
    }
}

pub(super) const fn bass(style: Style, meter: Meter) -> &'static [&'static str] {
    match (meter, style) {
        (Meter::ThreeFour, _) => &["R-------5-a-", "R---5---a---", "R-----------"],
        (Meter::SixEight, _) => &["R-----5---a-", "R---R-5---a-", "R-----R---5-"],
        (_, Style::Pop) => &["R-----R-R-----a-", "R-----R-5---R-a-", "R-R-R-R-R-R-R-R-"],
        (_, Style::Rock) => &["R-R-R-R-R-R-R-a-", "R-R-R-R-R-R-5-a-", "R---R-R-R---5-a-"],
        (_, Style::Ballad) => &["R-------5-----a-", "R---------5---a-", "R-------R-------"],
        (_, Style::Waltz) => &["R-------5-----a-", "R-------5-------"],
        (_, Style::Funk) => &["R..R..8.R..R.8a.", "R.8...R..R5.8.a.", "R-.R....R.R.5.a."],
        (_, Style::Folk) => &["R-------5---a---", "R-------5-------", "R---3---5---a---"],
        (_, Style::Electronic) => &["..R...R...R...R.", "R.R8R.R8R.R8R.R8", "R--R--R-R--R--a-"],
        (_, Style::Swing) => &["R---3---5---a---", "R---5---3---a---", "R---5---8---a---"],
    }
}

/// Patterns of guitar or keys.
pub(super) const fn chords(part: Part, style: Style, meter: Meter) -> &'static [&'static str] {
    match (part, meter, style) {
        (Part::Guitar, Meter::ThreeFour, _) => &["D---d---d---", "0-1-2-3-2-1-", "D---d-u-d-u-"],
        (Part::Guitar, Meter::SixEight, _) => &["0-1-2-3-2-1-", "D---d-D---d-", "D-d-u-D-d-u-"],
        (Part::Guitar, _, Style::Pop) => &["D---d-u---u-d-u-", "D---d---D---d-u-"],
        (Part::Guitar, _, Style::Rock) => &["D-d-d-d-D-d-d-d-", "D-----d-D-d-----"],
        (Part::Guitar, _, Style::Ballad) => &["0-1-2-3-4-3-2-1-", "0-2-3-4-1-2-3-4-"],
        (Part::Guitar, _, Style::Waltz) => &["0---d---1---d---", "D---d---d---d---"],
        (Part::Guitar, _, Style::Funk) => &["d.-d.-u.d..u.du.", "D..u.du...du.du."],
        (Part::Guitar, _, Style::Folk) => {
            &["0-2-1-3-0-2-1-3-", "0---d-u-1---d-u-", "D---d-u-d-u-d-u-"]
        }
        (Part::Guitar, _, Style::Electronic) => &["D-----d-----d---", "0-2-4-2-0-2-4-2-"],
        (Part::Guitar, _, Style::Swing) => &["d-..D-..d-..D-..", "d--.D--.d--.D-u."],
        (_, Meter::ThreeFour, _) => &["D-----------", "....d-..d-..", "D-------d---"],
        (_, Meter::SixEight, _) => &["D-----------", "D-----d-----", "D---d-D---d-"],
        (_, _, Style::Pop) => &["D-------D-----d-", "D-----d-----d---"],
        (_, _, Style::Rock) => &["D-------d-------", "D---------------"],
        (_, _, Style::Ballad) => &["D---d---d---d---", "D-------d-------"],
        (_, _, Style::Waltz) => &["D-------d-------", "....d-......d-.."],
        (_, _, Style::Funk) => &["..d..d..D...d...", "D..d......dd...."],
        (_, _, Style::Folk) => &["D---------------", "D-------d-------"],
        (_, _, Style::Electronic) => &["D---------------", "D--d--d-..d--d-."],
        (_, _, Style::Swing) => &["D-....d-........", "..d-..d-....d-.."],
    }
}
