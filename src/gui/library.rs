//! The left panel: open songs with their takes, and the model shelf.

use egui::{RichText, ScrollArea, Ui};

use super::command::Command;
use super::scene::{Action, Scene};
use super::theme::{SPACE_L, SPACE_M, SPACE_S, small, stem_colour, tokens};
use super::truth::TruthAction;
use crate::apply::{BUILTIN_IDS, builtin_spec};
use crate::session::{Song, Take};

/// Paints the panel.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(10);
    egui::Panel::left("library")
        .default_size(216.0)
        .min_size(160.0)
        .max_size(380.0)
        .frame(frame)
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.horizontal(|ui| {
                    section(ui, "Library");
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        let tip = Command::Open.tooltip(ui.ctx());
                        if ui.small_button("Open…").on_hover_text(tip).clicked() {
                            actions.push(Action::Do(Command::Open));
                        }
                    });
                });
                if scene.session.songs.is_empty() {
                    ui.label(
                        RichText::new("Songs that you open stand here")
                            .font(small())
                            .weak(),
                    );
                }
                for song in &scene.session.songs {
                    song_ui(ui, scene, song, actions);
                }
                ui.add_space(SPACE_L);
                section(ui, "Models");
                models_ui(ui, scene, actions);
            });
        });
}

/// A panel's heading.
pub fn section(ui: &mut Ui, text: &str) {
    ui.label(
        RichText::new(text)
            .font(small())
            .strong()
            .color(tokens(ui.ctx()).faint),
    );
}

fn song_ui(ui: &mut Ui, scene: &Scene<'_>, song: &Song, actions: &mut Vec<Action>) {
    let current = scene.session.current == Some(song.id);
    let title = song.title();
    let row = egui::Button::selectable(current, RichText::new(&title).strong()).truncate();
    let wide = egui::Layout::top_down_justified(egui::Align::LEFT);
    let response = ui
        .with_layout(wide, |ui| ui.add(row))
        .inner
        .on_hover_ui(|ui| {
            ui.label(song.path.display().to_string());
            ui.weak(format!("{} Hz, {:.1} s", song.sample_rate_hz, song.seconds));
        });
    if response.clicked() {
        actions.push(Action::ShowSong(song.id));
    }
    response.context_menu(|ui| {
        for (index, name) in scene.tracks.get(&song.id).into_iter().flatten().enumerate() {
            if ui.button(format!("Open track {index}: {name}")).clicked() {
                actions.push(Action::OpenTrack(song.path.clone(), index));
            }
        }
        let tip = "Choose the folder with a file per stem; takes then show their SDR";
        if ui.button("True stems…").on_hover_text(tip).clicked() {
            actions.push(Action::Truth(TruthAction::Browse(song.id)));
        }
        if let Some(folder) = scene.truth.folder(song.id)
            && ui
                .button("Forget true stems")
                .on_hover_text(folder.display().to_string())
                .clicked()
        {
            actions.push(Action::Truth(TruthAction::Choose(song.id, None)));
        }
        if ui.button("Close song").clicked() {
            actions.push(Action::CloseSong(song.id));
        }
    });
    ui.indent(("takes", song.id), |ui| {
        for take in &song.takes {
            take_ui(ui, song, take, actions);
        }
    });
}

fn take_ui(ui: &mut Ui, song: &Song, take: &Take, actions: &mut Vec<Action>) {
    let heard = song
        .arrangement
        .lanes
        .iter()
        .any(|lane| lane.take == Some(take.id) && !lane.muted);
    let text = format!("{} · {}", take.name, take.model);
    let response = ui
        .add(egui::Button::selectable(heard, RichText::new(text).font(small())).truncate())
        .on_hover_ui(|ui| {
            ui.label(format!(
                "{} on {}, {:.1} s of work",
                take.model, take.device, take.taken_secs
            ));
            for (name, value) in &take.params.0 {
                ui.weak(format!("{name} {value}"));
            }
            match take.region {
                Some(span) => ui.weak(format!(
                    "from {:.2} s to {:.2} s",
                    span.start_secs, span.end_secs
                )),
                None => ui.weak("the whole song"),
            };
            // Only a separation's stems are there to add up.
            if take.residual_db != 0.0 {
                ui.weak(format!(
                    "the stems add up to within {:.1} dB",
                    take.residual_db
                ));
            }
        });
    if response.clicked() {
        actions.push(Action::ToggleTake(song.id, take.id));
    }
    response.context_menu(|ui| {
        let tip = "Choose the folder of the song's true stems; takes then show their SDR";
        if ui.button("True stems…").on_hover_text(tip).clicked() {
            actions.push(Action::Truth(TruthAction::Browse(song.id)));
        }
        if ui.button("Remove take").clicked() {
            actions.push(Action::RemoveTake(song.id, take.id));
        }
    });
}

fn models_ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let light = ui.ctx().theme() == egui::Theme::Light;
    for spec in BUILTIN_IDS.iter().filter_map(|id| builtin_spec(id)) {
        let response = model_row(ui, spec.name, &spec.stems, light);
        if response.on_hover_text(spec.summary).clicked() {
            actions.push(Action::ChooseModel(spec.id.into()));
        }
    }
    for entry in &scene.shelf.entries {
        match &entry.card {
            Ok(card) => {
                let stems = card.all_stems();
                let names: Vec<&str> = stems.iter().map(String::as_str).collect();
                let response = model_row(ui, &card.name, &names, light);
                let tip = format!(
                    "{} Hz · {}\n{}",
                    card.audio.sample_rate_hz,
                    names.join(", "),
                    entry.path.display()
                );
                if response.on_hover_text(tip).clicked() {
                    actions.push(Action::ChooseModel(entry.id.clone()));
                }
            }
            Err(problem) => {
                ui.add_enabled(false, egui::Button::selectable(false, &entry.id))
                    .on_disabled_hover_text(problem);
            }
        }
    }
    ui.add_space(SPACE_S);
    let folder = crate::paths::data_dir().join("models");
    let hint = format!(
        "Drop an ONNX file on the window, or put it with its card into\n{}",
        folder.display()
    );
    ui.label(RichText::new("Add your own models").font(small()).weak())
        .on_hover_text(hint);
}

fn model_row(ui: &mut Ui, name: &str, stems: &[&str], light: bool) -> egui::Response {
    ui.horizontal(|ui| {
        let response = ui.add(egui::Button::selectable(false, name).truncate());
        ui.add_space(SPACE_M);
        ui.spacing_mut().item_spacing.x = 3.0;
        for stem in stems.iter().take(6) {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(7.0, 7.0), egui::Sense::hover());
            ui.painter()
                .circle_filled(rect.center(), 3.5, stem_colour(stem, light));
        }
        response
    })
    .inner
}
