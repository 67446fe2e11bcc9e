//! Harmonic and percussive parts, and the medians under them.
//!
//! Order: definition by hand → stored reference values (librosa) → seeded sweep. Wrong settings are
//! in `separators.rs`.

use serde_json::Value;
use stemloom::apply::{Hpss, LANES, MedianNetwork};
use stemloom::audio::{Clip, rms};
use stemloom::spectral::{Stft, StftSpec};

use crate::common::{Rng, array, entries, max_abs_diff, noise, number, sine, text, values, whole};
use crate::separators::split;

/// Against sorting, for every length up to 101, with ties.
#[test]
fn networks_give_the_medians_of_sorted_lists() {
    let mut rng = Rng::new(31);
    for len in 1..=101 {
        let mean = MedianNetwork::mean_of_middle(len);
        let upper = MedianNetwork::upper(len);
        assert_eq!(
            (mean.len(), upper.len(), mean.is_empty()),
            (len, len, false)
        );
        for coarse in [false, true] {
            let value = |rng: &mut Rng| {
                if coarse {
                    rng.below(5) as f32
                } else {
                    rng.sample()
                }
            };
            let rows: Vec<[f32; LANES]> = (0..len)
                .map(|_| std::array::from_fn(|_| value(&mut rng)))
                .collect();
            let (means, uppers) = (
                mean.median(&mut rows.clone()),
                upper.median(&mut rows.clone()),
            );
            for lane in 0..LANES {
                let mut column: Vec<f32> = rows.iter().map(|row| row[lane]).collect();
                column.sort_by(f32::total_cmp);
                let middle = 0.5 * (column[(len - 1) / 2] + column[len / 2]);
                assert_eq!(means[lane], middle, "{len} values");
                assert_eq!(uppers[lane], column[len / 2], "{len} values");
            }
        }
    }
}

fn hpss_of(entry: &Value) -> Hpss {
    Hpss {
        n_fft: whole(&entry["n_fft"]),
        hop_length: whole(&entry["hop"]),
        harmonic_kernel: whole(&entry["kernel_harmonic"]),
        percussive_kernel: whole(&entry["kernel_percussive"]),
        power: entry["power"]
            .as_f64()
            .map_or(f32::INFINITY, |power| power as f32),
        harmonic_margin: number(&entry["margin_harmonic"]) as f32,
        percussive_margin: number(&entry["margin_percussive"]) as f32,
    }
}

/// A steady column of tone goes to one mask, a single loud column to the other.
#[test]
fn hpss_masks_by_hand() {
    let hpss = Hpss {
        harmonic_kernel: 3,
        percussive_kernel: 3,
        ..Hpss::default()
    };
    // 5 columns of 5 bins: bin 2 sounds throughout, column 2 has every bin.
    let mut magnitudes = vec![0.0; 25];
    for i in 0..5 {
        magnitudes[i * 5 + 2] = 1.0;
        magnitudes[2 * 5 + i] = 1.0;
    }
    let (harmonic, percussive) = hpss.masks(&magnitudes, 5);
    assert_eq!((harmonic[2], percussive[2]), (1.0, 0.0));
    assert_eq!((harmonic[10], percussive[10]), (0.0, 1.0));
    // Where they cross, both medians are 1; where nothing sounds, it is shared as well.
    assert_eq!((harmonic[12], percussive[12]), (0.5, 0.5));
    assert_eq!((harmonic[0], percussive[0]), (0.5, 0.5));
    // With margins above 1 what is neither goes to neither.
    let strict = Hpss {
        harmonic_margin: 2.0,
        percussive_margin: 2.0,
        ..hpss
    };
    let (harmonic, percussive) = strict.masks(&magnitudes, 5);
    assert_eq!((harmonic[0], percussive[0]), (0.0, 0.0));
    assert!(
        (harmonic[12] - 0.2).abs() < 1e-6,
        "1/(1 + 2²), not {}",
        harmonic[12]
    );
}

#[test]
fn hpss_equals_the_stored_parts() {
    let song = Clip::new(22_050, vec![array("hpss_input")]);
    for entry in entries("hpss") {
        let parts = split(&song, &mut hpss_of(entry));
        for (part, name) in parts.iter().zip(["harmonic", "percussive"]) {
            let want = array(text(&entry[name]));
            let difference: Vec<f32> = part
                .channel(0)
                .iter()
                .zip(&want)
                .map(|(x, y)| x - y)
                .collect();
            // A hard mask may flip where two medians all but tie; then only the mean is small.
            let error = if entry["power"].is_string() {
                rms(&difference)
            } else {
                max_abs_diff(part.channel(0), &want)
            };
            assert!(error < 1e-5, "{} {name}: off by {error}", entry["name"]);
        }
    }
}

#[test]
fn hpss_masks_equal_the_stored_ones() {
    let entry = &values()["hpss_masks"];
    let hpss = hpss_of(entry);
    let stft = Stft::new(&StftSpec::new(hpss.n_fft, hpss.hop_length)).unwrap();
    let spectrogram = stft.forward(&[array("signal")]);
    let (columns, bins) = (spectrogram.columns, spectrogram.bins);
    let (harmonic, percussive) = hpss.masks(&spectrogram.magnitudes()[0], bins);
    for (mask, name) in [(harmonic, "harmonic"), (percussive, "percussive")] {
        let want = array(text(&entry[name]));
        let turned: Vec<f32> = (0..bins * columns)
            .map(|i| mask[i % columns * bins + i / columns])
            .collect();
        let error = max_abs_diff(&turned, &want);
        assert!(error < 1e-5, "{name}: off by {error}");
    }
}

/// The song is cut into segments with so much context that the cuts change nothing.
#[test]
fn hpss_in_segments_equals_hpss_of_the_whole() {
    // The step between segments is 512 columns of 64 frames.
    let frames = 3 * 512 * 64 + 777;
    let mut song = noise(32, frames);
    for (x, tone) in song.iter_mut().zip(sine(440.0, 22_050, frames, 0.5)) {
        *x = 0.1 * *x + tone;
    }
    let mut hpss = Hpss {
        n_fft: 256,
        hop_length: 64,
        harmonic_kernel: 31,
        percussive_kernel: 17,
        ..Hpss::default()
    };
    let stft = Stft::new(&StftSpec::new(256, 64)).unwrap();
    let spectrogram = stft.forward(&[&song]);
    let (harmonic, percussive) = hpss.split(&spectrogram.channels[0], spectrogram.bins);
    let want = [harmonic, percussive].map(|part| stft.inverse_channel(&part, frames));
    let parts = split(&Clip::new(22_050, vec![song]), &mut hpss);
    for (part, want) in parts.iter().zip(&want) {
        let error = max_abs_diff(part.channel(0), want);
        assert!(error < 1e-6, "off by {error}");
    }
}
