//! `stemloom dataset pairs`: recordings as examples for networks, looked at, stored or streamed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::Terminal;
use super::dataset_pairs_measure::measure;
use super::dataset_pairs_spec::PairSpecArgs;
use crate::dataset::{
    EXAMPLE_PRESETS, ExampleSet, Split, Statistics, Stored, example_preset_about, store_examples,
};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The splits that examples can be in.
const SPLITS: [Split; 3] = [Split::Train, Split::Valid, Split::Test];

#[derive(Debug, Args)]
pub(super) struct PairsArgs {
    /// INSTRUMENT/PIECE.wav, songs in parts or pairs of speech, as the kind wants them; or examples
    /// that were stored.
    #[arg(value_name = "DIR", required_unless_present = "kind")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    spec: PairSpecArgs,
    /// Keep recordings at the examples' rate in this folder, for the next time; without it they are
    /// brought there every time.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Store all examples: SPLIT/SONG_NNNN.input.npy, SPLIT/SONG_NNNN.target.npy and examples.toml.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Store examples anew that are there; without it whole ones are kept.
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// Stream an epoch as a network would get it and tell how fast it comes, for this many seconds
    /// at most; 30 unless given.
    #[arg(
        long,
        value_name = "S",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30",
        value_parser = parse_secs
    )]
    measure: Option<f64>,
    /// Threads that make examples while measuring; as many as there are cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Examples of a batch while measuring.
    #[arg(long, value_name = "N", default_value = "8")]
    batch: NonZeroUsize,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

fn parse_secs(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(secs) if (0.0..=86_400.0).contains(&secs) => Ok(secs),
        _ => Err("must be seconds, 0 to 86400".into()),
    }
}

pub(super) fn run(args: &PairsArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    if args.spec.wants_list() {
        list(&terminal);
        return terminal.exit_code();
    }
    let Some(folder) = &args.folder else {
        let problem = "name the folder of recordings, or list the kinds with --kind help";
        terminal.error(&Error::setting("DIR", problem), "DIR");
        return terminal.exit_code();
    };
    let name = folder.display().to_string();
    if let Err(error) = all(args, folder, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn list(terminal: &Terminal) {
    for name in EXAMPLE_PRESETS {
        let about = example_preset_about(name).unwrap_or_default();
        let object = json!({ "event": "preset", "name": name, "about": about });
        terminal.event(&object, Some(&format!("{name:<15} {about}")));
    }
}

fn all(args: &PairsArgs, folder: &Path, terminal: &Terminal, name: &str) -> Result<()> {
    let spec = args.spec.spec(folder)?;
    let reporter = terminal.reporter(name);
    let set = ExampleSet::open(folder, &spec, args.cache.as_deref(), &reporter)?;
    set.problems().iter().for_each(|text| reporter.warn(text));
    let set = Arc::new(set);
    let (mut object, mut lines) = about(&set, name);
    let (first, line) = first_example(&set)?;
    object["first"] = first;
    lines.extend(line);
    lines.push(format!("sha256 {}", set.checksum()));
    if let Some(out) = &args.out {
        let stored = store(&set, out, args.overwrite, terminal, &reporter)?;
        object["out"] = json!(out);
        object["stored"] = json!(stored);
        lines.push(format!(
            "{} examples written, {} there already: {}",
            stored.written,
            stored.kept,
            out.display()
        ));
    }
    if let Some(most_secs) = args.measure {
        let threads = args.threads.or(std::thread::available_parallelism().ok());
        let threads = threads.map_or(1, NonZeroUsize::get);
        let measured = measure(&set, args.batch.get(), threads, most_secs, &reporter)?;
        object["measured"] = json!(measured);
        lines.push(measured.text());
    }
    terminal.result(&object, &lines.join("\n"));
    Ok(())
}

/// What a set is: shapes, and what each split holds.
fn about(set: &ExampleSet, name: &str) -> (Value, Vec<String>) {
    let shapes = set.shapes();
    let mut splits = serde_json::Map::new();
    let mut lines = vec![format!(
        "input {}, target {} (channels x rows x columns)",
        shape_text(shapes.input),
        shape_text(shapes.target)
    )];
    for split in SPLITS {
        let songs = || set.songs().iter().filter(move |song| song.split == split);
        let count = songs().count();
        // From 0.0: the sum of nothing is -0.0.
        let hours = songs().fold(0.0, |hours, song| hours + song.seconds / 3600.0);
        splits.insert(
            split.name().to_owned(),
            json!({ "examples": set.len(split), "songs": count, "hours": hours }),
        );
        lines.push(format!(
            "  {:<5} {:>8} examples  {count:>6} songs  {hours:>8.3} h",
            split.name(),
            set.len(split)
        ));
    }
    let object = json!({
        "event": "result", "input": name, "shapes": shapes, "splits": splits,
        "checksum": set.checksum(), "problems": set.problems(), "spec": set.spec(),
    });
    (object, lines)
}

/// The first example's figures, as a test that examples can be made and are no nonsense.
fn first_example(set: &ExampleSet) -> Result<(Value, Option<String>)> {
    let Some(split) = SPLITS.into_iter().find(|split| !set.is_empty(*split)) else {
        return Ok((Value::Null, None));
    };
    let example = set.make(split, 0, 0)?;
    let song = set.songs().get(example.song);
    let song = song.map_or("", |song| song.name.as_str());
    let (input, target) = (
        Statistics::of(&example.input),
        Statistics::of(&example.target),
    );
    let text = |values: &Statistics| {
        format!(
            "{:.4} to {:.4}, mean {:.4}",
            values.min, values.max, values.mean
        )
    };
    let line = format!(
        "first example, {song} at {:.2} s: input {}; target {}",
        example.start_secs,
        text(&input),
        text(&target)
    );
    let object = json!({
        "split": split, "song": song, "start_secs": example.start_secs,
        "input": input, "target": target,
    });
    Ok((object, Some(line)))
}

fn store(
    set: &ExampleSet,
    out: &Path,
    overwrite: bool,
    terminal: &Terminal,
    reporter: &Reporter,
) -> Result<Stored> {
    let examples: usize = SPLITS.into_iter().map(|split| set.len(split)).sum();
    let values = |shape: [usize; 3]| shape.iter().product::<usize>() as u64;
    let shapes = set.shapes();
    let bytes = 4 * (values(shapes.input) + values(shapes.target)) * examples as u64;
    let object = json!({
        "event": "plan", "examples": examples, "bytes": bytes, "out": out,
    });
    let text = format!(
        "{examples} examples to store, {} MB: {}",
        bytes.div_ceil(1_000_000),
        out.display()
    );
    terminal.event(&object, Some(&text));
    store_examples(set, out, overwrite, reporter)
}

fn shape_text(shape: [usize; 3]) -> String {
    shape.map(|length| length.to_string()).join(" x ")
}
