//! `stemloom lr-find`: the learning rate at which a loss falls steepest.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::Terminal;
use super::train_args::RecipeArgs;
use crate::error::{Error, Result};
use crate::train::{LrCurve, LrFind, LrFindOptions, OptimiserSpec, Processor, Recipe, lr_find};

#[derive(Debug, Args)]
pub(super) struct LrFindArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Steps of the sweep; as many as an epoch has unless given, 50 to 200.
    #[arg(long, value_name = "N")]
    batches: Option<usize>,
    /// The first rate.
    #[arg(long, value_name = "X", default_value_t = 1e-7)]
    least: f64,
    /// The last rate.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    most: f64,
    /// End where a smoothed loss is this many times its lowest.
    #[arg(long, value_name = "X", default_value_t = 4.0)]
    stop_factor: f64,
    /// Weights to begin with (.safetensors) instead of drawn ones.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Write rates and losses to this file, as a table.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Replace a file of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

/// Which of the proposed rates are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Proposal {
    /// For each network its own.
    Each,
    /// One for both networks, where the sum of their losses falls steepest.
    Joint,
}

pub(super) fn run(args: &LrFindArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.recipe.recipe.clone().unwrap_or_default();
    if let Err(error) = one(args, &terminal) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn one(args: &LrFindArgs, terminal: &Terminal) -> Result<()> {
    let recipe = args.recipe.open()?;
    let data = args.recipe.data()?;
    let options = sweep(args)?;
    if let Some(path) = &args.csv
        && path.exists()
        && (!args.overwrite || path.is_dir())
    {
        return Err(Error::Exists { path: path.clone() });
    }
    let processor = args.recipe.processor()?;
    let found = find(&recipe, &data, &processor, &options, terminal)?;
    if let Some(path) = &args.csv {
        found.write_csv(path, args.overwrite)?;
    }
    tell(&found, &recipe, &processor, args.csv.as_deref(), terminal);
    Ok(())
}

/// The sweep that was asked for; what is wrong is told by the option's name.
fn sweep(args: &LrFindArgs) -> Result<LrFindOptions> {
    let options = LrFindOptions {
        batches: args.batches,
        least: args.least,
        most: args.most,
        stop_factor: args.stop_factor,
        weights: args.weights.clone(),
        cache: args.recipe.cache.clone(),
    };
    options.check().map_err(|error| match error {
        Error::Setting { name, problem } => {
            let option = format!("--{}", name.replace('_', "-"));
            Error::setting(option, problem)
        }
        error => error,
    })?;
    Ok(options)
}

/// Sweeps before a training; answers the recipe with the rates that were found.
pub(super) fn take(
    recipe: &Recipe,
    data: &Path,
    processor: &Processor,
    options: &LrFindOptions,
    proposal: Proposal,
    terminal: &Terminal,
) -> Result<Recipe> {
    if proposal == Proposal::Joint && !recipe.loss.adversarial {
        let problem = "joint is for two networks, and the recipe has no discriminator; say each";
        return Err(Error::setting("--find-lr", problem));
    }
    let found = find(recipe, data, processor, options, terminal)?;
    let object = object(&found, recipe, processor, None, proposal);
    // Not as a result: the bar is still needed.
    let text = match changes(&found, recipe, proposal).join(" ") {
        none if none.is_empty() => {
            "no better learning rate was found; the recipe's is taken".to_owned()
        }
        rates => format!("found {rates}"),
    };
    terminal.event(&object, Some(&text));
    Ok(match proposal {
        Proposal::Each => found.apply(recipe),
        Proposal::Joint => found.apply_joint(recipe),
    })
}

/// A sweep with its progress.
fn find(
    recipe: &Recipe,
    data: &Path,
    processor: &Processor,
    options: &LrFindOptions,
    terminal: &Terminal,
) -> Result<LrFind> {
    let reporter = terminal.reporter(&data.display().to_string());
    lr_find(recipe, data, processor, options, &mut |_| {}, &reporter)
}

/// What a sweep found, as an object.
fn object(
    found: &LrFind,
    recipe: &Recipe,
    processor: &Processor,
    csv: Option<&Path>,
    proposal: Proposal,
) -> Value {
    let curve = |curve: &LrCurve| json!({ "name": curve.name, "proposed": curve.proposed, "least_loss": curve.least() });
    let curves: Vec<Value> = found.curves.iter().map(curve).collect();
    json!({
        "event": "learning_rates", "recipe": recipe.name, "device": processor.name,
        "steps": found.rates.len(), "stopped": found.stopped, "curves": curves,
        "set": changes(found, recipe, proposal),
        "set_joint": changes(found, recipe, Proposal::Joint), "path": csv,
    })
}

/// What a sweep proposes, and the words that take it over.
fn tell(
    found: &LrFind,
    recipe: &Recipe,
    processor: &Processor,
    csv: Option<&Path>,
    terminal: &Terminal,
) {
    let object = object(found, recipe, processor, csv, Proposal::Each);
    let last = found.rates.last().copied().unwrap_or_default();
    let first = found.rates.first().copied().unwrap_or_default();
    let mut text = format!(
        "{}: {} steps from {first:.0e} to {last:.1e} on {}",
        recipe.name,
        found.rates.len(),
        processor.name
    );
    if found.stopped {
        text.push_str(", until the loss had grown");
    }
    for curve in &found.curves {
        let proposed = match curve.proposed {
            Some(rate) => format!("falls steepest at {rate:.1e}"),
            None => "never falls; try more --batches, or another range".to_owned(),
        };
        text.push_str(&format!("\n  {:<14} {proposed}", curve.name));
    }
    let ways = [
        ("take it over", Proposal::Each),
        ("or one rate for both", Proposal::Joint),
    ];
    for (way, proposal) in ways {
        let changes = changes(found, recipe, proposal);
        if !changes.is_empty() {
            let words: Vec<String> = changes.iter().map(|c| format!("--set {c}")).collect();
            text.push_str(&format!("\n  {way}: {}", words.join(" ")));
        }
    }
    if let Some(path) = csv {
        text.push_str(&format!("\n  {}", path.display()));
    }
    terminal.result(&object, &text);
}

/// The proposed rates as changes of the recipe; none if nothing was found.
fn changes(found: &LrFind, recipe: &Recipe, proposal: Proposal) -> Vec<String> {
    let proposed = |name: &str| found.curve(name).and_then(|curve| curve.proposed);
    let own = recipe.discriminator_optimiser.is_some();
    let mut changes = Vec::new();
    if proposal == Proposal::Joint {
        if let Some(rate) = proposed("joint") {
            changes.push(format!("optimiser.learning_rate={rate:.1e}"));
            // Without an optimiser of its own the discriminator follows.
            if own {
                changes.push(format!("discriminator_optimiser.learning_rate={rate:.1e}"));
            }
        }
        return changes;
    }
    if let Some(rate) = proposed("generator") {
        changes.push(format!("optimiser.learning_rate={rate:.1e}"));
    }
    // A discriminator that has the network's rate keeps it when the network's moves.
    let kept = (recipe.loss.adversarial && !own && !changes.is_empty())
        .then(|| format!("{:?}", recipe.optimiser.learning_rate));
    let found = proposed("discriminator").map(|rate| format!("{rate:.1e}"));
    if let Some(rate) = found.or(kept) {
        changes.push(format!("discriminator_optimiser.learning_rate={rate}"));
        // A table of its own has its own defaults: what it had of the network's is kept.
        if !own {
            changes.extend(own_settings(recipe.optimiser));
        }
    }
    changes
}

/// Fields of an optimiser that differ from the defaults, but for the rate.
fn own_settings(spec: OptimiserSpec) -> Vec<String> {
    let usual = OptimiserSpec {
        learning_rate: spec.learning_rate,
        ..OptimiserSpec::default()
    };
    // Plain data: this cannot fail.
    let of = |spec: OptimiserSpec| serde_json::to_value(spec).unwrap_or_default();
    let (own, usual) = (of(spec), of(usual));
    let fields = own.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| usual.get(name.as_str()) != Some(*value))
        .map(|(name, value)| format!("discriminator_optimiser.{name}={value}"))
        .collect()
}
