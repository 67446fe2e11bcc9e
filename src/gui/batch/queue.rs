//! The queue as a table, with what can be done to all of it above and what is in its way below.

use egui::{Align, Color32, Layout, RichText, ScrollArea, Sense, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};

use super::figures::{clock, megabytes, one_line};
use super::{BatchAction, BatchView, Queued};
use crate::batch::{RowState, Severity};
use crate::gui::command::Command;
use crate::gui::icons::{Icon, icon_button};
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, figures, small, tokens};

const ROW_HEIGHT: f32 = 34.0;
const PROBLEMS_HEIGHT: f32 = 120.0;

pub(super) fn ui(ui: &mut Ui, view: &mut BatchView, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        buttons(ui, view, actions);
        ui.add_space(SPACE_M);
        if !view.form.songs.is_empty() {
            overall(ui, view);
            ui.add_space(SPACE_M);
        }
        problems(ui, view);
        if view.form.songs.is_empty() {
            empty(ui, actions);
        } else {
            table(ui, view, actions);
        }
    });
}

fn act(actions: &mut Vec<Action>, action: BatchAction) {
    actions.push(Action::Batch(action));
}

fn buttons(ui: &mut Ui, view: &BatchView, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let tip = Command::Open.tooltip(ui.ctx());
        if ui.button("Add files…").on_hover_text(tip).clicked() {
            actions.push(Action::Do(Command::Open));
        }
        let tip = "Add every song in a folder and below it; the folders are kept";
        if ui.button("Add folder…").on_hover_text(tip).clicked() {
            act(actions, BatchAction::ChooseFolder);
        }
        let over = view.form.songs.iter().any(|song| song.state.is_over());
        let clear = ui.add_enabled(over, egui::Button::new("Clear finished"));
        let tip = "Take everything that is over out of the list; the files stay";
        if clear.on_hover_text(tip).clicked() {
            act(actions, BatchAction::ClearFinished);
        }
        if view.report.is_some() {
            let tip = "Show the report of the last run in the browser";
            if ui.button("Open report").on_hover_text(tip).clicked() {
                act(actions, BatchAction::OpenReport);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            start_or_stop(ui, view, actions);
        });
    });
}

fn start_or_stop(ui: &mut Ui, view: &BatchView, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    let size = vec2(96.0, 30.0);
    if view.running {
        let paused = view.totals.paused;
        let text = if paused { "Resume" } else { "Pause" };
        let tip = Command::StartBatch.tooltip(ui.ctx());
        let button = egui::Button::new(text).min_size(size);
        let ready = view.board.is_some();
        if ui.add_enabled(ready, button).on_hover_text(tip).clicked() {
            act(actions, BatchAction::Pause(!paused));
        }
        let tip = "Stop everything; what is finished stays, and a later start goes on from there";
        let button = egui::Button::new("Cancel all").min_size(size);
        if ui.add_enabled(ready, button).on_hover_text(tip).clicked() {
            act(actions, BatchAction::CancelAll);
        }
        return;
    }
    let waiting = view.has_waiting();
    let text = RichText::new("Start").strong().color(tokens.on_accent);
    let start = egui::Button::new(text).fill(tokens.accent).min_size(size);
    let reason = if view.form.songs.is_empty() {
        "Add songs first"
    } else {
        "Nothing waits; retry a song or add others"
    };
    let tip = Command::StartBatch.tooltip(ui.ctx());
    let start = ui.add_enabled(waiting, start);
    if start
        .on_hover_text(tip)
        .on_disabled_hover_text(reason)
        .clicked()
    {
        act(actions, BatchAction::Start);
    }
    let check = egui::Button::new("Check").min_size(size);
    let check = ui.add_enabled(waiting, check);
    let tip = "See what would be in the way: names, room, models. Nothing is written";
    if check
        .on_hover_text(tip)
        .on_disabled_hover_text(reason)
        .clicked()
    {
        act(actions, BatchAction::Check);
    }
}

