//! The top bar: menu, transport, position, loop, output, device badge, jobs, notices.

use egui::{Align, Color32, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

use super::command::Command;
use super::icons::{Icon, icon_button};
use super::notices::Notices;
use super::scene::{Action, OutputState, Scene};
use super::settings::Workspace;
use super::theme::{SPACE_M, SPACE_S, figures, small, tokens};

/// From this width on the program's name stands in the bar.
const NAMED_WIDTH: f32 = 1000.0;
/// With less room than this for meter, output and device the meter gives way.
const METERED_WIDTH: f32 = 300.0;

/// Paints the bar.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, notices: &mut Notices, actions: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(tokens(ui.ctx()).panel)
        .inner_margin(egui::Margin::symmetric(10, 6));
    egui::Panel::top("top").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            menu(ui, scene, actions);
            // In a small window the name gives way to what can be pressed.
            if ui.available_width() > NAMED_WIDTH {
                ui.label(RichText::new("Stemloom").strong().size(15.0));
                ui.add_space(SPACE_M);
            }
            workspaces(ui, scene, actions);
            ui.add_space(SPACE_M);
            transport(ui, scene, actions);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let unread = notices.unread();
                let label = if unread > 0 {
                    format!("Notices, {unread} new")
                } else {
                    "Notices".into()
                };
                if icon_button(ui, Icon::Bell, &label, &label, notices.open || unread > 0).clicked()
                {
                    notices.open = !notices.open;
                }
                jobs(ui, scene);
                device_badge(ui, scene, actions);
                output(ui, scene, actions);
            });
        });
    });
}

/// A command's own button in a menu or elsewhere.
fn menu_item(ui: &mut Ui, command: Command, enabled: bool, actions: &mut Vec<Action>) {
    let spec = command.spec();
    let mut button = egui::Button::new(spec.name);
    if let Some(key) = spec.key {
        button = button.shortcut_text(ui.ctx().format_shortcut(&key));
    }
    if ui
        .add_enabled(enabled, button)
        .on_hover_text(spec.tip)
        .clicked()
    {
        actions.push(Action::Do(command));
        ui.close();
    }
}

/// Whether a command can do something now.
pub fn is_enabled(command: Command, scene: &Scene<'_>) -> bool {
    let song = scene.session.song();
    let trains = scene.settings.workspace == Workspace::Train;
    let evaluates = scene.settings.workspace == Workspace::Evaluate;
    match command {
        Command::PlayPause | Command::LaneUp | Command::LaneDown if trains => true,
        Command::LaneUp | Command::LaneDown if evaluates => true,
        Command::Measure
        | Command::CancelMeasuring
        | Command::NextMeasure
        | Command::CompareMethods
        | Command::WriteScores => evaluates,
        Command::LookAgain | Command::LeaveOut | Command::OpenDataSong => trains,
        Command::StartTraining
        | Command::PauseTraining
        | Command::StopTraining
        | Command::FindLearningRate => trains && cfg!(feature = "train"),
        Command::CloseSong
        | Command::Separate
        | Command::Preview
        | Command::Export
        | Command::PlayPause
        | Command::Stop
        | Command::GoToStart
        | Command::GoToEnd
        | Command::StepBack
        | Command::StepForward
        | Command::SelectAll
        | Command::ZoomIn
        | Command::ZoomOut
        | Command::ZoomFit
        | Command::LaneUp
        | Command::LaneDown
        | Command::Mute
        | Command::Solo
        | Command::TrueStems
        | Command::WorstSecond
        | Command::ViewWave
        | Command::ViewSpectrogram
        | Command::ViewBoth => song.is_some(),
        Command::ZoomSelection | Command::ClearSelection => {
            song.is_some_and(|s| s.arrangement.selection.is_some())
        }
        Command::ToggleLoop => song
            .is_some_and(|s| s.arrangement.selection.is_some() || s.arrangement.looped.is_some()),
        Command::CancelJobs => !scene.jobs.is_empty(),
        Command::QueueUp | Command::QueueDown | Command::QueueRemove | Command::QueueRetry => {
            scene.settings.workspace == Workspace::Batch
        }
        Command::Reconstruct | Command::Sweep | Command::Transfer => song.is_some(),
        _ if command.is_of_listening() => {
            scene.settings.workspace == Workspace::Listen && song.is_some()
        }
        Command::Undo => scene.can_undo.0,
        Command::Redo => scene.can_undo.1,
        _ => true,
    }
}

