//! The Transfer tool, by label and key, with graphs made here. Without ONNX Runtime these tests fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use stemloom::gui::{Action, App, Command, Tool, TransferAction};
use stemloom::model::Runtime;
use stemloom::session::{Song, Take};

use crate::graphs::{card, ear, identity, imitator};
use crate::window::{Dropped, Window, press, see, wait, with_song, write_song};

const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const MODEL: &str = "Model";
const METHOD: &str = "Phase method";

/// The tool, in a window so high that nothing has to be scrolled.
fn with_tool() -> (Window, tempfile::TempDir) {
    assert!(
        Runtime::load().is_ok(),
        "this test needs ONNX Runtime, which `make test` installs; by hand: `stemloom runtime install`"
    );
    let (mut window, folder) = with_song();
    window.set_size(vec2(1280.0, 1400.0));
    press(&mut window, Modifiers::ALT, Key::Num6);
    window.run_steps(2);
    assert_eq!(window.state().settings().tool, Tool::Transfer);
    (window, folder)
}

fn open_model(window: &mut Window, path: PathBuf) {
    let ctx = window.ctx.clone();
    let action = Action::Transfer(TransferAction::OpenModel(path));
    window.state_mut().act(action, &ctx);
    wait(window, "the card", App::is_idle);
}

fn song(window: &Window) -> &Song {
    window.state().session().song().expect("a song")
}

fn takes(app: &App) -> &[Take] {
    let song = app.session().song();
    song.map(|song| song.takes.as_slice()).unwrap_or_default()
}

fn notice(window: &Window) -> String {
    window.state().last_notice().unwrap_or_default().to_owned()
}

/// Runs the tool by its key.
fn transfer(window: &mut Window) {
    let count = takes(window.state()).len() + 1;
    press(window, CTRL, Key::Enter);
    wait(window, "a take", |app| {
        takes(app).len() == count && app.is_idle()
    });
}

fn choose(window: &mut Window, combo: &str, item: &str) {
    window.get_by_role_and_label(Role::ComboBox, combo).click();
    window.run_steps(4);
    window.get_by_role_and_label(Role::Button, item).click();
    window.run_steps(4);
}

fn set(window: &mut Window, slider: &str, value: f64) {
    let slider = window.get_by_role_and_label(Role::Slider, slider);
    slider.set_value_accesskit(value);
    window.run_steps(3);
}

fn drop_on(window: &mut Window, path: &Path) {
    let dropped = Arc::new(Dropped(path.to_owned()));
    window.input_mut().dropped_files.push(dropped);
    window.run_steps(2);
}

// ---------------------------------------------------------------------------------------------

#[test]
fn a_key_makes_a_take_that_tells_how_it_was_made() {
    let (mut window, folder) = with_tool();
    press(&mut window, CTRL, Key::Enter);
    assert_eq!(notice(&window), "Choose a model");
    open_model(
        &mut window,
        identity(folder.path(), &card("picture-picture")),
    );
    let combo = window.get_by_role_and_label(Role::ComboBox, MODEL);
    assert_eq!(combo.value().as_deref(), Some("Another voice"));
    transfer(&mut window);
    let song = song(&window);
    let lanes = &song.arrangement.lanes;
    assert_eq!(lanes.len(), 2);
    assert_eq!(lanes[1].name, "guitar");
    assert_eq!(song.heard_gains(), [0.0, 1.0], "the take is heard alone");
    let take = &song.takes[0];
    assert_eq!(take.model, "voice");
    assert_eq!(take.model_sha256.as_ref().map(String::len), Some(64));
    assert!(
        !take.device.is_empty() && take.device != "auto",
        "{}",
        take.device
    );
    assert!(take.taken_secs > 0.0 && take.made_unix_secs > 1_700_000_000);
    for words in ["phase input", "as loud as the song", "overlap 0.50"] {
        assert!(take.settings().contains(words), "{}", take.settings());
    }
    let clip = window.state().lane_clip(lanes[1].id).expect("a clip");
    assert_eq!(
        (clip.sample_rate_hz(), clip.num_channels(), clip.frames()),
        (22_050, 2, 44_100)
    );
    let said = notice(&window);
    assert!(
        said.contains("voice on") && said.contains("phase input"),
        "{said}"
    );
}

#[test]
fn the_button_runs_what_the_form_says() {
    let (mut window, folder) = with_tool();
    let ctx = window.ctx.clone();
    window.state_mut().command(Command::RescanModels, &ctx);
    wait(&mut window, "ONNX Runtime", App::is_idle);
    open_model(
        &mut window,
        identity(folder.path(), &card("picture-picture")),
    );
    choose(&mut window, METHOD, "Griffin-Lim");
    set(&mut window, "Iterations", 3.0);
    window.get_by_label("Peak at full scale").click();
    window.run_steps(2);
    window
        .get_by_role_and_label(Role::Button, "Transfer")
        .click();
    window.step();
    wait(&mut window, "a take", |app| {
        takes(app).len() == 1 && app.is_idle()
    });
    let settings = takes(window.state())[0].settings();
    for words in ["phase griffin-lim 3", "peak at full scale", "convergence"] {
        assert!(settings.contains(words), "{settings}");
    }
}

