//! Blind tests in the Listen workspace, by label and key.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use stemloom::gui::{Action, ListenAction};
use stemloom::listen::ListeningResult;

use crate::listen::{choose_pair, heard, lanes, listen, make_stems, song, with_stems};
use crate::window::{Window, open, press, wait, with_song, write_song};

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const NUMBERS: [Key; 5] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];

/// A song and three takes in the workspace: its stems, and a reconstruction.
fn with_three_takes() -> (Window, tempfile::TempDir) {
    let (mut window, folder) = with_song();
    make_stems(&mut window);
    press(&mut window, CTRL, Key::R);
    wait(&mut window, "a reconstruction", |app| lanes(app).len() == 4);
    listen(&mut window);
    (window, folder)
}

fn act(window: &mut Window, action: ListenAction) {
    let ctx = window.ctx.clone();
    window.state_mut().act(Action::Listen(action), &ctx);
    window.run_steps(2);
}

fn set_number(window: &mut Window, label: &str, value: f64) {
    let field = window.get_by_role_and_label(Role::SpinButton, label);
    field.set_value_accesskit(value);
    window.run_steps(2);
}

/// Everything that the window says to anyone.
fn all_words(window: &Window) -> String {
    let mut words = String::new();
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        let said = [node.label(), node.value(), node.description()];
        for text in said.into_iter().flatten() {
            words.push_str(&text);
            words.push('\n');
        }
    }
    words
}

/// In a blind test nothing tells which takes there are.
fn assert_nothing_is_named(window: &Window) {
    let words = all_words(window);
    for name in ["Preview", "harmonic", "percussive"] {
        assert!(!words.contains(name), "{name} in:\n{words}");
    }
}

fn is_disabled(window: &Window, button: &str) -> bool {
    let button = window.get_by_role_and_label(Role::Button, button);
    button.accesskit_node().is_disabled()
}

/// Answers the trial of an ABX test rightly or wrongly, knowing what nobody should.
fn answer(window: &mut Window, rightly: bool) {
    press(window, NONE, Key::A);
    let a = heard(window);
    press(window, NONE, Key::B);
    let b = heard(window);
    assert_eq!((a, b), (1, 2), "lanes A and B");
    press(window, NONE, Key::X);
    let x = heard(window);
    assert!(x == a || x == b);
    let key = if (x == a) == rightly { Key::A } else { Key::B };
    press(window, SHIFT, key);
}

#[test]
fn an_abx_test_is_blind_and_its_result_is_kept() {
    let (mut window, _folder) = with_stems();
    choose_pair(&mut window, Key::Num2, Key::Num3);
    set_number(&mut window, "Trials of the test", 4.0);
    assert!(all_words(&window).contains("percussive"));
    press(&mut window, NONE, Key::T);
    assert!(window.state().is_testing());
    assert!(
        window
            .query_all_by_label_contains("Row 1,")
            .next()
            .is_none()
    );
    assert_nothing_is_named(&window);
    for (trial, rightly) in [(1, true), (2, true), (3, false), (4, true)] {
        window.get_by_label(&format!("Trial {trial} of 4"));
        answer(&mut window, rightly);
        if trial < 4 {
            assert_nothing_is_named(&window);
        }
    }
    assert!(!window.state().is_testing());
    window.get_by_label("Row 1, Mixture");
    let [ListeningResult::Abx(test)] = song(&window).listening.as_slice() else {
        panic!("one test, not {:?}", song(&window).listening);
    };
    assert_eq!(test.a, "Preview 1 · harmonic");
    assert_eq!(test.b, "Preview 1 · percussive");
    assert_eq!((test.trials.len(), test.correct()), (4, 3));
    // To A, to B and back to X in every trial.
    assert!(test.trials.iter().all(|trial| trial.switches == 3));
    // Three or four heads of four: (4 + 1)/16.
    assert!((test.p_value() - 0.3125).abs() < 1e-12);
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.starts_with("3 of 4 right"), "{notice}");
}

#[test]
fn an_abx_test_left_early_keeps_what_was_answered() {
    let (mut window, _folder) = with_stems();
    choose_pair(&mut window, Key::Num2, Key::Num3);
    press(&mut window, NONE, Key::T);
    window.get_by_label("Trial 1 of 16");
    press(&mut window, NONE, Key::T);
    assert!(!window.state().is_testing());
    assert!(song(&window).listening.is_empty(), "nothing was answered");
    press(&mut window, NONE, Key::T);
    answer(&mut window, true);
    answer(&mut window, true);
    window.get_by_label("Leave the test").click();
    window.run_steps(2);
    assert!(!window.state().is_testing());
    let [ListeningResult::Abx(test)] = song(&window).listening.as_slice() else {
        panic!("one test, not {:?}", song(&window).listening);
    };
    assert_eq!((test.trials_wanted, test.trials.len()), (16, 2));
    assert_eq!(test.p_value(), 0.25);
    act(&mut window, ListenAction::RemoveResult(0));
    assert!(song(&window).listening.is_empty());
}

