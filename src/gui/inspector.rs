//! The right panel: the tools, and the Separate tool's form.

use egui::{RichText, ScrollArea, Slider, Ui};

use super::command::Command;
use super::library::section;
use super::reconstruct::ReconstructView;
use super::scene::{Action, Scene, SeparateForm};
use super::settings::Tool;
use super::theme::{SPACE_L, SPACE_M, small, stem_colour, tokens};
use super::topbar::clock;
use super::transfer::{TransferView, tool_for};
use crate::apply::{BUILTIN_IDS, NetworkUse, builtin_spec};
use crate::model::{Device, ModelCard};

/// Paints the panel.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    form: &mut SeparateForm,
    (phase, transfer): (&mut ReconstructView, &mut TransferView),
    actions: &mut Vec<Action>,
) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    egui::Panel::right("inspector")
        .default_size(256.0)
        .min_size(220.0)
        .max_size(420.0)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                tools(ui, scene, actions);
                ui.add_space(SPACE_M);
                match scene.settings.tool {
                    Tool::Separate => separate(ui, scene, form, actions),
                    Tool::Reconstruct => super::reconstruct::ui(ui, scene, phase, actions),
                    Tool::Transfer => super::transfer::ui(ui, scene, transfer, actions),
                }
            });
        });
}

fn tools(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let tools = [
            (Tool::Separate, Command::SeparateTool),
            (Tool::Reconstruct, Command::ReconstructTool),
            (Tool::Transfer, Command::TransferTool),
        ];
        for (tool, command) in tools {
            let name = format!("{tool:?}");
            let button = egui::Button::selectable(scene.settings.tool == tool, name);
            let response = ui.add(button).on_hover_text(command.tooltip(ui.ctx()));
            // The button that runs the tool has the bare name.
            let label = format!("{tool:?} tool");
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Tab, true, &label));
            if response.clicked() {
                actions.push(Action::Do(command));
            }
        }
    });
}

fn separate(ui: &mut Ui, scene: &Scene<'_>, form: &mut SeparateForm, actions: &mut Vec<Action>) {
    section(ui, "Model");
    model(ui, scene, form);
    ui.add_space(SPACE_M);
    region_choice(ui, scene, &mut form.selection_only);
    ui.add_space(SPACE_M);
    if builtin_spec(&form.model).is_none() {
        device(ui, &mut form.device);
        ui.add_space(SPACE_M);
    }
    if !running(ui, scene, Tool::Separate, actions) {
        run(ui, scene, form, actions);
    }
    ui.add_space(SPACE_L);
    settings(ui, form);
    egui::CollapsingHeader::new("After separating").show(ui, |ui| {
        ui.checkbox(&mut form.wiener, "Wiener filter")
            .on_hover_text(
                "Less of the other stems, a little more artefacts; the stems then add up",
            );
        ui.checkbox(&mut form.median, "Move clicks to the drums")
            .on_hover_text("A median filter takes percussion out of the pitched stems");
    });
}

fn model(ui: &mut Ui, scene: &Scene<'_>, form: &mut SeparateForm) {
    let entry = scene
        .shelf
        .entries
        .iter()
        .find(|entry| entry.id == form.model);
    let card = entry.and_then(|entry| entry.card.as_ref().ok());
    let name = builtin_spec(&form.model).map_or_else(
        || card.map_or_else(|| form.model.clone(), |card| card.name.clone()),
        |spec| spec.name.to_owned(),
    );
    egui::ComboBox::from_id_salt("model")
        .width(ui.available_width() - 8.0)
        .selected_text(&name)
        .show_ui(ui, |ui| {
            for spec in BUILTIN_IDS.iter().filter_map(|id| builtin_spec(id)) {
                ui.selectable_value(&mut form.model, spec.id.into(), spec.name)
                    .on_hover_text(spec.summary);
            }
            for entry in &scene.shelf.entries {
                match &entry.card {
                    Ok(card) if separates(card) => {
                        ui.selectable_value(&mut form.model, entry.id.clone(), &card.name);
                    }
                    Ok(card) => {
                        let tip = tool_for(card, ui.ctx());
                        ui.add_enabled(false, egui::Button::selectable(false, &card.name))
                            .on_disabled_hover_text(tip);
                    }
                    Err(problem) => {
                        ui.add_enabled(false, egui::Button::selectable(false, &entry.id))
                            .on_disabled_hover_text(problem);
                    }
                }
            }
        })
        .response
        .on_hover_text("Model");
    let (stems, about) = match (builtin_spec(&form.model), card) {
        (Some(spec), _) => (
            spec.stems.map(String::from).to_vec(),
            spec.summary.to_owned(),
        ),
        (None, Some(card)) => (
            card.all_stems(),
            format!("{} Hz", card.audio.sample_rate_hz),
        ),
        (None, None) => (Vec::new(), "This model is not there".to_owned()),
    };
    ui.label(RichText::new(about).font(small()).weak());
    let light = ui.ctx().theme() == egui::Theme::Light;
    ui.horizontal_wrapped(|ui| {
        for stem in stems {
            ui.label(RichText::new("●").color(stem_colour(&stem, light)));
            ui.label(RichText::new(stem).font(small()));
        }
    });
}

/// Whether the Separate tool can run a network.
fn separates(card: &ModelCard) -> bool {
    NetworkUse::Separate.check(card).is_ok()
}

