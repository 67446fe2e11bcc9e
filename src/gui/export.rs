//! The export dialog: which lanes, format, folder, names.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};

use super::scene::{Action, Scene};
use super::theme::{SPACE_L, SPACE_M, small, tokens};
use crate::apply::{ExportOptions, PeakRule, SongName, song_name};
use crate::audio::AudioFormat;
use crate::session::{Id, Session};

/// The dialog's state.
#[derive(Default)]
pub struct ExportDialog {
    /// Whether it is open.
    pub open: bool,
    options: ExportOptions,
    folder: String,
    lanes: Vec<(Id, bool)>,
    resample: bool,
    picture: bool,
    rate_hz: u32,
}

impl ExportDialog {
    /// Opens it for the current song: heard lanes are chosen.
    pub fn show(&mut self, last: &ExportOptions, session: &Session) {
        let Some(song) = session.song() else { return };
        let lanes = &song.arrangement.lanes;
        let stems = lanes.iter().any(|lane| lane.take.is_some());
        self.open = true;
        self.lanes = lanes
            .iter()
            .map(|lane| (lane.id, !lane.muted && (lane.take.is_some() || !stems)))
            .collect();
        self.options = last.clone();
        if self.options.folder == Path::new(".") {
            self.options.folder = music_folder();
        }
        self.folder = self.options.folder.display().to_string();
        self.rate_hz = last.sample_rate_hz.unwrap_or(song.sample_rate_hz);
        self.resample = last.sample_rate_hz.is_some();
    }

    /// The folder chosen by the system's dialog.
    pub fn set_folder(&mut self, folder: &Path) {
        self.folder = folder.display().to_string();
    }

