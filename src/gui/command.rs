//! Everything a person can ask for, in one table: it feeds the menu, the palette, tooltips,
//! shortcuts and the help page.

use egui::{Key, KeyboardShortcut, Modifiers};

/// A command without an argument, in the order the palette lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Choose files to open.
    Open,
    /// Open the bundled song.
    OpenExample,
    /// Close the current song.
    CloseSong,
    /// Separate with the chosen model.
    Separate,
    /// Separate the selection into memory only.
    Preview,
    /// Open the export dialog.
    Export,
    /// Stop all jobs.
    CancelJobs,
    /// Play or pause.
    PlayPause,
    /// Back to the start, paused.
    Stop,
    /// To the start.
    GoToStart,
    /// To the end.
    GoToEnd,
    /// Five seconds back.
    StepBack,
    /// Five seconds on.
    StepForward,
    /// Loop the selection, or stop looping.
    ToggleLoop,
    /// Select the whole song.
    SelectAll,
    /// Select nothing.
    ClearSelection,
    /// Closer.
    ZoomIn,
    /// Further.
    ZoomOut,
    /// The whole song.
    ZoomFit,
    /// The selection.
    ZoomSelection,
    /// The lane above.
    LaneUp,
    /// The lane below.
    LaneDown,
    /// Mute the chosen lane.
    Mute,
    /// Solo the chosen lane.
    Solo,
    /// Outlines in all lanes.
    ViewWave,
    /// Spectrograms in all lanes.
    ViewSpectrogram,
    /// Both in all lanes.
    ViewBoth,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Show or hide the library.
    ToggleLibrary,
    /// Show or hide the inspector.
    ToggleInspector,
    /// Show or hide spectrum and jobs.
    ToggleBottom,
    /// The workspace of one song.
    Workbench,
    /// The workspace of many songs.
    Batch,
    /// Add a folder to the queue.
    AddFolder,
    /// Run the queue, pause it, go on.
    StartBatch,
    /// Stop the queue.
    CancelBatch,
    /// The chosen song of the queue one place up.
    QueueUp,
    /// One place down.
    QueueDown,
    /// Out of the queue.
    QueueRemove,
    /// Once more.
    QueueRetry,
    /// Dark or light.
    ToggleTheme,
    /// The settings.
    Settings,
    /// Download ONNX Runtime.
    InstallRuntime,
    /// Look for models and ONNX Runtime again.
    RescanModels,
    /// Try the sound output again.
    RetryOutput,
    /// The palette.
    Palette,
    /// The help page.
    Help,
    /// End the program.
    Quit,
}

/// What a person reads of a command.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its name; "…" where it asks more.
    pub name: &'static str,
    /// What it does.
    pub tip: &'static str,
    /// The group in menu and help.
    pub group: &'static str,
    /// Its key.
    pub key: Option<KeyboardShortcut>,
}

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;

impl Command {
    /// All of them.
    pub const ALL: [Self; 49] = [
        Self::Open,
        Self::OpenExample,
        Self::CloseSong,
        Self::Separate,
        Self::Preview,
        Self::Export,
        Self::CancelJobs,
        Self::PlayPause,
        Self::Stop,
        Self::GoToStart,
        Self::GoToEnd,
        Self::StepBack,
        Self::StepForward,
        Self::ToggleLoop,
        Self::SelectAll,
        Self::ClearSelection,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::ZoomFit,
        Self::ZoomSelection,
        Self::LaneUp,
        Self::LaneDown,
        Self::Mute,
        Self::Solo,
        Self::ViewWave,
        Self::ViewSpectrogram,
        Self::ViewBoth,
        Self::Undo,
        Self::Redo,
        Self::ToggleLibrary,
        Self::ToggleInspector,
        Self::ToggleBottom,
        Self::Workbench,
        Self::Batch,
        Self::AddFolder,
        Self::StartBatch,
        Self::CancelBatch,
        Self::QueueUp,
        Self::QueueDown,
        Self::QueueRemove,
        Self::QueueRetry,
        Self::ToggleTheme,
        Self::Settings,
        Self::InstallRuntime,
        Self::RescanModels,
        Self::RetryOutput,
        Self::Palette,
        Self::Help,
        Self::Quit,
    ];

