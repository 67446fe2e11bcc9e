//! A sound of the data, played from its row: one at a time, in the place of the Workbench's song.
//!
//! ```text
//! Hear ─► job reads ─► Heard ─► player ─► end, button, Space or another workspace ─► song's lanes
//! ```

#[cfg(feature = "train")]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::TrainSection;
use super::work::TrainRequest;
use crate::audio::Clip;
use crate::gui::app::App;
use crate::gui::jobs::{JobId, Request};
use crate::gui::notices::Level;
use crate::gui::scene::OutputState;
use crate::gui::settings::Workspace;
use crate::playback::{MixLane, PlayerCommand};

/// Where a sound is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The song of a row: a stem, or the mixture.
    Song(usize, Option<String>),
    /// A file.
    #[cfg(feature = "train")]
    File(PathBuf),
}

/// What is read or played.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Where it is from.
    pub from: Heard,
    /// What it is, for people.
    pub what: String,
    /// The job that reads it; none once it plays.
    pub job: Option<JobId>,
    /// Where it is, in seconds.
    pub position_secs: f64,
    /// Its length in seconds; 0 while it is read.
    pub seconds: f64,
    /// Frames per second.
    sample_rate_hz: u32,
    /// Whether the player was seen to play it.
    begun: bool,
}

impl Preview {
    /// Whether it is this sound.
    pub fn is(&self, row: usize, stem: Option<&str>) -> bool {
        match &self.from {
            Heard::Song(own, own_stem) => *own == row && own_stem.as_deref() == stem,
            #[cfg(feature = "train")]
            Heard::File(_) => false,
        }
    }

    /// Whether it is this file.
    #[cfg(feature = "train")]
    pub fn is_file(&self, path: &Path) -> bool {
        matches!(&self.from, Heard::File(own) if own == path)
    }
}

impl App {
    /// Whether the player has a sound of the data, or had it a moment ago.
    pub(in crate::gui) fn is_previewing(&self) -> bool {
        let data = &self.train.data;
        data.restoring || data.preview.as_ref().is_some_and(|p| p.job.is_none())
    }

    /// Whether the next frame must see how the player is doing.
    pub(in crate::gui) fn follows_preview(&self) -> bool {
        let data = &self.train.data;
        data.restoring || data.preview.as_ref().is_some_and(|p| p.begun)
    }

    /// Plays a song's mixture or a stem; the same once more stops it.
    pub(super) fn hear_data(&mut self, row: usize, stem: Option<String>) {
        let last = self.train.data.preview.as_ref();
        let is_same = last.is_some_and(|preview| preview.is(row, stem.as_deref()));
        self.stop_preview();
        if is_same {
            return;
        }
        let Some(song) = self.train.data.song(row) else {
            return;
        };
        let what = match &stem {
            Some(stem) => format!("{stem} of {}", song.name),
            None => song.name.clone(),
        };
        let request = TrainRequest::Hear(Arc::new(song), stem.clone());
        self.begin_preview(Heard::Song(row, stem), what, request);
    }

    /// Plays a file; the same once more stops it.
    #[cfg(feature = "train")]
    pub(super) fn hear_file(&mut self, path: PathBuf, what: String) {
        let last = self.train.data.preview.as_ref();
        let is_same = last.is_some_and(|preview| preview.is_file(&path));
        self.stop_preview();
        if !is_same {
            let request = TrainRequest::HearFile(path.clone());
            self.begin_preview(Heard::File(path), what, request);
        }
    }

    fn begin_preview(&mut self, from: Heard, what: String, request: TrainRequest) {
        let request = Request::Train(Box::new(request));
        let Some(job) = self.jobs.start(format!("Reading {what}"), request) else {
            let text = "Too much is being opened at once; try again in a moment";
            self.notices.add(Level::Warning, text);
            return;
        };
        self.train.data.preview = Some(Preview {
            from,
            what,
            job: Some(job),
            position_secs: 0.0,
            seconds: 0.0,
            sample_rate_hz: 1,
            begun: false,
        });
    }

    /// A sound was read: it plays, unless the person thought better of it.
    pub(super) fn heard_data(&mut self, job: JobId, clip: Clip) {
        self.train.quiet.remove(&job);
        let preview = self.train.data.preview.as_mut();
        let Some(preview) = preview.filter(|preview| preview.job == Some(job)) else {
            return;
        };
        if self.player.is_none() && !self.is_test {
            self.train.data.preview = None;
            self.output = OutputState::Silent("the sound thread could not be started".into());
            return;
        }
        preview.job = None;
        preview.seconds = clip.seconds();
        preview.sample_rate_hz = clip.sample_rate_hz().max(1);
        self.train.data.restoring = false;
        if matches!(self.output, OutputState::Silent(_)) {
            // Another try; a failure is told again.
            self.output = OutputState::Idle;
        }
        let lane = MixLane {
            offset: 0,
            gain: 1.0,
            clip: clip.clone(),
        };
        self.tell(PlayerCommand::Pause);
        self.tell(PlayerCommand::Lanes(clip.sample_rate_hz(), vec![lane]));
        self.tell(PlayerCommand::Loop(None));
        self.tell(PlayerCommand::Seek(0));
        self.tell(PlayerCommand::Play);
    }

    /// Stops what is played or read of the data.
    pub(in crate::gui) fn stop_preview(&mut self) {
        let Some(preview) = self.train.data.preview.take() else {
            return;
        };
        match preview.job {
            Some(job) => {
                self.jobs.cancel(job);
                self.train.quiet.insert(job);
            }
            None => {
                self.tell(PlayerCommand::Pause);
                self.train.data.restoring = true;
            }
        }
    }

    /// Space: stops what plays, or plays the chosen row or the shown preview. Answers whether that
    /// was meant.
    pub(in crate::gui) fn toggle_preview(&mut self) -> bool {
        if self.settings.workspace != Workspace::Train {
            return false;
        }
        if self.train.data.preview.is_some() {
            self.stop_preview();
            return true;
        }
        #[cfg(feature = "train")]
        if self.train.section == TrainSection::Runs {
            return self.hear_output();
        }
        let is_data = self.train.section == TrainSection::Data;
        let table = self.train.data.table().filter(|_| is_data);
        match table.and_then(|table| table.chosen) {
            Some(row) => {
                self.hear_data(row, None);
                true
            }
            None => false,
        }
    }

    /// Follows what plays, and gives the player its song back afterwards. Once per frame.
    pub(in crate::gui) fn watch_preview(&mut self) {
        if self.settings.workspace != Workspace::Train {
            self.stop_preview();
        }
        let playing = self.is_playing();
        if self.train.data.restoring && !playing {
            self.train.data.restoring = false;
            self.send_lanes();
            self.send_loop();
        }
        let (Some(player), Some(preview)) = (&self.player, &mut self.train.data.preview) else {
            return;
        };
        if preview.job.is_some() {
            return;
        }
        let state = player.state();
        preview.begun |= playing;
        if playing {
            let frame = state.position.load(Ordering::Relaxed);
            preview.position_secs = frame as f64 / f64::from(preview.sample_rate_hz);
        }
        // Before the player begins, its state is that of the sound before.
        let is_over = preview.begun && !playing && state.ended.load(Ordering::Acquire);
        if is_over || matches!(self.output, OutputState::Silent(_)) {
            self.stop_preview();
        }
    }
}
