//! Audio as pictures: numbers to pixels and back.
//!
//! Order: single pixels by hand → whole ranges → what is refused. Whole clips are in
//! `codec_sound.rs`, files in `codec_files.rs`, the commands in `cli_codec.rs`.

use std::f32::consts::{PI, TAU};

use stemloom::spectral::codec::{
    Codec, CodecKind, PictureHeader, PictureValues, Pixels, decode, encode,
};
use stemloom::spectral::{Complex32, MelSpec, StftSpec};

use crate::common::{failure, setting_name};

/// A picture two pixels high and `columns` wide, 2 or more.
fn small(codec: Codec, columns: usize) -> PictureHeader {
    let mel = (codec.kind() == CodecKind::Mel).then(|| MelSpec {
        bands: 2,
        ..MelSpec::default()
    });
    PictureHeader::new(codec, StftSpec::new(2, 1), 44_100, columns - 1, mel)
}

fn complex(codec: Codec, full_scale: f32, values: &[Complex32]) -> (PictureHeader, Pixels) {
    let mut header = small(codec, values.len() / 2);
    header.full_scale = full_scale;
    let pixels = encode(&header, &PictureValues::Complex(values.to_vec())).unwrap();
    (header, pixels)
}

fn complex_of(values: PictureValues) -> Vec<Complex32> {
    match values {
        PictureValues::Complex(values) => values,
        PictureValues::Mel(_) => panic!("mel values of a picture with phase"),
    }
}

fn mel_of(values: PictureValues) -> Vec<f32> {
    match values {
        PictureValues::Mel(values) => values,
        PictureValues::Complex(_) => panic!("complex values of a mel picture"),
    }
}

/// The codecs that hold phases.
pub const COMPLEX: [Codec; 6] = [
    Codec::Colour8,
    Codec::Colour8Linear,
    Codec::Colour16,
    Codec::Colour16Linear,
    Codec::Split,
    Codec::SplitLinear,
];

// ---------------------------------------------------------------------------------------------
// By hand

/// Two columns of two bins; the second column is silent. Full scale 2, so that 1 is its half.
#[test]
fn single_pixels_are_as_computed_by_hand() {
    let half = Complex32::new(1.0, 0.0);
    let whole = Complex32::new(0.0, -2.0);
    let zero = Complex32::new(0.0, 0.0);
    let values = [half, whole, zero, zero];
    // Row 0 is the first bin: half scale, phase 0 (the middle). Row 1: full scale, phase −π/2 (a
    // quarter). Silence has phase 0.
    let cases: [(Codec, Vec<u16>); 6] = [
        (
            Codec::Colour8Linear,
            vec![128, 128, 0, 0, 128, 0, 255, 64, 0, 0, 128, 0],
        ),
        (
            Codec::Colour16Linear,
            vec![
                32_768, 32_768, 0, 0, 32_768, 0, 65_535, 16_384, 0, 0, 32_768, 0,
            ],
        ),
        // ln(1 + 125.89/2) / ln(1 + 125.89) = 0.8585
        (
            Codec::Colour8,
            vec![219, 128, 0, 0, 128, 0, 255, 64, 0, 0, 128, 0],
        ),
        (
            Codec::Colour16,
            vec![
                56_262, 32_768, 0, 0, 32_768, 0, 65_535, 16_384, 0, 0, 32_768, 0,
            ],
        ),
        // 32,768 is 128·256, 16,384 is 64·256, 65,535 is 255·256 + 255.
        (
            Codec::SplitLinear,
            vec![128, 128, 0, 0, 0, 128, 0, 0, 255, 64, 255, 0, 0, 128, 0, 0],
        ),
        // 56,262 is 219·256 + 198.
        (
            Codec::Split,
            vec![
                219, 128, 198, 0, 0, 128, 0, 0, 255, 64, 255, 0, 0, 128, 0, 0,
            ],
        ),
    ];
    for (codec, expected) in cases {
        let (header, pixels) = complex(codec, 2.0, &values);
        assert_eq!((pixels.width, pixels.height), (2, 2), "{codec}");
        assert_eq!(pixels.samples, expected, "{codec}");
        let back = complex_of(decode(&header, &pixels).unwrap());
        // Half a step of magnitude and phase in 8 bits, the coarser of both.
        assert!((back[0] - half).norm() < 0.03, "{codec}: {}", back[0]);
        assert!((back[1] - whole).norm() < 0.03, "{codec}: {}", back[1]);
        assert_eq!((back[2].norm(), back[3].norm()), (0.0, 0.0), "{codec}");
    }
}

