//! What the buttons and keys of recipes and runs do, and what workers answer.

use std::path::{Path, PathBuf};

use super::fields::FieldValue;
use super::live::LiveRun;
use super::news::RunNews;
use super::work::{LearnEvent, LearnRequest};
use super::{LearnAction, LearnPick, SaveForm};
use crate::gui::address::file_url;
use crate::gui::app::App;
use crate::gui::command::Command;
use crate::gui::jobs::{JobId, Request};
use crate::gui::notices::Level;
use crate::gui::train::TrainSection;
use crate::train::{TrainEvent, open_recipe};

/// Runs and recipe files that are remembered.
const MOST_KNOWN: usize = 24;

impl App {
    /// Does what recipes and runs ask for.
    pub(in crate::gui) fn execute_learn(&mut self, action: LearnAction, ctx: &egui::Context) {
        match action {
            LearnAction::List => self.list_recipes(),
            LearnAction::Choose(id) => self.choose_recipe(&id),
            LearnAction::Save(path) => self.save_recipe(path, false),
            LearnAction::Device(id) => self.settings.train_device = id,
            LearnAction::ChangeData => self.train.section = TrainSection::Data,
            LearnAction::Start => self.start_training(),
            LearnAction::FindRate => self.find_rate(),
            LearnAction::CancelFind => {
                if let Some(job) = self.train.learn.rates.job {
                    self.jobs.cancel(job);
                }
            }
            LearnAction::UseRate(key, rate) => {
                // In the form's own words, so that a rate that is the recipe's counts as such.
                let rate = rate
                    .parse::<f64>()
                    .map_or(rate, |x| FieldValue::Float(x).text());
                self.train.learn.form.set(key, &rate);
            }
            LearnAction::Pause(pause) => self.pause_training(pause),
            LearnAction::Stop => self.stop_training(),
            LearnAction::Resume(path) => self.resume_training(&path),
            LearnAction::ReadRuns => {
                self.train.learn.are_runs_read = true;
                let known = self.settings.train_runs.iter();
                let known: Vec<PathBuf> = known.map(PathBuf::from).collect();
                let learn = &mut self.train.learn;
                if learn.shown.is_none() {
                    learn.shown = known.first().cloned();
                }
                self.read_runs(known);
            }
            LearnAction::Show(path) => self.show_run(path),
            LearnAction::Forget(path) => self.forget_run(&path),
            LearnAction::OpenFolder(path) => {
                ctx.open_url(egui::OpenUrl::new_tab(file_url(&path)));
            }
            LearnAction::LoadPicture(path) => {
                let request = LearnRequest::Picture(path.clone());
                if let Some(job) = self.start_learn("Reading a preview", request) {
                    self.train.learn.preview.load(job, path);
                }
            }
            LearnAction::Hear(path, what) => self.hear_file(path, what),
            LearnAction::Export(to_shelf) => self.export_network(to_shelf),
        }
    }

    /// Does what a key asks for.
    pub(in crate::gui) fn learn_command(&mut self, command: Command) {
        let learn = &self.train.learn;
        let pausing = learn.live.as_ref().is_some_and(LiveRun::is_pausing);
        match command {
            Command::StartTraining => self.start_training(),
            Command::FindLearningRate => {
                self.train.section = TrainSection::Recipe;
                self.find_rate();
            }
            Command::PauseTraining => self.pause_training(!pausing),
            Command::StopTraining => self.stop_training(),
            _ => {}
        }
    }

    /// What a dialog was closed with, or what was dropped.
    pub(in crate::gui) fn picked_learn(&mut self, of: LearnPick, path: PathBuf) {
        let learn = &mut self.train.learn;
        match of {
            LearnPick::Recipe => self.choose_recipe(&path.display().to_string()),
            LearnPick::Out => {
                learn.out = path.display().to_string();
                learn.is_own_out = true;
            }
            LearnPick::Run => {
                self.train.section = TrainSection::Runs;
                self.remember_run(&path);
                self.show_run(path);
            }
            LearnPick::Weights => learn.weights = path.display().to_string(),
            LearnPick::Model => learn.share.out = path.display().to_string(),
            LearnPick::SaveRecipe => self.save_recipe(path, true),
        }
    }

