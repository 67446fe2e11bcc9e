//! Songs through networks that answer pictures: slices, cross-fades, phases, styles, levels.
//!
//! Order: graphs whose answer is known by hand, against our own transform of the whole song → (no
//! stored values) → lengths, rates, blocks → bad input. Without ONNX Runtime these tests fail.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stemloom::Error;
use stemloom::apply::{
    LevelRule, Network, ReconstructOptions, Region, TransferOptions, Transferred, reconstruct,
    transfer,
};
use stemloom::audio::{Clip, Planar, peak, rms};
use stemloom::phase::{PhaseMethod, PhaseSpec};
use stemloom::progress::{CancelToken, Event, Reporter};
use stemloom::spectral::{DroppedBins, MagnitudePicture, MelSpec, Stft, StftSpec};

use crate::common::{
    Graph, card, failure, max_abs_diff, noise, planar_noise, setting_name, sine, snr_db,
};
use crate::onnx::network;

const RATE_HZ: u32 = 8000;
const BINS: i64 = 129;
const WIDTH: i64 = 16;
const HOP: usize = 64;

/// A card of pictures 16 columns wide, 256/64 at 8 kHz.
pub fn picture_card(kind: &str, channels: &str) -> Value {
    let mut card = card("voice", kind, channels, &["voice"]);
    card["audio"]["sample_rate_hz"] = json!(RATE_HZ);
    card["stft"] = json!({ "n_fft": 256, "win_length": 256, "hop_length": HOP });
    card["segment"] = json!({ "length": WIDTH, "unit": "columns", "fixed": true });
    card
}

/// `[batch, planes, rows, 16]`.
pub fn dims(planes: i64, rows: i64) -> [Option<i64>; 4] {
    [None, Some(planes), Some(rows), Some(WIDTH)]
}

fn identity() -> Network {
    let card = picture_card("picture-picture", "per-channel");
    network(&Graph::identity(&dims(1, BINS)), &card)
}

/// As the network answers, with the card's phases.
fn plain() -> TransferOptions {
    TransferOptions {
        level: LevelRule::None,
        ..TransferOptions::default()
    }
}

fn done(song: &Clip, network: &mut Network, options: &TransferOptions) -> Transferred {
    transfer(song, network, options, &Reporter::silent()).expect("a good song")
}

fn clip(channels: Planar) -> Clip {
    Clip::new(RATE_HZ, channels)
}

/// A song whose magnitudes have something added, by column; its own phases.
fn added(song: &[f32], more: impl Fn(usize) -> f32) -> Vec<f32> {
    let stft = Stft::new(&StftSpec::new(256, HOP)).unwrap();
    let mut spectrogram = stft.forward(&[song]);
    for (i, value) in spectrogram.channels[0].iter_mut().enumerate() {
        let norm = value.norm();
        *value *= (norm + more(i / BINS as usize)) / norm;
    }
    stft.inverse_channel(&spectrogram.channels[0], song.len())
}

// ---------------------------------------------------------------------------------------------
// By hand

#[test]
fn an_identity_gives_every_song_back() {
    let mut network = identity();
    // One sample, less than a slice, a slice, slices and a part of one.
    for frames in [1, 50, 700, 15 * HOP, 16 * HOP, 5000, 8001] {
        let song = clip(planar_noise(frames as u64, 2, frames));
        let out = done(&song, &mut network, &plain());
        assert_eq!(
            (
                out.clip.frames(),
                out.clip.num_channels(),
                out.clip.sample_rate_hz()
            ),
            (frames, 2, RATE_HZ)
        );
        for channel in 0..2 {
            let error = max_abs_diff(out.clip.channel(channel), song.channel(channel));
            assert!(error < 1e-4, "{frames} frames: off by {error}");
        }
        assert_eq!((out.phase.as_str(), out.device.as_str()), ("input", "cpu"));
        assert_eq!((out.level_change_db, out.convergence_db), (0.0, None));
    }
}

