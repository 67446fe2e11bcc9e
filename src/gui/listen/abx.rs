//! The ABX test while it runs: three sounds, two answers, and nothing that gives X away.

use std::time::Instant;

use egui::{RichText, Ui, vec2};

use super::ListenAction;
use crate::gui::command::Command;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, tokens};
use crate::listen::{AbxTest, Choice};
use crate::session::Id;

/// What can be heard in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Take A.
    A,
    /// Take B.
    B,
    /// The unknown.
    X,
}

/// A test under way.
#[derive(Debug, Clone)]
pub struct AbxRun {
    pub(super) test: AbxTest,
    /// Lanes A and B.
    pub(super) lanes: (Id, Id),
    pub(super) hears: Sound,
    /// When the trial began.
    pub(super) began: Instant,
    pub(super) switches: u32,
}

impl AbxRun {
    pub(super) fn new(test: AbxTest, lanes: (Id, Id)) -> Self {
        Self {
            test,
            lanes,
            hears: Sound::X,
            began: Instant::now(),
            switches: 0,
        }
    }

    /// The lane that is heard.
    pub(super) fn heard(&self) -> Id {
        let is_a = match self.hears {
            Sound::A => true,
            Sound::B => false,
            Sound::X => self.test.x() == Some(Choice::A),
        };
        if is_a { self.lanes.0 } else { self.lanes.1 }
    }
}

pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, run: &AbxRun, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    let number = run.test.current().unwrap_or(run.test.trials_wanted);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() - 330.0).max(0.0) / 2.0);
        ui.heading(format!("Trial {number} of {}", run.test.trials_wanted));
        ui.label(RichText::new("Which one is X? Switch as often as you like.").color(tokens.faint));
        ui.add_space(SPACE_L);
        row(ui, 3, |ui| {
            let sounds = [
                (Sound::A, Command::HearA, "A"),
                (Sound::X, Command::HearX, "X"),
                (Sound::B, Command::HearB, "B"),
            ];
            for (sound, command, name) in sounds {
                let heard = run.hears == sound;
                let text = RichText::new(name).size(34.0).strong();
                let fill = if heard {
                    tokens.accent.gamma_multiply(0.6)
                } else {
                    tokens.raised
                };
                let button = egui::Button::new(text)
                    .fill(fill)
                    .min_size(vec2(120.0, 84.0));
                let tip = command.tooltip(ui.ctx());
                let response = ui.add(button).on_hover_text(tip);
                let label = format!("Hear {name}");
                response.widget_info(|| {
                    egui::WidgetInfo::selected(egui::Role::Button, true, heard, &label)
                });
                if response.clicked() {
                    actions.push(Action::Listen(ListenAction::HearSound(sound)));
                }
            }
        });
        ui.add_space(SPACE_L);
        row(ui, 2, |ui| {
            for (choice, command) in [(Choice::A, Command::AnswerA), (Choice::B, Command::AnswerB)]
            {
                let text = format!("X is {}", choice.label());
                let text = RichText::new(text).strong().color(tokens.on_accent);
                let button = egui::Button::new(text)
                    .fill(tokens.accent)
                    .min_size(vec2(120.0, 40.0));
                if ui
                    .add(button)
                    .on_hover_text(command.tooltip(ui.ctx()))
                    .clicked()
                {
                    actions.push(Action::Listen(ListenAction::Answer(choice)));
                }
            }
        });
        ui.add_space(SPACE_L);
        let hint = if scene.playing {
            "Results are shown after the last trial"
        } else {
            "Press Space to play"
        };
        ui.label(RichText::new(hint).color(tokens.faint));
        ui.add_space(SPACE_M);
        let tip = "Leave the test; what was answered is kept as a result";
        if ui.button("Leave the test").on_hover_text(tip).clicked() {
            actions.push(Action::Do(Command::Abx));
        }
    });
}

/// Buttons of 120 points in the middle.
fn row(ui: &mut Ui, count: usize, add: impl FnOnce(&mut Ui)) {
    let spacing = ui.spacing().item_spacing.x;
    let width = count as f32 * 120.0 + (count as f32 - 1.0) * spacing;
    ui.horizontal(|ui| {
        ui.add_space((ui.available_width() - width).max(0.0) / 2.0);
        add(ui);
    });
}
