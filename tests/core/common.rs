//! What the core tests share: the stored reference values, seeded signals, measures, small graphs.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use prost::Message as _;
use serde_json::{Value, json};
use stemloom::Error;
use stemloom::apply::{MemorySink, SeparateOptions, Separation, Separator};
use stemloom::audio::{Clip, Planar};
use stemloom::model::proto::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto,
};
use stemloom::model::{CARD_METADATA_KEY, Runtime};
use stemloom::progress::Reporter;

// ---------------------------------------------------------------------------------------------
// Stored reference values

/// A path in the repository.
pub fn repo(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// A path among the fixtures.
pub fn fixture(relative: &str) -> PathBuf {
    repo("tests/fixtures").join(relative)
}

/// The index of the fixtures, `values.json`.
pub fn values() -> &'static Value {
    static VALUES: LazyLock<Value> = LazyLock::new(|| {
        let text = std::fs::read_to_string(fixture("values.json"))
            .expect("tests/fixtures/values.json can be read");
        serde_json::from_str(&text).expect("values.json is JSON")
    });
    &VALUES
}

/// One of the index's lists.
pub fn entries(list: &str) -> &'static [Value] {
    values()[list].as_array().expect("a list in values.json")
}

/// A stored array, flat, in C order.
pub fn array(name: &str) -> Vec<f32> {
    let file = text(&values()["arrays"][name]["file"]);
    let bytes = std::fs::read(fixture(file)).expect("a stored array");
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// A JSON value that has to be text.
pub fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// A JSON value that has to be a number.
pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// A JSON value that has to be a whole number, 0 or more.
pub fn whole(value: &Value) -> usize {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no whole number")) as usize
}

/// A JSON list of numbers.
pub fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(number)
        .collect()
}

// ---------------------------------------------------------------------------------------------
// Seeded signals

/// xorshift64* (Vigna 2016): the same numbers on every machine.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        // The state must not be 0, and small seeds must not give similar streams.
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A whole number from 0 to `end` − 1.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.bits() >> 11) % end as u64) as usize
    }

    /// A sample from −1 to 1.
    pub fn sample(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    pub fn noise(&mut self, frames: usize) -> Vec<f32> {
        (0..frames).map(|_| self.sample()).collect()
    }
}

/// White noise from −1 to 1.
pub fn noise(seed: u64, frames: usize) -> Vec<f32> {
    Rng::new(seed).noise(frames)
}

/// Noise in several channels, all different.
pub fn planar_noise(seed: u64, channels: usize, frames: usize) -> Planar {
    let mut rng = Rng::new(seed);
    (0..channels).map(|_| rng.noise(frames)).collect()
}

pub fn sine(hz: f64, sample_rate_hz: u32, frames: usize, amplitude: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * hz / f64::from(sample_rate_hz);
    (0..frames)
        .map(|n| (amplitude * (step * n as f64).sin()) as f32)
        .collect()
}

// ---------------------------------------------------------------------------------------------
// Measures

/// Level of the reference against that of the difference. Not a number if the estimate has any.
pub fn snr_db(reference: &[f32], estimate: &[f32]) -> f64 {
    assert_eq!(reference.len(), estimate.len(), "the lengths differ");
    let signal: f64 = reference.iter().map(|x| f64::from(*x).powi(2)).sum();
    let error: f64 = reference
        .iter()
        .zip(estimate)
        .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2))
        .sum();
    if error == 0.0 {
        f64::INFINITY
    } else {
        10.0 * (signal / error).log10()
    }
}

/// Largest difference; infinite if anything is no number.
pub fn max_abs_diff(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "the lengths differ");
    let difference = |(x, y): (&f32, &f32)| {
        let d = (x - y).abs();
        if d.is_nan() { f32::INFINITY } else { d }
    };
    a.iter().zip(b).map(difference).fold(0.0, f32::max)
}

/// The error of a call that must fail. For results whose good side cannot be printed.
pub fn failure<T>(result: Result<T, Error>) -> Error {
    match result {
        Ok(_) => panic!("it worked where it had to fail"),
        Err(error) => error,
    }
}

/// The name in an [`Error::Setting`].
pub fn setting_name(error: Error) -> String {
    match error {
        Error::Setting { name, .. } => name,
        other => panic!("not about a setting: {other}"),
    }
}

// ---------------------------------------------------------------------------------------------
// The pipeline

