//! Pictures of audio as files: what is kept and what is refused. Damage is in `codec_damage.rs`.
//!
//! Order: bytes by hand → every codec in every format → refusals → foreign pictures.

use std::path::{Path, PathBuf};

use image::ImageDecoder as _;
use stemloom::Error;
use stemloom::apply::{Foreign, is_picture, load_picture, save_picture};
use stemloom::spectral::codec::{
    Codec, CodecKind, PictureFormat, PictureHeader, Pixels, picture_bytes, picture_format,
    picture_from_bytes,
};
use stemloom::spectral::{MelSpec, Normalisation, Padding, StftSpec, Symmetry, WindowKind};

use crate::cli::files_in;
use crate::common::{Rng, failure, setting_name};

/// The words of an [`Error::Picture`].
pub fn picture_problem<T>(result: Result<T, Error>) -> String {
    match failure(result) {
        Error::Picture { problem, .. } => problem,
        other => panic!("not about a picture: {other}"),
    }
}

/// A header of 5 columns and, but for mel pictures, 9 bins.
pub fn header(codec: Codec) -> PictureHeader {
    let mel = (codec.kind() == CodecKind::Mel).then(|| MelSpec {
        bands: 7,
        fmax_hz: Some(8000.5),
        ..MelSpec::default()
    });
    let mut header = PictureHeader::new(codec, StftSpec::new(16, 5), 44_100, 23, mel);
    header.full_scale = 123.456_79;
    header
}

/// Seeded pixels of the header's size.
pub fn pixels(header: &PictureHeader) -> Pixels {
    let mut rng = Rng::new(header.width() as u64);
    let (width, height) = (header.width(), header.height());
    let channels = header.codec.channels();
    let end = usize::from(header.codec.depth().max()) + 1;
    Pixels {
        width,
        height,
        channels,
        depth: header.codec.depth(),
        samples: (0..width * height * channels)
            .map(|_| rng.below(end) as u16)
            .collect(),
    }
}

fn name(format: PictureFormat) -> PathBuf {
    PathBuf::from(format!("picture.{}", format.extension()))
}

pub fn bytes_of(codec: Codec, format: PictureFormat) -> Vec<u8> {
    let header = header(codec);
    picture_bytes(&header, &pixels(&header), &name(format)).unwrap()
}

pub fn read(bytes: &[u8]) -> Result<(Option<PictureHeader>, Pixels), Error> {
    picture_from_bytes(bytes, Path::new("picture"))
}

/// A PNG as another program writes it, with a text chunk or without.
pub fn plain_png(pixels: &Pixels, text: Option<(&str, &str)>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width as u32, pixels.height as u32);
    encoder.set_color(match pixels.channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    if let Some((keyword, text)) = text {
        encoder.add_itxt_chunk(keyword.into(), text.into()).unwrap();
    }
    let bytes: Vec<u8> = pixels.samples.iter().map(|v| *v as u8).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&bytes).unwrap();
    writer.finish().unwrap();
    out
}

// ---------------------------------------------------------------------------------------------

