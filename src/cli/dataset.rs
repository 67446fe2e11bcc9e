//! `stemloom dataset`: from MIDI, instruments and stems to what networks learn from.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{
    dataset_compose, dataset_excerpts, dataset_features, dataset_info, dataset_multitrack,
    dataset_notes, dataset_pairs, dataset_render, dataset_speech_mix,
};

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
    /// Make pictures for networks from folders of audio.
    Features(dataset_features::FeaturesArgs),
    /// Cut short spectra of songs with masks, as arrays.
    Excerpts(Box<dataset_excerpts::ExcerptsArgs>),
    /// Examples for networks: tell what they are, store them, or measure how fast they come.
    Pairs(Box<dataset_pairs::PairsArgs>),
    /// Tell what a folder of examples holds, and whether its splits share songs.
    Info(dataset_info::InfoArgs),
    /// Look through songs with their parts, and cut pairs of mixture and part.
    Multitrack(Box<dataset_multitrack::MultitrackArgs>),
    /// Put music under recordings of speech, in pairs with and without.
    SpeechMix(Box<dataset_speech_mix::SpeechMixArgs>),
}

pub(super) fn run(args: &DatasetArgs) -> ExitCode {
    match &args.command {
        DatasetCommand::Notes(args) => dataset_notes::run(args),
        DatasetCommand::Compose(args) => dataset_compose::run(args),
        DatasetCommand::Render(args) => dataset_render::run(args),
        DatasetCommand::Features(args) => dataset_features::run(args),
        DatasetCommand::Excerpts(args) => dataset_excerpts::run(args),
        DatasetCommand::Pairs(args) => dataset_pairs::run(args),
        DatasetCommand::Info(args) => dataset_info::run(args),
        DatasetCommand::Multitrack(args) => dataset_multitrack::run(args),
        DatasetCommand::SpeechMix(args) => dataset_speech_mix::run(args),
    }
}
