//! The short-time Fourier transform at its edges: the shortest signals, wrong specifications.
//!
//! Order: definition by hand → bad input.

use stemloom::spectral::{Padding, Spectrogram, Stft, StftSpec};

use crate::common::{failure, max_abs_diff, noise, setting_name};
use crate::stft::plan;

#[test]
fn the_shortest_signals() {
    for padding in [Padding::Reflect, Padding::Constant] {
        let stft = plan(&StftSpec {
            padding,
            ..StftSpec::new(64, 16)
        });
        for frames in (0..=70).chain([127, 128, 129]) {
            let x = noise(frames as u64, frames);
            let spectrogram = stft.forward(&[&x]);
            assert_eq!(
                spectrogram.columns,
                if frames == 0 { 0 } else { 1 + frames / 16 }
            );
            let back = stft.inverse(&spectrogram, frames);
            let error = max_abs_diff(&x, &back[0]);
            assert!(error < 1e-5, "{padding:?} {frames} frames: off by {error}");
        }
    }
    let uncentred = plan(&StftSpec {
        center: false,
        ..StftSpec::new(64, 16)
    });
    for frames in [1, 2, 63, 64, 65, 80] {
        let x = noise(frames as u64, frames);
        let spectrogram = uncentred.forward(&[&x]);
        assert_eq!(spectrogram.columns, 1 + frames.saturating_sub(64) / 16);
        let back = uncentred.inverse(&spectrogram, frames).remove(0);
        assert!(back.iter().all(|x| x.is_finite()));
        // The window's first weight is 0, so nothing is known of the first sample.
        assert_eq!((back.len(), back[0]), (frames, 0.0));
    }
    assert!(uncentred.forward::<Vec<f32>>(&[]).channels.is_empty());
}

#[test]
fn wrong_specifications_name_their_field() {
    let good = StftSpec::new(64, 16);
    let wrong = [
        (
            "n_fft",
            StftSpec {
                n_fft: 0,
                ..good.clone()
            },
        ),
        (
            "n_fft",
            StftSpec {
                n_fft: 63,
                ..good.clone()
            },
        ),
        (
            "n_fft",
            StftSpec {
                n_fft: 1 << 21,
                ..good.clone()
            },
        ),
        (
            "win_length",
            StftSpec {
                win_length: 0,
                ..good.clone()
            },
        ),
        (
            "win_length",
            StftSpec {
                win_length: 65,
                ..good.clone()
            },
        ),
        (
            "hop_length",
            StftSpec {
                hop_length: 0,
                ..good.clone()
            },
        ),
        (
            "hop_length",
            StftSpec {
                hop_length: 65,
                ..good.clone()
            },
        ),
    ];
    for (field, spec) in wrong {
        assert_eq!(setting_name(failure(Stft::new(&spec))), field, "{spec:?}");
    }
    assert!(Stft::new(&good).is_ok());
}

/// A model may leave anything in the imaginary parts of DC and Nyquist: it is not part of the sound.
#[test]
fn the_ends_of_a_column_are_taken_as_real() {
    let x = noise(9, 500);
    let stft = plan(&StftSpec::new(64, 16));
    let clean = stft.forward(&[&x]);
    let mut soiled: Spectrogram = clean.clone();
    for column in soiled.channels[0].chunks_exact_mut(clean.bins) {
        column[0].im = 3.0;
        column[clean.bins - 1].im = -2.0;
    }
    assert_eq!(
        stft.inverse(&soiled, x.len()),
        stft.inverse(&clean, x.len())
    );
}
