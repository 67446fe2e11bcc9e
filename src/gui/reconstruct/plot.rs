//! Spectral convergence over iterations: the running job and the song's takes.

use egui::{RichText, Ui};
use egui_plot::{HoverPosition, Legend, Line, Plot, PlotPoints};

use super::{Live, iterations_per_point};
use crate::gui::theme::{small, stem_colour, tokens};
use crate::session::Song;

/// Takes whose curves are shown beside the running one, the newest.
const MOST_CURVES: usize = 6;

pub(super) fn ui(ui: &mut Ui, song: &Song, live: Option<&Live>) {
    let tokens = tokens(ui.ctx());
    let light = ui.ctx().theme() == egui::Theme::Light;
    let points = |curve: &[f64], step: usize| -> PlotPoints<'static> {
        let points = curve.iter().enumerate();
        points.map(|(i, db)| [(i * step) as f64, *db]).collect()
    };
    let shown = song
        .takes
        .iter()
        .rev()
        .filter(|take| take.convergence_db.len() > 1);
    let caption = "Convergence in dB over iterations";
    ui.label(RichText::new(caption).font(small()).weak());
    let response = Plot::new("convergence")
        .grid_color(tokens.faint.gamma_multiply(0.45))
        .height(150.0)
        .legend(Legend::default())
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .show_axes(true)
        .label_formatter(|position| match position {
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(format!(
                "{plot_name}\n{:.0} iterations\n{:.2} dB",
                position.x, position.y
            )),
            HoverPosition::Elsewhere { .. } => None,
        })
        .show(ui, |plot| {
            for take in shown.take(MOST_CURVES) {
                let name = format!("{} · {}", take.name, take.model);
                let colour = stem_colour(&name, light);
                let iterations = take
                    .reconstruct
                    .as_ref()
                    .map_or(0, |o| o.phase.iterations());
                let step = iterations_per_point(iterations + 1);
                plot.line(
                    Line::new(name, points(&take.convergence_db, step))
                        .color(colour)
                        .width(1.2),
                );
            }
            if let Some(live) = live {
                let line = Line::new("running", points(&live.curve, 1));
                plot.line(line.color(tokens.accent).width(2.0));
            }
        });
    let last = live.and_then(|live| live.curve.last());
    let said = last.map_or_else(
        || "Convergence of the takes".to_owned(),
        |db| format!("Convergence, now {db:.1} dB"),
    );
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &said));
}
