//! `stemloom batch`: many songs by a recipe.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::batch_report::{self, BatchAction};
use super::batch_show::{list_outputs, show, sum_up, tell};
use super::separate::{parse_param, parse_peaks};
use crate::apply::{PeakRule, PostProcess, Region};
use crate::audio::AudioFormat;
use crate::batch::{
    self, Board, Existing, LEDGER_FOLDER, ModelUse, Plan, Problem, Queue, Recipe, RunSettings,
    Shard, load_recipe, report_paths, save_recipe,
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
    /// Songs worked on at once, as far as the memory allows; 0 chooses by the processor.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=256))]
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
        if path.extension().is_none_or(|e| e != "toml") {
            return Err(Error::setting(
                "save-queue",
                "name a file that ends in .toml",
            ));
        }
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
    let of_a_song = |problem: &Problem| {
        let mut inputs = plan.jobs.iter().map(|job| &job.entry.input);
        inputs.any(|input| Some(input) == problem.path.as_ref())
    };
    for problem in &plan.problems {
        // What is wrong with a song is said when its turn comes.
        tell(problem, args.check || !of_a_song(problem), terminal);
    }
    let object = json!({
        "event": "plan", "songs": plan.jobs.len(), "songs_in_all": plan.songs_in_all,
        "shard": shard.to_string(), "out": plan.out.display().to_string(), "lanes": plan.lanes,
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
    let mut kept = queue.clone();
    kept.inputs.retain(|input| input.to_str().is_some());
    kept.write(&plan.out.join(LEDGER_FOLDER).join("queue.toml"))?;
    let board = Arc::new(Board::new(plan.jobs.clone()));
    let stop = Arc::clone(&board);
    let _hook = terminal.cancel_token().on_cancel(move || stop.cancel_all());
    let (events, inbox) = crossbeam_channel::bounded(256);
    let report = std::thread::scope(|scope| {
        // The listener owns its end: should it die, the lanes go on unheard.
        scope.spawn(move || inbox.iter().for_each(|event| show(event, terminal)));
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
    change(&mut queue.recipe, args)?;
    queue.recipe.validate()?;
    Ok(queue)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io("find", path))
}

/// What the words change in a recipe.
fn change(recipe: &mut Recipe, args: &BatchArgs) -> Result<()> {
    if !args.models.is_empty() {
        recipe.models = args.models.iter().map(ModelUse::new).collect();
    }
    for model in &mut recipe.models {
        // A queue may be gone on with from another folder.
        if model.id.ends_with(".onnx") {
            model.id = absolute(Path::new(&model.id))?.display().to_string();
        }
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
    Ok(())
}
