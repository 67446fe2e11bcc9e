//! Which models the tool runs, and the choice of one.

use egui::{RichText, Ui};

use super::{TransferAction, TransferPick, TransferView};
use crate::apply::NetworkUse;
use crate::gui::command::Command;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{small, stem_colour};
use crate::model::{ModelCard, ShelfEntry};

/// What the tool does with a network of this card; none if it is for another tool.
pub fn use_of(card: &ModelCard) -> Option<NetworkUse> {
    [NetworkUse::Transfer, NetworkUse::Detect]
        .into_iter()
        .find(|wanted| wanted.check(card).is_ok())
}

/// What a network does, and the tool that runs it.
pub fn tool_for(card: &ModelCard, ctx: &egui::Context) -> String {
    let (does, tool) = match use_of(card) {
        Some(NetworkUse::Detect) => (
            "Tells when something is to be heard",
            Command::TransferTool.spec(),
        ),
        Some(_) => (
            "Makes another sound of a song",
            Command::TransferTool.spec(),
        ),
        None => ("Splits a song into stems", Command::SeparateTool.spec()),
    };
    let key = tool.key.map_or_else(String::new, |key| {
        format!(" ({})", ctx.format_shortcut(&key))
    });
    format!("{does}; use the {}{key}", tool.name)
}

/// The choice of a model, and what it makes.
pub(super) fn choice(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut TransferView,
    actions: &mut Vec<Action>,
) {
    let (form, opened) = (&mut view.form, view.opened.as_slice());
    let entries = || scene.shelf.entries.iter().chain(opened);
    let own = entries().find(|entry| entry.id == form.model);
    let name = match own.map(|entry| &entry.card) {
        Some(Ok(card)) => card.name.clone(),
        _ if form.model.is_empty() => "Choose a model".to_owned(),
        _ => form.model.clone(),
    };
    let mut chosen = None;
    egui::ComboBox::from_id_salt("transfer model")
        .width(ui.available_width() - 8.0)
        .selected_text(name)
        .show_ui(ui, |ui| {
            for entry in entries() {
                if row(ui, entry, entry.id == form.model) {
                    chosen = Some(entry.id.clone());
                }
            }
            let tip = "A network that stays where it lies; drop it on the window to keep it";
            if ui.button("Open an ONNX file…").on_hover_text(tip).clicked() {
                let action = TransferAction::Browse(TransferPick::Model);
                actions.push(Action::Transfer(action));
            }
        })
        .response
        .on_hover_text("Model")
        .accessible_name("Model");
    if let Some(id) = chosen {
        form.choose(id);
    }
    match view.card(scene.shelf) {
        Some(card) => about(ui, card),
        None if view.form.model.is_empty() => {
            let text = "No model here makes another sound of a song; open one, or train one";
            ui.label(RichText::new(text).font(small()).weak());
        }
        None => {
            ui.label(
                RichText::new("This model is not there")
                    .font(small())
                    .weak(),
            );
        }
    }
}

/// A model of the list; answers whether it was clicked.
fn row(ui: &mut Ui, entry: &ShelfEntry, is_chosen: bool) -> bool {
    let (name, reason) = match &entry.card {
        Ok(card) if use_of(card).is_some() => {
            let button = egui::Button::selectable(is_chosen, &card.name);
            let path = entry.path.display().to_string();
            return ui.add(button).on_hover_text(path).clicked();
        }
        Ok(card) => (&card.name, tool_for(card, ui.ctx())),
        Err(problem) => (&entry.id, problem.clone()),
    };
    ui.add_enabled(false, egui::Button::selectable(false, name))
        .on_disabled_hover_text(reason);
    false
}

fn about(ui: &mut Ui, card: &ModelCard) {
    let does = if super::finds(card) {
        "Tells when it is heard"
    } else if card.tensor.style {
        "Imitates a recording"
    } else {
        "Makes a sound"
    };
    let text = format!("{does} · {} Hz", card.audio.sample_rate_hz);
    ui.label(RichText::new(text).font(small()).weak());
    let light = ui.ctx().theme() == egui::Theme::Light;
    ui.horizontal_wrapped(|ui| {
        for stem in &card.stems {
            ui.label(RichText::new("●").color(stem_colour(stem, light)));
            ui.label(RichText::new(stem).font(small()));
        }
    });
}
