//! Which learning rate to take: losses over rates that rise from step to step.

use egui::{RichText, Ui};
use egui_plot::{HoverPosition, Legend, Line, Plot, PlotPoints, Points};

use super::LearnAction;
use crate::gui::bottom::progress_bar;
use crate::gui::command::Command;
use crate::gui::jobs::JobId;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_S, small, stem_colour, tokens};
use crate::gui::train::{TrainAction, act};
use crate::train::{LrFind, LrPoint};

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
}

impl RateView {
    /// The rate that is proposed for a network, in the digits that are shown: "generator" or
    /// "discriminator".
    pub fn proposed(&self, network: &str) -> Option<String> {
        let curve = self.found.as_ref()?.curve(network)?;
        curve.proposed.map(|rate| format!("{rate:.1e}"))
    }
}

/// The networks that have a rate, by their curves, and the keys of their rates.
pub const NETWORKS: [(&str, &str); 2] = [
    ("generator", "optimiser.learning_rate"),
    ("discriminator", "discriminator_optimiser.learning_rate"),
];

/// `why_not` says what keeps a sweep from being begun.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &RateView,
    why_not: Option<&str>,
    actions: &mut Vec<Action>,
) {
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
    if let Some(problem) = &view.problem {
        let text = RichText::new(problem).font(small());
        let text = text.color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
    }
    if view.found.is_none() && view.points.is_empty() {
        return;
    }
    plot(ui, view);
    let has_two = view.proposed("discriminator").is_some();
    for (network, key) in NETWORKS {
        let Some(rate) = view.proposed(network) else {
            continue;
        };
        let name = if has_two { network } else { "network" };
        ui.horizontal(|ui| {
            let tip = "Where the loss falls steepest";
            let button = ui.button(format!("Use {rate}")).on_hover_text(tip);
            let words = format!("Use {rate} for the {name}");
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
            if button.clicked() {
                act(actions, learn(LearnAction::UseRate(key, rate)));
            }
            ui.label(
                RichText::new(format!("for the {name}"))
                    .font(small())
                    .weak(),
            );
        });
    }
    if view.found.is_some() && view.proposed("generator").is_none() {
        let text = "No rate lowers the loss; look at data and recipe";
        ui.label(RichText::new(text).font(small()).weak());
    }
    ui.add_space(SPACE_S);
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
                let is_network = NETWORKS.iter().any(|(name, _)| *name == curve.name);
                if let Some(rate) = curve.proposed.filter(|_| is_network) {
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
    let said: Vec<String> = NETWORKS
        .iter()
        .filter_map(|(name, _)| Some(format!("{name} {}", view.proposed(name)?)))
        .collect();
    let response = Plot::new("learning rates")
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
    let said = if said.is_empty() {
        "Learning rates".to_owned()
    } else {
        format!("Learning rates, steepest: {}", said.join(", "))
    };
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
