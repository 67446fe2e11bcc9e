//! The Evaluate workspace and the SDR of lanes, by label and key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{App, Workspace};
use stemloom::session::Id;

use crate::window::{Dropped, Window, open, press, see, wait};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const CTRL_SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);
const RATE_HZ: u32 = 16_000;
const FRAMES: u32 = 3 * RATE_HZ;

/// A tone that swells.
pub fn tone(i: u32) -> f64 {
    let t = f64::from(i) / f64::from(RATE_HZ);
    (t * 2765.0).sin() * (0.2 + 0.05 * t)
}

/// Clicks, each a burst of noise.
pub fn clicks(i: u32) -> f64 {
    let mut bits = i.wrapping_mul(2_654_435_761);
    bits = (bits ^ (bits >> 15)).wrapping_mul(2_246_822_519);
    bits ^= bits >> 13;
    let noise = f64::from(bits >> 16) / 65_536.0;
    let age = i % 4000;
    (noise - 0.5) * (-f64::from(age) / 300.0).exp()
}

pub fn write(path: &Path, sound: impl Fn(u32) -> f64) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..FRAMES {
        writer.write_sample((sound(i) * 32_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Songs with vocals and drums below the folder `truth`.
pub fn songs(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let place = folder.path().join("truth").join(name);
        write(&place.join("vocals.wav"), tone);
        write(&place.join("drums.wav"), clicks);
    }
    folder
}

/// A window so high that nothing of the form has to be scrolled, with the workspace.
pub fn evaluate() -> Window {
    let mut window = open(Vec::new());
    window.set_size(vec2(1280.0, 1800.0));
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num4);
    assert_eq!(window.state().settings().workspace, Workspace::Evaluate);
    window
}

pub fn drop_on(window: &mut Window, path: PathBuf) {
    window
        .input_mut()
        .dropped_files
        .push(Arc::new(Dropped(path)));
    window.run_steps(2);
}

pub fn type_into(window: &mut Window, field: &str, text: &str) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.run_steps(2);
    let field = window.get_by_role_and_label(Role::TextInput, field);
    field.type_text(text);
    window.run_steps(2);
}

pub fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(2);
}

/// Measures what the form holds.
pub fn measure(window: &mut Window) {
    press(window, CTRL, Key::M);
    wait(window, "measuring", |app| {
        !app.is_measuring() && app.is_idle()
    });
}

pub fn rows(app: &App) -> Vec<(&str, &str)> {
    let rows = app.score_rows().into_iter();
    rows.map(|(method, stem, _)| (method, stem)).collect()
}

#[test]
fn without_a_folder_it_says_what_is_missing() {
    let mut window = evaluate();
    window.get_by_label("Drop a folder of songs with true stems here");
    measure(&mut window);
    window.get_by_label("This could not be measured");
    see(&mut window, "choose a folder of songs in stems");
    let nowhere = std::env::temp_dir().join("no such folder of stems");
    type_into(
        &mut window,
        "True stems folder",
        &nowhere.display().to_string(),
    );
    measure(&mut window);
    see(&mut window, "no such folder of stems");
    assert!(window.state().score_rows().is_empty());
}

#[test]
fn floor_and_separator_stand_in_one_table() {
    let folder = songs(&["One", "Two"]);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    measure(&mut window);
    let app = window.state();
    assert_eq!(app.not_measured(), Vec::<String>::new());
    let expected = [
        ("mixture", "drums"),
        ("mixture", "vocals"),
        ("mixture", "accompaniment"),
        ("hpss", "accompaniment"),
    ];
    let mut shown = rows(app);
    shown.sort_unstable();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(shown, sorted);
    for (method, stem, median) in app.score_rows() {
        assert!(median.is_finite(), "{method}, {stem}: {median}");
    }
    see(&mut window, "2 songs · 2 methods · 4 pairs measured");
    // Rows are chosen by key, and their songs shown.
    window.get_by_label("Choose a row above to see its songs");
    press(&mut window, NONE, Key::ArrowDown);
    let (method, stem) = rows(window.state())[0];
    let heading = format!("Songs: {stem} of {method}");
    window.get_by_label(&heading);
    window.get_by_label("One");
    window.get_by_label("Two");
    // Sorted by median, backwards, the best row stands first.
    click(&mut window, "Sort by Median");
    click(&mut window, "Sort by Median");
    let medians: Vec<f64> = window.state().score_rows().iter().map(|r| r.2).collect();
    assert!(medians.is_sorted_by(|a, b| a >= b), "{medians:?}");
    press(&mut window, NONE, Key::F8);
    see(&mut window, "ISR in dB");
    // Both methods are chosen already, since there are no others.
    press(&mut window, CTRL, Key::D);
    see(&mut window, "accompaniment ISR: hpss less mixture is");
}

#[test]
fn what_is_missing_is_told_and_the_rest_measured() {
    let folder = songs(&["One", "Two"]);
    let mine = folder.path().join("mine");
    write(&mine.join("One").join("vocals.wav"), |i| {
        tone(i) + 0.3 * clicks(i)
    });
    for (stem, sound) in [
        ("vocals", tone as fn(u32) -> f64),
        ("drums", clicks as fn(u32) -> f64),
    ] {
        let file = mine.join("Two").join(format!("{stem}.wav"));
        write(&file, |i| 0.9 * sound(i) + 0.1 * tone(i + 5));
    }
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    click(&mut window, "Remove method 2");
    click(&mut window, "Add Estimates");
    measure(&mut window);
    see(&mut window, "choose a folder for Estimates");
    type_into(
        &mut window,
        "Folder of method 2",
        &mine.display().to_string(),
    );
    measure(&mut window);
    let told = window.state().not_measured();
    assert_eq!(told, ["One, mine: no file for drums"]);
    see(&mut window, "One, mine: no file for drums");
    let shown = rows(window.state());
    assert!(shown.contains(&("mine", "drums")), "{shown:?}");
    assert!(shown.contains(&("mine", "vocals")), "{shown:?}");
}

