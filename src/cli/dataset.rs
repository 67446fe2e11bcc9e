//! `stemloom dataset`: from MIDI, instruments and stems to what networks learn from.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{dataset_compose, dataset_multitrack, dataset_notes, dataset_render};

#[derive(Debug, Args)]
pub(super) struct DatasetArgs {
    #[command(subcommand)]
    command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
enum DatasetCommand {
    /// List the notes of MIDI files.
    Notes(dataset_notes::NotesArgs),
    /// Compose pieces from a seed, as MIDI files.
    Compose(dataset_compose::ComposeArgs),
    /// Play MIDI files with instruments made of samples, to audio files.
    Render(Box<dataset_render::RenderArgs>),
    /// Look through songs with their parts, and cut pairs of mixture and part.
    Multitrack(Box<dataset_multitrack::MultitrackArgs>),
}

pub(super) fn run(args: &DatasetArgs) -> ExitCode {
    match &args.command {
        DatasetCommand::Notes(args) => dataset_notes::run(args),
        DatasetCommand::Compose(args) => dataset_compose::run(args),
        DatasetCommand::Render(args) => dataset_render::run(args),
        DatasetCommand::Multitrack(args) => dataset_multitrack::run(args),
    }
}
