//! The Runs section: runs at the left, the chosen one beside them.

use std::path::{Path, PathBuf};

use egui::{RichText, ScrollArea, Ui};

use super::live::status_words;
use super::{LearnAction, LearnPick, LearnView, run_ui};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_S, small, tokens};
use crate::gui::train::{DataPick, Preview, TrainAction, TrainSection, act};

/// The name of a run: its folder's.
pub(super) fn short(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Paints the section. `heard` is what plays; answers a section to go to.
pub(in crate::gui::train) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut LearnView,
    heard: Option<&Preview>,
    actions: &mut Vec<Action>,
) -> Option<TrainSection> {
    if !view.are_runs_read {
        act(actions, TrainAction::Learn(LearnAction::ReadRuns));
    }
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    egui::Panel::left("runs")
        .default_size(216.0)
        .min_size(150.0)
        .max_size(360.0)
        .frame(frame)
        .show(ui, |ui| runs(ui, scene, view, actions));
    let mut to = None;
    let frame = frame.inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        let Some(path) = view.shown.clone() else {
            to = empty(ui);
            return;
        };
        ScrollArea::vertical()
            .id_salt("run")
            .auto_shrink(false)
            .show(ui, |ui| run_ui::ui(ui, scene, view, &path, heard, actions));
    });
    to
}

fn empty(ui: &mut Ui) -> Option<TrainSection> {
    let mut to = None;
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).max(SPACE_L));
        ui.heading("No run yet");
        ui.add_space(SPACE_S);
        ui.weak("Choose data and a recipe, and start the training; or open a run's folder");
        ui.add_space(SPACE_L);
        let button = ui.button("Choose a recipe");
        if button.on_hover_text("Go to the Recipe section").clicked() {
            to = Some(TrainSection::Recipe);
        }
    });
    to
}

fn runs(ui: &mut Ui, scene: &Scene<'_>, view: &LearnView, actions: &mut Vec<Action>) {
    section(ui, "Runs");
    let button = ui.button("Open a run…");
    let tip = "A folder that a training made; it can also be dropped here";
    if button.on_hover_text(tip).clicked() {
        let pick = DataPick::Learn(LearnPick::Run);
        act(actions, TrainAction::Browse(pick));
    }
    ui.add_space(SPACE_S);
    ScrollArea::vertical()
        .id_salt("run list")
        .auto_shrink(false)
        .show(ui, |ui| {
            for folder in &scene.settings.train_runs {
                let path = PathBuf::from(folder);
                row(ui, view, &path, actions);
            }
        });
}

fn row(ui: &mut Ui, view: &LearnView, path: &Path, actions: &mut Vec<Action>) {
    let colours = tokens(ui.ctx());
    let chosen = view.shown.as_deref() == Some(path);
    let label = egui::Button::selectable(chosen, short(path)).truncate();
    let response = ui.add(label).on_hover_text(path.display().to_string());
    if response.clicked() {
        act(
            actions,
            TrainAction::Learn(LearnAction::Show(path.to_path_buf())),
        );
    }
    let live = view.live_at(path);
    response.context_menu(|ui| {
        let is_over = live.is_none_or(|live| live.job.is_none());
        let button = ui
            .add_enabled(is_over, egui::Button::new("Take out of the list"))
            .on_hover_text("Its files stay")
            .on_disabled_hover_text("It is being trained; stop it first, or wait");
        if button.clicked() {
            let forget = LearnAction::Forget(path.to_path_buf());
            act(actions, TrainAction::Learn(forget));
        }
    });
    let (text, colour) = match (live, view.runs.get(path)) {
        (Some(live), _) => {
            let words = live.state.words();
            let share = live.progress().map(|progress| format!(", {progress}"));
            let colour = if live.job.is_some() {
                colours.accent
            } else {
                colours.faint
            };
            (format!("{words}{}", share.unwrap_or_default()), colour)
        }
        (None, Some(Ok(run))) => {
            let words = status_words(run.record.status);
            let progress = run.course.progress(&run.rows);
            let text = format!("{} · {words}, {progress}", run.name);
            (text, colours.faint)
        }
        (None, Some(Err(_))) => ("cannot be read".to_owned(), colours.error),
        (None, None) => (String::new(), colours.faint),
    };
    ui.indent(("run", path), |ui| {
        let text = RichText::new(text).font(small()).color(colour);
        ui.add(egui::Label::new(text).wrap());
    });
}
