//! Runs a plan: a few songs side by side, each in its lane.
//!
//! While one lane runs the network, others read and write; a lane works in a pool of threads of
//! its own, so that neither the window nor another lane waits for it.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use super::awake::StayAwake;
use super::board::Board;
use super::kit::Kit;
use super::ledger::Ledger;
use super::plan::{Job, Plan};
use super::report::{FileReport, Report};
use super::row::{BatchEvent, RowState};
use super::shard::Shard;
use super::song::{Desk, Ending};
use crate::error::{Error, Result};
use crate::model::Device;
use crate::progress::CancelToken;

/// Songs at once that are chosen by the processor at most: more only fill memory.
const MOST_LANES: usize = 4;

/// How a queue is run. Nothing here changes a sample of the results, but for another device's
/// rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Where networks run.
    pub device: Device,
    /// Processor threads of each network; 0 lets ONNX Runtime choose.
    pub threads: usize,
    /// Memory that may be used, in megabytes (10⁶ bytes); 0 for no limit.
    pub memory_mb: u64,
    /// Songs that are worked on at once, as far as the memory allows; 0 chooses by the processor.
    /// Every song reads, runs and writes side by side, so few are enough.
    pub songs_at_once: usize,
    /// The part of the queue.
    pub shard: Shard,
    /// Does everything again, also what is whole.
    pub redo: bool,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            device: Device::Auto,
            threads: 0,
            memory_mb: 0,
            songs_at_once: 0,
            shard: Shard::WHOLE,
            redo: false,
        }
    }
}

impl RunSettings {
    /// Songs at once before memory is asked.
    pub(super) fn wanted_lanes(&self) -> usize {
        match self.songs_at_once {
            0 => {
                let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
                (cores / 2).clamp(1, MOST_LANES)
            }
            songs => songs,
        }
    }

    pub(super) fn memory_bytes(&self) -> Option<u64> {
        (self.memory_mb > 0).then_some(self.memory_mb * 1_000_000)
    }
}

/// Works off the songs of `board` until none waits, and answers what became of every one. `tell`
/// hears of every change, from several threads.
///
/// # Errors
/// [`Error::Io`] if the records cannot be kept or no thread can be started; what befalls single
/// songs is in the report.
pub fn run(
    plan: &Plan,
    kit: &Kit,
    settings: &RunSettings,
    board: &Arc<Board>,
    tell: Arc<dyn Fn(BatchEvent) + Send + Sync>,
) -> Result<Report> {
    let ledger = Ledger::new(&plan.out);
    let folder = ledger.folder();
    std::fs::create_dir_all(&folder).map_err(Error::io("create the folder", &folder))?;
    let _awake = StayAwake::begin();
    let desk = Desk {
        known: ledger.known_outputs(),
        taken: Mutex::new(plan.names.clone()),
        plan,
        kit,
        ledger,
        redo: settings.redo,
        board: Arc::clone(board),
        tell,
    };
    let over = Mutex::new(HashMap::new());
    let lanes = plan.lanes.clamp(1, plan.jobs.len().max(1));
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let pools = (0..lanes)
        .map(|lane| {
            let name = move |thread| format!("batch-{lane}-{thread}");
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(cores)
                .thread_name(name);
            pool.build().map_err(|error| {
                let error = std::io::Error::other(error);
                Error::io("start the threads for", &plan.out)(error)
            })
        })
        .collect::<Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for pool in &pools {
            let (desk, over) = (&desk, &over);
            scope.spawn(move || lane(desk, pool, over));
        }
    });
    let mut files: Vec<FileReport> = over
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect();
    // What was given up before it began, or was over when this run did.
    for row in board.rows() {
        match files.iter_mut().find(|file| file.place == row.id) {
            Some(file) if row.state == RowState::Cancelled => file.state = row.state,
            Some(_) => {}
            None => {
                let state = if row.state.is_over() {
                    row.state
                } else {
                    RowState::Cancelled
                };
                let mut file = FileReport::new(&row.input, row.id, state, &plan.settings);
                file.error = (state == RowState::Failed).then_some(row.message);
                files.push(file);
            }
        }
    }
    files.sort_by_key(|file| file.place);
    Ok(Report { files })
}

fn lane(desk: &Desk<'_>, pool: &rayon::ThreadPool, over: &Mutex<HashMap<usize, FileReport>>) {
    while let Some((job, cancel)) = desk.board.next() {
        let id = job.place;
        desk.show(id, |row| row.message.clear());
        if let Some(report) = song(desk, pool, job, &cancel) {
            over.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, report.clone());
            (desk.tell)(BatchEvent::Over(Box::new(report)));
        }
    }
}

/// A reason that says which song it is about.
fn with_song(reason: &str, input: &std::path::Path) -> String {
    let input = input.display().to_string();
    if reason.contains(&input) {
        reason.to_owned()
    } else {
        format!("{reason}: {input}")
    }
}

/// One song; `None` if another process has it.
fn song(
    desk: &Desk<'_>,
    pool: &rayon::ThreadPool,
    job: Job,
    cancel: &CancelToken,
) -> Option<FileReport> {
    let (id, input) = (job.place, job.entry.input.clone());
    // A panic in a library is that song's failure, not the night's end.
    let work = std::panic::AssertUnwindSafe(|| pool.install(|| desk.work(job, cancel)));
    let ending = std::panic::catch_unwind(work).unwrap_or_else(|_| {
        Err(Error::Song {
            problem: "something in this song stopped the program's own code".into(),
            path: input.clone(),
        })
    });
    let report = match ending {
        Ok(Ending::Over(report)) => *report,
        Ok(Ending::Elsewhere) => {
            desk.board.put_off(id);
            desk.show(id, |_| {});
            return None;
        }
        Err(error) => {
            let state = if error.is_cancelled() {
                RowState::Cancelled
            } else {
                RowState::Failed
            };
            let mut report = FileReport::new(&input, id, state, &desk.plan.settings);
            report.error = (!error.is_cancelled()).then(|| with_song(&error.to_string(), &input));
            report
        }
    };
    desk.show(id, |row| {
        row.state = report.state;
        row.stage = "";
        row.fraction = if report.state.is_good() {
            1.0
        } else {
            row.fraction
        };
        if report.state.is_good() {
            row.audio_secs = Some(report.seconds);
            row.bytes = report.outputs.iter().map(|output| output.bytes).sum();
            row.device = report.devices.join(", ");
        }
        row.message = report
            .error
            .clone()
            .unwrap_or_else(|| report.warnings.join("; "));
    });
    Some(report)
}
