//! `stemloom train`: a recipe and recordings to a run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::train_args::RecipeArgs;
use super::train_show::{Watcher, quiet_reporter, show_trials};
use super::{Terminal, export, lr_find, train_list};
use crate::error::{Error, Result};
use crate::train::{
    ExportOptions, LrFindOptions, Processor, Recipe, RunOptions, TrainDevice, card_of, choose,
    folds, grid, open_recipe, read_run, shell_word, train,
};

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// List the recipes that are always there.
    #[arg(long)]
    list: bool,
    /// Print a recipe as TOML, to be changed and kept as a file.
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "list")]
    show: Option<String>,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// The run's folder: settings, history, states, previews.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["list", "show"])]
    out: Option<PathBuf>,
    /// Weights to begin with (.safetensors) instead of drawn ones.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Carry on the run in --out; its recipe and recordings need not be named again.
    #[arg(long)]
    resume: bool,
    /// Replace the run in --out.
    #[arg(long)]
    overwrite: bool,
    /// Train K times, each time with other songs for validation.
    #[arg(long, value_name = "K", conflicts_with = "grid")]
    folds: Option<usize>,
    /// Train with every one of these values; several times, for every combination.
    #[arg(long, value_name = "KEY=A,B,C")]
    grid: Vec<String>,
    /// First find the learning rate at which the loss falls steepest, and train with it: each
    /// network with its own (unless said otherwise), or with joint both with one.
    #[arg(
        long,
        value_name = "each|joint",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "each",
        conflicts_with = "resume"
    )]
    find_lr: Option<lr_find::Proposal>,
    /// Afterwards write the best state as a model.
    #[arg(long, value_name = "FILE.onnx", conflicts_with_all = ["folds", "grid"])]
    export: Option<PathBuf>,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &TrainArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let (name, done) = match (&args.show, &args.out) {
        _ if args.list => (String::new(), train_list::list(&terminal)),
        (Some(name), _) => (name.clone(), show(name, args, &terminal)),
        (None, out) => {
            let out = out.clone().unwrap_or_default();
            (out.display().to_string(), begin(args, &out, &terminal))
        }
    };
    if let Err(error) = done {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn show(name: &str, args: &TrainArgs, terminal: &Terminal) -> Result<()> {
    let recipe = open_recipe(name, &args.recipe.changes())?;
    train_list::show(&recipe, terminal)
}

/// Everything of a training but its watcher.
struct Work<'a> {
    recipe: Recipe,
    data: PathBuf,
    out: &'a Path,
    processor: Processor,
    options: RunOptions,
}

fn begin(args: &TrainArgs, out: &Path, terminal: &Terminal) -> Result<()> {
    let (recipe, data) = asked(args, out)?;
    let export_options = args.export.as_ref().map(|path| ExportOptions {
        overwrite: args.overwrite,
        ..ExportOptions::new(path)
    });
    if let Some(options) = &export_options {
        options.check_out()?;
    }
    // Better known now than after a night.
    if let Err(error) = card_of(&recipe) {
        if args.export.is_some() {
            return Err(error);
        }
        terminal.reporter(&recipe.name).warn(error.to_string());
    }
    let before = || args.resume.then(|| used_device(out)).flatten();
    let device = args.recipe.device.or_else(before).unwrap_or_default();
    let mut work = Work {
        recipe,
        data,
        out,
        processor: choose(device)?,
        options: RunOptions {
            resume: args.resume,
            overwrite: args.overwrite,
            weights: args.weights.clone(),
            cache: args.recipe.cache.clone(),
            device: Some(device),
        },
    };
    if let Some(proposal) = args.find_lr {
        let options = LrFindOptions {
            weights: args.weights.clone(),
            cache: args.recipe.cache.clone(),
            ..LrFindOptions::default()
        };
        let Work {
            recipe,
            data,
            processor,
            ..
        } = &work;
        work.recipe = lr_find::take(recipe, data, processor, &options, proposal, terminal)?;
    }
    if args.folds.is_some() || !args.grid.is_empty() {
        return many(args, &work, terminal);
    }
    once(args, &work, terminal)?;
    match &export_options {
        Some(options) => export::one(out, options, false, terminal),
        None => Ok(()),
    }
}

/// Recipe and recordings: those that were named, else those of the run that is carried on.
fn asked(args: &TrainArgs, out: &Path) -> Result<(Recipe, PathBuf)> {
    let words = &args.recipe;
    if !args.resume || (words.recipe.is_some() && words.data.is_some()) {
        return Ok((words.open()?, words.data()?));
    }
    let no_run = |problem: &str| {
        let problem = format!("{problem}: {}", out.display());
        Error::setting("--resume", problem)
    };
    if !out.join("run.toml").is_file() {
        let problem = "there is no run to carry on; name --recipe and --data to begin one";
        return Err(no_run(problem));
    }
    let run = read_run(out)?;
    let recipe = match &words.recipe {
        Some(_) => words.open()?,
        None => run.recipe.with_changes(&words.changes())?,
    };
    let data = match (&words.data, run.data) {
        (None, Some(data)) => data.folder,
        (None, None) => return Err(no_run("the run had not seen its recordings; name --data")),
        (Some(_), _) => words.data()?,
    };
    Ok((recipe, data))
}

