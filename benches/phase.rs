//! From magnitudes back to sound: time, and how well the magnitudes are met.

use std::hint::black_box;
use std::time::Instant;

use stemloom::phase::{PhaseMethod, PhaseSpec, PhaseStart, reconstruct};
use stemloom::progress::Reporter;
use stemloom::spectral::{MelBank, MelInverse, MelInversion, MelSpec, Stft, StftSpec};

use crate::table::{Goal, Row, db_text, fastest_secs};
use crate::{Bench, song};

/// As in `peers.py`.
const GRIFFIN_LIM_SECS: usize = 30;
const MEL_FRAMES: usize = 327_500;
const MEL_BANDS: usize = 512;
const MEL_RATE_HZ: u32 = song::SAMPLE_RATE_HZ / 2;
const N_FFT: usize = 2048;
/// Where the excerpts begin, and how long they are.
const EXCERPTS_SECS: [usize; 3] = [0, 35, 77];
const EXCERPT_SECS: usize = 10;

/// Fast Griffin-Lim, 32 iterations, beside librosa.
pub fn griffin_lim(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    const WORK: &str = "Griffin-Lim, 32 iterations, 30 s mono, 2048/512";
    let x = excerpt(bench, 0, GRIFFIN_LIM_SECS);
    let stft = Stft::new(&StftSpec::new(N_FFT, 512))?;
    let magnitudes = stft.forward(&[&x]).magnitudes();
    // Both from phase zero: from random phases either may be luckier.
    let spec = PhaseSpec {
        start: PhaseStart::Zero,
        ..PhaseSpec::new(PhaseMethod::FastGriffinLim)
    };
    let mut samples = Vec::new();
    let ours = fastest_secs(|| {
        samples = found(&stft, &magnitudes, x.len(), &spec)?;
        Ok(())
    })?;
    let db = convergence_db(&stft, &magnitudes[0], &samples);
    let (librosa, their_db) = bench.peers.time_and("griffin-lim", &[], "convergence_db");
    Ok(vec![
        Row::against(WORK, ours, ("librosa", librosa), Goal::FasterBy(4.0)),
        Row::quality(
            "the same: spectral convergence",
            db,
            ("librosa", their_db),
            0.01,
            db_text,
        ),
    ])
}

/// Mel bands back to bins, both ways, beside librosa.
pub fn mel_inverse(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let x: Vec<f32> = mono(bench, 0..2 * MEL_FRAMES)
        .into_iter()
        .step_by(2)
        .collect();
    let magnitudes = Stft::new(&StftSpec::new(N_FFT, 512))?
        .forward(&[&x])
        .magnitudes()
        .remove(0);
    let spec = MelSpec {
        bands: MEL_BANDS,
        ..MelSpec::default()
    };
    let bank = MelBank::new(&spec, N_FFT, MEL_RATE_HZ)?;
    let mel = bands_of(&bank, &magnitudes);
    let (librosa, their_left) = bench.peers.time_and("mel-inverse", &[], "residual");
    let mut rows = Vec::new();
    for (how, name) in [(MelInversion::Nnls, "nnls"), (MelInversion::Fast, "fast")] {
        let mut bins = Vec::new();
        let ours = fastest_secs(|| {
            bins = MelInverse::new(&spec, N_FFT, MEL_RATE_HZ, how)?.invert(&mel);
            Ok(())
        })?;
        let left = residual(&bands_of(&bank, &bins), &mel);
        let work = format!("Mel inversion ({name}), 512 bands, 14.85 s at 22.05 kHz");
        rows.push(Row::against(
            &work,
            ours,
            ("librosa", librosa.clone()),
            Goal::FasterBy(4.0),
        ));
        // The fast way may leave more than librosa does.
        let slack = if how == MelInversion::Nnls { 1e-4 } else { 0.1 };
        rows.push(Row::quality(
            &format!("the same ({name}): residual of the bands"),
            left,
            ("librosa", their_left),
            slack,
            |residual| format!("{residual:.1e}"),
        ));
    }
    Ok(rows)
}

/// PGHI beside a hundred iterations of our own Griffin-Lim, 87.5 % overlap.
pub fn pghi(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let stft = Stft::new(&StftSpec::new(N_FFT, N_FFT / 8))?;
    let iterated = PhaseSpec {
        iterations: 100,
        ..PhaseSpec::new(PhaseMethod::GriffinLim)
    };
    EXCERPTS_SECS
        .iter()
        .map(|start_secs| {
            let x = excerpt(bench, *start_secs, EXCERPT_SECS);
            let magnitudes = stft.forward(&[&x]).magnitudes();
            let side = |spec: &PhaseSpec| -> anyhow::Result<(f64, f64)> {
                let start = Instant::now();
                let samples = black_box(found(&stft, &magnitudes, x.len(), spec)?);
                let secs = start.elapsed().as_secs_f64();
                Ok((secs, convergence_db(&stft, &magnitudes[0], &samples)))
            };
            let ours = side(&PhaseSpec::new(PhaseMethod::Pghi))?;
            let other = side(&iterated)?;
            let work = format!("PGHI, {EXCERPT_SECS} s mono from {start_secs} s, 2048/256");
            Ok(Row::beside(&work, ours, ("Griffin-Lim 100", other)))
        })
        .collect()
}

/// The mean of both channels.
fn mono(bench: &Bench, frames: std::ops::Range<usize>) -> Vec<f32> {
    let (left, right) = (bench.clip.channel(0), bench.clip.channel(1));
    left[frames.clone()]
        .iter()
        .zip(&right[frames])
        .map(|(left, right)| 0.5 * (left + right))
        .collect()
}

fn excerpt(bench: &Bench, start_secs: usize, secs: usize) -> Vec<f32> {
    let rate = song::SAMPLE_RATE_HZ as usize;
    mono(bench, start_secs * rate..(start_secs + secs) * rate)
}

fn found(
    stft: &Stft,
    magnitudes: &[Vec<f32>],
    frames: usize,
    spec: &PhaseSpec,
) -> anyhow::Result<Vec<f32>> {
    let done = reconstruct(stft, magnitudes, frames, spec, None, &Reporter::silent())?;
    Ok(done.samples.into_iter().flatten().collect())
}

/// 20·log₁₀(‖|STFT(y)| − M‖ / ‖M‖).
fn convergence_db(stft: &Stft, magnitudes: &[f32], samples: &[f32]) -> f64 {
    let rebuilt = stft.forward(&[samples]).magnitudes().remove(0);
    20.0 * residual(&rebuilt, magnitudes).log10()
}

/// ‖a − b‖ / ‖b‖.
fn residual(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let error: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let energy: f64 = b.iter().map(|b| square(*b)).sum();
    (error / energy).sqrt()
}

/// The bank's bands of all columns.
fn bands_of(bank: &MelBank, magnitudes: &[f32]) -> Vec<f32> {
    let columns = magnitudes.chunks(N_FFT / 2 + 1);
    let mut mel = vec![0.0; columns.len() * bank.num_bands()];
    mel.chunks_mut(bank.num_bands())
        .zip(columns)
        .for_each(|(mel, column)| bank.apply(column, mel));
    mel
}
