//! One run: how it stands, its buttons, curves, previews, states, and the way out.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};

use super::live::{Begun, LiveRun, LiveState, status_words};
use super::news::StepNews;
use super::seen::rounded;
use super::{LearnAction, LearnView, curves, previews, resume, share};
use crate::gui::batch::figures::{clock, megabytes};
use crate::gui::bottom::progress_bar;
use crate::gui::command::Command;
use crate::gui::library::section;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, figures as digits, small, tokens};
use crate::gui::train::{Preview, TrainAction, act, faint};

pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &mut LearnView,
    path: &Path,
    heard: Option<&Preview>,
    actions: &mut Vec<Action>,
) {
    head(ui, scene, view, path);
    ui.add_space(SPACE_S);
    buttons(ui, view, path, actions);
    if view.share.open {
        ui.add_space(SPACE_M);
        section(ui, "Export the network");
        share::ui(ui, &mut view.share, path, actions);
    }
    ui.add_space(SPACE_M);
    curves::ui(ui, view, path);
    ui.add_space(SPACE_L);
    section(ui, "Previews");
    let mut preview = std::mem::take(&mut view.preview);
    previews::ui(ui, &mut preview, view.previews(), heard, actions);
    view.preview = preview;
    ui.add_space(SPACE_L);
    section(ui, "States");
    states(ui, view, path);
}

/// Name, status and figures.
fn head(ui: &mut Ui, scene: &Scene<'_>, view: &LearnView, path: &Path) {
    let tokens = tokens(ui.ctx());
    let name = super::runs_ui::short(path);
    ui.heading(name).on_hover_text(path.display().to_string());
    let error = |ui: &mut Ui, reason: &str| {
        let text = RichText::new(reason).color(tokens.error);
        ui.add(egui::Label::new(text).wrap());
    };
    if let Some(live) = view.live_at(path) {
        ui.label(RichText::new(live.state.words()).strong());
        match &live.state {
            LiveState::Failed(reason) => error(ui, reason),
            LiveState::Preparing => {
                let job = live.job.and_then(|job| scene.jobs.get(&job));
                let progress = job.and_then(|job| job.progress.as_ref());
                progress_bar(ui, progress, 18.0);
            }
            _ => {}
        }
        if let Some(begun) = &live.begun {
            figures(ui, begun, live);
        }
        return;
    }
    match view.runs.get(path) {
        Some(Ok(run)) => {
            let words = status_words(run.record.status);
            ui.label(RichText::new(words).strong());
            if let Some(reason) = &run.record.reason {
                error(ui, reason);
            }
            let text = format!(
                "{} · {} · {} · version {}",
                run.name,
                run.course.progress(&run.rows),
                run.record.device,
                run.record.version
            );
            faint(ui, text);
            if let Some(data) = &run.data {
                faint(ui, format!("learned from {}", data.display()));
            }
        }
        Some(Err(reason)) => error(ui, reason),
        None if view.reading.is_some() => {
            ui.weak("Reading the run");
        }
        None => {}
    }
}

/// What is known of the run that goes on, in figures.
fn figures(ui: &mut Ui, begun: &Begun, live: &LiveRun) {
    let parameters = match begun.discriminator_parameters {
        Some(other) => format!(
            "{} and {} of the discriminator",
            rounded(begun.parameters),
            rounded(other)
        ),
        None => rounded(begun.parameters),
    };
    let mut rows = vec![
        ("Device", begun.device.clone()),
        ("Parameters", parameters),
        (
            "Examples",
            format!("{}, for validation {}", begun.examples.0, begun.examples.1),
        ),
    ];
    if begun.stage.1 > 1 {
        let mut text = format!("{} of {}", begun.stage.0 + 1, begun.stage.1);
        if let Some(name) = live.course.words(begun.stage.0) {
            text.push_str(&format!(", {name}"));
        }
        rows.push(("Stage", text));
    }
    if let Some(step) = &live.last {
        rows.extend(step_rows(begun, live, step));
    }
    egui::Grid::new("run figures")
        .num_columns(4)
        .spacing([SPACE_L, 3.0])
        .show(ui, |ui| {
            for pair in rows.chunks(2) {
                for (name, value) in pair {
                    faint(ui, *name);
                    ui.label(RichText::new(value).font(digits()));
                }
                ui.end_row();
            }
        });
}