    /// What a person reads.
    pub fn spec(self) -> Spec {
        let (name, tip, group, key) = match self {
            Self::Open => ("Open…", "Open audio files", "File", key(CTRL, Key::O)),
            Self::OpenExample => (
                "Open the example song",
                "Open the song that comes with the program",
                "File",
                None,
            ),
            Self::CloseSong => (
                "Close song",
                "Close the song in the lanes and remove its takes; exported files stay",
                "File",
                key(CTRL, Key::W),
            ),
            Self::Separate => (
                "Separate",
                "Split the song, or the selection, into stems",
                "Song",
                key(CTRL, Key::Enter),
            ),
            Self::Preview => (
                "Preview",
                "Split the selection, or ten seconds, and keep nothing on disk",
                "Song",
                key(CTRL.plus(SHIFT), Key::Enter),
            ),
            Self::Export => ("Export…", "Write lanes to files", "File", key(CTRL, Key::E)),
            Self::CancelJobs => (
                "Cancel all jobs",
                "Stop everything that is running",
                "Song",
                key(CTRL, Key::Period),
            ),
            Self::PlayPause => (
                "Play or pause",
                "Start or pause the sound",
                "Transport",
                key(NONE, Key::Space),
            ),
            Self::Stop => (
                "Stop",
                "Pause and go back to the start",
                "Transport",
                key(SHIFT, Key::Space),
            ),
            Self::GoToStart => (
                "Go to start",
                "Move the playhead to the start",
                "Transport",
                key(NONE, Key::Home),
            ),
            Self::GoToEnd => (
                "Go to end",
                "Move the playhead to the end",
                "Transport",
                key(NONE, Key::End),
            ),
            Self::StepBack => (
                "Back 5 s",
                "Move the playhead five seconds back",
                "Transport",
                key(NONE, Key::ArrowLeft),
            ),
            Self::StepForward => (
                "Forward 5 s",
                "Move the playhead five seconds on",
                "Transport",
                key(NONE, Key::ArrowRight),
            ),
            Self::ToggleLoop => (
                "Loop",
                "Loop the selection, or stop looping",
                "Transport",
                key(NONE, Key::L),
            ),
            Self::SelectAll => (
                "Select all",
                "Select the whole song",
                "Edit",
                key(CTRL, Key::A),
            ),
            Self::ClearSelection => (
                "Clear selection",
                "Select nothing",
                "Edit",
                key(NONE, Key::Escape),
            ),
            Self::ZoomIn => ("Zoom in", "Show less time", "View", key(NONE, Key::Plus)),
            Self::ZoomOut => ("Zoom out", "Show more time", "View", key(NONE, Key::Minus)),
            Self::ZoomFit => (
                "Show all",
                "Show the whole song",
                "View",
                key(NONE, Key::Num0),
            ),
            Self::ZoomSelection => (
                "Zoom to selection",
                "Show the selected time",
                "View",
                key(NONE, Key::Z),
            ),
            Self::LaneUp => (
                "Lane above",
                "Choose the lane above",
                "Lanes",
                key(NONE, Key::ArrowUp),
            ),
            Self::LaneDown => (
                "Lane below",
                "Choose the lane below",
                "Lanes",
                key(NONE, Key::ArrowDown),
            ),
            Self::Mute => (
                "Mute lane",
                "Mute the chosen lane, or hear it again",
                "Lanes",
                key(NONE, Key::M),
            ),
            Self::Solo => (
                "Solo lane",
                "Hear the chosen lane alone, or all again",
                "Lanes",
                key(NONE, Key::S),
            ),
            Self::ViewWave => (
                "Show waveforms",
                "Show the waveform in every lane",
                "View",
                key(NONE, Key::F2),
            ),
            Self::ViewSpectrogram => (
                "Show spectrograms",
                "Show the spectrogram in every lane",
                "View",
                key(NONE, Key::F3),
            ),
            Self::ViewBoth => (
                "Show both",
                "Show waveform and spectrogram in every lane",
                "View",
                key(NONE, Key::F4),
            ),
            Self::Undo => ("Undo", "Take the last edit back", "Edit", key(CTRL, Key::Z)),
            Self::Redo => (
                "Redo",
                "Do the last undone edit again",
                "Edit",
                key(CTRL.plus(SHIFT), Key::Z),
            ),
            Self::ToggleLibrary => (
                "Library",
                "Show or hide songs and models",
                "View",
                key(CTRL, Key::B),
            ),
            Self::ToggleInspector => (
                "Inspector",
                "Show or hide the tool's settings",
                "View",
                key(CTRL, Key::I),
            ),
            Self::ToggleBottom => (
                "Spectrum and jobs",
                "Show or hide the lower panel",
                "View",
                key(CTRL, Key::J),
            ),
            Self::Workbench => (
                "Workbench",
                "One song: its lanes and takes",
                "View",
                key(CTRL, Key::Num1),
            ),
            Self::Batch => (
                "Batch",
                "Many songs by one recipe",
                "View",
                key(CTRL, Key::Num2),
            ),
            Self::AddFolder => (
                "Add folder to the batch…",
                "Add every song in a folder and below it",
                "Batch",
                key(CTRL.plus(SHIFT), Key::O),
            ),
            Self::StartBatch => (
                "Start or pause the batch",
                "Run what waits in the queue; while it runs, pause it or go on",
                "Batch",
                key(CTRL.plus(SHIFT), Key::B),
            ),
            Self::CancelBatch => (
                "Cancel the batch",
                "Stop the queue; what is finished stays",
                "Batch",
                None,
            ),
            Self::QueueUp => (
                "Song up in the queue",
                "Move the chosen song one place up",
                "Batch",
                key(Modifiers::ALT, Key::ArrowUp),
            ),
            Self::QueueDown => (
                "Song down in the queue",
                "Move the chosen song one place down",
                "Batch",
                key(Modifiers::ALT, Key::ArrowDown),
            ),
            Self::QueueRemove => (
                "Remove song from the queue",
                "Take the chosen song out of the queue; its files stay",
                "Batch",
                key(NONE, Key::Delete),
            ),
            Self::QueueRetry => (
                "Retry song of the queue",
                "Let the chosen song wait again",
                "Batch",
                key(NONE, Key::R),
            ),
            Self::ToggleTheme => (
                "Dark or light",
                "Switch between the dark and the light theme",
                "View",
                key(CTRL.plus(SHIFT), Key::L),
            ),
            Self::Settings => (
                "Settings…",
                "Output device, theme, spectrograms",
                "File",
                key(CTRL, Key::Comma),
            ),
            Self::InstallRuntime => (
                "Install ONNX Runtime",
                "Download what networks need to run, about 24 MB",
                "Models",
                None,
            ),
            Self::RescanModels => (
                "Look for models again",
                "Read the model folders again",
                "Models",
                key(NONE, Key::F5),
            ),
            Self::RetryOutput => (
                "Try the output again",
                "Open the sound output again",
                "Transport",
                None,
            ),
            Self::Palette => (
                "Commands…",
                "Find a command by name",
                "Help",
                key(CTRL, Key::K),
            ),
            Self::Help => (
                "Keys and gestures",
                "Show every key",
                "Help",
                key(NONE, Key::F1),
            ),
            Self::Quit => (
                "Quit",
                "Close the window; everything is kept",
                "File",
                key(CTRL, Key::Q),
            ),
        };
        Spec {
            name,
            tip,
            group,
            key,
        }
    }

