//! The controls at the left of a lane: name, mute, solo, gain, and a menu.

use egui::{Color32, Rect, RichText, Stroke, Ui, UiBuilder};

use crate::gui::scene::{Action, Drag, Scene};
use crate::gui::theme::{small, stem_colour, tokens};
use crate::gui::truth::curve;
use crate::session::{Lane, LaneView, SILENT_DB, Song};

/// Paints the controls.
pub fn ui(
    ui: &mut Ui,
    rect: Rect,
    scene: &Scene<'_>,
    song: &Song,
    lane: &Lane,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui.ctx());
    let light = ui.ctx().theme() == egui::Theme::Light;
    let chosen = scene.chosen_lane == Some(lane.id);
    ui.painter().rect_filled(
        rect,
        0.0,
        if chosen {
            tokens.raised.gamma_multiply(0.55)
        } else {
            tokens.panel
        },
    );
    let colour = stem_colour(&lane.name, light);
    ui.painter()
        .vline(rect.left() + 1.5, rect.y_range(), Stroke::new(3.0, colour));
    let builder = UiBuilder::new()
        .max_rect(rect.shrink2(egui::vec2(10.0, 6.0)))
        .id_salt(("head", lane.id));
    // A child allocates nothing, so the row below starts where this row ends.
    let mut child = ui.new_child(builder);
    {
        let ui = &mut child;
        ui.shrink_clip_rect(rect);
        ui.spacing_mut().item_spacing = egui::vec2(4.0, 4.0);
        let name = egui::Label::new(RichText::new(title(&lane.name)).strong())
            .truncate()
            .sense(egui::Sense::click());
        let take = song.takes.iter().find(|take| Some(take.id) == lane.take);
        let about = take.map_or_else(
            || "The song as it is".to_owned(),
            |take| format!("{} · {}", take.name, take.model),
        );
        let response = ui.add(name).on_hover_text(about);
        if response.clicked() {
            actions.push(Action::Choose(lane.id));
        }
        response.context_menu(|ui| menu(ui, song, lane, actions));
        ui.horizontal(|ui| {
            let on =
                |ui: &mut Ui, letter: &str, label: &str, tip: &str, active: bool, fill: Color32| {
                    let text = if active {
                        RichText::new(letter).strong().color(tokens.on_accent)
                    } else {
                        RichText::new(letter)
                    };
                    let mut button = egui::Button::new(text).min_size(egui::vec2(24.0, 20.0));
                    if active {
                        button = button.fill(fill);
                    }
                    let response = ui.add(button).on_hover_text(tip);
                    response.widget_info(|| {
                        egui::WidgetInfo::selected(egui::Role::Button, true, active, label)
                    });
                    response.clicked()
                };
            let name = &lane.name;
            if on(
                ui,
                "M",
                &format!("Mute {name}"),
                "Mute (M)",
                lane.muted,
                tokens.warning,
            ) {
                actions.push(Action::Mute(lane.id));
            }
            if on(
                ui,
                "S",
                &format!("Solo {name}"),
                "Hear this alone (S)",
                lane.soloed,
                tokens.accent,
            ) {
                actions.push(Action::Solo(lane.id));
            }
            let more = ui.add(egui::Button::new("…").min_size(egui::vec2(24.0, 20.0)));
            let more = more.on_hover_text("What this lane shows, overlay, order");
            more.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, format!("More for {name}"))
            });
            egui::Popup::menu(&more).show(|ui| menu(ui, song, lane, actions));
        });
        gain(ui, lane, actions);
        let scores = scene.truth.lane(lane);
        if let Some(scores) = scores.filter(|_| scene.settings.show_sdr) {
            curve::head(ui, &lane.name, scores);
        }
    }
}

fn gain(ui: &mut Ui, lane: &Lane, actions: &mut Vec<Action>) {
    let mut db = lane.gain_db;
    ui.spacing_mut().slider_width = 62.0;
    ui.spacing_mut().interact_size.x = 40.0;
    let slider = egui::Slider::new(&mut db, SILENT_DB..=12.0)
        .custom_formatter(|db, _| {
            if db <= f64::from(SILENT_DB) {
                "−∞ dB".into()
            } else {
                format!("{db:+.1}")
            }
        })
        .custom_parser(|text| {
            text.trim()
                .trim_end_matches("dB")
                .trim()
                .replace('−', "-")
                .parse()
                .ok()
        });
    let response = ui.name_inputs(format!("Gain of {}", lane.name), |ui| {
        ui.scope(|ui| {
            ui.style_mut().override_font_id = Some(small());
            ui.add(slider)
        })
        .inner
    });
    let response = response.on_hover_text("Gain in dB; double-click for 0");
    if response.double_clicked() {
        actions.push(Action::Gain(lane.id, 0.0, Drag::Done));
    } else if response.changed() {
        let drag = if response.dragged() {
            Drag::Going
        } else {
            Drag::Done
        };
        actions.push(Action::Gain(lane.id, db, drag));
    } else if response.drag_stopped() {
        actions.push(Action::Gain(lane.id, lane.gain_db, Drag::Done));
    }
}

fn menu(ui: &mut Ui, song: &Song, lane: &Lane, actions: &mut Vec<Action>) {
    ui.set_min_width(190.0);
    for (view, name) in [
        (LaneView::Wave, "Waveform"),
        (LaneView::Spectrogram, "Spectrogram"),
        (LaneView::Both, "Both"),
    ] {
        if ui.radio(lane.view == view, name).clicked() {
            actions.push(Action::View(lane.id, view));
            ui.close();
        }
    }
    ui.separator();
    ui.menu_button("Overlay", |ui| {
        if ui.radio(lane.overlay.is_none(), "None").clicked() {
            actions.push(Action::Overlay(lane.id, None));
            ui.close();
        }
        for other in super::others(song, lane.id) {
            if ui
                .radio(lane.overlay == Some(other.id), title(&other.name))
                .clicked()
            {
                actions.push(Action::Overlay(lane.id, Some(other.id)));
                ui.close();
            }
        }
    });
    ui.separator();
    for (by, name) in [(-1, "Move up"), (1, "Move down")] {
        if ui.button(name).clicked() {
            actions.push(Action::Move(lane.id, by));
            ui.close();
        }
    }
    let tip = "The take keeps its files; Undo brings the lane back";
    if ui
        .add_enabled(lane.take.is_some(), egui::Button::new("Remove lane"))
        .on_hover_text(tip)
        .clicked()
    {
        actions.push(Action::RemoveLane(lane.id));
        ui.close();
    }
}

/// A stem's name with a capital.
fn title(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