    /// Takes recipe files, runs, and in the Recipe section weights to begin with out of what was
    /// dropped; answers the rest.
    pub(in crate::gui) fn take_learning(&mut self, paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let takes_weights = self.train.section == TrainSection::Recipe;
        let mut rest = Vec::new();
        for path in paths {
            let ends_in = |ending: &str| path.extension().is_some_and(|own| own == ending);
            if ends_in("toml") {
                self.picked_learn(LearnPick::Recipe, path);
            } else if takes_weights && ends_in("safetensors") {
                self.picked_learn(LearnPick::Weights, path);
            } else if path.join("run.toml").is_file() {
                self.picked_learn(LearnPick::Run, path);
            } else {
                rest.push(path);
            }
        }
        rest
    }

    /// Plays what the network makes of the excerpt; whether there is something.
    pub(in crate::gui) fn hear_output(&mut self) -> bool {
        let learn = &self.train.learn;
        let chosen = learn.preview.chosen(learn.previews());
        let output = chosen.and_then(|preview| Some((preview.place(), preview.sounds.clone()?)));
        let Some((place, [_, _, path])) = output else {
            return false;
        };
        self.hear_file(path, format!("output of {place}"));
        true
    }

    pub(super) fn start_learn(&mut self, name: &str, request: LearnRequest) -> Option<JobId> {
        self.start_job(name, Request::Learn(Box::new(request)))
    }

    fn list_recipes(&mut self) {
        self.train.learn.is_listed = true;
        let files = self.settings.train_recipes.clone();
        let recipes = self.start_learn("Reading the recipes", LearnRequest::List(files));
        let learn = &self.train.learn;
        let (is_known, looking) = (learn.devices.is_some(), learn.listing[1]);
        let devices = if is_known || looking.is_some() {
            looking
        } else {
            self.start_learn("Looking for graphics cards", LearnRequest::Devices)
        };
        self.train.learn.listing = [recipes, devices];
    }

    pub(super) fn choose_recipe(&mut self, id: &str) {
        self.train.section = TrainSection::Recipe;
        let none: [&str; 0] = [];
        let opened = open_recipe(id, &none);
        let learn = &mut self.train.learn;
        match opened.and_then(|recipe| learn.form.open(id.to_owned(), recipe)) {
            Ok(()) => {
                // What is being tried is of the recipe before.
                let job = std::mem::take(&mut learn.rates).job;
                learn.save = SaveForm::default();
                learn.problem = None;
                if let Some(job) = job {
                    self.jobs.forget(job);
                }
                self.propose_out();
                self.remember_recipe(id);
            }
            Err(error) => learn.problem = Some(error.to_string()),
        }
    }

    /// A recipe file stays in the list.
    fn remember_recipe(&mut self, id: &str) {
        let files = &mut self.settings.train_recipes;
        if !id.ends_with(".toml") || files.iter().any(|known| known == id) {
            return;
        }
        files.insert(0, id.to_owned());
        files.truncate(MOST_KNOWN);
        self.list_recipes();
    }

    pub(super) fn remember_run(&mut self, path: &Path) {
        let name = path.display().to_string();
        let runs = &mut self.settings.train_runs;
        runs.retain(|known| *known != name);
        runs.insert(0, name);
        runs.truncate(MOST_KNOWN);
    }

    fn show_run(&mut self, path: PathBuf) {
        let learn = &mut self.train.learn;
        learn.go_to(path.clone());
        if learn.live_at(&path).is_none_or(|live| live.job.is_none()) {
            self.read_runs(vec![path]);
        }
    }

    fn forget_run(&mut self, path: &Path) {
        let live = self.train.learn.live_at(path);
        if live.is_some_and(|live| live.job.is_some()) {
            // It could not be paused or stopped any more.
            return;
        }
        let name = path.display().to_string();
        self.settings.train_runs.retain(|known| *known != name);
        let learn = &mut self.train.learn;
        learn.runs.remove(path);
        learn.gather();
        for place in [&mut learn.shown, &mut learn.compared] {
            if place.as_deref() == Some(path) {
                *place = None;
            }
        }
    }

