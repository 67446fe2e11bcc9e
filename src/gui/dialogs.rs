//! The system's file dialogs, each on a thread of its own: they block for as long as a person
//! thinks.

use std::path::PathBuf;

use crossbeam_channel::Sender;

use super::evaluate::{EvaluatePick, Output};
use super::jobs::JobEvent;
use super::train::DataPick;
#[cfg(feature = "train")]
use super::train::LearnPick;
use super::transfer::TransferPick;
use crate::audio::SUPPORTED_EXTENSIONS;
use crate::session::Id;

/// What a dialog was closed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Files to open; none if it was cancelled.
    Files(Vec<PathBuf>),
    /// The export folder; none if it was cancelled or there is no dialog.
    Folder(Option<PathBuf>),
    /// The destination of a batch.
    BatchOut(Option<PathBuf>),
    /// A folder of songs for a batch.
    SongsFolder(Option<PathBuf>),
    /// A folder or file of the Train workspace.
    Data(DataPick, Option<PathBuf>),
    /// A folder or file of the Evaluate workspace.
    Scores(EvaluatePick, Option<PathBuf>),
    /// The folder of a song's true stems.
    Truth(Id, Option<PathBuf>),
    /// A file of the Transfer tool.
    Transfer(TransferPick, Option<PathBuf>),
    /// The file for a table.
    Csv(CsvOf, Option<PathBuf>),
    /// The file for a picture of what is compared.
    Picture(Option<PathBuf>),
}

/// What a CSV file is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvOf {
    /// The takes of the song.
    Takes,
    /// A listening test's answers.
    Result(usize),
}

/// Asks for audio files.
pub fn pick_files(outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-files", move || {
        let others = ["onnx", "png", "bmp", "tif", "tiff"];
        let extensions: Vec<&str> = SUPPORTED_EXTENSIONS.into_iter().chain(others).collect();
        let files = rfd::FileDialog::new()
            .set_title("Open")
            .add_filter("Audio, pictures of sound and models", &extensions)
            .pick_files();
        outbox
            .send(JobEvent::Picked(Picked::Files(files.unwrap_or_default())))
            .ok();
        ctx.request_repaint();
    });
}

/// Asks for a folder.
pub fn pick_folder(start: PathBuf, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-folder", move || {
        let folder = rfd::FileDialog::new()
            .set_title("Export to")
            .set_directory(start)
            .pick_folder();
        outbox.send(JobEvent::Picked(Picked::Folder(folder))).ok();
        ctx.request_repaint();
    });
}

/// Asks for the destination of a batch.
pub fn pick_batch_out(start: PathBuf, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-batch-out", move || {
        let dialog = rfd::FileDialog::new().set_title("Destination");
        let folder = dialog.set_directory(start).pick_folder();
        outbox.send(JobEvent::Picked(Picked::BatchOut(folder))).ok();
        ctx.request_repaint();
    });
}

/// Asks for a folder of songs.
pub fn pick_songs_folder(outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-songs", move || {
        let folder = rfd::FileDialog::new()
            .set_title("Add a folder")
            .pick_folder();
        outbox
            .send(JobEvent::Picked(Picked::SongsFolder(folder)))
            .ok();
        ctx.request_repaint();
    });
}

/// Asks for a folder or file of the Train workspace.
pub fn pick_data(of: DataPick, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-data", move || {
        let dialog = rfd::FileDialog::new();
        let path = match of {
            DataPick::Folder => dialog.set_title("Data folder").pick_folder(),
            DataPick::Midi => dialog.set_title("MIDI folder").pick_folder(),
            DataPick::Out => dialog.set_title("Rendered folder").pick_folder(),
            DataPick::Make(of) => dialog.set_title(of.title()).pick_folder(),
            DataPick::Samples(_) => dialog.set_title("Folder of samples").pick_folder(),
            DataPick::SoundFont(_) => dialog
                .set_title("SoundFont")
                .add_filter("SoundFont", &["sf2", "SF2"])
                .pick_file(),
            #[cfg(feature = "train")]
            DataPick::Learn(of) => pick_learn(of, dialog),
        };
        outbox.send(JobEvent::Picked(Picked::Data(of, path))).ok();
        ctx.request_repaint();
    });
}

