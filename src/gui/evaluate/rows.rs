//! The methods of the form: a row each, to be added and removed.

use egui::{Align, Layout, RichText, Ui};

use super::form::oracle_label;
use super::panel::place;
use super::{EvaluateForm, EvaluatePick, MethodRow, RowKind};
use crate::apply::{BUILTIN_IDS, builtin_spec};
use crate::evaluate::OracleKind;
use crate::gui::icons::{Icon, icon_button};
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_S, small, tokens};

/// Paints the rows, and a button for each kind of method.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    form: &mut EvaluateForm,
    actions: &mut Vec<Action>,
) {
    section(ui, "Methods");
    let mut removed = None;
    for (place, row) in form.rows.iter_mut().enumerate() {
        let frame = egui::Frame::new()
            .stroke(egui::Stroke::new(1.0, tokens(ui.ctx()).line))
            .corner_radius(egui::CornerRadius::same(5))
            .inner_margin(8);
        ui.push_id(row.number, |ui| {
            frame.show(ui, |ui| {
                ui.set_width(ui.available_width());
                if heading(ui, place + 1, row) {
                    removed = Some(row.number);
                }
                fields(ui, scene, place + 1, row, actions);
            });
        });
        ui.add_space(SPACE_S);
    }
    if let Some(number) = removed {
        form.rows.retain(|row| row.number != number);
    }
    if form.rows.is_empty() {
        ui.label(
            RichText::new("Add what is to be measured")
                .font(small())
                .weak(),
        );
    }
    ui.horizontal_wrapped(|ui| {
        for kind in RowKind::ALL {
            let (name, tip) = kind.heading();
            let button = ui.small_button(format!("+ {name}")).on_hover_text(tip);
            let label = format!("Add {name}");
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
            if button.clicked() {
                form.add(kind);
            }
        }
    });
}

/// Answers whether the row is to go.
fn heading(ui: &mut Ui, place: usize, row: &MethodRow) -> bool {
    let (name, tip) = row.kind.heading();
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).strong()).on_hover_text(tip);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let label = format!("Remove method {place}");
            icon_button(ui, Icon::Cross, &label, "Remove this method", false).clicked()
        })
        .inner
    })
    .inner
}

fn fields(
    ui: &mut Ui,
    scene: &Scene<'_>,
    place_in_form: usize,
    row: &mut MethodRow,
    actions: &mut Vec<Action>,
) {
    let (_, tip) = row.kind.heading();
    match row.kind {
        RowKind::Estimates | RowKind::Museval => {
            let label = format!("Folder of method {place_in_form}");
            let pick = EvaluatePick::Row(row.number);
            place(ui, (&label, tip), &mut row.path, pick, actions);
            name(ui, place_in_form, row);
        }
        RowKind::Model => {
            model(ui, scene, place_in_form, row);
            name(ui, place_in_form, row);
        }
        RowKind::Oracle => {
            let before = oracle_label(row.oracle);
            let label = format!("Oracle of method {place_in_form}");
            egui::ComboBox::from_id_salt("oracle")
                .width(ui.available_width() - 8.0)
                .selected_text(before)
                .show_ui(ui, |ui| {
                    for kind in OracleKind::ALL {
                        ui.selectable_value(&mut row.oracle, kind, oracle_label(kind));
                    }
                })
                .response
                .on_hover_text(tip)
                .accessible_name(label);
        }
        RowKind::Mixture => {}
    }
    if matches!(row.kind, RowKind::Estimates | RowKind::Model) {
        let edit = egui::TextEdit::singleline(&mut row.renames)
            .hint_text("Other names: voice=vocals, …")
            .desired_width(ui.available_width() - 8.0);
        let tip = match row.kind {
            RowKind::Model => {
                "Stems that this model calls otherwise, as NAME=STEM with commas between; empty \
                 takes what they usually are: hpss's harmonic is the accompaniment"
            }
            _ => "Stems that this method calls otherwise, as NAME=STEM with commas between",
        };
        ui.add(edit)
            .accessible_name(format!("Stems renamed in method {place_in_form}"))
            .on_hover_text(tip);
    }
}

fn name(ui: &mut Ui, place_in_form: usize, row: &mut MethodRow) {
    let edit = egui::TextEdit::singleline(&mut row.name)
        .hint_text("Name in the table")
        .desired_width(ui.available_width() - 8.0);
    ui.add(edit)
        .accessible_name(format!("Name of method {place_in_form}"))
        .on_hover_text("Empty takes the folder's or the model's own name");
}

fn model(ui: &mut Ui, scene: &Scene<'_>, place_in_form: usize, row: &mut MethodRow) {
    let entries = &scene.shelf.entries;
    let own = entries.iter().find(|entry| entry.id == row.model);
    let card = own.and_then(|entry| entry.card.as_ref().ok());
    let shown = match (builtin_spec(&row.model), card) {
        (Some(spec), _) => spec.name.to_owned(),
        (None, Some(card)) => card.name.clone(),
        (None, None) => row.model.clone(),
    };
    let label = format!("Model of method {place_in_form}");
    egui::ComboBox::from_id_salt("evaluated model")
        .width(ui.available_width() - 8.0)
        .selected_text(shown)
        .show_ui(ui, |ui| {
            for spec in BUILTIN_IDS.iter().filter_map(|id| builtin_spec(id)) {
                ui.selectable_value(&mut row.model, spec.id.into(), spec.name)
                    .on_hover_text(spec.summary);
            }
            for entry in entries {
                match &entry.card {
                    Ok(card) => {
                        ui.selectable_value(&mut row.model, entry.id.clone(), &card.name);
                    }
                    Err(problem) => {
                        ui.add_enabled(false, egui::Button::selectable(false, &entry.id))
                            .on_disabled_hover_text(problem);
                    }
                }
            }
        })
        .response
        .on_hover_text("Model")
        .accessible_name(label);
}
