//! The curves of a run, with those of another one beside it.

use std::path::Path;

use egui::{Color32, RichText, Slider, Ui};
use egui_plot::{
    ColorConflictHandling, HoverPosition, Legend, Line, LineStyle, Plot, PlotPoints, PlotUi, Points,
};

use super::rates::power;
use super::series::{MOST_POINTS, smoothed, thinned};
use super::{LearnView, measures};
use crate::gui::theme::{Tokens, small, stem_colour, tokens};
use crate::train::{HistoryRow, Losses};

/// How curves are drawn.
pub struct CurveView {
    /// Losses by their logarithms.
    pub log_y: bool,
    /// How much of a smoothed value is kept from point to point, 0–0.99.
    pub smoothing: f64,
    /// Which loss is drawn, by its name; none is the one by which a run knows its best epoch.
    pub measure: Option<&'static str>,
}

impl Default for CurveView {
    fn default() -> Self {
        Self {
            log_y: false,
            smoothing: 0.6,
            measure: None,
        }
    }
}

/// Behind the names of curves of the examples that are not learned from.
const OF_VALIDATION: &str = " (validation)";

/// A curve: what it is, whether it has a point for every step, and its points.
struct Curve {
    what: &'static str,
    is_of_steps: bool,
    points: Vec<[f64; 2]>,
}

impl Curve {
    fn colour(&self, tokens: &Tokens, light: bool) -> Color32 {
        match self.what {
            "training" => tokens.accent,
            "validation" => tokens.warning,
            what if what.starts_with("discriminator") => stem_colour("vocals", light),
            _ => stem_colour("keys", light),
        }
    }

    /// Curves of another run are dashed, those beside a curve of their colour dotted.
    fn style(&self, is_other: bool) -> LineStyle {
        match (self.what.ends_with(OF_VALIDATION), is_other) {
            (false, false) => LineStyle::Solid,
            (false, true) => LineStyle::dashed_dense(),
            (true, false) => LineStyle::dotted_dense(),
            (true, true) => LineStyle::dotted_loose(),
        }
    }
}

/// All curves of a run, over its steps.
struct RunCurves {
    name: String,
    losses: Vec<Curve>,
    rivals: Vec<Curve>,
    rates: Vec<Curve>,
    /// The best epoch and its place.
    best: Option<(usize, [f64; 2])>,
}

impl RunCurves {
    /// Those of the run at `path` with these epochs; of losses, the one of this name.
    fn new(view: &LearnView, path: &Path, rows: &[HistoryRow], measure: &str) -> Self {
        let live = view.live_at(path);
        let chosen = |losses: &Losses| measures::measured(losses, measure);
        let of_steps = |what, points: &[[f64; 2]]| Curve {
            what,
            is_of_steps: true,
            points: points.to_vec(),
        };
        let mut losses = vec![
            of_epochs("training", rows, |row| chosen(&row.train)),
            of_epochs("validation", rows, |row| chosen(&row.valid?)),
        ];
        let mut rivals = vec![
            of_epochs("generator", rows, |row| row.train.adversarial),
            of_epochs("discriminator", rows, |row| row.train.discriminator),
            of_epochs("generator (validation)", rows, |row| row.valid?.adversarial),
            of_epochs("discriminator (validation)", rows, |row| {
                row.valid?.discriminator
            }),
        ];
        if let Some(live) = live {
            losses.insert(0, of_steps("training", live.points(measure)));
            rivals.insert(0, of_steps("generator", live.points("adversarial")));
            rivals.insert(0, of_steps("discriminator", live.points("discriminator")));
        }
        let rates = vec![
            of_epochs("generator", rows, |row| Some(row.learning_rate)),
            of_epochs("discriminator", rows, |row| row.discriminator_learning_rate),
        ];
        let best = view.best_row(path, rows).and_then(|row| {
            let value = chosen(&row.valid.unwrap_or(row.train))?;
            Some((row.epoch, [row.step as f64, value]))
        });
        let is_there = |curve: &Curve| !curve.points.is_empty();
        losses.retain(is_there);
        rivals.retain(is_there);
        Self {
            name: super::runs_ui::short(path),
            losses,
            rivals,
            rates: rates.into_iter().filter(is_there).collect(),
            best,
        }
    }
}

