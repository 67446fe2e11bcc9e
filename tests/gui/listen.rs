//! The Listen workspace, by label and key.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{App, Workspace};
use stemloom::listen::measure;
use stemloom::progress::Reporter;
use stemloom::session::{Id, Song};

use crate::window::{Window, open, press, wait, with_song};

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const NUMBERS: [Key; 3] = [Key::Num1, Key::Num2, Key::Num3];

/// A song and its two stems in the Listen workspace, their loudness measured.
pub fn with_stems() -> (Window, tempfile::TempDir) {
    let (mut window, folder) = with_song();
    make_stems(&mut window);
    listen(&mut window);
    (window, folder)
}

/// Lanes "harmonic" and "percussive" of "Preview 1".
pub fn make_stems(window: &mut Window) {
    press(window, CTRL, Key::Enter);
    wait(window, "stems", |app| lanes(app).len() == 3);
}

/// Shows the workspace.
pub fn listen(window: &mut Window) {
    press(window, CTRL, Key::Num2);
    wait(window, "the loudness", App::is_idle);
}

/// The song in it.
pub fn song(window: &Window) -> &Song {
    window.state().session().song().expect("a song")
}

/// The song's lanes.
pub fn lanes(app: &App) -> Vec<Id> {
    let lanes = app.session().song().map(|song| &song.arrangement.lanes);
    lanes.into_iter().flatten().map(|lane| lane.id).collect()
}

/// Which lane is heard, from 0; all others must be silent.
pub fn heard(window: &Window) -> usize {
    let app = window.state();
    let lane = app.heard_lane().expect("a lane");
    let at = lanes(app).iter().position(|id| *id == lane);
    let at = at.expect("a lane of the song");
    for (i, gain) in app.listening_gains().into_iter().enumerate() {
        assert_eq!(gain > 0.0, i == at, "lane {i} at {gain}, heard is {at}");
    }
    at
}

/// Makes these rows take A and take B.
pub fn choose_pair(window: &mut Window, a: Key, b: Key) {
    press(window, NONE, a);
    press(window, ALT, Key::A);
    press(window, NONE, b);
    press(window, ALT, Key::B);
}

#[test]
fn without_a_song_it_says_what_to_do() {
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num2);
    assert_eq!(window.state().settings().workspace, Workspace::Listen);
    window.get_by_label("Nothing to listen to yet");
    for key in [Key::Num1, Key::A, Key::B, Key::X, Key::N, Key::D, Key::T] {
        press(&mut window, NONE, key);
        press(&mut window, SHIFT, key);
    }
    press(&mut window, NONE, Key::ArrowDown);
    window.get_by_label("Nothing to listen to yet");
    assert_eq!(window.state().heard_lane(), None);
    press(&mut window, CTRL, Key::Num5);
    assert_eq!(window.state().settings().workspace, Workspace::Batch);
    window.get_by_label("Drop songs or folders here");
    press(&mut window, CTRL, Key::Num1);
    assert_eq!(window.state().settings().workspace, Workspace::Workbench);
}

#[test]
fn one_lane_is_heard_as_loud_as_the_song() {
    let (mut window, _folder) = with_stems();
    assert_eq!(heard(&window), 0, "the song comes first");
    let mut gains = Vec::new();
    let mut loudness_lufs = Vec::new();
    for (i, id) in lanes(window.state()).into_iter().enumerate() {
        press(&mut window, NONE, NUMBERS[i]);
        assert_eq!(heard(&window), i);
        gains.push(window.state().listening_gains()[i]);
        let clip = window.state().lane_clip(id).expect("a clip");
        let measured = measure(clip, 0..clip.frames(), &Reporter::silent()).unwrap();
        loudness_lufs.push(measured.integrated_lufs.expect("no silence"));
    }
    for (gain, lufs) in gains.iter().zip(&loudness_lufs) {
        let expected = 10.0_f64.powf((loudness_lufs[0] - lufs) / 20.0);
        let ratio = f64::from(gain / gains[0]);
        assert!((ratio / expected - 1.0).abs() < 1e-4, "{ratio}, {expected}");
    }
    assert!(gains[2] > 1.05 * gains[0], "the clicks alone are quieter");
    // A key without a row changes nothing.
    press(&mut window, NONE, Key::Num9);
    assert_eq!(heard(&window), 2);
    press(&mut window, NONE, Key::N);
    assert_eq!(window.state().listening_gains(), [0.0, 0.0, 1.0]);
    press(&mut window, NONE, Key::N);
    assert_eq!(window.state().listening_gains(), [0.0, 0.0, gains[2]]);
}

