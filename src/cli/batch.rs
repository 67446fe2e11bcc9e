//! `stemloom batch`: many songs by a recipe.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::batch_report::{self, BatchAction};
use super::separate::{parse_param, parse_peaks};
use super::{Terminal, terminal};
use crate::apply::{PeakRule, PostProcess, Region};
use crate::audio::AudioFormat;
use crate::batch::{
    self, BatchEvent, Board, Existing, LEDGER_FOLDER, ModelUse, Plan, Problem, Queue, Recipe,
    Report, RowState, RunSettings, Severity, Shard, load_recipe, report_paths, save_recipe,
};
use crate::error::{Error, Result};
use crate::model::Device;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct BatchArgs {
    #[command(subcommand)]
    action: Option<BatchAction>,
    /// Songs and folders, or one queue file (.toml).
    inputs: Vec<PathBuf>,
    /// A recipe's name or file; `stemloom batch recipes` lists them. What follows changes it.
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<String>,
    /// The models, separated by commas.
    #[arg(long = "model", value_delimiter = ',', value_name = "ID|FILE")]
    models: Vec<String>,
    /// A setting of every model named; may be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    params: Vec<(String, f64)>,
    /// Stems to write, separated by commas.
    #[arg(long, value_delimiter = ',')]
    stems: Option<Vec<String>>,
    /// wav16, wav24, wav32f or flac.
    #[arg(long)]
    format: Option<AudioFormat>,
    /// File name without ending: {name} {title} {artist} {stem} {model}; / makes folders.
    #[arg(long, value_name = "PATTERN")]
    name: Option<String>,
    /// Files that are there: skip, number or overwrite.
    #[arg(long)]
    existing: Option<Existing>,
    /// Sample rate of the files in hertz.
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// Peaks over full scale in whole-number formats: keep or lower.
    #[arg(long, value_parser = parse_peaks)]
    peaks: Option<PeakRule>,
    /// Start of the region in seconds.
    #[arg(long, value_name = "S")]
    start: Option<f64>,
    /// Length of the region in seconds.
    #[arg(long, value_name = "S")]
    duration: Option<f64>,
    /// Write a picture of mixture, masks and stems for every song.
    #[arg(long)]
    pictures: bool,
    /// Refine the stems by a multichannel Wiener filter.
    #[arg(long)]
    wiener: bool,
    /// Move clicks out of the pitched stems by a median filter.
    #[arg(long)]
    median: bool,
    /// Keep the recipe, as changed here, under this name.
    #[arg(long, value_name = "NAME")]
    save_recipe: Option<String>,
    /// Keep inputs, recipe and destination as a queue file.
    #[arg(long, value_name = "FILE.toml")]
    save_queue: Option<PathBuf>,
    /// The destination; folders keep their structure below it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// auto, cpu, cuda[:N], tensorrt[:N], coreml, directml[:N].
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Processor threads for each network; 0 lets ONNX Runtime choose.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Memory that may be used, in MB; 0 for no limit.
    #[arg(long, value_name = "MB", default_value_t = 0)]
    memory: u64,
    /// Songs worked on at once, as far as the memory allows.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    songs: u16,
    /// Part I of N of the queue, auto, or auto/N; a Slurm array is recognised by itself.
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,
    /// Go on with the last queue of the destination. Finished work is recognised in any case.
    #[arg(long)]
    resume: bool,
    /// Do everything again, also what is finished and whole.
    #[arg(long, conflicts_with = "resume")]
    redo: bool,
    /// The report: FILE.jsonl, and a page FILE.html beside it; in the destination unless given.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Only look: names, room, models, what is in the way.
    #[arg(long)]
    check: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &BatchArgs) -> ExitCode {
    let json = match &args.action {
        Some(BatchAction::Report(args)) => args.json,
        Some(BatchAction::Recipes(args)) => args.json,
        None => args.json,
    };
    let terminal = Terminal::new(json);
    let outcome = match &args.action {
        Some(BatchAction::Report(args)) => batch_report::report(args, &terminal),
        Some(BatchAction::Recipes(args)) => batch_report::recipes(args, &terminal),
        None => work(args, &terminal),
    };
    if let Err(error) = outcome {
        terminal.error(&error, "batch");
    }
    terminal.exit_code()
}

