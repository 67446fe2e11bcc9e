//! Examples on the fly: pictures, labels and levels by the definition, and presets. Splits and chance
//! are in `examples_chance.rs`, bad input in `examples_errors.rs`, batches in `examples_stream.rs`,
//! stored examples in `examples_store.rs`.

use std::path::Path;

use stemloom::Error;
use stemloom::dataset::{
    EXAMPLE_PRESETS, ExampleSet, ExampleSource, ExampleSpec, ExampleTarget, PictureChannels,
    Polarity, Split, example_preset,
};
use stemloom::progress::Reporter;
use stemloom::spectral::{Complex32, MagnitudePicture, Spectrogram, Stft, StftSpec};

use crate::common::{failure, max_abs_diff, setting_name, sine};
use crate::multitrack::{RATE_HZ, write, write_at};

/// Bins and columns of the small pictures.
pub const BINS: usize = 33;
pub const COLUMNS: usize = 8;
const HOP: usize = 16;

/// Mixture to vocals, plain magnitudes: 33 bins × 8 columns of 128 samples.
pub fn small() -> ExampleSpec {
    ExampleSpec {
        source: ExampleSource::Stems,
        origin: "mixture".into(),
        targets: vec!["vocals".into()],
        sample_rate_hz: RATE_HZ,
        stft: StftSpec::new(64, HOP),
        picture: MagnitudePicture::default(),
        columns: COLUMNS,
        ..ExampleSpec::default()
    }
}

/// From instrument a to instrument b.
pub fn pair() -> ExampleSpec {
    ExampleSpec {
        source: ExampleSource::Instruments,
        origin: "a".into(),
        targets: vec!["b".into()],
        ..small()
    }
}

/// A song of drums and vocals, 1000 samples each.
pub fn song(folder: &Path, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let drums = write(&folder.join("drums.wav"), 2 * seed, 1_000);
    let vocals = write(&folder.join("vocals.wav"), 2 * seed + 1, 1_000);
    (drums, vocals)
}

pub fn open(folder: &Path, spec: &ExampleSpec) -> ExampleSet {
    ExampleSet::open(folder, spec, None, &Reporter::silent()).expect("a set")
}

pub fn fails(folder: &Path, spec: &ExampleSpec) -> Error {
    failure(ExampleSet::open(folder, spec, None, &Reporter::silent()))
}

/// A whole song's spectrum.
fn spectrum(samples: &[f32]) -> Spectrogram {
    Stft::new(&small().stft).unwrap().forward(&[samples])
}

/// `[bin][column]` of some columns of it.
fn cut(whole: &Spectrogram, first: usize, of: fn(Complex32) -> f32) -> Vec<f32> {
    let value = |i: usize| of(whole.column(0, first + i % COLUMNS)[i / COLUMNS]);
    (0..BINS * COLUMNS).map(value).collect()
}

fn magnitude(value: Complex32) -> f32 {
    value.norm()
}

/// The row with most in it.
pub fn loudest_row(picture: &[f32], columns: usize) -> usize {
    let sums = picture.chunks(columns).map(|row| row.iter().sum::<f32>());
    let best = sums.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    best.expect("rows").0
}

fn column_of(start_secs: f64) -> Option<usize> {
    let start = (start_secs * f64::from(RATE_HZ)).round() as usize;
    start.is_multiple_of(HOP).then_some(start / HOP)
}

// ---------------------------------------------------------------------------------------------
// By the definition

#[test]
fn pictures_are_columns_of_the_whole_song() {
    let folder = tempfile::tempdir().unwrap();
    let (drums, vocals) = song(&folder.path().join("valid/A"), 1);
    let mixture: Vec<f32> = drums.iter().zip(&vocals).map(|(a, b)| a + b).collect();
    let spec = ExampleSpec {
        targets: vec!["vocals".into(), "rest".into()],
        ..small()
    };
    let set = open(folder.path(), &spec);
    // 128 samples each, and the last ends with the song.
    assert_eq!(set.len(Split::Valid), 8);
    assert_eq!(set.shapes().input, [1, BINS, COLUMNS]);
    assert_eq!(set.shapes().target, [2, BINS, COLUMNS]);
    let (mixture, vocals, drums) = (spectrum(&mixture), spectrum(&vocals), spectrum(&drums));
    let mut seen = Vec::new();
    for index in 0..8 {
        let example = set.make(Split::Valid, 0, index).unwrap();
        seen.push((example.start_secs * 8_000.0).round() as usize);
        assert_eq!(example.target.len(), 2 * BINS * COLUMNS);
        let Some(first) = column_of(example.start_secs) else {
            continue;
        };
        let (target, rest) = example.target.split_at(BINS * COLUMNS);
        let close = |a: &[f32], b: &Spectrogram| max_abs_diff(a, &cut(b, first, magnitude)) < 1e-4;
        assert!(close(&example.input, &mixture), "{index}");
        assert!(close(target, &vocals), "{index}");
        assert!(close(rest, &drums), "{index}");
    }
    assert_eq!(seen, [0, 128, 256, 384, 512, 640, 768, 872]);
}

#[test]
fn a_sine_peaks_in_its_bin_and_heights_are_filled_or_cut() {
    let folder = tempfile::tempdir().unwrap();
    let tone = sine(1_000.0, RATE_HZ, 1_000, 0.5);
    write_at(
        &folder.path().join("valid/A/vocals.wav"),
        RATE_HZ,
        &vec![tone],
    );
    write(&folder.path().join("valid/A/drums.wav"), 1, 1_000);
    for (height, want) in [(None, BINS), (Some(40), 40), (Some(20), 20)] {
        let spec = ExampleSpec { height, ..small() };
        let set = open(folder.path(), &spec);
        let example = set.make(Split::Valid, 0, 3).unwrap();
        assert_eq!(example.target.len(), want * COLUMNS);
        assert_eq!(loudest_row(&example.target, COLUMNS), 8);
        let filled = &example.input[BINS.min(want) * COLUMNS..];
        assert!(filled.iter().all(|x| *x == 0.0));
    }
}

