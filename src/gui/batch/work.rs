//! A batch on its worker thread: plan, run, report.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::batch::{self, BatchEvent, Board, Plan, Report, RowState, report_paths};
use crate::error::Result;
use crate::gui::jobs::{BatchRequest, JobEvent};
use crate::progress::Reporter;

/// Runs a batch and tells the window of everything. `None` if something kept it from beginning, or
/// it was only looked at.
///
/// # Errors
/// As [`Plan::of_entries`], [`batch::run`] and [`Report::write`].
pub fn run_batch(
    request: &BatchRequest,
    outbox: &Sender<JobEvent>,
    wake: &Arc<dyn Fn() + Send + Sync>,
    reporter: &Reporter,
) -> Result<Option<(Report, PathBuf)>> {
    let found = (request.entries.clone(), Vec::new());
    let (recipe, out, settings) = (&request.recipe, &request.out, &request.settings);
    let (plan, kit) = Plan::of_entries(found, recipe, out, settings, reporter)?;
    // An error means that the window is gone.
    outbox
        .send(JobEvent::BatchPlanned(Box::new(plan.clone())))
        .ok();
    wake();
    let Some(kit) = kit.filter(|_| plan.is_ready() && !request.only_check) else {
        return Ok(None);
    };
    let board = Arc::new(Board::new(plan.jobs.clone()));
    outbox.send(JobEvent::BatchStarted(Arc::clone(&board))).ok();
    let stop = Arc::clone(&board);
    let _hook = reporter.cancel_token().on_cancel(move || stop.cancel_all());
    let tell = {
        let (outbox, wake) = (outbox.clone(), Arc::clone(wake));
        Arc::new(move |event: BatchEvent| {
            let passing =
                matches!(&event, BatchEvent::Row(row, _) if row.state == RowState::Running);
            if passing {
                // A progress that finds the channel full is not worth waiting for.
                outbox.try_send(JobEvent::Batch(event)).ok();
            } else {
                outbox.send(JobEvent::Batch(event)).ok();
            }
            wake();
        })
    };
    let report = batch::run(&plan, &kit, settings, &board, tell)?;
    let path = report_paths(&plan.out, settings.shard);
    report.write(&path)?;
    Ok(Some((report, path)))
}
