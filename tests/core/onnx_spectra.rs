//! Networks on spectra: masks, magnitudes and complex values, with transforms made here.
//!
//! Order: graphs whose answer is known by hand, against our own transform of the whole song. Without
//! ONNX Runtime these tests fail.

use serde_json::{Value, json};
use stemloom::audio::Clip;
use stemloom::spectral::{Complex32, Stft, StftSpec};

use crate::common::{Graph, card, max_abs_diff, planar_noise, snr_db};
use crate::onnx::{clip, difference, network, run, scaled};

fn spectral_card(kind: &str, channels: &str) -> Value {
    let mut card = card("spectral", kind, channels, &["all"]);
    card["stft"] = json!({ "n_fft": 512, "win_length": 512, "hop_length": 128 });
    card["segment"] = json!({ "length": 20_000 });
    card
}

/// A song whose spectrum has each value changed by its bin, the whole at once.
fn changed(song: &Clip, change: impl Fn(usize, Complex32) -> Complex32) -> Clip {
    let stft = Stft::new(&StftSpec::new(512, 128)).unwrap();
    let mut spectrogram = stft.forward(&song.channels());
    for (i, value) in spectrogram
        .channels
        .iter_mut()
        .flat_map(|channel| channel.iter_mut().enumerate())
    {
        *value = change(i % 257, *value);
    }
    Clip::new(
        song.sample_rate_hz(),
        stft.inverse(&spectrogram, song.frames()),
    )
}

#[test]
fn masks_are_applied_to_the_mixture() {
    let mask: Vec<f32> = (0..257).map(|bin| 1.0 - bin as f32 / 300.0).collect();
    let dims = [None, Some(1), Some(257), None];
    let graph = Graph::default()
        .input("x", &dims)
        .output("y", &dims)
        .floats("zero", &[1], &[0.0])
        .floats("mask", &[1, 1, 257, 1], &mask)
        .node("Mul", &["x", "zero"], &["nothing"], &[])
        .node("Add", &["nothing", "mask"], &["y"], &[]);
    let masked = |song: &Clip| changed(song, |bin, x| x * mask[bin]);

    // The whole song in one segment. A mono network's mask still goes onto each channel.
    let song = clip(planar_noise(56, 2, 9000));
    for channels in ["per-channel", "mono"] {
        let (stems, _) = run(
            &mut network(&graph, &spectral_card("magnitude-mask", channels)),
            &song,
        );
        let error = difference(&stems[0].1, &masked(&song));
        assert!(error < 1e-5, "{channels}: off by {error}");
    }

    // Segments that keep the grid of columns, and a length that lets the last one keep it too.
    let mut card = spectral_card("magnitude-mask", "per-channel");
    card["segment"] = json!({ "length": 3072, "border": 512, "overlap": 0.25, "window": "hann" });
    let song = clip(planar_noise(57, 2, 2048 + 4 * 1536));
    let (stems, _) = run(&mut network(&graph, &card), &song);
    let want = masked(&song);
    for channel in 0..2 {
        // The song's first and last columns have other neighbours here than in the whole.
        let inside = 512..song.frames() - 512;
        let error = max_abs_diff(
            &stems[0].1.channel(channel)[inside.clone()],
            &want.channel(channel)[inside],
        );
        assert!(error < 1e-5, "in segments: off by {error}");
    }
}

/// L.re, L.im, R.re, R.im, in both orders of bins and columns.
#[test]
fn complex_channels_are_the_spectrum() {
    let song = clip(planar_noise(58, 2, 9000));
    for (axes, dims) in [
        ("frequency-time", [None, Some(4), Some(257), None]),
        ("time-frequency", [None, Some(4), None, Some(257)]),
    ] {
        let mut card = spectral_card("complex-channels", "stereo");
        card["tensor"]["axes"] = json!(axes);
        let (stems, _) = run(&mut network(&Graph::identity(&dims), &card), &song);
        let error = difference(&stems[0].1, &song);
        assert!(error < 1e-5, "{axes}: off by {error}");

        // Only the left channel's two parts pass.
        let left = Graph::gain(&dims, &[1, 4, 1, 1], &[1.0, 1.0, 0.0, 0.0]);
        let (stems, _) = run(&mut network(&left, &card), &song);
        assert!(
            max_abs_diff(stems[0].1.channel(0), song.channel(0)) < 1e-5,
            "{axes}"
        );
        assert!(
            stems[0].1.channel(1).iter().all(|x| x.abs() < 1e-6),
            "{axes}"
        );
    }
}

