//! What panels read, and what they answer.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::batch::BatchAction;
use super::command::Command;
use super::evaluate::EvaluateAction;
use super::jobs::{Job, JobId};
use super::listen::ListenAction;
use super::settings::Settings;
use super::train::TrainAction;
use super::transfer::TransferAction;
use super::truth::{TruthAction, TruthView};
use crate::apply::Params;
use crate::audio::Clip;
use crate::display::{Overview, Peak, PeakPyramid};
use crate::model::{Device, ModelShelf, RuntimeStatus};
use crate::session::{Id, LaneView, Session, Span};

/// A clip and what is drawn of it.
pub struct ClipView {
    /// The song that it belongs to.
    pub song: Id,
    /// The audio.
    pub clip: Clip,
    /// One outline per channel.
    pub peaks: Arc<Vec<PeakPyramid>>,
    /// The spectrogram from afar, once it is measured.
    pub overview: Option<Arc<Overview>>,
}

impl ClipView {
    /// The outline of all channels over frames `start..end`.
    pub fn peak(&self, start: usize, end: usize) -> Peak {
        let mut out = Peak::EMPTY;
        for (channel, pyramid) in self.peaks.iter().enumerate() {
            let peak = pyramid.peak(self.clip.channel(channel), start, end);
            out.min = out.min.min(peak.min);
            out.max = out.max.max(peak.max);
            out.power += peak.power / self.peaks.len() as f32;
        }
        out
    }
}

/// How the sound output is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputState {
    /// Nothing was played yet.
    Idle,
    /// Open: name and rate in hertz.
    Open(String, u32),
    /// None, or lost: why.
    Silent(String),
}

/// What the Separate form holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SeparateForm {
    /// The model's id.
    pub model: String,
    /// Settings of each weight-free model.
    pub params: BTreeMap<String, Params>,
    /// Only the selection.
    pub selection_only: bool,
    /// The device.
    pub device: Device,
    /// Wiener filter afterwards.
    pub wiener: bool,
    /// Median filter afterwards.
    pub median: bool,
}

impl Default for SeparateForm {
    fn default() -> Self {
        Self {
            model: "hpss".into(),
            params: BTreeMap::new(),
            selection_only: false,
            device: Device::Auto,
            wiener: false,
            median: false,
        }
    }
}

/// Everything panels may read.
pub struct Scene<'a> {
    /// What is open.
    pub session: &'a Session,
    /// Audio and outlines by clip.
    pub clips: &'a HashMap<Id, ClipView>,
    /// What the person chose.
    pub settings: &'a Settings,
    /// What is running.
    pub jobs: &'a BTreeMap<JobId, Job>,
    /// The models.
    pub shelf: &'a ModelShelf,
    /// ONNX Runtime, once asked.
    pub runtime: Option<&'a RuntimeStatus>,
    /// The sound output.
    pub output: &'a OutputState,
    /// Whether it plays.
    pub playing: bool,
    /// The playhead in seconds.
    pub playhead_secs: f64,
    /// Levels of the last moment, left and right, linear.
    pub levels: (f32, f32),
    /// The lane that keys act on.
    pub chosen_lane: Option<Id>,
    /// The spectrum shown below: at this time of this lane.
    pub cursor: Option<Cursor>,
    /// Names of all audio tracks of songs that have several.
    pub tracks: &'a HashMap<Id, Vec<String>>,
    /// Outlines of clips that are still being read, in equal parts of the song.
    pub sketches: &'a HashMap<Id, Arc<Vec<Peak>>>,
    /// Why clips could not be opened.
    pub failed: &'a HashMap<Id, String>,
    /// Whether a blind test is under way: nothing may name what is heard.
    pub in_test: bool,
    /// How close takes come to the true stems.
    pub truth: &'a TruthView,
    /// Whether there is something to undo and to redo.
    pub can_undo: (bool, bool),
}

/// Where the pointer was last over a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// Time in seconds.
    pub secs: f64,
    /// The lane's name.
    pub lane: String,
    /// The lane's clip.
    pub clip: Id,
    /// Frequency under the pointer in hertz, on a spectrogram.
    pub hz: Option<f64>,
}

/// What a panel wants done. Runs after the frame is laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A command of the table.
    Do(Command),
    /// Open these files and folders.
    OpenPaths(Vec<PathBuf>),
    /// Open one of a file's audio tracks.
    OpenTrack(PathBuf, usize),
    /// Put a song into the lanes.
    ShowSong(Id),
    /// Close a song.
    CloseSong(Id),
    /// Show or hide a take's lanes.
    ToggleTake(Id, Id),
    /// Remove a take and its files.
    RemoveTake(Id, Id),
    /// Move the playhead to a time.
    Seek(f64),
    /// Select a stretch, or nothing; the flag says that the drag goes on.
    Select(Option<Span>, Drag),
    /// Loop a stretch, or nothing.
    Loop(Option<Span>),
    /// Scroll by pixels.
    Scroll(f64),
    /// Zoom by a factor around a pixel.
    Zoom(f64, f64),
    /// The lanes' width in pixels is this.
    Resize(f64),
    /// Choose a lane.
    Choose(Id),
    /// Mute or unmute a lane.
    Mute(Id),
    /// Solo or unsolo a lane.
    Solo(Id),
    /// Set a lane's gain in dB; the flag says that the drag goes on.
    Gain(Id, f32, Drag),
    /// What a lane shows.
    View(Id, LaneView),
    /// Draw another lane over a lane, or none.
    Overlay(Id, Option<Id>),
    /// Move a lane up (−1) or down (1).
    Move(Id, isize),
    /// Take a lane out of the stack.
    RemoveLane(Id),
    /// The pointer is over a lane, or no longer.
    Point(Option<Cursor>),
    /// Stop a job.
    Cancel(JobId),
    /// Choose a model for the tool that can run it.
    ChooseModel(String),
    /// A change of settings.
    Set(Box<Settings>),
    /// Write these lanes to files, as the settings say; the flag asks for a picture beside them.
    Export(Vec<Id>, bool),
    /// Put an ONNX file on the shelf, with this card if it has none of its own.
    AdoptModel(PathBuf, Option<String>),
    /// Choose the export folder by dialog.
    ChooseFolder,
    /// Something in the Batch workspace.
    Batch(BatchAction),
    /// Something in the Listen workspace.
    Listen(ListenAction),
    /// Something in the Train workspace.
    Train(TrainAction),
    /// Something of the Transfer tool.
    Transfer(TransferAction),
    /// Something in the Evaluate workspace.
    Evaluate(EvaluateAction),
    /// Something about the true stems of a song.
    Truth(TruthAction),
}

/// Whether a change is one of many in a drag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drag {
    /// More may come.
    Going,
    /// This is the last, or the only one.
    Done,
}
