//! A picture being painted: pixels, text, PNG.

use std::io::Write as _;
use std::path::Path;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _};

use crate::audio::write_whole;
use crate::error::Result;

const TEXT_PX: f32 = 14.0;

/// An RGB picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Row after row from the top.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    pub(super) fn new(width: usize, height: usize, background: [u8; 3]) -> Self {
        Self {
            width,
            height,
            pixels: vec![background; width * height],
        }
    }

    pub(super) fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    pub(super) fn rectangle(
        &mut self,
        (x, y): (usize, usize),
        (w, h): (usize, usize),
        colour: [u8; 3],
    ) {
        for row in y..y + h {
            for column in x..x + w {
                self.set(column, row, colour);
            }
        }
    }

    /// Text whose baseline-left corner is at (x, y); answers its width.
    pub(super) fn text(&mut self, x: f32, y: f32, text: &str, colour: [u8; 3]) -> f32 {
        let Ok(font) = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT) else {
            return 0.0;
        };
        let font = font.as_scaled(PxScale::from(TEXT_PX * 1.15));
        let mut at = x;
        for c in text.chars() {
            let glyph = font.scaled_glyph(c);
            let id = glyph.id;
            let mut glyph = glyph;
            glyph.position = ab_glyph::point(at, y);
            if let Some(outline) = font.font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, cover| {
                    let (px, py) = (bounds.min.x + dx as f32, bounds.min.y + dy as f32);
                    if px >= 0.0
                        && py >= 0.0
                        && (px as usize) < self.width
                        && (py as usize) < self.height
                    {
                        let under = &mut self.pixels[py as usize * self.width + px as usize];
                        for (under, over) in under.iter_mut().zip(colour) {
                            let mixed = f32::from(*under) * (1.0 - cover) + f32::from(over) * cover;
                            *under = mixed.clamp(0.0, 255.0) as u8;
                        }
                    }
                });
            }
            at += font.h_advance(id);
        }
        at - x
    }

    pub(super) fn text_right(&mut self, right: f32, y: f32, text: &str, colour: [u8; 3]) {
        let width = text_width(text);
        self.text(right - width, y, text, colour);
    }

    /// Writes a PNG beside its place and renames it.
    ///
    /// # Errors
    /// [`Error::Exists`] unless `overwrite`; [`Error::Io`].
    pub fn write_png(&self, path: &Path, overwrite: bool) -> Result<()> {
        write_whole(path, overwrite, |file| self.encode(file))
    }

    fn encode(&self, out: impl std::io::Write) -> std::io::Result<()> {
        let mut out = std::io::BufWriter::new(out);
        let mut encoder = png::Encoder::new(&mut out, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        out.flush()
    }
}

fn text_width(text: &str) -> f32 {
    let Ok(font) = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT) else {
        return 0.0;
    };
    let font = font.as_scaled(PxScale::from(TEXT_PX * 1.15));
    text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
}
