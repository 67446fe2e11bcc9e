//! What a person reads of each command, and its key.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{Command, Spec};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;

/// Names and keys of the takes.
const HEAR: [(&str, Key); 9] = [
    ("Hear take 1", Key::Num1),
    ("Hear take 2", Key::Num2),
    ("Hear take 3", Key::Num3),
    ("Hear take 4", Key::Num4),
    ("Hear take 5", Key::Num5),
    ("Hear take 6", Key::Num6),
    ("Hear take 7", Key::Num7),
    ("Hear take 8", Key::Num8),
    ("Hear take 9", Key::Num9),
];

impl Command {
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
            Self::Reconstruct => (
                "Reconstruct",
                "Make sound of the song's magnitudes by the chosen phase method",
                "Song",
                key(CTRL, Key::R),
            ),
            Self::Sweep => (
                "Reconstruct by every chosen method",
                "Queue a take for every method and number of iterations of the sweep",
                "Song",
                key(CTRL.plus(SHIFT), Key::R),
            ),
            Self::Transfer => (
                "Transfer",
                "Run the Transfer tool's network on the song, or the selection",
                "Song",
                None,
            ),
            Self::SeparateTool => (
                "Separate tool",
                "Show the Separate tool in the inspector",
                "View",
                key(Modifiers::ALT, Key::Num1),
            ),
            Self::ReconstructTool => (
                "Reconstruct tool",
                "Show the Reconstruct tool in the inspector",
                "View",
                key(Modifiers::ALT, Key::Num2),
            ),
            Self::TransferTool => (
                "Transfer tool",
                "Show the Transfer tool in the inspector",
                "View",
                key(Modifiers::ALT, Key::Num6),
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
            Self::Listen => (
                "Listen",
                "The song's takes at one loudness, and blind tests",
                "View",
                key(CTRL, Key::Num2),
            ),
            Self::Train => (
                "Train",
                "Songs and examples that networks learn from",
                "View",
                key(CTRL, Key::Num3),
            ),
            Self::Evaluate => (
                "Evaluate",
                "Methods of separation against the true stems",
                "View",
                key(CTRL, Key::Num4),
            ),
            Self::Batch => (
                "Batch",
                "Many songs by one recipe",
                "View",
                key(CTRL, Key::Num5),
            ),
            Self::Hear(n) => {
                let (name, at) = HEAR[usize::from(n.clamp(1, 9)) - 1];
                (
                    name,
                    "Switch to this row of the takes, or this slider of a ranking, without a gap",
                    "Listen",
                    key(NONE, at),
                )
            }
            Self::HearA => ("Hear A", "Switch to take A", "Listen", key(NONE, Key::A)),
            Self::HearB => ("Hear B", "Switch to take B", "Listen", key(NONE, Key::B)),
            Self::HearX => (
                "Hear X",
                "Switch to the unknown X of a blind test",
                "Listen",
                key(NONE, Key::X),
            ),
            Self::AnswerA => (
                "X is A",
                "Answer the trial of a blind test: X is A",
                "Listen",
                key(SHIFT, Key::A),
            ),
            Self::AnswerB => (
                "X is B",
                "Answer the trial of a blind test: X is B",
                "Listen",
                key(SHIFT, Key::B),
            ),
            Self::SetA => (
                "Use as A",
                "Make the take that is heard take A",
                "Listen",
                key(Modifiers::ALT, Key::A),
            ),
            Self::SetB => (
                "Use as B",
                "Make the take that is heard take B",
                "Listen",
                key(Modifiers::ALT, Key::B),
            ),
            Self::MatchLoudness => (
                "Match loudness",
                "Hear all takes equally loud (ITU-R BS.1770), or as they are",
                "Listen",
                key(NONE, Key::N),
            ),
            Self::Difference => (
                "A less B",
                "Make a take of what A has and B has not",
                "Listen",
                key(NONE, Key::D),
            ),
            Self::Abx => (
                "Blind ABX test",
                "Begin a test whether A and B can be told apart, or leave it",
                "Listen",
                key(NONE, Key::T),
            ),
            Self::Ranking => (
                "Blind ranking",
                "Begin to rate the ticked takes without their names, or leave it",
                "Listen",
                key(SHIFT, Key::T),
            ),
            Self::NextRound => (
                "End the round",
                "Keep the ratings of this round and begin the next",
                "Listen",
                key(CTRL.plus(SHIFT), Key::N),
            ),
            Self::OpenDataFolder => (
                "Open data folder…",
                "Choose a folder of songs or examples, and look through it",
                "Train",
                key(CTRL.plus(SHIFT), Key::D),
            ),
            Self::LookAgain => (
                "Look through the data folder again",
                "See what has changed in the data folder",
                "Train",
                key(CTRL, Key::F5),
            ),
            Self::LeaveOut => (
                "Leave song out",
                "Leave the chosen song out of what networks learn from, or take it in again",
                "Train",
                key(CTRL, Key::L),
            ),
            Self::OpenDataSong => (
                "Open song in the workbench",
                "Open the mixture of the chosen song, and its stems as lanes",
                "Train",
                key(CTRL.plus(SHIFT), Key::E),
            ),
            Self::ReferencesFolder => (
                "True stems folder…",
                "Choose a folder of songs with their true stems",
                "Evaluate",
                key(CTRL.plus(SHIFT), Key::T),
            ),
            Self::Measure => (
                "Measure",
                "Measure the methods of the form against the true stems",
                "Evaluate",
                key(CTRL, Key::M),
            ),
            Self::CancelMeasuring => (
                "Cancel measuring",
                "Stop measuring; the scores so far stay",
                "Evaluate",
                key(CTRL.plus(SHIFT), Key::M),
            ),
            Self::NextMeasure => (
                "Next measure",
                "Show the next measure in tables and plot",
                "Evaluate",
                key(NONE, Key::F8),
            ),
            Self::CompareMethods => (
                "Compare two methods",
                "Differences of the two chosen methods, with their intervals",
                "Evaluate",
                key(CTRL, Key::D),
            ),
            Self::WriteScores => (
                "Write the scores",
                "Write CSV, JSON and box plot wherever the form names a place",
                "Evaluate",
                key(CTRL.plus(SHIFT), Key::S),
            ),
            Self::ShowSdr => (
                "Show SDR",
                "Show or hide how close each lane comes to its true stem",
                "Lanes",
                key(NONE, Key::F6),
            ),
            Self::TrueStems => (
                "True stems of the song…",
                "Choose the folder of the open song's true stems",
                "Lanes",
                key(CTRL, Key::T),
            ),
            Self::WorstSecond => (
                "Worst second",
                "Hear the second in which the chosen lane is furthest from its true stem",
                "Lanes",
                key(NONE, Key::F7),
            ),
            Self::DataSection => (
                "Data of the training",
                "Show the songs and examples that networks learn from",
                "Train",
                key(Modifiers::ALT, Key::Num3),
            ),
            Self::RecipeSection => (
                "Recipe of the training",
                "Show the network and how it learns",
                "Train",
                key(Modifiers::ALT, Key::Num4),
            ),
            Self::RunsSection => (
                "Runs",
                "Show curves, previews and networks of trainings",
                "Train",
                key(Modifiers::ALT, Key::Num5),
            ),
            Self::StartTraining => (
                "Start training",
                "Train the recipe's network on the data folder",
                "Train",
                key(CTRL, Key::G),
            ),
            Self::PauseTraining => (
                "Pause training",
                "Let the training stand still, or go on",
                "Train",
                key(CTRL.plus(SHIFT), Key::P),
            ),
            Self::StopTraining => (
                "Stop training",
                "Save the training's state and end it; it can be resumed",
                "Train",
                key(CTRL.plus(SHIFT), Key::G),
            ),
            Self::FindLearningRate => (
                "Find learning rate",
                "Try rising learning rates and see where the loss falls steepest",
                "Train",
                key(CTRL.plus(SHIFT), Key::F),
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
}

#[allow(clippy::unnecessary_wraps)] // the table reads better without Some around every key
fn key(modifiers: Modifiers, key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(modifiers, key))
}
