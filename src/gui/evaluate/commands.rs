//! What the workspace's buttons and keys do.

use std::path::PathBuf;
use std::sync::Arc;

use super::methods::{MethodChoice, MethodWhat};
use super::output::{Output, WriteRequest};
use super::{EvaluateAction, EvaluateEvent, EvaluatePick, EvaluateRequest, Results};
use crate::error::{Error, Result};
use crate::evaluate::Renames;
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::dialogs;
use crate::gui::jobs::{JobId, Request};
use crate::gui::notices::Level;
use crate::gui::settings::Workspace;
use crate::gui::truth::region_of;

impl App {
    /// Does what the workspace asks for.
    pub(in crate::gui) fn execute_evaluate(&mut self, action: EvaluateAction, ctx: &egui::Context) {
        match action {
            EvaluateAction::Browse(pick) => {
                if !self.dialog_open && !self.is_test {
                    self.dialog_open = true;
                    dialogs::pick_evaluate(pick, self.jobs.outbox(), ctx.clone());
                }
            }
            EvaluateAction::Measure => self.measure(),
            EvaluateAction::Cancel => {
                if let Some(job) = self.evaluate.job {
                    self.jobs.cancel(job);
                }
            }
            EvaluateAction::Compare => self.compare_methods(),
            EvaluateAction::DropComparison => self.drop_comparison(),
            EvaluateAction::Write(output) => self.write_scores(output),
        }
    }

    /// Does what a key of the workspace asks for.
    pub(in crate::gui) fn evaluate_command(&mut self, command: Command, ctx: &egui::Context) {
        if command == Command::ReferencesFolder {
            self.go_to(Workspace::Evaluate);
            let pick = EvaluatePick::References;
            self.execute_evaluate(EvaluateAction::Browse(pick), ctx);
            return;
        }
        if self.settings.workspace != Workspace::Evaluate {
            return;
        }
        match command {
            Command::Measure => self.measure(),
            Command::CancelMeasuring => self.execute_evaluate(EvaluateAction::Cancel, ctx),
            Command::NextMeasure => self.evaluate.results.next_measure(),
            Command::CompareMethods => self.compare_methods(),
            Command::WriteScores => {
                for output in Output::ALL {
                    if !self.evaluate.form.output_mut(output).trim().is_empty() {
                        self.write_scores(output);
                    }
                }
            }
            _ => {}
        }
    }

    /// What a dialog of the workspace was closed with.
    pub(in crate::gui) fn picked_evaluate(&mut self, pick: EvaluatePick, path: PathBuf) {
        let form = &mut self.evaluate.form;
        let text = path.display().to_string();
        match pick {
            EvaluatePick::References => form.set_folder(&path),
            EvaluatePick::Truth => form.truth = text,
            EvaluatePick::Row(number) => {
                if let Some(row) = form.rows.iter_mut().find(|row| row.number == number) {
                    row.path = text;
                }
            }
            EvaluatePick::Out(output) => *form.output_mut(output) = text,
        }
    }

