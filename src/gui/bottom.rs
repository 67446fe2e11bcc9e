//! The lower panel: the spectrum at the cursor, and the jobs.

use egui::{Align2, RichText, ScrollArea, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::library::section;
use super::scene::{Action, Cursor, Scene};
use super::spectrum::{Moment, Spectra};
use super::theme::{figures, small, stem_colour, tokens};
use super::topbar::clock;
use crate::display::{FreqAxis, FreqScale, N_FFT, note_name};
use crate::progress::Progress;

const FLOOR_DB: f32 = -110.0;

/// Paints the panel.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, spectra: &mut Spectra, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(egui::Margin::symmetric(12, 8));
    egui::Panel::bottom("bottom")
        .resizable(true)
        .default_size(132.0)
        .min_size(90.0)
        .max_size(320.0)
        .frame(frame)
        .show(ui, |ui| {
            let jobs_width = (ui.available_width() * 0.34).clamp(240.0, 460.0);
            ui.horizontal_top(|ui| {
                let width = ui.available_width() - jobs_width - 16.0;
                ui.vertical(|ui| {
                    ui.set_width(width);
                    spectrum(ui, scene, spectra);
                });
                ui.separator();
                ui.vertical(|ui| jobs(ui, scene, actions));
            });
            ui.take_available_space();
        });
}

fn spectrum(ui: &mut Ui, scene: &Scene<'_>, spectra: &mut Spectra) {
    let playhead = scene.session.song().and_then(|song| {
        let lane = scene
            .chosen_lane
            .and_then(|id| song.lane(id))
            .or(song.arrangement.lanes.first())?;
        Some(Cursor {
            secs: scene.playhead_secs,
            lane: lane.name.clone(),
            clip: lane.clip,
            hz: None,
        })
    });
    let Some(cursor) = scene.cursor.clone().or(playhead) else {
        return;
    };
    let Some(view) = scene.clips.get(&cursor.clip) else {
        section(ui, "Spectrum");
        ui.weak("The song is being opened");
        return;
    };
    let rate = view.clip.sample_rate_hz();
    let offset = scene
        .session
        .song()
        .and_then(|song| {
            song.arrangement
                .lanes
                .iter()
                .find(|lane| lane.clip == cursor.clip)
        })
        .map_or(0.0, |lane| lane.offset_secs);
    let frame = ((cursor.secs - offset).max(0.0) * f64::from(rate)) as usize;
    let moment = Moment {
        clip: cursor.clip,
        frame,
    };
    let Some(db) = spectra.at(moment, &view.clip) else {
        section(ui, "Spectrum");
        return;
    };
    let hz_per_bin = f64::from(rate) / N_FFT as f64;
    let loudest = db
        .iter()
        .enumerate()
        .skip(1)
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map_or((0.0, FLOOR_DB), |(bin, level)| {
            (bin as f64 * hz_per_bin, *level)
        });
    let (hz, level, word) = match cursor.hz {
        Some(hz) => {
            let bin = (hz / hz_per_bin).round() as usize;
            (hz, db.get(bin).copied().unwrap_or(FLOOR_DB), "pointer")
        }
        None => (loudest.0, loudest.1, "loudest"),
    };
    ui.horizontal(|ui| {
        section(ui, "Spectrum");
        ui.label(
            RichText::new(format!("{} at {}", cursor.lane, clock(cursor.secs)))
                .font(small())
                .weak(),
        );
        let text = format!("{word} {:<4} {hz:>8.1} Hz {level:>6.1} dB", note_name(hz));
        ui.label(RichText::new(text).font(figures()));
    });
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Image,
            true,
            format!("Spectrum of {}", cursor.lane),
        )
    });
    if !ui.is_rect_visible(rect) || rect.width() < 20.0 || rect.height() < 20.0 {
        return;
    }
    let tokens = tokens(ui.ctx());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 3.0, tokens.lane);
    let axis = FreqAxis::full(FreqScale::Log, rate);
    let y_from_db = |db: f32| egui::remap_clamp(db, FLOOR_DB..=0.0, rect.bottom()..=rect.top());
    for hz in axis.ticks(9) {
        let x = rect.left() + rect.width() * axis.unit_from_hz(hz) as f32;
        painter.vline(x, rect.y_range(), Stroke::new(1.0, tokens.line));
        let label = if hz >= 1000.0 {
            format!("{}k", hz / 1000.0)
        } else {
            format!("{hz}")
        };
        painter.text(
            pos2(x + 3.0, rect.bottom() - 2.0),
            Align2::LEFT_BOTTOM,
            label,
            small(),
            tokens.faint,
        );
    }
    for level in [-30.0_f32, -60.0, -90.0] {
        painter.hline(
            rect.x_range(),
            y_from_db(level),
            Stroke::new(1.0, tokens.line),
        );
        painter.text(
            pos2(rect.right() - 3.0, y_from_db(level)),
            Align2::RIGHT_BOTTOM,
            format!("{level:.0} dB"),
            small(),
            tokens.faint,
        );
    }
    let colour = stem_colour(&cursor.lane, ui.ctx().theme() == egui::Theme::Light);
    // The loudest bin under each pixel, so that no partial is lost.
    let width = rect.width() as usize;
    let points: Vec<egui::Pos2> = (0..width)
        .map(|x| {
            let bin = |x: usize| axis.hz_from_unit(x as f64 / width as f64) / hz_per_bin;
            let (first, last) = (bin(x), bin(x + 1));
            let level = if last - first < 1.0 {
                let (i, t) = (first as usize, first.fract() as f32);
                let at = |i: usize| db.get(i).copied().unwrap_or(FLOOR_DB);
                at(i) * (1.0 - t) + at(i + 1) * t
            } else {
                db[(first as usize).min(db.len() - 1)..(last as usize).min(db.len())]
                    .iter()
                    .copied()
                    .fold(FLOOR_DB, f32::max)
            };
            pos2(rect.left() + x as f32, y_from_db(level))
        })
        .collect();
    painter.add(Shape::line(points, Stroke::new(1.4, colour)));
    let x = rect.left() + rect.width() * axis.unit_from_hz(hz.max(1.0)) as f32;
    painter.vline(x, rect.y_range(), Stroke::new(1.0, tokens.accent));
    if let Some(at) = response.hover_pos() {
        // What stands under the pointer: the loudest bin of its pixel.
        let hz = |x: f32| axis.hz_from_unit(f64::from((x - rect.left()) / rect.width()));
        let first = (hz(at.x - 0.5) / hz_per_bin).round() as usize;
        let last = ((hz(at.x + 0.5) / hz_per_bin).round() as usize).max(first);
        let bins = first.min(db.len() - 1)..=last.min(db.len() - 1);
        let level = db[bins].iter().copied().fold(FLOOR_DB, f32::max);
        let hz = hz(at.x);
        painter.vline(at.x, rect.y_range(), Stroke::new(1.0, tokens.faint));
        painter.circle_filled(pos2(at.x, y_from_db(level)), 3.0, tokens.text);
        let text = format!("{} {hz:.1} Hz {level:.1} dB", note_name(hz));
        let galley = painter.layout_no_wrap(text, figures(), tokens.text);
        let left = (at.x + 8.0).min(rect.right() - galley.size().x - 6.0);
        let place = egui::Rect::from_min_size(pos2(left, rect.top() + 4.0), galley.size());
        painter.rect_filled(place.expand(3.0), 2.0, tokens.panel);
        painter.galley(place.min, galley, tokens.text);
    }
}

