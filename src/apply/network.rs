//! A network as a [`Separator`]: feeds an [`OnnxModel`] the way its [`ModelCard`] says.

use super::segments::Fade;
use super::{Segment, SegmentSpec, Separator};
use crate::audio::Planar;
use crate::error::{Error, Result};
use crate::model::{
    BinFill, CardChannels, FadeName, ModelCard, OnnxModel, Tensor, TensorAxes, TensorKind,
};
use crate::progress::Reporter;
use crate::spectral::{Complex32, Stft};

/// Seconds of audio that go through a graph with a free batch at once.
const BATCH_SECS: usize = 16;
const MAX_BATCH: usize = 16;

/// A network ready to separate.
pub struct Network {
    model: OnnxModel,
    card: ModelCard,
    stft: Option<Stft>,
    input: String,
    outputs: Vec<String>,
}

/// What one run of the graph sees: one or two channels of one segment, `[channels][frames]`.
struct Item {
    segment: usize,
    /// The song's channels that it stands for.
    channels: Vec<usize>,
    samples: Planar,
}

/// An item's estimates, `[stems][channels][frames]`.
type Estimates = Vec<Planar>;

impl Network {
    /// Joins a loaded graph with its card.
    ///
    /// # Errors
    /// [`Error::Card`] if the card's STFT cannot be planned.
    pub fn new(model: OnnxModel, card: ModelCard) -> Result<Self> {
        let stft = card.stft.as_ref().map(Stft::new).transpose()?;
        let input = match card.tensor.input.as_str() {
            "" => model.inputs().first().map_or_else(String::new, |t| t.name.clone()),
            name => name.to_owned(),
        };
        let outputs = if card.tensor.outputs.is_empty() {
            model.outputs().iter().map(|t| t.name.clone()).collect()
        } else {
            card.tensor.outputs.clone()
        };
        Ok(Self { model, card, stft, input, outputs })
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
    fn width(&self) -> usize {
        if self.card.audio.channels == CardChannels::Stereo { 2 } else { 1 }
    }

    fn input_shape(&self) -> &[Option<usize>] {
        let input = self.model.inputs().iter().find(|t| t.name == self.input);
        input.map_or(&[], |t| &t.shape)
    }

    /// Items that one run takes, and whether it must be exactly that many.
    fn batch(&self) -> (usize, bool) {
        let shape = self.input_shape();
        let waveform = self.card.tensor.kind == TensorKind::WaveformStems;
        let has_batch = shape.is_empty() || shape.len() == if waveform { 3 } else { 4 } || self.width() == 1;
        match shape.first() {
            _ if !has_batch => (1, true),
            Some(Some(batch)) => (*batch, true),
            _ => {
                let secs = self.card.segment_frames().max(1) as f64 / f64::from(self.card.audio.sample_rate_hz);
                (((BATCH_SECS as f64 / secs) as usize).clamp(1, MAX_BATCH), false)
            }
        }
    }

    fn items(&self, segments: &[Segment]) -> Vec<Item> {
        let mut items = Vec::new();
        for (i, segment) in segments.iter().enumerate() {
            let all: Vec<usize> = (0..segment.samples.len()).collect();
            let mut add = |channels: &[usize], samples| {
                items.push(Item { segment: i, channels: channels.to_vec(), samples });
            };
            match self.card.audio.channels {
                CardChannels::Mono => add(&all, vec![mean(&segment.samples)]),
                CardChannels::PerChannel => {
                    all.iter().for_each(|c| add(&[*c], vec![segment.samples[*c].clone()]));
                }
                CardChannels::Stereo => {
                    for pair in all.chunks(2) {
                        let right = *pair.last().unwrap_or(&pair[0]);
                        add(pair, vec![segment.samples[pair[0]].clone(), segment.samples[right].clone()]);
                    }
                }
            }
        }
        items
    }

    /// Runs items of equal length, in batches.
    fn run_items(&mut self, items: &[Item], segments: &[Segment], reporter: &Reporter) -> Result<Vec<Estimates>> {
        let (batch, exact) = self.batch();
        let mut out = Vec::with_capacity(items.len());
        let mut rest = items;
        while let Some(first) = rest.first() {
            let frames = first.samples[0].len();
            let alike = rest.iter().take_while(|item| item.samples[0].len() == frames).count();
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
        let sign = if self.card.output.inverted { -1.0 } else { 1.0 };
        let gain = sign * self.card.output.compensate;
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
                let expected = if answers.len() == 1 { rows * stems * size } else { rows * size };
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
                let mut stem = front.stem(self, i, item, values, mixture);
                if gain != 1.0 {
                    stem.iter_mut().flatten().for_each(|x| *x *= gain);
                }
                estimates.push(stem);
            }
            out.push(estimates);
        }
        Ok(out)
    }
}

