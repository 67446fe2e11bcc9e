//! `stemloom listen`: equal loudness, differences, and what a blind test proves.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Terminal;
use crate::apply::ClipFile;
use crate::audio::{
    AudioFormat, AudioWriter, Clip, Decoder, Source as _, Written, apply_gain, decode,
    sanitise_file_name,
};
use crate::error::{Error, Result};
use crate::listen::{
    DifferenceOptions, Loudness, MatchTarget, Matched, binomial_p_value, match_gains, measure,
    p_value_text,
};
use crate::progress::Reporter;
use crate::spectral::amplitude_from_db;

#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    #[command(subcommand)]
    action: Action,
    /// One JSON object per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell how loud files are (ITU-R BS.1770), and the gains that make them equally loud.
    Loudness {
        /// Audio files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// quietest, or a loudness in LUFS.
        #[arg(long, value_name = "LUFS|quietest", default_value = "quietest",
              value_parser = parse_target, allow_negative_numbers = true)]
        target: MatchTarget,
    },
    /// Write copies that are equally loud.
    Match(MatchArgs),
    /// Write what one file has and the other lacks: A − B, aligned to the sample.
    Difference(DifferenceArgs),
    /// Tell how likely a result of an ABX test is by guessing.
    Score {
        /// How many trials there were, 1 to 1000.
        #[arg(long, value_name = "N")]
        trials: u32,
        /// How many answers were right.
        #[arg(long, value_name = "K")]
        correct: u32,
    },
}

#[derive(Debug, Args)]
struct MatchArgs {
    /// Audio files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where the copies go, named after the files with "(matched)".
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// quietest, or a loudness in LUFS.
    #[arg(long, value_name = "LUFS|quietest", default_value = "quietest",
          value_parser = parse_target, allow_negative_numbers = true)]
    target: MatchTarget,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Args)]
struct DifferenceArgs {
    /// The take that is subtracted from.
    a: PathBuf,
    /// The take that is subtracted.
    b: PathBuf,
    /// The difference, a name that ends in .wav (32 bit float) or .flac.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Subtract as they are, without shifting B to where it fits A best.
    #[arg(long)]
    no_align: bool,
    /// Give B the gain that leaves the least difference.
    #[arg(long)]
    match_levels: bool,
    /// Replace a file of the same name.
    #[arg(long)]
    overwrite: bool,
}

fn parse_target(text: &str) -> std::result::Result<MatchTarget, String> {
    if text == "quietest" {
        return Ok(MatchTarget::Quietest);
    }
    let lufs = text.parse::<f64>().ok();
    lufs.filter(|lufs| (-70.0..=0.0).contains(lufs))
        .map(MatchTarget::Lufs)
        .ok_or_else(|| "choose quietest, or a loudness of -70 to 0 LUFS".into())
}

