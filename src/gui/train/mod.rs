//! The Train workspace: what networks learn from, and how they learn.
//!
//! ```text
//! folder ─► Action::Train(Open) ─► engine ─► Looked ─► songs or figures
//! play button ─► Hear ─► loader ─► Heard ─► player    (the song of the Workbench comes back after)
//! recipe ─► trainer ─► curves, previews               (`learn`, with the feature `train`)
//! ```
//!
//! A rail of sections stands at the left; each section has a file that paints it.

mod commands;
mod data;
mod figures;
#[cfg(feature = "train")]
mod learn;
mod listening;
mod make;
mod music;
mod side;
mod songs;
mod table;
mod work;

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::{RichText, Ui};

use super::jobs::JobId;
use super::scene::{Action, Scene};
use super::theme::{SPACE_S, small, tokens};
use crate::error::Error;

pub use data::{DataState, DataView};
#[cfg(feature = "train")]
pub use learn::{LearnAction, LearnEvent, LearnPick, LearnQueue, LearnRequest, LearnView};
pub use listening::Preview;
pub use make::{MakeForm, MakePick};
pub use music::MusicForm;
pub use songs::{Column, SongRow, SongTable};
pub(super) use work::STEMS_MODEL;
pub use work::{LookAs, Looked, Queue, TrainEvent, TrainRequest};

/// What the rail offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrainSection {
    /// What networks learn from.
    #[default]
    Data,
    /// How they learn.
    Recipe,
    /// How it goes, and went.
    Runs,
}

impl TrainSection {
    /// All of them, from the top.
    pub const ALL: [Self; 3] = [Self::Data, Self::Recipe, Self::Runs];

    /// Its name, and what it is for.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Data => ("Data", "Songs and examples that networks learn from"),
            Self::Recipe => ("Recipe", "The network and how it learns"),
            Self::Runs => ("Runs", "Curves, previews and networks of trainings"),
        }
    }
}

/// What a folder dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataPick {
    /// A folder to look at.
    Folder,
    /// The folder of MIDI files.
    Midi,
    /// The folder of what is rendered.
    Out,
    /// The SF2 file of an instrument, by its number.
    SoundFont(u64),
    /// The folder of samples of an instrument, by its number.
    Samples(u64),
    /// A folder of examples that are made.
    Make(MakePick),
    /// Something of recipes and runs.
    #[cfg(feature = "train")]
    Learn(LearnPick),
}

/// What can be asked of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrainAction {
    /// Ask for a file or folder by dialog.
    Browse(DataPick),
    /// Look at a folder.
    Open(PathBuf),
    /// Look at the same folder once more.
    LookAgain,
    /// Give up looking.
    CancelLook,
    /// Play a song's mixture, or one of its stems; the same once more stops it.
    Hear(usize, Option<String>),
    /// Stop what is played.
    StopHearing,
    /// Leave a song out of what is learned from, or take it in again.
    LeaveOut(usize, bool),
    /// Open a song in the Workbench.
    OpenSong(usize),
    /// Compose and render as the form says.
    MakeMusic,
    /// Give that up.
    CancelMusic,
    /// Make examples as the form says.
    MakeExamples,
    /// Give that up.
    CancelExamples,
    /// Something of recipes and runs.
    #[cfg(feature = "train")]
    Learn(LearnAction),
}

/// The workspace's state.
#[derive(Default)]
pub struct TrainView {
    /// The section that is shown.
    pub section: TrainSection,
    /// The Data section.
    pub data: DataView,
    /// Recipes and runs.
    #[cfg(feature = "train")]
    pub learn: LearnView,
    /// Jobs that were cancelled where nothing needs to be said about it.
    quiet: BTreeSet<JobId>,
}

impl TrainView {
    /// A job failed; answers whether the person knows already.
    pub(super) fn failed(&mut self, job: JobId, error: &Error) -> bool {
        let is_cancelled = matches!(error, Error::Cancelled);
        if self.quiet.remove(&job) {
            return is_cancelled;
        }
        #[cfg(feature = "train")]
        if let Some(is_told) = self.learn.failed(job, error) {
            return is_told;
        }
        let data = &mut self.data;
        if let DataState::Looking { job: looking, .. } = &data.state
            && *looking == job
        {
            data.state = if is_cancelled {
                DataState::Empty
            } else {
                DataState::Failed(error.to_string())
            };
        }
        if data.preview.as_ref().and_then(|preview| preview.job) == Some(job) {
            data.preview = None;
        }
        if data.music.job == Some(job) {
            data.music.job = None;
        }
        if data.make.job == Some(job) {
            data.make.job = None;
            data.make.problem = (!is_cancelled).then(|| error.to_string());
        }
        false
    }
}

/// Paints the workspace.
pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, view: &mut TrainView, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(10);
    egui::Panel::left("train sections")
        .resizable(false)
        .exact_size(104.0)
        .frame(frame)
        .show(ui, |ui| {
            super::library::section(ui, "Train");
            ui.add_space(SPACE_S);
            for section in TrainSection::ALL {
                let (name, tip) = section.heading();
                let tab = ui.selectable_label(view.section == section, name);
                if tab.on_hover_text(tip).clicked() {
                    view.section = section;
                }
            }
        });
    match view.section {
        TrainSection::Data => data::ui(ui, scene, &mut view.data, actions),
        #[cfg(feature = "train")]
        TrainSection::Recipe => {
            learn::recipe_ui(ui, scene, &mut view.learn, &view.data.folder, actions);
        }
        #[cfg(feature = "train")]
        TrainSection::Runs => {
            let heard = view.data.preview.as_ref();
            if let Some(to) = learn::runs_ui(ui, scene, &mut view.learn, heard, actions) {
                view.section = to;
            }
        }
        #[cfg(not(feature = "train"))]
        TrainSection::Recipe | TrainSection::Runs => {
            egui::CentralPanel::no_frame()
                .frame(frame)
                .show(ui, |ui| ui.weak("This build has no training"));
        }
    }
}

fn act(actions: &mut Vec<Action>, action: TrainAction) {
    actions.push(Action::Train(action));
}

/// Small text of less weight.
fn faint(ui: &mut Ui, text: impl Into<String>) -> egui::Response {
    let text = RichText::new(text).font(small()).weak();
    ui.add(egui::Label::new(text).selectable(false))
}
