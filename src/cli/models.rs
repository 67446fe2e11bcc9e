//! `stemloom models`: the shelf.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Terminal;
use crate::apply::{BUILTIN_IDS, builtin_spec};
use crate::error::{Error, Result};
use crate::model::proto::GraphSummary;
use crate::model::{Device, ModelShelf, OnnxModel, file_sha256, guess};
use crate::progress::Reporter;

#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// One JSON object per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All models, and what is wrong with those that cannot be used.
    List,
    /// One model: its settings, or its card.
    Show {
        /// Its id, or an ONNX file.
        id: String,
    },
    /// Load a model and its card and say whether they fit.
    Check {
        /// The ONNX file.
        file: PathBuf,
    },
    /// Print a card for an ONNX file: its own, or a template to fill in and save as NAME.card.toml.
    Card {
        /// The ONNX file.
        file: PathBuf,
    },
}

pub(super) fn run(args: &ModelsArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let (name, done) = match &args.action {
        None | Some(Action::List) => {
            list(&terminal);
            (String::new(), Ok(()))
        }
        Some(Action::Show { id }) => (id.clone(), show(id, &terminal)),
        Some(Action::Check { file }) => (file.display().to_string(), check(file, &terminal)),
        Some(Action::Card { file }) => (file.display().to_string(), card(file, &terminal)),
    };
    if let Err(error) = done {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn list(terminal: &Terminal) {
    for spec in BUILTIN_IDS.iter().filter_map(|id| builtin_spec(id)) {
        terminal.result(
            &json!({ "event": "model", "id": spec.id, "name": spec.name, "kind": "weight-free",
                     "stems": spec.stems, "usable": true }),
            &format!(
                "{:<20} {} ({})",
                spec.id,
                spec.summary,
                spec.stems.join(", ")
            ),
        );
    }
    for entry in ModelShelf::scan().entries {
        let (object, text) = match &entry.card {
            Ok(card) => (
                json!({ "event": "model", "id": entry.id, "name": card.name, "kind": "onnx", "path": entry.path,
                        "stems": card.all_stems(), "sample_rate": card.audio.sample_rate_hz, "usable": true }),
                format!(
                    "{:<20} {} ({})",
                    entry.id,
                    card.name,
                    card.all_stems().join(", ")
                ),
            ),
            Err(problem) => (
                json!({ "event": "model", "id": entry.id, "kind": "onnx", "path": entry.path,
                        "usable": false, "problem": problem }),
                format!("{:<20} cannot be used: {problem}", entry.id),
            ),
        };
        terminal.result(&object, &text);
    }
}

fn show(id: &str, terminal: &Terminal) -> Result<()> {
    if let Some(spec) = builtin_spec(id) {
        let mut text = format!(
            "{}: {}\nstems: {}",
            spec.id,
            spec.summary,
            spec.stems.join(", ")
        );
        for p in spec.params {
            text.push_str(&format!(
                "\n  --param {}={}  ({} to {}) {}. {}",
                p.name, p.default, p.min, p.max, p.label, p.help
            ));
        }
        let mut object = serde_json::to_value(&spec).unwrap_or_default();
        object["event"] = json!("model");
        terminal.result(&object, &text);
        return Ok(());
    }
    let (path, card) = ModelShelf::scan().find(id, &BUILTIN_IDS)?;
    let object = json!({ "event": "model", "id": card.id, "path": path, "sha256": file_sha256(&path, &Reporter::silent())?, "card": card });
    terminal.result(
        &object,
        &format!("# {}\n{}", path.display(), card.to_toml()?),
    );
    Ok(())
}

fn check(file: &Path, terminal: &Terminal) -> Result<()> {
    let entry = ModelShelf::default().find(&file.display().to_string(), &[])?;
    let model = OnnxModel::load(&entry.0, &Device::Cpu, 0)?;
    let tensors = |list: &[crate::model::TensorInfo]| {
        let one = |t: &crate::model::TensorInfo| {
            let axes: Vec<String> = t
                .shape
                .iter()
                .map(|n| n.map_or_else(|| "?".into(), |n| n.to_string()))
                .collect();
            format!("{} [{}]", t.name, axes.join(", "))
        };
        list.iter().map(one).collect::<Vec<_>>()
    };
    let (inputs, outputs) = (tensors(model.inputs()), tensors(model.outputs()));
    terminal.result(
        &json!({ "event": "check", "path": file, "id": entry.1.id, "ok": true, "inputs": inputs, "outputs": outputs }),
        &format!("{}: good\n  in:  {}\n  out: {}", file.display(), inputs.join("; "), outputs.join("; ")),
    );
    Ok(())
}

fn card(file: &Path, terminal: &Terminal) -> Result<()> {
    let graph = GraphSummary::read(file)?;
    match ModelShelf::entry(file).card {
        Ok(card) => {
            terminal.result(
                &json!({ "event": "card", "path": file, "guessed": false, "card": card }),
                &card.to_toml()?,
            );
        }
        Err(problem) => {
            let guess = guess(&graph, file);
            let text = format!(
                "# A guess ({}; {}). Look at: {}.\n# Then save it as {}\n{}",
                guess.family,
                guess.reason,
                guess.uncertain.join(", "),
                file.with_extension("card.toml").display(),
                guess.card.to_toml()?
            );
            let object = json!({ "event": "card", "path": file, "guessed": true, "family": guess.family,
                                 "uncertain": guess.uncertain, "problem": problem, "card": guess.card });
            terminal.result(&object, &text);
        }
    }
    Ok::<(), Error>(())
}