/// How far the whole is: a bar, and beside it figures of a fixed width.
fn overall(ui: &mut Ui, view: &BatchView) {
    let tokens = tokens(ui.ctx());
    let totals = &view.totals;
    let shown = view.board.is_some() || totals.songs > 0;
    let songs = view.form.songs.len();
    let secs: f64 = view.form.songs.iter().filter_map(|s| s.seconds).sum();
    let text = if shown {
        let left = match (totals.remaining_secs, totals.paused) {
            (_, true) => " · paused".to_owned(),
            (Some(secs), _) => format!(" · {} left", clock(secs)),
            (None, _) if totals.over < totals.songs => " · estimating".to_owned(),
            (None, _) => String::new(),
        };
        format!(
            "{} of {} songs · {:>3.0} %{left}",
            totals.over,
            totals.songs,
            totals.fraction * 100.0
        )
    } else {
        let noun = if songs == 1 { "song" } else { "songs" };
        format!("{songs} {noun} · {} of audio", clock(secs))
    };
    ui.label(RichText::new(&text).font(figures()).color(tokens.faint));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &text));
    bar(
        ui,
        rect,
        if shown { totals.fraction } else { 0.0 },
        tokens.accent,
    );
}

fn bar(ui: &Ui, rect: egui::Rect, fraction: f64, colour: Color32) {
    ui.painter().rect_filled(rect, 3.0, tokens(ui.ctx()).line);
    let width = rect.width() * fraction.clamp(0.0, 1.0) as f32;
    let done = egui::Rect::from_min_size(rect.min, vec2(width, rect.height()));
    ui.painter().rect_filled(done, 3.0, colour);
}

/// What was found before the run, as a list, the worst first.
fn problems(ui: &mut Ui, view: &mut BatchView) {
    if view.problems.is_empty() {
        return;
    }
    let tokens = tokens(ui.ctx());
    egui::Frame::new()
        .fill(tokens.canvas)
        .corner_radius(6)
        .inner_margin(10)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(RichText::new("Found before the start").font(small()).weak());
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if icon_button(ui, Icon::Cross, "Hide the list", "Hide the list", false)
                        .clicked()
                    {
                        view.problems.clear();
                    }
                });
            });
            let list = ScrollArea::vertical()
                .id_salt("problems")
                .max_height(PROBLEMS_HEIGHT);
            list.auto_shrink([false, true]).show(ui, |ui| {
                for problem in &view.problems {
                    let (word, colour) = match problem.severity {
                        Severity::Stop => ("In the way", tokens.error),
                        Severity::File => ("One song", tokens.warning),
                        Severity::Note => ("Note", tokens.faint),
                    };
                    ui.horizontal_wrapped(|ui| {
                        ui.label(RichText::new(word).font(small()).color(colour));
                        ui.label(RichText::new(problem.to_string()).font(small()));
                    });
                }
            });
        });
    ui.add_space(SPACE_M);
}

fn empty(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.3).max(SPACE_L));
        ui.label(RichText::new("Drop songs or folders here").size(19.0));
        ui.add_space(SPACE_S);
        ui.label(
            RichText::new(
                "Every song goes through the recipe on the right. Folders keep their structure.",
            )
            .weak(),
        );
        ui.add_space(SPACE_L);
        if ui.button("Add folder…").clicked() {
            act(actions, BatchAction::ChooseFolder);
        }
    });
}

fn table(ui: &mut Ui, view: &mut BatchView, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    let columns = [
        Column::remainder().at_least(160.0).clip(true),
        Column::exact(52.0),
        Column::exact(92.0),
        Column::exact(112.0),
        Column::exact(62.0),
        Column::exact(64.0),
        Column::exact(64.0),
        Column::remainder().at_least(90.0).clip(true),
        Column::exact(124.0),
    ];
    let mut table = TableBuilder::new(ui)
        .id_salt("queue")
        .striped(false)
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center));
    for column in columns {
        table = table.column(column);
    }
    let chosen = view.chosen.clone();
    let mut clicked = None;
    let heads = [
        "Song", "Length", "State", "Progress", "Left", "Device", "Size", "Message", "",
    ];
    table
        .header(22.0, |mut header| {
            for head in heads {
                header.col(|ui| {
                    ui.label(RichText::new(head).font(small()).color(tokens.faint));
                });
            }
        })
        .body(|body| {
            let songs = &view.form.songs;
            body.rows(ROW_HEIGHT, songs.len(), |mut row| {
                let song = &songs[row.index()];
                row.set_selected(chosen.as_ref() == Some(&song.entry.input));
                cells(&mut row, song, view.running, actions);
                if row.response().clicked() {
                    clicked = Some(song.entry.input.clone());
                }
            });
        });
    if clicked.is_some() {
        view.chosen = clicked;
    }
}

