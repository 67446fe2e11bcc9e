//! The layers of a plan as ONNX nodes.
//!
//! Every value stays `[batch][channels][rows][columns]`: what an operator would flatten is given its
//! four axes back, with 0 for "the batch, as it comes".

use std::collections::HashMap;

use super::plan::{Node, Op, Plan};
use super::weights::WeightArray;
use crate::error::{Error, Result};
use crate::model::proto::{AttributeProto, FLOAT, GraphProto, INT64, NodeProto, TensorProto};

// Kinds of attributes, as `onnx.proto` numbers them.
const ATTRIBUTE_FLOAT: i32 = 1;
const ATTRIBUTE_INT: i32 = 2;
const ATTRIBUTE_INTS: i32 = 7;

/// What a node has to do with a normalisation that becomes part of a convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Folded {
    No,
    /// A convolution that takes in the normalisation of that number and `eps`.
    Takes {
        norm: usize,
        eps: f64,
    },
    /// That normalisation: nothing is left of it.
    Taken,
}

/// A graph under construction.
pub(super) struct Builder<'a> {
    plan: &'a Plan,
    arrays: &'a HashMap<&'a str, &'a WeightArray>,
    graph: GraphProto,
    /// Name of each node's value; of a node that does nothing, its input's.
    values: Vec<String>,
}

impl<'a> Builder<'a> {
    /// `arrays` holds all that the plan names, in its shapes.
    pub(super) fn new(plan: &'a Plan, arrays: &'a HashMap<&'a str, &'a WeightArray>) -> Self {
        Self {
            plan,
            arrays,
            graph: GraphProto::default(),
            values: vec!["input".to_owned()],
        }
    }

    pub(super) fn finish(mut self) -> GraphProto {
        // The last value may be under another name: a node that does nothing, or the input.
        if let Some(last) = self.values.pop().filter(|last| last != "output") {
            self.node("Identity", &[&last], "output", Vec::new());
        }
        self.graph
    }

    /// Adds the nodes of one layer, whose answer has that shape.
    pub(super) fn add(
        &mut self,
        index: usize,
        layer: &Node,
        shape: [usize; 3],
        folded: Folded,
    ) -> Result<()> {
        let inputs: Vec<String> = layer
            .inputs
            .iter()
            .map(|from| self.values[*from].clone())
            .collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let first = inputs.first().copied().unwrap_or_default();
        if folded == Folded::Taken || matches!(layer.op, Op::Dropout { .. } | Op::Input) {
            self.values.push(first.to_owned());
            return Ok(());
        }
        let is_last = index + 1 == self.plan.nodes.len();
        let answer = if is_last { "output" } else { &layer.name };
        match layer.op {
            Op::Input | Op::Dropout { .. } => {}
            Op::Conv { .. } | Op::Deconv { .. } => {
                self.convolution(layer, first, answer, folded)?
            }
            Op::BatchNorm { eps, .. } => {
                let mut names = vec![first.to_owned()];
                for part in ["gamma", "beta", "running_mean", "running_variance"] {
                    names.push(self.array(&layer.name, part)?);
                }
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let epsilon = float("epsilon", eps);
                self.node("BatchNormalization", &names, answer, vec![epsilon]);
            }
            Op::LeakyRelu { slope } => {
                self.node("LeakyRelu", &[first], answer, vec![float("alpha", slope)]);
            }
            Op::Relu => self.node("Relu", &[first], answer, Vec::new()),
            Op::Tanh => self.node("Tanh", &[first], answer, Vec::new()),
            Op::Sigmoid => self.node("Sigmoid", &[first], answer, Vec::new()),
            Op::MaxPool { kernel } => {
                let settings = vec![ints("kernel_shape", &kernel), ints("strides", &kernel)];
                self.node("MaxPool", &[first], answer, settings);
            }
            Op::Flatten | Op::Reshape { .. } => self.reshape(layer, first, answer, shape),
            Op::Dense { bias, .. } => {
                let (flat, product) = (layer.part("flat"), layer.part("product"));
                self.node("Flatten", &[first], &flat, vec![int("axis", 1)]);
                let mut names = vec![flat, self.array(&layer.name, "weight")?];
                if bias {
                    names.push(self.array(&layer.name, "bias")?);
                }
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.node("Gemm", &names, &product, Vec::new());
                self.reshape(layer, &product, answer, shape);
            }
            Op::Concat => self.node("Concat", &inputs, answer, vec![int("axis", 1)]),
            Op::Multiply => self.node("Mul", &inputs, answer, Vec::new()),
            Op::Slice {
                channels: [start, end],
            } => {
                let starts = self.integers(layer, "start", &[start]);
                let ends = self.integers(layer, "end", &[end]);
                let axes = self.integers(layer, "axis", &[1]);
                self.node("Slice", &[first, &starts, &ends, &axes], answer, Vec::new());
            }
            Op::Scale { factor, offset } => {
                let scaled = layer.part("scaled");
                self.with_number(layer, "Mul", "factor", factor, [first, &scaled]);
                self.with_number(layer, "Add", "offset", offset, [&scaled, answer]);
            }
            Op::LogCompress { gain } => {
                let parts = ["gained", "shifted", "logarithm"].map(|part| layer.part(part));
                let [gained, shifted, logarithm] = &parts;
                self.with_number(layer, "Mul", "gain", gain, [first, gained]);
                self.with_number(layer, "Add", "one", 1.0, [gained, shifted]);
                self.node("Log", &[shifted], logarithm, Vec::new());
                let unit = 1.0 / gain.ln_1p();
                self.with_number(layer, "Mul", "unit", unit, [logarithm, answer]);
            }
        }
        self.values.push(answer.to_owned());
        Ok(())
    }

