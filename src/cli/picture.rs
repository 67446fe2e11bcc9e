//! `stemloom picture`: spectrograms as PNG, and where two sounds differ.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::shared::RegionArgs;
use crate::apply::cut_region;
use crate::audio::{AudioInfo, Clip, decode};
use crate::display::{Colormap, FreqScale, Panel, PictureSpec, draw_panels};
use crate::error::{Error, Result};
use crate::spectral::StftSpec;

#[derive(Debug, Args)]
pub(super) struct PictureArgs {
    /// The audio files; several are drawn one above the other, on one scale.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The picture.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
    /// Also draw the level of the first less that of the second, of exactly two inputs.
    #[arg(long)]
    difference: bool,
    /// The difference that has the last colour, 1 to 140 dB.
    #[arg(
        long,
        value_name = "DB",
        default_value_t = 30.0,
        requires = "difference"
    )]
    difference_db: f32,
    /// A title instead of the file's own; once per input, in their order.
    #[arg(long = "title", value_name = "TEXT")]
    titles: Vec<String>,
    /// linear, log or mel.
    #[arg(long, default_value = "mel", value_parser = parse_axis)]
    axis: FreqScale,
    /// Mel bands; without it every bin is drawn on the mel axis.
    #[arg(long)]
    mels: Option<usize>,
    /// Range below the loudest point in dB.
    #[arg(long, value_name = "FLOOR", default_value_t = -80.0, allow_negative_numbers = true)]
    db: f32,
    /// FFT length in samples.
    #[arg(long, default_value_t = 2048)]
    n_fft: usize,
    /// Samples between columns.
    #[arg(long, default_value_t = 512)]
    hop: usize,
    /// ember, lagoon, grey or ink.
    #[arg(long, default_value = "ember", value_parser = parse_colormap)]
    colormap: Colormap,
    /// Width of the plot in pixels.
    #[arg(long, default_value_t = 1200, value_parser = clap::value_parser!(u16).range(64..=16000))]
    width: u16,
    /// Height of the plot in pixels.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u16).range(32..=8000))]
    height: u16,
    #[command(flatten)]
    region: RegionArgs,
    /// Which audio track, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// Replace a picture of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

fn parse_axis(text: &str) -> std::result::Result<FreqScale, String> {
    match text {
        "linear" => Ok(FreqScale::Linear),
        "log" => Ok(FreqScale::Log),
        "mel" => Ok(FreqScale::Mel),
        _ => Err("choose linear, log or mel".into()),
    }
}

fn parse_colormap(text: &str) -> std::result::Result<Colormap, String> {
    Colormap::ALL
        .into_iter()
        .find(|map| map.label().eq_ignore_ascii_case(text))
        .ok_or_else(|| "choose ember, lagoon, grey or ink".into())
}

pub(super) fn run(args: &PictureArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let names: Vec<String> = args
        .inputs
        .iter()
        .map(|input| input.display().to_string())
        .collect();
    let name = names.join(", ");
    match draw(args, &terminal) {
        Ok((width, height)) => terminal.result(
            &json!({
                "event": "result", "input": name, "inputs": names, "path": args.out,
                "width": width, "height": height,
            }),
            &format!("{name}: {}", args.out.display()),
        ),
        Err(error) => terminal.error(&error, &name),
    }
    terminal.exit_code()
}

fn draw(args: &PictureArgs, terminal: &Terminal) -> Result<(usize, usize)> {
    check(args)?;
    let spec = PictureSpec {
        stft: StftSpec::new(args.n_fft, args.hop),
        scale: args.axis,
        mels: args.mels,
        range_db: args.db.abs(),
        colormap: args.colormap,
        width: usize::from(args.width),
        height: usize::from(args.height),
    };
    spec.stft.validate()?;
    let mut panels = Vec::new();
    let mut compared = Vec::new();
    for (i, input) in args.inputs.iter().enumerate() {
        let reporter = terminal.reporter(&input.display().to_string());
        let (clip, info) = decode(input, args.track, &reporter)?;
        info.warnings
            .iter()
            .for_each(|warning| reporter.warn(warning));
        let clip = cut(clip, args)?;
        let title = match args.titles.get(i) {
            Some(title) => title.clone(),
            None => own_title(input, info, args.inputs.len() > 1),
        };
        panels.push(Panel::spectrogram(title, &clip, &spec)?);
        if args.difference {
            compared.push(clip);
        }
        reporter.check()?;
    }
    if let ([a, b], [first, second]) = (&compared[..], &panels[..]) {
        let title = format!("{} less {}", first.title, second.title);
        panels.push(Panel::difference(title, a, b, &spec, args.difference_db)?);
    }
    if terminal.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let picture = draw_panels(&panels, &spec);
    picture.write_png(&args.out, args.overwrite)?;
    Ok((picture.width, picture.height))
}

/// What can be known to be wrong before anything is read.
fn check(args: &PictureArgs) -> Result<()> {
    if args.out.exists() && !args.overwrite {
        return Err(Error::Exists {
            path: args.out.clone(),
        });
    }
    let inputs = args.inputs.len();
    if args.difference && inputs != 2 {
        let problem = format!("needs exactly two inputs, not {inputs}");
        return Err(Error::setting("--difference", problem));
    }
    if !(1.0..=140.0).contains(&args.difference_db) {
        return Err(Error::setting("--difference-db", "must be 1 to 140 dB"));
    }
    let titles = args.titles.len();
    if titles > inputs {
        let problem = format!("given {titles} times for {inputs} inputs; give one per input");
        return Err(Error::setting("--title", problem));
    }
    if args.mels.is_some() && args.axis != FreqScale::Mel {
        return Err(Error::setting("--mels", "needs --axis mel"));
    }
    if !(args.db.abs() >= 1.0 && args.db.abs() <= 140.0) {
        return Err(Error::setting(
            "--db",
            "must be 1 to 140 dB below the loudest point",
        ));
    }
    Ok(())
}

/// The region that was asked for.
fn cut(clip: Clip, args: &PictureArgs) -> Result<Clip> {
    let region = args.region.region();
    cut_region(clip, region)
}

/// The song's title if the file tells it, else the file's name. One of several files is known by
/// its name: takes and stems of a song all tell the song's title.
fn own_title(input: &Path, info: AudioInfo, is_one_of_several: bool) -> String {
    let tagged = info.tags.title.filter(|_| !is_one_of_several);
    tagged.unwrap_or_else(|| {
        input
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    })
}