#[test]
fn labels_are_the_binary_mask_of_stem_against_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (drums, vocals) = song(&folder.path().join("valid/A"), 1);
    let (drums, vocals) = (spectrum(&drums), spectrum(&vocals));
    for (columns, polarity) in [(1, Polarity::Target), (COLUMNS, Polarity::Rest)] {
        let spec = ExampleSpec {
            target: ExampleTarget::Labels {
                low: 0.02,
                high: 0.98,
                columns,
                polarity,
            },
            ..small()
        };
        let set = open(folder.path(), &spec);
        assert_eq!(set.shapes().target, [1, BINS, columns]);
        let example = set.make(Split::Valid, 0, 2).unwrap();
        let first = column_of(example.start_secs).unwrap();
        let (v, d) = (
            cut(&vocals, first, magnitude),
            cut(&drums, first, magnitude),
        );
        for (i, label) in example.target.iter().enumerate() {
            // Of an even width the one before the middle.
            let column = if columns == 1 { 3 } else { i % columns };
            let at = i / columns * COLUMNS + column;
            if (v[at] - d[at]).abs() < 1e-3 {
                continue;
            }
            let is_high = (v[at] > d[at]) == (polarity == Polarity::Target);
            let want = if is_high { 0.98 } else { 0.02 };
            assert!((label - want).abs() < 1e-6, "{i}: {label}");
        }
    }
}

#[test]
fn activity_is_a_level_above_the_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let mut vocals = vec![0.0; 512];
    vocals.extend(sine(1_000.0, RATE_HZ, 512, 0.1));
    write_at(
        &folder.path().join("valid/A/vocals.wav"),
        RATE_HZ,
        &vec![vocals],
    );
    write(&folder.path().join("valid/A/drums.wav"), 1, 1_024);
    // The sine's level is −23 dB.
    for (threshold_db, want) in [(-25.0, [0.0, 1.0]), (-21.0, [0.0, 0.0])] {
        let spec = ExampleSpec {
            target: ExampleTarget::Activity { threshold_db },
            ..small()
        };
        let set = open(folder.path(), &spec);
        let answers = [0, 7].map(|index| set.make(Split::Valid, 0, index).unwrap().target);
        assert_eq!(answers.concat(), want, "{threshold_db}");
    }
}

#[test]
fn colour_has_phase_and_an_empty_channel() {
    let folder = tempfile::tempdir().unwrap();
    let (drums, vocals) = song(&folder.path().join("valid/A"), 1);
    let mixture: Vec<f32> = drums.iter().zip(&vocals).map(|(a, b)| a + b).collect();
    let spec = ExampleSpec {
        input: PictureChannels::Colour,
        ..small()
    };
    let example = open(folder.path(), &spec).make(Split::Valid, 0, 1).unwrap();
    let whole = spectrum(&mixture);
    let size = BINS * COLUMNS;
    let phase = cut(&whole, 8, |value| value.arg() / std::f32::consts::PI);
    let magnitudes = cut(&whole, 8, magnitude);
    for (i, want) in phase
        .iter()
        .enumerate()
        .filter(|(i, _)| magnitudes[*i] > 0.1)
    {
        let difference = (example.input[size + i] - want).rem_euclid(2.0);
        assert!(!(1e-2..=1.99).contains(&difference), "{i}: {difference}");
    }
    assert!(example.input[2 * size..].iter().all(|x| *x == -1.0));
    assert_eq!(example.input.len(), 3 * size);
}

#[test]
fn presets_have_the_shapes_of_their_systems() {
    let shapes = |name: &str| {
        let shapes = example_preset(name).unwrap().shapes().unwrap();
        (shapes.input, shapes.target)
    };
    assert_eq!(shapes("timbre"), ([1, 256, 256], [1, 256, 256]));
    assert_eq!(shapes("timbre-any"), ([2, 256, 256], [1, 256, 256]));
    assert_eq!(shapes("mask"), ([1, 512, 128], [1, 512, 128]));
    assert_eq!(shapes("mask-wide"), ([1, 1024, 128], [1, 1024, 128]));
    assert_eq!(shapes("mel-512"), ([1, 512, 640], [1, 512, 640]));
    assert_eq!(shapes("mel-80"), ([1, 128, 128], [1, 128, 128]));
    assert_eq!(shapes("picture-15s"), ([3, 512, 2048], [3, 512, 2048]));
    assert_eq!(shapes("vocals-backing"), ([2, 512, 2048], [2, 512, 2048]));
    assert_eq!(shapes("ibm"), ([1, 2049, 9], [1, 2049, 1]));
    assert_eq!(shapes("ibm-deep"), ([1, 2049, 9], [1, 2049, 9]));
    assert_eq!(shapes("dae"), ([1, 2049, 9], [1, 2049, 9]));
    assert_eq!(shapes("vad"), ([1, 513, 25], [1, 1, 1]));
    assert_eq!(shapes("phase"), ([1, 256, 256], [2, 256, 256]));
    for name in EXAMPLE_PRESETS {
        let spec = example_preset(name).unwrap();
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(
            toml::from_str::<ExampleSpec>(&text).unwrap(),
            spec,
            "{name}"
        );
    }
    assert_eq!(setting_name(failure(example_preset("oboe"))), "preset");
}
