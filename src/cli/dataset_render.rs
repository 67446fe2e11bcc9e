//! `stemloom dataset render`: MIDI files by several instruments.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::terminal::duration;
use crate::audio::AudioFormat;
use crate::dataset::{
    Instrument, InstrumentChoice, Missing, NamedChoice, Normalise, PartsOptions, PartsSong,
    RenderManyOptions, RenderOutcome, RenderPlan, RenderSpec, RenderedFile, Tail, plan_renders,
    render_many, render_parts,
};
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// MIDI files, and folders that are searched for .mid and .midi.
    #[arg(required = true, value_name = "INPUT.mid|DIR")]
    inputs: Vec<PathBuf>,
    /// nsynth:DIR:family_source_III, sf2:FILE[:bank:program] or samples:DIR, with a name before it for
    /// a folder of that name: guitar=sf2:gm.sf2:0:25; may be repeated.
    #[arg(long = "instrument", required = true, value_name = "[NAME=]SPEC")]
    instruments: Vec<NamedChoice>,
    /// The destination; every instrument has a folder in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Make songs with their parts: a folder per piece with drums, bass, guitar … and the mixture,
    /// each part by its own General MIDI program. Needs one --instrument sf2:FILE.
    #[arg(long, conflicts_with_all = ["drums", "normalise", "dry_run"])]
    parts: bool,
    /// How fast; 2 halves the length, pitches stay.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Notes are held this many times as long.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    duration_rate: f64,
    /// Whole semitones that notes are moved by; drums are not.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    transpose: i32,
    /// Sample rate in hertz.
    #[arg(long, value_name = "HZ", default_value_t = 44_100)]
    rate: u32,
    /// Seconds in which a note fades after its end.
    #[arg(long, value_name = "S", default_value_t = 0.08)]
    release: f64,
    /// Seconds after the last note's end; as long as the release unless given.
    #[arg(long, value_name = "S")]
    tail: Option<f64>,
    /// Velocity only chooses samples and does not scale them.
    #[arg(long)]
    flat_velocity: bool,
    /// Bring every file's peak to -1 dB of full scale.
    #[arg(long)]
    normalise: bool,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    /// Pitches without a sample: nearest plays the nearest sample at another speed, count leaves the
    /// note silent and counts it.
    #[arg(long, value_name = "HOW", default_value = "nearest")]
    missing: Missing,
    /// Also play the notes of the drum channel.
    #[arg(long)]
    drums: bool,
    /// Only tell what would be written.
    #[arg(long)]
    dry_run: bool,
    /// Make files anew that are there; without it whole ones are kept.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RenderArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    if let Err(error) = all(args, &terminal) {
        terminal.error(&error, "render");
    }
    terminal.exit_code()
}

fn all(args: &RenderArgs, terminal: &Terminal) -> Result<()> {
    let options = RenderManyOptions {
        out: args.out.clone(),
        format: args.format,
        overwrite: args.overwrite,
        spec: RenderSpec {
            sample_rate_hz: args.rate,
            playback_speed: args.speed,
            duration_rate: args.duration_rate,
            transpose_semitones: args.transpose,
            release_secs: args.release,
            velocity_gain: !args.flat_velocity,
            tail: args.tail.map_or(Tail::Auto, Tail::Secs),
            drums: args.drums,
            normalise: if args.normalise {
                Normalise::Peak
            } else {
                Normalise::None
            },
        },
    };
    options.spec.validate()?;
    if args.parts {
        return parts(args, options, terminal);
    }
    let instruments: Vec<Box<dyn Instrument>> = args
        .instruments
        .iter()
        .map(|choice| choice.open(args.rate, args.missing))
        .collect::<Result<_>>()?;
    let reporter = terminal.reporter("render");
    let plan = plan_renders(&args.inputs, &instruments, &options, &reporter)?;
    for (input, error) in &plan.broken {
        terminal.error(error, &input.display().to_string());
    }
    show_plan(&plan, args, terminal);
    if args.dry_run {
        return Ok(());
    }
    render_many(
        &plan,
        &instruments,
        &options,
        &|file| show_file(&file, terminal),
        &reporter,
    )?;
    let object = json!({
        "event": "result", "out": args.out, "files": plan.files, "kept": plan.kept,
        "broken": plan.broken.len(),
    });
    terminal.result(&object, &format!("done: {}", args.out.display()));
    Ok(())
}

