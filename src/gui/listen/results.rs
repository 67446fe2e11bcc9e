//! What listening tests gave.

use egui::{RichText, Ui};

use super::ListenAction;
use super::details::date;
use crate::gui::library::section;
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_M, small};
use crate::listen::{ListeningResult, scale_words};
use crate::session::Song;

pub(super) fn ui(ui: &mut Ui, song: &Song, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        section(ui, "Results");
        let tip = "Write the table above as CSV";
        if ui.small_button("Save table…").on_hover_text(tip).clicked() {
            actions.push(Action::Listen(ListenAction::SaveTable));
        }
        let tip = "Write the spectrograms beside, and their difference, as PNG";
        if ui
            .small_button("Save picture…")
            .on_hover_text(tip)
            .clicked()
        {
            actions.push(Action::Listen(ListenAction::SavePicture));
        }
    });
    if song.listening.is_empty() {
        let text = "Results of blind tests stand here";
        ui.label(RichText::new(text).font(small()).weak());
    }
    for (index, result) in song.listening.iter().enumerate().rev() {
        let (title, when, note) = match result {
            ListeningResult::Abx(test) => (
                format!("ABX: A {}, B {}", test.a, test.b),
                test.started_unix_secs,
                &test.note,
            ),
            ListeningResult::Ranking(ranking) => (
                format!("Ranking of {}", ranking.conditions.len()),
                ranking.started_unix_secs,
                &ranking.note,
            ),
        };
        ui.add_space(SPACE_M);
        ui.label(RichText::new(title).strong())
            .on_hover_text(date(when));
        ui.label(result.summary());
        if let ListeningResult::Ranking(ranking) = result {
            for item in ranking.results() {
                let interval = item
                    .score
                    .half_width
                    .map_or_else(String::new, |h| format!(" ± {h:.0}"));
                let mark = if item.is_reference {
                    " (hidden reference)"
                } else {
                    ""
                };
                let text = format!(
                    "{}{mark}: {:.0}{interval}, {}",
                    item.name,
                    item.score.mean,
                    scale_words(item.score.mean as f32)
                );
                ui.label(RichText::new(text).font(small()).weak());
            }
        }
        let mut words = note.clone();
        let edit = egui::TextEdit::singleline(&mut words)
            .hint_text("Note")
            .desired_width(ui.available_width() - 8.0);
        let label = format!("Note of result {}", index + 1);
        if ui.add(edit).accessible_name(label).changed() {
            actions.push(Action::Listen(ListenAction::NoteResult(index, words)));
        }
        ui.horizontal(|ui| {
            if ui
                .small_button("Save CSV…")
                .on_hover_text("Write every answer as CSV")
                .clicked()
            {
                actions.push(Action::Listen(ListenAction::SaveResult(index)));
            }
            if ui
                .small_button("Remove")
                .on_hover_text("Forget this result")
                .clicked()
            {
                actions.push(Action::Listen(ListenAction::RemoveResult(index)));
            }
        });
    }
}
