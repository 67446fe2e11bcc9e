//! Networks that tell about the middle column of a window: masks of every column of a song.
//!
//! Order: graphs whose answer is known by hand, against our own transform of the whole song → (no
//! stored values) → lengths → bad input. Without ONNX Runtime these tests fail.

use serde_json::{Value, json};
use stemloom::apply::{BUILTIN_IDS, Network};
use stemloom::audio::Clip;
use stemloom::model::{ModelShelf, OutputCard};
use stemloom::spectral::{Complex32, Stft, StftSpec};

use crate::common::{Graph, card, failure, int_attribute, max_abs_diff, noise, planar_noise};
use crate::onnx::{network, run};

/// Low, so that segments of ten seconds are short.
const RATE_HZ: u32 = 1000;
const BINS: usize = 33;
const HOP: usize = 16;
const WIDTH: i64 = 5;

fn mask_card(channels: &str) -> Value {
    let mut card = card("middle", "magnitude-mask", channels, &["voice"]);
    card["audio"]["sample_rate_hz"] = json!(RATE_HZ);
    card["stft"] = json!({ "n_fft": 64, "win_length": 64, "hop_length": HOP });
    card["segment"] = json!({ "length": WIDTH, "unit": "columns", "fixed": true });
    card["tensor"]["every_column"] = json!(true);
    card
}

fn dims(columns: i64) -> [Option<i64>; 4] {
    [None, Some(1), Some(BINS as i64), Some(columns)]
}

/// Answers one column: the window's column of this number as it is.
fn column(number: i64) -> Graph {
    Graph::default()
        .input("x", &dims(WIDTH))
        .output("y", &dims(1))
        .ints("starts", &[1], &[number])
        .ints("ends", &[1], &[number + 1])
        .ints("axes", &[1], &[3])
        .node("Slice", &["x", "starts", "ends", "axes"], &["y"], &[])
}

fn clip(channels: Vec<Vec<f32>>) -> Clip {
    Clip::new(RATE_HZ, channels)
}

/// The song times a mask made of its own magnitudes: `mask(magnitudes, column, bin)`.
fn masked(x: &[f32], mask: impl Fn(&[f32], usize, usize) -> f32) -> Vec<f32> {
    let stft = Stft::new(&StftSpec::new(64, HOP)).unwrap();
    let spectrogram = stft.forward(&[x]);
    let magnitudes = spectrogram.magnitudes().remove(0);
    let y: Vec<Complex32> = spectrogram.channels[0]
        .iter()
        .enumerate()
        .map(|(i, value)| value * mask(&magnitudes, i / BINS, i % BINS))
        .collect();
    stft.inverse_channel(&y, x.len())
}

/// The magnitude of a column that may lie beyond the song, where it is 0.
fn at(magnitudes: &[f32], column: usize, shift: isize, bin: usize) -> f32 {
    column
        .checked_add_signed(shift)
        .and_then(|column| magnitudes.get(column * BINS + bin))
        .copied()
        .unwrap_or(0.0)
}

fn voice(network: &mut Network, song: &Clip) -> Clip {
    let (stems, _) = run(network, song);
    assert_eq!(stems[0].0, "voice");
    stems[0].1.clone()
}

// ---------------------------------------------------------------------------------------------
// By hand

/// The window's column 2 is the column itself, 0 the one two before, 4 the one two after; beyond the
/// song's ends there is nothing. Ten seconds are a segment: the third song has three.
#[test]
fn windows_lie_around_their_column() {
    for number in 0..WIDTH {
        let mut network = network(&column(number), &mask_card("per-channel"));
        for frames in [1, 40, 500, 25_003] {
            let x = noise(number as u64, frames);
            let out = voice(&mut network, &clip(vec![x.clone()]));
            let shift = number as isize - 2;
            let want = masked(&x, |m, column, bin| at(m, column, shift, bin));
            let error = max_abs_diff(out.channel(0), &want);
            assert!(error < 1e-3, "column {number}, {frames} frames: {error}");
        }
    }
}

/// A network that answers as many columns as it sees: only the middle one counts.
#[test]
fn of_a_whole_window_the_middle_is_used() {
    let ramp: Vec<f32> = (0..WIDTH).map(|column| column as f32).collect();
    let graph = Graph::default()
        .input("x", &dims(WIDTH))
        .output("y", &dims(WIDTH))
        .floats("ramp", &[1, 1, 1, WIDTH], &ramp)
        .node("Add", &["x", "ramp"], &["y"], &[]);
    let mut network = network(&graph, &mask_card("per-channel"));
    let x = noise(90, 3000);
    let out = voice(&mut network, &clip(vec![x.clone()]));
    let want = masked(&x, |m, column, bin| at(m, column, 0, bin) + 2.0);
    assert!(max_abs_diff(out.channel(0), &want) < 1e-3);
}