/// A number of each epoch, over steps; thinned where there are very many.
fn of_epochs(
    what: &'static str,
    rows: &[HistoryRow],
    value: impl Fn(&HistoryRow) -> Option<f64>,
) -> Curve {
    let points = rows.iter();
    let points = points.filter_map(|row| Some([row.step as f64, value(row)?]));
    let mut points: Vec<[f64; 2]> = points.collect();
    if points.len() > MOST_POINTS {
        points = thinned(&points, MOST_POINTS);
    }
    Curve {
        what,
        is_of_steps: false,
        points,
    }
}

/// Paints the curves of the run at `path`.
pub(super) fn ui(ui: &mut Ui, view: &mut LearnView, path: &Path) {
    let known = measures::known(view.rows(path), view.live_at(path));
    controls(ui, view, path, &known);
    let measure = view.measure(path, &known);
    let own = RunCurves::new(view, path, view.rows(path), measure);
    let other = view
        .compared
        .as_deref()
        .filter(|other| *other != path)
        .map(|other| RunCurves::new(view, other, view.rows(other), measure));
    let other = other.as_ref();
    if own.losses.is_empty() && other.is_none() {
        ui.weak("Curves come with the first step");
        return;
    }
    let runs: Vec<&RunCurves> = std::iter::once(&own).chain(other).collect();
    let title = measures::label(measure);
    plot(ui, &view.curves, title, 230.0, &runs, |run| {
        (&run.losses, run.best)
    });
    if runs.iter().any(|run| !run.rivals.is_empty()) {
        let title = "Generator and discriminator";
        plot(ui, &view.curves, title, 150.0, &runs, |run| {
            (&run.rivals, None)
        });
    }
    let plain = CurveView {
        smoothing: 0.0,
        log_y: view.curves.log_y,
        measure: None,
    };
    plot(ui, &plain, "Learning rate", 90.0, &runs, |run| {
        (&run.rates, None)
    });
}

fn controls(ui: &mut Ui, view: &mut LearnView, path: &Path, known: &[&'static str]) {
    let measure = view.measure(path, known);
    ui.horizontal(|ui| {
        let label = ui.label("Curve").id;
        let combo = egui::ComboBox::from_id_salt("measure of the curves")
            .selected_text(measures::label(measure))
            .show_ui(ui, |ui| {
                for name in known {
                    let value = ui.selectable_label(*name == measure, measures::label(name));
                    if value.clicked() {
                        view.curves.measure = Some(*name);
                    }
                }
            });
        combo.response.labelled_by(label);
        ui.checkbox(&mut view.curves.log_y, "Logarithmic");
        let label = ui.label("Smoothing").id;
        let slider = Slider::new(&mut view.curves.smoothing, 0.0..=0.99).fixed_decimals(2);
        ui.add(slider)
            .labelled_by(label)
            .on_hover_text("How much of a value is kept from point to point; as they are: faint");
        let label = ui.label("Beside it").id;
        let name = view
            .compared
            .as_deref()
            .map_or_else(|| "nothing".to_owned(), super::runs_ui::short);
        let known: Vec<_> = view
            .runs
            .keys()
            .filter(|run| *run != path)
            .cloned()
            .collect();
        let combo = egui::ComboBox::from_id_salt("compared run")
            .selected_text(name)
            .truncate()
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut view.compared, None, "nothing");
                for run in known {
                    let name = super::runs_ui::short(&run);
                    ui.selectable_value(&mut view.compared, Some(run), name);
                }
            });
        combo.response.labelled_by(label);
    });
}

/// What a plot shows of a run: curves, and the best epoch with its place.
type Shown<'a> = (&'a [Curve], Option<(usize, [f64; 2])>);

