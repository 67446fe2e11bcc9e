//! Session data: saved and read back, undone and redone.

use stemloom::audio::Tags;
use stemloom::display::Viewport;
use stemloom::session::{Arrangement, History, Lane, LaneView, Session, Song, Span};

fn session() -> Session {
    let mut session = Session::default();
    let (song, lane, clip) = (session.new_id(), session.new_id(), session.new_id());
    session.songs.push(Song {
        id: song,
        path: "song.wav".into(),
        track: None,
        tags: Tags::default(),
        sample_rate_hz: 44_100,
        seconds: 10.0,
        arrangement: Arrangement {
            lanes: vec![Lane {
                id: lane,
                clip,
                name: "Mixture".into(),
                take: None,
                offset_secs: 0.0,
                muted: false,
                soloed: false,
                gain_db: 0.0,
                view: LaneView::Both,
                overlay: None,
            }],
            ..Arrangement::default()
        },
        takes: Vec::new(),
        listening: Vec::new(),
        view: Viewport::default(),
        playhead_secs: 0.0,
    });
    session.current = Some(song);
    session
}

#[test]
fn a_session_survives_saving() {
    let before = session();
    let text = serde_json::to_string(&before).unwrap();
    let mut after: Session = serde_json::from_str(&text).unwrap();
    assert_eq!(after, before);
    assert_eq!(after.new_id(), 4, "numbers go on where they were");
}

#[test]
fn one_drag_is_one_step_of_undo() {
    let mut session = session();
    let mut history = History::default();
    for end_secs in [1.0, 2.0, 3.0] {
        history.record(session.song().unwrap(), "select", true);
        session.song_mut().unwrap().arrangement.selection = Some(Span {
            start_secs: 0.0,
            end_secs,
        });
    }
    history.settle();
    history.record(session.song().unwrap(), "select", true);
    session.song_mut().unwrap().arrangement.selection = None;
    assert!(history.undo(&mut session));
    assert_eq!(
        session
            .song()
            .unwrap()
            .arrangement
            .selection
            .unwrap()
            .end_secs,
        3.0
    );
    assert!(history.undo(&mut session));
    assert_eq!(session.song().unwrap().arrangement.selection, None);
    assert!(!history.undo(&mut session), "nothing is left");
    assert!(history.redo(&mut session) && history.redo(&mut session));
    assert!(!history.can_redo());
}

#[test]
fn solo_wins_over_the_rest_and_the_lowest_gain_is_silence() {
    let mut session = session();
    let song = session.song_mut().unwrap();
    let mut second = song.arrangement.lanes[0].clone();
    second.soloed = true;
    second.gain_db = 6.0;
    song.arrangement.lanes.push(second);
    let gains = song.heard_gains();
    assert_eq!(gains[0], 0.0);
    assert!((gains[1] - 1.995).abs() < 0.01);
    song.arrangement.lanes[1].gain_db = -60.0;
    assert_eq!(song.heard_gains()[1], 0.0);
}

#[test]
fn the_view_zooms_around_the_pointer_and_never_leaves_the_song() {
    let mut view = Viewport {
        width_px: 1000.0,
        total_secs: 100.0,
        ..Viewport::default()
    };
    view.fit();
    let anchor = view.secs_from_x(300.0);
    for _ in 0..80 {
        view.zoom(1.3, 300.0);
        assert!((view.secs_from_x(300.0) - anchor).abs() < 1e-6);
    }
    assert!(view.span_secs() < 0.001, "down to the samples");
    for _ in 0..80 {
        view.zoom(1.0 / 1.3, 900.0);
    }
    assert!(
        (view.start_secs, view.end_secs()) == (0.0, 100.0)
            || (view.end_secs() - 100.0).abs() < 1e-9
    );
    view.scroll(1e9);
    assert!(view.end_secs() <= 100.0 + 1e-9);
}
