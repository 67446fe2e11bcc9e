//! What stands where the lanes will be: an invitation, or what is being opened; and the drop screen.

use egui::{Align2, Color32, FontId, Id, LayerId, Order, RichText, Ui};

use super::command::Command;
use super::scene::{Action, Scene};
use super::theme::{SPACE_L, SPACE_M, SPACE_S, tokens};
use crate::audio::SUPPORTED_EXTENSIONS;

/// Paints the screen without a song.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.3).max(20.0));
        let opening: Vec<&str> = scene
            .jobs
            .values()
            .map(|job| job.name.as_str())
            .filter(|name| name.starts_with("Opening"))
            .collect();
        if let Some(first) = opening.first() {
            ui.heading(*first);
            ui.add_space(SPACE_M);
            if let Some(progress) = scene.jobs.values().find_map(|job| job.progress.as_ref()) {
                ui.allocate_ui(egui::vec2(320.0, 20.0), |ui| {
                    super::bottom::progress_bar(ui, Some(progress), 18.0);
                });
            }
            return;
        }
        ui.heading("Pull a song apart");
        ui.add_space(SPACE_S);
        ui.weak("Drop audio files here, or open one. WAV, FLAC, MP3, Ogg, M4A and more");
        ui.add_space(SPACE_L);
        let tokens = tokens(ui.ctx());
        let text = RichText::new("Open…").strong().color(tokens.on_accent);
        let open = egui::Button::new(text)
            .fill(tokens.accent)
            .min_size(egui::vec2(190.0, 34.0));
        if ui
            .add(open)
            .on_hover_text(Command::Open.tooltip(ui.ctx()))
            .clicked()
        {
            actions.push(Action::Do(Command::Open));
        }
        ui.add_space(SPACE_S);
        let example = egui::Button::new("Open the example song").min_size(egui::vec2(190.0, 34.0));
        if ui
            .add(example)
            .on_hover_text(Command::OpenExample.spec().tip)
            .clicked()
        {
            actions.push(Action::Do(Command::OpenExample));
        }
        ui.add_space(SPACE_L);
        ui.weak("Then press Separate. F1 shows every key, Ctrl+K finds every command");
    });
}

/// Dims the window while files are held over it, and says what will happen.
pub fn drop_overlay(ctx: &egui::Context) {
    let files: Vec<String> = ctx.input(|input| {
        let path = |file: &egui::HoveredFile| file.path.as_ref().map(|p| p.display().to_string());
        input
            .raw
            .hovered_files
            .iter()
            .map(|file| path(file).unwrap_or_else(|| "a file".into()))
            .collect()
    });
    if files.is_empty() {
        return;
    }
    let tokens = tokens(ctx);
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, Color32::from_black_alpha(190));
    let frame = rect.shrink(24.0);
    painter.rect_stroke(
        frame,
        12.0,
        egui::Stroke::new(2.0, tokens.accent),
        egui::StrokeKind::Inside,
    );
    let known = |file: &String| {
        let extension = file.rsplit('.').next().unwrap_or("").to_lowercase();
        SUPPORTED_EXTENSIONS.contains(&extension.as_str())
            || extension == "onnx"
            || !file.rsplit('/').next().unwrap_or("").contains('.')
    };
    let (good, bad): (Vec<&String>, Vec<&String>) = files.iter().partition(|file| known(file));
    let title = if good.is_empty() {
        "This is no audio file of a known kind"
    } else {
        "Drop to open"
    };
    let centre = rect.center();
    painter.text(
        centre,
        Align2::CENTER_BOTTOM,
        title,
        FontId::proportional(24.0),
        Color32::WHITE,
    );
    let names: Vec<&str> = good
        .iter()
        .chain(&bad)
        .take(6)
        .map(|file| file.rsplit(['/', '\\']).next().unwrap_or(file))
        .collect();
    painter.text(
        centre + egui::vec2(0.0, SPACE_L),
        Align2::CENTER_TOP,
        names.join("\n"),
        FontId::proportional(14.0),
        Color32::from_gray(210),
    );
}
