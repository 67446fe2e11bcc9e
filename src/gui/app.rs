//! The owner of everything in the window.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::batch::{self, BatchView};
use super::command::{self, Command};
use super::evaluate::{self, EvaluateView};
use super::jobs::{Jobs, Request};
use super::lanes::LaneStack;
use super::listen::{self, ListenView};
use super::notices::Notices;
use super::palette::Palette;
use super::reconstruct::ReconstructView;
use super::scene::{Action, ClipView, Cursor, OutputState, Scene, SeparateForm};
use super::settings::{self, Settings, ThemeChoice, Workspace};
use super::spectrum::Spectra;
use super::tiles::Tiles;
use super::train::{self, TrainView};
use super::transfer::TransferView;
use super::truth::TruthView;
use super::{bottom, card_form, export, fold, help, inspector, library, theme, topbar, welcome};
use crate::display::Peak;
use crate::model::{ModelShelf, RuntimeStatus};
use crate::playback::Player;
use crate::session::{History, Id, Session};

/// What the window starts with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Files to open.
    pub files: Vec<PathBuf>,
    /// No saved state, no sound, no system theme: the same every time, for tests.
    pub is_test: bool,
}

/// The window's state. Panels read it through a [`Scene`] and answer [`Action`]s.
pub struct App {
    pub(super) session: Session,
    pub(super) history: History,
    pub(super) settings: Settings,
    pub(super) clips: HashMap<Id, ClipView>,
    pub(super) jobs: Jobs,
    pub(super) tiles: Tiles,
    spectra: Spectra,
    pub(super) player: Option<Player>,
    pub(super) output: OutputState,
    pub(super) notices: Notices,
    pub(super) shelf: ModelShelf,
    pub(super) runtime: Option<RuntimeStatus>,
    pub(super) form: SeparateForm,
    pub(super) chosen_lane: Option<Id>,
    pub(super) cursor: Option<Cursor>,
    pub(super) lanes: LaneStack,
    pub(super) palette: Palette,
    pub(super) help_open: bool,
    pub(super) settings_open: bool,
    pub(super) export: export::ExportDialog,
    pub(super) dialog_open: bool,
    pub(super) card_draft: Option<card_form::CardDraft>,
    /// Why clips of the session could not be opened.
    pub(super) failed: HashMap<Id, String>,
    /// Outlines of clips that are still being read.
    pub(super) sketches: HashMap<Id, Arc<Vec<Peak>>>,
    /// Songs of which only the header was read so far.
    pub(super) announced: HashSet<Id>,
    pub(super) batch: BatchView,
    pub(super) listen: ListenView,
    pub(super) reconstruct: ReconstructView,
    pub(super) train: TrainView,
    pub(super) transfer: TransferView,
    pub(super) evaluate: EvaluateView,
    pub(super) truth: TruthView,
    pub(super) is_test: bool,
    pub(super) devices: Option<Vec<String>>,
    /// Track numbers of songs that are being opened.
    pub(super) pending_tracks: HashMap<Id, usize>,
    /// Names of all audio tracks of songs that have several.
    pub(super) tracks: HashMap<Id, Vec<String>>,
    levels: (f32, f32),
    pub(super) saved: (Session, Settings),
    pub(super) last_save_secs: f64,
}

