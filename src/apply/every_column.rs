//! Networks that see a few columns and tell about the one in the middle, run for every column.
//!
//! ```text
//! columns  … t−4 t−3 t−2 t−1  t  t+1 t+2 t+3 t+4 …      a window of 9; beyond the song is silence
//!                             └► the mask of column t
//! ```

use super::SegmentSpec;
use super::card_picture::CardPicture;
use super::front::Front;
use super::network::{Estimates, Item, Network};
use super::segments::Segment;
use crate::error::Result;
use crate::progress::Reporter;

/// Seconds of audio from one segment to the next.
const STEP_SECS: usize = 10;

impl Network {
    /// Long segments that lie on the grid of columns and carry all that a column's window and its
    /// transform reach, so that cutting changes nothing.
    pub(super) fn every_column_spec(&self) -> SegmentSpec {
        let (hop_length, n_fft) = self
            .card
            .stft
            .as_ref()
            .map_or((1, 0), |stft| (stft.hop_length.max(1), stft.n_fft));
        let secs = STEP_SECS * self.card.audio.sample_rate_hz as usize;
        let step = (secs / hop_length).max(1);
        let border = self.card.segment.length.div_ceil(2) + n_fft.div_ceil(hop_length);
        SegmentSpec::bordered(step * hop_length, border * hop_length)
    }

    /// Each item's estimates, `[items][stems][channels][frames]`.
    ///
    /// # Errors
    /// As [`Self::run_pictures`]; [`crate::Error::Model`] if the answers are no columns.
    pub(super) fn run_every_column(
        &mut self,
        items: &[Item],
        segments: &[Segment],
        reporter: &Reporter,
    ) -> Result<Vec<Estimates>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let front = Front::new(self, std::slice::from_ref(item));
            let stems = self.middle_columns(&front, reporter)?;
            let mixture = &segments[item.segment].samples;
            let estimate = |values: &Vec<f32>| self.estimate((&front, 0), item, values, mixture);
            out.push(stems.iter().map(estimate).collect());
        }
        Ok(out)
    }

    /// What the network answers for every column of a front's only item: `[stems]` of values laid
    /// out as a network's that sees all columns at once.
    fn middle_columns(&mut self, front: &Front<'_>, reporter: &Reporter) -> Result<Vec<Vec<f32>>> {
        let picture = CardPicture::new(&self.card, None)?;
        let layout = self.layout();
        let (bands, columns, stems) = (picture.bands(), front.columns, self.card.stems.len());
        let values = picture.magnitudes(&front.spectra[0][0]);
        let silence = picture.silence(0);
        let middle = layout.columns / 2;
        let mut out = vec![vec![0.0; front.bins * columns]; stems];
        let (batch, _) = self.picture_batch();
        for first in (0..columns).step_by(batch) {
            reporter.step("Separating", first as u64, columns as u64)?;
            let count = batch.min(columns - first);
            let put = |i: usize, data: &mut Vec<f32>| {
                layout.put(data, |row, column| {
                    let at = (first + i + column)
                        .checked_sub(middle)
                        .filter(|at| *at < columns && row < bands);
                    at.map_or(silence, |at| values[at * bands + row])
                });
            };
            let answers = self.run_pictures(count, put, reporter)?;
            for (i, answer) in answers.iter().enumerate() {
                let one = answer.len() / stems;
                let whole = layout.plane_size();
                if answer.len() != stems * one || (one != layout.rows && one != whole) {
                    let wanted = format!("{} or {}", stems * layout.rows, stems * whole);
                    return Err(self.unexpected(answer.len(), &wanted));
                }
                let place = |row: usize| {
                    if one == layout.rows {
                        row
                    } else {
                        layout.place(row, middle)
                    }
                };
                for (stem, out) in out.iter_mut().enumerate() {
                    for bin in 0..front.bins {
                        let at = front.place(self, first + i, bin);
                        out[at] = answer[stem * one + place(bin)];
                    }
                }
            }
        }
        Ok(out)
    }
}
