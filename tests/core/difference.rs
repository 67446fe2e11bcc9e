//! Colours of less and more, and tiles coloured by them.
//!
//! Order: definition by hand → seeded sweep → edges. Panels are in `difference_panels.rs`, the
//! command in `cli_difference.rs`.

use stemloom::audio::Clip;
use stemloom::display::{
    FreqAxis, FreqScale, MagTile, N_FFT, TILE_COLUMNS, colour_difference, difference_table,
    tile_from_clip,
};

use crate::common::{Rng, planar_noise, sine};

pub const RATE_HZ: u32 = 44_100;
const BINS: usize = N_FFT / 2 + 1;
/// On a linear axis with this many rows, row r shows bin 1023 − r alone.
pub const ROWS: usize = N_FFT / 2;

/// The entry of the table for a difference, by its definition.
fn entry(difference_db: f32, range_db: f32) -> usize {
    (127.5 + 127.5 * (difference_db / range_db).clamp(-1.0, 1.0)).round() as usize
}

/// Whether a colour stands at that difference, give or take `entries`.
pub fn shows(colour: [u8; 3], difference_db: f32, range_db: f32, entries: usize) -> bool {
    let at = entry(difference_db, range_db);
    difference_table()[at.saturating_sub(entries)..=(at + entries).min(255)].contains(&colour)
}

pub fn neutral() -> [u8; 3] {
    difference_table()[128]
}

/// A sine in the middle of a bin: with the Hann window it is in that bin and its two neighbours.
pub fn tone(bin: usize, amplitude: f64, frames: usize) -> Clip {
    let hz = bin as f64 * f64::from(RATE_HZ) / N_FFT as f64;
    Clip::new(RATE_HZ, vec![sine(hz, RATE_HZ, frames, amplitude)])
}

pub fn silence(frames: usize) -> Clip {
    Clip::new(RATE_HZ, vec![vec![0.0; frames]])
}

/// The first tile of a clip, at full resolution.
fn tile(clip: &Clip) -> MagTile {
    tile_from_clip(clip, 0, 0).expect("a tile")
}

/// A tile of one level everywhere.
fn flat(byte: u8) -> MagTile {
    MagTile {
        db: vec![byte; TILE_COLUMNS * BINS],
    }
}

/// The decibels of a byte: 1–255 are −120 to 0 dB; below −100 dB nothing is heard.
fn heard_db(byte: u8) -> f32 {
    (-120.0 + (f32::from(byte) - 1.0) / 254.0 * 120.0).max(-100.0)
}

fn linear() -> FreqAxis {
    FreqAxis::full(FreqScale::Linear, RATE_HZ)
}

// ---------------------------------------------------------------------------------------------
// Colours

/// Light as the eye weighs it, 0–1 (Rec. 709), and its cube root, which is about lightness.
fn lightness([r, g, b]: [u8; 3]) -> f64 {
    let linear = |c: u8| (f64::from(c) / 255.0).powf(2.2);
    (0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)).cbrt()
}

#[test]
fn colours_run_evenly_from_dark_to_blue_and_to_orange() {
    let table = difference_table();
    assert_eq!(table[127], table[128]);
    assert!(neutral().iter().all(|c| *c < 24), "{:?}", neutral());
    let less: Vec<f64> = (0..128).map(|k| lightness(table[127 - k])).collect();
    let more: Vec<f64> = (0..128).map(|k| lightness(table[128 + k])).collect();
    for side in [&less, &more] {
        assert!(side.is_sorted());
        for k in [16, 32, 64, 96] {
            let part = (side[k] - side[0]) / (side[127] - side[0]);
            assert!((part - k as f64 / 127.0).abs() < 0.04, "{k}: {part}");
        }
    }
    assert!((less[127] - more[127]).abs() < 0.1);
}

/// Blue against yellow is what people see who confuse red and green.
#[test]
fn blue_against_yellow_tells_the_sign() {
    let table = difference_table();
    for k in 16..128 {
        let ([r, g, b], [red, green, blue]) = (table[127 - k], table[128 + k]);
        assert!(b > r.max(g) && blue < red.min(green), "{k}");
    }
}

// ---------------------------------------------------------------------------------------------
// Tiles

