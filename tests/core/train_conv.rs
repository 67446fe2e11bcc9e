//! Convolutions: their definitions, then burn's own on odd sizes, in values and gradients.

use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor};
use stemloom::train::{Network, Op};

use crate::common::{Rng, max_abs_diff, noise};
use crate::train_network::{answer, layer, network, tensor, values};

#[test]
fn a_convolution_is_its_definition() {
    let ([channels, rows, columns], out) = ([2, 7, 6], 3);
    // The padding is different on every side.
    let (kernel, stride, pads, dilation) = ([3, 2], [2, 1], [1, 0, 2, 3], [1, 2]);
    let op = Op::Conv {
        out,
        kernel,
        stride,
        pads,
        dilation,
        bias: true,
    };
    let plan = layer([channels, rows, columns], op);
    let (weights, bias) = (noise(1, out * channels * 6), noise(2, out));
    let network = network(&plan, &[("a.weight", &weights), ("a.bias", &bias)]);
    let input = noise(3, 2 * channels * rows * columns);
    let [_, rows_out, columns_out] = plan.output().unwrap();
    let mut expected = Vec::new();
    for b in 0..2 {
        for o in 0..out {
            for y in 0..rows_out {
                for x in 0..columns_out {
                    let mut sum = bias[o];
                    for c in 0..channels {
                        for (ky, kx) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)] {
                            let row = (y * stride[0] + ky * dilation[0]).wrapping_sub(pads[0]);
                            let column = (x * stride[1] + kx * dilation[1]).wrapping_sub(pads[1]);
                            if row < rows && column < columns {
                                let at = ((b * channels + c) * rows + row) * columns + column;
                                sum += input[at] * weights[((o * channels + c) * 3 + ky) * 2 + kx];
                            }
                        }
                    }
                    expected.push(sum);
                }
            }
        }
    }
    assert!(max_abs_diff(&answer(&network, &input), &expected) < 1e-5);
}

#[test]
fn a_transposed_convolution_is_its_definition() {
    let ([channels, rows, columns], out) = ([2, 3, 4], 3);
    let (kernel, stride, padding) = ([5, 3], [2, 3], [2, 1]);
    let op = Op::Deconv {
        out,
        kernel,
        stride,
        padding,
        output_padding: [1, 2],
        bias: true,
    };
    let plan = layer([channels, rows, columns], op);
    let (weights, bias) = (noise(4, channels * out * 15), noise(5, out));
    let network = network(&plan, &[("a.weight", &weights), ("a.bias", &bias)]);
    let input = noise(6, channels * rows * columns);
    let [_, rows_out, columns_out] = plan.output().unwrap();
    // (3 − 1)·2 − 4 + 5 + 1 and (4 − 1)·3 − 2 + 3 + 2.
    assert_eq!([rows_out, columns_out], [6, 12]);
    let mut expected: Vec<f32> = (0..out * 72).map(|at| bias[at / 72]).collect();
    for c in 0..channels {
        for o in 0..out {
            for at in 0..rows * columns * 15 {
                let (place, tap) = (at / 15, at % 15);
                let (y, x) = (place / columns, place % columns);
                let row = (y * stride[0] + tap / 3).wrapping_sub(padding[0]);
                let column = (x * stride[1] + tap % 3).wrapping_sub(padding[1]);
                if row < rows_out && column < columns_out {
                    let weight = weights[(c * out + o) * 15 + tap];
                    expected[(o * rows_out + row) * columns_out + column] +=
                        input[c * rows * columns + place] * weight;
                }
            }
        }
    }
    assert!(max_abs_diff(&answer(&network, &input), &expected) < 1e-5);
}

// ---------------------------------------------------------------------------------------------
// Beside burn's own

/// A layer's output for a batch, and the gradients of input, kernel and bias.
struct Pass {
    output: Vec<f32>,
    gradients: [Vec<f32>; 3],
}

/// The loss weighs every output by a number of its own, so that no gradient is lost in a sum.
fn pass(output: Tensor<4>, [x, kernel]: [&Tensor<4>; 2], bias: &Tensor<1>) -> Pass {
    let weights = noise(9, output.dims().iter().product());
    let weights = tensor(&weights, output.dims(), &output.device());
    let gradients = (output.clone() * weights).sum().backward();
    Pass {
        output: values(output),
        gradients: [
            values(x.grad(&gradients).unwrap()),
            values(kernel.grad(&gradients).unwrap()),
            values(bias.grad(&gradients).unwrap()),
        ],
    }
}

