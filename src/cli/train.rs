//! `stemloom train`: a recipe and recordings to a run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::train_args::RecipeArgs;
use super::train_show::{Watcher, quiet_reporter, show_trials};
use super::{Terminal, export, lr_find, train_list};
use crate::error::{Error, Result};
use crate::train::{
    ExportOptions, LrFindOptions, Processor, Recipe, RunOptions, card_of, folds, grid, open_recipe,
    read_run, train,
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
    /// First find the learning rate at which the loss falls steepest, and train with it.
    #[arg(long, conflicts_with = "resume")]
    find_lr: bool,
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
    let mut work = Work {
        recipe,
        data,
        out,
        processor: args.recipe.processor()?,
        options: RunOptions {
            resume: args.resume,
            overwrite: args.overwrite,
            weights: args.weights.clone(),
            cache: args.recipe.cache.clone(),
        },
    };
    if args.find_lr {
        let options = LrFindOptions {
            cache: args.recipe.cache.clone(),
            ..LrFindOptions::default()
        };
        let Work {
            recipe,
            data,
            processor,
            ..
        } = &work;
        let found = lr_find::find(recipe, data, processor, &options, terminal)?;
        let object = lr_find::object(&found, recipe, processor, None);
        let rates = lr_find::changes(&found, recipe).join(" ");
        // Not as a result: the bar is still needed.
        let text = match rates.as_str() {
            "" => "no better learning rate was found; the recipe's is taken".to_owned(),
            rates => format!("found {rates}"),
        };
        terminal.event(&object, Some(&text));
        work.recipe = found.apply(recipe);
    }
    if args.folds.is_some() || !args.grid.is_empty() {
        return many(args, &work, terminal);
    }
    once(&work, terminal)?;
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

/// One run.
fn once(work: &Work<'_>, terminal: &Terminal) -> Result<()> {
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
            let words = format!("stemloom train --resume --out {}", work.out.display());
            watcher.tell_resume(work.options.resume, &words);
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
            watcher.tell_resume(work.options.resume, "the same words with --resume");
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
