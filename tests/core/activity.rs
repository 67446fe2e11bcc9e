//! When something is to be heard: windows, stretches, the table.
//!
//! Order: graphs whose answer is known by hand → (no stored values) → lengths → bad input. What runs a
//! network needs ONNX Runtime and fails without it.

use serde_json::{Value, json};
use stemloom::Error;
use stemloom::apply::{
    ActiveRegion, Activity, DetectOptions, Detected, Network, Region, active_regions, detect,
    write_activity,
};
use stemloom::audio::Clip;
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{
    Graph, card, failure, int_attribute, ints_attribute, noise, setting_name, sine,
};
use crate::onnx::network;

const RATE_HZ: u32 = 8000;
const WIDTH: i64 = 10;

pub fn activity_card() -> Value {
    let mut card = card("ear", "magnitude-activity", "per-channel", &["voice"]);
    card["audio"]["sample_rate_hz"] = json!(RATE_HZ);
    card["stft"] = json!({ "n_fft": 128, "win_length": 128, "hop_length": 80,
                           "normalisation": "full-scale" });
    card["segment"] = json!({ "length": WIDTH, "unit": "columns", "fixed": true, "overlap": 0.0 });
    card
}

/// The largest magnitude of the window, held within 0 and 1: a sine of amplitude a answers about a.
pub fn largest() -> Graph {
    Graph::default()
        .input("x", &[None, Some(1), Some(65), Some(WIDTH)])
        .output("y", &[None, Some(1)])
        .floats("low", &[], &[0.0])
        .floats("high", &[], &[1.0])
        .node(
            "ReduceMax",
            &["x"],
            &["m"],
            &[
                ints_attribute("axes", &[2, 3]),
                int_attribute("keepdims", 0),
            ],
        )
        .node("Clip", &["m", "low", "high"], &["y"], &[])
}

/// Silence for a second, a tone for a second, silence for a second.
fn song() -> Vec<f32> {
    let mut x = vec![0.0; 8000];
    x.extend(sine(1000.0, RATE_HZ, 8000, 0.8));
    x.extend(vec![0.0; 8000]);
    x
}

fn clip(channels: Vec<Vec<f32>>) -> Clip {
    Clip::new(RATE_HZ, channels)
}

