//! The command line: typed words in, an exit code out.
//!
//! Exit codes: 0 all good, 2 something failed (the rest was still done), 130 cancelled. Errors go to
//! standard error as one line; `--json` prints one object per line on standard output.

mod batch;
mod batch_report;
mod batch_show;
mod codecs;
mod dataset;
mod dataset_compose;
mod dataset_excerpts;
mod dataset_features;
mod dataset_info;
mod dataset_multitrack;
mod dataset_notes;
mod dataset_pairs;
mod dataset_pairs_measure;
mod dataset_pairs_spec;
mod dataset_render;
mod dataset_speech_mix;
mod decode;
mod detect;
mod encode;
mod evaluate;
mod evaluate_methods;
mod evaluate_show;
#[cfg(feature = "train")]
mod export;
mod info;
mod listen;
#[cfg(feature = "train")]
mod lr_find;
mod models;
mod network_args;
mod oracle;
mod picture;
mod reconstruct;
mod runtime;
mod separate;
mod shared;
mod terminal;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
mod train_args;
#[cfg(feature = "train")]
mod train_list;
#[cfg(feature = "train")]
mod train_show;
mod transfer;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use terminal::Terminal;

/// Pull a song apart, re-voice its parts, hear the difference.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a command the window opens.
    #[command(subcommand)]
    command: Option<Command>,
    /// Files to open in the window.
    files: Vec<PathBuf>,
    /// Use this ONNX Runtime library and no other.
    #[arg(long, global = true, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window.
    Gui {
        /// Files to open.
        files: Vec<PathBuf>,
    },
    /// Tell what audio files are.
    Info(info::InfoArgs),
    /// Split songs into stems.
    Separate(Box<separate::SeparateArgs>),
    /// Make another sound of songs: another instrument, a cleaner voice.
    Transfer(Box<transfer::TransferArgs>),
    /// Tell when something is to be heard in songs.
    Detect(Box<detect::DetectArgs>),
    /// Split many songs by a recipe, overnight.
    Batch(Box<batch::BatchArgs>),
    /// Make sound of magnitudes again, by one phase method or many.
    Reconstruct(Box<reconstruct::ReconstructArgs>),
    /// Measure separations against the true stems, beside oracles, models and published scores.
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// Write the best that masks can do, with its scores.
    Oracle(Box<oracle::OracleArgs>),
    /// Match loudness, hear differences, score blind tests.
    Listen(listen::ListenArgs),
    /// Write audio as a picture that can become sound again.
    Encode(encode::EncodeArgs),
    /// Make sound of such a picture.
    Decode(decode::DecodeArgs),
    /// List the ways of writing audio as a picture, or measure them on a song.
    Codecs(codecs::CodecsArgs),
    /// Draw a spectrogram as PNG.
    Picture(picture::PictureArgs),
    /// Make what networks learn from: scores, renderings, stems.
    Dataset(dataset::DatasetArgs),
    /// Train a network by a recipe, or list the recipes.
    #[cfg(feature = "train")]
    Train(Box<train::TrainArgs>),
    /// Find the learning rate at which a recipe's loss falls steepest.
    #[cfg(feature = "train")]
    LrFind(Box<lr_find::LrFindArgs>),
    /// Write what a run has learned as a model that the other commands take.
    #[cfg(feature = "train")]
    Export(Box<export::ExportArgs>),
    /// List, show and check models.
    Models(models::ModelsArgs),
    /// Tell about ONNX Runtime, or install it.
    Runtime(runtime::RuntimeArgs),
}

/// What `main` does with the words: run a command, or open the window on these files.
pub enum Outcome {
    /// A command ran.
    Exit(ExitCode),
    /// The window is wanted.
    Window(Vec<PathBuf>),
}

/// Runs what was typed.
pub fn run(cli: Cli) -> Outcome {
    if let Some(path) = cli.onnxruntime {
        crate::model::set_library_path(path);
    }
    let code = match cli.command {
        None => return Outcome::Window(cli.files),
        Some(Command::Gui { files }) => return Outcome::Window(files),
        Some(Command::Info(args)) => info::run(&args),
        Some(Command::Separate(args)) => separate::run(&args),
        Some(Command::Transfer(args)) => transfer::run(&args),
        Some(Command::Detect(args)) => detect::run(&args),
        Some(Command::Batch(args)) => batch::run(&args),
        Some(Command::Reconstruct(args)) => reconstruct::run(&args),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Oracle(args)) => oracle::run(&args),
        Some(Command::Listen(args)) => listen::run(&args),
        Some(Command::Encode(args)) => encode::run(&args),
        Some(Command::Decode(args)) => decode::run(&args),
        Some(Command::Codecs(args)) => codecs::run(&args),
        Some(Command::Picture(args)) => picture::run(&args),
        Some(Command::Dataset(args)) => dataset::run(&args),
        #[cfg(feature = "train")]
        Some(Command::Train(args)) => train::run(&args),
        #[cfg(feature = "train")]
        Some(Command::LrFind(args)) => lr_find::run(&args),
        #[cfg(feature = "train")]
        Some(Command::Export(args)) => export::run(&args),
        Some(Command::Models(args)) => models::run(&args),
        Some(Command::Runtime(args)) => runtime::run(&args),
    };
    Outcome::Exit(code)
}
