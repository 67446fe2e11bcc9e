//! What people do, by label and key.

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::App;
use stemloom::session::LaneView;

use crate::window::{Dropped, open, open_sized, wait, with_song, write_song};

const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);

fn lanes(app: &App) -> Vec<&str> {
    app.session().song().map_or_else(Vec::new, |song| {
        song.arrangement
            .lanes
            .iter()
            .map(|lane| lane.name.as_str())
            .collect()
    })
}

#[test]
fn an_empty_window_says_what_to_do() {
    let mut window = open(Vec::new());
    window.run_steps(2);
    window.get_by_label("Pull a song apart");
    window.get_by_label("Open the example song");
}

#[test]
fn a_dropped_folder_opens_its_songs_and_a_broken_file_is_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    write_song(&folder.path().join("a.wav"));
    write_song(&folder.path().join("b.wav"));
    std::fs::write(folder.path().join("c.wav"), "this is no music").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "left alone").unwrap();
    let mut window = open(Vec::new());
    window
        .input_mut()
        .dropped_files
        .push(std::sync::Arc::new(Dropped(folder.path().into())));
    window.step();
    wait(&mut window, "two songs", |app| {
        app.session().songs.len() == 2
    });
    wait(&mut window, "a notice", |app| {
        app.last_notice().is_some_and(|text| text.contains("c.wav"))
    });
}

#[test]
fn separate_brings_stems_as_lanes_and_mutes_the_mixture() {
    let (mut window, _folder) = with_song();
    assert_eq!(lanes(window.state()), ["Mixture"]);
    window
        .get_by_role_and_label(Role::Button, "Separate")
        .click();
    window.step();
    wait(&mut window, "stems", |app| lanes(app).len() == 3);
    assert_eq!(lanes(window.state()), ["Mixture", "harmonic", "percussive"]);
    window.get_by_label("Mixture lane, muted");
    window.get_by_label("harmonic lane");
    let song = window.state().session().song().unwrap();
    assert_eq!(song.takes.len(), 1);
    assert!(
        song.takes[0].residual_db < -100.0,
        "the two masks add up to one"
    );
    assert_eq!(song.heard_gains(), [0.0, 1.0, 1.0]);
}

#[test]
fn mute_solo_and_undo() {
    let (mut window, _folder) = with_song();
    window.get_by_label("Mute Mixture").click();
    window.run_steps(3);
    let gains =
        |window: &crate::window::Window| window.state().session().song().unwrap().heard_gains();
    assert_eq!(gains(&window), [0.0]);
    window.key_press_modifiers(CTRL, Key::Z);
    window.run_steps(3);
    assert_eq!(gains(&window), [1.0], "undo brings the sound back");
    window.key_press_modifiers(CTRL | Modifiers::SHIFT, Key::Z);
    window.run_steps(3);
    assert_eq!(gains(&window), [0.0], "redo takes it away again");
    window.key_press(Key::S);
    window.run_steps(3);
    assert!(window.state().session().song().unwrap().arrangement.lanes[0].soloed);
}

#[test]
fn a_drag_selects_a_click_seeks_and_keys_loop_and_zoom() {
    let (mut window, _folder) = with_song();
    let rect = window.get_by_label("Mixture lane").rect();
    let at = |share: f32| rect.left_center() + vec2(rect.width() * share, -20.0);
    window.drag_at(at(0.25));
    window.run_steps(2);
    window.hover_at(at(0.75));
    window.run_steps(2);
    window.drop_at(at(0.75));
    window.run_steps(3);
    let song = window.state().session().song().unwrap();
    let selection = song.arrangement.selection.expect("a selection");
    assert!((selection.start_secs - 0.5).abs() < 0.02, "{selection:?}");
    assert!((selection.end_secs - 1.5).abs() < 0.02, "{selection:?}");
    window.key_press(Key::L);
    window.run_steps(2);
    let song = window.state().session().song().unwrap();
    assert_eq!(song.arrangement.looped, Some(selection));
    window.key_press(Key::Z);
    window.run_steps(2);
    let view = window.state().session().song().unwrap().view;
    assert!((view.span_secs() - 1.0).abs() < 0.03, "{view:?}");
    window.key_press(Key::Num0);
    window.run_steps(2);
    let view = window.state().session().song().unwrap().view;
    assert!((view.span_secs() - 2.0).abs() < 1e-6);
    window.hover_at(at(0.5));
    window.get_by_label("Mixture lane").click();
    window.run_steps(3);
    let playhead = window.state().session().song().unwrap().playhead_secs;
    assert!((playhead - 1.0).abs() < 0.02, "{playhead}");
    window.key_press(Key::Escape);
    window.run_steps(2);
    assert_eq!(
        window
            .state()
            .session()
            .song()
            .unwrap()
            .arrangement
            .selection,
        None
    );
}

