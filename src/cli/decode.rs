//! `stemloom decode`: a picture of audio becomes sound again.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::Terminal;
use crate::apply::{ClipFile, Foreign, decode_pixels, load_picture};
use crate::audio::AudioFormat;
use crate::error::{Error, Result};
use crate::phase::{DEFAULT_ITERATIONS, PhaseMethod, PhaseSpec};
use crate::spectral::Symmetry;
use crate::spectral::codec::Codec;

#[derive(Debug, Args)]
pub(super) struct DecodeArgs {
    /// The picture: PNG, BMP or TIFF.
    picture: PathBuf,
    /// The sound: .wav or .flac.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How the phase is found for mel pictures, which hold none: griffin-lim, fast-griffin-lim, pghi,
    /// pghi+griffin-lim, random or zero.
    #[arg(long, value_name = "METHOD", default_value = "griffin-lim")]
    phase: PhaseMethod,
    /// Iterations of the methods that have any.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_ITERATIONS)]
    iterations: usize,
    /// Seed of random phases.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Codec of a picture that does not say it (another program's).
    #[arg(long, value_name = "NAME")]
    codec: Option<Codec>,
    /// Sample rate in hertz, for a picture that does not say it.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Samples between columns, for a picture that does not say it.
    #[arg(long, value_name = "N")]
    hop: Option<usize>,
    /// Magnitude of the largest number (for samples from −1 to 1), for a picture that does not say it.
    #[arg(long, value_name = "X")]
    full_scale: Option<f32>,
    /// Samples of the sound, for a picture that does not say it; (width − 1) · hop unless given.
    #[arg(long, value_name = "N")]
    frames: Option<usize>,
    /// The window was symmetric, for a picture that does not say it.
    #[arg(long)]
    symmetric: bool,
    /// wav16, wav24, wav32f or flac; by the file's ending unless given, WAV as wav24.
    #[arg(long)]
    format: Option<AudioFormat>,
    /// Replace a file of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &DecodeArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.picture.display().to_string();
    match sound(args, &terminal, &name) {
        Ok(object) => terminal.result(&object, &format!("{name}: {}", args.out.display())),
        Err(error) => terminal.error(&error, &name),
    }
    terminal.exit_code()
}

fn sound(args: &DecodeArgs, terminal: &Terminal, name: &str) -> Result<Value> {
    let phase = PhaseSpec {
        iterations: args.iterations,
        seed: args.seed,
        ..PhaseSpec::new(args.phase)
    };
    phase.validate()?;
    let foreign = Foreign {
        codec: args.codec,
        sample_rate_hz: args.rate,
        hop_length: args.hop,
        full_scale: args.full_scale,
        frames: args.frames,
        symmetry: args.symmetric.then_some(Symmetry::Symmetric),
    };
    let file = ClipFile::new(args.out.clone(), args.format, args.overwrite)?;
    let reporter = terminal.reporter(name);
    let (header, pixels) = load_picture(&args.picture)?;
    let header = match header {
        Some(_) if !foreign.is_empty() => {
            return Err(Error::setting(
                "--codec, --rate, --hop, --full-scale, --frames, --symmetric",
                "this picture says itself how it was made; leave them out",
            ));
        }
        Some(header) => header,
        None => foreign.header(&pixels)?,
    };
    let clip = decode_pixels(&header, &pixels, &phase, &reporter)?;
    let written = file.write(&clip, &reporter)?;
    Ok(json!({
        "event": "result", "input": name, "path": written.path, "codec": header.codec,
        "sample_rate": header.sample_rate_hz, "frames": written.frames, "peak": written.peak,
        "clipped_samples": written.clipped_samples,
        "phase": header.mel.map(|_| phase.method.name()),
    }))
}
