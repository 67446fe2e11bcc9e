//! What a training shows while it goes on: a bar within each epoch, a line after it, and the end.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::train_list::grouped;
use super::{Terminal, terminal};
use crate::progress::{Event, Reporter};
use crate::train::{Control, Losses, RunSummary, TrainEvent, Trials, read_run};

/// Shortest time between two lines of progress of `--json`.
const JSON_EVERY: Duration = Duration::from_millis(500);

/// A reporter that leaves the steps of the training itself to the [`Watcher`].
pub(super) fn quiet_reporter(terminal: &Terminal, about: &str) -> Reporter {
    let shown = terminal.reporter(about);
    Reporter::new(terminal.cancel_token().clone(), move |event| match event {
        Event::Progress(progress) if progress.stage == "Training" => {}
        // Cancelling is heard where the work is done.
        Event::Progress(progress) => {
            shown
                .step(progress.stage, progress.done, progress.total)
                .ok();
        }
        Event::Warning(message) => shown.warn(message),
    })
}

/// Puts a run's events into words.
pub(super) struct Watcher<'a> {
    terminal: &'a Terminal,
    /// The folder of several runs, in which this one is.
    trials: Option<&'a Path>,
    /// Which of several runs, from 0.
    number: usize,
    /// Steps of this epoch that were seen, and their seconds.
    seen: (usize, f64),
    epochs: usize,
    said: Option<Instant>,
    /// Whether a run has written its first state.
    has_begun: bool,
}

/// A step, as it is shown.
struct Step {
    epoch: usize,
    batch: usize,
    batches: usize,
    losses: Losses,
    learning_rate: f64,
    discriminator_learning_rate: Option<f64>,
    secs: f64,
    examples_per_sec: f64,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(terminal: &'a Terminal, trials: Option<&'a Path>) -> Self {
        Self {
            terminal,
            trials,
            number: 0,
            seen: (0, 0.0),
            epochs: 0,
            said: None,
            has_begun: false,
        }
    }

    /// An event of one of several runs.
    pub(super) fn hear_of(&mut self, number: usize, event: TrainEvent) -> Control {
        self.number = number;
        if let TrainEvent::Finished { .. } = event {
            return Control::Go;
        }
        self.hear(None, event)
    }

    /// An event of the run in a folder, if that is known.
    pub(super) fn hear(&mut self, run: Option<&Path>, event: TrainEvent) -> Control {
        match event {
            TrainEvent::Started {
                device,
                parameters,
                discriminator_parameters,
                stage,
                stages,
                epoch,
                epochs,
                batches,
                train_examples,
                valid_examples,
            } => {
                self.epochs = epochs;
                self.seen = (0, 0.0);
                self.has_begun = true;
                let songs = run.and_then(songs);
                let object = json!({
                    "event": "started", "run": self.name(), "device": device,
                    "parameters": parameters, "discriminator_parameters": discriminator_parameters,
                    "stage": stage, "stages": stages, "epoch": epoch, "epochs": epochs,
                    "batches": batches, "train_examples": train_examples,
                    "valid_examples": valid_examples, "songs": songs,
                });
                let mut text = format!("{}training on {device}", self.prefix());
                if stages > 1 {
                    text.push_str(&format!(", stage {} of {stages}", stage + 1));
                }
                text.push_str(&format!(": {} parameters", grouped(parameters)));
                if let Some(more) = discriminator_parameters {
                    text.push_str(&format!(" (discriminator {})", grouped(more)));
                }
                text.push_str(&match songs {
                    Some([train, valid, test]) => format!(
                        ", songs: {train} to learn from ({train_examples} examples), {valid} for \
                         validation ({valid_examples}), {test} for the test"
                    ),
                    None => format!(
                        ", {train_examples} examples to learn from, {valid_examples} for validation"
                    ),
                });
                self.terminal.event(&object, Some(&text));
            }
            TrainEvent::Step {
                epoch,
                batch,
                batches,
                losses,
                learning_rate,
                discriminator_learning_rate,
                secs,
                examples_per_sec,
                ..
            } => self.show_step(&Step {
                epoch,
                batch,
                batches,
                losses,
                learning_rate,
                discriminator_learning_rate,
                secs,
                examples_per_sec,
            }),
            TrainEvent::Validated {
                epoch,
                train,
                valid,
                is_best,
                learning_rate,
                discriminator_learning_rate,
                ..
            } => {
                let (_, secs) = std::mem::take(&mut self.seen);
                let object = json!({
                    "event": "epoch", "run": self.name(), "epoch": epoch, "train": train,
                    "valid": valid, "best": is_best, "learning_rate": learning_rate,
                    "discriminator_learning_rate": discriminator_learning_rate, "secs": secs,
                });
                let mut text = format!("{}epoch {epoch}: {}", self.prefix(), in_words(&train));
                if let Some(valid) = &valid {
                    text.push_str(&format!("; validation {}", in_words(valid)));
                }
                text.push_str(&format!("; rate {learning_rate:.2e}, {secs:.1} s"));
                if is_best {
                    text.push_str(", the best so far");
                }
                self.terminal.event(&object, Some(&text));
            }
            TrainEvent::Preview {
                stage,
                epoch,
                files,
            } => {
                let object = json!({
                    "event": "preview", "run": self.name(), "stage": stage, "epoch": epoch,
                    "picture": files.picture, "sounds": files.sounds,
                });
                self.terminal.event(&object, None);
            }
            TrainEvent::Checkpoint { .. } | TrainEvent::Paused | TrainEvent::Finished { .. } => {}
        }
        Control::Go
    }

