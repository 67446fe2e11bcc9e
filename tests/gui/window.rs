//! A window for tests: no saved state, no sound, the same every time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use stemloom::gui::{App, Start};

/// Longest wait for a worker; far beyond what it takes, so only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

pub type Window = Harness<'static, App>;

/// A window of this size on these files.
pub fn open_sized(size: [f32; 2], files: Vec<PathBuf>) -> Window {
    let start = Start {
        files,
        is_test: true,
    };
    Harness::builder()
        .with_size(size)
        .with_max_steps(32)
        .with_step_dt(1.0 / 60.0)
        .build_eframe(move |cc| App::new(&cc.egui_ctx, start))
}

/// A window at the smallest size it must be usable at.
pub fn open(files: Vec<PathBuf>) -> Window {
    open_sized([1280.0, 800.0], files)
}

/// Frames until `done`, or a failure that says what was waited for.
pub fn wait(window: &mut Window, what: &str, done: impl Fn(&App) -> bool) {
    let started = Instant::now();
    while !done(window.state()) {
        assert!(started.elapsed() < PATIENCE, "{what} did not happen");
        window.step();
        std::thread::sleep(Duration::from_millis(4));
    }
    window.run_steps(3);
}

/// Frames until something on screen says this.
pub fn see(window: &mut Window, words: &str) {
    let started = Instant::now();
    while window.query_all_by_label_contains(words).next().is_none() {
        assert!(started.elapsed() < PATIENCE, "{words:?} was not shown");
        window.step();
        std::thread::sleep(Duration::from_millis(4));
    }
}

/// Presses a key, with these held.
pub fn press(window: &mut Window, held: Modifiers, key: Key) {
    window.key_press_modifiers(held, key);
    window.run_steps(2);
}

/// A window with one song open and its pictures made.
pub fn with_song() -> (Window, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("two tones.wav");
    write_song(&path);
    let mut window = open(vec![path]);
    wait(&mut window, "opening the song", |app| {
        app.session().song().is_some()
    });
    wait(&mut window, "drawing the song", App::is_idle);
    (window, folder)
}

/// Two seconds of a chord with clicks, stereo, 22,050 Hz.
pub fn write_song(path: &Path) {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 22_050,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("song");
    for i in 0..44_100_u32 {
        let t = f64::from(i) / 22_050.0;
        let tone = (t * 2765.0).sin() * 0.25 + (t * 4150.0).sin() * 0.15;
        let click = if i % 5512 < 40 { 0.5 } else { 0.0 };
        for side in [1.0, 0.7] {
            writer
                .write_sample(((tone * side + click) * 32_767.0) as i16)
                .expect("sample");
        }
    }
    writer.finalize().expect("song");
}

/// A file or folder that is dropped on the window.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}
