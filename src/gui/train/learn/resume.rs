//! Carrying a run on: for how many epochs, and after a failure how fast.

use std::path::{Path, PathBuf};

use egui::{DragValue, Ui};

use super::LearnAction;
use super::fields::number;
use super::news::Pause;
use super::seen::{DeviceSeen, RunSeen};
use super::work::TrainJob;
use crate::error::Result;
use crate::gui::app::App;
use crate::gui::notices::Level;
use crate::gui::scene::Action;
use crate::gui::train::{TrainAction, act, faint};
use crate::train::{Recipe, RunStatus, TrainDevice};

/// The most epochs that can be asked for.
const MOST_EPOCHS: usize = 10_000_000;
/// What the learning rate is divided by after a training broke down.
const SLOWER: f64 = 10.0;

/// How a run is carried on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResumeForm {
    /// The run, how often it was resumed, and when it changed last: with another the form begins
    /// anew.
    of: Option<(PathBuf, usize, u64)>,
    /// Epochs that the training is to have in all.
    epochs: usize,
    /// The network's learning rate; only after a failure.
    learning_rate: f64,
}

impl ResumeForm {
    /// Follows the run that is shown.
    fn follow(&mut self, path: &Path, run: &RunSeen) {
        let of = (
            path.to_path_buf(),
            run.record.resumed,
            run.record.changed_secs,
        );
        if self.of.as_ref() == Some(&of) {
            return;
        }
        let rate = run.learning_rate;
        *self = Self {
            of: Some(of),
            epochs: run.course.epochs(),
            learning_rate: if broke_down(run) { rate / SLOWER } else { rate },
        };
    }

    /// Whether there is something left to be done.
    fn is_more(&self, run: &RunSeen) -> bool {
        !is_over(run) || self.epochs > run.course.done(&run.rows)
    }

    /// What differs from the run's recipe, as [`Recipe::with_changes`] reads it.
    fn changes(&self, path: &Path, run: &RunSeen) -> Vec<String> {
        let mut changes = Vec::new();
        if self.of.as_ref().is_none_or(|(own, ..)| own != path) {
            return changes;
        }
        if self.epochs != run.course.epochs() {
            changes.push(format!("training.epochs={}", self.epochs));
        }
        if run.record.status == RunStatus::StoppedEarly {
            // Patience is at its end; with it nothing would be learned.
            changes.push("training.patience=none".to_owned());
        }
        let rate = run.learning_rate;
        if run.record.status == RunStatus::Failed && self.learning_rate != rate {
            let text = number(self.learning_rate);
            changes.push(format!("optimiser.learning_rate={text}"));
            // All slow down alike.
            for (key, other) in &run.other_rates {
                let text = number(other * self.learning_rate / rate);
                changes.push(format!("{key}={text}"));
            }
        }
        changes
    }

    /// The recipe that the run goes on with, as TOML.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a value out of range.
    fn recipe(&self, path: &Path, run: &RunSeen) -> Result<String> {
        let changes = self.changes(path, run);
        if changes.is_empty() {
            return Ok(run.recipe.clone());
        }
        let recipe = Recipe::parse(&run.recipe, &path.join("recipe.toml"))?;
        recipe.with_changes(&changes)?.to_toml()
    }
}

/// Whether the run came to its end.
fn is_over(run: &RunSeen) -> bool {
    matches!(
        run.record.status,
        RunStatus::Finished | RunStatus::StoppedEarly
    )
}

/// Whether the run failed because its numbers did, which a lower rate may cure.
fn broke_down(run: &RunSeen) -> bool {
    let reason = run.record.reason.as_deref().unwrap_or_default();
    run.record.status == RunStatus::Failed && reason.contains("optimiser.learning_rate")
}

/// The button, and what can be changed with it. `is_busy` says that a training goes on.
pub(super) fn ui(
    ui: &mut Ui,
    form: &mut ResumeForm,
    path: &Path,
    run: &RunSeen,
    is_busy: bool,
    actions: &mut Vec<Action>,
) {
    form.follow(path, run);
    let is_more = form.is_more(run);
    let tip = match &run.data {
        Some(data) => format!("Carry it on, with {}", data.display()),
        None => "Carry it on, with the folder of the Data section".to_owned(),
    };
    let why_not = if is_busy {
        "Another training is going on"
    } else {
        "All epochs are done; name more of them beside it"
    };
    let button = ui
        .add_enabled(!is_busy && is_more, egui::Button::new("Resume"))
        .on_hover_text(tip)
        .on_disabled_hover_text(why_not);
    if button.clicked() {
        let resume = LearnAction::Resume(path.to_path_buf());
        act(actions, TrainAction::Learn(resume));
    }
    faint(ui, "to epoch");
    let epochs = DragValue::new(&mut form.epochs)
        .range(1..=MOST_EPOCHS)
        .update_while_editing(false);
    ui.name_inputs("Epochs to go to", |ui| ui.add(epochs))
        .on_hover_text("Epochs of the training in all");
    if run.record.status == RunStatus::Failed {
        faint(ui, "at the rate");
        let rate = DragValue::new(&mut form.learning_rate)
            .speed(run.learning_rate * 0.01)
            .range(f64::MIN_POSITIVE..=f64::MAX)
            .update_while_editing(false)
            .custom_formatter(|rate, _| number(rate));
        ui.name_inputs("Learning rate to resume with", |ui| ui.add(rate))
            .on_hover_text("Of the network; a discriminator's and those of stages move alike");
    }
}

impl App {
    /// Carries on a run as its form says, with what it learned from, where it was trained.
    pub(super) fn resume_training(&mut self, path: &Path) {
        let learn = &self.train.learn;
        if learn.is_busy() {
            return;
        }
        let Some(run) = learn.seen_at(path) else {
            return;
        };
        let typed = self.train.data.folder.trim();
        let Some(data) = run
            .data
            .clone()
            .or_else(|| (!typed.is_empty()).then(|| PathBuf::from(typed)))
        else {
            let text = "The run had not begun to learn; choose its folder in the Data section";
            self.notices.add(Level::Warning, text);
            return;
        };
        let recipe = match learn.resume.recipe(path, run) {
            Ok(recipe) => recipe,
            Err(error) => {
                self.notices.add(Level::Warning, error.to_string());
                return;
            }
        };
        let known = learn.devices.as_deref();
        let device = run.record.device_wish.as_deref();
        let device = device.and_then(|wish| device_here(wish, known));
        let job = TrainJob {
            recipe,
            data,
            out: path.to_path_buf(),
            device: device.unwrap_or_else(|| self.settings.train_device.clone()),
            resume: true,
            overwrite: false,
            weights: None,
            pause: Pause::default(),
        };
        self.begin_training(job);
    }
}

/// The device of a wish, if this machine has it or may have it.
fn device_here(wish: &str, known: Option<&[DeviceSeen]>) -> Option<String> {
    let wish: TrainDevice = wish.parse().ok()?;
    let id = wish.to_string();
    let is_here = match wish {
        TrainDevice::Auto | TrainDevice::Cpu => true,
        TrainDevice::Gpu(_) => known.is_none_or(|known| known.iter().any(|device| device.id == id)),
    };
    is_here.then_some(id)
}
