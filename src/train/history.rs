//! The history of a run: one row per epoch, as a CSV file.
//!
//! ```text
//! stage,epoch,step,train_loss,…,valid_loss,…,learning_rate,discriminator_learning_rate,secs
//! ```
//!
//! A column without a number in any row is left out; a number that an epoch does not have is empty.

use std::io::Write as _;
use std::path::Path;

use super::loss::Losses;
use crate::audio::write_whole;
use crate::error::{Error, Result};

/// What is known of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// The stage's number, from 0; the last is the training itself.
    pub stage: usize,
    /// The epoch's number, from 1.
    pub epoch: usize,
    /// Steps done, all stages together.
    pub step: u64,
    /// Means over the epoch's training examples, as they were met.
    pub train: Losses,
    /// Means over the validation examples; `None` if there are none, or it was not the turn.
    pub valid: Option<Losses>,
    /// The network's learning rate at the end of the epoch.
    pub learning_rate: f64,
    /// The discriminator's, if there is one.
    pub discriminator_learning_rate: Option<f64>,
    /// Seconds that the epoch took.
    pub secs: f64,
}

/// What stands in the column of a name.
type Get = fn(&HistoryRow, &str) -> Option<f64>;

fn columns(rows: &[HistoryRow]) -> Vec<(String, Get)> {
    let train: Get = |row, name| value(&row.train, name.strip_prefix("train_")?);
    let valid: Get = |row, name| value(row.valid.as_ref()?, name.strip_prefix("valid_")?);
    let mut columns: Vec<(String, Get)> = Vec::new();
    for name in Losses::NAMES {
        columns.push((format!("train_{name}"), train));
    }
    for name in Losses::NAMES {
        columns.push((format!("valid_{name}"), valid));
    }
    columns.push(("learning_rate".into(), |row, _| Some(row.learning_rate)));
    columns.push(("discriminator_learning_rate".into(), |row, _| {
        row.discriminator_learning_rate
    }));
    columns.push(("secs".into(), |row, _| Some(row.secs)));
    columns.retain(|(name, get)| rows.iter().any(|row| get(row, name).is_some()));
    columns
}

fn value(losses: &Losses, name: &str) -> Option<f64> {
    let named = losses.named();
    named.iter().find(|(n, _)| *n == name).map(|(_, x)| *x)
}

/// Writes all rows, whole or not at all.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn write_history(path: &Path, rows: &[HistoryRow]) -> Result<()> {
    let columns = columns(rows);
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("stage,epoch,step,{}\n", names.join(","));
    for row in rows {
        text.push_str(&format!("{},{},{}", row.stage, row.epoch, row.step));
        for (name, get) in &columns {
            text.push(',');
            if let Some(x) = get(row, name) {
                text.push_str(&x.to_string());
            }
        }
        text.push('\n');
    }
    write_whole(path, true, |file| file.write_all(text.as_bytes()))
}

/// Reads a history; every number is exactly the one that was written.
///
/// # Errors
/// [`Error::Io`]; [`Error::Document`] that names the line.
pub fn read_history(path: &Path) -> Result<Vec<HistoryRow>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    lines
        .enumerate()
        .map(|(i, line)| {
            parse_row(&names, line).ok_or_else(|| Error::Document {
                what: "history",
                problem: format!("line {} is no row of it", i + 2),
                path: path.into(),
            })
        })
        .collect()
}

fn parse_row(names: &[&str], line: &str) -> Option<HistoryRow> {
    let cells: Vec<&str> = line.split(',').collect();
    if cells.len() != names.len() {
        return None;
    }
    let cell = |name: &str| {
        let at = names.iter().position(|n| *n == name)?;
        cells.get(at).copied()
    };
    let losses = |prefix: &str| {
        let numbers: Vec<(&str, f64)> = names
            .iter()
            .zip(&cells)
            .filter_map(|(name, cell)| Some((name.strip_prefix(prefix)?, cell.parse().ok()?)))
            .collect();
        Losses::from_named(&numbers)
    };
    Some(HistoryRow {
        stage: cell("stage")?.parse().ok()?,
        epoch: cell("epoch")?.parse().ok()?,
        step: cell("step")?.parse().ok()?,
        train: losses("train_")?,
        valid: losses("valid_"),
        learning_rate: cell("learning_rate")?.parse().ok()?,
        discriminator_learning_rate: cell("discriminator_learning_rate")
            .and_then(|cell| cell.parse().ok()),
        secs: cell("secs")?.parse().ok()?,
    })
}
