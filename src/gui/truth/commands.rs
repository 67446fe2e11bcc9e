//! When true stems are looked for, when takes are measured, and what the keys do.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Known, TruthAction, TruthEvent, TruthRequest};
use crate::apply::Region;
use crate::dataset::Song as TrueSong;
use crate::evaluate::{Renames, stems_of};
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::dialogs;
use crate::gui::jobs::{Clip2, JobId, Request};
use crate::gui::notices::Level;
use crate::gui::settings::Workspace;
use crate::gui::train::STEMS_MODEL;
use crate::session::{Id, Song, Take};

/// What a separator's stems are against true stems, where the names do not say it.
pub(in crate::gui) fn usual_renames(model: &str, known: &[String]) -> Renames {
    let has = |stem: &str| known.iter().any(|known| known == stem);
    let pairs: &[(&str, &str)] = match model {
        "hpss" if has("accompaniment") => &[("harmonic", "accompaniment")],
        "hpss" => &[("percussive", "drums")],
        "centre" => &[("centre", "vocals"), ("sides", "accompaniment")],
        _ => &[],
    };
    let pairs: Vec<(String, String)> = pairs
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
        .collect();
    Renames::new(&pairs).unwrap_or_default()
}

/// A take's sounds by name, and where they start in the song in seconds.
pub type Sounds = Vec<(String, Clip2, f64)>;

/// The stretch of a take.
pub(in crate::gui) fn region_of(take: &Take) -> Option<Region> {
    take.region.map(|span| Region {
        start_secs: span.start_secs,
        duration_secs: Some(span.seconds()),
    })
}