impl App {
    /// Builds the state; files, models and ONNX Runtime load behind the first frame.
    pub fn new(ctx: &egui::Context, start: Start) -> Self {
        theme::install(ctx);
        let wake = {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        let mut notices = Notices::default();
        let restore = |file: &str| {
            let path = crate::paths::config_dir().join(file);
            (!start.is_test).then_some(path)
        };
        let settings: Settings = settings::read_or_default(restore("settings.json"), &mut notices);
        let session: Session = settings::read_or_default(restore("session.json"), &mut notices);
        let mut app = Self {
            history: History::default(),
            clips: HashMap::new(),
            jobs: Jobs::new(wake.clone()),
            tiles: Tiles::new(wake.clone()),
            spectra: Spectra::new(wake),
            player: if start.is_test {
                None
            } else {
                Player::new().ok()
            },
            output: OutputState::Idle,
            shelf: ModelShelf::default(),
            runtime: None,
            form: SeparateForm::default(),
            chosen_lane: None,
            cursor: None,
            lanes: LaneStack::default(),
            palette: Palette::default(),
            help_open: false,
            settings_open: false,
            export: export::ExportDialog::default(),
            dialog_open: false,
            card_draft: None,
            failed: HashMap::new(),
            sketches: HashMap::new(),
            announced: HashSet::new(),
            batch: BatchView::new(settings::read_or_default(
                restore("batch.json"),
                &mut notices,
            )),
            listen: ListenView::default(),
            reconstruct: ReconstructView::default(),
            train: TrainView::default(),
            transfer: TransferView::default(),
            evaluate: EvaluateView::default(),
            truth: TruthView::default(),
            is_test: start.is_test,
            devices: None,
            pending_tracks: HashMap::new(),
            tracks: HashMap::new(),
            levels: (0.0, 0.0),
            notices,
            saved: (session.clone(), settings.clone()),
            last_save_secs: 0.0,
            session,
            settings,
        };
        app.apply_settings(ctx);
        app.reopen();
        if !start.files.is_empty() {
            app.open_paths(start.files);
        }
        if !app.is_test {
            app.jobs.start("Looking for models", Request::Scan);
        }
        app
    }

    /// Theme and size as the settings say.
    pub(super) fn apply_settings(&self, ctx: &egui::Context) {
        ctx.set_theme(match self.settings.theme {
            ThemeChoice::System => egui::ThemePreference::System,
            ThemeChoice::Dark => egui::ThemePreference::Dark,
            ThemeChoice::Light => egui::ThemePreference::Light,
        });
        if !self.is_test {
            ctx.set_zoom_factor(self.settings.zoom.clamp(0.5, 3.0));
        }
    }

    /// The playhead in seconds: the player's while there is one, else the session's.
    pub(super) fn playhead_secs(&self) -> f64 {
        let Some(song) = self.session.song() else {
            return 0.0;
        };
        match &self.player {
            Some(player) if self.is_playing() && !self.is_previewing() => {
                let frames = player
                    .state()
                    .position
                    .load(std::sync::atomic::Ordering::Relaxed);
                frames as f64 / f64::from(song.sample_rate_hz.max(1))
            }
            _ => song.playhead_secs,
        }
    }

    /// Whether sound is running.
    pub(super) fn is_playing(&self) -> bool {
        self.player.as_ref().is_some_and(|player| {
            player
                .state()
                .playing
                .load(std::sync::atomic::Ordering::Relaxed)
        })
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        fold::drain(self, ctx);
        self.evaluate.results.catch_up();
        if self.listen.is_test_broken(self.session.song()) {
            self.leave_test();
        }
        self.watch_preview();
        self.watch_truth();
        if self.tiles.receive(ctx) {
            ctx.request_repaint();
        }
        if let Some(player) = &self.player {
            let (left, right) = player.state().take_peaks();
            // Meters rise at once and fall slowly, to the end also after a pause.
            let fall = |level: f32| if level < 0.001 { 0.0 } else { level * 0.9 };
            self.levels = (
                left.max(fall(self.levels.0)),
                right.max(fall(self.levels.1)),
            );
            if self.levels != (0.0, 0.0) {
                ctx.request_repaint();
            }
        }
        if self.is_playing() || self.follows_preview() {
            ctx.request_repaint();
        }
        if self.is_playing() && !self.is_previewing() {
            let playhead = self.playhead_secs();
            if let Some(song) = self.session.song_mut() {
                song.playhead_secs = playhead;
                let view = &mut song.view;
                if playhead >= view.end_secs() || playhead < view.start_secs {
                    view.reveal(playhead);
                }
            }
        }
        self.save(ctx.input(|input| input.time));
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut actions: Vec<Action> = Vec::new();
        let listens = self.settings.workspace == Workspace::Listen;
        let usable = |command: Command| listens || !command.is_of_listening();
        if !self.palette.is_open() && !self.export.open {
            let pressed = command::pressed(&ctx, usable).into_iter();
            actions.extend(pressed.map(|command| Action::Do(self.keyed(command))));
        }
        let playhead_secs = self.playhead_secs();
        let playing = self.is_playing();
        {
            let scene = Scene {
                session: &self.session,
                clips: &self.clips,
                settings: &self.settings,
                jobs: &self.jobs.running,
                shelf: &self.shelf,
                runtime: self.runtime.as_ref(),
                output: &self.output,
                playing,
                playhead_secs,
                levels: self.levels,
                chosen_lane: self.chosen_lane,
                cursor: self.cursor.clone(),
                tracks: &self.tracks,
                failed: &self.failed,
                sketches: &self.sketches,
                in_test: self.listen.running.is_some(),
                truth: &self.truth,
                can_undo: (self.history.can_undo(), self.history.can_redo()),
            };
            topbar::ui(ui, &scene, &mut self.notices, &mut actions);
            match scene.settings.workspace {
                Workspace::Batch => batch::ui(ui, &scene, &mut self.batch, &mut actions),
                Workspace::Train => train::ui(ui, &scene, &mut self.train, &mut actions),
                Workspace::Evaluate => evaluate::ui(ui, &scene, &mut self.evaluate, &mut actions),
                Workspace::Listen => {
                    if scene.settings.show_bottom && song_shown(&scene) {
                        bottom::ui(ui, &scene, &mut self.spectra, &mut actions);
                    }
                    listen::ui(ui, &scene, &self.listen, &mut self.tiles, &mut actions);
                }
                Workspace::Workbench => {
                    if scene.settings.show_bottom && scene.session.song().is_some() {
                        bottom::ui(ui, &scene, &mut self.spectra, &mut actions);
                    }
                    if scene.settings.show_library {
                        library::ui(ui, &scene, &mut actions);
                    }
                    if scene.settings.show_inspector && scene.session.song().is_some() {
                        inspector::ui(
                            ui,
                            &scene,
                            &mut self.form,
                            (&mut self.reconstruct, &mut self.transfer),
                            &mut actions,
                        );
                    }
                    egui::CentralPanel::no_frame()
                        .frame(egui::Frame::new().fill(theme::tokens(&ctx).canvas))
                        .show(ui, |ui| match scene.session.song() {
                            Some(song) => {
                                self.lanes
                                    .ui(ui, &scene, song, &mut self.tiles, &mut actions)
                            }
                            None => welcome::ui(ui, &scene, &mut actions),
                        });
                }
            }
            self.palette.ui(&ctx, &scene, &mut actions);
            help::ui(&ctx, &mut self.help_open);
            self.export.ui(&ctx, &scene, &mut actions);
            super::preferences::ui(
                &ctx,
                &scene,
                &mut self.settings_open,
                self.devices.as_deref(),
                &mut actions,
            );
            card_form::ui(&ctx, &mut self.card_draft, &mut actions);
            welcome::drop_overlay(&ctx);
        }
        self.notices.ui(&ctx);
        let dropped: Vec<PathBuf> = ctx.input(|input| {
            input
                .raw
                .dropped_files
                .iter()
                .map(|file| file.path().to_path_buf())
                .collect()
        });
        let dropped = self.take_style(dropped);
        if !dropped.is_empty() {
            actions.push(Action::OpenPaths(dropped));
        }
        if !actions.is_empty() {
            for action in actions {
                self.execute(action, &ctx);
            }
            ctx.request_repaint();
        }
        if ctx.input(|input| input.viewport().close_requested()) {
            self.leave_test();
            self.save_now();
        }
    }

    fn on_exit(&mut self) {
        self.leave_test();
        self.save_now();
    }
}

/// The spectrum below would name what a blind test hides.
fn song_shown(scene: &Scene<'_>) -> bool {
    scene.session.song().is_some() && !scene.in_test
}

impl App {
    /// Does what a panel would ask for.
    pub fn act(&mut self, action: Action, ctx: &egui::Context) {
        self.execute(action, ctx);
    }

    /// Runs a command as if its key had been pressed.
    pub fn command(&mut self, command: Command, ctx: &egui::Context) {
        self.execute(Action::Do(command), ctx);
    }
}
