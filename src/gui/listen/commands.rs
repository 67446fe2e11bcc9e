//! What the workspace's buttons and keys do.

use std::path::PathBuf;

use super::table::{self, Column};
use super::{DifferenceRequest, ListenAction, PictureRequest, Sound, Test};
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::dialogs::{self, CsvOf};
use crate::gui::jobs::{Clip2, Request};
use crate::gui::notices::Level;
use crate::gui::runs::unique_name;
use crate::listen::{Choice, ListeningResult, table_csv, write_csv};
use crate::session::Id;

impl App {
    /// Does what the workspace asks for.
    pub(in crate::gui) fn execute_listen(&mut self, action: ListenAction, ctx: &egui::Context) {
        match action {
            ListenAction::Hear(lane) => self.hear(Some(lane)),
            ListenAction::Use(Choice::A, lane) => self.listen.a = Some(lane),
            ListenAction::Use(Choice::B, lane) => self.listen.b = Some(lane),
            ListenAction::Tick(lane, true) => {
                self.listen.ticked.insert(lane);
            }
            ListenAction::Tick(lane, false) => {
                self.listen.ticked.remove(&lane);
            }
            ListenAction::Sort(column) => {
                let (sorted, reversed) = self.listen.sort;
                self.listen.sort = (column, sorted == column && !reversed);
            }
            ListenAction::Rename(take, name) => self.edit_take(take, |take| take.name = name),
            ListenAction::Note(take, notes) => self.edit_take(take, |take| take.notes = notes),
            ListenAction::Trials(trials) => self.listen.trials = trials,
            ListenAction::Rounds(rounds) => self.listen.rounds = rounds,
            ListenAction::HearSound(sound) => self.hear_sound(sound),
            ListenAction::Answer(choice) => self.answer(choice),
            ListenAction::HearSlider(slider) => {
                if let Some(Test::Ranking(run)) = self.listen.test_mut() {
                    run.hears = slider;
                }
                self.send_lanes();
            }
            ListenAction::Rate(slider, score) => {
                if let Some(Test::Ranking(run)) = self.listen.test_mut()
                    && let Err(error) = run.ranking.rate(slider, score)
                {
                    self.notices.add(Level::Error, error.to_string());
                }
            }
            ListenAction::NoteResult(index, words) => {
                let results = self.session.song_mut().map(|song| &mut song.listening);
                match results.and_then(|results| results.get_mut(index)) {
                    Some(ListeningResult::Abx(test)) => test.note = words,
                    Some(ListeningResult::Ranking(ranking)) => ranking.note = words,
                    None => {}
                }
            }
            ListenAction::RemoveResult(index) => {
                if let Some(song) = self.session.song_mut()
                    && index < song.listening.len()
                {
                    song.listening.remove(index);
                }
            }
            ListenAction::SaveResult(index) => self.ask_csv(CsvOf::Result(index), ctx),
            ListenAction::SaveTable => self.ask_csv(CsvOf::Takes, ctx),
            ListenAction::SavePicture => self.ask_picture(ctx),
        }
    }

    /// Does what a key or a button of the workspace asks for.
    pub(in crate::gui) fn listen_command(&mut self, command: Command, ctx: &egui::Context) {
        match (command, self.listen.test()) {
            (Command::Hear(n), Some(Test::Ranking(run))) => {
                let slider = usize::from(n).checked_sub(1);
                let there = slider.filter(|slider| *slider < run.ranking.sliders());
                if there.is_some() {
                    self.execute_listen(ListenAction::HearSlider(there), ctx);
                }
            }
            (Command::Hear(n), None) => self.hear_row(usize::from(n) - 1),
            (Command::HearA, Some(Test::Ranking(_))) => {
                self.execute_listen(ListenAction::HearSlider(None), ctx);
            }
            (Command::HearA, Some(Test::Abx(_))) => self.hear_sound(Sound::A),
            (Command::HearB, Some(Test::Abx(_))) => self.hear_sound(Sound::B),
            (Command::HearX, Some(Test::Abx(_))) => self.hear_sound(Sound::X),
            (Command::HearA, None) => self.hear(self.listen.a),
            (Command::HearB, None) => self.hear(self.listen.b),
            (Command::AnswerA, _) => self.answer(Choice::A),
            (Command::AnswerB, _) => self.answer(Choice::B),
            (Command::SetA, None) => self.listen.a = self.heard_now(),
            (Command::SetB, None) => self.listen.b = self.heard_now(),
            (Command::MatchLoudness, None) => {
                self.listen.matched = !self.listen.matched;
                self.send_lanes();
            }
            (Command::Difference, None) => self.start_difference(),
            (Command::Abx, None) => self.begin_abx(),
            (Command::Ranking, None) => self.begin_ranking(),
            (Command::Abx | Command::Ranking, Some(_)) => self.leave_test(),
            (Command::NextRound, Some(Test::Ranking(_))) => self.next_round(),
            _ => {}
        }
    }

    /// Switches to the row above (−1) or below (1).
    pub(in crate::gui) fn hear_neighbour(&mut self, by: isize) {
        let Some(song) = self
            .session
            .song()
            .filter(|_| self.listen.running.is_none())
        else {
            return;
        };
        let rows = table::rows(&self.listen, song);
        let heard = self.listen.heard_lane(song);
        let at = rows
            .iter()
            .position(|row| Some(row.lane.id) == heard)
            .unwrap_or(0);
        let next = at
            .saturating_add_signed(by)
            .min(rows.len().saturating_sub(1));
        let lane = rows.get(next).map(|row| row.lane.id);
        self.hear(lane);
    }

