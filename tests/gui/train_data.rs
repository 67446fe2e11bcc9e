//! The Data section of the Train workspace, by label and key.

use std::path::Path;
use std::sync::Arc;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{App, Workspace};

use crate::window::{Dropped, Window, open, press, see, wait, write_song};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);

/// A window with the empty workspace.
fn train() -> Window {
    let mut window = open(Vec::new());
    window.run_steps(2);
    press(&mut window, CTRL, Key::Num3);
    window
}

/// Three songs; Beta has no bass.
fn with_songs() -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let songs: [(&str, &[&str]); 3] = [
        ("Alpha", &["mixture", "vocals", "bass"]),
        ("Beta", &["mixture", "vocals"]),
        ("Gamma", &["mixture", "vocals", "bass"]),
    ];
    for (song, files) in songs {
        let place = folder.path().join("music").join(song);
        std::fs::create_dir_all(&place).unwrap();
        for file in files {
            write_song(&place.join(format!("{file}.wav")));
        }
    }
    let mut window = train();
    window.get_by_label("Drop a folder of songs here");
    drop_on(&mut window, &folder.path().join("music"));
    wait(&mut window, "the songs", |app| app.data_songs().len() == 3);
    (window, folder)
}

fn drop_on(window: &mut Window, path: &Path) {
    let dropped = Dropped(path.into());
    window.input_mut().dropped_files.push(Arc::new(dropped));
    window.step();
}

fn type_into(window: &mut Window, field: &str, text: &str) {
    window.get_by_role_and_label(Role::TextInput, field).focus();
    window.run_steps(2);
    let field = window.get_by_role_and_label(Role::TextInput, field);
    field.type_text(text);
    window.run_steps(2);
}

fn click(window: &mut Window, label: &str) {
    // Not by the pointer: what workers answer may move things under it.
    window.get_by_label(label).click_accesskit();
    window.run_steps(3);
}

fn left_out(app: &App) -> Vec<&str> {
    let names = app.settings().left_out.values().flatten();
    names.map(String::as_str).collect()
}

#[test]
fn a_typed_folder_is_looked_through_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("One");
    std::fs::create_dir(&song).unwrap();
    write_song(&song.join("drums.wav"));
    let mut window = train();
    assert_eq!(window.state().settings().workspace, Workspace::Train);
    // With a slash at its end it is the same folder.
    let typed = format!("{}/", folder.path().display());
    type_into(&mut window, "Data folder", &typed);
    click(&mut window, "Look");
    wait(&mut window, "the song", |app| app.data_songs() == ["One"]);
    let name = folder.path().display().to_string();
    assert_eq!(window.state().settings().data_folders, [name]);
    see(&mut window, "1 song · 0.00 h · no split 1");
    assert!(window.query_by_label("Sort by Length").is_some());
}

#[test]
fn a_stem_that_is_missing_is_told() {
    let (mut window, _folder) = with_songs();
    window.get_by_label("Beta has no bass");
    assert!(window.query_by_label("Play bass of Beta").is_none());
    window.get_by_label("Play bass of Alpha");
    window.get_by_label("1 problem of Beta: missing: bass");
    see(&mut window, "a folder per song · 1 stem missing");
}

#[test]
fn songs_are_filtered_and_sorted() {
    let (mut window, _folder) = with_songs();
    type_into(&mut window, "Filter by name", "ETA");
    assert_eq!(window.state().data_songs(), ["Beta"]);
    type_into(&mut window, "Filter by name", "x");
    assert!(window.state().data_songs().is_empty());
    window.get_by_label("No song fits; change the filter");
    let field = window.get_by_role_and_label(Role::TextInput, "Filter by name");
    field.set_text_value_accesskit("");
    window.run_steps(3);
    press(&mut window, NONE, Key::Escape);
    assert_eq!(window.state().data_songs(), ["Alpha", "Beta", "Gamma"]);
    click(&mut window, "Only songs with problems");
    assert_eq!(window.state().data_songs(), ["Beta"]);
    click(&mut window, "Only songs with problems");
    click(&mut window, "Sort by Song");
    assert_eq!(window.state().data_songs(), ["Alpha", "Beta", "Gamma"]);
    click(&mut window, "Sort by Song");
    assert_eq!(window.state().data_songs(), ["Gamma", "Beta", "Alpha"]);
    click(&mut window, "Sort by Stems");
    assert_eq!(window.state().data_songs(), ["Alpha", "Gamma", "Beta"]);
}

