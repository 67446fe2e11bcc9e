//! More files, put together from stems.

use egui::{Align, Layout, RichText, Ui};

use crate::batch::{Mixdown, Recipe};
use crate::gui::icons::{Icon, icon_button};
use crate::gui::theme::{SPACE_S, small, tokens};

/// Gains below this leave a stem out.
const SILENT_DB: f64 = -60.0;

pub(super) fn ui(ui: &mut Ui, recipe: &mut Recipe, stems: &[String]) {
    let mut removed = None;
    for (at, mixdown) in recipe.mixdowns.iter_mut().enumerate() {
        ui.add_space(SPACE_S);
        egui::Frame::new()
            .fill(tokens(ui.ctx()).canvas)
            .corner_radius(6)
            .inner_margin(8)
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    let label = ui.label(RichText::new("Mix").font(small()).weak()).id;
                    let width = ui.available_width() - 40.0;
                    let edit = egui::TextEdit::singleline(&mut mixdown.name).desired_width(width);
                    ui.add(edit).labelled_by(label);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let name = format!("Remove mix {}", mixdown.name);
                        if icon_button(ui, Icon::Cross, &name, "Remove this mix", false).clicked() {
                            removed = Some(at);
                        }
                    });
                });
                for stem in stems {
                    gain(ui, mixdown, stem);
                }
            });
    }
    if let Some(at) = removed {
        recipe.mixdowns.remove(at);
    }
    ui.add_space(SPACE_S);
    ui.horizontal_wrapped(|ui| {
        let button = egui::Button::new("Everything but…");
        egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
            for stem in stems {
                if ui.button(stem).clicked() {
                    recipe.mixdowns.push(Mixdown {
                        name: format!("without {stem}"),
                        gains_db: Default::default(),
                        without: vec![stem.clone()],
                        others: true,
                    });
                }
            }
        });
        let tip = "A file with stems at levels of your own";
        if ui.button("Add a mix").on_hover_text(tip).clicked() {
            recipe.mixdowns.push(Mixdown {
                name: format!("mix {}", recipe.mixdowns.len() + 1),
                gains_db: Default::default(),
                without: Vec::new(),
                others: true,
            });
        }
    });
}

/// One stem's level in a mix; all the way down leaves it out.
fn gain(ui: &mut Ui, mixdown: &mut Mixdown, stem: &String) {
    ui.horizontal(|ui| {
        let out = mixdown.without.contains(stem);
        let mut gain_db = match (out, mixdown.gains_db.get(stem)) {
            (true, _) => SILENT_DB,
            (false, gain) => gain.copied().unwrap_or(0.0),
        };
        let slider = egui::Slider::new(&mut gain_db, SILENT_DB..=12.0)
            .step_by(0.5)
            .custom_formatter(|db, _| {
                if db <= SILENT_DB {
                    "out".into()
                } else {
                    format!("{db:+.1} dB")
                }
            });
        let changed = ui
            .name_inputs(format!("{stem} in {}", mixdown.name), |ui| ui.add(slider))
            .changed();
        ui.label(RichText::new(stem).font(small()));
        if changed {
            mixdown.without.retain(|other| other != stem);
            mixdown.gains_db.remove(stem);
            if gain_db <= SILENT_DB {
                mixdown.without.push(stem.clone());
            } else if gain_db != 0.0 {
                mixdown.gains_db.insert(stem.clone(), gain_db);
            }
        }
    });
}
