//! `stemloom transfer`: songs in another voice.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use serde_json::json;

use super::network_args::{DeviceArgs, FilesArgs};
use super::shared::RegionArgs;
use super::{Terminal, terminal};
use crate::apply::{
    self, LevelRule, Network, NetworkUse, PeakRule, TransferOptions, export_clips, transfer,
};
use crate::audio::{Clip, Decoder, Source as _, decode};
use crate::error::{Error, Result};
use crate::model::{CardChannels, ModelCard};
use crate::phase::{PhaseMethod, PhaseSpec};
use crate::progress::Reporter;
use crate::spectral::DroppedBins;

/// Where phases come from, as typed.
#[derive(Debug, Clone, Copy)]
enum PhaseChoice {
    Predicted,
    Method(PhaseMethod),
}

impl FromStr for PhaseChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text == "predicted" {
            return Ok(Self::Predicted);
        }
        let method = text.parse().map(Self::Method);
        method.map_err(|problem: String| format!("{problem}, predicted"))
    }
}

#[derive(Debug, Args)]
pub(super) struct TransferArgs {
    /// Songs.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// A network that makes another sound of a song: its id, or an ONNX file.
    #[arg(long, value_name = "ID|FILE")]
    model: String,
    /// input, zero, random, griffin-lim, fast-griffin-lim, pghi, pghi+griffin-lim, or predicted for
    /// networks that answer phases; as the model's card says unless given.
    #[arg(long, value_name = "METHOD")]
    phase: Option<PhaseChoice>,
    /// Iterations of the phase methods that have any; as the model's card says unless given.
    #[arg(long, value_name = "N")]
    iterations: Option<usize>,
    /// A recording that sounds as the result should, for networks that imitate one.
    #[arg(long, value_name = "FILE")]
    style: Option<PathBuf>,
    /// Where in it, in seconds; its loudest stretch unless given.
    #[arg(
        long,
        value_name = "S",
        requires = "style",
        allow_negative_numbers = true
    )]
    style_at: Option<f64>,
    /// How loud the result is: match (as the song), peak (full scale) or none (as the network answers).
    #[arg(long, value_name = "RULE", default_value = "match")]
    level: LevelRule,
    /// Share of a slice that lies in the next one, 0 to 0.9: more is smoother and slower.
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    overlap: f64,
    /// What stands in bins that are not in the picture: zero or input; as the model's card says
    /// unless given.
    #[arg(long, value_name = "BINS")]
    dropped_bins: Option<DroppedBins>,
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    region: RegionArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TransferArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    match load(args, &terminal) {
        Ok((mut network, options)) => {
            for input in &args.inputs {
                let name = input.display().to_string();
                if let Err(error) = one(args, input, (&mut network, &options), &terminal) {
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

/// The network and everything that is the same for all songs.
fn load(args: &TransferArgs, terminal: &Terminal) -> Result<(Network, TransferOptions)> {
    let wanted = NetworkUse::Transfer;
    let network = args.device.network(wanted, &args.model, terminal)?;
    let style = match &args.style {
        Some(path) => {
            let reporter = terminal.reporter(&path.display().to_string());
            Some(read(path, None, &reporter)?)
        }
        None => None,
    };
    let options = TransferOptions {
        region: args.region.region(),
        phase: phase(args, network.card())?,
        style,
        style_secs: args.style_at,
        level: args.level,
        overlap: args.overlap,
        dropped: args.dropped_bins,
        ..TransferOptions::default()
    };
    Ok((network, options))
}

/// What was typed of phases; `None` leaves all to the card.
fn phase(args: &TransferArgs, card: &ModelCard) -> Result<Option<PhaseSpec>> {
    let has_phase = card.tensor.output_channels.has_phase();
    let method = match (args.phase, args.iterations) {
        (None, None) => return Ok(None),
        (Some(PhaseChoice::Predicted), _) if !has_phase => {
            let problem = format!("{} answers no phases; choose another method", card.id);
            return Err(Error::setting("--phase", problem));
        }
        (Some(PhaseChoice::Predicted), None) => return Ok(None),
        (Some(PhaseChoice::Predicted), Some(_)) | (None, Some(_)) if has_phase => {
            let problem = "the network's own phases need none; leave it out, or choose a --phase";
            return Err(Error::setting("--iterations", problem));
        }
        (Some(PhaseChoice::Method(method)), _) => method,
        (_, _) => card
            .output
            .phase
            .parse::<PhaseMethod>()
            .map_err(|problem| Error::setting("--phase", problem))?,
    };
    Ok(Some(PhaseSpec {
        iterations: args.iterations.unwrap_or(card.output.phase_iterations),
        ..PhaseSpec::new(method)
    }))
}

fn read(path: &Path, track: Option<usize>, reporter: &Reporter) -> Result<Clip> {
    let (clip, info) = decode(path, track, reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    Ok(clip)
}

fn one(
    args: &TransferArgs,
    input: &Path,
    (network, options): (&mut Network, &TransferOptions),
    terminal: &Terminal,
) -> Result<()> {
    let input_name = input.display().to_string();
    let reporter = terminal.reporter(&input_name);
    let model = apply::model_name(&args.model);
    let stem = network.card().stems.first().cloned().unwrap_or_default();
    let mono = network.card().audio.channels == CardChannels::Mono;
    // Everything that can be wrong is looked at before the song is read.
    let decoder = Decoder::open(input, args.files.track)?;
    let how = (None, PeakRule::Keep);
    let files = args
        .files
        .of((input, &decoder), &model, options.region, how)?;
    let channels = if mono { 1 } else { decoder.channels() };
    files.check(std::slice::from_ref(&stem), &decoder, channels)?;
    drop(decoder);
    let song = read(input, args.files.track, &reporter)?;
    let done = transfer(&song, network, options, &reporter)?;
    let (seconds, taken) = (done.clip.seconds(), done.taken_secs);
    let clips = [(stem, done.clip)];
    let (written, _) = export_clips(&clips, &files.song, &files.export, &reporter)?;
    let picture = files.finish(&written, &reporter)?;
    let path = written.first().map(|file| &file.path);
    let object = json!({
        "event": "result", "input": input_name, "model": model, "device": done.device,
        "seconds": seconds, "seconds_taken": taken, "path": path, "stems": written,
        "peak": done.peak, "phase": done.phase, "level_change_db": done.level_change_db,
        "convergence_db": done.convergence_db, "picture": picture,
    });
    let mut text = format!(
        "{input_name}: {model} on {}, {} of audio in {taken:.1} s, phase {}, level {:+.1} dB",
        done.device,
        terminal::duration(seconds),
        done.phase,
        done.level_change_db
    );
    for file in &written {
        text.push_str(&format!("\n  {}: {}", file.name, file.path.display()));
    }
    if let Some(picture) = picture {
        text.push_str(&format!("\n  picture: {}", picture.display()));
    }
    terminal.result(&object, &text);
    Ok(())
}
