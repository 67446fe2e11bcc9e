//! Starting jobs: separations and exports, and what all others have in common.

use super::app::App;
use super::jobs::{Clip2, JobId, Request, SeparateRequest};
use super::notices::Level;
use crate::apply::{PostProcess, Region, song_name};
use crate::session::{Id, Lane, Song};

/// Length of a preview without a selection, in seconds.
const PREVIEW_SECS: f64 = 10.0;

impl App {
    /// Queues work and answers its number; tells if there is no room for it.
    pub(super) fn start_job(&mut self, name: impl Into<String>, request: Request) -> Option<JobId> {
        let job = self.jobs.start(name, request);
        if job.is_none() {
            let text = "The queue of jobs is full; wait for one to end";
            self.notices.add(Level::Warning, text);
        }
        job
    }

    pub(super) fn start_separation(&mut self, preview: bool) {
        let playhead = self.playhead_secs();
        let Some(song) = self.session.song() else {
            return;
        };
        let Some(mixture) = song.mixture() else {
            return;
        };
        let Some(view) = self.clips.get(&mixture.clip) else {
            self.notices.add(
                Level::Warning,
                "The song is still being opened; try again in a moment",
            );
            return;
        };
        let selection = song
            .arrangement
            .selection
            .filter(|_| preview || self.form.selection_only);
        let region = match selection {
            Some(span) => Some(Region {
                start_secs: span.start_secs,
                duration_secs: Some(span.seconds()),
            }),
            None if preview => Some(Region {
                start_secs: playhead.min((song.seconds - PREVIEW_SECS).max(0.0)),
                duration_secs: Some(PREVIEW_SECS),
            }),
            None => None,
        };
        let form = &self.form;
        let post = [
            (form.wiener, PostProcess::Wiener),
            (form.median, PostProcess::Median),
        ];
        let folder = crate::paths::cache_dir().join("takes").join(unique_name());
        let request = SeparateRequest {
            song: song.id,
            clip: Clip2(view.clip.clone()),
            model: form.model.clone(),
            params: form.params.get(&form.model).cloned().unwrap_or_default(),
            device: form.device.clone(),
            region,
            post: post
                .into_iter()
                .filter_map(|(wanted, post)| wanted.then_some(post))
                .collect(),
            folder: (!preview && !self.is_test).then_some(folder),
        };
        let verb = if preview { "Preview" } else { "Separate" };
        let name = format!("{verb} · {} · {}", song.title(), form.model);
        self.start_job(name, Request::Separate(Box::new(request)));
    }

    pub(super) fn start_export(&mut self, lanes: &[Id], picture: bool) {
        let Some(song) = self.session.song() else {
            return;
        };
        let clips: Vec<(String, Clip2)> = song
            .arrangement
            .lanes
            .iter()
            .filter(|lane| lanes.contains(&lane.id))
            .filter_map(|lane| {
                Some((
                    export_name(song, lane),
                    Clip2(self.clips.get(&lane.clip)?.clip.clone()),
                ))
            })
            .collect();
        // The mixture under the chosen stems: a separated region is shorter than the song.
        let first = song
            .arrangement
            .lanes
            .iter()
            .find(|lane| lanes.contains(&lane.id));
        let mixture = song.mixture();
        let mixture = first
            .zip(mixture)
            .filter(|_| picture)
            .and_then(|(first, mixture)| {
                let clip = self.clips.get(&mixture.clip)?.clip.clone();
                let start = (first.offset_secs * f64::from(clip.sample_rate_hz())).round() as usize;
                Some((Clip2(clip), start))
            });
        let model = song
            .takes
            .last()
            .map_or("mixture", |take| take.model.as_str())
            .to_owned();
        let name = song_name(&song.path, song.tags.clone(), &model);
        let title = format!("Export · {}", song.title());
        let request = Request::Export(clips, name, Box::new(self.settings.export.clone()), mixture);
        self.start_job(title, request);
    }
}

/// The stem's name; with the take's where two takes have stems of one name.
fn export_name(song: &Song, lane: &Lane) -> String {
    let twins = song
        .arrangement
        .lanes
        .iter()
        .filter(|other| other.name == lane.name)
        .count();
    let take = song.takes.iter().find(|take| Some(take.id) == lane.take);
    match take {
        Some(take) if twins > 1 => format!("{}, {}", lane.name, take.name),
        _ => lane.name.clone(),
    }
}

/// A name for a take's folder that nothing else has.
pub(super) fn unique_name() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}
