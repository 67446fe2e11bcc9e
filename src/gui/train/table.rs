//! The songs as a table: heard, left out and opened straight from their rows.

use egui::{Align, Color32, Layout, RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::songs::{MOST_CHIPS, StemChip, StemState};
use super::{Column, Preview, SongRow, SongTable, TrainAction, act};
use crate::gui::batch::figures::{clock, one_line};
use crate::gui::command::Command;
use crate::gui::icons::{Icon, icon_button};
use crate::gui::scene::Action;
use crate::gui::theme::{figures, small, stem_colour, tokens};

const ROW_HEIGHT: f32 = 30.0;

impl Column {
    const ALL: [Self; 6] = [
        Self::Song,
        Self::Split,
        Self::Length,
        Self::Stems,
        Self::Problems,
        Self::LeftOut,
    ];

    /// The heading, and what a click on it does.
    fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Song => ("Song", "Sort by name"),
            Self::Split => ("Split", "Sort by what songs are for"),
            Self::Length => ("Length", "Sort by length"),
            Self::Stems => ("Stems", "Click a stem to hear it; sorts by stems missing"),
            Self::Problems => ("Problems", "Sort by problems"),
            Self::LeftOut => ("Left out", "Songs that networks do not learn from"),
        }
    }
}

/// A row and what surrounds it.
struct Line<'a> {
    at: usize,
    row: &'a SongRow,
    preview: Option<&'a Preview>,
}

pub(super) fn ui(
    ui: &mut Ui,
    table: &mut SongTable,
    preview: Option<&Preview>,
    actions: &mut Vec<Action>,
) {
    let mut builder = TableBuilder::new(ui)
        .id_salt("data songs")
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Width::exact(32.0))
        .column(Width::remainder().at_least(120.0).clip(true))
        .column(Width::exact(48.0))
        .column(Width::exact(56.0))
        .column(Width::remainder().at_least(160.0).clip(true))
        .column(Width::exact(70.0))
        .column(Width::exact(62.0))
        .column(Width::exact(136.0));
    if std::mem::take(&mut table.reveal)
        && let Some(chosen) = table.chosen
        && let Some(place) = table.shown.iter().position(|row| *row == chosen)
    {
        builder = builder.scroll_to_row(place, None);
    }
    let mut sorted = None;
    let mut clicked = None;
    builder
        .header(22.0, |mut header| {
            header.col(|_| {});
            for column in Column::ALL {
                header.col(|ui| {
                    if heading(ui, table, column) {
                        sorted = Some(column);
                    }
                });
            }
            header.col(|_| {});
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, table.shown.len(), |mut table_row| {
                let at = table.shown[table_row.index()];
                let line = Line {
                    at,
                    row: &table.rows[at],
                    preview,
                };
                table_row.set_selected(table.chosen == Some(at));
                cells(&mut table_row, &line, actions);
                let response = table_row.response();
                response.widget_info(|| {
                    let label = format!("Song {}", line.row.name);
                    egui::WidgetInfo::labeled(egui::Role::Row, true, label)
                });
                if response.clicked() {
                    clicked = Some(at);
                }
            });
        });
    if clicked.is_some() {
        table.chosen = clicked;
    }
    if let Some(column) = sorted {
        table.sort_by(column);
    }
}

/// Answers whether it was clicked.
fn heading(ui: &mut Ui, table: &SongTable, column: Column) -> bool {
    let (name, tip) = column.heading();
    let mark = match table.sort {
        Some((sorted, false)) if sorted == column => " ▲",
        Some((sorted, true)) if sorted == column => " ▼",
        _ => "",
    };
    let text = RichText::new(format!("{name}{mark}")).font(small()).weak();
    let label = egui::Label::new(text).sense(Sense::click()).truncate();
    let tip = match column {
        Column::Stems => format!("{tip}\nIn this folder: {}", table.stems.join(", ")),
        _ => tip.to_owned(),
    };
    let response = ui.add(label).on_hover_text(tip);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Sort by {name}"))
    });
    response.clicked()
}