    /// Files and folders that were dropped: a folder holds true stems.
    pub(in crate::gui) fn drop_on_evaluate(&mut self, paths: Vec<PathBuf>) {
        let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|p| p.is_dir());
        if let Some(folder) = folders.first() {
            if self.evaluate.job.is_none() {
                self.evaluate.form.set_folder(folder);
                self.evaluate.failed = None;
            } else {
                let text = format!(
                    "Methods are being measured; drop the folder again once that is over: {}",
                    folder.display()
                );
                self.notices.add(Level::Warning, text);
            }
        }
        let is_model = |path: &PathBuf| path.extension().is_some_and(|e| e == "onnx");
        let has_songs = !files.iter().all(is_model);
        self.open_paths(files);
        if has_songs {
            // Where they can be seen.
            self.go_to(Workspace::Workbench);
        }
    }

    /// The takes of the open song, as methods.
    ///
    /// # Errors
    /// [`Error::Setting`] that names those whose sounds are not here.
    fn takes_as_methods(&self) -> Result<Vec<MethodChoice>> {
        let form = &self.evaluate.form;
        let Some(song) = self.session.song().filter(|_| form.of_song) else {
            return Ok(Vec::new());
        };
        let wanted = song.takes.iter();
        let wanted = wanted.filter(|take| !form.left_out.contains(&take.id));
        let (mut choices, mut unread, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for take in wanted {
            if let Some(sounds) = self.sounds_of(song, take.id) {
                choices.push(MethodChoice {
                    name: format!("{} · {}", take.name, take.model),
                    what: MethodWhat::Take(sounds, region_of(take), take.model.clone()),
                    renames: Renames::default(),
                });
                continue;
            }
            let lanes = song.arrangement.lanes.iter();
            let mut lanes = lanes.filter(|lane| lane.take == Some(take.id)).peekable();
            // Without lanes it was taken out by the person.
            if lanes.peek().is_some() {
                let is_broken = lanes.any(|lane| self.failed.contains_key(&lane.clip));
                let names = if is_broken { &mut broken } else { &mut unread };
                names.push(take.name.as_str());
            }
        }
        let problem = match (broken.is_empty(), unread.is_empty()) {
            (true, true) => return Ok(choices),
            (false, _) => format!("cannot be read: {}; leave them out", broken.join(", ")),
            (true, false) => format!("still being read: {}; wait a moment", unread.join(", ")),
        };
        Err(Error::setting("takes", problem))
    }

    fn measure(&mut self) {
        if self.evaluate.job.is_some() {
            return;
        }
        let song = self.session.song();
        let song = song.map(|song| (song.path.clone(), self.truth.folder(song.id).cloned()));
        let takes = self.takes_as_methods();
        let request = takes.and_then(|takes| self.evaluate.form.request(song, takes));
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                self.evaluate.failed = Some(error.to_string());
                return;
            }
        };
        let request = EvaluateRequest::Measure(request);
        let request = Request::Evaluate(Box::new(request));
        let Some(job) = self.start_job("Measuring", request) else {
            return;
        };
        self.drop_comparison();
        let measure = self.evaluate.results.measure;
        self.evaluate.results = Results {
            measure,
            ..Results::default()
        };
        self.evaluate.failed = None;
        self.evaluate.job = Some(job);
    }

    /// Forgets a comparison, and one that is being made.
    fn drop_comparison(&mut self) {
        let results = &mut self.evaluate.results;
        results.compared = None;
        if let Some(job) = results.comparing.take() {
            self.jobs.forget(job);
        }
    }

    fn compare_methods(&mut self) {
        let results = &self.evaluate.results;
        let (Some(a), Some(b)) = results.pair.clone() else {
            return;
        };
        if a == b || results.comparing.is_some() || results.scores.is_empty() {
            return;
        }
        let request = EvaluateRequest::Compare(Arc::clone(&results.scores), a, b);
        let request = Request::Evaluate(Box::new(request));
        self.evaluate.results.comparing = self.start_job("Comparing", request);
    }

    fn write_scores(&mut self, output: Output) {
        let path = self.evaluate.form.output_mut(output).trim().to_owned();
        let results = &self.evaluate.results;
        if path.is_empty() || results.scores.is_empty() {
            return;
        }
        let request = WriteRequest {
            output,
            path: path.into(),
            overwrite: self.evaluate.form.overwrite,
            scores: Arc::clone(&results.scores),
            keys: results.keys.clone(),
            songs: results.songs.clone(),
            measure: results.measure,
        };
        let request = Request::Evaluate(Box::new(EvaluateRequest::Write(request)));
        self.start_job("Writing the scores", request);
    }

    /// What a worker answered.
    pub(in crate::gui) fn evaluate_event(&mut self, job: JobId, event: EvaluateEvent) {
        let results = &mut self.evaluate.results;
        if let EvaluateEvent::Compared(compared) = event {
            if results.comparing == Some(job) {
                results.comparing = None;
                results.compared = Some(compared);
            }
            return;
        }
        if self.evaluate.job != Some(job) {
            return;
        }
        if matches!(event, EvaluateEvent::Scored(..) | EvaluateEvent::Read(_)) {
            // It is of fewer scores.
            self.drop_comparison();
        }
        let results = &mut self.evaluate.results;
        match event {
            EvaluateEvent::Begun(songs, methods, notes) => {
                results.songs = songs;
                // With two methods there is nothing to choose.
                if let [first, second] = methods.as_slice() {
                    results.pair = (Some(second.0.clone()), Some(first.0.clone()));
                }
                results.methods = methods;
                results.note(notes);
            }
            EvaluateEvent::Scored(scores, key, notes) => results.add(*scores, key, notes),
            EvaluateEvent::Read(scores) => {
                for track in scores {
                    // They depend on nothing here.
                    results.add(track, String::new(), Vec::new());
                }
            }
            EvaluateEvent::Failed(trouble) => results.trouble(trouble),
            EvaluateEvent::Compared(_) => {}
        }
    }

    /// A job came to its end.
    pub(in crate::gui) fn evaluate_ended(&mut self, job: JobId) {
        if self.evaluate.job != Some(job) {
            return;
        }
        self.evaluate.job = None;
        let results = &self.evaluate.results;
        if results.scores.is_empty() {
            let reason = match results.troubles.first() {
                Some(trouble) => format!("Nothing could be measured. {}", trouble.text()),
                None => "Nothing could be measured: there is no song".to_owned(),
            };
            self.evaluate.failed = Some(reason);
        }
    }
}