#[test]
fn mel_pixels_are_decibels_below_full_scale() {
    // Power: −20 dB is a hundredth; 100 dB are the whole range; what is below is silence.
    for (codec, levels) in [
        (Codec::Mel, [255, 204, 0, 0]),
        (Codec::Mel16, [65_535, 52_428, 0, 0]),
    ] {
        let mut header = small(codec, 2);
        header.full_scale = 5.0;
        let values = PictureValues::Mel(vec![5.0, 5e-10, 0.05, 0.0]);
        let pixels = encode(&header, &values).unwrap();
        // Column after column becomes row after row.
        assert_eq!(pixels.samples, levels, "{codec}");
        let back = mel_of(decode(&header, &pixels).unwrap());
        assert!((back[0] - 5.0).abs() < 1e-5 && (back[2] - 0.05).abs() < 1e-6);
        assert_eq!((back[1], back[3]), (0.0, 0.0));
    }
    // Magnitudes instead of power: −20 dB is a tenth.
    let mut header = small(Codec::Mel, 2);
    header.mel.as_mut().unwrap().power = 1.0;
    let pixels = encode(&header, &PictureValues::Mel(vec![1.0, 0.1, 0.1, 0.0])).unwrap();
    assert_eq!(pixels.samples, [255, 204, 204, 0]);
}

// ---------------------------------------------------------------------------------------------
// Whole ranges

#[test]
fn phases_come_back_within_half_a_step_all_around() {
    const ANGLES: usize = 5000;
    let mut values = Vec::new();
    for i in 0..=ANGLES {
        let angle = PI * (2.0 * i as f32 / ANGLES as f32 - 1.0);
        values.push(Complex32::from_polar(1.0, angle));
    }
    // Both names of the same angle, and one more to fill the last column.
    values.extend([
        Complex32::new(-1.0, 0.0),
        Complex32::new(-1.0, -0.0),
        Complex32::new(1.0, 0.0),
    ]);
    for codec in COMPLEX {
        let (header, pixels) = complex(codec, 1.0, &values);
        let back = complex_of(decode(&header, &pixels).unwrap());
        let half_step = TAU / f32::from(codec.precision().max()) / 2.0;
        for (x, y) in values.iter().zip(&back) {
            let turned = (x.conj() * y).arg().abs();
            assert!(turned <= half_step + 2e-6, "{codec}: {x} became {y}");
        }
    }
}

#[test]
fn nothing_wraps_around_beyond_full_scale() {
    let loud = [1.0, 1.001, 1.5, 2.0, 256.0, 65_536.0, 1e30, f32::INFINITY];
    let values: Vec<Complex32> = loud.iter().map(|m| Complex32::new(*m, 0.0)).collect();
    for codec in COMPLEX {
        let (header, pixels) = complex(codec, 1.0, &values);
        let back = complex_of(decode(&header, &pixels).unwrap());
        for (loud, back) in loud.iter().zip(back) {
            assert!((back.norm() - 1.0).abs() < 1e-5, "{codec}: {loud} → {back}");
        }
        // What is no number is silent.
        let (header, pixels) = complex(codec, 1.0, &[Complex32::new(f32::NAN, 0.0); 4]);
        let back = complex_of(decode(&header, &pixels).unwrap());
        assert!(back.iter().all(|x| x.norm() == 0.0), "{codec}");
    }
    let header = small(Codec::Mel, 2);
    let pixels = encode(
        &header,
        &PictureValues::Mel(vec![9.0, 1e30, f32::NAN, -1.0]),
    )
    .unwrap();
    assert_eq!(pixels.samples, [255, 0, 255, 0]);
}

