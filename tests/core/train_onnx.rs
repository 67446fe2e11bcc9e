//! Trained networks as ONNX files: ONNX Runtime answers what the network answers.
//!
//! Order: every kind of network, folded and not → other widths → the file itself → bad weights.

use std::path::Path;

use burn::tensor::Device;
use prost::Message as _;
use stemloom::Error;
use stemloom::model::proto::{GraphSummary, ModelProto};
use stemloom::model::{CARD_METADATA_KEY, Device as RunDevice, ModelCard, OnnxModel};
use stemloom::progress::Reporter;
use stemloom::train::{
    IbmCnn, IbmCnnDeep, Init, Network, NetworkSpec, Op, OutputActivation, PatchDiscriminator, Plan,
    UnetMask, UnetMel, UnetPix2pix, Vad, Weights, onnx_model,
};

use crate::common::{Rng, card, max_abs_diff, need_runtime, noise};
use crate::train_network::{tensor, values};
use crate::train_plan::shapes;

fn model_card() -> ModelCard {
    let card = card("net", "waveform-stems", "mono", &["all"]);
    ModelCard::from_json(&card.to_string(), Path::new("net.onnx")).unwrap()
}

/// Weights with life in them: kernels that keep levels, statistics unlike the first ones.
fn lively(plan: &Plan) -> Weights {
    let mut weights = Network::new(plan, 1, &Device::flex()).unwrap().weights();
    let mut rng = Rng::new(2);
    for array in &mut weights.arrays {
        let fan_in = match array.shape[..] {
            [fan_in, _] => fan_in,
            _ => array.values.len() / array.shape[0],
        };
        let (center, spread) = match array.name.rsplit('.').next().unwrap() {
            "weight" => (0.0, (3.0 / fan_in as f32).sqrt()),
            "gamma" => (1.0, 0.3),
            "running_variance" => (1.0, 0.5),
            _ => (0.0, 0.2),
        };
        for value in &mut array.values {
            *value = center + spread * rng.sample();
        }
    }
    weights
}

/// The exported part of a network, run by burn.
fn by_network(plan: &Plan, weights: &Weights, input: &[f32], columns: usize) -> Vec<f32> {
    let mut network = Network::new(&plan.exported(), 0, &Device::flex()).unwrap();
    network.load(weights).unwrap();
    let [channels, rows, _] = plan.input;
    let batch = input.len() / (channels * rows * columns);
    let shape = [batch, channels, rows, columns];
    values(network.forward(tensor(input, shape, &Device::flex())))
}

/// An exported network in ONNX Runtime.
fn load(bytes: &[u8]) -> OnnxModel {
    need_runtime();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    std::fs::write(&path, bytes).unwrap();
    OnnxModel::load(&path, &RunDevice::Cpu, 1).unwrap()
}

fn by_onnx(model: &mut OnnxModel, input: &[f32], shape: [usize; 4]) -> Vec<f32> {
    let input = stemloom::model::Tensor {
        shape: shape.to_vec(),
        data: input.to_vec(),
    };
    let outputs = ["output".to_owned()];
    let answers = model.run(("input", &input), &outputs, &Reporter::silent());
    answers.unwrap().remove(0).data
}

/// Both answers to positive noise, at these columns.
fn compare(plan: &Plan, weights: &Weights, model: &mut OnnxModel, columns: usize) {
    let [channels, rows, _] = plan.input;
    let input: Vec<f32> = noise(3, 2 * channels * rows * columns)
        .iter()
        .map(|x| x.abs())
        .collect();
    let expected = by_network(plan, weights, &input, columns);
    let found = by_onnx(model, &input, [2, channels, rows, columns]);
    let largest = expected.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
    let spread = max_abs_diff(&expected, &vec![expected[0]; expected.len()]);
    assert!(spread > 1e-6, "{}: all answers are alike", plan.name);
    let error = max_abs_diff(&found, &expected) / largest;
    assert!(error < 1e-4, "{} at {columns}: off by {error}", plan.name);
}

