//! The Listen workspace: a song's takes at one playhead and one loudness, and blind tests.
//!
//! A row is a lane of the song: the mixture, a stem, a reconstruction, a difference. All rows are
//! played at once and all but one are silent, so switching is a cross-fade of 10 ms and never a gap.

mod abx;
mod blind;
mod commands;
mod details;
mod difference;
mod pictures;
mod ranking;
mod results;
mod table;
mod view;

use egui::{Align, Layout, RichText, Ui};

use super::command::Command;
use super::scene::{Action, Scene};
use super::theme::{SPACE_L, SPACE_M, small, tokens};
use super::tiles::Tiles;
use crate::listen::Choice;
use crate::session::{Id, Song};

pub use abx::{AbxRun, Sound};
pub use difference::DifferenceRequest;
pub use pictures::PictureRequest;
pub use ranking::RankingRun;
pub use table::Column;
pub use view::ListenView;
use view::{RunningTest, Test, linear};

/// What the workspace asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum ListenAction {
    /// Switch to a lane.
    Hear(Id),
    /// Use a lane as A or as B.
    Use(Choice, Id),
    /// Put a lane into the next ranking, or leave it out.
    Tick(Id, bool),
    /// Sort the table by a column; once more turns it round.
    Sort(Column),
    /// A take's name.
    Rename(Id, String),
    /// A take's notes.
    Note(Id, String),
    /// Trials of the next ABX test.
    Trials(u32),
    /// Rounds of the next ranking.
    Rounds(u32),
    /// Switch to A, B or X in an ABX test.
    HearSound(Sound),
    /// X is this.
    Answer(Choice),
    /// Switch to a slider of a ranking, or to the open reference.
    HearSlider(Option<usize>),
    /// Set a slider of a ranking, 0–100.
    Rate(usize, f32),
    /// Words to a result.
    NoteResult(usize, String),
    /// Write a result to a CSV file.
    SaveResult(usize),
    /// Forget a result.
    RemoveResult(usize),
    /// Write the table of takes to a CSV file.
    SaveTable,
    /// Write what is compared to a PNG file.
    SavePicture,
}

/// Paints the workspace.
pub(super) fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &ListenView,
    tiles: &mut Tiles,
    actions: &mut Vec<Action>,
) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(16);
    egui::CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        let Some(song) = scene.session.song() else {
            empty(ui, actions);
            return;
        };
        match view.test() {
            Some(Test::Abx(run)) => abx::ui(ui, scene, run, actions),
            Some(Test::Ranking(run)) => ranking::ui(ui, scene, run, actions),
            None => compare(ui, scene, view, song, tiles, actions),
        }
    });
}

fn empty(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.35);
        ui.heading("Nothing to listen to yet");
        ui.label("Open a song, and make takes of it in the Workbench.");
        ui.add_space(SPACE_M);
        let tip = Command::Open.tooltip(ui.ctx());
        if ui.button("Open…").on_hover_text(tip).clicked() {
            actions.push(Action::Do(Command::Open));
        }
    });
}

fn compare(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &ListenView,
    song: &Song,
    tiles: &mut Tiles,
    actions: &mut Vec<Action>,
) {
    toolbar(ui, scene, view, song, actions);
    ui.add_space(SPACE_M);
    let below = (ui.available_height() * 0.56).clamp(180.0, 520.0);
    ui.allocate_ui(
        egui::vec2(ui.available_width(), ui.available_height() - below),
        |ui| {
            table::ui(ui, view, song, actions);
        },
    );
    ui.separator();
    let rest = ui.available_rect_before_wrap();
    let side = (rest.width() * 0.28).clamp(240.0, 380.0);
    let left = rest.with_max_x(rest.left() + side);
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
        egui::ScrollArea::vertical()
            .id_salt("take")
            .auto_shrink(false)
            .show(ui, |ui| {
                details::ui(ui, view, song, actions);
                if song.takes.is_empty() {
                    ui.add_space(SPACE_M);
                    let text = "Only the song itself so far. Separate or reconstruct it in the \
                                Workbench: what comes out stands here.";
                    ui.label(RichText::new(text).font(small()).weak());
                }
                ui.add_space(SPACE_M);
                results::ui(ui, song, actions);
            });
    });
    let right = rest.with_min_x(left.right() + SPACE_L);
    ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
        pictures::ui(ui, scene, view, song, tiles, actions);
    });
}

/// Which song's takes are listened to.
fn songs(ui: &mut Ui, scene: &Scene<'_>, song: &Song, actions: &mut Vec<Action>) {
    egui::ComboBox::from_id_salt("listen song")
        .width(180.0)
        .selected_text(song.title())
        .truncate()
        .show_ui(ui, |ui| {
            for other in &scene.session.songs {
                if ui
                    .selectable_label(other.id == song.id, other.title())
                    .clicked()
                {
                    actions.push(Action::ShowSong(other.id));
                }
            }
        })
        .response
        .on_hover_text("Song");
}

fn toolbar(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &ListenView,
    song: &Song,
    actions: &mut Vec<Action>,
) {
    let (a, b) = view.pair(song);
    ui.horizontal(|ui| {
        songs(ui, scene, song, actions);
        ui.add_space(SPACE_M);
        let mut matched = view.matched;
        let tip = Command::MatchLoudness.tooltip(ui.ctx());
        if ui
            .checkbox(&mut matched, "Match loudness")
            .on_hover_text(tip)
            .changed()
        {
            actions.push(Action::Do(Command::MatchLoudness));
        }
        let text = match view.matching(song) {
            None => "measuring…".to_owned(),
            Some(matching) if matching.lowered_db > 0.05 => format!(
                "{:.1} LUFS, {:.1} dB lower for the peaks",
                matching.target_lufs, matching.lowered_db
            ),
            Some(matching) => format!("{:.1} LUFS", matching.target_lufs),
        };
        if view.matched {
            ui.label(RichText::new(text).font(small()).weak());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = |ui: &mut Ui, text: &str, command: Command, ready: bool, why: &str| {
                let tip = command.tooltip(ui.ctx());
                ui.add_enabled(ready, egui::Button::new(text))
                    .on_hover_text(tip)
                    .on_disabled_hover_text(why)
                    .clicked()
            };
            let ticked = song
                .arrangement
                .lanes
                .iter()
                .filter(|lane| view.ticked.contains(&lane.id));
            let enough = ticked.count() >= 3;
            let mut rounds = view.rounds;
            let drag = egui::DragValue::new(&mut rounds)
                .range(1..=100)
                .suffix(" rounds");
            if ui
                .add(drag)
                .accessible_name("Rounds of the ranking")
                .changed()
            {
                actions.push(Action::Listen(ListenAction::Rounds(rounds)));
            }
            if button(
                ui,
                "Blind ranking",
                Command::Ranking,
                enough,
                "Tick three takes or more",
            ) {
                actions.push(Action::Do(Command::Ranking));
            }
            ui.add_space(SPACE_M);
            let both = a.is_some() && b.is_some() && a != b;
            let why = "Choose take A and take B in the table";
            let mut trials = view.trials;
            let drag = egui::DragValue::new(&mut trials)
                .range(1..=1000)
                .suffix(" trials");
            if ui.add(drag).accessible_name("Trials of the test").changed() {
                actions.push(Action::Listen(ListenAction::Trials(trials)));
            }
            if button(ui, "Blind ABX", Command::Abx, both, why) {
                actions.push(Action::Do(Command::Abx));
            }
            ui.add_space(SPACE_M);
            if button(ui, "A less B", Command::Difference, both, why) {
                actions.push(Action::Do(Command::Difference));
            }
        });
    });
}
