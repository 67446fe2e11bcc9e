//! `stemloom dataset excerpts`: short spectra of songs with masks, as arrays.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::shared::SongSetArgs;
use crate::dataset::{
    ExcerptMode, ExcerptSpec, MultitrackSet, Polarity, SoftLabels, write_excerpts,
};
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct ExcerptsArgs {
    /// MUSDB18, MUSDB18-HQ, or a folder with a sub-folder per song and a file per part.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The destination: SPLIT/X_NNN.npy, SPLIT/y_NNN.npy and excerpts.toml in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// svs (mixture and mask labels), dae (the stem and the stem) or vad (mixture and the rest).
    #[arg(long, default_value = "svs")]
    mode: ExcerptMode,
    /// The stem.
    #[arg(long, value_name = "NAME", default_value = "vocals")]
    stem: String,
    /// Excerpts of each song.
    #[arg(long, value_name = "N", default_value_t = 1)]
    iterations: usize,
    /// FFT length in samples.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    n_fft: usize,
    /// Samples between columns.
    #[arg(long, value_name = "N", default_value_t = 256)]
    hop: usize,
    /// Window length in samples.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    win: usize,
    /// Sample rate in hertz.
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    rate: u32,
    /// Columns of an excerpt.
    #[arg(long, value_name = "N", default_value_t = 9)]
    width: usize,
    /// Columns of its labels: 1 (the middle one) or all; all unless given.
    #[arg(long, value_name = "N")]
    label_width: Option<usize>,
    /// Where the first excerpt begins, in seconds.
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    start: f64,
    /// Spread the excerpts over the whole of each song, instead of one after the other.
    #[arg(long)]
    spread: bool,
    /// What high labels mean: target (the stem) or rest.
    #[arg(long, default_value = "target", value_parser = parse_polarity)]
    polarity: Polarity,
    /// The label of a mask's 0.
    #[arg(long, value_name = "X", default_value_t = 0.02)]
    label_low: f32,
    /// The label of a mask's 1.
    #[arg(long, value_name = "X", default_value_t = 0.98)]
    label_high: f32,
    #[command(flatten)]
    set: SongSetArgs,
    /// Replace excerpts that are there.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

fn parse_polarity(text: &str) -> std::result::Result<Polarity, String> {
    match text {
        "target" => Ok(Polarity::Target),
        "rest" => Ok(Polarity::Rest),
        _ => Err("choose target or rest".into()),
    }
}

pub(super) fn run(args: &ExcerptsArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.folder.display().to_string();
    if let Err(error) = all(args, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn all(args: &ExcerptsArgs, terminal: &Terminal, name: &str) -> Result<()> {
    let spec = spec(args);
    spec.validate()?;
    let set = MultitrackSet::open(&args.folder, &args.set.spec(vec![args.stem.clone()]))?;
    let reporter = terminal.reporter(name);
    set.notes.iter().for_each(|note| reporter.warn(note));
    let manifest = write_excerpts(
        &set,
        &spec,
        &mut |song, error| terminal.error(error, &song.name),
        &reporter,
    )?;
    let songs: usize = manifest.splits.values().map(Vec::len).sum();
    let object = json!({
        "event": "result", "input": name, "out": args.out, "mode": manifest.mode,
        "songs": songs, "iterations": manifest.iterations,
        "examples": songs * manifest.iterations, "splits": manifest.splits,
        "left_out": manifest.left_out, "excluded": set.excluded,
    });
    let text = format!(
        "{} examples of {songs} songs, {} left out, {} excluded: {}",
        songs * manifest.iterations,
        manifest.left_out.len(),
        set.excluded.len(),
        args.out.display()
    );
    terminal.result(&object, &text);
    Ok(())
}

fn spec(args: &ExcerptsArgs) -> ExcerptSpec {
    ExcerptSpec {
        out: args.out.clone(),
        mode: args.mode,
        stem: args.stem.clone(),
        iterations: args.iterations,
        n_fft: args.n_fft,
        hop_length: args.hop,
        win_length: args.win,
        sample_rate_hz: args.rate,
        width: args.width,
        label_width: args.label_width.unwrap_or(args.width),
        start_secs: args.start,
        spread: args.spread,
        polarity: args.polarity,
        labels: SoftLabels {
            low: args.label_low,
            high: args.label_high,
        },
        overwrite: args.overwrite,
    }
}
