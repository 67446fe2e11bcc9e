//! The Recipe section: recipes at the left, the form in the middle, the start at the right.

use egui::{Key, RichText, ScrollArea, Ui};

use super::{LearnAction, LearnPick, LearnView, form_ui, rates};
use crate::gui::command::Command;
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, small, tokens};
use crate::gui::train::{DataPick, TrainAction, act, faint};

/// Paints the section. `data` is the folder of the Data section.
pub(in crate::gui::train) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut LearnView,
    data: &str,
    actions: &mut Vec<Action>,
) {
    if !view.is_listed {
        act(actions, TrainAction::Learn(LearnAction::List));
    }
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    egui::Panel::left("recipes")
        .default_size(320.0)
        .min_size(160.0)
        .max_size(360.0)
        .frame(frame)
        .show(ui, |ui| recipes(ui, view, actions));
    egui::Panel::right("start training")
        .default_size(300.0)
        .min_size(240.0)
        .max_size(480.0)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical()
                .id_salt("start training")
                .auto_shrink(false)
                .show(ui, |ui| start(ui, scene, view, data, actions));
        });
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt("recipe form")
            .auto_shrink(false)
            .show(ui, |ui| {
                if view.form.base().is_some() {
                    form_ui::ui(ui, &mut view.form, &mut view.save, actions);
                } else if view.listing[0].is_some() {
                    ui.weak("Reading the recipes");
                } else {
                    ui.weak("Choose a recipe at the left");
                }
            });
    });
}

fn recipes(ui: &mut Ui, view: &LearnView, actions: &mut Vec<Action>) {
    section(ui, "Recipes");
    let button = ui.button("Open a recipe file…");
    if button
        .on_hover_text("A .toml file; it can also be dropped here")
        .clicked()
    {
        let pick = DataPick::Learn(LearnPick::Recipe);
        act(actions, TrainAction::Browse(pick));
    }
    ui.add_space(SPACE_S);
    ScrollArea::vertical()
        .id_salt("recipe list")
        .auto_shrink(false)
        .show(ui, |ui| {
            for recipe in &view.recipes {
                let chosen = view.form.chosen == recipe.id;
                let label = egui::Button::selectable(chosen, &recipe.title).truncate();
                let response = ui.add(label).on_hover_text(&recipe.id);
                if response.clicked() {
                    let choose = LearnAction::Choose(recipe.id.clone());
                    act(actions, TrainAction::Learn(choose));
                }
                ui.indent(("recipe", &recipe.id), |ui| {
                    match &recipe.what {
                        Ok(what) => {
                            let text = RichText::new(what).font(small()).weak();
                            ui.add(egui::Label::new(text).truncate());
                        }
                        Err(problem) => {
                            let text = RichText::new(problem).font(small());
                            let text = text.color(tokens(ui.ctx()).error);
                            ui.add(egui::Label::new(text).wrap());
                        }
                    }
                    if recipe.experimental {
                        let text = RichText::new("experimental").font(small());
                        ui.label(text.color(tokens(ui.ctx()).warning));
                    }
                });
            }
        });
}

fn start(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut LearnView,
    data: &str,
    actions: &mut Vec<Action>,
) {
    section(ui, "Data folder");
    ui.horizontal(|ui| {
        let button = ui.button("Change");
        let words = "Change the data folder";
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
        if button.on_hover_text("Go to the Data section").clicked() {
            act(actions, TrainAction::Learn(LearnAction::ChangeData));
        }
        let text = if data.trim().is_empty() {
            "none yet"
        } else {
            data
        };
        let label = egui::Label::new(RichText::new(text).font(small())).truncate();
        ui.add(label).on_hover_text(text);
    });
    ui.add_space(SPACE_M);
    device(ui, scene, view, actions);
    ui.add_space(SPACE_M);
    out(ui, view, actions);
    ui.add_space(SPACE_M);
    weights(ui, view, actions);
    ui.add_space(SPACE_M);
    if let Some(what) = &view.form.what {
        faint(ui, what.as_str());
    }
    let why_not = view.why_not(data);
    let tokens = tokens(ui.ctx());
    if let Some(warning) = &view.form.warning {
        let text = format!("No export: {warning}");
        let text = RichText::new(text).font(small()).color(tokens.warning);
        ui.add(egui::Label::new(text).wrap());
    }
    let text = RichText::new("Start training")
        .strong()
        .color(tokens.on_accent);
    let button = egui::Button::new(text)
        .fill(tokens.accent)
        .min_size(egui::vec2(140.0, 30.0));
    // In a row of its own: a column would put the word at the button's left.
    let button = ui
        .horizontal(|ui| ui.add_enabled(why_not.is_none(), button))
        .inner
        .on_hover_text(Command::StartTraining.tooltip(ui.ctx()));
    if button.clicked() {
        act(actions, TrainAction::Learn(LearnAction::Start));
    }
    if let Some(why_not) = &why_not {
        faint(ui, why_not.as_str());
    }
    if let Some(problem) = &view.problem {
        let text = RichText::new(problem).color(tokens.error);
        ui.add(egui::Label::new(text).wrap());
    }
    ui.add_space(SPACE_L);
    section(ui, "Learning rate");
    rates::ui(ui, scene, &mut view.rates, why_not.as_deref(), actions);
}

