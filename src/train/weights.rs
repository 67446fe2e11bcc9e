//! A network's numbers by name, and their file: safetensors (a JSON head, then the values), which
//! PyTorch, JAX and others read.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use crate::audio::write_whole;
use crate::error::{Error, Result};

/// The head is filled with spaces to a multiple of this, so that values are aligned.
const ALIGNMENT_BYTES: usize = 8;

/// One array.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightArray {
    /// Layer and part, for example "e1.conv.weight" or "e1.norm.running_mean".
    pub name: String,
    /// Length of each axis. Kernels are `[out][in][rows][columns]`, of transposed convolutions
    /// `[in][out][rows][columns]`, dense weights `[in][out]`.
    pub shape: Vec<usize>,
    /// As many values as the product of the lengths, the last axis running fastest.
    pub values: Vec<f32>,
}

/// All arrays of a network: what is learned, and the running statistics of batch normalisation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights {
    /// The arrays; no two of the same name.
    pub arrays: Vec<WeightArray>,
}

impl Weights {
    /// The array of that name.
    pub fn get(&self, name: &str) -> Option<&WeightArray> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// Writes them, whole or not at all. The same arrays and metadata give the same bytes; a file
    /// that is there is not replaced.
    ///
    /// # Errors
    /// [`Error::Setting`] if an array has not as many values as its shape says, or a name is there
    /// twice; [`Error::Exists`]; [`Error::Io`].
    pub fn write_safetensors(
        &self,
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<()> {
        let mut arrays: Vec<&WeightArray> = self.arrays.iter().collect();
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        let head = head(&arrays, metadata)?;
        write_whole(path, false, |file| {
            let mut file = BufWriter::new(file);
            file.write_all(&(head.len() as u64).to_le_bytes())?;
            file.write_all(&head)?;
            for value in arrays.iter().flat_map(|array| &array.values) {
                file.write_all(&value.to_le_bytes())?;
            }
            file.flush()
        })
    }

    /// Reads them, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] if it is no safetensors file of 32-bit floats.
    pub fn read_safetensors(path: &Path) -> Result<Self> {
        let malformed = |problem: String| Error::Malformed {
            problem,
            path: path.into(),
        };
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| malformed(format!("this is no safetensors file ({error})")))?;
        let mut arrays = Vec::with_capacity(file.len());
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                let problem = format!("{name:?} holds {:?}, not 32-bit floats", view.dtype());
                return Err(malformed(problem));
            }
            let (numbers, _) = view.data().as_chunks::<4>();
            arrays.push(WeightArray {
                name,
                shape: view.shape().to_vec(),
                values: numbers.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            });
        }
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { arrays })
    }
}

/// The file's head: of each array its type, shape, and where its bytes begin and end. Made here
/// and not by the crate that reads it, whose metadata come in any order.
fn head(arrays: &[&WeightArray], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut entries = Map::new();
    if !metadata.is_empty() {
        entries.insert("__metadata__".to_owned(), json!(metadata));
    }
    let mut start = 0;
    for array in arrays {
        if array.shape.iter().product::<usize>() != array.values.len() {
            let (shape, count) = (&array.shape, array.values.len());
            let problem = format!("{:?} has {count} values, not {shape:?}", array.name);
            return Err(Error::setting("weights", problem));
        }
        let end = start + array.values.len() * size_of::<f32>();
        let entry = json!({ "dtype": "F32", "shape": array.shape, "data_offsets": [start, end] });
        if entries.insert(array.name.clone(), entry).is_some() {
            let problem = format!("{:?} is there twice", array.name);
            return Err(Error::setting("weights", problem));
        }
        start = end;
    }
    let mut head = Value::Object(entries).to_string().into_bytes();
    head.resize(head.len().next_multiple_of(ALIGNMENT_BYTES), b' ');
    Ok(head)
}
