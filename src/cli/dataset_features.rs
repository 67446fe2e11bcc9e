//! `stemloom dataset features`: pictures for networks, from folders of audio.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::dataset::{FeatureKind, FeatureOptions, find_features, write_features};
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {
    /// A folder with a sub-folder of audio per instrument, as `dataset render` writes it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The destination: INSTRUMENT/PIECE_NNN.npy and features.toml in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// timbre (256 bins x 256 columns, -1 to 1), mel-512 (512 bands x 640 columns, power) or mel-80
    /// (80 bands of the whole piece, natural logarithm).
    #[arg(long, default_value = "timbre")]
    kind: FeatureKind,
    /// Make slices anew that are there; without it whole ones are kept.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &FeaturesArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.folder.display().to_string();
    if let Err(error) = all(args, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn all(args: &FeaturesArgs, terminal: &Terminal, name: &str) -> Result<()> {
    let inputs = find_features(&args.folder)?;
    let options = FeatureOptions {
        out: args.out.clone(),
        kind: args.kind,
        overwrite: args.overwrite,
    };
    let reporter = terminal.reporter(name);
    let manifest = write_features(
        &inputs,
        &options,
        &|input, made| match made {
            Ok(made) => {
                let object = json!({
                    "event": "file", "input": input.path, "instrument": input.instrument,
                    "written": made.written, "kept": made.kept, "seconds": made.seconds,
                });
                terminal.event(&object, None);
            }
            Err(error) => terminal.error(error, &input.path.display().to_string()),
        },
        &reporter,
    )?;
    let object = json!({
        "event": "result", "input": name, "out": args.out, "kind": manifest.kind,
        "slices": manifest.slices, "instruments": manifest.instruments,
    });
    let text = format!(
        "{} slices of {} instruments ({}): {}",
        manifest.slices,
        manifest.instruments.len(),
        manifest.kind.name(),
        args.out.display()
    );
    terminal.result(&object, &text);
    Ok(())
}
