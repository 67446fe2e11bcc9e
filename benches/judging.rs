//! BSS Eval beside museval: how long it takes, and whether both say the same.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use stemloom::audio::{AudioFormat, AudioWriter, Planar, Tags};
use stemloom::evaluate::{BssSpec, FrameScores, bss_eval, summarise};
use stemloom::progress::Reporter;

use crate::Bench;
use crate::song::{Noise, SAMPLE_RATE_HZ, SECS};
use crate::table::{Goal, Row, fastest_secs};

/// Beats a second of each stem.
const STEMS: [(&str, f32); 4] = [
    ("bass", 0.5),
    ("drums", 2.0),
    ("other", 0.3),
    ("vocals", 0.7),
];
/// What of the other stems, and of noise, an estimate has.
const LEAK: f32 = 0.2;
const NOISE: f32 = 0.02;
/// How far medians may lie apart, in dB.
const MOST_OFF_DB: f64 = 0.01;

/// Version 4 on three minutes of four stereo stems.
pub fn bss(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    const WORK: &str = "BSSEval v4, 4 stems, 3 min stereo";
    let references: Vec<Planar> = (1_u64..)
        .zip(STEMS)
        .map(|(seed, (_, beats))| stem(seed, beats))
        .collect();
    let estimates = estimates(&references);
    let folder = tempfile::tempdir_in(bench.folder.path())?;
    for (name, sources) in [("references", &references), ("estimates", &estimates)] {
        for ((stem, _), planar) in STEMS.into_iter().zip(sources) {
            write(&folder.path().join(name), stem, planar)?;
        }
    }
    let mut scores = Vec::new();
    let ours = fastest_secs(|| {
        scores = bss_eval(
            &references,
            &estimates,
            SAMPLE_RATE_HZ,
            &BssSpec::default(),
            &Reporter::silent(),
        )?;
        Ok(())
    })?;
    let options = ["--stems".to_owned(), folder.path().display().to_string()];
    let (museval, answer) = bench.peers.ask("bss", &options);
    let mut rows = vec![Row::against(
        WORK,
        ours,
        ("museval", museval),
        Goal::FasterBy(10.0),
    )];
    if answer["medians"].is_array() {
        rows.push(Row::quality(
            "the same: largest difference of a median",
            largest_difference(&scores, &answer["medians"])?,
            ("museval", Some(0.0)),
            MOST_OFF_DB,
            |db| format!("{db:.1e} dB"),
        ));
    }
    Ok(rows)
}

/// Between our medians and `[stem][SDR, ISR, SIR, SAR]` of museval.
fn largest_difference(scores: &[FrameScores], theirs: &Value) -> anyhow::Result<f64> {
    let mut largest = 0.0_f64;
    for (stem, scores) in scores.iter().enumerate() {
        let ours = [&scores.sdr, &scores.isr, &scores.sir, &scores.sar];
        for (measure, ours) in ours.into_iter().enumerate() {
            let theirs = theirs[stem][measure]
                .as_f64()
                .with_context(|| format!("peers.py bss: no median {measure} of stem {stem}"))?;
            let difference = (summarise(ours).median - theirs).abs();
            ensure!(
                difference.is_finite(),
                "a median of stem {stem} is no number"
            );
            largest = difference.max(largest);
        }
    }
    Ok(largest)
}

/// Coloured noise in beats, never quite silent; the channels differ.
fn stem(seed: u64, beats: f32) -> Planar {
    let mut noise = Noise::new(seed);
    let frames = SECS * SAMPLE_RATE_HZ as usize;
    // The share of the sample before: each stem has its own colour.
    let kept = 1.0 - 0.6 / seed as f32;
    let (mut left, mut right) = (0.0, 0.0);
    let mut planar: Planar = vec![Vec::new(); 2];
    for frame in 0..frames {
        let secs = (frame as f64 / f64::from(SAMPLE_RATE_HZ)) as f32;
        let level = 0.02 + 0.2 * (-4.0 * (beats * secs).fract()).exp();
        left = kept * left + (1.0 - kept) * noise.value();
        right = kept * right + (1.0 - kept) * (0.5 * noise.value() + 0.5 * left);
        planar[0].push(level * left);
        planar[1].push(level * right);
    }
    planar
}

/// Each reference with a part of the others and some noise.
fn estimates(references: &[Planar]) -> Vec<Planar> {
    let mut noise = Noise::new(99);
    let mut one = |own: usize| -> Planar {
        let channel = |channel: usize| {
            let mut samples = references[own][channel].clone();
            for (number, other) in references.iter().enumerate() {
                let gain = if number == own { 0.0 } else { LEAK };
                for (sample, x) in samples.iter_mut().zip(&other[channel]) {
                    *sample += gain * x;
                }
            }
            samples
        };
        let mut planar: Planar = vec![channel(0), channel(1)];
        for sample in planar.iter_mut().flatten() {
            *sample += NOISE * noise.value();
        }
        planar
    };
    (0..references.len()).map(&mut one).collect()
}

/// `FOLDER/STEM.wav`, as the samples are.
fn write(folder: &Path, stem: &str, planar: &Planar) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut writer = AudioWriter::create(
        &folder.join(format!("{stem}.wav")),
        AudioFormat::Wav32f,
        SAMPLE_RATE_HZ,
        planar.len(),
        &Tags::default(),
        true,
    )?;
    writer.push(planar)?;
    writer.finish()?;
    Ok(())
}