#[test]
fn magnitudes_keep_the_phase_of_the_mixture() {
    let song = clip(planar_noise(59, 2, 9000));
    let dims = [None, Some(1), Some(257), None];
    let mut card = spectral_card("magnitude-magnitude", "per-channel");
    let (stems, _) = run(&mut network(&Graph::identity(&dims), &card), &song);
    assert!(difference(&stems[0].1, &song) < 1e-5);
    // What goes in on a scale comes back from it.
    card["scale"] = json!({ "kind": "ln", "floor": 1e-7 });
    let (stems, _) = run(&mut network(&Graph::identity(&dims), &card), &song);
    let snr = snr_db(&song.channels().concat(), &stems[0].1.channels().concat());
    assert!(snr > 80.0, "over a logarithm: {snr:.1} dB");
}

#[test]
fn bins_that_the_network_does_not_see_are_filled() {
    let song = clip(planar_noise(60, 2, 9000));
    let zero = Complex32::default();
    let mut card = spectral_card("complex-channels", "stereo");
    card["zeroed_low_bins"] = json!(3);
    card["bins_kept"] = json!(200);
    let dims = [None, Some(4), Some(200), None];
    for (fill, want) in [
        (
            "zero",
            changed(
                &song,
                |bin, x| if (3..200).contains(&bin) { x } else { zero },
            ),
        ),
        (
            "mixture",
            changed(&song, |bin, x| if bin < 3 { zero } else { x }),
        ),
    ] {
        card["bin_fill"] = json!(fill);
        let (stems, _) = run(&mut network(&Graph::identity(&dims), &card), &song);
        let error = difference(&stems[0].1, &want);
        assert!(error < 1e-5, "{fill}: off by {error}");
    }
    // The mean of a constant mask is that mask.
    let mut card = spectral_card("magnitude-mask", "per-channel");
    card["bins_kept"] = json!(200);
    card["bin_fill"] = json!("average");
    let dims = [None, Some(1), Some(200), None];
    let half = Graph::default()
        .input("x", &dims)
        .output("y", &dims)
        .floats("zero", &[1], &[0.0])
        .floats("half", &[1], &[0.5])
        .node("Mul", &["x", "zero"], &["nothing"], &[])
        .node("Add", &["nothing", "half"], &["y"], &[]);
    let (stems, _) = run(&mut network(&half, &card), &song);
    assert!(difference(&stems[0].1, &scaled(&song, 0.5)) < 1e-5);
}

/// A segment of n columns is long enough for exactly n.
#[test]
fn segments_may_be_counted_in_columns() {
    let mut card = spectral_card("complex-channels", "stereo");
    card["segment"] = json!({ "length": 64, "unit": "columns", "fixed": true, "overlap": 0.5, "window": "triangle" });
    let mut network = network(
        &Graph::identity(&[None, Some(4), Some(257), Some(64)]),
        &card,
    );
    assert_eq!(network.card().segment_frames(), 63 * 128);
    for frames in [1, 5000, 63 * 128, 30_000] {
        let song = clip(planar_noise(61, 2, frames));
        let (stems, _) = run(&mut network, &song);
        assert!(difference(&stems[0].1, &song) < 1e-5, "{frames} frames");
    }
}

/// A graph without a batch axis takes one channel's two parts at a time, however many there are.
#[test]
fn complex_mono_needs_no_batch_axis() {
    let card = spectral_card("complex-channels", "per-channel");
    let graph = Graph::identity(&[Some(2), Some(257), None]);
    let song = clip(planar_noise(63, 3, 30_000));
    let (stems, _) = run(&mut network(&graph, &card), &song);
    assert!(difference(&stems[0].1, &song) < 1e-5);
}
