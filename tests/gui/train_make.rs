//! Examples made in the Train workspace, by label.

use std::path::Path;
use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;

use crate::window::{Dropped, Window, open, press, see, wait};

const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);

/// The form, with three songs in the Data folder and a result folder that is not there yet.
fn with_form() -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (song, hz) in [("Alpha", 220.0), ("Beta", 330.0), ("Gamma", 440.0)] {
        let place = folder.path().join("music").join(song);
        std::fs::create_dir_all(&place).unwrap();
        write_tones(&place.join("vocals.wav"), &[hz]);
        write_tones(&place.join("mixture.wav"), &[hz, 90.0]);
    }
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    let music = Arc::new(Dropped(folder.path().join("music")));
    window.input_mut().dropped_files.push(music);
    window.step();
    wait(&mut window, "the songs", |app| app.data_songs().len() == 3);
    click(&mut window, "Make examples");
    let out = folder.path().join("made").display().to_string();
    write(&mut window, "Result folder", &out);
    (window, folder)
}

/// Two seconds of tones, mono, 22,050 Hz: every song has its own, else they would be one.
fn write_tones(path: &Path, pitches_hz: &[f64]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for i in 0..44_100_u32 {
        let turn = std::f64::consts::TAU * f64::from(i) / 22_050.0;
        let sum: f64 = pitches_hz.iter().map(|hz| (turn * hz).sin() * 0.3).sum();
        writer.write_sample((sum * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Clicks, wherever it is scrolled to.
fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click_accesskit();
    window.run_steps(4);
}

fn write(window: &mut Window, field: &str, text: &str) {
    let field = window.get_by_role_and_label(Role::TextInput, field);
    field.set_text_value_accesskit(text);
    window.run_steps(3);
}

fn set(window: &mut Window, number: &str, value: f64) {
    let number = window.get_by_role_and_label(Role::SpinButton, number);
    number.set_value_accesskit(value);
    window.run_steps(3);
}

/// Frames until the newest notice says this.
fn notice(window: &mut Window, words: &str) {
    wait(window, words, |app| {
        app.last_notice().is_some_and(|text| text.contains(words))
    });
}

/// Chooses in a combo box.
fn choose(window: &mut Window, combo: &str, item: &str) {
    window.get_by_role_and_label(Role::ComboBox, combo).click();
    window.run_steps(4);
    window.get_by_role_and_label(Role::Button, item).click();
    window.run_steps(4);
}

/// How many files with this ending lie in the splits of a folder.
fn count(folder: &Path, ending: &str) -> usize {
    let splits = ["train", "valid"].map(|split| folder.join(split));
    let entries = splits
        .iter()
        .flat_map(|split| std::fs::read_dir(split).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(ending))
        .count()
}

#[test]
fn examples_of_songs_are_stored_and_looked_at() {
    let (mut window, folder) = with_form();
    // A song that is left out is not among them.
    click(&mut window, "Leave out Beta");
    click(&mut window, "Make");
    notice(&mut window, "2 examples stored: ");
    let made = folder.path().join("made");
    // A song of two seconds is one example of twelve.
    assert_eq!(count(&made, ".input.npy"), 2);
    assert_eq!(count(&made, ".target.npy"), 2);
    assert!(made.join("examples.toml").is_file());
    // Once more they are kept.
    click(&mut window, "Make");
    notice(&mut window, "0 examples stored, 2 kept: ");
    click(&mut window, "Look at what was made");
    wait(&mut window, "the look", |app| !app.is_looking());
    see(&mut window, "· 2 examples ·");
}

#[test]
fn a_wrong_value_is_told_at_the_form() {
    let (mut window, folder) = with_form();
    write(&mut window, "Targets", " , ");
    click(&mut window, "Make");
    see(
        &mut window,
        "targets: needs the name of what is to come out",
    );
    assert_eq!(window.state().last_notice(), None);
    // What only the recordings tell is told there as well.
    write(&mut window, "Targets", "theremin");
    click(&mut window, "Make");
    let told = "none of the songs can be used for mixture, theremin";
    notice(&mut window, told);
    see(&mut window, told);
    assert!(!folder.path().join("made").join("examples.toml").exists());
}

#[test]
fn sections_are_cut_and_one_form_is_open_at_a_time() {
    let (mut window, folder) = with_form();
    choose(&mut window, "What", "Cut sections");
    assert!(
        window
            .query_by_role_and_label(Role::TextInput, "Targets")
            .is_none()
    );
    // The songs are shorter than the intro that is left out.
    click(&mut window, "Make");
    see(&mut window, "no song gives any");
    assert!(!folder.path().join("made").join("train").exists());
    set(&mut window, "Intro", 0.0);
    set(&mut window, "Samples", 11_025.0);
    click(&mut window, "Make");
    notice(&mut window, "6 files cut: ");
    let mixtures = folder.path().join("made").join("train").join("mixture");
    assert!(mixtures.is_dir());
    click(&mut window, "Make music");
    window.get_by_role_and_label(Role::TextInput, "Rendered folder");
    assert!(
        window
            .query_by_role_and_label(Role::TextInput, "Result folder")
            .is_none()
    );
}

#[test]
fn a_folder_typed_with_a_slash_leaves_out_the_same_songs() {
    let (mut window, folder) = with_form();
    click(&mut window, "Leave out Beta");
    let typed = format!("{}/", folder.path().join("music").display());
    write(&mut window, "Data folder", &typed);
    click(&mut window, "Make");
    notice(&mut window, "2 examples stored: ");
}
