//! Mel banks, decibels and magnitude scales.
//!
//! Order: definition by hand → stored reference values (librosa) → seeded sweep → bad input.

use serde_json::Value;
use stemloom::spectral::{
    MagnitudeScale, MelBank, MelFormula, MelNorm, MelSpec, Stft, StftSpec, amplitude_from_db,
    db_from_amplitude, db_from_power, hz_from_mel, mel_from_hz,
};

use crate::common::{
    Rng, array, entries, failure, max_abs_diff, number, numbers, setting_name, text, values, whole,
};

fn spec(bands: usize, formula: MelFormula, norm: MelNorm) -> MelSpec {
    MelSpec {
        bands,
        fmin_hz: 0.0,
        fmax_hz: None,
        formula,
        norm,
        power: 2.0,
    }
}

fn close(got: f64, want: f64, relative: f64) -> bool {
    (got - want).abs() <= relative * want.abs().max(1.0)
}

// ---------------------------------------------------------------------------------------------
// By hand

/// One band from 0 to 4 kHz on the linear part: a triangle over 0, 500, 1000 Hz.
#[test]
fn a_band_is_a_triangle() {
    let one = MelSpec {
        fmax_hz: Some(1000.0),
        ..spec(1, MelFormula::Slaney, MelNorm::None)
    };
    // 8 kHz and 80 samples: bins 100 Hz apart.
    let matrix = MelBank::new(&one, 80, 8000).expect("a bank").matrix();
    let mut want = vec![0.0; 41];
    for (bin, weight) in [
        (1, 0.2),
        (2, 0.4),
        (3, 0.6),
        (4, 0.8),
        (5, 1.0),
        (6, 0.8),
        (7, 0.6),
        (8, 0.4),
        (9, 0.2),
    ] {
        want[bin] = weight;
    }
    assert_eq!(matrix.len(), 1);
    assert!(max_abs_diff(&matrix[0], &want) < 1e-6, "{:?}", matrix[0]);
    // Area one over hertz: 2 / (1000 − 0).
    let slaney = MelBank::new(
        &MelSpec {
            norm: MelNorm::Slaney,
            ..one
        },
        80,
        8000,
    )
    .expect("a bank")
    .matrix();
    assert!((slaney[0][5] - 0.002).abs() < 1e-9);
}

#[test]
fn decibels_by_hand() {
    assert!((db_from_amplitude(1.0, -100.0)).abs() < 1e-6);
    assert!((db_from_amplitude(0.1, -100.0) + 20.0).abs() < 1e-5);
    assert_eq!(db_from_amplitude(0.0, -100.0), -100.0);
    assert_eq!(db_from_amplitude(1e-9, -100.0), -100.0);
    assert!((amplitude_from_db(-40.0) - 0.01).abs() < 1e-8);
    assert!(db_from_power(&[], 1.0, 1e-10, Some(80.0)).is_empty());
}

/// The known points of the pix2pix timbre system's scale, told on 0…1; here it is −1…1.
#[test]
fn the_log1p_scale_has_its_known_points() {
    let unit = |m: f32| (MagnitudeScale::Log1p16.forward(m) + 1.0) / 2.0;
    assert_eq!(MagnitudeScale::Log1p16.forward(0.0), -1.0);
    assert!((unit(2.0_f32.powi(-16)) - 0.0625).abs() < 1e-5);
    assert!((unit(0.0039) - 0.5).abs() < 2e-3);
    assert!((unit(1.0) - 1.0).abs() < 1e-6);
}

// ---------------------------------------------------------------------------------------------
// Stored

