//! Names for every song's files, and that no two songs share one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::kit::Kit;
use super::plan::{Job, Problem, Severity, stop};
use super::recipe::{Existing, Recipe};
use crate::apply::{ExportOptions, Region, SongName, song_name};
use crate::audio::{resampled_frames, sanitise_file_name};
use crate::error::Result;

/// How one song's files are written; `number` sets them apart from others of that name.
pub(super) fn export_options(
    recipe: &Recipe,
    out: &Path,
    folder: &Path,
    number: usize,
) -> ExportOptions {
    let mut pattern = recipe.name.clone();
    if number > 1 {
        pattern.push_str(&format!(" ({number})"));
    }
    ExportOptions {
        folder: out.join(folder),
        format: recipe.format,
        pattern,
        sample_rate_hz: recipe.sample_rate_hz,
        peaks: recipe.level,
        overwrite: true,
    }
}

/// Names a job's files under this number.
pub(super) fn name_files(job: &mut Job, kit: &Kit, recipe: &Recipe, out: &Path) -> Result<()> {
    let Ok(info) = &job.info else { return Ok(()) };
    let options = export_options(recipe, out, &job.entry.folder, job.number);
    let (mut files, mut pictures) = (Vec::new(), Vec::new());
    for model in 0..kit.len() {
        let song = song_name(&job.entry.input, info.tags.clone(), kit.name(model));
        for pour in kit.pours(model) {
            files.push(options.path(&song, &pour.name)?);
        }
        if recipe.pictures {
            pictures.push(picture_path(&options, &song, job.number)?);
        }
    }
    job.files = files;
    job.pictures = pictures;
    Ok(())
}

fn picture_path(options: &ExportOptions, song: &SongName, number: usize) -> Result<PathBuf> {
    let mut pattern = "{name} [{model}]".to_owned();
    if number > 1 {
        pattern.push_str(&format!(" ({number})"));
    }
    let options = ExportOptions {
        pattern,
        ..options.clone()
    };
    Ok(options.path(song, "")?.with_extension("png"))
}

/// Gives every song its names, and sees to it that no two songs share one.
pub(super) struct Names<'a> {
    recipe: &'a Recipe,
    out: &'a Path,
    /// Lower-cased, because some file systems see no difference; and whose it is.
    taken: HashMap<String, PathBuf>,
}

impl<'a> Names<'a> {
    pub(super) fn new(recipe: &'a Recipe, out: &'a Path) -> Self {
        Self {
            recipe,
            out,
            taken: HashMap::new(),
        }
    }

    pub(super) fn give(&mut self, job: &mut Job, kit: &Kit, problems: &mut Vec<Problem>) {
        loop {
            if let Err(error) = name_files(job, kit, self.recipe, self.out) {
                // The pattern is wrong for all of them: said once.
                if !problems.iter().any(|p| p.message == error.to_string()) {
                    problems.push(stop(&error));
                }
                return;
            }
            let input = job.entry.input.as_path();
            let other = job.outputs().find_map(|path| {
                let owner = self.taken.get(&folded(path))?;
                (owner != input).then(|| (path.to_path_buf(), owner.clone()))
            });
            let Some((path, owner)) = other else { break };
            if self.recipe.existing == Existing::Number {
                job.number += 1;
                continue;
            }
            problems.push(Problem::new(
                Severity::Stop,
                format!(
                    "two songs would be written to one file ({} and {}); put more into the name, or number the files",
                    owner.display(),
                    input.display()
                ),
                Some(&path),
            ));
            break;
        }
        let mut seen = Vec::new();
        for path in job.outputs() {
            if seen.contains(&folded(path)) {
                let message = "two stems would be written to one file; put {stem} into the name";
                if !problems.iter().any(|p| p.message == message) {
                    problems.push(Problem::new(Severity::Stop, message, Some(path)));
                }
            }
            seen.push(folded(path));
        }
        for path in seen {
            self.taken.insert(path, job.entry.input.clone());
        }
        self.weigh(job, problems);
        note_changed_name(job, problems);
    }

    /// The room that a song's files will take, and whether their format can hold them.
    fn weigh(&self, job: &mut Job, problems: &mut Vec<Problem>) {
        let Ok(info) = &job.info else { return };
        let rate = self.recipe.sample_rate_hz.unwrap_or(info.sample_rate);
        if !(1000..=384_000).contains(&rate) {
            let message = format!("rate: {rate} is not within 1000 to 384000 Hz");
            if !problems.iter().any(|p| p.message == message) {
                problems.push(Problem::new(Severity::Stop, message, None));
            }
        }
        if let Err(error) = self.recipe.format.validate(rate, info.channels) {
            job.info = Err(error.to_string());
            return;
        }
        let frames = info.frames.unwrap_or(0);
        let frames = match self.recipe.region {
            Some(region) => region_frames(region, frames, info.sample_rate),
            None => frames,
        };
        let frames = resampled_frames(frames, info.sample_rate, rate);
        let bytes = self.recipe.format.bytes_for(frames, info.channels);
        job.bytes = bytes * job.files.len() as u64;
    }

    /// No song may be written over a song of the queue.
    pub(super) fn check_inputs(&self, jobs: &[Job], problems: &mut Vec<Problem>) {
        for job in jobs {
            if self.taken.contains_key(&folded(&job.entry.input)) {
                problems.push(Problem::new(
                    Severity::Stop,
                    "a result would replace this song; choose another destination or name",
                    Some(&job.entry.input),
                ));
            }
        }
    }
}

fn region_frames(region: Region, frames: u64, sample_rate_hz: u32) -> u64 {
    let rate = f64::from(sample_rate_hz);
    let left = frames.saturating_sub((region.start_secs * rate) as u64);
    let wanted = region.duration_secs.map(|secs| (secs * rate) as u64);
    wanted.map_or(left, |wanted| wanted.min(left))
}

pub(super) fn folded(path: &Path) -> String {
    path.to_string_lossy().to_lowercase()
}

/// Says that a song's own name cannot be kept, because other systems refuse it.
fn note_changed_name(job: &Job, problems: &mut Vec<Problem>) {
    let name = job.entry.input.file_stem().unwrap_or_default();
    let name = name.to_string_lossy();
    let safe = sanitise_file_name(&name);
    if safe != name {
        let message = format!("Windows or macOS would refuse this name; written as {safe:?}");
        problems.push(Problem::new(
            Severity::Note,
            message,
            Some(&job.entry.input),
        ));
    }
}
