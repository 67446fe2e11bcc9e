//! `stemloom batch report` and `stemloom batch recipes`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Terminal;
use crate::batch::{RowState, list_recipes, load_recipe, read_reports};
use crate::error::{Error, Result};

#[derive(Debug, Subcommand)]
pub(super) enum BatchAction {
    /// Merge the reports of several runs or shards.
    Report(ReportArgs),
    /// List the recipes, or print one.
    Recipes(RecipesArgs),
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Destinations, or report files.
    #[arg(required = true)]
    places: Vec<PathBuf>,
    /// Where the merged report goes: FILE.jsonl, and a page FILE.html beside it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// One JSON object per line.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RecipesArgs {
    /// The recipe to print.
    name: Option<String>,
    /// One JSON object per line.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn report(args: &ReportArgs, terminal: &Terminal) -> Result<()> {
    let report = read_reports(&args.places)?;
    for file in &report.files {
        if file.state == RowState::Failed {
            let input = file.input.display().to_string();
            let reason = file.error.clone().unwrap_or_else(|| "failed".into());
            terminal.fail(&reason, &input);
        }
    }
    let count = |state: RowState| report.count(|other| other == state);
    let good = report.count(RowState::is_good);
    let mut text = format!("{good} of {} songs are done", report.files.len());
    for state in [RowState::Failed, RowState::Skipped, RowState::Cancelled] {
        let count = count(state);
        if count > 0 {
            text.push_str(&format!(", {} {count}", state.label().to_lowercase()));
        }
    }
    let page = match &args.out {
        Some(out) => {
            let out = out.with_extension("jsonl");
            report.write(&out)?;
            let page = out.with_extension("html");
            text.push_str(&format!(
                "\n  report: {}\n  page: {}",
                out.display(),
                page.display()
            ));
            Some(page)
        }
        None => None,
    };
    let object = json!({
        "event": "result", "songs": report.files.len(), "good": good,
        "failed": count(RowState::Failed), "skipped": count(RowState::Skipped),
        "cancelled": count(RowState::Cancelled), "page": page,
    });
    terminal.result(&object, &text);
    Ok(())
}

pub(super) fn recipes(args: &RecipesArgs, terminal: &Terminal) -> Result<()> {
    if let Some(name) = &args.name {
        let recipe = load_recipe(name)?;
        let text = toml::to_string_pretty(&recipe)
            .map_err(|error| Error::setting("recipe", error.to_string()))?;
        let object = json!({ "event": "recipe", "name": name, "recipe": recipe });
        terminal.result(&object, text.trim_end());
        return Ok(());
    }
    for entry in list_recipes() {
        let about = match load_recipe(&entry.name) {
            Ok(recipe) => recipe.about,
            Err(error) => {
                terminal.error(&error, &entry.name);
                continue;
            }
        };
        let object =
            json!({ "event": "recipe", "name": entry.name, "about": about, "path": entry.path });
        terminal.result(&object, &format!("{:<20} {about}", entry.name));
    }
    Ok(())
}