fn menu(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let button = icon_button(ui, Icon::Menu, "Menu", "All commands by group", false);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(220.0);
        let mut groups: Vec<&str> = Command::ALL.iter().map(|c| c.spec().group).collect();
        let mut seen = Vec::new();
        groups.retain(|group| {
            let new = !seen.contains(group);
            seen.push(group);
            new
        });
        for group in groups {
            ui.menu_button(group, |ui| {
                ui.set_min_width(240.0);
                for command in Command::ALL.into_iter().filter(|c| c.spec().group == group) {
                    menu_item(ui, command, is_enabled(command, scene), actions);
                }
            });
        }
    });
}

/// One tab for each workspace.
fn workspaces(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    for (workspace, command) in [
        (Workspace::Workbench, Command::Workbench),
        (Workspace::Listen, Command::Listen),
        (Workspace::Train, Command::Train),
        (Workspace::Evaluate, Command::Evaluate),
        (Workspace::Batch, Command::Batch),
    ] {
        let chosen = scene.settings.workspace == workspace;
        let tab = ui.selectable_label(chosen, command.spec().name);
        if tab.on_hover_text(command.tooltip(ui.ctx())).clicked() {
            actions.push(Action::Do(command));
        }
    }
}

fn transport(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let song = scene.session.song();
    let ctx = ui.ctx().clone();
    ui.add_enabled_ui(song.is_some(), |ui| {
        ui.spacing_mut().item_spacing.x = SPACE_S;
        let mut button = |ui: &mut Ui, icon, command: Command, label: &str, active| {
            if icon_button(ui, icon, label, &command.tooltip(&ctx), active).clicked() {
                actions.push(Action::Do(command));
            }
        };
        button(ui, Icon::ToStart, Command::GoToStart, "Go to start", false);
        let (icon, label) = if scene.playing {
            (Icon::Pause, "Pause")
        } else {
            (Icon::Play, "Play")
        };
        button(ui, icon, Command::PlayPause, label, scene.playing);
        button(ui, Icon::Stop, Command::Stop, "Stop", false);
        let looped = song.and_then(|song| song.arrangement.looped);
        ui.add_enabled_ui(is_enabled(Command::ToggleLoop, scene), |ui| {
            button(
                ui,
                Icon::Loop,
                Command::ToggleLoop,
                "Loop",
                looped.is_some(),
            );
        });
        ui.add_space(SPACE_M);
        let total = song.map_or(0.0, |song| song.seconds);
        ui.label(RichText::new(clock(scene.playhead_secs)).font(egui::FontId::monospace(15.0)));
        ui.label(
            RichText::new(format!("/ {}", clock(total)))
                .font(figures())
                .color(tokens(&ctx).faint),
        );
        if !scene.in_test && ui.available_width() > METERED_WIDTH {
            // In a blind test it would tell the sounds apart.
            meter(ui, scene.levels);
        }
        if let Some(span) = looped.or(song.and_then(|song| song.arrangement.selection)) {
            let word = if looped.is_some() { "Loop" } else { "Selected" };
            let text = format!(
                "{word} {} – {}",
                clock(span.start_secs),
                clock(span.end_secs)
            );
            ui.label(RichText::new(text).font(small()).color(tokens(&ctx).accent));
        }
    });
}

