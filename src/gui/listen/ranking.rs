//! The blind ranking while it runs: one slider per take in hidden order, and the open reference.

use egui::{RichText, Slider, Ui, vec2};

use super::ListenAction;
use crate::gui::command::Command;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, figures, small, tokens};
use crate::listen::{Ranking, scale_words};
use crate::session::Id;

/// A ranking under way.
#[derive(Debug, Clone)]
pub struct RankingRun {
    pub(super) ranking: Ranking,
    /// The lanes of the conditions, then the reference's.
    pub(super) lanes: Vec<Id>,
    /// The slider that is heard; none is the open reference.
    pub(super) hears: Option<usize>,
}

impl RankingRun {
    /// The lane that is heard.
    pub(super) fn heard(&self) -> Id {
        let reference = self.lanes.len() - 1;
        let item = match (self.hears, self.ranking.current()) {
            (Some(slider), Some(round)) => self
                .ranking
                .order(round)
                .get(slider)
                .copied()
                .unwrap_or(reference),
            _ => reference,
        };
        self.lanes[item]
    }
}

pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, run: &RankingRun, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    let ranking = &run.ranking;
    let round = ranking.current().unwrap_or(ranking.rounds_wanted);
    ui.vertical_centered(|ui| {
        ui.heading(format!("Round {round} of {}", ranking.rounds_wanted));
        let text = "Rate each sound against the reference. One of them is the reference itself.";
        ui.label(RichText::new(text).color(tokens.faint));
    });
    ui.add_space(SPACE_L);
    let height = (ui.available_height() - 150.0).clamp(120.0, 420.0);
    let width = 92.0;
    ui.horizontal_top(|ui| {
        let used = (ranking.sliders() + 1) as f32 * (width + ui.spacing().item_spacing.x);
        ui.add_space((ui.available_width() - used).max(0.0) / 2.0);
        column(ui, width, |ui| {
            let tip = Command::HearA.tooltip(ui.ctx());
            if hear_button(ui, "Reference", run.hears.is_none(), &tip) {
                actions.push(Action::Listen(ListenAction::HearSlider(None)));
            }
            scale(ui, height);
        });
        for slider in 0..ranking.sliders() {
            column(ui, width, |ui| {
                let name = format!("Sound {}", slider + 1);
                let tip = format!("Key {}", slider + 1);
                if hear_button(ui, &name, run.hears == Some(slider), &tip) {
                    actions.push(Action::Listen(ListenAction::HearSlider(Some(slider))));
                }
                rate(ui, (slider, ranking.ratings[slider]), height, actions);
            });
        }
    });
    ui.add_space(SPACE_L);
    ui.vertical_centered(|ui| {
        let complete = ranking.ratings.iter().all(Option::is_some);
        let last = u64::from(round) == u64::from(ranking.rounds_wanted);
        let name = if last { "Finish" } else { "Next round" };
        let text = RichText::new(name).strong().color(tokens.on_accent);
        let button = egui::Button::new(text)
            .fill(tokens.accent)
            .min_size(vec2(140.0, 34.0));
        let response = ui
            .add_enabled(complete, button)
            .on_hover_text(Command::NextRound.tooltip(ui.ctx()))
            .on_disabled_hover_text("Rate every sound first");
        if response.clicked() {
            actions.push(Action::Do(Command::NextRound));
        }
        ui.add_space(SPACE_M);
        if !scene.playing {
            ui.label(
                RichText::new("Press Space to play")
                    .font(small())
                    .color(tokens.faint),
            );
        }
        let tip = "Leave the ranking; finished rounds are kept as a result";
        if ui.button("Leave the ranking").on_hover_text(tip).clicked() {
            actions.push(Action::Do(Command::Ranking));
        }
    });
}

fn column(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) {
    ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
        ui.set_width(width);
        ui.vertical_centered(add);
    });
}

fn hear_button(ui: &mut Ui, name: &str, heard: bool, tip: &str) -> bool {
    let tokens = tokens(ui.ctx());
    let fill = if heard {
        tokens.accent.gamma_multiply(0.6)
    } else {
        tokens.raised
    };
    let button = egui::Button::new(name)
        .fill(fill)
        .min_size(vec2(84.0, 34.0));
    let response = ui.add(button).on_hover_text(tip);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, heard, name));
    response.clicked()
}

fn rate(
    ui: &mut Ui,
    (slider, rating): (usize, Option<f32>),
    height: f32,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui.ctx());
    let mut value = rating.unwrap_or(50.0);
    ui.spacing_mut().slider_width = height;
    let widget = Slider::new(&mut value, 0.0..=100.0)
        .vertical()
        .show_value(false)
        .step_by(1.0);
    let label = format!("Rating of sound {}", slider + 1);
    let inset = (ui.available_width() - ui.spacing().interact_size.y) / 2.0;
    let response = ui
        .horizontal(|ui| {
            ui.add_space(inset);
            if rating.is_none() {
                ui.set_opacity(0.5);
            }
            ui.name_inputs(label, |ui| ui.add(widget))
        })
        .inner;
    // A click where the handle stands rates as well.
    if response.changed() || (response.clicked() && rating.is_none()) {
        actions.push(Action::Listen(ListenAction::Rate(slider, value)));
    }
    let text = rating.map_or_else(|| "–".to_owned(), |score| format!("{score:.0}"));
    ui.label(RichText::new(text).font(figures()));
    let word = rating.map_or("not rated", scale_words);
    ui.label(RichText::new(word).font(small()).color(tokens.faint));
}

/// The words of the scale, beside the sliders.
fn scale(ui: &mut Ui, height: f32) {
    let faint = tokens(ui.ctx()).faint;
    for score in [90.0, 70.0, 50.0, 30.0, 10.0] {
        let size = vec2(
            ui.available_width(),
            height / 5.0 - ui.spacing().item_spacing.y,
        );
        let label = egui::Label::new(RichText::new(scale_words(score)).font(small()).color(faint));
        ui.add_sized(size, label);
    }
}