fn bank_of(entry: &Value) -> MelBank {
    let norm = match &entry["norm"] {
        Value::Null => MelNorm::None,
        Value::String(name) if name == "slaney" => MelNorm::Slaney,
        Value::String(name) if name == "inf" => MelNorm::P(f32::INFINITY),
        other => MelNorm::P(number(other) as f32),
    };
    let spec = MelSpec {
        bands: whole(&entry["n_mels"]),
        fmin_hz: number(&entry["fmin"]),
        fmax_hz: entry["fmax"].as_f64(),
        formula: if entry["htk"] == true {
            MelFormula::Htk
        } else {
            MelFormula::Slaney
        },
        norm,
        power: entry["power"].as_f64().unwrap_or(2.0) as f32,
    };
    MelBank::new(
        &spec,
        whole(&entry["n_fft"]),
        whole(&entry["sample_rate"]) as u32,
    )
    .expect("a bank")
}

#[test]
fn banks_equal_the_stored_ones() {
    for entry in entries("mel_banks") {
        let got: Vec<f32> = bank_of(entry).matrix().concat();
        let error = max_abs_diff(&got, &array(text(&entry["array"])));
        let allowed = 1e-6 * number(&entry["max"]) as f32;
        assert!(
            error <= allowed,
            "{}: off by {error}, {allowed} allowed",
            entry["name"]
        );
    }
}

#[test]
fn mel_spectrograms_equal_the_stored_ones() {
    let signal = array("signal");
    for entry in entries("mel_spectrograms") {
        let stft_spec = StftSpec::new(whole(&entry["n_fft"]), whole(&entry["hop"]));
        let spectrogram = Stft::new(&stft_spec).expect("a plan").forward(&[&signal]);
        let magnitudes = spectrogram.magnitudes().remove(0);
        let bank = bank_of(entry);
        let want = array(text(&entry["array"]));
        let allowed = 2e-6 * number(&entry["max"]) as f32;
        let mut column = vec![0.0; bank.num_bands()];
        for t in 0..spectrogram.columns {
            bank.apply(
                &magnitudes[t * spectrogram.bins..(t + 1) * spectrogram.bins],
                &mut column,
            );
            for (band, got) in column.iter().enumerate() {
                let error = (got - want[band * spectrogram.columns + t]).abs();
                assert!(
                    error <= allowed,
                    "{} band {band} column {t}: off by {error}",
                    entry["name"]
                );
            }
        }
    }
}

#[test]
fn the_mel_tables_equal_the_stored_ones() {
    for (name, formula) in [("slaney", MelFormula::Slaney), ("htk", MelFormula::Htk)] {
        let tables = &values()["mel_scale"][name];
        let forward = &tables["hz_to_mel"];
        for (hz, mel) in numbers(&forward["hz"])
            .into_iter()
            .zip(numbers(&forward["mel"]))
        {
            assert!(
                close(mel_from_hz(hz, formula), mel, 1e-12),
                "{name}: {hz} Hz"
            );
        }
        let back = &tables["mel_to_hz"];
        for (mel, hz) in numbers(&back["mel"]).into_iter().zip(numbers(&back["hz"])) {
            assert!(
                close(hz_from_mel(mel, formula), hz, 1e-12),
                "{name}: {mel} mel"
            );
        }
    }
}

#[test]
fn decibels_equal_the_stored_ones() {
    for entry in entries("decibels") {
        let input: Vec<f32> = numbers(&entry["input"])
            .into_iter()
            .map(|x| x as f32)
            .collect();
        let largest = input.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let reference = entry["ref"].as_f64().map_or(largest, |x| x as f32);
        let top_db = entry["top_db"].as_f64().map(|x| x as f32);
        let amin = entry["amin"].as_f64().map_or(0.0, |x| x as f32);
        let squared: Vec<f32> = input.iter().map(|x| x * x).collect();
        let function = text(&entry["function"]);
        let (got, relative) = match function {
            "power_to_db" => (db_from_power(&input, reference, amin, top_db), 0.0),
            // The level of an amplitude is that of its square.
            "amplitude_to_db" => (
                db_from_power(&squared, reference * reference, amin * amin, top_db),
                0.0,
            ),
            "db_to_amplitude" => (
                input
                    .iter()
                    .map(|db| reference * amplitude_from_db(*db))
                    .collect(),
                1e-5,
            ),
            "db_to_power" => (
                input
                    .iter()
                    .map(|db| reference * amplitude_from_db(*db).powi(2))
                    .collect(),
                1e-5,
            ),
            other => panic!("unknown function {other}"),
        };
        for (got, want) in got.into_iter().zip(numbers(&entry["output"])) {
            let allowed = if relative > 0.0 {
                relative * want.abs()
            } else {
                1e-4
            };
            assert!(
                (f64::from(got) - want).abs() <= allowed,
                "{entry}: {got} for {want}"
            );
        }
    }
}

