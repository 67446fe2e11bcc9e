//! Networks on samples: small graphs made here, run by ONNX Runtime through the whole pipeline.
//!
//! Order: graphs whose answer is known by hand → (no stored values: our own transforms are the
//! reference) → lengths and rates → bad input. Without ONNX Runtime these tests fail.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use stemloom::Error;
use stemloom::apply::{MemorySink, Network, SeparateOptions, Separation, Separator as _};
use stemloom::audio::{Clip, Planar};
use stemloom::model::{Device, ModelShelf, OnnxModel};
use stemloom::progress::{CancelToken, Reporter};

use crate::common::{
    Graph, card, failure, int_attribute, ints_attribute, max_abs_diff, need_runtime, noise,
    planar_noise, separate_clip, sine, snr_db,
};

const RATE_HZ: u32 = 44_100;
const MONO: [Option<i64>; 3] = [None, Some(1), None];

/// A model file loaded the way the program does it: card and graph, checked, on the processor.
fn load(path: &Path) -> Network {
    need_runtime();
    let name = path.to_str().expect("a path in UTF-8");
    let (path, card) = ModelShelf::default()
        .find(name, &[])
        .expect("the card fits the graph");
    let model = OnnxModel::load(&path, &Device::Cpu, 1).expect("the graph loads");
    Network::new(model, card).expect("the network is planned")
}

/// A graph with its card as a network.
pub fn network(graph: &Graph, card: &Value) -> Network {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    graph.write(&path, Some(card));
    load(&path)
}

pub fn run(network: &mut Network, song: &Clip) -> (Vec<(String, Clip)>, Separation) {
    separate_clip(song, network, &SeparateOptions::default())
}

pub fn clip(planar: Planar) -> Clip {
    Clip::new(RATE_HZ, planar)
}

/// Largest difference over all channels.
pub fn difference(a: &Clip, b: &Clip) -> f32 {
    assert_eq!(a.num_channels(), b.num_channels());
    max_abs_diff(&a.channels().concat(), &b.channels().concat())
}

/// A clip times a factor.
pub fn scaled(clip: &Clip, gain: f32) -> Clip {
    let planar = clip
        .channels()
        .into_iter()
        .map(|c| c.iter().map(|x| gain * x).collect())
        .collect();
    Clip::new(clip.sample_rate_hz(), planar)
}

// ---------------------------------------------------------------------------------------------
// Waveforms

/// Every layout of samples that a graph may want, over lengths around the segment's.
#[test]
fn identity_gives_the_song_back_at_every_length() {
    let layouts: [(&[Option<i64>], bool); 4] = [
        (&[None, Some(1), Some(1024)], true),
        (&[Some(4), Some(1), Some(1024)], true),
        (&[None, Some(1024)], true),
        (&MONO, false),
    ];
    for (dims, fixed) in layouts {
        let mut card = card("identity", "waveform-stems", "mono", &["all"]);
        card["segment"]["fixed"] = json!(fixed);
        let mut network = network(&Graph::identity(dims), &card);
        for frames in [0, 1, 2, 3, 100, 1023, 1024, 1025, 2048, 5000] {
            let song = clip(vec![noise(frames as u64, frames)]);
            let (stems, done) = run(&mut network, &song);
            assert_eq!(
                (stems.len(), done.frames, done.device.as_str()),
                (1, frames as u64, "cpu")
            );
            assert_eq!(stems[0].0, "all");
            let error = difference(&stems[0].1, &song);
            assert!(error < 1e-6, "{dims:?}, {frames} frames: off by {error}");
        }
    }
}

#[test]
fn stereo_networks_take_any_song() {
    let card = card("stereo", "waveform-stems", "stereo", &["all"]);
    let mut network = network(&Graph::identity(&[None, Some(2), None]), &card);
    // Mono goes in twice; three channels are a pair and one on its own.
    for channels in [1, 2, 3, 6] {
        let song = clip(planar_noise(51, channels, 3000));
        let (stems, _) = run(&mut network, &song);
        assert!(difference(&stems[0].1, &song) < 1e-6, "{channels} channels");
    }
}

#[test]
fn a_residual_holds_what_the_network_leaves() {
    let graph = Graph::gain(&MONO, &[1], &[0.5]);
    let song = clip(planar_noise(52, 2, 4000));
    let mut card = card("half", "waveform-stems", "per-channel", &["half"]);
    let (stems, done) = run(&mut network(&graph, &card), &song);
    assert_eq!(stems.len(), 1);
    assert!(
        (done.residual_db + 6.0206).abs() < 0.01,
        "{} dB",
        done.residual_db
    );

    card["output"] = json!({ "residual": "other half" });
    let (stems, done) = run(&mut network(&graph, &card), &song);
    assert_eq!(stems[1].0, "other half");
    for (_, stem) in &stems {
        assert!(difference(stem, &scaled(&song, 0.5)) < 1e-6);
    }
    assert!(done.residual_db < -150.0, "{} dB", done.residual_db);
}

