//! Notices: a toast for some seconds, a list for ever.

use egui::{Align2, Color32, Frame, Order, RichText};

use super::theme::{SPACE_M, SPACE_S, tokens};

/// Seconds that a toast stays.
const TOAST_SECS: f64 = 6.0;
const MAX_TOASTS: usize = 3;
const MAX_KEPT: usize = 200;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

struct Notice {
    level: Level,
    text: String,
    /// When it was first shown; none before.
    since: Option<f64>,
    dismissed: bool,
}

/// All notices of this run.
#[derive(Default)]
pub struct Notices {
    list: Vec<Notice>,
    unread: usize,
    /// Whether the list is open.
    pub open: bool,
}

impl Notices {
    /// Adds one; the same text twice in a row is one.
    pub fn add(&mut self, level: Level, text: impl Into<String>) {
        let text = text.into();
        if self
            .list
            .last()
            .is_some_and(|last| last.text == text && !last.dismissed)
        {
            return;
        }
        self.list.push(Notice {
            level,
            text,
            since: None,
            dismissed: false,
        });
        self.unread += 1;
        if self.list.len() > MAX_KEPT {
            self.list.remove(0);
        }
    }

    /// Notices not yet looked at in the list.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// The newest text, for tests.
    pub fn last(&self) -> Option<&str> {
        self.list.last().map(|notice| notice.text.as_str())
    }

    /// Paints toasts, and the list if it is open.
    pub fn ui(&mut self, ctx: &egui::Context) {
        let now = ctx.input(|input| input.time);
        let mut shown: Vec<&mut Notice> = self
            .list
            .iter_mut()
            .rev()
            .take(MAX_TOASTS * 2)
            .filter(|n| !n.dismissed && n.since.is_none_or(|since| now - since < TOAST_SECS))
            .take(MAX_TOASTS)
            .collect();
        if !shown.is_empty() {
            ctx.request_repaint_after_secs(0.5);
            egui::Area::new(egui::Id::unique("toasts"))
                .order(Order::Foreground)
                .anchor(Align2::RIGHT_BOTTOM, [-16.0, -16.0])
                .role(egui::Role::Alert)
                .show(ctx, |ui| {
                    for notice in shown.iter_mut().rev() {
                        notice.since.get_or_insert(now);
                        toast(ui, notice);
                        ui.add_space(SPACE_S);
                    }
                });
        }
        self.list_ui(ctx);
    }

    fn list_ui(&mut self, ctx: &egui::Context) {
        if !self.open {
            return;
        }
        self.unread = 0;
        egui::Window::new("Notices")
            .open(&mut self.open)
            .default_width(460.0)
            .vscroll(true)
            .show(ctx, |ui| {
                if self.list.is_empty() {
                    ui.weak("Nothing happened yet");
                }
                for notice in self.list.iter().rev() {
                    ui.horizontal_wrapped(|ui| {
                        ui.label(
                            RichText::new(mark(notice.level))
                                .color(colour(ui, notice.level))
                                .strong(),
                        );
                        ui.label(&notice.text);
                    });
                    ui.separator();
                }
            });
    }
}

fn toast(ui: &mut egui::Ui, notice: &mut Notice) {
    let tokens = tokens(ui.ctx());
    Frame::popup(ui.style())
        .fill(tokens.raised)
        .inner_margin(SPACE_M)
        .show(ui, |ui| {
            ui.set_width(360.0);
            ui.horizontal_top(|ui| {
                ui.label(
                    RichText::new(mark(notice.level))
                        .color(colour(ui, notice.level))
                        .strong(),
                );
                ui.with_layout(egui::Layout::right_to_left(egui::Align::TOP), |ui| {
                    if ui.small_button("×").on_hover_text("Dismiss").clicked() {
                        notice.dismissed = true;
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::TOP), |ui| {
                        ui.add(egui::Label::new(&notice.text).wrap());
                    });
                });
            });
        });
}

fn mark(level: Level) -> &'static str {
    match level {
        Level::Info => "Done",
        Level::Warning => "Note",
        Level::Error => "Failed",
    }
}

fn colour(ui: &egui::Ui, level: Level) -> Color32 {
    let tokens = tokens(ui.ctx());
    match level {
        Level::Info => tokens.accent,
        Level::Warning => tokens.warning,
        Level::Error => tokens.error,
    }
}
