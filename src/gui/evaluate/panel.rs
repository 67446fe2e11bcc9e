//! The form at the left: true stems, methods, metrics, and where scores are written.

use egui::{DragValue, RichText, ScrollArea, Ui};

use super::form::metric_label;
use super::{EvaluateAction, EvaluateForm, EvaluatePick, EvaluateView, Output, act, rows};
use crate::gui::command::Command;
use crate::gui::inspector::run_button;
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, small, tokens};
use crate::gui::widgets::{path_field, split_combo};

/// Paints the form.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut EvaluateView,
    actions: &mut Vec<Action>,
) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(12);
    let panel = egui::Panel::left("evaluate form")
        .default_size(320.0)
        .min_size(280.0)
        .max_size(460.0);
    panel.frame(frame).show(ui, |ui| {
        ScrollArea::vertical()
            .id_salt("evaluate form")
            .auto_shrink(false)
            .show(ui, |ui| {
                let is_running = view.job.is_some();
                // What a run was begun with stays as it is until it is over.
                ui.add_enabled_ui(!is_running, |ui| {
                    let form = &mut view.form;
                    source(ui, scene, form, actions);
                    ui.add_space(SPACE_L);
                    rows::ui(ui, scene, form, actions);
                    ui.add_space(SPACE_L);
                    metrics(ui, form);
                });
                ui.add_space(SPACE_L);
                start(ui, is_running, actions);
                ui.add_space(SPACE_L);
                outputs(ui, view, actions);
            });
    });
}

/// A field for a file or folder, and its dialog.
pub(super) fn place(
    ui: &mut Ui,
    (label, tip): (&str, &str),
    text: &mut String,
    pick: EvaluatePick,
    actions: &mut Vec<Action>,
) {
    if path_field(ui, (label, tip), text, &format!("Browse for the {label}")) {
        act(actions, EvaluateAction::Browse(pick));
    }
}

fn source(ui: &mut Ui, scene: &Scene<'_>, form: &mut EvaluateForm, actions: &mut Vec<Action>) {
    section(ui, "True stems");
    ui.horizontal(|ui| {
        let of_song = &mut form.of_song;
        ui.radio_value(of_song, false, "A folder of songs");
        let song = scene.session.song();
        ui.add_enabled_ui(song.is_some(), |ui| {
            ui.radio_value(of_song, true, "The open song")
                .on_hover_text("Its takes against its true stems")
                .on_disabled_hover_text("Open a song first");
        });
    });
    if form.of_song {
        open_song(ui, scene, form, actions);
    } else {
        let tip = format!(
            "MUSDB18, a folder per song with a file per stem, or one song's folder. {}",
            Command::ReferencesFolder.tooltip(ui.ctx())
        );
        let label = ("True stems folder", tip.as_str());
        place(
            ui,
            label,
            &mut form.folder,
            EvaluatePick::References,
            actions,
        );
        ui.horizontal(|ui| {
            split_combo(ui, "evaluate split", &mut form.split);
            let label = ui.label(RichText::new("At most").font(small())).id;
            let value = DragValue::new(&mut form.most_songs)
                .range(0..=100_000)
                .custom_formatter(|n, _| {
                    if n < 0.5 {
                        "all songs".into()
                    } else {
                        format!("{n:.0}")
                    }
                })
                .custom_parser(|text| match text.split_whitespace().next() {
                    Some("all") | None => Some(0.0),
                    Some(number) => number.parse().ok(),
                });
            ui.add(value)
                .labelled_by(label)
                .on_hover_text("In the order of their names; 0 is all");
        });
    }
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("From").font(small())).id;
        let start = DragValue::new(&mut form.start_secs)
            .range(0.0..=36_000.0)
            .speed(0.5)
            .suffix(" s");
        ui.add(start)
            .labelled_by(label)
            .on_hover_text("Where the stretch of every song starts");
        let label = ui.label(RichText::new("Length").font(small())).id;
        let length = DragValue::new(&mut form.duration_secs)
            .range(0.0..=36_000.0)
            .speed(0.5)
            .custom_formatter(|secs, _| {
                if secs == 0.0 {
                    "to the end".into()
                } else {
                    format!("{secs:.1} s")
                }
            })
            .custom_parser(|text| {
                let text = text.trim().trim_end_matches('s').trim();
                if text.starts_with("to") {
                    Some(0.0)
                } else {
                    text.parse().ok()
                }
            });
        ui.add(length)
            .labelled_by(label)
            .on_hover_text("How long the stretch is; 0 is to the end");
    });
}

