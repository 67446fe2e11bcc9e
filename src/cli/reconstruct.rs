//! `stemloom reconstruct`: magnitudes to sound by one phase method or many.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::Terminal;
use super::shared::RegionArgs;
use crate::apply::{
    ClipFile, PicturePreset, ReconstructOptions, Reconstructed, cut_region, reconstruct,
};
use crate::audio::{AudioFormat, Clip, decode, sanitise_file_name};
use crate::error::{Error, Result};
use crate::phase::{PhaseMethod, PhaseSpec, PhaseStart, sweep};
use crate::progress::Reporter;
use crate::spectral::{DroppedBins, MelInversion, MelSpec, StftSpec, WindowKind};

#[derive(Debug, Args)]
pub(super) struct ReconstructArgs {
    /// The song.
    input: PathBuf,
    /// input, zero, random, griffin-lim, fast-griffin-lim, pghi or pghi+griffin-lim; several,
    /// separated by commas, make a sweep.
    #[arg(long, value_name = "METHOD", required = true, value_delimiter = ',')]
    phase: Vec<PhaseMethod>,
    /// Iterations of the methods that have any; several make a sweep.
    #[arg(long, value_name = "N", default_value = "32", value_delimiter = ',')]
    iterations: Vec<usize>,
    /// Momentum of fast-griffin-lim, 0.99 unless given; above 1 it may diverge.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    momentum: Option<f32>,
    /// What griffin-lim and fast-griffin-lim begin with: random, zero or input.
    #[arg(long, value_name = "START", default_value = "random")]
    start_phase: PhaseStart,
    /// Go on from the phases of this earlier result instead; with griffin-lim and fast-griffin-lim.
    #[arg(long, value_name = "FILE", conflicts_with = "start_phase")]
    continue_from: Option<PathBuf>,
    /// Seed of random phases.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What is kept of the magnitudes: plain, timbre, mel-512, vocoder-80 or vocoder-80-log10. The
    /// options below change single values of it.
    #[arg(long, value_name = "NAME", default_value = "plain")]
    preset: PicturePreset,
    /// FFT length in samples.
    #[arg(long, value_name = "N")]
    n_fft: Option<usize>,
    /// Samples between columns; a quarter of --n-fft if only that is given.
    #[arg(long, value_name = "N")]
    hop: Option<usize>,
    /// hann, sqrt-hann, hamming, blackman, rectangular or gaussian.
    #[arg(long, value_name = "NAME")]
    window: Option<WindowKind>,
    /// Go through this many mel bands.
    #[arg(long, value_name = "N")]
    mels: Option<usize>,
    /// How magnitudes are found for mel bands: nnls or fast.
    #[arg(long, value_name = "HOW")]
    mel_inverse: Option<MelInversion>,
    /// What stands in bins that the picture leaves out: zero or input.
    #[arg(long, value_name = "WHAT")]
    dropped_bins: Option<DroppedBins>,
    /// Sample rate to work at in hertz; the song's own, or the preset's.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Mix the channels to one first.
    #[arg(long)]
    mono: bool,
    #[command(flatten)]
    region: RegionArgs,
    /// Which audio track of the input, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// The sound; a folder if there are several. Without it only the figures are told.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// wav16, wav24, wav32f or flac; by the file's ending unless given, WAV as wav24.
    #[arg(long)]
    format: Option<AudioFormat>,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ReconstructArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.input.display().to_string();
    if let Err(error) = all(args, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn all(args: &ReconstructArgs, terminal: &Terminal, name: &str) -> Result<()> {
    let base = options(args);
    base.stft.validate()?;
    let specs = sweep(&base.phase, &args.phase, &args.iterations);
    // Everything that can be wrong is looked at before the song is read.
    if args.continue_from.is_some() {
        all_take_a_start(&specs)?;
    }
    let files: Vec<Option<ClipFile>> = specs
        .iter()
        .map(|spec| {
            spec.validate()?;
            let file = args
                .out
                .as_ref()
                .map(|out| target(args, out, spec, specs.len()));
            file.transpose()
        })
        .collect::<Result<_>>()?;
    let reporter = terminal.reporter(name);
    let song = read(&args.input, args, &reporter)?;
    let earlier = match &args.continue_from {
        Some(path) => Some(decode(path, None, &reporter)?.0),
        None => None,
    };
    for (spec, file) in specs.into_iter().zip(files) {
        let options = ReconstructOptions {
            phase: spec,
            ..base.clone()
        };
        let done = reconstruct(&song, &options, earlier.as_ref(), |_| {}, &reporter)?;
        let written = match &file {
            Some(file) => {
                file.write(&done.clip, &reporter)?;
                Some(file.path.as_path())
            }
            None => None,
        };
        terminal.result(
            &object(name, &spec, &done, written),
            &line(&spec, &done, written),
        );
    }
    Ok(())
}

/// Whether all methods begin with phases, so that those of an earlier result can be theirs.
///
/// # Errors
/// [`Error::Setting`] that says which methods do.
fn all_take_a_start(specs: &[PhaseSpec]) -> Result<()> {
    let Some(spec) = specs.iter().find(|spec| !spec.method.takes_start()) else {
        return Ok(());
    };
    let able: Vec<&str> = PhaseMethod::ALL
        .into_iter()
        .filter(|method| method.takes_start())
        .map(PhaseMethod::name)
        .collect();
    Err(Error::setting(
        "--continue-from",
        format!(
            "{} takes no phases to begin with; choose {}",
            spec.method,
            able.join(" or ")
        ),
    ))
}

/// The preset with what was changed of it.
fn options(args: &ReconstructArgs) -> ReconstructOptions {
    let mut options = args.preset.options();
    if let Some(n_fft) = args.n_fft {
        options.stft.n_fft = n_fft;
        options.stft.win_length = n_fft;
        options.stft.hop_length = args.hop.unwrap_or(n_fft / 4);
    }
    if let Some(hop) = args.hop {
        options.stft.hop_length = hop;
    }
    if options.stft.pad_length.is_some() {
        // The vocoders' padding: a column begins every hop.
        let StftSpec {
            n_fft, hop_length, ..
        } = options.stft;
        options.stft.pad_length = Some(n_fft.saturating_sub(hop_length) / 2);
    }
    if let Some(window) = args.window {
        options.stft.window = window;
    }
    if let Some(bands) = args.mels {
        let usual = || MelSpec {
            bands,
            ..MelSpec::default()
        };
        options.picture.mel.get_or_insert_with(usual).bands = bands;
        options.picture.bins_kept = None;
    }
    if let Some(how) = args.mel_inverse {
        options.picture.mel_inversion = how;
    }
    if let Some(dropped) = args.dropped_bins {
        options.picture.dropped = dropped;
    }
    options.sample_rate_hz = args.rate.or(options.sample_rate_hz);
    options.mono = args.mono;
    options.phase = PhaseSpec {
        start: if args.continue_from.is_some() {
            PhaseStart::Input
        } else {
            args.start_phase
        },
        momentum: args.momentum,
        seed: args.seed,
        ..PhaseSpec::default()
    };
    options
}

fn read(path: &Path, args: &ReconstructArgs, reporter: &Reporter) -> Result<Clip> {
    let (clip, info) = decode(path, args.track, reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    let region = args.region.region();
    cut_region(clip, region)
}

/// The file of one result: `--out` itself, or one in that folder.
fn target(
    args: &ReconstructArgs,
    out: &Path,
    spec: &PhaseSpec,
    results: usize,
) -> Result<ClipFile> {
    let path = if results == 1 {
        out.to_path_buf()
    } else {
        if out.is_file() {
            return Err(Error::setting(
                "--out",
                format!(
                    "{results} results need a folder, and this is a file: {}",
                    out.display()
                ),
            ));
        }
        let song = args
            .input
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let name = format!("{} [{}]", song.unwrap_or_default(), spec.title());
        let format = args.format.unwrap_or(AudioFormat::Wav24);
        out.join(format!(
            "{}.{}",
            sanitise_file_name(&name),
            format.extension()
        ))
    };
    ClipFile::new(path, args.format, args.overwrite)
}

fn object(name: &str, spec: &PhaseSpec, done: &Reconstructed, path: Option<&Path>) -> Value {
    let figures = &done.figures;
    json!({
        "event": "result", "input": name, "path": path,
        "phase": spec.method.name(), "iterations": spec.iterations(),
        "momentum": spec.momentum(), "seed": spec.seed, "start": spec.start.name(),
        "spectral_convergence_db": figures.spectral_convergence_db,
        "log_spectral_distance_db": figures.log_spectral_distance_db,
        "snr_db": figures.snr_db, "si_sdr_db": figures.si_sdr_db,
        "seconds": done.taken_secs, "audio_seconds": done.clip.seconds(),
        "sample_rate": done.clip.sample_rate_hz(), "channels": done.clip.num_channels(),
        "frames": done.clip.frames(), "convergence_db": done.convergence_db,
    })
}

fn line(spec: &PhaseSpec, done: &Reconstructed, path: Option<&Path>) -> String {
    let figures = &done.figures;
    let mut text = format!(
        "{:<22} convergence {:7.2} dB   log-spectral distance {:6.2} dB   SNR {:6.2} dB   SI-SDR {:7.2} dB   {:.2} s",
        spec.title(),
        figures.spectral_convergence_db,
        figures.log_spectral_distance_db,
        figures.snr_db,
        figures.si_sdr_db,
        done.taken_secs
    );
    if let Some(path) = path {
        text.push_str(&format!("   {}", path.display()));
    }
    text
}
