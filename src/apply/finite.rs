//! Samples that are no numbers, as broken programs write them into float files.

use crate::audio::{Clip, ClipWriter, Source as _};
use crate::error::Result;
use crate::progress::Reporter;

/// The clip with 0 in place of samples that are not finite; a warning says how many there were. One
/// of them would spread over its whole transform, and by an iterative method over all.
pub(super) fn finite(clip: Clip, reporter: &Reporter) -> Result<Clip> {
    let broken: usize = clip
        .channels()
        .into_iter()
        .map(|samples| samples.iter().filter(|x| !x.is_finite()).count())
        .sum();
    if broken == 0 {
        return Ok(clip);
    }
    reporter.warn(if broken == 1 {
        "1 sample is no number and counts as silence".to_owned()
    } else {
        format!("{broken} samples are no numbers and count as silence")
    });
    let folder = crate::paths::cache_dir();
    let mut out = ClipWriter::new(clip.sample_rate_hz(), clip.num_channels(), folder);
    let mut reader = clip.reader(0..clip.frames());
    while let Some(mut block) = reader.next_block()? {
        let samples = block.iter_mut().flatten();
        samples.filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
        out.push(&block)?;
    }
    out.finish()
}
