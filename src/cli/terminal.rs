//! What a person at a terminal, or a program reading `--json`, sees of the work.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::error::Error;
use crate::progress::{CancelToken, Event, Reporter};

/// Progress, results and errors on their way out, and the exit code they make.
pub struct Terminal {
    json: bool,
    bar: ProgressBar,
    cancel: CancelToken,
    failed: Arc<AtomicBool>,
    /// The words that carry on what was cancelled, if it was kept.
    resume: OnceLock<String>,
}

impl Terminal {
    /// A terminal; Ctrl-C cancels, a second one ends the program at once.
    pub fn new(json: bool) -> Self {
        let cancel = CancelToken::new();
        let stop = cancel.clone();
        // A second handler in one process is refused; then the first one is as good.
        ctrlc::set_handler(move || {
            if stop.is_cancelled() {
                std::process::exit(130);
            }
            stop.cancel();
        })
        .ok();
        let bar = if json || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(0)
        };
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>14} {wide_bar} {percent:>3} % {msg}")
        {
            bar.set_style(style.progress_chars("██░"));
        }
        Self {
            json,
            bar,
            cancel,
            failed: Arc::default(),
            resume: OnceLock::new(),
        }
    }

    /// The token that Ctrl-C raises.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Whether Ctrl-C was pressed.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// A reporter whose events come out here; `about` names the file they belong to.
    pub fn reporter(&self, about: &str) -> Reporter {
        let (json, bar, about) = (self.json, self.bar.clone(), about.to_owned());
        Reporter::new(self.cancel.clone(), move |event| match event {
            Event::Progress(progress) if json => print_json(&json!({
                "event": "progress", "input": about, "stage": progress.stage,
                "done": progress.done, "total": progress.total,
                "remaining_secs": progress.remaining_secs(),
            })),
            Event::Progress(progress) => {
                bar.set_prefix(progress.stage);
                bar.set_length(progress.total);
                bar.set_position(progress.done);
                let left = progress.remaining_secs();
                bar.set_message(
                    left.map_or_else(String::new, |secs| format!("{} left", duration(secs))),
                );
            }
            Event::Warning(message) if json => {
                print_json(&json!({ "event": "warning", "input": about, "message": message }));
            }
            Event::Warning(message) => {
                bar.suspend(|| print_error(&format!("warning: {message}: {about}")));
            }
        })
    }

    /// A result: the object with `--json`, else the text.
    pub fn result(&self, object: &Value, text: &str) {
        self.bar.finish_and_clear();
        if self.json {
            print_json(object);
        } else {
            print_line(text);
        }
    }

    /// A failure that leaves the rest to be done.
    pub fn error(&self, error: &Error, input: &str) {
        self.bar.finish_and_clear();
        if !error.is_cancelled() {
            self.fail(&error.to_string(), input);
        }
    }

    /// As [`Self::error`], of something already put into words.
    pub fn fail(&self, message: &str, input: &str) {
        self.failed.store(true, Ordering::Relaxed);
        if self.json {
            print_json(&json!({ "event": "error", "input": input, "message": message }));
        }
        self.bar
            .suspend(|| eprintln!("stemloom: {}", one_line(message)));
    }

    /// Something that happened on the way: the object with `--json`, else the text, if any, above
    /// the bar.
    pub fn event(&self, object: &Value, text: Option<&str>) {
        if self.json {
            print_json(object);
        } else if let Some(text) = text {
            self.bar.suspend(|| print_line(&one_line(text)));
        }
    }

    /// How far a whole is whose parts go side by side: `fraction` 0–1.
    pub fn overall(&self, prefix: &'static str, fraction: f64, message: String) {
        self.bar.set_prefix(prefix);
        self.bar.set_length(1000);
        self.bar.set_position((fraction * 1000.0) as u64);
        self.bar.set_message(message);
    }

    /// What was cancelled is kept, and `words` carry it on: that is told at the end.
    pub fn keep(&self, words: &str) {
        self.resume.get_or_init(|| words.to_owned());
    }

    /// The exit code: 130 cancelled, 2 something failed, 0 all good.
    pub fn exit_code(&self) -> ExitCode {
        self.bar.finish_and_clear();
        if self.cancel.is_cancelled() {
            match self.resume.get() {
                Some(words) => print_error(&format!(
                    "cancelled; the state was saved; to go on: {words}"
                )),
                None => print_error("cancelled; unfinished files were removed"),
            }
            ExitCode::from(130)
        } else if self.failed.load(Ordering::Relaxed) {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// A message on one line: names of files may hold line breaks.
fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    shown.collect()
}

/// Standard error may be gone as well.
fn print_error(message: &str) {
    writeln!(std::io::stderr().lock(), "stemloom: {}", one_line(message)).ok();
}

fn print_json(object: &Value) {
    print_line(&object.to_string());
}

/// A reader that has had enough (`| head`) is no failure of ours.
fn print_line(text: &str) {
    writeln!(std::io::stdout().lock(), "{text}").ok();
}

/// Seconds as a person reads them: "12 s", "3 min 05 s".
pub fn duration(secs: f64) -> String {
    let whole = secs.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}
