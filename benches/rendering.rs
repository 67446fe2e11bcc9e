//! How long music takes to be made: composed pieces by an instrument of samples.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Mutex;

use anyhow::ensure;
use stemloom::audio::{AudioFormat, AudioWriter, Tags};
use stemloom::dataset::compose::{ComposeSpec, compose};
use stemloom::dataset::{
    InstrumentChoice, Missing, RenderManyOptions, RenderSpec, RenderedFile, plan_renders,
    render_many, write_midi,
};
use stemloom::progress::Reporter;

use crate::Bench;
use crate::song::SAMPLE_RATE_HZ;
use crate::table::{Row, fastest_secs};

const PIECES: u64 = 10;
/// Octaves of A that are sampled, and how long a sample is.
const OCTAVES: [i32; 5] = [1, 2, 3, 4, 5];
const SAMPLE_SECS: f64 = 3.0;

/// Seconds for a minute of audio.
pub fn hours(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    let (samples, scores) = (folder.path().join("sine"), folder.path().join("scores"));
    write_samples(&samples)?;
    std::fs::create_dir_all(&scores)?;
    for seed in 0..PIECES {
        let spec = ComposeSpec {
            seed,
            ..ComposeSpec::default()
        };
        write_midi(
            &compose(&spec)?,
            &scores.join(format!("piece {seed}.mid")),
            false,
        )?;
    }
    let choice = InstrumentChoice::Samples { folder: samples };
    let instruments = [choice.open(SAMPLE_RATE_HZ, Missing::Nearest)?];
    let options = RenderManyOptions {
        out: folder.path().join("audio"),
        format: AudioFormat::Wav16,
        overwrite: true,
        spec: RenderSpec::default(),
    };
    let reporter = Reporter::silent();
    let mut minutes = 0.0;
    let secs = fastest_secs(|| {
        let plan = plan_renders(
            std::slice::from_ref(&scores),
            &instruments,
            &options,
            &reporter,
        )?;
        ensure!(
            plan.broken.is_empty() && plan.files == PIECES as usize,
            "{} files are planned, {} pieces are broken",
            plan.files,
            plan.broken.len()
        );
        minutes = 60.0 * plan.hours;
        let failures = Mutex::new(Vec::new());
        let tell = |file: RenderedFile| {
            if let (Err(error), Ok(mut failures)) = (file.outcome, failures.lock()) {
                failures.push(error.to_string());
            }
        };
        render_many(&plan, &instruments, &options, &tell, &reporter)?;
        let failures = failures.into_inner().unwrap_or_default();
        ensure!(failures.is_empty(), "{}", failures.join("; "));
        Ok(())
    })?;
    let work = format!("one minute of audio rendered ({PIECES} pieces, {minutes:.1} min)");
    Ok(vec![Row::budget(&work, secs / minutes, None)])
}

/// Sines that die away, named by their pitches.
fn write_samples(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let rate = f64::from(SAMPLE_RATE_HZ);
    for octave in OCTAVES {
        let hz = 440.0 * f64::from(octave - 4).exp2();
        let sample = |i: usize| {
            let secs = i as f64 / rate;
            (0.5 * (-secs).exp() * (TAU * hz * secs).sin()) as f32
        };
        let samples: Vec<f32> = (0..(SAMPLE_SECS * rate) as usize).map(sample).collect();
        let mut writer = AudioWriter::create(
            &folder.join(format!("A{octave}.wav")),
            AudioFormat::Wav16,
            SAMPLE_RATE_HZ,
            1,
            &Tags::default(),
            true,
        )?;
        writer.push(&[samples])?;
        writer.finish()?;
    }
    Ok(())
}
