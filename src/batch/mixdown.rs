//! Stems on their way to files, mixed as the recipe says.

use rayon::prelude::*;

use super::recipe::Pour;
use crate::apply::{FileSink, StemFile, StemSink};
use crate::audio::Planar;
use crate::error::Result;
use crate::progress::Reporter;

/// Takes all stems of a model (and what they leave of the mixture, as the last) and writes what the
/// recipe makes of them.
pub(super) struct MixSink<'a> {
    pours: &'a [Pour],
    files: FileSink,
}

impl<'a> MixSink<'a> {
    pub(super) fn new(pours: &'a [Pour], files: FileSink) -> Self {
        Self { pours, files }
    }

    /// Whether any file needs what the stems leave of the mixture.
    pub(super) fn needs_rest(pours: &[Pour]) -> bool {
        pours
            .iter()
            .any(|pour| pour.gains.last().is_some_and(|gain| *gain != 0.0))
    }

    /// As [`FileSink::finish`].
    pub(super) fn finish(self, reporter: &Reporter) -> Result<(Vec<StemFile>, f32)> {
        self.files.finish(reporter)
    }
}

impl StemSink for MixSink<'_> {
    fn start(&mut self, _stems: &[String], sample_rate_hz: u32, channels: usize) -> Result<()> {
        let names: Vec<String> = self.pours.iter().map(|pour| pour.name.clone()).collect();
        self.files.start(&names, sample_rate_hz, channels)
    }

    fn push(&mut self, blocks: &[&Planar]) -> Result<()> {
        let mixed: Vec<Option<Planar>> = self
            .pours
            .par_iter()
            .map(|pour| match single(&pour.gains) {
                Some(_) => None,
                None => Some(mix(blocks, &pour.gains)),
            })
            .collect();
        let out: Vec<&Planar> = self
            .pours
            .iter()
            .zip(&mixed)
            .map(|(pour, mixed)| match (mixed, single(&pour.gains)) {
                (Some(mixed), _) => mixed,
                // A stem as it is needs no arithmetic.
                (None, stem) => blocks[stem.unwrap_or(0)],
            })
            .collect();
        self.files.push(&out)
    }
}

/// The one stem that a file is, unchanged.
fn single(gains: &[f32]) -> Option<usize> {
    let mut used = gains.iter().enumerate().filter(|(_, gain)| **gain != 0.0);
    match (used.next(), used.next()) {
        (Some((stem, gain)), None) if *gain == 1.0 => Some(stem),
        _ => None,
    }
}

/// Σ gain · stem, in the order of the stems.
fn mix(blocks: &[&Planar], gains: &[f32]) -> Planar {
    let channels = blocks.first().map_or(0, |block| block.len());
    let frames = blocks
        .first()
        .and_then(|block| block.first())
        .map_or(0, Vec::len);
    let mut out = vec![vec![0.0_f32; frames]; channels];
    for (block, gain) in blocks.iter().zip(gains).filter(|(_, gain)| **gain != 0.0) {
        for (out, channel) in out.iter_mut().zip(*block) {
            for (out, x) in out.iter_mut().zip(channel) {
                *out += gain * x;
            }
        }
    }
    out
}
