//! Predicted pictures of a long song, a stretch of columns at a time.
//!
//! The network sees slices of a fixed width that overlap; where two answer the same column, one
//! fades into the other by straight lines whose weights sum to 1, in the picture's own scale.
//! Phases fade as points on the circle.
//!
//! ```text
//! columns  |-------------------------------------|
//! slices   |===========|                              the last one is filled up with silence
//!                |===========|
//!                      |===========|
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use super::card_picture::{CardPicture, Planes};
use super::network::Network;
use crate::audio::Clip;
use crate::error::Result;
use crate::progress::Reporter;
use crate::spectral::Complex32;

/// Columns behind the stretch asked for whose slices are kept: blocks of phases share some.
const KEPT_COLUMNS: usize = 512;

/// A predicted stretch of one channel.
pub(super) struct Predicted {
    /// Scaled magnitudes, `columns × bands`.
    pub picture: Vec<f32>,
    /// Points on (or within) the circle, `columns × bands`; empty if the network answers no phases.
    pub phases: Vec<Complex32>,
}

/// Runs a network along a song.
pub(super) struct Predictor<'a> {
    network: &'a mut Network,
    picture: &'a CardPicture,
    /// The song at the network's rate, in the channels it is run for.
    song: &'a Clip,
    /// The style's picture, `columns × bands`, if the network takes one.
    style: Option<Vec<f32>>,
    /// Columns of the song.
    columns: usize,
    /// Columns of a slice, and from one slice to the next.
    width: usize,
    step: usize,
    /// What was answered, `[channels]` of planes, by the slice's number.
    slices: BTreeMap<usize, Vec<Planes>>,
    warned: bool,
}

impl<'a> Predictor<'a> {
    /// `overlap`: share of a slice, 0–0.9, that lies in the next one.
    pub fn new(
        network: &'a mut Network,
        picture: &'a CardPicture,
        song: &'a Clip,
        style: Option<Vec<f32>>,
        overlap: f64,
    ) -> Self {
        let width = network.layout().columns;
        let step = (width as f64 * (1.0 - overlap)).round() as usize;
        Self {
            columns: picture.stft.spec().columns(song.frames()),
            step: step.clamp(1, width),
            width,
            network,
            picture,
            song,
            style,
            slices: BTreeMap::new(),
            warned: false,
        }
    }

    /// Slices of the whole song.
    fn count(&self) -> usize {
        1 + self.columns.saturating_sub(self.width).div_ceil(self.step)
    }

    /// The slices that tell of these columns.
    fn covering(&self, columns: &Range<usize>) -> Range<usize> {
        let first = (columns.start + 1)
            .saturating_sub(self.width)
            .div_ceil(self.step);
        let last = columns.end.saturating_sub(1) / self.step;
        first..(last + 1).min(self.count())
    }

    /// Each channel's prediction of these columns. Runs what was not run yet.
    ///
    /// # Errors
    /// As [`Network::run_pictures`].
    pub fn predict(
        &mut self,
        columns: Range<usize>,
        reporter: &Reporter,
    ) -> Result<Vec<Predicted>> {
        reporter.step("Predicting", columns.start as u64, self.columns as u64)?;
        let (width, step) = (self.width, self.step);
        self.slices
            .retain(|slice, _| slice * step + width + KEPT_COLUMNS > columns.start);
        let missing: Vec<usize> = self
            .covering(&columns)
            .filter(|slice| !self.slices.contains_key(slice))
            .collect();
        // A few at a time: pictures of long slices are large.
        let (batch, _) = self.network.picture_batch();
        for slices in missing.chunks(batch) {
            self.run(slices, reporter)?;
        }
        Ok((0..self.song.num_channels())
            .map(|channel| self.blend(&columns, channel))
            .collect())
    }

