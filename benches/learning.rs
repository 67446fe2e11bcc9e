//! What networks learn from: how fast examples come, what memory that takes, and a training step.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use stemloom::audio::{AudioFormat, AudioWriter, Planar, Tags};
use stemloom::dataset::{ExampleSet, ExampleSpec, ExampleStream, Split, store_examples};
use stemloom::progress::Reporter;

use crate::Bench;
use crate::memory::run_and_watch;
use crate::song::{Noise, SAMPLE_RATE_HZ};
use crate::table::{Goal, Row};

/// Pieces of the set, as long as [`PIECE_SECS`] each, by two instruments.
const PIECES: usize = 8;
const PIECE_SECS: usize = 30;
const INSTRUMENTS: [&str; 2] = ["a", "b"];
const BATCH: usize = 8;
/// Seconds of counted work at least, as in `peers_learning.py`.
const LEAST_SECS: f64 = 6.0;
/// The larger set has so many times the pieces at least …
const MORE: usize = 10;
/// … and so many times the bytes that its streaming may take.
const TIMES_THE_PEAK: u64 = 12;
/// What streaming the larger set may take of the smaller one's memory.
const MOST_GROWTH: f64 = 1.3;

/// The timbre pictures of a set of [`write_pieces`].
fn timbre() -> ExampleSpec {
    ExampleSpec {
        origin: INSTRUMENTS[0].to_owned(),
        targets: vec![INSTRUMENTS[1].to_owned()],
        valid_fraction: 0.0,
        ..ExampleSpec::default()
    }
}

/// Seconds of an example, made of recordings and read from the store, beside torch's loader.
pub fn delivered(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let pieces = folder.path().join("pieces");
    write_pieces(&pieces)?;
    let options = ["--examples", "--origin", "--target"]
        .into_iter()
        .zip([
            pieces.display().to_string(),
            INSTRUMENTS[0].to_owned(),
            INSTRUMENTS[1].to_owned(),
        ])
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect::<Vec<String>>();
    let peer = bench.peers.time("examples", &options);
    let cache = folder.path().join("cache");
    let reporter = Reporter::silent();
    let set = ExampleSet::open(&pieces, &timbre(), Some(&cache), &reporter)?;
    let store = folder.path().join("store");
    store_examples(&set, &store, false, &reporter)?;
    let stored = ExampleSet::open(&store, &timbre(), None, &reporter)?;
    [("on the fly", set), ("from the store", stored)]
        .into_iter()
        .map(|(how, set)| -> anyhow::Result<Row> {
            let ours = secs_per_example(&Arc::new(set), bench.threads)?;
            Ok(Row::against(
                &format!("an example {how}, 256×256 pair, batches of {BATCH}"),
                ours,
                ("torch and librosa", peer.clone()),
                Goal::FasterBy(1.0),
            ))
        })
        .collect()
}

/// Streams whole epochs; the first one, which fills the cache, is not counted.
fn secs_per_example(set: &Arc<ExampleSet>, threads: usize) -> anyhow::Result<f64> {
    let stream = |epoch| {
        ExampleStream::new(
            Arc::clone(set),
            Split::Train,
            epoch,
            BATCH,
            0,
            None,
            threads,
        )
    };
    for batch in stream(0) {
        batch?;
    }
    let (mut examples, mut epoch) = (0_usize, 1);
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < LEAST_SECS {
        for batch in stream(epoch) {
            examples += batch?.size;
        }
        epoch += 1;
    }
    ensure!(examples > 0, "the set gave no examples");
    Ok(start.elapsed().as_secs_f64() / examples as f64)
}

/// Peak memory of the program streaming an epoch of a large set, beside a small one.
pub fn large_set(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    if !cfg!(target_os = "linux") {
        let work = "peak memory, examples of a large set";
        return Ok(vec![Row::skipped(work, "needs Linux's /proc")]);
    }
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let small = folder.path().join("small");
    write_pieces(&small)?;
    let few = streaming_peak(bench, &small)?;
    let bytes = bytes_of_piece(&small)?;
    let pieces = (MORE * PIECES).max((TIMES_THE_PEAK * few).div_ceil(bytes) as usize);
    let large = folder.path().join("large");
    multiply(&small, &large, pieces)?;
    let many = streaming_peak(bench, &large)?;
    let all_bytes = bytes * pieces as u64;
    ensure!(
        all_bytes >= 10 * many,
        "a set of {all_bytes} bytes is too small to tell about a peak of {many}"
    );
    let work = format!(
        "peak memory, examples of {pieces} pieces ({:.1} GB)",
        all_bytes as f64 / 1e9
    );
    let name = format!("{PIECES} pieces");
    Ok(vec![Row::memory(&work, many, (&name, few), MOST_GROWTH)])
}

