//! How fast examples come when they are streamed, and the memory that it takes.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::terminal::duration;
use crate::dataset::{ExampleSet, ExampleStream, Split};
use crate::error::{Error, Result};
use crate::memory::peak_memory_bytes;
use crate::progress::Reporter;

/// What streaming came to.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    split: Split,
    examples: usize,
    batches: usize,
    batches_of_epoch: usize,
    is_whole_epoch: bool,
    seconds: f64,
    examples_per_sec: f64,
    /// Of values as they are given to a network.
    megabytes_per_sec: f64,
    peak_memory_bytes: Option<u64>,
}

impl Measured {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let part = if self.is_whole_epoch {
            "the whole epoch".to_owned()
        } else {
            format!("{} are an epoch", self.batches_of_epoch)
        };
        let peak = self.peak_memory_bytes.map_or_else(String::new, |bytes| {
            format!(", peak memory {:.1} MB", bytes as f64 / 1e6)
        });
        format!(
            "{} examples in {} batches ({part}), {}: {:.1} examples a second, {:.1} MB/s{peak}",
            self.examples,
            self.batches,
            duration(self.seconds),
            self.examples_per_sec,
            self.megabytes_per_sec
        )
    }
}

/// Streams an epoch of the examples to learn from, or of those for validation or test if there are
/// no others. Ends with the batch that `most_secs` pass in.
pub(super) fn measure(
    set: &Arc<ExampleSet>,
    batch_size: usize,
    threads: usize,
    most_secs: f64,
    reporter: &Reporter,
) -> Result<Measured> {
    let splits = [Split::Train, Split::Valid, Split::Test];
    let Some(split) = splits.into_iter().find(|split| !set.is_empty(*split)) else {
        return Err(Error::setting("measure", "there are no examples to stream"));
    };
    let (mut examples, mut batches, mut values) = (0_usize, 0_usize, 0_usize);
    let mut seconds = 0.0_f64;
    let start = Instant::now();
    let stream = ExampleStream::new(Arc::clone(set), split, 0, batch_size, 0, None, threads);
    let batches_of_epoch = stream.batches();
    for batch in stream {
        let batch = batch?;
        examples += batch.size;
        batches += 1;
        values += batch.input.len() + batch.target.len();
        seconds = start.elapsed().as_secs_f64();
        reporter.step(
            "Streaming examples",
            batches as u64,
            batches_of_epoch as u64,
        )?;
        if seconds >= most_secs {
            break;
        }
    }
    let per_sec = |amount: usize| amount as f64 / seconds.max(1e-9);
    Ok(Measured {
        split,
        examples,
        batches,
        batches_of_epoch,
        is_whole_epoch: batches == batches_of_epoch,
        seconds,
        examples_per_sec: per_sec(examples),
        megabytes_per_sec: 4.0 * per_sec(values) / 1e6,
        peak_memory_bytes: peak_memory_bytes(),
    })
}
