//! The board while a queue runs: order, pause, cancel, retry, and the figures of the whole.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use stemloom::batch::{
    BatchEvent, Board, FileReport, Kit, ModelUse, Plan, Queue, Recipe, Report, Row, RowState,
    RunSettings, Totals, run,
};
use stemloom::progress::Reporter;

use crate::batch_common::{Place, expect_nothing_half_written, result_names, song_name};

/// Far longer than any of these runs takes.
const LONG: Duration = Duration::from_secs(60);

/// A queue of small songs that is ready to run in one lane.
struct Night {
    place: Place,
    plan: Plan,
    kit: Kit,
    settings: RunSettings,
    board: Arc<Board>,
}

impl Night {
    fn new(songs: u64) -> Arc<Self> {
        let place = Place::with_songs(songs, 0.2);
        let recipe = Recipe {
            models: vec![ModelUse::new("centre")],
            ..Recipe::default()
        };
        let queue = Queue {
            inputs: vec![place.path("music")],
            out: place.path("out"),
            recipe,
        };
        let settings = RunSettings {
            songs_at_once: 1,
            ..RunSettings::default()
        };
        let (plan, kit) = Plan::make(&queue, &settings, &Reporter::silent()).unwrap();
        assert!(plan.is_ready(), "{:?}", plan.problems);
        let board = Arc::new(Board::new(plan.jobs.clone()));
        let kit = kit.expect("the models");
        Arc::new(Self {
            place,
            plan,
            kit,
            settings,
            board,
        })
    }

    /// Runs until nothing waits; `see` is shown every event.
    fn run(&self, see: impl Fn(BatchEvent) + Send + Sync + 'static) -> Report {
        let (plan, kit, settings) = (&self.plan, &self.kit, &self.settings);
        run(plan, kit, settings, &self.board, Arc::new(see)).unwrap()
    }

    /// Runs on a thread; what it made of the songs comes when it is over.
    fn run_aside(self: &Arc<Self>) -> mpsc::Receiver<Report> {
        let (done, inbox) = mpsc::channel();
        let night = Arc::clone(self);
        std::thread::spawn(move || done.send(night.run(|_| {})));
        inbox
    }

    /// Runs; the songs by their numbers in the order in which they were over, and the report.
    fn run_in_order(&self) -> (Vec<usize>, Report) {
        let over = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&over);
        let report = self.run(move |event| {
            if let BatchEvent::Over(file) = event {
                seen.lock().unwrap().push(file.place);
            }
        });
        let over = over.lock().unwrap().clone();
        (over, report)
    }

    fn states(&self) -> Vec<RowState> {
        self.board.rows().iter().map(|row| row.state).collect()
    }

    fn order(&self) -> Vec<usize> {
        self.board.rows().iter().map(|row| row.id).collect()
    }
}

/// The report's songs by their numbers, with what became of them.
fn became(report: &Report) -> Vec<(usize, RowState)> {
    let pair = |file: &FileReport| (file.place, file.state);
    report.files.iter().map(pair).collect()
}

#[test]
fn rows_tell_what_is_known_before_the_work() {
    let night = Night::new(3);
    let rows = night.board.rows();
    for (at, (row, job)) in rows.iter().zip(&night.plan.jobs).enumerate() {
        let name = PathBuf::from(song_name(at as u64));
        assert_eq!((row.id, row.state), (at, RowState::Waiting));
        assert!(row.input.ends_with(name), "{}", row.input.display());
        assert_eq!((row.fraction, row.bytes), (0.0, job.bytes));
        assert!((row.audio_secs.unwrap() - 0.2).abs() < 1e-3);
    }
    let totals = night.board.totals();
    assert_eq!((totals.songs, totals.over, totals.failed), (3, 0, 0));
    assert_eq!((totals.fraction, totals.paused), (0.0, false));
    assert_eq!(totals.remaining_secs, None);
}

