//! `stemloom dataset notes`: what MIDI files say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use walkdir::WalkDir;

use super::Terminal;
use crate::dataset::{Note, Piece, read_midi};
use crate::error::{Error, Result};
use crate::listen::{rows_csv, table_csv};

/// Columns of `--csv`.
const COLUMNS: [&str; 9] = [
    "file",
    "start_secs",
    "end_secs",
    "pitch",
    "name",
    "velocity",
    "channel",
    "program",
    "drum",
];

#[derive(Debug, Args)]
pub(super) struct NotesArgs {
    /// MIDI files, and folders that are searched for .mid and .midi. Channels and programs are
    /// counted from 0, drums are on channel 9, middle C is C4.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// One JSON object per file.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// One table of all notes, for spreadsheet programs.
    #[arg(long)]
    csv: bool,
}

pub(super) fn run(args: &NotesArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    let print = |table: &str| {
        // Rows end in CR LF, and the terminal ends the last line itself.
        let table = table.strip_suffix('\n').unwrap_or(table);
        if !table.is_empty() {
            terminal.result(&Value::Null, table);
        }
    };
    // File by file as they are read: a large collection's notes are never all in memory.
    if args.csv {
        print(&table_csv(&COLUMNS.map(String::from), []));
    }
    for input in &args.inputs {
        let files = match midi_files(input) {
            Ok(files) => files,
            Err(error) => {
                terminal.error(&error, &input.display().to_string());
                continue;
            }
        };
        for file in files {
            if terminal.is_cancelled() {
                return terminal.exit_code();
            }
            let name = file.display().to_string();
            let piece = match read_midi(&file) {
                Ok(piece) => piece,
                Err(error) => {
                    terminal.error(&error, &name);
                    continue;
                }
            };
            if !args.json {
                let reporter = terminal.reporter(&name);
                piece.warnings.iter().for_each(|text| reporter.warn(text));
            }
            if args.csv {
                print(&rows_csv(piece.notes.iter().map(|note| row(&name, note))));
            } else {
                terminal.result(&object(&name, &piece), &listing(&name, &piece));
            }
        }
    }
    terminal.exit_code()
}

/// The file itself, or all MIDI files below a folder in the order of their names; hidden ones are
/// none.
fn midi_files(input: &Path) -> Result<Vec<PathBuf>> {
    if !input.is_dir() {
        return Ok(vec![input.into()]);
    }
    let is_hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let mut files = Vec::new();
    for item in WalkDir::new(input)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|item| item.depth() == 0 || !is_hidden(item.file_name()))
    {
        let item = item.map_err(|error| {
            let path = error.path().unwrap_or(input).to_path_buf();
            let source = error.into_io_error();
            let source = source.unwrap_or_else(|| std::io::Error::other("a loop of links"));
            Error::io("look into", path)(source)
        })?;
        let ending = item.path().extension().unwrap_or_default();
        let is_midi = ending.eq_ignore_ascii_case("mid") || ending.eq_ignore_ascii_case("midi");
        if is_midi && item.path().is_file() {
            files.push(item.into_path());
        }
    }
    if files.is_empty() {
        let problem = format!("no .mid or .midi file in this folder: {}", input.display());
        return Err(Error::setting("FILE", problem));
    }
    Ok(files)
}

/// A pitch as musicians name it: 60 is C4, 69 is A4.
fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = [
        "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
    ];
    let octave = i16::from(pitch / 12) - 1;
    format!("{}{octave}", NAMES[usize::from(pitch % 12)])
}

/// The lowest and the highest of some numbers.
fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.fold(None, |found, x| {
        let (low, high) = found.unwrap_or((x, x));
        Some((low.min(x), high.max(x)))
    })
}

/// Lowest and highest pitch of all notes that are no drums.
fn pitch_range(piece: &Piece) -> Option<(u8, u8)> {
    let pitches = || piece.notes.iter().filter(|n| !n.is_drum()).map(|n| n.pitch);
    Some((pitches().min()?, pitches().max()?))
}

fn channels(piece: &Piece) -> BTreeSet<u8> {
    piece.notes.iter().map(|note| note.channel).collect()
}

fn row(file: &str, note: &Note) -> Vec<String> {
    vec![
        file.to_owned(),
        format!("{:.6}", note.start_secs),
        format!("{:.6}", note.end_secs),
        note.pitch.to_string(),
        pitch_name(note.pitch),
        note.velocity.to_string(),
        note.channel.to_string(),
        note.program.to_string(),
        if note.is_drum() { "yes" } else { "no" }.to_owned(),
    ]
}

fn object(file: &str, piece: &Piece) -> Value {
    let notes: Vec<Value> = piece
        .notes
        .iter()
        .map(|note| {
            json!({
                "start_secs": note.start_secs, "end_secs": note.end_secs,
                "pitch": note.pitch, "name": pitch_name(note.pitch),
                "velocity": note.velocity, "channel": note.channel,
                "program": note.program, "is_drum": note.is_drum(),
            })
        })
        .collect();
    let tempos: Vec<Value> = piece
        .tempos
        .iter()
        .map(|(secs, per_minute)| json!({ "start_secs": secs, "per_minute": per_minute }))
        .collect();
    json!({
        "event": "notes", "input": file, "title": piece.title, "seconds": piece.seconds,
        "channels": channels(piece), "tempos": tempos, "pitch_range": pitch_range(piece),
        "notes": notes, "warnings": piece.warnings,
    })
}

/// All notes, then a line about the file.
fn listing(file: &str, piece: &Piece) -> String {
    let mut text = String::new();
    for note in &piece.notes {
        let what = if note.is_drum() {
            "drum".to_owned()
        } else {
            format!("program {}", note.program)
        };
        text.push_str(&format!(
            "{:10.3} {:10.3} s  {:<4} velocity {:>3}  channel {:>2}  {what}\n",
            note.start_secs,
            note.end_secs,
            pitch_name(note.pitch),
            note.velocity,
            note.channel,
        ));
    }
    text.push_str(&summary(file, piece));
    text
}

fn summary(file: &str, piece: &Piece) -> String {
    let mut parts = vec![
        format!("{} notes", piece.notes.len()),
        format!("{:.3} s", piece.seconds),
    ];
    let channels: Vec<String> = channels(piece).iter().map(u8::to_string).collect();
    if !channels.is_empty() {
        parts.push(format!("channels {}", channels.join(" ")));
    }
    if let Some((low, high)) = range(piece.tempos.iter().map(|(_, per_minute)| *per_minute)) {
        parts.push(if low == high {
            format!("{low:.1} bpm")
        } else {
            format!("{low:.1} to {high:.1} bpm")
        });
    }
    if let Some((low, high)) = pitch_range(piece) {
        parts.push(format!("{} to {}", pitch_name(low), pitch_name(high)));
    }
    parts.extend(piece.title.iter().map(|title| format!("{title:?}")));
    format!("{file}: {}", parts.join(", "))
}
