//! The form for a network without a card: a template to correct, checked before anything is kept.

use std::path::PathBuf;

use egui::{RichText, ScrollArea, TextEdit};

use super::scene::Action;
use super::theme::{SPACE_M, small, tokens};

/// A card being written.
#[derive(Debug, Clone, PartialEq)]
pub struct CardDraft {
    /// The ONNX file.
    pub path: PathBuf,
    /// The card as TOML.
    pub text: String,
    /// What is wrong with it, or what to look at.
    pub problem: String,
}

/// Paints the form, if there is a draft.
pub fn ui(ctx: &egui::Context, draft: &mut Option<CardDraft>, actions: &mut Vec<Action>) {
    let Some(card) = draft else { return };
    let mut close = false;
    let modal = egui::Modal::new(egui::Id::unique("card")).show(ctx, |ui| {
        ui.set_width(560.0);
        ui.heading("How is this network fed?");
        ui.label(
            RichText::new(
                "A network needs a card: its rate, channels, tensors and stems. This one is a guess from names and \
                 shapes; correct it by what its makers say.",
            )
            .color(tokens(ctx).faint),
        );
        ui.label(RichText::new(card.path.display().to_string()).font(small()).weak());
        ui.add_space(SPACE_M);
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            let edit = TextEdit::multiline(&mut card.text).code_editor().desired_width(f32::INFINITY).desired_rows(18);
            ui.name_inputs("Card", |ui| ui.add(edit));
        });
        ui.add_space(SPACE_M);
        ui.label(RichText::new(&card.problem).color(tokens(ctx).warning));
        ui.add_space(SPACE_M);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let text = RichText::new("Put on the shelf").strong().color(tokens(ctx).on_accent);
            let save = ui.add(egui::Button::new(text).fill(tokens(ctx).accent));
            if save.on_hover_text("Check the card and copy the network into the models folder").clicked() {
                actions.push(Action::AdoptModel(card.path.clone(), Some(card.text.clone())));
                close = true;
            }
            close |= ui.button("Close").clicked();
        });
    });
    if close || modal.should_close() {
        *draft = None;
    }
}
