//! `stemloom export`: what a run has learned as a model that the other commands take.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::apply::NetworkUse;
use crate::error::Result;
use crate::model::ModelCard;
use crate::train::{Checkpoint, ExportOptions, Exported, copy_to_shelf, export};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The run: what `stemloom train --out` made.
    run: PathBuf,
    /// The ONNX file. The plain weights go beside it, as NAME.safetensors.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which state: that of the best epoch, or the last one.
    #[arg(long, value_name = "best|last", default_value = "best", value_parser = parse_checkpoint)]
    checkpoint: Checkpoint,
    /// Leave batch normalisation as it is, rather than making it part of the convolutions.
    #[arg(long)]
    keep_norm: bool,
    /// The model's id: letters, digits, hyphens; unless given the file's name, or the run's if the
    /// file is called model.
    #[arg(long)]
    id: Option<String>,
    /// The model's name for people; the recipe's title unless given.
    #[arg(long)]
    name: Option<String>,
    /// Licence of the weights.
    #[arg(long)]
    license: Option<String>,
    /// Also put it on the shelf, where every command finds it by its id.
    #[arg(long)]
    to_shelf: bool,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

fn parse_checkpoint(text: &str) -> std::result::Result<Checkpoint, String> {
    match text {
        "best" => Ok(Checkpoint::Best),
        "last" => Ok(Checkpoint::Last),
        _ => Err("choose best or last".into()),
    }
}

pub(super) fn run(args: &ExportArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let options = ExportOptions {
        checkpoint: args.checkpoint,
        fold_norm: !args.keep_norm,
        overwrite: args.overwrite,
        id: args.id.clone(),
        name: args.name.clone(),
        license: args.license.clone(),
        ..ExportOptions::new(&args.out)
    };
    if let Err(error) = one(&args.run, &options, args.to_shelf, &terminal) {
        terminal.error(&error, &args.run.display().to_string());
    }
    terminal.exit_code()
}

/// Exports a run, tells of it, and puts it on the shelf if that is wanted.
pub(super) fn one(
    run: &Path,
    options: &ExportOptions,
    to_shelf: bool,
    terminal: &Terminal,
) -> Result<()> {
    let exported = export(run, options)?;
    let shelf = match to_shelf {
        true => Some(copy_to_shelf(&exported, options.overwrite)?),
        false => None,
    };
    let Exported {
        path,
        safetensors,
        card,
    } = &exported;
    let command = command(card);
    let object = json!({
        "event": "export", "run": run, "path": path, "safetensors": safetensors, "shelf": shelf,
        "id": card.id, "command": command, "card": card,
    });
    let mut text = format!(
        "{}: {} ({})\n  {}\n  {}",
        run.display(),
        card.name,
        card.training,
        path.display(),
        safetensors.display()
    );
    let model = match &shelf {
        Some(shelf) => {
            text.push_str(&format!("\n  on the shelf: {}", shelf.display()));
            card.id.clone()
        }
        None => path.display().to_string(),
    };
    text.push_str(&format!(
        "\n  use it: stemloom {command} SONG --model {model}"
    ));
    if card.tensor.style {
        text.push_str(" --style RECORDING");
    }
    terminal.result(&object, &text);
    Ok(())
}

/// The command that runs a model with this card.
fn command(card: &ModelCard) -> &'static str {
    let uses = [
        (NetworkUse::Transfer, "transfer"),
        (NetworkUse::Detect, "detect"),
    ];
    let found = uses.iter().find(|(used, _)| used.check(card).is_ok());
    found.map_or("separate", |(_, command)| *command)
}
