//! What the way from file to files adds to the bare network.
//!
//! The graphs are written here, with their cards inside, and both sides read the same file with
//! the same ONNX Runtime library (the one of the peers' Python package).

use std::path::Path;

use anyhow::ensure;
use prost::Message as _;
use serde_json::{Value, json};
use stemloom::apply::{
    self, ExportOptions, FileSink, Network, SegmentSpec, SeparateOptions, Separator as _, song_name,
};
use stemloom::audio::{Decoder, Tags};
use stemloom::model::proto::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto,
};
use stemloom::model::{CARD_METADATA_KEY, Device, ModelShelf, OnnxModel};
use stemloom::progress::Reporter;

use crate::Bench;
use crate::song::{self, Noise};
use crate::table::PeerTime;
use crate::table::{Goal, Row, fastest_secs};

/// Samples that a graph takes at once.
const SEGMENT_FRAMES: usize = 65_536;
/// Channels between the layers of the heavier graph. Few on purpose: beside real separators, tens
/// of times heavier, the way around the network costs a smaller share.
const HIDDEN_CHANNELS: usize = 24;
const TAPS: usize = 9;
const INPUT: &str = "mixture";
const OUTPUT: &str = "stems";
/// Attribute type "ints" of ONNX.
const INTS: i32 = 7;
const WEIGHT_SEED: u64 = 0xC0FF_EE00_1234_5678;

/// One song through one network: file to files against the network alone.
pub fn overhead(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let path = bench.folder.path().join("layers.onnx");
    write_layers(&path)?;
    let folder = bench.folder.path().join("stems");
    std::fs::create_dir_all(&folder)?;
    let (path, card) = ModelShelf::default().find(&path.display().to_string(), &[])?;
    let model = OnnxModel::load(&path, &Device::Cpu, bench.threads)?;
    let mut network = Network::new(model, card)?;
    let spec = network.prepare(song::SAMPLE_RATE_HZ)?;
    let ours = fastest_secs(|| separate_to_files(&bench.song, &mut network, &folder))?;
    // Its threads must not stand in the peer's way.
    drop(network);
    let bare = bare_of(bench, &path, &spec);
    let work = "one ONNX model, 3 min, WAV to two WAVs";
    let peer = ("bare ONNX Runtime", bare);
    Ok(vec![Row::against(
        work,
        ours,
        peer,
        Goal::SlowerByAtMost(1.15),
    )])
}

/// The bare network over the test song.
pub fn bare(bench: &Bench, model: &Path) -> anyhow::Result<PeerTime> {
    let (path, card) = ModelShelf::default().find(&model.display().to_string(), &[])?;
    let graph = OnnxModel::load(&path, &Device::Cpu, bench.threads)?;
    let spec = Network::new(graph, card)?.prepare(song::SAMPLE_RATE_HZ)?;
    Ok(bare_of(bench, &path, &spec))
}

fn bare_of(bench: &Bench, model: &Path, spec: &SegmentSpec) -> PeerTime {
    bench.peers.time(
        "network",
        &[
            "--model".into(),
            model.display().to_string(),
            "--segment-frames".into(),
            spec.segment_frames.to_string(),
            "--step-frames".into(),
            spec.step_frames.to_string(),
            "--batch".into(),
            spec.batch.to_string(),
        ],
    )
}

/// Decodes, separates, writes: what `stemloom separate` does after loading the network.
fn separate_to_files(song: &Path, network: &mut Network, folder: &Path) -> anyhow::Result<()> {
    let reporter = Reporter::silent();
    let mut decoder = Decoder::open(song, None)?;
    let export = ExportOptions {
        folder: folder.to_path_buf(),
        overwrite: true,
        ..ExportOptions::default()
    };
    let mut sink = FileSink::new(export, song_name(song, Tags::default(), "bench"));
    apply::separate(
        &mut decoder,
        network,
        &SeparateOptions::default(),
        &mut sink,
        &reporter,
    )?;
    let (files, _) = sink.finish(&reporter)?;
    ensure!(
        files.len() == 2,
        "{} stems were written, not 2",
        files.len()
    );
    Ok(())
}

/// Writes a stereo network of four convolutions to two stems: about 12 000 products a sample.
pub fn write_layers(path: &Path) -> anyhow::Result<()> {
    let mut noise = Noise::new(WEIGHT_SEED);
    let hidden = HIDDEN_CHANNELS;
    let shapes = [(2, hidden), (hidden, hidden), (hidden, hidden), (hidden, 4)];
    let kernels: Vec<Kernel> = shapes
        .map(|(inputs, outputs)| Kernel::random(&mut noise, outputs, inputs, TAPS))
        .into();
    let card = card("layers", &["voice", "band"], "stereo");
    write_model(path, &card, &kernels)
}

