//! Methods by stems as a table, and the songs of its chosen row.

use egui::{Align, Layout, RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::{Column, MethodKind, Results};
use crate::evaluate::{Measure, SongsSummary};
use crate::gui::batch::figures::one_line;
use crate::gui::library::section;
use crate::gui::theme::{figures, small, stem_colour, tokens};

const ROW_HEIGHT: f32 = 24.0;

impl Column {
    /// The heading, and what it means.
    fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Method => ("Method", "Sort by method"),
            Self::Stem => ("Stem", "Sort by stem"),
            Self::Median => (
                "Median",
                "Median over songs of the median over frames, as museval reports it",
            ),
            Self::Mean => ("Mean", "Mean over songs of the median over frames"),
            Self::Nan => (
                "NaN frames",
                "Frames without a number: a stem is silent there",
            ),
            Self::Songs => ("Songs", "Songs with a number"),
        }
    }

    fn is_number(self) -> bool {
        !matches!(self, Self::Method | Self::Stem)
    }
}

/// The methods and their stems.
pub(super) fn methods(ui: &mut Ui, results: &mut Results) {
    let mut builder = TableBuilder::new(ui)
        .id_salt("methods")
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Width::remainder().at_least(120.0).clip(true))
        .column(Width::exact(120.0))
        .columns(Width::exact(82.0), 4);
    if std::mem::take(&mut results.reveal)
        && let Some(place) = results.chosen_row()
    {
        builder = builder.scroll_to_row(place, None);
    }
    let chosen = results.chosen_row();
    let (mut sorted, mut clicked) = (None, None);
    builder
        .header(22.0, |mut header| {
            for column in Column::ALL {
                header.col(|ui| {
                    if heading(ui, results, column) {
                        sorted = Some(column);
                    }
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, results.rows.len(), |mut row| {
                let place = row.index();
                let summary = &results.summaries[results.rows[place]];
                row.set_selected(chosen == Some(place));
                cells(&mut row, summary, results.kind(&summary.method));
                let response = row.response();
                response.widget_info(|| {
                    let (method, stem) = (&summary.method, &summary.stem);
                    let median = number(summary.median, summary.measure);
                    let label = format!("{method}, {stem}: {median}");
                    egui::WidgetInfo::labeled(egui::Role::Row, true, label)
                });
                if response.clicked() {
                    clicked = Some(place);
                }
            });
        });
    if let Some(place) = clicked {
        results.choose(place);
    }
    if let Some(column) = sorted {
        results.sort_by(column);
    }
}

/// Answers whether it was clicked.
fn heading(ui: &mut Ui, results: &Results, column: Column) -> bool {
    let (name, tip) = column.heading();
    let mark = match results.sort {
        Some((sorted, false)) if sorted == column => " ▲",
        Some((sorted, true)) if sorted == column => " ▼",
        _ => "",
    };
    let text = RichText::new(format!("{name}{mark}")).font(small()).weak();
    let label = egui::Label::new(text).sense(Sense::click()).truncate();
    let response = if column.is_number() {
        ui.with_layout(right(), |ui| ui.add(label)).inner
    } else {
        ui.add(label)
    };
    let response = response.on_hover_text(tip);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Sort by {name}"))
    });
    response.clicked()
}

/// Numbers stand at the right of their column.
fn right() -> Layout {
    Layout::right_to_left(Align::Center)
}

fn cells(row: &mut TableRow<'_, '_>, summary: &SongsSummary, kind: MethodKind) {
    row.col(|ui| {
        let name = format!("{}{}", one_line(&summary.method), kind.mark());
        let text = match kind {
            MethodKind::Method => RichText::new(&name),
            MethodKind::Ceiling | MethodKind::Floor => {
                RichText::new(&name).color(tokens(ui.ctx()).faint)
            }
        };
        let label = egui::Label::new(text).truncate().selectable(false);
        ui.add(label).on_hover_text(name);
    });
    row.col(|ui| {
        let light = ui.ctx().theme() == egui::Theme::Light;
        let text = RichText::new(one_line(&summary.stem)).color(stem_colour(&summary.stem, light));
        ui.add(egui::Label::new(text).truncate().selectable(false));
    });
    let measure = summary.measure;
    row.col(|ui| plain(ui, &number(summary.median, measure)));
    row.col(|ui| plain(ui, &number(summary.mean, measure)));
    row.col(|ui| {
        let text = if summary.nan_frames == 0 {
            "0".to_owned()
        } else {
            format!("{} of {}", summary.nan_frames, summary.frames)
        };
        plain(ui, &text);
    });
    row.col(|ui| {
        let text = match summary.empty_songs {
            0 => summary.songs.to_string(),
            empty => format!("{} of {}", summary.songs, summary.songs + empty),
        };
        plain(ui, &text);
    });
}

fn plain(ui: &mut Ui, text: &str) {
    let text = RichText::new(text).font(figures());
    let label = egui::Label::new(text).selectable(false);
    ui.with_layout(right(), |ui| ui.add(label));
}

/// A number of a measure.
pub(super) fn number(value: f64, measure: Measure) -> String {
    let decimals = if measure.unit().is_empty() { 4 } else { 2 };
    if value.is_nan() {
        "–".into()
    } else {
        format!("{value:.decimals$}")
    }
}

/// The songs of the chosen row.
pub(super) fn songs(ui: &mut Ui, results: &Results) {
    let Some((method, stem)) = &results.chosen else {
        section(ui, "Songs");
        ui.weak("Choose a row above to see its songs");
        return;
    };
    section(ui, &format!("Songs: {stem} of {method}"));
    TableBuilder::new(ui)
        .id_salt("scored songs")
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Width::remainder().at_least(80.0).clip(true))
        .columns(Width::exact(70.0), 3)
        .header(22.0, |mut header| {
            for name in ["Song", "Median", "Mean", "NaN"] {
                header.col(|ui| {
                    let text = RichText::new(name).font(small()).weak();
                    let label = egui::Label::new(text).selectable(false);
                    if name == "Song" {
                        ui.add(label);
                    } else {
                        ui.with_layout(right(), |ui| ui.add(label));
                    }
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, results.lines.len(), |mut row| {
                let line = &results.lines[row.index()];
                row.col(|ui| {
                    let name = one_line(&line.song);
                    let (text, tip) = match &line.problem {
                        None => (RichText::new(&name), name.clone()),
                        Some(reason) => {
                            let text = format!("{name}: {reason}");
                            let colour = tokens(ui.ctx()).warning;
                            (RichText::new(&text).color(colour), text)
                        }
                    };
                    let label = egui::Label::new(text).truncate().selectable(false);
                    ui.add(label).on_hover_text(tip);
                });
                row.col(|ui| plain(ui, &number(line.median, results.measure)));
                row.col(|ui| plain(ui, &number(line.mean, results.measure)));
                row.col(|ui| plain(ui, &format!("{} of {}", line.nan, line.frames)));
            });
        });
}