fn found(song: &Clip, network: &mut Network, options: &DetectOptions) -> Detected {
    detect(song, network, options, &Reporter::silent()).expect("a good song")
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn a_tone_is_found_where_it_is() {
    let mut network = network(&largest(), &activity_card());
    // The tone is in one channel of the two.
    let song = clip(vec![vec![0.0; 24_000], song()]);
    let all = found(&song, &mut network, &DetectOptions::default());
    // 301 columns of 10 ms in windows of ten: the middles are at 45 ms, 145 ms …
    assert_eq!(all.windows.len(), 31);
    for (i, window) in all.windows.iter().enumerate() {
        assert!((window.secs - (0.045 + 0.1 * i as f64)).abs() < 1e-9);
        let inside = (1.1..1.9).contains(&window.secs);
        let outside = !(0.9..2.1).contains(&window.secs);
        assert!(
            !inside || (window.probability - 0.8).abs() < 0.05,
            "{window:?}"
        );
        assert!(!outside || window.probability < 1e-6, "{window:?}");
    }
    let [region] = all.regions[..] else {
        panic!("{:?}", all.regions);
    };
    assert!((region.start_secs - 1.0).abs() < 0.11, "{region:?}");
    assert!((region.end_secs - 2.0).abs() < 0.11, "{region:?}");
    assert_eq!((all.audio_secs, all.device.as_str()), (3.0, "cpu"));

    // A louder threshold than the tone.
    let options = DetectOptions {
        threshold: 0.9,
        ..DetectOptions::default()
    };
    assert!(found(&song, &mut network, &options).regions.is_empty());
}

#[test]
fn every_column_is_told_with_its_neighbours() {
    let mut card = activity_card();
    card["tensor"]["every_column"] = json!(true);
    let mut network = network(&largest(), &card);
    let all = found(&clip(vec![song()]), &mut network, &DetectOptions::default());
    assert_eq!(all.windows.len(), 301);
    for (column, window) in all.windows.iter().enumerate() {
        assert!((window.secs - 0.01 * column as f64).abs() < 1e-9);
    }
    // A window reaches from five columns before its own to four after: the tone is heard from
    // four columns before it begins to five after its end.
    let first = all
        .windows
        .iter()
        .position(|w| w.probability > 0.7)
        .unwrap();
    let last = all
        .windows
        .iter()
        .rposition(|w| w.probability > 0.7)
        .unwrap();
    assert!((96..=98).contains(&first), "{first}");
    assert!((203..=205).contains(&last), "{last}");
}

#[test]
fn windows_overlap_as_the_card_says() {
    let mut card = activity_card();
    card["segment"]["overlap"] = json!(0.5);
    card["output"] = json!({ "polarity": "rest" });
    let mut network = network(&largest(), &card);
    let all = found(&clip(vec![song()]), &mut network, &DetectOptions::default());
    // 301 columns: 1 + (301 − 10)/5, rounded up.
    assert_eq!(all.windows.len(), 60);
    assert!((all.windows[1].secs - 0.095).abs() < 1e-9);
    // Turned round, the silence is what is heard.
    assert_eq!(all.regions.len(), 2);
    assert_eq!(all.regions[0].start_secs, 0.0);
    assert_eq!(all.regions[1].end_secs, 3.0);
}

#[test]
fn stretches_are_merged_up_to_half_way() {
    let windows: Vec<Activity> = [0.9, 0.2, 0.5, 0.7, 0.1]
        .iter()
        .enumerate()
        .map(|(i, probability)| Activity {
            secs: 1.0 + i as f64,
            probability: *probability,
        })
        .collect();
    let region = |start_secs, end_secs| ActiveRegion {
        start_secs,
        end_secs,
    };
    assert_eq!(
        active_regions(&windows, 0.5, (0.5, 5.5)),
        [region(0.5, 1.5), region(2.5, 4.5)]
    );
    assert_eq!(
        active_regions(&windows, 0.0, (0.0, 9.0)),
        [region(0.0, 9.0)]
    );
    assert!(active_regions(&windows, 0.95, (0.0, 9.0)).is_empty());
    assert!(active_regions(&[], 0.5, (0.0, 9.0)).is_empty());
    // A song that ends within the first window, and none at all.
    assert_eq!(
        active_regions(&windows, 0.5, (0.5, 1.2)),
        [region(0.5, 1.2)]
    );
    assert!(active_regions(&windows, 0.5, (2.0, 1.0)).is_empty());
}

// ---------------------------------------------------------------------------------------------
// Lengths, regions, tables

#[test]
fn songs_of_any_length_are_looked_through() {
    let mut network = network(&largest(), &activity_card());
    for (frames, windows) in [(1, 1), (719, 1), (720, 1), (800, 2), (8001, 11)] {
        let song = clip(vec![noise(96, frames)]);
        let all = found(&song, &mut network, &DetectOptions::default());
        assert_eq!(all.windows.len(), windows, "{frames} frames");
        let end = frames as f64 / f64::from(RATE_HZ);
        assert!(all.regions.iter().all(|region| region.end_secs <= end));
    }
}

#[test]
fn times_are_the_songs() {
    let mut network = network(&largest(), &activity_card());
    let options = DetectOptions {
        region: Some(Region {
            start_secs: 1.5,
            duration_secs: Some(1.0),
        }),
        ..DetectOptions::default()
    };
    let all = found(&clip(vec![song()]), &mut network, &options);
    assert!((all.windows[0].secs - 1.545).abs() < 1e-9);
    assert_eq!((all.regions.len(), all.audio_secs), (1, 1.0));
    assert_eq!(all.regions[0].start_secs, 1.5);
    assert!((all.regions[0].end_secs - 2.0).abs() < 0.11);
}

#[test]
fn the_table_holds_every_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("activity.csv");
    let windows = [
        Activity {
            secs: 0.5,
            probability: 0.25,
        },
        Activity {
            secs: 1.5,
            probability: 1.0,
        },
    ];
    write_activity(&path, &windows, false).unwrap();
    let want = "secs,probability\n0.500000,0.250000\n1.500000,1.000000\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), want);
    let error = failure(write_activity(&path, &[], false));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    write_activity(&path, &[], true).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "secs,probability\n"
    );
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_options_name_their_field() {
    let mut network = network(&largest(), &activity_card());
    let mut refused = |song: &Clip, options: &DetectOptions| {
        setting_name(failure(detect(
            song,
            &mut network,
            options,
            &Reporter::silent(),
        )))
    };
    let song = clip(vec![noise(97, 1000)]);
    for threshold in [-0.1, 1.1, f32::NAN] {
        let options = DetectOptions {
            threshold,
            ..DetectOptions::default()
        };
        assert_eq!(refused(&song, &options), "threshold");
    }
    let empty = clip(vec![Vec::new()]);
    assert_eq!(refused(&empty, &DetectOptions::default()), "input");
}

#[test]
fn a_cancel_is_heard() {
    let mut network = network(&largest(), &activity_card());
    let token = CancelToken::new();
    token.cancel();
    let reporter = Reporter::new(token, |_| {});
    let song = clip(vec![noise(98, 9000)]);
    let error = failure(detect(
        &song,
        &mut network,
        &DetectOptions::default(),
        &reporter,
    ));
    assert!(matches!(error, Error::Cancelled), "{error}");
}