/// Writes a network that answers each channel unchanged, as one stem.
pub fn write_identity(path: &Path) -> anyhow::Result<()> {
    let same = Kernel {
        outputs: 1,
        inputs: 1,
        taps: 1,
        weights: vec![1.0],
    };
    write_model(path, &card("identity", &["copy"], "per-channel"), &[same])
}

fn card(id: &str, stems: &[&str], channels: &str) -> Value {
    json!({
        "id": id,
        "name": id,
        "stems": stems,
        "audio": { "sample_rate_hz": song::SAMPLE_RATE_HZ, "channels": channels },
        "tensor": { "kind": "waveform-stems" },
        "segment": { "length": SEGMENT_FRAMES, "fixed": true, "overlap": 0.25 },
    })
}

/// The weights of a convolution over time, `[outputs][inputs][taps]`; `taps` is odd.
struct Kernel {
    outputs: usize,
    inputs: usize,
    taps: usize,
    weights: Vec<f32>,
}

impl Kernel {
    /// Weights that keep the level through a ReLU (He et al. 2015).
    fn random(noise: &mut Noise, outputs: usize, inputs: usize, taps: usize) -> Self {
        let reach = (6.0 / (inputs * taps) as f32).sqrt();
        let weights = (0..outputs * inputs * taps)
            .map(|_| reach * noise.value())
            .collect();
        Self {
            outputs,
            inputs,
            taps,
            weights,
        }
    }

    fn constant(&self, name: &str) -> TensorProto {
        TensorProto {
            dims: [self.outputs, self.inputs, self.taps]
                .map(|n| n as i64)
                .to_vec(),
            data_type: Some(FLOAT),
            name: Some(name.into()),
            raw_data: Some(self.weights.iter().flat_map(|w| w.to_le_bytes()).collect()),
        }
    }
}

/// Writes the convolutions one after another, a ReLU between two: `[batch, channels, frames]` in
/// and out, the batch free.
fn write_model(path: &Path, card: &Value, kernels: &[Kernel]) -> anyhow::Result<()> {
    let mut node = Vec::new();
    let mut initializer = Vec::new();
    let mut signal = INPUT.to_owned();
    for (i, kernel) in kernels.iter().enumerate() {
        let is_last = i + 1 == kernels.len();
        let weights = format!("weights{i}");
        let filtered = if is_last {
            OUTPUT.to_owned()
        } else {
            format!("filtered{i}")
        };
        initializer.push(kernel.constant(&weights));
        let margin = (kernel.taps / 2) as i64;
        let settings = vec![
            ints("kernel_shape", vec![kernel.taps as i64]),
            ints("pads", vec![margin, margin]),
        ];
        node.push(operation(
            "Conv",
            vec![signal, weights],
            &filtered,
            settings,
        ));
        signal = filtered;
        if !is_last {
            let bent = format!("bent{i}");
            node.push(operation("Relu", vec![signal], &bent, Vec::new()));
            signal = bent;
        }
    }
    let channels_in = kernels.first().map_or(0, |kernel| kernel.inputs);
    let channels_out = kernels.last().map_or(0, |kernel| kernel.outputs);
    let model = ModelProto {
        ir_version: Some(8),
        producer_name: Some("stemloom bench".into()),
        graph: Some(GraphProto {
            node,
            name: Some("bench".into()),
            initializer,
            input: vec![samples(INPUT, channels_in)],
            output: vec![samples(OUTPUT, channels_out)],
        }),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(13),
        }],
        metadata_props: vec![StringStringEntryProto {
            key: Some(CARD_METADATA_KEY.into()),
            value: Some(card.to_string()),
        }],
    };
    std::fs::write(path, model.encode_to_vec())?;
    Ok(())
}

fn operation(
    name: &str,
    input: Vec<String>,
    output: &str,
    attribute: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        input,
        output: vec![output.into()],
        name: Some(format!("make {output}")),
        op_type: Some(name.into()),
        attribute,
    }
}

fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        ints,
        r#type: Some(INTS),
        ..AttributeProto::default()
    }
}

/// `[batch, channels, SEGMENT_FRAMES]` of floats.
fn samples(name: &str, channels: usize) -> ValueInfoProto {
    let fixed = |n: usize| DimensionProto {
        dim_value: Some(n as i64),
        dim_param: None,
    };
    let batch = DimensionProto {
        dim_value: None,
        dim_param: Some("batch".into()),
    };
    let shape = TensorShapeProto {
        dim: vec![batch, fixed(channels), fixed(SEGMENT_FRAMES)],
    };
    let tensor_type = TensorTypeProto {
        elem_type: Some(FLOAT),
        shape: Some(shape),
    };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor_type),
        }),
    }
}
