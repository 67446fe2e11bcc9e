//! What the forms at the right of the Data section have in common: the panel, and its end.

use std::path::PathBuf;

use egui::{RichText, ScrollArea, Ui};

use crate::gui::bottom::progress_bar;
use crate::gui::jobs::JobId;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_M, SPACE_S, small, tokens};
use crate::gui::train::{TrainAction, act};

/// The end of a form: the work, or what starts it; what is wrong; what was made.
pub(super) struct End<'a> {
    /// The job, while it runs.
    pub(super) job: Option<JobId>,
    /// The words and the action of the button that stops it.
    pub(super) stop: (&'static str, TrainAction),
    /// The tip and the action of the button "Make".
    pub(super) make: (&'static str, TrainAction),
    /// Whether there is something to make, and what to do if not.
    pub(super) ready: (bool, &'static str),
    /// What is wrong with the form.
    pub(super) problem: &'a Option<String>,
    /// What was made last.
    pub(super) made: &'a Option<PathBuf>,
}

/// The panel, with `body` in it.
pub(super) fn panel(ui: &mut Ui, name: &'static str, body: impl FnOnce(&mut Ui)) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    let panel = egui::Panel::right(name)
        .default_size(300.0)
        .min_size(260.0)
        .max_size(440.0);
    panel.frame(frame).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt((name, "form"))
            .auto_shrink(false)
            .show(ui, body);
    });
}

/// Paints the end of a form.
pub(super) fn end(ui: &mut Ui, scene: &Scene<'_>, end: End<'_>, actions: &mut Vec<Action>) {
    ui.add_space(SPACE_M);
    let tokens = tokens(ui.ctx());
    if let Some(job) = end.job {
        let progress = scene.jobs.get(&job).and_then(|job| job.progress.as_ref());
        progress_bar(ui, progress, 18.0);
        ui.add_space(SPACE_S);
        let (words, action) = end.stop;
        let tip = "Stop; files that are whole stay";
        if ui.button(words).on_hover_text(tip).clicked() {
            act(actions, action);
        }
        return;
    }
    let text = RichText::new("Make").strong().color(tokens.on_accent);
    let button = egui::Button::new(text)
        .fill(tokens.accent)
        .min_size(egui::vec2(96.0, 30.0));
    let ((tip, action), (ready, cure)) = (end.make, end.ready);
    // In a row of its own: a column would put the word at the button's left.
    let make = ui
        .horizontal(|ui| ui.add_enabled(ready, button))
        .inner
        .on_hover_text(tip)
        .on_disabled_hover_text(cure);
    if make.clicked() {
        act(actions, action);
    }
    if let Some(problem) = end.problem {
        let text = RichText::new(problem).font(small()).color(tokens.error);
        ui.add(egui::Label::new(text).wrap());
    }
    if let Some(made) = end.made {
        let tip = made.display().to_string();
        let look = ui.button("Look at what was made").on_hover_text(tip);
        if look.clicked() {
            act(actions, TrainAction::Open(made.clone()));
        }
    }
}
