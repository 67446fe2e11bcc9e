//! Excerpts and their masks by the definition; splits; and what `dataset info` tells and finds.

use std::path::Path;

use stemloom::Error;
use stemloom::dataset::{
    ExcerptManifest, ExcerptMode, ExcerptSpec, Polarity, Statistics, dataset_info, read_npy,
    write_excerpts,
};
use stemloom::progress::Reporter;
use stemloom::spectral::Stft;

use crate::cli::{files_in, stemloom};
use crate::common::{failure, noise, setting_name};
use crate::multitrack::{RATE_HZ, open, write};

/// Excerpts of 79 samples: 5 columns of 33 bins.
fn small(out: &Path) -> ExcerptSpec {
    ExcerptSpec {
        out: out.into(),
        iterations: 3,
        n_fft: 64,
        hop_length: 16,
        win_length: 32,
        sample_rate_hz: RATE_HZ,
        width: 5,
        label_width: 5,
        start_secs: 0.01,
        ..ExcerptSpec::default()
    }
}

/// Three songs of drums and vocals, two of them to learn from; A's drums and vocals.
fn songs(folder: &Path) -> (Vec<f32>, Vec<f32>) {
    let mut first = (Vec::new(), Vec::new());
    for (seed, song) in [(1, "train/A"), (3, "train/B"), (5, "test/C")] {
        let drums = write(&folder.join(song).join("drums.wav"), seed, 1_000);
        let vocals = write(&folder.join(song).join("vocals.wav"), seed + 1, 1_000);
        if seed == 1 {
            first = (drums, vocals);
        }
    }
    first
}

fn make(folder: &Path, spec: &ExcerptSpec) -> ExcerptManifest {
    let set = open(&folder.join("songs"));
    write_excerpts(&set, spec, &mut |_, _| {}, &Reporter::silent()).unwrap()
}

/// `[bins][columns]` magnitudes of some samples.
fn spectrum(samples: &[f32], spec: &ExcerptSpec) -> Vec<f32> {
    let spectra = Stft::new(&spec.stft()).unwrap().forward(&[samples]);
    let columns = &spectra.magnitudes()[0];
    let value = |i: usize| columns[i % spec.width * spectra.bins + i / spec.width];
    assert_eq!(spectra.columns, spec.width);
    (0..columns.len()).map(value).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3)
}

#[test]
fn lengths_make_the_wanted_columns() {
    assert_eq!(ExcerptSpec::default().excerpt_samples(), 2_205);
    for width in 1..40 {
        for hop_length in [2, 100, 256, 300] {
            let spec = ExcerptSpec {
                width,
                hop_length,
                ..ExcerptSpec::default()
            };
            assert_eq!(spec.stft().columns(spec.excerpt_samples()), width);
        }
    }
}

#[test]
fn rows_are_songs_and_labels_are_the_binary_mask() {
    let folder = tempfile::tempdir().unwrap();
    let (drums, vocals) = songs(&folder.path().join("songs"));
    let out = folder.path().join("out");
    for (polarity, label_width) in [(Polarity::Target, 5), (Polarity::Rest, 1)] {
        let spec = ExcerptSpec {
            polarity,
            label_width,
            overwrite: true,
            ..small(&out)
        };
        let manifest = make(folder.path(), &spec);
        let names: Vec<&str> = manifest.splits["train"]
            .iter()
            .map(|song| song.name.as_str())
            .collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(ExcerptManifest::read(&out).unwrap(), manifest);
        for number in 0..3 {
            let start = 80 + number * 79;
            let cut = |part: &[f32]| part[start..start + 79].to_vec();
            let mixture: Vec<f32> = cut(&drums)
                .iter()
                .zip(cut(&vocals))
                .map(|(a, b)| a + b)
                .collect();
            let x = read_npy(&out.join(format!("train/X_{number:03}.npy"))).unwrap();
            assert_eq!(x.shape, [2, 33, 5]);
            assert!(close(&x.values[..165], &spectrum(&mixture, &spec)));
            let y = read_npy(&out.join(format!("train/y_{number:03}.npy"))).unwrap();
            assert_eq!(y.shape, [2, 33, label_width]);
            let (v, a) = (
                spectrum(&cut(&vocals), &spec),
                spectrum(&cut(&drums), &spec),
            );
            for bin in 0..33 {
                for column in 0..label_width {
                    let at = bin * 5 + if label_width == 1 { 2 } else { column };
                    if (v[at] - a[at]).abs() < 1e-3 {
                        continue;
                    }
                    let is_high = (v[at] > a[at]) == (polarity == Polarity::Target);
                    let want = if is_high { 0.98 } else { 0.02 };
                    let label = y.values[bin * label_width + column];
                    assert!((label - want).abs() < 1e-6, "{bin}, {column}: {label}");
                }
            }
        }
        assert_eq!(
            read_npy(&out.join("test/X_002.npy")).unwrap().shape,
            [1, 33, 5]
        );
    }
}