/// What the run in a folder, or the first of several runs in it, was trained on.
fn used_device(out: &Path) -> Option<TrainDevice> {
    let entries = std::fs::read_dir(out).into_iter().flatten().flatten();
    let mut places: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    places.sort();
    places.insert(0, out.to_path_buf());
    let run = places.iter().find_map(|place| read_run(place).ok())?;
    run.record.device_wish?.parse().ok()
}

/// The words that carry on what these began.
fn resume_words(args: &TrainArgs, work: &Work<'_>) -> String {
    let mut words = vec!["stemloom train --resume".to_owned()];
    let mut add = |option: &str, value: &str| {
        words.push(format!("{option} {}", shell_word(value)));
    };
    let path = |path: &Path| path.to_string_lossy().into_owned();
    add("--out", &path(work.out));
    let is_many = args.folds.is_some() || !args.grid.is_empty();
    if is_many {
        // Several runs have no recipe and no recordings in common that are written down.
        let recipe = args.recipe.recipe.as_deref();
        add("--recipe", recipe.unwrap_or_default());
        let mut changes = args.recipe.changes();
        if args.find_lr.is_some() {
            changes.extend(found_rates(&work.recipe));
        }
        changes.iter().for_each(|change| add("--set", change));
        if let Some(folds) = args.folds {
            add("--folds", &folds.to_string());
        }
        args.grid.iter().for_each(|axis| add("--grid", axis));
        if let Some(weights) = &args.weights {
            add("--weights", &path(weights));
        }
    }
    // A run knows its recordings, but not that they were moved.
    if is_many || (args.resume && args.recipe.data.is_some()) {
        add("--data", &path(&work.data));
    }
    let asked = args.recipe.device;
    if let Some(device) = asked.filter(|device| *device != TrainDevice::Auto) {
        add("--device", &device.to_string());
    }
    if let Some(cache) = &args.recipe.cache {
        add("--cache", &path(cache));
    }
    if let Some(file) = &args.export {
        add("--export", &path(file));
        if args.overwrite {
            words.push("--overwrite".to_owned());
        }
    }
    words.join(" ")
}

/// The rates that were found before the training, as changes of the recipe.
fn found_rates(recipe: &Recipe) -> Vec<String> {
    let rate = recipe.optimiser.learning_rate;
    let mut changes = vec![format!("optimiser.learning_rate={rate:?}")];
    // All of it: a table of its own has its own defaults. Plain data: this cannot fail.
    let own = serde_json::to_value(recipe.discriminator_optimiser).unwrap_or_default();
    for (name, value) in own.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        changes.push(format!("discriminator_optimiser.{name}={value}"));
    }
    changes
}

/// One run.
fn once(args: &TrainArgs, work: &Work<'_>, terminal: &Terminal) -> Result<()> {
    let mut watcher = Watcher::new(terminal, None);
    let reporter = quiet_reporter(terminal, &work.data.display().to_string());
    let done = train(
        &work.recipe,
        &work.data,
        work.out,
        &work.processor,
        &work.options,
        &mut |event| watcher.hear(Some(work.out), event),
        &reporter,
    );
    match done {
        Err(Error::Cancelled) => {
            watcher.tell_resume(work.options.resume, &resume_words(args, work));
            Err(Error::Cancelled)
        }
        Err(error) => Err(error),
        Ok(summary) => {
            watcher.show_summary(&summary, &work.processor.name);
            Ok(())
        }
    }
}

/// Many runs and their table.
fn many(args: &TrainArgs, work: &Work<'_>, terminal: &Terminal) -> Result<()> {
    let mut watcher = Watcher::new(terminal, Some(work.out));
    let reporter = quiet_reporter(terminal, &work.data.display().to_string());
    let mut watch = |number, event| watcher.hear_of(number, event);
    let done = match args.folds {
        Some(count) => folds(
            &work.recipe,
            count,
            &work.data,
            work.out,
            &work.processor,
            &work.options,
            &mut watch,
            &reporter,
        ),
        None => {
            let axes: Vec<String> = args.grid.iter().map(|text| axis(text)).collect();
            grid(
                &work.recipe,
                &axes,
                &work.data,
                work.out,
                &work.processor,
                &work.options,
                &mut watch,
                &reporter,
            )
        }
    };
    match done {
        Err(Error::Cancelled) => {
            watcher.tell_resume(work.options.resume, &resume_words(args, work));
            Err(Error::Cancelled)
        }
        Err(error) => Err(error),
        Ok(trials) => {
            show_trials(&trials, work.out, terminal);
            Ok(())
        }
    }
}

/// `key=a,b,c` as the axis `key=["a","b","c"]`; numbers and truth values without quotes. What is a
/// list in brackets already stays.
fn axis(text: &str) -> String {
    let Some((key, values)) = text.split_once('=') else {
        return text.to_owned();
    };
    if values.trim_start().starts_with('[') {
        return text.to_owned();
    }
    let value = |value: &str| {
        let value = value.trim();
        if value == "true" || value == "false" || value.parse::<i64>().is_ok() {
            return value.to_owned();
        }
        match value.parse::<f64>() {
            Ok(number) => format!("{number:?}"),
            Err(_) => format!("{value:?}"),
        }
    };
    let values: Vec<String> = values.split(',').map(value).collect();
    format!("{key}=[{}]", values.join(","))
}
