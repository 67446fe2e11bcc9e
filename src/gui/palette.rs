//! The command palette: type a part of a name, press Enter.

use egui::{Key, Modifiers, RichText};

use super::command::Command;
use super::scene::{Action, Scene};
use super::theme::{small, tokens};
use super::topbar::is_enabled;

const MAX_ROWS: usize = 12;

/// The palette's state.
#[derive(Default)]
pub struct Palette {
    open: bool,
    just_opened: bool,
    query: String,
    chosen: usize,
}

impl Palette {
    /// Opens it, empty.
    pub fn show(&mut self) {
        *self = Self {
            open: true,
            just_opened: true,
            ..Self::default()
        };
    }

    /// Whether it is open and takes the keys.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Paints it.
    pub fn ui(&mut self, ctx: &egui::Context, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        if !self.open {
            return;
        }
        let found = matches(&self.query);
        let (up, down, enter) = ctx.input_mut(|input| {
            (
                input.consume_key(Modifiers::NONE, Key::ArrowUp),
                input.consume_key(Modifiers::NONE, Key::ArrowDown),
                input.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        let usable: Vec<usize> = (0..found.len())
            .filter(|i| is_enabled(found[*i], scene))
            .collect();
        if !usable.contains(&self.chosen) {
            self.chosen = usable.first().copied().unwrap_or(0);
        }
        let at = usable.iter().position(|i| *i == self.chosen).unwrap_or(0);
        if down && at + 1 < usable.len() {
            self.chosen = usable[at + 1];
        }
        if up && at > 0 {
            self.chosen = usable[at - 1];
        }
        let mut run = enter.then(|| found.get(self.chosen).copied()).flatten();
        let modal = egui::Modal::new(egui::Id::unique("palette")).show(ctx, |ui| {
            ui.set_width(480.0);
            let edit = egui::TextEdit::singleline(&mut self.query)
                .hint_text("Find a command")
                .desired_width(f32::INFINITY);
            let response = ui.add(edit);
            if self.just_opened {
                response.request_focus();
                self.just_opened = false;
            }
            if response.changed() {
                self.chosen = 0;
            }
            ui.separator();
            if found.is_empty() {
                ui.weak("No command has this in its name");
            }
            let first = self.chosen.saturating_sub(MAX_ROWS - 1);
            for (i, command) in found.iter().enumerate().skip(first).take(MAX_ROWS) {
                let spec = command.spec();
                let mut button = egui::Button::selectable(i == self.chosen, spec.name)
                    .min_size(egui::vec2(464.0, 26.0));
                if let Some(key) = spec.key {
                    button = button.shortcut_text(ctx.format_shortcut(&key));
                }
                let response = ui
                    .add_enabled(is_enabled(*command, scene), button)
                    .on_hover_text(spec.tip);
                if response.clicked() {
                    run = Some(*command);
                }
            }
            if found.len() > MAX_ROWS {
                let text = format!("{} commands", found.len());
                ui.label(RichText::new(text).font(small()).color(tokens(ctx).faint));
            }
        });
        if modal.should_close() {
            self.open = false;
        }
        if let Some(command) = run.filter(|command| is_enabled(*command, scene)) {
            self.open = false;
            actions.push(Action::Do(command));
        }
    }
}

/// Commands whose name has every word of the query; those that start with it first.
fn matches(query: &str) -> Vec<Command> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut found: Vec<Command> = Command::ALL
        .into_iter()
        .filter(|command| *command != Command::Palette)
        .filter(|command| {
            let text = format!("{} {}", command.spec().name, command.spec().tip).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    let name = |command: &Command| command.spec().name.to_lowercase();
    found.sort_by_key(|command| {
        (
            !name(command).starts_with(&query),
            !words.iter().all(|w| name(command).contains(w)),
        )
    });
    found
}