#[test]
fn orders_of_axes_are_the_same() {
    let mut card = mask_card("per-channel");
    card["tensor"]["axes"] = json!("time-frequency");
    let turned = |columns: i64| [None, Some(1), Some(columns), Some(BINS as i64)];
    let graph = Graph::default()
        .input("x", &turned(WIDTH))
        .output("y", &turned(1))
        .ints("starts", &[1], &[1])
        .ints("ends", &[1], &[2])
        .ints("axes", &[1], &[2])
        .node("Slice", &["x", "starts", "ends", "axes"], &["y"], &[]);
    let x = noise(91, 2000);
    let out = voice(&mut network(&graph, &card), &clip(vec![x.clone()]));
    let want = masked(&x, |m, column, bin| at(m, column, -1, bin));
    assert!(max_abs_diff(out.channel(0), &want) < 1e-3);
}

#[test]
fn masks_are_turned_and_cut() {
    let output = |value: Value| -> OutputCard { serde_json::from_value(value).unwrap() };
    let mask = output(json!({ "mask_floor": 0.2 }));
    assert_eq!(
        (mask.mask(0.2), mask.mask(0.19), mask.mask(0.9)),
        (0.2, 0.0, 0.9)
    );
    let mask = output(json!({ "polarity": "rest", "mask_floor": 0.25 }));
    assert_eq!(
        (mask.mask(0.25), mask.mask(0.875), mask.mask(0.0)),
        (0.75, 0.0, 1.0)
    );
    assert_eq!(output(json!({})).mask(-0.5), -0.5);

    // A mask of 0.3 for low bins and 0.9 for the others, of what is left over.
    let values: Vec<f32> = (0..BINS)
        .map(|bin| if bin < 10 { 0.3 } else { 0.9 })
        .collect();
    let graph = column(2)
        .output("z", &dims(1))
        .floats("nothing", &[1], &[0.0])
        .floats("mask", &[1, 1, BINS as i64, 1], &values)
        .node("Mul", &["y", "nothing"], &["zero"], &[])
        .node("Add", &["zero", "mask"], &["z"], &[]);
    let mut card = mask_card("mono");
    card["tensor"]["outputs"] = json!(["z"]);
    card["output"] = json!({ "polarity": "rest", "mask_floor": 0.15, "residual": "backing" });
    let song = clip(planar_noise(92, 2, 12_000));
    let mut network = network(&graph, &card);
    let (stems, done) = run(&mut network, &song);
    assert_eq!(
        (stems[0].0.as_str(), stems[1].0.as_str()),
        ("voice", "backing")
    );
    assert!(done.residual_db < -120.0, "{} dB", done.residual_db);
    for channel in 0..2 {
        let x = song.channel(channel);
        let want = masked(x, |_, _, bin| if bin < 10 { 0.7 } else { 0.0 });
        let (voice, backing) = (stems[0].1.channel(channel), stems[1].1.channel(channel));
        assert!(max_abs_diff(voice, &want) < 1e-4);
        let rest: Vec<f32> = x.iter().zip(&want).map(|(x, y)| x - y).collect();
        assert!(max_abs_diff(backing, &rest) < 1e-4);
    }
}

/// Also without the middle column's rule.
#[test]
fn polarity_is_for_every_mask() {
    let mut card = card("rest", "magnitude-mask", "per-channel", &["voice"]);
    card["audio"]["sample_rate_hz"] = json!(RATE_HZ);
    card["stft"] = json!({ "n_fft": 64, "win_length": 64, "hop_length": HOP });
    card["segment"] = json!({ "length": 4000 });
    card["output"] = json!({ "polarity": "rest" });
    let free = [None, Some(1), Some(BINS as i64), None];
    let graph = Graph::gain(&free, &[1], &[0.0]);
    let song = clip(planar_noise(93, 2, 3000));
    let (stems, _) = run(&mut network(&graph, &card), &song);
    for channel in 0..2 {
        let error = max_abs_diff(stems[0].1.channel(channel), song.channel(channel));
        assert!(error < 1e-5, "off by {error}");
    }
}

