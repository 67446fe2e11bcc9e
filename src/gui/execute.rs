//! From an [`Action`] to its effect: the one place where the window's state is changed.

use super::app::App;
use super::batch::BatchAction;
use super::command::Command;
use super::dialogs;
use super::jobs::{JobId, Request};
use super::notices::Level;
use super::scene::{Action, Drag};
use super::settings::{ThemeChoice, Tool, Workspace};
use crate::playback::PlayerCommand;
use crate::session::{Id, Lane, LaneView, SILENT_DB, Song, Span};

const STEP_SECS: f64 = 5.0;
const ZOOM_STEP: f64 = 1.6;

impl App {
    /// Does what a panel or a key asked for.
    pub(super) fn execute(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::Do(command) => self.execute_command(command, ctx),
            Action::OpenPaths(paths) => self.take_paths(paths),
            Action::OpenTrack(path, track) => {
                self.open_track(path, Some(track));
            }
            Action::ShowSong(id) => self.show_song(id),
            Action::CloseSong(id) => self.close_song(id),
            Action::ToggleTake(song, take) => self.toggle_take(song, take),
            Action::RemoveTake(song, take) => self.remove_take(song, take),
            Action::Seek(secs) => self.seek(secs),
            Action::Select(span, drag) => {
                self.edit_song("select", drag, |song| song.arrangement.selection = span);
            }
            Action::Loop(span) => {
                self.edit_song("loop", Drag::Done, |song| song.arrangement.looped = span);
                self.send_loop();
            }
            Action::Scroll(px) => self.view(|song| song.view.scroll(px)),
            Action::Zoom(factor, x) => self.view(|song| song.view.zoom(factor, x)),
            Action::Resize(width) => self.view(|song| song.view.resize(width)),
            Action::Choose(id) => self.chosen_lane = Some(id),
            Action::Mute(id) => {
                self.edit_lane(id, "mute", Drag::Done, |lane| lane.muted = !lane.muted)
            }
            Action::Solo(id) => {
                self.edit_lane(id, "solo", Drag::Done, |lane| lane.soloed = !lane.soloed)
            }
            Action::Gain(id, db, drag) => {
                self.edit_lane(id, "gain", drag, |lane| {
                    lane.gain_db = db.clamp(SILENT_DB, 12.0)
                });
            }
            Action::View(id, view) => {
                self.edit_lane(id, "view", Drag::Done, |lane| lane.view = view)
            }
            Action::Overlay(id, other) => {
                self.edit_lane(id, "overlay", Drag::Done, |lane| lane.overlay = other)
            }
            Action::Move(id, by) => {
                self.edit_song("move lane", Drag::Done, |song| move_lane(song, id, by))
            }
            Action::RemoveLane(id) => {
                self.edit_song("remove lane", Drag::Done, |song| {
                    song.arrangement.lanes.retain(|lane| lane.id != id)
                });
                self.send_lanes();
            }
            Action::Point(cursor) => self.cursor = cursor,
            Action::Cancel(job) => self.jobs.cancel(job),
            Action::ChooseModel(id) => self.choose_model(id),
            Action::Set(settings) => {
                if settings.output != self.settings.output {
                    self.tell(PlayerCommand::Device(settings.output.clone()));
                }
                self.settings = *settings;
                self.apply_settings(ctx);
            }
            Action::Batch(action) => self.execute_batch(action, ctx),
            Action::Listen(action) => self.execute_listen(action, ctx),
            Action::Train(action) => self.execute_train(action, ctx),
            Action::Transfer(action) => self.execute_transfer(action, ctx),
            Action::Evaluate(action) => self.execute_evaluate(action, ctx),
            Action::Truth(action) => self.execute_truth(action, ctx),
            Action::Export(lanes, picture) => self.start_export(&lanes, picture),
            Action::AdoptModel(path, card) => self.adopt_model(path, card),
            Action::ChooseFolder => {
                if !self.dialog_open {
                    self.dialog_open = true;
                    let folder = self.settings.export.folder.clone();
                    dialogs::pick_folder(folder, self.jobs.outbox(), ctx.clone());
                }
            }
        }
    }

    fn execute_command(&mut self, command: Command, ctx: &egui::Context) {
        match command {
            Command::Open => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_files(self.jobs.outbox(), ctx.clone());
                }
            }
            Command::OpenExample => match super::songs::example_song() {
                Some(path) => self.open_paths(vec![path]),
                None => self.notices.add(
                    Level::Warning,
                    "The example song did not come with this program",
                ),
            },
            Command::CloseSong => {
                if let Some(id) = self.session.current {
                    self.close_song(id);
                }
            }
            Command::Separate => self.start_separation(false),
            Command::Preview => self.start_separation(true),
            Command::Export => self.export.show(&self.settings.export, &self.session),
            Command::CancelJobs => {
                self.truth.stop();
                let all: Vec<JobId> = self.jobs.running.keys().copied().collect();
                all.into_iter().for_each(|id| self.jobs.cancel(id));
            }
            Command::PlayPause => self.play_pause(),
            Command::Stop => {
                self.stop_preview();
                self.tell(PlayerCommand::Pause);
                self.seek(0.0);
            }
            Command::GoToStart => self.seek(0.0),
            Command::GoToEnd => self.seek(f64::INFINITY),
            Command::StepBack => self.seek(self.playhead_secs() - STEP_SECS),
            Command::StepForward => self.seek(self.playhead_secs() + STEP_SECS),
            Command::ToggleLoop => {
                self.edit_song("loop", Drag::Done, |song| {
                    let arrangement = &mut song.arrangement;
                    arrangement.looped = if arrangement.looped.is_some() {
                        None
                    } else {
                        arrangement.selection
                    };
                });
                self.send_loop();
            }
            Command::SelectAll => self.edit_song("select", Drag::Done, |song| {
                song.arrangement.selection = Some(Span {
                    start_secs: 0.0,
                    end_secs: song.seconds,
                });
            }),
            Command::ClearSelection => {
                if self.help_open {
                    self.help_open = false;
                } else if self
                    .session
                    .song()
                    .is_some_and(|song| song.arrangement.selection.is_some())
                {
                    self.edit_song("select", Drag::Done, |song| {
                        song.arrangement.selection = None
                    });
                }
            }
            Command::ZoomIn => self.zoom_at_playhead(ZOOM_STEP),
            Command::ZoomOut => self.zoom_at_playhead(1.0 / ZOOM_STEP),
            Command::ZoomFit => self.view(|song| song.view.fit()),
            Command::ZoomSelection => self.view(|song| {
                if let Some(span) = song.arrangement.selection {
                    song.view.show(span.start_secs, span.end_secs);
                }
            }),
            Command::LaneUp | Command::LaneDown => {
                let by = if command == Command::LaneUp { -1 } else { 1 };
                match self.settings.workspace {
                    Workspace::Workbench => self.choose_neighbour(by),
                    Workspace::Listen => self.hear_neighbour(by),
                    Workspace::Train => self.choose_data_song(by),
                    Workspace::Evaluate => self.evaluate.results.step(by),
                    Workspace::Batch => self.choose_queued(by),
                }
            }
            Command::Workbench => self.go_to(Workspace::Workbench),
            Command::Listen => self.go_to(Workspace::Listen),
            Command::Train => self.go_to(Workspace::Train),
            Command::Evaluate => self.go_to(Workspace::Evaluate),
            Command::Batch => self.go_to(Workspace::Batch),
            Command::DataSection
            | Command::RecipeSection
            | Command::RunsSection
            | Command::StartTraining
            | Command::PauseTraining
            | Command::StopTraining
            | Command::FindLearningRate
            | Command::OpenDataFolder
            | Command::LookAgain
            | Command::LeaveOut
            | Command::OpenDataSong => self.train_command(command, ctx),
            Command::ReferencesFolder
            | Command::Measure
            | Command::CancelMeasuring
            | Command::NextMeasure
            | Command::CompareMethods
            | Command::WriteScores => self.evaluate_command(command, ctx),
            Command::ShowSdr | Command::TrueStems | Command::WorstSecond => {
                self.truth_command(command, ctx);
            }
            Command::Reconstruct => self.start_reconstruction(false),
            Command::Sweep => self.start_reconstruction(true),
            Command::Transfer => self.start_transfer(),
            Command::SeparateTool => self.show_tool(Tool::Separate),
            Command::ReconstructTool => self.show_tool(Tool::Reconstruct),
            Command::TransferTool => self.show_tool(Tool::Transfer),
            Command::Hear(_)
            | Command::HearA
            | Command::HearB
            | Command::HearX
            | Command::AnswerA
            | Command::AnswerB
            | Command::SetA
            | Command::SetB
            | Command::MatchLoudness
            | Command::Difference
            | Command::Abx
            | Command::Ranking
            | Command::NextRound => self.listen_command(command, ctx),
            Command::AddFolder => {
                self.go_to(Workspace::Batch);
                self.execute_batch(BatchAction::ChooseFolder, ctx);
            }
            Command::StartBatch => {
                self.go_to(Workspace::Batch);
                let action = if self.batch.running {
                    BatchAction::Pause(!self.batch.totals.paused)
                } else {
                    BatchAction::Start
                };
                self.execute_batch(action, ctx);
            }
            Command::CancelBatch => self.execute_batch(BatchAction::CancelAll, ctx),
            Command::QueueUp => self.with_queued(ctx, |input| BatchAction::Move(input, -1)),
            Command::QueueDown => self.with_queued(ctx, |input| BatchAction::Move(input, 1)),
            Command::QueueRemove => self.with_queued(ctx, BatchAction::Remove),
            Command::QueueRetry => self.with_queued(ctx, BatchAction::Retry),
            Command::Mute => self.with_chosen(|app, id| app.execute(Action::Mute(id), ctx)),
            Command::Solo => self.with_chosen(|app, id| app.execute(Action::Solo(id), ctx)),
            Command::ViewWave => self.view_all(LaneView::Wave),
            Command::ViewSpectrogram => self.view_all(LaneView::Spectrogram),
            Command::ViewBoth => self.view_all(LaneView::Both),
            Command::Undo => self.after_undo(|app| app.history.undo(&mut app.session)),
            Command::Redo => self.after_undo(|app| app.history.redo(&mut app.session)),
            Command::ToggleLibrary => self.settings.show_library = !self.settings.show_library,
            Command::ToggleInspector => {
                self.settings.show_inspector = !self.settings.show_inspector
            }
            Command::ToggleBottom => self.settings.show_bottom = !self.settings.show_bottom,
            Command::ToggleTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                self.settings.theme = if dark {
                    ThemeChoice::Light
                } else {
                    ThemeChoice::Dark
                };
                self.apply_settings(ctx);
            }
            Command::Settings => {
                self.settings_open = !self.settings_open;
                if self.settings_open && self.devices.is_none() {
                    self.devices = Some(crate::playback::output_devices());
                }
            }
            Command::InstallRuntime => {
                self.start_job("Installing ONNX Runtime", Request::Install);
            }
            Command::RescanModels => {
                self.start_job("Looking for models", Request::Scan);
            }
            Command::RetryOutput => self.tell(PlayerCommand::Device(self.settings.output.clone())),
            Command::Palette => self.palette.show(),
            Command::Help => self.help_open = !self.help_open,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    /// Another workspace; what is heard follows it.
    pub(super) fn go_to(&mut self, workspace: Workspace) {
        self.settings.workspace = workspace;
        if workspace != Workspace::Train {
            self.stop_preview();
        }
        self.listen.forget_failures();
        self.send_lanes();
    }

    pub(super) fn show_tool(&mut self, tool: Tool) {
        self.settings.tool = tool;
        self.settings.show_inspector = true;
        self.go_to(Workspace::Workbench);
    }

    fn view(&mut self, change: impl FnOnce(&mut Song)) {
        if let Some(song) = self.session.song_mut() {
            change(song);
        }
    }

    fn zoom_at_playhead(&mut self, factor: f64) {
        let playhead = self.playhead_secs();
        self.view(|song| {
            let x = song.view.x_from_secs(playhead);
            let inside = (0.0..=song.view.width_px).contains(&x);
            song.view
                .zoom(factor, if inside { x } else { song.view.width_px / 2.0 });
        });
    }

    /// Edits the current song's arrangement as one step of undo.
    pub(super) fn edit_song(
        &mut self,
        edit: &'static str,
        drag: Drag,
        change: impl FnOnce(&mut Song),
    ) {
        let Some(song) = self.session.song_mut() else {
            return;
        };
        self.history.record(song, edit, true);
        change(song);
        if drag == Drag::Done {
            self.history.settle();
        }
    }

    fn edit_lane(
        &mut self,
        id: Id,
        edit: &'static str,
        drag: Drag,
        change: impl FnOnce(&mut Lane),
    ) {
        self.edit_song(edit, drag, |song| {
            if let Some(lane) = song.lane_mut(id) {
                change(lane);
            }
        });
        self.send_lanes();
    }

    fn view_all(&mut self, view: LaneView) {
        self.edit_song("view", Drag::Done, |song| {
            song.arrangement
                .lanes
                .iter_mut()
                .for_each(|lane| lane.view = view);
        });
    }

    fn after_undo(&mut self, step: impl FnOnce(&mut Self) -> bool) {
        if step(self) {
            self.send_lanes();
            self.send_loop();
        }
    }

    fn with_chosen(&mut self, act: impl FnOnce(&mut Self, Id)) {
        let chosen = self.chosen_lane.filter(|id| {
            self.session
                .song()
                .is_some_and(|song| song.lane(*id).is_some())
        });
        if let Some(id) = chosen {
            act(self, id);
        }
    }

    fn choose_neighbour(&mut self, by: isize) {
        let Some(song) = self.session.song() else {
            return;
        };
        let lanes = &song.arrangement.lanes;
        let at = lanes
            .iter()
            .position(|lane| Some(lane.id) == self.chosen_lane)
            .unwrap_or(0) as isize;
        let next = (at + by).clamp(0, lanes.len() as isize - 1);
        self.chosen_lane = lanes.get(next.max(0) as usize).map(|lane| lane.id);
    }
}

fn move_lane(song: &mut Song, id: Id, by: isize) {
    let lanes = &mut song.arrangement.lanes;
    if let Some(at) = lanes.iter().position(|lane| lane.id == id) {
        let to = (at as isize + by).clamp(0, lanes.len() as isize - 1) as usize;
        let lane = lanes.remove(at);
        lanes.insert(to, lane);
    }
}
