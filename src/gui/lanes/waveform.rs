//! A clip's outline, as one mesh; samples as a line when they are wider than a pixel.

use egui::{Color32, Mesh, Rect, Shape, Stroke, Ui, pos2};

use crate::display::{Peak, Viewport};
use crate::gui::scene::ClipView;
use crate::gui::sketch::SKETCH_PARTS;
use crate::gui::theme::tokens;

/// Frames per pixel below which samples are drawn one by one.
const LINE_BELOW: f64 = 1.5;
/// Pixels per frame from which each sample gets a dot.
const DOTS_FROM: f64 = 6.0;

/// Paints the clip, which starts at `offset_secs`, in `rect`.
pub fn paint(
    ui: &Ui,
    rect: Rect,
    view: &Viewport,
    clip: &ClipView,
    offset_secs: f64,
    (gain, colour): (f32, Color32),
) {
    let painter = ui.painter_at(rect);
    let middle = rect.center().y;
    painter.hline(
        rect.x_range(),
        middle,
        Stroke::new(1.0, tokens(ui.ctx()).line),
    );
    let rate = f64::from(clip.clip.sample_rate_hz());
    let frames = clip.clip.frames();
    let half = rect.height() * 0.48;
    let y = |x: f32| middle - (x * gain).clamp(-1.0, 1.0) * half;
    let frame_at = |px: f64| (view.secs_from_x(px) - offset_secs) * rate;
    let frames_per_px = view.secs_per_px * rate;
    if frames_per_px < LINE_BELOW {
        let first = frame_at(0.0).floor().max(0.0) as usize;
        let last = (frame_at(f64::from(rect.width())).ceil().max(0.0) as usize + 1).min(frames);
        for channel in clip.clip.channels() {
            let points: Vec<egui::Pos2> = (first..last)
                .map(|i| {
                    let x = view.x_from_secs(offset_secs + i as f64 / rate);
                    pos2(rect.left() + x as f32, y(channel[i]))
                })
                .collect();
            if 1.0 / frames_per_px > DOTS_FROM {
                points.iter().for_each(|at| {
                    painter.circle_filled(*at, 2.0, colour);
                });
            }
            painter.add(Shape::line(points, Stroke::new(1.2, colour)));
        }
        return;
    }
    let width = rect.width().ceil() as usize;
    let mut outline = Mesh::default();
    let mut core = Mesh::default();
    outline.reserve_vertices(2 * width);
    core.reserve_vertices(2 * width);
    let faint = colour.gamma_multiply(0.55);
    for px in 0..width {
        // Absolute pixel columns: scrolling moves the picture and never redraws a column differently.
        let column = (view.start_secs / view.secs_per_px).floor() + px as f64;
        let from = (column * view.secs_per_px - offset_secs) * rate;
        let to = from + frames_per_px;
        if to <= 0.0 || from >= frames as f64 {
            continue;
        }
        let peak = clip.peak(
            from.max(0.0) as usize,
            (to.max(0.0) as usize).max(from.max(0.0) as usize + 1),
        );
        if peak.is_empty() {
            continue;
        }
        let shift = (view.start_secs / view.secs_per_px).fract() as f32;
        let x = rect.left() + px as f32 - shift;
        // At least one pixel high, so that silence is a line and neighbours touch.
        let (top, bottom) = (y(peak.max), y(peak.min));
        let bar = Rect::from_min_max(pos2(x, top.min(bottom - 1.0)), pos2(x + 1.0, bottom));
        outline.add_colored_rect(bar, faint);
        let rms = peak.rms();
        let inner = Rect::from_min_max(
            pos2(x, y(rms.min(peak.max))),
            pos2(x + 1.0, y((-rms).max(peak.min))),
        );
        core.add_colored_rect(inner, colour);
    }
    painter.add(Shape::mesh(outline));
    painter.add(Shape::mesh(core));
}

/// Paints the outline of a song that is still being read: the first of [`SKETCH_PARTS`] equal parts.
pub fn paint_sketch(
    ui: &Ui,
    rect: Rect,
    view: &Viewport,
    parts: &[Peak],
    song_secs: f64,
    colour: Color32,
) {
    const PARTS: f64 = SKETCH_PARTS as f64;
    let painter = ui.painter_at(rect);
    let (middle, half) = (rect.center().y, rect.height() * 0.48);
    let mut mesh = Mesh::default();
    for px in 0..rect.width().ceil() as usize {
        let part = |x: f64| view.secs_from_x(x) / song_secs.max(1e-9) * PARTS;
        let first = part(px as f64).max(0.0) as usize;
        let last = (part(px as f64 + 1.0) as usize).clamp(first + 1, first + 1 + PARTS as usize);
        let under = &parts[first.min(parts.len())..last.min(parts.len())];
        let (min, max) = under
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), p| {
                (min.min(p.min), max.max(p.max))
            });
        if min <= max {
            let x = rect.left() + px as f32;
            let top = middle - max.clamp(-1.0, 1.0) * half;
            let bottom = (middle - min.clamp(-1.0, 1.0) * half).max(top + 1.0);
            mesh.add_colored_rect(
                Rect::from_min_max(pos2(x, top), pos2(x + 1.0, bottom)),
                colour,
            );
        }
    }
    painter.add(Shape::mesh(mesh));
}