    fn convolution(
        &mut self,
        layer: &Node,
        input: &str,
        answer: &str,
        folded: Folded,
    ) -> Result<()> {
        let (operator, has_bias, settings) = match &layer.op {
            Op::Conv {
                kernel,
                stride,
                pads,
                dilation,
                bias,
                ..
            } => {
                let settings = vec![
                    ints("kernel_shape", kernel),
                    ints("strides", stride),
                    ints("pads", pads),
                    ints("dilations", dilation),
                ];
                ("Conv", *bias, settings)
            }
            Op::Deconv {
                kernel,
                stride,
                padding: [top, left],
                output_padding,
                bias,
                ..
            } => {
                let settings = vec![
                    ints("kernel_shape", kernel),
                    ints("strides", stride),
                    ints("pads", &[*top, *left, *top, *left]),
                    ints("output_padding", output_padding),
                ];
                ("ConvTranspose", *bias, settings)
            }
            _ => return Ok(()),
        };
        let (kernel, bias) = if let Folded::Takes { norm, eps } = folded {
            let (kernel, bias) = self.fold(layer, has_bias, norm, eps)?;
            let count = bias.len();
            let shape = self.find(&layer.name, "weight")?.shape.clone();
            let kernel = self.floats(layer.part("weight"), &shape, &kernel);
            (
                kernel,
                Some(self.floats(layer.part("bias"), &[count], &bias)),
            )
        } else {
            let kernel = self.array(&layer.name, "weight")?;
            let bias = has_bias
                .then(|| self.array(&layer.name, "bias"))
                .transpose()?;
            (kernel, bias)
        };
        let names: Vec<&str> = [input, kernel.as_str()]
            .into_iter()
            .chain(bias.as_deref())
            .collect();
        self.node(operator, &names, answer, settings);
        Ok(())
    }

