//! Whether a card contradicts itself.

use std::path::Path;

use super::card::{CardChannels, ModelCard, SegmentUnit};
use super::card_output::{CARD_PHASES, MaskPolarity};
use super::card_tensor::{PictureChannels, TensorKind};
use crate::error::{Error, Result};

/// The most iterations of a phase method.
const MAX_PHASE_ITERATIONS: usize = 100_000;

impl ModelCard {
    /// Whether the card contradicts itself.
    ///
    /// # Errors
    /// [`Error::Card`] that names the field.
    pub fn validate(&self, path: &Path) -> Result<()> {
        let fail = |field: &str, problem: String| {
            Err(Error::Card {
                field: field.into(),
                problem,
                path: path.into(),
            })
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.id.is_empty() || !self.id.chars().all(plain) {
            return fail("id", "must be letters, digits, '-', '_' or '.'".into());
        }
        if self.stems.is_empty() {
            return fail("stems", "must name at least one stem".into());
        }
        let mut names: Vec<&String> = self.stems.iter().chain(&self.output.residual).collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return fail("stems", format!("{:?} is there twice", pair[0]));
        }
        if !(1000..=384_000).contains(&self.audio.sample_rate_hz) {
            return fail(
                "audio.sample_rate_hz",
                format!("{} is not within 1000 to 384000", self.audio.sample_rate_hz),
            );
        }
        if self.segment.length == 0 {
            return fail("segment.length", "must be 1 or more".into());
        }
        if !(0.0..=0.95).contains(&self.segment.overlap) {
            return fail(
                "segment.overlap",
                format!("{} is not within 0 to 0.95", self.segment.overlap),
            );
        }
        if !(self.output.compensate > 0.0 && self.output.compensate.is_finite()) {
            return fail("output.compensate", "must be above 0".into());
        }
        if let Some((field, problem)) = self.output_problem() {
            return fail(field, problem);
        }
        match (&self.stft, self.tensor.kind.is_spectral()) {
            (None, true) => return fail("stft", "is required for this kind of tensor".into()),
            (Some(stft), _) => {
                if let Err(error) = stft.validate() {
                    return fail("stft", error.to_string());
                }
                let bins = stft.bins();
                if self.bins_kept.is_some_and(|kept| kept == 0 || kept > bins) {
                    return fail(
                        "bins_kept",
                        format!("must be within 1 to {bins} (n_fft/2 + 1)"),
                    );
                }
                if self.zeroed_low_bins > self.bins_kept.unwrap_or(bins) {
                    return fail("zeroed_low_bins", "is more than the bins kept".into());
                }
            }
            (None, false) if self.segment.unit == SegmentUnit::Columns => {
                return fail("segment.unit", "columns need an [stft] table".into());
            }
            (None, false) => {}
        }
        if self.segment.border * 2 >= self.segment_frames() {
            return fail(
                "segment.border",
                format!("twice {} leaves nothing of a segment", self.segment.border),
            );
        }
        match self.picture_problem() {
            Some((field, problem)) => fail(field, problem),
            None => Ok(()),
        }
    }