/// One sine twice as strong as the other: 20·log₁₀ 2 = 6.02 dB in its bins, nothing elsewhere.
#[test]
fn six_decibels_more_are_seen_where_the_tone_is() {
    let frames = TILE_COLUMNS * 512 + N_FFT;
    let (a, b) = (tile(&tone(64, 0.5, frames)), tile(&tone(64, 0.25, frames)));
    let more = colour_difference(&a, &b, &linear(), RATE_HZ, ROWS, 30.0);
    let less = colour_difference(&b, &a, &linear(), RATE_HZ, ROWS, 30.0);
    assert_eq!(more.len(), ROWS * TILE_COLUMNS);
    for row in 0..ROWS {
        let bin = ROWS - 1 - row;
        // The first columns begin before the sound does.
        for column in 2..TILE_COLUMNS {
            let at = row * TILE_COLUMNS + column;
            if (63..=65).contains(&bin) {
                // Each level is kept to half a decibel, which is two entries.
                assert!(shows(more[at], 6.02, 30.0, 3), "{bin}: {:?}", more[at]);
                assert!(shows(less[at], -6.02, 30.0, 3), "{bin}: {:?}", less[at]);
            } else {
                assert_eq!((more[at], less[at]), (neutral(), neutral()), "{bin}");
            }
        }
    }
}

#[test]
fn a_row_compares_the_loudest_of_its_bins() {
    let mut rng = Rng::new(31);
    for scale in FreqScale::ALL {
        for _ in 0..4 {
            let rate_hz = 8000 + rng.below(90_000) as u32;
            let rows = 1 + rng.below(300);
            let range_db = 1.0 + rng.below(120) as f32;
            let axis = FreqAxis::full(scale, rate_hz);
            let mut made = || MagTile {
                db: (0..TILE_COLUMNS * BINS)
                    .map(|_| rng.below(256) as u8)
                    .collect(),
            };
            let (a, b) = (made(), made());
            let colours = colour_difference(&a, &b, &axis, rate_hz, rows, range_db);
            let bins = axis.bins_of_rows(rows, BINS, rate_hz);
            for (at, colour) in colours.iter().enumerate() {
                let (first, last) = bins[at / TILE_COLUMNS];
                let column = at % TILE_COLUMNS * BINS;
                let loudest = |tile: &MagTile| {
                    let bins = &tile.db[column + first..column + last.min(BINS)];
                    heard_db(bins.iter().copied().max().unwrap())
                };
                let difference_db = loudest(&a) - loudest(&b);
                assert!(
                    shows(*colour, difference_db, range_db, 1),
                    "{scale:?}, {rows} rows, {difference_db} dB of {range_db}: {colour:?}"
                );
            }
        }
    }
}

#[test]
fn the_range_ends_in_the_last_colours() {
    let table = difference_table();
    let all = |a: u8, b: u8, range_db: f32| {
        let colours = colour_difference(&flat(a), &flat(b), &linear(), RATE_HZ, 20, range_db);
        assert!(colours.iter().all(|colour| *colour == colours[0]));
        colours[0]
    };
    assert_eq!(all(255, 100, 30.0), table[255]);
    assert_eq!(all(100, 255, 30.0), table[0]);
    assert_eq!(all(255, 0, 30.0), table[255]);
    // 0 dB against silence, which counts as −100 dB.
    assert!(shows(all(255, 0, 120.0), 100.0, 120.0, 0));
    assert!(shows(all(0, 255, 120.0), -100.0, 120.0, 0));
    // A swap mirrors the colour.
    for (a, b) in [(200, 180), (255, 254), (90, 240)] {
        let at = |colour: [u8; 3]| table.iter().position(|entry| *entry == colour).unwrap();
        assert_eq!(at(all(a, b, 40.0)) + at(all(b, a, 40.0)), 255);
    }
}

#[test]
fn what_nobody_hears_is_no_difference() {
    // Byte 0 is silence, byte 43 is −100.2 dB.
    for (a, b) in [(0, 0), (0, 1), (43, 0), (1, 43), (43, 43), (200, 200)] {
        let colours = colour_difference(&flat(a), &flat(b), &linear(), RATE_HZ, 7, 1.0);
        assert!(colours.iter().all(|c| *c == neutral()), "{a} and {b}");
    }
    let quiet = tile(&silence(20_001));
    let sound = tile(&Clip::new(RATE_HZ, planar_noise(5, 2, 20_001)));
    for tile in [quiet, sound] {
        let colours = colour_difference(&tile, &tile, &linear(), RATE_HZ, 100, 30.0);
        assert!(colours.iter().all(|c| *c == neutral()));
    }
}

/// No rows, a tile cut short, no rate, ranges that are none: a picture or none, no panic.
#[test]
fn odd_tiles_do_no_harm() {
    let short = MagTile {
        db: vec![255; 3 * BINS + 7],
    };
    let none = MagTile { db: Vec::new() };
    let long = MagTile {
        db: vec![9; (TILE_COLUMNS + 1) * BINS],
    };
    for range_db in [0.0, -3.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE] {
        for (a, b) in [(&short, &none), (&long, &short), (&none, &none)] {
            for rate_hz in [0, 1, RATE_HZ] {
                for rows in [0, 1, 1200] {
                    let size = colour_difference(a, b, &linear(), rate_hz, rows, range_db).len();
                    assert_eq!(size, rows * TILE_COLUMNS);
                }
            }
        }
    }
}