#[test]
fn other_orders_of_axes_and_ranks_are_the_same() {
    let song = clip(vec![noise(70, 4000)]);
    let mut turned = picture_card("picture-picture", "mono");
    turned["tensor"]["axes"] = json!("time-frequency");
    let turned_dims = [None, Some(1), Some(WIDTH), Some(BINS)];
    let flat = [Some(3), Some(BINS), Some(WIDTH)];
    let card = picture_card("picture-picture", "mono");
    for (graph, card) in [
        (Graph::identity(&turned_dims), &turned),
        (Graph::identity(&flat), &card),
    ] {
        let out = done(&song, &mut network(&graph, card), &plain());
        let error = max_abs_diff(out.clip.channel(0), song.channel(0));
        assert!(error < 1e-4, "off by {error}");
    }
}

#[test]
fn what_the_picture_holds_comes_back() {
    let frames = 8000;
    let tones: Vec<f32> = sine(500.0, RATE_HZ, frames, 0.4)
        .iter()
        .zip(sine(1250.0, RATE_HZ, frames, 0.2))
        .map(|(a, b)| a + b)
        .collect();
    // 100 bins are 3125 Hz; twelve rows above them fill up to 112.
    let mut card = picture_card("picture-picture", "mono");
    card["bins_kept"] = json!(100);
    card["height"] = json!(112);
    for scale in [
        json!({ "kind": "linear" }),
        json!({ "kind": "ln", "floor": 1e-7 }),
        json!({ "kind": "db-unit", "min_db": -140.0, "max_db": 60.0 }),
        json!({ "kind": "ln-unit", "floor": 1e-7, "max": 1000.0 }),
    ] {
        card["scale"] = scale.clone();
        let mut network = network(&Graph::identity(&dims(1, 112)), &card);
        let out = done(&clip(vec![tones.clone()]), &mut network, &plain());
        // The tones' abrupt ends have parts above the bins kept.
        let inside = 1000..frames - 1000;
        let snr = snr_db(&tones[inside.clone()], &out.clip.channel(0)[inside]);
        assert!(snr > 60.0, "{scale}: {snr:.1} dB");
    }
    // The input's own bins above: then even noise comes back.
    let mut network = network(&Graph::identity(&dims(1, 112)), &card);
    let song = noise(71, frames);
    let options = TransferOptions {
        dropped: Some(DroppedBins::Input),
        ..plain()
    };
    let out = done(&clip(vec![song.clone()]), &mut network, &options);
    let snr = snr_db(&song, out.clip.channel(0));
    assert!(snr > 60.0, "{snr:.1} dB");
}

#[test]
fn slices_leave_no_seam() {
    let card = picture_card("picture-picture", "mono");
    let song = noise(72, 9000);
    let graph = Graph::default()
        .input("x", &dims(1, BINS))
        .output("y", &dims(1, BINS))
        .floats("one", &[1], &[1.0])
        .node("Add", &["x", "one"], &["y"], &[]);
    let mut network = network(&graph, &card);
    let want = added(&song, |_| 1.0);
    for overlap in [0.0, 0.25, 0.5, 0.8] {
        let options = TransferOptions { overlap, ..plain() };
        let out = done(&clip(vec![song.clone()]), &mut network, &options);
        let error = max_abs_diff(out.clip.channel(0), &want);
        assert!(error < 1e-4, "overlap {overlap}: off by {error}");
    }
}

/// A network that adds more to later columns of its slice: straight lines lead from one slice to
/// the next.
#[test]
fn slices_fade_into_each_other() {
    let ramp: Vec<f32> = (0..WIDTH).map(|column| column as f32).collect();
    let graph = Graph::default()
        .input("x", &dims(1, BINS))
        .output("y", &dims(1, BINS))
        .floats("ramp", &[1, 1, 1, WIDTH], &ramp)
        .node("Add", &["x", "ramp"], &["y"], &[]);
    let card = picture_card("picture-picture", "mono");
    let mut network = network(&graph, &card);
    // 56 columns: slices begin at 0, 8, 16, 24, 32 and 40.
    let song = noise(73, 55 * HOP);
    let out = done(&clip(vec![song.clone()]), &mut network, &plain());
    let want = added(&song, |column| {
        let r = (column % 8) as f32;
        match column {
            0..8 => r,
            48.. => r + 8.0,
            // The slice that begins here rises, the one before falls.
            _ => (r + 0.5) / 8.0 * r + (7.5 - r) / 8.0 * (r + 8.0),
        }
    });
    let error = max_abs_diff(out.clip.channel(0), &want);
    assert!(error < 1e-3, "off by {error}");
}