/// By hand: the ends, the middle, and what lies beyond.
#[test]
fn unit_scales_are_held_within_their_range() {
    let db = MagnitudeScale::DbUnit {
        min_db: -80.0,
        max_db: 0.0,
    };
    // 1e-2 is −40 dB, half-way from −80 to 0.
    for (m, x) in [(1.0, 1.0), (1e-2, 0.5), (1e-4, 0.0), (0.0, 0.0), (7.0, 1.0)] {
        assert!((db.forward(m) - x).abs() < 1e-6, "{m}: {}", db.forward(m));
    }
    for (x, m) in [
        (1.0, 1.0),
        (0.5, 1e-2),
        (0.0, 1e-4),
        (-3.0, 1e-4),
        (2.0, 1.0),
    ] {
        assert!(
            (db.inverse(x) - m).abs() < 1e-6 * m,
            "{x}: {}",
            db.inverse(x)
        );
    }
    let ln = MagnitudeScale::LnUnit {
        floor: 1e-5,
        max: 10.0,
    };
    // 1e-2 is half-way from 1e-5 to 10 on a logarithm.
    for (m, x) in [
        (10.0, 1.0),
        (1e-2, 0.0),
        (1e-5, -1.0),
        (0.0, -1.0),
        (99.0, 1.0),
    ] {
        assert!((ln.forward(m) - x).abs() < 1e-5, "{m}: {}", ln.forward(m));
    }
    for (x, m) in [
        (1.0, 10.0),
        (0.0, 1e-2),
        (-1.0, 1e-5),
        (-9.0, 1e-5),
        (9.0, 10.0),
    ] {
        assert!(
            (ln.inverse(x) - m).abs() < 1e-5 * m,
            "{x}: {}",
            ln.inverse(x)
        );
    }
    let text = r#"{"kind":"db-unit","min_db":-80.0,"max_db":0.0}"#;
    assert_eq!(serde_json::to_string(&db).unwrap(), text);
    let text = r#"{"kind":"ln-unit","floor":0.5,"max":2.0}"#;
    assert_eq!(
        serde_json::from_str::<MagnitudeScale>(text).unwrap(),
        MagnitudeScale::LnUnit {
            floor: 0.5,
            max: 2.0
        }
    );
}

// ---------------------------------------------------------------------------------------------
// Seeded

#[test]
fn scales_are_undone_by_their_inverse() {
    let scales = [
        MagnitudeScale::Linear,
        MagnitudeScale::Log1p16,
        MagnitudeScale::Db { amin: 1e-5 },
        MagnitudeScale::Ln { floor: 1e-5 },
        MagnitudeScale::Log10 { floor: 1e-5 },
        MagnitudeScale::MinMax { min: 0.1, max: 4.0 },
        MagnitudeScale::DbUnit {
            min_db: -100.0,
            max_db: 0.0,
        },
        MagnitudeScale::LnUnit {
            floor: 1e-5,
            max: 4.0,
        },
    ];
    let mut rng = Rng::new(3);
    for _ in 0..500 {
        // From 1e-5 to 1, equally often in every decade.
        let m = 10.0_f32.powf(2.5 * rng.sample() - 2.5);
        for scale in scales {
            let back = scale.inverse(scale.forward(m));
            assert!(
                (back - m).abs() <= 2e-5 * m + 1e-6,
                "{scale:?}: {m} came back as {back}"
            );
        }
    }
    // A network may answer anything; a magnitude is never negative.
    for scale in scales {
        assert!(scale.inverse(-5.0) >= 0.0, "{scale:?}");
    }
    for scale in &scales[2..5] {
        assert!(
            (scale.inverse(scale.forward(0.0)) - 1e-5).abs() < 1e-9,
            "{scale:?} keeps its floor"
        );
    }
}

