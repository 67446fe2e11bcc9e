//! The box plot: a group per stem, a box per method; ceilings and floors as lines too.

use egui::{RichText, Ui};
use egui_plot::{
    BoxElem, BoxPlot, BoxSpread, GridMark, Legend, Line, LineStyle, Plot, PlotPoints, Points,
};

use super::{MethodKind, Results};
use crate::display::BoxFigures;
use crate::gui::theme::{series_colour, small, tokens};

/// Widths of a box and of the room between groups, where a method takes 1.
const BOX_WIDTH: f64 = 0.7;
const GROUP_GAP: f64 = 1.0;

pub(super) fn ui(ui: &mut Ui, results: &Results) {
    let boxes = &results.boxes;
    let title = RichText::new(&boxes.title).font(small()).weak();
    ui.add(egui::Label::new(title).truncate());
    let light = ui.ctx().theme() == egui::Theme::Light;
    let faint = tokens(ui.ctx()).faint;
    let step = boxes.methods.len() as f64 + GROUP_GAP;
    let centre = (boxes.methods.len() as f64 - 1.0) / 2.0;
    let stems: Vec<String> = boxes.stems.iter().map(|(stem, _)| stem.clone()).collect();
    let marks: Vec<GridMark> = (0..stems.len())
        .map(|group| GridMark {
            value: group as f64 * step + centre,
            step_size: step,
        })
        .collect();
    let name_at = move |mark: GridMark| {
        let group = ((mark.value - centre) / step).round().max(0.0) as usize;
        stems.get(group).cloned().unwrap_or_default()
    };
    let response = Plot::new("scores")
        .grid_color(faint.gamma_multiply(0.45))
        .height((ui.available_height() - 4.0).max(100.0))
        .legend(Legend::default())
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .x_grid_spacer(move |_| marks.clone())
        .x_axis_formatter(move |mark, _| name_at(mark))
        .show(ui, |plot| {
            for (series, method) in boxes.methods.iter().enumerate() {
                let kind = results.kind(method);
                let colour = match kind {
                    MethodKind::Method => series_colour(series, light),
                    MethodKind::Ceiling | MethodKind::Floor => faint,
                };
                let name = format!("{method}{}", kind.mark());
                let mut elements = Vec::new();
                let mut outliers: Vec<[f64; 2]> = Vec::new();
                for (group, of_stem) in results.figures.iter().enumerate() {
                    let Some(Some(figures)) = of_stem.get(series) else {
                        continue;
                    };
                    let left = group as f64 * step;
                    let x = left + series as f64;
                    outliers.extend(figures.outliers.iter().map(|y| [x, *y]));
                    if kind != MethodKind::Method {
                        let ends = [left - 0.5, left + 2.0 * centre + 0.5];
                        let points = ends.map(|x| [x, figures.median]).to_vec();
                        let line = Line::new(name.clone(), PlotPoints::from(points));
                        let style = match kind {
                            MethodKind::Ceiling => LineStyle::dashed_loose(),
                            _ => LineStyle::dotted_dense(),
                        };
                        plot.line(line.color(colour).style(style).width(1.2));
                    }
                    elements.push(element(x, figures, &name));
                }
                let own = Points::new(name.clone(), PlotPoints::from(outliers));
                plot.points(own.color(colour).radius(2.0));
                plot.box_plot(BoxPlot::new(name, elements).color(colour));
            }
        });
    let words = format!("Box plot of {}", boxes.title);
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
}

fn element(x: f64, figures: &BoxFigures, name: &str) -> BoxElem {
    let spread = BoxSpread::new(
        figures.low,
        figures.lower_quartile,
        figures.median,
        figures.upper_quartile,
        figures.high,
    );
    BoxElem::new(x, spread)
        .name(name)
        .box_width(BOX_WIDTH)
        .whisker_width(BOX_WIDTH / 2.0)
}