#[test]
fn a_mono_network_makes_one_channel() {
    let card = picture_card("picture-picture", "mono");
    let mut network = network(&Graph::identity(&dims(1, BINS)), &card);
    let song = clip(planar_noise(74, 2, 3000));
    let out = done(&song, &mut network, &plain());
    let mean: Vec<f32> = (0..3000)
        .map(|i| 0.5 * (song.channel(0)[i] + song.channel(1)[i]))
        .collect();
    assert_eq!(out.clip.num_channels(), 1);
    assert!(max_abs_diff(out.clip.channel(0), &mean) < 1e-4);
    assert!(max_abs_diff(out.original.channel(0), &mean) < 1e-6);
}

#[test]
fn levels_are_matched() {
    let card = picture_card("magnitude-magnitude", "per-channel");
    let half = Graph::gain(&dims(1, BINS), &[1], &[0.5]);
    let mut network = network(&half, &card);
    let song = clip(planar_noise(75, 2, 4000));
    let level = |clip: &Clip| rms(&clip.channels().concat());
    let result = |rule: LevelRule, network: &mut Network| {
        let options = TransferOptions {
            level: rule,
            ..TransferOptions::default()
        };
        done(&song, network, &options)
    };
    let out = result(LevelRule::None, &mut network);
    assert!((level(&out.clip) / level(&song) - 0.5).abs() < 1e-4);
    assert_eq!(out.level_change_db, 0.0);
    let out = result(LevelRule::Match, &mut network);
    assert!((level(&out.clip) / level(&song) - 1.0).abs() < 1e-4);
    assert!((out.level_change_db - 6.0206).abs() < 1e-3);
    let out = result(LevelRule::Peak, &mut network);
    let largest = peak(&out.clip.channels().concat());
    assert!((largest - 1.0).abs() < 1e-4 && largest < 1.0, "{largest}");
    assert_eq!(out.peak, largest);
    // Silence stays silent at any rule.
    let quiet = clip(vec![vec![0.0; 1000]; 2]);
    let out = done(&quiet, &mut network, &TransferOptions::default());
    assert!(out.clip.channels().concat().iter().all(|x| *x == 0.0));
}

// ---------------------------------------------------------------------------------------------
// Phases

#[test]
fn a_networks_own_phases_are_used() {
    let song = noise(76, 5000);
    for (channels, planes) in [("magnitude-phase", 2), ("colour", 3)] {
        let mut card = picture_card("picture-picture", "mono");
        card["tensor"]["input_channels"] = json!(channels);
        card["tensor"]["output_channels"] = json!(channels);
        let mut network = network(&Graph::identity(&dims(planes, BINS)), &card);
        let out = done(&clip(vec![song.clone()]), &mut network, &plain());
        assert_eq!(out.phase, "predicted");
        let snr = snr_db(&song, out.clip.channel(0));
        assert!(snr > 60.0, "{channels}: {snr:.1} dB");
        // Another method may still be asked for.
        let options = TransferOptions {
            phase: Some(PhaseSpec::new(PhaseMethod::Zero)),
            ..plain()
        };
        let out = done(&clip(vec![song.clone()]), &mut network, &options);
        assert_eq!(out.phase, "zero");
        assert!(snr_db(&song, out.clip.channel(0)) < 10.0);
    }
}

#[test]
fn the_card_names_the_phase_method() {
    let song = clip(vec![noise(77, 5000)]);
    let mut card = picture_card("picture-picture", "mono");
    card["output"] = json!({ "phase": "griffin-lim", "phase_iterations": 3 });
    let mut by_card = network(&Graph::identity(&dims(1, BINS)), &card);
    let out = done(&song, &mut by_card, &plain());
    assert_eq!(out.phase, "griffin-lim 3");
    let convergence = out.convergence_db.expect("an iterative method");
    assert!(convergence < -2.0, "{convergence}");
    let options = TransferOptions {
        phase: Some(PhaseSpec {
            iterations: 3,
            ..PhaseSpec::new(PhaseMethod::GriffinLim)
        }),
        ..plain()
    };
    let asked = done(&song, &mut identity(), &options);
    assert!(max_abs_diff(out.clip.channel(0), asked.clip.channel(0)) < 1e-4);
}