#[test]
fn scores_are_written_to_a_typed_place() {
    let folder = songs(&["One"]);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    measure(&mut window);
    let csv = folder.path().join("out").join("scores.csv");
    let json = folder.path().join("out").join("json");
    let png = folder.path().join("out").join("boxes.png");
    for (field, path) in [
        ("CSV file", &csv),
        ("JSON folder", &json),
        ("PNG file", &png),
    ] {
        type_into(&mut window, field, &path.display().to_string());
    }
    press(&mut window, CTRL_SHIFT, Key::S);
    wait(&mut window, "the files", App::is_idle);
    let text = std::fs::read_to_string(&csv).unwrap();
    assert!(text.contains("hpss,accompaniment,SDR,dB,"), "{text}");
    assert!(text.contains("all songs,"), "{text}");
    let own = json.join("hpss").join("test").join("One.json");
    assert!(
        std::fs::read_to_string(own)
            .unwrap()
            .contains("museval_version")
    );
    let bytes = std::fs::read(&png).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    // Nothing is replaced unasked.
    click(&mut window, "Write CSV");
    wait(&mut window, "the refusal", App::is_idle);
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("already exists"), "{notice}");
}

#[test]
fn measuring_can_be_given_up() {
    let names: Vec<String> = (0..30).map(|i| format!("Song {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = songs(&names);
    let mut window = evaluate();
    drop_on(&mut window, folder.path().join("truth"));
    press(&mut window, CTRL, Key::M);
    assert!(window.state().is_measuring());
    press(&mut window, CTRL_SHIFT, Key::M);
    wait(&mut window, "the end", |app| {
        !app.is_measuring() && app.is_idle()
    });
    assert!(
        window
            .query_by_label("This could not be measured")
            .is_none()
    );
    assert!(
        window
            .query_by_label_contains("60 pairs measured")
            .is_none()
    );
    // And begun anew.
    press(&mut window, CTRL, Key::M);
    assert!(window.state().is_measuring());
    press(&mut window, CTRL_SHIFT, Key::M);
    wait(&mut window, "the end", |app| !app.is_measuring());
}

/// A song of drums and bass beside a folder of its name with its true stems, split by hpss.
pub fn split_song() -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("tune.wav");
    let stems = folder.path().join("tune");
    write(&song, |i| tone(i) + clicks(i));
    write(&stems.join("bass.wav"), tone);
    write(&stems.join("drums.wav"), clicks);
    let mut window = open(vec![song]);
    wait(&mut window, "the song", |app| {
        app.session().song().is_some()
    });
    wait(&mut window, "its pictures", App::is_idle);
    press(&mut window, CTRL, Key::Enter);
    wait(&mut window, "the stems", |app| lanes(app).len() == 3);
    wait(&mut window, "the SDR", |app| {
        app.lane_sdr(lanes(app)[2]).is_some()
    });
    wait(&mut window, "the end", App::is_idle);
    (window, folder)
}

pub fn lanes(app: &App) -> Vec<Id> {
    let lanes = app.session().song().map(|song| &song.arrangement.lanes);
    lanes.into_iter().flatten().map(|lane| lane.id).collect()
}

#[test]
fn lanes_show_how_close_they_come_to_the_true_stems() {
    let (mut window, _folder) = split_song();
    let app = window.state();
    let (stem, median) = app.lane_sdr(lanes(app)[2]).unwrap();
    assert_eq!(stem, "drums");
    assert!(median.is_finite() && median > 0.0, "{median}");
    assert_eq!(app.lane_sdr(lanes(app)[0]), None, "the mixture is no stem");
    assert_eq!(
        app.lane_sdr(lanes(app)[1]),
        None,
        "no true stem is harmonic"
    );
    let shown = format!("SDR of percussive: {median:.1} dB");
    window.get_by_label(&shown);
    // The second to be heard begins at a whole second.
    press(&mut window, NONE, Key::ArrowRight);
    press(&mut window, NONE, Key::ArrowDown);
    press(&mut window, NONE, Key::F7);
    let playhead = window.state().session().song().unwrap().playhead_secs;
    assert!([0.0, 1.0, 2.0].contains(&playhead), "{playhead}");
    press(&mut window, NONE, Key::F6);
    assert!(window.query_by_label(&shown).is_none());
    press(&mut window, NONE, Key::F6);
    window.get_by_label(&shown);
}

#[test]
fn takes_of_the_open_song_are_methods() {
    let (mut window, _folder) = split_song();
    window.set_size(vec2(1280.0, 1800.0));
    press(&mut window, CTRL, Key::Num4);
    click(&mut window, "The open song");
    see(&mut window, "Found: ");
    click(&mut window, "Remove method 2");
    measure(&mut window);
    let shown = rows(window.state());
    assert!(shown.contains(&("Preview 1 · hpss", "drums")), "{shown:?}");
    assert!(shown.contains(&("mixture", "bass")), "{shown:?}");
    let lane = window.state();
    let (_, median) = lane.lane_sdr(lanes(lane)[2]).unwrap();
    let own = lane.score_rows().into_iter();
    let mut own = own.filter(|row| row.0.starts_with("Preview"));
    assert_eq!(own.next().map(|row| row.2), Some(median), "as in its lane");
}