/// Two bars, −60 to 0 dB, red above full scale.
fn meter(ui: &mut Ui, levels: (f32, f32)) {
    let (rect, response) = ui.allocate_exact_size(vec2(84.0, 12.0), Sense::hover());
    let db = |x: f32| if x > 0.0 { 20.0 * x.log10() } else { -99.0 };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Meter, true, "Output level"));
    let tokens = tokens(ui.ctx());
    for (i, level) in [levels.0, levels.1].into_iter().enumerate() {
        let top = rect.top() + i as f32 * 7.0;
        let bar = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 5.0));
        ui.painter().rect_filled(bar, 2.0, tokens.raised);
        let part = ((db(level) + 60.0) / 60.0).clamp(0.0, 1.0);
        let colour = if level > 1.0 {
            tokens.error
        } else {
            tokens.accent
        };
        ui.painter().rect_filled(
            Rect::from_min_size(bar.min, vec2(bar.width() * part, 5.0)),
            2.0,
            colour,
        );
    }
    let text = format!(
        "Left {:.1} dB, right {:.1} dB",
        db(levels.0).max(-99.0),
        db(levels.1).max(-99.0)
    );
    response.on_hover_text(text);
}

fn dot(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, colour);
}

fn output(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    match scene.output {
        OutputState::Silent(reason) => {
            if ui
                .button("Try again")
                .on_hover_text(Command::RetryOutput.spec().tip)
                .clicked()
            {
                actions.push(Action::Do(Command::RetryOutput));
            }
            ui.label(
                RichText::new("No sound")
                    .font(small())
                    .color(tokens.warning),
            )
            .on_hover_text(reason);
            dot(ui, tokens.warning);
        }
        OutputState::Open(name, rate) => {
            let text = format!("{name} at {rate} Hz. Click to choose another output");
            if ui
                .add(egui::Button::new(RichText::new("Sound").font(small())).frame(false))
                .on_hover_text(text)
                .clicked()
            {
                actions.push(Action::Do(Command::Settings));
            }
            dot(ui, tokens.accent);
        }
        OutputState::Idle => {}
    }
}

fn device_badge(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let tokens = tokens(ui.ctx());
    ui.add_space(SPACE_M);
    match scene.runtime {
        None => {
            ui.label(
                RichText::new("Looking for ONNX Runtime")
                    .font(small())
                    .color(tokens.faint),
            );
        }
        Some(status) if status.problem.is_none() => {
            let device = if status.providers.iter().any(|p| p.starts_with("CUDA")) {
                "CUDA offered"
            } else {
                "CPU"
            };
            let version = status.version.as_deref().unwrap_or("?");
            let text = format!("{device} · ONNX Runtime {version}");
            let library = status
                .library
                .as_ref()
                .map_or_else(String::new, |p| p.display().to_string());
            ui.label(RichText::new(text).font(small()).color(tokens.faint))
                .on_hover_text(format!(
                    "Providers: {}\n{library}",
                    status.providers.join(", ")
                ));
            dot(ui, tokens.accent);
        }
        Some(status) => {
            if ui
                .button("Install")
                .on_hover_text(Command::InstallRuntime.spec().tip)
                .clicked()
            {
                actions.push(Action::Do(Command::InstallRuntime));
            }
            ui.label(
                RichText::new("No ONNX Runtime")
                    .font(small())
                    .color(tokens.faint),
            )
            .on_hover_text(
                status
                    .problem
                    .as_deref()
                    .unwrap_or("Networks cannot run; everything else works"),
            );
            dot(ui, tokens.faint);
        }
    }
}

fn jobs(ui: &mut Ui, scene: &Scene<'_>) {
    let count = scene.jobs.len();
    if count > 0 {
        let names: Vec<&str> = scene.jobs.values().map(|job| job.name.as_str()).collect();
        ui.label(
            RichText::new(format!("{count} job{}", if count == 1 { "" } else { "s" }))
                .font(small()),
        )
        .on_hover_text(names.join("\n"));
    }
}

/// m:ss.mmm, or h:mm:ss.mmm.
pub fn clock(secs: f64) -> String {
    let millis = (secs.max(0.0) * 1000.0).round() as u64;
    let (h, m, s, ms) = (
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1000 % 60,
        millis % 1000,
    );
    if h > 0 {
        format!("{h}:{m:02}:{s:02}.{ms:03}")
    } else {
        format!("{m:02}:{s:02}.{ms:03}")
    }
}
