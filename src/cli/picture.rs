//! `stemloom picture`: a spectrogram as PNG.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::apply::Region;
use crate::audio::decode;
use crate::batch::cut_region;
use crate::display::{Colormap, FreqScale, Panel, PictureSpec, draw_panels};
use crate::error::{Error, Result};
use crate::spectral::StftSpec;

#[derive(Debug, Args)]
pub(super) struct PictureArgs {
    /// The audio file.
    input: PathBuf,
    /// The picture.
    #[arg(long, value_name = "FILE.png")]
    out: PathBuf,
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
    /// Start of the region in seconds.
    #[arg(long, value_name = "S")]
    start: Option<f64>,
    /// Length of the region in seconds.
    #[arg(long, value_name = "S")]
    duration: Option<f64>,
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
    let name = args.input.display().to_string();
    match draw(args, &terminal, &name) {
        Ok((width, height)) => terminal.result(
            &json!({ "event": "result", "input": name, "path": args.out, "width": width, "height": height }),
            &format!("{name}: {}", args.out.display()),
        ),
        Err(error) => terminal.error(&error, &name),
    }
    terminal.exit_code()
}

fn draw(args: &PictureArgs, terminal: &Terminal, name: &str) -> Result<(usize, usize)> {
    if args.out.exists() && !args.overwrite {
        return Err(Error::Exists {
            path: args.out.clone(),
        });
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
    let reporter = terminal.reporter(name);
    let (clip, info) = decode(&args.input, args.track, &reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    let region = (args.start.is_some() || args.duration.is_some()).then(|| Region {
        start_secs: args.start.unwrap_or(0.0),
        duration_secs: args.duration,
    });
    let clip = cut_region(clip, region)?;
    let title = info.tags.title.unwrap_or_else(|| {
        args.input
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    });
    let panel = Panel::spectrogram(title, &clip, &spec)?;
    reporter.check()?;
    let picture = draw_panels(&[panel], &spec);
    picture.write_png(&args.out, args.overwrite)?;
    Ok((picture.width, picture.height))
}
