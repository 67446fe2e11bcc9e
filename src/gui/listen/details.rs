//! Everything about the take that is heard; its name and notes can be edited.

use egui::{RichText, Ui};

use super::{ListenAction, ListenView};
use crate::gui::library::section;
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_M, SPACE_S, small};
use crate::gui::topbar::clock;
use crate::session::Song;

pub(super) fn ui(ui: &mut Ui, view: &ListenView, song: &Song, actions: &mut Vec<Action>) {
    section(ui, "Heard");
    let Some(lane) = view.heard_lane(song).and_then(|id| song.lane(id)) else {
        return;
    };
    let Some(take) = lane.take.and_then(|id| song.take(id)) else {
        ui.label(&lane.name);
        ui.label(
            RichText::new(song.path.display().to_string())
                .font(small())
                .weak(),
        );
        return;
    };
    let width = ui.available_width() - 8.0;
    let mut name = take.name.clone();
    let edit = egui::TextEdit::singleline(&mut name).desired_width(width);
    if ui.name_inputs("Take name", |ui| ui.add(edit)).changed() {
        actions.push(Action::Listen(ListenAction::Rename(take.id, name)));
    }
    let mut notes = take.notes.clone();
    let edit = egui::TextEdit::multiline(&mut notes)
        .hint_text("Notes")
        .desired_rows(2)
        .desired_width(width);
    if ui.add(edit).accessible_name("Notes").changed() {
        actions.push(Action::Listen(ListenAction::Note(take.id, notes)));
    }
    ui.add_space(SPACE_S);
    let mut facts = vec![
        ("Made by", take.model.clone()),
        ("Settings", take.settings()),
        ("Device", take.device.clone()),
        ("Work", format!("{:.2} s", take.taken_secs)),
        ("Made", date(take.made_unix_secs)),
    ];
    if let Some(span) = take.region {
        let text = format!("{} – {}", clock(span.start_secs), clock(span.end_secs));
        facts.push(("Region", text));
    }
    if let Some(hash) = &take.model_sha256 {
        facts.push(("Model", format!("sha256 {hash}")));
    }
    egui::Grid::new("facts")
        .num_columns(2)
        .spacing([SPACE_M, 2.0])
        .show(ui, |ui| {
            for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
                ui.label(RichText::new(name).font(small()).weak());
                let label = egui::Label::new(RichText::new(&value).font(small())).truncate();
                ui.add(label).on_hover_text(value);
                ui.end_row();
            }
        });
}

/// A moment as "2026-01-31 09:30 UTC".
pub(super) fn date(unix_secs: u64) -> String {
    if unix_secs == 0 {
        return String::new();
    }
    let (days, secs) = (unix_secs / 86_400, unix_secs % 86_400);
    // Days to a date in the proleptic Gregorian calendar, years beginning in March (Hinnant).
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (secs / 3600, secs / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}