#[test]
fn a_test_stays_with_its_song() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.wav", "b.wav"].map(|name| folder.path().join(name));
    paths.iter().for_each(|path| write_song(path));
    let mut window = open(paths.to_vec());
    wait(&mut window, "two songs", |app| {
        app.session().songs.len() == 2 && app.is_idle()
    });
    make_stems(&mut window);
    listen(&mut window);
    choose_pair(&mut window, Key::Num2, Key::Num3);
    press(&mut window, NONE, Key::T);
    answer(&mut window, true);
    let tested = song(&window).id;
    let songs = &window.state().session().songs;
    let other = songs.iter().find(|song| song.id != tested);
    let other = other.expect("another song").id;
    let ctx = window.ctx.clone();
    window.state_mut().act(Action::ShowSong(other), &ctx);
    window.run_steps(2);
    assert!(!window.state().is_testing());
    for song in &window.state().session().songs {
        assert_eq!(song.listening.len(), usize::from(song.id == tested));
    }
}

#[test]
fn a_ranking_is_blind_and_its_result_is_kept() {
    let (mut window, _folder) = with_three_takes();
    set_number(&mut window, "Rounds of the ranking", 1.0);
    for row in [2, 3, 4] {
        assert!(is_disabled(&window, "Blind ranking"));
        let label = format!("Rank row {row}");
        window.get_by_role_and_label(Role::CheckBox, &label).click();
        window.run_steps(2);
    }
    assert!(!is_disabled(&window, "Blind ranking"));
    press(&mut window, SHIFT, Key::T);
    assert!(window.state().is_testing());
    assert_nothing_is_named(&window);
    let sliders = window.query_all_by_label_contains("Rating of sound");
    assert_eq!(sliders.count(), 4, "three takes and the hidden reference");
    // Scores by lane: the song, harmonic, percussive, the reconstruction.
    let scores = [100.0, 80.0, 20.0, 60.0];
    let mut found = Vec::new();
    for (slider, key) in NUMBERS.into_iter().take(4).enumerate() {
        assert!(is_disabled(&window, "Finish"));
        press(&mut window, NONE, key);
        let lane = heard(&window);
        found.push(lane);
        if slider == 0 {
            window
                .get_by_role_and_label(Role::Slider, "Rating of sound 1")
                .set_value_accesskit(f64::from(scores[lane]));
            window.run_steps(2);
        } else {
            act(&mut window, ListenAction::Rate(slider, scores[lane]));
        }
        press(&mut window, NONE, Key::A);
        assert_eq!(heard(&window), 0, "A is the open reference");
        assert_nothing_is_named(&window);
    }
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3], "each lane behind one slider");
    press(&mut window, NONE, NUMBERS[4]);
    assert_eq!(heard(&window), 0, "there is no fifth slider");
    window.get_by_role_and_label(Role::Button, "Finish").click();
    window.run_steps(2);
    assert!(!window.state().is_testing());
    let [ListeningResult::Ranking(ranking)] = song(&window).listening.as_slice() else {
        panic!("one ranking, not {:?}", song(&window).listening);
    };
    assert_eq!(ranking.hidden_reference, "Mixture");
    assert_eq!(ranking.conditions[0], "Preview 1 · harmonic");
    assert_eq!(ranking.conditions[2], "Preview 2 · griffin-lim 32");
    assert_eq!(ranking.rounds.len(), 1);
    assert_eq!(ranking.rounds[0].scores, [80.0, 20.0, 60.0, 100.0]);
    assert_eq!(ranking.reference_found(), Some(1.0));
}

#[test]
fn a_round_is_finished_only_when_all_is_rated() {
    let (mut window, _folder) = with_three_takes();
    let ticked = lanes(window.state());
    for lane in &ticked[1..] {
        act(&mut window, ListenAction::Tick(*lane, true));
    }
    press(&mut window, SHIFT, Key::T);
    assert!(window.state().is_testing());
    window.get_by_label("Round 1 of 2");
    press(&mut window, CTRL.plus(SHIFT), Key::N);
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("no rating yet"), "{notice}");
    for slider in 0..4 {
        act(&mut window, ListenAction::Rate(slider, 50.0));
    }
    window
        .get_by_role_and_label(Role::Button, "Next round")
        .click();
    window.run_steps(2);
    window.get_by_label("Round 2 of 2");
    assert!(is_disabled(&window, "Finish"), "rated anew");
    window.get_by_label("Leave the ranking").click();
    window.run_steps(2);
    assert!(!window.state().is_testing());
    let [ListeningResult::Ranking(ranking)] = song(&window).listening.as_slice() else {
        panic!("one ranking, not {:?}", song(&window).listening);
    };
    assert_eq!((ranking.rounds_wanted, ranking.rounds.len()), (2, 1));
    assert_eq!(ranking.reference_found(), Some(0.0));
}
