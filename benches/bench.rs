//! `make bench`: what is promised about speed and memory, measured beside the peers in one run.
//!
//! ```text
//! song (a seeded test song) ─► ours, here ──────────────┐
//!                           └► peers.py, in a venv ─────┴► one table, ours against theirs
//! ```
//!
//! Each side is given the same samples and the same number of threads (rayon's; peers use them
//! where they can) and counts as its fastest run of a few. Times are printed, never asserted: the
//! exit code is 0 unless something did not run at all.
//!
//! | environment | effect |
//! |---|---|
//! | `STEMLOOM_BENCH_TORCH=1` | also installs torch, a large download: without it examples and a training step have no peer |
//! | `STEMLOOM_BENCH_HOURS=H` | length of the long separation, 3 unless given |
//! | `STEMLOOM_BENCH_ONLY=TEXT` | only measurements whose names contain the text |
//! | `RAYON_NUM_THREADS=N` | threads of both sides |
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a program for developers: a failure may end it, and nobody links against it"
)]

mod batch;
mod judging;
mod learning;
mod memory;
mod network;
mod outline;
mod peers;
mod phase;
mod rendering;
mod song;
mod table;
mod window;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use stemloom::apply::{
    self, Hpss, MemorySink, RepetSim, RepetSimSeparator, SeparateOptions, Separator,
};
use stemloom::audio::{Clip, decode};
use stemloom::progress::Reporter;
use stemloom::spectral::{Stft, StftSpec};

use peers::Peers;
use table::{Goal, Row, fastest_secs};

// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What every measurement needs.
struct Bench {
    folder: tempfile::TempDir,
    /// The test song as a file, the same that the peers read.
    song: PathBuf,
    clip: Clip,
    peers: Peers,
    threads: usize,
}

type Measure = fn(&Bench) -> anyhow::Result<Vec<Row>>;

const MEASURES: [(&str, Measure); 16] = [
    ("STFT and inverse", stft),
    ("harmonic and percussive", hpss),
    ("repeating background", repet_sim),
    ("Griffin-Lim", phase::griffin_lim),
    ("mel inversion", phase::mel_inverse),
    ("PGHI", phase::pghi),
    ("a network, file to files", network::overhead),
    ("a batch of songs", batch::batch),
    ("memory of a long separation", memory::growth),
    ("painting an hour", outline::paint),
    ("examples delivered", learning::delivered),
    ("memory of a large set", learning::large_set),
    ("hours rendered", rendering::hours),
    ("a training step", learning::train_step),
    ("frames while training", window::frames),
    ("BSSEval v4", judging::bss),
];

fn main() -> ExitCode {
    match run() {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            failures
                .iter()
                .for_each(|failure| eprintln!("bench: did not run: {failure}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything and prints the table; answers what did not run.
fn run() -> anyhow::Result<Vec<String>> {
    let bench = Bench::prepare()?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    let only = std::env::var("STEMLOOM_BENCH_ONLY").unwrap_or_default();
    for (name, measure) in MEASURES
        .into_iter()
        .filter(|(name, _)| name.contains(&only))
    {
        eprintln!("bench: {name}");
        match measure(&bench) {
            Ok(more) => rows.extend(more),
            Err(error) => failures.push(format!("{name}: {error:#}")),
        }
    }
    failures.extend(rows.iter().filter_map(|row: &Row| row.failure.clone()));
    failures.dedup();
    println!(
        "\n{} threads on each side; peers: {}\n",
        bench.threads,
        bench.peers.versions()
    );
    table::print(&rows);
    Ok(failures)
}

impl Bench {
    fn prepare() -> anyhow::Result<Self> {
        let threads = rayon::current_num_threads();
        // Not the system's temporary folder: that one may be memory, and the long song is large.
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(scratch)?;
        let folder = tempfile::tempdir_in(scratch)?;
        let song = folder.path().join("song.wav");
        eprintln!("bench: composing a song of {} s", song::SECS);
        song::write(&song)?;
        let (clip, _) = decode(&song, None, &Reporter::silent())?;
        let peers = Peers::prepare(&song, threads);
        Ok(Self {
            folder,
            song,
            clip,
            peers,
            threads,
        })
    }
}

fn stft(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    const WORK: &str = "STFT and inverse, 3 min stereo, 4096/1024";
    let channels = bench.clip.channels();
    let frames = bench.clip.frames();
    let ours = fastest_secs(|| {
        let stft = Stft::new(&StftSpec::new(4096, 1024))?;
        let spectrogram = stft.forward(&channels);
        black_box(stft.inverse(&spectrogram, frames));
        Ok(())
    })?;
    let librosa = bench.peers.time("stft", &[]);
    let torch = bench.peers.time("stft-torch", &[]);
    Ok(vec![
        Row::against(WORK, ours, ("librosa", librosa), Goal::FasterBy(4.0)),
        Row::against(WORK, ours, ("torch", torch), Goal::FasterBy(1.5)),
    ])
}

fn hpss(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let ours = fastest_secs(|| separate_in_memory(&bench.clip, &mut Hpss::default()))?;
    let librosa = bench.peers.time("hpss", &[]);
    let work = "HPSS 31×31, 3 min stereo, 2048/512";
    Ok(vec![Row::against(
        work,
        ours,
        ("librosa", librosa),
        Goal::FasterBy(10.0),
    )])
}

fn repet_sim(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let ours = fastest_secs(|| {
        separate_in_memory(
            &bench.clip,
            &mut RepetSimSeparator::new(RepetSim::default()),
        )
    })?;
    let librosa = bench.peers.time("repet-sim", &[]);
    let work = "REPET-SIM, 3 min stereo, 2048/1024";
    Ok(vec![Row::against(
        work,
        ours,
        ("librosa", librosa),
        Goal::FasterBy(10.0),
    )])
}

/// From a song's samples to its stems' samples, by the same way that files take.
fn separate_in_memory(clip: &Clip, separator: &mut dyn Separator) -> anyhow::Result<()> {
    let mut source = clip.reader(0..clip.frames());
    let mut sink = MemorySink::new();
    let options = SeparateOptions::default();
    apply::separate(
        &mut source,
        separator,
        &options,
        &mut sink,
        &Reporter::silent(),
    )?;
    black_box(sink.finish()?);
    Ok(())
}
