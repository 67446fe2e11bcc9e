//! What networks compute, how they learn, and how their numbers are kept.
//!
//! Order: each layer against its definition, written out here (convolutions: `train_conv.rs`) →
//! training: batch statistics, dropout,
//! gradients against finite differences → the same numbers everywhere → weights as files.

use std::collections::BTreeMap;

use burn::module::Module as _;
use burn::tensor::{Device, Tensor, TensorData};
use stemloom::Error;
use stemloom::train::{Init, Network, Op, Plan, WeightArray, Weights};

use crate::common::{Rng, max_abs_diff, noise};
use crate::train_plan::conv;

pub fn tensor(values: &[f32], shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// A plan of one layer behind the input.
pub fn layer(input: [usize; 3], op: Op) -> Plan {
    let mut plan = Plan::new("one layer", input, Init::HeNormal);
    plan.add("a", op, &[0]);
    plan
}

/// A network with some of its arrays set.
pub fn network(plan: &Plan, arrays: &[(&str, &[f32])]) -> Network {
    let mut network = Network::new(plan, 1, &Device::flex()).unwrap();
    let mut weights = network.weights();
    for (name, values) in arrays {
        let array = weights.arrays.iter_mut().find(|a| a.name == *name);
        let array = array.unwrap_or_else(|| panic!("no array {name}"));
        assert_eq!(array.values.len(), values.len(), "{name}");
        array.values = values.to_vec();
    }
    assert_eq!(network.load(&weights).unwrap(), weights.arrays.len());
    network
}

/// One example through a network.
pub fn answer(network: &Network, input: &[f32]) -> Vec<f32> {
    let [channels, rows, columns] = network.plan().input;
    let batch = input.len() / (channels * rows * columns);
    let shape = [batch, channels, rows, columns];
    values(network.forward(tensor(input, shape, &Device::flex())))
}

// ---------------------------------------------------------------------------------------------
// Layers

#[test]
fn small_layers_give_what_is_found_by_hand() {
    let one = |input: [usize; 3], op: Op, x: &[f32]| answer(&network(&layer(input, op), &[]), x);
    let x = [-2.0, -0.5, 0.0, 3.0];
    let close = |found: Vec<f32>, expected: &[f32]| {
        assert!(
            max_abs_diff(&found, expected) < 1e-5,
            "{found:?} {expected:?}"
        );
    };
    close(one([1, 1, 4], Op::Relu, &x), &[0.0, 0.0, 0.0, 3.0]);
    let leaky = Op::LeakyRelu { slope: 0.25 };
    close(one([1, 1, 4], leaky, &x), &[-0.5, -0.125, 0.0, 3.0]);
    let by = |f: fn(f32) -> f32| x.map(f);
    close(one([1, 1, 4], Op::Tanh, &x), &by(f32::tanh));
    let sigmoid = by(|x| 1.0 / (1.0 + (-x).exp()));
    close(one([1, 1, 4], Op::Sigmoid, &x), &sigmoid);
    let scale = Op::Scale {
        factor: 2.0,
        offset: -1.0,
    };
    close(one([1, 1, 4], scale, &x), &[-5.0, -2.0, -1.0, 5.0]);
    // ln(1 + 3x)/ln 4: 0 stays 0, 1 stays 1, 1/3 is half way.
    let log = Op::LogCompress { gain: 3.0 };
    close(
        one([1, 1, 3], log, &[0.0, 1.0, 1.0 / 3.0]),
        &[0.0, 1.0, 0.5],
    );
    // The fifth column is left over.
    let pool = Op::MaxPool { kernel: [2, 2] };
    let picture = [1.0, 2.0, 3.0, 4.0, 9.0, 5.0, 0.0, -1.0, 7.0, 9.0];
    close(one([1, 2, 5], pool, &picture), &[5.0, 7.0]);
    let slice = Op::Slice { channels: [1, 2] };
    close(one([3, 1, 1], slice, &[1.0, 2.0, 3.0]), &[2.0]);
    close(one([1, 1, 4], Op::Dropout { rate: 0.5 }, &x), &x);

    let dense = layer([3, 1, 1], Op::Dense { out: 2, bias: true });
    let weight = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
    let dense = network(&dense, &[("a.weight", &weight), ("a.bias", &[0.5, -1.0])]);
    close(answer(&dense, &[1.0, 2.0, -1.0]), &[2.5, 19.0]);
    close(
        answer(&dense, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
        &[1.5, 9.0, 3.5, 29.0],
    );

    let norm = Op::BatchNorm {
        eps: 0.25,
        momentum: 0.9,
    };
    let arrays: [(&str, &[f32]); 4] = [
        ("a.gamma", &[2.0, 1.0]),
        ("a.beta", &[1.0, 0.0]),
        ("a.running_mean", &[3.0, -1.0]),
        ("a.running_variance", &[2.0, 0.0]),
    ];
    // Deviations √2.25 = 1.5 and √0.25 = 0.5.
    let norm = network(&layer([2, 1, 2], norm), &arrays);
    let found = answer(&norm, &[3.0, 6.0, -1.0, 0.0]);
    close(found, &[1.0, 5.0, 0.0, 2.0]);
}

#[test]
fn values_are_joined_multiplied_and_reshaped_in_order() {
    let mut plan = Plan::new("joined", [2, 1, 2], Init::HeNormal);
    let first = plan.add("first", Op::Slice { channels: [0, 1] }, &[0]);
    let product = plan.add("product", Op::Multiply, &[0, first]);
    let squared = plan.add("squared", Op::Multiply, &[product, product]);
    let joined = plan.add("joined", Op::Concat, &[squared, 0]);
    let flat = plan.add("flat", Op::Flatten, &[joined]);
    plan.add("shaped", Op::Reshape { shape: [1, 4, 2] }, &[flat]);
    let network = network(&plan, &[]);
    let input = tensor(&[2.0, 3.0, -1.0, 5.0], [1, 2, 1, 2], &Device::flex());
    let output = network.forward(input);
    assert_eq!(output.dims(), [1, 1, 4, 2]);
    // (2·2)², (3·3)², (−1·2)², (5·3)², then the input.
    let expected = [16.0, 81.0, 4.0, 225.0, 2.0, 3.0, -1.0, 5.0];
    assert!(max_abs_diff(&values(output), &expected) < 1e-4);
}

// ---------------------------------------------------------------------------------------------
// Training

#[test]
fn training_normalises_by_the_batch_and_notes_it() {
    let norm = Op::BatchNorm {
        eps: 1e-3,
        momentum: 0.75,
    };
    let plan = layer([1, 1, 2], norm);
    let mut network = network(&plan, &[("a.gamma", &[2.0]), ("a.beta", &[1.0])]);
    // Mean 4, population variance (9 + 1 + 1 + 9)/4 = 5.
    let input = tensor(&[1.0, 3.0, 5.0, 7.0], [2, 1, 1, 2], &Device::flex());
    let (output, stats) = network.forward_training(input.clone(), 0);
    let expected = [-3.0, -1.0, 1.0, 3.0].map(|x: f32| 1.0 + 2.0 * x / 5.001_f32.sqrt());
    assert!(max_abs_diff(&values(output), &expected) < 1e-5);
    network.update_statistics(stats);
    let weights = network.weights();
    let of = |name: &str| weights.get(name).unwrap().values[0];
    // A quarter of the batch's, three quarters of 0 and 1.
    assert!((of("a.running_mean") - 1.0).abs() < 1e-6);
    assert!((of("a.running_variance") - 2.0).abs() < 1e-6);
    let used = values(network.forward(input));
    let expected = [1.0, 3.0, 5.0, 7.0].map(|x: f32| 1.0 + 2.0 * (x - 1.0) / 2.001_f32.sqrt());
    assert!(max_abs_diff(&used, &expected) < 1e-5);
}

#[test]
fn dropout_keeps_the_mean_and_repeats_by_seed() {
    let mut plan = Plan::new("dropped", [1, 100, 101], Init::HeNormal);
    plan.add("a", Op::Dropout { rate: 0.3 }, &[0]);
    plan.add("b", Op::Dropout { rate: 0.3 }, &[0]);
    plan.add("both", Op::Concat, &[1, 2]);
    let network = network(&plan, &[]);
    let run = |seed| {
        let ones = tensor(&vec![1.0; 10_100], [1, 1, 100, 101], &Device::flex());
        values(network.forward_training(ones, seed).0)
    };
    let dropped = run(5);
    let kept = 1.0 / 0.7;
    assert!(dropped.iter().all(|x| *x == 0.0 || (x - kept).abs() < 1e-4));
    // 0.3 of 20 200 draws, give or take five standard deviations of 65.
    let zeros = dropped.iter().filter(|x| **x == 0.0).count();
    assert!((5735..=6385).contains(&zeros), "{zeros} of 20200");
    assert_eq!(dropped, run(5));
    assert_ne!(dropped, run(6));
    assert_ne!(dropped[..10_100], dropped[10_100..], "layers differ");
}

/// All kinds of layers with weights, in a little U-Net with a dense end.
fn little_of_everything() -> Plan {
    let norm = || Op::BatchNorm {
        eps: 1e-3,
        momentum: 0.9,
    };
    let without_bias = Op::Conv {
        out: 3,
        kernel: [3, 2],
        stride: [1, 1],
        pads: [1, 0, 1, 1],
        dilation: [1, 1],
        bias: false,
    };
    let up = Op::Deconv {
        out: 3,
        kernel: [5, 4],
        stride: [2, 2],
        padding: [2, 1],
        output_padding: [1, 0],
        bias: false,
    };
    let mut plan = Plan::new("little", [2, 6, 8], Init::GlorotUniform);
    let x = plan.add("c1", without_bias, &[0]);
    let x = plan.add("n1", norm(), &[x]);
    let skip = plan.add("a1", Op::LeakyRelu { slope: 0.3 }, &[x]);
    let x = plan.add("c2", conv(4, [4, 4], [2, 2], [1; 4]), &[skip]);
    let x = plan.add("drop", Op::Dropout { rate: 0.5 }, &[x]);
    let x = plan.add("a2", Op::Tanh, &[x]);
    let x = plan.add("up", up, &[x]);
    let x = plan.add("n2", norm(), &[x]);
    let x = plan.add("a3", Op::LeakyRelu { slope: 0.5 }, &[x]);
    let x = plan.add("join", Op::Concat, &[x, skip]);
    let x = plan.add("pool", Op::MaxPool { kernel: [2, 2] }, &[x]);
    let x = plan.add("flat", Op::Flatten, &[x]);
    let x = plan.add("dense", Op::Dense { out: 2, bias: true }, &[x]);
    plan.add("end", Op::Sigmoid, &[x]);
    plan
}

const FACTORS: [f32; 4] = [6.0, -4.0, 5.0, 7.0];

/// A loss of a training pass: the answers of two examples times fixed factors.
fn loss(network: &Network, device: &Device) -> Tensor<1> {
    let input = tensor(&noise(7, 192), [2, 2, 6, 8], device);
    let (output, _) = network.forward_training(input, 11);
    (output * tensor(&FACTORS, [2, 2, 1, 1], device)).sum()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    // Small beside the distance to the next kink of a rectifier or a maximum.
    const STEP: f32 = 1e-3;
    let plan = little_of_everything();
    let autodiff = Device::flex().autodiff();
    let learner = Network::new(&plan, 3, &autodiff).unwrap();
    let gradients = learner.gradients(&loss(&learner, &autodiff).backward());
    let weights = learner.weights();
    // Every learned array has one, running statistics have none.
    assert_eq!(gradients.arrays.len(), weights.arrays.len() - 4);
    let plain = Device::flex();
    let mut probe = Network::new(&plan, 0, &plain).unwrap();
    for gradient in &gradients.arrays {
        let name = &gradient.name;
        let norm = gradient.values.iter().map(|g| g * g).sum::<f32>().sqrt();
        assert!(norm > 1e-3, "{name}: {norm}");
        // Along the gradient itself the loss rises by its length.
        let mut loss_at = |step: f32| {
            let mut moved = weights.clone();
            let array = moved.arrays.iter_mut().find(|a| a.name == *name).unwrap();
            for (value, slope) in array.values.iter_mut().zip(&gradient.values) {
                *value += step * slope / norm;
            }
            probe.load(&moved).unwrap();
            values(loss(&probe, &plain))[0]
        };
        let slope = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
        let error = (slope - norm).abs();
        assert!(error < 0.03 * norm + 1e-3, "{name}: {slope} {norm}");
    }
}

// ---------------------------------------------------------------------------------------------
// The same everywhere

#[test]
fn weights_depend_on_the_seed_alone() {
    let plan = little_of_everything();
    let on = |device: &Device, seed| Network::new(&plan, seed, device).unwrap();
    let (plain, autodiff) = (Device::flex(), Device::flex().autodiff());
    assert_eq!(on(&plain, 4).weights(), on(&autodiff, 4).weights());
    assert_ne!(on(&plain, 4).weights(), on(&plain, 5).weights());
    let input = noise(8, 96);
    let forward = |device: &Device| {
        let network = on(device, 4);
        values(network.forward(tensor(&input, [1, 2, 6, 8], device)))
    };
    assert!(max_abs_diff(&forward(&plain), &forward(&autodiff)) < 1e-6);
    // As it is used after training: on the same device without autodiff.
    let used = on(&autodiff, 4).valid();
    let found = values(used.forward(tensor(&input, [1, 2, 6, 8], &plain)));
    assert!(max_abs_diff(&found, &forward(&plain)) < 1e-6);
    assert_eq!(used.num_params(), plan.parameters().unwrap());
}

#[test]
fn weights_begin_as_the_plan_says() {
    // A matrix of 300 × 200: spread √(2/300), limit √(6/500), spread √(2/500), spread 0.02.
    let spread_of = |init| {
        let mut plan = layer(
            [300, 1, 1],
            Op::Dense {
                out: 200,
                bias: true,
            },
        );
        plan.init = init;
        let weights = Network::new(&plan, 9, &Device::flex()).unwrap().weights();
        assert!(
            weights
                .get("a.bias")
                .unwrap()
                .values
                .iter()
                .all(|x| *x == 0.0)
        );
        let values = &weights.get("a.weight").unwrap().values;
        let mean = values.iter().sum::<f32>() / 60_000.0;
        let square = values.iter().map(|x| x * x).sum::<f32>() / 60_000.0;
        let largest = values.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(mean.abs() < 5.0 * square.sqrt() / 244.0, "{init:?}: {mean}");
        (square.sqrt(), largest)
    };
    let near = |found: f32, expected: f32| (found / expected - 1.0).abs() < 0.02;
    assert!(near(spread_of(Init::Normal { std: 0.02 }).0, 0.02));
    assert!(near(spread_of(Init::HeNormal).0, (2.0_f32 / 300.0).sqrt()));
    let normal = spread_of(Init::GlorotNormal);
    assert!(near(normal.0, (2.0_f32 / 500.0).sqrt()));
    let uniform = spread_of(Init::GlorotUniform);
    let limit = (6.0_f32 / 500.0).sqrt();
    assert!(near(uniform.0, limit / 3.0_f32.sqrt()));
    assert!(uniform.1 <= limit && near(uniform.1, limit));
    assert!(normal.1 > limit);
}

#[test]
fn a_clone_learns_on_its_own() {
    let plan = little_of_everything();
    let network = Network::new(&plan, 4, &Device::flex()).unwrap();
    let before = network.weights();
    let mut other = network.clone();
    let mut weights = before.clone();
    weights.arrays[0].values[0] += 1.0;
    other.load(&weights).unwrap();
    assert_eq!(network.weights(), before);
    assert_eq!(other.weights(), weights);
}

// ---------------------------------------------------------------------------------------------
// Weights as files

#[test]
fn weights_survive_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let plan = little_of_everything();
    let network = Network::new(&plan, 4, &Device::flex()).unwrap();
    let weights = network.weights();
    let words = |text: &str| text.to_owned();
    let metadata: BTreeMap<String, String> = [("epoch", "3"), ("a", "b"), ("network", "little")]
        .map(|(key, value)| (words(key), words(value)))
        .into();
    weights.write_safetensors(&path, &metadata).unwrap();
    let read = Weights::read_safetensors(&path).unwrap();
    let mut sorted = weights.clone();
    sorted.arrays.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(read, sorted);
    let mut other = Network::new(&plan, 5, &Device::flex()).unwrap();
    assert_eq!(other.load(&read).unwrap(), weights.arrays.len());
    assert_eq!(other.weights(), weights);

    // The same bytes again, and metadata that other programs find.
    let again = folder.path().join("again.safetensors");
    weights.write_safetensors(&again, &metadata).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(std::fs::read(&again).unwrap(), bytes);
    let (_, head) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(head.metadata().as_ref().unwrap()["epoch"], "3");
    // Nothing is replaced.
    let error = weights.write_safetensors(&path, &metadata).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
}

#[test]
fn damaged_weights_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let network = Network::new(&little_of_everything(), 4, &Device::flex()).unwrap();
    let write = |weights: &Weights| weights.write_safetensors(&path, &BTreeMap::new());
    write(&network.weights()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut rng = Rng::new(12);
    for _ in 0..30 {
        std::fs::write(&path, &bytes[..rng.below(bytes.len())]).unwrap();
        let error = Weights::read_safetensors(&path).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
    let absent = Weights::read_safetensors(&folder.path().join("none")).unwrap_err();
    assert!(matches!(absent, Error::Io { .. }), "{absent}");
    let array = |shape: &[usize], count| WeightArray {
        name: "a".to_owned(),
        shape: shape.to_vec(),
        values: vec![0.0; count],
    };
    std::fs::remove_file(&path).unwrap();
    for arrays in [
        vec![array(&[2, 3], 5)],
        vec![array(&[1], 1), array(&[2], 2)],
    ] {
        let error = write(&Weights { arrays }).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
        assert!(!path.exists());
    }
}

/// A network takes what is its own, by name and shape: another end keeps its own start.
#[test]
fn only_arrays_that_fit_are_taken() {
    let plan = little_of_everything();
    let mut wider = plan.clone();
    let dense = wider.nodes.iter_mut().find(|node| node.name == "dense");
    dense.unwrap().op = Op::Dense { out: 5, bias: true };
    let from = Network::new(&plan, 1, &Device::flex()).unwrap().weights();
    let mut to = Network::new(&wider, 2, &Device::flex()).unwrap();
    let before = to.weights();
    assert_eq!(to.load(&from).unwrap(), from.arrays.len() - 2);
    let after = to.weights();
    assert_eq!(after.get("c1.weight"), from.get("c1.weight"));
    assert_eq!(after.get("dense.weight"), before.get("dense.weight"));
    assert_eq!(to.load(&Weights::default()).unwrap(), 0);
    assert_eq!(to.weights(), after);
    // A shape that its values belie.
    let mut broken = from.clone();
    broken.arrays[0].values.pop();
    let error = to.load(&broken).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}