fn cells(row: &mut TableRow<'_, '_>, song: &Queued, running: bool, actions: &mut Vec<Action>) {
    let name = song.entry.input.file_name().unwrap_or_default();
    let name = one_line(&name.to_string_lossy());
    row.col(|ui| {
        let label = egui::Label::new(&name).truncate().selectable(false);
        ui.add(label)
            .on_hover_text(song.entry.input.display().to_string());
    });
    let faint = |ui: &mut Ui, text: String| {
        let text = RichText::new(text).font(small()).weak();
        ui.add(egui::Label::new(text).truncate().selectable(false));
    };
    row.col(|ui| faint(ui, song.seconds.map_or_else(String::new, clock)));
    row.col(|ui| {
        let colour = state_colour(ui, song.state);
        let text = RichText::new(song.state.label())
            .font(small())
            .color(colour);
        ui.add(egui::Label::new(text).selectable(false));
    });
    let live = song.row.as_ref().filter(|_| running);
    row.col(|ui| {
        let fraction = match (song.state, live) {
            (RowState::Done | RowState::AlreadyDone, _) => 1.0,
            (RowState::Running, Some(row)) => row.fraction,
            _ => 0.0,
        };
        let (rect, response) = ui.allocate_exact_size(vec2(96.0, 6.0), Sense::hover());
        let percent = format!("{name} {:.0} %", fraction * 100.0);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &percent)
        });
        let stage = live.map_or("", |row| row.stage);
        if !stage.is_empty() {
            response.on_hover_text(stage);
        }
        bar(
            ui,
            rect,
            fraction,
            tokens(ui.ctx()).accent.gamma_multiply(0.8),
        );
    });
    row.col(|ui| {
        let left = match (song.state, live.and_then(|row| row.remaining_secs)) {
            (RowState::Running, Some(secs)) => clock(secs),
            _ => String::new(),
        };
        faint(ui, left);
    });
    row.col(|ui| {
        faint(
            ui,
            song.row
                .as_ref()
                .map_or_else(String::new, |r| r.device.clone()),
        )
    });
    row.col(|ui| {
        let bytes = song.row.as_ref().map_or(0, |row| row.bytes);
        faint(
            ui,
            if bytes > 0 {
                megabytes(bytes)
            } else {
                String::new()
            },
        );
    });
    row.col(|ui| {
        let message = one_line(&song.message);
        let text = RichText::new(&message).font(small());
        let text = match song.state {
            RowState::Failed => text.color(tokens(ui.ctx()).error),
            _ => text.weak(),
        };
        let label = ui.add(egui::Label::new(text).truncate().selectable(false));
        if !message.is_empty() {
            label.on_hover_text(message);
        }
    });
    row.col(|ui| row_buttons(ui, song, &name, actions));
}

fn row_buttons(ui: &mut Ui, song: &Queued, name: &str, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let input = || song.entry.input.clone();
    let ctx = ui.ctx().clone();
    let mut button = |icon, what: &str, tip: String, action: BatchAction| {
        if icon_button(ui, icon, &format!("{what} {name}"), &tip, false).clicked() {
            act(actions, action);
        }
    };
    let tip = Command::QueueUp.tooltip(&ctx);
    button(Icon::Up, "Move up", tip, BatchAction::Move(input(), -1));
    let tip = Command::QueueDown.tooltip(&ctx);
    button(Icon::Down, "Move down", tip, BatchAction::Move(input(), 1));
    if song.state.is_over() {
        let tip = Command::QueueRetry.tooltip(&ctx);
        button(Icon::Loop, "Retry", tip, BatchAction::Retry(input()));
    } else {
        let tip = "Give this song up; the others go on".to_owned();
        button(Icon::Stop, "Cancel", tip, BatchAction::Cancel(input()));
    }
    let tip = Command::QueueRemove.tooltip(&ctx);
    button(Icon::Cross, "Remove", tip, BatchAction::Remove(input()));
}

fn state_colour(ui: &Ui, state: RowState) -> Color32 {
    let tokens = tokens(ui.ctx());
    match state {
        RowState::Done | RowState::AlreadyDone | RowState::Running => tokens.accent,
        RowState::Failed => tokens.error,
        RowState::Skipped => tokens.warning,
        RowState::Waiting | RowState::Cancelled => tokens.faint,
    }
}
