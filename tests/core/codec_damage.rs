//! Pictures of audio as files: damage, huge claims, contradictions. Each is one clear error.

use stemloom::Error;
use stemloom::spectral::codec::{Codec, Depth, PictureFormat};

use crate::codec_files::{bytes_of, header, picture_problem, pixels, plain_png, read};
use crate::common::Rng;

const SAMPLES: [(Codec, PictureFormat); 5] = [
    (Codec::Colour8, PictureFormat::Png),
    (Codec::Mel16, PictureFormat::Png),
    (Codec::Colour8, PictureFormat::Bmp),
    (Codec::Split, PictureFormat::Tiff),
    (Codec::Colour16, PictureFormat::Tiff),
];

#[test]
fn a_file_cut_short_is_refused_at_every_length() {
    for (codec, format) in SAMPLES {
        let bytes = bytes_of(codec, format);
        for length in 0..bytes.len() {
            let problem = picture_problem(read(&bytes[..length]));
            assert!(!problem.is_empty(), "{codec} {format:?}, {length} bytes");
        }
    }
}

#[test]
fn damaged_bytes_never_stop_the_program() {
    let mut rng = Rng::new(11);
    for (codec, format) in SAMPLES {
        let whole = bytes_of(codec, format);
        for _case in 0..400 {
            let mut bytes = whole.clone();
            for _byte in 0..1 + rng.below(4) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.below(256) as u8;
            }
            match read(&bytes) {
                Ok((_, pixels)) => pixels.check().unwrap(),
                Err(Error::Picture { .. }) => {}
                Err(other) => panic!("{codec} {format:?}: {other}"),
            }
        }
    }
}

/// A few bytes that claim a huge picture: no memory is taken for it.
#[test]
fn a_huge_claim_is_refused() {
    let large = 60_000_u32;
    // More than the limit, and less than it but more than the file can hold.
    for side in [large, 15_000] {
        let mut png = bytes_of(Codec::Colour8, PictureFormat::Png);
        png[16..20].copy_from_slice(&side.to_be_bytes());
        png[20..24].copy_from_slice(&side.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        let mut bmp = bytes_of(Codec::Colour8, PictureFormat::Bmp);
        bmp[18..22].copy_from_slice(&side.to_le_bytes());
        bmp[22..26].copy_from_slice(&side.to_le_bytes());
        for bytes in [png, bmp] {
            let problem = picture_problem(read(&bytes));
            let told = if side == large {
                "larger than"
            } else {
                "too short"
            };
            assert!(problem.contains(told), "{problem}");
        }
        // Width and height are the TIFF's first entries; the decoder may see the contradiction first.
        let mut tiff = bytes_of(Codec::Colour16, PictureFormat::Tiff);
        let entries = u32::from_le_bytes([tiff[4], tiff[5], tiff[6], tiff[7]]) as usize + 2;
        assert_eq!(
            (tiff[entries], tiff[entries + 1]),
            (0, 1),
            "tag 256, the width"
        );
        for entry in [entries, entries + 12] {
            tiff[entry + 8..entry + 12].copy_from_slice(&side.to_le_bytes());
        }
        picture_problem(read(&tiff));
    }
}

/// CRC-32 of PNG, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _bit in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[test]
fn text_and_contradictions_are_told() {
    for text in ["", "B", "plain text", "RIFF....WAVE"] {
        let problem = picture_problem(read(text.as_bytes()));
        assert!(problem.contains("no PNG, BMP or TIFF"), "{problem}");
    }
    let made = header(Codec::Colour8);
    let json = serde_json::to_string(&made).unwrap();
    let mut smaller = pixels(&made);
    smaller.width -= 1;
    smaller.samples.truncate(smaller.width * smaller.height * 3);
    let newer = json.replace("\"version\":1", "\"version\":2");
    let cases = [
        (pixels(&made), "{", "description"),
        (pixels(&made), newer.as_str(), "newer"),
        (smaller, json.as_str(), "resized"),
    ];
    for (pixels, text, told) in cases {
        let png = plain_png(&pixels, Some(("stemloom.codec", text)));
        let problem = picture_problem(read(&png));
        assert!(problem.contains(told), "{problem}");
    }
    // Grey with transparency, and a palette of two colours.
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 1, 1);
    encoder.set_color(png::ColorType::GrayscaleAlpha);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[1, 2]).unwrap();
    writer.finish().unwrap();
    assert!(picture_problem(read(&out)).contains("transparency"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 2, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[1, 0]).unwrap();
    writer.finish().unwrap();
    let (_, pixels) = read(&out).unwrap();
    assert_eq!(pixels.samples, [4, 5, 6, 1, 2, 3]);
    assert_eq!(pixels.depth, Depth::Eight);
}
