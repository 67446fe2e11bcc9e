//! The form for examples that are made, at the right of the section.

use egui::{RichText, Ui};

use super::fields;
use super::{MakeForm, MakeKind, MakePick};
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_M, small};
use crate::gui::train::music::place;
use crate::gui::train::side::{self, End};
use crate::gui::train::{DataPick, TrainAction, faint};

/// Paints the form; `folder` is the Data folder.
pub(in crate::gui::train) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    folder: &str,
    form: &mut MakeForm,
    actions: &mut Vec<Action>,
) {
    side::panel(ui, "make examples", |ui| {
        // What a run was begun with stays as it is until it is over.
        ui.add_enabled_ui(form.job.is_none(), |ui| {
            what(ui, form);
            if form.kind.is_of_data() {
                source(ui, folder);
            }
            ui.add_space(SPACE_M);
            match form.kind {
                MakeKind::Store => fields::store(ui, form),
                MakeKind::Cut => fields::cut(ui, form),
                MakeKind::Speech => fields::speech(ui, scene, form, actions),
                MakeKind::Pictures => fields::pictures(ui, form),
                MakeKind::Excerpts => fields::excerpts(ui, form),
            }
            ui.add_space(SPACE_M);
            result(ui, form, actions);
        });
        let end = End {
            job: form.job,
            stop: ("Stop making examples", TrainAction::CancelExamples),
            make: ("Make them as chosen above", TrainAction::MakeExamples),
            ready: (true, ""),
            problem: &form.problem,
            made: &form.made,
        };
        side::end(ui, scene, end, actions);
    });
}

fn what(ui: &mut Ui, form: &mut MakeForm) {
    let before = form.kind;
    ui.horizontal(|ui| {
        let label = ui.label("What").id;
        let (name, tip) = form.kind.heading();
        let combo = egui::ComboBox::from_id_salt("what is made")
            .width(160.0)
            .selected_text(name)
            .show_ui(ui, |ui| {
                for kind in MakeKind::ALL {
                    let (name, tip) = kind.heading();
                    ui.selectable_value(&mut form.kind, kind, name)
                        .on_hover_text(tip);
                }
            });
        combo.response.labelled_by(label).on_hover_text(tip);
    });
    if form.kind != before {
        // What was said of the other kind says nothing of this one.
        form.problem = None;
    }
    faint(ui, form.kind.heading().1);
}

/// What it is made of.
fn source(ui: &mut Ui, folder: &str) {
    let folder = folder.trim();
    let text = if folder.is_empty() {
        "No data folder is chosen yet".to_owned()
    } else {
        format!("Made of {folder}")
    };
    let text = RichText::new(text).font(small()).weak();
    ui.add(egui::Label::new(text).truncate().selectable(false))
        .on_hover_text("The data folder; songs that are left out there are left out here");
}

/// Where it goes.
fn result(ui: &mut Ui, form: &mut MakeForm, actions: &mut Vec<Action>) {
    let pick = DataPick::Make(MakePick::Out);
    let tip = "Where the results are written";
    place(ui, "Result folder", tip, &mut form.out, pick, actions);
    if form.kind == MakeKind::Cut {
        faint(ui, "Files that are there are kept");
        return;
    }
    ui.checkbox(&mut form.overwrite, "Replace what is there")
        .on_hover_text("Make anew what an earlier run made");
}
