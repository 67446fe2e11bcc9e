//! What the tests of training share: a small set of instruments, a small recipe, a run of it.

use std::path::{Path, PathBuf};

use stemloom::Error;
use stemloom::progress::Reporter;
use stemloom::train::{
    Checkpoint, Control, Recipe, RunOptions, RunSummary, TrainDevice, TrainEvent, choose, train,
};

pub const RATE_HZ: u32 = 8000;
pub const PIECES: [&str; 4] = ["one", "two", "three", "four"];

/// `keyboard` and `guitar` with the same four pieces of a second: the guitar has the keyboard's
/// notes with more overtones.
pub fn instruments(folder: &Path) -> PathBuf {
    let folder = folder.join("data");
    for (i, piece) in PIECES.iter().enumerate() {
        let hz = 300.0 + 90.0 * i as f64;
        for (name, overtones) in [("keyboard", 1), ("guitar", 4)] {
            let place = folder.join(name);
            std::fs::create_dir_all(&place).unwrap();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: RATE_HZ,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let path = place.join(format!("{piece}.wav"));
            let mut file = hound::WavWriter::create(path, spec).unwrap();
            for n in 0..RATE_HZ {
                let secs = f64::from(n) / f64::from(RATE_HZ);
                // A note of a fifth of a second, a step higher each time.
                let note = hz * (1.0 + 0.125 * (secs * 5.0).floor());
                let fade = (-8.0 * (secs * 5.0).fract()).exp();
                let sum: f64 = (1..=overtones)
                    .map(|k| {
                        let k = f64::from(k);
                        (std::f64::consts::TAU * note * k * secs).sin() / k
                    })
                    .sum();
                file.write_sample((8000.0 * fade * sum) as i16).unwrap();
            }
            file.finalize().unwrap();
        }
    }
    folder
}

const TINY: &str = r#"
name = "tiny"

[examples]
preset = "timbre"
sample_rate_hz = 8000
columns = 16
valid_fraction = 0.25

[examples.stft]
n_fft = 64
win_length = 64
hop_length = 32

[examples.picture]
bins_kept = 16

[network]
kind = "unet-pix2pix"
base_filters = 2
depth = 3
dropout_levels = 1

[optimiser]
learning_rate = 0.005

[training]
epochs = 2
batch_size = 4
threads = 2

[preview]
secs = 0
"#;

/// A recipe that learns in a moment, with changes.
pub fn tiny(changes: &[&str]) -> Recipe {
    let recipe = Recipe::parse(TINY, Path::new("tiny.toml")).unwrap();
    recipe.with_changes(changes).unwrap()
}

/// The same with a discriminator.
pub fn tiny_adversarial(changes: &[&str]) -> Recipe {
    let text = format!(
        "{TINY}\n[loss]\nadversarial = true\n\n[discriminator]\nkind = \"patch-discriminator\"\n\
         base_filters = 2\n"
    );
    let recipe = Recipe::parse(&text, Path::new("tiny.toml")).unwrap();
    recipe.with_changes(changes).unwrap()
}

/// A run on the processor; `watch` answers to every event.
pub fn run_watched(
    recipe: &Recipe,
    data: &Path,
    out: &Path,
    options: &RunOptions,
    watch: &mut dyn FnMut(TrainEvent) -> Control,
) -> Result<RunSummary, Error> {
    let processor = choose(TrainDevice::Cpu).unwrap();
    let reporter = Reporter::silent();
    train(recipe, data, out, &processor, options, watch, &reporter)
}

/// A run on the processor to its end.
pub fn run(recipe: &Recipe, data: &Path, out: &Path) -> RunSummary {
    run_watched(recipe, data, out, &RunOptions::default(), &mut |_| {
        Control::Go
    })
    .unwrap()
}

/// The run in `out`, carried on to its end.
pub fn resumed(recipe: &Recipe, data: &Path, out: &Path) -> RunSummary {
    let options = RunOptions {
        resume: true,
        ..RunOptions::default()
    };
    run_watched(recipe, data, out, &options, &mut |_| Control::Go).unwrap()
}

/// All files of a state, by name.
pub fn state_files(run: &Path, checkpoint: Checkpoint) -> Vec<(String, Vec<u8>)> {
    let folder = checkpoint.path(run).expect("a state");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}
