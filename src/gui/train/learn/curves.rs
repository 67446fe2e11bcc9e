//! The curves of a run, with those of another one beside it.

use std::path::Path;

use egui::{Color32, RichText, Slider, Ui};
use egui_plot::{
    ColorConflictHandling, HoverPosition, Legend, Line, LineStyle, Plot, PlotPoints, PlotUi, Points,
};

use super::LearnView;
use super::rates::power;
use super::series::{MOST_POINTS, smoothed, thinned};
use crate::gui::theme::{Tokens, small, stem_colour, tokens};
use crate::train::HistoryRow;

/// How curves are drawn.
pub struct CurveView {
    /// Losses by their logarithms.
    pub log_y: bool,
    /// How much of a smoothed value is kept from point to point, 0–0.99.
    pub smoothing: f64,
}

impl Default for CurveView {
    fn default() -> Self {
        Self {
            log_y: false,
            smoothing: 0.6,
        }
    }
}

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
            "discriminator" => stem_colour("vocals", light),
            _ => stem_colour("keys", light),
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
    fn new(view: &LearnView, path: &Path) -> Self {
        let (seen, live) = (view.seen_at(path), view.live_at(path));
        let rows = match live {
            Some(live) => live.all_rows(seen),
            None => seen.map_or_else(Vec::new, |seen| seen.rows.clone()),
        };
        let of_steps = |what, points: &[[f64; 2]]| Curve {
            what,
            is_of_steps: true,
            points: points.to_vec(),
        };
        let mut losses = vec![
            of_epochs("training", &rows, |row| Some(row.train.loss)),
            of_epochs("validation", &rows, |row| {
                row.valid.map(|losses| losses.loss)
            }),
        ];
        let mut rivals = vec![
            of_epochs("generator", &rows, |row| row.train.adversarial),
            of_epochs("discriminator", &rows, |row| row.train.discriminator),
        ];
        if let Some(live) = live {
            losses.insert(0, of_steps("training", live.losses.points()));
            rivals.insert(0, of_steps("generator", live.adversarial.points()));
            rivals.insert(0, of_steps("discriminator", live.discriminator.points()));
        }
        let rates = vec![
            of_epochs("generator", &rows, |row| Some(row.learning_rate)),
            of_epochs("discriminator", &rows, |row| {
                row.discriminator_learning_rate
            }),
        ];
        let best = live
            .and_then(|live| live.best_epoch)
            .or_else(|| Some(seen?.best?.epoch));
        let best = best.and_then(|epoch| {
            let row = rows.iter().rfind(|row| row.epoch == epoch)?;
            let loss = row.valid.unwrap_or(row.train).loss;
            Some((epoch, [row.step as f64, loss]))
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
    controls(ui, view, path);
    let own = RunCurves::new(view, path);
    let other = view
        .compared
        .as_deref()
        .filter(|other| *other != path)
        .map(|other| RunCurves::new(view, other));
    let other = other.as_ref();
    if own.losses.is_empty() && other.is_none() {
        ui.weak("Curves come with the first step");
        return;
    }
    let runs: Vec<&RunCurves> = std::iter::once(&own).chain(other).collect();
    plot(ui, &view.curves, "Loss", 230.0, &runs, |run| &run.losses);
    if runs.iter().any(|run| !run.rivals.is_empty()) {
        let title = "Generator and discriminator";
        plot(ui, &view.curves, title, 150.0, &runs, |run| &run.rivals);
    }
    let plain = CurveView {
        smoothing: 0.0,
        log_y: view.curves.log_y,
    };
    plot(ui, &plain, "Learning rate", 90.0, &runs, |run| &run.rates);
}

fn controls(ui: &mut Ui, view: &mut LearnView, path: &Path) {
    ui.horizontal(|ui| {
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

fn plot(
    ui: &mut Ui,
    view: &CurveView,
    title: &str,
    height: f32,
    runs: &[&RunCurves],
    curves: impl Fn(&RunCurves) -> &[Curve],
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
            for curve in curves(run) {
                let colour = curve.colour(tokens, light);
                draw(plot, view, curve, &prefix, colour, i > 0);
            }
            let best = run.best.filter(|_| title == "Loss");
            if let Some((epoch, at)) = best {
                let points = logs(&[at], log_y);
                let points = Points::new(format!("{prefix}best epoch {epoch}"), points);
                plot.points(points.radius(4.5).color(tokens.text));
            }
        }
    });
    let said = said(title, runs, curves);
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
    dashed: bool,
) {
    let name = if curve.is_of_steps {
        format!("{prefix}{}, each step", curve.what)
    } else {
        format!("{prefix}{}", curve.what)
    };
    let style = if dashed {
        LineStyle::dashed_dense()
    } else {
        LineStyle::Solid
    };
    let mut line = |name: String, points: &[[f64; 2]], colour: Color32, width: f32| {
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

/// The plot in words: where its curves are now.
fn said(title: &str, runs: &[&RunCurves], curves: impl Fn(&RunCurves) -> &[Curve]) -> String {
    let Some(run) = runs.first() else {
        return title.to_owned();
    };
    let of_epochs = curves(run).iter().filter(|curve| !curve.is_of_steps);
    let now: Vec<String> = of_epochs
        .filter_map(|curve| {
            Some(format!(
                "{} {}",
                curve.what,
                figure(curve.points.last()?[1])
            ))
        })
        .collect();
    format!("{title} of {}: {}", run.name, now.join(", "))
}
