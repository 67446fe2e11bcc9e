//! The time ruler, with the loop.

use egui::{Align2, Rect, Stroke, Ui, pos2};

use crate::display::Viewport;
use crate::gui::scene::Scene;
use crate::gui::theme::{small, tokens};
use crate::session::Song;

/// Paints ticks, labels and the looped stretch.
pub fn ui(ui: &Ui, rect: Rect, view: &Viewport, song: &Song, _scene: &Scene<'_>) {
    let tokens = tokens(ui.ctx());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, tokens.panel);
    let x = |secs: f64| rect.left() + view.x_from_secs(secs) as f32;
    if let Some(span) = song.arrangement.looped {
        let bar = Rect::from_x_y_ranges(
            x(span.start_secs)..=x(span.end_secs),
            rect.top()..=rect.top() + 6.0,
        );
        painter.rect_filled(bar, 3.0, tokens.accent);
    }
    let step = view.tick_secs(84.0);
    let first = (view.start_secs / step).floor() as i64;
    let last = (view.end_secs() / step).ceil() as i64;
    for n in first..=last {
        let secs = n as f64 * step;
        if secs > song.seconds + step {
            break;
        }
        let at = x(secs);
        painter.vline(
            at,
            rect.bottom() - 7.0..=rect.bottom(),
            Stroke::new(1.0, tokens.faint),
        );
        painter.text(
            pos2(at + 4.0, rect.bottom() - 3.0),
            Align2::LEFT_BOTTOM,
            label(secs, step),
            small(),
            tokens.faint,
        );
        for part in 1..5_u8 {
            let at = x(secs + step * f64::from(part) / 5.0);
            painter.vline(
                at,
                rect.bottom() - 3.0..=rect.bottom(),
                Stroke::new(1.0, tokens.line),
            );
        }
    }
    painter.hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        Stroke::new(1.0, tokens.line),
    );
}

/// m:ss, with the decimals that the step needs.
fn label(secs: f64, step: f64) -> String {
    let decimals = if step >= 1.0 {
        0
    } else {
        (-step.log10()).ceil().clamp(1.0, 5.0) as usize
    };
    let minutes = (secs / 60.0 + 1e-9).floor();
    let rest = (secs - 60.0 * minutes).max(0.0);
    let width = if decimals == 0 { 2 } else { 3 + decimals };
    format!("{minutes:.0}:{rest:0width$.decimals$}")
}
