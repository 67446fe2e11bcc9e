//! BMP: 24 bits, from the bottom up, of exactly 54 bytes and the pixels.
//!
//! The format has no room for text, so the header is packed into fields that readers leave aside
//! at 24 bits (all little endian):
//!
//! | bytes | BMP's name for them      | here                                                       |
//! |-------|--------------------------|------------------------------------------------------------|
//! | 6–7   | reserved 1               | "SL"                                                       |
//! | 8–9   | reserved 2               | flags, see below                                           |
//! | 38–41 | pixels per metre across  | sample rate in hertz                                       |
//! | 42–45 | pixels per metre down    | hop (low half), samples after the last column (high half)  |
//! | 50–53 | important colours        | full scale, the bits of an f32                             |
//!
//! Flags: bits 0–7 the range in dB, a whole number; bit 8 the log scale; bit 9 the symmetric
//! window; bit 10 reflection; bits 11–14 the window's place in [`WindowKind::ALL`]. The rest
//! follows: n_fft = 2·(height − 1) is the window's length, columns are centred, nothing is
//! normalised, and there are (width − 1)·hop + the samples after the last column. Whatever does not
//! fit in here needs PNG.

use std::io::Cursor;

use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::{ColorType, ExtendedColorType, ImageDecoder as _};

use super::formats::{check_size, damaged, room};
use super::{Codec, CodecScale, Depth, PictureHeader, Pixels};
use crate::spectral::{Padding, StftSpec, Symmetry, WindowKind};

const MAGIC: [u8; 2] = *b"SL";
const HEADER_BYTES: usize = 54;
/// Most readers, the one here too, take no larger ones.
const MAX_SIDE: usize = 65_535;

const LOG: u16 = 1 << 8;
const SYMMETRIC: u16 = 1 << 9;
const REFLECT: u16 = 1 << 10;
const WINDOW_SHIFT: u32 = 11;

/// The file's bytes.
pub(super) fn write(header: &PictureHeader, pixels: &Pixels) -> Result<Vec<u8>, String> {
    if pixels.width > MAX_SIDE || pixels.height > MAX_SIDE {
        return Err(format!(
            "BMP holds at most {MAX_SIDE} pixels across, and the picture has {}; choose PNG, or a shorter stretch",
            pixels.width
        ));
    }
    let packed = Packed::from_header(header, pixels.width);
    // What was packed must come back as it was.
    let Some(packed) =
        packed.filter(|p| p.header(pixels.width, pixels.height).as_ref() == Some(header))
    else {
        return Err(
            "BMP has room for usual settings only (centred columns, a window of n_fft samples, no normalisation, a range in whole dB); choose PNG"
                .into(),
        );
    };
    let rgb: Vec<u8> = pixels.samples.iter().map(|v| *v as u8).collect();
    let mut out = Vec::new();
    BmpEncoder::new(&mut out)
        .encode(
            &rgb,
            pixels.width as u32,
            pixels.height as u32,
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| format!("the picture cannot be written as BMP ({error})"))?;
    packed.put(&mut out);
    Ok(out)
}

/// A picture; palettes and other depths become three 8-bit numbers.
pub(super) fn read(bytes: &[u8]) -> Result<(Option<PictureHeader>, Pixels), String> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size((width, height), 3, bytes.len())?;
    let channels = match decoder.color_type() {
        ColorType::Rgb8 => 3,
        ColorType::Rgba8 => 4,
        other => return Err(format!("{other:?} is no picture of any codec")),
    };
    let mut raw = room(width as usize * height as usize * channels)?;
    decoder.read_image(&mut raw).map_err(damaged)?;
    let pixels = Pixels {
        width: width as usize,
        height: height as usize,
        channels,
        depth: Depth::Eight,
        samples: raw.into_iter().map(u16::from).collect(),
    };
    let header = Packed::get(bytes).and_then(|p| p.header(pixels.width, pixels.height));
    Ok((header, pixels))
}

/// The header as it stands in the file.
struct Packed {
    flags: u16,
    sample_rate_hz: u32,
    hop: u16,
    /// Samples after the last column's centre, less than a hop.
    remainder: u16,
    full_scale: f32,
}

impl Packed {
    /// `None` if something does not fit.
    fn from_header(header: &PictureHeader, width: usize) -> Option<Self> {
        let window = WindowKind::ALL
            .iter()
            .position(|kind| *kind == header.stft.window)
            .filter(|window| *window < 16)?;
        // The cast holds at the ends; a range that is no whole number comes back changed.
        let mut flags = u16::from(header.range_db as u8) | ((window as u16) << WINDOW_SHIFT);
        if header.codec.scale() == CodecScale::Log {
            flags |= LOG;
        }
        if header.stft.symmetry == Symmetry::Symmetric {
            flags |= SYMMETRIC;
        }
        if header.stft.padding == Padding::Reflect {
            flags |= REFLECT;
        }
        let columns_end = (width - 1).checked_mul(header.stft.hop_length)?;
        Some(Self {
            flags,
            sample_rate_hz: header.sample_rate_hz,
            hop: u16::try_from(header.stft.hop_length).ok()?,
            remainder: u16::try_from(header.frames.checked_sub(columns_end)?).ok()?,
            full_scale: header.full_scale,
        })
    }

    /// `None` if there is no such transform.
    fn header(&self, width: usize, height: usize) -> Option<PictureHeader> {
        let n_fft = 2 * height.checked_sub(1)?;
        let mut stft = StftSpec::new(n_fft, usize::from(self.hop));
        stft.window = *WindowKind::ALL.get(usize::from(self.flags >> WINDOW_SHIFT))?;
        if self.flags & SYMMETRIC != 0 {
            stft.symmetry = Symmetry::Symmetric;
        }
        if self.flags & REFLECT != 0 {
            stft.padding = Padding::Reflect;
        }
        let codec = if self.flags & LOG != 0 {
            Codec::Colour8
        } else {
            Codec::Colour8Linear
        };
        let frames = width.checked_sub(1)? * usize::from(self.hop) + usize::from(self.remainder);
        let mut header = PictureHeader::new(codec, stft, self.sample_rate_hz, frames, None);
        header.full_scale = self.full_scale;
        header.range_db = f32::from(self.flags & 255);
        Some(header)
    }

    /// Writes the fields into a finished file.
    fn put(&self, file: &mut [u8]) {
        let down = u32::from(self.hop) | (u32::from(self.remainder) << 16);
        let fields: [(usize, &[u8]); 5] = [
            (6, &MAGIC),
            (8, &self.flags.to_le_bytes()),
            (38, &self.sample_rate_hz.to_le_bytes()),
            (42, &down.to_le_bytes()),
            (50, &self.full_scale.to_bits().to_le_bytes()),
        ];
        for (at, bytes) in fields {
            if let Some(field) = file.get_mut(at..at + bytes.len()) {
                field.copy_from_slice(bytes);
            }
        }
    }

    /// `None` if another program wrote the file.
    fn get(file: &[u8]) -> Option<Self> {
        let head = file
            .get(..HEADER_BYTES)
            .filter(|head| head[6..8] == MAGIC)?;
        let long =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let down = long(42);
        Some(Self {
            flags: u16::from_le_bytes([head[8], head[9]]),
            sample_rate_hz: long(38),
            hop: (down & 0xFFFF) as u16,
            remainder: (down >> 16) as u16,
            full_scale: f32::from_bits(long(50)),
        })
    }
}