/// The table in the format's own file, byte by byte.
#[test]
fn a_bmp_holds_its_header_where_readers_do_not_look() {
    let mut header = header(Codec::Colour8);
    header.stft.window = WindowKind::Hamming;
    header.stft.symmetry = Symmetry::Symmetric;
    let pixels = pixels(&header);
    let bytes = picture_bytes(&header, &pixels, Path::new("a.bmp")).unwrap();
    let row_bytes = 16; // 5 pixels of 3 bytes, filled up to a multiple of 4
    assert_eq!(bytes.len(), 54 + 9 * row_bytes);
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u32::from(short(at)) | (u32::from(short(at + 2)) << 16);
    assert_eq!(&bytes[..2], b"BM");
    assert_eq!((long(2), long(10), long(14)), (54 + 9 * 16, 54, 40));
    assert_eq!((long(18), long(22), short(28), long(30)), (5, 9, 24, 0));
    assert_eq!(&bytes[6..8], b"SL");
    let hamming = WindowKind::ALL
        .iter()
        .position(|kind| *kind == WindowKind::Hamming)
        .unwrap();
    // Range 42 dB, log, symmetric, zeros beyond the ends.
    assert_eq!(
        short(8),
        42 | (1 << 8) | (1 << 9) | ((hamming as u16) << 11)
    );
    // 23 samples are 4 hops of 5 and 3 more.
    assert_eq!((long(38), short(42), short(44)), (44_100, 5, 3));
    assert_eq!(f32::from_bits(long(50)), 123.456_79);
    // From the bottom up, blue first.
    let bottom: Vec<u16> = bytes[54..57].iter().rev().map(|b| u16::from(*b)).collect();
    assert_eq!(bottom, pixels.samples[8 * 5 * 3..8 * 5 * 3 + 3]);

    // Another reader sees the picture and nothing else.
    let decoder = image::codecs::bmp::BmpDecoder::new(std::io::Cursor::new(&bytes)).unwrap();
    assert_eq!(decoder.dimensions(), (5, 9));
    let mut raw = vec![0; 5 * 9 * 3];
    decoder.read_image(&mut raw).unwrap();
    assert!(
        raw.iter()
            .zip(&pixels.samples)
            .all(|(a, b)| u16::from(*a) == *b)
    );
}

#[test]
fn every_codec_comes_back_from_every_format_it_can_live_in() {
    for codec in Codec::ALL {
        for format in codec.formats() {
            let header = header(codec);
            let pixels = pixels(&header);
            let bytes = picture_bytes(&header, &pixels, &name(*format)).unwrap();
            let (read_header, read_pixels) = read(&bytes).unwrap();
            assert_eq!(read_header, Some(header), "{codec} {format:?}");
            assert!(read_pixels == pixels, "{codec} {format:?}");
        }
    }
}