/// The same road without a network.
#[test]
fn mel_bands_come_back_as_by_reconstruct() {
    let song = clip(vec![noise(78, 6000)]);
    let mut card = picture_card("mel-mel", "mono");
    card["mel"] = json!({ "bands": 20 });
    card["height"] = json!(32);
    let mut network = network(&Graph::identity(&dims(1, 32)), &card);
    // Without fades nothing is rounded on the way.
    let slices = TransferOptions {
        overlap: 0.0,
        ..plain()
    };
    let out = done(&song, &mut network, &slices);
    let options = ReconstructOptions {
        stft: StftSpec::new(256, HOP),
        picture: MagnitudePicture {
            mel: Some(MelSpec {
                bands: 20,
                ..MelSpec::default()
            }),
            ..MagnitudePicture::default()
        },
        phase: PhaseSpec::new(PhaseMethod::Input),
        ..ReconstructOptions::default()
    };
    let want = reconstruct(&song, &options, None, |_| {}, &Reporter::silent()).unwrap();
    let error = max_abs_diff(out.clip.channel(0), want.clip.channel(0));
    assert!(error < 1e-3, "off by {error}");
}

// ---------------------------------------------------------------------------------------------
// Styles

/// Answers the style and nothing of the song.
fn style_network() -> Network {
    let mut card = picture_card("picture-picture", "mono");
    card["tensor"]["style"] = json!(true);
    let graph = Graph::default()
        .input("x", &dims(2, BINS))
        .output("y", &dims(1, BINS))
        .ints("starts", &[1], &[1])
        .ints("ends", &[1], &[2])
        .ints("axes", &[1], &[1])
        .node("Slice", &["x", "starts", "ends", "axes"], &["y"], &[]);
    network(&graph, &card)
}

#[test]
fn a_style_goes_in_beside_the_song() {
    let mut network = style_network();
    let song = clip(vec![noise(79, 5000)]);
    // A second of silence, a second of noise.
    let mut style = vec![0.0; 8000];
    style.extend(noise(80, 8000));
    let options = |style_secs: Option<f64>| TransferOptions {
        style: Some(clip(vec![style.clone(), style.clone()])),
        style_secs,
        ..plain()
    };
    let level = |out: &Transferred| rms(out.clip.channel(0));
    let silent = done(&song, &mut network, &options(Some(0.0)));
    assert_eq!(level(&silent), 0.0);
    let loud = done(&song, &mut network, &options(Some(1.5)));
    let loudest = done(&song, &mut network, &options(None));
    for out in [&loud, &loudest] {
        // Noise of the song's own level, less what phases of another noise cost.
        let ratio = level(out) / rms(song.channel(0));
        assert!((0.3..1.5).contains(&ratio), "{ratio}");
    }
    let again = done(&song, &mut network, &options(None));
    assert_eq!(loudest.clip.channel(0), again.clip.channel(0));
}

#[test]
fn styles_that_are_missing_or_not_wanted_are_told() {
    let song = clip(vec![noise(81, 2000)]);
    let refused = |network: &mut Network, options: &TransferOptions| {
        setting_name(failure(transfer(
            &song,
            network,
            options,
            &Reporter::silent(),
        )))
    };
    let style = Some(song.clone());
    assert_eq!(refused(&mut style_network(), &plain()), "style");
    let with = |style: Option<Clip>, style_secs| TransferOptions {
        style,
        style_secs,
        ..plain()
    };
    assert_eq!(
        refused(&mut identity(), &with(style.clone(), None)),
        "style"
    );
    assert_eq!(refused(&mut identity(), &with(None, Some(1.0))), "style-at");
    for secs in [-1.0, 0.25, f64::NAN] {
        let options = with(style.clone(), Some(secs));
        assert_eq!(refused(&mut style_network(), &options), "style-at");
    }
    let empty = Some(clip(vec![Vec::new()]));
    assert_eq!(refused(&mut style_network(), &with(empty, None)), "style");
}

// ---------------------------------------------------------------------------------------------
// Rates, regions, blocks

