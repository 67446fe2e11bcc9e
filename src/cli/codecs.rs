//! `stemloom codecs`: the ways of writing audio as a picture, and what each costs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::Terminal;
use super::shared::RegionArgs;
use crate::apply::{ClipFile, EncodeOptions, PictureFiles, RoundTrip, cut_region, round_trips};
use crate::audio::{AudioFormat, Clip, decode, sanitise_file_name};
use crate::error::{Error, Result};
use crate::phase::{DEFAULT_ITERATIONS, PhaseMethod, PhaseSpec};
use crate::spectral::codec::{Codec, Depth};

#[derive(Debug, Args)]
pub(super) struct CodecsArgs {
    /// An audio file to take through every codec and format; without it they are listed.
    input: Option<PathBuf>,
    #[command(flatten)]
    region: RegionArgs,
    /// Which audio track, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// How the phase is found for mel pictures, which hold none.
    #[arg(long, value_name = "METHOD", default_value = "griffin-lim")]
    phase: PhaseMethod,
    /// Iterations of the methods that have any.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_ITERATIONS)]
    iterations: usize,
    /// Keep the pictures and sounds in this folder.
    #[arg(long, value_name = "DIR", requires = "input")]
    write: Option<PathBuf>,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CodecsArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    match &args.input {
        None => list(&terminal),
        Some(input) => {
            let name = input.display().to_string();
            if let Err(error) = all(args, input, &terminal, &name) {
                terminal.error(&error, &name);
            }
        }
    }
    terminal.exit_code()
}

fn list(terminal: &Terminal) {
    for codec in Codec::ALL {
        let formats: Vec<&str> = codec.formats().iter().map(|f| f.extension()).collect();
        let bits = match codec.depth() {
            Depth::Eight => 8,
            Depth::Sixteen => 16,
        };
        terminal.result(
            &json!({ "event": "codec", "codec": codec, "summary": codec.summary(), "formats": formats,
                     "channels": codec.channels(), "bits": bits }),
            &format!(
                "{:<17} {:<14} {}",
                codec.name(),
                formats.join(", "),
                codec.summary()
            ),
        );
    }
    let object = json!({ "event": "result", "codecs": Codec::ALL.len() });
    terminal.event(&object, None);
}

fn all(args: &CodecsArgs, input: &Path, terminal: &Terminal, name: &str) -> Result<()> {
    let phase = PhaseSpec {
        iterations: args.iterations,
        ..PhaseSpec::new(args.phase)
    };
    phase.validate()?;
    let scratch;
    let folder = match &args.write {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(Error::io("create the folder", folder))?;
            folder.as_path()
        }
        None => {
            let temporary = std::env::temp_dir();
            scratch = tempfile::tempdir().map_err(Error::io("create a folder in", temporary))?;
            scratch.path()
        }
    };
    let reporter = terminal.reporter(name);
    let (clip, info) = decode(input, args.track, &reporter)?;
    info.warnings
        .iter()
        .for_each(|warning| reporter.warn(warning));
    let region = args.region.region();
    let clip = cut_region(clip, region)?;
    let song = input.file_stem().unwrap_or_default().to_string_lossy();
    let head = format!(
        "{:<17} {:<6} {:>12} {:>12} {:>9} {:>15}",
        "codec", "format", "pixels", "bytes", "SNR dB", "convergence dB"
    );
    if !args.json {
        terminal.event(&Value::Null, Some(&head));
    }
    let mut done = 0;
    for codec in Codec::ALL {
        let one = Work {
            args,
            folder,
            song: &song,
            phase: &phase,
        };
        // One codec's failure does not keep the others from being measured.
        match one.run(codec, &clip, terminal, name) {
            Ok(trips) => done += trips,
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.error(&error, name),
        }
    }
    terminal.result(
        &json!({ "event": "result", "input": name, "round_trips": done, "folder": args.write }),
        &format!("{done} round trips"),
    );
    Ok(())
}

struct Work<'a> {
    args: &'a CodecsArgs,
    folder: &'a Path,
    song: &'a str,
    phase: &'a PhaseSpec,
}

impl Work<'_> {
    /// One codec in each of its formats; answers how many came back. A format that fails is told and
    /// does not keep the others from being measured.
    fn run(&self, codec: Codec, clip: &Clip, terminal: &Terminal, name: &str) -> Result<usize> {
        let title = sanitise_file_name(&format!("{} [{codec}]", self.song));
        let path = |ending: &str| self.folder.join(format!("{title}.{ending}"));
        let pictures: Vec<PathBuf> = codec
            .formats()
            .iter()
            .map(|f| path(f.extension()))
            .collect();
        let overwrite = self.args.overwrite;
        let sound = match self.args.write {
            Some(_) => Some(ClipFile::new(
                path("wav"),
                Some(AudioFormat::Wav24),
                overwrite,
            )?),
            None => None,
        };
        let files = match self.args.write {
            Some(_) => PictureFiles::Kept { overwrite },
            None => PictureFiles::Removed,
        };
        let reporter = terminal.reporter(name);
        let options = EncodeOptions::new(codec);
        let trips = round_trips(clip, &options, &pictures, files, self.phase, &reporter)?;
        let good: Vec<&RoundTrip> = trips.iter().flatten().collect();
        if let (Some(sound), Some(trip)) = (&sound, good.first())
            && let Err(error) = sound.write(&trip.clip, &reporter)
        {
            // No picture without its sound.
            for trip in &good {
                std::fs::remove_file(&trip.path).ok();
            }
            return Err(error);
        }
        for (trip, picture) in trips.iter().zip(&pictures) {
            match trip {
                Ok(trip) => self.tell(trip, sound.as_ref(), terminal, name),
                Err(error) => {
                    let ending = picture.extension().unwrap_or_default().to_string_lossy();
                    terminal.fail(&format!("{codec} as {ending}: {error}"), name);
                }
            }
        }
        Ok(good.len())
    }

    fn tell(&self, trip: &RoundTrip, sound: Option<&ClipFile>, terminal: &Terminal, name: &str) {
        let kept = sound.map(|_| &trip.path);
        let object = json!({
            "event": "codec", "input": name, "codec": trip.codec, "format": trip.extension,
            "width": trip.width, "height": trip.height, "bytes": trip.bytes,
            "snr_db": trip.snr_db, "spectral_convergence_db": trip.spectral_convergence_db,
            "phase_free": trip.phase_free, "sample_rate": trip.clip.sample_rate_hz(),
            "frames": trip.clip.frames(), "picture": kept, "sound": sound.map(|s| &s.path),
        });
        let size = format!("{}×{}", trip.width, trip.height);
        let line = format!(
            "{:<17} {:<6} {size:>12} {:>12} {:>9.2} {:>15.2}{}",
            trip.codec.name(),
            trip.extension,
            trip.bytes,
            trip.snr_db,
            trip.spectral_convergence_db,
            if trip.phase_free {
                "   (phase found anew)"
            } else {
                ""
            }
        );
        terminal.event(&object, Some(&line));
    }
}
