//! A trained network as an ONNX file that ONNX Runtime runs anywhere: opset 17.
//!
//! Input `input`, output `output`, both `[batch][channels][rows][columns]`; the batch is free, and so
//! are the columns where [`Plan::free_width`]. Dropout is left out. The card travels in the metadata.

use std::collections::HashMap;

use prost::Message as _;

use super::onnx_nodes::{Builder, Folded};
use super::plan::{Node, Op, Plan};
use super::weights::{WeightArray, Weights};
use crate::error::{Error, Result};
use crate::model::proto::{
    DimensionProto, FLOAT, GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::model::{CARD_METADATA_KEY, ModelCard};

const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;

/// The bytes of an ONNX file of the network with these weights, up to its
/// [`export_node`](Plan::export_node). With `fold_norm`, a batch normalisation right behind a
/// convolution becomes part of that convolution's weights: the same answer to rounding, sooner.
///
/// # Errors
/// [`Error::Setting`] if the plan is wrong or an array is missing or of another shape;
/// [`Error::Card`] if the card cannot be written.
pub fn onnx_model(
    plan: &Plan,
    weights: &Weights,
    fold_norm: bool,
    card: &ModelCard,
) -> Result<Vec<u8>> {
    let plan = plan.exported();
    let shapes = plan.shapes()?;
    let arrays = checked(&plan, weights)?;
    let mut builder = Builder::new(&plan, &arrays);
    for (index, node) in plan.nodes.iter().enumerate().skip(1) {
        let shape = shapes[index];
        let folded = if fold_norm {
            folded(&plan, index)
        } else {
            Folded::No
        };
        builder.add(index, node, shape, folded)?;
    }
    let (input, output) = (plan.input, shapes[shapes.len() - 1]);
    // Axes of one name have one length.
    let [columns, columns_out] = match (plan.free_width(), input[2] == output[2]) {
        (false, _) => [None, None],
        (true, true) => [Some("columns"), Some("columns")],
        (true, false) => [Some("columns"), Some("output_columns")],
    };
    let graph = GraphProto {
        name: Some(plan.name.clone()),
        input: vec![value_info("input", input, columns)],
        output: vec![value_info("output", output, columns_out)],
        ..builder.finish()
    };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("stemloom".to_owned()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: vec![StringStringEntryProto {
            key: Some(CARD_METADATA_KEY.to_owned()),
            value: Some(card.to_json()?),
        }],
    };
    Ok(model.encode_to_vec())
}

/// The arrays of the plan by name, each there and of the right size.
fn checked<'a>(plan: &Plan, weights: &'a Weights) -> Result<HashMap<&'a str, &'a WeightArray>> {
    let arrays: HashMap<&str, &WeightArray> = weights
        .arrays
        .iter()
        .map(|array| (array.name.as_str(), array))
        .collect();
    for wanted in plan.arrays()? {
        let fits = arrays.get(wanted.name.as_str()).is_some_and(|array| {
            array.shape == wanted.shape && array.values.len() == wanted.count()
        });
        if !fits {
            let problem = format!(
                "they hold no {:?} of shape {:?}; choose the weights of this network",
                wanted.name, wanted.shape
            );
            return Err(Error::setting("weights", problem));
        }
    }
    Ok(arrays)
}

/// Whether a node is a convolution that takes the normalisation behind it in, or that
/// normalisation. It must be the only one that takes the convolution's answer.
fn folded(plan: &Plan, index: usize) -> Folded {
    let is_convolution =
        |node: usize| matches!(plan.nodes[node].op, Op::Conv { .. } | Op::Deconv { .. });
    let norm_behind = |node: usize| {
        let takes = |(_, other): &(usize, &Node)| other.inputs.contains(&node);
        let mut takers = plan.nodes.iter().enumerate().filter(takes);
        match (takers.next(), takers.next()) {
            (Some((norm, taker)), None) => match taker.op {
                Op::BatchNorm { eps, .. } => Some((norm, eps)),
                _ => None,
            },
            _ => None,
        }
    };
    if is_convolution(index)
        && let Some((norm, eps)) = norm_behind(index)
    {
        return Folded::Takes { norm, eps };
    }
    match plan.nodes[index].inputs.first() {
        Some(&from) if is_convolution(from) => match norm_behind(from) {
            Some((norm, _)) if norm == index => Folded::Taken,
            _ => Folded::No,
        },
        _ => Folded::No,
    }
}

fn value_info(
    name: &str,
    [channels, rows, columns]: [usize; 3],
    free_columns: Option<&str>,
) -> ValueInfoProto {
    let free = |name: &str| DimensionProto {
        dim_value: None,
        dim_param: Some(name.to_owned()),
    };
    let fixed = |length: usize| DimensionProto {
        dim_value: i64::try_from(length).ok(),
        dim_param: None,
    };
    let last = free_columns.map_or_else(|| fixed(columns), free);
    let shape = TensorShapeProto {
        dim: vec![free("batch"), fixed(channels), fixed(rows), last],
    };
    let tensor = TensorTypeProto {
        elem_type: Some(FLOAT),
        shape: Some(shape),
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
        }),
    }
}
