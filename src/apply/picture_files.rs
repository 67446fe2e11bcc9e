//! Pictures of audio as files.

use std::io::Write as _;
use std::path::Path;

use super::picture_codec::decode_pixels;
use crate::audio::{AudioInfo, Clip, Tags, write_whole};
use crate::error::{Error, Result};
use crate::phase::{PhaseMethod, PhaseSpec};
use crate::progress::Reporter;
use crate::spectral::codec::{
    PictureFormat, PictureHeader, Pixels, picture_bytes, picture_from_bytes,
};

/// A larger file is none that this program could hold: 2²⁸ pixels of 8 bytes, and their header.
const MOST_BYTES: u64 = (1 << 31) + (1 << 20);

/// Whether a file's name is that of a picture: .png, .bmp, .tif or .tiff.
pub fn is_picture(path: &Path) -> bool {
    PictureFormat::from_path(path).is_some()
}

/// Writes a picture of the kind that the path's ending names, beside its place, and renames it.
/// Answers its size in bytes.
///
/// # Errors
/// [`Error::Exists`] unless `overwrite`; [`Error::Picture`] and [`Error::Setting`] as
/// [`picture_bytes`]; [`Error::Io`].
pub fn save_picture(
    path: &Path,
    header: &PictureHeader,
    pixels: &Pixels,
    overwrite: bool,
) -> Result<u64> {
    if path.exists() && !overwrite {
        // Before the work of coding it.
        return Err(Error::Exists { path: path.into() });
    }
    let bytes = picture_bytes(header, pixels, path)?;
    write_whole(path, overwrite, |file| file.write_all(&bytes))?;
    Ok(bytes.len() as u64)
}

/// A picture and, if it tells, how it was made.
///
/// # Errors
/// [`Error::Io`]; [`Error::Picture`] as [`picture_from_bytes`].
pub fn load_picture(path: &Path) -> Result<(Option<PictureHeader>, Pixels)> {
    let size = std::fs::metadata(path).map_err(Error::io("read", path))?;
    if size.len() > MOST_BYTES {
        return Err(Error::Picture {
            problem: "the picture is larger than this program reads".into(),
            path: path.into(),
        });
    }
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    picture_from_bytes(&bytes, path)
}

/// The sound of a picture that says itself how it was made, as a song is opened. A picture without
/// phases gets them by PGHI and Griffin-Lim.
///
/// # Errors
/// As [`load_picture`] and [`decode_pixels`]; [`Error::Picture`] if it does not say how it was made.
pub fn open_picture(path: &Path, reporter: &Reporter) -> Result<(Clip, AudioInfo)> {
    let (header, pixels) = load_picture(path)?;
    let Some(header) = header else {
        return Err(Error::Picture {
            problem: "this picture does not say how sound became it; `stemloom decode` takes it \
                      with --codec, --rate, --hop and --full-scale"
                .into(),
            path: path.into(),
        });
    };
    let phase = PhaseSpec::new(PhaseMethod::PghiGriffinLim);
    let clip = decode_pixels(&header, &pixels, &phase, reporter)?;
    let container = path
        .extension()
        .map_or_else(String::new, |e| e.to_string_lossy().to_lowercase());
    let info = AudioInfo {
        path: path.into(),
        container,
        codec: header.codec.to_string(),
        tracks: Vec::new(),
        sample_rate: clip.sample_rate_hz(),
        channels: clip.num_channels(),
        frames: Some(clip.frames() as u64),
        seconds: Some(clip.seconds()),
        tags: Tags::default(),
        warnings: Vec::new(),
    };
    Ok((clip, info))
}