/// A clip through the whole pipeline.
pub fn separate_clip(
    song: &Clip,
    separator: &mut dyn Separator,
    options: &SeparateOptions,
) -> (Vec<(String, Clip)>, Separation) {
    let mut sink = MemorySink::new();
    let mut source = song.reader(0..song.frames());
    let done = stemloom::apply::separate(
        &mut source,
        separator,
        options,
        &mut sink,
        &Reporter::silent(),
    )
    .expect("the song can be separated");
    (sink.finish().expect("the stems are in memory"), done)
}

// ---------------------------------------------------------------------------------------------
// Small graphs, so that no network has to be downloaded

pub fn runtime_available() -> bool {
    Runtime::load().is_ok()
}

/// Fails, rather than skips, where ONNX Runtime is absent: an unnoticed skip would hide a break.
pub fn need_runtime() {
    assert!(
        runtime_available(),
        "this test needs ONNX Runtime, which `make test` installs; by hand: `stemloom runtime install`"
    );
}

/// A graph under construction. A dimension that is `None` is free and gets a name.
#[derive(Default, Clone)]
pub struct Graph(GraphProto);

impl Graph {
    pub fn input(mut self, name: &str, dims: &[Option<i64>]) -> Self {
        self.0.input.push(value_info(name, dims));
        self
    }

    pub fn output(mut self, name: &str, dims: &[Option<i64>]) -> Self {
        self.0.output.push(value_info(name, dims));
        self
    }

    pub fn node(
        mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[AttributeProto],
    ) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.0.node.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: Some(format!("{op}{}", self.0.node.len())),
            op_type: Some(op.to_owned()),
            attribute: attributes.to_vec(),
        });
        self
    }

    /// A constant of floats.
    pub fn floats(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.0.initializer.push(constant(name, FLOAT, dims, bytes));
        self
    }

    /// A constant of whole numbers.
    pub fn ints(mut self, name: &str, dims: &[i64], values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.0.initializer.push(constant(name, INT64, dims, bytes));
        self
    }

    /// Writes the model; with a card it travels in the metadata.
    pub fn write(&self, path: &Path, card: Option<&Value>) {
        let entry = |card: &Value| StringStringEntryProto {
            key: Some(CARD_METADATA_KEY.to_owned()),
            value: Some(card.to_string()),
        };
        let model = ModelProto {
            ir_version: Some(8),
            producer_name: Some("stemloom tests".to_owned()),
            graph: Some(GraphProto {
                name: Some("graph".to_owned()),
                ..self.0.clone()
            }),
            opset_import: vec![OperatorSetIdProto {
                domain: Some(String::new()),
                version: Some(17),
            }],
            metadata_props: card.map(entry).into_iter().collect(),
        };
        std::fs::write(path, model.encode_to_vec()).expect("the model can be written");
    }

    /// y = x.
    pub fn identity(dims: &[Option<i64>]) -> Self {
        Self::default()
            .input("x", dims)
            .output("y", dims)
            .node("Identity", &["x"], &["y"], &[])
    }

    /// y = x · gain, where `gain` has as many axes as x and spreads over those of length 1.
    pub fn gain(dims: &[Option<i64>], gain_dims: &[i64], gain: &[f32]) -> Self {
        Self::default()
            .input("x", dims)
            .output("y", dims)
            .floats("gain", gain_dims, gain)
            .node("Mul", &["x", "gain"], &["y"], &[])
    }
}

pub fn int_attribute(name: &str, value: i64) -> AttributeProto {
    const INT: i32 = 2;
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(INT),
        ..AttributeProto::default()
    }
}

pub fn ints_attribute(name: &str, values: &[i64]) -> AttributeProto {
    const INTS: i32 = 7;
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.to_vec(),
        r#type: Some(INTS),
        ..AttributeProto::default()
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

fn value_info(name: &str, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = |(axis, length): (usize, &Option<i64>)| DimensionProto {
        dim_value: *length,
        dim_param: length.is_none().then(|| format!("axis{axis}")),
    };
    let shape = TensorShapeProto {
        dim: dims.iter().enumerate().map(dim).collect(),
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

/// The smallest card of a kind, as JSON to be changed field by field.
pub fn card(id: &str, kind: &str, channels: &str, stems: &[&str]) -> Value {
    json!({
        "id": id,
        "name": id,
        "stems": stems,
        "audio": { "sample_rate_hz": 44_100, "channels": channels },
        "tensor": { "kind": kind },
        "segment": { "length": 1024 },
    })
}
