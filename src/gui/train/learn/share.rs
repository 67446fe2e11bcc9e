//! Out of a run: its network onto the shelf, or into an ONNX file.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};

use super::work::ExportJob;
use super::{LearnAction, LearnPick};
use crate::gui::bottom::progress_bar;
use crate::gui::jobs::JobId;
use crate::gui::scene::Action;
use crate::gui::theme::{SPACE_M, small, tokens};
use crate::gui::train::{DataPick, TrainAction, act, faint};
use crate::train::Checkpoint;

/// What the form holds.
pub struct ShareForm {
    /// Whether it is shown.
    pub open: bool,
    /// The model's id; empty is the run's folder.
    pub id: String,
    /// What a person reads; empty is the recipe's title.
    pub name: String,
    /// The licence of the weights.
    pub license: String,
    /// Whether the latest state is taken, and not the best one.
    pub last: bool,
    /// Whether batch normalisation becomes part of the convolutions.
    pub fold_norm: bool,
    /// The ONNX file.
    pub out: String,
    /// Whether a file that is there may be replaced.
    pub overwrite: bool,
    /// The job, while it runs.
    pub job: Option<JobId>,
    /// Why it failed.
    pub problem: Option<String>,
    /// What came out.
    pub done: Option<String>,
}

impl Default for ShareForm {
    fn default() -> Self {
        Self {
            open: false,
            id: String::new(),
            name: String::new(),
            license: String::new(),
            last: false,
            fold_norm: true,
            out: String::new(),
            overwrite: false,
            job: None,
            problem: None,
            done: None,
        }
    }
}

impl ShareForm {
    /// The job that the form describes.
    pub fn request(&self, run: &Path, to_shelf: bool) -> ExportJob {
        let words = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let id = words(&self.id);
        ExportJob {
            run: run.to_path_buf(),
            out: (!to_shelf).then(|| PathBuf::from(self.out.trim())),
            checkpoint: if self.last {
                Checkpoint::Last
            } else {
                Checkpoint::Best
            },
            fold_norm: self.fold_norm,
            // On the shelf the file is called by its id.
            id: id.or_else(|| to_shelf.then(|| plain(run))),
            name: words(&self.name),
            license: words(&self.license),
            overwrite: self.overwrite,
        }
    }
}

/// The folder's name in the letters that an id may have.
pub(super) fn plain(run: &Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = super::runs_ui::short(run);
    let name: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect();
    name.trim_matches('.').to_owned()
}

pub(super) fn ui(ui: &mut Ui, form: &mut ShareForm, run: &Path, actions: &mut Vec<Action>) {
    let hint = plain(run);
    egui::Grid::new("export a network")
        .num_columns(2)
        .spacing([SPACE_M, 4.0])
        .show(ui, |ui| {
            let rows = [
                ("Id", &mut form.id, hint.as_str()),
                ("Name", &mut form.name, "the recipe's title"),
                ("Licence", &mut form.license, "none"),
            ];
            for (name, text, hint) in rows {
                let label = ui.label(name).id;
                let edit = egui::TextEdit::singleline(text)
                    .desired_width(220.0)
                    .hint_text(hint.to_owned());
                ui.add(edit).labelled_by(label);
                ui.end_row();
            }
            ui.label("State");
            ui.horizontal(|ui| {
                ui.radio_value(&mut form.last, false, "Best epoch");
                ui.radio_value(&mut form.last, true, "Latest");
            });
            ui.end_row();
            let label = ui.label("ONNX file").id;
            ui.horizontal(|ui| {
                let edit = egui::TextEdit::singleline(&mut form.out).desired_width(220.0);
                ui.add(edit).labelled_by(label);
                let button = ui.button("Choose…").on_hover_text("Choose by dialog");
                let words = "Choose the ONNX file";
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
                if button.clicked() {
                    let pick = DataPick::Learn(LearnPick::Model);
                    act(actions, TrainAction::Browse(pick));
                }
            });
            ui.end_row();
        });
    let words = "Fold batch normalisation into the convolutions";
    ui.checkbox(&mut form.fold_norm, words)
        .on_hover_text("The same answer to rounding, sooner");
    ui.checkbox(&mut form.overwrite, "Replace a model of this name");
    if form.job.is_some() {
        progress_bar(ui, None, 18.0);
        return;
    }
    ui.horizontal(|ui| {
        let button = ui.button("Put on the shelf");
        let tip = "Among the models at once, for Separate and Batch";
        if button.on_hover_text(tip).clicked() {
            act(actions, TrainAction::Learn(LearnAction::Export(true)));
        }
        let is_named = !form.out.trim().is_empty();
        let button = ui
            .add_enabled(is_named, egui::Button::new("Write the file"))
            .on_hover_text("The ONNX file with its card, and the weights as safetensors")
            .on_disabled_hover_text("Name the ONNX file first");
        if button.clicked() {
            act(actions, TrainAction::Learn(LearnAction::Export(false)));
        }
    });
    if let Some(problem) = &form.problem {
        let text = RichText::new(problem).font(small());
        let text = text.color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
    }
    if let Some(done) = &form.done {
        faint(ui, done.as_str());
    }
}
