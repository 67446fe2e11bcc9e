//! `stemloom dataset info`: what a folder of examples holds, and whether its splits share songs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::dataset::{DatasetInfo, dataset_info};

#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// What `dataset features`, `excerpts`, `render`, `pairs --out` or `multitrack --extract` wrote.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InfoArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.folder.display().to_string();
    match dataset_info(&args.folder, &terminal.reporter(&name)) {
        Ok(info) => {
            let object = json!({ "event": "result", "input": name, "info": info });
            terminal.result(&object, &text(&info));
            for problem in &info.broken {
                terminal.fail(problem, &name);
            }
            for leak in &info.leaks {
                let message = format!(
                    "the same {} in two splits, {}: {}",
                    leak.kind,
                    leak.what,
                    leak.places.join(", ")
                );
                terminal.fail(&message, &name);
            }
        }
        Err(error) => terminal.error(&error, &name),
    }
    terminal.exit_code()
}

fn text(info: &DatasetInfo) -> String {
    let mut lines = vec![format!("{:?}, {:.3} h", info.kind, info.hours)];
    lines.extend(info.folders.iter().map(|(name, folder)| {
        format!(
            "  {:>8} files  {:>8} examples  {:>8.3} h  {name}",
            folder.files, folder.examples, folder.hours
        )
    }));
    if info.has_splits {
        let splits = info.splits.iter();
        let splits: Vec<String> = splits
            .map(|(name, examples)| format!("{examples} in {name}"))
            .collect();
        lines.push(format!("examples: {}", splits.join(", ")));
    }
    if let Some(balance) = info.balance {
        lines.push(format!(
            "labels: {} high, {} low ({:.1} % high)",
            balance.high,
            balance.low,
            100.0 * balance.high_share().unwrap_or(0.0)
        ));
    }
    if let Some(values) = info.statistics {
        lines.push(format!(
            "values: {} from {} to {}, mean {:.6}, standard deviation {:.6}, {} no numbers",
            values.count, values.min, values.max, values.mean, values.std, values.not_finite
        ));
    }
    lines.push(format!("sha256 {}", info.checksum));
    lines.join("\n")
}
