//! What the window can ask the worker threads for.

use std::path::PathBuf;

use super::evaluate::EvaluateRequest;
use super::listen::{DifferenceRequest, PictureRequest};
use super::reconstruct::ReconstructRequest;
use super::separate_request::{Clip2, SeparateRequest};
#[cfg(feature = "train")]
use super::train::LearnRequest;
use super::train::TrainRequest;
use super::transfer::TransferRequest;
use super::truth::TruthRequest;
use crate::apply::{ExportOptions, SongName};
use crate::batch::{Entry, Recipe, RunSettings};
use crate::session::Id;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Read a file. `song` and `clip` are the numbers it gets.
    Open {
        /// The song's number.
        song: Id,
        /// The clip's number.
        clip: Id,
        /// The file.
        path: PathBuf,
        /// Which audio track.
        track: Option<usize>,
        /// Whether it is a stem of an open song rather than a song.
        stem: bool,
    },
    /// Split a song.
    Separate(Box<SeparateRequest>),
    /// Make sound of a song's magnitudes.
    Reconstruct(Box<ReconstructRequest>),
    /// Something of the Transfer tool.
    Transfer(Box<TransferRequest>),
    /// Subtract one lane from another.
    Difference(Box<DifferenceRequest>),
    /// Measure the loudness of clips.
    Loudness(Vec<(Id, Clip2)>),
    /// Measure the spectrograms of clips from afar.
    Look(Vec<(Id, Clip2)>),
    /// Draw lanes as they are seen.
    Picture(Box<PictureRequest>),
    /// Write clips to files, and a picture of them with this mixture, in which they start at a frame.
    Export(
        Vec<(String, Clip2)>,
        SongName,
        Box<ExportOptions>,
        Option<(Clip2, usize)>,
    ),
    /// Look for songs in these files and folders, for a batch into a destination.
    LookBatch(Vec<PathBuf>, PathBuf),
    /// Run a batch.
    RunBatch(Box<BatchRequest>),
    /// Put an ONNX file on the shelf, with this card if it has none of its own.
    Adopt(PathBuf, Option<String>),
    /// Download ONNX Runtime.
    Install,
    /// Look for ONNX Runtime and models.
    Scan,
    /// Something for the Train workspace.
    Train(Box<TrainRequest>),
    /// Something of recipes and runs.
    #[cfg(feature = "train")]
    Learn(Box<LearnRequest>),
    /// Something for the Evaluate workspace.
    Evaluate(Box<EvaluateRequest>),
    /// Something about true stems.
    Truth(Box<TruthRequest>),
    /// Remove takes that no session knows any more, except these files.
    Prune(Vec<PathBuf>),
}

impl Request {
    /// The clip that is read.
    pub(super) fn clip(&self) -> Option<Id> {
        match self {
            Self::Open { clip, .. } => Some(*clip),
            _ => None,
        }
    }

    /// The open song of which something is made; without it nobody wants the result.
    pub(super) fn song(&self) -> Option<Id> {
        match self {
            Self::Open { song, .. } => Some(*song),
            Self::Separate(request) => Some(request.song),
            Self::Reconstruct(request) => Some(request.song),
            Self::Difference(request) => Some(request.song),
            Self::Transfer(request) => request.song(),
            Self::Train(request) => request.song(),
            _ => None,
        }
    }
}

/// A batch to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// The songs, in order.
    pub entries: Vec<Entry>,
    /// What is done to each.
    pub recipe: Recipe,
    /// The destination.
    pub out: PathBuf,
    /// How it is run.
    pub settings: RunSettings,
    /// Only look at what is in the way.
    pub only_check: bool,
}
