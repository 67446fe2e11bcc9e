//! Audio to a picture file and back: what each codec costs in sound and in bytes.

use std::path::PathBuf;

use super::picture_codec::{EncodeOptions, decode_pixels, encode_prepared};
use super::picture_files::{load_picture, save_picture};
use crate::audio::Clip;
use crate::error::{Error, Result};
use crate::phase::{PhaseSpec, Waveforms, convergence_db};
use crate::progress::Reporter;
use crate::spectral::codec::{Codec, CodecKind, PictureHeader, Pixels};
use crate::spectral::{Stft, StftSpec};

/// A picture that was written and read, and what came back.
#[derive(Debug, Clone)]
pub struct RoundTrip {
    /// The codec.
    pub codec: Codec,
    /// The picture.
    pub path: PathBuf,
    /// Ending of the picture's name, without a dot.
    pub extension: String,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Size of the file.
    pub bytes: u64,
    /// 10·log₁₀(Σx²/Σ(x − y)²) in dB, within −100 to 200, against the one channel at the codec's
    /// rate that was encoded. Says little if the picture holds no phase.
    pub snr_db: f64,
    /// 20·log₁₀(‖|Y| − |X|‖ / ‖|X|‖) in dB, within −200 to 100, by the codec's transform: how far
    /// the magnitudes are from the original's.
    pub spectral_convergence_db: f64,
    /// Whether the picture holds no phase, so that it was found anew.
    pub phase_free: bool,
    /// The sound that came back.
    pub clip: Clip,
}

/// A clip through a codec and each of these picture files, which stay. Files of one codec that hold
/// the same numbers are decoded once.
///
/// # Errors
/// As [`super::encode_clip`], [`save_picture`], [`load_picture`] and [`decode_pixels`].
pub fn round_trips(
    clip: &Clip,
    options: &EncodeOptions,
    pictures: &[PathBuf],
    overwrite: bool,
    phase: &PhaseSpec,
    reporter: &Reporter,
) -> Result<Vec<RoundTrip>> {
    let sound = options.prepare(clip)?;
    let (header, pixels) = encode_prepared(&sound, options, reporter)?;
    let mut trips: Vec<RoundTrip> = Vec::new();
    let mut read_before: Option<(PictureHeader, Pixels)> = None;
    for path in pictures {
        reporter.check()?;
        let bytes = save_picture(path, &header, &pixels, overwrite)?;
        let (read_header, read_pixels) = load_picture(path)?;
        let read_header = read_header.ok_or_else(|| Error::Picture {
            problem: "the picture has lost how it was made".into(),
            path: path.clone(),
        })?;
        let read = (read_header, read_pixels);
        let known = match trips.last() {
            Some(last) if read_before.as_ref() == Some(&read) => Some(last.clone()),
            _ => None,
        };
        let measured = match known {
            Some(last) => last,
            None => {
                let back = decode_pixels(&read.0, &read.1, phase, reporter)?;
                measure(&sound, back, options)?
            }
        };
        trips.push(RoundTrip {
            path: path.clone(),
            extension: path
                .extension()
                .map_or_else(String::new, |e| e.to_string_lossy().into_owned()),
            bytes,
            width: pixels.width,
            height: pixels.height,
            ..measured
        });
        read_before = Some(read);
    }
    Ok(trips)
}

/// The figures of what came back; the file's own are still open.
fn measure(sound: &Clip, back: Clip, options: &EncodeOptions) -> Result<RoundTrip> {
    let mut waveforms = Waveforms::default();
    waveforms.add(sound.channel(0), back.channel(0));
    Ok(RoundTrip {
        codec: options.codec,
        path: PathBuf::new(),
        extension: String::new(),
        width: 0,
        height: 0,
        bytes: 0,
        snr_db: waveforms.snr_db(),
        spectral_convergence_db: convergence(sound, &back, &options.stft)?,
        phase_free: options.codec.kind() == CodecKind::Mel,
        clip: back,
    })
}

fn convergence(sound: &Clip, back: &Clip, spec: &StftSpec) -> Result<f64> {
    let stft = Stft::new(spec)?;
    let original = stft.forward(&[sound.channel(0)]);
    let result = stft.forward(&[back.channel(0)]);
    let (mut error, mut energy) = (0.0, 0.0);
    for (x, y) in original
        .channels
        .iter()
        .flatten()
        .zip(result.channels.iter().flatten())
    {
        let (x, y) = (f64::from(x.norm()), f64::from(y.norm()));
        error += (y - x) * (y - x);
        energy += x * x;
    }
    Ok(convergence_db(error, energy))
}
