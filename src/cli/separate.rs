//! `stemloom separate`: songs to stem files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::shared::RegionArgs;
use super::{Terminal, terminal};
use crate::apply::{
    self, ExportOptions, FileSink, Params, PeakRule, PostProcess, Region, SeparateOptions,
    Separator, peak_warnings, song_name,
};
use crate::audio::{AudioFormat, Decoder, Source as _};
use crate::batch::draw_result;
use crate::error::{Error, Result};
use crate::model::Device;

#[derive(Debug, Args)]
pub(super) struct SeparateArgs {
    /// Songs.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// A model's id (hpss, repet-sim, centre are always there) or an ONNX file.
    #[arg(long, value_name = "ID|FILE")]
    model: String,
    /// Where the stems go.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Stems to write, separated by commas; all of them unless given.
    #[arg(long, value_delimiter = ',')]
    stems: Option<Vec<String>>,
    /// Also write what the chosen stems leave of the song, as "rest".
    #[arg(long)]
    rest: bool,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    /// File name without ending: {name} {title} {artist} {stem} {model}.
    #[arg(long, value_name = "PATTERN", default_value = "{name} ({stem})")]
    name: String,
    #[command(flatten)]
    region: RegionArgs,
    /// auto, cpu, cuda[:N], tensorrt[:N], coreml, directml[:N].
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Processor threads for the network; 0 lets ONNX Runtime choose.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// A model's setting; may be repeated. `stemloom models show ID` lists them.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    params: Vec<(String, f64)>,
    /// Write a picture of mixture, masks and stems beside them.
    #[arg(long)]
    pictures: bool,
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
    /// Which audio track of the input, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
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
        return apply::open_weight_free(&args.model, &params, &args.device);
    }
    let (network, remark) = apply::open_network(&args.model, &params, &args.device, args.threads)?;
    if let Some(remark) = remark {
        terminal.reporter(&args.model).warn(remark);
    }
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
    let mut decoder = Decoder::open(input, args.track)?;
    let model = apply::model_name(&args.model);
    let song = song_name(input, decoder.info().tags.clone(), &model);
    let export = ExportOptions {
        folder: args.out.clone(),
        format: args.format,
        pattern: args.name.clone(),
        sample_rate_hz: args.rate,
        peaks: args.peaks,
        overwrite: args.overwrite,
    };
    let region = args.region.region();
    if let Some(region) = &region {
        region.validate()?;
    }
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
    let rate = decoder.sample_rate_hz();
    let frames = decoder.frames_hint().map(|frames| match &region {
        Some(Region {
            duration_secs: Some(secs),
            ..
        }) => frames.min((secs * f64::from(rate)) as u64),
        _ => frames,
    });
    export.check(&song, &names, (rate, decoder.channels()), frames)?;
    let picture = args.out.join(format!(
        "{}.png",
        crate::audio::sanitise_file_name(&format!("{} [{model}]", song.name))
    ));
    if args.pictures && picture.exists() && !args.overwrite {
        return Err(Error::Exists { path: picture });
    }
    let mut sink = FileSink::new(export, song);
    let done = apply::separate(&mut decoder, separator, &options, &mut sink, &reporter)?;
    let (files, gain) = sink.finish(&reporter)?;
    for warning in peak_warnings(&files) {
        reporter.warn(warning);
    }
    if gain < 1.0 {
        reporter.warn(format!(
            "all stems were lowered by {:.2} dB to fit",
            -20.0 * gain.log10()
        ));
    }
    if args.pictures {
        let stems: Vec<(String, PathBuf)> = files
            .iter()
            .map(|f| (f.name.clone(), f.path.clone()))
            .collect();
        draw_result(
            (input, args.track, region),
            &stems,
            &picture,
            args.overwrite,
            &reporter,
        )?;
    }
    let object = json!({
        "event": "result", "input": input_name, "model": model, "device": done.device,
        "seconds": done.audio_secs, "seconds_taken": done.taken_secs,
        "stems": files, "residual_db": done.residual_db,
        "gain_db": 20.0 * gain.log10(),
        "picture": args.pictures.then(|| picture.clone()),
    });
    let mut text = format!(
        "{input_name}: {} on {}, {} of audio in {:.1} s, residual {:.1} dB",
        model,
        done.device,
        terminal::duration(done.audio_secs),
        done.taken_secs,
        done.residual_db
    );
    for file in &files {
        text.push_str(&format!("\n  {}: {}", file.name, file.path.display()));
    }
    if args.pictures {
        text.push_str(&format!("\n  picture: {}", picture.display()));
    }
    terminal.result(&object, &text);
    Ok(())
}
