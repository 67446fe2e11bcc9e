//! The Data section: choose a folder, see what is in it.

use std::path::PathBuf;

use egui::{Align, Key, Layout, RichText, Ui, vec2};

use super::figures;
use super::table;
use super::{
    DataPick, LookAs, MakeForm, MusicForm, Preview, SongTable, TrainAction, act, faint, make, music,
};
use crate::dataset::{DatasetInfo, Song};
use crate::gui::bottom::progress_bar;
use crate::gui::command::Command;
use crate::gui::icons::{Icon, icon_button};
use crate::gui::jobs::JobId;
use crate::gui::scene::{Action, Scene};
use crate::gui::theme::{SPACE_L, SPACE_M, SPACE_S, figures as digits, small, tokens};
use crate::gui::topbar::clock;
use crate::gui::widgets::split_combo;

/// Remarks about the folder that a tooltip lists.
const MOST_NOTES: usize = 20;

/// What the section shows.
#[derive(Default)]
pub enum DataState {
    /// An invitation.
    #[default]
    Empty,
    /// A folder is being looked through.
    Looking {
        /// The job.
        job: JobId,
        /// The folder.
        folder: PathBuf,
    },
    /// Why it could not be used.
    Failed(String),
    /// Songs with stems.
    Songs(Box<SongTable>),
    /// Examples or renders.
    Examples(Box<DatasetInfo>),
}

/// The section's state.
#[derive(Default)]
pub struct DataView {
    /// The folder as typed.
    pub folder: String,
    /// What it is taken for.
    pub look_as: LookAs,
    /// What is shown.
    pub state: DataState,
    /// What is played.
    pub preview: Option<Preview>,
    /// Whether the player is to be given its song back once it is still.
    pub(super) restoring: bool,
    /// The form for music that is made.
    pub music: MusicForm,
    /// The form for examples; one of both is open.
    pub make: MakeForm,
}

impl DataView {
    /// The songs, if songs are shown.
    pub fn table(&self) -> Option<&SongTable> {
        match &self.state {
            DataState::Songs(table) => Some(table),
            _ => None,
        }
    }

    /// The song of a row.
    pub(super) fn song(&self, row: usize) -> Option<Song> {
        self.table()?.set.songs.get(row).cloned()
    }
}

pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, view: &mut DataView, actions: &mut Vec<Action>) {
    if view.music.open {
        music::ui(ui, scene, &mut view.music, actions);
    }
    if view.make.open {
        make::ui(ui, scene, &view.folder, &mut view.make, actions);
    }
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        chooser(ui, scene, view, actions);
        ui.add_space(SPACE_M);
        let DataView { state, preview, .. } = view;
        match state {
            DataState::Empty => empty(ui, scene, actions),
            DataState::Looking { job, .. } => looking(ui, scene, *job, actions),
            DataState::Failed(reason) => failed(ui, reason, actions),
            DataState::Songs(table) => songs(ui, table, preview.as_ref(), actions),
            DataState::Examples(info) => figures::ui(ui, info),
        }
    });
}

fn browse(ui: &mut Ui, actions: &mut Vec<Action>) {
    let tip = Command::OpenDataFolder.tooltip(ui.ctx());
    if ui.button("Browse…").on_hover_text(tip).clicked() {
        act(actions, TrainAction::Browse(DataPick::Folder));
    }
}

fn chooser(ui: &mut Ui, scene: &Scene<'_>, view: &mut DataView, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let label = ui.label("Data folder").id;
        let width = (ui.available_width() - 590.0).max(120.0);
        let edit = egui::TextEdit::singleline(&mut view.folder).desired_width(width);
        let field = ui.add(edit).labelled_by(label);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let typed = view.folder.trim();
        let open = ui.add_enabled(!typed.is_empty(), egui::Button::new("Look"));
        let open = open
            .on_hover_text("Look through this folder")
            .on_disabled_hover_text("Type a folder first");
        if !typed.is_empty() && (open.clicked() || entered) {
            act(actions, TrainAction::Open(PathBuf::from(typed)));
        }
        browse(ui, actions);
        let recent = &scene.settings.data_folders;
        ui.add_enabled_ui(!recent.is_empty(), |ui| {
            let button = egui::Button::new("Recent");
            egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
                for folder in recent {
                    if ui.button(folder).clicked() {
                        act(actions, TrainAction::Open(PathBuf::from(folder)));
                    }
                }
            });
        });
        let label = ui.label("as").id;
        let before = view.look_as;
        let combo = egui::ComboBox::from_id_salt("look as")
            .width(120.0)
            .selected_text(view.look_as.label())
            .show_ui(ui, |ui| {
                for choice in LookAs::ALL {
                    ui.selectable_value(&mut view.look_as, choice, choice.label());
                }
            });
        let tip = "What the folder is taken for";
        combo.response.labelled_by(label).on_hover_text(tip);
        if view.look_as != before && !matches!(view.state, DataState::Empty) {
            act(actions, TrainAction::LookAgain);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tip = "Compose pieces and play them by instruments of your choice";
            let music = ui.toggle_value(&mut view.music.open, "Make music");
            if music.on_hover_text(tip).changed() {
                view.make.open = false;
            }
            let tip = "Examples, sections, speech pairs and pictures that networks learn from";
            let make = ui.toggle_value(&mut view.make.open, "Make examples");
            if make.on_hover_text(tip).changed() {
                view.music.open = false;
            }
        });
    });
}