fn open_song(ui: &mut Ui, scene: &Scene<'_>, form: &mut EvaluateForm, actions: &mut Vec<Action>) {
    let Some(song) = scene.session.song() else {
        ui.weak("Open a song in the Workbench");
        return;
    };
    ui.add(egui::Label::new(RichText::new(song.title()).strong()).truncate());
    let tip = "The folder with a file per stem of this song; empty takes the one that was found";
    let label = ("Folder of its true stems", tip);
    place(ui, label, &mut form.truth, EvaluatePick::Truth, actions);
    let found = scene.truth.folder(song.id);
    let text = match (form.truth.trim().is_empty(), found) {
        (true, Some(folder)) => format!("Found: {}", folder.display()),
        (true, None) => "None were found by themselves".to_owned(),
        (false, _) => String::new(),
    };
    if !text.is_empty() {
        let text = RichText::new(text).font(small()).weak();
        ui.add(egui::Label::new(text).truncate());
    }
    ui.add_space(SPACE_S);
    section(ui, "Takes");
    if song.takes.is_empty() {
        ui.label(
            RichText::new("Separate it in the Workbench first")
                .font(small())
                .weak(),
        );
    }
    for take in &song.takes {
        let mut wanted = !form.left_out.contains(&take.id);
        let text = format!("{} · {}", take.name, take.model);
        if ui.checkbox(&mut wanted, text).changed() {
            if wanted {
                form.left_out.remove(&take.id);
            } else {
                form.left_out.insert(take.id);
            }
        }
    }
}

fn metrics(ui: &mut Ui, form: &mut EvaluateForm) {
    section(ui, "Metrics");
    for (metric, wanted) in &mut form.metrics {
        let (name, tip) = metric_label(*metric);
        ui.checkbox(wanted, name).on_hover_text(tip);
    }
}

fn start(ui: &mut Ui, is_running: bool, actions: &mut Vec<Action>) {
    let width = ui.available_width();
    if is_running {
        let tip = Command::CancelMeasuring.tooltip(ui.ctx());
        let button = egui::Button::new("Cancel measuring").min_size(egui::vec2(width, 30.0));
        // In a row of its own: a column would put the words at the button's left.
        let button = ui.horizontal(|ui| ui.add(button)).inner;
        if button.on_hover_text(tip).clicked() {
            act(actions, EvaluateAction::Cancel);
        }
    } else {
        run_button(ui, "Measure", Command::Measure, (true, ""), width, actions);
    }
}

fn outputs(ui: &mut Ui, view: &mut EvaluateView, actions: &mut Vec<Action>) {
    section(ui, "Write the scores");
    let has_scores = !view.results.scores.is_empty();
    for output in Output::ALL {
        let text = view.form.output_mut(output);
        let label = (output.place(), output.tip());
        place(ui, label, text, EvaluatePick::Out(output), actions);
        let ready = has_scores && !text.trim().is_empty();
        let why = if has_scores {
            "Type where it goes, or browse"
        } else {
            "There are no scores yet"
        };
        let button = ui
            .add_enabled(ready, egui::Button::new(output.label()))
            .on_hover_text(output.tip())
            .on_disabled_hover_text(why);
        if button.clicked() {
            act(actions, EvaluateAction::Write(output));
        }
        ui.add_space(SPACE_M);
    }
    ui.checkbox(&mut view.form.overwrite, "Replace files of the same name");
}