fn operators(bytes: &[u8]) -> Vec<String> {
    let graph = ModelProto::decode(bytes).unwrap().graph.unwrap();
    let operator = |node: &stemloom::model::proto::NodeProto| node.op_type.clone().unwrap();
    graph.node.iter().map(operator).collect()
}

/// Every kind at a small size.
fn plans() -> Vec<Plan> {
    let picture = |channels_in, channels_out, rows, columns| {
        shapes([channels_in, rows, columns], [channels_out, rows, columns])
    };
    let unet = UnetPix2pix {
        base_filters: 4,
        depth: 3,
        ..UnetPix2pix::default()
    };
    let plain = UnetPix2pix {
        norm: false,
        output: OutputActivation::None,
        ..unet.clone()
    };
    let patch = |patch| {
        NetworkSpec::PatchDiscriminator(PatchDiscriminator {
            patch,
            base_filters: 4,
            ..PatchDiscriminator::default()
        })
    };
    let mask = UnetMask {
        base_filters: 4,
        depth: 3,
        ..UnetMask::default()
    };
    let loud = UnetMask {
        kernel: 4,
        bounded: false,
        log_gain: 100.0,
        ..mask.clone()
    };
    let mel = UnetMel {
        base_filters: 4,
        depth: 2,
        ..UnetMel::default()
    };
    let cnn = IbmCnn {
        dense: 8,
        ..IbmCnn::default()
    };
    let deep = IbmCnnDeep {
        dense: [8, 6],
        ..IbmCnnDeep::default()
    };
    let vad = Vad {
        filters: 4,
        dense: 4,
        ..Vad::default()
    };
    [
        (NetworkSpec::UnetPix2pix(unet), picture(2, 1, 16, 24)),
        (NetworkSpec::UnetPix2pix(plain), picture(1, 2, 8, 8)),
        (patch(94), picture(1, 1, 32, 48)),
        (patch(70), picture(1, 1, 32, 32)),
        (NetworkSpec::UnetMask(mask), picture(1, 2, 16, 8)),
        (NetworkSpec::UnetMask(loud), picture(2, 1, 16, 16)),
        (NetworkSpec::UnetMel(mel), picture(1, 1, 8, 12)),
        (NetworkSpec::IbmCnn(cnn), shapes([1, 150, 9], [1, 150, 1])),
        (
            NetworkSpec::IbmCnnDeep(deep),
            shapes([1, 150, 9], [1, 150, 9]),
        ),
        (NetworkSpec::Vad(vad), shapes([1, 20, 12], [1, 1, 1])),
    ]
    .into_iter()
    .map(|(spec, shapes)| spec.plan(shapes).unwrap())
    .collect()
}

#[test]
fn every_network_is_the_same_in_onnx_runtime() {
    for plan in plans() {
        let weights = lively(&plan);
        let has_norm = plan
            .nodes
            .iter()
            .any(|node| matches!(node.op, Op::BatchNorm { .. }));
        for fold in [false, true] {
            let bytes = onnx_model(&plan, &weights, fold, &model_card()).unwrap();
            let norms = operators(&bytes).contains(&"BatchNormalization".to_owned());
            assert_eq!(norms, has_norm && !fold, "{}", plan.name);
            let mut model = load(&bytes);
            let columns = plan.input[2];
            compare(&plan, &weights, &mut model, columns);
            if plan.free_width() {
                compare(&plan, &weights, &mut model, columns + plan.width_multiple());
            }
            let width = (!plan.free_width()).then_some(columns);
            let [channels, rows, _] = plan.input;
            let input = [None, Some(channels), Some(rows), width];
            assert_eq!(model.inputs()[0].shape, input, "{}", plan.name);
            let [channels, rows, columns] = plan.exported().output().unwrap();
            let width = (!plan.free_width()).then_some(columns);
            let output = [None, Some(channels), Some(rows), width];
            assert_eq!(model.outputs()[0].shape, output, "{}", plan.name);
        }
    }
}