fn plot(
    ui: &mut Ui,
    view: &CurveView,
    title: &str,
    height: f32,
    runs: &[&RunCurves],
    curves: impl Fn(&RunCurves) -> Shown<'_>,
) {
    let tokens = tokens(ui.ctx());
    let light = ui.ctx().theme() == egui::Theme::Light;
    ui.label(
        RichText::new(format!("{title} over steps"))
            .font(small())
            .weak(),
    );
    let log_y = view.log_y;
    let value = move |y: f64| if log_y { 10_f64.powf(y) } else { y };
    // A faint line and a smooth one have one name.
    let legend = Legend::default().color_conflict_handling(ColorConflictHandling::PickLast);
    let mut shown = Plot::new(("run", title))
        .grid_color(tokens.faint.gamma_multiply(0.45))
        .height(height)
        .include_x(0.0)
        .legend(legend)
        .allow_scroll(false)
        .allow_zoom(false)
        .label_formatter(move |position| match position {
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(format!(
                "{plot_name}\nstep {:.0}\n{}",
                position.x,
                figure(value(position.y))
            )),
            HoverPosition::Elsewhere { .. } => None,
        });
    shown = shown.y_axis_formatter(move |mark, _| {
        if log_y {
            power(mark.value, mark.step_size)
        } else {
            figure(mark.value)
        }
    });
    let response = shown.show(ui, |plot| {
        for (i, run) in runs.iter().enumerate() {
            let prefix = if i == 0 {
                String::new()
            } else {
                format!("{}: ", run.name)
            };
            let (drawn, best) = curves(run);
            for curve in drawn {
                let colour = curve.colour(tokens, light);
                draw(plot, view, curve, &prefix, colour, i > 0);
            }
            if let Some((epoch, at)) = best {
                let points = logs(&[at], log_y);
                let points = Points::new(format!("{prefix}best epoch {epoch}"), points);
                plot.points(points.radius(4.5).color(tokens.text));
            }
        }
    });
    let said = runs.first().map_or_else(
        || title.to_owned(),
        |run| said(title, &run.name, curves(run)),
    );
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &said));
}

fn draw(
    plot: &mut PlotUi<'_>,
    view: &CurveView,
    curve: &Curve,
    prefix: &str,
    colour: Color32,
    is_other: bool,
) {
    let name = if curve.is_of_steps {
        format!("{prefix}{}, each step", curve.what)
    } else {
        format!("{prefix}{}", curve.what)
    };
    let style = curve.style(is_other);
    let mut line = |name: String, points: &[[f64; 2]], colour: Color32, width: f32| {
        if points.len() == 1 {
            // A line of one point cannot be seen.
            let only = Points::new(name.clone(), logs(points, view.log_y));
            plot.points(only.radius(3.0).color(colour));
        }
        let points = PlotPoints::from(logs(points, view.log_y));
        let line = Line::new(name, points).color(colour).width(width);
        plot.line(line.style(style));
    };
    if view.smoothing > 0.0 {
        let faint = colour.gamma_multiply(0.25);
        line(name.clone(), &curve.points, faint, 1.0);
        let smooth = smoothed(&curve.points, view.smoothing);
        let colour = if curve.is_of_steps {
            colour.gamma_multiply(0.6)
        } else {
            colour
        };
        line(name, &smooth, colour, 1.8);
    } else {
        line(name, &curve.points, colour, 1.5);
    }
}

/// Points with the logarithms of their heights, as far as they have any.
fn logs(points: &[[f64; 2]], log_y: bool) -> Vec<[f64; 2]> {
    if !log_y {
        return points.to_vec();
    }
    points
        .iter()
        .filter(|[_, y]| *y > 0.0)
        .map(|[x, y]| [*x, y.log10()])
        .collect()
}

fn figure(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.1e}")
    } else {
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.to_owned()
    }
}

/// The plot in words: where its curves are now, and the best epoch.
fn said(title: &str, run: &str, (curves, best): Shown<'_>) -> String {
    let of_epochs = curves.iter().filter(|curve| !curve.is_of_steps);
    let mut now: Vec<String> = of_epochs
        .filter_map(|curve| {
            let last = figure(curve.points.last()?[1]);
            Some(format!("{} {last}", curve.what))
        })
        .collect();
    if let Some((epoch, [_, value])) = best {
        now.push(format!("best epoch {epoch} at {}", figure(value)));
    }
    format!("{title} of {run}: {}", now.join(", "))
}
