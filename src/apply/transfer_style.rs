//! The style that a network imitates: a stretch of any recording, as one picture.

use super::card_picture::CardPicture;
use super::finite::finite;
use super::reconstruct::mixed_to_mono;
use crate::audio::{Clip, resample};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The picture of `width` columns of a recording, `columns × bands`, its channels mixed to one; from
/// `start_secs`, or where it is loudest. A shorter one is followed by silence.
///
/// # Errors
/// [`Error::Setting`] "style" or "style-at" if there is nothing; as [`resample`].
pub(super) fn style_picture(
    style: &Clip,
    start_secs: Option<f64>,
    picture: &CardPicture,
    (sample_rate_hz, width): (u32, usize),
    reporter: &Reporter,
) -> Result<Vec<f32>> {
    if style.frames() == 0 || style.num_channels() == 0 {
        return Err(Error::setting("style", "has no audio in it"));
    }
    let style = mixed_to_mono(&finite(style.clone(), reporter)?)?;
    let style = resample(&style, sample_rate_hz, reporter)?;
    let x = style.channel(0);
    let hop_length = picture.stft.spec().hop_length;
    let total = picture.stft.spec().columns(x.len());
    let first = match start_secs {
        None => loudest(x, hop_length, width),
        Some(secs) => {
            let frame = secs * f64::from(sample_rate_hz);
            if !(0.0..x.len() as f64).contains(&frame) {
                let problem = format!(
                    "{secs} s does not lie within the style's {:.2} s",
                    style.seconds()
                );
                return Err(Error::setting("style-at", problem));
            }
            (frame / hop_length as f64).round() as usize
        }
    };
    let spectrum = picture.spectrum(x, first.min(total)..total.min(first + width));
    let mut out = picture.magnitudes(&spectrum);
    out.resize(width * picture.bands(), picture.silence(0));
    Ok(out)
}

/// The first column of the loudest stretch of `width` hops; the earliest of equally loud ones.
fn loudest(x: &[f32], hop_length: usize, width: usize) -> usize {
    let energies: Vec<f64> = x
        .chunks(hop_length)
        .map(|hop| hop.iter().map(|x| f64::from(*x).powi(2)).sum())
        .collect();
    let last = energies.len().saturating_sub(width);
    if last == 0 {
        return 0;
    }
    let mut sum: f64 = energies[..width].iter().sum();
    let (mut best, mut most) = (0, sum);
    for first in 1..=last {
        sum += energies[first + width - 1] - energies[first - 1];
        // Rounding must not choose a stretch: only what is clearly louder is louder.
        if sum > most * (1.0 + 1e-9) + 1e-12 {
            (best, most) = (first, sum);
        }
    }
    best
}
