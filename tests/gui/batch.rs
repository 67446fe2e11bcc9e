//! The Batch workspace, by label and key.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use stemloom::batch::RowState;
use stemloom::gui::{App, BatchAction, Command};

use crate::window::{Dropped, Window, open, wait, write_song};

/// A window on the Batch workspace with songs of these names dropped on it.
fn with_queue(names: &[&str]) -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    std::fs::create_dir(&music).unwrap();
    for name in names {
        write_song(&music.join(name));
    }
    let mut window = open(Vec::new());
    window.step();
    window.get_by_label("Batch").click();
    window.run_steps(2);
    window.get_by_label("Drop songs or folders here");
    drop_on(&mut window, &music);
    let count = names.len();
    wait(&mut window, "the queue", |app| app.queue().len() == count);
    (window, folder)
}

fn drop_on(window: &mut Window, path: &Path) {
    let dropped = Dropped(path.into());
    window.input_mut().dropped_files.push(Arc::new(dropped));
    window.step();
}

fn type_destination(window: &mut Window, path: &Path) {
    let field = window.get_by_role_and_label(Role::TextInput, "Destination");
    field.focus();
    window.step();
    let field = window.get_by_role_and_label(Role::TextInput, "Destination");
    field.type_text(&path.display().to_string());
    window.run_steps(2);
}

fn names(app: &App) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    app.queue().iter().map(|(path, _)| name(path)).collect()
}

fn states(app: &App) -> Vec<RowState> {
    app.queue().iter().map(|(_, state)| *state).collect()
}

fn files_in(folder: &Path) -> usize {
    let wav = |path: &Path| path.extension().is_some_and(|e| e == "wav");
    walk(folder).iter().filter(|path| wav(path)).count()
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            if entry.path().is_dir() {
                walk(&entry.path())
            } else {
                vec![entry.path()]
            }
        })
        .collect()
}

#[test]
fn a_dropped_folder_is_worked_off_and_a_broken_song_is_named() {
    let (mut window, folder) = with_queue(&["a.wav", "b.wav"]);
    let broken = folder.path().join("broken.wav");
    std::fs::write(&broken, "no music").unwrap();
    drop_on(&mut window, &broken);
    wait(&mut window, "the broken song", |app| app.queue().len() == 3);
    let out = folder.path().join("out");
    type_destination(&mut window, &out);
    window.get_by_label("Start").click();
    window.step();
    wait(&mut window, "the end of the batch", |app| {
        !app.is_batch_running() && states(app)[0] != RowState::Waiting
    });
    let expected = [RowState::Done, RowState::Done, RowState::Failed];
    assert_eq!(states(window.state()), expected);
    assert_eq!(files_in(&out), 4);
    assert!(out.join("report.html").is_file());
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(
        notice.contains("2 of 3") && notice.contains("one failed"),
        "{notice}"
    );
    window.get_by_label("Open report");
    assert!(window.query_all_by_label("Failed").count() > 0);

    // A song that is over can be tried again; what is finished is recognised.
    window.get_by_label("Retry a.wav").click();
    window.run_steps(2);
    window.get_by_label("Start").click();
    window.step();
    wait(&mut window, "the second run", |app| {
        !app.is_batch_running() && states(app)[0] == RowState::AlreadyDone
    });
}

#[test]
fn what_is_in_the_way_is_a_list_and_nothing_is_written() {
    let (mut window, folder) = with_queue(&["a.wav"]);
    let file = folder.path().join("a file");
    std::fs::write(&file, "in the way").unwrap();
    type_destination(&mut window, &file);
    window.get_by_label("Start").click();
    window.step();
    wait(&mut window, "the check", |app| !app.is_batch_running());
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("beginning"), "{notice}");
    window.get_by_label("In the way");
    assert_eq!(states(window.state()), [RowState::Waiting]);
    window.get_by_label("Hide the list").click();
    window.run_steps(2);
    assert!(window.query_by_label("In the way").is_none());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "in the way");
}

#[test]
fn songs_are_moved_and_removed_by_button_and_key() {
    let (mut window, _folder) = with_queue(&["a.wav", "b.wav", "c.wav"]);
    window.get_by_label("Move down a.wav").click();
    window.run_steps(2);
    assert_eq!(names(window.state()), ["b.wav", "a.wav", "c.wav"]);
    window.key_press(Key::ArrowDown);
    window.run_steps(2);
    window.key_press(Key::ArrowDown);
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::ALT, Key::ArrowDown);
    window.run_steps(2);
    assert_eq!(names(window.state()), ["b.wav", "c.wav", "a.wav"]);
    window.key_press(Key::Delete);
    window.run_steps(2);
    assert_eq!(names(window.state()), ["b.wav", "c.wav"]);
    window.get_by_label("Remove b.wav").click();
    window.run_steps(2);
    assert_eq!(names(window.state()), ["c.wav"]);
    window.get_by_label("Cancel c.wav").click();
    window.run_steps(2);
    assert_eq!(states(window.state()), [RowState::Cancelled]);
    window.get_by_label("Clear finished").click();
    window.run_steps(2);
    window.get_by_label("Drop songs or folders here");
}

#[test]
fn a_pause_holds_the_queue_and_cancel_ends_it() {
    let all: Vec<String> = (0..60).map(|n| format!("{n:02}.wav")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (mut window, folder) = with_queue(&all);
    type_destination(&mut window, &folder.path().join("out"));
    let ctx = window.ctx.clone();
    window.state_mut().command(Command::StartBatch, &ctx);
    wait(&mut window, "the first song", |app| {
        states(app).contains(&RowState::Done)
    });
    window.get_by_label("Pause").click();
    window.run_steps(2);
    let done = |app: &App| states(app).iter().filter(|s| **s == RowState::Done).count();
    // Songs in their last step may still end; then nothing moves.
    let mut held = done(window.state());
    let mut since = Instant::now();
    let begun = Instant::now();
    while since.elapsed() < Duration::from_millis(400) {
        window.step();
        if done(window.state()) != held {
            (held, since) = (done(window.state()), Instant::now());
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it was never held"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(held < 60, "the pause came too late to show anything");
    window.get_by_label("Cancel all").click();
    window.step();
    wait(&mut window, "the end", |app| !app.is_batch_running());
    let states = states(window.state());
    assert!(states.contains(&RowState::Cancelled), "{states:?}");
    assert!(!states.contains(&RowState::Running), "{states:?}");
}

#[test]
fn a_recipe_is_chosen_and_changed() {
    let (mut window, folder) = with_queue(&["a.wav"]);
    let ctx = window.ctx.clone();
    let karaoke = BatchAction::LoadRecipe("karaoke".into());
    window
        .state_mut()
        .act(stemloom::gui::Action::Batch(karaoke), &ctx);
    window.run_steps(3);
    window.get_by_label("The song without its singer");
    let out = folder.path().join("out");
    type_destination(&mut window, &out);
    // The preview is the first file as it will be.
    let preview = format!("{}/music/a (karaoke).wav", out.display());
    window.get_by_label(&preview);
    window.get_by_label("Add a mix").click();
    window.run_steps(2);
    window.get_by_label("Start").click();
    window.step();
    wait(&mut window, "the end", |app| {
        !app.is_batch_running() && states(app) == [RowState::Done]
    });
    let music = out.join("music");
    assert!(music.join("a (karaoke).wav").is_file());
    assert!(music.join("a (mix 2).wav").is_file());
    assert_eq!(files_in(&out), 2);
}
