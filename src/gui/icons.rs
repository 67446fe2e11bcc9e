//! Icons painted as shapes, so that no font needs to have them, and the program's own icon.

use std::sync::Arc;

use egui::{Color32, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

use super::theme::tokens;

/// What an icon button shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A triangle.
    Play,
    /// Two bars.
    Pause,
    /// A bar and a triangle to the left.
    ToStart,
    /// A square.
    Stop,
    /// Two arrows in a ring.
    Loop,
    /// Three lines.
    Menu,
    /// A bell.
    Bell,
    /// An arrow head upwards.
    Up,
    /// An arrow head downwards.
    Down,
    /// Two crossed lines.
    Cross,
}

/// A square button with an icon; `label` names it for tests and screen readers.
pub fn icon_button(ui: &mut Ui, icon: Icon, label: &str, tip: &str, active: bool) -> Response {
    let size = Vec2::splat(ui.spacing().interact_size.y + 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), active, label)
    });
    if ui.is_rect_visible(rect) {
        let tokens = tokens(ui.ctx());
        let visuals = ui.style().interact(&response);
        if response.hovered() || response.has_focus() || active {
            ui.painter().rect(
                rect,
                visuals.corner_radius,
                visuals.bg_fill,
                visuals.bg_stroke,
                egui::StrokeKind::Inside,
            );
        }
        let colour = match (ui.is_enabled(), active) {
            (false, _) => tokens.faint.gamma_multiply(0.5),
            (true, true) => tokens.accent,
            (true, false) => tokens.text,
        };
        paint(ui.painter(), icon, rect.shrink(size.x * 0.3), colour);
    }
    response.on_hover_text(tip)
}

fn paint(painter: &egui::Painter, icon: Icon, r: Rect, colour: Color32) {
    let filled = |points: Vec<Pos2>| Shape::convex_polygon(points, colour, Stroke::NONE);
    let stroke = Stroke::new(1.6, colour);
    match icon {
        Icon::Play => {
            painter.add(filled(vec![
                r.left_top(),
                pos2(r.right() + 1.0, r.center().y),
                r.left_bottom(),
            ]));
        }
        Icon::Pause => {
            let w = r.width() * 0.34;
            painter.rect_filled(Rect::from_min_size(r.min, vec2(w, r.height())), 1.0, colour);
            painter.rect_filled(
                Rect::from_min_max(pos2(r.right() - w, r.top()), r.max),
                1.0,
                colour,
            );
        }
        Icon::ToStart => {
            painter.rect_filled(
                Rect::from_min_size(r.min, vec2(2.0, r.height())),
                0.0,
                colour,
            );
            painter.add(filled(vec![
                r.right_top(),
                r.right_bottom(),
                pos2(r.left() + 3.0, r.center().y),
            ]));
        }
        Icon::Stop => {
            painter.rect_filled(r.shrink(0.5), 1.0, colour);
        }
        Icon::Loop => {
            painter.rect_stroke(
                r.shrink2(vec2(0.0, 1.5)),
                4.0,
                stroke,
                egui::StrokeKind::Middle,
            );
            let tip = pos2(r.right() - 2.0, r.top() + 1.5);
            painter.add(filled(vec![
                tip + vec2(-4.5, -3.5),
                tip + vec2(0.5, 0.0),
                tip + vec2(-4.5, 3.5),
            ]));
        }
        Icon::Menu => {
            for i in 0..3_u8 {
                let y = r.top() + r.height() * (0.15 + 0.35 * f32::from(i));
                painter.hline(r.x_range(), y, stroke);
            }
        }
        Icon::Up | Icon::Down => {
            let (tip, foot) = match icon {
                Icon::Up => (r.top() + 2.0, r.bottom() - 3.0),
                _ => (r.bottom() - 2.0, r.top() + 3.0),
            };
            let points = vec![
                pos2(r.left(), foot),
                pos2(r.center().x, tip),
                pos2(r.right(), foot),
            ];
            painter.add(Shape::line(points, stroke));
        }
        Icon::Cross => {
            let r = r.shrink(1.0);
            painter.line_segment([r.left_top(), r.right_bottom()], stroke);
            painter.line_segment([r.right_top(), r.left_bottom()], stroke);
        }
        Icon::Bell => {
            let c = r.center();
            painter.add(filled(vec![
                pos2(c.x - 2.0, r.top()),
                pos2(c.x + 2.0, r.top()),
                pos2(c.x + 4.0, r.top() + 4.0),
                pos2(r.right(), r.bottom() - 2.5),
                pos2(r.left(), r.bottom() - 2.5),
                pos2(c.x - 4.0, r.top() + 4.0),
            ]));
            painter.circle_filled(pos2(c.x, r.bottom()), 1.6, colour);
        }
    }
}

/// The program's icon: three stems on a dark ground.
pub fn app_icon() -> Arc<egui::IconData> {
    const SIZE: u32 = 64;
    let bars: [(f32, [u8; 3]); 5] = [
        (0.38, [236, 120, 158]),
        (0.72, [238, 156, 74]),
        (0.94, [72, 187, 176]),
        (0.62, [90, 164, 240]),
        (0.30, [158, 128, 236]),
    ];
    let mut rgba = Vec::with_capacity((SIZE * SIZE * 4) as usize);
    for y in 0..SIZE {
        for x in 0..SIZE {
            let (u, v) = (x as f32 / SIZE as f32, y as f32 / SIZE as f32);
            let at = ((u - 0.1) / 0.8 * 5.0).clamp(0.0, 4.999);
            let (height, colour) = bars[at as usize];
            let in_bar = (0.1..0.9).contains(&u)
                && (0.18..0.82).contains(&at.fract())
                && (v - 0.5).abs() < height * 0.42;
            let [r, g, b] = if in_bar { colour } else { [24, 25, 29] };
            rgba.extend([r, g, b, 255]);
        }
    }
    Arc::new(egui::IconData {
        rgba,
        width: SIZE,
        height: SIZE,
    })
}
