//! `stemloom dataset speech-mix`: speech with music under it, and the same without.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::apply::{self, Params, Separator};
use crate::audio::AudioFormat;
use crate::dataset::{Between, MixedSpeech, SpeechMixSpec, speech_mix};
use crate::error::Result;
use crate::model::Device;

#[derive(Debug, Args)]
pub(super) struct SpeechMixArgs {
    /// Recordings of speech, and folders that are searched for them.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR|FILE")]
    speech: Vec<PathBuf>,
    /// Music, and folders that are searched for it.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR|FILE")]
    music: Vec<PathBuf>,
    /// The destination: mixture, clean and degraded in it, and pairs.csv.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Speech over music in decibels, where there is speech: a value, or a range to draw from.
    #[arg(
        long,
        value_name = "X|A..B",
        default_value = "0",
        allow_hyphen_values = true
    )]
    snr: Between,
    /// Which music, places and levels are drawn.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Also separate the mixtures with this model.
    #[arg(long, value_name = "ID|FILE")]
    model: Option<String>,
    /// The stem that is kept of it.
    #[arg(long, value_name = "NAME", default_value = "vocals")]
    stem: String,
    /// auto, cpu, cuda[:N], tensorrt[:N], coreml, directml[:N].
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Sample rate in hertz; that of each recording of speech unless given.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Mix channels to one.
    #[arg(long)]
    mono: bool,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    /// Make pairs anew that are there; without it whole ones are kept.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &SpeechMixArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    if let Err(error) = all(args, &terminal) {
        terminal.error(&error, "speech-mix");
    }
    terminal.exit_code()
}

fn all(args: &SpeechMixArgs, terminal: &Terminal) -> Result<()> {
    let spec = SpeechMixSpec {
        out: args.out.clone(),
        overwrite: args.overwrite,
        format: args.format,
        snr_db: args.snr,
        seed: args.seed,
        sample_rate_hz: args.rate,
        mono: args.mono,
        stem: args.stem.clone(),
        model: args.model.clone(),
    };
    spec.validate()?;
    let mut separator = match &args.model {
        Some(model) => Some(load(model, args, terminal)?),
        None => None,
    };
    let reporter = terminal.reporter("speech-mix");
    let tell = |file: MixedSpeech| show(&file, terminal);
    let separator: Option<&mut dyn Separator> = match &mut separator {
        Some(separator) => Some(separator.as_mut()),
        None => None,
    };
    let pairs = speech_mix(
        &args.speech,
        &args.music,
        &spec,
        separator,
        &tell,
        &reporter,
    )?;
    let object = json!({ "event": "result", "out": args.out, "pairs": pairs });
    let text = format!("{pairs} pairs: {}", args.out.display());
    terminal.result(&object, &text);
    Ok(())
}

fn load(model: &str, args: &SpeechMixArgs, terminal: &Terminal) -> Result<Box<dyn Separator>> {
    let params = Params::default();
    if apply::is_weight_free(model) {
        return apply::open_weight_free(model, &params, &args.device);
    }
    let (network, remark) = apply::open_network(model, &params, &args.device, 0)?;
    if let Some(remark) = remark {
        terminal.reporter(model).warn(remark);
    }
    Ok(Box::new(network))
}

fn show(file: &MixedSpeech, terminal: &Terminal) {
    let input = file.speech.display().to_string();
    match &file.outcome {
        Ok((pair, is_new)) => {
            let event = if *is_new { "file" } else { "kept" };
            let object = json!({ "event": event, "input": input, "pair": pair });
            let text = format!("{}: {:.1} dB over {}", pair.name, pair.snr_db, pair.music);
            terminal.event(&object, is_new.then_some(text.as_str()));
        }
        Err(error) => terminal.error(error, &input),
    }
}
