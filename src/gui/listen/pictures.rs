//! Spectrograms of A and B, and of what differs between them, on the song's time axis, in the window
//! and as a file.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::{Align2, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::ListenView;
use crate::apply::{Region, cut_region};
use crate::display::{FreqAxis, Panel, PictureSpec, draw_panels};
use crate::error::Result;
use crate::gui::jobs::Clip2;
use crate::gui::lanes::{paint_difference, paint_ruler, paint_spectrogram, wheel};
use crate::gui::scene::{Action, ClipView, Cursor, Scene};
use crate::gui::settings::Settings;
use crate::gui::theme::{RULER_HEIGHT, small, tokens};
use crate::gui::tiles::{DIFFERENCE_DB, Tiles};
use crate::progress::Reporter;
use crate::session::{Id, Lane, Song};

const GAP: f32 = 3.0;

/// A picture of what is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureRequest {
    /// Titles and sounds.
    panels: Vec<(String, Clip2)>,
    /// What of them is drawn, in seconds of their own.
    region: Vec<Region>,
    spec: PictureSpec,
    /// Where it goes; the dialog asked whether an old file may go.
    pub path: PathBuf,
}

impl PictureRequest {
    /// What is seen now: A and B, or what is heard, over the visible time.
    pub(super) fn new(
        song: &Song,
        view: &ListenView,
        clips: &HashMap<Id, ClipView>,
        settings: &Settings,
        path: PathBuf,
    ) -> Self {
        let (a, b) = view.pair(song);
        let pair = [a, b].into_iter().flatten().filter_map(|id| song.lane(id));
        let mut lanes: Vec<&Lane> = pair.collect();
        if lanes.len() < 2 {
            lanes = view
                .heard_lane(song)
                .and_then(|id| song.lane(id))
                .into_iter()
                .collect();
        }
        let shown = &song.view;
        let region = |lane: &Lane| Region {
            start_secs: (shown.start_secs - lane.offset_secs).max(0.0),
            duration_secs: Some(shown.span_secs()),
        };
        let known = lanes.iter().filter_map(|lane| {
            let clip = clips.get(&lane.clip)?.clip.clone();
            Some(((song.lane_title(lane), Clip2(clip)), region(lane)))
        });
        let (panels, region) = known.unzip();
        Self {
            panels,
            region,
            spec: PictureSpec {
                scale: settings.freq_scale,
                colormap: settings.colormap,
                ..PictureSpec::default()
            },
            path,
        }
    }

    /// Draws and writes it; runs on a worker.
    pub(in crate::gui) fn run(&self, reporter: &Reporter) -> Result<()> {
        let mut cut = Vec::new();
        for ((title, clip), region) in self.panels.iter().zip(&self.region) {
            cut.push((title, cut_region(clip.0.clone(), Some(*region))?));
        }
        let mut panels = Vec::new();
        for (i, (title, clip)) in cut.iter().enumerate() {
            reporter.step("Drawing", i as u64, cut.len() as u64 + 1)?;
            panels.push(Panel::spectrogram(title.as_str(), clip, &self.spec)?);
        }
        if let [(a, a_clip), (b, b_clip)] = &cut[..] {
            let title = format!("{a} less {b}");
            panels.push(Panel::difference(
                title,
                a_clip,
                b_clip,
                &self.spec,
                DIFFERENCE_DB,
            )?);
        }
        reporter.check()?;
        draw_panels(&panels, &self.spec).write_png(&self.path, true)
    }
}

/// What one strip shows.
enum Strip<'a> {
    One(&'a str, &'a Lane),
    Error(&'a Lane, &'a Lane),
}

pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &ListenView,
    song: &Song,
    tiles: &mut Tiles,
    actions: &mut Vec<Action>,
) {
    let lane = |id| song.lane(id);
    let (a, b) = view.pair(song);
    let strips: Vec<Strip<'_>> = match (a.and_then(lane), b.and_then(lane)) {
        (Some(a), Some(b)) if a.id != b.id => {
            vec![Strip::One("A", a), Strip::One("B", b), Strip::Error(a, b)]
        }
        _ => view
            .heard_lane(song)
            .and_then(lane)
            .map(|lane| Strip::One("Heard", lane))
            .into_iter()
            .collect(),
    };
    let full = ui.available_rect_before_wrap();
    ui.allocate_rect(full, Sense::hover());
    let mut shown = song.view;
    if (shown.width_px - f64::from(full.width())).abs() > 0.5 {
        shown.resize(f64::from(full.width()));
        actions.push(Action::Resize(f64::from(full.width())));
    }
    paint_ruler(
        ui,
        full.with_max_y(full.top() + RULER_HEIGHT),
        &shown,
        song,
        scene,
    );
    let full = full.with_min_y(full.top() + RULER_HEIGHT);
    let height = (full.height() - GAP * (strips.len() as f32 - 1.0)) / strips.len().max(1) as f32;
    for (i, strip) in strips.iter().enumerate() {
        let top = full.top() + i as f32 * (height + GAP);
        let rect = Rect::from_min_size(pos2(full.left(), top), vec2(full.width(), height));
        one(ui, rect, scene, song, strip, &shown, tiles, actions);
    }
    let x = full.left() + shown.x_from_secs(scene.playhead_secs) as f32;
    let painter = ui.painter_at(full);
    painter.vline(
        x,
        full.y_range(),
        Stroke::new(1.5, tokens(ui.ctx()).playhead),
    );
    wheel(ui, full, actions);
}

#[allow(clippy::too_many_arguments)] // one call site
fn one(
    ui: &mut Ui,
    rect: Rect,
    scene: &Scene<'_>,
    song: &Song,
    strip: &Strip<'_>,
    shown: &crate::display::Viewport,
    tiles: &mut Tiles,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui.ctx());
    let (title, lane) = match strip {
        Strip::One(name, lane) => (format!("{name}: {}", song.lane_title(lane)), *lane),
        Strip::Error(a, b) => (
            format!(
                "A less B, −20 to +20 dB: {} less {}",
                song.lane_title(a),
                song.lane_title(b)
            ),
            *a,
        ),
    };
    let response = ui.interact(rect, ui.scope_id().with(("strip", &title)), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &title));
    let Some(clip) = scene.clips.get(&lane.clip) else {
        ui.painter().rect_filled(rect, 0.0, tokens.lane);
        return;
    };
    match strip {
        Strip::One(_, lane) => {
            paint_spectrogram(ui, rect, shown, lane, clip, scene.settings, tiles, 1.0);
        }
        Strip::Error(a, b) => match scene.clips.get(&b.clip) {
            Some(other) => {
                paint_difference(
                    ui,
                    rect,
                    shown,
                    (a, clip),
                    (b, other),
                    scene.settings,
                    tiles,
                );
            }
            None => {
                ui.painter().rect_filled(rect, 0.0, tokens.lane);
            }
        },
    }
    let painter = ui.painter_at(rect);
    let galley = painter.layout_no_wrap(title, small(), egui::Color32::from_gray(235));
    let at = Align2::RIGHT_TOP.anchor_size(rect.right_top() + vec2(-8.0, 5.0), galley.size());
    painter.rect_filled(at.expand(3.0), 2.0, egui::Color32::from_black_alpha(150));
    painter.galley(at.min, galley, egui::Color32::WHITE);
    let secs_at = |x: f32| {
        shown
            .secs_from_x(f64::from(x - rect.left()))
            .clamp(0.0, song.seconds)
    };
    if let Some(at) = response.hover_pos() {
        let unit = f64::from((rect.bottom() - at.y) / rect.height());
        let axis = FreqAxis::full(scene.settings.freq_scale, clip.clip.sample_rate_hz());
        let cursor = Cursor {
            secs: secs_at(at.x),
            lane: lane.name.clone(),
            clip: lane.clip,
            hz: Some(axis.hz_from_unit(unit)),
        };
        if scene.cursor.as_ref() != Some(&cursor) {
            actions.push(Action::Point(Some(cursor)));
        }
    }
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        actions.push(Action::Seek(secs_at(at.x)));
    }
}
