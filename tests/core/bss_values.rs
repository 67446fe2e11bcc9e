//! BSS Eval against stored scores of museval and mir_eval.

use std::sync::LazyLock;

use serde_json::Value;
use stemloom::audio::{Planar, decode};
use stemloom::evaluate::{BssKind, BssSpec, bss_eval};
use stemloom::progress::Reporter;

use crate::bss_definition::assert_db;
use crate::common::{fixture, number, repo, text, whole};

static SCENES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let text = std::fs::read_to_string(fixture("bss.json")).expect("tests/fixtures/bss.json");
    let value: Value = serde_json::from_str(&text).expect("bss.json is JSON");
    value["scenes"].as_array().expect("scenes").clone()
});

/// The generator that `generate_bss.py` documents.
fn lcg(seed: usize, frames: usize) -> Vec<f64> {
    let mut state = seed as u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    (0..frames).map(|_| next()).collect()
}

fn drawn(sources: usize, channels: usize, frames: usize) -> Vec<Planar> {
    const FIR: [&[f64]; 3] = [
        &[1.0, 0.5, -0.25, 0.125],
        &[0.5, 0.0, 0.5, -0.25, 0.25],
        &[-0.25, 1.0, 0.0, 0.0, 0.125],
    ];
    let channel = |j: usize, c: usize| -> Vec<f32> {
        let (shared, own) = (lcg(100 * j + 1, frames), lcg(100 * j + 10 + c, frames));
        let sample = |t: usize| {
            let fir = FIR[(c + j) % 3].iter().enumerate();
            let filtered: f64 = fir.take(t + 1).map(|(k, h)| h * shared[t - k]).sum();
            (filtered / 4.0 + own[t] / 16.0) as f32
        };
        (0..frames).map(sample).collect()
    };
    let source = |j| -> Planar { (0..channels).map(|c| channel(j, c)).collect() };
    (0..sources).map(source).collect()
}

fn estimated(references: &[Planar]) -> Vec<Planar> {
    let (sources, channels) = (references.len(), references[0].len());
    let channel = |j: usize, c: usize| -> Vec<f32> {
        let (own, cross) = (&references[j][c], &references[j][(c + 1) % channels]);
        let leak = &references[(j + 1) % sources][c];
        let noise = lcg(1000 * j + 20 + c, own.len());
        let sample = |t: usize| {
            let late = if t < 3 { 0.0 } else { f64::from(cross[t - 3]) };
            let made = 0.75 * f64::from(own[t]) + 0.125 * late + 0.25 * f64::from(leak[t]);
            (made + noise[t] / 16.0) as f32
        };
        (0..own.len()).map(sample).collect()
    };
    let source = |j| -> Planar { (0..channels).map(|c| channel(j, c)).collect() };
    (0..sources).map(source).collect()
}

fn signals(scene: &Value) -> (Vec<Planar>, Vec<Planar>) {
    let (frames, start) = (whole(&scene["frames"]), whole(&scene["start"]));
    let stems = scene["stems"].as_array().expect("stems");
    let mut references: Vec<Planar> = stems
        .iter()
        .map(|stem| {
            let path = repo("assets/example/stems").join(format!("{}.flac", text(stem)));
            let (clip, _) = decode(&path, None, &Reporter::silent()).expect("the example");
            let part = |c: &[f32]| c[start..start + frames].to_vec();
            clip.channels().into_iter().map(part).collect()
        })
        .collect();
    if references.is_empty() {
        references = drawn(whole(&scene["sources"]), whole(&scene["channels"]), frames);
    }
    let mut estimates = estimated(&references);
    for edit in scene["edits"].as_array().expect("edits") {
        let stretch = whole(&edit["start"])..whole(&edit["end"]);
        let side = match text(&edit["side"]) {
            "reference" => &mut references,
            _ => &mut estimates,
        };
        let source = &mut side[whole(&edit["source"])];
        match text(&edit["kind"]) {
            "zero" => source.iter_mut().for_each(|c| c[stretch.clone()].fill(0.0)),
            _ => stretch.for_each(|t| source[1][t] = -source[0][t]),
        }
    }
    (references, estimates)
}

#[test]
fn scores_are_those_of_museval_and_mir_eval() {
    assert!(SCENES.len() >= 12);
    for scene in SCENES.iter() {
        let (references, estimates) = signals(scene);
        let is_museval = text(&scene["tool"]) == "museval";
        let spec = BssSpec {
            win_secs: if is_museval {
                number(&scene["win_secs"])
            } else {
                f64::INFINITY
            },
            hop_secs: number(&scene["hop_secs"]),
            filter_length: whole(&scene["filter_length"]),
            kind: if is_museval {
                BssKind::Images
            } else {
                BssKind::Sources
            },
            framewise_filters: scene["framewise_filters"] == true,
        };
        let rate = whole(&scene["sample_rate_hz"]) as u32;
        let ours = bss_eval(&references, &estimates, rate, &spec, &Reporter::silent()).unwrap();
        // 0.01 dB is promised. Stems with two equal channels have no unique filters, and museval
        // finds others; everything else has to be the same number.
        let is_drawn = scene["stems"].as_array().is_some_and(Vec::is_empty);
        let tolerance = if is_drawn { 1e-5 } else { 1e-3 };
        for (key, theirs) in scene["scores"].as_object().expect("scores") {
            for (source, theirs) in theirs.as_array().expect("sources").iter().enumerate() {
                let ours = &ours[source];
                let ours = match key.as_str() {
                    "sdr" => &ours.sdr,
                    "isr" => &ours.isr,
                    "sir" => &ours.sir,
                    _ => &ours.sar,
                };
                let theirs = theirs.as_array().expect("windows");
                let what = format!("{}, {key} of source {source}", text(&scene["name"]));
                assert_eq!(ours.len(), theirs.len(), "{what}");
                for (ours, theirs) in ours.iter().zip(theirs) {
                    assert_db(*ours, theirs.as_f64().unwrap_or(f64::NAN), tolerance, &what);
                }
            }
        }
    }
}