    /// Paints it.
    pub fn ui(&mut self, ctx: &egui::Context, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        if !self.open {
            return;
        }
        let modal = egui::Modal::new(egui::Id::unique("export")).show(ctx, |ui| {
            ui.set_width(500.0);
            ui.heading("Export");
            ui.add_space(SPACE_M);
            self.lanes_ui(ui, scene);
            ui.add_space(SPACE_M);
            self.form(ui, actions);
            ui.add_space(SPACE_M);
            let problem = self.preview(ui, scene);
            ui.add_space(SPACE_L);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let text = RichText::new("Export files")
                    .strong()
                    .color(tokens(ctx).on_accent);
                let button = egui::Button::new(text).fill(tokens(ctx).accent);
                let go = ui.add_enabled(problem.is_none(), button);
                let go = go.on_disabled_hover_text(problem.unwrap_or_default());
                if go.clicked() {
                    let mut settings = scene.settings.clone();
                    settings.export = self.options.clone();
                    actions.push(Action::Set(Box::new(settings)));
                    let lanes = self
                        .lanes
                        .iter()
                        .filter(|(_, chosen)| *chosen)
                        .map(|(id, _)| *id)
                        .collect();
                    actions.push(Action::Export(lanes, self.picture));
                    ui.close();
                }
                if ui.button("Close").clicked() {
                    ui.close();
                }
            });
        });
        if modal.should_close() {
            self.open = false;
        }
    }

    fn lanes_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let Some(song) = scene.session.song() else {
            return;
        };
        egui::ScrollArea::vertical()
            .max_height(140.0)
            .show(ui, |ui| {
                for (id, chosen) in &mut self.lanes {
                    let Some(lane) = song.lane(*id) else { continue };
                    let take = song.takes.iter().find(|take| Some(take.id) == lane.take);
                    let text = take.map_or_else(
                        || lane.name.clone(),
                        |take| format!("{} · {}", lane.name, take.name),
                    );
                    ui.checkbox(chosen, text);
                }
            });
    }

    fn form(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        egui::Grid::new("export form")
            .num_columns(2)
            .spacing([16.0, 8.0])
            .show(ui, |ui| {
                let label = ui.label("Format").id;
                let combo = egui::ComboBox::from_id_salt("format")
                    .selected_text(self.options.format.label());
                let combo = combo.show_ui(ui, |ui| {
                    for format in AudioFormat::ALL {
                        ui.selectable_value(&mut self.options.format, format, format.label());
                    }
                });
                combo.response.labelled_by(label);
                ui.end_row();
                let label = ui.label("Folder").id;
                ui.horizontal(|ui| {
                    let edit = egui::TextEdit::singleline(&mut self.folder).desired_width(280.0);
                    ui.add(edit).labelled_by(label);
                    if ui
                        .button("Choose…")
                        .on_hover_text("Choose a folder; a typed path works as well")
                        .clicked()
                    {
                        actions.push(Action::ChooseFolder);
                    }
                });
                self.options.folder = PathBuf::from(self.folder.trim());
                ui.end_row();
                let label = ui.label("Name").id;
                let edit =
                    egui::TextEdit::singleline(&mut self.options.pattern).desired_width(280.0);
                ui.add(edit)
                    .labelled_by(label)
                    .on_hover_text("{name} {title} {artist} {stem} {model}");
                ui.end_row();
                ui.label("Rate");
                ui.horizontal(|ui| {
                    ui.radio_value(&mut self.resample, false, "The song's");
                    ui.radio_value(&mut self.resample, true, "Another");
                    let value = egui::DragValue::new(&mut self.rate_hz)
                        .range(8000..=192_000)
                        .suffix(" Hz");
                    ui.add_enabled_ui(self.resample, |ui| {
                        ui.add(value).accessible_name("Rate in hertz")
                    });
                });
                self.options.sample_rate_hz = self.resample.then_some(self.rate_hz);
                ui.end_row();
                ui.label("More");
                ui.vertical(|ui| {
                    let whole = self.options.format.integer_bits().is_some();
                    ui.add_enabled_ui(whole, |ui| {
                        let mut lower = self.options.peaks == PeakRule::Lower;
                        ui.checkbox(
                            &mut lower,
                            "Lower all stems together if one is over full scale",
                        );
                        self.options.peaks = if lower {
                            PeakRule::Lower
                        } else {
                            PeakRule::Keep
                        };
                    });
                    ui.checkbox(&mut self.picture, "Picture of mixture, masks and stems");
                    ui.checkbox(
                        &mut self.options.overwrite,
                        "Replace files of the same name",
                    );
                });
                ui.end_row();
            });
    }

    /// The first name as it will be; answers why it cannot be done.
    fn preview(&self, ui: &mut Ui, scene: &Scene<'_>) -> Option<String> {
        let song = scene.session.song()?;
        let chosen: Vec<&str> = self
            .lanes
            .iter()
            .filter(|(_, chosen)| *chosen)
            .filter_map(|(id, _)| Some(song.lane(*id)?.name.as_str()))
            .collect();
        let Some(first) = chosen.first() else {
            let text = "Choose at least one lane";
            ui.label(
                RichText::new(text)
                    .font(small())
                    .color(tokens(ui.ctx()).warning),
            );
            return Some(text.into());
        };
        let model = song
            .takes
            .last()
            .map_or("mixture", |take| take.model.as_str());
        let name: SongName = song_name(&song.path, song.tags.clone(), model);
        match self.options.path(&name, first) {
            Ok(path) => {
                let count = chosen.len();
                let more = if count > 1 {
                    format!(", and {} more", count - 1)
                } else {
                    String::new()
                };
                let text = format!("{}{more}", path.display());
                ui.label(RichText::new(text).font(small()).weak());
                None
            }
            Err(error) => {
                ui.label(
                    RichText::new(error.to_string())
                        .font(small())
                        .color(tokens(ui.ctx()).error),
                );
                Some(error.to_string())
            }
        }
    }
}

fn music_folder() -> PathBuf {
    directories::UserDirs::new()
        .and_then(|dirs| {
            dirs.audio_dir()
                .map(Path::to_path_buf)
                .or_else(|| Some(dirs.home_dir().to_path_buf()))
        })
        .unwrap_or_else(|| PathBuf::from("."))
}
