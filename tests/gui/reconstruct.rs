//! The Reconstruct tool, by label and key.

use std::path::Path;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use stemloom::gui::{Action, App, Tool};
use stemloom::phase::{PhaseMethod, PhaseSpec, PhaseStart};
use stemloom::session::{Song, Take};

use crate::window::{Window, open, press, see, wait, with_song};

const CTRL: Modifiers = Modifiers::COMMAND.plus(Modifiers::CTRL);
const CTRL_SHIFT: Modifiers = CTRL.plus(Modifiers::SHIFT);

const METHOD: &str = "Phase method";
const PICTURE: &str = "What is kept of the magnitudes before phases are found";
const GO_ON: &str = "Begin with the phases of an earlier take, for more iterations";

/// A window with a song and the Reconstruct tool.
fn with_tool() -> (Window, tempfile::TempDir) {
    let (mut window, folder) = with_song();
    show_tool(&mut window);
    (window, folder)
}

/// The tool, in a window so high that nothing has to be scrolled.
fn show_tool(window: &mut Window) {
    window.set_size(vec2(1280.0, 1400.0));
    press(window, Modifiers::ALT, Key::Num2);
    window.run_steps(2);
}

fn song(window: &Window) -> &Song {
    window.state().session().song().expect("a song")
}

fn takes(app: &App) -> &[Take] {
    let song = app.session().song();
    song.map(|song| song.takes.as_slice()).unwrap_or_default()
}

fn models(window: &Window) -> Vec<&str> {
    let takes = takes(window.state()).iter();
    takes.map(|take| take.model.as_str()).collect()
}

/// Makes one take.
fn reconstruct(window: &mut Window) {
    let count = takes(window.state()).len() + 1;
    press(window, CTRL, Key::R);
    wait(window, "a take", |app| {
        takes(app).len() == count && app.is_idle()
    });
}

/// Chooses in a combo box.
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

fn open_sweep(window: &mut Window) {
    let header = window.get_by_role_and_label(Role::DisclosureTriangle, "Sweep");
    header.click();
    // The header unfolds in some frames.
    window.run_steps(30);
}

fn type_iterations(window: &mut Window, text: &str) {
    let field = window.get_by_role_and_label(Role::TextInput, "Iterations of the sweep");
    field.set_text_value_accesskit(text);
    window.run_steps(3);
}

/// A second of a tone in seeded noise, mono.
fn write_noise(path: &Path, sample_rate: u32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("song");
    let mut state = 7_u32;
    for i in 0..sample_rate {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 16) / 65_536.0 - 0.5;
        let tone = (f64::from(i) / f64::from(sample_rate) * 2765.0).sin();
        let value = 0.3 * tone + 0.1 * noise;
        writer
            .write_sample((value * 32_767.0) as i16)
            .expect("sample");
    }
    writer.finalize().expect("song");
}

