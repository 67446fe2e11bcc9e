//! `stemloom dataset multitrack`: what a folder of songs in parts holds, and pairs cut from it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::shared::SongSetArgs;
use crate::dataset::{
    ExtractSpec, Extracted, Mixture, MultitrackSet, ProblemKind, Song, Split, extract,
};
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct MultitrackArgs {
    /// MUSDB18, MUSDB18-HQ, or a folder with a sub-folder per song and a file per part.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Also list the parts of every song.
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    set: SongSetArgs,
    /// Write pairs of mixture and stem into this folder; those of songs with a split into train,
    /// valid and test in it.
    #[arg(long, value_name = "OUT", requires = "stem")]
    extract: Option<PathBuf>,
    /// The stem of the pairs.
    #[arg(long, value_name = "NAME", requires = "extract")]
    stem: Option<String>,
    /// Sections of each song, evenly divided over it.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "extract")]
    sections: usize,
    /// The intro to leave out, in seconds.
    #[arg(long, value_name = "S", default_value_t = 30.0, requires = "extract")]
    start: f64,
    /// Samples of a section, at the rate of the pairs.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 327_500,
        requires = "extract"
    )]
    samples: usize,
    /// Sample rate of the pairs in hertz.
    #[arg(
        long,
        value_name = "HZ",
        default_value_t = 22_050,
        requires = "extract"
    )]
    rate: u32,
    /// Mix the channels of the pairs to one.
    #[arg(long, requires = "extract")]
    mono: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &MultitrackArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.folder.display().to_string();
    if let Err(error) = all(args, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn all(args: &MultitrackArgs, terminal: &Terminal, name: &str) -> Result<()> {
    let pairs = pairs(args);
    if let Some(spec) = &pairs {
        spec.validate()?;
    }
    let set = MultitrackSet::open(
        &args.folder,
        &args.set.spec(args.stem.iter().cloned().collect()),
    )?;
    let reporter = terminal.reporter(name);
    set.notes.iter().for_each(|note| reporter.warn(note));
    match &pairs {
        Some(spec) => write_pairs(&set, spec, terminal),
        None => tell(&set, args.list, terminal, name),
    }
}

/// What pairs to write, if any.
fn pairs(args: &MultitrackArgs) -> Option<ExtractSpec> {
    Some(ExtractSpec {
        out: args.extract.clone()?,
        stem: args.stem.clone()?,
        sections: args.sections,
        start_secs: args.start,
        section_samples: args.samples,
        sample_rate_hz: args.rate,
        mono: args.mono,
    })
}

// ---------------------------------------------------------------------------------------------
// The table

fn tell(set: &MultitrackSet, list: bool, terminal: &Terminal, name: &str) -> Result<()> {
    for song in &set.songs {
        if terminal.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let object = json!({ "event": "song", "input": name, "stems": song.stems(), "song": song });
        terminal.result(&object, &song_text(song, list));
        tell_unreadable(song, terminal);
    }
    let splits: Vec<Split> = Split::ALL
        .into_iter()
        .filter(|split| set.of(*split).next().is_some())
        .collect();
    let totals: Vec<_> = splits
        .iter()
        .map(|split| {
            json!({
                "split": split, "songs": set.of(*split).count(),
                "seconds": set.seconds_of(*split),
            })
        })
        .collect();
    let seconds: f64 = set.songs.iter().map(|song| song.seconds).sum();
    let object = json!({
        "event": "result", "input": name, "layout": set.layout, "songs": set.songs.len(),
        "seconds": seconds, "splits": totals, "excluded": set.excluded,
        "with_problems": set.songs.iter().filter(|song| !song.problems.is_empty()).count(),
    });
    let mut text = vec![format!(
        "{}: {} songs, {:.2} h, {} excluded",
        set.layout.label(),
        set.songs.len(),
        seconds / 3600.0,
        set.excluded.len()
    )];
    text.extend(splits.iter().map(|split| {
        format!(
            "  {:<5}  {:>5} songs  {:>8.2} h",
            split.name(),
            set.of(*split).count(),
            set.seconds_of(*split) / 3600.0
        )
    }));
    terminal.result(&object, &text.join("\n"));
    Ok(())
}

/// One line, one more for each problem, and with `list` one more for each recording.
fn song_text(song: &Song, list: bool) -> String {
    let mut lines = vec![format!(
        "{:<5}  {:>2} parts  {:>8.2} s  {:>6} Hz  {}",
        song.split.name(),
        song.parts.len(),
        song.seconds,
        song.sample_rate_hz,
        song.name
    )];
    if list {
        let mixture = match &song.mixture {
            Some(Mixture::File(part)) => part.path.display().to_string(),
            Some(Mixture::Sum) => "the sum of the parts".to_owned(),
            None => "cannot be read".to_owned(),
        };
        lines.push(format!("         mixture: {mixture}"));
        lines.extend(song.parts.iter().map(|part| {
            let track = part.track.map(|track| format!(", track {track}"));
            format!(
                "         {}: {}{}",
                part.stem,
                part.path.display(),
                track.unwrap_or_default()
            )
        }));
    }
    let told = song
        .problems
        .iter()
        .filter(|problem| problem.kind != ProblemKind::Unreadable);
    lines.extend(told.map(|problem| format!("         {}", problem.text)));
    lines.join("\n")
}

/// What could not be read is a failure; everything else is told and no more.
fn tell_unreadable(song: &Song, terminal: &Terminal) {
    for problem in &song.problems {
        if problem.kind == ProblemKind::Unreadable {
            terminal.fail(&problem.text, &song.name);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Pairs

fn write_pairs(set: &MultitrackSet, spec: &ExtractSpec, terminal: &Terminal) -> Result<()> {
    let mut all = Extracted::default();
    let mut left_out: Vec<&str> = Vec::new();
    for song in &set.songs {
        tell_unreadable(song, terminal);
        let reporter = terminal.reporter(&song.name);
        for problem in &song.problems {
            if problem.kind == ProblemKind::Unequal {
                reporter.warn(&problem.text);
            }
        }
        let done = match extract(song, spec, &reporter) {
            Ok(done) => done,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => {
                terminal.error(&error, &song.name);
                left_out.push(&song.name);
                continue;
            }
        };
        let text = match &done.missing {
            Some(reason) => {
                left_out.push(&song.name);
                format!("{}: left out: {reason}", song.name)
            }
            None => format!(
                "{}: {} files written, {} there already",
                song.name,
                done.written.len(),
                done.kept
            ),
        };
        let object = json!({
            "event": "song", "input": song.name, "split": song.split, "written": done.written,
            "kept": done.kept, "silent_sections": done.silent_sections, "missing": done.missing,
        });
        terminal.result(&object, &text);
        all.kept += done.kept;
        all.silent_sections += done.silent_sections;
        all.written.extend(done.written);
    }
    let object = json!({
        "event": "result", "path": spec.out, "stem": spec.stem, "files": all.written.len(),
        "kept": all.kept, "silent_sections": all.silent_sections, "left_out": left_out,
    });
    let text = format!(
        "{} files written, {} there already, {} sections with silent {}, {} of {} songs left out: {}",
        all.written.len(),
        all.kept,
        all.silent_sections,
        spec.stem,
        left_out.len(),
        set.songs.len(),
        spec.out.display()
    );
    terminal.result(&object, &text);
    Ok(())
}
