//! TensorBoard's log files: events as protocol buffers, framed as TFRecords.
//!
//! ```text
//! record = length (u64) ─ masked CRC of it (u32) ─ bytes ─ masked CRC of them (u32)
//! ```
//!
//! All numbers are little-endian; the CRC is CRC-32C (Castagnoli), masked as
//! ((c >> 15) | (c << 17)) + 0xa282ead8. Field numbers are those of TensorFlow's `event.proto` and
//! `summary.proto`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message as _;

use crate::error::{Error, Result};

#[derive(Clone, PartialEq, prost::Message)]
struct EventProto {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<SummaryProto>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLogProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SummaryProto {
    #[prost(message, repeated, tag = "1")]
    value: Vec<ValueProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ValueProto {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SessionLogProto {
    /// 1: a session starts; what an earlier one wrote from that step on does not count.
    #[prost(int32, tag = "1")]
    status: i32,
}

/// A log file being written; every call leaves it whole on the disk.
pub(super) struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// A new file in `folder` for a session that starts after `step` steps.
    pub(super) fn create(folder: &Path, step: u64) -> Result<Self> {
        let secs = now_secs() as u64;
        // Two sessions within a second: TensorBoard reads the files in the order of their names.
        let (path, file) = (0..)
            .map(|n| folder.join(format!("events.out.tfevents.{secs}.stemloom.{n}")))
            .find(|path| !path.exists())
            .map(|path| {
                let file = File::create_new(&path).map_err(Error::io("create", &path));
                file.map(|file| (path, file))
            })
            .unwrap_or_else(|| Err(Error::setting("out", "holds too many event files")))?;
        let mut events = Self { file, path };
        events.write(&EventProto {
            wall_time: now_secs(),
            file_version: Some("brain.Event:2".to_owned()),
            ..EventProto::default()
        })?;
        events.write(&EventProto {
            wall_time: now_secs(),
            step: signed(step),
            session_log: Some(SessionLogProto { status: 1 }),
            ..EventProto::default()
        })?;
        Ok(events)
    }

    /// Writes numbers of a step under their names, such as `train/loss`.
    pub(super) fn scalars(&mut self, step: u64, values: &[(String, f64)]) -> Result<()> {
        let value = values
            .iter()
            .map(|(tag, value)| ValueProto {
                tag: tag.clone(),
                simple_value: Some(*value as f32),
            })
            .collect();
        self.write(&EventProto {
            wall_time: now_secs(),
            step: signed(step),
            summary: Some(SummaryProto { value }),
            ..EventProto::default()
        })
    }

    fn write(&mut self, event: &EventProto) -> Result<()> {
        let record = framed(&event.encode_to_vec());
        self.file
            .write_all(&record)
            .and_then(|()| self.file.flush())
            .map_err(Error::io("write", &self.path))
    }
}

fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

fn now_secs() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// A TFRecord of these bytes.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(bytes.len() + 16);
    record.extend(length);
    record.extend(masked(crc32c(&length)).to_le_bytes());
    record.extend(bytes);
    record.extend(masked(crc32c(bytes)).to_le_bytes());
    record
}

fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C, bit by bit: the records are short.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (POLYNOMIAL * (crc & 1))
        })
    });
    !crc
}
