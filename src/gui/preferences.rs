//! The settings window.

use egui::{Slider, Ui};

use super::scene::{Action, Scene};
use super::settings::{Settings, ThemeChoice};
use super::theme::SPACE_M;
use crate::display::{Colormap, FreqScale};

/// Paints it, if it is open.
pub fn ui(
    ctx: &egui::Context,
    scene: &Scene<'_>,
    open: &mut bool,
    devices: Option<&[String]>,
    actions: &mut Vec<Action>,
) {
    if !*open {
        return;
    }
    let mut settings = scene.settings.clone();
    egui::Window::new("Settings")
        .pivot(egui::Align2::CENTER_CENTER)
        .default_pos(ctx.content_rect().center())
        .open(open)
        .collapsible(false)
        .default_width(380.0)
        .show(ctx, |ui| {
            form(ui, &mut settings, devices);
        });
    if settings != *scene.settings {
        actions.push(Action::Set(Box::new(settings)));
    }
}

fn form(ui: &mut Ui, settings: &mut Settings, devices: Option<&[String]>) {
    ui.strong("Spectrograms");
    egui::Grid::new("spectrograms")
        .num_columns(2)
        .spacing([16.0, 8.0])
        .show(ui, |ui| {
            let label = ui.label("Frequencies").id;
            let combo =
                egui::ComboBox::from_id_salt("scale").selected_text(settings.freq_scale.label());
            let combo = combo.show_ui(ui, |ui| {
                for scale in FreqScale::ALL {
                    ui.selectable_value(&mut settings.freq_scale, scale, scale.label());
                }
            });
            combo.response.labelled_by(label);
            ui.end_row();
            let label = ui.label("Colours").id;
            let combo =
                egui::ComboBox::from_id_salt("colours").selected_text(settings.colormap.label());
            let combo = combo.show_ui(ui, |ui| {
                for map in Colormap::ALL {
                    ui.selectable_value(&mut settings.colormap, map, map.label());
                }
            });
            combo.response.labelled_by(label);
            ui.end_row();
            ui.label("Floor");
            let floor = Slider::new(&mut settings.floor_db, -120.0..=-20.0)
                .suffix(" dB")
                .integer();
            ui.add(floor).accessible_name("Floor in dB");
            ui.end_row();
            ui.label("Ceiling");
            let lowest = settings.floor_db + 10.0;
            let ceiling = Slider::new(&mut settings.ceiling_db, lowest..=0.0)
                .suffix(" dB")
                .integer();
            ui.add(ceiling).accessible_name("Ceiling in dB");
            ui.end_row();
        });
    ui.add_space(SPACE_M);
    ui.strong("Sound");
    let label = ui.label("Output").id;
    let name = settings
        .output
        .clone()
        .unwrap_or_else(|| "System default".into());
    let combo = egui::ComboBox::from_id_salt("output")
        .width(320.0)
        .truncate()
        .selected_text(&name);
    let combo = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut settings.output, None, "System default");
        for device in devices.unwrap_or(&[]) {
            ui.selectable_value(&mut settings.output, Some(device.clone()), device);
        }
    });
    combo.response.labelled_by(label);
    ui.add_space(SPACE_M);
    ui.strong("Window");
    ui.horizontal(|ui| {
        ui.radio_value(&mut settings.theme, ThemeChoice::Dark, "Dark");
        ui.radio_value(&mut settings.theme, ThemeChoice::Light, "Light");
        ui.radio_value(&mut settings.theme, ThemeChoice::System, "As the system");
    });
    ui.horizontal(|ui| {
        ui.label("Size");
        for (zoom, name) in [
            (0.85, "Small"),
            (1.0, "Normal"),
            (1.2, "Large"),
            (1.5, "Larger"),
        ] {
            ui.radio_value(&mut settings.zoom, zoom, name);
        }
    });
}
