//! From a stretch of samples to pictures, labels and levels.

use std::f32::consts::PI;
use std::ops::Range;

use super::spec::{ExampleSpec, ExampleTarget, PictureChannels};
use crate::audio::rms;
use crate::dataset::masks::{Polarity, SoftLabels, binary_mask};
use crate::error::Result;
use crate::spectral::{Complex32, MagnitudePicture, MagnitudeScale, PicturePlan, Stft, StftSpec};

/// Everything planned. Threads may share it.
pub(super) struct Front {
    /// Not centred: a stretch has what its outer columns need on both sides.
    stft: Stft,
    /// Samples that a stretch begins before the example does.
    lead: usize,
    span: usize,
    picture: PicturePlan,
    /// Pictures of magnitudes that can be compared, for labels.
    linear: Option<PicturePlan>,
    columns: usize,
    height: usize,
    /// What silence is in a picture.
    silence: f32,
}

impl Front {
    pub(super) fn new(spec: &ExampleSpec) -> Result<Self> {
        let plan = |picture: &MagnitudePicture| picture.plan(&spec.stft, spec.sample_rate_hz);
        let linear = MagnitudePicture {
            scale: MagnitudeScale::Linear,
            ..spec.picture.clone()
        };
        let is_labelled = matches!(spec.target, ExampleTarget::Labels { .. });
        Ok(Self {
            stft: Stft::new(&StftSpec {
                center: false,
                ..spec.stft.clone()
            })?,
            lead: spec.stft.pad(),
            span: spec.span(),
            picture: plan(&spec.picture)?,
            linear: is_labelled.then(|| plan(&linear)).transpose()?,
            columns: spec.columns,
            height: spec.height.unwrap_or(spec.own_height()),
            silence: spec.picture.scale.forward(0.0),
        })
    }

    /// Samples of a stretch: what all of its columns look at.
    pub(super) fn samples(&self) -> usize {
        let spec = self.stft.spec();
        (self.columns - 1) * spec.hop_length + spec.n_fft
    }

    /// Samples that a stretch begins before its example does.
    pub(super) fn lead(&self) -> usize {
        self.lead
    }

    /// Appends a stretch's picture, `[channels][height][columns]`.
    pub(super) fn picture(&self, stretch: &[f32], channels: PictureChannels, out: &mut Vec<f32>) {
        let spectra = self.spectra(stretch);
        let values = self.picture.forward(&magnitudes(&spectra));
        let rows = self.picture.height();
        self.turn(&values, rows, self.silence, 0..self.columns, out);
        if channels.count() > 1 {
            let bins = self.stft.spec().bins();
            let phases: Vec<f32> = spectra
                .chunks_exact(bins)
                .flat_map(|column| column[..rows].iter().map(|value| value.arg() / PI))
                .collect();
            self.turn(&phases, rows, 0.0, 0..self.columns, out);
        }
        if channels == PictureChannels::Colour {
            out.resize(out.len() + self.height * self.columns, -1.0);
        }
    }

    /// Labels of a target against the rest, `[1][height][columns]` with one column or all.
    pub(super) fn labels(
        &self,
        target: &[f32],
        rest: &[f32],
        labels: SoftLabels,
        columns: usize,
        polarity: Polarity,
    ) -> Result<Vec<f32>> {
        let Some(plan) = &self.linear else {
            return Ok(Vec::new());
        };
        let first = (self.columns - columns) / 2;
        let comparable = |stretch: &[f32]| {
            let values = plan.forward(&magnitudes(&self.spectra(stretch)));
            let mut out = Vec::new();
            self.turn(
                &values,
                plan.height(),
                0.0,
                first..first + columns,
                &mut out,
            );
            out
        };
        labels.of(&binary_mask(
            &comparable(target),
            &comparable(rest),
            polarity,
        )?)
    }

    /// The level of what a stretch's example is in decibels of full scale, without the context at
    /// its sides; silence is −∞.
    pub(super) fn level_db(&self, stretch: &[f32]) -> f32 {
        let end = (self.lead + self.span).min(stretch.len());
        20.0 * rms(stretch.get(self.lead..end).unwrap_or(&[])).log10()
    }

    /// `[columns][bins]`.
    fn spectra(&self, stretch: &[f32]) -> Vec<Complex32> {
        let mut spectra = vec![Complex32::default(); self.columns * self.stft.spec().bins()];
        self.stft.forward_columns(stretch, 0, &mut spectra);
        spectra
    }

    /// Appends some columns of `[columns][rows]` as `[height][columns]`; rows that are not there are
    /// filled.
    fn turn(
        &self,
        values: &[f32],
        rows: usize,
        fill: f32,
        columns: Range<usize>,
        out: &mut Vec<f32>,
    ) {
        out.reserve(self.height * columns.len());
        for row in 0..self.height.min(rows) {
            out.extend(columns.clone().map(|column| values[column * rows + row]));
        }
        let filled = self.height.saturating_sub(rows) * columns.len();
        out.resize(out.len() + filled, fill);
    }
}

fn magnitudes(spectra: &[Complex32]) -> Vec<f32> {
    spectra.iter().map(|value| value.norm()).collect()
}