/// Two stems in one output: one behind the other, or on an axis of their own.
#[test]
fn stems_are_taken_out_of_one_output() {
    let song = clip(planar_noise(53, 2, 4000));
    let base = Graph::default()
        .input("x", &MONO)
        .floats("quarter", &[1], &[0.25])
        .floats("rest", &[1], &[0.75])
        .node("Mul", &["x", "quarter"], &["a"], &[])
        .node("Mul", &["x", "rest"], &["b"], &[]);
    let joined = base.clone().output("y", &[None, Some(2), None]).node(
        "Concat",
        &["a", "b"],
        &["y"],
        &[int_attribute("axis", 1)],
    );
    let stacked = base
        .clone()
        .output("y", &[None, Some(2), Some(1), None])
        .ints("axes", &[1], &[2])
        .node("Concat", &["a", "b"], &["c"], &[int_attribute("axis", 1)])
        .node("Unsqueeze", &["c", "axes"], &["y"], &[]);
    let mut card = card(
        "two",
        "waveform-stems",
        "per-channel",
        &["quarter", "three quarters"],
    );
    for graph in [joined, stacked] {
        let (stems, done) = run(&mut network(&graph, &card), &song);
        assert!(difference(&stems[0].1, &scaled(&song, 0.25)) < 1e-6);
        assert!(difference(&stems[1].1, &scaled(&song, 0.75)) < 1e-6);
        assert!(done.residual_db < -100.0, "{} dB", done.residual_db);
    }
    // One output per stem, in the card's order and not in the graph's.
    let apart = base.output("a", &MONO).output("b", &MONO);
    card["tensor"]["outputs"] = json!(["b", "a"]);
    let (stems, _) = run(&mut network(&apart, &card), &song);
    assert!(difference(&stems[0].1, &scaled(&song, 0.75)) < 1e-6);
    assert!(difference(&stems[1].1, &scaled(&song, 0.25)) < 1e-6);
}

#[test]
fn outputs_are_turned_and_compensated() {
    let mut card = card("upside-down", "waveform-stems", "per-channel", &["all"]);
    card["output"] = json!({ "inverted": true, "compensate": 2.0 });
    let song = clip(planar_noise(54, 2, 3000));
    let (stems, _) = run(&mut network(&Graph::identity(&MONO), &card), &song);
    assert!(difference(&stems[0].1, &scaled(&song, -2.0)) < 1e-6);
}

/// A filter needs its neighbours: with a border of its reach the cuts cannot be found, not even at
/// the song's ends.
#[test]
fn a_filter_in_segments_is_the_filter_of_the_song() {
    let taps = [0.1, -0.4, 0.5, 0.3, -0.2];
    let attributes = [
        ints_attribute("kernel_shape", &[5]),
        ints_attribute("pads", &[2, 2]),
    ];
    let graph = Graph::default()
        .input("x", &MONO)
        .output("y", &MONO)
        .floats("taps", &[1, 1, 5], &taps)
        .node("Conv", &["x", "taps"], &["y"], &attributes);
    let mut card = card("fir", "waveform-stems", "per-channel", &["filtered"]);
    card["segment"] = json!({ "length": 256, "border": 8, "overlap": 0.25 });
    let song = clip(planar_noise(55, 2, 3001));
    let (stems, _) = run(&mut network(&graph, &card), &song);
    for channel in 0..2 {
        let x = song.channel(channel);
        let direct: Vec<f32> = (0..x.len())
            .map(|n| {
                (0..5)
                    .filter_map(|k| Some(taps[k] * x.get((n + k).checked_sub(2)?)?))
                    .sum::<f32>()
            })
            .collect();
        let error = max_abs_diff(stems[0].1.channel(channel), &direct);
        assert!(error < 1e-5, "channel {channel}: off by {error}");
    }
}

// ---------------------------------------------------------------------------------------------
// Other rates