impl App {
    /// Does what was asked about true stems.
    pub(in crate::gui) fn execute_truth(&mut self, action: TruthAction, ctx: &egui::Context) {
        match action {
            TruthAction::Browse(song) => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_truth(song, self.jobs.outbox(), ctx.clone());
                }
            }
            TruthAction::Choose(song, folder) => self.choose_truth(song, folder),
            TruthAction::PlayFrom(secs) => {
                self.seek(secs);
                if !self.is_playing() {
                    self.play_pause();
                }
            }
        }
    }

    /// Does what a key about true stems asks for.
    pub(in crate::gui) fn truth_command(&mut self, command: Command, ctx: &egui::Context) {
        match command {
            Command::ShowSdr => {
                self.settings.show_sdr = !self.settings.show_sdr;
                self.truth.ask_again();
            }
            Command::TrueStems => {
                if let Some(song) = self.session.current {
                    self.execute_truth(TruthAction::Browse(song), ctx);
                }
            }
            Command::WorstSecond => {
                let song = self.session.song();
                let lane = song.and_then(|song| song.lane(self.chosen_lane?));
                let scores = lane.and_then(|lane| self.truth.lane(lane));
                match scores.and_then(super::LaneScores::worst_secs) {
                    Some(secs) => self.execute_truth(TruthAction::PlayFrom(secs), ctx),
                    None => {
                        let text =
                            "Choose a lane that shows an SDR; it needs the song's true stems";
                        self.notices.add(Level::Warning, text);
                    }
                }
            }
            _ => {}
        }
    }

    /// True stems of a song, chosen once and remembered with its file.
    fn choose_truth(&mut self, song: Id, folder: Option<PathBuf>) {
        let Some(of) = self.session.song_by_id(song) else {
            return;
        };
        let (key, takes) = (of.path.display().to_string(), of.takes.iter());
        let takes: Vec<Id> = takes.map(|take| take.id).collect();
        self.truth.forget(Some(song), &takes, &mut self.jobs);
        match folder {
            Some(folder) => {
                let folder = folder.display().to_string();
                self.settings.true_stems.insert(key, folder);
                self.settings.show_sdr = true;
                self.look_for_truth(song);
            }
            None => {
                self.settings.true_stems.remove(&key);
                self.truth.songs.insert(song, Known::Nothing);
            }
        }
    }

    /// Looks for true stems once there is a take to be measured, and measures takes.
    pub(in crate::gui) fn watch_truth(&mut self) {
        let asks = match self.settings.workspace {
            Workspace::Workbench => self.settings.show_sdr,
            Workspace::Evaluate => self.evaluate.form.of_song,
            Workspace::Listen | Workspace::Train | Workspace::Batch => false,
        };
        let Some(song) = self.session.song().filter(|_| asks) else {
            return;
        };
        let id = song.id;
        let needs = |take: &&Take| {
            let truth = &self.truth;
            take.model != STEMS_MODEL
                && !truth.takes.contains_key(&take.id)
                && !truth.hopeless.contains(&take.id)
                && !truth.stopped.contains(&take.id)
                && !truth.is_measuring(take.id)
        };
        let missing: Vec<Id> = song
            .takes
            .iter()
            .filter(needs)
            .map(|take| take.id)
            .collect();
        if self.truth.stopped.contains(&id) {
            return;
        }
        let is_wanted = !missing.is_empty() || self.settings.workspace == Workspace::Evaluate;
        match self.truth.songs.get(&id) {
            None if is_wanted => self.look_for_truth(id),
            Some(Known::Here(_, truth)) if self.settings.workspace == Workspace::Workbench => {
                let truth = Arc::clone(truth);
                for take in missing {
                    self.measure_take(id, take, &truth);
                }
            }
            _ => {}
        }
    }

    fn look_for_truth(&mut self, song: Id) {
        let Some(of) = self.session.song_by_id(song) else {
            return;
        };
        let path = of.path.clone();
        let chosen = self.settings.true_stems.get(&path.display().to_string());
        let request = TruthRequest::Find {
            song,
            path,
            chosen: chosen.map(PathBuf::from),
        };
        let request = Request::Truth(Box::new(request));
        // A full queue has room in a moment.
        if let Some(job) = self.jobs.start("Looking for true stems", request) {
            self.truth.songs.insert(song, Known::Looking(job));
        }
    }

    /// A take's sounds, once all are read.
    pub(in crate::gui) fn sounds_of(&self, song: &Song, take: Id) -> Option<Sounds> {
        let lanes = song.arrangement.lanes.iter();
        let lanes = lanes.filter(|lane| lane.take == Some(take));
        let sounds = lanes.map(|lane| {
            let clip = self.clips.get(&lane.clip)?.clip.clone();
            Some((lane.name.clone(), Clip2(clip), lane.offset_secs))
        });
        let sounds: Option<Sounds> = sounds.collect();
        sounds.filter(|sounds| !sounds.is_empty())
    }

    fn measure_take(&mut self, song: Id, take: Id, truth: &Arc<TrueSong>) {
        let song = self.session.songs.iter().find(|other| other.id == song);
        let Some((song, of)) = song.and_then(|song| Some((song, song.take(take)?))) else {
            return;
        };
        let known = stems_of(truth);
        let renames = usual_renames(&of.model, &known);
        let lanes = song.arrangement.lanes.iter();
        let mut lanes = lanes.filter(|lane| lane.take == Some(take));
        if !lanes.any(|lane| renames.known_stem(&lane.name, &known).is_some()) {
            // Nothing to read all the stems for.
            self.truth.hopeless.insert(take);
            return;
        }
        let Some(sounds) = self.sounds_of(song, take) else {
            return;
        };
        let name = format!("Measuring {}", of.name);
        let request = TruthRequest::Measure {
            take,
            truth: Arc::clone(truth),
            sounds,
            renames,
            region: region_of(of),
        };
        let request = Request::Truth(Box::new(request));
        if let Some(job) = self.jobs.start(name, request) {
            self.truth.jobs.insert(job, take);
        }
    }

    /// What a worker answered.
    pub(in crate::gui) fn truth_event(&mut self, job: JobId, event: TruthEvent) {
        match event {
            TruthEvent::Found(song, found) => {
                let is_own =
                    matches!(self.truth.songs.get(&song), Some(Known::Looking(own)) if *own == job);
                if !is_own {
                    // Another folder was chosen meanwhile.
                    return;
                }
                let known = match found {
                    Ok(Some((folder, truth))) => Known::Here(folder, truth),
                    Ok(None) => Known::Nothing,
                    Err(reason) => {
                        self.notices.add(Level::Error, reason);
                        Known::Nothing
                    }
                };
                self.truth.songs.insert(song, known);
            }
            TruthEvent::Measured(take, scores) => {
                // Without its job it was measured against a folder that counts no more.
                if self.truth.jobs.remove(&job).is_some() {
                    self.truth.takes.insert(take, scores);
                }
            }
        }
    }
}
