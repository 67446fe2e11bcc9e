//! Many runs of one recipe: folds of the songs, or a grid of settings, and a table of how each went.
//!
//! ```text
//! OUT/fold-1/ … fold-K/, results.csv      (folds)
//! OUT/trial-1/ …, results.csv             (grid)
//! ```

use std::io::Write as _;
use std::path::Path;

use super::Processor;
use super::recipe::Recipe;
use super::run::train;
use super::run_events::{Control, RunOptions, RunSummary, TrainEvent};
use super::run_folder::{RunStatus, read_run};
use crate::audio::write_whole;
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// How one of the runs went.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its folder's name.
    pub name: String,
    /// What sets it apart, as `key=value`.
    pub changes: Vec<String>,
    /// Its best loss by `training.best_by`; `None` if it failed.
    pub loss: Option<f64>,
    /// The epoch of it, from 1.
    pub epoch: Option<usize>,
    /// Epochs done.
    pub epochs: usize,
    /// Seconds in steps.
    pub secs: f64,
    /// Why it failed.
    pub reason: Option<String>,
}

/// The runs of a fold or grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// One row per run, in the order they were made.
    pub rows: Vec<Trial>,
}

impl Trials {
    /// Mean and spread (standard deviation, divided by n − 1; 0 for one) of the best losses of the
    /// runs that did not fail; `None` if all did.
    pub fn mean_and_spread(&self) -> Option<(f64, f64)> {
        let losses: Vec<f64> = self.rows.iter().filter_map(|row| row.loss).collect();
        if losses.is_empty() {
            return None;
        }
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        let squares: f64 = losses.iter().map(|x| (x - mean).powi(2)).sum();
        let spread = (squares / (losses.len() - 1).max(1) as f64).sqrt();
        Some((mean, spread))
    }

    /// The run with the lowest loss.
    pub fn best(&self) -> Option<&Trial> {
        let with_loss = self.rows.iter().filter_map(|row| Some((row, row.loss?)));
        let best = with_loss.min_by(|a, b| a.1.total_cmp(&b.1));
        best.map(|(row, _)| row)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let mut text = String::from("name,changes,loss,epoch,epochs,secs,reason\n");
        for row in &self.rows {
            let number = |x: Option<String>| x.unwrap_or_default();
            text.push_str(&format!(
                "{},{},{},{},{},{},{}\n",
                row.name,
                quoted(&row.changes.join("; ")),
                number(row.loss.map(|x| x.to_string())),
                number(row.epoch.map(|x| x.to_string())),
                row.epochs,
                row.secs,
                quoted(row.reason.as_deref().unwrap_or("")),
            ));
        }
        if let Some((mean, spread)) = self.mean_and_spread() {
            text.push_str(&format!("mean,,{mean},,,,\nspread,,{spread},,,,\n"));
        }
        write_whole(path, true, |file| file.write_all(text.as_bytes()))
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("\"{}\"", text.replace('"', "\"\"").replace('\n', " "))
    }
}

/// Trains `folds` times, each time with other songs for validation, so that every song is once
/// among them. Runs are kept in `out`; `results.csv` is written after each. `watch` hears the number
/// of the run, from 0, and its events; a stop ends all.
///
/// # Errors
/// [`Error::Setting`] for fewer than two folds; [`Error::Exists`] if there are results and neither
/// `resume` nor `overwrite` is given; [`Error::Cancelled`]; [`Error::Io`]. A run that fails is a row
/// of the table.
#[expect(
    clippy::too_many_arguments,
    reason = "those of `train`, and the number"
)]
pub fn folds(
    recipe: &Recipe,
    folds: usize,
    data: &Path,
    out: &Path,
    processor: &Processor,
    options: &RunOptions,
    watch: &mut dyn FnMut(usize, TrainEvent) -> Control,
    reporter: &Reporter,
) -> Result<Trials> {
    if folds < 2 {
        let problem = format!("{folds} is too few; choose 2 or more");
        return Err(Error::setting("folds", problem));
    }
    let mut planned = Vec::with_capacity(folds);
    for k in 0..folds {
        let changes = vec![format!("examples.fold=[{k},{folds}]")];
        planned.push((format!("fold-{}", k + 1), changes));
    }
    run_all(
        recipe, planned, data, out, processor, options, watch, reporter,
    )
}

