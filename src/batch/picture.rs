//! The picture of a song and its stems.

use std::path::{Path, PathBuf};

use crate::apply::{Region, cut_region};
use crate::audio::decode;
use crate::display::{PictureSpec, draw_stems};
use crate::error::Result;
use crate::progress::Reporter;

/// Height of each spectrogram in pixels.
const PANEL_HEIGHT: usize = 220;

/// Draws mixture, each stem's mask and each stem on one colour scale, from their files.
///
/// # Errors
/// As [`decode`]; [`Error::Exists`] unless `overwrite`.
pub fn draw_result(
    (input, track, region): (&Path, Option<usize>, Option<Region>),
    stems: &[(String, PathBuf)],
    picture: &Path,
    overwrite: bool,
    reporter: &Reporter,
) -> Result<()> {
    let spec = PictureSpec {
        height: PANEL_HEIGHT,
        ..PictureSpec::default()
    };
    let mixture = cut_region(decode(input, track, reporter)?.0, region)?;
    let stems = stems
        .iter()
        .map(|(name, path)| Ok((name.clone(), decode(path, None, reporter)?.0)))
        .collect::<Result<Vec<_>>>()?;
    draw_stems(&mixture, &stems, &spec, || reporter.check())?.write_png(picture, overwrite)
}
