//! Everything a person can ask for, in one table: it feeds the menu, the palette, tooltips,
//! shortcuts and the help page.

mod keys;
mod table;

use egui::KeyboardShortcut;

pub use keys::pressed;

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
    /// Make sound of the song's magnitudes.
    Reconstruct,
    /// Do so with every chosen method and number of iterations.
    Sweep,
    /// Run the Transfer tool's network.
    Transfer,
    /// The Separate tool in the inspector.
    SeparateTool,
    /// The Reconstruct tool in the inspector.
    ReconstructTool,
    /// The Transfer tool in the inspector.
    TransferTool,
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
    /// The workspace of takes, by ear.
    Listen,
    /// The workspace of what networks learn from.
    Train,
    /// The workspace of methods against the true stems.
    Evaluate,
    /// The workspace of many songs.
    Batch,
    /// Hear a take of the Listen workspace, 1–9; in a blind ranking, a slider's.
    Hear(u8),
    /// Hear take A.
    HearA,
    /// Hear take B.
    HearB,
    /// Hear the unknown X of a blind test.
    HearX,
    /// X is A.
    AnswerA,
    /// X is B.
    AnswerB,
    /// Take A is the one that is heard.
    SetA,
    /// Take B is the one that is heard.
    SetB,
    /// Equal loudness on or off.
    MatchLoudness,
    /// Make a take of A less B.
    Difference,
    /// Begin a blind ABX test, or leave it.
    Abx,
    /// Begin a blind ranking, or leave it.
    Ranking,
    /// The next round of a ranking.
    NextRound,
    /// Choose a folder of songs or examples to look through.
    OpenDataFolder,
    /// Look through it once more.
    LookAgain,
    /// Leave the chosen song of it out, or take it in again.
    LeaveOut,
    /// Open the chosen song of it in the Workbench.
    OpenDataSong,
    /// Choose a folder of songs with true stems.
    ReferencesFolder,
    /// Measure methods against true stems.
    Measure,
    /// Give that up.
    CancelMeasuring,
    /// The next measure in the tables.
    NextMeasure,
    /// Compare two methods.
    CompareMethods,
    /// Write scores wherever a place is given.
    WriteScores,
    /// The SDR of lanes, shown or not.
    ShowSdr,
    /// Choose the true stems of the open song.
    TrueStems,
    /// Hear the worst second of the chosen lane.
    WorstSecond,
    /// The section of the data.
    DataSection,
    /// The section of the recipe.
    RecipeSection,
    /// The section of the runs.
    RunsSection,
    /// Train by the recipe.
    StartTraining,
    /// Let the training stand still, or go on.
    PauseTraining,
    /// Save the training and end it.
    StopTraining,
    /// Try learning rates.
    FindLearningRate,
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

impl Command {
    /// All of them.
    pub const ALL: [Self; 99] = [
        Self::Open,
        Self::OpenExample,
        Self::CloseSong,
        Self::Separate,
        Self::Preview,
        Self::Reconstruct,
        Self::Sweep,
        Self::Transfer,
        Self::SeparateTool,
        Self::ReconstructTool,
        Self::TransferTool,
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
        Self::Listen,
        Self::Train,
        Self::Evaluate,
        Self::Batch,
        Self::Hear(1),
        Self::Hear(2),
        Self::Hear(3),
        Self::Hear(4),
        Self::Hear(5),
        Self::Hear(6),
        Self::Hear(7),
        Self::Hear(8),
        Self::Hear(9),
        Self::HearA,
        Self::HearB,
        Self::HearX,
        Self::AnswerA,
        Self::AnswerB,
        Self::SetA,
        Self::SetB,
        Self::MatchLoudness,
        Self::Difference,
        Self::Abx,
        Self::Ranking,
        Self::NextRound,
        Self::OpenDataFolder,
        Self::LookAgain,
        Self::LeaveOut,
        Self::OpenDataSong,
        Self::DataSection,
        Self::RecipeSection,
        Self::RunsSection,
        Self::StartTraining,
        Self::PauseTraining,
        Self::StopTraining,
        Self::FindLearningRate,
        Self::ReferencesFolder,
        Self::Measure,
        Self::CancelMeasuring,
        Self::NextMeasure,
        Self::CompareMethods,
        Self::WriteScores,
        Self::ShowSdr,
        Self::TrueStems,
        Self::WorstSecond,
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

    /// Whether its key does it again while it is held down.
    fn may_repeat(self) -> bool {
        matches!(
            self,
            Self::StepBack
                | Self::StepForward
                | Self::ZoomIn
                | Self::ZoomOut
                | Self::LaneUp
                | Self::LaneDown
                | Self::QueueUp
                | Self::QueueDown
                | Self::Undo
                | Self::Redo
        )
    }

    /// Whether it belongs to the Listen workspace, where single letters are keys.
    pub fn is_of_listening(self) -> bool {
        self.spec().group == "Listen"
    }

    /// The tooltip: what it does, and its key.
    pub fn tooltip(self, ctx: &egui::Context) -> String {
        let spec = self.spec();
        let key = match self {
            // Its button is there while the tool is shown, and then Separate's key runs it.
            Self::Transfer => Self::Separate.spec().key,
            _ => spec.key,
        };
        match key {
            Some(key) => format!("{} ({})", spec.tip, ctx.format_shortcut(&key)),
            None => spec.tip.to_owned(),
        }
    }
}
