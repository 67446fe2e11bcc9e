//! How runs and sweeps are begun, paused and stopped.

use std::path::{Path, PathBuf};

use super::course::Course;
use super::live::{LiveRun, LiveState};
use super::news::Pause;
use super::work::{FindJob, LearnRequest, TrainJob};
use super::{PreviewView, RateView};
use crate::dataset::ExampleSource;
use crate::error::{Error, Result};
use crate::gui::app::App;
use crate::gui::train::TrainSection;
use crate::train::{LrFindOptions, Recipe};

impl App {
    /// A folder for the next run, unless the person has named one.
    pub(super) fn propose_out(&mut self) {
        if self.train.learn.is_own_out {
            return;
        }
        let Some(recipe) = self.train.learn.form.base() else {
            return;
        };
        let folder = crate::paths::data_dir().join("runs");
        let is_free = |path: &PathBuf| {
            let name = path.display().to_string();
            !self.settings.train_runs.contains(&name) && !path.exists()
        };
        let mut numbered = (1..1000).map(|n| folder.join(format!("{}-{n}", recipe.name)));
        let free = numbered.find(is_free);
        if let Some(path) = free {
            self.train.learn.out = path.display().to_string();
        }
    }

    /// The recipe of the form for the folder of the Data section: songs that were left out there
    /// are left out.
    fn recipe_for(&self, data: &str) -> Result<Recipe> {
        let Some(recipe) = self.train.learn.form.recipe() else {
            return Err(Error::setting("recipe", "choose one first"));
        };
        let mut recipe = recipe.clone();
        if recipe.examples.source == ExampleSource::Stems {
            for name in self.data_songs_of(data).excluded()? {
                if !recipe.examples.exclude.contains(&name) {
                    recipe.examples.exclude.push(name);
                }
            }
        }
        Ok(recipe)
    }

    pub(super) fn start_training(&mut self) {
        let data = self.train.data.folder.trim().to_owned();
        self.train.section = TrainSection::Recipe;
        if self.train.learn.why_not(&data).is_some() {
            // It stands at the button.
            return;
        }
        match self.training(&data) {
            Ok(job) => self.begin_training(job),
            Err(problem) => self.train.learn.problem = Some(problem),
        }
    }

    /// The run that the form describes; or what keeps it from being begun.
    fn training(&self, data: &str) -> std::result::Result<TrainJob, String> {
        let learn = &self.train.learn;
        let out = learn.out.trim();
        if out.is_empty() {
            return Err("Name an output folder first".into());
        }
        // It is remembered, and the program may be begun elsewhere the next time.
        let out = std::path::absolute(out).map_err(Error::io("find the folder", out));
        let out = out.map_err(|error| error.to_string())?;
        let recipe = self.recipe_for(data).and_then(|recipe| recipe.to_toml());
        Ok(TrainJob {
            recipe: recipe.map_err(|error| error.to_string())?,
            data: PathBuf::from(data),
            out: out.components().collect(),
            device: self.settings.train_device.clone(),
            resume: false,
            overwrite: learn.overwrite,
            weights: learn.weights_path(),
            pause: Pause::default(),
        })
    }

    pub(super) fn begin_training(&mut self, job: TrainJob) {
        let recipe = Recipe::parse(&job.recipe, Path::new("recipe.toml"));
        let course = recipe.map(|recipe| Course::of(&recipe)).unwrap_or_default();
        let path = job.out.clone();
        let name = format!("Training {}", super::runs_ui::short(&path));
        let request = LearnRequest::Train(Box::new(job.clone()));
        let Some(id) = self.start_learn(&name, request) else {
            return;
        };
        self.remember_run(&path);
        let learn = &mut self.train.learn;
        if !job.resume {
            // What lay there is replaced, if it was allowed; if not, it is read again.
            learn.runs.remove(&path);
        }
        learn.problem = None;
        learn.live = Some(LiveRun::new(id, &job, course));
        learn.gather();
        learn.go_to(path);
        learn.preview = PreviewView::default();
        // The next run has another folder.
        learn.is_own_out &= job.resume;
        self.train.section = TrainSection::Runs;
        self.propose_out();
    }

    pub(super) fn find_rate(&mut self) {
        let data = self.train.data.folder.trim().to_owned();
        let sweep = self.train.learn.rates.sweep.clone();
        if sweep.problem().is_some() {
            // It stands at the button.
            return;
        }
        let recipe = match self.train.learn.why_not(&data) {
            Some(why_not) => Err(why_not),
            None => self
                .recipe_for(&data)
                .and_then(|recipe| recipe.to_toml())
                .map_err(|error| error.to_string()),
        };
        let recipe = match recipe {
            Ok(recipe) => recipe,
            Err(problem) => {
                self.train.learn.rates.problem = Some(problem);
                return;
            }
        };
        let request = FindJob {
            recipe,
            data: PathBuf::from(data),
            device: self.settings.train_device.clone(),
            options: LrFindOptions {
                weights: self.train.learn.weights_path(),
                ..sweep.options()
            },
        };
        let request = LearnRequest::FindRate(Box::new(request));
        let job = self.start_learn("Trying learning rates", request);
        self.train.learn.rates = RateView {
            job,
            sweep,
            ..RateView::default()
        };
    }

    pub(super) fn pause_training(&mut self, pause: bool) {
        let live = self.train.learn.live.as_mut();
        let Some(live) = live.filter(|live| live.job.is_some()) else {
            return;
        };
        match (&live.state, pause) {
            (LiveState::Running | LiveState::Preparing, true) => live.state = LiveState::Pausing,
            (LiveState::Pausing | LiveState::Paused, false) => live.state = LiveState::Running,
            _ => return,
        }
        live.pause.set(pause);
    }

    pub(super) fn stop_training(&mut self) {
        let Some(live) = self.train.learn.live.as_mut() else {
            return;
        };
        if let Some(job) = live.job {
            // The run saves its state before it ends.
            live.state = LiveState::Stopping;
            self.jobs.cancel(job);
        }
    }
}
