//! Jobs of measuring: what waits, what is given up, what is forgotten, and scores of others.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{Action, App, Command, TruthAction};

use crate::evaluate::{
    click, clicks, drop_on, evaluate, lanes, measure, rows, songs, split_song, tone, type_into,
    write,
};
use crate::window::{press, see, wait, with_song};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const CTRL_SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);

#[test]
fn what_waits_is_given_up_at_once() {
    let folder = songs(&["One"]);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    // Music keeps the thread busy that would measure.
    press(&mut window, CTRL, Key::Num3);
    click(&mut window, "Make music");
    let midi = folder.path().join("midi").display().to_string();
    type_into(&mut window, "MIDI folder", &midi);
    click(&mut window, "Render every MIDI file");
    let pieces = window.get_by_role_and_label(Role::SpinButton, "How many pieces");
    pieces.set_value_accesskit(99_999.0);
    window.run_steps(3);
    click(&mut window, "Make");
    see(&mut window, "Composing");
    press(&mut window, CTRL, Key::Num4);
    press(&mut window, CTRL, Key::M);
    assert!(window.state().is_measuring());
    press(&mut window, CTRL_SHIFT, Key::M);
    assert!(!window.state().is_measuring(), "it only waited");
    assert!(!window.state().is_idle(), "music is made still");
    // And begun anew: it is another job.
    press(&mut window, CTRL, Key::M);
    assert!(window.state().is_measuring());
    press(&mut window, CTRL, Key::Num3);
    click(&mut window, "Stop making music");
    wait(&mut window, "the scores", |app| {
        !app.is_measuring() && app.is_idle()
    });
    assert!(!window.state().score_rows().is_empty());
}

#[test]
fn a_folder_dropped_while_measuring_is_told() {
    let names: Vec<String> = (0..30).map(|i| format!("Song {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = songs(&names);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    press(&mut window, CTRL, Key::M);
    drop_on(&mut window, folder.path().to_path_buf());
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("are being measured"), "{notice}");
    press(&mut window, CTRL_SHIFT, Key::M);
    wait(&mut window, "the end", |app| !app.is_measuring());
}

#[test]
fn scores_of_others_stand_beside_those_measured_here() {
    let folder = songs(&["One"]);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    measure(&mut window);
    let json = folder.path().join("json");
    type_into(&mut window, "JSON folder", &json.display().to_string());
    click(&mut window, "Write JSON folder");
    wait(&mut window, "the files", App::is_idle);
    click(&mut window, "Add museval scores");
    let others = json.join("hpss").display().to_string();
    type_into(&mut window, "Folder of method 3", &others);
    type_into(&mut window, "Name of method 3", "others");
    measure(&mut window);
    see(&mut window, "1 song · 3 methods · 3 pairs measured");
    let own = |method: &str| {
        let shown = window.state().score_rows().into_iter();
        let mut shown = shown.filter(|row| row.0 == method && row.1 == "accompaniment");
        shown.next().map(|row| row.2)
    };
    assert!(own("others").is_some());
    let (others, hpss) = (own("others").unwrap(), own("hpss").unwrap());
    // Files hold five decimals.
    assert!((others - hpss).abs() < 1e-4, "{others}, {hpss}");
}

#[test]
fn a_models_stems_are_what_the_songs_have() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("truth").join("One");
    write(&song.join("bass.wav"), tone);
    write(&song.join("drums.wav"), clicks);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    measure(&mut window);
    let shown = rows(window.state());
    assert!(shown.contains(&("hpss", "drums")), "{shown:?}");
}

#[test]
fn another_folder_of_true_stems_says_nothing_of_the_work_before() {
    let (mut window, folder) = split_song();
    let ctx = window.ctx.clone();
    let song = window.state().session().current.unwrap();
    let stems = folder.path().join("tune");
    let choose = Action::Truth(TruthAction::Choose(song, Some(stems)));
    window.state_mut().act(choose.clone(), &ctx);
    see(&mut window, "Measuring Preview 1");
    window.state_mut().act(choose, &ctx);
    wait(&mut window, "the SDR", |app| {
        app.lane_sdr(lanes(app)[2]).is_some() && app.is_idle()
    });
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(!notice.contains("Cancelled"), "{notice}");
}

#[test]
fn cancelled_work_on_true_stems_waits_until_it_is_asked_for() {
    let (mut window, folder) = split_song();
    let ctx = window.ctx.clone();
    let song = window.state().session().current.unwrap();
    let stems = folder.path().join("tune");
    let choose = Action::Truth(TruthAction::Choose(song, Some(stems)));
    window.state_mut().act(choose, &ctx);
    window.state_mut().command(Command::CancelJobs, &ctx);
    wait(&mut window, "the end", App::is_idle);
    window.run_steps(5);
    assert!(
        window.state().is_idle(),
        "it does not begin again by itself"
    );
    let app = window.state();
    assert_eq!(app.lane_sdr(lanes(app)[2]), None);
    press(&mut window, NONE, Key::F6);
    press(&mut window, NONE, Key::F6);
    wait(&mut window, "the SDR", |app| {
        app.lane_sdr(lanes(app)[2]).is_some()
    });
}

#[test]
fn sounds_stay_as_long_as_something_can_bring_them_back() {
    let (mut window, _folder) = split_song();
    let ctx = window.ctx.clone();
    let song = window.state().session().song().unwrap();
    let (song, take) = (song.id, song.takes[0].id);
    let last = lanes(window.state())[2];
    assert_eq!(window.state().held_clips(), 3);
    // Undo brings a lane back with its sound and its SDR.
    window.state_mut().act(Action::RemoveLane(last), &ctx);
    press(&mut window, CTRL, Key::Z);
    let app = window.state();
    assert!(app.lane_clip(last).is_some() && app.lane_sdr(last).is_some());
    // A take that is removed stays away, and so do lanes that were taken out before.
    window.state_mut().act(Action::RemoveLane(last), &ctx);
    window.state_mut().act(Action::RemoveTake(song, take), &ctx);
    assert_eq!(window.state().held_clips(), 1);
    window.state_mut().act(Action::CloseSong(song), &ctx);
    assert_eq!(window.state().held_clips(), 0);
}

#[test]
fn a_closed_song_takes_its_work_with_it() {
    let (mut window, _folder) = with_song();
    let ctx = window.ctx.clone();
    let song = window.state().session().current.unwrap();
    window.state_mut().command(Command::Separate, &ctx);
    assert!(!window.state().is_idle());
    window.state_mut().act(Action::CloseSong(song), &ctx);
    wait(&mut window, "the end", App::is_idle);
    assert_eq!(window.state().held_clips(), 0);
    assert_eq!(window.state().last_notice(), None, "nothing to tell");
}