#[test]
fn the_other_modes_store_spectra() {
    let folder = tempfile::tempdir().unwrap();
    let (drums, vocals) = songs(&folder.path().join("songs"));
    let cut = |part: &[f32]| part[80..159].to_vec();
    let mixture: Vec<f32> = cut(&drums)
        .iter()
        .zip(cut(&vocals))
        .map(|(a, b)| a + b)
        .collect();
    for (mode, x, y) in [
        (ExcerptMode::Dae, cut(&vocals), cut(&vocals)),
        (ExcerptMode::Vad, mixture, cut(&drums)),
    ] {
        let spec = ExcerptSpec {
            mode,
            ..small(&folder.path().join(format!("{mode:?}")))
        };
        make(folder.path(), &spec);
        for (file, samples) in [("X", x), ("y", y)] {
            let array = read_npy(&spec.out.join(format!("train/{file}_000.npy"))).unwrap();
            assert!(close(&array.values[..165], &spectrum(&samples, &spec)));
        }
    }
}

#[test]
fn spread_excerpts_reach_the_end_and_short_songs_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_, vocals) = songs(&folder.path().join("songs"));
    write(&folder.path().join("songs/train/D/drums.wav"), 8, 1_000);
    write(&folder.path().join("songs/train/E/drums.wav"), 9, 100);
    write(&folder.path().join("songs/train/E/vocals.wav"), 10, 100);
    let out = folder.path().join("out");
    let spec = ExcerptSpec {
        mode: ExcerptMode::Dae,
        spread: true,
        ..small(&out)
    };
    let manifest = make(folder.path(), &spec);
    let left: Vec<&str> = manifest.left_out.keys().map(String::as_str).collect();
    assert_eq!(left, ["D", "E"]);
    // 80 to 921: the last excerpt ends with the song.
    for (number, start) in [(0, 80), (1, 500), (2, 921)] {
        let x = read_npy(&out.join(format!("train/X_{number:03}.npy"))).unwrap();
        let want = spectrum(&vocals[start..start + 79], &spec);
        assert!(close(&x.values[..165], &want), "{number}");
    }
    let set = open(&folder.path().join("songs"));
    let error = failure(write_excerpts(
        &set,
        &spec,
        &mut |_, _| {},
        &Reporter::silent(),
    ));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    // Fewer of them: the older ones go.
    let fewer = ExcerptSpec {
        iterations: 1,
        overwrite: true,
        ..spec
    };
    make(folder.path(), &fewer);
    assert_eq!(files_in(&out.join("train")), ["X_000.npy", "y_000.npy"]);
}

#[test]
fn settings_out_of_range_are_named() {
    let usual = || small(Path::new("out"));
    let cases = [
        (
            "iterations",
            ExcerptSpec {
                iterations: 0,
                ..usual()
            },
        ),
        (
            "width",
            ExcerptSpec {
                width: 0,
                ..usual()
            },
        ),
        (
            "label width",
            ExcerptSpec {
                label_width: 2,
                ..usual()
            },
        ),
        (
            "rate",
            ExcerptSpec {
                sample_rate_hz: 0,
                ..usual()
            },
        ),
        (
            "start",
            ExcerptSpec {
                start_secs: f64::NAN,
                ..usual()
            },
        ),
        (
            "hop_length",
            ExcerptSpec {
                hop_length: 0,
                ..usual()
            },
        ),
    ];
    for (name, spec) in cases {
        assert_eq!(setting_name(failure(spec.validate())), name);
    }
}

