//! Whether the window stays smooth while a network trains on all threads.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::Bench;
use crate::table::Row;

/// Frames per second that a common screen shows.
const FRAME_RATE_HZ: f64 = 60.0;

/// The 99th percentile of a frame of the Runs section, alone and beside a training.
#[cfg(all(feature = "gui", feature = "train"))]
pub fn frames(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    use egui::{Key, Modifiers, Role};
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use stemloom::gui::{Action, App, LearnAction, Start, TrainAction};

    type Window = Harness<'static, App>;

    const RECIPE: &str = r#"
        name = "smooth"
        [examples]
        preset = "timbre"
        origin = "a"
        targets = ["b"]
        [network]
        kind = "unet-pix2pix"
        base_filters = 16
        [training]
        epochs = 1000
        steps_per_epoch = 20
        batch_size = 8
        [preview]
        secs = 0
    "#;
    const MEASURED_SECS: f64 = 10.0;
    const PATIENCE: Duration = Duration::from_secs(120);

    fn wait(window: &mut Window, what: &str, done: impl Fn(&App) -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        while !done(window.state()) {
            ensure!(started.elapsed() < PATIENCE, "{what} did not happen");
            window.step();
            std::thread::sleep(Duration::from_millis(4));
        }
        Ok(())
    }

    fn act(window: &mut Window, action: LearnAction) {
        let ctx = window.ctx.clone();
        let action = Action::Train(TrainAction::Learn(action));
        window.state_mut().act(action, &ctx);
        window.step();
    }

    /// Frames at the screen's rate: each counts from when it was due to its triangles.
    fn slowest_percent(window: &mut Window) -> f64 {
        let started = Instant::now();
        let mut times = Vec::new();
        for frame in 0..(MEASURED_SECS * FRAME_RATE_HZ) as u32 {
            let due = started + Duration::from_secs_f64(f64::from(frame) / FRAME_RATE_HZ);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            window.step();
            let output = window.output();
            let shapes = output.shapes.clone();
            std::hint::black_box(window.ctx.tessellate(shapes, output.pixels_per_point));
            times.push(due.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        times[times.len() * 99 / 100]
    }

    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let pieces = folder.path().join("pieces");
    crate::learning::write_pieces(&pieces)?;
    let recipe = folder.path().join("smooth.toml");
    std::fs::write(&recipe, RECIPE)?;
    let start = Start {
        files: Vec::new(),
        is_test: true,
    };
    let mut window: Window = Harness::builder()
        .with_size([1600.0, 1000.0])
        .with_step_dt(1.0 / FRAME_RATE_HZ as f32)
        .build_eframe(move |cc| App::new(&cc.egui_ctx, start));
    let ctrl = Modifiers::COMMAND.plus(Modifiers::CTRL);
    window.key_press_modifiers(ctrl, Key::Num3);
    window.run_steps(2);
    let field = |window: &mut Window, name: &str, path: &Path| {
        let field = window.get_by_role_and_label(Role::TextInput, name);
        field.set_text_value_accesskit(&path.display().to_string());
        window.run_steps(3);
    };
    field(&mut window, "Data folder", &pieces);
    act(
        &mut window,
        LearnAction::Choose(recipe.display().to_string()),
    );
    wait(&mut window, "the recipe", |app| {
        app.recipe_value("training.steps_per_epoch").as_deref() == Some("20")
    })?;
    act(&mut window, LearnAction::Device("cpu".into()));
    field(&mut window, "Output folder", &folder.path().join("run"));
    let alone = slowest_percent(&mut window);
    act(&mut window, LearnAction::Start);
    wait(&mut window, "an epoch", |app| app.shown_epochs() > 0)?;
    let beside = slowest_percent(&mut window);
    act(&mut window, LearnAction::Stop);
    wait(&mut window, "the stop", App::is_idle)?;
    let most = Some(1.0 / FRAME_RATE_HZ);
    Ok(vec![
        Row::budget("99 of 100 frames of the training form, alone", alone, most),
        Row::budget(
            "99 of 100 frames of live curves, a U-Net training on all threads",
            beside,
            most,
        ),
    ])
}

/// The 99th percentile of a frame.
#[cfg(not(all(feature = "gui", feature = "train")))]
pub fn frames(_bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let reason = "built without a window or without training";
    Ok(vec![Row::skipped("frames while a network trains", reason)])
}
