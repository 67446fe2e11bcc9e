//! The Listen workspace: a song's takes at one playhead and one loudness, and blind tests.
//!
//! A row is a lane of the song: the mixture, a stem, a reconstruction, a difference. All rows are
//! played at once and all but one are silent, so switching is a cross-fade of 10 ms and never a gap.

mod abx;
mod commands;
mod details;
mod difference;
mod pictures;
mod ranking;
mod results;
mod table;

use std::collections::{HashMap, HashSet};

use egui::{Align, Layout, RichText, Ui};

use super::command::Command;
use super::jobs::JobId;
use super::scene::{Action, Scene};
use super::theme::{SPACE_L, SPACE_M, small, tokens};
use super::tiles::Tiles;
use crate::listen::{Choice, Loudness, MatchTarget, Matched, match_gains};
use crate::session::{Id, Song};

pub use abx::{AbxRun, Sound};
pub use difference::DifferenceRequest;
pub use ranking::RankingRun;
pub use table::Column;

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
}

/// A blind test under way.
#[derive(Debug, Clone)]
pub enum Test {
    /// Can two takes be told apart?
    Abx(AbxRun),
    /// How good is each take?
    Ranking(RankingRun),
}

impl Test {
    /// Whether everything that the test is about is still there.
    fn is_whole(&self, song: &Song) -> bool {
        let there = |id: &Id| song.lane(*id).is_some();
        match self {
            Self::Abx(run) => there(&run.lanes.0) && there(&run.lanes.1),
            Self::Ranking(run) => run.lanes.iter().all(there),
        }
    }
}

/// What must outlive a frame.
pub struct ListenView {
    heard: Option<Id>,
    a: Option<Id>,
    b: Option<Id>,
    ticked: HashSet<Id>,
    sort: (Column, bool),
    /// Whether all are heard equally loud.
    pub matched: bool,
    trials: u32,
    rounds: u32,
    loudness: HashMap<Id, Loudness>,
    measuring: HashMap<JobId, Vec<Id>>,
    /// A blind test under way.
    pub test: Option<Test>,
}

impl Default for ListenView {
    fn default() -> Self {
        Self {
            heard: None,
            a: None,
            b: None,
            ticked: HashSet::new(),
            sort: (Column::Number, false),
            matched: true,
            trials: 16,
            rounds: 2,
            loudness: HashMap::new(),
            measuring: HashMap::new(),
            test: None,
        }
    }
}

impl ListenView {
    /// Keeps loudnesses that were measured.
    pub(super) fn measured(&mut self, measured: Vec<(Id, Loudness)>) {
        for (clip, loudness) in measured {
            self.measuring.retain(|_, clips| !clips.contains(&clip));
            self.loudness.insert(clip, loudness);
        }
    }

    /// A job failed; what it was to measure may be tried again with the next song.
    pub(super) fn failed(&mut self, job: JobId) {
        for clip in self.measuring.remove(&job).into_iter().flatten() {
            let silent = Loudness {
                integrated_lufs: None,
                sample_peak: 0.0,
            };
            self.loudness.insert(clip, silent);
        }
    }

    /// The lane that is heard. During a test that is for the player alone.
    pub(super) fn heard_lane(&self, song: &Song) -> Option<Id> {
        let there = |id: &Id| song.lane(*id).is_some();
        let first = || song.arrangement.lanes.first().map(|lane| lane.id);
        match &self.test {
            Some(Test::Abx(run)) => Some(run.heard()).filter(there),
            Some(Test::Ranking(run)) => Some(run.heard()).filter(there),
            None => self.heard.filter(there).or_else(first),
        }
    }

    /// Whether a test has lost one of its lanes, and cannot go on.
    pub(super) fn is_test_broken(&self, song: Option<&Song>) -> bool {
        let whole = |test: &Test| song.is_some_and(|song| test.is_whole(song));
        self.test.as_ref().is_some_and(|test| !whole(test))
    }

    /// Lanes A and B, as far as they are chosen and still there.
    fn pair(&self, song: &Song) -> (Option<Id>, Option<Id>) {
        let there = |id: Option<Id>| id.filter(|id| song.lane(*id).is_some());
        (there(self.a), there(self.b))
    }

    /// The gains that make the song's lanes as loud as its first one, in the lanes' order; none
    /// while something is still being measured.
    fn matched(&self, song: &Song) -> Option<Matched> {
        let lanes = &song.arrangement.lanes;
        let measured: Option<Vec<Loudness>> = lanes
            .iter()
            .map(|lane| self.loudness.get(&lane.clip).copied())
            .collect();
        let measured = measured?;
        let reference = measured
            .iter()
            .position(|take| take.integrated_lufs.is_some())?;
        match_gains(&measured, MatchTarget::Reference(reference)).ok()
    }

    /// The linear gain of every lane, in the lanes' order.
    pub(super) fn gains(&self, song: &Song) -> Vec<f32> {
        let heard = self.heard_lane(song);
        let matched = self.matched(song).filter(|_| self.matched);
        let lanes = song.arrangement.lanes.iter().enumerate();
        lanes
            .map(|(i, lane)| {
                if Some(lane.id) != heard {
                    return 0.0;
                }
                let db = matched.as_ref().map_or(0.0, |matched| matched.gains_db[i]);
                10.0_f64.powf(db / 20.0) as f32
            })
            .collect()
    }
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
        match &view.test {
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
        let text = match view.matched(song) {
            None => "measuring…".to_owned(),
            Some(matched) => {
                let to = matched
                    .target_lufs
                    .map_or_else(|| "all silent".to_owned(), |lufs| format!("{lufs:.1} LUFS"));
                if matched.lowered_db > 0.05 {
                    format!("{to}, {:.1} dB lower for the peaks", matched.lowered_db)
                } else {
                    to
                }
            }
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
            if ui
                .add(drag)
                .accessible_name("Trials of the test")
                .changed()
            {
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