#[test]
fn songs_are_done_in_the_order_of_the_rows() {
    let night = Night::new(6);
    assert_eq!(night.order(), [0, 1, 2, 3, 4, 5]);
    night.board.move_to(4, 0);
    assert_eq!(night.order(), [4, 0, 1, 2, 3, 5]);
    night.board.move_to(0, 3);
    assert_eq!(night.order(), [4, 1, 2, 0, 3, 5]);
    // Beyond the end is the end; a song that is not there is nobody's.
    night.board.move_to(1, 99);
    night.board.move_to(77, 0);
    assert_eq!(night.order(), [4, 2, 0, 3, 5, 1]);
    night.board.remove(3);
    night.board.remove(77);
    assert_eq!(night.order(), [4, 2, 0, 5, 1]);
    assert_eq!(night.board.totals().songs, 5);

    let (over, report) = night.run_in_order();
    assert_eq!(over, [4, 2, 0, 5, 1]);
    // The report has the queue's order.
    let done = [0, 1, 2, 4, 5].map(|place| (place, RowState::Done));
    assert_eq!(became(&report), done);
    let names: BTreeSet<String> = result_names(&night.place.path("out")).into_iter().collect();
    assert_eq!(names.len(), 10);
    assert!(!names.contains("music/song 03 (centre).wav"));
}

#[test]
fn a_song_is_tried_again_at_the_end_of_the_queue() {
    let night = Night::new(4);
    // Those that wait cannot be tried again.
    night.board.retry(0);
    assert_eq!(night.order(), [0, 1, 2, 3]);
    night.board.cancel(1);
    assert_eq!(night.states()[1], RowState::Cancelled);
    assert_eq!(night.board.totals().over, 1);
    night.board.retry(1);
    assert_eq!(night.order(), [0, 2, 3, 1]);
    assert_eq!(night.states(), [RowState::Waiting; 4]);
    let (over, report) = night.run_in_order();
    assert_eq!(over, [0, 2, 3, 1]);
    assert_eq!(report.count(|state| state == RowState::Done), 4);
    assert_eq!(night.states(), [RowState::Done; 4]);

    // A second run on the same board: only what waits again, and the others are as they were.
    let lost = night.place.path("out/music/song 02 (sides).wav");
    std::fs::remove_file(&lost).unwrap();
    night.board.retry(2);
    assert_eq!(night.order(), [0, 3, 1, 2]);
    assert!(night.board.totals().fraction < 1.0);
    let (over, report) = night.run_in_order();
    assert_eq!(over, [2]);
    assert!(lost.is_file());
    assert_eq!(night.states(), [RowState::Done; 4]);
    let cancelled = report.count(|state| state == RowState::Cancelled);
    assert_eq!(cancelled, 0, "{:?}", became(&report));
}

#[test]
fn a_song_that_was_taken_out_does_not_upset_the_board() {
    let night = Night::new(1);
    night.board.remove(0);
    assert!(night.board.rows().is_empty());
    // There is nothing to try again, or there is again; in any case nobody falls over.
    night.board.retry(0);
    night.board.cancel(0);
    night.board.move_to(0, 0);
    assert!(night.board.totals().songs <= 1);
    let inbox = night.run_aside();
    inbox.recv_timeout(LONG).expect("the run ends");
}

#[test]
fn nothing_goes_on_while_paused() {
    let night = Night::new(3);
    night.board.pause();
    let inbox = night.run_aside();
    let early = inbox.recv_timeout(Duration::from_millis(500));
    let (states, totals) = (night.states(), night.board.totals());
    night.board.cancel(1);
    night.board.resume();
    let report = inbox.recv_timeout(LONG).expect("the run ends");
    assert!(early.is_err(), "it went on");
    assert_eq!(states, [RowState::Waiting; 3]);
    assert_eq!((totals.paused, totals.over), (true, 0));
    assert!(!night.board.totals().paused);
    let wanted = [RowState::Done, RowState::Cancelled, RowState::Done];
    assert_eq!(night.states(), wanted);
    assert_eq!(
        became(&report),
        [(0, wanted[0]), (1, wanted[1]), (2, wanted[2])]
    );
    let out = night.place.path("out");
    assert!(!out.join("music/song 01 (centre).wav").exists());
    assert_eq!(result_names(&out).len(), 4);
}

