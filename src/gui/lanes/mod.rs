//! The lanes: rows on a common time axis, with ruler, selection and playhead.
//!
//! ```text
//! |  (head)  | ruler                                   |
//! | name M S | waveform                                |
//! | gain     | spectrogram                             |
//! ```
//!
//! Gestures: wheel zooms at the pointer, Shift+wheel or a sideways swipe scrolls, pinch zooms,
//! drag selects, click seeks; on the ruler a click seeks, a drag loops.

mod head;
mod ruler;
mod spectrogram;
mod waveform;

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

pub(super) use ruler::ui as paint_ruler;
pub(super) use spectrogram::{paint as paint_spectrogram, paint_difference};

use super::scene::{Action, Cursor, Drag, Scene};
use super::theme::{LANE_HEAD_WIDTH, RULER_HEIGHT, stem_colour, tokens};
use super::tiles::Tiles;
use super::truth::{LaneScores, TruthAction, curve};
use crate::display::{FreqAxis, Viewport};
use crate::session::{Id, Lane, LaneView, Song, Span};

const MIN_LANE_HEIGHT: f32 = 92.0;
const MAX_LANE_HEIGHT: f32 = 300.0;
const GAP: f32 = 3.0;
/// Points of a drag that are still a click.
const CLICK_POINTS: f32 = 4.0;

/// What a drag began as.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Dragging {
    from_secs: f64,
    on_ruler: bool,
}

/// The stack of lanes, with what must outlive a frame.
#[derive(Default)]
pub struct LaneStack {
    dragging: Option<Dragging>,
}

