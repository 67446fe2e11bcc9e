//! A network as data: its layers in order, and which of them each one takes.
//!
//! ```text
//! NetworkSpec ─► Plan ─► Network (learns)         ─► Weights
//!                  └───► onnx_model (Plan, Weights) ─► a file that runs anywhere
//! ```
//!
//! Everything between layers is one tensor `[batch][channels][rows][columns]`. What a layer makes of
//! shapes is in `plan_shapes.rs`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a layer does. Pairs are rows (frequency), then columns (time).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Op {
    /// The network's input; node 0 and no other.
    Input,
    /// A convolution: each side out = ⌊(in + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1.
    Conv {
        /// Channels that come out.
        out: usize,
        /// Size of the kernel.
        kernel: [usize; 2],
        /// Step of the kernel.
        stride: [usize; 2],
        /// Zeros put around the input: top, left, bottom, right.
        pads: [usize; 4],
        /// Distance of the kernel's taps; 1 is side by side.
        dilation: [usize; 2],
        /// Whether a number per channel is added.
        bias: bool,
    },
    /// A transposed convolution: each side out = (in − 1)·stride − 2·padding + kernel +
    /// output_padding.
    Deconv {
        /// Channels that come out.
        out: usize,
        /// Size of the kernel.
        kernel: [usize; 2],
        /// How far inputs are put apart.
        stride: [usize; 2],
        /// Cut from both ends of each side.
        padding: [usize; 2],
        /// Added to the lower and right end; below the stride.
        output_padding: [usize; 2],
        /// Whether a number per channel is added.
        bias: bool,
    },
    /// Batch normalisation (Ioffe and Szegedy 2015): γ·(x − mean)/√(variance + eps) + β, per channel.
    BatchNorm {
        /// Added to the variance; above 0. Keras has 1e-3.
        eps: f64,
        /// The part of the running value that is kept at each step, 0–1. Keras has 0.99.
        momentum: f64,
    },
    /// x where x ≥ 0, slope·x below.
    LeakyRelu {
        /// The slope; Keras has 0.3.
        slope: f64,
    },
    /// max(x, 0).
    Relu,
    /// tanh x.
    Tanh,
    /// 1/(1 + e^−x).
    Sigmoid,
    /// In training sets values to 0 by chance and scales the rest up; else does nothing.
    Dropout {
        /// The chance of a 0; 0 to below 1.
        rate: f64,
    },
    /// The largest value of each tile; what is left over at the lower and right end is dropped.
    MaxPool {
        /// Size and step of the tile.
        kernel: [usize; 2],
    },
    /// All to `[values][1][1]`, channel by channel, row by row.
    Flatten,
    /// A matrix product of what was flattened: `[out][1][1]`.
    Dense {
        /// Values that come out.
        out: usize,
        /// Whether a number per value is added.
        bias: bool,
    },
    /// Other axes over the same values.
    Reshape {
        /// Channels, rows, columns.
        shape: [usize; 3],
    },
    /// The inputs' channels one after another.
    Concat,
    /// The product of two inputs; the second has as many channels as the first, or one for all.
    Multiply,
    /// Some of the channels.
    Slice {
        /// The first, and the one behind the last.
        channels: [usize; 2],
    },
    /// factor·x + offset.
    Scale {
        /// The factor.
        factor: f64,
        /// The offset.
        offset: f64,
    },
    /// ln(1 + gain·x)/ln(1 + gain): 0–1 stays 0–1, quiet values grow. For x ≥ 0.
    LogCompress {
        /// The gain, above 0.
        gain: f64,
    },
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            Self::Conv {
                kernel: [rows, columns],
                stride,
                ..
            } => write!(
                f,
                "convolution {rows}×{columns}, step {}×{}",
                stride[0], stride[1]
            ),
            Self::Deconv {
                kernel: [rows, columns],
                stride,
                ..
            } => write!(
                f,
                "transposed convolution {rows}×{columns}, step {}×{}",
                stride[0], stride[1]
            ),
            Self::BatchNorm { .. } => f.write_str("batch normalisation"),
            Self::LeakyRelu { slope } => write!(f, "leaky ReLU {slope}"),
            Self::Relu => f.write_str("ReLU"),
            Self::Tanh => f.write_str("tanh"),
            Self::Sigmoid => f.write_str("sigmoid"),
            Self::Dropout { rate } => write!(f, "dropout {rate}"),
            Self::MaxPool { kernel } => write!(f, "largest of {}×{}", kernel[0], kernel[1]),
            Self::Flatten => f.write_str("flatten"),
            Self::Dense { .. } => f.write_str("dense"),
            Self::Reshape { .. } => f.write_str("reshape"),
            Self::Concat => f.write_str("join channels"),
            Self::Multiply => f.write_str("multiply"),
            Self::Slice { .. } => f.write_str("choose channels"),
            Self::Scale { .. } => f.write_str("scale"),
            Self::LogCompress { gain } => write!(f, "logarithm, gain {gain}"),
        }
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name, unlike all others, for example "e1.conv". Its arrays are named after it:
    /// "e1.conv.weight".
    pub name: String,
    /// What it does.
    pub op: Op,
    /// Numbers of the earlier nodes that it takes.
    pub inputs: Vec<usize>,
}