/// Scaled magnitudes of the middle column, with the mixture's phase; two stems in one output.
#[test]
fn magnitudes_and_several_stems_are_told_of_columns() {
    let mut magnitudes = mask_card("per-channel");
    magnitudes["tensor"]["kind"] = json!("magnitude-magnitude");
    magnitudes["scale"] = json!({ "kind": "ln", "floor": 1e-7 });
    let x = noise(94, 2500);
    let out = voice(
        &mut network(&column(2), &magnitudes),
        &clip(vec![x.clone()]),
    );
    assert!(max_abs_diff(out.channel(0), &x) < 1e-3);

    let mut two = mask_card("per-channel");
    two["stems"] = json!(["voice", "other"]);
    let graph = Graph::default()
        .input("x", &dims(WIDTH))
        .output("y", &[None, Some(2), Some(BINS as i64), Some(WIDTH)])
        .floats("half", &[1], &[0.5])
        .node("Mul", &["x", "half"], &["h"], &[])
        .node("Concat", &["x", "h"], &["y"], &[int_attribute("axis", 1)]);
    let (stems, _) = run(&mut network(&graph, &two), &clip(vec![x.clone()]));
    let want = masked(&x, |m, column, bin| at(m, column, 0, bin));
    assert!(max_abs_diff(stems[0].1.channel(0), &want) < 1e-3);
    let half: Vec<f32> = want.iter().map(|y| 0.5 * y).collect();
    assert!(max_abs_diff(stems[1].1.channel(0), &half) < 1e-3);
}

/// Batches of fixed size are filled up; rows above the bands are silence.
#[test]
fn batches_and_rows_are_filled_up() {
    let mut card = mask_card("per-channel");
    card["bins_kept"] = json!(30);
    card["height"] = json!(32);
    card["bin_fill"] = json!("mixture");
    let fixed = |columns: i64| [Some(7), Some(1), Some(32), Some(columns)];
    let graph = Graph::default()
        .input("x", &fixed(WIDTH))
        .output("y", &fixed(1))
        .ints("starts", &[1], &[2])
        .ints("ends", &[1], &[3])
        .ints("axes", &[1], &[3])
        .node("Slice", &["x", "starts", "ends", "axes"], &["y"], &[]);
    let x = noise(95, 1500);
    let out = voice(&mut network(&graph, &card), &clip(vec![x.clone()]));
    let want = masked(
        &x,
        |m, column, bin| {
            if bin < 30 { at(m, column, 0, bin) } else { 1.0 }
        },
    );
    assert!(max_abs_diff(out.channel(0), &want) < 1e-3);
}

// ---------------------------------------------------------------------------------------------
// Bad input

/// Why a card and its graph are refused.
fn refused(graph: &Graph, card: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    graph.write(&path, Some(card));
    let name = path.to_str().expect("a path in UTF-8");
    failure(ModelShelf::default().find(name, &BUILTIN_IDS)).to_string()
}

#[test]
fn wrong_cards_name_their_field() {
    let wrong: [(&str, fn(&mut Value)); 12] = [
        ("audio.channels", |card| {
            card["audio"]["channels"] = json!("stereo")
        }),
        ("segment.unit", |card| {
            card["segment"] = json!({ "length": 5, "fixed": true })
        }),
        ("segment.length", |card| {
            card["segment"]["length"] = json!(9)
        }),
        ("tensor.every_column", |card| {
            card["tensor"]["kind"] = json!("picture-picture")
        }),
        ("tensor.style", |card| card["tensor"]["style"] = json!(true)),
        ("tensor.input_channels", |card| {
            card["tensor"]["input_channels"] = json!("colour")
        }),
        ("height", |card| card["height"] = json!(32)),
        ("bins_kept", |card| card["bins_kept"] = json!(20)),
        ("output.mask_floor", |card| {
            card["output"] = json!({ "mask_floor": 1.0 })
        }),
        ("output.polarity", |card| {
            card["tensor"]["kind"] = json!("magnitude-magnitude");
            card["output"] = json!({ "polarity": "rest" });
        }),
        ("output.phase", |card| {
            card["output"] = json!({ "phase": "pghi" })
        }),
        (
            "scale",
            |card| card["scale"] = json!({ "kind": "db-unit", "min_db": 0.0, "max_db": -80.0 }),
        ),
    ];
    for (i, (field, spoil)) in wrong.into_iter().enumerate() {
        let mut card = mask_card("mono");
        spoil(&mut card);
        let message = refused(&column(2), &card);
        assert!(
            message.contains(&format!("`{field}`")),
            "case {i}: {message}"
        );
    }
}

#[test]
fn a_graph_that_answers_something_else_is_refused() {
    let graph = column(2)
        .output("z", &[None, Some(3)])
        .node("Identity", &["y"], &["z"], &[]);
    let mut card = mask_card("mono");
    card["tensor"]["outputs"] = json!(["z"]);
    let message = refused(&graph, &card);
    assert!(
        message.contains("`tensor.every_column`") && message.contains("3 values"),
        "{message}"
    );
}