    fn show_step(&mut self, step: &Step) {
        self.seen.0 += 1;
        self.seen.1 += step.secs;
        let left = step.batches.saturating_sub(step.batch) as f64;
        let left_secs = left * self.seen.1 / self.seen.0 as f64;
        let message = format!(
            "{}epoch {} of {}, loss {:.4}, rate {:.1e}, {:.1} examples/s, {} left",
            self.prefix(),
            step.epoch,
            self.epochs.max(step.epoch),
            step.losses.loss,
            step.learning_rate,
            step.examples_per_sec,
            terminal::duration(left_secs)
        );
        let fraction = step.batch as f64 / step.batches.max(1) as f64;
        self.terminal.overall("Training", fraction, message);
        let is_due = self.said.is_none_or(|said| said.elapsed() >= JSON_EVERY);
        if is_due || step.batch == step.batches {
            self.said = Some(Instant::now());
            let object = json!({
                "event": "progress", "run": self.name(), "stage": "Training",
                "epoch": step.epoch, "epochs": self.epochs, "done": step.batch,
                "total": step.batches, "losses": step.losses,
                "learning_rate": step.learning_rate,
                "discriminator_learning_rate": step.discriminator_learning_rate,
                "examples_per_sec": step.examples_per_sec, "remaining_secs": left_secs,
            });
            self.terminal.event(&object, None);
        }
    }

    /// How to carry on what was cancelled, if a state of it is on the disk: one that was carried on
    /// (`is_resumed`), or that began.
    pub(super) fn tell_resume(&self, is_resumed: bool, words: &str) {
        if is_resumed || self.has_begun {
            let object = json!({ "event": "stopped", "resume": words });
            self.terminal.event(&object, None);
            self.terminal.keep(words);
        }
    }

    /// How a run went.
    pub(super) fn show_summary(&self, summary: &RunSummary, device: &str) {
        let memory_mb = summary.peak_memory_bytes.map(|bytes| bytes / 1_000_000);
        let object = json!({
            "event": "result", "run": summary.folder, "device": device, "status": summary.status,
            "epochs": summary.epochs, "steps": summary.steps, "best": summary.best,
            "train": summary.train, "valid": summary.valid, "parameters": summary.parameters,
            "seconds_taken": summary.secs, "examples_per_sec": summary.examples_per_sec,
            "peak_memory_mb": memory_mb,
        });
        let mut text = format!(
            "{}: {} epochs, {} steps in {} on {device}, {:.1} examples/s",
            summary.folder.display(),
            summary.epochs,
            summary.steps,
            terminal::duration(summary.secs),
            summary.examples_per_sec
        );
        if let Some(memory_mb) = memory_mb {
            text.push_str(&format!(", {memory_mb} MB at most"));
        }
        if let Some(best) = summary.best {
            text.push_str(&format!(
                "\n  best: epoch {}, loss {:.6}",
                best.epoch, best.loss
            ));
        }
        self.terminal.result(&object, &text);
    }

    /// The number of several runs, from 1.
    fn name(&self) -> Option<usize> {
        self.trials.map(|_| self.number + 1)
    }

    fn prefix(&self) -> String {
        self.name()
            .map_or_else(String::new, |n| format!("run {n}, "))
    }
}

/// Songs to learn from, for validation and for the test.
fn songs(run: &Path) -> Option<[usize; 3]> {
    let data = read_run(run).ok()?.data?;
    Some([data.train.len(), data.valid.len(), data.test.len()])
}

/// "loss 0.1234, l1 0.1000".
fn in_words(losses: &Losses) -> String {
    let mut named = losses.named();
    // Where the loss is the distance itself it is told once.
    named.retain(|(name, value)| *name != "l1" || *value != losses.loss);
    let words: Vec<String> = named
        .iter()
        .map(|(name, value)| format!("{name} {value:.5}"))
        .collect();
    words.join(", ")
}

/// The table of several runs.
pub(super) fn show_trials(trials: &Trials, out: &Path, terminal: &Terminal) {
    let results = out.join("results.csv");
    let mut text = results.display().to_string();
    let mut rows = Vec::new();
    for row in &trials.rows {
        let changes = row.changes.join(" ");
        let how = match (row.loss, row.epoch) {
            (Some(loss), Some(epoch)) => format!("loss {loss:.6} at epoch {epoch}"),
            _ => "no result".to_owned(),
        };
        text.push_str(&format!(
            "\n  {:<10} {how}, {} epochs in {}  {changes}",
            row.name,
            row.epochs,
            terminal::duration(row.secs)
        ));
        rows.push(json!({
            "name": row.name, "changes": row.changes, "loss": row.loss, "epoch": row.epoch,
            "epochs": row.epochs, "secs": row.secs, "reason": row.reason,
        }));
        if let Some(reason) = &row.reason {
            terminal.fail(reason, &row.name);
        }
    }
    let figures = trials.mean_and_spread();
    if let Some((mean, spread)) = figures {
        text.push_str(&format!("\n  mean {mean:.6}, spread {spread:.6}"));
    }
    let best = trials.best().map(|row| row.name.as_str());
    if let Some(best) = best {
        text.push_str(&format!("\n  best: {best}"));
    }
    let object = json!({
        "event": "result", "path": results, "rows": rows, "best": best,
        "mean": figures.map(|(mean, _)| mean), "spread": figures.map(|(_, spread)| spread),
    });
    terminal.result(&object, &text);
}