fn work(args: &BatchArgs, terminal: &Terminal) -> Result<()> {
    let queue = queue(args)?;
    if let Some(name) = &args.save_recipe {
        let path = save_recipe(name, &queue.recipe, true)?;
        let object = json!({ "event": "saved", "recipe": name, "path": path });
        terminal.event(&object, Some(&format!("recipe kept: {}", path.display())));
    }
    if let Some(path) = &args.save_queue {
        queue.write(path)?;
    }
    let environment = |name: &str| std::env::var(name).ok();
    let shard = match &args.shard {
        Some(text) => Shard::parse(text, environment)?,
        None => Shard::from_environment(None, environment)?.unwrap_or(Shard::WHOLE),
    };
    let settings = RunSettings {
        device: args.device.clone(),
        threads: args.threads,
        memory_mb: args.memory,
        songs_at_once: usize::from(args.songs),
        shard,
        redo: args.redo,
    };
    let (plan, kit) = Plan::make(&queue, &settings, &terminal.reporter("batch"))?;
    plan.problems
        .iter()
        .for_each(|problem| tell(problem, args.check, terminal));
    let object = json!({
        "event": "plan", "songs": plan.jobs.len(), "songs_in_all": plan.songs_in_all,
        "shard": shard.to_string(), "out": plan.out, "lanes": plan.lanes,
        "bytes": plan.jobs.iter().map(|job| job.bytes).sum::<u64>(), "ready": plan.is_ready(),
    });
    let part = match shard {
        Shard::WHOLE => String::new(),
        shard => format!(" (part {shard} of {})", plan.songs_in_all),
    };
    let text = format!(
        "{} songs{part} into {}",
        plan.jobs.len(),
        plan.out.display()
    );
    terminal.event(&object, Some(&text));
    let Some(kit) = kit.filter(|_| plan.is_ready()) else {
        return Ok(());
    };
    if args.check {
        list_outputs(&plan, terminal);
        return Ok(());
    }
    queue.write(&plan.out.join(LEDGER_FOLDER).join("queue.toml"))?;
    let board = Arc::new(Board::new(plan.jobs.clone()));
    let stop = Arc::clone(&board);
    let _hook = terminal.cancel_token().on_cancel(move || stop.cancel_all());
    let (events, inbox) = crossbeam_channel::bounded(256);
    let report = std::thread::scope(|scope| {
        scope.spawn(|| inbox.iter().for_each(|event| show(event, terminal)));
        let tell = Arc::new(move |event| {
            // The listener outlives the work.
            events.send(event).ok();
        });
        batch::run(&plan, &kit, &settings, &board, tell)
    })?;
    let path = args.report.as_ref().map_or_else(
        || report_paths(&plan.out, shard),
        |path| path.with_extension("jsonl"),
    );
    report.write(&path)?;
    sum_up(&report, &path, terminal);
    Ok(())
}

/// The queue that the words describe.
fn queue(args: &BatchArgs) -> Result<Queue> {
    let file = match args.inputs.as_slice() {
        [only] if only.extension().is_some_and(|e| e == "toml") => Some(only.clone()),
        [] if args.resume => {
            let out = args.out.clone().unwrap_or_else(|| PathBuf::from("stems"));
            Some(out.join(LEDGER_FOLDER).join("queue.toml"))
        }
        [] => {
            let problem = "name songs, folders or a queue file; or --resume with --out";
            return Err(Error::setting("inputs", problem));
        }
        _ => None,
    };
    let mut queue = match file {
        Some(path) => {
            let mut queue = Queue::read(&path)?;
            if let Some(name) = &args.recipe {
                queue.recipe = load_recipe(name)?;
            }
            queue
        }
        None => Queue {
            inputs: args
                .inputs
                .iter()
                .map(|input| absolute(input))
                .collect::<Result<_>>()?,
            out: absolute(Path::new("stems"))?,
            recipe: load_recipe(args.recipe.as_deref().unwrap_or("all-stems"))?,
        },
    };
    if let Some(out) = &args.out {
        queue.out = absolute(out)?;
    }
    change(&mut queue.recipe, args);
    queue.recipe.validate()?;
    Ok(queue)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io("find", path))
}