#[test]
fn a_pause_holds_a_song_in_the_middle() {
    let night = Night::new(2);
    let (send, inbox) = mpsc::channel();
    let aside = Arc::clone(&night);
    let board = Arc::clone(&night.board);
    let worker = std::thread::spawn(move || {
        aside.run(move |event| {
            if let BatchEvent::Row(row, _) = event
                && row.state == RowState::Running
                && row.id == 0
            {
                board.pause();
                // Whoever listened may be gone.
                send.send(row).ok();
            }
        })
    });
    let row: Box<Row> = inbox.recv_timeout(LONG).expect("a song begins");
    std::thread::sleep(Duration::from_millis(300));
    let (states, finished) = (night.states(), worker.is_finished());
    // Until it pauses no more: every event of the first song pauses again.
    while !worker.is_finished() {
        night.board.resume();
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = worker.join().unwrap();
    assert_eq!(row.state, RowState::Running);
    assert!(!finished, "it went on");
    assert_eq!(states, [RowState::Running, RowState::Waiting]);
    assert_eq!(report.count(RowState::is_good), 2);
}

#[test]
fn giving_up_ends_a_paused_queue_too() {
    let night = Night::new(3);
    night.board.pause();
    let inbox = night.run_aside();
    std::thread::sleep(Duration::from_millis(100));
    night.board.cancel_all();
    let report = inbox.recv_timeout(LONG).expect("the run ends");
    let cancelled = [0, 1, 2].map(|place| (place, RowState::Cancelled));
    assert_eq!(became(&report), cancelled);
    assert!(result_names(&night.place.path("out")).is_empty());
}

#[test]
fn a_running_song_is_given_up_alone() {
    let night = Night::new(3);
    let board = Arc::clone(&night.board);
    let report = night.run(move |event| {
        if let BatchEvent::Row(row, _) = event
            && row.id == 1
            && row.state == RowState::Running
        {
            board.cancel(1);
        }
    });
    let wanted = [RowState::Done, RowState::Cancelled, RowState::Done];
    assert_eq!(night.states(), wanted);
    let pairs: Vec<(usize, RowState)> = wanted.into_iter().enumerate().collect();
    assert_eq!(became(&report), pairs);
    assert_eq!(report.files[1].error, None, "to give up is no failure");
    let out = night.place.path("out");
    assert_eq!(result_names(&out).len(), 4);
    expect_nothing_half_written(&out);
}

#[test]
fn the_part_done_grows_from_nothing_to_all() {
    let night = Night::new(8);
    std::fs::remove_file(night.place.path("music/song 05.wav")).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    night.run(move |event| {
        if let BatchEvent::Row(_, totals) = event {
            sink.lock().unwrap().push(totals);
        }
    });
    let seen: Vec<Totals> = seen.lock().unwrap().clone();
    assert!(seen.len() > 16, "{} events", seen.len());
    assert!(seen[0].fraction < 1e-9, "{}", seen[0].fraction);
    for pair in seen.windows(2) {
        // But for rounding.
        assert!(pair[1].fraction >= pair[0].fraction - 1e-9, "{pair:?}");
        assert!(pair[1].over >= pair[0].over, "{pair:?}");
    }
    let between = |totals: &&Totals| totals.fraction > 0.0 && totals.fraction < 1.0;
    assert!(seen.iter().filter(between).count() >= 7);
    let last = night.board.totals();
    assert!((last.fraction - 1.0).abs() < 1e-9, "{last:?}");
    assert_eq!((last.songs, last.over, last.failed), (8, 8, 1));
    assert_eq!(last.remaining_secs, None);
}
