//! The Reconstruct tool: magnitudes to sound by one phase method or many, and how they converge.

mod form;
mod plot;

use std::collections::HashMap;
use std::path::PathBuf;

use super::app::App;
use super::jobs::{Clip2, JobId, MadeTake, Request};
use super::notices::Level;
use super::scene::Scene;
use super::take_work::{keep, unix_secs_now};
use crate::apply::{
    Convergence, PicturePreset, ReconstructOptions, Region, cut_region, reconstruct,
};
use crate::audio::resample;
use crate::error::Result;
use crate::phase::{MAX_ITERATIONS, PhaseMethod, PhaseStart, sweep};
use crate::progress::Reporter;
use crate::session::{Id, Song, Span, Take};

pub(super) use form::ui;

/// A reconstruction to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconstructRequest {
    /// The song.
    pub song: Id,
    /// Its audio.
    pub clip: Clip2,
    /// The stretch.
    pub region: Option<Region>,
    /// How.
    pub options: ReconstructOptions,
    /// A take to go on from: its name and sound.
    pub earlier: Option<(String, Clip2)>,
    /// Where the sound is kept; none keeps it in memory only.
    pub folder: Option<PathBuf>,
}

impl ReconstructRequest {
    /// Does the work; runs on a worker.
    pub(super) fn run(
        &self,
        watch: impl FnMut(Convergence),
        reporter: &Reporter,
    ) -> Result<MadeTake> {
        let song = cut_region(self.clip.0.clone(), self.region)?;
        let earlier = self.earlier.as_ref().map(|(_, clip)| &clip.0);
        let done = reconstruct(&song, &self.options, earlier, watch, reporter)?;
        // Lanes are played at the song's rate.
        let clip = if done.clip.sample_rate_hz() == song.sample_rate_hz() {
            done.clip
        } else {
            resample(&done.clip, song.sample_rate_hz(), reporter)?
        };
        let title = self.options.phase.title();
        let sounds = keep(&title, clip, self.folder.as_deref(), reporter)?;
        let said = format!(
            "{title}: spectral convergence {:.1} dB, {:.1} s in {:.1} s",
            done.figures.spectral_convergence_db,
            song.seconds(),
            done.taken_secs
        );
        let start = self.region.map(|region| region.start_secs);
        let take = Take {
            model: title,
            reconstruct: Some(self.options.clone()),
            continued: self.earlier.as_ref().map(|(name, _)| name.clone()),
            region: start.map(|start_secs| Span {
                start_secs,
                end_secs: start_secs + song.seconds(),
            }),
            device: "cpu".into(),
            made_unix_secs: unix_secs_now(),
            taken_secs: done.taken_secs,
            figures: Some(done.figures),
            convergence_db: thinned(&done.convergence_db),
            ..Take::default()
        };
        Ok(MadeTake {
            song: self.song,
            take,
            sounds,
            offset_secs: start.unwrap_or(0.0),
            said,
        })
    }
}

/// Points of a curve that are kept, for the plot and the session.
const MOST_POINTS: usize = 1000;

/// A curve of at most so many points.
fn thinned(curve: &[f64]) -> Vec<f64> {
    curve
        .iter()
        .copied()
        .step_by(iterations_per_point(curve.len()))
        .collect()
}

/// Iterations from one kept point to the next, for a curve of so many.
fn iterations_per_point(points: usize) -> usize {
    points.div_ceil(MOST_POINTS).max(1)
}

/// What the form holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconstructForm {
    preset: PicturePreset,
    options: ReconstructOptions,
    selection_only: bool,
    /// The take to go on from.
    continue_from: Option<Id>,
    /// The methods of a sweep, in the order of [`PhaseMethod::ALL`].
    sweep_methods: [bool; PhaseMethod::ALL.len()],
    sweep_iterations: String,
}

impl Default for ReconstructForm {
    fn default() -> Self {
        Self {
            preset: PicturePreset::default(),
            options: ReconstructOptions::default(),
            selection_only: false,
            continue_from: None,
            sweep_methods: PhaseMethod::ALL
                .map(|method| !matches!(method, PhaseMethod::Zero | PhaseMethod::Random)),
            sweep_iterations: "32, 100".into(),
        }
    }
}

impl ReconstructForm {
    /// The sweep's iterations, or what is wrong with them.
    fn iterations(&self) -> std::result::Result<Vec<usize>, String> {
        let numbers = self
            .sweep_iterations
            .split([',', ' '])
            .filter(|n| !n.is_empty());
        let parsed: Vec<usize> = numbers
            .map(|n| {
                n.parse()
                    .ok()
                    .filter(|n| (1..=MAX_ITERATIONS).contains(n))
                    .ok_or_else(|| format!("{n} is no number from 1 to {MAX_ITERATIONS}"))
            })
            .collect::<std::result::Result<_, _>>()?;
        if parsed.is_empty() {
            return Err("type at least one number of iterations".into());
        }
        Ok(parsed)
    }