fn parts(args: &RenderArgs, options: RenderManyOptions, terminal: &Terminal) -> Result<()> {
    let choices: Vec<_> = args.instruments.iter().map(|i| &i.choice).collect();
    let [InstrumentChoice::SoundFont { file, .. }] = choices.as_slice() else {
        let problem = "with --parts name one SoundFont with General MIDI programs: sf2:FILE";
        return Err(Error::setting("instrument", problem));
    };
    let options = PartsOptions {
        out: options.out,
        format: options.format,
        overwrite: options.overwrite,
        spec: options.spec,
        soundfont: file.to_path_buf(),
    };
    let tell = |song: PartsSong| {
        let input = song.input.display().to_string();
        let folder = &song.folder;
        match song.outcome {
            Ok(None) => {
                let object = json!({ "event": "kept", "input": input, "folder": folder });
                terminal.event(&object, None);
            }
            Ok(Some(made)) => {
                let reporter = terminal.reporter(&input);
                made.warnings.iter().for_each(|w| reporter.warn(w));
                let object = json!({
                    "event": "song", "input": input, "folder": folder, "parts": made.parts,
                    "seconds": made.seconds, "gain": made.gain,
                });
                let text = format!("{} ({})", folder.display(), made.parts.join(", "));
                terminal.event(&object, Some(&text));
            }
            Err(error) => terminal.error(&error, &input),
        }
    };
    let reporter = terminal.reporter("render");
    render_parts(&args.inputs, &options, &tell, &reporter)?;
    let object = json!({ "event": "result", "out": args.out });
    terminal.result(&object, &format!("done: {}", args.out.display()));
    Ok(())
}

fn show_plan(plan: &RenderPlan, args: &RenderArgs, terminal: &Terminal) {
    let object = json!({
        "event": "plan", "pieces": plan.pieces.len(), "files": plan.files, "kept": plan.kept,
        "broken": plan.broken.len(), "hours": plan.hours, "bytes": plan.bytes, "out": args.out,
    });
    let text = format!(
        "{} files to write ({}, at most {} MB), {} kept: {}",
        plan.files,
        duration(plan.hours * 3600.0),
        plan.bytes.div_ceil(1_000_000),
        plan.kept,
        args.out.display()
    );
    terminal.event(&object, Some(&text));
    if !args.dry_run {
        return;
    }
    for piece in &plan.pieces {
        for file in &piece.files {
            let object = json!({
                "event": "planned", "input": piece.input, "path": file.path,
                "frames": piece.frames, "bytes": file.bytes, "kept": file.kept,
            });
            let kept = if file.kept { "kept" } else { "to write" };
            let text = format!("{kept}: {}", file.path.display());
            terminal.event(&object, Some(&text));
        }
    }
}

fn show_file(file: &RenderedFile, terminal: &Terminal) {
    let input = file.input.display().to_string();
    match &file.outcome {
        Ok(RenderOutcome::Kept) => {
            let object = json!({
                "event": "kept", "input": input, "instrument": file.instrument, "path": file.path,
            });
            terminal.event(&object, None);
        }
        Ok(RenderOutcome::Written {
            frames,
            peak,
            missing,
            warnings,
        }) => {
            let reporter = terminal.reporter(&input);
            warnings.iter().for_each(|warning| reporter.warn(warning));
            let silent: usize = missing.iter().map(|(_, notes)| notes).sum();
            if silent > 0 {
                let pitches: Vec<String> =
                    missing.iter().map(|(pitch, _)| pitch.to_string()).collect();
                reporter.warn(format!(
                    "{} does not have {silent} of the notes; pitches {}",
                    file.instrument,
                    pitches.join(", ")
                ));
            }
            let object = json!({
                "event": "file", "input": input, "instrument": file.instrument,
                "path": file.path, "frames": frames, "peak": peak, "missing": missing,
            });
            terminal.event(&object, Some(&file.path.display().to_string()));
        }
        Err(error) => terminal.error(error, &input),
    }
}