/// What the words change in a recipe.
fn change(recipe: &mut Recipe, args: &BatchArgs) {
    if !args.models.is_empty() {
        recipe.models = args.models.iter().map(ModelUse::new).collect();
    }
    for model in &mut recipe.models {
        model.params.extend(args.params.iter().cloned());
    }
    if let Some(stems) = &args.stems {
        recipe.stems = Some(stems.clone());
    }
    if let Some(format) = args.format {
        recipe.format = format;
    }
    if let Some(name) = &args.name {
        recipe.name.clone_from(name);
    }
    if let Some(existing) = args.existing {
        recipe.existing = existing;
    }
    if args.rate.is_some() {
        recipe.sample_rate_hz = args.rate;
    }
    if let Some(peaks) = args.peaks {
        recipe.level = peaks;
    }
    if args.start.is_some() || args.duration.is_some() {
        recipe.region = Some(Region {
            start_secs: args.start.unwrap_or(0.0),
            duration_secs: args.duration,
        });
    }
    recipe.pictures |= args.pictures;
    for (wanted, post) in [
        (args.wiener, PostProcess::Wiener),
        (args.median, PostProcess::Median),
    ] {
        if wanted && !recipe.post.contains(&post) {
            recipe.post.push(post);
        }
    }
}

fn tell(problem: &Problem, only_looking: bool, terminal: &Terminal) {
    let path = problem.path.as_ref().map(|path| path.display().to_string());
    let at = path
        .as_ref()
        .filter(|path| !problem.message.contains(*path));
    let text = match at {
        Some(path) => format!("{}: {path}", problem.message),
        None => problem.message.clone(),
    };
    let object = json!({
        "event": "problem", "severity": format!("{:?}", problem.severity).to_lowercase(),
        "message": problem.message, "path": path,
    });
    match problem.severity {
        Severity::Stop => terminal.fail(&text, path.as_deref().unwrap_or_default()),
        // Said again, as that song's failure, when its turn comes.
        Severity::File if only_looking => terminal.fail(&text, path.as_deref().unwrap_or_default()),
        Severity::File => terminal.event(&object, None),
        Severity::Note => terminal.event(&object, Some(&format!("note: {text}"))),
    }
}

fn list_outputs(plan: &Plan, terminal: &Terminal) {
    for job in &plan.jobs {
        for path in job.outputs() {
            let object = json!({ "event": "output", "input": job.entry.input, "path": path });
            terminal.event(&object, Some(&format!("  {}", path.display())));
        }
    }
}

fn show(event: BatchEvent, terminal: &Terminal) {
    match event {
        BatchEvent::Row(row, totals) => {
            terminal.event(
                &json!({
                    "event": "progress", "input": row.input, "state": row.state, "stage": row.stage,
                    "done": row.fraction, "remaining_secs": row.remaining_secs,
                    "overall": totals.fraction, "overall_remaining_secs": totals.remaining_secs,
                }),
                None,
            );
            let left = totals.remaining_secs.map_or_else(String::new, |secs| {
                format!(", {} left", terminal::duration(secs))
            });
            let message = format!("{} of {}{left}", totals.over, totals.songs);
            terminal.overall("Batch", totals.fraction, message);
        }
        BatchEvent::Warning(input, text) => {
            let about = input.display().to_string();
            terminal.reporter(&about).warn(text);
        }
        BatchEvent::Over(file) => {
            let input = file.input.display().to_string();
            if file.state == RowState::Failed {
                let reason = file.error.clone().unwrap_or_else(|| "failed".into());
                terminal.fail(&reason, &input);
            }
            let mut object = serde_json::to_value(&*file).unwrap_or_default();
            object["event"] = json!("file");
            let text = match file.state {
                RowState::Done => format!(
                    "done: {input}: {} of audio in {:.1} s",
                    terminal::duration(file.seconds),
                    file.seconds_taken
                ),
                RowState::Skipped => {
                    let reason = file.error.clone().unwrap_or_default();
                    format!("left out: {reason}: {input}")
                }
                state => format!("{}: {input}", state.label().to_lowercase()),
            };
            let shown = (file.state != RowState::Failed).then_some(text.as_str());
            terminal.event(&object, shown);
        }
    }
}

fn sum_up(report: &Report, path: &Path, terminal: &Terminal) {
    let count = |state: RowState| report.count(|other| other == state);
    let object = json!({
        "event": "result", "songs": report.files.len(), "done": count(RowState::Done),
        "already_done": count(RowState::AlreadyDone), "skipped": count(RowState::Skipped),
        "cancelled": count(RowState::Cancelled), "failed": count(RowState::Failed),
        "report": path, "page": path.with_extension("html"),
    });
    let mut parts = Vec::new();
    for state in [
        RowState::Done,
        RowState::AlreadyDone,
        RowState::Skipped,
        RowState::Cancelled,
        RowState::Failed,
    ] {
        if count(state) > 0 {
            parts.push(format!("{} {}", count(state), state.label().to_lowercase()));
        }
    }
    let text = format!("{}\n  report: {}", parts.join(", "), path.display());
    terminal.result(&object, &text);
}
