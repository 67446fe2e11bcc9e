//! `stemloom runtime`: ONNX Runtime.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Terminal;
use crate::model::{InstallOptions, ONNXRUNTIME_VERSION, Runtime, install_runtime};

#[derive(Debug, Args)]
pub(super) struct RuntimeArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// One JSON object per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Where it is, its version, what it can run on.
    Status,
    /// What networks can run on, and train on.
    Devices,
    /// Download the pinned version into the data folder.
    Install {
        /// The build for NVIDIA GPUs, with CUDA and cuDNN (about 2 GB).
        #[arg(long)]
        cuda: bool,
    },
}

pub(super) fn run(args: &RuntimeArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    match &args.action {
        None | Some(Action::Status) => {
            let status = Runtime::status();
            let mut object = serde_json::to_value(&status).unwrap_or_default();
            object["event"] = json!("runtime");
            object["usable"] = json!(status.problem.is_none());
            let text = match (&status.library, &status.problem) {
                (Some(library), None) => format!(
                    "ONNX Runtime {} at {}\nproviders: {}",
                    status.version.as_deref().unwrap_or("of unknown version"),
                    library.display(),
                    status.providers.join(", ")
                ),
                (_, problem) => format!(
                    "no ONNX Runtime: {}",
                    problem.as_deref().unwrap_or("not found")
                ),
            };
            terminal.result(&object, &text);
        }
        Some(Action::Devices) => devices(&terminal),
        Some(Action::Install { cuda }) => {
            let name = format!("onnxruntime {ONNXRUNTIME_VERSION}");
            match install_runtime(InstallOptions { cuda: *cuda }, &terminal.reporter(&name)) {
                Ok(library) => terminal.result(
                    &json!({ "event": "result", "library": library, "version": ONNXRUNTIME_VERSION }),
                    &format!("ONNX Runtime {ONNXRUNTIME_VERSION} is at {}", library.display()),
                ),
                Err(error) => terminal.error(&error, &name),
            }
        }
    }
    terminal.exit_code()
}

/// One line (or object) for each thing that can run or train networks.
fn devices(terminal: &Terminal) {
    for provider in Runtime::status().providers {
        terminal.result(
            &json!({ "event": "device", "for": "running", "provider": provider }),
            &format!("run    {provider}"),
        );
    }
    #[cfg(feature = "train")]
    for processor in crate::train::list() {
        let (id, name) = (processor.wish.to_string(), &processor.name);
        let remark = if processor.is_software {
            " (software: never chosen by auto)"
        } else {
            ""
        };
        terminal.result(
            &json!({
                "event": "device", "for": "training", "device": id, "name": name,
                "software": processor.is_software,
            }),
            &format!("train  {id:<6} {name}{remark}"),
        );
    }
}
