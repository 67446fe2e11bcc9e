//! A take: one run, what was done in it and what came out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Id, Span};
use crate::apply::{Params, ReconstructOptions};
use crate::phase::Figures;

/// One run of a separator, a phase method or a comparison: what was done and where its sounds lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Take {
    /// Its number.
    pub id: Id,
    /// "Take 1", or what the person called it.
    pub name: String,
    /// The model's id, the phase method, or "difference".
    pub model: String,
    /// SHA-256 of the network's file; none for methods without weights.
    pub model_sha256: Option<String>,
    /// Settings of a separator.
    pub params: Params,
    /// Settings of a reconstruction.
    pub reconstruct: Option<ReconstructOptions>,
    /// The take whose phases it went on from.
    pub continued: Option<String>,
    /// Settings of anything else, in words.
    pub remark: String,
    /// The stretch that was worked on; none for the whole song.
    pub region: Option<Span>,
    /// The device that really ran.
    pub device: String,
    /// When it was made, in seconds since 1970, UTC.
    pub made_unix_secs: u64,
    /// Seconds the work took.
    pub taken_secs: f64,
    /// Level of what the stems leave of the mixture, in dB; of a difference against its first.
    pub residual_db: f64,
    /// How good a reconstruction is.
    pub figures: Option<Figures>,
    /// Its spectral convergence in dB after 0, 1, 2 … iterations.
    pub convergence_db: Vec<f64>,
    /// The sounds' files, by name; empty for a preview, which is kept in memory only.
    pub files: Vec<(String, PathBuf)>,
    /// The person's own words.
    pub notes: String,
}

impl Take {
    /// Everything that decides the result, in one line.
    pub fn settings(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        if let Some(options) = &self.reconstruct {
            parts.push(options.summary());
        }
        parts.extend(
            self.params
                .0
                .iter()
                .map(|(name, value)| format!("{name} {value}")),
        );
        parts.extend(
            self.continued
                .iter()
                .map(|name| format!("continues {name}")),
        );
        if !self.remark.is_empty() {
            parts.push(self.remark.clone());
        }
        parts.join(" · ")
    }
}