#[test]
fn a_key_makes_a_take_that_tells_how_it_was_made() {
    let (mut window, _folder) = with_tool();
    assert_eq!(window.state().settings().tool, Tool::Reconstruct);
    window.get_by_role_and_label(Role::Button, "Reconstruct");
    reconstruct(&mut window);
    let song = song(&window);
    let lanes = &song.arrangement.lanes;
    assert_eq!(lanes.len(), 2);
    assert_eq!(lanes[1].name, "griffin-lim 32");
    assert_eq!(song.heard_gains(), [0.0, 1.0], "the take is heard alone");
    let take = &song.takes[0];
    assert_eq!(lanes[1].take, Some(take.id));
    assert_eq!(take.model, "griffin-lim 32");
    assert_eq!(take.device, "cpu");
    assert!(take.made_unix_secs > 1_700_000_000, "{take:?}");
    assert!(take.taken_secs > 0.0);
    assert_eq!((&take.continued, take.region), (&None, None));
    let options = take.reconstruct.as_ref().expect("the settings");
    assert_eq!(options.phase, PhaseSpec::default());
    assert_eq!((options.stft.n_fft, options.stft.hop_length), (2048, 512));
    // After 0, 1, 2 … 32 iterations; Griffin-Lim never gets worse.
    assert_eq!(take.convergence_db.len(), 33);
    for pair in take.convergence_db.windows(2) {
        assert!(pair[1] <= pair[0] + 1e-3, "{pair:?}");
    }
    let figures = take.figures.expect("figures");
    let last = take.convergence_db[32];
    assert!((figures.spectral_convergence_db - last).abs() < 0.05);
    // 10·log₁₀(Σx²/Σ(x − y)²), by hand.
    let clip = |lane: usize| window.state().lane_clip(lanes[lane].id).expect("a clip");
    let (x, y) = (clip(0), clip(1));
    assert_eq!(y.sample_rate_hz(), 22_050);
    assert_eq!((y.num_channels(), y.frames()), (2, 44_100));
    let (mut signal, mut noise) = (0.0, 0.0);
    for (x, y) in x.channels().into_iter().zip(y.channels()) {
        for (x, y) in x.iter().zip(y) {
            signal += f64::from(*x).powi(2);
            noise += (f64::from(*x) - f64::from(*y)).powi(2);
        }
    }
    let snr_db = 10.0 * (signal / noise).log10();
    assert!((figures.snr_db - snr_db).abs() < 1e-3, "{snr_db}");
    window.get_by_label("Log-spectral distance");
}

#[test]
fn the_method_is_chosen_and_a_momentum_above_one_warns() {
    let (mut window, _folder) = with_tool();
    let momentum = |window: &Window| {
        window
            .query_by_role_and_label(Role::Slider, "Momentum")
            .map(|slider| slider.accesskit_node().numeric_value().expect("a number"))
    };
    let warns = |window: &Window| window.query_by_label("Above 1 it may diverge").is_some();
    assert_eq!(momentum(&window), None);
    choose(&mut window, METHOD, "Fast Griffin-Lim");
    let usual = momentum(&window).expect("a momentum");
    assert!((usual - 0.99).abs() < 1e-6, "{usual}");
    assert!(!warns(&window));
    set(&mut window, "Momentum", 1.2);
    assert!(warns(&window));
    set(&mut window, "Iterations", 5.0);
    reconstruct(&mut window);
    // Where there is no momentum, the one that was set must not be in the way.
    choose(&mut window, METHOD, "PGHI");
    assert_eq!(momentum(&window), None);
    assert!(
        window
            .query_by_role_and_label(Role::Slider, "Iterations")
            .is_none()
    );
    reconstruct(&mut window);
    assert_eq!(models(&window), ["fast-griffin-lim 5", "pghi"]);
    let takes = takes(window.state());
    let phase = |take: usize| takes[take].reconstruct.as_ref().expect("settings").phase;
    let set = phase(0).momentum.expect("a momentum");
    assert!((set - 1.2).abs() < 1e-6, "{set}");
    assert_eq!(takes[0].convergence_db.len(), 6);
    assert_eq!(phase(1).momentum, None);
    assert_eq!(phase(1).method, PhaseMethod::Pghi);
    assert!(
        takes[1].convergence_db.is_empty(),
        "there are no iterations"
    );
}

