//! From an [`Action`] to its effect: the one place where the window's state is changed.

use std::path::{Path, PathBuf};

use super::app::App;
use super::command::Command;
use super::dialogs;
use super::jobs::{Clip2, Request, SeparateRequest};
use super::notices::Level;
use super::scene::{Action, Drag, OutputState};
use super::settings::ThemeChoice;
use crate::apply::{PostProcess, Region, song_name};
use crate::audio::SUPPORTED_EXTENSIONS;
use crate::playback::{MixLane, PlayerCommand};
use crate::session::{Id, Lane, LaneView, SILENT_DB, Song, Span};

const STEP_SECS: f64 = 5.0;
/// Length of a preview without a selection, in seconds.
const PREVIEW_SECS: f64 = 10.0;
const ZOOM_STEP: f64 = 1.6;

impl App {
    /// Does what a panel or a key asked for.
    pub(super) fn execute(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::Do(command) => self.execute_command(command, ctx),
            Action::OpenPaths(paths) => self.open_paths(paths),
            Action::OpenTrack(path, track) => self.open_track(path, Some(track)),
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
            Action::Mute(id) => self.edit_lane(id, "mute", Drag::Done, |lane| lane.muted = !lane.muted),
            Action::Solo(id) => self.edit_lane(id, "solo", Drag::Done, |lane| lane.soloed = !lane.soloed),
            Action::Gain(id, db, drag) => {
                self.edit_lane(id, "gain", drag, |lane| lane.gain_db = db.clamp(SILENT_DB, 12.0));
            }
            Action::View(id, view) => self.edit_lane(id, "view", Drag::Done, |lane| lane.view = view),
            Action::Overlay(id, other) => self.edit_lane(id, "overlay", Drag::Done, |lane| lane.overlay = other),
            Action::Move(id, by) => self.edit_song("move lane", Drag::Done, |song| move_lane(song, id, by)),
            Action::RemoveLane(id) => {
                self.edit_song("remove lane", Drag::Done, |song| song.arrangement.lanes.retain(|lane| lane.id != id));
                self.send_lanes();
            }
            Action::Point(cursor) => self.cursor = cursor,
            Action::Cancel(job) => self.jobs.cancel(job),
            Action::ChooseModel(id) => self.form.model = id,
            Action::Set(settings) => {
                if settings.output != self.settings.output {
                    self.tell(PlayerCommand::Device(settings.output.clone()));
                }
                self.settings = *settings;
                self.apply_settings(ctx);
            }
            Action::Export(lanes) => self.start_export(&lanes),
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
            Command::OpenExample => match example_song() {
                Some(path) => self.open_paths(vec![path]),
                None => self.notices.add(Level::Warning, "The example song did not come with this program"),
            },
            Command::CloseSong => {
                if let Some(id) = self.session.current {
                    self.close_song(id);
                }
            }
            Command::Separate => self.start_separation(false),
            Command::Preview => self.start_separation(true),
            Command::Export => self.export.show(&self.settings.export, &self.session),
            Command::CancelJobs => self.jobs.running.keys().for_each(|id| self.jobs.cancel(*id)),
            Command::PlayPause => self.play_pause(),
            Command::Stop => {
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
                    arrangement.looped = if arrangement.looped.is_some() { None } else { arrangement.selection };
                });
                self.send_loop();
            }
            Command::SelectAll => self.edit_song("select", Drag::Done, |song| {
                song.arrangement.selection = Some(Span { start_secs: 0.0, end_secs: song.seconds });
            }),
            Command::ClearSelection => {
                if self.help_open {
                    self.help_open = false;
                } else if self.session.song().is_some_and(|song| song.arrangement.selection.is_some()) {
                    self.edit_song("select", Drag::Done, |song| song.arrangement.selection = None);
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
            Command::LaneUp => self.choose_neighbour(-1),
            Command::LaneDown => self.choose_neighbour(1),
            Command::Mute => self.with_chosen(|app, id| app.execute(Action::Mute(id), ctx)),
            Command::Solo => self.with_chosen(|app, id| app.execute(Action::Solo(id), ctx)),
            Command::ViewWave => self.view_all(LaneView::Wave),
            Command::ViewSpectrogram => self.view_all(LaneView::Spectrogram),
            Command::ViewBoth => self.view_all(LaneView::Both),
            Command::Undo => self.after_undo(|app| app.history.undo(&mut app.session)),
            Command::Redo => self.after_undo(|app| app.history.redo(&mut app.session)),
            Command::ToggleLibrary => self.settings.show_library = !self.settings.show_library,
            Command::ToggleInspector => self.settings.show_inspector = !self.settings.show_inspector,
            Command::ToggleBottom => self.settings.show_bottom = !self.settings.show_bottom,
            Command::ToggleTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                self.settings.theme = if dark { ThemeChoice::Light } else { ThemeChoice::Dark };
                self.apply_settings(ctx);
            }
            Command::Settings => {
                self.settings_open = !self.settings_open;
                if self.settings_open && self.devices.is_none() {
                    self.devices = Some(crate::playback::output_devices());
                }
            }
            Command::InstallRuntime => {
                self.jobs.start("Installing ONNX Runtime", Request::Install);
            }
            Command::RescanModels => {
                self.jobs.start("Looking for models", Request::Scan);
            }
            Command::RetryOutput => self.tell(PlayerCommand::Device(self.settings.output.clone())),
            Command::Palette => self.palette.show(),
            Command::Help => self.help_open = !self.help_open,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    /// Opens files, and the audio files in folders.
    pub(super) fn open_paths(&mut self, paths: Vec<PathBuf>) {
        for path in paths {
            if path.is_dir() {
                let mut files: Vec<PathBuf> = std::fs::read_dir(&path)
                    .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
                    .unwrap_or_default();
                files.retain(|file| is_audio(file));
                files.sort();
                if files.is_empty() {
                    self.notices.add(Level::Warning, format!("No audio files in the folder: {}", path.display()));
                }
                self.open_paths(files);
            } else {
                self.open_track(path, None);
            }
        }
    }

    fn open_track(&mut self, path: PathBuf, track: Option<usize>) {
        let open = self.session.songs.iter().find(|song| song.path == path && song.track == track).map(|song| song.id);
        if let Some(id) = open {
            self.show_song(id);
            return;
        }
        let (song, clip) = (self.session.new_id(), self.session.new_id());
        if let Some(track) = track {
            self.pending_tracks.insert(song, track);
        }
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let request = Request::Open { song, clip, path, track, stem: false };
        if self.jobs.start(format!("Opening {name}"), request).is_none() {
            self.notices.add(Level::Warning, format!("Too much is being opened at once; try again in a moment: {name}"));
        }
    }

    fn show_song(&mut self, id: Id) {
        if self.session.current != Some(id) {
            self.tell(PlayerCommand::Pause);
            self.session.current = Some(id);
            self.chosen_lane = self.session.song().and_then(|song| song.arrangement.lanes.first()).map(|lane| lane.id);
            self.cursor = None;
            self.send_lanes();
        }
    }

    fn close_song(&mut self, id: Id) {
        let Some(song) = self.session.song_by_id(id).cloned() else { return };
        for take in &song.takes {
            remove_files(take.files.iter().map(|(_, path)| path.as_path()));
        }
        song.arrangement.lanes.iter().for_each(|lane| {
            self.clips.remove(&lane.clip);
        });
        self.tell(PlayerCommand::Pause);
        self.history.forget(id);
        self.session.close(id);
        self.cursor = None;
        self.send_lanes();
    }

    fn toggle_take(&mut self, song: Id, take: Id) {
        self.show_song(song);
        self.edit_song("take", Drag::Done, |song| {
            let shown = song.arrangement.lanes.iter().any(|lane| lane.take == Some(take) && !lane.muted);
            for lane in song.arrangement.lanes.iter_mut() {
                if lane.take == Some(take) {
                    lane.muted = shown;
                } else if !shown {
                    lane.muted = true;
                }
            }
        });
        self.send_lanes();
    }

    fn remove_take(&mut self, song: Id, take: Id) {
        let Some(song) = self.session.song_by_id(song) else { return };
        if let Some(index) = song.takes.iter().position(|t| t.id == take) {
            let take = song.takes.remove(index);
            remove_files(take.files.iter().map(|(_, path)| path.as_path()));
        }
        song.arrangement.lanes.retain(|lane| lane.take != Some(take));
        let song = song.id;
        // Undo would bring back lanes whose audio is gone.
        self.history.forget(song);
        self.send_lanes();
    }

    pub(super) fn tell(&self, command: PlayerCommand) {
        if let Some(player) = &self.player {
            player.send(command);
        }
    }

    /// Gives the player the current song's lanes.
    pub(super) fn send_lanes(&mut self) {
        let Some(song) = self.session.song() else {
            self.tell(PlayerCommand::Lanes(44_100, Vec::new()));
            return;
        };
        let rate = f64::from(song.sample_rate_hz);
        let lanes = song
            .arrangement
            .lanes
            .iter()
            .zip(song.heard_gains())
            .filter_map(|(lane, gain)| {
                let clip = self.clips.get(&lane.clip)?.clip.clone();
                Some(MixLane { clip, offset: (lane.offset_secs * rate).round() as usize, gain })
            })
            .collect();
        self.tell(PlayerCommand::Lanes(song.sample_rate_hz, lanes));
        if !self.is_playing() {
            let frame = song.playhead_secs * f64::from(song.sample_rate_hz);
            self.tell(PlayerCommand::Seek(frame as usize));
        }
    }

    fn send_loop(&self) {
        let Some(song) = self.session.song() else { return };
        let frame = |secs: f64| (secs * f64::from(song.sample_rate_hz)).round() as usize;
        let range = song.arrangement.looped.map(|span| frame(span.start_secs)..frame(span.end_secs));
        self.tell(PlayerCommand::Loop(range));
    }

    fn play_pause(&mut self) {
        if self.session.song().is_none() {
            return;
        }
        if self.player.is_none() && !self.is_test {
            self.output = OutputState::Silent("the sound thread could not be started".into());
        }
        self.tell(if self.is_playing() { PlayerCommand::Pause } else { PlayerCommand::Play });
    }

    fn seek(&mut self, secs: f64) {
        let Some(song) = self.session.song_mut() else { return };
        let secs = secs.clamp(0.0, song.seconds);
        song.playhead_secs = secs;
        song.view.reveal(secs);
        let frame = (secs * f64::from(song.sample_rate_hz)).round() as usize;
        self.tell(PlayerCommand::Seek(frame));
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
            song.view.zoom(factor, if inside { x } else { song.view.width_px / 2.0 });
        });
    }

    /// Edits the current song's arrangement as one step of undo.
    fn edit_song(&mut self, edit: &'static str, drag: Drag, change: impl FnOnce(&mut Song)) {
        let Some(song) = self.session.song_mut() else { return };
        self.history.record(song, edit, true);
        change(song);
        if drag == Drag::Done {
            self.history.settle();
        }
    }

    fn edit_lane(&mut self, id: Id, edit: &'static str, drag: Drag, change: impl FnOnce(&mut Lane)) {
        self.edit_song(edit, drag, |song| {
            if let Some(lane) = song.lane_mut(id) {
                change(lane);
            }
        });
        self.send_lanes();
    }

    fn view_all(&mut self, view: LaneView) {
        self.edit_song("view", Drag::Done, |song| {
            song.arrangement.lanes.iter_mut().for_each(|lane| lane.view = view);
        });
    }

    fn after_undo(&mut self, step: impl FnOnce(&mut Self) -> bool) {
        if step(self) {
            self.send_lanes();
            self.send_loop();
        }
    }

    fn with_chosen(&mut self, act: impl FnOnce(&mut Self, Id)) {
        let chosen = self.chosen_lane.filter(|id| self.session.song().is_some_and(|song| song.lane(*id).is_some()));
        if let Some(id) = chosen {
            act(self, id);
        }
    }

    fn choose_neighbour(&mut self, by: isize) {
        let Some(song) = self.session.song() else { return };
        let lanes = &song.arrangement.lanes;
        let at = lanes.iter().position(|lane| Some(lane.id) == self.chosen_lane).unwrap_or(0) as isize;
        let next = (at + by).clamp(0, lanes.len() as isize - 1);
        self.chosen_lane = lanes.get(next.max(0) as usize).map(|lane| lane.id);
    }

    fn start_separation(&mut self, preview: bool) {
        let playhead = self.playhead_secs();
        let Some(song) = self.session.song() else { return };
        let Some(mixture) = song.arrangement.lanes.iter().find(|lane| lane.take.is_none()) else { return };
        let Some(view) = self.clips.get(&mixture.clip) else {
            self.notices.add(Level::Warning, "The song is still being opened; try again in a moment");
            return;
        };
        let selection = song.arrangement.selection.filter(|_| preview || self.form.selection_only);
        let region = match selection {
            Some(span) => Some(Region { start_secs: span.start_secs, duration_secs: Some(span.seconds()) }),
            None if preview => Some(Region {
                start_secs: playhead.min((song.seconds - PREVIEW_SECS).max(0.0)),
                duration_secs: Some(PREVIEW_SECS),
            }),
            None => None,
        };
        let form = &self.form;
        let post = [(form.wiener, PostProcess::Wiener), (form.median, PostProcess::Median)];
        let folder = crate::paths::cache_dir().join("takes").join(unique_name());
        let request = SeparateRequest {
            song: song.id,
            clip: Clip2(view.clip.clone()),
            model: form.model.clone(),
            params: form.params.get(&form.model).cloned().unwrap_or_default(),
            device: form.device.clone(),
            region,
            post: post.into_iter().filter_map(|(wanted, post)| wanted.then_some(post)).collect(),
            folder: (!preview && !self.is_test).then_some(folder),
        };
        let verb = if preview { "Preview" } else { "Separate" };
        let name = format!("{verb} · {} · {}", song.title(), form.model);
        if self.jobs.start(name, Request::Separate(Box::new(request))).is_none() {
            self.notices.add(Level::Warning, "The queue of jobs is full; wait for one to end");
        }
    }

    fn start_export(&mut self, lanes: &[Id]) {
        let Some(song) = self.session.song() else { return };
        let clips: Vec<(String, Clip2)> = song
            .arrangement
            .lanes
            .iter()
            .filter(|lane| lanes.contains(&lane.id))
            .filter_map(|lane| Some((export_name(song, lane), Clip2(self.clips.get(&lane.clip)?.clip.clone()))))
            .collect();
        let model = song.takes.last().map_or("mixture", |take| take.model.as_str()).to_owned();
        let name = song_name(&song.path, song.tags.clone(), &model);
        let title = format!("Export · {}", song.title());
        let request = Request::Export(clips, name, Box::new(self.settings.export.clone()));
        self.jobs.start(title, request);
    }
}

/// The stem's name; with the take's where two takes have stems of one name.
fn export_name(song: &Song, lane: &Lane) -> String {
    let twins = song.arrangement.lanes.iter().filter(|other| other.name == lane.name).count();
    let take = song.takes.iter().find(|take| Some(take.id) == lane.take);
    match take {
        Some(take) if twins > 1 => format!("{}, {}", lane.name, take.name),
        _ => lane.name.clone(),
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

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_lowercase();
    SUPPORTED_EXTENSIONS.contains(&extension.as_str())
}

fn remove_files<'a>(files: impl Iterator<Item = &'a Path>) {
    for file in files {
        // A stem that is gone already is what was wanted.
        std::fs::remove_file(file).ok();
        if let Some(folder) = file.parent() {
            // Only goes once it is empty.
            std::fs::remove_dir(folder).ok();
        }
    }
}

fn unique_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}

/// The bundled song: beside the program, or in the project that built it.
pub(super) fn example_song() -> Option<PathBuf> {
    const FILE: &str = "assets/example/long-way-home.flac";
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(FILE)));
    let installed = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../share/stemloom").join(FILE)));
    let project = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE));
    [beside, installed, Some(PathBuf::from(FILE)), project].into_iter().flatten().find(|path| path.is_file())
}