#[test]
fn a_song_that_is_left_out_stays_so() {
    let (mut window, _folder) = with_songs();
    click(&mut window, "Leave out Beta");
    assert_eq!(left_out(window.state()), ["Beta"]);
    see(&mut window, "2 songs");
    see(&mut window, "no stem missing · 1 left out");
    press(&mut window, CTRL, Key::F5);
    wait(&mut window, "another look", |app| {
        !app.is_looking() && app.data_songs().len() == 3
    });
    see(&mut window, "1 left out");
    // By key: the second row, in again.
    press(&mut window, NONE, Key::ArrowDown);
    press(&mut window, NONE, Key::ArrowDown);
    press(&mut window, CTRL, Key::L);
    assert!(left_out(window.state()).is_empty());
    see(&mut window, "1 stem missing");
}

#[test]
fn one_sound_is_heard_at_a_time() {
    let (mut window, _folder) = with_songs();
    click(&mut window, "Play vocals of Alpha");
    wait(&mut window, "the vocals", |app| {
        app.previewed() == Some("vocals of Alpha")
    });
    click(&mut window, "Play Gamma");
    wait(&mut window, "the mixture", |app| {
        app.previewed() == Some("Gamma")
    });
    window.get_by_label("Play vocals of Alpha");
    click(&mut window, "Stop Gamma");
    assert_eq!(window.state().previewed(), None);
    window.get_by_label("Play Gamma");
    // Space plays the chosen row and stops it.
    press(&mut window, NONE, Key::ArrowDown);
    press(&mut window, NONE, Key::Space);
    wait(&mut window, "the first song", |app| {
        app.previewed() == Some("Alpha")
    });
    press(&mut window, NONE, Key::Space);
    assert_eq!(window.state().previewed(), None);
    // Another workspace has sounds of its own.
    press(&mut window, NONE, Key::Space);
    wait(&mut window, "the first song", |app| {
        app.previewed() == Some("Alpha")
    });
    press(&mut window, CTRL, Key::Num1);
    assert_eq!(window.state().previewed(), None);
    assert!(window.state().session().song().is_none());
    assert_eq!(window.state().last_notice(), None, "nothing to tell");
}

#[test]
fn a_song_opens_with_its_stems_as_lanes() {
    let (mut window, _folder) = with_songs();
    click(&mut window, "Open Alpha in the workbench");
    assert_eq!(window.state().settings().workspace, Workspace::Workbench);
    wait(&mut window, "the stems", |app| {
        let song = app.session().song();
        song.is_some_and(|song| song.arrangement.lanes.len() == 3)
    });
    let song = window.state().session().song().unwrap();
    let lanes = song.arrangement.lanes.iter();
    let names: Vec<&str> = lanes.map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["Mixture", "bass", "vocals"]);
    assert_eq!(song.heard_gains(), [0.0, 1.0, 1.0]);
    let path = song.path.clone();
    assert!(path.ends_with("Alpha/mixture.wav"), "{}", path.display());
    // Removing the take must not touch the files of the data set.
    let take = &song.takes[0];
    assert!(take.files.is_empty());
}

#[test]
fn a_folder_without_songs_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("nothing in it");
    std::fs::create_dir(&empty).unwrap();
    let mut window = train();
    drop_on(&mut window, &empty);
    wait(&mut window, "the look", |app| !app.is_looking());
    window.get_by_label("This folder cannot be used");
    see(&mut window, "nothing in it");
    assert!(window.state().settings().data_folders.is_empty());
    // Mended, it can be looked at again.
    std::fs::create_dir(empty.join("Song")).unwrap();
    write_song(&empty.join("Song").join("vocals.wav"));
    click(&mut window, "Look again");
    wait(&mut window, "the song", |app| app.data_songs() == ["Song"]);
}

#[test]
fn renders_are_told_by_their_figures() {
    let folder = tempfile::tempdir().unwrap();
    for instrument in ["guitar", "piano"] {
        let place = folder.path().join(instrument);
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("render.json"), "{}").unwrap();
        write_song(&place.join("one.wav"));
    }
    let mut window = train();
    drop_on(&mut window, folder.path());
    wait(&mut window, "the look", |app| !app.is_looking());
    see(&mut window, "A folder of renders · 2 examples");
    window.get_by_label("guitar");
    window.get_by_label("Nothing is in two splits");
}
