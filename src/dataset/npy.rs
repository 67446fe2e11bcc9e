//! NumPy's `.npy` files, version 1.0: little-endian 32-bit floats in C order, 1 to 4 dimensions.
//!
//! ```text
//! 93 'NUMPY' 01 00 ─ length of the header (u16) ─ header, spaces, newline ─ the values
//! └──────────────── a whole number of 64 bytes ──────────────────────────┘
//! ```
//!
//! `numpy.load` reads what is written here. (NumPy Enhancement Proposal 1.)

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use crate::audio::write_whole;
use crate::error::{Error, Result};

const MAGIC: [u8; 8] = *b"\x93NUMPY\x01\x00";
/// Magic, version and the header's length.
const PREFIX_BYTES: usize = 10;
const ALIGNMENT_BYTES: usize = 64;
const MOST_DIMENSIONS: usize = 4;

/// An array: its lengths, and its values with the last index running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyArray {
    /// Length of each dimension, 1 to 4 of them.
    pub shape: Vec<usize>,
    /// As many values as the product of the lengths.
    pub values: Vec<f32>,
}

/// Writes an array, whole or not at all; makes the folder if there is none.
///
/// # Errors
/// [`Error::Setting`] if there are not 1 to 4 dimensions or their product is not the number of
/// values; [`Error::Exists`]; [`Error::Io`].
pub fn write_npy(path: &Path, shape: &[usize], values: &[f32], overwrite: bool) -> Result<()> {
    if !(1..=MOST_DIMENSIONS).contains(&shape.len()) {
        let problem = format!("{} dimensions; 1 to 4 can be written", shape.len());
        return Err(Error::setting("shape", problem));
    }
    if count(shape) != Some(values.len()) {
        let problem = format!("{shape:?} does not hold {} values", values.len());
        return Err(Error::setting("shape", problem));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
    }
    let head = head(shape);
    write_whole(path, overwrite, |file| {
        let mut file = BufWriter::new(file);
        file.write_all(&head)?;
        for value in values {
            file.write_all(&value.to_le_bytes())?;
        }
        file.flush()
    })
}

/// Reads an array.
///
/// # Errors
/// [`Error::Io`]; [`Error::Malformed`] if it is no such file, of another version, type or order, or
/// not as long as its shape says.
pub fn read_npy(path: &Path) -> Result<NpyArray> {
    let (mut file, shape) = open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    let (numbers, _) = bytes.as_chunks::<4>();
    let values: Vec<f32> = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if count(&shape) != Some(values.len()) {
        return Err(malformed("the file changed while it was read", path));
    }
    Ok(NpyArray { shape, values })
}

/// The shape alone; the length of the file is compared with it, the values are not read.
///
/// # Errors
/// As [`read_npy`].
pub fn npy_shape(path: &Path) -> Result<Vec<usize>> {
    open(path).map(|(_, shape)| shape)
}

/// A file at its first value, and the shape.
fn open(path: &Path) -> Result<(File, Vec<usize>)> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let total = file.metadata().map_err(Error::io("read", path))?.len();
    let mut prefix = [0; PREFIX_BYTES];
    if total < PREFIX_BYTES as u64 {
        return Err(malformed("too short for a .npy file", path));
    }
    file.read_exact(&mut prefix)
        .map_err(Error::io("read", path))?;
    if prefix[..6] != MAGIC[..6] {
        return Err(malformed("no .npy file: it does not begin so", path));
    }
    if prefix[6..8] != MAGIC[6..] {
        let problem = format!(
            "version {}.{} of .npy; only 1.0 can be read",
            prefix[6], prefix[7]
        );
        return Err(malformed(problem, path));
    }
    let length = usize::from(u16::from_le_bytes([prefix[8], prefix[9]]));
    if total < (PREFIX_BYTES + length) as u64 {
        return Err(malformed("the .npy file ends in its header", path));
    }
    let mut header = vec![0; length];
    file.read_exact(&mut header)
        .map_err(Error::io("read", path))?;
    let header = String::from_utf8_lossy(&header);
    let shape = parse(&header).map_err(|problem| malformed(problem, path))?;
    let wanted = count(&shape)
        .and_then(|values| values.checked_mul(4))
        .and_then(|bytes| bytes.checked_add(PREFIX_BYTES + length));
    if wanted.map(|bytes| bytes as u64) != Some(total) {
        let problem = format!("the .npy file has {total} bytes, and not those of shape {shape:?}");
        return Err(malformed(problem, path));
    }
    Ok((file, shape))
}

/// Everything before the values.
fn head(shape: &[usize]) -> Vec<u8> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    // Python's tuple of one has a comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{comma}), }}",
        lengths.join(", ")
    );
    let bytes = (PREFIX_BYTES + text.len() + 1).next_multiple_of(ALIGNMENT_BYTES);
    text.push_str(&" ".repeat(bytes - PREFIX_BYTES - text.len() - 1));
    text.push('\n');
    // At most four numbers of twenty digits: far below what 16 bits can say.
    let length = text.len() as u16;
    let mut head = MAGIC.to_vec();
    head.extend(length.to_le_bytes());
    head.extend(text.as_bytes());
    head
}

/// The shape that a header tells, if the rest of it is what can be read.
fn parse(header: &str) -> std::result::Result<Vec<usize>, String> {
    let value = |key: &str| {
        let quoted = format!("'{key}':");
        let at = header.find(&quoted)?;
        Some(header[at + quoted.len()..].trim_start())
    };
    let no = |key: &str| format!("the .npy header has no {key}");
    let kind = value("descr").ok_or_else(|| no("descr"))?;
    if !kind.starts_with("'<f4'") {
        let shown: String = kind.chars().take_while(|c| *c != ',').take(20).collect();
        return Err(format!(
            "values of type {shown}; only '<f4' (32-bit floats) can be read"
        ));
    }
    let order = value("fortran_order").ok_or_else(|| no("fortran_order"))?;
    if !order.starts_with("False") {
        return Err("values in Fortran's order; only C's order can be read".to_owned());
    }
    let shape = value("shape").ok_or_else(|| no("shape"))?;
    let inside = shape
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| no("shape"))?
        .0;
    let lengths: std::result::Result<Vec<usize>, _> = inside
        .split(',')
        .map(str::trim)
        .filter(|length| !length.is_empty())
        .map(str::parse)
        .collect();
    match lengths {
        Ok(lengths) if (1..=MOST_DIMENSIONS).contains(&lengths.len()) => Ok(lengths),
        _ => Err(format!("the shape ({inside}) is not 1 to 4 whole numbers")),
    }
}

/// Values of a shape.
fn count(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |count, length| count.checked_mul(*length))
}

fn malformed(problem: impl Into<String>, path: &Path) -> Error {
    Error::Malformed {
        problem: problem.into(),
        path: path.into(),
    }
}
