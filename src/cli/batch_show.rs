//! What `stemloom batch` says while it works.

use std::path::Path;

use serde_json::json;

use super::{Terminal, terminal};
use crate::batch::{BatchEvent, Plan, Problem, Report, RowState, Severity};

pub(super) fn tell(problem: &Problem, now: bool, terminal: &Terminal) {
    let path = problem.path.as_ref().map(|path| path.display().to_string());
    let text = problem.to_string();
    let object = json!({
        "event": "problem", "severity": format!("{:?}", problem.severity).to_lowercase(),
        "message": problem.message, "path": path,
    });
    match problem.severity {
        Severity::Stop => terminal.fail(&text, path.as_deref().unwrap_or_default()),
        Severity::File if now => terminal.fail(&text, path.as_deref().unwrap_or_default()),
        Severity::File => terminal.event(&object, None),
        Severity::Note => terminal.event(&object, Some(&format!("note: {text}"))),
    }
}

pub(super) fn list_outputs(plan: &Plan, terminal: &Terminal) {
    for job in &plan.jobs {
        for path in job.outputs() {
            let object = json!({ "event": "output", "input": job.entry.input.display().to_string(), "path": path.display().to_string() });
            terminal.event(&object, Some(&format!("  {}", path.display())));
        }
    }
}

pub(super) fn show(event: BatchEvent, terminal: &Terminal) {
    match event {
        BatchEvent::Row(row, totals) => {
            terminal.event(
                &json!({
                    "event": "progress", "input": row.input.display().to_string(), "state": row.state, "stage": row.stage,
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
                    format!("left out: {input}: {reason}")
                }
                state => format!("{}: {input}", state.label().to_lowercase()),
            };
            let shown = (file.state != RowState::Failed).then_some(text.as_str());
            terminal.event(&object, shown);
        }
    }
}

pub(super) fn sum_up(report: &Report, path: &Path, terminal: &Terminal) {
    let count = |state: RowState| report.count(|other| other == state);
    let object = json!({
        "event": "result", "songs": report.files.len(), "done": count(RowState::Done),
        "already_done": count(RowState::AlreadyDone), "skipped": count(RowState::Skipped),
        "cancelled": count(RowState::Cancelled), "failed": count(RowState::Failed),
        "report": path.display().to_string(), "page": path.with_extension("html").display().to_string(),
    });
    let text = format!(
        "{}\n  report: {}",
        report.counts().join(", "),
        path.display()
    );
    terminal.result(&object, &text);
}