/// Layers that no network uses in this way: at the end, without a norm to fold, shared.
#[test]
fn layers_at_the_edge_are_exported_too() {
    let convolution = Op::Conv {
        out: 2,
        kernel: [3, 2],
        stride: [1, 1],
        pads: [1, 0, 1, 1],
        dilation: [1, 1],
        bias: true,
    };
    let norm = || Op::BatchNorm {
        eps: 1e-3,
        momentum: 0.99,
    };
    let end_in = |name: &str, ops: &[Op]| {
        let mut plan = Plan::new(name, [2, 4, 6], Init::HeNormal);
        let mut at = 0;
        for (number, op) in ops.iter().enumerate() {
            at = plan.add(format!("n{number}"), op.clone(), &[at]);
        }
        plan
    };
    let scale = Op::Scale {
        factor: 3.0,
        offset: -0.5,
    };
    let mut shared = end_in("shared", &[convolution.clone(), norm()]);
    shared.add("both", Op::Concat, &[1, 2]);
    for plan in [
        end_in("norm last", &[convolution.clone(), norm()]),
        end_in("dropout last", &[scale, Op::Dropout { rate: 0.5 }]),
        end_in("nothing", &[Op::Dropout { rate: 0.5 }]),
        end_in(
            "input normalised",
            &[norm(), Op::Slice { channels: [1, 2] }],
        ),
        shared,
    ] {
        let weights = lively(&plan);
        for fold in [false, true] {
            let bytes = onnx_model(&plan, &weights, fold, &model_card()).unwrap();
            compare(&plan, &weights, &mut load(&bytes), 6);
        }
    }
}

/// What is learned through "mask × mixture" answers the mask.
#[test]
fn a_mask_network_answers_its_mask() {
    let spec = UnetMask {
        base_filters: 4,
        depth: 2,
        ..UnetMask::default()
    };
    let sizes = shapes([1, 8, 8], [2, 8, 8]);
    let plan = NetworkSpec::UnetMask(spec).plan(sizes).unwrap();
    let weights = lively(&plan);
    let input: Vec<f32> = noise(4, 64).iter().map(|x| x.abs()).collect();
    let mask = by_network(&plan, &weights, &input, 8);
    let mut whole = Network::new(&plan, 0, &Device::flex()).unwrap();
    whole.load(&weights).unwrap();
    let masked = whole.forward(tensor(&input, [1, 1, 8, 8], &Device::flex()));
    let expected: Vec<f32> = (0..128).map(|at| mask[at] * input[at % 64]).collect();
    assert!(max_abs_diff(&values(masked), &expected) < 1e-6);
}

#[test]
fn the_card_travels_with_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let plan = plans().remove(0);
    let bytes = onnx_model(&plan, &lively(&plan), true, &model_card()).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let summary = GraphSummary::read(&path).unwrap();
    let card = summary.get(CARD_METADATA_KEY).unwrap();
    assert_eq!(ModelCard::from_json(card, &path).unwrap(), model_card());
    assert_eq!(summary.inputs[0].name, "input");
    assert_eq!(summary.outputs[0].name, "output");
    let model = ModelProto::decode(&bytes[..]).unwrap();
    assert_eq!(model.ir_version, Some(8));
    assert_eq!(model.opset_import[0].version, Some(17));
    assert!(!operators(&bytes).contains(&"Dropout".to_owned()));
}

#[test]
fn weights_of_another_network_are_refused() {
    let plan = plans().remove(0);
    let mut weights = lively(&plan);
    let gone = weights.arrays.remove(3).name;
    let error = onnx_model(&plan, &weights, true, &model_card()).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
    assert!(error.to_string().contains(&gone), "{error}");
    let mut weights = lively(&plan);
    weights.arrays[0].shape.reverse();
    assert!(onnx_model(&plan, &weights, true, &model_card()).is_err());
}
