//! PNG: any codec; the header is JSON in a text chunk (iTXt) of its own name.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, Encoder, Transformations};

use super::formats::{check_size, damaged, room};
use super::{Depth, PictureHeader, Pixels};

/// The name of the text chunk.
const KEYWORD: &str = "stemloom.codec";

/// The file's bytes.
pub(super) fn write(header: &PictureHeader, pixels: &Pixels) -> Result<Vec<u8>, String> {
    let bytes: Vec<u8> = match pixels.depth {
        Depth::Eight => pixels.samples.iter().map(|v| *v as u8).collect(),
        Depth::Sixteen => pixels
            .samples
            .iter()
            .flat_map(|v| v.to_be_bytes())
            .collect(),
    };
    let mut out = Vec::new();
    encode(&mut out, &header.to_json()?, pixels, &bytes)
        .map_err(|error| format!("the picture cannot be written as PNG ({error})"))?;
    Ok(out)
}

fn encode(
    out: &mut Vec<u8>,
    text: &str,
    pixels: &Pixels,
    bytes: &[u8],
) -> Result<(), ::png::EncodingError> {
    let mut encoder = Encoder::new(out, pixels.width as u32, pixels.height as u32);
    encoder.set_color(match pixels.channels {
        1 => ColorType::Grayscale,
        3 => ColorType::Rgb,
        _ => ColorType::Rgba,
    });
    encoder.set_depth(match pixels.depth {
        Depth::Eight => BitDepth::Eight,
        Depth::Sixteen => BitDepth::Sixteen,
    });
    encoder.add_itxt_chunk(KEYWORD.to_owned(), text.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()
}

/// A picture; palettes and fewer than 8 bits become 8-bit numbers.
pub(super) fn read(bytes: &[u8]) -> Result<(Option<PictureHeader>, Pixels), String> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND);
    let info = decoder.read_header_info().map_err(damaged)?;
    let bits = info.color_type.samples() * info.bit_depth as usize;
    check_size((info.width, info.height), (bits / 8).max(1), bytes.len())?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (color, depth) = reader.output_color_type();
    let channels = match color {
        ColorType::Grayscale => 1,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        _ => return Err("grey with transparency is no picture of any codec".into()),
    };
    let size = reader.output_buffer_size();
    let mut raw = room(size.ok_or_else(|| damaged("too large"))?)?;
    reader.next_frame(&mut raw).map_err(damaged)?;
    // What stands behind the pixels may hold the header, and a whole file has an end.
    reader.finish().map_err(damaged)?;
    let info = reader.info();
    let header = info
        .utf8_text
        .iter()
        .find(|chunk| chunk.keyword == KEYWORD)
        .map(|chunk| {
            let text = chunk.get_text().map_err(damaged)?;
            PictureHeader::from_json(&text)
        })
        .transpose()?;
    let (depth, samples) = match depth {
        BitDepth::Sixteen => (
            Depth::Sixteen,
            raw.chunks_exact(2)
                .map(|b| u16::from_be_bytes([b[0], b[1]]))
                .collect(),
        ),
        _ => (Depth::Eight, raw.iter().map(|v| u16::from(*v)).collect()),
    };
    let pixels = Pixels {
        width: info.width as usize,
        height: info.height as usize,
        channels,
        depth,
        samples,
    };
    Ok((header, pixels))
}