    /// Asks for the loudness of lanes that have none yet.
    pub(in crate::gui) fn measure_loudness(&mut self) {
        let Some(song) = self.session.song() else {
            return;
        };
        let known = |clip: &Id| {
            self.listen.loudness.contains_key(clip)
                || self.listen.unmeasured.contains(clip)
                || self
                    .listen
                    .measuring
                    .values()
                    .any(|clips| clips.contains(clip))
        };
        let missing: Vec<(Id, Clip2)> = song
            .arrangement
            .lanes
            .iter()
            .filter(|lane| !known(&lane.clip))
            .filter_map(|lane| Some((lane.clip, Clip2(self.clips.get(&lane.clip)?.clip.clone()))))
            .collect();
        if missing.is_empty() {
            return;
        }
        let clips: Vec<Id> = missing.iter().map(|(clip, _)| *clip).collect();
        let name = format!("Measuring loudness · {}", song.title());
        if let Some(job) = self.jobs.start(name, Request::Loudness(missing)) {
            self.listen.measuring.insert(job, clips);
        }
    }

    /// Writes what the dialog was for.
    pub(in crate::gui) fn save_csv(&mut self, of: CsvOf, path: PathBuf) {
        let Some(song) = self.session.song() else {
            return;
        };
        // The dialog asked whether an old file may go.
        let written = match of {
            CsvOf::Result(index) => match song.listening.get(index) {
                Some(result) => result.write_csv(&path, true),
                None => return,
            },
            CsvOf::Takes => {
                let header = Column::ALL.map(|column| column.heading().0.to_owned());
                let rows = table::rows(&self.listen, song).into_iter().enumerate();
                let cells = rows.map(|(i, row)| {
                    let mut cells: Vec<String> = Column::ALL
                        .iter()
                        .map(|column| match column {
                            Column::Number => (i + 1).to_string(),
                            Column::Take | Column::Sound | Column::Settings => row.words(*column),
                            _ => row
                                .number(*column)
                                .map_or_else(String::new, |n| format!("{n:.4}")),
                        })
                        .collect();
                    let take = row.take;
                    cells.push(take.map_or_else(String::new, |take| take.model.clone()));
                    cells.push(take.map_or_else(String::new, |take| take.device.clone()));
                    let hash = take.and_then(|take| take.model_sha256.clone());
                    cells.push(hash.unwrap_or_default());
                    cells.push(take.map_or_else(String::new, |take| take.notes.clone()));
                    cells
                });
                let mut header = header.to_vec();
                header.extend(["Made by", "Device", "Model SHA-256", "Notes"].map(str::to_owned));
                write_csv(&table_csv(&header, cells), &path, true)
            }
        };
        match written {
            Ok(()) => self
                .notices
                .add(Level::Info, format!("Written: {}", path.display())),
            Err(error) => self.notices.add(Level::Error, error.to_string()),
        }
    }

    fn ask_csv(&mut self, of: CsvOf, ctx: &egui::Context) {
        let Some(song) = self.session.song() else {
            return;
        };
        if self.dialog_open || self.is_test {
            return;
        }
        let what = match of {
            CsvOf::Takes => "takes",
            CsvOf::Result(_) => "listening test",
        };
        self.dialog_open = true;
        let name = format!("{} ({what}).csv", song.title());
        let folder = self.settings.export.folder.clone();
        dialogs::save_csv(of, (folder, name), self.jobs.outbox(), ctx.clone());
    }

    fn ask_picture(&mut self, ctx: &egui::Context) {
        let Some(song) = self.session.song() else {
            return;
        };
        if self.dialog_open || self.is_test {
            return;
        }
        self.dialog_open = true;
        let name = format!("{} (compared).png", song.title());
        let folder = self.settings.export.folder.clone();
        dialogs::save_picture((folder, name), self.jobs.outbox(), ctx.clone());
    }

    /// Draws what the workspace compares into a file.
    pub(in crate::gui) fn save_picture(&mut self, path: PathBuf) {
        let Some(song) = self.session.song() else {
            return;
        };
        let request = PictureRequest::new(song, &self.listen, &self.clips, &self.settings, path);
        self.start_job("Drawing", Request::Picture(Box::new(request)));
    }

    fn heard_now(&self) -> Option<Id> {
        self.listen.heard_lane(self.session.song()?)
    }

    fn hear(&mut self, lane: Option<Id>) {
        if lane.is_some() {
            self.listen.heard = lane;
            self.send_lanes();
        }
    }

    fn hear_row(&mut self, row: usize) {
        let Some(song) = self.session.song() else {
            return;
        };
        let lane = table::rows(&self.listen, song)
            .get(row)
            .map(|row| row.lane.id);
        self.hear(lane);
    }

    fn edit_take(&mut self, id: Id, change: impl FnOnce(&mut crate::session::Take)) {
        if let Some(take) = self.session.song_mut().and_then(|song| song.take_mut(id)) {
            change(take);
        }
    }

    fn start_difference(&mut self) {
        let Some(song) = self.session.song() else {
            return;
        };
        let side = |id: Option<Id>| {
            let lane = song.lane(id?)?;
            let clip = self.clips.get(&lane.clip)?.clip.clone();
            Some((song.lane_title(lane), Clip2(clip), lane.offset_secs))
        };
        let (Some(a), Some(b)) = (side(self.listen.a), side(self.listen.b)) else {
            let text = "Choose take A and take B in the table";
            self.notices.add(Level::Warning, text);
            return;
        };
        let folder = crate::paths::cache_dir().join("takes").join(unique_name());
        let name = format!("{} less {}", a.0, b.0);
        let request = DifferenceRequest {
            song: song.id,
            a,
            b,
            folder: (!self.is_test).then_some(folder),
        };
        self.start_job(name, Request::Difference(Box::new(request)));
    }
}
