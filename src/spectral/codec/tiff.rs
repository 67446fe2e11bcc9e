//! TIFF: any codec, not compressed; the header is JSON in the tag ImageDescription.

use std::io::Cursor;

use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16, RGBA8, RGBA16};
use ::tiff::encoder::{TiffEncoder, TiffValue};
use ::tiff::tags::Tag;
use ::tiff::{ColorType as Found, TiffResult};

use super::formats::{check_size, damaged};
use super::{Depth, MAX_PIXELS, PictureHeader, Pixels};

/// How the description begins: other programs use the tag too.
const PREFIX: &str = "stemloom.codec ";

/// The file's bytes.
pub(super) fn write(header: &PictureHeader, pixels: &Pixels) -> Result<Vec<u8>, String> {
    let text = format!("{PREFIX}{}", header.to_json()?);
    let eight = || -> Vec<u8> { pixels.samples.iter().map(|v| *v as u8).collect() };
    let sixteen = &pixels.samples;
    let written = match (pixels.channels, pixels.depth) {
        (1, Depth::Eight) => encode::<Gray8>(&text, pixels, &eight()),
        (3, Depth::Eight) => encode::<RGB8>(&text, pixels, &eight()),
        (_, Depth::Eight) => encode::<RGBA8>(&text, pixels, &eight()),
        (1, Depth::Sixteen) => encode::<Gray16>(&text, pixels, sixteen),
        (3, Depth::Sixteen) => encode::<RGB16>(&text, pixels, sixteen),
        (_, Depth::Sixteen) => encode::<RGBA16>(&text, pixels, sixteen),
    };
    written.map_err(|error| format!("the picture cannot be written as TIFF ({error})"))
}

fn encode<C: ColorType>(text: &str, pixels: &Pixels, samples: &[C::Inner]) -> TiffResult<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out)?;
    let mut image = encoder.new_image::<C>(pixels.width as u32, pixels.height as u32)?;
    image.encoder().write_tag(Tag::ImageDescription, text)?;
    image.write_data(samples)?;
    Ok(out.into_inner())
}

/// A picture of 8 or 16 bits, grey, RGB or RGBA, not compressed or packed (PackBits).
pub(super) fn read(bytes: &[u8]) -> Result<(Option<PictureHeader>, Pixels), String> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    let (channels, bits) = match decoder.colortype().map_err(damaged)? {
        Found::Gray(bits) => (1, bits),
        Found::RGB(bits) => (3, bits),
        Found::RGBA(bits) => (4, bits),
        other => return Err(format!("{other:?} is no picture of any codec")),
    };
    let depth = match bits {
        8 => Depth::Eight,
        16 => Depth::Sixteen,
        _ => {
            return Err(format!(
                "numbers of {bits} bits are those of no codec; 8 and 16 are"
            ));
        }
    };
    check_size(
        (width, height),
        channels * usize::from(bits) / 8,
        bytes.len(),
    )?;
    let header = match decoder.find_tag(Tag::ImageDescription).map_err(damaged)? {
        // Anything that is no text of ours is another program's.
        Some(value) => value
            .into_string()
            .ok()
            .and_then(|text| text.strip_prefix(PREFIX).map(PictureHeader::from_json))
            .transpose()?,
        None => None,
    };
    // The size is known to be sound, so the decoder's own, narrower limits are not needed.
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_PIXELS * 8;
    limits.intermediate_buffer_size = MAX_PIXELS * 8;
    let mut decoder = decoder.with_limits(limits);
    let samples = match decoder.read_image().map_err(damaged)? {
        DecodingResult::U8(samples) => samples.into_iter().map(u16::from).collect(),
        DecodingResult::U16(samples) => samples,
        _ => return Err("its numbers are no whole numbers; those of every codec are".into()),
    };
    let pixels = Pixels {
        width: width as usize,
        height: height as usize,
        channels,
        depth,
        samples,
    };
    Ok((header, pixels))
}