#[test]
fn songs_of_another_rate_come_back_in_place() {
    for (song_hz, model_hz) in [
        (44_100, 22_050),
        (48_000, 44_100),
        (22_050, 44_100),
        (44_100, 48_000),
    ] {
        let mut card = card("rate", "waveform-stems", "stereo", &["all"]);
        card["audio"]["sample_rate_hz"] = json!(model_hz);
        let mut network = network(&Graph::identity(&[None, Some(2), None]), &card);
        assert_eq!(network.sample_rate_hz(), Some(model_hz));
        for frames in [1, 100, 12_345, 50_001] {
            let tone = sine(440.0, song_hz, frames, 0.5);
            let song = Clip::new(song_hz, vec![tone.clone(), tone.clone()]);
            let (stems, done) = run(&mut network, &song);
            let stem = &stems[0].1;
            assert_eq!(
                (done.frames, stem.frames(), stem.sample_rate_hz()),
                (frames as u64, frames, song_hz)
            );
            if frames > 40_000 {
                let snr = snr_db(&tone[8000..40_000], &stem.channel(1)[8000..40_000]);
                assert!(
                    snr > 80.0,
                    "{song_hz} Hz through {model_hz} Hz: {snr:.1} dB"
                );
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Cancelling and bad graphs

/// Cancel is heard between two nodes of one long run, and the network can be used again.
#[test]
fn a_run_can_be_cancelled() {
    const NODES: usize = 4000;
    let mut graph = Graph::default()
        .input("t0", &MONO)
        .output(&format!("t{NODES}"), &MONO);
    for i in 0..NODES {
        let (from, to) = (format!("t{i}"), format!("t{}", i + 1));
        graph = graph.node("Sin", &[from.as_str()], &[to.as_str()], &[]);
    }
    let mut card = card("long", "waveform-stems", "mono", &["all"]);
    card["segment"] = json!({ "length": 1 << 20 });
    let mut network = network(&graph, &card);

    // Without the cancel this run takes seconds at the least.
    let song = clip(vec![vec![0.5; 1 << 20]]);
    let token = CancelToken::new();
    let canceller = token.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        canceller.cancel();
    });
    let mut source = song.reader(0..song.frames());
    let result = stemloom::apply::separate(
        &mut source,
        &mut network,
        &SeparateOptions::default(),
        &mut MemorySink::new(),
        &Reporter::new(token, |_| {}),
    );
    thread.join().unwrap();
    let error = failure(result);
    assert!(error.is_cancelled(), "{error}");

    let (stems, _) = run(&mut network, &clip(vec![vec![0.5; 16]]));
    assert_eq!(stems[0].1.frames(), 16);
}

#[test]
fn an_answer_of_the_wrong_size_is_told() {
    // The card names two stems, the graph answers one.
    let card = card("liar", "waveform-stems", "per-channel", &["one", "two"]);
    let mut network = network(&Graph::identity(&MONO), &card);
    let song = clip(planar_noise(62, 1, 2000));
    let mut source = song.reader(0..song.frames());
    let error = failure(stemloom::apply::separate(
        &mut source,
        &mut network,
        &SeparateOptions::default(),
        &mut MemorySink::new(),
        &Reporter::silent(),
    ));
    assert!(matches!(error, Error::Model { .. }), "{error:?}");
    assert!(error.to_string().contains("check the card"), "{error}");
}

#[test]
fn a_graph_that_onnx_runtime_refuses_is_told() {
    need_runtime();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let graph = Graph::default().input("x", &MONO).output("y", &MONO).node(
        "NoSuchOperator",
        &["x"],
        &["y"],
        &[],
    );
    graph.write(&path, None);
    let error = failure(OnnxModel::load(&path, &Device::Cpu, 1));
    assert!(matches!(error, Error::Model { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with(&path.display().to_string()),
        "{error}"
    );
}

/// A device asked for by name is used or refused, never replaced without a word.
#[test]
fn a_named_device_is_used_or_refused() {
    need_runtime();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    Graph::identity(&MONO).write(&path, None);
    let status = stemloom::model::Runtime::status();
    assert!(
        status.problem.is_none() && status.library.is_some() && status.version.is_some(),
        "{status:?}"
    );
    let has_cuda = status
        .providers
        .iter()
        .any(|name| name == "CUDAExecutionProvider");
    match OnnxModel::load(&path, &Device::Cuda(0), 1) {
        Ok(model) => {
            assert!(has_cuda);
            assert_eq!(model.device(), "cuda:0");
        }
        Err(Error::Device {
            device,
            reason,
            cure,
        }) => {
            assert_eq!(device, "cuda:0");
            assert!(
                !reason.is_empty() && cure.contains("--device cpu"),
                "{reason}; {cure}"
            );
        }
        Err(other) => panic!("{other:?}"),
    }
    let automatic = OnnxModel::load(&path, &Device::Auto, 1).expect("auto always finds something");
    assert!(
        automatic.device_reason().is_some(),
        "auto says why it chose {}",
        automatic.device()
    );
}