/// Unusual transforms, lengths and scales: nothing of them is lost, or the format says so.
#[test]
fn settings_come_back_as_they_were() {
    let mut rng = Rng::new(3);
    for _case in 0..60 {
        let codec = Codec::ALL[rng.below(Codec::ALL.len())];
        let n_fft = 2 * (1 + rng.below(40));
        let mut header = header(codec);
        header.stft = StftSpec::new(n_fft, 1 + rng.below(n_fft));
        header.stft.window = WindowKind::ALL[rng.below(WindowKind::ALL.len())];
        if rng.below(2) == 0 {
            header.stft.symmetry = Symmetry::Symmetric;
        }
        if rng.below(2) == 0 {
            header.stft.padding = Padding::Reflect;
        }
        header.sample_rate_hz = 1000 + rng.below(383_001) as u32;
        header.frames = 1 + rng.below(500);
        header.full_scale = f32::from_bits(0x3000_0000 + rng.below(0x1800_0000) as u32);
        header.range_db = (1 + rng.below(200)) as f32;
        // What BMP has no room for.
        let unusual = rng.below(4) == 0;
        if unusual {
            match rng.below(4) {
                0 => header.stft.center = false,
                1 => header.stft.normalisation = Normalisation::SqrtNFft,
                2 => header.range_db = 42.5,
                _ => header.stft.win_length = n_fft - 1,
            }
        }
        let pixels = pixels(&header);
        for format in codec.formats() {
            let written = picture_bytes(&header, &pixels, &name(*format));
            if unusual && *format == PictureFormat::Bmp {
                assert!(picture_problem(written).contains("choose PNG"));
                continue;
            }
            let (read_header, read_pixels) = read(&written.unwrap()).unwrap();
            assert_eq!(read_header.as_ref(), Some(&header), "{format:?}");
            assert!(read_pixels == pixels, "{format:?}");
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Refusals

#[test]
fn a_format_that_cannot_hold_a_codec_says_which_can() {
    for codec in [Codec::Colour16, Codec::Split, Codec::Mel, Codec::Mel16] {
        let problem = picture_problem(picture_format(codec, Path::new("a.bmp")));
        assert!(problem.contains(".png or .tif"), "{problem}");
    }
    for wrong in ["a.jpg", "a", "a.wav", ".png"] {
        let problem = picture_problem(picture_format(Codec::Colour8, Path::new(wrong)));
        assert!(problem.contains(".png or .bmp or .tif"), "{problem}");
        assert!(!is_picture(Path::new(wrong)));
    }
    for good in ["a.PNG", "a.bmp", "b.c.tiff", "ä.Tif"] {
        assert!(is_picture(Path::new(good)), "{good}");
    }
    // A hop beyond 16 bits and a picture beyond 65,535 columns.
    let mut wide_hop = header(Codec::Colour8);
    wide_hop.stft = StftSpec::new(65_536, 65_536);
    let mut wide = header(Codec::Colour8);
    wide.stft = StftSpec::new(2, 1);
    wide.frames = 65_535;
    for header in [wide_hop, wide] {
        let bytes = picture_bytes(&header, &pixels(&header), Path::new("a.bmp"));
        assert!(picture_problem(bytes).contains("PNG"));
    }
}

#[test]
fn files_are_not_replaced_unasked_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let header = header(Codec::Colour8);
    let pixels = pixels(&header);
    let path = folder.path().join("a.png");
    let bytes = save_picture(&path, &header, &pixels, false).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
    let (again, _) = load_picture(&path).unwrap();
    assert_eq!(again, Some(header.clone()));
    std::fs::write(&path, "theirs").unwrap();
    let error = failure(save_picture(&path, &header, &pixels, false));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
    save_picture(&path, &header, &pixels, true).unwrap();
    assert_eq!(load_picture(&path).unwrap().1, pixels);
    // A failure leaves nothing.
    failure(save_picture(
        &folder.path().join("b.gif"),
        &header,
        &pixels,
        false,
    ));
    assert_eq!(files_in(folder.path()), ["a.png"]);
    let missing = failure(load_picture(&folder.path().join("missing.png")));
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
}

// ---------------------------------------------------------------------------------------------
// Foreign pictures

#[test]
fn a_foreign_picture_needs_to_be_told_what_it_is() {
    let made = header(Codec::Colour8Linear);
    let pixels = pixels(&made);
    let (none, read_pixels) = read(&plain_png(&pixels, Some(("Title", "a song")))).unwrap();
    assert_eq!((none, &read_pixels), (None, &pixels));

    let mut told = Foreign::default();
    let needed: [(&str, fn(&mut Foreign)); 4] = [
        ("--codec", |f| f.codec = Some(Codec::Colour8Linear)),
        ("--rate", |f| f.sample_rate_hz = Some(44_100)),
        ("--hop", |f| f.hop_length = Some(5)),
        ("--full-scale", |f| f.full_scale = Some(123.456_79)),
    ];
    assert!(told.is_empty());
    for (flag, tell) in needed {
        assert_eq!(setting_name(failure(told.header(&pixels))), flag);
        tell(&mut told);
    }
    let header = told.header(&pixels).unwrap();
    assert_eq!((header.stft.n_fft, header.frames), (16, 20));
    assert_eq!(
        (header.stft.padding, header.stft.symmetry),
        (Padding::Reflect, Symmetry::Periodic)
    );
    told.frames = Some(23);
    told.symmetry = Some(Symmetry::Symmetric);
    let header = told.header(&pixels).unwrap();
    assert_eq!(
        (header.frames, header.stft.symmetry),
        (23, Symmetry::Symmetric)
    );
    // What does not suit the picture.
    let wrong: [(&str, fn(&mut Foreign)); 5] = [
        ("--frames", |f| f.frames = Some(25)),
        ("--codec", |f| f.codec = Some(Codec::Mel)),
        ("picture", |f| f.codec = Some(Codec::Split)),
        ("hop_length", |f| f.hop_length = Some(17)),
        ("full-scale", |f| f.full_scale = Some(0.0)),
    ];
    for (name, change) in wrong {
        let mut wrong = told;
        change(&mut wrong);
        assert_eq!(setting_name(failure(wrong.header(&pixels))), name);
    }
}
