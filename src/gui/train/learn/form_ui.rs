//! The rows of a recipe, by group; what is wrong stands at its row.

use egui::{DragValue, RichText, Ui};

use super::fields::{Field, FieldValue, Group, number};
use super::form::RecipeForm;
use super::saving::{self, SaveForm};
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_M, SPACE_S, small, tokens};
use crate::gui::train::faint;

/// Size of a field for text: a grid would leave it only what its numbers need.
const TEXT_SIZE: [f32; 2] = [220.0, 24.0];

/// What was done to a row.
enum Edit {
    /// To this key, this value.
    Set(String, FieldValue),
    /// Back, at this key.
    Reset(String),
}

/// What was done to a field.
#[derive(Default)]
struct Input {
    /// Its value was changed.
    changed: bool,
    /// A text was left.
    left: bool,
}

impl From<egui::Response> for Input {
    fn from(response: egui::Response) -> Self {
        Self {
            changed: response.changed(),
            left: response.lost_focus(),
        }
    }
}

pub(super) fn ui(
    ui: &mut Ui,
    form: &mut RecipeForm,
    save: &mut SaveForm,
    actions: &mut Vec<Action>,
) {
    heading(ui, form, save);
    saving::row(ui, save, form, actions);
    ui.add_space(SPACE_S);
    // The form answers questions while its rows are edited.
    let mut fields = std::mem::take(&mut form.fields);
    let (mut edit, mut is_left) = (None, false);
    for group in Group::ALL {
        let Some(first) = fields.iter().position(|field| field.group == group) else {
            continue;
        };
        let count = fields[first..]
            .iter()
            .take_while(|field| field.group == group)
            .count();
        let rows = &mut fields[first..first + count];
        egui::CollapsingHeader::new(group.label())
            .default_open(group == Group::Often)
            .show(ui, |ui| {
                egui::Grid::new(("recipe rows", group.label()))
                    .num_columns(3)
                    .spacing([SPACE_M, 4.0])
                    .show(ui, |ui| {
                        for field in rows {
                            edit = row(ui, form, field, &mut is_left).or(edit.take());
                        }
                    });
            });
    }
    form.fields = fields;
    match edit {
        Some(Edit::Set(key, value)) => {
            form.set(&key, &value.text());
            // What is typed is not written anew under the cursor.
            form.keep(&key, value);
        }
        Some(Edit::Reset(key)) => form.reset(&key),
        None => {}
    }
    if is_left {
        form.settle();
    }
}

/// The recipe's words, and what is wrong as a whole.
fn heading(ui: &mut Ui, form: &mut RecipeForm, save: &mut SaveForm) {
    let Some(base) = form.base() else { return };
    let title = if base.title.is_empty() {
        &base.name
    } else {
        &base.title
    };
    let about = base.about.trim().to_owned();
    ui.heading(title.as_str());
    if !about.is_empty() {
        ui.add(egui::Label::new(RichText::new(about).font(small()).weak()).wrap());
    }
    // Also where nothing is changed: rows should not move under the pointer.
    let changed = form.changed();
    ui.horizontal(|ui| {
        faint(
            ui,
            match changed {
                0 => "Nothing changed".to_owned(),
                1 => "1 value changed".to_owned(),
                _ => format!("{changed} values changed"),
            },
        );
        let button = ui.add_enabled(changed > 0, egui::Button::new("Reset all").small());
        if button.on_hover_text("As the recipe has them").clicked() {
            form.reset_all();
        }
        saving::button(ui, save, form);
    });
    let Some((name, problem)) = &form.problem else {
        return;
    };
    // At its row, if there is one.
    if !form.fields.iter().any(|field| field.key == *name) {
        let text = if name.is_empty() {
            problem.clone()
        } else {
            format!("{name}: {problem}")
        };
        let text = RichText::new(text).color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
    }
}

/// `is_left` becomes true where a text is left.
fn row(ui: &mut Ui, form: &RecipeForm, field: &mut Field, is_left: &mut bool) -> Option<Edit> {
    let default = form.default_text(&field.key);
    let changed = form.is_changed(&field.key);
    let text = RichText::new(field.label());
    let text = if changed { text.strong() } else { text };
    let tip = match &default {
        Some(default) => format!("{}\nThe recipe has {default}", field.key),
        None => field.key.clone(),
    };
    ui.label(text).on_hover_text(tip);
    let done = input(ui, field);
    *is_left |= done.left;
    let set = || Edit::Set(field.key.clone(), field.value.clone());
    let mut edit = done.changed.then(set);
    ui.horizontal(|ui| {
        if !changed {
            if let Some(default) = default.filter(|default| default.chars().count() < 24) {
                faint(ui, default);
            }
            return;
        }
        let mark = RichText::new("changed").font(small());
        ui.label(mark.color(tokens(ui.ctx()).accent));
        let button = ui.small_button("Reset");
        let words = format!("Reset {}", field.key);
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
        let tip = match &default {
            Some(default) => format!("Back to {default}"),
            None => "As it comes with the kind".to_owned(),
        };
        if button.on_hover_text(tip).clicked() {
            edit = Some(Edit::Reset(field.key.clone()));
        }
    });
    ui.end_row();
    if let Some((name, problem)) = &form.problem
        && *name == field.key
    {
        ui.label("");
        let text = RichText::new(problem).font(small());
        let text = text.color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
        ui.end_row();
    }
    edit
}

fn input(ui: &mut Ui, field: &mut Field) -> Input {
    let key = field.key.as_str();
    let of_value = |changed| Input {
        changed,
        left: false,
    };
    match &mut field.value {
        FieldValue::Bool(value) => {
            of_value(ui.name_inputs(key, |ui| ui.checkbox(value, "")).changed())
        }
        FieldValue::Int(value) => {
            let speed = (value.unsigned_abs() as f64 * 0.01).max(0.1);
            let drag = DragValue::new(value)
                .speed(speed)
                .update_while_editing(false);
            of_value(ui.name_inputs(key, |ui| ui.add(drag)).changed())
        }
        FieldValue::Float(value) => {
            let speed = if *value == 0.0 {
                0.001
            } else {
                value.abs() * 0.01
            };
            let drag = DragValue::new(value)
                .speed(speed)
                .update_while_editing(false)
                .custom_formatter(|value, _| number(value));
            of_value(ui.name_inputs(key, |ui| ui.add(drag)).changed())
        }
        FieldValue::Choice(chosen, choices) => {
            let mut changed = false;
            let combo = egui::ComboBox::from_id_salt(("recipe value", key))
                .selected_text(chosen.clone())
                .show_ui(ui, |ui| {
                    for choice in choices.iter() {
                        let value = ui.selectable_value(chosen, (*choice).to_owned(), *choice);
                        changed |= value.changed();
                    }
                });
            combo.response.accessible_name(key);
            of_value(changed)
        }
        FieldValue::Text(text) => {
            let edit = egui::TextEdit::singleline(text);
            ui.add_sized(TEXT_SIZE, edit).accessible_name(key).into()
        }
        FieldValue::Optional(text) => {
            let edit = egui::TextEdit::singleline(text).hint_text("none");
            ui.add_sized(TEXT_SIZE, edit).accessible_name(key).into()
        }
    }
}
