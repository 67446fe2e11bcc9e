//! What was found in a song: stretches to be heard, and the table of all windows.

use egui::{RichText, ScrollArea, Ui};

use super::{Found, TransferAction, TransferPick};
use crate::gui::library::section;
use crate::gui::scene::{Action, Drag};
use crate::gui::theme::small;
use crate::gui::topbar::clock;
use crate::session::{Song, Span};

/// Height of the list in points, before it scrolls.
const MOST_HEIGHT: f32 = 220.0;

/// Paints the list.
pub fn ui(ui: &mut Ui, song: &Song, found: &Found, actions: &mut Vec<Action>) {
    section(ui, "Activity");
    ui.label(RichText::new(found.said()).font(small()).weak());
    let regions = &found.detected.regions;
    let height = ui.spacing().interact_size.y;
    ScrollArea::vertical()
        .id_salt("activity")
        .max_height(MOST_HEIGHT)
        .auto_shrink([false, true])
        .show_rows(ui, height, regions.len(), |ui, rows| {
            for region in &regions[rows] {
                let span = Span {
                    start_secs: region.start_secs,
                    end_secs: region.end_secs,
                };
                let is_looped = song.arrangement.looped == Some(span);
                let text = format!("{} – {}", clock(span.start_secs), clock(span.end_secs));
                let button = egui::Button::selectable(is_looped, text);
                let tip = "Select it, loop it, and move the playhead to its start";
                if ui.add(button).on_hover_text(tip).clicked() {
                    actions.push(Action::Select(Some(span), Drag::Done));
                    actions.push(Action::Loop(Some(span)));
                    actions.push(Action::Seek(span.start_secs));
                }
            }
        });
    let tip = "Write every window as a table: its middle in seconds, and the probability";
    if ui.button("Write CSV…").on_hover_text(tip).clicked() {
        let action = TransferAction::Browse(TransferPick::Csv(song.id));
        actions.push(Action::Transfer(action));
    }
}
