//! Songs through networks that answer pictures: silence, and magnitudes beyond all numbers.
//!
//! Without ONNX Runtime these tests fail.

use std::sync::{Arc, Mutex};

use serde_json::json;
use stemloom::apply::{LevelRule, TransferOptions, transfer};
use stemloom::audio::Clip;
use stemloom::phase::{PhaseMethod, PhaseSpec};
use stemloom::progress::{CancelToken, Event, Reporter};

use crate::common::{Graph, noise};
use crate::onnx::network;
use crate::transfer::{dims, picture_card};

const RATE_HZ: u32 = 8000;

/// y = x + more.
fn plus(more: f32) -> Graph {
    Graph::default()
        .input("x", &dims(1, 129))
        .output("y", &dims(1, 129))
        .floats("more", &[1], &[more])
        .node("Add", &["x", "more"], &["y"], &[])
}

#[test]
fn what_is_made_of_silence_is_silence_at_its_level() {
    let card = picture_card("magnitude-magnitude", "mono");
    let mut network = network(&plus(1.0), &card);
    let silence = Clip::new(RATE_HZ, vec![vec![0.0; 3000]]);
    let mut peak = |level: LevelRule| {
        let options = TransferOptions {
            level,
            // Silence has no phases of its own.
            phase: Some(PhaseSpec::new(PhaseMethod::Random)),
            ..TransferOptions::default()
        };
        let out = transfer(&silence, &mut network, &options, &Reporter::silent()).unwrap();
        assert!(out.level_change_db.is_finite());
        out.peak
    };
    assert!(peak(LevelRule::None) > 0.0);
    assert_eq!(peak(LevelRule::Match), 0.0);
}

#[test]
fn magnitudes_beyond_all_numbers_are_silence_and_told_once() {
    let mut card = picture_card("picture-picture", "mono");
    card["scale"] = json!({ "kind": "ln", "floor": 1e-7 });
    // e to the power of a thousand is no number of 32 bits.
    let mut network = network(&plus(1000.0), &card);
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if let Event::Warning(text) = event {
            kept.lock().unwrap().push(text);
        }
    });
    let options = TransferOptions {
        level: LevelRule::None,
        block_columns: Some(1),
        ..TransferOptions::default()
    };
    let song = Clip::new(RATE_HZ, vec![noise(1, 20_000)]);
    let out = transfer(&song, &mut network, &options, &reporter).unwrap();
    assert!(out.clip.channel(0).iter().all(|x| *x == 0.0));
    let warnings = warnings.lock().unwrap();
    let told = warnings
        .iter()
        .filter(|text| text.contains("beyond all numbers"));
    assert_eq!(told.count(), 1, "{warnings:?}");
}