impl LaneStack {
    /// Paints ruler and lanes and hears gestures.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        song: &Song,
        tiles: &mut Tiles,
        actions: &mut Vec<Action>,
    ) {
        let full = ui.available_rect_before_wrap();
        let time = full.with_min_x(full.left() + LANE_HEAD_WIDTH);
        let width = f64::from(time.width().max(1.0));
        // The view follows the window's width; the frame that shows it first already has it.
        let mut view = song.view;
        if (view.width_px - width).abs() > 0.5 {
            view.resize(width);
            actions.push(Action::Resize(width));
        }
        let ruler = time.with_max_y(time.top() + RULER_HEIGHT);
        ruler::ui(ui, ruler, &view, song, scene);
        let body = full.with_min_y(ruler.bottom());
        let lanes = &song.arrangement.lanes;
        let share = (body.height() / lanes.len().max(1) as f32) - GAP;
        let height = share.clamp(MIN_LANE_HEIGHT, MAX_LANE_HEIGHT);
        ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
            let scroll = egui::ScrollArea::vertical()
                .id_salt("lanes")
                .auto_shrink(false);
            // The wheel belongs to time; lanes beyond the window scroll by their bar.
            let source = egui::scroll_area::ScrollSource {
                mouse_wheel: false,
                ..Default::default()
            };
            scroll.scroll_source(source).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = GAP;
                for lane in lanes {
                    self.lane(ui, scene, song, lane, &view, height, tiles, actions);
                }
            });
        });
        self.gestures(ui, time, &view, song, actions);
        overlay(ui, time, &view, song, scene);
    }

    #[allow(clippy::too_many_arguments)] // one call site; a struct would only rename them
    fn lane(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        song: &Song,
        lane: &Lane,
        view: &Viewport,
        height: f32,
        tiles: &mut Tiles,
        actions: &mut Vec<Action>,
    ) {
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        if !ui.is_rect_visible(row) {
            return;
        }
        let tokens = tokens(ui.ctx());
        let head_rect = row.with_max_x(row.left() + LANE_HEAD_WIDTH);
        let plot = Rect::from_min_max(pos2(head_rect.right(), row.top()), row.max);
        head::ui(ui, head_rect, scene, song, lane, actions);
        let response = ui.interact(
            plot,
            ui.scope_id().with(("lane", lane.id)),
            Sense::click_and_drag(),
        );
        let state = if lane.muted { ", muted" } else { "" };
        let label = format!("{} lane{state}", lane.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &label));
        ui.painter().rect_filled(plot, 0.0, tokens.lane);
        let Some(clip) = scene.clips.get(&lane.clip) else {
            if let Some(parts) = scene.sketches.get(&lane.clip) {
                let light = ui.ctx().theme() == egui::Theme::Light;
                let colour = stem_colour(&lane.name, light).gamma_multiply(0.7);
                waveform::paint_sketch(ui, plot, view, parts, song.seconds, colour);
            }
            let failed = scene.failed.get(&lane.clip);
            let (text, colour) = match failed {
                Some(reason) => (reason.as_str(), tokens.error),
                None => ("Opening…", tokens.faint),
            };
            let font = super::theme::small();
            let galley = ui
                .painter()
                .layout(text.to_owned(), font, colour, plot.width() - 24.0);
            let at = plot.center() - galley.size() * 0.5;
            ui.painter().galley(at, galley, colour);
            return;
        };
        let (wave, spectrum) = match lane.view {
            LaneView::Wave => (Some(plot), None),
            LaneView::Spectrogram => (None, Some(plot)),
            LaneView::Both => {
                let y = plot.top() + plot.height() * 0.42;
                (Some(plot.with_max_y(y)), Some(plot.with_min_y(y)))
            }
        };
        let light = ui.ctx().theme() == egui::Theme::Light;
        let other = lane.overlay.and_then(|id| song.lane(id));
        let dim = if lane.muted { 0.35 } else { 1.0 };
        if let Some(rect) = spectrum {
            spectrogram::paint(ui, rect, view, lane, clip, scene.settings, tiles, dim);
        }
        if let Some(rect) = wave {
            let colour = stem_colour(&lane.name, light).gamma_multiply(dim);
            waveform::paint(
                ui,
                rect,
                view,
                clip,
                lane.offset_secs,
                (lane.gain(), colour),
            );
        }
        // A second lane over the first, in its own colour.
        if let Some((other, clip)) = other.and_then(|o| Some((o, scene.clips.get(&o.clip)?))) {
            let colour = stem_colour(&other.name, light).gamma_multiply(0.6);
            waveform::paint(
                ui,
                wave.unwrap_or(plot),
                view,
                clip,
                other.offset_secs,
                (other.gain(), colour),
            );
        }
        // The curve lies over whatever the upper part shows.
        let scores = scene.truth.lane(lane).filter(|_| scene.settings.show_sdr);
        let scores = scores.map(|scores| (wave.unwrap_or(plot), scores));
        if let Some((rect, scores)) = scores {
            curve::paint(ui, rect, view, scores);
        }
        if scene.chosen_lane == Some(lane.id) {
            ui.painter().vline(
                plot.left() + 1.0,
                plot.y_range(),
                Stroke::new(2.0, tokens.accent),
            );
        }
        self.pointer(
            ui,
            &response,
            view,
            lane,
            spectrum,
            clip.clip.sample_rate_hz(),
            scene,
            scores,
            actions,
        );
    }

    #[allow(clippy::too_many_arguments)] // one call site
    fn pointer(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        view: &Viewport,
        lane: &Lane,
        spectrum: Option<Rect>,
        sample_rate_hz: u32,
        scene: &Scene<'_>,
        scores: Option<(Rect, &LaneScores)>,
        actions: &mut Vec<Action>,
    ) {
        let left = response.rect.left();
        let secs_at = |x: f32| {
            view.secs_from_x(f64::from(x - left))
                .clamp(0.0, view.total_secs)
        };
        if let Some(at) = response.hover_pos() {
            let hz = spectrum.filter(|rect| rect.contains(at)).map(|rect| {
                let unit = f64::from((rect.bottom() - at.y) / rect.height());
                FreqAxis::full(scene.settings.freq_scale, sample_rate_hz).hz_from_unit(unit)
            });
            let cursor = Cursor {
                secs: secs_at(at.x),
                lane: lane.name.clone(),
                clip: lane.clip,
                hz,
            };
            if scene.cursor.as_ref() != Some(&cursor) {
                actions.push(Action::Point(Some(cursor)));
            }
            ui.painter().vline(
                at.x,
                response.rect.y_range(),
                Stroke::new(1.0, tokens(ui.ctx()).faint.gamma_multiply(0.5)),
            );
            let words = scores.and_then(|(rect, scores)| curve::words(rect, view, scores, at));
            if let Some(words) = words {
                response.clone().on_hover_text_at_pointer(words);
            }
        }
        // From the press on, not from when the drag is decided: a quick drag may begin and end
        // between two frames of a slow machine.
        let (press, down) = ui.input(|i| (i.pointer.press_origin(), i.pointer.primary_down()));
        if self.dragging.is_none()
            && down
            && response.is_pointer_button_down_on()
            && let Some(press) = press
        {
            self.dragging = Some(Dragging {
                from_secs: secs_at(press.x),
                on_ruler: false,
            });
            actions.push(Action::Choose(lane.id));
        }
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            actions.push(Action::Choose(lane.id));
            let hit = scores.and_then(|(rect, scores)| curve::hit(rect, view, scores, at));
            actions.push(match hit {
                Some(secs) => Action::Truth(TruthAction::PlayFrom(secs)),
                None => Action::Seek(secs_at(at.x)),
            });
        }
        if response.double_clicked() {
            actions.push(Action::Select(None, Drag::Done));
        }
    }

    /// Wheel, pinch and drags over the whole time area.
    fn gestures(
        &mut self,
        ui: &mut Ui,
        time: Rect,
        view: &Viewport,
        song: &Song,
        actions: &mut Vec<Action>,
    ) {
        let ruler = time.with_max_y(time.top() + RULER_HEIGHT);
        let response = ui.interact(ruler, ui.scope_id().with("ruler"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Time ruler"));
        let secs_at = |x: f32| {
            view.secs_from_x(f64::from(x - time.left()))
                .clamp(0.0, song.seconds)
        };
        if response.drag_started()
            && let Some(press) = ui.input(|input| input.pointer.press_origin())
        {
            self.dragging = Some(Dragging {
                from_secs: secs_at(press.x),
                on_ruler: true,
            });
        }
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            actions.push(Action::Seek(secs_at(at.x)));
        }
        if let Some(dragging) = self.dragging {
            let (at, released) =
                ui.input(|input| (input.pointer.latest_pos(), input.pointer.any_released()));
            if let Some(at) = at {
                let x = time.left() + view.x_from_secs(dragging.from_secs) as f32;
                let span = ((at.x - x).abs() > CLICK_POINTS)
                    .then(|| Span::between(dragging.from_secs, secs_at(at.x)));
                match (dragging.on_ruler, released) {
                    (false, true) if span.is_some() => {
                        actions.push(Action::Select(span, Drag::Done));
                    }
                    (false, false) if span.is_some() => {
                        actions.push(Action::Select(span, Drag::Going));
                    }
                    (true, true) if span.is_some() => actions.push(Action::Loop(span)),
                    // A click leaves selection and loop alone.
                    _ => {}
                }
            }
            if released {
                self.dragging = None;
            }
        }
        wheel(ui, time, actions);
    }
}

