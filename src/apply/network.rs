//! A network as a [`Separator`]: feeds an [`OnnxModel`] the way its [`ModelCard`] says.

use super::front::Front;
use super::network_use::NetworkUse;
use super::segments::Fade;
use super::{Segment, SegmentSpec, Separator};
use crate::audio::Planar;
use crate::error::{Error, Result};
use crate::model::{CardChannels, FadeName, ModelCard, OnnxModel, TensorKind};
use crate::progress::Reporter;
use crate::spectral::Stft;

/// Seconds of audio that go through a graph with a free batch at once: more gained nothing on a
/// processor and only filled memory.
const BATCH_SECS: usize = 4;
const MAX_BATCH: usize = 16;

/// A network ready to separate.
pub struct Network {
    pub(super) model: OnnxModel,
    pub(super) card: ModelCard,
    pub(super) stft: Option<Stft>,
    pub(super) input: String,
    pub(super) outputs: Vec<String>,
}

/// What one run of the graph sees: one or two channels of one segment, `[channels][frames]`.
pub(super) struct Item {
    pub(super) segment: usize,
    /// The song's channels that it stands for.
    pub(super) channels: Vec<usize>,
    pub(super) samples: Planar,
}

/// An item's estimates, `[stems][channels][frames]`.
pub(super) type Estimates = Vec<Planar>;

impl Network {
    /// Joins a loaded graph with its card.
    ///
    /// # Errors
    /// [`Error::Card`] if the card's STFT cannot be planned.
    pub fn new(model: OnnxModel, card: ModelCard) -> Result<Self> {
        let stft = card.stft.as_ref().map(Stft::new).transpose()?;
        let input = match card.tensor.input.as_str() {
            "" => model
                .inputs()
                .first()
                .map_or_else(String::new, |t| t.name.clone()),
            name => name.to_owned(),
        };
        let outputs = if card.tensor.outputs.is_empty() {
            model.outputs().iter().map(|t| t.name.clone()).collect()
        } else {
            card.tensor.outputs.clone()
        };
        Ok(Self {
            model,
            card,
            stft,
            input,
            outputs,
        })
    }

    /// The card.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The loaded graph.
    pub fn model(&self) -> &OnnxModel {
        &self.model
    }

    /// Channels that the graph takes.
    pub(super) fn width(&self) -> usize {
        if self.card.audio.channels == CardChannels::Stereo {
            2
        } else {
            1
        }
    }

    pub(super) fn input_shape(&self) -> &[Option<usize>] {
        let input = self.model.inputs().iter().find(|t| t.name == self.input);
        input.map_or(&[], |t| &t.shape)
    }

    /// Items that one run takes, and whether it must be exactly that many.
    fn batch(&self) -> (usize, bool) {
        let shape = self.input_shape();
        let waveform = self.card.tensor.kind == TensorKind::WaveformStems;
        let parts = if self.card.tensor.kind == TensorKind::ComplexChannels {
            2
        } else {
            1
        };
        let full_rank = if waveform { 3 } else { 4 };
        // One axis less: the channels' if there is one channel only, else the batch's.
        let has_batch = shape.is_empty() || shape.len() == full_rank || self.width() * parts == 1;
        match shape.first() {
            _ if !has_batch => (1, true),
            Some(Some(batch)) => (*batch, true),
            _ => {
                let secs = self.card.segment_frames().max(1) as f64
                    / f64::from(self.card.audio.sample_rate_hz);
                (
                    ((BATCH_SECS as f64 / secs) as usize).clamp(1, MAX_BATCH),
                    false,
                )
            }
        }
    }

    fn items(&self, segments: &[Segment]) -> Vec<Item> {
        let mut items = Vec::new();
        for (i, segment) in segments.iter().enumerate() {
            let all: Vec<usize> = (0..segment.samples.len()).collect();
            let mut add = |channels: &[usize], samples| {
                items.push(Item {
                    segment: i,
                    channels: channels.to_vec(),
                    samples,
                });
            };
            match self.card.audio.channels {
                CardChannels::Mono => add(&all, vec![mean(&segment.samples)]),
                CardChannels::PerChannel => {
                    all.iter()
                        .for_each(|c| add(&[*c], vec![segment.samples[*c].clone()]));
                }
                CardChannels::Stereo => {
                    for pair in all.chunks(2) {
                        let right = *pair.last().unwrap_or(&pair[0]);
                        add(
                            pair,
                            vec![
                                segment.samples[pair[0]].clone(),
                                segment.samples[right].clone(),
                            ],
                        );
                    }
                }
            }
        }
        items
    }

    /// Runs items of equal length, in batches.
    fn run_items(
        &mut self,
        items: &[Item],
        segments: &[Segment],
        reporter: &Reporter,
    ) -> Result<Vec<Estimates>> {
        let (batch, exact) = self.batch();
        let mut out = Vec::with_capacity(items.len());
        let mut rest = items;
        while let Some(first) = rest.first() {
            let frames = first.samples[0].len();
            let alike = rest
                .iter()
                .take_while(|item| item.samples[0].len() == frames)
                .count();
            let (now, later) = rest.split_at(alike.min(batch));
            let rows = if exact { batch } else { now.len() };
            out.extend(self.run_batch(now, rows, segments, reporter)?);
            rest = later;
        }
        Ok(out)
    }

