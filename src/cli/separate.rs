//! `stemloom separate`: songs to stem files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::network_args::{DeviceArgs, FilesArgs};
use super::shared::RegionArgs;
use super::{Terminal, terminal};
use crate::apply::{self, FileSink, Params, PeakRule, PostProcess, SeparateOptions, Separator};
use crate::audio::{Decoder, Source as _};
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct SeparateArgs {
    /// Songs.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// A model's id (hpss, repet-sim, centre are always there) or an ONNX file.
    #[arg(long, value_name = "ID|FILE")]
    model: String,
    #[command(flatten)]
    files: FilesArgs,
    /// Stems to write, separated by commas; all of them unless given.
    #[arg(long, value_delimiter = ',')]
    stems: Option<Vec<String>>,
    /// Also write what the chosen stems leave of the song, as "rest".
    #[arg(long)]
    rest: bool,
    #[command(flatten)]
    region: RegionArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// A model's setting; may be repeated. `stemloom models show ID` lists them.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    params: Vec<(String, f64)>,
    /// Refine the stems by a multichannel Wiener filter.
    #[arg(long)]
    wiener: bool,
    /// Move clicks out of the pitched stems by a median filter.
    #[arg(long)]
    median: bool,
    /// Sample rate of the files in hertz; the song's own unless given.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Peaks over full scale in whole-number formats: keep (hold and tell) or lower (all stems together).
    #[arg(long, default_value = "keep", value_parser = parse_peaks)]
    peaks: PeakRule,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn parse_param(text: &str) -> std::result::Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = value
        .parse()
        .map_err(|_unreadable| format!("{value:?} is no number"))?;
    Ok((name.to_owned(), value))
}

pub(super) fn parse_peaks(text: &str) -> std::result::Result<PeakRule, String> {
    match text {
        "keep" => Ok(PeakRule::Keep),
        "lower" => Ok(PeakRule::Lower),
        _ => Err("choose keep or lower".into()),
    }
}

pub(super) fn run(args: &SeparateArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    match load(args, &terminal) {
        Ok(mut separator) => {
            for input in &args.inputs {
                let name = input.display().to_string();
                if let Err(error) = one(args, input, separator.as_mut(), &terminal) {
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

/// The separator that the words name, loaded once for all songs.
fn load(args: &SeparateArgs, terminal: &Terminal) -> Result<Box<dyn Separator>> {
    let params = Params(args.params.iter().cloned().collect());
    if apply::is_weight_free(&args.model) {
        return apply::open_weight_free(&args.model, &params, &args.device.device);
    }
    let network = args.device.separator(&args.model, &params, terminal)?;
    Ok(Box::new(network))
}

fn one(
    args: &SeparateArgs,
    input: &Path,
    separator: &mut dyn Separator,
    terminal: &Terminal,
) -> Result<()> {
    let input_name = input.display().to_string();
    let reporter = terminal.reporter(&input_name);
    let mut decoder = Decoder::open(input, args.files.track)?;
    let model = apply::model_name(&args.model);
    let region = args.region.region();
    let how = (args.rate, args.peaks);
    let files = args.files.of((input, &decoder), &model, region, how)?;
    let options = SeparateOptions {
        region,
        stems: args.stems.clone(),
        rest: args.rest,
        post: [
            (args.wiener, PostProcess::Wiener),
            (args.median, PostProcess::Median),
        ]
        .into_iter()
        .filter_map(|(wanted, post)| wanted.then_some(post))
        .collect(),
    };
    let names = apply::stem_names(separator, &options)?;
    files.check(&names, &decoder, decoder.channels())?;
    let mut sink = FileSink::new(files.export.clone(), files.song.clone());
    let done = apply::separate(&mut decoder, separator, &options, &mut sink, &reporter)?;
    let (written, gain) = sink.finish(&reporter)?;
    let picture = files.finish(&written, &reporter)?;
    if gain < 1.0 {
        reporter.warn(format!(
            "all stems were lowered by {:.2} dB to fit",
            -20.0 * gain.log10()
        ));
    }
    let object = json!({
        "event": "result", "input": input_name, "model": model, "device": done.device,
        "seconds": done.audio_secs, "seconds_taken": done.taken_secs,
        "stems": written, "residual_db": done.residual_db,
        "gain_db": 20.0 * gain.log10(),
        "picture": picture,
    });
    let mut text = format!(
        "{input_name}: {} on {}, {} of audio in {:.1} s, residual {:.1} dB",
        model,
        done.device,
        terminal::duration(done.audio_secs),
        done.taken_secs,
        done.residual_db
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