    /// Kernel and bias of a convolution and the normalisation behind it, as one: with
    /// g = γ/√(variance + eps), kernel·g and (bias − mean)·g + β, per channel that comes out.
    fn fold(
        &self,
        layer: &Node,
        has_bias: bool,
        norm: usize,
        eps: f64,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let norm = &self.plan.nodes[norm].name;
        let kernel = self.find(&layer.name, "weight")?;
        let [gamma, beta] = [self.find(norm, "gamma")?, self.find(norm, "beta")?];
        let mean = self.find(norm, "running_mean")?;
        let variance = self.find(norm, "running_variance")?;
        let gains: Vec<f64> = gamma
            .values
            .iter()
            .zip(&variance.values)
            .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + eps).sqrt())
            .collect();
        // Which channel a value of the kernel goes to: the first axis, transposed the second.
        let taps: usize = kernel.shape[2..].iter().product();
        let channel_of = |at: usize| match layer.op {
            Op::Deconv { .. } => at / taps % kernel.shape[1],
            _ => at / taps / kernel.shape[1],
        };
        let folded = kernel.values.iter().enumerate();
        let folded = folded
            .map(|(at, weight)| (f64::from(*weight) * gains[channel_of(at)]) as f32)
            .collect();
        let before = if has_bias {
            self.find(&layer.name, "bias")?.values.clone()
        } else {
            vec![0.0; gains.len()]
        };
        let bias = (0..gains.len()).map(|channel| {
            let shifted = f64::from(before[channel]) - f64::from(mean.values[channel]);
            (shifted * gains[channel] + f64::from(beta.values[channel])) as f32
        });
        Ok((folded, bias.collect()))
    }

    fn reshape(&mut self, layer: &Node, input: &str, answer: &str, shape: [usize; 3]) {
        let axes = self.integers(layer, "axes", &[0, shape[0], shape[1], shape[2]]);
        self.node("Reshape", &[input, &axes], answer, Vec::new());
    }

    /// A node that joins a value with a number: from the first name to the second.
    fn with_number(
        &mut self,
        layer: &Node,
        operator: &str,
        part: &str,
        number: f64,
        [from, to]: [&str; 2],
    ) {
        let number = self.floats(layer.part(part), &[], &[number as f32]);
        self.node(operator, &[from, &number], to, Vec::new());
    }

    fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        answer: &str,
        attribute: Vec<AttributeProto>,
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![answer.to_owned()],
            name: Some(format!("{answer}/{operator}")),
            op_type: Some(operator.to_owned()),
            attribute,
        });
    }

    /// A learned array of a node.
    fn find(&self, node: &str, part: &str) -> Result<&'a WeightArray> {
        let name = format!("{node}.{part}");
        self.arrays.get(name.as_str()).copied().ok_or_else(|| {
            let problem = format!("they hold no {name:?}");
            Error::setting("weights", problem)
        })
    }

    /// Puts a learned array into the graph as it is; answers its name.
    fn array(&mut self, node: &str, part: &str) -> Result<String> {
        let array = self.find(node, part)?;
        Ok(self.floats(array.name.clone(), &array.shape, &array.values))
    }

    fn floats(&mut self, name: String, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.constant(name, FLOAT, shape, bytes)
    }

    fn integers(&mut self, layer: &Node, part: &str, values: &[usize]) -> String {
        let bytes = values.iter().flat_map(|x| (*x as u64).to_le_bytes());
        let bytes = bytes.collect();
        self.constant(layer.part(part), INT64, &[values.len()], bytes)
    }

    fn constant(&mut self, name: String, kind: i32, shape: &[usize], bytes: Vec<u8>) -> String {
        self.graph.initializer.push(TensorProto {
            dims: whole_numbers(shape),
            data_type: Some(kind),
            name: Some(name.clone()),
            raw_data: Some(bytes),
        });
        name
    }
}

impl Node {
    /// Name of something within a layer.
    fn part(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }
}

fn whole_numbers(values: &[usize]) -> Vec<i64> {
    // Sizes are bounded by the plan's checks.
    values.iter().map(|value| *value as i64).collect()
}

fn float(name: &str, value: f64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value as f32),
        r#type: Some(ATTRIBUTE_FLOAT),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(ATTRIBUTE_INT),
        ..AttributeProto::default()
    }
}

fn ints(name: &str, values: &[usize]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: whole_numbers(values),
        r#type: Some(ATTRIBUTE_INTS),
        ..AttributeProto::default()
    }
}
