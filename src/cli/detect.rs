//! `stemloom detect`: when something is to be heard in songs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::network_args::DeviceArgs;
use super::shared::RegionArgs;
use super::{Terminal, terminal};
use crate::apply::{self, DetectOptions, Network, NetworkUse, detect, write_activity};
use crate::audio::decode;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct DetectArgs {
    /// Songs.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// A network that tells when something is to be heard: its id, or an ONNX file.
    #[arg(long, value_name = "ID|FILE")]
    model: String,
    /// Write every window, "secs,probability", to this file; of one song only.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Probability from which something counts as heard, 0 to 1.
    #[arg(long, value_name = "P", default_value_t = 0.5)]
    threshold: f32,
    #[command(flatten)]
    region: RegionArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Which audio track of the input, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// Replace a file of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &DetectArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    match load(args, &terminal) {
        Ok(mut network) => {
            for input in &args.inputs {
                let name = input.display().to_string();
                if let Err(error) = one(args, input, &mut network, &terminal) {
                    terminal.error(&error, &name);
                }
                if terminal.is_cancelled() {
                    break;
                }
            }
        }
        Err(error) => terminal.error(&error, &args.model),
    }
    terminal.exit_code()
}

/// The network, after what was typed was looked at.
fn load(args: &DetectArgs, terminal: &Terminal) -> Result<Network> {
    if let Some(path) = &args.csv {
        if args.inputs.len() > 1 {
            let problem = format!("{} songs cannot go into one table", args.inputs.len());
            return Err(Error::setting("--csv", problem));
        }
        if path.exists() && (!args.overwrite || path.is_dir()) {
            return Err(Error::Exists { path: path.clone() });
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
        }
    }
    let wanted = NetworkUse::Detect;
    args.device.network(wanted, &args.model, terminal)
}

fn one(args: &DetectArgs, input: &Path, network: &mut Network, terminal: &Terminal) -> Result<()> {
    let name = input.display().to_string();
    let reporter = terminal.reporter(&name);
    let options = DetectOptions {
        region: args.region.region(),
        threshold: args.threshold,
    };
    let (song, info) = decode(input, args.track, &reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    let found = detect(&song, network, &options, &reporter)?;
    let written = args
        .csv
        .as_ref()
        .map(|path| write_activity(path, &found.windows, args.overwrite));
    let path = args
        .csv
        .as_ref()
        .filter(|_| matches!(written, Some(Ok(()))));
    let model = apply::model_name(&args.model);
    let active: f64 = found
        .regions
        .iter()
        .map(|region| region.end_secs - region.start_secs)
        .sum();
    let object = json!({
        "event": "result", "input": name, "model": model, "device": found.device,
        "seconds": found.audio_secs, "seconds_taken": found.taken_secs,
        "active_seconds": active, "regions": found.regions, "windows": found.windows.len(),
        "path": path,
    });
    let mut text = format!(
        "{name}: {model} on {}, {} of audio in {:.1} s, {} stretches, {} in all",
        found.device,
        terminal::duration(found.audio_secs),
        found.taken_secs,
        found.regions.len(),
        terminal::duration(active)
    );
    for region in &found.regions {
        text.push_str(&format!(
            "\n  {:10.2} s to {:10.2} s",
            region.start_secs, region.end_secs
        ));
    }
    if let Some(path) = path {
        text.push_str(&format!("\n  {}", path.display()));
    }
    terminal.result(&object, &text);
    // What was found is shown, whether or not it could be written.
    written.unwrap_or(Ok(()))
}
