//! A network's front end: songs to tensors, tensors back to stems.

use super::network::{Item, Network};
use crate::audio::Planar;
use crate::model::{BinFill, CardChannels, Tensor, TensorAxes, TensorKind};
use crate::spectral::Complex32;

/// The network's view of a batch: samples, or spectra.
pub(super) struct Front<'a> {
    frames: usize,
    pub(super) columns: usize,
    /// Bins that the network is told of.
    pub(super) bins: usize,
    /// `[items][channels][columns × all bins]`; empty for samples.
    pub(super) spectra: Vec<Vec<Vec<Complex32>>>,
    items: &'a [Item],
}

impl<'a> Front<'a> {
    pub(super) fn new(network: &Network, items: &'a [Item]) -> Self {
        let frames = items.first().map_or(0, |item| item.samples[0].len());
        let Some(stft) = network
            .stft
            .as_ref()
            .filter(|_| network.card.tensor.kind.is_spectral())
        else {
            return Self {
                frames,
                columns: 0,
                bins: 0,
                spectra: Vec::new(),
                items,
            };
        };
        let bins = stft.spec().bins();
        Self {
            frames,
            columns: stft.spec().columns(frames),
            bins: network.card.bins_kept.unwrap_or(bins),
            spectra: items
                .iter()
                .map(|item| stft.forward(&item.samples).channels)
                .collect(),
            items,
        }
    }

    /// Values that one stem of one item has.
    pub(super) fn stem_size(&self, network: &Network) -> usize {
        let parts = if network.card.tensor.kind == TensorKind::ComplexChannels {
            2
        } else {
            1
        };
        let per_channel = if self.spectra.is_empty() {
            self.frames
        } else {
            self.bins * self.columns
        };
        network.width() * parts * per_channel
    }

    pub(super) fn tensor(&self, network: &Network, rows: usize) -> Tensor {
        let width = network.width();
        let rank = network.input_shape().len();
        if self.spectra.is_empty() {
            let mut data = Vec::with_capacity(rows * width * self.frames);
            for channel in self.items.iter().flat_map(|item| &item.samples) {
                data.extend_from_slice(channel);
            }
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
                if bin < low {
                    Complex32::default()
                } else {
                    channel[column * all_bins + bin]
                }
            };
            if kind == TensorKind::ComplexChannels {
                self.lay_out(network, &mut data, |column, bin| value(column, bin).re);
                self.lay_out(network, &mut data, |column, bin| value(column, bin).im);
            } else {
                self.lay_out(network, &mut data, |column, bin| {
                    scale.forward(value(column, bin).norm())
                });
            }
        }
        data.resize(rows * self.stem_size(network), 0.0);
        let parts = if kind == TensorKind::ComplexChannels {
            2
        } else {
            1
        };
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

    /// Where a value is among those of one stem and channel.
    pub(super) fn place(&self, network: &Network, column: usize, bin: usize) -> usize {
        match network.card.tensor.axes {
            TensorAxes::FrequencyTime => bin * self.columns + column,
            TensorAxes::TimeFrequency => column * self.bins + bin,
        }
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
    pub(super) fn stem(
        &self,
        network: &Network,
        i: usize,
        item: &Item,
        values: &[f32],
        mixture: &Planar,
    ) -> Planar {
        let Some(stft) = network.stft.as_ref().filter(|_| !self.spectra.is_empty()) else {
            return values
                .chunks_exact(self.frames.max(1))
                .map(<[f32]>::to_vec)
                .collect();
        };
        let per_channel = self.bins * self.columns;
        let at = |column: usize, bin: usize| self.place(network, column, bin);
        let output = &network.card.output;
        let kind = network.card.tensor.kind;
        let mono_mask =
            kind == TensorKind::MagnitudeMask && network.card.audio.channels == CardChannels::Mono;
        if mono_mask && item.channels.len() > 1 {
            // The mask of the mean, on every channel: the stereo image stays.
            let channels: Planar = item.channels.iter().map(|c| mixture[*c].clone()).collect();
            return stft
                .forward(&channels)
                .channels
                .iter()
                .map(|x| {
                    let y = self.masked(network, x, |column, bin| {
                        output.mask(values[at(column, bin)])
                    });
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
                        self.masked(network, x, |column, bin| output.mask(mask[at(column, bin)]))
                    }
                    TensorKind::MagnitudeMagnitude => {
                        let magnitudes = &values[channel * per_channel..];
                        self.mapped(network, x, |column, bin, x| {
                            let m = network.card.scale.inverse(magnitudes[at(column, bin)]);
                            let norm = x.norm();
                            if norm > 0.0 {
                                x * (m / norm)
                            } else {
                                Complex32::new(m, 0.0)
                            }
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

    fn masked(
        &self,
        network: &Network,
        x: &[Complex32],
        mask: impl Fn(usize, usize) -> f32,
    ) -> Vec<Complex32> {
        let mut y = self.mapped(network, x, |column, bin, x| x * mask(column, bin));
        if network.card.bin_fill == BinFill::Average {
            let all_bins = x.len() / self.columns.max(1);
            for column in 0..self.columns {
                let mean =
                    (0..self.bins).map(|bin| mask(column, bin)).sum::<f32>() / self.bins as f32;
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