/// The wheel zooms at the pointer, a sideways swipe scrolls, a pinch zooms.
pub(super) fn wheel(ui: &Ui, time: Rect, actions: &mut Vec<Action>) {
    if !ui.rect_contains_pointer(time) {
        return;
    }
    let (scroll, zoom, pointer) = ui.input(|input| {
        (
            input.smooth_scroll_delta,
            input.zoom_delta(),
            input.pointer.hover_pos(),
        )
    });
    let middle = f64::from(time.width()) / 2.0;
    let x = pointer.map_or(middle, |at| f64::from(at.x - time.left()));
    if zoom != 1.0 {
        actions.push(Action::Zoom(f64::from(zoom), x));
    } else if scroll.y != 0.0 {
        actions.push(Action::Zoom((f64::from(scroll.y) * 0.006).exp(), x));
    }
    if scroll.x != 0.0 {
        actions.push(Action::Scroll(-f64::from(scroll.x)));
    }
}

/// Selection, loop and playhead, above all lanes.
fn overlay(ui: &Ui, time: Rect, view: &Viewport, song: &Song, scene: &Scene<'_>) {
    let tokens = tokens(ui.ctx());
    let painter = ui.painter_at(time);
    let x = |secs: f64| time.left() + view.x_from_secs(secs) as f32;
    if let Some(span) = song.arrangement.selection {
        let rect = Rect::from_x_y_ranges(
            x(span.start_secs)..=x(span.end_secs),
            time.top() + RULER_HEIGHT..=time.bottom(),
        );
        painter.rect_filled(rect, 0.0, tokens.selection);
        for edge in [rect.left(), rect.right()] {
            painter.vline(
                edge,
                rect.y_range(),
                Stroke::new(1.0, tokens.accent.gamma_multiply(0.8)),
            );
        }
    }
    let playhead = x(scene.playhead_secs);
    painter.vline(playhead, time.y_range(), Stroke::new(1.5, tokens.playhead));
    painter.circle_filled(
        pos2(playhead, time.top() + RULER_HEIGHT - 4.0),
        4.0,
        tokens.playhead,
    );
}

/// Lanes that another may be drawn over.
pub(super) fn others(song: &Song, id: Id) -> impl Iterator<Item = &Lane> {
    song.arrangement
        .lanes
        .iter()
        .filter(move |lane| lane.id != id)
}