// ---------------------------------------------------------------------------------------------
// What there is

#[test]
fn statistics_of_parts_are_those_of_the_whole() {
    let by_hand = Statistics::of(&[1.0, 2.0, f32::NAN, 3.0, 6.0]);
    assert_eq!((by_hand.count, by_hand.not_finite), (4, 1));
    assert_eq!((by_hand.min, by_hand.max, by_hand.mean), (1.0, 6.0, 3.0));
    assert!((by_hand.std - 3.5_f64.sqrt()).abs() < 1e-12);
    let values = noise(1, 1_000);
    let whole = Statistics::of(&values);
    for cut in [0, 1, 400, 1_000] {
        let (a, b) = values.split_at(cut);
        let both = Statistics::of(a).plus(Statistics::of(b));
        assert_eq!(
            (both.count, both.min, both.max),
            (1_000, whole.min, whole.max)
        );
        assert!((both.mean - whole.mean).abs() < 1e-12);
        assert!((both.std - whole.std).abs() < 1e-12);
    }
}

#[test]
fn the_program_makes_excerpts_and_finds_leaks() {
    let folder = tempfile::tempdir().unwrap();
    songs(&folder.path().join("songs"));
    let words = "dataset excerpts songs --out out --iterations 2 --n-fft 64 --hop 16 --win 32 \
                 --rate 8000 --width 5 --label-width 1 --json";
    let words: Vec<&str> = words.split_whitespace().collect();
    let run = stemloom(folder.path(), &words).expect(0);
    assert_eq!(run.events("result")[0]["examples"], 6);

    let words = ["dataset", "info", "out", "--json"];
    let run = stemloom(folder.path(), &words).expect(0);
    let info = &run.events("result")[0]["info"];
    assert_eq!(info["kind"], "excerpts");
    assert_eq!(info["folders"]["train"]["examples"], 4);
    assert_eq!(info["folders"]["test"]["files"], 4);
    // 2 arrays of 3 songs, 33 labels each; 5 columns of values.
    let count = |high: &str| info["balance"][high].as_u64().unwrap();
    assert_eq!(count("high") + count("low"), 6 * 33);
    assert_eq!(info["statistics"]["count"], 6 * 33 * 5);
    let hours = info["hours"].as_f64().unwrap();
    assert!((hours * 3600.0 - 6.0 * 79.0 / 8000.0).abs() < 1e-9);
    let again = stemloom(folder.path(), &words).expect(0);
    assert_eq!(
        again.events("result")[0]["info"]["checksum"],
        info["checksum"]
    );

    let out = folder.path().join("out");
    std::fs::copy(out.join("train/X_000.npy"), out.join("test/X_007.npy")).unwrap();
    let run = stemloom(folder.path(), &words).expect(2);
    let found = &run.events("result")[0]["info"];
    assert_eq!(found["leaks"][0]["kind"], "content");
    assert_ne!(found["checksum"], info["checksum"]);
}

#[test]
fn a_song_in_two_splits_is_a_leak() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, song) in [(1, "train/Same"), (3, "test/same")] {
        write(
            &folder.path().join("songs").join(song).join("drums.wav"),
            seed,
            1_000,
        );
        write(
            &folder.path().join("songs").join(song).join("vocals.wav"),
            seed + 1,
            1_000,
        );
    }
    let out = folder.path().join("out");
    make(folder.path(), &small(&out));
    let info = dataset_info(&out, &Reporter::silent()).unwrap();
    assert_eq!(info.leaks.len(), 1);
    assert_eq!(
        (info.leaks[0].kind, info.leaks[0].what.as_str()),
        ("song", "same")
    );
    assert_eq!(info.leaks[0].places, ["test", "train"]);
    let error = failure(dataset_info(
        folder.path().join("songs/train/Same").as_path(),
        &Reporter::silent(),
    ));
    assert_eq!(setting_name(error), "dataset");
}