    /// Runs whole slices.
    fn run(&mut self, slices: &[usize], reporter: &Reporter) -> Result<()> {
        let channels = self.song.num_channels();
        let mut inputs: Vec<Planes> = Vec::with_capacity(slices.len() * channels);
        for slice in slices {
            for channel in 0..channels {
                reporter.check()?;
                let first = slice * self.step;
                let x = self.song.channel(channel);
                inputs.push(self.picture.window(x, first, self.width, self.columns));
            }
        }
        let layout = self.network.layout();
        let (picture, style) = (self.picture, self.style.as_ref());
        let put = |i: usize, data: &mut Vec<f32>| {
            picture.put(&layout, &inputs[i], data);
            if let Some(style) = style {
                picture.put(&layout, std::slice::from_ref(style), data);
            }
        };
        let answers = self.network.run_pictures(inputs.len(), put, reporter)?;
        let planes = self.network.card.tensor.output_channels.count();
        let size = layout.plane_size();
        let bands = self.picture.bands();
        let mut found = Vec::with_capacity(answers.len());
        for answer in answers {
            if answer.len() != planes * size {
                let wanted = (planes * size).to_string();
                return Err(self.network.unexpected(answer.len(), &wanted));
            }
            let mut all = Planes::with_capacity(planes);
            for plane in 0..planes {
                let values = &answer[plane * size..(plane + 1) * size];
                let mut out = Vec::with_capacity(self.width * bands);
                for column in 0..self.width {
                    out.extend((0..bands).map(|row| values[layout.place(row, column)]));
                }
                self.silence_broken(&mut out, plane, reporter);
                all.push(out);
            }
            found.push(all);
        }
        let mut found = found.into_iter();
        for slice in slices {
            let channels = found.by_ref().take(channels).collect();
            self.slices.insert(*slice, channels);
        }
        Ok(())
    }

    fn silence_broken(&mut self, values: &mut [f32], plane: usize, reporter: &Reporter) {
        let silence = self.picture.silence(plane);
        let mut broken = false;
        for value in values.iter_mut().filter(|value| !value.is_finite()) {
            *value = silence;
            broken = true;
        }
        if broken && !self.warned {
            self.warned = true;
            reporter.warn(
                "the model answered values that are no numbers; they were replaced by silence",
            );
        }
    }

    /// The weight of a slice's own column: straight lines over what it shares, none at the song's
    /// ends.
    fn weight(&self, slice: usize, column: usize) -> f32 {
        let shared = (self.width - self.step) as f32;
        let side = |open: bool, distance: usize| {
            if open || shared == 0.0 {
                1.0
            } else {
                ((distance as f32 + 0.5) / shared).min(1.0)
            }
        };
        let left = side(slice == 0, column);
        let right = side(slice + 1 == self.count(), self.width - 1 - column);
        left.min(right)
    }

    fn blend(&self, columns: &Range<usize>, channel: usize) -> Predicted {
        let bands = self.picture.bands();
        let size = columns.len() * bands;
        let has_phase = self.network.card.tensor.output_channels.has_phase();
        let mut picture = vec![0.0; size];
        let mut phases = vec![Complex32::default(); if has_phase { size } else { 0 }];
        let mut sums = vec![0.0; columns.len()];
        let covering = self.covering(columns);
        for (slice, channels) in self.slices.range(covering) {
            let planes = &channels[channel];
            let start = slice * self.step;
            for column in columns.start.max(start)..columns.end.min(start + self.width) {
                let weight = self.weight(*slice, column - start);
                let from = (column - start) * bands;
                let to = (column - columns.start) * bands;
                sums[column - columns.start] += weight;
                let values = &planes[0][from..from + bands];
                for (sum, value) in picture[to..to + bands].iter_mut().zip(values) {
                    *sum += weight * value;
                }
                if has_phase {
                    let values = &planes[1][from..from + bands];
                    for (sum, value) in phases[to..to + bands].iter_mut().zip(values) {
                        let radians = value * std::f32::consts::PI;
                        *sum += Complex32::from_polar(weight, radians);
                    }
                }
            }
        }
        for (column, sum) in picture.chunks_exact_mut(bands).zip(&sums) {
            column.iter_mut().for_each(|value| *value /= sum);
        }
        Predicted { picture, phases }
    }
}