#[test]
fn a_preview_separates_the_selection_only_and_stands_in_its_place() {
    let (mut window, _folder) = with_song();
    let rect = window.get_by_label("Mixture lane").rect();
    window.drag_at(rect.center());
    window.run_steps(2);
    window.hover_at(rect.center() + vec2(rect.width() * 0.25, 0.0));
    window.run_steps(2);
    window.drop_at(rect.center() + vec2(rect.width() * 0.25, 0.0));
    window.run_steps(3);
    window.key_press_modifiers(CTRL | Modifiers::SHIFT, Key::Enter);
    window.step();
    wait(&mut window, "a preview", |app| lanes(app).len() == 3);
    let song = window.state().session().song().unwrap();
    assert!((song.arrangement.lanes[1].offset_secs - 1.0).abs() < 0.02);
    let region = song.takes[0].region.expect("a region");
    assert!((region.seconds() - 0.5).abs() < 0.02, "{region:?}");
    assert!(song.takes[0].files.is_empty(), "a preview writes nothing");
}

#[test]
fn the_palette_finds_and_runs_a_command() {
    let (mut window, _folder) = with_song();
    window.key_press_modifiers(CTRL, Key::K);
    window.run_steps(3);
    window.get_by_role(Role::TextInput).type_text("waveforms");
    window.run_steps(3);
    window.key_press(Key::Enter);
    window.run_steps(3);
    let song = window.state().session().song().unwrap();
    assert_eq!(song.arrangement.lanes[0].view, LaneView::Wave);
}

#[test]
fn help_lists_every_command() {
    let mut window = open(Vec::new());
    window.key_press(Key::F1);
    window.run_steps(4);
    window.get_by_label("Split the song, or the selection, into stems");
    window.key_press(Key::Escape);
    window.run_steps(4);
    assert!(
        window
            .query_by_label("Split the song, or the selection, into stems")
            .is_none()
    );
}

#[test]
fn export_writes_the_chosen_lanes_and_refuses_to_overwrite() {
    let (mut window, folder) = with_song();
    let out = folder.path().join("out");
    for round in 0..2 {
        window.key_press_modifiers(CTRL, Key::E);
        window.run_steps(3);
        window
            .get_by_role_and_label(Role::TextInput, "Folder")
            .focus();
        window.run_steps(2);
        window.key_press_modifiers(CTRL, Key::A);
        window.run_steps(1);
        window
            .get_by_role_and_label(Role::TextInput, "Folder")
            .type_text(&out.display().to_string());
        window.run_steps(2);
        if round == 0 {
            window
                .get_by_label("Picture of mixture, masks and stems")
                .click();
            window.run_steps(2);
        }
        window.get_by_label("Export files").click();
        window.run_steps(2);
        let word = if round == 0 {
            "1 file written"
        } else {
            "already exists"
        };
        wait(&mut window, word, |app| {
            app.last_notice().is_some_and(|text| text.contains(word))
        });
    }
    assert!(out.join("two tones [mixture].png").is_file());
    let file = out.join("two tones (Mixture).wav");
    let reader = hound::WavReader::open(&file).expect("the exported file");
    assert_eq!(
        (
            reader.duration(),
            reader.spec().sample_rate,
            reader.spec().channels
        ),
        (44_100, 22_050, 2)
    );
}

#[test]
fn no_size_breaks_the_window() {
    for size in [[1.0, 1.0], [320.0, 200.0], [900.0, 560.0], [3840.0, 2160.0]] {
        let mut window = open_sized(size, Vec::new());
        window.run_steps(2);
    }
    let (mut window, _folder) = with_song();
    window.set_size(vec2(400.0, 260.0));
    window.run_steps(3);
}

#[test]
fn a_network_without_a_card_opens_a_form() {
    use stemloom::model::proto::{
        DimensionProto, FLOAT, GraphProto, ModelProto, TensorShapeProto, TensorTypeProto,
        TypeProto, ValueInfoProto,
    };
    let value = |name: &str, axes: [i64; 3]| ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: Some(FLOAT),
                shape: Some(TensorShapeProto {
                    dim: axes
                        .map(|n| DimensionProto {
                            dim_value: Some(n),
                            dim_param: None,
                        })
                        .to_vec(),
                }),
            }),
        }),
    };
    let model = ModelProto {
        graph: Some(GraphProto {
            input: vec![value("mix", [1, 1, 16_000])],
            output: vec![value("stems", [1, 2, 16_000])],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mystery.onnx");
    std::fs::write(&path, prost::Message::encode_to_vec(&model)).unwrap();
    let mut window = open(Vec::new());
    window
        .input_mut()
        .dropped_files
        .push(std::sync::Arc::new(Dropped(path)));
    window.step();
    wait(&mut window, "looking at the network", App::is_idle);
    window.get_by_label("How is this network fed?");
    let card = window.get_by_label("Card").value().expect("a template");
    assert!(
        card.contains("length = 16000") && card.contains("stem2"),
        "{card}"
    );
    window.get_by_label("Close").click();
    window.run_steps(3);
    assert!(window.query_by_label("How is this network fed?").is_none());
}