    /// What is wrong with the `[output]` table, if anything: the field, and the words.
    fn output_problem(&self) -> Option<(&'static str, String)> {
        let (kind, output) = (self.tensor.kind, &self.output);
        let phase = output.phase.as_str();
        if !CARD_PHASES.contains(&phase) {
            let known = CARD_PHASES.join(", ");
            return Some(("output.phase", format!("{phase:?} is none of {known}")));
        }
        let own = self.tensor.output_channels.has_phase();
        let finds_phases = matches!(
            kind,
            TensorKind::MagnitudeMagnitude | TensorKind::PicturePicture | TensorKind::MelMel
        );
        if own && !["input", "predicted"].contains(&phase) {
            let problem = "the network answers phases; leave it out or use \"predicted\"";
            return Some(("output.phase", problem.into()));
        }
        if !own && phase == "predicted" {
            let problem = "\"predicted\" needs tensor.output_channels with a phase";
            return Some(("output.phase", problem.into()));
        }
        if !finds_phases && phase != "input" {
            let problem = format!("{phase:?} is not for this kind of tensor; use \"input\"");
            return Some(("output.phase", problem));
        }
        let as_one_sound = self.stems.len() == 1
            && self.audio.channels != CardChannels::Stereo
            && !self.tensor.every_column;
        if kind == TensorKind::MagnitudeMagnitude && phase != "input" && !as_one_sound {
            let problem = format!(
                "{phase:?} needs one stem, mono or per-channel audio and no every_column; use \"input\""
            );
            return Some(("output.phase", problem));
        }
        if output.phase_iterations > MAX_PHASE_ITERATIONS {
            let problem = format!("must be at most {MAX_PHASE_ITERATIONS}");
            return Some(("output.phase_iterations", problem));
        }
        if !(0.0..1.0).contains(&output.mask_floor) {
            let problem = format!("{} is not within 0 to below 1", output.mask_floor);
            return Some(("output.mask_floor", problem));
        }
        let masks = matches!(
            kind,
            TensorKind::MagnitudeMask | TensorKind::MagnitudeActivity
        );
        let problem = "goes with masks and activity only";
        if !masks && output.polarity != MaskPolarity::default() {
            return Some(("output.polarity", problem.into()));
        }
        if !masks && output.mask_floor != 0.0 {
            return Some(("output.mask_floor", problem.into()));
        }
        None
    }

    /// What is wrong with fields that tell of pictures, if anything: the field, and the words.
    fn picture_problem(&self) -> Option<(&'static str, String)> {
        let (kind, tensor) = (self.tensor.kind, &self.tensor);
        if let Err(error) = self.scale.validate() {
            return Some(("scale", error.to_string()));
        }
        let wrong = |field, problem: &str| Some((field, problem.to_owned()));
        let centre = matches!(
            kind,
            TensorKind::MagnitudeMask
                | TensorKind::MagnitudeMagnitude
                | TensorKind::MagnitudeActivity
        );
        if tensor.every_column && !centre {
            return wrong(
                "tensor.every_column",
                "goes with masks, magnitudes and activity",
            );
        }
        let makes_pictures = matches!(kind, TensorKind::PicturePicture | TensorKind::MelMel);
        if tensor.style && !makes_pictures {
            return wrong(
                "tensor.style",
                "goes with picture-picture and mel-mel networks",
            );
        }
        let plain = |channels: PictureChannels| {
            !channels.has_phase() || (kind == TensorKind::PicturePicture && self.mel.is_none())
        };
        let problem = "phases go with picture-picture networks of bins, not of mel bands";
        if !plain(tensor.input_channels) {
            return wrong("tensor.input_channels", problem);
        }
        if !plain(tensor.output_channels) {
            return wrong("tensor.output_channels", problem);
        }
        if !kind.is_picture() && !tensor.every_column {
            return match self.height {
                Some(_) => wrong(
                    "height",
                    "goes with pictures, activity and every_column only",
                ),
                None => None,
            };
        }
        // From here on the network sees windows of a fixed number of columns.
        if self.audio.channels == CardChannels::Stereo {
            return wrong(
                "audio.channels",
                "must be mono or per-channel for this kind",
            );
        }
        if self.segment.unit != SegmentUnit::Columns {
            return wrong(
                "segment.unit",
                "must be columns: the network's width is fixed",
            );
        }
        if kind.is_picture() && self.stems.len() != 1 {
            return wrong("stems", "a network of this kind answers one");
        }
        if kind == TensorKind::MelMel && self.mel.is_none() {
            return wrong("mel", "is required for this kind of tensor");
        }
        if kind.is_picture() && self.mel.is_some() && self.bins_kept.is_some() {
            return wrong("bins_kept", "goes with bins, not with mel bands");
        }
        let bands = self.num_bands();
        if self.height.is_some_and(|height| height < bands) {
            let problem = format!("must be at least {bands}, the bands of the picture");
            return Some(("height", problem));
        }
        None
    }
}
