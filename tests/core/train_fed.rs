//! Exported networks are fed with songs as they were fed with examples: the same song through
//! `ExampleSet` and burn, and through `apply` and ONNX Runtime. Without the latter these tests fail.

use std::path::Path;

use stemloom::apply::{
    DetectOptions, LevelRule, Segment, Separator as _, TransferOptions, detect, transfer,
};
use stemloom::audio::{Clip, peak};
use stemloom::dataset::{ExampleSet, ExampleSpec, Split};
use stemloom::progress::Reporter;
use stemloom::spectral::{Complex32, Stft};
use stemloom::train::{ExportOptions, export};

use crate::common::{max_abs_diff, noise};
use crate::multitrack::{RATE_HZ, write, write_at};
use crate::train_export::{by_network, enliven, loaded, trained};

fn open(folder: &Path, spec: &ExampleSpec) -> ExampleSet {
    ExampleSet::open(folder, spec, None, &Reporter::silent()).unwrap()
}

/// How much of a signal an error is.
fn share(found: &[f32], expected: &[f32]) -> f32 {
    let largest = peak(expected);
    assert!(largest > 1e-4, "nothing to compare");
    max_abs_diff(found, expected) / largest
}

/// A song of one picture: transferred, it is what the network makes of the example.
#[test]
fn pictures_of_songs_are_those_of_examples() {
    for (name, has_phase) in [("generator", false), ("vocals2song", true)] {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, out) = trained(folder.path(), name);
        enliven(&out);
        let model = folder.path().join("net.onnx");
        export(&out, &ExportOptions::new(&model)).unwrap();
        let spec = &recipe.examples;
        let (width, hop) = (spec.columns, spec.stft.hop_length);
        let frames = (width - 1) * hop;
        let place = folder.path().join("song/valid");
        let parts = if has_phase {
            ["A/vocals.wav", "A/drums.wav"]
        } else {
            ["keyboard/A.wav", "guitar/A.wav"]
        };
        let x = write(&place.join(parts[0]), 50, frames);
        write(&place.join(parts[1]), 51, frames);
        let set = open(&folder.path().join("song"), spec);
        let example = set.make(Split::Valid, 0, 0).unwrap();
        assert_eq!(example.start_secs, 0.0);
        let answer = by_network(&out, &recipe, &example.input);

        // Rows of columns to columns of rows.
        let rows = set.shapes().target[1];
        let turned = |plane: usize| -> Vec<f32> {
            let at = |i: usize| answer[plane * rows * width + i % rows * width + i / rows];
            (0..rows * width).map(at).collect()
        };
        let picture = spec.picture.plan(&spec.stft, spec.sample_rate_hz).unwrap();
        let mut network = loaded(&model);
        // Silence beyond the song's ends, as in every example.
        let stft = Stft::new(network.card().stft.as_ref().unwrap()).unwrap();
        let bins = spec.stft.bins();
        let magnitudes = picture.inverse(&turned(0), &vec![0.0; width * bins]);
        let mut spectrogram = stft.forward(&[&x]);
        let phases = has_phase.then(|| turned(1));
        for (i, value) in spectrogram.channels[0].iter_mut().enumerate() {
            let radians = match &phases {
                Some(phases) if i % bins < rows => {
                    std::f32::consts::PI * phases[i / bins * rows + i % bins]
                }
                _ => value.arg(),
            };
            *value = Complex32::from_polar(magnitudes[i], radians);
        }
        let expected = stft.inverse_channel(&spectrogram.channels[0], frames);
        let options = TransferOptions {
            level: LevelRule::None,
            ..TransferOptions::default()
        };
        let song = Clip::new(RATE_HZ, vec![x]);
        let found = transfer(&song, &mut network, &options, &Reporter::silent()).unwrap();
        let off = share(found.clip.channel(0), &expected);
        assert!(off < 1e-3, "{name}: off by {off}");
    }
}

/// A segment of a song, masked, is the example's stretch times the network's mask.
#[test]
fn segments_of_songs_are_stretches_of_examples() {
    for name in ["unet-mask", "unet-mask-wide"] {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, out) = trained(folder.path(), name);
        enliven(&out);
        let model = folder.path().join("net.onnx");
        export(&out, &ExportOptions::new(&model)).unwrap();
        let spec = &recipe.examples;
        let (width, rows) = (spec.columns, 32);
        let place = folder.path().join("song/valid/A");
        let vocals = write(&place.join("vocals.wav"), 52, 2000);
        let drums = write(&place.join("drums.wav"), 53, 2000);
        let set = open(&folder.path().join("song"), spec);
        let example = set.make(Split::Valid, 0, 0).unwrap();
        let mask = by_network(&out, &recipe, &example.input);
        assert!(
            max_abs_diff(&mask, &vec![mask[0]; mask.len()]) > 1e-2,
            "{name}"
        );

        let mut network = loaded(&model);
        let cut = network.prepare(RATE_HZ).unwrap();
        assert!(cut.pad_border && cut.fixed);
        let border = cut.border_frames;
        assert_eq!(border, spec.stft.pad());
        let mut stretch = vec![0.0; border];
        stretch.extend(vocals.iter().zip(&drums).map(|(a, b)| a + b));
        stretch.truncate(cut.segment_frames);
        let stft = Stft::new(network.card().stft.as_ref().unwrap()).unwrap();
        let mut spectrogram = stft.forward(&[&stretch]);
        assert_eq!(spectrogram.columns, width);
        let bins = spectrogram.bins;
        let at = |i: usize| (i % bins < rows).then(|| i % bins * width + i / bins);
        let mut seen = vec![0.0; rows * width];
        for (i, value) in spectrogram.channels[0].iter_mut().enumerate() {
            if let Some(place) = at(i) {
                seen[place] = value.norm();
            }
            *value *= at(i).map_or(0.0, |place| mask[place]);
        }
        // What the network sees is what it saw.
        assert!(max_abs_diff(&seen, &example.input) < 1e-4, "{name}");
        let expected = stft.inverse_channel(&spectrogram.channels[0], stretch.len());
        let segment = Segment {
            start: 0,
            valid_frames: stretch.len(),
            samples: vec![stretch.clone()],
            first: true,
            last: false,
        };
        let found = network.run(&[segment], &Reporter::silent()).unwrap();
        let inside = border..stretch.len() - border;
        let off = share(&found[0][0][0][inside.clone()], &expected[inside]);
        assert!(off < 1e-4, "{name}: off by {off}");
    }
}

