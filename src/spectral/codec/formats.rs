//! Pictures as files: which format can hold what, and bytes in and out.

use std::path::Path;

use super::{Codec, MAX_PIXELS, PictureHeader, Pixels, bmp, png, tiff as tiff_file};
use crate::error::{Error, Result};

/// No compression of these formats makes more bytes of one (deflate: 1032). A file that claims
/// more pixels is broken, and no memory is taken for it.
const MOST_EXPANSION: u64 = 1100;

/// A kind of picture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// PNG: everything, compressed without loss.
    Png,
    /// BMP, 24 bits, from the bottom up: colour pictures of 8 bits, for programs that want them.
    Bmp,
    /// TIFF, not compressed: everything.
    Tiff,
}

impl PictureFormat {
    /// All of them, the usual one first.
    pub const ALL: [Self; 3] = [Self::Png, Self::Bmp, Self::Tiff];

    /// The file name's ending, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Bmp => "bmp",
            Self::Tiff => "tif",
        }
    }

    /// By the ending of a file's name: .png, .bmp, .tif or .tiff, in any case.
    pub fn from_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "png" => Some(Self::Png),
            "bmp" => Some(Self::Bmp),
            "tif" | "tiff" => Some(Self::Tiff),
            _ => None,
        }
    }

    /// By a file's first bytes.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', ..] | [b'M', b'M', ..] => Some(Self::Tiff),
            _ => None,
        }
    }
}

/// The kind of file that the path's ending names, if it can hold the codec.
///
/// # Errors
/// [`Error::Picture`] if the ending is none of .png, .bmp, .tif and .tiff, or that kind of file
/// cannot hold the codec.
pub fn picture_format(codec: Codec, path: &Path) -> Result<PictureFormat> {
    let possible: Vec<String> = codec
        .formats()
        .iter()
        .map(|format| format!(".{}", format.extension()))
        .collect();
    let problem = match PictureFormat::from_path(path) {
        Some(format) if codec.formats().contains(&format) => return Ok(format),
        Some(format) => format!(
            "a .{} file cannot hold the codec {codec}; choose {}",
            format.extension(),
            possible.join(" or ")
        ),
        None => format!(
            "a picture's name must tell its kind; let it end in {}",
            possible.join(" or ")
        ),
    };
    Err(Error::Picture {
        problem,
        path: path.into(),
    })
}

/// The bytes of a picture file of the kind that the path's ending names.
///
/// # Errors
/// [`Error::Picture`] as [`picture_format`], or if that kind of file has no room for the settings;
/// [`Error::Setting`] as [`PictureHeader::check`].
pub fn picture_bytes(header: &PictureHeader, pixels: &Pixels, path: &Path) -> Result<Vec<u8>> {
    let format = picture_format(header.codec, path)?;
    header.check(pixels)?;
    let written = match format {
        PictureFormat::Png => png::write(header, pixels),
        PictureFormat::Bmp => bmp::write(header, pixels),
        PictureFormat::Tiff => tiff_file::write(header, pixels),
    };
    written.map_err(|problem| Error::Picture {
        problem,
        path: path.into(),
    })
}

/// A picture from the bytes of a PNG, BMP or TIFF file, whatever its name; without a header if
/// another program made it. `path` is for messages.
///
/// # Errors
/// [`Error::Picture`] if it is none of these, is damaged, cut short, too large, or its header
/// contradicts it.
pub fn picture_from_bytes(bytes: &[u8], path: &Path) -> Result<(Option<PictureHeader>, Pixels)> {
    let picture = |problem: String| Error::Picture {
        problem,
        path: path.into(),
    };
    let read = match PictureFormat::from_bytes(bytes) {
        Some(PictureFormat::Png) => png::read(bytes),
        Some(PictureFormat::Bmp) => bmp::read(bytes),
        Some(PictureFormat::Tiff) => tiff_file::read(bytes),
        None => Err("this is no PNG, BMP or TIFF picture".into()),
    };
    let (header, pixels) = read.map_err(picture)?;
    let checked = match &header {
        Some(header) => header.check(&pixels),
        None => pixels.check(),
    };
    checked.map_err(|error| picture(format!("the picture contradicts itself: {error}")))?;
    Ok((header, pixels))
}

/// Checks a size that a file claims before any memory is taken for it.
pub(super) fn check_size(
    (width, height): (u32, u32),
    bytes_per_pixel: usize,
    file_bytes: usize,
) -> std::result::Result<(), String> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err("the picture has no pixels".into());
    }
    if pixels > MAX_PIXELS as u64 {
        return Err(format!(
            "a picture of {width} × {height} pixels is larger than this program reads ({MAX_PIXELS} in all)"
        ));
    }
    // At most 2²⁸ · 8, so that nothing overflows.
    if pixels * bytes_per_pixel as u64 > file_bytes as u64 * MOST_EXPANSION {
        return Err(format!(
            "the file is too short for the {width} × {height} pixels that it claims; try another copy"
        ));
    }
    Ok(())
}

/// Zeros, unless memory is short.
pub(super) fn room(bytes: usize) -> std::result::Result<Vec<u8>, String> {
    let mut out = Vec::new();
    out.try_reserve_exact(bytes).map_err(|_full| {
        format!("the picture needs {bytes} bytes of memory, which are not free")
    })?;
    out.resize(bytes, 0);
    Ok(out)
}

/// What to say of a file that a decoder refuses.
pub(super) fn damaged(error: impl std::fmt::Display) -> String {
    format!("the picture is damaged, cut short or of an unknown kind ({error}); try another copy")
}