/// The network's view of a batch: samples, or spectra.
struct Front {
    frames: usize,
    columns: usize,
    bins: usize,
    /// `[items][channels][columns × all bins]`; empty for samples.
    spectra: Vec<Vec<Vec<Complex32>>>,
    samples: Vec<Planar>,
}

impl Front {
    fn new(network: &Network, items: &[Item]) -> Self {
        let frames = items.first().map_or(0, |item| item.samples[0].len());
        let samples: Vec<Planar> = items.iter().map(|item| item.samples.clone()).collect();
        let Some(stft) = network.stft.as_ref().filter(|_| network.card.tensor.kind.is_spectral()) else {
            return Self { frames, columns: 0, bins: 0, spectra: Vec::new(), samples };
        };
        let bins = stft.spec().bins();
        Self {
            frames,
            columns: stft.spec().columns(frames),
            bins: network.card.bins_kept.unwrap_or(bins),
            spectra: samples.iter().map(|planar| stft.forward(planar).channels).collect(),
            samples: Vec::new(),
        }
    }

    /// Values that one stem of one item has.
    fn stem_size(&self, network: &Network) -> usize {
        let parts = if network.card.tensor.kind == TensorKind::ComplexChannels { 2 } else { 1 };
        let per_channel = if self.spectra.is_empty() { self.frames } else { self.bins * self.columns };
        network.width() * parts * per_channel
    }

    fn tensor(&self, network: &Network, rows: usize) -> Tensor {
        let width = network.width();
        let rank = network.input_shape().len();
        if self.spectra.is_empty() {
            let mut data: Vec<f32> = self.samples.iter().flatten().flatten().copied().collect();
            data.resize(rows * width * self.frames, 0.0);
            let shape = match (rank, width) {
                (2, 1) => vec![rows, self.frames],
                (2, _) => vec![width, self.frames],
                _ => vec![rows, width, self.frames],
            };
            return Tensor { shape, data };
        }
        let kind = network.card.tensor.kind;
        let all_bins = network.stft.as_ref().map_or(0, |stft| stft.spec().bins());
        let scale = network.card.scale;
        let low = network.card.zeroed_low_bins;
        let mut data = Vec::with_capacity(rows * self.stem_size(network));
        for channel in self.spectra.iter().flatten() {
            let value = |column: usize, bin: usize| {
                if bin < low { Complex32::default() } else { channel[column * all_bins + bin] }
            };
            if kind == TensorKind::ComplexChannels {
                self.lay_out(network, &mut data, |column, bin| value(column, bin).re);
                self.lay_out(network, &mut data, |column, bin| value(column, bin).im);
            } else {
                self.lay_out(network, &mut data, |column, bin| scale.forward(value(column, bin).norm()));
            }
        }
        data.resize(rows * self.stem_size(network), 0.0);
        let parts = if kind == TensorKind::ComplexChannels { 2 } else { 1 };
        let (a, b) = match network.card.tensor.axes {
            TensorAxes::FrequencyTime => (self.bins, self.columns),
            TensorAxes::TimeFrequency => (self.columns, self.bins),
        };
        let shape = match (rank, width * parts) {
            (3, 1) => vec![rows, a, b],
            (3, n) => vec![n, a, b],
            (_, n) => vec![rows, n, a, b],
        };
        Tensor { shape, data }
    }

    fn lay_out(&self, network: &Network, data: &mut Vec<f32>, value: impl Fn(usize, usize) -> f32) {
        match network.card.tensor.axes {
            TensorAxes::FrequencyTime => {
                for bin in 0..self.bins {
                    data.extend((0..self.columns).map(|column| value(column, bin)));
                }
            }
            TensorAxes::TimeFrequency => {
                for column in 0..self.columns {
                    data.extend((0..self.bins).map(|bin| value(column, bin)));
                }
            }
        }
    }