    fn run_batch(
        &mut self,
        items: &[Item],
        rows: usize,
        segments: &[Segment],
        reporter: &Reporter,
    ) -> Result<Vec<Estimates>> {
        let front = Front::new(self, items);
        let input = front.tensor(self, rows);
        let name = self.input.clone();
        let outputs = self.outputs.clone();
        let answers = self.model.run((&name, &input), &outputs, reporter)?;
        let stems = self.card.stems.len();
        let size = front.stem_size(self);
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let mut estimates = Vec::with_capacity(stems);
            for stem in 0..stems {
                reporter.check()?;
                let (answer, at) = if answers.len() == 1 {
                    (&answers[0], (i * stems + stem) * size)
                } else {
                    (&answers[stem], i * size)
                };
                let expected = if answers.len() == 1 {
                    rows * stems * size
                } else {
                    rows * size
                };
                if answer.data.len() != expected {
                    return Err(Error::Model {
                        problem: format!(
                            "it answered {:?} = {} values for {} stems, {expected} expected; check the card",
                            answer.shape,
                            answer.data.len(),
                            stems
                        ),
                        path: self.model.path().into(),
                    });
                }
                let values = &answer.data[at..at + size];
                let mixture = &segments[item.segment].samples;
                estimates.push(self.estimate((&front, i), item, values, mixture));
            }
            out.push(estimates);
        }
        Ok(out)
    }

    /// What the card's gain makes of every estimate.
    pub(super) fn gain(&self) -> f32 {
        let sign = if self.card.output.inverted { -1.0 } else { 1.0 };
        sign * self.card.output.compensate
    }

    /// One stem's samples of what the network answered for item `i` of a front.
    pub(super) fn estimate(
        &self,
        (front, i): (&Front<'_>, usize),
        item: &Item,
        values: &[f32],
        mixture: &Planar,
    ) -> Planar {
        let mut stem = front.stem(self, i, item, values, mixture);
        let gain = self.gain();
        if gain != 1.0 {
            stem.iter_mut().flatten().for_each(|x| *x *= gain);
        }
        stem
    }
}

fn mean(channels: &Planar) -> Vec<f32> {
    let mut out = channels.first().cloned().unwrap_or_default();
    for channel in channels.iter().skip(1) {
        out.iter_mut().zip(channel).for_each(|(sum, x)| *sum += x);
    }
    let scale = 1.0 / channels.len().max(1) as f32;
    out.iter_mut().for_each(|x| *x *= scale);
    out
}

impl Separator for Network {
    fn stems(&self) -> Vec<String> {
        self.card.stems.clone()
    }

    fn residual(&self) -> Option<String> {
        self.card.output.residual.clone()
    }

    fn sample_rate_hz(&self) -> Option<u32> {
        Some(self.card.audio.sample_rate_hz)
    }

    fn device(&self) -> String {
        self.model.device().to_owned()
    }

    fn prepare(&mut self, _sample_rate_hz: u32) -> Result<SegmentSpec> {
        NetworkUse::Separate.check(&self.card)?;
        if self.card.tensor.every_column {
            return Ok(self.every_column_spec());
        }
        let segment_frames = self.card.segment_frames();
        let border_frames = self.card.segment.border;
        let inner = segment_frames - 2 * border_frames;
        let (batch, _) = self.batch();
        Ok(SegmentSpec {
            border_frames,
            pad_border: border_frames > 0,
            fade: match self.card.segment.window {
                FadeName::Linear => Fade::Linear,
                FadeName::Triangle => Fade::Triangle,
                FadeName::Hann => Fade::Hann,
            },
            fixed: self.card.segment.fixed,
            batch,
            segment_frames,
            ..SegmentSpec::overlapping(inner, self.card.segment.overlap)
        })
    }

    fn run(&mut self, segments: &[Segment], reporter: &Reporter) -> Result<Vec<Vec<Planar>>> {
        let items = self.items(segments);
        let estimates = if self.card.tensor.every_column {
            self.run_every_column(&items, segments, reporter)?
        } else {
            self.run_items(&items, segments, reporter)?
        };
        let stems = self.card.stems.len();
        let mut out: Vec<Vec<Planar>> = segments
            .iter()
            .map(|segment| vec![vec![Vec::new(); segment.samples.len()]; stems])
            .collect();
        for (item, estimates) in items.iter().zip(estimates) {
            for (stem, estimate) in estimates.into_iter().enumerate() {
                let target = &mut out[item.segment][stem];
                match (&item.channels[..], &estimate[..]) {
                    // A mono song went in twice.
                    ([channel], [left, right]) => {
                        target[*channel] =
                            left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect();
                    }
                    // A mono estimate for all channels.
                    (channels, [mono]) => channels.iter().for_each(|c| target[*c] = mono.clone()),
                    (channels, _) => {
                        for (channel, x) in channels.iter().zip(estimate) {
                            target[*channel] = x;
                        }
                    }
                }
            }
        }
        Ok(out)
    }
}
