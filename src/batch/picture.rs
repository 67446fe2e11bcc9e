//! The picture of a song and its stems.

use std::path::{Path, PathBuf};

use crate::apply::Region;
use crate::audio::{Clip, decode};
use crate::display::{PictureSpec, draw_stems};
use crate::error::{Error, Result};
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

/// The region of a clip.
///
/// # Errors
/// [`Error::Setting`] if it lies beyond the end; [`Error::Io`].
pub fn cut_region(clip: Clip, region: Option<Region>) -> Result<Clip> {
    let Some(region) = region else {
        return Ok(clip);
    };
    region.validate()?;
    let rate = f64::from(clip.sample_rate_hz());
    let start = (region.start_secs * rate).round() as usize;
    let end = region
        .duration_secs
        .map_or(clip.frames(), |secs| start + (secs * rate).round() as usize);
    if start >= clip.frames() {
        return Err(Error::setting(
            "start",
            format!("lies beyond the end of the song ({:.2} s)", clip.seconds()),
        ));
    }
    clip.cut(start..end)
}