fn empty(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).max(SPACE_L));
        ui.heading("Drop a folder of songs here");
        ui.add_space(SPACE_S);
        ui.weak(
            "A folder per song with a file per stem, MUSDB18, or what the dataset commands wrote",
        );
        ui.add_space(SPACE_L);
        browse(ui, actions);
        if !scene.settings.data_folders.is_empty() {
            ui.add_space(SPACE_L);
            faint(ui, "Last folders");
        }
        for folder in &scene.settings.data_folders {
            if ui.link(folder).on_hover_text("Look through it").clicked() {
                act(actions, TrainAction::Open(PathBuf::from(folder)));
            }
        }
    });
}

fn looking(ui: &mut Ui, scene: &Scene<'_>, job: JobId, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.3).max(SPACE_L));
        ui.heading("Looking through the folder");
        ui.add_space(SPACE_M);
        let progress = scene.jobs.get(&job).and_then(|job| job.progress.as_ref());
        ui.allocate_ui(vec2(320.0, 20.0), |ui| progress_bar(ui, progress, 18.0));
        ui.add_space(SPACE_M);
        if ui
            .button("Cancel")
            .on_hover_text("Stop looking through the folder")
            .clicked()
        {
            act(actions, TrainAction::CancelLook);
        }
    });
}

fn failed(ui: &mut Ui, reason: &str, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.25).max(SPACE_L));
        ui.heading("This folder cannot be used");
        ui.add_space(SPACE_S);
        let text = RichText::new(reason).color(tokens(ui.ctx()).error);
        ui.add(egui::Label::new(text).wrap());
        ui.add_space(SPACE_M);
        ui.weak("Choose another folder, or mend this one and look again");
        ui.add_space(SPACE_L);
        browse(ui, actions);
        ui.add_space(SPACE_S);
        let tip = Command::LookAgain.tooltip(ui.ctx());
        if ui.button("Look again").on_hover_text(tip).clicked() {
            act(actions, TrainAction::LookAgain);
        }
    });
}

/// The summary, what is shown of it, and the rows.
fn songs(ui: &mut Ui, table: &mut SongTable, preview: Option<&Preview>, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    ui.horizontal_wrapped(|ui| {
        let text = table.summary.text(table.set.layout);
        let text = RichText::new(text).font(digits()).color(tokens.faint);
        ui.label(text);
        let notes = &table.set.notes;
        if !notes.is_empty() {
            let s = if notes.len() == 1 { "" } else { "s" };
            let text = format!("{} remark{s}", notes.len());
            let shown: Vec<&str> = notes.iter().take(MOST_NOTES).map(String::as_str).collect();
            let text = RichText::new(text).font(small()).color(tokens.warning);
            ui.add(egui::Label::new(text).selectable(false))
                .on_hover_text(shown.join("\n"));
        }
    });
    ui.add_space(SPACE_S);
    filters(ui, table, preview, actions);
    ui.add_space(SPACE_S);
    if table.shown.is_empty() {
        ui.add_space(SPACE_L);
        ui.vertical_centered(|ui| ui.weak("No song fits; change the filter"));
        return;
    }
    table::ui(ui, table, preview, actions);
}

fn filters(
    ui: &mut Ui,
    table: &mut SongTable,
    preview: Option<&Preview>,
    actions: &mut Vec<Action>,
) {
    let mut changed = false;
    ui.horizontal(|ui| {
        let edit = egui::TextEdit::singleline(&mut table.filter)
            .desired_width(160.0)
            .hint_text("Filter by name");
        let field = ui.add(edit).accessible_name("Filter by name");
        changed |= field.changed();
        changed |= split_combo(ui, "split filter", &mut table.split);
        changed |= ui
            .checkbox(&mut table.only_problems, "Only songs with problems")
            .on_hover_text(format!("{} songs have some", table.summary.troubled))
            .changed();
        let (shown, all) = (table.shown.len(), table.rows.len());
        if shown < all {
            faint(ui, format!("{shown} of {all}"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let Some(preview) = preview else { return };
            let tip = Command::PlayPause.tooltip(ui.ctx());
            if icon_button(ui, Icon::Stop, "Stop the sound", &tip, false).clicked() {
                act(actions, TrainAction::StopHearing);
            }
            let text = match preview.job {
                Some(_) => format!("Reading {}", preview.what),
                None => format!(
                    "{} · {} / {}",
                    preview.what,
                    clock(preview.position_secs),
                    clock(preview.seconds)
                ),
            };
            let text = RichText::new(text).font(small());
            ui.add(egui::Label::new(text).truncate().selectable(false));
        });
    });
    if changed {
        table.arrange();
    }
}