/// Every number that a picture can hold survives the way to a magnitude and back.
#[test]
fn the_maps_are_exact_inverses() {
    for codec in Codec::ALL {
        let max = usize::from(codec.precision().max());
        let mut header = small(codec, max + 1);
        header.full_scale = 123.4;
        let mut samples = Vec::new();
        for _row in 0..2 {
            for v in 0..=max {
                // Not the ends of the phase, which are two numbers for one angle.
                let p = (v * 7919 + 17) % (max - 1) + 1;
                let (v, p) = (v as u16, p as u16);
                match codec.kind() {
                    CodecKind::Colour => samples.extend([v, p, 0]),
                    CodecKind::Split => samples.extend([v >> 8, p >> 8, v & 255, p & 255]),
                    CodecKind::Mel => samples.push(v),
                }
            }
        }
        let pixels = Pixels {
            width: max + 1,
            height: 2,
            channels: codec.channels(),
            depth: codec.depth(),
            samples,
        };
        let values = decode(&header, &pixels).unwrap();
        let again = encode(&header, &values).unwrap();
        // The first column is silent; silence has no phase to keep.
        let channels = codec.channels();
        for row in 0..2 {
            let from = (row * pixels.width + 1) * channels;
            let to = (row + 1) * pixels.width * channels;
            assert!(
                pixels.samples[from..to] == again.samples[from..to],
                "{codec}"
            );
        }
    }
}

#[test]
fn wrong_pixels_and_headers_are_refused() {
    let values = PictureValues::Complex(vec![Complex32::default(); 8]);
    let header = small(Codec::Colour8, 4);
    let pixels = encode(&header, &values).unwrap();
    let refused =
        |header: &PictureHeader, pixels: &Pixels| setting_name(failure(decode(header, pixels)));

    let mut narrow = pixels.clone();
    narrow.width = 3;
    assert_eq!(refused(&header, &narrow), "picture");
    let mut deep = pixels.clone();
    deep.samples[5] = 256;
    assert_eq!(refused(&header, &deep), "picture");
    let mut other = header.clone();
    other.codec = Codec::Colour16;
    assert_eq!(refused(&other, &pixels), "picture");
    let cases: [(&str, fn(&mut PictureHeader)); 8] = [
        ("version", |h| h.version = 2),
        ("rate", |h| h.sample_rate_hz = 0),
        ("frames", |h| h.frames = 0),
        ("frames", |h| h.frames = usize::MAX),
        ("full-scale", |h| h.full_scale = f32::NAN),
        ("range", |h| h.range_db = 0.0),
        ("mel", |h| h.mel = Some(MelSpec::default())),
        ("duration", |h| h.frames = 1 << 39),
    ];
    for (name, change) in cases {
        let mut wrong = header.clone();
        change(&mut wrong);
        assert_eq!(refused(&wrong, &pixels), name);
    }
    let short = PictureValues::Complex(vec![Complex32::default(); 7]);
    assert_eq!(
        setting_name(failure(encode(&header, &short))),
        "spectrogram"
    );
    let mel = PictureValues::Mel(vec![0.0; 8]);
    assert_eq!(setting_name(failure(encode(&header, &mel))), "spectrogram");
}

// ---------------------------------------------------------------------------------------------

#[test]
fn names_are_read_and_written() {
    for codec in Codec::ALL {
        assert_eq!(codec.name().parse::<Codec>().unwrap(), codec);
        assert_eq!(codec.to_string(), codec.name());
        let json = serde_json::to_string(&codec).unwrap();
        assert_eq!(json, format!("\"{}\"", codec.name()));
        assert_eq!(serde_json::from_str::<Codec>(&json).unwrap(), codec);
    }
    let error = failure("colour-9".parse::<Codec>());
    assert!(error.to_string().contains("colour-8-linear"), "{error}");
}
