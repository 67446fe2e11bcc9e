//! Audio to a picture file and back: what each codec costs in sound and in bytes.

use std::path::{Path, PathBuf};

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
    /// The picture, if it was kept.
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

/// What becomes of the picture files of [`round_trips`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFiles {
    /// They stay, but for one that cannot be read again.
    Kept {
        /// Whether files of the same name may be replaced.
        overwrite: bool,
    },
    /// Each is removed as soon as it is measured. None replaces another file.
    Removed,
}

/// A clip through a codec and each of these picture files; one result per file, in their order. Files
/// of one codec that hold the same numbers are decoded once.
///
/// # Errors
/// As [`super::encode_clip`]; [`Error::Cancelled`], then no picture is left. Each file: as
/// [`save_picture`], [`load_picture`] and [`decode_pixels`].
pub fn round_trips(
    clip: &Clip,
    options: &EncodeOptions,
    pictures: &[PathBuf],
    files: PictureFiles,
    phase: &PhaseSpec,
    reporter: &Reporter,
) -> Result<Vec<Result<RoundTrip>>> {
    let sound = options.prepare(clip, reporter)?;
    let (header, pixels) = encode_prepared(&sound, options, reporter)?;
    let overwrite = files == PictureFiles::Kept { overwrite: true };
    let mut work = Work {
        sound: &sound,
        options,
        phase,
        before: None,
    };
    let mut trips: Vec<Result<RoundTrip>> = Vec::new();
    for path in pictures {
        let trip = save_picture(path, &header, &pixels, overwrite).and_then(|bytes| {
            let trip = work.measured(path, bytes, reporter);
            if files == PictureFiles::Removed || trip.is_err() {
                remove(path);
            }
            trip
        });
        if trip.as_ref().is_err_and(Error::is_cancelled) {
            // Half of a codec's pictures is of no use.
            trips.iter().flatten().for_each(|trip| remove(&trip.path));
            return Err(Error::Cancelled);
        }
        trips.push(trip);
    }
    Ok(trips)
}

/// Removes a picture; what is reported is why, and not that it could not be removed.
fn remove(path: &Path) {
    std::fs::remove_file(path).ok();
}

struct Work<'a> {
    sound: &'a Clip,
    options: &'a EncodeOptions,
    phase: &'a PhaseSpec,
    /// The last picture that was decoded, and what it sounded like.
    before: Option<(PictureHeader, Pixels, RoundTrip)>,
}

impl Work<'_> {
    /// Reads a picture of so many bytes again.
    fn measured(&mut self, path: &Path, bytes: u64, reporter: &Reporter) -> Result<RoundTrip> {
        reporter.check()?;
        let (header, pixels) = load_picture(path)?;
        let header = header.ok_or_else(|| Error::Picture {
            problem: "the picture has lost how it was made".into(),
            path: path.into(),
        })?;
        let known = self.before.as_ref().filter(|(known_header, known, _)| {
            // The same numbers sound the same.
            *known_header == header && *known == pixels
        });
        let measured = match known {
            Some((_, _, trip)) => trip.clone(),
            None => {
                let back = decode_pixels(&header, &pixels, self.phase, reporter)?;
                measure(self.sound, back, self.options)?
            }
        };
        let trip = RoundTrip {
            path: path.into(),
            extension: path
                .extension()
                .map_or_else(String::new, |e| e.to_string_lossy().into_owned()),
            bytes,
            width: pixels.width,
            height: pixels.height,
            ..measured
        };
        self.before = Some((header, pixels, trip.clone()));
        Ok(trip)
    }
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
