//! A lane's SDR over its waveform, a step per second, and in its head.

use egui::{Rect, RichText, Shape, Stroke, Ui, pos2};

use super::{LaneScores, decibels};
use crate::display::Viewport;
use crate::gui::theme::{small, tokens};

/// What the height of the curve shows, in dB.
const RANGE_DB: (f64, f64) = (-5.0, 20.0);
/// Points around the curve that still hit it.
const NEAR_POINTS: f32 = 6.0;

/// Paints the curve into a lane's rectangle. Seconds without a number are gaps.
pub fn paint(ui: &Ui, rect: Rect, view: &Viewport, scores: &LaneScores) {
    let tokens = tokens(ui.ctx());
    let painter = ui.painter_at(rect);
    let x = |secs: f64| rect.left() + view.x_from_secs(secs) as f32;
    let zero = row(rect, 0.0);
    painter.add(Shape::dashed_line(
        &[pos2(rect.left(), zero), pos2(rect.right(), zero)],
        Stroke::new(1.0, tokens.faint.gamma_multiply(0.4)),
        2.0,
        6.0,
    ));
    let stroke = Stroke::new(1.2, tokens.text.gamma_multiply(0.8));
    let mut points = Vec::new();
    for (second, db) in scores.frames.sdr.iter().enumerate() {
        if db.is_nan() {
            draw(&painter, &mut points, stroke);
            continue;
        }
        let secs = scores.start_secs + second as f64 * scores.hop_secs;
        let y = row(rect, *db);
        points.push(pos2(x(secs), y));
        points.push(pos2(x(secs + scores.hop_secs), y));
    }
    draw(&painter, &mut points, stroke);
}

/// Draws what was gathered and begins anew.
fn draw(painter: &egui::Painter, points: &mut Vec<egui::Pos2>, stroke: Stroke) {
    if points.len() > 1 {
        painter.add(Shape::line(std::mem::take(points), stroke));
    }
    points.clear();
}

fn row(rect: Rect, db: f64) -> f32 {
    let (low, high) = RANGE_DB;
    let unit = ((db - low) / (high - low)).clamp(0.0, 1.0);
    rect.bottom() - 2.0 - (rect.height() - 4.0) * unit as f32
}

/// The second under a point, if the curve passes there.
fn second(rect: Rect, view: &Viewport, scores: &LaneScores, at: egui::Pos2) -> Option<usize> {
    if !rect.contains(at) {
        return None;
    }
    let secs = view.secs_from_x(f64::from(at.x - rect.left()));
    let place = (secs - scores.start_secs) / scores.hop_secs;
    let second = (place >= 0.0).then_some(place as usize)?;
    let db = scores.frames.sdr.get(second).filter(|db| !db.is_nan())?;
    ((at.y - row(rect, *db)).abs() <= NEAR_POINTS).then_some(second)
}

/// The time of the second whose curve is at a point.
pub fn hit(rect: Rect, view: &Viewport, scores: &LaneScores, at: egui::Pos2) -> Option<f64> {
    let second = second(rect, view, scores, at)?;
    Some(scores.start_secs + second as f64 * scores.hop_secs)
}

/// What the curve says at a point.
pub fn words(rect: Rect, view: &Viewport, scores: &LaneScores, at: egui::Pos2) -> Option<String> {
    let second = second(rect, view, scores, at)?;
    let frames = &scores.frames;
    let values = [&frames.sdr, &frames.isr, &frames.sir, &frames.sar];
    let values = values.map(|values| values.get(second).copied().unwrap_or(f64::NAN));
    Some(format!("{}. Click to hear this second", figures(values)))
}

fn figures(values: [f64; 4]) -> String {
    let [sdr, isr, sir, sar] = values.map(decibels);
    format!("SDR {sdr}, ISR {isr}, SIR {sir}, SAR {sar}")
}

/// The median SDR in the lane's head.
pub fn head(ui: &mut Ui, lane: &str, scores: &LaneScores) {
    let medians = scores.medians();
    let text = RichText::new(format!("SDR {}", decibels(medians[0]))).font(small());
    let response = ui.add(egui::Label::new(text).selectable(false));
    let tip = format!(
        "{}: medians over {} seconds, measured against the true {}",
        figures(medians),
        scores.frames.sdr.len(),
        scores.stem
    );
    let label = format!("SDR of {lane}: {}", decibels(medians[0]));
    response
        .on_hover_text(tip)
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
}