#[test]
fn a_take_goes_on_where_another_ended() {
    let (mut window, _folder) = with_tool();
    // The library has buttons with the takes' names.
    press(&mut window, CTRL, Key::B);
    assert!(
        window
            .query_by_role_and_label(Role::ComboBox, GO_ON)
            .is_none()
    );
    set(&mut window, "Iterations", 10.0);
    reconstruct(&mut window);
    window.get_by_label("Whole song");
    choose(&mut window, GO_ON, "Preview 1 · griffin-lim 10");
    assert!(window.query_by_label("Whole song").is_none());
    reconstruct(&mut window);
    let song = song(&window);
    let (first, second) = (&song.takes[0], &song.takes[1]);
    assert_eq!(first.continued, None);
    assert_eq!(second.continued.as_deref(), Some("Preview 1"));
    assert!(second.settings().contains("continues Preview 1"));
    let phase = second.reconstruct.as_ref().expect("settings").phase;
    assert_eq!(phase.start, PhaseStart::Input);
    // Its beginning is what one more iteration would have made of the first.
    assert!(second.convergence_db[0] <= first.convergence_db[10] + 0.01);
    assert!(second.convergence_db[10] < first.convergence_db[10]);
    // A take that is gone is nothing to go on from.
    let (id, take) = (song.id, first.id);
    let ctx = window.ctx.clone();
    window.state_mut().act(Action::RemoveTake(id, take), &ctx);
    window.run_steps(3);
    let combo = window.get_by_role_and_label(Role::ComboBox, GO_ON);
    assert_eq!(combo.value().as_deref(), Some("Nothing"));
}

#[test]
fn a_sweep_makes_as_many_takes_as_its_button_says() {
    let (mut window, _folder) = with_tool();
    open_sweep(&mut window);
    window.get_by_label("Queue 8 takes");
    type_iterations(&mut window, "3, 5 3");
    window.get_by_label("Queue 8 takes");
    window
        .get_by_role_and_label(Role::CheckBox, "Fast Griffin-Lim")
        .click();
    window.run_steps(2);
    window
        .get_by_role_and_label(Role::CheckBox, "Zero phase")
        .click();
    window.run_steps(2);
    window.get_by_label("Queue 7 takes");
    press(&mut window, CTRL_SHIFT, Key::R);
    wait(&mut window, "the sweep", |app| {
        takes(app).len() == 7 && app.is_idle()
    });
    let expected = [
        "input",
        "zero",
        "griffin-lim 3",
        "griffin-lim 5",
        "pghi",
        "pghi+griffin-lim 3",
        "pghi+griffin-lim 5",
    ];
    assert_eq!(models(&window), expected);
    assert_eq!(song(&window).arrangement.lanes.len(), 8);
    // With the song's own phases nothing is lost.
    let takes = takes(window.state());
    assert!(takes[0].figures.expect("figures").snr_db > 60.0);
    assert!(takes[1].figures.expect("figures").snr_db < 60.0);
}

#[test]
fn a_sweep_says_what_is_wrong_with_its_iterations() {
    let (mut window, _folder) = with_tool();
    open_sweep(&mut window);
    let cases = [
        ("32, many", "many is no number from 1 to 100000"),
        ("0", "0 is no number from 1 to 100000"),
        ("100001", "100001 is no number from 1 to 100000"),
        (" , ", "type at least one number of iterations"),
    ];
    for (typed, problem) in cases {
        type_iterations(&mut window, typed);
        let button = window.get_by_role_and_label(Role::Button, "Queue takes");
        assert!(button.accesskit_node().is_disabled(), "{typed:?}");
        window.hover_at(button.rect().center());
        see(&mut window, problem);
        window.remove_cursor();
        window.run_steps(2);
        press(&mut window, CTRL_SHIFT, Key::R);
        let notice = window.state().last_notice().unwrap_or_default();
        assert!(notice.contains(problem), "{notice}");
        wait(&mut window, "rest", App::is_idle);
        assert!(takes(window.state()).is_empty(), "nothing was queued");
    }
    type_iterations(&mut window, "2");
    let button = window.get_by_role_and_label(Role::Button, "Queue 5 takes");
    assert!(!button.accesskit_node().is_disabled());
}

