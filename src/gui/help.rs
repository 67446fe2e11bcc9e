//! Every key and gesture, made from the command table.

use egui::{RichText, ScrollArea};

use super::command::Command;
use super::theme::{SPACE_M, figures, tokens};

const GESTURES: [(&str, &str); 10] = [
    ("Zoom at the pointer", "Wheel, pinch"),
    ("Scroll", "Shift + wheel, swipe sideways"),
    ("Move the playhead", "Click a lane or the ruler"),
    ("Select", "Drag over a lane"),
    ("Select nothing", "Double-click a lane"),
    ("Loop", "Drag over the ruler"),
    (
        "What a lane shows, overlay, order",
        "Right-click its name, or …",
    ),
    ("Gain to 0 dB", "Double-click the gain"),
    ("Open songs", "Drop files or folders anywhere"),
    (
        "Run the Transfer tool",
        "The key of Separate, while the tool is shown",
    ),
];

/// Paints the page, if it is open.
pub fn ui(ctx: &egui::Context, open: &mut bool) {
    if !*open {
        return;
    }
    let window = egui::Window::new("Keys and gestures")
        .open(open)
        .collapsible(false)
        .default_width(620.0);
    window
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .show(ctx, |ui| {
            ScrollArea::vertical().max_height(520.0).show(ui, |ui| {
                let faint = tokens(ctx).faint;
                let mut groups: Vec<&str> = Vec::new();
                for command in Command::ALL {
                    if !groups.contains(&command.spec().group) {
                        groups.push(command.spec().group);
                    }
                }
                egui::Grid::new("keys")
                    .num_columns(3)
                    .spacing([24.0, 4.0])
                    .show(ui, |ui| {
                        for group in groups {
                            ui.label(RichText::new(group).strong());
                            ui.end_row();
                            for command in
                                Command::ALL.into_iter().filter(|c| c.spec().group == group)
                            {
                                let spec = command.spec();
                                ui.label(spec.name);
                                let key = spec
                                    .key
                                    .map_or_else(String::new, |key| ctx.format_shortcut(&key));
                                ui.label(RichText::new(key).font(figures()));
                                ui.label(RichText::new(spec.tip).color(faint));
                                ui.end_row();
                            }
                        }
                    });
                ui.add_space(SPACE_M);
                ui.label(RichText::new("Gestures").strong());
                egui::Grid::new("gestures")
                    .num_columns(2)
                    .spacing([24.0, 4.0])
                    .show(ui, |ui| {
                        for (what, how) in GESTURES {
                            ui.label(what);
                            ui.label(RichText::new(how).color(faint));
                            ui.end_row();
                        }
                    });
            });
        });
}