#[test]
fn only_the_selection_is_taken_and_stands_in_its_place() {
    let (mut window, folder) = with_tool();
    open_model(
        &mut window,
        identity(folder.path(), &card("picture-picture")),
    );
    let rect = window.get_by_label("Mixture lane").rect();
    let at = |share: f32| rect.left_center() + vec2(rect.width() * share, -20.0);
    window.drag_at(at(0.25));
    window.run_steps(2);
    window.hover_at(at(0.75));
    window.run_steps(2);
    window.drop_at(at(0.75));
    window.run_steps(3);
    window
        .get_by_role_and_label(Role::RadioButton, "Selection")
        .click();
    window.run_steps(2);
    transfer(&mut window);
    let song = song(&window);
    let selection = song.arrangement.selection.expect("a selection");
    let region = song.takes[0].region.expect("a region");
    assert_eq!(region.start_secs, selection.start_secs);
    assert_eq!(song.arrangement.lanes[1].offset_secs, selection.start_secs);
    let sample = 1.0 / 22_050.0;
    assert!((region.seconds() - selection.seconds()).abs() <= sample);
}

#[test]
fn a_missing_style_is_told_and_a_dropped_one_is_taken() {
    let (mut window, folder) = with_tool();
    open_model(&mut window, imitator(folder.path()));
    press(&mut window, CTRL, Key::Enter);
    assert!(notice(&window).contains("Choose a style"));
    assert!(takes(window.state()).is_empty());
    let style = folder.path().join("style.wav");
    write_song(&style);
    drop_on(&mut window, &style);
    let field = window.get_by_role_and_label(Role::TextInput, "Style file");
    assert_eq!(
        field.value().as_deref(),
        Some(style.display().to_string().as_str())
    );
    assert_eq!(window.state().session().songs.len(), 1);
    transfer(&mut window);
    let settings = takes(window.state())[0].settings();
    assert!(
        settings.contains("style style.wav where it is loudest"),
        "{settings}"
    );
    // What is not there is told with its path.
    window
        .get_by_role_and_label(Role::TextInput, "Style file")
        .set_text_value_accesskit("nowhere.wav");
    window.run_steps(3);
    press(&mut window, CTRL, Key::Enter);
    wait(&mut window, "the error", |app| {
        app.last_notice()
            .is_some_and(|text| text.contains("nowhere.wav"))
    });
    assert_eq!(takes(window.state()).len(), 1);
}

#[test]
fn a_cancelled_transfer_leaves_nothing() {
    let (mut window, folder) = with_tool();
    open_model(
        &mut window,
        identity(folder.path(), &card("picture-picture")),
    );
    // The list of jobs has a button of the same name.
    press(&mut window, CTRL, Key::J);
    choose(&mut window, METHOD, "Griffin-Lim");
    set(&mut window, "Iterations", 1000.0);
    press(&mut window, CTRL, Key::Enter);
    window.get_by_role_and_label(Role::Button, "Cancel").click();
    window.run_steps(2);
    wait(&mut window, "the end", App::is_idle);
    assert!(notice(&window).contains("Cancelled"), "{}", notice(&window));
    assert!(takes(window.state()).is_empty());
    assert_eq!(song(&window).arrangement.lanes.len(), 1);
    assert_eq!(song(&window).heard_gains(), [1.0]);
    // The next one runs as if nothing had been.
    set(&mut window, "Iterations", 2.0);
    transfer(&mut window);
}

#[test]
fn a_model_for_another_tool_is_named_with_it() {
    let (mut window, folder) = with_tool();
    open_model(
        &mut window,
        identity(folder.path(), &card("magnitude-mask")),
    );
    let text = notice(&window);
    assert!(text.contains("Another voice"), "{text}");
    assert!(text.contains("use the Separate tool"), "{text}");
    press(&mut window, CTRL, Key::Enter);
    assert_eq!(notice(&window), "Choose a model");
    // One that cannot be read is told.
    let broken = folder.path().join("broken.onnx");
    std::fs::write(&broken, "this is no network").unwrap();
    open_model(&mut window, broken);
    assert!(
        notice(&window).contains("broken.onnx"),
        "{}",
        notice(&window)
    );
}

#[test]
fn activity_is_found_and_looped() {
    let (mut window, folder) = with_tool();
    open_model(&mut window, ear(folder.path()));
    let button = window.get_by_role_and_label(Role::Button, "Find activity");
    assert!(
        button.accesskit_node().is_disabled(),
        "ONNX Runtime was not looked for"
    );
    press(&mut window, CTRL, Key::Enter);
    see(&mut window, "guitar in 1 stretch");
    wait(&mut window, "the end", App::is_idle);
    assert!(takes(window.state()).is_empty());
    window.get_by_label("Write CSV…");
    window
        .get_by_role_and_label(Role::Button, "00:00.000 – 00:02.000")
        .click();
    window.run_steps(3);
    let arrangement = &song(&window).arrangement;
    let looped = arrangement.looped.expect("a loop");
    assert_eq!((looped.start_secs, looped.end_secs), (0.0, 2.0));
    assert_eq!(arrangement.selection, Some(looped));
}
