//! Two methods against each other, with the interval of their difference.

use egui::{RichText, Ui};

use super::{EvaluateAction, Results, act};
use crate::evaluate::comparison_text;
use crate::gui::scene::Action;
use crate::gui::theme::{small, tokens};

pub(super) fn ui(ui: &mut Ui, results: &mut Results, actions: &mut Vec<Action>) {
    let Results {
        methods,
        pair,
        compared,
        comparing,
        measure,
        ..
    } = results;
    ui.horizontal_wrapped(|ui| {
        ui.label("Compare");
        let before = pair.clone();
        let choose = |ui: &mut Ui, label: &str, chosen: &mut Option<String>| {
            egui::ComboBox::from_id_salt(label)
                .width(120.0)
                .selected_text(chosen.as_deref().unwrap_or("–"))
                .show_ui(ui, |ui| {
                    for (name, _) in methods.iter() {
                        ui.selectable_value(chosen, Some(name.clone()), name);
                    }
                })
                .response
                .accessible_name(label);
        };
        choose(ui, "First method", &mut pair.0);
        ui.label("less");
        choose(ui, "Second method", &mut pair.1);
        if *pair != before {
            act(actions, EvaluateAction::DropComparison);
        }
        let both = pair.0.is_some() && pair.1.is_some() && pair.0 != pair.1;
        let button = ui
            .add_enabled(
                both && comparing.is_none(),
                egui::Button::new("Compare them"),
            )
            .on_hover_text("Differences song by song, with the 95 % interval of their median")
            .on_disabled_hover_text("Choose two methods");
        if button.clicked() {
            act(actions, EvaluateAction::Compare);
        }
        if comparing.is_some() {
            ui.spinner();
            ui.weak("Comparing");
        }
    });
    match compared {
        Some(Ok(all)) => {
            let own = all
                .iter()
                .filter(|comparison| comparison.measure == *measure);
            for comparison in own {
                let text = RichText::new(comparison_text(comparison)).font(small());
                ui.add(egui::Label::new(text).wrap());
            }
        }
        Some(Err(reason)) => {
            let text = RichText::new(reason.as_str()).color(tokens(ui.ctx()).error);
            ui.add(egui::Label::new(text).wrap());
        }
        None => {}
    }
}