fn cells(table_row: &mut TableRow<'_, '_>, line: &Line<'_>, actions: &mut Vec<Action>) {
    let row = line.row;
    let name = one_line(&row.name);
    table_row.col(|ui| mixture_button(ui, line, &name, actions));
    table_row.col(|ui| {
        let text = RichText::new(&name);
        let text = if row.left_out {
            text.weak().strikethrough()
        } else {
            text
        };
        let label = egui::Label::new(text).truncate().selectable(false);
        ui.add(label).on_hover_text(&name);
    });
    table_row.col(|ui| plain(ui, row.split.name()));
    table_row.col(|ui| plain(ui, &clock(row.seconds)));
    table_row.col(|ui| stems(ui, line, &name, actions));
    table_row.col(|ui| {
        if row.problems > 0 {
            let text = RichText::new(row.problems.to_string())
                .font(figures())
                .color(tokens(ui.ctx()).warning);
            let label = ui.add(egui::Label::new(text).selectable(false));
            let label = label.on_hover_text(&row.problem_text);
            let s = if row.problems == 1 { "" } else { "s" };
            let words = format!(
                "{} problem{s} of {name}: {}",
                row.problems, row.problem_text
            );
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
        }
    });
    table_row.col(|ui| {
        let mut out = row.left_out;
        let tip = Command::LeaveOut.tooltip(ui.ctx());
        let response = ui
            .name_inputs(format!("Leave out {name}"), |ui| ui.checkbox(&mut out, ""))
            .on_hover_text(tip);
        if response.changed() {
            act(actions, TrainAction::LeaveOut(line.at, out));
        }
    });
    table_row.col(|ui| {
        let button = egui::Button::new(RichText::new("Open in workbench").font(small()));
        let response = ui
            .add_enabled(row.has_file, button)
            .on_hover_text(Command::OpenDataSong.tooltip(ui.ctx()))
            .on_disabled_hover_text("There is no file with its mixture");
        let label = format!("Open {name} in the workbench");
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, row.has_file, &label));
        if response.clicked() {
            act(actions, TrainAction::OpenSong(line.at));
        }
    });
}

fn plain(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).font(small()).weak();
    ui.add(egui::Label::new(text).selectable(false));
}

fn mixture_button(ui: &mut Ui, line: &Line<'_>, name: &str, actions: &mut Vec<Action>) {
    let heard = line
        .preview
        .is_some_and(|preview| preview.is(line.at, None));
    ui.add_enabled_ui(line.row.has_mixture, |ui| {
        let (icon, label, tip) = if heard {
            (Icon::Stop, format!("Stop {name}"), "Stop")
        } else {
            (Icon::Play, format!("Play {name}"), "Play the mixture")
        };
        if icon_button(ui, icon, &label, tip, heard).clicked() {
            act(actions, TrainAction::Hear(line.at, None));
        }
    });
}

fn stems(ui: &mut Ui, line: &Line<'_>, name: &str, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 3.0;
    ui.spacing_mut().button_padding.x = 5.0;
    let colours = tokens(ui.ctx());
    for chip in line.row.chips.iter().take(MOST_CHIPS) {
        match chip.state {
            StemState::There => stem_button(ui, line, chip, name, actions),
            StemState::Missing => {
                let tip = format!("{name} has no {}", chip.stem);
                struck(ui, chip, &tip, colours.faint);
            }
            StemState::Broken => {
                let tip = format!("{} of {name} cannot be read", chip.stem);
                struck(ui, chip, &tip, colours.error);
            }
        }
    }
    let more = line.row.chips.get(MOST_CHIPS..).unwrap_or_default();
    if more.is_empty() {
        return;
    }
    let button = egui::Button::new(RichText::new(format!("+{}", more.len())).font(small()));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for chip in more.iter().filter(|chip| chip.state == StemState::There) {
            if ui.button(format!("Hear {}", chip.stem)).clicked() {
                act(actions, TrainAction::Hear(line.at, Some(chip.stem.clone())));
            }
        }
    });
    let label = format!("More stems of {name}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
}

/// A stem that can be heard.
fn stem_button(
    ui: &mut Ui,
    line: &Line<'_>,
    chip: &StemChip,
    name: &str,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui.ctx());
    let preview = line.preview;
    let preview = preview.filter(|preview| preview.is(line.at, Some(&chip.stem)));
    let light = ui.ctx().theme() == egui::Theme::Light;
    let (mark, verb) = match preview {
        Some(preview) if preview.job.is_some() => ("… ", "Stop"),
        Some(_) => ("■ ", "Stop"),
        None => ("", "Play"),
    };
    let text = format!("{mark}{}", one_line(&chip.stem));
    let text = RichText::new(text)
        .font(small())
        .color(stem_colour(&chip.stem, light));
    let fill = if preview.is_some() {
        tokens.accent.gamma_multiply(0.3)
    } else {
        tokens.raised
    };
    let label = format!("{verb} {} of {name}", chip.stem);
    let response = ui
        .add(egui::Button::new(text).fill(fill).small())
        .on_hover_text(&label);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, preview.is_some(), &label)
    });
    if response.clicked() {
        act(actions, TrainAction::Hear(line.at, Some(chip.stem.clone())));
    }
}

/// A stem that cannot be heard.
fn struck(ui: &mut Ui, chip: &StemChip, tip: &str, colour: Color32) {
    let text = RichText::new(one_line(&chip.stem))
        .font(small())
        .color(colour)
        .strikethrough();
    let label = egui::Label::new(text).selectable(false);
    let response = ui.add(label).on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, tip));
}