#[test]
fn songs_of_another_rate_come_back_in_place() {
    let mut network = identity();
    for rate in [11_025, 44_100, 6000] {
        for frames in [1, 100, 12_345] {
            let tone = sine(440.0, rate, frames, 0.5);
            let song = Clip::new(rate, vec![tone.clone()]);
            let out = done(&song, &mut network, &plain());
            assert_eq!(
                (out.clip.frames(), out.clip.sample_rate_hz()),
                (frames, rate)
            );
            if frames > 10_000 {
                let inside = 2000..10_000;
                let snr = snr_db(&tone[inside.clone()], &out.clip.channel(0)[inside]);
                assert!(snr > 60.0, "{rate} Hz: {snr:.1} dB");
            }
        }
    }
}

#[test]
fn a_region_is_exactly_as_long() {
    let song = clip(vec![noise(82, 8000)]);
    let options = TransferOptions {
        region: Some(Region {
            start_secs: 0.25,
            duration_secs: Some(0.3),
        }),
        ..plain()
    };
    let out = done(&song, &mut identity(), &options);
    assert_eq!(out.clip.frames(), 2400);
    let want = &song.channel(0)[2000..4400];
    assert!(max_abs_diff(out.clip.channel(0), want) < 1e-4);
}

/// Blocks go back by the columns that they share.
#[test]
fn blocks_change_nothing() {
    let song = clip(planar_noise(83, 2, 300 * HOP + 5));
    let mut network = identity();
    let whole = done(&song, &mut network, &plain());
    let options = TransferOptions {
        block_columns: Some(1),
        ..plain()
    };
    let parts = done(&song, &mut network, &options);
    for channel in 0..2 {
        let error = max_abs_diff(whole.clip.channel(channel), parts.clip.channel(channel));
        assert!(error < 1e-5, "off by {error}");
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn wrong_options_name_their_field() {
    let song = clip(vec![noise(84, 1000)]);
    let mut network = identity();
    let mut refused = |song: &Clip, options: TransferOptions| {
        setting_name(failure(transfer(
            song,
            &mut network,
            &options,
            &Reporter::silent(),
        )))
    };
    for overlap in [-0.1, 0.95, f64::NAN] {
        let options = TransferOptions { overlap, ..plain() };
        assert_eq!(refused(&song, options), "overlap");
    }
    assert_eq!(refused(&clip(vec![Vec::new()]), plain()), "input");
    let region = |start_secs, duration_secs| TransferOptions {
        region: Some(Region {
            start_secs,
            duration_secs,
        }),
        ..plain()
    };
    assert_eq!(refused(&song, region(9.0, None)), "start");
    assert_eq!(refused(&song, region(0.0, Some(1e-9))), "duration");
    let phase = Some(PhaseSpec {
        iterations: usize::MAX,
        ..PhaseSpec::default()
    });
    assert_eq!(
        refused(&song, TransferOptions { phase, ..plain() }),
        "iterations"
    );
}

#[test]
fn networks_for_another_use_are_refused() {
    let song = clip(vec![noise(85, 1000)]);
    let mut card = picture_card("magnitude-mask", "mono");
    card["tensor"]["every_column"] = json!(true);
    let mut masks = network(&Graph::identity(&dims(1, BINS)), &card);
    let error = failure(transfer(&song, &mut masks, &plain(), &Reporter::silent()));
    assert!(error.to_string().contains("stemloom separate"), "{error}");
    assert_eq!(setting_name(error), "model");
}

#[test]
fn what_is_no_number_is_silence() {
    let card = picture_card("picture-picture", "mono");
    let graph = Graph::gain(&dims(1, BINS), &[1], &[f32::NAN]);
    let mut network = network(&graph, &card);
    let warnings = Arc::new(Mutex::new(0));
    let count = Arc::clone(&warnings);
    let reporter = Reporter::new(CancelToken::new(), move |event| {
        if matches!(event, Event::Warning(_)) {
            *count.lock().unwrap() += 1;
        }
    });
    let song = clip(vec![noise(86, 5000)]);
    let out = transfer(&song, &mut network, &plain(), &reporter).unwrap();
    assert!(out.clip.channel(0).iter().all(|x| *x == 0.0));
    assert_eq!(*warnings.lock().unwrap(), 1);
}

#[test]
fn a_cancel_is_heard() {
    let token = CancelToken::new();
    token.cancel();
    let reporter = Reporter::new(token, |_| {});
    let song = clip(vec![noise(87, 5000)]);
    let error = failure(transfer(&song, &mut identity(), &plain(), &reporter));
    assert!(matches!(error, Error::Cancelled), "{error}");
}
