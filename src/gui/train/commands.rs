//! What the workspace's buttons and keys do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::make::DataSongs;
use super::work::{STEMS_MODEL, TrainEvent, TrainRequest};
use super::{DataPick, DataState, Looked, MakePick, TrainAction, TrainSection};
use crate::dataset::{Mixture, Song};
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::dialogs;
use crate::gui::jobs::{JobId, Request};
use crate::gui::notices::Level;
use crate::gui::settings::Workspace;
use crate::session::Id;

/// Folders that are remembered.
const MOST_FOLDERS: usize = 8;
/// Stems of a song are opened beside its mixture if they take no more than this in memory.
const MOST_STEM_BYTES: u64 = 1 << 30;

impl App {
    /// Does what the workspace asks for.
    pub(in crate::gui) fn execute_train(&mut self, action: TrainAction, ctx: &egui::Context) {
        match action {
            TrainAction::Browse(of) => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_data(of, self.jobs.outbox(), ctx.clone());
                }
            }
            TrainAction::Open(folder) => self.open_data(folder),
            TrainAction::LookAgain => {
                let folder = PathBuf::from(self.train.data.folder.trim());
                self.open_data(folder);
            }
            TrainAction::CancelLook => self.cancel_look(),
            TrainAction::Hear(row, stem) => self.hear_data(row, stem),
            TrainAction::StopHearing => self.stop_preview(),
            TrainAction::LeaveOut(row, out) => self.leave_out(row, out),
            TrainAction::OpenSong(row) => self.open_data_song(row),
            TrainAction::MakeMusic => self.make_music(),
            TrainAction::CancelMusic => {
                if let Some(job) = self.train.data.music.job {
                    self.jobs.cancel(job);
                }
            }
            TrainAction::MakeExamples => self.make_examples(),
            TrainAction::CancelExamples => {
                if let Some(job) = self.train.data.make.job {
                    self.jobs.cancel(job);
                }
            }
            #[cfg(feature = "train")]
            TrainAction::Learn(action) => self.execute_learn(action, ctx),
        }
    }

    /// Does what a key of the workspace asks for.
    pub(in crate::gui) fn train_command(&mut self, command: Command, ctx: &egui::Context) {
        let section = match command {
            Command::DataSection | Command::OpenDataFolder => Some(TrainSection::Data),
            Command::RecipeSection => Some(TrainSection::Recipe),
            Command::RunsSection => Some(TrainSection::Runs),
            _ => None,
        };
        if let Some(section) = section {
            self.go_to(Workspace::Train);
            self.train.section = section;
        }
        if command == Command::OpenDataFolder {
            self.execute_train(TrainAction::Browse(DataPick::Folder), ctx);
            return;
        }
        if self.settings.workspace != Workspace::Train {
            return;
        }
        #[cfg(feature = "train")]
        self.learn_command(command);
        if self.train.section != TrainSection::Data {
            return;
        }
        let table = self.train.data.table();
        let chosen = table.and_then(|table| Some((table.chosen?, table)));
        let chosen = chosen.and_then(|(row, table)| Some((row, table.rows.get(row)?.left_out)));
        match (command, chosen) {
            (Command::LookAgain, _) => self.execute_train(TrainAction::LookAgain, ctx),
            (Command::LeaveOut, Some((row, left_out))) => self.leave_out(row, !left_out),
            (Command::OpenDataSong, Some((row, _))) => self.open_data_song(row),
            _ => {}
        }
    }

    /// Moves the choice among the songs.
    pub(in crate::gui) fn choose_data_song(&mut self, by: isize) {
        if self.train.section == TrainSection::Data
            && let DataState::Songs(table) = &mut self.train.data.state
        {
            table.choose(by);
        }
    }

    /// What a dialog of the workspace was closed with.
    pub(in crate::gui) fn picked_data(&mut self, of: DataPick, path: PathBuf) {
        let text = path.display().to_string();
        let (music, make) = (&mut self.train.data.music, &mut self.train.data.make);
        match of {
            DataPick::Folder => self.open_data(path),
            #[cfg(feature = "train")]
            DataPick::Learn(of) => self.picked_learn(of, path),
            DataPick::Midi => music.midi = text,
            DataPick::Out => music.out = text,
            DataPick::Make(MakePick::Out) => make.out = text,
            DataPick::Make(MakePick::Speech) => make.speech = text,
            DataPick::Make(MakePick::Music) => make.music = text,
            DataPick::SoundFont(number) | DataPick::Samples(number) => {
                let mut instruments = music.instruments.iter_mut();
                if let Some(instrument) = instruments.find(|own| own.number == number) {
                    instrument.path = text;
                }
            }
        }
    }

    /// Looks through a folder.
    pub(in crate::gui) fn open_data(&mut self, folder: PathBuf) {
        // The same folder with a slash at its end is the same folder.
        let folder: PathBuf = folder.components().collect();
        if folder.as_os_str().is_empty() {
            return;
        }
        self.stop_preview();
        self.cancel_look();
        self.train.section = TrainSection::Data;
        self.train.data.folder = folder.display().to_string();
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let name = format!("Looking through {}", name.to_string_lossy());
        let request = TrainRequest::Look(folder.clone(), self.train.data.look_as);
        if let Some(job) = self.start_job(name, Request::Train(Box::new(request))) {
            self.train.data.state = DataState::Looking { job, folder };
        }
    }

    fn cancel_look(&mut self) {
        if let DataState::Looking { job, .. } = &self.train.data.state {
            let job = *job;
            self.jobs.cancel(job);
            self.train.quiet.insert(job);
            self.train.data.state = DataState::Empty;
        }
    }

    /// What a worker answered.
    pub(in crate::gui) fn train_event(&mut self, job: JobId, event: TrainEvent) {
        match event {
            TrainEvent::Looked(looked) => self.looked_through(job, looked),
            TrainEvent::Heard(clip) => self.heard_data(job, clip),
            TrainEvent::Made(text, out) => {
                let text = format!("{text}: {}", out.display());
                self.notices.add(Level::Info, text);
                let data = &mut self.train.data;
                if data.make.job == Some(job) {
                    data.make.job = None;
                    data.make.made = Some(out);
                } else {
                    data.music.job = None;
                    data.music.made = Some(out);
                }
            }
        }
    }

    fn looked_through(&mut self, job: JobId, looked: Looked) {
        let folder = match &self.train.data.state {
            DataState::Looking { job: own, folder } if *own == job => folder.clone(),
            // Cancelled too late to be stopped.
            _ => {
                self.train.quiet.remove(&job);
                return;
            }
        };
        let name = folder.display().to_string();
        self.train.data.state = match looked {
            Looked::Songs(mut table) => {
                if let Some(names) = self.settings.left_out.get(&name) {
                    table.leave_out(names);
                }
                DataState::Songs(table)
            }
            Looked::Examples(info) => DataState::Examples(info),
        };
        let folders = &mut self.settings.data_folders;
        folders.retain(|known| *known != name);
        folders.insert(0, name);
        folders.truncate(MOST_FOLDERS);
    }

    /// Leaves a song out, or takes it in again; remembered with the folder.
    fn leave_out(&mut self, row: usize, out: bool) {
        let DataState::Songs(table) = &mut self.train.data.state else {
            return;
        };
        let Some(name) = table.rows.get(row).map(|row| row.name.clone()) else {
            return;
        };
        let mut names = table.left_out();
        names.retain(|known| *known != name);
        if out {
            names.push(name);
            names.sort();
        }
        table.leave_out(&names);
        let folder = table.set.folder.display().to_string();
        if names.is_empty() {
            self.settings.left_out.remove(&folder);
        } else {
            self.settings.left_out.insert(folder, names);
        }
    }

    /// Opens a song's mixture in the Workbench, and its stems as a take of it.
    fn open_data_song(&mut self, row: usize) {
        let Some(song) = self.train.data.song(row) else {
            return;
        };
        let Some(Mixture::File(mixture)) = song.mixture.clone() else {
            let text = format!("There is no file with the mixture of {}", song.name);
            self.notices.add(Level::Warning, text);
            return;
        };
        self.stop_preview();
        let id = self.open_track(mixture.path, mixture.track);
        self.go_to(Workspace::Workbench);
        if let Some(id) = id {
            self.open_stems(id, song);
        }
    }

    fn open_stems(&mut self, id: Id, song: Song) {
        let is_there = self.session.song_by_id(id).is_some_and(|song| {
            let mut takes = song.takes.iter();
            takes.any(|take| take.model == STEMS_MODEL)
        });
        let stems = song.stems().len() as u64;
        if is_there || stems == 0 {
            return;
        }
        let samples = song
            .frames_at(song.sample_rate_hz)
            .saturating_mul(song.channels as u64);
        let bytes = samples.saturating_mul(4).saturating_mul(stems);
        if bytes > MOST_STEM_BYTES {
            let text = format!(
                "Only the mixture of {} was opened: its {stems} stems would take {} MB of memory",
                song.name,
                bytes / 1_000_000
            );
            self.notices.add(Level::Info, text);
            return;
        }
        let name = format!("Reading the stems of {}", song.name);
        let request = TrainRequest::Stems(id, Arc::new(song));
        self.start_job(name, Request::Train(Box::new(request)));
    }

    fn make_music(&mut self) {
        let music = &mut self.train.data.music;
        if music.job.is_some() {
            return;
        }
        match music.request() {
            Ok(request) => {
                music.problem = None;
                music.made = None;
                let request = TrainRequest::Music(Box::new(request));
                let request = Request::Train(Box::new(request));
                self.train.data.music.job = self.start_job("Making music", request);
            }
            Err(error) => music.problem = Some(error.to_string()),
        }
    }

    /// A folder as typed, with the songs that are left out of it, whether it was looked through or
    /// not: with a slash at its end it is the same folder.
    pub(in crate::gui::train) fn data_songs_of(&self, folder: &str) -> DataSongs {
        let folder: PathBuf = Path::new(folder.trim()).components().collect();
        let left_out = self.settings.left_out.get(&folder.display().to_string());
        let table = self.train.data.table();
        let table = table.filter(|table| table.set.folder == folder);
        let rows = table.map(|table| table.rows.as_slice()).unwrap_or_default();
        let kept = rows.iter().filter(|row| !row.left_out);
        DataSongs {
            left_out: left_out.cloned().unwrap_or_default(),
            kept: kept.map(|row| row.name.clone()).collect(),
            folder,
        }
    }

    fn make_examples(&mut self) {
        if self.train.data.make.job.is_some() {
            return;
        }
        let data = self.data_songs_of(&self.train.data.folder);
        let request = match self.train.data.make.request(&data) {
            Ok(request) => TrainRequest::Make(Box::new(request)),
            Err(error) => {
                self.train.data.make.problem = Some(error.to_string());
                return;
            }
        };
        let (name, _) = self.train.data.make.kind.heading();
        let job = self.start_job(name, Request::Train(Box::new(request)));
        let make = &mut self.train.data.make;
        make.made = None;
        make.problem = None;
        make.job = job;
    }
}