    fn read_runs(&mut self, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        let job = self.start_learn("Reading runs", LearnRequest::Read(paths));
        self.train.learn.reading = job;
    }

    fn export_network(&mut self, to_shelf: bool) {
        let learn = &mut self.train.learn;
        let Some(run) = learn.shown.clone().filter(|_| learn.share.job.is_none()) else {
            return;
        };
        learn.share.problem = None;
        learn.share.done = None;
        let request = learn.share.request(&run, to_shelf);
        let request = LearnRequest::Export(Box::new(request));
        let job = self.start_learn("Exporting the network", request);
        self.train.learn.share.job = job;
    }

    /// What a worker answered.
    pub(in crate::gui) fn learn_event(
        &mut self,
        job: JobId,
        event: LearnEvent,
        ctx: &egui::Context,
    ) {
        let learn = &mut self.train.learn;
        match event {
            LearnEvent::Listed(recipes) => {
                let first = recipes.first().map(|recipe| recipe.id.clone());
                learn.recipes = recipes;
                learn.listing[0] = None;
                if let Some(first) = first.filter(|_| learn.form.base().is_none()) {
                    let section = self.train.section;
                    self.choose_recipe(&first);
                    self.train.section = section;
                }
            }
            LearnEvent::Devices(devices) => {
                learn.devices = Some(devices);
                learn.listing[1] = None;
            }
            LearnEvent::Run(news) => {
                if let RunNews::Event(event) = &news
                    && let TrainEvent::Preview { files, .. } = &**event
                {
                    learn.preview.written(&files.picture);
                }
                let is_event = matches!(news, RunNews::Event(_));
                if let Some(live) = learn.live.as_mut().filter(|live| live.job == Some(job)) {
                    live.hear(news);
                }
                if is_event {
                    learn.gather();
                }
            }
            LearnEvent::Progress(progress) => {
                if let Some(job) = self.jobs.running.get_mut(&job) {
                    job.progress = Some(progress);
                }
            }
            LearnEvent::Trained(summary) => {
                let folder = summary.folder.clone();
                let by = learn.live_at(&folder).map(|live| live.course.measure());
                let by = by.unwrap_or("loss");
                if let Some(live) = learn.live.as_mut().filter(|live| live.job == Some(job)) {
                    live.finish(&summary);
                }
                let best = summary.best.map_or_else(String::new, |best| {
                    format!("; the best was epoch {}, {by} {:.5}", best.epoch, best.loss)
                });
                let text = format!(
                    "Training over after {} epochs{best}: {}",
                    summary.epochs,
                    folder.display()
                );
                self.notices.add(Level::Info, text);
                let attention = egui::UserAttentionType::Informational;
                ctx.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(attention));
                self.read_runs(vec![folder]);
            }
            LearnEvent::Point(point) => {
                if learn.rates.job == Some(job) {
                    learn.rates.points.push(point);
                }
            }
            LearnEvent::Found(found) => {
                if learn.rates.job == Some(job) {
                    learn.rates.job = None;
                    learn.rates.found = Some(*found);
                }
            }
            LearnEvent::Read(runs) => {
                learn.take_read(runs);
                if learn.reading == Some(job) {
                    learn.reading = None;
                }
            }
            LearnEvent::Picture(path, image) => learn.preview.loaded(job, path, image, ctx),
            LearnEvent::Exported(path, is_on_shelf) => {
                let text = format!("Written: {}", path.display());
                // The form may be another run's by now.
                if learn.share.job == Some(job) {
                    learn.share.job = None;
                    learn.share.done = Some(text.clone());
                }
                self.notices.add(Level::Info, text);
                if is_on_shelf {
                    // Among the models at once.
                    self.jobs.start("Looking for models", Request::Scan);
                }
            }
        }
    }

    /// What a run that ended without its last word left is read.
    pub(in crate::gui) fn read_ended_run(&mut self) {
        if let Some(path) = self.train.learn.ended.take() {
            self.read_runs(vec![path]);
        }
    }
}
