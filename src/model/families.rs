//! What an ONNX file without a card may be, guessed from names and shapes.
//!
//! A guess is shown as one: it fills a template for a person to correct and is never run unasked.

use std::path::Path;

use super::card::{AudioCard, CardChannels, FadeName, ModelCard, SegmentCard, SegmentUnit, Task};
use super::card_output::{BinFill, OutputCard};
use super::card_tensor::{TensorCard, TensorKind};
use super::proto::GraphSummary;
use crate::spectral::{MagnitudeScale, Padding, StftSpec};

/// A card that may fit, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The family's name, or "unknown".
    pub family: &'static str,
    /// What spoke for it.
    pub reason: String,
    /// The template; what could not be told holds a common value.
    pub card: ModelCard,
    /// Fields that a person must look at.
    pub uncertain: Vec<&'static str>,
}

/// Guesses from the graph's names and shapes.
pub fn guess(graph: &GraphSummary, path: &Path) -> Guess {
    let shape: Vec<Option<usize>> = graph
        .inputs
        .first()
        .map_or_else(Vec::new, |t| t.shape.clone());
    match shape[..] {
        // UVR's MDX-Net: [batch, 4, dim_f, dim_t] of complex stereo.
        [_, Some(4), Some(bins), Some(columns)] => mdx_net(graph, path, bins, columns),
        [_, channels @ (None | Some(1 | 2)), bins, columns] => {
            magnitude(graph, path, channels, bins, columns)
        }
        _ => waveform(graph, path, &shape),
    }
}

fn template(path: &Path, kind: TensorKind, stems: Vec<String>) -> ModelCard {
    let file = path
        .file_stem()
        .map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    ModelCard {
        id: file.chars().map(plain).collect(),
        name: file,
        task: Task::Separate,
        stems,
        license: String::new(),
        source: String::new(),
        training: String::new(),
        scores: std::collections::BTreeMap::new(),
        audio: AudioCard {
            sample_rate_hz: 44_100,
            channels: CardChannels::Stereo,
        },
        tensor: TensorCard::new(kind),
        stft: None,
        zeroed_low_bins: 0,
        bins_kept: None,
        bin_fill: BinFill::Zero,
        mel: None,
        height: None,
        scale: MagnitudeScale::Linear,
        segment: SegmentCard {
            length: 441_000,
            unit: SegmentUnit::Samples,
            fixed: false,
            overlap: 0.25,
            window: FadeName::Linear,
            border: 0,
        },
        output: OutputCard::default(),
    }
}

fn numbered(stems: usize) -> Vec<String> {
    (1..=stems.max(1)).map(|i| format!("stem{i}")).collect()
}

fn mdx_net(graph: &GraphSummary, path: &Path, bins: usize, columns: usize) -> Guess {
    // The transform's length is not in the graph; 3072 bins usually come with 7680 or 6144.
    let n_fft = if bins == 3072 {
        6144
    } else {
        (bins * 2).next_power_of_two()
    };
    let mut card = template(path, TensorKind::ComplexChannels, vec!["vocals".into()]);
    card.tensor.input = graph.inputs[0].name.clone();
    card.stft = Some(StftSpec {
        padding: Padding::Reflect,
        ..StftSpec::new(n_fft, 1024)
    });
    card.bins_kept = Some(bins.min(n_fft / 2 + 1));
    card.zeroed_low_bins = 3;
    card.segment = SegmentCard {
        length: columns,
        unit: SegmentUnit::Columns,
        fixed: true,
        overlap: 0.25,
        window: FadeName::Hann,
        border: 0,
    };
    card.output.residual = Some("instrumental".into());
    Guess {
        family: "MDX-Net",
        reason: format!("input [batch, 4, {bins}, {columns}]"),
        card,
        uncertain: vec![
            "stems",
            "stft.n_fft",
            "output.compensate",
            "output.residual",
        ],
    }
}

fn magnitude(
    graph: &GraphSummary,
    path: &Path,
    channels: Option<usize>,
    bins: Option<usize>,
    columns: Option<usize>,
) -> Guess {
    let mut card = template(
        path,
        TensorKind::MagnitudeMask,
        numbered(graph.outputs.len()),
    );
    let n_fft = bins.map_or(2048, |bins| {
        (2 * bins.saturating_sub(1)).next_power_of_two().max(2)
    });
    card.stft = Some(StftSpec {
        padding: Padding::Reflect,
        ..StftSpec::new(n_fft, n_fft / 4)
    });
    card.bins_kept = bins.filter(|bins| *bins != n_fft / 2 + 1);
    card.audio.channels = if channels == Some(1) {
        CardChannels::PerChannel
    } else {
        CardChannels::Stereo
    };
    card.segment.unit = SegmentUnit::Columns;
    card.segment.length = columns.unwrap_or(512);
    card.segment.fixed = columns.is_some();
    Guess {
        family: "unknown",
        reason: "four axes: a spectrogram".into(),
        card,
        uncertain: vec![
            "stems",
            "audio.sample_rate_hz",
            "tensor.kind",
            "stft",
            "scale",
        ],
    }
}

fn waveform(graph: &GraphSummary, path: &Path, shape: &[Option<usize>]) -> Guess {
    let channels = if shape.len() == 3 { shape[1] } else { Some(1) };
    let output = graph
        .outputs
        .first()
        .map_or_else(Vec::new, |t| t.shape.clone());
    let per_stem = channels.unwrap_or(1).max(1);
    let stems = match output[..] {
        [_, Some(stems), _, _] => stems,
        [_, Some(rows), _] => rows / per_stem,
        _ => graph.outputs.len(),
    };
    let mut card = template(path, TensorKind::WaveformStems, numbered(stems));
    card.audio.channels = if channels == Some(2) {
        CardChannels::Stereo
    } else {
        CardChannels::PerChannel
    };
    if let Some(Some(length)) = shape.last() {
        card.segment.length = *length;
        card.segment.fixed = true;
    }
    Guess {
        family: "unknown",
        reason: format!("{} axes: samples", shape.len()),
        card,
        uncertain: vec!["stems", "audio.sample_rate_hz"],
    }
}
