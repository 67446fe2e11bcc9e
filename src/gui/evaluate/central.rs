//! What the workspace shows at the right: an invitation, progress, an error, or the results.

use egui::{RichText, ScrollArea, Ui, vec2};

use super::{EvaluateAction, EvaluatePick, EvaluateView, Results, act, compare, plot, table};
use crate::evaluate::Measure;
use crate::gui::bottom::progress_bar;
use crate::gui::command::Command;
use crate::gui::jobs::JobId;
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, figures, small, tokens};

/// Remarks that a tooltip lists.
const MOST_NOTES: usize = 20;
/// Height of a row of what could not be measured.
const TROUBLE_HEIGHT: f32 = 24.0;
/// Rows of it that are seen at once.
const TROUBLES_SEEN: usize = 4;

/// Paints it.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut EvaluateView,
    actions: &mut Vec<Action>,
) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        if let Some(job) = view.job {
            running(ui, scene, job);
        }
        let EvaluateView {
            results,
            job,
            failed,
            ..
        } = view;
        match (failed.as_deref(), job.is_some()) {
            (Some(reason), false) => error(ui, reason, results, actions),
            _ if !results.summaries.is_empty() => {}
            (_, true) => waiting(ui, results),
            (None, false) => empty(ui, actions),
        }
        if !results.summaries.is_empty() {
            shown(ui, results, actions);
        }
    });
}

/// How far it is; what stops it stands in the form.
fn running(ui: &mut Ui, scene: &Scene<'_>, job: JobId) {
    let job = scene.jobs.get(&job);
    progress_bar(ui, job.and_then(|job| job.progress.as_ref()), 24.0);
    ui.add_space(SPACE_M);
}

fn waiting(ui: &mut Ui, results: &Results) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).max(SPACE_L));
        ui.heading("Measuring");
        ui.weak("Scores stand here song by song");
    });
    troubles(ui, results);
}

fn empty(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).max(SPACE_L));
        ui.heading("Drop a folder of songs with true stems here");
        ui.add_space(SPACE_S);
        ui.weak("Choose methods at the left; each is measured against the truth, song by song");
        ui.add_space(SPACE_L);
        let tip = Command::ReferencesFolder.tooltip(ui.ctx());
        if ui.button("Choose a folder…").on_hover_text(tip).clicked() {
            act(actions, EvaluateAction::Browse(EvaluatePick::References));
        }
    });
}

fn error(ui: &mut Ui, reason: &str, results: &Results, actions: &mut Vec<Action>) {
    ui.heading("This could not be measured");
    ui.add_space(SPACE_S);
    let text = RichText::new(reason).color(tokens(ui.ctx()).error);
    ui.add(egui::Label::new(text).wrap());
    ui.add_space(SPACE_S);
    let tip = Command::Measure.tooltip(ui.ctx());
    if ui.button("Try again").on_hover_text(tip).clicked() {
        act(actions, EvaluateAction::Measure);
    }
    ui.add_space(SPACE_M);
    if results.summaries.is_empty() {
        troubles(ui, results);
    }
}

/// Table, songs of the chosen row, and box plot.
fn shown(ui: &mut Ui, results: &mut Results, actions: &mut Vec<Action>) {
    toolbar(ui, results);
    ui.add_space(SPACE_S);
    compare::ui(ui, results, actions);
    ui.add_space(SPACE_S);
    troubles(ui, results);
    let below = (ui.available_height() * 0.55).clamp(140.0, 460.0);
    let above = (ui.available_height() - below).max(90.0);
    ui.allocate_ui(vec2(ui.available_width(), above), |ui| {
        table::methods(ui, results);
    });
    ui.separator();
    let rest = ui.available_rect_before_wrap();
    let side = (rest.width() * 0.42).clamp(200.0, 480.0);
    let left = rest.with_max_x(rest.left() + side);
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
        table::songs(ui, results);
    });
    let right = rest.with_min_x(left.right() + SPACE_L);
    ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
        plot::ui(ui, results);
    });
}

fn toolbar(ui: &mut Ui, results: &mut Results) {
    ui.horizontal_wrapped(|ui| {
        let label = ui.label("Measure shown").id;
        let mut measure = results.measure;
        let combo = egui::ComboBox::from_id_salt("measure shown")
            .width(110.0)
            .selected_text(unit(measure))
            .show_ui(ui, |ui| {
                for other in &results.measures {
                    ui.selectable_value(&mut measure, *other, unit(*other));
                }
            });
        let tip = Command::NextMeasure.tooltip(ui.ctx());
        combo.response.labelled_by(label).on_hover_text(tip);
        if measure != results.measure {
            results.show(measure);
        }
        let count = |count: usize, one: &str| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} {one}{s}")
        };
        let text = format!(
            "{} · {} · {} measured",
            count(results.songs.len(), "song"),
            count(results.methods.len(), "method"),
            count(results.scores.len(), "pair"),
        );
        let colours = tokens(ui.ctx());
        ui.label(RichText::new(text).font(figures()).color(colours.faint));
        if !results.notes.is_empty() {
            let text = count(results.notes.len(), "remark");
            let notes = results.notes.iter().take(MOST_NOTES);
            let notes: Vec<&str> = notes.map(String::as_str).collect();
            let text = RichText::new(text).font(small()).color(colours.warning);
            ui.add(egui::Label::new(text).selectable(false))
                .on_hover_text(notes.join("\n"));
        }
    });
}

/// A measure and its unit.
fn unit(measure: Measure) -> String {
    match measure.unit() {
        "" => measure.name().to_owned(),
        unit => format!("{} in {unit}", measure.name()),
    }
}

/// What could not be measured, a row each.
fn troubles(ui: &mut Ui, results: &Results) {
    let count = results.troubles.len();
    if count == 0 {
        return;
    }
    section(ui, "Not measured");
    let colour = tokens(ui.ctx()).warning;
    ScrollArea::vertical()
        .id_salt("not measured")
        .max_height(TROUBLE_HEIGHT * TROUBLES_SEEN as f32)
        .auto_shrink([false, true])
        .show_rows(ui, TROUBLE_HEIGHT, count, |ui, rows| {
            for trouble in results.troubles.get(rows).into_iter().flatten() {
                let words = trouble.text();
                let text = RichText::new(&words).font(small()).color(colour);
                let label = egui::Label::new(text).truncate();
                ui.horizontal(|ui| ui.add(label).on_hover_text(words));
            }
        });
    ui.add_space(SPACE_S);
}