/// What weights are drawn from. Biases begin at 0, batch normalisation at γ = 1, β = 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Init {
    /// Normal, mean 0 (pix2pix has 0.02).
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform within ±√(6/(fan in + fan out)) (Glorot and Bengio 2010).
    GlorotUniform,
    /// Normal, standard deviation √(2/(fan in + fan out)); not truncated.
    GlorotNormal,
    /// Normal, standard deviation √(2/fan in) (He et al. 2015); not truncated.
    HeNormal,
}

/// A network: nodes in order. Node 0 is the input, the last one the output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The network's name.
    pub name: String,
    /// Shape of the input: channels, rows, columns.
    pub input: [usize; 3],
    /// The layers.
    pub nodes: Vec<Node>,
    /// How weights begin.
    pub init: Init,
    /// The node whose value an exported network answers, where it is not the last: a network that
    /// learns through "mask × input" answers the mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_node: Option<usize>,
}

/// A layer for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// The node's name.
    pub name: String,
    /// What it does, in words.
    pub op: String,
    /// Shape that comes out: channels, rows, columns.
    pub output: [usize; 3],
    /// Numbers that are learned.
    pub parameters: usize,
}

impl Plan {
    /// A plan of the input alone.
    pub fn new(name: impl Into<String>, input: [usize; 3], init: Init) -> Self {
        let mut plan = Self {
            name: name.into(),
            input,
            nodes: Vec::new(),
            init,
            export_node: None,
        };
        plan.add("input", Op::Input, &[]);
        plan
    }

    /// Adds a layer; answers its number.
    pub fn add(&mut self, name: impl Into<String>, op: Op, inputs: &[usize]) -> usize {
        self.nodes.push(Node {
            name: name.into(),
            op,
            inputs: inputs.to_vec(),
        });
        self.nodes.len() - 1
    }

    /// Shape of the last node's value: channels, rows, columns.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the node at fault.
    pub fn output(&self) -> Result<[usize; 3]> {
        let last = self.shapes()?.pop();
        last.ok_or_else(|| Error::setting("network", "it has no nodes"))
    }

    /// The plan as it is exported: up to [`Self::export_node`], nothing behind it.
    pub fn exported(&self) -> Self {
        let mut plan = self.clone();
        if let Some(node) = plan.export_node.take() {
            plan.nodes.truncate(node + 1);
        }
        plan
    }

    /// The same layers for an input of another number of columns.
    ///
    /// # Errors
    /// [`Error::Setting`] if they do not fit it.
    pub fn with_columns(&self, columns: usize) -> Result<Self> {
        let mut plan = self.clone();
        plan.input[2] = columns;
        plan.shapes()?;
        Ok(plan)
    }

    /// How many numbers are learned.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the node at fault.
    pub fn parameters(&self) -> Result<usize> {
        let arrays = self.arrays()?;
        let learned = arrays.iter().filter(|array| array.role.is_learned());
        Ok(learned.map(|array| array.count()).sum())
    }

    /// The layers, one row each.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the node at fault.
    pub fn table(&self) -> Result<Vec<LayerRow>> {
        let (shapes, arrays) = (self.shapes()?, self.arrays()?);
        let rows = self.nodes.iter().zip(shapes).enumerate();
        Ok(rows
            .map(|(index, (node, output))| LayerRow {
                name: node.name.clone(),
                op: node.op.to_string(),
                output,
                parameters: arrays
                    .iter()
                    .filter(|array| array.node == index && array.role.is_learned())
                    .map(|array| array.count())
                    .sum(),
            })
            .collect())
    }
}
