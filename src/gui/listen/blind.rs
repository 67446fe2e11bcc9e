//! Blind tests: begun, answered, left.

use std::time::Instant;

use super::{AbxRun, RankingRun, RunningTest, Sound, Test, linear};
use crate::gui::app::App;
use crate::gui::notices::Level;
use crate::gui::settings::Workspace;
use crate::listen::{
    AbxTest, Choice, ListeningResult, Loudness, MatchTarget, Ranking, fresh_seed, match_gains,
};
use crate::session::{Id, Lane, Span};

impl App {
    pub(super) fn begin_abx(&mut self) {
        let Some(song) = self.session.song() else {
            return;
        };
        let lane = |id: Option<Id>| id.and_then(|id| song.lane(id));
        let pair = (lane(self.listen.a), lane(self.listen.b));
        let (Some(a), Some(b)) = pair else {
            let text = "Choose take A and take B in the table";
            self.notices.add(Level::Warning, text);
            return;
        };
        let titles = (song.lane_title(a), song.lane_title(b));
        let lanes = (a.id, b.id);
        if a.id == b.id {
            let text = "A and B are the same take; choose two";
            self.notices.add(Level::Warning, text);
            return;
        }
        match AbxTest::new(&titles.0, &titles.1, self.listen.trials, fresh_seed()) {
            Ok(test) => {
                let run = Test::Abx(AbxRun::new(test, lanes));
                self.begin(run, &[lanes.0, lanes.1], MatchTarget::Quietest);
            }
            Err(error) => self.notices.add(Level::Error, error.to_string()),
        }
    }

    pub(super) fn begin_ranking(&mut self) {
        let Some(song) = self.session.song() else {
            return;
        };
        let Some(reference) = song.mixture() else {
            return;
        };
        let ticked: Vec<&Lane> = song
            .arrangement
            .lanes
            .iter()
            .filter(|lane| self.listen.ticked.contains(&lane.id) && lane.id != reference.id)
            .collect();
        let names = ticked.iter().map(|lane| song.lane_title(lane)).collect();
        if ticked.len() < 3 {
            self.notices.add(Level::Warning, "Tick three takes or more");
            return;
        }
        let lanes: Vec<Id> = ticked
            .iter()
            .map(|lane| lane.id)
            .chain([reference.id])
            .collect();
        let rounds = self.listen.rounds;
        match Ranking::new(names, &song.lane_title(reference), rounds, fresh_seed()) {
            Ok(ranking) => {
                let target = MatchTarget::Reference(ticked.len());
                let run = RankingRun {
                    ranking,
                    lanes: lanes.clone(),
                    hears: None,
                };
                self.begin(Test::Ranking(run), &lanes, target);
            }
            Err(error) => self.notices.add(Level::Error, error.to_string()),
        }
    }

    /// Begins a test of these lanes, all at the loudness of the quietest or of the reference.
    fn begin(&mut self, test: Test, lanes: &[Id], target: MatchTarget) {
        let Some(song) = self.session.song() else {
            return;
        };
        let shown: Vec<&Lane> = lanes.iter().filter_map(|id| song.lane(*id)).collect();
        let loudness = |lane: &&Lane| self.listen.loudness.get(&lane.clip).copied();
        let measured: Option<Vec<Loudness>> = shown.iter().map(loudness).collect();
        let Some(measured) = measured else {
            let text = "The takes are still being measured; try again in a moment";
            self.notices.add(Level::Warning, text);
            self.measure_loudness();
            return;
        };
        let matched = match match_gains(&measured, target) {
            Ok(matched) => matched,
            Err(error) => {
                self.notices.add(Level::Error, error.to_string());
                return;
            }
        };
        let gains = shown.iter().zip(&matched.gains_db);
        let gains = gains.map(|(lane, db)| (lane.id, linear(*db))).collect();
        let id = song.id;
        let common = self.common_time(&shown);
        let Some((span, whole)) = common else {
            let text = "These takes have no time in common; choose others";
            self.notices.add(Level::Warning, text);
            return;
        };
        self.listen.running = Some(RunningTest {
            song: id,
            gains,
            test,
        });
        // Beyond what all cover, silence would tell them apart.
        if !whole {
            self.execute_loop(span);
        }
        self.settings.workspace = Workspace::Listen;
        self.send_lanes();
    }

    /// The time that all lanes cover, and whether it is all there is to hear: the song, or its loop.
    fn common_time(&self, lanes: &[&Lane]) -> Option<(Span, bool)> {
        let song = self.session.song()?;
        let mut span = song.arrangement.looped.unwrap_or(Span {
            start_secs: 0.0,
            end_secs: song.seconds,
        });
        let all = span;
        for lane in lanes {
            let seconds = self.clips.get(&lane.clip)?.clip.seconds();
            span.start_secs = span.start_secs.max(lane.offset_secs);
            span.end_secs = span.end_secs.min(lane.offset_secs + seconds);
        }
        let close = |a: f64, b: f64| (a - b).abs() < 0.01;
        let whole = close(span.start_secs, all.start_secs) && close(span.end_secs, all.end_secs);
        (span.seconds() > 0.05).then_some((span, whole))
    }

    pub(super) fn hear_sound(&mut self, sound: Sound) {
        if let Some(Test::Abx(run)) = self.listen.test_mut()
            && run.hears != sound
        {
            run.hears = sound;
            run.switches += 1;
        }
        self.send_lanes();
    }

    pub(super) fn answer(&mut self, choice: Choice) {
        let Some(Test::Abx(run)) = self.listen.test_mut() else {
            return;
        };
        let secs = run.began.elapsed().as_secs_f64();
        if let Err(error) = run.test.answer(choice, secs, run.switches) {
            self.notices.add(Level::Error, error.to_string());
            return;
        }
        run.began = Instant::now();
        run.switches = 0;
        if run.test.is_over() {
            self.leave_test();
        } else {
            self.send_lanes();
        }
    }

    pub(super) fn next_round(&mut self) {
        let Some(Test::Ranking(run)) = self.listen.test_mut() else {
            return;
        };
        if let Err(error) = run.ranking.finish_round() {
            self.notices.add(Level::Warning, error.to_string());
            return;
        }
        run.hears = None;
        if run.ranking.is_over() {
            self.leave_test();
        } else {
            self.send_lanes();
        }
    }

    /// Ends the test; what was answered is kept with the song.
    pub(in crate::gui) fn leave_test(&mut self) {
        let Some(running) = self.listen.running.take() else {
            return;
        };
        let result = match running.test {
            Test::Abx(run) => (run.test.answered() > 0).then_some(ListeningResult::Abx(run.test)),
            Test::Ranking(run) => {
                (!run.ranking.rounds.is_empty()).then_some(ListeningResult::Ranking(run.ranking))
            }
        };
        if let Some(result) = result {
            self.notices.add(Level::Info, result.summary());
            if let Some(song) = self.session.song_by_id(running.song) {
                song.listening.push(result);
            }
        }
        self.send_lanes();
    }
}