    fn chosen_methods(&self) -> Vec<PhaseMethod> {
        let methods = PhaseMethod::ALL.into_iter().zip(self.sweep_methods);
        methods
            .filter_map(|(method, chosen)| chosen.then_some(method))
            .collect()
    }
}

/// A running reconstruction's convergence.
#[derive(Debug, Clone, Default)]
struct Live {
    job: JobId,
    block: usize,
    /// Spectral convergence in dB after 0, 1, 2 … iterations of the current block.
    curve: Vec<f64>,
}

/// The tool's state.
#[derive(Debug, Clone, Default)]
pub struct ReconstructView {
    /// The form.
    pub form: ReconstructForm,
    live: Option<Live>,
    /// The song of each job.
    songs: HashMap<JobId, Id>,
}

impl ReconstructView {
    /// A point of a running job.
    pub(super) fn converged(&mut self, job: JobId, point: Convergence) {
        let same = |live: &Live| live.job == job && live.block == point.block;
        if !self.live.as_ref().is_some_and(same) {
            self.live = Some(Live {
                job,
                block: point.block,
                curve: Vec::new(),
            });
        }
        if let Some(live) = &mut self.live
            && live.curve.len() <= point.iteration
        {
            live.curve.resize(point.iteration + 1, point.db);
        }
    }

    /// The running curve, if it is this song's.
    fn live(&self, song: Id) -> Option<&Live> {
        self.live
            .as_ref()
            .filter(|live| self.songs.get(&live.job) == Some(&song))
    }

    /// A job is over.
    pub(super) fn ended(&mut self, job: JobId) {
        self.songs.remove(&job);
        if self.live.as_ref().is_some_and(|live| live.job == job) {
            self.live = None;
        }
    }
}

/// The takes of a song whose phases one can go on from.
fn continuable(song: &Song) -> impl Iterator<Item = &Take> {
    song.takes.iter().filter(|take| take.reconstruct.is_some())
}

/// The current song's mixture, as far as it is open.
fn mixture<'a>(scene: &'a Scene<'_>) -> Option<&'a crate::audio::Clip> {
    let song = scene.session.song()?;
    let lane = song.mixture()?;
    scene.clips.get(&lane.clip).map(|view| &view.clip)
}

impl App {
    /// Queues the form's reconstruction, or all of its sweep.
    pub(super) fn start_reconstruction(&mut self, whole_sweep: bool) {
        let form = &self.reconstruct.form;
        let specs = if whole_sweep {
            match form.iterations() {
                Ok(iterations) => {
                    let methods = form.chosen_methods();
                    let mut base = form.options.phase;
                    // Only one method has a momentum.
                    base.momentum = base
                        .momentum
                        .filter(|_| methods.contains(&PhaseMethod::FastGriffinLim));
                    sweep(&base, &methods, &iterations)
                }
                Err(problem) => {
                    self.notices
                        .add(Level::Warning, format!("Sweep: {problem}"));
                    return;
                }
            }
        } else {
            vec![form.options.phase]
        };
        let Some(song) = self.session.song() else {
            return;
        };
        let mixture = song.mixture();
        let Some(view) = mixture.and_then(|lane| self.clips.get(&lane.clip)) else {
            let text = "The song is still being opened; try again in a moment";
            self.notices.add(Level::Warning, text);
            return;
        };
        let selection = song.arrangement.selection.filter(|_| form.selection_only);
        let mut region = selection.map(|span| Region {
            start_secs: span.start_secs,
            duration_secs: Some(span.seconds()),
        });
        let mut earlier = None;
        let continued = form.continue_from.filter(|_| !whole_sweep);
        if let Some(take) = continued.and_then(|id| song.take(id)) {
            let lane = song
                .arrangement
                .lanes
                .iter()
                .find(|lane| lane.take == Some(take.id));
            earlier = lane
                .and_then(|lane| self.clips.get(&lane.clip))
                .map(|view| (take.name.clone(), Clip2(view.clip.clone())));
            // What is gone on from decides where.
            if earlier.is_none() {
                let text = format!("{} has no sound to go on from; choose another", take.name);
                self.notices.add(Level::Warning, text);
                return;
            }
            region = take.region.map(|span| Region {
                start_secs: span.start_secs,
                duration_secs: Some(span.seconds()),
            });
        }
        let (song_id, title, clip) = (song.id, song.title(), Clip2(view.clip.clone()));
        let base = form.options.clone();
        for phase in specs {
            let mut options = ReconstructOptions {
                phase,
                ..base.clone()
            };
            if earlier.is_some() {
                options.phase.start = PhaseStart::Input;
            }
            let name = format!("Reconstruct · {title} · {}", options.phase.title());
            let folder = crate::paths::cache_dir()
                .join("takes")
                .join(super::runs::unique_name());
            let request = ReconstructRequest {
                song: song_id,
                clip: clip.clone(),
                region,
                options,
                earlier: earlier.clone(),
                folder: (!self.is_test).then_some(folder),
            };
            let request = Request::Reconstruct(Box::new(request));
            let Some(job) = self.start_job(name, request) else {
                return;
            };
            self.reconstruct.songs.insert(job, song_id);
        }
    }
}