fn step_rows(begun: &Begun, live: &LiveRun, step: &StepNews) -> Vec<(&'static str, String)> {
    let (done, epochs) = begun.epochs;
    let rate = match step.discriminator_learning_rate {
        Some(other) => format!("{:.2e}, discriminator {other:.2e}", step.learning_rate),
        None => format!("{:.2e}", step.learning_rate),
    };
    let mut rows = vec![
        ("Epoch", format!("{done} of {epochs} done")),
        (
            "Step",
            format!("{} of {} in epoch {}", step.batch, step.batches, step.epoch),
        ),
        ("Time per step", format!("{:.1} ms", step.secs * 1000.0)),
        (
            "Examples per second",
            format!("{:.1}", step.examples_per_sec),
        ),
        ("Loss", format!("{:.5}", step.losses.loss)),
        ("Learning rate", rate),
    ];
    if let Some(accuracy) = step.losses.accuracy {
        rows.push(("Right answers", format!("{:.1} %", 100.0 * accuracy)));
    }
    if let Some(left) = live.secs_left().filter(|_| live.job.is_some()) {
        // How many steps a stage has is known once it has begun.
        let is_all = begun.stage.0 + 1 >= begun.stage.1;
        let more = if is_all { "" } else { " in this stage" };
        rows.push(("Time left", format!("{}{more}", clock(left))));
    }
    if let Some(bytes) = step.memory_bytes {
        rows.push(("Memory, the most", megabytes(bytes)));
    }
    rows
}

fn buttons(ui: &mut Ui, view: &mut LearnView, path: &Path, actions: &mut Vec<Action>) {
    let learn = |actions: &mut Vec<Action>, action| act(actions, TrainAction::Learn(action));
    let busy = view.is_busy();
    ui.horizontal(|ui| {
        let live = view.live_at(path).filter(|live| live.job.is_some());
        if let Some(live) = live {
            let pausing = live.is_pausing();
            let text = if pausing { "Go on" } else { "Pause" };
            let tip = Command::PauseTraining.tooltip(ui.ctx());
            if ui.button(text).on_hover_text(tip).clicked() {
                learn(actions, LearnAction::Pause(!pausing));
            }
            let stopping = live.state == LiveState::Stopping;
            let button = ui.add_enabled(!stopping, egui::Button::new("Stop"));
            let tip = Command::StopTraining.tooltip(ui.ctx());
            if button.on_hover_text(tip).clicked() {
                learn(actions, LearnAction::Stop);
            }
        } else {
            // The form is beside the run that it is for.
            let mut form = std::mem::take(&mut view.resume);
            if let Some(run) = view.seen_at(path) {
                resume::ui(ui, &mut form, path, run, busy, actions);
            }
            view.resume = form;
        }
        ui.toggle_value(&mut view.share.open, "Export…")
            .on_hover_text("Write the network as an ONNX model, or put it on the shelf");
        let button = ui.button("Open folder");
        if button
            .on_hover_text("Show it in the system's way")
            .clicked()
        {
            learn(actions, LearnAction::OpenFolder(path.to_path_buf()));
        }
    });
}

/// The states on disk, with epoch and loss.
fn states(ui: &mut Ui, view: &LearnView, path: &Path) {
    let (seen, live) = (view.seen_at(path), view.live_at(path));
    let rows = view.rows(path);
    let stage = rows.last().map(|row| row.stage);
    let loss_of = |epoch: usize| {
        let mut rows = rows.iter();
        let row = rows.rfind(|row| row.epoch == epoch && Some(row.stage) == stage)?;
        Some(row.valid.unwrap_or(row.train).loss)
    };
    let best = view.best_row(path, rows).map(|row| row.epoch);
    let saved = live.and_then(|live| live.saved_epoch);
    let last = saved.or_else(|| {
        let run = seen.filter(|run| run.has_last)?;
        run.rows.last().map(|row| row.epoch)
    });
    let mut lines: Vec<(&str, usize, PathBuf)> = Vec::new();
    for (name, epoch) in [("best", best), ("last", last)] {
        let folder = path.join("checkpoints").join(name);
        lines.extend(epoch.map(|epoch| (name, epoch, folder)));
    }
    if lines.is_empty() {
        ui.weak("None yet");
        return;
    }
    egui::Grid::new("run states")
        .num_columns(3)
        .spacing([SPACE_L, 3.0])
        .show(ui, |ui| {
            for (name, epoch, folder) in lines {
                ui.label(name).on_hover_text(folder.display().to_string());
                ui.label(format!("epoch {epoch}"));
                let loss = loss_of(epoch).map(|loss| format!("loss {loss:.5}"));
                let text = RichText::new(loss.unwrap_or_default());
                ui.label(text.font(small()));
                ui.end_row();
            }
        });
}