fn jobs(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    section(ui, "Jobs");
    if scene.jobs.is_empty() {
        ui.label(RichText::new("Nothing is running").font(small()).weak());
        return;
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for (id, job) in scene.jobs {
            ui.horizontal(|ui| {
                let button = ui
                    .small_button("Cancel")
                    .on_hover_text(format!("Cancel {}", job.name));
                if button.clicked() {
                    actions.push(Action::Cancel(*id));
                }
                ui.add(egui::Label::new(RichText::new(&job.name).font(small())).truncate());
            });
            progress_bar(ui, job.progress.as_ref(), 18.0);
        }
    });
}

/// A bar with stage, share and time left; "Waiting" before the first report.
pub fn progress_bar(ui: &mut Ui, progress: Option<&Progress>, height: f32) {
    let tokens = tokens(ui.ctx());
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let fraction = progress.and_then(Progress::fraction);
    let text = match (progress, fraction) {
        (None, _) => "Waiting".to_owned(),
        (Some(progress), None) => progress.stage.to_owned(),
        (Some(progress), Some(f)) => {
            let left = progress.remaining_secs();
            let left = left.map_or_else(String::new, |secs| format!(" · {} left", seconds(secs)));
            format!("{} {:>3.0} %{left}", progress.stage, f * 100.0)
        }
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &text));
    ui.painter().rect_filled(rect, 4.0, tokens.raised);
    let done = egui::Rect::from_min_size(
        rect.min,
        vec2(rect.width() * fraction.unwrap_or(0.0) as f32, height),
    );
    ui.painter()
        .rect_filled(done, 4.0, tokens.accent.gamma_multiply(0.6));
    ui.painter().text(
        rect.left_center() + vec2(8.0, 0.0),
        Align2::LEFT_CENTER,
        text,
        small(),
        tokens.text,
    );
}

fn seconds(secs: f64) -> String {
    let whole = secs.max(0.0).ceil() as u64;
    if whole >= 60 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{whole} s")
    }
}
