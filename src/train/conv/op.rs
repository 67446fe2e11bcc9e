//! Convolutions as operations of burn's graph.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Bytes, DType, Shape, Tensor, module};

use super::kernels::{channel_sums, gather, kernel_gradient, scatter};
use super::shape::ConvShape;

type Tracked = FloatTensor<Autodiff<Flex>>;

/// A convolution whose kernel is `[channels out][channels in][rows][columns]`, one group.
///
/// burn panics on an input of another shape.
pub(in crate::train) fn convolve(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    if let Some(shape) = convolution(&x, &kernel, &options)
        && let Some(answer) = run(Kind::Gather, shape, &x, &kernel, bias.as_ref())
    {
        return answer;
    }
    module::conv2d(x, kernel, bias, options)
}

/// A transposed convolution whose kernel is `[channels in][channels out][rows][columns]`, one group.
///
/// burn panics on an input of another shape.
pub(in crate::train) fn deconvolve(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvTransposeOptions<2>,
) -> Tensor<4> {
    if let Some(shape) = transposed(&x, &kernel, &options)
        && let Some(answer) = run(Kind::Scatter, shape, &x, &kernel, bias.as_ref())
    {
        return answer;
    }
    module::conv_transpose2d(x, kernel, bias, options)
}

/// What becomes of the operation's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Images become places: a convolution.
    Gather,
    /// Places become images: a transposed convolution.
    Scatter,
}

/// The sizes of a convolution that ours can do.
fn convolution(x: &Tensor<4>, kernel: &Tensor<4>, options: &ConvOptions<2>) -> Option<ConvShape> {
    let [batch, channels, rows, columns] = x.dims();
    let [out, seen, kernel_rows, kernel_columns] = kernel.dims();
    let (before, after) = (options.padding_begin(), options.padding_end());
    let sizes = [rows, columns];
    let kernel = [kernel_rows, kernel_columns];
    let mut places = [out, 0, 0];
    for axis in 0..2 {
        let reach = options.dilation[axis] * kernel[axis].checked_sub(1)? + 1;
        let room = (sizes[axis] + before[axis] + after[axis]).checked_sub(reach)?;
        places[axis + 1] = room / options.stride[axis] + 1;
    }
    let shape = ConvShape {
        batch,
        image: [channels, rows, columns],
        places,
        kernel,
        stride: options.stride,
        dilation: options.dilation,
        pads: before,
    };
    (options.groups == 1 && seen == channels).then_some(shape)
}

/// The sizes of a transposed convolution that ours can do.
fn transposed(
    x: &Tensor<4>,
    kernel: &Tensor<4>,
    options: &ConvTransposeOptions<2>,
) -> Option<ConvShape> {
    let [batch, channels, rows, columns] = x.dims();
    let [seen, out, kernel_rows, kernel_columns] = kernel.dims();
    let sizes = [rows, columns];
    let kernel = [kernel_rows, kernel_columns];
    let mut image = [out, 0, 0];
    for axis in 0..2 {
        let reach = options.dilation[axis] * kernel[axis].checked_sub(1)? + 1;
        let whole = sizes[axis].checked_sub(1)? * options.stride[axis] + reach;
        let whole = whole + options.padding_out[axis];
        image[axis + 1] = whole.checked_sub(2 * options.padding[axis])?;
    }
    let shape = ConvShape {
        batch,
        image,
        places: [channels, rows, columns],
        kernel,
        stride: options.stride,
        dilation: options.dilation,
        pads: options.padding,
    };
    (options.groups == 1 && seen == channels).then_some(shape)
}