fn device(ui: &mut Ui, scene: &Scene<'_>, view: &LearnView, actions: &mut Vec<Action>) {
    let chosen = &scene.settings.train_device;
    let name = |id: &str| -> String {
        let mut known = view.devices.iter().flatten();
        let device = known.find(|device| device.id == id);
        match (id, device) {
            ("auto", _) => "auto: a graphics card, else the processor".into(),
            (_, Some(device)) => format!("{id}: {}", device.name),
            (_, None) => id.to_owned(),
        }
    };
    let mut ids = vec!["auto".to_owned(), "cpu".to_owned()];
    for device in view.devices.iter().flatten() {
        if !ids.contains(&device.id) {
            ids.push(device.id.clone());
        }
    }
    section(ui, "Device");
    let mut picked = None;
    let combo = egui::ComboBox::from_id_salt("training device")
        .width(ui.available_width().min(280.0))
        .truncate()
        .selected_text(name(chosen))
        .show_ui(ui, |ui| {
            for id in ids {
                if ui.selectable_label(*chosen == id, name(&id)).clicked() {
                    picked = Some(id);
                }
            }
            // Here, so that nothing below moves under the pointer once they are found.
            if view.devices.is_none() && view.listing[1].is_some() {
                ui.weak("Looking for graphics cards");
            }
        });
    combo.response.accessible_name("Device");
    if let Some(id) = picked {
        act(actions, TrainAction::Learn(LearnAction::Device(id)));
    }
}

fn out(ui: &mut Ui, view: &mut LearnView, actions: &mut Vec<Action>) {
    let label = faint(ui, "Output folder").id;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 92.0).max(60.0);
        let edit = egui::TextEdit::singleline(&mut view.out).desired_width(width);
        let field = ui.add(edit).labelled_by(label);
        view.is_own_out |= field.changed();
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if entered && view.out.trim().is_empty() {
            view.is_own_out = false;
        }
        field.on_hover_text("The run's own folder; it is made");
        let button = ui.button("Choose…").on_hover_text("Choose by dialog");
        let words = "Choose output folder";
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
        if button.clicked() {
            let pick = DataPick::Learn(LearnPick::Out);
            act(actions, TrainAction::Browse(pick));
        }
    });
    ui.checkbox(&mut view.overwrite, "Replace the run in this folder")
        .on_hover_text("If there is one; other files stay");
}

/// The file that the network begins with.
fn weights(ui: &mut Ui, view: &mut LearnView, actions: &mut Vec<Action>) {
    let label = faint(ui, "Begin with weights").id;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 92.0).max(60.0);
        let edit = egui::TextEdit::singleline(&mut view.weights)
            .desired_width(width)
            .hint_text("drawn");
        ui.add(edit)
            .labelled_by(label)
            .on_hover_text("A .safetensors file, which can also be dropped here; empty draws them");
        let button = ui.button("Choose…").on_hover_text("Choose by dialog");
        let words = "Choose weights";
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
        if button.clicked() {
            let pick = DataPick::Learn(LearnPick::Weights);
            act(actions, TrainAction::Browse(pick));
        }
    });
}
