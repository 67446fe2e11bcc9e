//! What tests may ask of the window.

use super::app::App;
use super::evaluate::Trouble;
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

    /// The rows of the Evaluate workspace's table: method, stem and median, for tests.
    pub fn score_rows(&self) -> Vec<(&str, &str, f64)> {
        let results = &self.evaluate.results;
        let rows = results.rows.iter().map(|row| &results.summaries[*row]);
        rows.map(|row| (row.method.as_str(), row.stem.as_str(), row.median))
            .collect()
    }

    /// What could not be measured there, for tests.
    pub fn not_measured(&self) -> Vec<String> {
        let troubles = self.evaluate.results.troubles.iter();
        troubles.map(Trouble::text).collect()
    }

    /// Whether it is measuring, for tests.
    pub fn is_measuring(&self) -> bool {
        self.evaluate.job.is_some()
    }

    /// How many clips are in memory, for tests.
    pub fn held_clips(&self) -> usize {
        self.clips.len()
    }

    /// The true stem of a lane and its median SDR in dB, for tests.
    pub fn lane_sdr(&self, lane: Id) -> Option<(&str, f64)> {
        let lane = self.session.song()?.lane(lane)?;
        let scores = self.truth.lane(lane)?;
        Some((scores.stem.as_str(), scores.medians()[0]))
    }

    /// How the training that goes on or did last stands, for tests.
    #[cfg(feature = "train")]
    pub fn training_status(&self) -> Option<String> {
        self.train.learn.status()
    }

    /// How many epochs of the run that is shown are known, for tests.
    #[cfg(feature = "train")]
    pub fn shown_epochs(&self) -> usize {
        self.train.learn.epochs()
    }

    /// A value of the recipe that is edited, by its dotted key, for tests.
    #[cfg(feature = "train")]
    pub fn recipe_value(&self, key: &str) -> Option<String> {
        self.train.learn.value(key)
    }

    /// The learning rate that is proposed for the network, for tests.
    #[cfg(feature = "train")]
    pub fn proposed_rate(&self) -> Option<String> {
        self.train.learn.proposed_rate()
    }

    /// What of the data is played, once it is read, for tests.
    pub fn previewed(&self) -> Option<&str> {
        let preview = self.train.data.preview.as_ref();
        let playing = preview.filter(|preview| preview.job.is_none());
        playing.map(|preview| preview.what.as_str())
    }
}