pub(super) fn run(args: &ListenArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let (name, done) = match &args.action {
        Action::Loudness { files, target } => {
            ("loudness".to_owned(), loudness(files, *target, &terminal))
        }
        Action::Match(args) => (
            args.out.display().to_string(),
            write_matched(args, &terminal),
        ),
        Action::Difference(args) => (
            args.out.display().to_string(),
            write_difference(args, &terminal),
        ),
        Action::Score { trials, correct } => {
            ("score".to_owned(), score(*correct, *trials, &terminal))
        }
    };
    if let Err(error) = done {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

/// A file that has been measured.
struct Take {
    path: PathBuf,
    name: String,
    loudness: Loudness,
}

/// Measures what can be read; the rest is told as errors and left out.
fn measured(files: &[PathBuf], terminal: &Terminal) -> Result<Vec<Take>> {
    let mut takes = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let reporter = terminal.reporter(&name);
        let loudness =
            read(path, &reporter).and_then(|clip| measure(&clip, 0..clip.frames(), &reporter));
        match loudness {
            Ok(loudness) => takes.push(Take {
                path: path.clone(),
                name,
                loudness,
            }),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.error(&error, &name),
        }
    }
    Ok(takes)
}

/// A whole file; what is wrong with it comes as warnings.
fn read(path: &Path, reporter: &Reporter) -> Result<Clip> {
    let (clip, info) = decode(path, None, reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    Ok(clip)
}

/// The takes' gains; tells if all had to be lowered.
fn matched(takes: &[Take], target: MatchTarget, terminal: &Terminal) -> Result<Matched> {
    let loudnesses: Vec<Loudness> = takes.iter().map(|take| take.loudness).collect();
    let matched = match_gains(&loudnesses, target)?;
    let lowered = matched.lowered_db;
    terminal.event(
        &json!({ "event": "matched", "target_lufs": matched.target_lufs, "lowered_db": lowered }),
        (lowered > 0.0)
            .then(|| format!("all lowered by {lowered:.2} dB, so that no peak passes full scale"))
            .as_deref(),
    );
    Ok(matched)
}

fn loudness(files: &[PathBuf], target: MatchTarget, terminal: &Terminal) -> Result<()> {
    let takes = measured(files, terminal)?;
    let matched = matched(&takes, target, terminal)?;
    for (take, gain_db) in takes.iter().zip(&matched.gains_db) {
        let Take { name, loudness, .. } = take;
        let peak_db = loudness.peak_db();
        let object = json!({
            "event": "loudness", "input": name, "integrated_lufs": loudness.integrated_lufs,
            "peak_db": peak_db, "gain_db": gain_db,
        });
        let peak = peak_db.map_or_else(String::new, |db| format!(", peak {db:.2} dBFS"));
        let text = match loudness.integrated_lufs {
            Some(lufs) => format!("{name}: {lufs:.2} LUFS{peak}, gain {gain_db:+.2} dB"),
            None => format!("{name}: silent{peak}"),
        };
        terminal.result(&object, &text);
    }
    Ok(())
}

fn write_matched(args: &MatchArgs, terminal: &Terminal) -> Result<()> {
    let takes = measured(&args.files, terminal)?;
    // All or none: half of a comparison is of no use. What is wrong with the others was told.
    if takes.len() < args.files.len() {
        return Ok(());
    }
    let matched = matched(&takes, args.target, terminal)?;
    std::fs::create_dir_all(&args.out).map_err(Error::io("create the folder", &args.out))?;
    let paths = matched_paths(&takes, &args.out, args.format);
    if let Some(path) = paths.iter().find(|path| path.exists() && !args.overwrite) {
        return Err(Error::Exists { path: path.clone() });
    }
    for ((take, path), gain_db) in takes.iter().zip(&paths).zip(matched.gains_db) {
        match copy(take, path, gain_db, args, terminal) {
            Ok(written) => terminal.result(
                &json!({
                    "event": "result", "input": take.name, "path": path.display().to_string(),
                    "frames": written.frames, "peak": written.peak,
                    "integrated_lufs": take.loudness.integrated_lufs.map(|lufs| lufs + gain_db),
                    "gain_db": gain_db,
                }),
                &format!("{}: {gain_db:+.2} dB: {}", take.name, path.display()),
            ),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.error(&error, &take.name),
        }
    }
    Ok(())
}

/// One name per take, numbered where takes of several folders share theirs.
fn matched_paths(takes: &[Take], folder: &Path, format: AudioFormat) -> Vec<PathBuf> {
    let mut names: Vec<String> = Vec::new();
    for take in takes {
        let stem = take.path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = sanitise_file_name(&stem);
        let numbered = (2..).map(|number| format!("{stem} (matched {number})"));
        // Some file systems take capital and small letters for the same.
        let is_free = |name: &String| {
            let same = |used: &String| used.to_lowercase() == name.to_lowercase();
            !names.iter().any(same)
        };
        let name = std::iter::once(format!("{stem} (matched)"))
            .chain(numbered)
            .find(is_free);
        names.extend(name);
    }
    let path = |name: String| folder.join(format!("{name}.{}", format.extension()));
    names.into_iter().map(path).collect()
}

/// The file again with a gain, block by block.
fn copy(
    take: &Take,
    path: &Path,
    gain_db: f64,
    args: &MatchArgs,
    terminal: &Terminal,
) -> Result<Written> {
    let reporter = terminal.reporter(&take.name);
    let mut decoder = Decoder::open(&take.path, None)?;
    let total = decoder.frames_hint().unwrap_or(0);
    let mut writer = AudioWriter::create(
        path,
        args.format,
        decoder.sample_rate_hz(),
        decoder.channels(),
        &decoder.info().tags.clone(),
        args.overwrite,
    )?;
    let gain = amplitude_from_db(gain_db as f32);
    let mut done = 0;
    while let Some(mut block) = decoder.next_block()? {
        block
            .iter_mut()
            .for_each(|channel| apply_gain(channel, gain));
        writer.push(&block)?;
        done += block.first().map_or(0, Vec::len) as u64;
        reporter.step("Writing", done, total)?;
    }
    writer.finish()
}

fn write_difference(args: &DifferenceArgs, terminal: &Terminal) -> Result<()> {
    // Float where there is a choice: a difference may pass full scale.
    let is_flac = |ending: &std::ffi::OsStr| ending.eq_ignore_ascii_case("flac");
    let format = (!args.out.extension().is_some_and(is_flac)).then_some(AudioFormat::Wav32f);
    let file = ClipFile::new(args.out.clone(), format, args.overwrite)?;
    let name = args.out.display().to_string();
    let reporter = terminal.reporter(&name);
    let a = read(&args.a, &reporter)?;
    let b = read(&args.b, &reporter)?;
    let options = DifferenceOptions {
        align: !args.no_align,
        match_levels: args.match_levels,
        ..DifferenceOptions::default()
    };
    let done = crate::listen::difference(&a, &b, &options, &reporter)?;
    let written = file.write(&done.clip, &reporter)?;
    let lag_secs = done.lag_frames as f64 / f64::from(a.sample_rate_hz());
    let object = json!({
        "event": "result", "a": args.a.display().to_string(), "b": args.b.display().to_string(),
        "path": name, "lag_frames": done.lag_frames, "lag_secs": lag_secs,
        "b_gain_db": done.b_gain_db, "residual_db": done.residual_db, "frames": written.frames,
        "peak": written.peak,
    });
    let text = format!(
        "difference {:.1} dB, B is {} frames ({:.2} ms) late and got {:+.2} dB: {name}",
        done.residual_db,
        done.lag_frames,
        1000.0 * lag_secs,
        done.b_gain_db,
    );
    terminal.result(&object, &text);
    Ok(())
}

fn score(correct: u32, trials: u32, terminal: &Terminal) -> Result<()> {
    let p_value = binomial_p_value(correct, trials)?;
    terminal.result(
        &json!({ "event": "score", "trials": trials, "correct": correct, "p_value": p_value }),
        &format!("{correct} of {trials} right, {}", p_value_text(p_value)),
    );
    Ok(())
}