    /// The tooltip: what it does, and its key.
    pub fn tooltip(self, ctx: &egui::Context) -> String {
        let spec = self.spec();
        match spec.key {
            Some(key) => format!("{} ({})", spec.tip, ctx.format_shortcut(&key)),
            None => spec.tip.to_owned(),
        }
    }
}

#[allow(clippy::unnecessary_wraps)] // the table reads better without Some around every key
fn key(modifiers: Modifiers, key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(modifiers, key))
}

/// The commands whose keys were pressed, most specific first; none while text is typed.
pub fn pressed(ctx: &egui::Context) -> Vec<Command> {
    let typing = ctx.text_edit_focused();
    let mut commands: Vec<(Command, KeyboardShortcut)> = Command::ALL
        .into_iter()
        .filter_map(|command| Some((command, command.spec().key?)))
        .collect();
    // Ctrl+Shift+Z also matches Ctrl+Z, so keys with more modifiers are asked first.
    commands.sort_by_key(|(_, key)| {
        let m = key.modifiers;
        std::cmp::Reverse(u8::from(m.command) + u8::from(m.shift) + u8::from(m.alt))
    });
    ctx.input_mut(|input| {
        commands
            .into_iter()
            .filter(|(_, key)| {
                !(typing
                    && (key.modifiers.is_none()
                        || key.modifiers.shift_only()
                        || key.conflicts_with_text_editing()))
            })
            .filter(|(_, key)| input.consume_shortcut(key))
            .map(|(command, _)| command)
            .collect()
    })
}
