//! Opening, showing and closing songs, and their takes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::app::App;
use super::jobs::Request;
use super::notices::Level;
use super::scene::Drag;
use super::settings::Workspace;
use crate::audio::SUPPORTED_EXTENSIONS;
use crate::playback::PlayerCommand;
use crate::session::Id;

impl App {
    /// Opens files, and the audio files in folders.
    /// Files from a drop or a dialog: to where the person is looking.
    pub(super) fn take_paths(&mut self, paths: Vec<PathBuf>) {
        match self.settings.workspace {
            Workspace::Workbench | Workspace::Listen => self.open_paths(paths),
            Workspace::Train => {
                let is_folder = |path: &PathBuf| path.is_dir();
                #[cfg(feature = "train")]
                let paths = self.take_learning(paths);
                let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_folder);
                let is_model = |path: &PathBuf| path.extension().is_some_and(|e| e == "onnx");
                let has_songs = !files.iter().all(is_model);
                self.open_paths(files);
                if let Some(folder) = folders.into_iter().next() {
                    self.open_data(folder);
                } else if has_songs {
                    // Where they can be seen.
                    self.go_to(Workspace::Workbench);
                }
            }
            Workspace::Evaluate => self.drop_on_evaluate(paths),
            Workspace::Batch => {
                let is_model = |path: &PathBuf| path.extension().is_some_and(|e| e == "onnx");
                let (models, songs): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_model);
                self.open_paths(models);
                if !songs.is_empty() {
                    self.add_to_batch(songs);
                }
            }
        }
    }

    pub(super) fn open_paths(&mut self, paths: Vec<PathBuf>) {
        for path in paths {
            if path.is_dir() {
                let mut files: Vec<PathBuf> = std::fs::read_dir(&path)
                    .map(|entries| {
                        entries
                            .filter_map(|entry| Some(entry.ok()?.path()))
                            .collect()
                    })
                    .unwrap_or_default();
                files.retain(|file| is_audio(file));
                files.sort();
                if files.is_empty() {
                    self.notices.add(
                        Level::Warning,
                        format!("No audio files in the folder: {}", path.display()),
                    );
                }
                self.open_paths(files);
            } else if path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("onnx"))
            {
                self.adopt_model(path, None);
            } else {
                self.open_track(path, None);
            }
        }
    }

    /// Puts a network on the shelf.
    pub(super) fn adopt_model(&mut self, path: PathBuf, card: Option<String>) {
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        self.start_job(format!("Adding {name}"), Request::Adopt(path, card));
    }

    /// Opens one of a file's audio tracks, or shows it if it is open; answers the song's number.
    pub(super) fn open_track(&mut self, path: PathBuf, track: Option<usize>) -> Option<Id> {
        let open = self
            .session
            .songs
            .iter()
            .find(|song| song.path == path && song.track == track)
            .map(|song| song.id);
        if let Some(id) = open {
            self.show_song(id);
            return Some(id);
        }
        let (song, clip) = (self.session.new_id(), self.session.new_id());
        if let Some(track) = track {
            self.pending_tracks.insert(song, track);
        }
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let request = Request::Open {
            song,
            clip,
            path,
            track,
            stem: false,
        };
        if self
            .jobs
            .start(format!("Opening {name}"), request)
            .is_none()
        {
            self.notices.add(
                Level::Warning,
                format!("Too much is being opened at once; try again in a moment: {name}"),
            );
            return None;
        }
        Some(song)
    }

    pub(super) fn show_song(&mut self, id: Id) {
        if self.session.current != Some(id) {
            // A test is of one song's takes.
            self.leave_test();
            self.stop_preview();
            self.tell(PlayerCommand::Pause);
            self.session.current = Some(id);
            self.chosen_lane = self
                .session
                .song()
                .and_then(|song| song.arrangement.lanes.first())
                .map(|lane| lane.id);
            self.cursor = None;
            self.send_lanes();
        }
    }

    pub(super) fn close_song(&mut self, id: Id) {
        let Some(song) = self.session.song_by_id(id).cloned() else {
            return;
        };
        if self.session.current == Some(id) {
            self.leave_test();
        }
        for take in &song.takes {
            remove_files(take.files.iter().map(|(_, path)| path.as_path()));
        }
        for lane in &song.arrangement.lanes {
            self.failed.remove(&lane.clip);
            self.sketches.remove(&lane.clip);
        }
        let takes: Vec<Id> = song.takes.iter().map(|take| take.id).collect();
        self.jobs.forget_song(id);
        self.truth.forget(Some(id), &takes, &mut self.jobs);
        self.transfer.forget(id);
        // Also of lanes that were taken out: with the steps, nothing brings them back.
        self.clips.retain(|_, view| view.song != id);
        self.announced.remove(&id);
        self.tracks.remove(&id);
        self.stop_preview();
        self.tell(PlayerCommand::Pause);
        self.history.forget(id);
        self.session.close(id);
        self.cursor = None;
        self.send_lanes();
    }

    pub(super) fn toggle_take(&mut self, song: Id, take: Id) {
        self.show_song(song);
        self.edit_song("take", Drag::Done, |song| {
            let shown = song
                .arrangement
                .lanes
                .iter()
                .any(|lane| lane.take == Some(take) && !lane.muted);
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

    pub(super) fn remove_take(&mut self, song: Id, take: Id) {
        let Some(song) = self.session.song_by_id(song) else {
            return;
        };
        if let Some(index) = song.takes.iter().position(|t| t.id == take) {
            let take = song.takes.remove(index);
            remove_files(take.files.iter().map(|(_, path)| path.as_path()));
        }
        let lanes = &mut song.arrangement.lanes;
        lanes.retain(|lane| lane.take != Some(take));
        let kept: HashSet<Id> = lanes.iter().map(|lane| lane.clip).collect();
        let song = song.id;
        // Undo would bring back lanes whose audio is gone.
        self.history.forget(song);
        // Without the steps nothing brings back lanes that are not there now.
        self.clips
            .retain(|clip, view| view.song != song || kept.contains(clip));
        self.truth.forget(None, &[take], &mut self.jobs);
        self.send_lanes();
    }
}

/// Whether a file's name ends like that of audio.
pub(super) fn is_audio(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or("")
        .to_lowercase();
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

/// The bundled song: beside the program, or in the project that built it.
pub(super) fn example_song() -> Option<PathBuf> {
    const FILE: &str = "assets/example/long-way-home.flac";
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(FILE)));
    let installed = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("../share/stemloom").join(FILE)));
    let project = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE));
    [beside, installed, Some(PathBuf::from(FILE)), project]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}
