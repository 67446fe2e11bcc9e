//! The Evaluate workspace: methods of separation against the true stems.
//!
//! ```text
//! form ─► Measure ─► batch worker ─► Scored, song by song ─► Results ─► table, songs, box plot
//! two methods ─► Compare ─► measure ─► differences with their intervals
//! ```
//!
//! What it does is what `stemloom evaluate` does, by the same functions.

mod central;
mod commands;
mod compare;
mod form;
mod methods;
mod output;
mod panel;
mod plot;
mod results;
mod rows;
mod table;
mod work;

use egui::Ui;

use super::jobs::JobId;
use super::scene::{Action, Scene};
use crate::error::Error;

pub use form::{EvaluateForm, MethodRow, RowKind};
pub use output::Output;
pub use results::{Column, MethodKind, Results, Trouble};
pub use work::{EvaluateEvent, EvaluateRequest};

/// What a dialog is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvaluatePick {
    /// The folder of true stems.
    References,
    /// The true stems of the open song.
    Truth,
    /// The folder of a method, by the row's number.
    Row(u64),
    /// Where scores are written.
    Out(Output),
}

/// What can be asked of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvaluateAction {
    /// Ask for a file or folder by dialog.
    Browse(EvaluatePick),
    /// Measure as the form says.
    Measure,
    /// Give that up; what is measured stays.
    Cancel,
    /// Compare the two methods that are chosen.
    Compare,
    /// Forget a comparison: it is of other methods or of fewer scores.
    DropComparison,
    /// Write the scores.
    Write(Output),
}

/// The workspace's state.
#[derive(Default)]
pub struct EvaluateView {
    /// What is to be measured.
    pub form: EvaluateForm,
    /// What was measured.
    pub results: Results,
    /// The running job.
    pub job: Option<JobId>,
    /// Why the last one could not begin, or go on.
    pub failed: Option<String>,
}

impl EvaluateView {
    /// A job failed; answers whether the person knows already.
    pub(super) fn failed(&mut self, job: JobId, error: &Error) -> bool {
        if self.results.comparing == Some(job) {
            self.results.comparing = None;
            return error.is_cancelled();
        }
        if self.job != Some(job) {
            return false;
        }
        self.job = None;
        if !error.is_cancelled() {
            self.failed = Some(error.to_string());
        }
        // It stands in the workspace.
        true
    }
}

/// Paints the workspace.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut EvaluateView,
    actions: &mut Vec<Action>,
) {
    panel::ui(ui, scene, view, actions);
    central::ui(ui, scene, view, actions);
}

fn act(actions: &mut Vec<Action>, action: EvaluateAction) {
    actions.push(Action::Evaluate(action));
}
