//! Small networks of pictures with their cards, so that no network has to be downloaded.

use std::path::{Path, PathBuf};

use prost::Message as _;
use serde_json::{Value, json};
use stemloom::model::CARD_METADATA_KEY;
use stemloom::model::proto::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto,
};

/// A card of pictures 16 columns wide, 256/64 at 8 kHz.
pub fn card(kind: &str) -> Value {
    json!({
        "id": "voice",
        "name": "Another voice",
        "stems": ["guitar"],
        "audio": { "sample_rate_hz": 8000, "channels": "per-channel" },
        "tensor": { "kind": kind },
        "stft": { "n_fft": 256, "win_length": 256, "hop_length": 64 },
        "segment": { "length": 16, "unit": "columns", "fixed": true },
    })
}

fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    // The batch is free.
    let dim = |n: &i64| DimensionProto {
        dim_value: (*n > 0).then_some(*n),
        dim_param: (*n == 0).then(|| "batch".into()),
    };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: Some(FLOAT),
                shape: Some(TensorShapeProto {
                    dim: dims.iter().map(dim).collect(),
                }),
            }),
        }),
    }
}

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        name: Some(op.to_owned()),
        op_type: Some(op.to_owned()),
        attribute,
    }
}

fn constant(name: &str, element: i32, dims: &[i64], bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: dims.to_vec(),
        data_type: Some(element),
        name: Some(name.to_owned()),
        raw_data: Some(bytes),
    }
}

fn write(path: &Path, graph: GraphProto, card: &Value) {
    let model = ModelProto {
        ir_version: Some(8),
        producer_name: Some("stemloom tests".to_owned()),
        graph: Some(GraphProto {
            name: Some("graph".to_owned()),
            ..graph
        }),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(17),
        }],
        metadata_props: vec![StringStringEntryProto {
            key: Some(CARD_METADATA_KEY.to_owned()),
            value: Some(card.to_string()),
        }],
    };
    std::fs::write(path, model.encode_to_vec()).unwrap();
}

/// What goes in comes out.
pub fn identity(folder: &Path, card: &Value) -> PathBuf {
    let path = folder.join("voice.onnx");
    let graph = GraphProto {
        input: vec![value("x", &[0, 1, 129, 16])],
        output: vec![value("y", &[0, 1, 129, 16])],
        node: vec![node("Identity", &["x"], "y", Vec::new())],
        ..GraphProto::default()
    };
    write(&path, graph, card);
    path
}

/// Answers the style and nothing of the song.
pub fn imitator(folder: &Path) -> PathBuf {
    let path = folder.join("imitator.onnx");
    let mut card = card("picture-picture");
    card["tensor"]["style"] = json!(true);
    let whole = |name: &str, n: i64| constant(name, INT64, &[1], n.to_le_bytes().to_vec());
    let graph = GraphProto {
        input: vec![value("x", &[0, 2, 129, 16])],
        output: vec![value("y", &[0, 1, 129, 16])],
        initializer: vec![whole("starts", 1), whole("ends", 2), whole("axes", 1)],
        node: vec![node(
            "Slice",
            &["x", "starts", "ends", "axes"],
            "y",
            Vec::new(),
        )],
        ..GraphProto::default()
    };
    write(&path, graph, &card);
    path
}

/// The largest magnitude of the window, held within 0 and 1: in a song that sounds throughout, 1.
pub fn ear(folder: &Path) -> PathBuf {
    let path = folder.join("ear.onnx");
    let attribute = |name: &str| AttributeProto {
        name: Some(name.to_owned()),
        ..AttributeProto::default()
    };
    let axes = AttributeProto {
        ints: vec![2, 3],
        r#type: Some(7),
        ..attribute("axes")
    };
    let keep = AttributeProto {
        i: Some(0),
        r#type: Some(2),
        ..attribute("keepdims")
    };
    let number = |name: &str, x: f32| constant(name, FLOAT, &[], x.to_le_bytes().to_vec());
    let graph = GraphProto {
        input: vec![value("x", &[0, 1, 129, 16])],
        output: vec![value("y", &[0, 1])],
        initializer: vec![number("low", 0.0), number("high", 1.0)],
        node: vec![
            node("ReduceMax", &["x"], "m", vec![axes, keep]),
            node("Clip", &["m", "low", "high"], "y", Vec::new()),
        ],
        ..GraphProto::default()
    };
    write(&path, graph, &card("magnitude-activity"));
    path
}