/// Asks for a folder or file of the Evaluate workspace.
pub fn pick_evaluate(pick: EvaluatePick, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-scores", move || {
        let dialog = rfd::FileDialog::new();
        let path = match pick {
            EvaluatePick::References | EvaluatePick::Truth => {
                dialog.set_title("True stems").pick_folder()
            }
            EvaluatePick::Row(_) => dialog.set_title("Folder of the method").pick_folder(),
            EvaluatePick::Out(Output::Json) => dialog.set_title("JSON folder").pick_folder(),
            EvaluatePick::Out(Output::Csv) => dialog
                .set_title("CSV file")
                .add_filter("CSV", &["csv"])
                .save_file(),
            EvaluatePick::Out(Output::Png) => dialog
                .set_title("Box plot")
                .add_filter("PNG", &["png"])
                .save_file(),
        };
        outbox
            .send(JobEvent::Picked(Picked::Scores(pick, path)))
            .ok();
        ctx.request_repaint();
    });
}

/// Asks for the folder of a song's true stems.
pub fn pick_truth(song: Id, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-truth", move || {
        let dialog = rfd::FileDialog::new().set_title("True stems of the song");
        let folder = dialog.pick_folder();
        outbox
            .send(JobEvent::Picked(Picked::Truth(song, folder)))
            .ok();
        ctx.request_repaint();
    });
}

/// Asks for a file of the Transfer tool.
pub fn pick_transfer(pick: TransferPick, outbox: Sender<JobEvent>, ctx: egui::Context) {
    show("pick-transfer", move || {
        let dialog = rfd::FileDialog::new();
        let path = match pick {
            TransferPick::Model => dialog
                .set_title("Open an ONNX file")
                .add_filter("ONNX", &["onnx"])
                .pick_file(),
            TransferPick::Style => dialog
                .set_title("Style")
                .add_filter("Audio", &SUPPORTED_EXTENSIONS)
                .pick_file(),
            TransferPick::Csv(_) => dialog
                .set_title("Save table")
                .set_file_name("activity.csv")
                .add_filter("CSV", &["csv"])
                .save_file(),
        };
        outbox
            .send(JobEvent::Picked(Picked::Transfer(pick, path)))
            .ok();
        ctx.request_repaint();
    });
}

#[cfg(feature = "train")]
fn pick_learn(of: LearnPick, dialog: rfd::FileDialog) -> Option<PathBuf> {
    match of {
        LearnPick::Recipe => dialog
            .set_title("Training recipe")
            .add_filter("Recipe", &["toml"])
            .pick_file(),
        LearnPick::Out => dialog.set_title("Folder of the run").pick_folder(),
        LearnPick::Run => dialog.set_title("A run's folder").pick_folder(),
        LearnPick::Weights => dialog
            .set_title("Weights to begin with")
            .add_filter("Weights", &["safetensors"])
            .pick_file(),
        LearnPick::Model => dialog
            .set_title("Export the network")
            .set_file_name("model.onnx")
            .add_filter("ONNX", &["onnx"])
            .save_file(),
        LearnPick::SaveRecipe => dialog
            .set_title("Save the recipe")
            .set_file_name("recipe.toml")
            .add_filter("Recipe", &["toml"])
            .save_file(),
    }
}

/// Asks for a CSV file; the dialog itself asks before a file is replaced.
pub fn save_csv(of: CsvOf, place: Place, outbox: Sender<JobEvent>, ctx: egui::Context) {
    save(
        "Save table",
        ("CSV", "csv"),
        place,
        outbox,
        ctx,
        move |file| Picked::Csv(of, file),
    );
}

/// Asks for a PNG file; the dialog itself asks before a file is replaced.
pub fn save_picture(place: Place, outbox: Sender<JobEvent>, ctx: egui::Context) {
    save(
        "Save picture",
        ("PNG", "png"),
        place,
        outbox,
        ctx,
        Picked::Picture,
    );
}

/// The folder where a dialog begins, and the name it proposes.
pub type Place = (PathBuf, String);

fn save(
    title: &'static str,
    (kind, ending): (&'static str, &'static str),
    (folder, name): Place,
    outbox: Sender<JobEvent>,
    ctx: egui::Context,
    picked: impl FnOnce(Option<PathBuf>) -> Picked + Send + 'static,
) {
    show("save-file", move || {
        let dialog = rfd::FileDialog::new()
            .set_title(title)
            .set_directory(folder)
            .set_file_name(name)
            .add_filter(kind, &[ending]);
        outbox
            .send(JobEvent::Picked(picked(dialog.save_file())))
            .ok();
        ctx.request_repaint();
    });
}

fn show(name: &str, dialog: impl FnOnce() + Send + 'static) {
    // Without a thread there is no dialog; a typed path does the same.
    std::thread::Builder::new()
        .name(name.into())
        .spawn(dialog)
        .ok();
}