#[test]
fn only_the_selection_is_reconstructed_and_stands_in_its_place() {
    let (mut window, _folder) = with_tool();
    let rect = window.get_by_label("Mixture lane").rect();
    let at = |share: f32| rect.left_center() + vec2(rect.width() * share, -20.0);
    window.drag_at(at(0.25));
    window.run_steps(2);
    window.hover_at(at(0.75));
    window.run_steps(2);
    window.drop_at(at(0.75));
    window.run_steps(3);
    let selection = song(&window).arrangement.selection.expect("a selection");
    window
        .get_by_role_and_label(Role::RadioButton, "Selection")
        .click();
    window.run_steps(2);
    set(&mut window, "Iterations", 3.0);
    reconstruct(&mut window);
    let song = song(&window);
    let region = song.takes[0].region.expect("a region");
    let lane = &song.arrangement.lanes[1];
    assert!((region.start_secs - 0.5).abs() < 0.02, "{region:?}");
    assert_eq!(region.start_secs, selection.start_secs);
    assert_eq!(lane.offset_secs, selection.start_secs);
    let sample = 1.0 / 22_050.0;
    assert!((region.seconds() - selection.seconds()).abs() <= sample);
    let clip = window.state().lane_clip(lane.id).expect("a clip");
    assert!((clip.seconds() - selection.seconds()).abs() <= sample);
}

#[test]
fn a_cancelled_reconstruction_leaves_nothing() {
    let (mut window, _folder) = with_tool();
    // The list of jobs has a button of the same name.
    press(&mut window, CTRL, Key::J);
    set(&mut window, "Iterations", 1000.0);
    press(&mut window, CTRL, Key::R);
    press(&mut window, CTRL, Key::R);
    see(&mut window, "Convergence, now");
    assert!(
        window
            .query_by_role_and_label(Role::Button, "Reconstruct")
            .is_none()
    );
    window.get_by_role_and_label(Role::Button, "Cancel").click();
    window.run_steps(2);
    // The one that waited.
    press(&mut window, CTRL, Key::Period);
    wait(&mut window, "the end", App::is_idle);
    let notice = window.state().last_notice().unwrap_or_default();
    assert!(notice.contains("Cancelled"), "{notice}");
    assert!(takes(window.state()).is_empty());
    assert_eq!(song(&window).arrangement.lanes.len(), 1);
    assert_eq!(song(&window).heard_gains(), [1.0]);
    assert!(
        window
            .query_all_by_label_contains("Convergence, now")
            .next()
            .is_none()
    );
    // The next one runs as if nothing had been.
    set(&mut window, "Iterations", 2.0);
    reconstruct(&mut window);
    assert_eq!(models(&window), ["griffin-lim 2"]);
}

#[test]
fn pictures_at_other_rates_come_back_to_the_songs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise.wav");
    write_noise(&path, 32_000);
    let mut window = open(vec![path]);
    wait(&mut window, "the song", |app| {
        app.session().song().is_some() && app.is_idle()
    });
    show_tool(&mut window);
    choose(&mut window, PICTURE, "Timbre transfer, 256 bins");
    window.get_by_label("Above bin 256");
    set(&mut window, "Iterations", 3.0);
    reconstruct(&mut window);
    choose(&mut window, PICTURE, "512 mel bands");
    assert!(window.query_by_label("Above bin 256").is_none());
    reconstruct(&mut window);
    let song = song(&window);
    let options = |take: usize| song.takes[take].reconstruct.as_ref().expect("settings");
    let (timbre, mel) = (options(0), options(1));
    assert_eq!(timbre.sample_rate_hz, Some(44_100));
    assert_eq!(timbre.picture.bins_kept, Some(256));
    assert_eq!((timbre.stft.n_fft, timbre.stft.hop_length), (1024, 512));
    assert_eq!(mel.sample_rate_hz, Some(22_050));
    assert_eq!(mel.picture.mel.as_ref().map(|mel| mel.bands), Some(512));
    // The phase settings are the person's, whatever the picture.
    assert_eq!((timbre.phase.iterations, mel.phase.iterations), (3, 3));
    for lane in &song.arrangement.lanes[1..] {
        let clip = window.state().lane_clip(lane.id).expect("a clip");
        assert_eq!(clip.sample_rate_hz(), 32_000, "{}", lane.name);
        assert!(clip.frames().abs_diff(32_000) <= 1, "{}", clip.frames());
    }
}