#[test]
fn mels_and_hertz_are_inverse() {
    let mut rng = Rng::new(4);
    for formula in [MelFormula::Slaney, MelFormula::Htk] {
        for _ in 0..200 {
            let hz = 12_000.0 * (1.0 + f64::from(rng.sample()));
            assert!(
                close(hz_from_mel(mel_from_hz(hz, formula), formula), hz, 1e-12),
                "{formula:?} {hz} Hz"
            );
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Bad input

#[test]
fn numbers_that_make_no_scale_are_refused() {
    let wrong = [
        MagnitudeScale::Db { amin: 0.0 },
        MagnitudeScale::Ln { floor: -1.0 },
        MagnitudeScale::Log10 { floor: f32::NAN },
        MagnitudeScale::MinMax { min: 1.0, max: 1.0 },
        MagnitudeScale::DbUnit {
            min_db: 0.0,
            max_db: -80.0,
        },
        MagnitudeScale::LnUnit {
            floor: 0.0,
            max: 1.0,
        },
        MagnitudeScale::LnUnit {
            floor: 2.0,
            max: 1.0,
        },
    ];
    for scale in wrong {
        assert_eq!(
            setting_name(failure(scale.validate())),
            "scale",
            "{scale:?}"
        );
    }
    assert!(MagnitudeScale::Log1p16.validate().is_ok());
}

#[test]
fn wrong_banks_name_their_field() {
    let good = spec(20, MelFormula::Slaney, MelNorm::Slaney);
    let wrong = [
        (
            "mel.bands",
            MelSpec {
                bands: 0,
                ..good.clone()
            },
        ),
        (
            "mel.fmin_hz",
            MelSpec {
                fmin_hz: -1.0,
                ..good.clone()
            },
        ),
        (
            "mel.fmin_hz",
            MelSpec {
                fmin_hz: 4000.0,
                fmax_hz: Some(4000.0),
                ..good.clone()
            },
        ),
        (
            "mel.fmin_hz",
            MelSpec {
                fmin_hz: f64::NAN,
                ..good.clone()
            },
        ),
        (
            "mel.power",
            MelSpec {
                power: 0.0,
                ..good.clone()
            },
        ),
        (
            "mel.power",
            MelSpec {
                power: f32::NAN,
                ..good.clone()
            },
        ),
    ];
    for (field, spec) in wrong {
        assert_eq!(
            setting_name(failure(MelBank::new(&spec, 512, 22_050))),
            field,
            "{spec:?}"
        );
    }
}

/// More bands than bins leave some bands without any: they are 0, as in librosa, and nothing breaks.
#[test]
fn bands_narrower_than_a_bin_are_empty() {
    for norm in [
        MelNorm::None,
        MelNorm::Slaney,
        MelNorm::P(1.0),
        MelNorm::P(f32::INFINITY),
    ] {
        let bank = MelBank::new(&spec(128, MelFormula::Slaney, norm), 256, 22_050).expect("a bank");
        let matrix = bank.matrix();
        assert!(matrix.iter().flatten().all(|w| w.is_finite()));
        let empty = matrix
            .iter()
            .filter(|row| row.iter().all(|w| *w == 0.0))
            .count();
        assert!(empty > 0 && empty < 128, "{norm:?}: {empty} empty bands");
        let mut out = vec![1.0; 128];
        bank.apply(&[1.0; 129], &mut out);
        assert_eq!(out.iter().filter(|x| **x == 0.0).count(), empty);
    }
}
