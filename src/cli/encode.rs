//! `stemloom encode`: audio as a picture that can become sound again.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::Terminal;
use super::shared::RegionArgs;
use crate::apply::{EncodeOptions, encode_clip, save_picture};
use crate::audio::decode;
use crate::error::{Error, Result};
use crate::spectral::codec::{Codec, CodecKind, picture_format};

#[derive(Debug, Args)]
pub(super) struct EncodeArgs {
    /// The audio file.
    input: PathBuf,
    /// The picture: .png, .bmp (8-bit colour only) or .tif.
    #[arg(long, value_name = "PICTURE")]
    out: PathBuf,
    /// colour-8, colour-8-linear, colour-16, colour-16-linear, split, split-linear, mel or mel-16;
    /// `stemloom codecs` tells more.
    #[arg(long, value_name = "NAME", default_value = "colour-8")]
    codec: Codec,
    /// FFT length in samples; 1024 unless given, 2048 for mel.
    #[arg(long, value_name = "N")]
    n_fft: Option<usize>,
    /// Samples between columns; a quarter of the FFT length unless given.
    #[arg(long, value_name = "N")]
    hop: Option<usize>,
    /// Bands of a mel picture; 512 unless given.
    #[arg(long, value_name = "N")]
    mels: Option<usize>,
    /// Sample rate to work at in hertz; the song's own unless given, 22050 for mel.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
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

pub(super) fn run(args: &EncodeArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.input.display().to_string();
    match picture(args, &terminal, &name) {
        Ok(object) => {
            let text = format!(
                "{name}: {} ({} × {} pixels, {} bytes)",
                args.out.display(),
                object["width"],
                object["height"],
                object["bytes"]
            );
            terminal.result(&object, &text);
        }
        Err(error) => terminal.error(&error, &name),
    }
    terminal.exit_code()
}

fn picture(args: &EncodeArgs, terminal: &Terminal, name: &str) -> Result<Value> {
    if args.out.exists() && (!args.overwrite || args.out.is_dir()) {
        return Err(Error::Exists {
            path: args.out.clone(),
        });
    }
    picture_format(args.codec, &args.out)?;
    let options = options(args)?;
    let reporter = terminal.reporter(name);
    let (clip, info) = decode(&args.input, args.track, &reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    let (header, pixels) = encode_clip(&clip, &options, &reporter)?;
    let bytes = save_picture(&args.out, &header, &pixels, args.overwrite)?;
    Ok(json!({
        "event": "result", "input": name, "path": args.out, "codec": header.codec,
        "width": pixels.width, "height": pixels.height, "bytes": bytes,
        "sample_rate": header.sample_rate_hz, "frames": header.frames,
        "n_fft": header.stft.n_fft, "hop": header.stft.hop_length,
        "mels": header.mel.map(|mel| mel.bands),
        "full_scale": header.full_scale, "range_db": header.range_db,
    }))
}

/// The codec's usual settings with what was changed of them.
fn options(args: &EncodeArgs) -> Result<EncodeOptions> {
    let mut options = EncodeOptions::new(args.codec);
    if let Some(n_fft) = args.n_fft {
        options.stft.n_fft = n_fft;
        options.stft.win_length = n_fft;
        options.stft.hop_length = n_fft / 4;
    }
    if let Some(hop) = args.hop {
        options.stft.hop_length = hop;
    }
    if let Some(mels) = args.mels {
        if args.codec.kind() != CodecKind::Mel {
            return Err(Error::setting("--mels", "needs --codec mel or mel-16"));
        }
        options.mel.bands = mels;
    }
    options.sample_rate_hz = args.rate.or(options.sample_rate_hz);
    options.region = args.region.region();
    options.stft.validate()?;
    Ok(options)
}
