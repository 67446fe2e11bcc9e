//! Whether memory grows with the song: the program's own peak for a short and for a long one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use stemloom::model::find_library;

use crate::table::Row;
use crate::{Bench, network, song};

/// Environment variable with the long song's hours.
const HOURS: &str = "STEMLOOM_BENCH_HOURS";
const DEFAULT_HOURS: f64 = 3.0;
/// Between two looks at the program's memory. The system keeps the peak, so only what is
/// allocated in the last moments before the end could be missed.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Peak resident memory of `stemloom separate`, long against short. Mono at half the model's rate:
/// half a gigabyte of disk for three hours, and resampling takes part.
pub fn growth(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let hours = hours()?;
    let work = format!("peak memory, {hours} h through an ONNX model");
    if !cfg!(target_os = "linux") {
        return Ok(vec![Row::skipped(&work, "needs Linux's /proc")]);
    }
    let model = bench.folder.path().join("identity.onnx");
    network::write_identity(&model)?;
    let repeats = (hours * 3600.0 / song::SECS as f64).round().max(1.0) as usize;
    let short = peak_bytes(bench, &model, 1)?;
    let long = peak_bytes(bench, &model, repeats)?;
    Ok(vec![Row::memory(&work, long, ("3 min", short), 1.3)])
}

fn hours() -> anyhow::Result<f64> {
    let Ok(text) = std::env::var(HOURS) else {
        return Ok(DEFAULT_HOURS);
    };
    let hours: f64 = text
        .trim()
        .parse()
        .with_context(|| format!("{HOURS}: {text:?} is no number"))?;
    ensure!(
        hours > 0.0 && hours <= 12.0,
        "{HOURS}: {hours} is not within 0 to 12"
    );
    Ok(hours)
}

/// Peak of a separation of the test song, `repeats` times in a row.
fn peak_bytes(bench: &Bench, model: &Path, repeats: usize) -> anyhow::Result<u64> {
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let input = folder.path().join("song.wav");
    song::write_repeated(&input, bench.clip.channel(0), repeats)?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_stemloom"));
    program
        .arg("separate")
        .arg(&input)
        .arg("--model")
        .arg(model)
        .arg("--out")
        .arg(folder.path())
        .args(["--format", "wav16", "--device", "cpu", "--threads"])
        .arg(bench.threads.to_string())
        .env("ORT_DYLIB_PATH", find_library()?)
        .env("STEMLOOM_HOME", folder.path().join("home"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    run_and_watch(&mut program)
}

/// Runs a program to its end; answers its peak resident memory in bytes.
pub fn run_and_watch(program: &mut Command) -> anyhow::Result<u64> {
    let mut child = program.spawn().context("the program did not start")?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let status = loop {
        // Gone between two looks is no error: the next line notices.
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        peak_kb = peak_kb_in(&text).unwrap_or(0).max(peak_kb);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    ensure!(status.success(), "stemloom ended with {status}");
    ensure!(peak_kb > 0, "{status_file} told no VmHWM");
    Ok(peak_kb * 1024)
}

/// The line `VmHWM:   123456 kB`.
fn peak_kb_in(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