/// The layer in a network of ours, and its numbers as burn's leaves.
fn both(input: [usize; 4], op: &Op, burns: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>) {
    let [_, channels, rows, columns] = input;
    let device = Device::flex().autodiff();
    let plan = layer([channels, rows, columns], op.clone());
    let network = Network::new(&plan, 5, &device).unwrap();
    let mut weights = network.weights();
    let bias = noise(6, weights.get("a.bias").unwrap().values.len());
    for array in &mut weights.arrays {
        if array.name == "a.bias" {
            array.values = bias.clone();
        }
    }
    let mut network = network;
    network.load(&weights).unwrap();
    let kernel = weights.get("a.weight").unwrap();
    let shape: [usize; 4] = kernel.shape.clone().try_into().unwrap();
    let kernel = tensor(&kernel.values, shape, &device).require_grad();
    let bias = Tensor::<1>::from_data(bias.as_slice(), &device).require_grad();
    let x = || tensor(&noise(7, input.iter().product()), input, &device).require_grad();

    let theirs = x();
    let expected = burns(theirs.clone(), kernel.clone(), bias.clone());
    let expected = pass(expected, [&theirs, &kernel], &bias);

    let ours = x();
    let output = network.forward(ours.clone());
    let weigh = noise(9, output.dims().iter().product());
    let weigh = tensor(&weigh, output.dims(), &device);
    let gradients = (output.clone() * weigh).sum().backward();
    let of = network.gradients(&gradients);
    let got = Pass {
        output: values(output),
        gradients: [
            values(ours.grad(&gradients).unwrap()),
            of.get("a.weight").unwrap().values.clone(),
            of.get("a.bias").unwrap().values.clone(),
        ],
    };
    let close = |what: &str, got: &[f32], expected: &[f32]| {
        assert_eq!(got.len(), expected.len(), "{what} of {op:?} on {input:?}");
        let largest = expected.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
        let off = max_abs_diff(got, expected);
        assert!(off < 2e-5 * largest, "{what} of {op:?} on {input:?}: {off}");
    };
    close("output", &got.output, &expected.output);
    let names = ["input's gradient", "kernel's gradient", "bias's gradient"];
    for (name, (got, expected)) in names
        .iter()
        .zip(got.gradients.iter().zip(&expected.gradients))
    {
        close(name, got, expected);
    }
}

fn beside_conv(input: [usize; 4], op: &Op) {
    let Op::Conv {
        stride,
        pads: [top, left, bottom, right],
        dilation,
        ..
    } = *op
    else {
        panic!("{op:?} is no convolution");
    };
    let pads = [(top, bottom), (left, right)];
    both(input, op, |x, kernel, bias| {
        let options = ConvOptions::new_with_padding(stride, pads, dilation, 1);
        conv2d(x, kernel, Some(bias), options)
    });
}

fn beside_deconv(input: [usize; 4], op: &Op) {
    let Op::Deconv {
        stride,
        padding,
        output_padding,
        ..
    } = *op
    else {
        panic!("{op:?} is no transposed convolution");
    };
    both(input, op, |x, kernel, bias| {
        let options = ConvTransposeOptions::new(stride, padding, output_padding, [1, 1], 1);
        conv_transpose2d(x, kernel, Some(bias), options)
    });
}

#[test]
fn odd_convolutions_are_burns_own() {
    let mut rng = Rng::new(21);
    let mut two = |end: usize| [rng.below(end), rng.below(end)];
    for _ in 0..60 {
        let (kernel, stride, dilation) = (two(5), two(3), two(3));
        let (begin, end, extra, channels, batch) = (two(3), two(3), two(9), two(6), two(4)[0]);
        let kernel = kernel.map(|x| x + 1);
        let dilation = dilation.map(|x| x + 1);
        // As large as the kernel at least.
        let size = |axis: usize| (kernel[axis] - 1) * dilation[axis] + 1 + extra[axis];
        let op = Op::Conv {
            out: channels[1] + 1,
            kernel,
            stride: stride.map(|x| x + 1),
            pads: [begin[0], begin[1], end[0], end[1]],
            dilation,
            bias: true,
        };
        beside_conv([batch + 1, channels[0] + 1, size(0), size(1)], &op);
    }
}

#[test]
fn odd_transposed_convolutions_are_burns_own() {
    let mut rng = Rng::new(22);
    let mut two = |end: usize| [rng.below(end), rng.below(end)];
    for _ in 0..60 {
        let (kernel, stride, pad, more) = (two(4), two(4), two(3), two(8));
        let (size, channels, batch) = (two(8), two(6), two(4)[0]);
        let (kernel, stride) = (kernel.map(|x| x + 1), stride.map(|x| x + 1));
        let op = Op::Deconv {
            out: channels[1] + 1,
            kernel,
            stride,
            // Cut less than the kernel, and add less than a step.
            padding: [0, 1].map(|axis| pad[axis] % kernel[axis]),
            output_padding: [0, 1].map(|axis| more[axis] % stride[axis]),
            bias: true,
        };
        beside_deconv([batch + 1, channels[0] + 1, size[0] + 2, size[1] + 2], &op);
    }
}

#[test]
fn large_pictures_and_large_batches_are_burns_own() {
    let op = Op::Conv {
        out: 4,
        kernel: [5, 5],
        stride: [2, 2],
        pads: [1, 2, 2, 1],
        dilation: [1, 1],
        bias: true,
    };
    // Several tiles of one picture, then several pictures in a tile.
    beside_conv([2, 6, 301, 290], &op);
    beside_conv([50, 6, 5, 4], &op);
    let op = Op::Deconv {
        out: 6,
        kernel: [4, 4],
        stride: [2, 2],
        padding: [1, 1],
        output_padding: [0, 0],
        bias: true,
    };
    beside_deconv([2, 4, 150, 141], &op);
    beside_deconv([50, 4, 1, 1], &op);
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let op = Op::Conv {
        out: 9,
        kernel: [4, 4],
        stride: [2, 2],
        pads: [1, 1, 1, 1],
        dilation: [1, 1],
        bias: true,
    };
    for threads in [1, 3, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| beside_conv([5, 3, 33, 20], &op));
    }
}
