//! `stemloom oracle`: the best that masks can do, as sound and as scores.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use super::evaluate_show::{Shown, show_track};
use super::shared::MeasureArgs;
use crate::apply::ClipFile;
use crate::audio::{AudioFormat, Clip};
use crate::dataset::Song;
use crate::error::{Error, Result};
use crate::evaluate::{
    EvaluateSpec, Method, MethodSource, OpenSong, OracleKind, Renames, TrackScores, TrackSet,
    measure_song, summarise_songs, table_text,
};

#[derive(Debug, Args)]
pub(super) struct OracleArgs {
    /// The true stems: MUSDB18, MUSDB18-HQ, a folder with a sub-folder per song, or one song's folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Which oracles, separated by commas: ibm, irm1, irm2, mwf.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        default_value = "irm2"
    )]
    kind: Vec<OracleKind>,
    /// Where the stems go, as SONG/KIND/STEM.wav.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    #[command(flatten)]
    measure: MeasureArgs,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &OracleArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let name = args.folder.display().to_string();
    if let Err(error) = all(args, &terminal, &name) {
        terminal.error(&error, &name);
    }
    terminal.exit_code()
}

fn all(args: &OracleArgs, terminal: &Terminal, name: &str) -> Result<()> {
    let spec = args.measure.spec();
    spec.validate()?;
    let set = TrackSet::open(&args.folder, &args.measure.track_spec())?;
    let reporter = terminal.reporter(name);
    set.notes.iter().for_each(|note| reporter.warn(note));
    let mut scores = Vec::new();
    for song in &set.songs {
        match one(args, song, &spec, terminal) {
            Ok(more) => scores.extend(more),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.error(&error, &song.name),
        }
    }
    if scores.is_empty() {
        return Ok(());
    }
    let summaries = summarise_songs(&scores);
    let object =
        json!({ "event": "result", "input": name, "path": args.out, "medians": summaries });
    terminal.result(&object, &table_text(&summaries));
    Ok(())
}

/// All oracles of a song; what fails of one is told, and the others are made.
fn one(
    args: &OracleArgs,
    song: &Song,
    spec: &EvaluateSpec,
    terminal: &Terminal,
) -> Result<Vec<TrackScores>> {
    let reporter = terminal.reporter(&song.name);
    let (mut open, problems) = OpenSong::read(song, spec.region, &reporter)?;
    open.notes().iter().for_each(|note| reporter.warn(note));
    for problem in problems {
        terminal.fail(&format!("{}: {problem}", song.name), &song.name);
    }
    // Found out before the work, not after it.
    let mut planned = Vec::new();
    for kind in &args.kind {
        let folder = args.out.join(&song.file_name).join(kind.name());
        let stems = open.stems().iter();
        let files: Vec<(String, ClipFile)> = stems
            .map(|stem| Ok((stem.clone(), file_of(args, &folder, stem)?)))
            .collect::<Result<_>>()?;
        planned.push((*kind, files));
    }
    let mut scores = Vec::new();
    for (kind, files) in planned {
        match one_kind(
            &mut open,
            kind,
            &files,
            (spec, song.name.as_str()),
            terminal,
        ) {
            Ok(track) => scores.push(track),
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => terminal.fail(
                &format!("{}, {}: {error}", song.name, kind.name()),
                &song.name,
            ),
        }
    }
    Ok(scores)
}

/// One oracle of a song.
fn one_kind(
    open: &mut OpenSong<'_>,
    kind: OracleKind,
    files: &[(String, ClipFile)],
    (spec, song): (&EvaluateSpec, &str),
    terminal: &Terminal,
) -> Result<TrackScores> {
    let reporter = terminal.reporter(song);
    let mut method = Method {
        name: kind.name().to_owned(),
        source: MethodSource::Oracle(kind),
    };
    let estimates = method.estimate(open, &Renames::default(), &reporter)?;
    for (stem, planar) in estimates.stems() {
        let Some((_, file)) = files.iter().find(|(name, _)| name == stem) else {
            continue;
        };
        let clip = Clip::new(open.sample_rate_hz(), planar.clone());
        let written = file.write(&clip, &reporter)?;
        let path = written.path.display().to_string();
        let object = json!({
            "event": "file", "input": song, "method": kind.name(), "stem": stem,
            "path": path, "frames": written.frames, "peak": written.peak,
        });
        terminal.event(&object, Some(&format!("{stem}: {path}")));
    }
    let measured = measure_song(open, kind.name(), estimates, spec, &reporter)?;
    for problem in &measured.problems {
        terminal.fail(&format!("{song}, {}: {problem}", kind.name()), song);
    }
    show_track(&measured.scores, Shown::New, terminal);
    Ok(measured.scores)
}

fn file_of(args: &OracleArgs, folder: &Path, stem: &str) -> Result<ClipFile> {
    let name = crate::audio::sanitise_file_name(stem);
    let path = folder.join(format!("{name}.{}", args.format.extension()));
    if path.exists() && !args.overwrite {
        return Err(Error::Exists { path });
    }
    ClipFile::new(path, Some(args.format), args.overwrite)
}
