//! Where two sounds differ: tiles and panels coloured by the level of one less that of the other.
//!
//! A pixel compares the loudest of its bins in each, so that it is the difference of what two
//! spectrograms one above the other show there. What nobody hears counts as equal: levels below
//! −100 dB are taken for −100 dB.

use super::colormap::difference_table;
use super::panel::{Panel, PanelKind, levels_db};
use super::tiles::{MagTile, db_from_byte, loudest_bytes};
use super::{FreqAxis, PictureSpec};
use crate::audio::Clip;
use crate::error::{Error, Result};
use crate::spectral::{Padding, StftSpec};

/// Below this a level is as good as silence, in dB against a full-scale sine.
const AUDIBLE_DB: f32 = -100.0;

/// One level less another in dB; neither counts as lower than [`AUDIBLE_DB`].
pub(super) fn level_difference_db(first_db: f32, second_db: f32) -> f32 {
    // The upper bound keeps two infinite levels equal.
    let heard = |db: f32| db.clamp(AUDIBLE_DB, f32::MAX);
    heard(first_db) - heard(second_db)
}

/// The entry of [`difference_table`] for a difference: 0 at −`range_db` and below, 255 at
/// +`range_db` and above.
pub(super) fn difference_entry(difference_db: f32, range_db: f32) -> usize {
    let unit = (difference_db / range_db.max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0);
    (127.5 + 127.5 * unit).round() as usize
}

/// Two tiles' difference, level(a) − level(b) in dB, as RGB in the colours of
/// [`difference_table`]: `rows` high and 256 wide, top row first. The last colours stand at
/// ±`range_db`, above 0.
pub fn colour_difference(
    a: &MagTile,
    b: &MagTile,
    axis: &FreqAxis,
    sample_rate_hz: u32,
    rows: usize,
    range_db: f32,
) -> Vec<[u8; 3]> {
    let table = difference_table();
    let loudest = |tile: &MagTile| loudest_bytes(tile, axis, sample_rate_hz, rows);
    loudest(a)
        .into_iter()
        .zip(loudest(b))
        .map(|(a, b)| {
            let difference_db = level_difference_db(db_from_byte(a), db_from_byte(b));
            table[difference_entry(difference_db, range_db)]
        })
        .collect()
}

impl Panel {
    /// Where `a` is louder than `b` and where it is softer: the level of `a` less that of `b` in dB,
    /// channels averaged, with a colour bar of its own from −`range_db` to +`range_db`. It is as
    /// long as the longer clip; beyond its ends a clip is silent, whatever the padding of
    /// `spec.stft`.
    ///
    /// # Errors
    /// [`Error::Setting`] if the rates differ, if `range_db` is not a number above 0, or as
    /// [`Panel::spectrogram`].
    pub fn difference(
        title: impl Into<String>,
        a: &Clip,
        b: &Clip,
        spec: &PictureSpec,
        range_db: f32,
    ) -> Result<Self> {
        let rate = a.sample_rate_hz();
        if b.sample_rate_hz() != rate {
            let problem = format!(
                "the first is at {rate} Hz, the second at {} Hz; resample one to the rate of the other",
                b.sample_rate_hz()
            );
            return Err(Error::setting("sample rate", problem));
        }
        if !(range_db > 0.0 && range_db.is_finite()) {
            let problem = format!("{range_db} dB is not a number above 0");
            return Err(Error::setting("range of the difference", problem));
        }
        let spec = PictureSpec {
            stft: StftSpec {
                padding: Padding::Constant,
                ..spec.stft.clone()
            },
            ..spec.clone()
        };
        let frames = a.frames().max(b.frames());
        Ok(Self {
            title: title.into(),
            values: levels_db(a, frames, &spec)?,
            kind: PanelKind::Difference {
                second: levels_db(b, frames, &spec)?,
                range_db,
            },
            axis: FreqAxis::full(spec.scale, rate),
            seconds: frames as f64 / f64::from(rate),
        })
    }
}