/// Peak of the program streaming a whole epoch.
fn streaming_peak(bench: &Bench, pieces: &Path) -> anyhow::Result<u64> {
    // The cache goes with it.
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let answer = folder.path().join("answer.jsonl");
    let threads = bench.threads.to_string();
    let mut program = Command::new(env!("CARGO_BIN_EXE_stemloom"));
    program
        .args(["dataset", "pairs"])
        .arg(pieces)
        .args([
            "--kind",
            "timbre",
            "--valid",
            "0",
            "--measure=3600",
            "--json",
        ])
        .args(["--origin", INSTRUMENTS[0], "--target", INSTRUMENTS[1]])
        .args(["--threads", &threads, "--batch", &BATCH.to_string()])
        .env("STEMLOOM_HOME", folder.path().join("home"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(File::create(&answer)?);
    let peak = run_and_watch(&mut program)?;
    let text = std::fs::read_to_string(&answer)?;
    let last = text.lines().last().context("the program said nothing")?;
    let result: Value = serde_json::from_str(last)?;
    let is_whole = result["measured"]["is_whole_epoch"].as_bool();
    ensure!(
        is_whole == Some(true),
        "it did not stream a whole epoch: {last}"
    );
    Ok(peak)
}

/// Seconds of a step of the timbre system's generator, beside torch.
#[cfg(feature = "train")]
pub fn train_step(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    use stemloom::train::Recipe;

    const WORK: &str = "a training step, U-Net of 16 filters, 8 pairs of 256×256";
    const RECIPE: &str = r#"
        [examples]
        preset = "timbre"
        [network]
        kind = "unet-pix2pix"
        base_filters = 16
        [optimiser]
        learning_rate = 2e-4
        [training]
        epochs = 1000
        batch_size = 8
        threads = 1
        [preview]
        secs = 0
    "#;
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let (pieces, store) = (folder.path().join("pieces"), folder.path().join("store"));
    write_pieces(&pieces)?;
    let mut recipe = Recipe::parse(RECIPE, Path::new("bench.toml"))?;
    recipe.examples = timbre();
    let reporter = Reporter::silent();
    let cache = folder.path().join("cache");
    let set = ExampleSet::open(&pieces, &recipe.examples, Some(&cache), &reporter)?;
    store_examples(&set, &store, false, &reporter)?;
    let torch = bench.peers.time("train-step", &[]);
    let mut rows = Vec::new();
    for (shards, how) in [(1, ""), (bench.threads, ", in parts")] {
        recipe.training.shards = shards;
        let run = folder.path().join(format!("run-{shards}"));
        let ours = step_secs(&recipe, &store, &run)?;
        rows.push(Row::against(
            &format!("{WORK}{how}"),
            ours,
            ("torch", torch.clone()),
            Goal::SlowerByAtMost(1.5),
        ));
    }
    Ok(rows)
}

/// Seconds of a recipe's steps once warmed up. Examples are read from the store, so hardly anything
/// but the step itself is in its time.
#[cfg(feature = "train")]
fn step_secs(recipe: &stemloom::train::Recipe, store: &Path, run: &Path) -> anyhow::Result<f64> {
    use stemloom::train::{Control, RunOptions, TrainDevice, TrainEvent, choose, train};

    /// Steps that only warm up.
    const WARM_UP: usize = 3;

    let (mut steps, mut secs) = (0, 0.0);
    let mut watch = |event: TrainEvent| {
        if let TrainEvent::Step { secs: step, .. } = event {
            steps += 1;
            if steps > WARM_UP {
                secs += step;
            }
        }
        if secs >= LEAST_SECS {
            Control::Stop
        } else {
            Control::Go
        }
    };
    train(
        recipe,
        store,
        run,
        &choose(TrainDevice::Cpu)?,
        &RunOptions::default(),
        &mut watch,
        &Reporter::silent(),
    )?;
    ensure!(steps > WARM_UP, "it made only {steps} steps");
    Ok(secs / (steps - WARM_UP) as f64)
}

/// Seconds of a training step.
#[cfg(not(feature = "train"))]
pub fn train_step(_bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let reason = "built without the feature train";
    Ok(vec![Row::skipped("a training step", reason)])
}

// ---------------------------------------------------------------------------------------------
// Sets of recordings

fn piece_path(folder: &Path, instrument: &str, number: usize) -> PathBuf {
    folder
        .join(instrument)
        .join(format!("piece {number:04}.wav"))
}

/// Stereo recordings of two instruments, from a seed: the same rhythm, other noise.
pub fn write_pieces(folder: &Path) -> anyhow::Result<()> {
    for number in 0..PIECES {
        for (seed, instrument) in (1_u64..).zip(INSTRUMENTS) {
            let path = piece_path(folder, instrument, number);
            std::fs::create_dir_all(folder.join(instrument))?;
            let mut noise = Noise::new(1000 * seed + number as u64);
            let mut writer = AudioWriter::create(
                &path,
                AudioFormat::Wav16,
                SAMPLE_RATE_HZ,
                2,
                &Tags::default(),
                true,
            )?;
            for _ in 0..PIECE_SECS {
                writer.push(&second(&mut noise, seed as f32))?;
            }
            writer.finish()?;
        }
    }
    Ok(())
}

/// A second of beats that die away, one channel quieter than the other.
fn second(noise: &mut Noise, beats: f32) -> Planar {
    let frames = SAMPLE_RATE_HZ as usize;
    let mono: Vec<f32> = (0..frames)
        .map(|i| {
            let beat = (beats * i as f32 / frames as f32).fract();
            0.4 * noise.value() * (-6.0 * beat).exp()
        })
        .collect();
    let quieter = mono.iter().map(|x| 0.5 * x).collect();
    vec![mono, quieter]
}

/// Bytes of a piece by all instruments.
fn bytes_of_piece(folder: &Path) -> anyhow::Result<u64> {
    let sizes = INSTRUMENTS.map(|name| std::fs::metadata(piece_path(folder, name, 0)));
    let mut bytes = 0;
    for size in sizes {
        bytes += size?.len();
    }
    Ok(bytes)
}

/// The same recordings under as many names as there are to be pieces.
fn multiply(small: &Path, large: &Path, pieces: usize) -> anyhow::Result<()> {
    for instrument in INSTRUMENTS {
        std::fs::create_dir_all(large.join(instrument))?;
        for number in 0..pieces {
            let from = piece_path(small, instrument, number % PIECES);
            let to = piece_path(large, instrument, number);
            // Links take no room; not every disk has them.
            if std::fs::hard_link(&from, &to).is_err() {
                std::fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}
