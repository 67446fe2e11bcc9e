//! Which learning rate to take: losses over rates that rise from step to step.

use egui::{DragValue, RichText, Ui};
use egui_plot::{HoverPosition, Legend, Line, Plot, PlotPoints, Points};

use super::LearnAction;
use super::fields::number;
use crate::error::Error;
use crate::gui::bottom::progress_bar;
use crate::gui::command::Command;
use crate::gui::jobs::JobId;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_M, SPACE_S, small, stem_colour, tokens};
use crate::gui::train::{TrainAction, act};
use crate::train::{LrFind, LrFindOptions, LrPoint};

/// Most steps that can be asked for.
const MOST_STEPS: usize = 100_000;

/// What the sweep has to show.
#[derive(Default)]
pub struct RateView {
    /// The job, while it runs.
    pub job: Option<JobId>,
    /// What was tried so far.
    pub points: Vec<LrPoint>,
    /// What was found.
    pub found: Option<LrFind>,
    /// Why nothing was.
    pub problem: Option<String>,
    /// How the next sweep is made.
    pub sweep: SweepForm,
}

impl RateView {
    /// The rate that is proposed for a network, in the digits that are shown: "generator",
    /// "discriminator", or "joint" for both.
    pub fn proposed(&self, network: &str) -> Option<String> {
        let curve = self.found.as_ref()?.curve(network)?;
        curve.proposed.map(|rate| format!("{rate:.1e}"))
    }
}

/// The settings of a sweep, as they are edited.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepForm {
    /// Steps; 0 is as many as suit the data.
    steps: usize,
    /// The first rate.
    least: f64,
    /// The last rate.
    most: f64,
    /// The sweep ends where a smoothed loss is this many times its lowest.
    stop_factor: f64,
}

impl Default for SweepForm {
    fn default() -> Self {
        let usual = LrFindOptions::default();
        Self {
            steps: usual.batches.unwrap_or(0),
            least: usual.least,
            most: usual.most,
            stop_factor: usual.stop_factor,
        }
    }
}

impl SweepForm {
    /// The sweep, with drawn weights.
    pub fn options(&self) -> LrFindOptions {
        LrFindOptions {
            batches: (self.steps > 0).then_some(self.steps),
            least: self.least,
            most: self.most,
            stop_factor: self.stop_factor,
            ..LrFindOptions::default()
        }
    }

    /// What is wrong, under the name that the field has in the window; none if nothing is.
    pub fn problem(&self) -> Option<String> {
        Some(match self.options().check().err()? {
            Error::Setting { name, problem } => {
                let label = match name.as_str() {
                    "batches" => STEPS,
                    "least" => LEAST,
                    "most" => MOST,
                    "stop_factor" => STOP,
                    other => other,
                };
                format!("{label}: {problem}")
            }
            error => error.to_string(),
        })
    }
}

const STEPS: &str = "Steps";
const LEAST: &str = "Lowest rate";
const MOST: &str = "Highest rate";
const STOP: &str = "Stop at lowest loss times";

const STEEPEST: &str = "Where the loss falls steepest";

const NETWORK_RATE: &str = "optimiser.learning_rate";
const DISCRIMINATOR_RATE: &str = "discriminator_optimiser.learning_rate";

/// What has a rate to propose, by the curves, and the keys that take it.
pub const PROPOSALS: [(&str, &[&str]); 3] = [
    ("generator", &[NETWORK_RATE]),
    ("discriminator", &[DISCRIMINATOR_RATE]),
    ("joint", &[NETWORK_RATE, DISCRIMINATOR_RATE]),
];

/// `why_not` says what keeps a sweep from being begun, but for its own settings.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut RateView,
    why_not: Option<&str>,
    actions: &mut Vec<Action>,
) {
    let wrong = view.sweep.problem();
    let why_not = why_not.or(wrong.as_deref());
    let learn = TrainAction::Learn;
    if let Some(job) = view.job {
        let progress = scene.jobs.get(&job).and_then(|job| job.progress.as_ref());
        progress_bar(ui, progress, 18.0);
        let button = ui.button("Stop looking");
        if button.on_hover_text("Give up the learning rates").clicked() {
            act(actions, learn(LearnAction::CancelFind));
        }
    } else {
        let button = egui::Button::new("Find learning rate");
        let button = ui
            .add_enabled(why_not.is_none(), button)
            .on_hover_text(Command::FindLearningRate.tooltip(ui.ctx()))
            .on_disabled_hover_text(why_not.unwrap_or_default());
        if button.clicked() {
            act(actions, learn(LearnAction::FindRate));
        }
    }
    // Also where the settings are folded away.
    for problem in wrong.iter().chain(&view.problem) {
        let text = RichText::new(problem).font(small());
        let text = text.color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
    }
    egui::CollapsingHeader::new("Sweep").show(ui, |ui| sweep(ui, &mut view.sweep));
    if view.found.is_none() && view.points.is_empty() {
        return;
    }
    plot(ui, view);
    let has_two = view.proposed("discriminator").is_some();
    for (network, keys) in PROPOSALS {
        let Some(rate) = view.proposed(network) else {
            continue;
        };
        let (whose, tip) = match network {
            "joint" => (
                "both (joint)",
                "Where the sum of both losses falls steepest",
            ),
            "generator" if !has_two => ("the network", STEEPEST),
            "generator" => ("the generator", STEEPEST),
            _ => ("the discriminator", STEEPEST),
        };
        ui.horizontal(|ui| {
            let button = ui.button(format!("Use {rate}")).on_hover_text(tip);
            let words = format!("Use {rate} for {whose}");
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
            if button.clicked() {
                for &key in keys {
                    act(actions, learn(LearnAction::UseRate(key, rate.clone())));
                }
            }
            ui.label(RichText::new(format!("for {whose}")).font(small()).weak());
        });
    }
    if view.found.is_some() && view.proposed("generator").is_none() {
        let text = "No rate lowers the loss; look at data and recipe";
        ui.label(RichText::new(text).font(small()).weak());
    }
    ui.add_space(SPACE_S);
}

