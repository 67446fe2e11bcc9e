//! What the player is told: lanes, loop, play, seek.

use super::app::App;
use super::scene::OutputState;
use super::settings::Workspace;
use crate::audio::Clip;
use crate::playback::{MixLane, PlayerCommand};
use crate::session::Id;

impl App {
    pub(super) fn tell(&self, command: PlayerCommand) {
        if let Some(player) = &self.player {
            player.send(command);
        }
    }

    /// Gives the player the current song's lanes: as they are mixed, or in the Listen workspace the
    /// one that is heard.
    pub(super) fn send_lanes(&mut self) {
        if self.listen.is_test_broken(self.session.song()) {
            self.leave_test();
        }
        if self.is_previewing() {
            // The song comes back when the sound of the data is over.
            return;
        }
        let listens = self.settings.workspace == Workspace::Listen;
        if listens {
            self.measure_loudness();
        }
        let Some(song) = self.session.song() else {
            self.tell(PlayerCommand::Lanes(44_100, Vec::new()));
            return;
        };
        let rate = f64::from(song.sample_rate_hz);
        let gains = if listens {
            self.listen.gains(song)
        } else {
            song.heard_gains()
        };
        let lanes = song
            .arrangement
            .lanes
            .iter()
            .zip(gains)
            .filter_map(|(lane, gain)| {
                let clip = self.clips.get(&lane.clip)?.clip.clone();
                Some(MixLane {
                    clip,
                    offset: (lane.offset_secs * rate).round() as usize,
                    gain,
                })
            })
            .collect();
        self.tell(PlayerCommand::Lanes(song.sample_rate_hz, lanes));
        if !self.is_playing() {
            let frame = song.playhead_secs * f64::from(song.sample_rate_hz);
            self.tell(PlayerCommand::Seek(frame as usize));
        }
    }

    /// The sound of a lane of the current song, for tests.
    pub fn lane_clip(&self, lane: Id) -> Option<&Clip> {
        let lane = self.session.song()?.lane(lane)?;
        self.clips.get(&lane.clip).map(|view| &view.clip)
    }

    /// Loops a stretch and goes to its start.
    pub(super) fn execute_loop(&mut self, span: crate::session::Span) {
        if let Some(song) = self.session.song_mut() {
            song.arrangement.looped = Some(span);
        }
        self.send_loop();
        self.seek(span.start_secs);
    }

    pub(super) fn send_loop(&self) {
        if self.is_previewing() {
            return;
        }
        let Some(song) = self.session.song() else {
            return;
        };
        let frame = |secs: f64| (secs * f64::from(song.sample_rate_hz)).round() as usize;
        let range = song
            .arrangement
            .looped
            .map(|span| frame(span.start_secs)..frame(span.end_secs));
        self.tell(PlayerCommand::Loop(range));
    }

    pub(super) fn play_pause(&mut self) {
        if self.toggle_preview() || self.session.song().is_none() {
            return;
        }
        if self.player.is_none() && !self.is_test {
            self.output = OutputState::Silent("the sound thread could not be started".into());
        }
        self.tell(if self.is_playing() {
            PlayerCommand::Pause
        } else {
            PlayerCommand::Play
        });
    }

    pub(super) fn seek(&mut self, secs: f64) {
        if self.is_previewing() {
            return;
        }
        let Some(song) = self.session.song_mut() else {
            return;
        };
        let secs = secs.clamp(0.0, song.seconds);
        song.playhead_secs = secs;
        song.view.reveal(secs);
        let frame = (secs * f64::from(song.sample_rate_hz)).round() as usize;
        self.tell(PlayerCommand::Seek(frame));
    }
}