/// Every column's mask is what the network answers for the example around it.
#[test]
fn labels_are_those_of_the_examples_around_a_column() {
    for name in ["ibm-cnn", "ibm-cnn-deep"] {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, out) = trained(folder.path(), name);
        enliven(&out);
        let model = folder.path().join("net.onnx");
        export(&out, &ExportOptions::new(&model)).unwrap();
        let spec = ExampleSpec {
            hop_columns: Some(1),
            examples_per_song: None,
            ..recipe.examples.clone()
        };
        let (hop, bins, frames) = (spec.stft.hop_length, spec.stft.bins(), 1280);
        let place = folder.path().join("song/valid/A");
        let vocals = write(&place.join("vocals.wav"), 54, frames);
        let drums = write(&place.join("drums.wav"), 55, frames);
        let x: Vec<f32> = vocals.iter().zip(&drums).map(|(a, b)| a + b).collect();
        let set = open(&folder.path().join("song"), &spec);
        let count = set.len(Split::Valid);
        let inputs: Vec<f32> = (0..count)
            .flat_map(|i| set.make(Split::Valid, 0, i).unwrap().input)
            .collect();
        let answers = by_network(&out, &recipe, &inputs);
        let columns = answers.len() / count / bins;
        let stft = Stft::new(&spec.stft).unwrap();
        let mut spectrogram = stft.forward(&[&x]);
        for (i, value) in spectrogram.channels[0].iter_mut().enumerate() {
            let (column, bin) = (i / bins, i % bins);
            // The first example's middle is the song's column 4.
            let example = column.checked_sub(4).filter(|example| *example < count);
            let middle = columns / 2;
            *value *= example.map_or(0.0, |example| {
                answers[(example * bins + bin) * columns + middle]
            });
        }
        let expected = stft.inverse_channel(&spectrogram.channels[0], frames);
        let mut network = loaded(&model);
        network.prepare(RATE_HZ).unwrap();
        let segment = Segment {
            start: 0,
            valid_frames: frames,
            samples: vec![x],
            first: true,
            last: true,
        };
        let found = network.run(&[segment], &Reporter::silent()).unwrap();
        // Where all columns that reach a sample have whole windows.
        let inside = 7 * hop..(count + 1) * hop;
        let off = share(&found[0][0][0][inside.clone()], &expected[inside]);
        assert!(off < 1e-4, "{name}: off by {off}");
    }
}

#[test]
fn activity_is_that_of_the_examples() {
    let folder = tempfile::tempdir().unwrap();
    let (recipe, out) = trained(folder.path(), "vad");
    enliven(&out);
    let model = folder.path().join("net.onnx");
    export(&out, &ExportOptions::new(&model)).unwrap();
    // Half of 25 columns, rounded.
    let spec = ExampleSpec {
        hop_columns: Some(13),
        examples_per_song: None,
        ..recipe.examples.clone()
    };
    let place = folder.path().join("song/valid/A");
    let swelling = |seed| -> Vec<f32> {
        let x = noise(seed, 2000);
        x.iter()
            .enumerate()
            .map(|(n, x)| x * n as f32 / 1000.0)
            .collect()
    };
    let parts = [swelling(56), swelling(57)];
    write_at(&place.join("vocals.wav"), RATE_HZ, &vec![parts[0].clone()]);
    write_at(&place.join("drums.wav"), RATE_HZ, &vec![parts[1].clone()]);
    let x = parts[0].iter().zip(&parts[1]).map(|(a, b)| a + b).collect();
    let set = open(&folder.path().join("song"), &spec);
    let options = DetectOptions::default();
    let song = Clip::new(RATE_HZ, vec![x]);
    let mut network = loaded(&model);
    let found = detect(&song, &mut network, &options, &Reporter::silent()).unwrap();
    let mut expected = Vec::new();
    // The last example is held at the song's end.
    for index in 0..set.len(Split::Valid) - 1 {
        let example = set.make(Split::Valid, 0, index).unwrap();
        expected.extend(by_network(&out, &recipe, &example.input));
    }
    assert!(expected.len() > 5);
    let told: Vec<f32> = found.windows.iter().map(|w| w.probability).collect();
    let off = max_abs_diff(&told[..expected.len()], &expected);
    assert!(off < 1e-4, "off by {off}: {told:?} and {expected:?}");
    assert!(max_abs_diff(&expected, &vec![expected[0]; expected.len()]) > 1e-3);
}
