//! What could stand in a queue's way: files, the destination, room, memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::kit::Kit;
use super::lanes::RunSettings;
use super::plan::{Job, Problem, Severity, stop};
use super::recipe::{Existing, Recipe};
use crate::audio::free_space_bytes;
use crate::error::Error;

pub(super) fn check_existing(
    jobs: &[Job],
    known: &HashMap<PathBuf, PathBuf>,
    rule: Existing,
    problems: &mut Vec<Problem>,
) {
    let in_the_way = |job: &&Job| {
        job.outputs()
            .any(|path| path.exists() && known.get(path) != Some(&job.entry.input))
    };
    let count = jobs.iter().filter(in_the_way).count();
    if count > 0 {
        let what = match rule {
            Existing::Skip => "will be left out: files of their names are there",
            Existing::Number => "will be numbered: files of their names are there",
            Existing::Overwrite => "will replace files of their names",
        };
        let songs = if count == 1 { "song" } else { "songs" };
        problems.push(Problem::new(
            Severity::Note,
            format!("{count} {songs} {what}"),
            None,
        ));
    }
}

/// Whether the destination, or its nearest folder that exists, can be written and has the room.
pub(super) fn check_destination(
    out: &Path,
    jobs: &[Job],
    known: &HashMap<PathBuf, PathBuf>,
    problems: &mut Vec<Problem>,
) {
    if out.exists() && !out.is_dir() {
        let message = "the destination is a file; choose a folder";
        problems.push(Problem::new(Severity::Stop, message, Some(out)));
        return;
    }
    let existing = out.ancestors().find(|p| p.exists()).unwrap_or(out);
    let trial = tempfile::tempfile_in(existing);
    if let Err(error) = trial {
        problems.push(stop(&Error::io("write into the folder", existing)(error)));
        return;
    }
    let replaced = |path: &Path| match known.contains_key(path) {
        true => std::fs::metadata(path).map_or(0, |m| m.len()),
        false => 0,
    };
    let needed: u64 = jobs.iter().map(|job| job.bytes).sum();
    let there: u64 = jobs.iter().flat_map(Job::outputs).map(replaced).sum();
    let needed = needed.saturating_sub(there);
    if let Some(free) = free_space_bytes(existing).filter(|free| *free < needed) {
        problems.push(stop(&Error::NoSpace {
            needed_mb: needed.div_ceil(1_000_000),
            free_mb: free / 1_000_000,
            path: out.into(),
        }));
    }
}

/// How many songs fit into the memory at once.
pub(super) fn lanes(
    (kit, recipe): (Option<&Kit>, &Recipe),
    jobs: &[Job],
    settings: &RunSettings,
    problems: &mut Vec<Problem>,
) -> usize {
    let Some(kit) = kit else { return 1 };
    let infos = jobs.iter().filter_map(|job| job.info.as_ref().ok());
    let largest = infos
        .filter_map(|info| kit.song_bytes(info, recipe).ok())
        .max()
        .unwrap_or(0);
    let Some(allowed) = settings.memory_bytes() else {
        return settings.wanted_lanes();
    };
    let base = kit.base_bytes();
    if base + largest > allowed {
        problems.push(Problem::new(
            Severity::Stop,
            format!(
                "memory: a song takes about {} MB, {} MB are allowed; allow more",
                (base + largest) / 1_000_000,
                allowed / 1_000_000
            ),
            None,
        ));
        return 1;
    }
    let fit = ((allowed - base) / largest.max(1)).max(1);
    let fit = usize::try_from(fit).unwrap_or(usize::MAX);
    fit.min(settings.wanted_lanes())
}
