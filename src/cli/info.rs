//! `stemloom info`: what audio files are.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Terminal;
use crate::audio::{AudioInfo, Decoder, Source as _};
use crate::error::Result;
use crate::progress::Reporter;

#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// Audio files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Which audio track, from 0.
    #[arg(long)]
    track: Option<usize>,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InfoArgs) -> ExitCode {
    let terminal = Terminal::new(args.json);
    for path in &args.files {
        let name = path.display().to_string();
        match read(path, args.track, &terminal.reporter(&name)) {
            Ok(info) => {
                let mut object = json!({ "event": "info" });
                if let (Some(object), Ok(serde_json::Value::Object(fields))) =
                    (object.as_object_mut(), serde_json::to_value(&info))
                {
                    object.extend(fields);
                }
                terminal.result(&object, &text(&info));
            }
            Err(error) => terminal.error(&error, &name),
        }
        if terminal.is_cancelled() {
            break;
        }
    }
    terminal.exit_code()
}

/// Decodes the whole file: only then are its length and its damage known.
fn read(path: &std::path::Path, track: Option<usize>, reporter: &Reporter) -> Result<AudioInfo> {
    let mut decoder = Decoder::open(path, track)?;
    let total = decoder.frames_hint().unwrap_or(0);
    let mut done = 0;
    while let Some(block) = decoder.next_block()? {
        done += block.first().map_or(0, Vec::len) as u64;
        reporter.step("Reading", done, total)?;
    }
    let warnings = decoder.take_warnings();
    Ok(AudioInfo {
        warnings,
        ..decoder.info().clone()
    })
}

fn text(info: &AudioInfo) -> String {
    let mut lines = vec![info.path.display().to_string()];
    lines.push(format!(
        "  {} in {}, {} Hz, {} channel{}, {} frames, {:.3} s",
        info.codec,
        info.container,
        info.sample_rate,
        info.channels,
        if info.channels == 1 { "" } else { "s" },
        info.frames.unwrap_or(0),
        info.seconds.unwrap_or(0.0)
    ));
    if let Some(title) = &info.tags.title {
        lines.push(format!("  title: {title}"));
    }
    if let Some(artist) = &info.tags.artist {
        lines.push(format!("  artist: {artist}"));
    }
    if info.tracks.len() > 1 {
        lines.extend(info.tracks.iter().map(|track| {
            format!(
                "  track {}: {} ({})",
                track.index,
                track.name.as_deref().unwrap_or("unnamed"),
                track.codec
            )
        }));
    }
    lines.extend(
        info.warnings
            .iter()
            .map(|warning| format!("  warning: {warning}")),
    );
    lines.join("\n")
}
