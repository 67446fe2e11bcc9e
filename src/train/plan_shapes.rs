//! What the layers of a plan make of shapes, and which arrays they hold. Every mistake in a plan is
//! found here, before any network is made.

use std::collections::HashSet;

use super::layer_shape::{MOST, MOST_IN_ARRAY, Shape, shape_after};
use super::plan::{Op, Plan};
use crate::error::{Error, Result};

/// What an array is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Weights of a layer that sums `fan_in` values into each output, each input into `fan_out`.
    Weight {
        fan_in: usize,
        fan_out: usize,
    },
    Bias,
    Gamma,
    Beta,
    RunningMean,
    RunningVariance,
}

impl Role {
    /// Whether gradients change it.
    pub(super) fn is_learned(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Weight { .. } => "weight",
            Self::Bias => "bias",
            Self::Gamma => "gamma",
            Self::Beta => "beta",
            Self::RunningMean => "running_mean",
            Self::RunningVariance => "running_variance",
        }
    }
}

/// An array of a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrayInfo {
    /// The node's name and what it is: "e1.conv.weight".
    pub(super) name: String,
    /// The node's number.
    pub(super) node: usize,
    pub(super) shape: Vec<usize>,
    pub(super) role: Role,
}

impl ArrayInfo {
    pub(super) fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Plan {
    /// Shape of every node's value: channels, rows, columns.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the first node at fault and says why.
    pub fn shapes(&self) -> Result<Vec<Shape>> {
        if self.input.iter().any(|side| !(1..=MOST).contains(side)) {
            let problem = format!(
                "the input's shape is {:?}; each side must be 1 to {MOST}",
                self.input
            );
            return Err(Error::setting("network", problem));
        }
        if self.nodes.first().is_none_or(|node| node.op != Op::Input) {
            return Err(Error::setting("network", "node 0 must be the input"));
        }
        if self
            .export_node
            .is_some_and(|node| node >= self.nodes.len())
        {
            let problem = "export_node is none of its nodes";
            return Err(Error::setting("network", problem));
        }
        let mut names = HashSet::new();
        let mut shapes: Vec<Shape> = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let at_fault = |problem: String| {
                Error::setting(
                    "network",
                    format!("node {index} {:?}: {problem}", node.name),
                )
            };
            let reserved = node.name == "output" || (node.name == "input" && index > 0);
            if node.name.is_empty() || reserved || !names.insert(node.name.as_str()) {
                let problem = "its name must be its own, and not empty, \"input\" or \"output\"";
                return Err(at_fault(problem.to_owned()));
            }
            let inputs: Option<Vec<Shape>> = node
                .inputs
                .iter()
                .map(|i| shapes.get(*i).copied())
                .collect();
            let inputs = inputs.ok_or_else(|| {
                let problem = format!("it takes {:?}, not only earlier nodes", node.inputs);
                at_fault(problem)
            })?;
            let shape = if index == 0 {
                self.input
            } else {
                shape_after(&node.op, &inputs).map_err(at_fault)?
            };
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// Whether the columns may be any number (a multiple of [`Self::width_multiple`]): nothing in
    /// the network depends on how many there are.
    pub fn free_width(&self) -> bool {
        let fixes = |op: &Op| matches!(op, Op::Flatten | Op::Dense { .. } | Op::Reshape { .. });
        !self.nodes.iter().any(|node| fixes(&node.op))
    }

    /// What the number of columns must be a multiple of, so that nothing is lost where columns are
    /// halved; the number itself if it is fixed.
    pub fn width_multiple(&self) -> usize {
        if !self.free_width() {
            return self.input[2];
        }
        let mut halvings: Vec<usize> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before = node.inputs.iter().filter_map(|i| halvings.get(*i).copied());
            let before = before.fold(1, least_common_multiple);
            halvings.push(match &node.op {
                Op::Conv { stride, .. } => before.saturating_mul(stride[1].max(1)),
                Op::MaxPool { kernel } => before.saturating_mul(kernel[1].max(1)),
                Op::Deconv { stride, .. } if before.is_multiple_of(stride[1].max(1)) => {
                    before / stride[1].max(1)
                }
                _ => before,
            });
        }
        halvings.into_iter().fold(1, least_common_multiple)
    }

    /// All arrays, in the order of the nodes.
    pub(super) fn arrays(&self) -> Result<Vec<ArrayInfo>> {
        let shapes = self.shapes()?;
        let mut arrays = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let channels = node.inputs.first().map_or(0, |i| shapes[*i][0]);
            for (role, shape) in arrays_of(&node.op, channels) {
                let count = shape
                    .iter()
                    .fold(1_usize, |n, side| n.saturating_mul(*side));
                if count > MOST_IN_ARRAY {
                    let problem = format!("node {index} {:?}: it has too many weights", node.name);
                    return Err(Error::setting("network", problem));
                }
                arrays.push(ArrayInfo {
                    name: format!("{}.{}", node.name, role.suffix()),
                    node: index,
                    shape,
                    role,
                });
            }
        }
        Ok(arrays)
    }
}

/// The arrays of one layer. Kernels are `[out][in][rows][columns]`, of transposed convolutions
/// `[in][out][rows][columns]`, dense weights `[in][out]`.
fn arrays_of(op: &Op, channels: usize) -> Vec<(Role, Vec<usize>)> {
    let bias_of = |bias: bool, out: usize| bias.then(|| (Role::Bias, vec![out]));
    match *op {
        Op::Conv {
            out, kernel, bias, ..
        } => {
            let role = weight_role(channels, out, kernel);
            let shape = vec![out, channels, kernel[0], kernel[1]];
            [(role, shape)]
                .into_iter()
                .chain(bias_of(bias, out))
                .collect()
        }
        Op::Deconv {
            out, kernel, bias, ..
        } => {
            let role = weight_role(channels, out, kernel);
            let shape = vec![channels, out, kernel[0], kernel[1]];
            [(role, shape)]
                .into_iter()
                .chain(bias_of(bias, out))
                .collect()
        }
        Op::Dense { out, bias } => {
            let role = weight_role(channels, out, [1, 1]);
            let shape = vec![channels, out];
            [(role, shape)]
                .into_iter()
                .chain(bias_of(bias, out))
                .collect()
        }
        Op::BatchNorm { .. } => [
            Role::Gamma,
            Role::Beta,
            Role::RunningMean,
            Role::RunningVariance,
        ]
        .map(|role| (role, vec![channels]))
        .to_vec(),
        _ => Vec::new(),
    }
}

fn weight_role(channels: usize, out: usize, kernel: [usize; 2]) -> Role {
    let taps = kernel[0].saturating_mul(kernel[1]);
    Role::Weight {
        fan_in: channels.saturating_mul(taps),
        fan_out: out.saturating_mul(taps),
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a.max(1), b.max(1));
    let product = x.saturating_mul(y);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    product / x
}