#[test]
fn rows_are_heard_by_arrow_and_by_click() {
    let (mut window, _folder) = with_stems();
    let mut follow = |key: Key, rows: &[usize]| {
        for row in rows {
            press(&mut window, NONE, key);
            assert_eq!(heard(&window), *row, "{key:?}");
        }
    };
    follow(Key::ArrowDown, &[1, 2, 2]);
    follow(Key::ArrowUp, &[1, 0, 0]);
    window.get_by_label("Row 3, Preview 1 · percussive").click();
    window.run_steps(2);
    assert_eq!(heard(&window), 2);
    window.get_by_label("Row 1, Mixture").click();
    window.run_steps(2);
    assert_eq!(heard(&window), 0);
}

#[test]
fn keys_follow_the_order_of_the_table() {
    let (mut window, _folder) = with_stems();
    let mut order = |heading: &str| {
        window.get_by_label(heading).click();
        window.run_steps(2);
        NUMBERS.map(|key| {
            press(&mut window, NONE, key);
            heard(&window)
        })
    };
    // Both stems took the same time; the song took none and stands last.
    assert_eq!(order("Sort by Time s"), [1, 2, 0]);
    assert_eq!(order("Sort by Time s"), [2, 1, 0], "turned round");
    // harmonic, Mixture, percussive
    assert_eq!(order("Sort by Sound"), [1, 0, 2]);
    assert_eq!(order("Sort by Key"), [0, 1, 2]);
}

#[test]
fn a_less_b_is_a_take_of_what_differs() {
    let (mut window, _folder) = with_stems();
    press(&mut window, NONE, Key::D);
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("Choose take A and take B"), "{notice}");
    choose_pair(&mut window, Key::Num1, Key::Num2);
    press(&mut window, NONE, Key::A);
    assert_eq!(heard(&window), 0);
    press(&mut window, NONE, Key::B);
    assert_eq!(heard(&window), 1);
    press(&mut window, NONE, Key::D);
    wait(&mut window, "the difference", |app| {
        lanes(app).len() == 4 && app.is_idle()
    });
    assert_eq!(heard(&window), 1, "nothing jumps");
    assert_eq!(window.state().listening_gains().len(), 4);
    let take = song(&window).takes.last().expect("a take");
    assert_eq!(take.model, "difference");
    assert_eq!(song(&window).arrangement.lanes[3].take, Some(take.id));
    let remark = "Mixture less Preview 1 · harmonic · 0 samples shifted";
    assert!(take.remark.starts_with(remark), "{}", take.remark);
    // By hand: d = a − b, and 10·log₁₀(Σd²/Σa²).
    let lanes = lanes(window.state());
    let clip = |lane: usize| window.state().lane_clip(lanes[lane]).expect("a clip");
    let (a, b, d) = (clip(0), clip(1), clip(3));
    assert_eq!((d.num_channels(), d.frames()), (2, 44_100));
    let (mut whole, mut rest) = (0.0, 0.0);
    for c in 0..2 {
        for ((a, b), d) in a.channel(c).iter().zip(b.channel(c)).zip(d.channel(c)) {
            assert!((a - b - d).abs() < 1e-6);
            whole += f64::from(*a).powi(2);
            rest += f64::from(a - b).powi(2);
        }
    }
    let residual_db = 10.0 * (rest / whole).log10();
    assert!((take.residual_db - residual_db).abs() < 1e-3);
    press(&mut window, NONE, Key::Num4);
    assert_eq!(heard(&window), 3);
}

#[test]
fn a_take_gets_a_name_and_notes() {
    let (mut window, _folder) = with_stems();
    press(&mut window, NONE, Key::Num2);
    window
        .get_by_role_and_label(Role::TextInput, "Take name")
        .focus();
    window.run_steps(2);
    // While a name is typed, letters and digits are no commands.
    window
        .get_by_role_and_label(Role::TextInput, "Take name")
        .type_text("3");
    press(&mut window, NONE, Key::Num3);
    press(&mut window, SHIFT, Key::T);
    assert_eq!(heard(&window), 1);
    assert!(song(&window).takes[0].name.contains('3'));
    window
        .get_by_role_and_label(Role::TextInput, "Take name")
        .set_text_value_accesskit("Soft clicks");
    window.run_steps(3);
    window
        .get_by_role_and_label(Role::MultilineTextInput, "Notes")
        .set_text_value_accesskit("the best so far");
    window.run_steps(3);
    press(&mut window, NONE, Key::Escape);
    let take = &song(&window).takes[0];
    assert_eq!(take.name, "Soft clicks");
    assert_eq!(take.notes, "the best so far");
    window.get_by_label("Row 2, Soft clicks · harmonic");
    press(&mut window, NONE, Key::Num3);
    assert_eq!(heard(&window), 2, "keys are commands again");
}