    /// One stem's samples, for the item's channels or, where a mono mask applies to each channel
    /// of the song, for all those.
    fn stem(&self, network: &Network, i: usize, item: &Item, values: &[f32], mixture: &Planar) -> Planar {
        let Some(stft) = network.stft.as_ref().filter(|_| !self.spectra.is_empty()) else {
            return values.chunks_exact(self.frames.max(1)).map(<[f32]>::to_vec).collect();
        };
        let per_channel = self.bins * self.columns;
        let at = |column: usize, bin: usize| match network.card.tensor.axes {
            TensorAxes::FrequencyTime => bin * self.columns + column,
            TensorAxes::TimeFrequency => column * self.bins + bin,
        };
        let kind = network.card.tensor.kind;
        let mono_mask = kind == TensorKind::MagnitudeMask && network.card.audio.channels == CardChannels::Mono;
        if mono_mask && item.channels.len() > 1 {
            // The mask of the mean, on every channel: the stereo image stays.
            let channels: Planar = item.channels.iter().map(|c| mixture[*c].clone()).collect();
            return stft
                .forward(&channels)
                .channels
                .iter()
                .map(|x| {
                    let y = self.masked(network, x, |column, bin| values[at(column, bin)]);
                    stft.inverse_channel(&y, self.frames)
                })
                .collect();
        }
        self.spectra[i]
            .iter()
            .enumerate()
            .map(|(channel, x)| {
                let y = match kind {
                    TensorKind::MagnitudeMask => {
                        let mask = &values[channel * per_channel..];
                        self.masked(network, x, |column, bin| mask[at(column, bin)])
                    }
                    TensorKind::MagnitudeMagnitude => {
                        let magnitudes = &values[channel * per_channel..];
                        self.mapped(network, x, |column, bin, x| {
                            let m = network.card.scale.inverse(magnitudes[at(column, bin)]);
                            let norm = x.norm();
                            if norm > 0.0 { x * (m / norm) } else { Complex32::new(m, 0.0) }
                        })
                    }
                    _ => {
                        let (re, im) = values[2 * channel * per_channel..].split_at(per_channel);
                        self.mapped(network, x, |column, bin, _| {
                            Complex32::new(re[at(column, bin)], im[at(column, bin)])
                        })
                    }
                };
                stft.inverse_channel(&y, self.frames)
            })
            .collect()
    }

    fn masked(&self, network: &Network, x: &[Complex32], mask: impl Fn(usize, usize) -> f32) -> Vec<Complex32> {
        let mut y = self.mapped(network, x, |column, bin, x| x * mask(column, bin));
        if network.card.bin_fill == BinFill::Average {
            let all_bins = x.len() / self.columns.max(1);
            for column in 0..self.columns {
                let mean = (0..self.bins).map(|bin| mask(column, bin)).sum::<f32>() / self.bins as f32;
                for bin in self.bins..all_bins {
                    y[column * all_bins + bin] = x[column * all_bins + bin] * mean;
                }
            }
        }
        y
    }

    /// A spectrum whose kept bins are made by `value`, the others filled as the card says.
    fn mapped(
        &self,
        network: &Network,
        x: &[Complex32],
        value: impl Fn(usize, usize, Complex32) -> Complex32,
    ) -> Vec<Complex32> {
        let all_bins = x.len() / self.columns.max(1);
        let mut y = if network.card.bin_fill == BinFill::Mixture {
            x.to_vec()
        } else {
            vec![Complex32::default(); x.len()]
        };
        for column in 0..self.columns {
            for bin in 0..self.bins {
                let i = column * all_bins + bin;
                y[i] = value(column, bin, x[i]);
            }
        }
        y
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
        let estimates = self.run_items(&items, segments, reporter)?;
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
                        target[*channel] = left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect();
                    }
                    // A mono estimate for all channels.
                    (channels, [mono]) => channels.iter().for_each(|c| target[*c] = mono.clone()),
                    (channels, estimate) => {
                        channels.iter().zip(estimate).for_each(|(c, x)| target[*c] = x.clone());
                    }
                }
            }
        }
        Ok(out)
    }
}
