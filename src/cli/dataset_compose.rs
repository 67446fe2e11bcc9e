//! `stemloom dataset compose`: pieces by seed, as MIDI files.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::dataset::compose::{ComposeSpec, Key, Meter, Part, Style, compose};
use crate::dataset::write_midi;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct ComposeArgs {
    /// The folder for the pieces, NUMBER-SEED-STYLE.mid each.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many pieces, 1 to 99999.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99_999))]
    count: u32,
    /// The seed of the first piece; each of the next has the next seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Length in bars, 1 to 10000.
    #[arg(long, value_name = "N", default_value_t = 32)]
    bars: usize,
    /// Quarter notes per minute, 30 to 300; else drawn to suit the style, 60 to 180.
    #[arg(long, value_name = "BPM")]
    tempo: Option<f64>,
    /// C, F#, Bb, Am …; else drawn.
    #[arg(long, value_name = "KEY")]
    key: Option<Key>,
    /// 4/4, 3/4, 6/8 or 5/4; else drawn to suit the style.
    #[arg(long, value_name = "METER")]
    meter: Option<Meter>,
    /// pop, rock, ballad, waltz, funk, folk, electronic or swing; else drawn.
    #[arg(long, value_name = "STYLE")]
    style: Option<Style>,
    /// Some of drums, bass, guitar, lead, keys and melody, separated by commas; else all.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    parts: Vec<Part>,
    /// Replace files of the same names.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ComposeArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    if let Err(error) = prepare(args) {
        terminal.error(&error, &args.out.display().to_string());
        return terminal.exit_code();
    }
    for number in 0..args.count {
        if terminal.is_cancelled() {
            break;
        }
        let spec = spec(args, number);
        if let Err(error) = write_one(args, number, &spec, &terminal) {
            terminal.error(&error, &format!("seed {}", spec.seed));
        }
    }
    terminal.exit_code()
}

/// What can be known to be wrong before anything is written; and the folder.
fn prepare(args: &ComposeArgs) -> Result<()> {
    spec(args, 0).choices()?;
    std::fs::create_dir_all(&args.out).map_err(Error::io("create the folder", &args.out))
}

/// The piece of a number.
fn spec(args: &ComposeArgs, number: u32) -> ComposeSpec {
    let all = ComposeSpec::default().parts;
    ComposeSpec {
        // Seeds go round: there is a next one after the largest.
        seed: args.seed.wrapping_add(u64::from(number)),
        bars: args.bars,
        tempo_bpm: args.tempo,
        key: args.key,
        meter: args.meter,
        style: args.style,
        parts: if args.parts.is_empty() {
            all
        } else {
            args.parts.iter().copied().collect()
        },
    }
}

fn write_one(
    args: &ComposeArgs,
    number: u32,
    spec: &ComposeSpec,
    terminal: &Terminal,
) -> Result<()> {
    let choices = spec.choices()?;
    let piece = compose(spec)?;
    let name = format!("{number:05}-{}-{}.mid", spec.seed, choices.style);
    let path = args.out.join(name);
    write_midi(&piece, &path, args.overwrite)?;
    terminal.result(
        &json!({
            "event": "result", "path": path, "seed": spec.seed,
            "style": choices.style.name(), "key": choices.key.to_string(),
            "meter": choices.meter.name(), "tempo_bpm": choices.tempo_bpm,
            "bars": spec.bars, "seconds": piece.seconds, "notes": piece.notes.len(),
            "parts": spec.parts.iter().map(|part| part.name()).collect::<Vec<_>>(),
        }),
        &format!(
            "{} in {}, {}, {} a minute, {:.1} s: {}",
            choices.style,
            choices.key,
            choices.meter,
            choices.tempo_bpm,
            piece.seconds,
            path.display()
        ),
    );
    Ok(())
}
