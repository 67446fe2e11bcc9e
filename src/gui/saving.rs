//! The session and the settings, kept between two starts.

use super::app::App;
use super::jobs::Request;
use super::notices::Level;
use super::settings;
use crate::session::Id;

impl App {
    /// Asks for the audio of everything that was open when the program ended.
    pub(super) fn reopen(&mut self) {
        for song in &mut self.session.songs {
            // Previews were kept in memory only.
            song.takes.retain(|take| !take.files.is_empty());
            let takes: Vec<Id> = song.takes.iter().map(|take| take.id).collect();
            let kept = |lane: &crate::session::Lane| lane.take.is_none_or(|id| takes.contains(&id));
            song.arrangement.lanes.retain(kept);
        }
        if !self.is_test {
            let takes = self.session.songs.iter().flat_map(|song| &song.takes);
            let files = takes.flat_map(|take| take.files.iter().map(|(_, path)| path.clone()));
            let used = files.collect();
            self.jobs.start("Tidying up", Request::Prune(used));
        }
        for song in self.session.songs.clone() {
            let mixture = song.mixture().map(|lane| lane.clip);
            let clip = mixture.unwrap_or_else(|| self.session.new_id());
            self.jobs.start(
                format!("Opening {}", song.title()),
                Request::Open {
                    song: song.id,
                    clip,
                    path: song.path.clone(),
                    track: song.track,
                    stem: false,
                },
            );
            for lane in &song.arrangement.lanes {
                let take = lane
                    .take
                    .and_then(|id| song.takes.iter().find(|take| take.id == id));
                let file =
                    take.and_then(|take| take.files.iter().find(|(name, _)| *name == lane.name));
                if let Some((name, path)) = file {
                    self.jobs.start(
                        format!("Opening {name}"),
                        Request::Open {
                            song: song.id,
                            clip: lane.clip,
                            path: path.clone(),
                            track: None,
                            stem: true,
                        },
                    );
                }
            }
        }
    }

    /// Saves now and then what has changed.
    pub(super) fn save(&mut self, now_secs: f64) {
        const EVERY_SECS: f64 = 5.0;
        if self.is_test || now_secs - self.last_save_secs < EVERY_SECS {
            return;
        }
        self.last_save_secs = now_secs;
        self.save_now();
    }

    pub(super) fn save_now(&mut self) {
        if self.is_test {
            return;
        }
        let folder = crate::paths::config_dir();
        if self.session != self.saved.0 {
            if let Err(error) = settings::write(&folder.join("session.json"), &self.session) {
                self.notices.add(Level::Warning, error.to_string());
            }
            self.saved.0 = self.session.clone();
        }
        if self.settings != self.saved.1 {
            if let Err(error) = settings::write(&folder.join("settings.json"), &self.settings) {
                self.notices.add(Level::Warning, error.to_string());
            }
            self.saved.1 = self.settings.clone();
        }
        if self.batch.form != self.batch.saved {
            if let Err(error) = settings::write(&folder.join("batch.json"), &self.batch.form) {
                self.notices.add(Level::Warning, error.to_string());
            }
            self.batch.saved = self.batch.form.clone();
        }
    }
}