/// The whole song or the selection.
pub(super) fn region_choice(ui: &mut Ui, scene: &Scene<'_>, selection_only: &mut bool) {
    let selection = scene
        .session
        .song()
        .and_then(|song| song.arrangement.selection);
    ui.horizontal(|ui| {
        ui.radio_value(selection_only, false, "Whole song");
        ui.add_enabled_ui(selection.is_some(), |ui| {
            let tip = "Drag over a lane to select";
            ui.radio_value(selection_only, true, "Selection")
                .on_disabled_hover_text(tip);
        });
    });
    if let Some(span) = selection.filter(|_| *selection_only) {
        let text = format!("{} – {}", clock(span.start_secs), clock(span.end_secs));
        ui.label(
            RichText::new(text)
                .font(small())
                .color(tokens(ui.ctx()).accent),
        );
    }
}

/// Where a network runs.
pub(super) fn device(ui: &mut Ui, chosen: &mut Device) {
    let devices = [
        (Device::Auto, "Auto"),
        (Device::Cpu, "Processor"),
        (Device::Cuda(0), "NVIDIA GPU (CUDA)"),
        (Device::TensorRt(0), "NVIDIA GPU (TensorRT)"),
        (Device::CoreMl, "Apple (Core ML)"),
        (Device::DirectMl(0), "Windows GPU (DirectML)"),
    ];
    let name = devices
        .iter()
        .find(|(device, _)| *device == *chosen)
        .map_or("Auto", |(_, name)| name);
    ui.horizontal(|ui| {
        ui.label("Device");
        egui::ComboBox::from_id_salt("device")
            .selected_text(name)
            .show_ui(ui, |ui| {
                for (device, name) in devices {
                    ui.selectable_value(chosen, device, name);
                }
            })
            .response
            .on_hover_text(
                "Device. A device chosen by name is used or refused, never replaced in silence",
            );
    });
}

/// A tool's running job with its cancel button; answers whether there is one.
pub(super) fn running(
    ui: &mut Ui,
    scene: &Scene<'_>,
    tool: Tool,
    actions: &mut Vec<Action>,
) -> bool {
    let Some((id, job)) = scene.jobs.iter().find(|(_, job)| job.tool == Some(tool)) else {
        return false;
    };
    // In the buttons' place and as high, so that nothing jumps.
    ui.horizontal(|ui| {
        let cancel = egui::Button::new("Cancel").min_size(egui::vec2(72.0, 30.0));
        let width = ui.available_width() - 72.0 - SPACE_M;
        ui.allocate_ui(egui::vec2(width, 30.0), |ui| {
            super::bottom::progress_bar(ui, job.progress.as_ref(), 30.0);
        });
        let tip = "Stop this job; nothing is left half-done";
        if ui.add(cancel).on_hover_text(tip).clicked() {
            actions.push(Action::Cancel(*id));
        }
    });
    true
}

/// The button of a tool's main command, or why it cannot be pressed.
pub(super) fn run_button(
    ui: &mut Ui,
    text: &str,
    command: Command,
    (ready, reason): (bool, &str),
    width: f32,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui.ctx());
    let text = RichText::new(text).strong().color(tokens.on_accent);
    let button = egui::Button::new(text)
        .fill(tokens.accent)
        .min_size(egui::vec2(width, 30.0));
    // A row of its own centres the text.
    ui.horizontal(|ui| {
        let response = ui
            .add_enabled(ready, button)
            .on_hover_text(command.tooltip(ui.ctx()))
            .on_disabled_hover_text(reason);
        if response.clicked() {
            actions.push(Action::Do(command));
        }
    });
}

fn run(ui: &mut Ui, scene: &Scene<'_>, form: &SeparateForm, actions: &mut Vec<Action>) {
    let known = builtin_spec(&form.model).is_some()
        || scene
            .shelf
            .entries
            .iter()
            .any(|e| e.id == form.model && e.card.as_ref().is_ok_and(separates));
    let runnable =
        builtin_spec(&form.model).is_some() || scene.runtime.is_some_and(|r| r.problem.is_none());
    let reason = if known {
        "ONNX Runtime is not installed; install it in the top bar"
    } else {
        "Choose a model"
    };
    ui.horizontal(|ui| {
        let width = (ui.available_width() - SPACE_M) / 2.0;
        let preview = egui::Button::new("Preview").min_size(egui::vec2(width, 30.0));
        let response = ui
            .add_enabled(known && runnable, preview)
            .on_hover_text(Command::Preview.tooltip(ui.ctx()))
            .on_disabled_hover_text(reason);
        if response.clicked() {
            actions.push(Action::Do(Command::Preview));
        }
        run_button(
            ui,
            "Separate",
            Command::Separate,
            (known && runnable, reason),
            width,
            actions,
        );
    });
}

fn settings(ui: &mut Ui, form: &mut SeparateForm) {
    let Some(spec) = builtin_spec(&form.model) else {
        return;
    };
    egui::CollapsingHeader::new("Method")
        .default_open(true)
        .show(ui, |ui| {
            let params = form.params.entry(form.model.clone()).or_default();
            for param in spec.params {
                let mut value = params.0.get(param.name).copied().unwrap_or(param.default);
                ui.label(RichText::new(param.label).font(small()));
                let mut slider = Slider::new(&mut value, param.min..=param.max).trailing_fill(true);
                slider = if param.integer {
                    slider.integer()
                } else {
                    slider.max_decimals(2)
                };
                slider = slider.logarithmic(param.min > 0.0 && param.max / param.min > 50.0);
                let response = ui
                    .name_inputs(param.label, |ui| ui.add(slider))
                    .on_hover_text(param.help);
                if response.changed() {
                    params.0.insert(param.name.into(), value);
                }
            }
            if ui
                .small_button("Defaults")
                .on_hover_text("Set every setting of this method back")
                .clicked()
            {
                params.0.clear();
            }
        });
}
