//! What tests may ask of the window.

use super::app::App;
use super::settings::Settings;
use super::train::DataState;
use crate::batch::RowState;
use crate::session::{Id, Session};

impl App {
    /// What is open, for tests.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What the person chose, for tests.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether nothing is running any more, for tests.
    pub fn is_idle(&self) -> bool {
        self.jobs.running.is_empty() && !self.tiles.is_busy()
    }

    /// The queue of the Batch workspace and what became of each song, for tests.
    pub fn queue(&self) -> Vec<(&std::path::Path, RowState)> {
        let songs = &self.batch.form.songs;
        songs
            .iter()
            .map(|song| (song.entry.input.as_path(), song.state))
            .collect()
    }

    /// Whether a batch is running, for tests.
    pub fn is_batch_running(&self) -> bool {
        self.batch.running
    }

    /// The lane that the Listen workspace plays, for tests.
    pub fn heard_lane(&self) -> Option<Id> {
        self.listen.heard_lane(self.session.song()?)
    }

    /// The gains of the Listen workspace's lanes, for tests.
    pub fn listening_gains(&self) -> Vec<f32> {
        self.session
            .song()
            .map_or_else(Vec::new, |song| self.listen.gains(song))
    }

    /// Whether a blind test is under way, for tests.
    pub fn is_testing(&self) -> bool {
        self.listen.running.is_some()
    }

    /// The newest notice, for tests.
    pub fn last_notice(&self) -> Option<&str> {
        self.notices.last()
    }

    /// Names of the songs that the Train workspace shows, in order, for tests.
    pub fn data_songs(&self) -> Vec<&str> {
        let table = self.train.data.table();
        table.map_or_else(Vec::new, |table| {
            let rows = table.shown.iter().filter_map(|row| table.rows.get(*row));
            rows.map(|row| row.name.as_str()).collect()
        })
    }

    /// Whether a folder is being looked through, for tests.
    pub fn is_looking(&self) -> bool {
        matches!(self.train.data.state, DataState::Looking { .. })
    }

    /// What of the data is played, once it is read, for tests.
    pub fn previewed(&self) -> Option<&str> {
        let preview = self.train.data.preview.as_ref();
        let playing = preview.filter(|preview| preview.job.is_none());
        playing.map(|preview| preview.what.as_str())
    }
}