/// Trains once for every combination of settings: `axes` are `key=[value,value,…]`, where `"none"` is
/// the field left out, and a list's values may be lists (`[[128,64],[64,32]]`) or one item each. Runs
/// are kept in `out`; `results.csv` is written after each. `watch` as in [`folds`].
///
/// # Errors
/// [`Error::Setting`] for an axis that cannot be understood, and for more than 1000 runs; else as
/// [`folds`]. A combination that a network cannot have is a row of the table, with the reason.
#[expect(clippy::too_many_arguments, reason = "those of `train`, and the axes")]
pub fn grid<S: AsRef<str>>(
    recipe: &Recipe,
    axes: &[S],
    data: &Path,
    out: &Path,
    processor: &Processor,
    options: &RunOptions,
    watch: &mut dyn FnMut(usize, TrainEvent) -> Control,
    reporter: &Reporter,
) -> Result<Trials> {
    let planned = combinations(axes)?;
    let width = planned.len().to_string().len();
    let named = planned.into_iter().enumerate();
    let planned = named
        .map(|(i, changes)| (format!("trial-{:0width$}", i + 1), changes))
        .collect();
    run_all(
        recipe, planned, data, out, processor, options, watch, reporter,
    )
}

/// All combinations of axes `key=[value,…]`, each a list of `key=value`; the last axis runs fastest.
///
/// # Errors
/// [`Error::Setting`] for an axis that is not of that form, and for more than 1000 combinations.
pub fn combinations<S: AsRef<str>>(axes: &[S]) -> Result<Vec<Vec<String>>> {
    const MOST: usize = 1000;
    let mut all = vec![Vec::new()];
    for axis in axes {
        let axis = axis.as_ref();
        let parsed = axis.split_once('=').and_then(|(key, list)| {
            let line = format!("x = {}", list.trim());
            let table: toml::Table = toml::from_str(&line).ok()?;
            let values = table.get("x")?.as_array()?.clone();
            (!values.is_empty()).then_some((key.trim(), values))
        });
        let Some((key, values)) = parsed else {
            let problem = format!(
                "{axis:?} is not KEY=[VALUE,VALUE], as in optimiser.learning_rate=[1e-3,1e-4]; \
                 text in quotes"
            );
            return Err(Error::setting("grid", problem));
        };
        if all.len() * values.len() > MOST {
            return Err(Error::setting("grid", format!("more than {MOST} runs")));
        }
        all = all
            .iter()
            .flat_map(|changes: &Vec<String>| {
                values.iter().map(move |value| {
                    let mut changes = changes.clone();
                    changes.push(format!("{key}={value}"));
                    changes
                })
            })
            .collect();
    }
    Ok(all)
}

#[expect(clippy::too_many_arguments, reason = "those of `train`, and the plan")]
fn run_all(
    recipe: &Recipe,
    planned: Vec<(String, Vec<String>)>,
    data: &Path,
    out: &Path,
    processor: &Processor,
    options: &RunOptions,
    watch: &mut dyn FnMut(usize, TrainEvent) -> Control,
    reporter: &Reporter,
) -> Result<Trials> {
    let results = out.join("results.csv");
    if results.exists() && !options.overwrite && !options.resume {
        return Err(Error::Exists { path: results });
    }
    std::fs::create_dir_all(out).map_err(Error::io("create the folder", out))?;
    // One for all: every recording is brought to the rate once.
    let (_kept, cache) = options.cache_folder()?;
    let cache = Some(cache);
    let mut trials = Trials { rows: Vec::new() };
    for (number, (name, changes)) in planned.into_iter().enumerate() {
        let folder = out.join(&name);
        let options = RunOptions {
            // Runs that were not begun yet are begun.
            resume: options.resume && read_run(&folder).is_ok(),
            cache: cache.clone(),
            ..options.clone()
        };
        let result = recipe.with_changes(&changes).and_then(|recipe| {
            let mut watch = |event| watch(number, event);
            train(
                &recipe, data, &folder, processor, &options, &mut watch, reporter,
            )
        });
        let result = match result {
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            result => result,
        };
        let is_stopped = matches!(&result, Ok(summary) if summary.status == RunStatus::Stopped);
        trials.rows.push(row(name, changes, result));
        trials.write(&results)?;
        if is_stopped {
            break;
        }
    }
    Ok(trials)
}

fn row(name: String, changes: Vec<String>, result: Result<RunSummary>) -> Trial {
    let mut trial = Trial {
        name,
        changes,
        loss: None,
        epoch: None,
        epochs: 0,
        secs: 0.0,
        reason: None,
    };
    match result {
        Ok(summary) => {
            trial.loss = summary.best.map(|best| best.loss);
            trial.epoch = summary.best.map(|best| best.epoch);
            trial.epochs = summary.epochs;
            trial.secs = summary.secs;
        }
        Err(error) => trial.reason = Some(error.to_string()),
    }
    trial
}