/// Runs it where all tensors are 32-bit numbers of the processor's back end; nothing elsewhere.
fn run(
    kind: Kind,
    shape: ConvShape,
    x: &Tensor<4>,
    kernel: &Tensor<4>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<4>> {
    let is_single = |dtype: DType| dtype == DType::F32;
    if !is_single(x.dtype()) || !is_single(kernel.dtype()) {
        return None;
    }
    if !x.device().is_autodiff() {
        let x = x.clone().try_into_primitive::<Flex>().ok()?;
        let kernel = kernel.clone().try_into_primitive::<Flex>().ok()?;
        let bias = match bias {
            Some(bias) => Some(bias.clone().try_into_primitive::<Flex>().ok()?),
            None => None,
        };
        let answer = answer(kind, &shape, &x, &kernel, bias.as_ref());
        return Some(Tensor::from_primitive::<Flex>(answer));
    }
    let x = x.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let kernel = kernel.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
    let tracked = match bias {
        Some(bias) => {
            let bias = bias.clone().try_into_primitive::<Autodiff<Flex>>().ok()?;
            let guards = [x.node(), kernel.node(), bias.node()];
            track(kind, shape, (x, kernel, Some(bias)), guards)
        }
        None => {
            let guards = [x.node(), kernel.node()];
            track(kind, shape, (x, kernel, None), guards)
        }
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(tracked))
}

/// The operation with its place in the graph.
fn track<const N: usize>(
    kind: Kind,
    shape: ConvShape,
    (x, kernel, bias): (Tracked, Tracked, Option<Tracked>),
    guards: [NodeGuard; N],
) -> Tracked {
    let made = answer(
        kind,
        &shape,
        x.primitive(),
        kernel.primitive(),
        bias.as_ref().map(|bias| bias.primitive()),
    );
    match Gradient
        .prepare::<NoCheckpointing>(guards)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(mut prepared) => {
            let kept = Kept {
                kind,
                shape,
                x: prepared.checkpoint(&x),
                kernel: prepared.checkpoint(&kernel),
            };
            prepared.finish(kept, made)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(made),
    }
}

/// The operation itself.
fn answer(
    kind: Kind,
    shape: &ConvShape,
    x: &FlexTensor,
    kernel: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> FlexTensor {
    let (x, kernel) = (x.to_contiguous(), kernel.to_contiguous());
    let bias = bias.map(FlexTensor::to_contiguous);
    let bias = bias.as_ref().map(numbers);
    let (x, kernel) = (numbers(&x), numbers(&kernel));
    match kind {
        Kind::Gather => tensor(gather(shape, x, kernel, bias), shape.batch, shape.places),
        Kind::Scatter => tensor(scatter(shape, x, kernel, bias), shape.batch, shape.image),
    }
}

/// The values of a contiguous tensor.
fn numbers(tensor: &FlexTensor) -> &[f32] {
    let first = tensor.layout().start_offset();
    &tensor.storage::<f32>()[first..first + tensor.layout().num_elements()]
}

fn tensor(values: Vec<f32>, batch: usize, [channels, rows, columns]: [usize; 3]) -> FlexTensor {
    shaped(values, vec![batch, channels, rows, columns])
}

fn shaped(values: Vec<f32>, shape: Vec<usize>) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(shape));
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// What the gradients need later.
#[derive(Debug, Clone)]
struct Kept {
    kind: Kind,
    shape: ConvShape,
    x: NodeId,
    kernel: NodeId,
}

#[derive(Debug)]
struct Gradient;

/// The parents are the input, the kernel, and the bias if there is one.
impl<const N: usize> Backward<Flex, N> for Gradient {
    type State = Kept;

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let Kept {
            kind,
            shape,
            x,
            kernel,
        } = ops.state;
        let above = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let x = checkpointer
            .retrieve_node_output::<FlexTensor>(x)
            .to_contiguous();
        let kernel = checkpointer
            .retrieve_node_output::<FlexTensor>(kernel)
            .to_contiguous();
        let (above, x, kernel) = (numbers(&above), numbers(&x), numbers(&kernel));
        let [to_x, to_kernel, to_bias] = [0, 1, 2].map(|i| ops.parents.get(i)?.as_ref());
        if let Some(parent) = to_x {
            let gradient = match kind {
                Kind::Gather => tensor(
                    scatter(&shape, above, kernel, None),
                    shape.batch,
                    shape.image,
                ),
                Kind::Scatter => tensor(
                    gather(&shape, above, kernel, None),
                    shape.batch,
                    shape.places,
                ),
            };
            gradients.register::<Flex>(parent.id, gradient);
        }
        if let Some(parent) = to_kernel {
            let (images, places) = match kind {
                Kind::Gather => (x, above),
                Kind::Scatter => (above, x),
            };
            let gradient = kernel_gradient(&shape, images, places);
            let dims = [
                shape.places[0],
                shape.image[0],
                shape.kernel[0],
                shape.kernel[1],
            ];
            gradients.register::<Flex>(parent.id, shaped(gradient, dims.to_vec()));
        }
        if let Some(parent) = to_bias {
            let [channels, rows, columns] = match kind {
                Kind::Gather => shape.places,
                Kind::Scatter => shape.image,
            };
            let sums = channel_sums(above, channels, rows * columns);
            gradients.register::<Flex>(parent.id, shaped(sums, vec![channels]));
        }
    }
}