/// The settings of the next sweep.
fn sweep(ui: &mut Ui, form: &mut SweepForm) {
    egui::Grid::new("sweep rows")
        .num_columns(2)
        .spacing([SPACE_M, 4.0])
        .show(ui, |ui| {
            let steps = DragValue::new(&mut form.steps)
                .range(0..=MOST_STEPS)
                .update_while_editing(false)
                .custom_formatter(|value, _| match value as usize {
                    0 => "automatic".to_owned(),
                    steps => steps.to_string(),
                })
                .custom_parser(|text| match text.trim() {
                    "" | "automatic" => Some(0.0),
                    text => text.parse().ok(),
                });
            let tip = "0 is automatic: as many as an epoch has, 50 to 200";
            ui.label(STEPS).on_hover_text(tip);
            ui.name_inputs(STEPS, |ui| ui.add(steps)).on_hover_text(tip);
            ui.end_row();
            let rows = [
                (LEAST, "The rate of the first step", &mut form.least),
                (MOST, "The rate of the last step", &mut form.most),
                (
                    STOP,
                    "The sweep ends where a smoothed loss is this many times its lowest",
                    &mut form.stop_factor,
                ),
            ];
            for (name, tip, value) in rows {
                let speed = (value.abs() * 0.01).max(1e-12);
                let drag = DragValue::new(value)
                    .speed(speed)
                    .update_while_editing(false)
                    .custom_formatter(|value, _| number(value));
                ui.label(name).on_hover_text(tip);
                ui.name_inputs(name, |ui| ui.add(drag)).on_hover_text(tip);
                ui.end_row();
            }
        });
}

fn plot(ui: &mut Ui, view: &RateView) {
    let light = ui.ctx().theme() == egui::Theme::Light;
    let mark = tokens(ui.ctx()).accent;
    ui.label(
        RichText::new("Smoothed loss over the learning rate")
            .font(small())
            .weak(),
    );
    let mut lines: Vec<(&str, Vec<[f64; 2]>)> = Vec::new();
    let mut marks: Vec<(&str, [f64; 2])> = Vec::new();
    match &view.found {
        Some(found) => {
            for curve in &found.curves {
                let points = found.rates.iter().zip(&curve.smoothed);
                let points: Vec<[f64; 2]> = points.map(|(x, y)| [x.log10(), *y]).collect();
                let is_offered = PROPOSALS.iter().any(|(name, _)| *name == curve.name);
                if let Some(rate) = curve.proposed.filter(|_| is_offered) {
                    let place = found.rates.iter().position(|known| *known >= rate);
                    let at = place.and_then(|place| points.get(place).copied());
                    marks.extend(at.map(|at| (curve.name, at)));
                }
                lines.push((curve.name, points));
            }
        }
        None => {
            let points = view.points.iter();
            let network = points
                .clone()
                .map(|point| [point.learning_rate.log10(), point.loss]);
            lines.push(("generator", network.collect()));
            let other: Vec<[f64; 2]> = points
                .filter_map(|point| Some([point.learning_rate.log10(), point.discriminator?]))
                .collect();
            if !other.is_empty() {
                lines.push(("discriminator", other));
            }
        }
    }
    let said: Vec<String> = PROPOSALS
        .iter()
        .filter_map(|(name, _)| Some(format!("{name} {}", view.proposed(name)?)))
        .collect();
    let response = Plot::new("learning rates")
        .grid_color(tokens(ui.ctx()).faint.gamma_multiply(0.45))
        .height(170.0)
        .legend(Legend::default())
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .x_axis_formatter(|mark, _| power(mark.value, mark.step_size))
        .label_formatter(|position| match position {
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(format!(
                "{plot_name}\nrate {:.1e}\nloss {:.4}",
                10_f64.powf(position.x),
                position.y
            )),
            HoverPosition::Elsewhere { .. } => None,
        })
        .show(ui, |plot| {
            for (name, points) in lines {
                let colour = stem_colour(name, light);
                plot.line(Line::new(name, PlotPoints::from(points)).color(colour));
            }
            for (name, at) in marks {
                let point = Points::new(format!("steepest, {name}"), at);
                plot.points(point.radius(5.0).color(mark));
            }
        });
    let mut said = if said.is_empty() {
        "Learning rates".to_owned()
    } else {
        format!("Learning rates, steepest: {}", said.join(", "))
    };
    let rates = view.found.as_ref().map(|found| found.rates.as_slice());
    if let Some(rates @ [first, .., last]) = rates {
        let steps = rates.len();
        said.push_str(&format!("; {steps} steps from {first:.0e} to {last:.0e}"));
    }
    response
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &said));
}

/// A mark of an axis of logarithms to base 10; nothing between the powers.
pub(super) fn power(mark: f64, step: f64) -> String {
    if step >= 0.99 {
        format!("{:.0e}", 10_f64.powf(mark.round()))
    } else {
        let value = 10_f64.powf(mark);
        format!("{value:.1e}")
    }
}
